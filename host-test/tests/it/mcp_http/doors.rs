//! Who is let in, under which name, and from which page.

use std::time::{Duration, Instant};

use mock::Fault;
use serde_json::{Value, json};

use super::Policy;
use crate::support::{
    agent::{hello, notification, request},
    remote::{Remote, Reply, Served},
    shell::{CANARY, asking, run, twochat_with},
};

fn welcome() -> String {
    request(1, "initialize", hello("2025-11-25")).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_is_in_use_nobody_is_let_in() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("tokens", &twochat.base_url());
    let served = policy.served();
    let of = |value: &str| served.asked(&[("authorization", value)], &welcome());
    let none = served.asked(&[], &welcome());
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (401, Some("bearer realm=\"twochat\""))
    );
    let (token, other) = (&policy.reader, policy.writer.replace('a', "b"));
    for wrong in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        token.clone(),
        format!("Bearer {other}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {}", token.to_uppercase()),
    ] {
        let reply = of(&wrong);
        assert_eq!((reply.status, reply.header("mcp-session-id")), (401, None), "{wrong}");
        assert!(reply.header("www-authenticate").unwrap().starts_with("bearer "), "{reply:?}");
        assert!(!reply.body.contains(token.as_str()), "{reply:?}");
    }
    let bearer = format!("Bearer {token}");
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(served.asked(&twice, &welcome()).status, 401);
    assert_eq!(of(&format!("bearer {token}")).status, 200);
    for method in ["GET", "DELETE", "OPTIONS"] {
        let ask = format!("{method} /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        assert_eq!(served.told(ask.as_bytes()).status, 401, "{method}");
    }
    assert_eq!(policy.log().len(), 0);
}

