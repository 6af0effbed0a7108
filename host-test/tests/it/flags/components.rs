//! What the command makes of any component: its tools, its completions, its
//! help, and a plain no to a file that is none.

use std::{fs, io::Write, path::PathBuf, process::Stdio};

use flate2::{Compression, write::GzEncoder};
use host::docs::SECTION;
use serde_json::Value;

use super::{fields, help, tools};
use crate::support::{
    CONNECTOR,
    everything::EVERYTHING_WAT,
    names, root,
    shell::{Run, asking, ended, file, on_a_terminal, output, program, run, twochat_with},
};

#[test]
fn the_completions_know_every_action_and_every_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let script = help(&["completions", shell]);
        for tool in tools() {
            let action = tool["name"].as_str().unwrap();
            assert!(script.contains(action), "{shell}: {action}");
            for field in fields(&tool).keys() {
                let flag =
                    if shell == "fish" { format!("-l {field} ") } else { format!("--{field}") };
                assert!(script.contains(&flag), "{shell}: {action} {flag}");
            }
        }
        for flag in ["output", "all", "to", "component"] {
            assert!(
                script.contains(&format!("-l {flag}")) || script.contains(&format!("--{flag}"))
            );
        }
    }
}

/// What bash offers for the last of these words.
fn offered(script: &str, words: &[&str]) -> String {
    let last = words.len() - 1;
    let line = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; _twochat twochat '{}' '{}'; \
         echo \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words[last],
        words[last - 1]
    );
    let mut bash = program("bash", &[]);
    ended(bash.args(["--norc", "-c", &line]).output().unwrap()).output().trim_end().to_owned()
}

#[test]
fn bash_completes_actions_and_their_flags() {
    let script = help(&["completions", "bash"]);
    let mut bash = program("bash", &[]);
    let mut bash = bash.arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
    assert_eq!(offered(&script, &["twochat", "call", "list-c"]), "list-contacts");
    assert_eq!(offered(&script, &["twochat", "call", "list-contacts", "--pa"]), "--page-number");
    let forms = offered(&script, &["twochat", "call", "list-contacts", "--output", "j"]);
    assert_eq!(forms, "json jsonl");
}

#[test]
fn the_tools_and_the_package_are_those_of_the_contract() {
    let tools = tools();
    let listed: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names());
    for tool in &tools {
        assert!(tool["description"].as_str().unwrap().len() > 100, "{tool}");
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{schema}: {tool}");
        }
        // It would be half of all, and no client knows it.
        assert_eq!(tool.get("errorSchema"), None);
    }
    let wit = root().join("wit");
    let file = |name: &str| fs::read_to_string(wit.join(name)).unwrap();
    let package = ["world.wit", "types.wit", "actions.wit", "events.wit"].map(file).concat();
    assert_eq!(help(&["tools", "--wit"]), package);
}

