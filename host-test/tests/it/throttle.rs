//! How much goes over a connection at once, in a minute, for a call, and back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use host::{
    client::Client,
    engine::Limits,
    gate::{Bounds, Connection},
    secret::Secret,
};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use mock::{DEFAULT_KEY, Fault, Mock, Options};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use wasmtime_wasi_http::Error;

use crate::support::{
    agent::Agent,
    mock, mock_with, outcome, policy,
    raw::{Raw, Step},
    twochat,
};

fn to(base: &str, bounds: Bounds) -> Arc<Connection> {
    let key = Secret::new(DEFAULT_KEY).unwrap();
    Arc::new(Connection::new(&twochat(), base, Some(key)).unwrap().with_bounds(bounds))
}

/// Lists contacts over the connection, within this time.
async fn list(over: &Arc<Connection>, client: &Client, time: Duration) -> Result<Value, Value> {
    let limits = Limits { time, ..Limits::default() };
    outcome("list-contacts", json!({}), over.outlet(client), limits).await.result
}

const LONG: Duration = Duration::from_secs(60);

/// A server that answers each request after a while, and what it saw: how many
/// were under way at the same time, and how many in all.
async fn slow_server() -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/open", listener.local_addr().unwrap());
    let (now, most, all) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let (seen, total) = (Arc::clone(&most), Arc::clone(&all));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (now, most, all) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&all));
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    all.fetch_add(1, SeqCst);
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    sleep(Duration::from_millis(50)).await;
                    now.fetch_sub(1, SeqCst);
                    let body = r#"{"success":true,"contacts":[]}"#;
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
                    let reply = format!("{head}content-type: application/json\r\n\r\n{body}");
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (base, seen, total)
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_connection_takes() {
    let (base, most, all) = slow_server().await;
    let connection = to(&base, Bounds { at_once: 3, ..Bounds::default() });
    let client = Client::new(&[]).unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let (connection, client) = (Arc::clone(&connection), client.clone());
        calls.spawn(async move { list(&connection, &client, LONG).await });
    }
    for result in calls.join_all().await {
        result.unwrap();
    }
    assert_eq!((most.load(SeqCst), all.load(SeqCst)), (3, 12));
}

#[tokio::test]
async fn a_call_whose_turn_never_comes_ends_in_time_and_has_sent_nothing() {
    let twochat = mock_with(&[Fault::Hang]).await;
    let connection = to(&twochat.base_url(), Bounds { at_once: 1, ..Bounds::default() });
    let client = Client::new(&[]).unwrap();
    let first = tokio::spawn({
        let (connection, client) = (Arc::clone(&connection), client.clone());
        async move { list(&connection, &client, LONG).await }
    });
    while twochat.requests().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    let error = list(&connection, &client, Duration::from_secs(2)).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(policy(&error), ("rate-limited", "no", "after-waiting"));
    assert_eq!(twochat.requests().len(), 1);

    // One that is given up makes room.
    first.abort();
    twochat.clear();
    list(&connection, &client, LONG).await.unwrap();
}