#[tokio::test]
async fn whoever_accepts_anything_writes_a_slash_or_a_mark_of_byte_order_is_served() {
    let served = Served::with(&[], &asking("http://127.0.0.1:1/open"));
    let welcome = welcome();
    for (path, accept, before) in [
        ("/mcp", "accept: */*\r\n", ""),
        ("/mcp", "", ""),
        ("/mcp/", "accept: text/html, */*;q=0.8\r\n", ""),
        ("/mcp", "accept: application/json, text/event-stream\r\n", "\u{feff}"),
    ] {
        let length = before.len() + welcome.len();
        let reply = served.told(
            format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\n{accept}content-length: {length}\r\n\
                 content-type: application/json\r\nconnection: close\r\n\r\n{before}{welcome}"
            )
            .as_bytes(),
        );
        assert_eq!(reply.status, 200, "{path} {accept}: {reply:?}");
        assert_eq!(reply.message()["result"]["protocolVersion"], "2025-11-25", "{reply:?}");
    }
    for no in ["text/event-stream", "text/html", "application/xml, text/html"] {
        assert_eq!(served.asked(&[("accept", no)], &welcome).status, 406, "{no}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_accepts_json_alone_is_answered_by_json() {
    let twochat = twochat_with(3).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let json = ("accept", "application/json");
    let is_json = |reply: &Reply| {
        assert_eq!(reply.header("content-type"), Some("application/json"), "{reply:?}");
        reply.body.parse::<Value>().unwrap()
    };
    let welcomed = served.asked(&[json], &welcome());
    assert_eq!(is_json(&welcomed)["result"]["serverInfo"]["name"], "twochat");
    let session = ("mcp-session-id", welcomed.header("mcp-session-id").unwrap());
    let told = |message: Value| served.asked(&[json, session], &message.to_string());
    assert_eq!(told(notification("notifications/initialized", json!({}))).status, 202);
    // What is told of progress meanwhile is not what was asked for.
    twochat.switch_on(Fault::Status(503));
    let call = json!({ "name": "list-contacts", "arguments": {}, "_meta": { "progressToken": 1 } });
    let answer = is_json(&told(request("slow", "tools/call", call)));
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!("slow"), &json!(true)));
    let refused = is_json(&told(request(1, "nope", json!({}))));
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(1), &json!(-32601)));
    assert_eq!(is_json(&served.asked(&[json, session], "nonsense"))["error"]["code"], -32700);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persona_has_no_way_into_a_session_of_another() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("sessions", &twochat.base_url());
    let served = policy.served();
    let reader = served.agent(Some(&policy.reader));
    let bearer = format!("Bearer {}", policy.writer);
    let headers = [("authorization", bearer.as_str()), ("mcp-session-id", reader.session.as_str())];
    let reply = served.asked(&headers, &request(1, "tools/list", json!({})).to_string());
    assert_eq!(reply.status, 404, "{reply:?}");
    assert_eq!(reader.tools().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_or_replaced_ends_its_sessions_with_their_next_request() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("revoked", &twochat.base_url());
    let served = policy.served();
    let (reader, writer) = (served.agent(Some(&policy.reader)), served.agent(Some(&policy.writer)));
    let (session, token) = (&reader.session, &policy.reader);
    let listen = format!(
        "GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nconnection: close\r\n\
         mcp-session-id: {session}\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let mut stream = served.connected(listen.as_bytes());
    let revoked = run(&["revoke", "--token", "reader", "--policy", policy.name()], &[]);
    assert!(revoked.output().starts_with("revoked: the token of reader."), "{revoked:?}");
    let reply = reader.told(&request(1, "ping", json!({})));
    assert_eq!(reply.status, 401, "{reply:?}");
    assert!(reply.header("www-authenticate").unwrap().contains("invalid_token"), "{reply:?}");
    let begun = Instant::now();
    assert_eq!(Reply::to(&mut stream).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5), "it still listens");
    assert_eq!(writer.tools().len(), 2);
    let again = run(&["revoke", "--token", "reader", "--policy", policy.name()], &[]);
    assert!(again.message(2).contains("`reader` has no token"), "{again:?}");

    let new = policy.token("writer");
    assert_eq!(writer.told(&request(1, "ping", json!({}))).status, 401);
    let bearer = format!("Bearer {new}");
    let headers = [("authorization", bearer.as_str()), ("mcp-session-id", writer.session.as_str())];
    let reply = served.asked(&headers, &request(1, "ping", json!({})).to_string());
    assert_eq!(reply.status, 404, "a session outlived its token: {reply:?}");
    // A persona that is revoked is let in and told so; its calls are written down.
    run(&["revoke", "--persona", "writer", "--policy", policy.name()], &[]).output();
    let refused = served.agent(Some(&new)).call("test-api-key", json!({}));
    assert!(refused.to_string().contains("the persona `writer` is revoked"), "{refused}");
    let log = policy.log();
    let of_writer = log.iter().filter(|line| line["persona"] == "writer").count();
    assert_eq!(of_writer, 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_breaks_lets_nobody_in() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("broken", &twochat.base_url());
    let served = policy.served();
    let agent = served.agent(Some(&policy.reader));
    std::fs::write(&policy.file, "nonsense").unwrap();
    let reply = agent.told(&request(1, "ping", json!({})));
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(!reply.body.contains("nonsense") && !reply.body.contains(policy.name()), "{reply:?}");
    assert!(Remote::of(&served, Some(&policy.reader)).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_or_a_page_of_a_stranger_is_refused() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("names", &twochat.base_url());
    let words = ["--allow-host", "agents.example.com", "--policy", policy.name()];
    let served = Served::with(&words, &[("WORK_KEY", CANARY)]);
    let bearer = format!("Bearer {}", policy.reader);
    let with = |name: &'static str, value: &str| {
        served.asked(&[(name, value), ("authorization", &bearer)], &welcome())
    };
    for (name, value) in [
        ("host", "evil.example"),
        ("host", "localhost.evil.example"),
        ("host", "10.0.0.1"),
        ("host", ""),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let reply = with(name, value);
        assert_eq!((reply.status, reply.header("mcp-session-id")), (403, None), "{name}: {value}");
    }
    for (name, value) in [
        ("host", "localhost"),
        ("host", "[::1]:1"),
        ("host", "Agents.Example.com"),
        ("origin", "http://localhost:3000"),
        ("origin", "https://agents.example.com"),
    ] {
        assert_eq!(with(name, value).status, 200, "{name}: {value}");
    }
    let elsewhere = b"POST /other HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(served.told(elsewhere).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_open_to_nobody_but_this_machine() {
    let twochat = twochat_with(3).await;
    let base_url = twochat.base_url();
    let policy = Policy::of("elsewhere", &base_url);
    let key = [("WORK_KEY", CANARY)];
    let serve = |words: &[&str], settings: &[(&str, &str)]| {
        run(&[&["mcp", "--http"], words].concat(), settings)
    };
    let named = ["--allow-host", "agents.example.com"];
    for address in ["0.0.0.0:0", "127.0.0.1:0"] {
        let open = serve(&[&[address], &named[..]].concat(), &asking(&base_url));
        assert!(open.message(2).contains("each agent has to show a token"), "{open:?}");
    }
    let of_policy = ["--policy", policy.name()];
    let words = [&["[::]:0", "--persona", "reader"], &named[..], &of_policy].concat();
    let persona = serve(&words, &key);
    assert!(persona.message(2).contains("no --persona here"), "{persona:?}");
    let nameless = serve(&[&["0.0.0.0:0"], &of_policy[..]].concat(), &key);
    assert!(nameless.message(2).contains("say with --allow-host"), "{nameless:?}");
    for token in ["reader", "writer"] {
        run(&["revoke", "--token", token, "--policy", policy.name()], &[]).output();
    }
    for address in ["127.0.0.1:0", "0.0.0.0:0"] {
        let words = [&[address], &named[..], &of_policy].concat();
        let without = serve(&words, &key);
        assert!(without.message(2).contains("`twochat token NAME` makes one"), "{without:?}");
    }
    // A persona that is named serves whoever is on this machine.
    let served = Served::with(&["--policy", policy.name(), "--persona", "writer"], &key);
    assert_eq!(served.agent(None).tools(), ["create-contact", "test-api-key"]);
    for wrong in ["here", "127.0.0.1", "http://127.0.0.1:1/", "127.0.0.1:99999"] {
        let run = serve(&[wrong], &asking(&base_url));
        assert!(run.code == Some(2) && run.stderr.contains("such as 127.0.0.1:8765"), "{run:?}");
    }
    let taken = served.address.to_string();
    let run = serve(&[&taken], &asking(&base_url));
    assert!(run.message(3).contains("cannot be used: "), "{run:?}");
}
