//! Packs the contract's WIT, docs included, for the component to carry.

use std::{env, error::Error, fs, path::PathBuf};

use zopfli::{Format, Options};

/// In this order one valid package, as its name comes first.
const FILES: [&str; 3] = ["wit/world.wit", "wit/types.wit", "wit/actions.wit"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut wit = String::new();
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
        wit.push_str(&fs::read_to_string(file)?);
    }
    let mut packed = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, wit.as_bytes(), &mut packed)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("package.wit.gz"), packed)?;
    Ok(())
}
