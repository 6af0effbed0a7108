//! Calls that take their time: how an agent hears of them, gives them up, and
//! has many of them at once.

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::agent::{Agent, notification, request, twochat};
use crate::support::raw::{Raw, Step};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                      content-length: 30\r\n\r\n{\"success\":true,\"webhooks\":[]}";

fn call(id: impl Into<Value>, token: Option<&str>) -> Value {
    let mut params = json!({ "name": "list-webhook-subscriptions", "arguments": {} });
    if let Some(token) = token {
        params["_meta"] = json!({ "progressToken": token });
    }
    request(id, "tools/call", params)
}

fn is_good(answer: &Value) {
    assert_eq!(answer["result"]["structuredContent"], json!({ "subscriptions": [] }), "{answer}");
}

/// Steps that answer after so many milliseconds.
fn after(milliseconds: u64) -> Vec<Step> {
    vec![Step::Pause(Duration::from_millis(milliseconds)), Step::Send(ANSWER.into())]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_asks_for_progress_hears_each_second_of_a_call() {
    let slow = Raw::replying(after(3300)).await;
    let agent = Agent::of(&slow.base_url());
    agent.say(&call(1, Some("a token")));
    let mut progress = Vec::new();
    let answer = loop {
        let message = agent.hear();
        if message["id"] == 1 {
            break message;
        }
        assert_eq!(message["method"], "notifications/progress", "{message}");
        assert_eq!(message["params"]["progressToken"], "a token", "{message}");
        assert!(message["params"]["message"].as_str().unwrap().ends_with(" s"), "{message}");
        progress.push(message["params"]["progress"].as_f64().unwrap());
    };
    is_good(&answer);
    assert!((2..=4).contains(&progress.len()), "{progress:?}");
    assert!(progress.is_sorted_by(|before, after| before < after), "{progress:?}");
    assert_eq!(agent.leave(), [] as [Value; 0]);

    let agent = Agent::of(&slow.base_url());
    agent.say(&call(2, None));
    is_good(&agent.hear());
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test]
async fn no_progress_comes_after_the_result() {
    let twochat = twochat().await;
    let agent = Agent::of(&twochat.base_url());
    // Many, because the two would meet by chance.
    let mut waiting: HashSet<String> = (0..1500).map(|id| id.to_string()).collect();
    for id in &waiting {
        agent.say(&call(id.as_str(), Some(id)));
    }
    while !waiting.is_empty() {
        let message = agent.hear();
        match message["params"]["progressToken"].as_str() {
            Some(token) => assert!(waiting.contains(token), "too late: {message}"),
            None => assert!(waiting.remove(message["id"].as_str().unwrap()), "{message}"),
        }
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

/// A server that does not answer its first request, and tells when that came
/// and when its connection was closed. Later ones it answers.
fn hanging() -> (String, Receiver<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/open", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (mut stream, tell) = (stream.unwrap(), tell.clone());
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                if number > 0 {
                    let _ = stream.read(&mut bytes);
                    let _ = stream.write_all(ANSWER.as_bytes());
                    return;
                }
                assert!(stream.read(&mut bytes).unwrap() > 0);
                tell.send("asked").unwrap();
                while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
                // Whoever waited for it may have gone.
                let _ = tell.send("closed");
            });
        }
    });
    (base, told)
}

#[test]
fn a_call_that_is_cancelled_ends_its_request_and_is_not_answered() {
    // Longer than a message takes, shorter than any timeout of a request.
    let soon = Duration::from_secs(5);
    for id in [json!(7), json!("seven")] {
        let (base, told) = hanging();
        let mut agent = Agent::of(&base);
        agent.say(&call(id.clone(), None));
        assert_eq!(told.recv_timeout(soon), Ok("asked"));
        agent.is_served();
        agent.say(&notification("notifications/cancelled", json!({ "requestId": "another" })));
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err(), "the wrong one ended");
        for _ in 0..2 {
            let reason = json!({ "requestId": id, "reason": "no longer needed" });
            agent.say(&notification("notifications/cancelled", reason));
        }
        assert_eq!(told.recv_timeout(soon), Ok("closed"));
        let result = agent.call("list-webhook-subscriptions", json!({}));
        assert_eq!(result["structuredContent"], json!({ "subscriptions": [] }), "{result}");
        assert_eq!(agent.leave(), [] as [Value; 0]);
    }
}

#[test]
fn a_call_that_is_cancelled_does_not_keep_the_process_when_the_input_ends() {
    let (base, told) = hanging();
    let agent = Agent::of(&base);
    agent.say(&call(1, Some("a token")));
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("asked"));
    let begun = Instant::now();
    agent.say(&notification("notifications/cancelled", json!({ "requestId": 1 })));
    agent.leave();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("closed"));
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_each_answered_with_their_own_id() {
    let twochat = twochat().await;
    let agent = Agent::of(&twochat.base_url());
    let id_of = |page: u64| if page < 50 { json!(page) } else { json!(format!("page {page}")) };
    for page in 0..100 {
        let arguments = json!({ "page-number": page });
        let params = json!({ "name": "list-contacts", "arguments": arguments });
        agent.say(&request(id_of(page), "tools/call", params));
    }
    let mut pages = HashSet::new();
    for _ in 0..100 {
        let answer = agent.hear();
        let page = answer["result"]["structuredContent"]["page-number"].as_u64().unwrap();
        assert_eq!(answer["id"], id_of(page), "{answer}");
        assert!(pages.insert(page), "{page} was answered twice");
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
    assert_eq!(twochat.requests().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_do_not_wait_for_each_other() {
    let slow = Raw::replying(after(1500)).await;
    let agent = Agent::of(&slow.base_url());
    let begun = Instant::now();
    (0..10).for_each(|id| agent.say(&call(id, None)));
    (0..10).for_each(|_| is_good(&agent.hear()));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    agent.leave();
}
