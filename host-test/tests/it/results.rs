//! What is done with a result after the guest has ended is bounded as well: no answer
//! takes the host down, holds up others, or takes much memory.

use std::time::{Duration, Instant};

use mock::Reply;
use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request},
    shell::twochat_with,
};

/// Longer than anything takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many are under way at once.
const CALLS: usize = 64;

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
        for id in 0..CALLS {
            let params = json!({ "name": "list-webhook-subscriptions", "arguments": {} });
            agent.say(&request(id, "tools/call", params));
        }
        let (mut answered, mut waits) = (0, Vec::new());
        for ping in 0.. {
            if answered == CALLS {
                break;
            }
            let id = format!("ping {ping}");
            agent.say(&request(id.as_str(), "ping", json!({})));
            let begun = Instant::now();
            // Not read as JSON, which would take longer than all else.
            let pong = json!({ "jsonrpc": "2.0", "id": id, "result": {} }).to_string();
            while agent.line_within(PATIENCE).unwrap() != pong {
                answered += 1;
            }
            waits.push(begun.elapsed());
        }
        // A few may wait for longer where other work is on the machine, and each behind the
        // megabytes that were written before it.
        waits.sort();
        let (most, slowest) = (waits[waits.len() * 9 / 10], waits[waits.len() - 1]);
        eprintln!("{what}: {} pings, nine of ten within {most:?}, all {slowest:?}", waits.len());
        assert!(most < Duration::from_millis(500), "{what}: {most:?}");
        if let Some(peak) = agent.peak_megabytes() {
            assert!(peak < 400, "{what}: {peak} MB");
        }
        agent.is_served();
        assert_eq!(agent.leave(), [] as [Value; 0]);
    }
}
