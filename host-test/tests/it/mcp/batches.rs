//! Several messages at once, as one version of the protocol has them; requests of no id, and
//! greetings without a name.

use std::{io::BufRead, process::Stdio, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, hello, notification, request, twochat},
    remote::{Remote, Served},
    shell::{self, asking},
};

const INVALID_REQUEST: i32 = -32600;

fn greeted(version: &str, base: &str) -> Agent {
    let mut agent = Agent::silent(base, &[]);
    let welcome = agent.ask("initialize", hello(version));
    assert_eq!(welcome["result"]["protocolVersion"], version, "{welcome}");
    agent
}

/// The answers to a batch, which are one line.
fn answers(agent: &Agent, batch: &Value) -> Vec<Value> {
    agent.say(batch);
    let answers: Value = agent.raw_line().parse().unwrap();
    answers.as_array().unwrap_or_else(|| panic!("{answers}")).clone()
}

fn ping(id: impl Into<Value>) -> Value {
    request(id, "ping", json!({}))
}

fn of_id<'a>(answers: &'a [Value], id: &Value) -> &'a Value {
    answers.iter().find(|answer| answer["id"] == *id).unwrap_or_else(|| panic!("{answers:?}"))
}

#[tokio::test]
async fn a_batch_is_answered_as_one_where_there_are_batches() {
    let twochat = twochat().await;
    let mut agent = greeted("2025-03-26", &twochat.base_url());
    let call = request("c", "tools/call", json!({ "name": "list-contacts", "arguments": {} }));
    let batch = json!([ping(1), notification("notifications/initialized", json!({})), call, 5]);
    let told = answers(&agent, &batch);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(of_id(&told, &json!(1))["result"], json!({}));
    assert_eq!(of_id(&told, &json!("c"))["result"]["isError"], false, "{told:?}");
    assert_eq!(of_id(&told, &Value::Null)["error"]["code"], INVALID_REQUEST, "{told:?}");
    // More calls than have a turn at the same time.
    let call = |id: i32| request(id, "tools/call", json!({ "name": "list-contacts" }));
    let told = answers(&agent, &(0..80).map(call).collect());
    assert_eq!(told.len(), 80);
    assert!(told.iter().all(|answer| answer["result"]["isError"] == false), "{told:?}");
    // One id twice, of which one is taken.
    let told = answers(&agent, &json!([ping(7), ping(7)]));
    assert_eq!(told.iter().filter(|answer| answer["id"] == 7).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|answer| answer["id"].is_null()).count(), 1, "{told:?}");
    // What asks for nothing gets nothing.
    agent.say(&json!([notification("notifications/initialized", json!({}))]));
    let cancelled = notification("notifications/cancelled", json!({ "requestId": 9 }));
    agent.say(&json!([cancelled]));
    agent.is_served();
    let many: Value = (0..101).map(ping).collect();
    for (batch, why) in [(json!([]), "is empty"), (many, "more than 100 messages")] {
        agent.say(&batch);
        let refused = agent.hear();
        assert_eq!(refused["error"]["code"], INVALID_REQUEST, "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test]
async fn a_batch_is_refused_once_where_there_are_none() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    for version in ["2024-11-05", "2025-06-18", "2025-11-25", ""] {
        let agent = match version {
            "" => Agent::silent(&base, &[]),
            version => greeted(version, &base),
        };
        let mut agent = agent;
        agent.say(&json!([ping(1), ping(2)]));
        let line = agent.raw_line();
        let refused: Value = line.parse().unwrap();
        assert_eq!(refused["error"]["code"], INVALID_REQUEST, "{version}: {refused}");
        assert!(line.contains("\"id\":null") && line.contains("has no batches"), "{line}");
        agent.is_served();
        assert_eq!(agent.leave(), [] as [Value; 0]);
    }
}

#[tokio::test]
async fn what_is_left_of_a_batch_at_the_end_of_the_input_is_answered() {
    let twochat = twochat().await;
    let agent = greeted("2025-03-26", &twochat.base_url());
    let call = |id: i32| request(id, "tools/call", json!({ "name": "test-api-key" }));
    agent.say(&(0..20).map(call).collect());
    agent.send("[");
    let served = agent.ended(Duration::from_secs(30));
    assert_eq!((served, twochat.requests().len()), (Some(0), 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_batch_is_served_in_a_session_that_has_batches() {
    let twochat = twochat().await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let session = |version: &str| {
        let hello = request(0, "initialize", hello(version)).to_string();
        served.asked(&[], &hello).header("mcp-session-id").unwrap().to_owned()
    };
    let old = session("2025-03-26");
    let told = |session: &str, batch: &Value| {
        served.asked(&[("mcp-session-id", session)], &batch.to_string())
    };
    let initialized = notification("notifications/initialized", json!({}));
    assert_eq!(told(&old, &json!([initialized])).status, 202);
    let call = request("c", "tools/call", json!({ "name": "list-contacts", "arguments": {} }));
    let reply = told(&old, &json!([ping(1), call, ping(1), 5, initialized]));
    assert_eq!(reply.status, 200, "{reply:?}");
    let answers = reply.messages();
    assert_eq!(answers.len(), 4, "{answers:?}");
    assert_eq!(of_id(&answers, &json!("c"))["result"]["isError"], false, "{answers:?}");
    assert_eq!(of_id(&answers, &Value::Null)["error"]["code"], INVALID_REQUEST);
    let many = (0..60).map(|id| request(id, "tools/call", json!({ "name": "list-contacts" })));
    let answers = told(&old, &many.collect()).messages();
    assert_eq!(answers.len(), 60);
    assert!(answers.iter().all(|answer| answer["result"]["isError"] == false), "{answers:?}");

    for (accept, of_type) in
        [("*/*", "text/event-stream"), ("application/json", "application/json")]
    {
        let call =
            json!({ "name": "list-contacts", "arguments": {}, "_meta": { "progressToken": 1 } });
        let batch = json!([ping(1), request("c", "tools/call", call)]);
        let headers = [("mcp-session-id", old.as_str()), ("accept", accept)];
        let reply = served.asked(&headers, &batch.to_string());
        assert_eq!(reply.header("content-type"), Some(of_type), "{reply:?}");
        let answers = match accept {
            "*/*" => reply.messages(),
            _ => serde_json::from_str(&reply.body).unwrap(),
        };
        assert_eq!(of_id(&answers, &json!("c"))["result"]["isError"], false, "{answers:?}");
        assert_eq!(of_id(&answers, &json!(1))["result"], json!({}), "{answers:?}");
    }

    for session in [session("2025-11-25"), "none".to_owned()] {
        let reply = told(&session, &json!([ping(1), ping(2)]));
        let refused = reply.message();
        assert_eq!((reply.status, &refused["id"]), (400, &Value::Null), "{reply:?}");
        assert_eq!(refused["error"]["code"], INVALID_REQUEST, "{refused}");
    }
    Remote::of(&served, None).unwrap().ask("ping", json!({}));
}

#[tokio::test]
async fn a_request_whose_id_is_null_is_invalid_and_an_answer_to_nobody_is_passed_over() {
    let twochat = twochat().await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let mut agent = Agent::of(&twochat.base_url());
    for method in ["ping", "tools/list", "tools/call", "initialize", "nope", "notifications/nope"] {
        let nameless = request(Value::Null, method, json!({}));
        agent.say(&nameless);
        let line = agent.raw_line();
        let refused: Value = line.parse().unwrap();
        assert_eq!(refused["error"]["code"], INVALID_REQUEST, "{method}: {line}");
        assert!(line.contains("\"id\":null"), "{method}: {line}");
        agent.is_served();
        let reply = served.asked(&[], &nameless.to_string());
        assert_eq!((reply.status, reply.message()["id"].clone()), (400, Value::Null), "{reply:?}");
        assert_eq!(reply.message()["error"]["code"], INVALID_REQUEST, "{reply:?}");
    }
    let error = json!({ "code": -32700, "message": "no" });
    agent.say(&json!({ "jsonrpc": "2.0", "id": null, "error": error }));
    agent.is_served();
}

#[tokio::test]
async fn whoever_does_not_say_who_they_are_is_served() {
    let twochat = twochat().await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    for params in [
        json!({ "protocolVersion": "2025-06-18", "capabilities": {} }),
        json!({ "protocolVersion": "2025-06-18" }),
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": null }),
        json!({ "protocolVersion": "2025-06-18", "capabilities": [], "clientInfo": {} }),
        json!({ "protocolVersion": "2025-06-18", "capabilities": { "roots": { "listChanged": "yes" } },
                "clientInfo": { "name": "x", "version": 1, "icons": "y" }, "_meta": [] }),
    ] {
        let mut agent = Agent::silent(&twochat.base_url(), &[]);
        let welcome = agent.ask("initialize", params.clone());
        assert_eq!(welcome["result"]["protocolVersion"], "2025-06-18", "{params}: {welcome}");
        let result = agent.call("test-api-key", json!({}));
        assert_eq!(result["structuredContent"]["verdict"], "valid", "{result}");
        assert_eq!(agent.leave(), [] as [Value; 0]);
        let reply = served.asked(&[], &request(1, "initialize", params).to_string());
        assert_eq!(reply.message()["result"]["protocolVersion"], "2025-06-18", "{reply:?}");
        assert!(reply.header("mcp-session-id").is_some(), "{reply:?}");
    }
    // Without a version, it is the newest that has a greeting.
    for params in [json!({ "capabilities": {} }), json!({}), json!([]), json!(null)] {
        let mut agent = Agent::silent(&twochat.base_url(), &[]);
        let welcome = agent.ask("initialize", params);
        assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25", "{welcome}");
        assert_eq!(
            agent.ask("tools/list", json!([]))["result"]["tools"][0]["name"],
            "create-contact"
        );
    }
    // A version without greetings has no such method.
    let mut agent = Agent::silent(&twochat.base_url(), &[]);
    let params = json!({ "protocolVersion": "2026-07-28", "_meta": super::settings() });
    let refused = agent.ask("initialize", params);
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
}

#[tokio::test]
async fn a_server_that_nobody_reads_any_more_ends_though_its_input_does_not() {
    use std::io::{BufReader, Write};

    let twochat = twochat().await;
    for asks_on in [true, false] {
        let mut command = shell::command(&["mcp"], &asking(&twochat.base_url()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdin, mut stdout) =
            (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut say = |message: Value| stdin.write_all(format!("{message}\n").as_bytes());
        say(request(1, "initialize", hello("2025-11-25"))).unwrap();
        stdout.read_line(&mut String::new()).unwrap();
        drop(stdout);
        if asks_on {
            // It may have ended before, or with some of these on their way.
            for id in 2..50 {
                let _ = say(ping(id));
            }
        }
        let begun = std::time::Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(child.wait().unwrap().code(), Some(0));
        drop(stdin);
    }
}
