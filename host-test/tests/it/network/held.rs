//! What this host itself holds back or refuses, and how that is told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use host::{
    client::Client,
    gate::{Bounds, Connection, Traffic},
    policy::Policy,
};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use mock::Fault;
use serde_json::Value;
use wasmtime_wasi_http::{Error, WasiHttpHooks};

use super::{addition, call, call_within, connection, list_under, policy};
use crate::support::{
    authority::Authority,
    policy as told,
    shell::{CANARY, run, twochat_with},
};

/// The host's own limit, and for how many seconds it still holds.
fn hold_seconds(error: &Value, within: std::ops::RangeInclusive<u64>) {
    assert_eq!(told(error), ("rate-limited", "no", "after-waiting"), "{error}");
    assert_eq!(error.get("status"), None, "{error}");
    let seconds = error["wait-seconds"].as_u64().unwrap_or_else(|| panic!("{error}"));
    assert!(within.contains(&seconds), "{error}");
}

#[tokio::test]
async fn the_hosts_own_rate_limit_is_told_as_that_with_its_seconds() {
    let twochat = twochat_with(0).await;
    let over = Arc::new(connection(&twochat.base_url()));
    let client = Client::new(&[]).unwrap();
    // The reply that told the rate counts as the one that there is.
    over.set_rate(1);
    let begun = Instant::now();
    for action in ["list-contacts", "create-contact"] {
        let error = call_within(Duration::from_secs(2), &over, &client, action).await.unwrap_err();
        let added = addition(&error);
        assert_eq!(
            added,
            "this connection lets no more out: it takes 1 requests a minute, and they are used up.",
        );
        hold_seconds(&error, 50..=60);
    }
    assert!(begun.elapsed() > Duration::from_secs(1), "it did not wait for its turn");
    assert_eq!(twochat.requests(), []);

    // The gate's own word, whatever a guest makes of it.
    let (traffic, code) = asked(&over, "GET", &format!("{}/info", twochat.base_url())).await;
    assert!(matches!(code, Error::ConnectionLimitReached), "{code:?}");
    assert!((50..=60).contains(&traffic.wait_seconds().unwrap()), "{traffic:?}");
}

type Gate = Box<dyn WasiHttpHooks>;

/// A gate that notes what it does in `traffic`.
fn gate(over: &Arc<Connection>, traffic: &Arc<Traffic>) -> Gate {
    let outlet = over.watched_outlet(&Client::new(&[]).unwrap(), traffic);
    (outlet.gate)(tokio::time::Instant::now() + Duration::from_secs(1))
}

async fn ask(gate: &mut Gate, method: &str, url: &str) -> Result<(), Error> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().method(method).uri(url).body(body).unwrap();
    let sent = gate.send_request(request, None, Box::new(async { Ok(()) }));
    Box::into_pin(sent).await.map(drop)
}

/// What the gate notes of a request that it does not let out.
async fn asked(over: &Arc<Connection>, method: &str, url: &str) -> (Arc<Traffic>, Error) {
    let traffic = Arc::<Traffic>::default();
    let code = ask(&mut gate(over, &traffic), method, url).await.unwrap_err();
    (traffic, code)
}

#[tokio::test]
async fn a_reason_is_that_of_the_last_request_alone() {
    let twochat = twochat_with(0).await;
    let (over, traffic) = (Arc::new(connection(&twochat.base_url())), Arc::default());
    let url = format!("{}/info", twochat.base_url());
    let mut first = gate(&over, &traffic);
    ask(&mut first, "PURGE", &url).await.unwrap_err();
    assert!(traffic.reason().is_some());
    ask(&mut first, "GET", &url).await.unwrap();
    assert_eq!(traffic.reason(), None);
    ask(&mut first, "PURGE", &url).await.unwrap_err();
    // The next try of the call, whose guest may ask for nothing at all.
    let _next = gate(&over, &traffic);
    assert_eq!((traffic.reason(), traffic.wait_seconds()), (None, None));
}

#[tokio::test]
async fn a_turn_that_never_comes_is_told_as_the_hosts_own() {
    let twochat = twochat_with(0).await;
    twochat.switch_on(Fault::Hang);
    let bounds = Bounds { at_once: 1, ..Bounds::default() };
    let over = Arc::new(connection(&twochat.base_url()).with_bounds(bounds).with_name("work"));
    let client = Client::new(&[]).unwrap();
    let first = tokio::spawn({
        let (over, client) = (Arc::clone(&over), client.clone());
        async move { call_within(Duration::from_secs(60), &over, &client, "list-contacts").await }
    });
    while twochat.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let error = call_within(Duration::from_secs(2), &over, &client, "create-contact").await;
    let error = error.unwrap_err();
    assert!(
        addition(&error).starts_with("connection work lets no more out: as many requests"),
        "{error}"
    );
    hold_seconds(&error, 1..=1);
    first.abort();
    twochat.clear();
    // What was a reason is none for the next call.
    call_within(Duration::from_secs(60), &over, &client, "list-contacts").await.unwrap();
    twochat.switch_on(Fault::Status(500));
    let error = call_within(Duration::from_secs(60), &over, &client, "list-contacts").await;
    assert!(!error.unwrap_err()["message"].as_str().unwrap().contains("The reason"));
}

#[tokio::test]
async fn a_refusal_names_the_rule_and_the_connection() {
    let twochat = twochat_with(0).await;
    let base = twochat.base_url();
    let named = || connection(&base).with_name("work");
    let over = named().with_methods(vec![Method::GET, Method::HEAD]);
    let error = call(over, &Client::new(&[]).unwrap(), "create-contact").await.unwrap_err();
    assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{error}");
    assert_eq!(addition(&error), "POST is not among the methods of connection work: GET, HEAD.");

    let over = Arc::new(named());
    let origin = base.strip_suffix("/open").unwrap();
    for (method, url, reason) in [
        (
            "POST",
            "https://user:word@else.example:8443/open/x".to_owned(),
            format!("`https://else.example:8443` is not the server of connection work: {base}"),
        ),
        (
            "GET",
            format!("{origin}/other"),
            format!("the path is not plainly below the base url of connection work: {base}"),
        ),
        (
            "PURGE",
            format!("{base}/x"),
            "PURGE is not among the methods of connection work: \
             GET, POST, DELETE"
                .to_owned(),
        ),
    ] {
        let (traffic, code) = asked(&over, method, &url).await;
        assert!(matches!(code, Error::HttpRequestDenied), "{code:?}");
        assert_eq!(traffic.reason().unwrap(), reason);
    }
    let none = Arc::new(named().with_bounds(Bounds { per_call: 0, ..Bounds::default() }));
    let (traffic, _) = asked(&none, "GET", &format!("{base}/info")).await;
    assert_eq!(
        traffic.reason().unwrap(),
        "a call may send 0 requests over connection work, and it has"
    );
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn the_command_says_which_line_of_the_policy_refused() {
    let twochat = twochat_with(1).await;
    let file = policy("methods", &twochat.base_url(), "methods = [\"GET\"]", &Authority::new());
    list_under(&file, &[]).result();
    let new = crate::support::new_contact().to_string();
    let words = ["call", "create-contact", &new, "--policy", file.to_str().unwrap()];
    let error = run(&words, &[("WORK_KEY", CANARY)]).error();
    assert_eq!(addition(&error), "POST is not among the methods of connection work: GET.");
    assert_eq!(Policy::read(&file).unwrap().connections().len(), 1);
    assert_eq!(twochat.requests().len(), 1);
}
