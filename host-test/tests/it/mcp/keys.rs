//! Whoever puts the server's own key into what is asked for does not get it back, nor a
//! part of it. What an agent reads here is looked at for it as well.

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request, twochat},
    shell::{CANARY, asking},
};

/// The key by itself, and where a text is cut that is too long.
fn texts() -> Vec<String> {
    let before = [0, 45, 50, 55, 59, 485, 490, 495].map(|length| "x".repeat(length));
    before.iter().map(|before| format!("{before}{CANARY}")).collect()
}

fn shows_none(answer: &str) {
    let parts = (0..=CANARY.len() - 5).filter_map(|at| CANARY.get(at..at + 5));
    for part in parts {
        assert!(!answer.contains(part), "{part}: {answer}");
    }
}

#[tokio::test]
async fn a_key_in_arguments_is_shown_by_no_refusal_and_no_note() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    let agent = Agent::started(&["--toolsets", "actions,events"], &asking(&base));
    for key in texts() {
        let text = json!(key);
        for (tool, arguments) in [
            (key.as_str(), json!({})),
            ("list-contacts", json!({ &key: 1 })),
            ("list-contacts", json!({ &key: 1, "tool": key })),
            ("list-contacts", json!({ "page-number": text })),
            ("list-contacts", json!({ "results-per-page": [text] })),
            ("list-contacts", json!({ "fields": text })),
            ("list-contacts", json!({ "fields": [{ "a": text }] })),
            ("list-contacts", json!({ "channel-uuid": text })),
            ("list-contacts", json!({ format!("limit {key}"): 1 })),
            ("create-contact", json!({ &key: "+14155550123" })),
            ("create-contact", json!({ "first-name": "Ada", "details": text })),
            ("create-contact", json!({ "first-name": "Ada", "details": [{ "kind": text }] })),
            ("create-contact", json!({ "first-name": format!("{{{{{key}}}}}"), "details": [] })),
            ("create-contact", json!({ "first-name": "", "first_name": "", &key: 1 })),
            ("unsubscribe", json!({ "uuid": text })),
            ("read-event", json!({ "body": text })),
            ("read-event", json!({ "body": { &key: 1 }, "event-name": text })),
            ("test-api-key", json!({ "random_string": text, &key: text })),
        ] {
            agent.say(&request("k", "tools/call", json!({ "name": tool, "arguments": arguments })));
            shows_none(&agent.raw_line());
        }
        for (method, params) in [
            ("prompts/get", json!({ "name": key })),
            ("prompts/get", json!({ "name": "react-to-events", "arguments": { "event": key } })),
            ("prompts/get", json!({ "name": "daily-summary", "arguments": { "date": key } })),
            ("resources/read", json!({ "uri": key })),
            ("resources/read", json!({ "uri": format!("twochat://contract/{key}") })),
            (key.as_str(), json!({})),
        ] {
            agent.say(&request("k", method, params));
            shows_none(&agent.raw_line());
        }
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
}
