//! A component from a stranger is compiled within bounds, or refused by name: its
//! size, the time of the processor and memory.

use std::{fs, path::PathBuf, time::Instant};

use host::{
    compiler_process::CompilerProcess,
    engine::{Host, LARGEST},
};

use crate::support::{
    CONNECTOR, host_of_any_route,
    shell::{file, run},
};

/// A component of one action with this as its code.
fn component(locals: &str, code: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $code (func (export "run") (result i32) {locals} {code} i32.const 0))
            (core instance $code (instantiate $code))
            (func $run (result u32) (canon lift (core func $code "run")))
            (instance $actions (export "run" (func $run)))
            (export "a:b/actions" (instance $actions)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Loops inside each other, and in them work with many locals: what a compiler keeps
/// for each of the one it keeps for each of the other.
fn hard(loops: usize, locals: usize) -> Vec<u8> {
    let declared = format!("(local {})", "i32 ".repeat(locals));
    let used: String =
        (0..locals).map(|n| format!("local.get {n} i32.const 1 i32.add local.set {n}\n")).collect();
    let again = "i32.const 0 br_if 0 ";
    component(
        &declared,
        &["loop ".repeat(loops), used, again.into(), "end ".repeat(loops)].concat(),
    )
}

/// 600 bytes, in which each component is made of two of the one before.
fn doubled(times: usize) -> Vec<u8> {
    let mut inside = "(core module $m) (core instance (instantiate $m))".to_owned();
    for _ in 0..times {
        inside = format!(
            "(component $c {inside}) (instance (instantiate $c)) (instance (instantiate $c))"
        );
    }
    wat::parse_str(format!("(component {inside})")).unwrap()
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let file = file(name, bytes);
    let name = file.to_str().unwrap();
    let refused = run(&["tools", "--component", name], &[]).message(3).to_owned();
    refused.strip_prefix(&format!("{name} cannot be used: ")).unwrap().to_owned()
}

#[test]
fn a_file_that_is_too_large_is_refused_by_its_size() {
    let large = vec![0; LARGEST + 1];
    let host = Host::new().unwrap();
    let error = host.load(&large).err().unwrap().to_string();
    assert_eq!(error, "it has 8388609 bytes, and a component may have 8388608");
    let error = host.up_to(1000).load(CONNECTOR).err().unwrap().to_string();
    assert!(error.ends_with("a component may have 1000"), "{error}");
    let message = refused("compiles-large.wasm", &large);
    assert!(message.starts_with("it is larger than 8 MiB. Give --component"), "{message}");
}

#[test]
fn a_file_that_takes_much_memory_or_time_to_compile_is_refused_with_what_it_takes() {
    for (name, bytes, what) in [
        ("compiles-loops.wasm", hard(20_000, 20_000), "1024 MiB of memory"),
        ("compiles-doubled.wasm", doubled(24), "1024 MiB of memory"),
        ("compiles-long.wasm", hard(2_000, 5_000), "20 s of the processor"),
    ] {
        let message = refused(name, &bytes);
        let expected = format!("to compile it takes more than {what}. Give --component");
        // One that is slow to fill memory may run out of time before.
        let slow = "to compile it takes more than 20 s of the processor";
        assert!(message.starts_with(&expected) || message.starts_with(slow), "{name}: {message}");
    }
}

#[test]
fn what_is_compiled_apart_is_the_same_component() {
    let process =
        || CompilerProcess { program: twochat(), arguments: vec!["compile-component".into()] };
    let host = host_of_any_route().compiling_in(process());
    let names = |host: &Host| {
        let connector = host.load(CONNECTOR).unwrap();
        connector.actions().iter().map(|action| action.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&host), names(&host_of_any_route()));
    for bytes in [&b""[..], b"text", &CONNECTOR[..1000]] {
        let same = host.load(bytes).err().unwrap().to_string();
        assert_eq!(same, Host::new().unwrap().load(bytes).err().unwrap().to_string());
    }
}

#[test]
fn whoever_compiles_gets_no_environment_and_is_not_waited_for_when_it_fails() {
    let saying = |script: &str| {
        let process = CompilerProcess {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
        };
        let host = Host::new().unwrap().compiling_in(process);
        host.load(CONNECTOR).err().unwrap().to_string()
    };
    let environment = saying("printf -; env");
    assert!(environment.contains("PWD=") && !environment.contains("CARGO"), "{environment}");
    let begun = Instant::now();
    assert!(saying("exit 3").contains("the compiler failed on it, with exit status: 3"));
    let no_code = saying("printf '+no code'");
    assert!(no_code.contains("failed to parse"), "{no_code}");
    let missing = CompilerProcess { program: PathBuf::from("/no/such/program"), arguments: vec![] };
    let error = Host::new().unwrap().compiling_in(missing).load(CONNECTOR).err().unwrap();
    assert!(error.to_string().starts_with("/no/such/program, which compiles it, cannot be run"));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

fn twochat() -> PathBuf {
    fs::canonicalize(env!("CARGO_BIN_EXE_twochat")).unwrap()
}
