//! What is done with a result after the guest has ended is bounded as well: no answer
//! takes the host down, holds up others, or takes much memory.

use std::time::{Duration, Instant};

use mock::Reply;
use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request},
    shell::twochat_with,
};

/// A webhook whose one parameter is this text.
fn reply(text: &str) -> Reply {
    Reply::json(
        200,
        json!({ "success": true, "webhooks": [{
            "uuid": "WHK1", "event_name": "x", "hook_url": "https://example.com",
            "hook_params": { "a": text },
        }] }),
    )
}

/// JSON inside a text inside JSON, so many times: each layer doubles what is escaped.
fn nested(layers: usize) -> String {
    (0..layers).fold(json!([1]).to_string(), |text, _| json!([text]).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_takes_the_server_down_or_holds_up_a_ping() {
    let flood = format!("[{}1]", "1,".repeat(900_000));
    let escaped = format!("[{}1]", "\\u0031,".repeat(100_000));
    let twochat = twochat_with(0).await;
    for (what, text) in [("layers", nested(19)), ("a flood", flood), ("escapes", escaped)] {
        twochat.answer_with(reply(&text));
        let mut agent = Agent::of(&twochat.base_url());
        for id in 0..16 {
            let params = json!({ "name": "list-webhook-subscriptions", "arguments": {} });
            agent.say(&request(id, "tools/call", params));
        }
        agent.say(&request("ping", "ping", json!({})));
        let (begun, mut answered) = (Instant::now(), 0);
        let mut pinged = None;
        while answered < 16 || pinged.is_none() {
            let message = agent.hear();
            if message["id"] == "ping" {
                pinged = Some(begun.elapsed());
                assert_eq!(message["result"], json!({}), "{what}");
            } else {
                answered += 1;
                assert!(message["result"]["content"][0]["text"].is_string(), "{what}");
            }
        }
        assert!(pinged.unwrap() < Duration::from_secs(1), "{what}: {pinged:?}");
        if let Some(peak) = agent.peak_megabytes() {
            assert!(peak < 400, "{what}: {peak} MB");
        }
        agent.is_served();
        assert_eq!(agent.leave(), [] as [Value; 0]);
    }
}
