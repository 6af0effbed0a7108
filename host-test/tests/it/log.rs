//! The log under load: many programs write to one, none loses a call, and what was
//! written can be read.

use std::{fs, io::Write, time::Instant};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, notification, request},
    raw::{Raw, Step},
    shell::{CANARY, asking, ended, fed, folder, output, program, run, twochat_with},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_programs_write_to_one_log_and_every_call_of_theirs_ends_in_it() {
    const PROGRAMS: usize = 16;
    const CALLS: usize = 200;
    let twochat = twochat_with(0).await;
    let log = folder("log-of-many").join("audit.jsonl");
    let log = log.to_str().unwrap();
    let agents: Vec<_> =
        (0..PROGRAMS).map(|_| Agent::with(&twochat.base_url(), &["--audit", log])).collect();
    for agent in &agents {
        for id in 0..CALLS {
            let params = json!({ "name": "list-webhook-subscriptions", "arguments": {} });
            agent.say(&request(id, "tools/call", params));
        }
    }
    for agent in agents {
        for _ in 0..CALLS {
            let answer = agent.hear();
            assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
        }
        agent.leave();
    }
    let calls = run(&["audit", log, "--output", "jsonl"], &[]);
    let calls: Vec<Value> = calls.output().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(calls.len(), PROGRAMS * CALLS);
    assert!(calls.iter().all(|call| call["result"].is_object()), "one has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_too_deep_for_a_line_is_cut_and_can_be_read() {
    let twochat = twochat_with(0).await;
    let log = folder("log-of-large").join("audit.jsonl");
    let log = log.to_str().unwrap();
    let deep = format!("{{\"first-name\":{}1{}}}", "[".repeat(120), "]".repeat(120));
    let large = json!({ "first-name": "x".repeat(14 << 20), "details": [] }).to_string();
    for arguments in [deep, large] {
        let words = ["call", "create-contact", "-", "--audit", log];
        fed(&words, &asking(&twochat.base_url()), arguments.into_bytes());
    }
    assert!(fs::metadata(log).unwrap().len() < 10_000, "cut");
    let calls = run(&["audit", log, "--output", "jsonl"], &[]);
    let calls: Vec<Value> = calls.output().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(calls[0]["arguments"]["left-out"], json!({ "deeper-than": 60 }));
    assert!(calls[1]["arguments"]["left-out"]["bytes"].as_u64().unwrap() > 14 << 20);
    assert_eq!(calls[1]["arguments"]["left-out"]["sha256"].as_str().unwrap().len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_tool_that_there_is_not_is_written_down_as_well() {
    let twochat = twochat_with(0).await;
    let log = folder("log-of-unknown").join("audit.jsonl");
    let log = log.to_str().unwrap();
    let mut agent = Agent::with(&twochat.base_url(), &["--audit", log]);
    let params = json!({ "name": "delete-everything", "arguments": { "really": true } });
    assert_eq!(agent.ask("tools/call", params)["error"]["code"], -32602);
    agent.leave();
    let call: Value = run(&["audit", log, "--output", "jsonl"], &[]).output().parse().unwrap();
    assert_eq!(call["action"], "delete-everything");
    assert_eq!((&call["error"]["kind"], &call["statuses"]), (&json!("not-called"), &json!([])));
}

/// Two lines of a call that has ended.
fn ended_call(n: usize, filling: usize) -> String {
    let time = "2026-11-25T03:00:00.000Z";
    let started = json!({
        "time": time, "id": n.to_string(), "event": "started", "user": "0",
        "action": "list-contacts", "arguments": { "n": n, "x": "x".repeat(filling) },
    });
    let ended = json!({
        "time": time, "id": n.to_string(), "event": "finished", "result": n,
        "statuses": [200], "retries": 0, "milliseconds": 1, "fuel": 1, "bytes": 1,
    });
    format!("{started}\n{ended}\n")
}

#[test]
fn the_last_call_of_a_log_of_a_gigabyte_is_there_at_once_and_takes_little_memory() {
    let log = folder("log-that-is-long").join("audit.jsonl");
    let mut file = fs::File::create(&log).unwrap();
    let many: String = (0..1000).map(|n| ended_call(n, 1000)).collect();
    for _ in 0..(1 << 30) / many.len() {
        file.write_all(many.as_bytes()).unwrap();
    }
    file.write_all(ended_call(1000, 0).as_bytes()).unwrap();

    // Of memory of its own, in KiB.
    let mut bounded = program("sh", &[]);
    bounded.args(["-c", "ulimit -d 51200 && exec twochat audit \"$0\" --last 1 --output jsonl"]);
    let begun = Instant::now();
    let last = ended(output(bounded.arg(&log)));
    let time = begun.elapsed();
    fs::remove_file(log).unwrap();
    assert_eq!(last.result()["result"], 1000);
    assert!(time.as_millis() < 1000, "{time:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_shows_the_log_is_not_steered() {
    let twochat = twochat_with(0).await;
    let log = folder("log-that-steers").join("audit.jsonl");
    let name = log.to_str().unwrap();
    let mut agent = Agent::with(&twochat.base_url(), &["--audit", name]);
    let odd = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\nz é 世界";
    let arguments = json!({ "channel-uuid": odd });
    let meta = json!({ "prompt": odd });
    for tool in [odd, "list-contacts"] {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        agent.ask("tools/call", params);
    }
    agent.leave();
    let text = std::fs::read_to_string(&log).unwrap();
    let steers = |c: char| {
        c != '\n' && c.is_control() || "\u{61c}\u{200f}\u{202e}\u{2066}\u{2028}".contains(c)
    };
    assert!(!text.contains(steers), "{text:?}");
    let calls = run(&["audit", name, "--output", "jsonl"], &[]);
    let calls: Vec<Value> =
        calls.output().split_terminator('\n').map(|line| line.parse().unwrap()).collect();
    assert_eq!((calls[0]["action"].as_str(), &calls[1]["prompt"]), (Some(odd), &json!(odd)));
    assert_eq!(calls[1]["arguments"]["channel-uuid"], odd);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_given_as_a_name_is_not_written_down() {
    let twochat = twochat_with(0).await;
    let log = folder("log-of-key").join("audit.jsonl");
    let log = log.to_str().unwrap();
    let agent = Agent::with(&twochat.base_url(), &["--audit", log]);
    for params in [
        json!({ "name": CANARY, "arguments": {} }),
        json!({ "name": "list-contacts", "arguments": { format!("page-numbr{CANARY}"): 1 } }),
        json!({ "name": "list-contacts", "arguments": { "page-number": CANARY } }),
    ] {
        agent.say(&request("k", "tools/call", params));
        // What it said itself may be said back to it.
        agent.raw_line();
    }
    assert!(!fs::read_to_string(log).unwrap().contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_before_its_turn_is_written_down_as_well() {
    let server = Raw::replying(vec![Step::Hang]).await;
    let log = folder("log-of-cancelled").join("audit.jsonl");
    let name = log.to_str().unwrap();
    let agent = Agent::with(&server.base_url(), &["--audit", name]);
    for id in 0..64 {
        let params = json!({ "name": "list-webhook-subscriptions", "arguments": {} });
        agent.say(&request(id, "tools/call", params));
    }
    // Those first that wait for the turn of others.
    for id in (0..64).rev() {
        agent.say(&notification("notifications/cancelled", json!({ "requestId": id })));
    }
    agent.leave();
    let shown = run(&["audit", name, "--output", "jsonl"], &[]);
    let calls: Vec<Value> = shown.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(calls.len(), 64);
    let waited = calls.iter().filter(|call| call["error"]["kind"] == "refused").count();
    assert!(waited > 0 && server.requests().len() <= 64 - waited, "{waited}");
}
