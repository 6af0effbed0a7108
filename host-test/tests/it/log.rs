//! The log under load: many programs write to one, none loses a call, and what was
//! written can be read.

use std::{fs, io::Write, time::Instant};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request},
    shell::{asking, fed, folder, run, twochat_with},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_programs_write_to_one_log_and_every_call_of_theirs_ends_in_it() {
    const PROGRAMS: usize = 16;
    const CALLS: usize = 40;
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

#[test]
fn the_last_call_of_a_long_log_is_there_at_once() {
    let log = folder("log-that-is-long").join("audit.jsonl");
    let mut file = std::io::BufWriter::new(fs::File::create(&log).unwrap());
    let arguments = "x".repeat(1000);
    for n in 0..200_000 {
        let time = "2026-11-25T03:00:00.000Z";
        let started = json!({
            "time": time, "id": n.to_string(), "event": "started", "user": "0",
            "action": "list-contacts", "arguments": { "n": n, "x": arguments },
        });
        writeln!(file, "{started}").unwrap();
        let ended = json!({
            "time": time, "id": n.to_string(), "event": "finished", "result": n,
            "statuses": [200], "retries": 0, "milliseconds": 1, "fuel": 1, "bytes": 1,
        });
        writeln!(file, "{ended}").unwrap();
    }
    file.flush().unwrap();
    let begun = Instant::now();
    let last = run(&["audit", log.to_str().unwrap(), "--last", "1", "--output", "jsonl"], &[]);
    let last: Value = last.output().parse().unwrap();
    assert_eq!(last["result"], 199_999);
    assert!(begun.elapsed().as_millis() < 1000, "{:?}", begun.elapsed());
    fs::remove_file(log).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_shows_the_log_is_not_steered() {
    let twochat = twochat_with(0).await;
    let log = folder("log-that-steers").join("audit.jsonl");
    let name = log.to_str().unwrap();
    let mut agent = Agent::with(&twochat.base_url(), &["--audit", name]);
    let odd = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\nz é 世界";
    let arguments = json!({ odd: odd });
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
    assert_eq!(calls[1]["arguments"][odd], odd);
}
