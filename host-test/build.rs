//! Builds the component from the sources of this repository, so that the command
//! and the tests always drive what is there, and need nothing else; or takes a file
//! that is built already, if `TWOCHAT_COMPONENT` names one. Lists the tests of the
//! actions.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, exit},
};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() {
    let here = PathBuf::from(required("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(&here).to_owned();
    for input in ["Cargo.toml", "Cargo.lock", ".cargo", "README.md", "build.rs", "src", "wit"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }

    println!("cargo::rerun-if-env-changed=TWOCHAT_COMPONENT");
    let component = match env::var_os("TWOCHAT_COMPONENT") {
        Some(file) => given(&root.join(file)),
        None => built(&root),
    };
    println!("cargo::rustc-env=TWOCHAT_COMPONENT={}", component.display());
    list_tests_of_actions(&root.join("host-test/tests/it/actions"));
}

/// The component that is there already, a path from the root of the repository.
fn given(file: &Path) -> PathBuf {
    let name = file.display();
    let file = file.canonicalize();
    let file = file.unwrap_or_else(|why| fail(&format!("TWOCHAT_COMPONENT={name}: {why}")));
    println!("cargo::rerun-if-changed={}", file.display());
    file
}

/// The component, built by the route to ship.
fn built(root: &Path) -> PathBuf {
    add_target(root);
    let out = PathBuf::from(required("OUT_DIR")).join("component");
    let mut cargo = Command::new(required("CARGO"));
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--release", "--package", "twochat", "--target", TARGET])
        .arg("--target-dir")
        .arg(&out);
    // What the outer build was told about its own target does not hold for this one.
    let foreign =
        ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        let shapes = name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_TARGET_");
        if shapes || foreign.contains(&&*name) {
            cargo.env_remove(&variable);
        }
    }
    match cargo.status() {
        Ok(status) if status.success() => {}
        outcome => {
            fail(&format!("the component was not built ({outcome:?}): see above for the reason"))
        }
    }
    out.join(TARGET).join("release/twochat.wasm")
}

/// Writes the modules that test an action, and the list of what they tell, so that a
/// new action's tests are found by their file.
fn list_tests_of_actions(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(files) = fs::read_dir(folder) else { fail("the tests of the actions are missing") };
    let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
    files.sort();
    let (mut modules, mut list) = (String::new(), String::new());
    for file in files {
        let Some(name) = file.file_stem().and_then(|stem| stem.to_str()) else { continue };
        modules += &format!("#[path = {file:?}]\nmod {name};\n");
        list += &format!("{name}::known(), ");
    }
    let all =
        format!("pub(crate) fn all() -> Vec<crate::support::known::Known> {{ vec![{list}] }}");
    let out = PathBuf::from(required("OUT_DIR")).join("tests_of_actions.rs");
    if fs::write(out, modules + &all).is_err() {
        fail("the list of tests cannot be written");
    }
}

/// Has rustup add the target if it is missing; does nothing without rustup,
/// where the build itself tells what is missing.
fn add_target(root: &Path) {
    let rustup =
        |arguments: &[&str]| Command::new("rustup").current_dir(root).args(arguments).output();
    let Ok(installed) = rustup(&["target", "list", "--installed"]) else { return };
    if String::from_utf8_lossy(&installed.stdout).lines().any(|line| line == TARGET) {
        return;
    }
    let added = rustup(&["target", "add", TARGET]);
    if !added.is_ok_and(|output| output.status.success()) {
        fail(&format!("the target {TARGET} is missing: run `rustup target add {TARGET}`"));
    }
}

fn required(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| fail(&format!("{variable} is not set: build with cargo")))
}

fn fail(why: &str) -> ! {
    println!("cargo::error={why}");
    exit(1)
}
