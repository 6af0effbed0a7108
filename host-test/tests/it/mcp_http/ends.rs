//! How it ends: what is under way does first, and nothing more is taken.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Policy;
use crate::support::{
    agent::request,
    raw::{Raw, Step},
    remote::Served,
    shell::{asking, file},
};

const NO_CONTACTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{\"success\":true,\"contacts\":[]}";

async fn slow(time: Duration) -> Raw {
    Raw::replying(vec![Step::Pause(time), Step::Send(NO_CONTACTS.into())]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_end_before_it_does_and_are_written_down() {
    for signal in [Signal::INT, Signal::TERM] {
        let twochat = slow(Duration::from_secs(5)).await;
        let policy = Policy::of(&format!("end-{signal:?}"), &twochat.base_url());
        let served = policy.served();
        let agent = served.agent(Some(&policy.reader));
        // A stream on which nothing comes holds nothing up.
        let listen = format!(
            "GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\
             mcp-session-id: {}\r\nauthorization: Bearer {}\r\n\r\n",
            agent.session, policy.reader
        );
        let stream = served.connected(listen.as_bytes());
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "HTTP/1.1 200 OK");
        let begun = thread::scope(|scope| {
            let calls: Vec<_> =
                (0..3).map(|_| scope.spawn(|| agent.call("list-contacts", json!({})))).collect();
            thread::sleep(Duration::from_secs(2));
            served.signal(signal);
            let begun = Instant::now();
            thread::sleep(Duration::from_secs(1));
            assert!(TcpStream::connect(served.address).is_err(), "it takes more");
            for call in calls {
                let result = call.join().unwrap();
                assert_ne!(result["isError"], true, "{result}");
            }
            begun
        });
        assert_eq!(served.ended(), (Some(0), String::new()));
        assert!((1..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        let ends: Vec<_> = policy
            .log()
            .into_iter()
            .filter(|line| line["event"] == "finished" && !line["result"].is_null())
            .collect();
        assert_eq!(ends.len(), 3, "{:?}", policy.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_again_gives_up_what_is_under_way() {
    let twochat = Raw::replying(vec![Step::Hang]).await;
    let log = file("http-given-up.jsonl", b"");
    let served = Served::with(&["--audit", log.to_str().unwrap()], &asking(&twochat.base_url()));
    let agent = served.agent(None);
    let call = request(9, "tools/call", json!({ "name": "list-contacts" })).to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-session-id: {}\r\n\
         content-length: {}\r\n\r\n{call}",
        agent.session,
        call.len()
    );
    let _waits = served.connected(head.as_bytes());
    thread::sleep(Duration::from_secs(2));
    served.signal(Signal::INT);
    thread::sleep(Duration::from_secs(1));
    served.signal(Signal::INT);
    assert_eq!(served.ended(), (Some(130), "twochat: interrupted\n".to_owned()));
    let text = fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_calls_ends_at_once() {
    let twochat = slow(Duration::ZERO).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let _agent = served.agent(None);
    let _idle = served.connected(b"");
    let begun = Instant::now();
    served.signal(Signal::INT);
    assert_eq!(served.ended(), (Some(0), String::new()));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