#[tokio::test]
async fn every_end_of_a_request_makes_room_for_the_next() {
    let twochat = mock().await;
    let connection = to(&twochat.base_url(), Bounds { at_once: 1, ..Bounds::default() });
    let client = Client::new(&[]).unwrap();
    for fault in [Fault::Status(500), Fault::Html504, Fault::SuccessFalse, Fault::EmptyLists] {
        twochat.switch_on(fault);
        let _ = list(&connection, &client, LONG).await;
        twochat.clear();
    }
    list(&connection, &client, Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn requests_beyond_the_rate_wait_and_none_of_them_is_lost() {
    let options = Options { requests_per_minute: 1_000_000, ..Options::default() };
    let twochat = Mock::start(options).await.unwrap();
    let connection = to(&twochat.base_url(), Bounds::default());
    let client = Client::new(&[]).unwrap();
    connection.set_rate(3);
    // The reply that told the rate counts as one of the three.
    for _ in 0..2 {
        list(&connection, &client, LONG).await.unwrap();
    }
    let error = list(&connection, &client, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(policy(&error), ("rate-limited", "no", "after-waiting"));
    assert_eq!(twochat.requests().len(), 2);

    // 59 at once, and then one a second, however long they take.
    connection.set_rate(60);
    let begun = Instant::now();
    for _ in 0..62 {
        // Told again, it starts nothing anew.
        connection.set_rate(60);
        list(&connection, &client, LONG).await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_millis(2900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_rate_that_the_account_tells_is_kept_without_a_refusal() {
    let options = Options { requests_per_minute: 3, ..Options::default() };
    let key = crate::support::shell::CANARY.to_owned();
    let twochat = Mock::start(Options { key, ..options }).await.unwrap();
    let mut agent = Agent::with(&twochat.base_url(), &["--no-retry"]);
    for tool in ["get-api-usage-info", "list-contacts", "list-contacts"] {
        let result = agent.call(tool, json!({}));
        assert_ne!(result["isError"], true, "{tool}: {result}");
    }
    let waiting = json!({ "name": "list-contacts", "arguments": {} });
    agent.say(&crate::support::agent::request(99, "tools/call", waiting));
    assert!(agent.hear_within(Duration::from_secs(2)).is_err(), "it did not wait");
    let statuses: Vec<_> =
        twochat.exchanges().iter().map(|exchange| exchange.reply.clone()).collect();
    assert_eq!(statuses.len(), 3);
    assert!(statuses.iter().flatten().all(|reply| reply.status == 200));
}

#[tokio::test]
async fn a_call_sends_so_many_requests_and_then_none() {
    let twochat = mock().await;
    let connection = to(&twochat.base_url(), Bounds { per_call: 2, ..Bounds::default() });
    let client = Client::new(&[]).unwrap();
    let ends = tokio::time::Instant::now() + LONG;
    let mut gate = (connection.outlet(&client).gate)(ends);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::builder().uri(format!("{}/info", twochat.base_url()));
        let rest = Box::new(async { Ok(()) });
        let sent = gate.send_request(request.body(body).unwrap(), None, rest);
        statuses.push(Box::into_pin(sent).await.map(|(response, _)| response.status().as_u16()));
    }
    assert!(matches!(
        statuses.as_slice(),
        [Ok(200), Ok(200), Err(Error::HttpRequestDenied), Err(Error::HttpRequestDenied)]
    ));
    assert_eq!(twochat.requests().len(), 2);
    // The next call has its own.
    list(&connection, &client, LONG).await.unwrap();
}

#[tokio::test]
async fn a_reply_that_is_too_large_for_the_connection_is_cut_off() {
    let twochat = mock().await;
    let client = Client::new(&[]).unwrap();
    let connection = to(&twochat.base_url(), Bounds { reply: 500, ..Bounds::default() });
    let error = list(&connection, &client, LONG).await.unwrap_err();
    assert_eq!(policy(&error), ("unexpected-reply", "no", "never"));
    assert!(error["message"].as_str().unwrap().contains("it is too large to be taken"), "{error}");
    // One that does not say so beforehand.
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("320\r\n{}\r\n0\r\n\r\n", " ".repeat(800));
    let raw = Raw::replying(vec![Step::Send(format!("{head}{chunk}").into())]).await;
    let unsaid = to(&raw.base_url(), Bounds { reply: 500, ..Bounds::default() });
    let error = list(&unsaid, &client, LONG).await.unwrap_err();
    // wasmtime does not pass on why a body ended, only that it did.
    assert_eq!(policy(&error), ("interrupted", "no", "now"));
    let large = to(&twochat.base_url(), Bounds { reply: 5000, ..Bounds::default() });
    list(&large, &client, LONG).await.unwrap();
}

#[tokio::test]
async fn a_method_that_the_connection_does_not_have_never_leaves() {
    let mock = mock().await;
    let key = Secret::new(DEFAULT_KEY).unwrap();
    let connection = Connection::new(&twochat(), &mock.base_url(), Some(key)).unwrap();
    let connection = Arc::new(connection.with_methods(vec![Method::GET]));
    let client = Client::new(&[]).unwrap();
    list(&connection, &client, LONG).await.unwrap();
    let create = crate::support::new_contact();
    let outlet = connection.outlet(&client);
    let called = outcome("create-contact", create, outlet, Limits::default());
    let error = timeout(LONG, called).await.unwrap().result.unwrap_err();
    assert_eq!(policy(&error), ("denied-by-host", "no", "never"));
    assert_eq!(mock.requests().len(), 1);
}
