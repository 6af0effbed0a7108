//! An agent that asks for more than it may, or does not read: what is under way is
//! bounded, and whoever is served beside it notices little.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request, twochat},
    raw::{Raw, Step},
    shell::twochat_with,
};

/// The memory that the server may take at most.
const MEGABYTES: u64 = 400;

/// A call with so many bytes of arguments, each of which is large once it is read.
fn large(id: usize, bytes: usize) -> Value {
    let arguments = json!({ "page-number": vec![[0]; bytes / 4] });
    request(id, "tools/call", json!({ "name": "list-contacts", "arguments": arguments }))
}

fn call(id: impl Into<Value>) -> Value {
    request(id, "tools/call", json!({ "name": "list-contacts", "arguments": {} }))
}

fn is_small(agent: &Agent) {
    takes_less_than(MEGABYTES, agent);
}

fn takes_less_than(most: u64, agent: &Agent) {
    if let Some(peak) = agent.peak_megabytes() {
        eprintln!("{peak} MB");
        assert!(peak < most, "{peak} MB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn megabytes_of_calls_are_read_as_they_are_answered() {
    let twochat = twochat().await;
    let agent = Agent::of(&twochat.base_url());
    for id in 0..120 {
        agent.send(format!("{}\n", large(id, 270_000)));
    }
    let answered: HashSet<_> = (0..120).map(|_| agent.hear()["id"].as_u64().unwrap()).collect();
    assert_eq!(answered.len(), 120);
    is_small(&agent);
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn megabytes_of_calls_that_wait_for_a_server_take_no_more() {
    let server = Raw::replying(vec![Step::Hang]).await;
    let agent = Agent::of(&server.base_url());
    for id in 0..32 {
        agent.say(&call(id));
    }
    for id in 100..400 {
        agent.send(format!("{}\n", large(id, 270_000)));
    }
    std::thread::sleep(Duration::from_secs(3));
    is_small(&agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_reads_nothing_is_not_read_on_and_misses_no_answer() {
    let twochat = twochat().await;
    let agent = Agent::of(&twochat.base_url());
    agent.pause();
    let pings: String =
        (0..100_000).map(|id| format!("{}\n", request(id, "ping", json!({})))).collect();
    agent.send(pings);
    std::thread::sleep(Duration::from_secs(2));
    takes_less_than(120, &agent);
    agent.resume();
    let answered: HashSet<_> = (0..100_000).map(|_| agent.hear()["id"].as_u64().unwrap()).collect();
    assert_eq!(answered.len(), 100_000);
    takes_less_than(120, &agent);
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_is_taken_once_at_a_time() {
    let slow = Raw::replying(vec![Step::Pause(Duration::from_secs(2)), Step::Close]).await;
    let agent = Agent::with(&slow.base_url(), &["--no-retry"]);
    for _ in 0..200 {
        agent.say(&call("same"));
    }
    for _ in 0..199 {
        let refused = agent.hear();
        assert_eq!(refused["id"], Value::Null, "{refused}");
        let words = refused["error"]["message"].as_str().unwrap();
        assert_eq!(words, "a request with the id `same` is still under way");
    }
    assert_eq!(agent.hear()["id"], "same");
    // Afterwards it is free again.
    agent.say(&request("same", "ping", json!({})));
    assert_eq!(agent.hear()["id"], "same");
    assert_eq!(slow.requests().len(), 1);
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_while_64_calls_hang_or_are_hard_to_read() {
    let server = Raw::replying(vec![Step::Hang]).await;
    let mut agent = Agent::of(&server.base_url());
    for id in 0..64 {
        agent.say(&if id % 2 == 0 { call(id) } else { large(id, 20_000) });
    }
    // Those that get a turn are told what is wrong; the others wait.
    while agent.hear_within(Duration::from_secs(2)).is_ok() {}
    for _ in 0..5 {
        let begun = Instant::now();
        agent.is_served();
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    is_small(&agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_the_input_ends_is_answered() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{\"success\":true,\"contacts\":[]}";
    let slow =
        Raw::replying(vec![Step::Pause(Duration::from_secs(7)), Step::Send(reply.into())]).await;
    let agent = Agent::of(&slow.base_url());
    for id in 0..3 {
        agent.say(&call(id));
    }
    let begun = Instant::now();
    let answers = agent.leave();
    assert!(answers.iter().all(|answer| answer["result"]["isError"] != true), "{answers:?}");
    assert_eq!(answers.len(), 3);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_asked_for_much_and_never_reads_it_is_left_in_the_time_of_its_calls() {
    let twochat = twochat_with(100).await;
    let agent = Agent::of(&twochat.base_url());
    agent.pause();
    for id in 0..100 {
        agent.say(&call(id));
    }
    let begun = Instant::now();
    assert_eq!(agent.ended(Duration::from_secs(90)), Some(0));
    assert!(begun.elapsed() > Duration::from_secs(50), "its answers were not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_does_not_end_is_answered_once_and_not_held() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    for _ in 0..50 {
        agent.send("x".repeat(4 << 20));
    }
    let refused = agent.hear();
    assert_eq!(refused["error"]["message"], "the message is larger than 4 MiB");
    agent.send("\n");
    agent.is_served();
    let many = large(1, 2_000_000).to_string();
    agent.send(many + "\n");
    let refused = agent.hear();
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(words.starts_with("the message has too many parts"), "{refused}");
    takes_less_than(100, &agent);
    assert_eq!(agent.leave(), [] as [Value; 0]);
}
