//! The log of calls: written before and after each, or the call is not made.

use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock};
use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, notification, request},
    new_contact,
    shell::{
        CANARY, Run, asking, command, ended, file, folder, output, program, run, twochat_with,
    },
};

/// A log of its own for a test.
fn log(test: &str) -> PathBuf {
    folder(&format!("audit-{test}")).join("audit.jsonl")
}

fn call(twochat: &Mock, log: &Path, words: &[&str]) -> Run {
    let audit = ["--audit", log.to_str().unwrap()];
    run(&[&["call"], words, &audit].concat(), &asking(&twochat.base_url()))
}

fn lines(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap();
    assert!(!text.contains("canary"), "the key is in the log: {text}");
    text.lines().map(|line| line.parse().unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// What `twochat audit` says of the log, as lines of JSON.
fn shown(log: &Path, words: &[&str]) -> Vec<Value> {
    let audit = ["audit", log.to_str().unwrap(), "--output", "jsonl"];
    let run = run(&[&audit, words].concat(), &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout.lines().map(|line| line.parse().unwrap()).collect()
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A call that hangs at the server, and is seen to.
fn hanging(twochat: &Mock, log: &Path) -> Child {
    twochat.switch_on(Fault::Hang);
    let before = twochat.requests().len();
    let words = ["call", "list-contacts", "--audit", log.to_str().unwrap()];
    let mut command = command(&words, &asking(&twochat.base_url()));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("no request came", || twochat.requests().len() > before);
    child
}

#[tokio::test]
async fn a_call_is_written_down_when_it_begins_and_when_it_has_ended() {
    let (twochat, log) = (twochat_with(2).await, log("both"));
    call(&twochat, &log, &["list-contacts", "--page-number", "0", "--prompt", "who is there?"])
        .result();
    let lines = lines(&log);
    let [started, finished] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&started["event"], &finished["event"]), (&json!("started"), &json!("finished")));
    assert_eq!(started["id"], finished["id"]);
    assert_eq!(started["action"], "list-contacts");
    assert_eq!(started["arguments"], json!({ "page-number": 0 }));
    assert_eq!(started["prompt"], "who is there?");
    assert_eq!(started["server"], twochat.base_url());
    assert!(started["time"].as_str().unwrap().ends_with('Z'), "{started}");
    assert_eq!(finished["statuses"], json!([200]));
    assert_eq!(finished["retries"], 0);
    assert_eq!(finished["result"]["contacts"].as_array().unwrap().len(), 2);
    assert!(finished["fuel"].as_u64().unwrap() > 10_000, "{finished}");
    assert!(finished["bytes"].as_u64().unwrap() > 500, "{finished}");
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn errors_and_repeated_tries_are_written_down_as_they_were() {
    let (twochat, log) = (twochat_with(0).await, log("errors"));
    twochat.switch_on(Fault::Status(500));
    call(&twochat, &log, &["list-contacts"]).error();
    twochat.clear();
    twochat.switch_on(Fault::Html504);
    call(&twochat, &log, &["create-contact", &new_contact().to_string()]).error();
    let calls = shown(&log, &[]);
    let [read, create] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((&read["statuses"], &read["retries"]), (&json!([500, 500, 500, 500]), &json!(3)));
    assert_eq!((&create["statuses"], &create["retries"]), (&json!([504]), &json!(0)));
    assert_eq!(create["error"]["carried-out"], "perhaps");
    assert!(create.get("result").is_none(), "{create}");
}

#[tokio::test]
async fn what_is_refused_before_anything_is_sent_is_written_down_as_well() {
    let (twochat, log) = (twochat_with(0).await, log("refused"));
    call(&twochat, &log, &["list-contacts", "--results-per-page", "0"]).error();
    call(&twochat, &log, &["list-contacts", r#"{"nope": 1}"#]).message(2);
    let calls = shown(&log, &[]);
    assert_eq!(calls[0]["error"]["kind"], "invalid-input");
    assert_eq!(calls[1]["error"]["kind"], "not-called");
    let why = calls[1]["error"]["message"].as_str().unwrap();
    assert!(why.starts_with("nope: there is no such field"), "{why}");
    assert!(calls.iter().all(|call| call["statuses"] == json!([])), "{calls:?}");
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_call_that_is_cut_off_was_written_down_before_it_was_sent() {
    let (twochat, log) = (twochat_with(1).await, log("cut"));
    let mut child = hanging(&twochat, &log);
    assert_eq!(lines(&log).len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    twochat.clear();
    call(&twochat, &log, &["list-contacts"]).result();
    assert_eq!(shown(&log, &[]).len(), 2);
    let unknown = shown(&log, &["--end", "unknown"]);
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].get("statuses").is_none(), "{unknown:?}");
}

#[tokio::test]
async fn a_line_that_was_cut_off_takes_no_other_with_it() {
    let (twochat, log) = (twochat_with(1).await, log("torn"));
    call(&twochat, &log, &["list-contacts"]).result();
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(br#"{"time":"2026-01-01T00:00:00.000Z","id":"x","event":"star"#).unwrap();
    call(&twochat, &log, &["test-api-key"]).result();
    let run = run(&["audit", log.to_str().unwrap(), "--output", "jsonl"], &[]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 2), "{run:?}");
    assert!(run.stderr.ends_with("cut off: 1\n"), "{run:?}");
}

#[tokio::test]
async fn without_a_log_that_can_be_written_no_call_is_made() {
    let twochat = twochat_with(0).await;
    let folder = folder("audit-unusable");
    let open = folder.join("open.jsonl");
    fs::write(&open, "").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
    let behind = folder.join("behind");
    fs::create_dir_all(behind.join("inside")).unwrap();
    fs::set_permissions(&behind, fs::Permissions::from_mode(0o777)).unwrap();
    let chmod = format!("`chmod go-w {}`", behind.display());
    for (log, why) in [
        (folder.join("missing/audit.jsonl"), "No such file"),
        (folder.clone(), "directory"),
        (open, "others may write to it"),
        (behind.join("inside/audit.jsonl"), &chmod),
    ] {
        let run = call(&twochat, &log, &["list-contacts"]);
        let message = run.message(3);
        assert!(message.contains(why) && message.contains("Nothing was sent"), "{message}");
    }
    assert_eq!(twochat.requests(), []);
}

/// So large may a file grow in `call_with_room`.
const FULL: u64 = 16 << 20;

/// Runs a call with room for so many more bytes in the log, as on a full disk.
fn call_with_room(twochat: &Mock, log: &Path, bytes: u64) -> Run {
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(log).unwrap();
    file.set_len(FULL - bytes - 1).unwrap();
    file.write_all(b"\n").unwrap();
    let blocks = FULL / 512;
    let script = "exec twochat call list-contacts --audit";
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; {script} '{}'", log.display());
    ended(output(program("sh", &asking(&twochat.base_url())).args(["-c", &script])))
}

#[tokio::test]
async fn on_a_full_disk_no_call_is_made() {
    let (twochat, log) = (twochat_with(0).await, log("full"));
    let run = call_with_room(&twochat, &log, 100);
    let message = run.message(3);
    assert!(message.contains("too large") && message.contains("Nothing was sent"), "{message}");
    assert_eq!(twochat.requests(), []);
    // With room again the next one begins a line of its own.
    call(&twochat, &log, &["list-contacts"]).result();
    assert_eq!(shown(&log, &[]).len(), 1);
}

#[tokio::test]
async fn a_disk_that_is_full_when_a_call_has_ended_leaves_it_as_one_that_began() {
    let (twochat, log) = (twochat_with(3).await, log("filled"));
    let run = call_with_room(&twochat, &log, 500);
    let message = run.message(3);
    assert!(message.contains("the call was made, but the log cannot be written"), "{message}");
    assert_eq!(twochat.requests().len(), 1);
    call(&twochat, &log, &["list-contacts"]).result();
    assert_eq!((shown(&log, &["--end", "unknown"]).len(), shown(&log, &[]).len()), (1, 2));
}

#[tokio::test]
async fn the_key_is_never_in_the_log_wherever_it_turns_up() {
    let (twochat, log) = (twochat_with(0).await, log("key"));
    let text = format!("is {CANARY} the key?");
    let contact =
        json!({ "first-name": CANARY, "details": [{ "kind": "address", "value": text }] });
    // The run itself proves that it is not shown.
    call(&twochat, &log, &["create-contact", &contact.to_string(), "--prompt", &text]).result();
    call(&twochat, &log, &["list-contacts", &json!({ CANARY: CANARY }).to_string()]).message(2);
    let calls = shown(&log, &[]);
    assert_eq!(calls[0]["prompt"], "is [key] the key?");
    assert_eq!(calls[0]["arguments"]["first-name"], "[key]");
    lines(&log);
}

#[tokio::test]
async fn an_agents_calls_are_written_down_with_what_it_was_told_and_when_it_gave_up() {
    let (twochat, log) = (twochat_with(1).await, log("agent"));
    let mut agent = Agent::with(&twochat.base_url(), &["--audit", log.to_str().unwrap()]);
    let meta = json!({ "prompt": "list them" });
    let asked = json!({ "name": "list-contacts", "arguments": {}, "_meta": meta });
    agent.ask("tools/call", asked);
    twochat.switch_on(Fault::Hang);
    let asked = json!({ "name": "list-contacts", "arguments": {} });
    agent.say(&request("gone", "tools/call", asked));
    wait_until("no request came", || twochat.requests().len() == 2);
    agent.say(&notification("notifications/cancelled", json!({ "requestId": "gone" })));
    wait_until("it is not written down", || lines(&log).len() == 4);
    let calls = shown(&log, &[]);
    assert_eq!(calls[0]["prompt"], "list them");
    assert_eq!(calls[1]["error"], "the call was given up before it ended");
    assert_eq!(shown(&log, &["--end", "stopped"]).len(), 1);
}

#[tokio::test]
async fn calls_at_the_same_time_leave_whole_lines() {
    let (twochat, log) = (twochat_with(3).await, log("together"));
    let base = twochat.base_url();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let words = ["call", "list-contacts", "--audit", log.to_str().unwrap()];
                run(&words, &asking(&base)).result();
            });
        }
    });
    assert_eq!(lines(&log).len(), 16);
    let calls = shown(&log, &[]);
    assert!(calls.len() == 8 && calls.iter().all(|call| call["result"].is_object()), "{calls:?}");
}

