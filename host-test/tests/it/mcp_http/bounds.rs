//! How much is taken of whom, and that others notice little of it.

use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Policy;
use crate::support::{
    agent::request,
    raw::{Raw, Step},
    remote::{Remote, Reply, Served},
    shell::{asking, twochat_with},
};

const HEAD: &str = "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
    accept: application/json, text/event-stream\r\nconnection: close\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_no_message_is_told_so() {
    let twochat = twochat_with(3).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let words = |reply: Reply| {
        let message = reply.message();
        (reply.status, message["error"]["message"].as_str().unwrap_or_default().to_owned())
    };
    let large = served.asked(&[], &"x".repeat((4 << 20) + 1));
    assert_eq!(words(large), (413, "the message is larger than 4 MiB".to_owned()));
    // Also where nobody says how much comes.
    let mut stream =
        served.connected(format!("{HEAD}transfer-encoding: chunked\r\n\r\n").as_bytes());
    let piece = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    for _ in 0..6 {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(words(Reply::to(&mut stream)).0, 413);
    let parts = served.asked(&[], &format!("[{}]", ["[]"; 400_000].join(",")));
    assert!(words(parts).1.starts_with("the message has too many parts"));
    let cut = served.asked(&[], "{\"jsonrpc\":");
    assert_eq!((cut.status, &cut.message()["error"]["code"]), (400, &json!(-32700)));
    let several = served.asked(&[], &json!([request(1, "ping", json!({}))]).to_string());
    assert!(words(several).1.starts_with("this version of the protocol has no batches"));
    assert_eq!(served.asked(&[], "").status, 400);
    let long = served.asked(&[("x", &"x".repeat(100_000))], "{}");
    // It may be cut off before it is read.
    assert!([431, 0].contains(&long.status), "{long:?}");
    let many = vec![("x", "y"); 100];
    assert_eq!(served.asked(&many, "{}").status, 431);
    assert_eq!(served.agent(None).tools().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_or_a_head_that_does_not_come_is_not_waited_for() {
    let twochat = twochat_with(3).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let begun = Instant::now();
    let mut body = served.connected(format!("{HEAD}content-length: 100\r\n\r\n{{").as_bytes());
    let mut head = served.connected(HEAD.as_bytes());
    let reply = Reply::to(&mut body);
    assert_eq!(reply.status, 408, "{reply:?}");
    assert!((9..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let mut rest = Vec::new();
    let _ = head.read_to_end(&mut rest);
    assert!((25..45).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_takes_nothing_of_his_answers_is_given_up() {
    let twochat = twochat_with(3).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let agent = served.agent(None);
    let body = request(1, "tools/list", json!({})).to_string();
    let (head, session, length) = (HEAD.replace("close", "keep-alive"), &agent.session, body.len());
    let ask = format!("{head}mcp-session-id: {session}\r\ncontent-length: {length}\r\n\r\n{body}");
    let stream = served.connected(b"");
    let mut writes = stream.try_clone().unwrap();
    thread::spawn(move || (0..2000).try_for_each(|_| writes.write_all(ask.as_bytes())));
    thread::sleep(Duration::from_secs(36));
    let begun = Instant::now();
    let mut read = Vec::new();
    let _ = (&stream).read_to_end(&mut read);
    let answers = String::from_utf8_lossy(&read).matches("HTTP/1.1 200 OK").count();
    assert!((1..2000).contains(&answers), "{answers}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(agent.tools().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persona_has_so_many_sessions_and_takes_none_of_another() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("many", &twochat.base_url());
    let served = policy.served();
    let sessions: Vec<_> = (0..100).map(|_| served.agent(Some(&policy.reader))).collect();
    let Err(refused) = Remote::of(&served, Some(&policy.reader)) else { panic!("too many") };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert!(refused.body.contains("as many sessions as there may be"), "{refused:?}");
    assert_eq!(served.agent(Some(&policy.writer)).tools().len(), 2);
    let (session, token) = (&sessions[0].session, &policy.reader);
    let end = format!(
        "DELETE /mcp HTTP/1.1\r\nhost: localhost\r\nmcp-session-id: {session}\r\n\
         authorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(served.told(end.as_bytes()).status, 202);
    assert_eq!(served.told(end.as_bytes()).status, 404);
    assert_eq!(served.agent(Some(&policy.reader)).tools().len(), 2);
    // One that nobody used for a minute gives way; the one that is used does not.
    for _ in 0..31 {
        thread::sleep(Duration::from_secs(2));
        assert_eq!(sessions[1].tools().len(), 2);
    }
    assert_eq!(served.agent(Some(&policy.reader)).tools().len(), 2);
    assert_eq!(sessions[1].tools().len(), 2);
    let gone = |it: &&Remote<'_>| it.told(&request(1, "ping", json!({}))).status == 404;
    assert_eq!(sessions[2..].iter().filter(gone).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_connections_and_asks_nothing_leaves_room_for_others() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("room", &twochat.base_url());
    let served = policy.served();
    // One session has few streams.
    let listen = |agent: &Remote<'_>| {
        format!(
            "GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\
             mcp-session-id: {}\r\nauthorization: Bearer {}\r\n\r\n",
            agent.session, policy.reader
        )
    };
    let agents: Vec<_> = (0..5).map(|_| served.agent(Some(&policy.reader))).collect();
    let begun = |agent| {
        let mut stream = served.connected(listen(agent).as_bytes());
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (stream, String::from_utf8_lossy(&head[9..]).into_owned())
    };
    let streams: Vec<_> = (0..100).map(|nr| begun(&agents[nr % 4])).collect();
    assert!(streams.iter().all(|(_, status)| status == "200"));
    assert_eq!(begun(&agents[4]).1, "503");
    let no_token = b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let begun = Instant::now();
    let _silent: Vec<_> = (0..600).map(|_| served.connected(no_token)).collect();
    for token in [&policy.reader, &policy.writer] {
        assert!(!served.agent(Some(token)).tools().is_empty());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_while_32_calls_run_and_another_persona_gets_its_turn() {
    let slow = Raw::replying(vec![Step::Pause(Duration::from_secs(8)), Step::Close]).await;
    let policy = Policy::of("ping", &slow.base_url());
    let served = policy.served();
    let (reader, writer) = (served.agent(Some(&policy.reader)), served.agent(Some(&policy.writer)));
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| reader.call("list-contacts", json!({})));
        }
        thread::sleep(Duration::from_secs(2));
        assert_eq!(slow.requests().len(), 16, "one persona has half of the turns");
        for _ in 0..16 {
            scope.spawn(|| writer.call("test-api-key", json!({})));
        }
        thread::sleep(Duration::from_secs(1));
        assert_eq!(slow.requests().len(), 32);
        // Were all of them worked on, a ping would wait for none.
        assert!(served.threads() > 32, "{}", served.threads());
        let mut times: Vec<_> = (0..20)
            .map(|_| {
                let begun = Instant::now();
                assert_eq!(writer.ask("ping", json!({}))["result"], json!({}));
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        eprintln!("a ping beside 32 calls: {:?}, at most {:?}", times[10], times[19]);
        assert!(times[10] < Duration::from_millis(250), "{times:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_past_the_bound_are_told_to_come_later() {
    let slow = Raw::replying(vec![Step::Pause(Duration::from_secs(10)), Step::Close]).await;
    let served = Served::with(&["--no-retry"], &asking(&slow.base_url()));
    let agent = served.agent(None);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let call = |id: usize| request(id, "tools/call", json!({ "name": "list-contacts" }));
        let agent = &agent;
        let calls: Vec<_> =
            (0..300).map(|id| scope.spawn(move || agent.told(&call(id + 100)))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let later = replies.iter().filter(|reply| reply.status == 503).count();
    assert_eq!(later, 300 - 256, "{:?}", replies.iter().map(|it| it.status).collect::<Vec<_>>());
    assert!(
        replies.iter().all(|reply| reply.status != 503 || reply.header("retry-after").is_some())
    );
    assert_eq!(agent.ask("ping", json!({}))["result"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_is_taken_once_at_a_time_in_a_session() {
    let slow = Raw::replying(vec![Step::Pause(Duration::from_secs(4)), Step::Close]).await;
    let served = Served::with(&["--no-retry"], &asking(&slow.base_url()));
    let (agent, other) = (served.agent(None), served.agent(None));
    let call = request("same", "tools/call", json!({ "name": "list-contacts" }));
    thread::scope(|scope| {
        let first = scope.spawn(|| agent.told(&call));
        thread::sleep(Duration::from_secs(1));
        let second = agent.told(&call);
        let words = "a request with the id `same` is still under way";
        let message = second.message();
        assert_eq!((second.status, &message["error"]["message"]), (400, &json!(words)));
        assert_eq!(other.told(&request("same", "ping", json!({}))).status, 200);
        assert_eq!(first.join().unwrap().message()["id"], "same");
    });
    assert_eq!(agent.told(&request("same", "ping", json!({}))).message()["result"], json!({}));
    assert_eq!(slow.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_asks_for_progress_hears_each_second_of_a_call() {
    let slow = Raw::replying(vec![Step::Pause(Duration::from_secs(3)), Step::Close]).await;
    let served = Served::with(&["--no-retry"], &asking(&slow.base_url()));
    let agent = served.agent(None);
    let params = json!({ "name": "list-contacts", "_meta": { "progressToken": "p" } });
    let reply = agent.told(&request(5, "tools/call", params));
    let messages = reply.messages();
    let is_progress = |message: &&Value| message["method"] == "notifications/progress";
    assert!(messages.iter().filter(is_progress).count() >= 2, "{messages:?}");
    assert_eq!(messages.last().unwrap()["id"], 5, "{messages:?}");
}
