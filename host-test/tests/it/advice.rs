//! What is said to whoever has no key, mistyped a name, or met a rule: before anything
//! is sent, with what to do.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use mock::Mock;
use serde_json::json;

use crate::support::{
    agent::{Agent, hello, request},
    every_action,
    everything::EVERYTHING_WAT,
    raw::{Raw, Step},
    schemas::EVENT_TOOLS,
    shell::{CANARY, Run, asking, fed, file, folder, on_a_terminal, run, twochat_with},
};

/// A policy of its own, with this text.
fn policy(test: &str, text: &str) -> PathBuf {
    let folder = folder(&format!("advice-{test}"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.join("policy.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn of_two(twochat: &Mock) -> String {
    let base = twochat.base_url();
    format!(
        "[connections.work]\nbase-url = \"{base}\"\nsecret = {{ env = \"WORK_KEY\" }}\n\
         methods = [\"GET\"]\n\
         [personas.reader]\nconnection = \"work\"\nactions = [\"list-contacts\"]\n\
         [personas.writer]\nconnection = \"work\"\nactions = [\"create-contact\"]\n"
    )
}

#[tokio::test]
async fn without_key_and_policy_nothing_is_sent_and_it_is_said_what_to_do() {
    let twochat = twochat_with(1).await;
    let base = twochat.base_url();
    for settings in [&[][..], &[("TWOCHAT_BASE_URL", base.as_str())], &[("TWOCHAT_API_KEY", " ")]] {
        for words in [&["call", "list-contacts"][..], &["call", "list-contacts", "--all"]] {
            let refused = run(words, settings);
            let message = refused.message(2);
            for word in [
                "there is no key and no policy",
                "TWOCHAT_API_KEY",
                "twochat connect",
                "https://app.2chat.io",
                "Nothing was sent.",
            ] {
                assert!(message.contains(word), "{word}: {message}");
            }
        }
    }
    let short = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "uuid")];
    let refused = run(&["call", "list-contacts"], &short);
    let message = refused.message(2);
    assert!(
        message.starts_with("TWOCHAT_API_KEY cannot be used: the key is too short"),
        "{message}"
    );
    assert!(message.ends_with("expected 8 characters or more"), "{message}");
    assert_eq!(twochat.requests(), []);
    // A component that reaches out to nothing needs none.
    let other = file("advice-other.wasm", &wat::parse_str(EVERYTHING_WAT).unwrap());
    let words = ["call", "--component", other.to_str().unwrap(), "remind", "--minutes", "5"];
    assert_eq!(run(&words, &[]).output(), "null\n");
}

#[tokio::test]
async fn a_server_without_a_key_serves_and_each_call_says_what_is_missing() {
    let twochat = twochat_with(1).await;
    let base = twochat.base_url();
    let mut agent = Agent::started(&["--toolsets", "events"], &[("TWOCHAT_BASE_URL", &base)]);
    let listed = agent.ask("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(EVENT_TOOLS.len()));
    let ended = agent.ended_saying();
    assert_eq!(ended.0, Some(0), "{ended:?}");
    for word in ["there is no key and no policy", "twochat connect", "Until then no call is sent"] {
        assert!(ended.1.contains(word), "{word}: {ended:?}");
    }

    let mut agent = Agent::started(&[], &[("TWOCHAT_BASE_URL", &base)]);
    for (action, arguments) in every_action() {
        let why = agent.fails(action, arguments);
        for word in [
            "Error: denied-by-host. It was not carried out. Do not repeat this call.",
            "this server has no key: the user must set TWOCHAT_API_KEY",
            "https://app.2chat.io",
        ] {
            assert!(why.contains(word), "{word}: {why}");
        }
    }
    // What the component refuses by itself is said first.
    let nobody = json!({ "first-name": "Ada", "details": [{ "kind": "phone", "value": "1" }] });
    assert!(agent.fails("create-contact", nobody).contains("details[0].value: expected"));
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_new_connection_goes_where_the_environment_says_unless_a_flag_does() {
    let (exported, flagged) = (twochat_with(1).await, twochat_with(1).await);
    let (exported_url, flagged_url) = (exported.base_url(), flagged.base_url());
    let file = folder("advice-connect").join("policy.toml");
    fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let connect = |words: &[&str], url: &str| {
        let words = [&["connect"], words, &["--policy", file.to_str().unwrap()]].concat();
        fed(&words, &[("TWOCHAT_BASE_URL", url)], format!("{CANARY}\n").into_bytes())
    };
    let done = connect(&["work"], &exported_url);
    assert!(done.output().contains(&format!("connected: work ({exported_url})")), "{done:?}");
    let done = connect(&["other", "--base-url", &flagged_url], &exported_url);
    assert!(done.output().contains(&format!("connected: other ({flagged_url})")), "{done:?}");
    assert_eq!((exported.requests().len(), flagged.requests().len()), (1, 1));
    // One that is known stays where it is.
    let done = connect(&["work"], &flagged_url);
    assert!(done.output().contains(&format!("connected: work ({exported_url})")), "{done:?}");
    assert_eq!(flagged.requests().len(), 1);
}

#[tokio::test]
async fn an_agent_hears_the_rule_that_refuses_it_and_not_where_the_policy_is() {
    let twochat = twochat_with(1).await;
    let file = policy("folders", &of_two(&twochat));
    let words = ["--policy", file.to_str().unwrap(), "--persona", "reader"];
    let mut agent = Agent::started(&words, &[("WORK_KEY", CANARY)]);
    let folder = file.parent().unwrap().to_str().unwrap();
    let refused = |agent: &mut Agent, expected: &str| {
        let why = agent.fails("create-contact", crate::support::new_contact());
        assert!(why.contains(expected) && !why.contains(folder), "{why}");
        assert!(why.ends_with("tell the user: whoever set this up has to change that first."));
    };
    let rule = "the persona `reader` may not call `create-contact`: policy.toml allows it list-";
    refused(&mut agent, rule);
    // Whoever runs the server finds it in the log.
    let log = fs::read_to_string(file.with_file_name("audit.jsonl")).unwrap();
    assert!(log.contains(&format!("{}: ", file.display())) || log.contains(folder), "{log}");
    let text = fs::read_to_string(&file).unwrap();
    for (broken, expected) in [
        (text.replace("[personas.reader]", "[personas.other]"), "policy.toml has no persona `read"),
        (text.replace("methods = [", "methods = [["), "policy.toml: line "),
    ] {
        fs::write(&file, broken).unwrap();
        refused(&mut agent, expected);
        let listed = agent.ask("tools/list", json!({}));
        let why = listed["error"]["message"].as_str().unwrap();
        assert!(why.contains(expected) && !why.contains(folder), "{why}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_gate_names_the_rule_and_the_connection() {
    let twochat = twochat_with(1).await;
    let file = policy("gate", &of_two(&twochat));
    let create = crate::support::new_contact().to_string();
    let words = ["call", "create-contact", &create, "--persona", "writer", "--policy"];
    let words = [&words[..], &[file.to_str().unwrap()]].concat();
    let error = run(&words, &[("WORK_KEY", CANARY)]).error();
    assert_eq!(error["kind"], "denied-by-host", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("POST is not among the methods of connection work"), "{message}");
    assert_eq!(twochat.requests(), []);
    let private = run(&["call", "list-contacts"], &asking("https://10.0.0.1/open")).error();
    let message = private["message"].as_str().unwrap();
    let reason = "10.0.0.1 is no address that the connection may reach";
    assert!(message.contains(reason), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_was_sent_is_never_said_beside_others_may_have_been() {
    // Nobody listens there.
    let gone = Raw::deaf(vec![Step::Close]).await.port();
    let error =
        run(&["call", "list-contacts"], &asking(&format!("http://127.0.0.1:{gone}/open"))).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(" Nothing was sent. "), "{message}");
    assert!(message.ends_with(" This was the last of 4 tries."), "{message}");
    assert_eq!(error["retry"], "after-waiting", "{error}");
    // Two replies, and then nobody any more.
    let broken = Raw::in_turn(vec![vec![
        Step::Send("HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into()),
        Step::Close,
    ]])
    .await;
    let base = broken.base_url();
    let ended = std::thread::spawn(move || run(&["call", "list-contacts"], &asking(&base)));
    while broken.requests().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(broken);
    let error = ended.join().unwrap().error();
    let message = error["message"].as_str().unwrap().to_lowercase();
    assert!(message.contains("others may have been sent"), "{message}");
    assert!(!message.contains("nothing was sent"), "{message}");
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
    let twochat = twochat_with(1).await;
    let base = twochat.base_url();
    let file = policy("names", &of_two(&twochat));
    let policy = file.to_str().unwrap();
    let log = file.with_file_name("log");
    run(&["call", "list-contacts", "--audit", log.to_str().unwrap()], &asking(&base)).result();
    let log = log.to_str().unwrap();
    for (words, expected) in [
        (
            &["list-contact"][..],
            "there is no command `list-contact`; did you mean `twochat call list-contacts`?",
        ),
        (&["list-contacts"], "did you mean `twochat call list-contacts`?"),
        (
            &["call", "lits-contacts"],
            "there is no action `lits-contacts`; did you mean `list-contacts`? This component has ",
        ),
        (
            &["audit", log, "--end", "refusd"],
            "there is no end `refusd`; did you mean `refused`? There are ",
        ),
        (&["audit", log, "--end", "nosuch"], "there is no end `nosuch`; there are "),
        (
            &["audit", log, "--action", "nosuch"],
            "there is no action `nosuch`; there are create-contact, ",
        ),
        (&["audit", log, "--action", "test-api-kye"], "did you mean `test-api-key`?"),
        (&["audit", log, "--columns", "tmie"], "there is no column `tmie`; did you mean `time`?"),
        (
            &["call", "list-contacts", "--policy", policy, "--persona", "raeder"],
            "there is no persona `raeder`; did you mean `reader`? There are reader, writer",
        ),
    ] {
        let refused = run(words, &[]);
        assert!(refused.message(2).contains(expected), "{words:?}: {refused:?}");
    }
    // What did not happen yet, but can, is no mistake.
    for words in
        [&["--end", "rate-limited"][..], &["--end", "refused"], &["--action", "test-api-key"]]
    {
        let shown = run(&[&["audit", log], words].concat(), &[]);
        assert_eq!(shown.output(), "none\n", "{words:?}");
    }
    let nothing = run(&["nosuch"], &[]);
    assert!(nothing.stderr.starts_with("error: unrecognized subcommand 'nosuch'"), "{nothing:?}");
}

fn checked(file: &std::path::Path, key: &str) -> Run {
    let words = ["connections", "--check", "--policy", file.to_str().unwrap()];
    let settings: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("WORK_KEY", key)] };
    run(&words, settings)
}

#[tokio::test]
async fn a_check_judges_the_whole_policy_and_shows_each_fault() {
    let twochat = twochat_with(1).await;
    let good = of_two(&twochat);
    let file = policy("check", &good);
    assert!(checked(&file, CANARY).output().contains("ready"));
    let keyless = checked(&file, "");
    assert_eq!((keyless.code, keyless.stdout.contains("WORK_KEY")), (Some(3), true), "{keyless:?}");
    let faulty = good.replace("\"list-contacts\"]", "\"list-contact\"]")
        + "mask = [\"vlaue\"]\n[audit]\nredact = [\"vlaue\"]\n";
    let file = policy("check-faulty", &faulty);
    let told = checked(&file, CANARY);
    assert_eq!((told.code, told.stdout.contains("work")), (Some(2), true), "{told:?}");
    for fault in [
        "personas.reader.actions: there is no action `list-contact`",
        "personas.writer.mask: `vlaue` cannot be masked",
        "audit.redact: no action takes or gives `vlaue`",
        "places to correct: 3",
    ] {
        assert!(told.stderr.contains(fault), "{fault}: {told:?}");
    }
    assert_eq!(twochat.requests(), []);
}

#[test]
fn at_a_terminal_the_server_of_an_agent_says_what_it_waits_for() {
    let line = "timeout --foreground -s INT 3 twochat mcp || true";
    let shown = on_a_terminal(line, &asking("http://127.0.0.1:1/open"));
    assert!(shown.contains("twochat: waiting for an agent"), "{shown}");
    assert!(shown.contains("Ctrl-D or Ctrl-C ends it"), "{shown}");
}

#[tokio::test]
async fn an_agent_may_begin_each_line_with_a_byte_order_mark() {
    let twochat = twochat_with(1).await;
    let agent = Agent::silent(&twochat.base_url(), &[]);
    agent.send(format!("\u{feff}{}\n", request(1, "initialize", hello("2025-11-25"))));
    assert_eq!(agent.hear()["result"]["protocolVersion"], "2025-11-25");
    agent.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    agent.send(format!("\u{feff}\n\u{feff}{}\r\n", request(2, "ping", json!({}))));
    assert_eq!(agent.hear()["id"], 2);
    agent.leave();
}

#[test]
fn the_demo_fits_a_terminal_of_80_columns_and_says_what_to_try_next() {
    let demo = run(&["demo"], &[]);
    let text = demo.output();
    for line in text.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
    let calls = every_action().len() + EVENT_TOOLS.len() + 3;
    let all = format!("\n{calls} of {calls} calls went as expected.");
    assert!(text.contains(&all), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("TWOCHAT_API_KEY") && last.contains(" call test-api-key"), "{text}");
    let shown = on_a_terminal("stty cols 80; twochat demo", &[]);
    for line in shown.lines() {
        let line = anstream::adapter::strip_str(line.trim_end()).to_string();
        assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) <= 80, "{line}");
    }
}

#[tokio::test]
async fn nothing_that_was_given_steers_the_terminal_that_hears_of_it() {
    let odd = "x\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\u{2066}\r\u{8}y";
    let flag = format!("--{odd}");
    let twochat = twochat_with(0).await;
    let base = twochat.base_url();
    let cases: [&[&str]; 24] = [
        &[odd],
        &[&flag],
        &["call", odd],
        &["call", &flag],
        &["call", "list-contacts", odd],
        &["call", "list-contacts", &flag, "1"],
        &["call", "list-contacts", "--output", odd],
        &["call", "list-contacts", "--columns", odd, "--output", "csv"],
        &["call", "list-contacts", "--page-number", odd],
        &["call", "list-contacts", "--persona", odd],
        &["call", "list-contacts", "--policy", odd],
        &["call", "list-contacts", "--audit", &format!("/no/such/{odd}")],
        &["call", "list-contacts", "--all", "--to", &format!("/no/such/{odd}.csv")],
        &["call", "list-contacts", "--component", odd],
        &["tools", "--component", odd],
        &["inspect", odd],
        &["audit", odd],
        &["connect", odd],
        &["connect", "work", "--base-url", odd],
        &["revoke", odd, "--policy", odd],
        &["revoke", "--persona", odd, "--policy", odd],
        &["connections", "--policy", odd],
        &["completions", odd],
        &["mock", "--port", odd],
    ];
    for words in cases {
        let said = run(words, &asking(&base));
        assert_ne!(said.code, Some(0), "{words:?}");
        let steers =
            |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c));
        assert!(!said.stderr.is_empty() && !said.stderr.contains(steers), "{words:?} {said:?}");
    }
    for name in ["TWOCHAT_BASE_URL", "TWOCHAT_AUDIT", "TWOCHAT_API_KEY"] {
        let said = run(&["call", "list-contacts"], &[asking(&base)[1], (name, odd)]);
        assert!(!said.stderr.contains('\u{1b}') && !said.stderr.contains('\u{202e}'), "{said:?}");
        std::fs::remove_file(odd).ok();
    }
}