#[tokio::test]
async fn the_log_is_shown_as_a_table_and_filtered() {
    let (twochat, log) = (twochat_with(3).await, log("shown"));
    call(&twochat, &log, &["list-contacts"]).result();
    call(&twochat, &log, &["test-api-key"]).result();
    twochat.switch_on(Fault::Status(402));
    call(&twochat, &log, &["list-contacts"]).error();
    let count = |words: &[&str]| shown(&log, words).len();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--action", "list-contacts"]), 2);
    assert_eq!(count(&["--failed"]), 1);
    assert_eq!(count(&["--end", "quota-exhausted"]), 1);
    assert_eq!(count(&["--end", "ok", "--last", "1"]), 1);
    let table = run(&["audit", log.to_str().unwrap()], &[]);
    let text = table.output();
    for said in ["quota-exhausted", "test-api-key", "[402]", "milliseconds"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let csv = run(&["audit", log.to_str().unwrap(), "--output", "csv"], &[]);
    let mut rows = csv::Reader::from_reader(csv.output().as_bytes());
    assert_eq!(rows.records().map(Result::unwrap).count(), 3);
    let missing = run(&["audit", "missing.jsonl"], &[]);
    assert!(missing.message(3).contains("missing.jsonl cannot be read"), "{missing:?}");
}

/// Three ways to be stopped.
const HOSTILE: &str = r#"(component
    (core module $code
        (memory 1)
        (func (export "spin") (loop $again (br $again)))
        (func (export "grow") (loop $again
            (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable)
        (func (export "trap") unreachable))
    (core instance $code (instantiate $code))
    (func $spin (canon lift (core func $code "spin")))
    (func $grow (canon lift (core func $code "grow")))
    (func $trap (canon lift (core func $code "trap")))
    (instance $actions (export "spin" (func $spin)) (export "grow" (func $grow))
        (export "trap" (func $trap)))
    (export "test:hostile/actions" (instance $actions)))"#;

#[tokio::test]
async fn a_component_that_is_stopped_is_named_with_the_limit_that_it_met() {
    let (twochat, log) = (twochat_with(0).await, log("hostile"));
    let component = file("hostile.wasm", &wat::parse_str(HOSTILE).unwrap());
    let component = ["--component", component.to_str().unwrap()];
    for (action, expected) in
        [("spin", "it used up its fuel"), ("grow", "memory"), ("trap", "the component trapped: ")]
    {
        let run = call(&twochat, &log, &[&[action], &component[..]].concat());
        assert!(run.message(3).contains(expected), "{run:?}");
    }
    let stopped = shown(&log, &["--end", "stopped"]);
    for (call, action) in stopped.iter().zip(["spin", "grow", "trap"]) {
        assert_eq!(call["action"], action);
        assert!(call["error"].as_str().unwrap().starts_with("the component "), "{call}");
    }
    assert_eq!(stopped.len(), 3);
    assert!(twochat.requests().is_empty());
}

#[test]
fn an_agent_whose_calls_cannot_be_written_down_is_not_served() {
    let folder = folder("audit-agent");
    let run = run(&["mcp", "--audit", folder.to_str().unwrap()], &[]);
    assert!(run.message(3).contains("cannot be used: "), "{run:?}");
}
