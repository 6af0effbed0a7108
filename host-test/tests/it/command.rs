//! The `twochat` command as somebody at a shell meets it: its exit codes, what
//! stands on which stream, and that a key is on neither.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
};

use mock::{Mock, Options, Reply};
use serde_json::json;

use crate::{
    actions,
    support::{
        every_action,
        known::Known,
        names, new_contact,
        schemas::EVENT_TOOLS,
        shell::{self, CANARY, Run, command, file, repeating, run},
    },
};

/// Calls an action of a server that knows the canary as its key.
fn call(base: &str, action: &str, arguments: &str) -> Run {
    let settings = [("TWOCHAT_BASE_URL", base), ("TWOCHAT_API_KEY", CANARY)];
    run(&["call", action, arguments], &settings)
}

async fn twochat() -> Mock {
    Mock::start(Options { key: CANARY.to_owned(), ..Options::default() }).await.unwrap()
}

/// A running `twochat mock`, stopped when dropped.
struct Served {
    child: Child,
    base: String,
}

impl Served {
    fn with(arguments: &[&str]) -> Self {
        let mut command = command(&["mock"], &[]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut base = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { child, base: base.trim_end().to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that ended early has failed its test already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_action_works_against_the_mock_that_the_command_serves() {
    let served = Served::with(&["--key", CANARY, "--contacts", "4"]);
    assert!(served.base.starts_with("http://127.0.0.1:"), "{}", served.base);
    assert!(served.base.ends_with("/open"), "{}", served.base);
    for Known { name, arguments, gives: (place, expected), .. } in actions::all() {
        let result = call(&served.base, name, &arguments.to_string()).result();
        assert_eq!(result.pointer(place), Some(&expected), "{name}: {result}");
    }

    let settings = [("TWOCHAT_BASE_URL", served.base.as_str())];
    let without_key = run(&["call", "list-contacts"], &settings);
    assert!(
        without_key.message(2).starts_with("there is no key and no policy: "),
        "{without_key:?}"
    );
    let key = [settings[0], ("TWOCHAT_API_KEY", "another-key")];
    assert_eq!(run(&["call", "test-api-key"], &key).result()["verdict"], "invalid");

    let port = served.base.rsplit([':', '/']).nth(1).unwrap();
    let taken = run(&["mock", "--port", port], &[]);
    let message = taken.message(3);
    assert!(message.starts_with(&format!("port {port} cannot be used: ")), "{message}");
    assert!(message.ends_with(": a mock may be running already; use it, or name another --port"));
}

#[test]
fn the_faults_of_the_mock_are_switched_on_by_name() {
    let served =
        Served::with(&["--key", CANARY, "--fault", "status-429", "--fault", "retry-after"]);
    let error = call(&served.base, "list-contacts", "{}").error();
    assert_eq!((&error["kind"], &error["wait-seconds"]), (&json!("rate-limited"), &json!(7)));

    let unknown = run(&["mock", "--fault", "status-200"], &[]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""), "{unknown:?}");
    for name in ["\"status-200\"", "status-400", "html-504", "retry-after", "hang"] {
        assert!(unknown.stderr.contains(name), "{name}: {}", unknown.stderr);
    }
}

#[tokio::test]
async fn an_error_of_the_action_is_one_line_of_json_and_exit_1() {
    let twochat = twochat().await;
    let refused = r#"{"first-name": "Ada", "details": [{"kind": "phone", "value": "1"}]}"#;
    let error = call(&twochat.base_url(), "create-contact", refused).error();
    assert_eq!(
        (&error["kind"], &error["field"]),
        (&json!("invalid-input"), &json!("details[0].value"))
    );
    assert_eq!(twochat.requests(), []);

    twochat
        .answer_with(Reply::new(504, "<html>\r\n</html>").with_header("content-type", "text/html"));
    let error = call(&twochat.base_url(), "create-contact", &new_contact().to_string()).error();
    assert_eq!((&error["kind"], &error["carried-out"]), (&json!("interrupted"), &json!("perhaps")));
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_a_plain_message_and_nothing_is_sent() {
    let twochat = twochat().await;
    let unknown = format!(
        "there is no action `list-contact`; did you mean `list-contacts`? This component has {}, {}",
        names().join(", "),
        EVENT_TOOLS.iter().map(|tool| &*tool.name).collect::<Vec<_>>().join(", ")
    );
    for (action, arguments, expected) in [
        ("list-contact", "{}", unknown.as_str()),
        (
            "list-contacts",
            r#"{"page": 1}"#,
            "page: there is no such field; expected one of channel-uuid, page-number, \
             results-per-page",
        ),
        (
            "list-contacts",
            r#"{"page-number": -1}"#,
            "page-number: -1 cannot be used; expected a whole number of at least 0",
        ),
        (
            "list-contacts",
            "[]",
            "the arguments are no JSON object; expected such as {\"name\": \"value\"}",
        ),
        ("create-contact", "{}", "first-name: it is missing; for example --first-name Ada"),
        (
            "create-contact",
            r#"{"first-name": "A", "details": [{"kind": "fax", "value": "1"}]}"#,
            "details[0].kind: \"fax\" cannot be used; expected one of email, address, phone, \
             whatsapp-phone",
        ),
        (
            "list-contacts",
            "{",
            "the arguments are not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "list-contacts",
            "{} {}",
            "the arguments are not JSON: trailing characters at line 1 column 4",
        ),
    ] {
        let run = call(&twochat.base_url(), action, arguments);
        assert_eq!(run.message(2), expected);
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named_and_not_shown() {
    let twochat = twochat().await;
    let good = twochat.base_url();
    let (with_user, with_query) = (good.replace("//", "//canary@"), format!("{good}?key=canary"));
    for (base, key, expected) in [
        ("http://canary.example/open", CANARY, "TWOCHAT_BASE_URL cannot be used: it is http, "),
        (with_user.as_str(), CANARY, "TWOCHAT_BASE_URL cannot be used: it holds user info"),
        (with_query.as_str(), CANARY, "TWOCHAT_BASE_URL cannot be used: it holds a query"),
        ("canary", CANARY, "TWOCHAT_BASE_URL cannot be used: it is not an absolute url"),
        (good.as_str(), "canary\u{1}key", "TWOCHAT_API_KEY cannot be used: "),
        (good.as_str(), "canary\nX-Other: canary", "TWOCHAT_API_KEY cannot be used: "),
    ] {
        let settings = [("TWOCHAT_BASE_URL", base), ("TWOCHAT_API_KEY", key)];
        let run = run(&["call", "list-contacts"], &settings);
        assert!(run.message(2).starts_with(expected), "{run:?}");
    }
    assert_eq!(twochat.requests(), []);
}

#[cfg(unix)]
#[test]
fn a_key_that_is_no_text_is_refused_unseen() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let mut command = command(&["call", "list-contacts"], &[]);
    let output = shell::output(command.env("TWOCHAT_API_KEY", OsStr::from_bytes(b"canary\xff")));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message, "twochat: TWOCHAT_API_KEY cannot be used: it is not Unicode text\n");
}

#[test]
fn a_command_line_that_is_not_understood_is_exit_2() {
    for arguments in [&["call"][..], &["cal"], &["call", "--nope"], &["mock", "--port", "70000"]] {
        let run = run(arguments, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains("--help"), "{run:?}");
    }
}

#[test]
fn a_component_that_cannot_be_used_is_named_with_the_reason_and_what_to_do() {
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("missing.wasm");
    for (file, why) in [
        (missing, "No such file"),
        (PathBuf::from(env!("CARGO_TARGET_TMPDIR")), "directory"),
        (file("text.wasm", b"hello"), "it does not begin as WebAssembly does"),
        (file("core.wasm", b"\0asm\x01\0\0\0"), "it is a core module; `wasm-tools component new`"),
        (file("empty.wasm", b"\0asm\x0d\0\x01\0"), "it is no connector"),
    ] {
        let name = file.to_str().unwrap();
        for arguments in
            [&["call", "test-api-key", "--component", name][..], &["demo", "--component", name]]
        {
            let run = run(arguments, &[("TWOCHAT_API_KEY", CANARY)]);
            let expected = format!("{name} cannot be used: ");
            let message = run.message(3);
            assert!(message.starts_with(&expected) && message.contains(why), "{message}");
            assert!(message.contains("Give --component a WebAssembly component"), "{message}");
        }
    }
}

#[test]
fn any_component_can_be_called_and_a_trap_is_exit_3() {
    let component = wat::parse_str(
        r#"(component
            (core module $code
                (func (export "trap") unreachable)
                (func (export "answer") (param i32) (result i32) (local.get 0)))
            (core instance $code (instantiate $code))
            (func $trap (canon lift (core func $code "trap")))
            (func $answer (param "to" u32) (result u32) (canon lift (core func $code "answer")))
            (instance $actions (export "trap" (func $trap)) (export "answer" (func $answer)))
            (export "test:command/actions" (instance $actions)))"#,
    );
    let component = file("other.wasm", &component.unwrap());
    let other = |action, arguments| {
        let component = component.to_str().unwrap();
        run(&["call", action, arguments, "--component", component], &[("TWOCHAT_API_KEY", CANARY)])
    };
    assert_eq!(other("answer", r#"{"to": 42}"#).result(), 42);
    assert!(other("list-contacts", "{}").message(2).ends_with("this component has trap, answer"));
    let trapped = other("trap", "{}");
    assert!(trapped.message(3).starts_with("the component trapped: "), "{trapped:?}");
}

#[test]
fn the_help_tells_the_exit_codes_the_settings_and_the_faults() {
    let codes = ["Exit codes:", "  0  ", "  1  ", "  2  ", "  3  "];
    let settings = ["TWOCHAT_API_KEY", "TWOCHAT_BASE_URL"];
    let faults = ["Faults:", "status-429", "html-504", "hang", "--fault <FAULT>"];
    let commands = ["  demo ", "  call ", "  mock "];
    for (arguments, expected) in [
        (&["--help"][..], [&codes[..], &settings, &commands].concat()),
        (&["call", "--help"], [&codes[..], &settings, &["Examples:"]].concat()),
        (&["mock", "--help"], [&codes[..], &faults].concat()),
        (&["demo", "--help"], codes.to_vec()),
        (&["listen", "--help"], [&codes[..], &["--public-url", "Bounds: "]].concat()),
        (&["events", "--help"], [&codes[..], &["Examples:", "replay"]].concat()),
    ] {
        let help = run(arguments, &[]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{help:?}");
        for word in expected {
            assert!(help.stdout.contains(word), "{arguments:?} lacks {word}: {}", help.stdout);
        }
    }
}

#[test]
fn the_demo_shows_every_action_without_colours_and_without_a_key() {
    // Settings for the real 2Chat are nothing to the demo.
    let settings = [("TWOCHAT_API_KEY", CANARY), ("TWOCHAT_BASE_URL", "http://127.0.0.1:1/open")];
    let demo = run(&[], &settings);
    assert_eq!((demo.code, demo.stderr.as_str()), (Some(0), ""), "{demo:?}");
    for (action, _) in every_action() {
        let shown =
            demo.stdout.lines().any(|line| line.trim().starts_with(&format!("call     {action} ")));
        assert!(shown, "{action}: {}", demo.stdout);
    }
    for word in [
        "http://127.0.0.1:",
        "sent     GET /open/info",
        "reply    200",
        "result",
        "error",
        "nothing",
    ] {
        assert!(demo.stdout.contains(word), "{word}: {}", demo.stdout);
    }
    assert!(!demo.stdout.contains("mock-key"), "{}", demo.stdout);
    let plain = demo.stdout.chars().all(|c| c == '\n' || !c.is_control());
    assert!(plain, "something for a terminal alone: {:?}", demo.stdout);
}

#[tokio::test]
async fn a_key_that_2chat_repeats_is_shown_on_neither_stream() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    let words = format!("the key {CANARY} is not known: {CANARY}");
    for status in [401, 422, 500] {
        twochat.answer_with(repeating(
            status,
            &json!({ "success": false, "error": true, "error_message": words, "detail": words }),
        ));
        let error = call(&base, "list-contacts", "{}").error();
        if status != 500 {
            assert!(error["message"].as_str().unwrap().contains("the key [key] is"), "{error}");
        }
    }
    let contact = json!({
        "uuid": format!("CON{CANARY}"), "first_name": CANARY, "last_name": words,
        "details": [{ "id": 1, "type": CANARY, "value": CANARY }],
    });
    twochat.answer_with(repeating(200, &json!({ "success": true, "contacts": [contact] })));
    let page = call(&base, "list-contacts", "{}").result();
    assert_eq!(page["contacts"][0]["first-name"], "[key]", "{page}");
    assert_eq!(page["contacts"][0]["uuid"], "CON[key]", "{page}");

    let hook = json!({
        "uuid": "WHK1", "event_name": "e", "hook_url": format!("https://example.com/?key={CANARY}"),
        "hook_params": { CANARY: { CANARY: [CANARY] } },
    });
    twochat.answer_with(repeating(200, &json!({ "success": true, "webhooks": [hook] })));
    let hooks = call(&base, "list-webhook-subscriptions", "{}").result();
    let params = json!([{ "name": "[key]", "value": r#"{"[key]":["[key]"]}"# }]);
    assert_eq!(hooks["subscriptions"][0]["hook-params"], params, "{hooks}");
    for request in twochat.requests() {
        assert_eq!(request.header("x-user-api-key"), Some(CANARY));
    }
}