#[tokio::test]
async fn another_component_may_be_named_before_and_after_the_action() {
    let other = file("flags-other.wasm", &wat::parse_str(EVERYTHING_WAT).unwrap());
    let other = other.to_str().unwrap();
    let joined = format!("--component={other}");
    for words in [
        &["call", "--component", other, "remind", "--minutes", "5"][..],
        &["call", "remind", "--minutes", "5", "--component", other],
        &["call", &joined, "remind", "--minutes", "5"],
        &["call", "remind", &joined, r#"{"minutes": 5}"#],
    ] {
        assert_eq!(run(words, &[]).output(), "null\n", "{words:?}");
    }
    assert!(help(&["call", "--component", other, "--help"]).contains("remind"));
    let tools = run(&["tools", "--component", other], &[]).result();
    assert_eq!(tools["tools"][0]["name"], "echo");
    let none = run(&["tools", "--wit", "--component", other], &[]);
    assert_eq!(none.message(3), "the component carries no WIT package");

    let same = file("flags-same.wasm", CONNECTOR);
    let twochat = twochat_with(3).await;
    let same = same.to_str().unwrap();
    // It may be one that brings a standard library along.
    let words = ["call", "--component", same, "--allow-import=wasi:cli", "list-contacts", "--all"];
    assert_eq!(run(&words, &asking(&twochat.base_url())).output().lines().count(), 3);
}

#[tokio::test]
async fn a_file_that_is_no_connector_is_exit_3_with_what_to_do() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let command = r#"(component
        (core module $code (func (export "run") (result i32) (i32.const 0)))
        (core instance $code (instantiate $code))
        (func $run (result (result)) (canon lift (core func $code "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    let odd = r#"(component (import "odd:thing/does@1.0.0" (func))
        (core module $code (func (export "f")))
        (core instance $code (instantiate $code))
        (func $f (canon lift (core func $code "f")))
        (instance $actions (export "f" (func $f))) (export "a:b/actions" (instance $actions)))"#;
    for (path, why) in [
        (
            file("flags-command.wasm", &wat(command)),
            "it is no connector: it exports wasi:cli/run@0.2.0, but no interface `actions`",
        ),
        (file("flags-odd.wasm", &wat(odd)), "it asks for something that this host does not give"),
        (file("flags-text.wasm", b"(component)"), "it does not begin as WebAssembly does"),
        (file("flags-none.wasm", b""), "it is empty"),
        (PathBuf::from("no/such/file.wasm"), "No such file or directory"),
        (file("flags-core.wasm", &wat("(module)")), "it is a core module; `wasm-tools component"),
        (file("flags-cut.wasm", &CONNECTOR[..CONNECTOR.len() / 2]), "is out of bounds"),
    ] {
        let name = path.to_str().unwrap();
        for words in [&["tools"][..], &["mcp"], &["call", "test-api-key"], &["call", "--help"]] {
            let refused = run(&[words, &["--component", name]].concat(), &asking(&base));
            let message = refused.message(3);
            let start = format!("{name} cannot be used: ");
            assert!(message.starts_with(&start) && message.contains(why), "{words:?}: {message}");
            let advice = "Give --component a WebAssembly component, or leave it out to run";
            assert!(message.contains(advice), "{words:?}: {message}");
        }
    }
    assert_eq!(twochat.requests(), []);
}

/// A component whose docs have this example and an empty one; it gives the
/// lengths of both texts.
fn documented(name: &str, example: &str) -> PathBuf {
    let component = r#"(component
        (type $words' (record (field "JSON" string) (field "nick-name" string)))
        (export $words "words" (type $words'))
        (core module $code
            (memory (export "memory") 1)
            (global $next (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "say") (param i32 i32 i32 i32) (result i32)
                (i32.add (i32.mul (local.get 1) (i32.const 100)) (local.get 3))))
        (core instance $code (instantiate $code))
        (alias core export $code "memory" (core memory $memory))
        (alias core export $code "realloc" (core func $realloc))
        (func $say (param "words" $words) (result u32)
            (canon lift (core func $code "say") (memory $memory) (realloc (func $realloc))))
        (instance $actions (export "say" (func $say)))
        (export "test:flags/actions" (instance $actions)))"#;
    let wit = r#"package test:command;
        interface actions {
          record words {
            /// Example: EXAMPLE
            %JSON: string,
            /// Example: ""
            nick-name: string,
          }
          /// Say it.
          say: func(words: words) -> u32;
        }"#;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(wit.replace("EXAMPLE", example).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let section = [&[SECTION.len() as u8], SECTION.as_bytes(), &packed].concat();
    let mut length = section.len();
    let mut bytes = wat::parse_str(component).unwrap();
    bytes.push(0);
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    file(name, &[bytes, section].concat())
}

#[test]
fn an_example_with_quotes_or_nothing_in_it_is_still_a_command() {
    let component = documented("flags-quoted.wasm", r#""it's \"so\" $HOME""#);
    let component = component.to_str().unwrap();
    let help = help(&["call", "say", "--help", "--component", component]);
    let example = help.split("Example:\n").nth(1).unwrap_or_else(|| panic!("{help}"));
    let mut shell = program("sh", &[]);
    let line = format!("{} --component '{component}'", example.trim_end());
    let ran: Run = ended(output(shell.args(["-euc", &line])));
    assert_eq!(ran.result(), Value::from("it's \"so\" $HOME".len() * 100), "{example}");
}

#[test]
fn docs_steer_no_terminal() {
    let component = documented("flags-hostile.wasm", r#""a\u001b[2J\u009b2J\u202eb""#);
    let component = component.display();
    let shown = on_a_terminal(&format!("twochat call say --help --component '{component}'"), &[]);
    assert!(shown.contains("Say it") && shown.contains("[example: a\u{fffd}"), "{shown}");
    assert!(!shown.contains("\u{1b}[2J") && !shown.contains(['\u{9b}', '\u{202e}']), "{shown:?}");
}
