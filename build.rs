//! Packs the contract's WIT, docs included, for the component to carry, and
//! reads from its docs what each action does.

use std::{env, error::Error, fs, path::PathBuf};

use zopfli::{Format, Options};

#[path = "src/effect/docs.rs"]
mod docs;

/// In this order one valid package, as its name comes first.
const FILES: [&str; 4] = ["wit/world.wit", "wit/types.wit", "wit/actions.wit", "wit/events.wit"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/effect/docs.rs");
    // Of these goes into the file what the compiler does not look at.
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=.cargo/link");
    let mut wit = String::new();
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
        wit.push_str(&fs::read_to_string(file)?);
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    match docs::code(&wit) {
        Ok(code) => fs::write(out.join("effects.rs"), code)?,
        Err(why) => println!("cargo::error={why}"),
    }
    let mut packed = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, wit.as_bytes(), &mut packed)?;
    fs::write(out.join("package.wit.gz"), packed)?;
    Ok(())
}
