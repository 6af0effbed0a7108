//! What a component may import, and what `twochat inspect` shows of one.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{
    described::{gzip, with_docs},
    shell::{asking, file, run},
};

/// A component that imports functions and types beyond those of a connector.
fn curious() -> PathBuf {
    let text = r#"(component
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-u64" (func (result u64)))))
        (import "wasi:cli/exit@0.2.0" (instance
            (export "exit" (func (param "status" (result))))))
        (import "odd:thing/types@1.0.0" (instance (type $u u32) (export "t" (type (eq $u)))))
        (alias export $random "get-random-u64" (func $get))
        (core func $get (canon lower (func $get)))
        (core module $code
            (import "host" "get" (func $get (result i64)))
            (func (export "roll") (result i64) (call $get)))
        (core instance $code (instantiate $code
            (with "host" (instance (export "get" (func $get))))))
        (func $roll (result u64) (canon lift (core func $code "roll")))
        (instance $actions (export "roll" (func $roll)))
        (export "test:curious/actions" (instance $actions)))"#;
    file("inspects-curious.wasm", &wat::parse_str(text).unwrap())
}

#[test]
fn what_imports_more_than_a_connector_needs_is_not_loaded_unless_it_is_allowed() {
    let file = curious();
    let name = file.to_str().unwrap();
    for words in [&["call", "roll"][..], &["tools"], &["mcp"], &["demo"], &["call", "--help"]] {
        let refused = run(&[words, &["--component", name]].concat(), &asking("http://127.0.0.1:1"));
        let message = refused.message(3);
        for word in [
            "wasi:random/random@0.2.0",
            "wasi:cli/exit@0.2.0",
            "--allow-import wasi:random/random --allow-import wasi:cli/exit",
        ] {
            assert!(message.contains(word), "{word}: {message}");
        }
        assert!(!message.contains("odd:thing"), "types alone are no matter: {message}");
    }
    let one = run(&["tools", "--component", name, "--allow-import", "wasi:random"], &[]);
    assert!(one.message(3).contains("it imports wasi:cli/exit@0.2.0, which no"), "{one:?}");
    let allowed =
        ["--component", name, "--allow-import", "wasi:random/random", "--allow-import=wasi:cli"];
    for words in [&["call", "roll"][..], &["tools"]] {
        run(&[words, &allowed].concat(), &[]).result();
        run(&[&words[..1], &allowed, &words[1..]].concat(), &[]).result();
    }
}

#[test]
fn inspect_shows_the_file_itself_beside_what_the_host_gives() {
    let file = curious();
    let name = file.to_str().unwrap();
    let found = run(&["inspect", name, "--output", "json"], &[]).result();
    let digest = ring::digest::digest(&ring::digest::SHA256, &std::fs::read(&file).unwrap());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found["sha256"], digest);
    assert_eq!((&found["name"], &found["docs"]), (&Value::Null, &Value::Null));
    let imports: Vec<_> = found["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| (import["name"].as_str().unwrap(), import["host"].as_str().unwrap()))
        .collect();
    assert_eq!(
        imports,
        [
            ("wasi:random/random@0.2.0", "not given"),
            ("wasi:cli/exit@0.2.0", "not given"),
            ("odd:thing/types@1.0.0", "types only"),
        ]
    );
    assert_eq!(found["exports"][0]["functions"], serde_json::json!(["roll"]));
    let text = run(&["inspect", name, "--allow-import", "wasi:random"], &[]);
    let text = text.output();
    for word in [
        digest.as_str(),
        "given       wasi:random",
        "not given   wasi:cli",
        "TWOCHAT_BASE_URL",
        "GET, POST, DELETE",
        "none in its metadata",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn inspect_marks_where_a_file_differs_from_its_docs() {
    let own = run(&["inspect"], &[]);
    let text = own.output();
    assert!(text.contains("twochat:connector/actions@") && !text.contains("DIFFERS"), "{text}");
    let found = run(&["inspect", "--output", "json"], &[]).result();
    assert_eq!((&found["name"], &found["version"]), (&"twochat".into(), &"0.1.0".into()));
    for (title, said) in [("licenses", "MIT OR Apache-2.0"), ("homepage", "https://2chat.co")] {
        assert_eq!(found[title], said);
        assert!(text.contains(&format!("\n{title:<12}{said}\n")), "{text}");
    }
    assert_eq!(found["only-in-docs"], serde_json::json!([]));

    // Docs that name another function and another import than there are.
    let wit = "package test:curious;\ninterface actions {\n  rool: func() -> u64;\n}\n\
               world it {\n  import other: interface { f: func(); }\n  export actions;\n}\n";
    let lying = with_docs(std::fs::read(curious()).unwrap(), &gzip(wit.as_bytes()));
    let lying = file("inspects-lying.wasm", &lying);
    let shown = run(&["inspect", lying.to_str().unwrap()], &[]);
    let text = shown.output();
    for word in [
        "DIFFERS: roll: not in its docs; rool: only in its docs",
        "wasi:random/random@0.2.0  DIFFERS: not in its docs",
        "DIFFERS: only in its docs: other",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let none = run(&["inspect", file("inspects-none.wasm", b"text").to_str().unwrap()], &[]);
    assert!(
        none.message(3).contains("cannot be inspected: it is no WebAssembly at all"),
        "{none:?}"
    );
    let module = file("inspects-module.wasm", &wat::parse_str("(module)").unwrap());
    let module = run(&["inspect", module.to_str().unwrap()], &[]);
    assert!(module.message(3).ends_with("it is a core module"), "{module:?}");
}
