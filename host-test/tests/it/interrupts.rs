//! Ctrl-C: that it ends everything at once, and what is said and kept then.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    agent::Agent,
    shell::{CANARY, asking, command, folder, on_a_terminal, run, twochat_with, waited},
};

/// Longer than it takes, also on a busy machine, and shorter than any wait.
const AT_ONCE: Duration = Duration::from_secs(5);

fn spawned(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What is left after Ctrl-C.
fn interrupted(mut child: Child) -> Output {
    // Kept: an input that ends is another reason to end.
    let _input = child.stdin.take();
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    let begun = Instant::now();
    kill_process(pid, Signal::INT).unwrap();
    let output = waited(child);
    assert!(begun.elapsed() < AT_ONCE, "it took {:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    output
}

fn said(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    text
}

async fn hanging() -> Mock {
    let twochat = twochat_with(300).await;
    twochat.switch_on(Fault::Hang);
    twochat
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < patience, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn ends_in_log(log: &Path) -> Vec<String> {
    let shown = run(&["audit", log.to_str().unwrap(), "--output", "jsonl"], &[]);
    let lines = shown.output().lines().map(|line| line.parse::<Value>().unwrap());
    lines.map(|call| call["error"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_call_ends_at_once_and_its_end_is_written_down() {
    let twochat = hanging().await;
    let log = folder("interrupts-call").join("log");
    let details = r#"{"kind": "phone", "value": "+14155550123"}"#;
    for (words, advice) in [
        (&["list-contacts"][..], false),
        (&["create-contact", "--first-name", "Ada", "--details", details], true),
    ] {
        let before = twochat.requests().len();
        let audit = ["--audit", log.to_str().unwrap()];
        let words = [&["call"], words, &audit].concat();
        let child = spawned(command(&words, &asking(&twochat.base_url())));
        wait_for("no request came", || twochat.requests().len() > before);
        let text = said(&interrupted(child));
        assert!(text.ends_with("twochat: interrupted\n"), "{text}");
        assert_eq!(text.contains("look before you repeat it"), advice, "{text}");
    }
    assert_eq!(ends_in_log(&log), ["the call was given up before it ended"; 2]);
}

#[tokio::test]
async fn an_export_says_what_is_kept_and_goes_on_from_there() {
    let twochat = twochat_with(300).await;
    let file = folder("interrupts-export").join("rows.jsonl");
    let base = twochat.base_url();
    let settings = asking(&base);
    let size = ["--results-per-page", "20", "--all", "--to", file.to_str().unwrap()];
    let words = [&["call", "list-contacts"], &size[..]].concat();
    let child = spawned(command(&words, &settings));
    wait_for("no page came", || twochat.requests().len() >= 3);
    twochat.switch_on(Fault::Hang);
    wait_for("it is through", || {
        twochat.exchanges().last().is_some_and(|last| last.reply.is_none())
    });
    let text = said(&interrupted(child));
    let (kept, last) = text.split_once('\n').unwrap();
    assert!(kept.starts_with("twochat: stopped at page "), "{text}");
    assert!(kept.ends_with(" rows; the same call goes on from there"), "{text}");
    assert_eq!(last, "twochat: interrupted\n");
    twochat.clear();
    assert_eq!(run(&words, &settings).output(), "");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 300);

    // With nothing to keep, nothing is left in the way.
    twochat.switch_on(Fault::Hang);
    let none = file.with_file_name("none.jsonl");
    let words = ["call", "list-contacts", "--all", "--to", none.to_str().unwrap()];
    let before = twochat.requests().len();
    let child = spawned(command(&words, &settings));
    wait_for("no request came", || twochat.requests().len() > before);
    assert_eq!(said(&interrupted(child)), "twochat: interrupted\n");
    assert!(!none.exists() && !none.with_file_name("none.jsonl.resume").exists());
}

#[tokio::test]
async fn rows_that_nobody_reads_are_no_reason_to_stay() {
    let twochat = twochat_with(1000).await;
    let words = ["call", "list-contacts", "--all"];
    let mut export = command(&words, &asking(&twochat.base_url()));
    // As on a machine of one processor.
    export.env("TOKIO_WORKER_THREADS", "1");
    let mut child = spawned(export);
    let _unread = child.stdout.take();
    wait_for("no page came", || !twochat.requests().is_empty());
    thread::sleep(Duration::from_millis(700));
    assert!(said(&interrupted(child)).ends_with("twochat: interrupted\n"));
}

#[tokio::test]
async fn connect_ends_while_it_waits_for_2chat_and_for_the_key() {
    let twochat = hanging().await;
    let folder = folder("interrupts-connect");
    let policy = folder.join("policy.toml");
    let base = twochat.base_url();
    let words = ["connect", "work", "--base-url", &base, "--policy", policy.to_str().unwrap()];
    let child = spawned(command(&words, &[]));
    // It waits for standard input, which nobody closes.
    thread::sleep(Duration::from_millis(500));
    said(&interrupted(child));

    let mut child = spawned(command(&words, &[]));
    use std::io::Write;
    writeln!(child.stdin.take().unwrap(), "{CANARY}").unwrap();
    wait_for("no request came", || !twochat.requests().is_empty());
    said(&interrupted(child));
    assert!(!policy.exists());
}

#[test]
fn a_terminal_shows_again_what_is_typed_after_the_key_was_not() {
    let policy = folder("interrupts-echo").join("policy.toml");
    let line = format!(
        "(until pid=$(pgrep -x twochat -P $$); do sleep 0.1; done; sleep 1; kill -INT $pid) & \
         twochat connect work --policy '{}'; test $? = 130 && stty -a",
        policy.display()
    );
    let shown = on_a_terminal(&line, &[]);
    assert!(shown.contains("`work` goes to https://api.p.2chat.io/open"), "{shown}");
    assert!(shown.contains(" echo ") && !shown.contains(" -echo "), "{shown}");
}

#[tokio::test]
async fn an_agent_and_a_mock_end_at_once() {
    let twochat = hanging().await;
    let log = folder("interrupts-mcp").join("log");
    let agent = Agent::with(&twochat.base_url(), &["--audit", log.to_str().unwrap()]);
    let call = serde_json::json!({ "name": "list-contacts", "arguments": {} });
    agent.say(&crate::support::agent::request(7, "tools/call", call));
    wait_for("no request came", || !twochat.requests().is_empty());
    assert_eq!(agent.interrupted(), Some(130));
    assert_eq!(ends_in_log(&log), ["the call was given up before it ended"]);

    for words in [&["mock"][..], &["mcp"]] {
        let child = spawned(command(words, &asking(&twochat.base_url())));
        thread::sleep(Duration::from_millis(700));
        assert_eq!(said(&interrupted(child)), "twochat: interrupted\n", "{words:?}");
    }
}

#[test]
fn arguments_that_never_end_are_no_reason_to_stay() {
    let settings = asking("http://127.0.0.1:1/open");
    let child = spawned(command(&["call", "list-contacts", "-"], &settings));
    thread::sleep(Duration::from_millis(700));
    said(&interrupted(child));
}
