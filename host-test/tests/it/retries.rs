//! Calls that are repeated, and calls that never are: counted at the server.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use host::{
    access::Access,
    calls::{Call, Calls},
    client::Client,
    gate::{Connection, Noting, Watch},
    retry::Patience,
    secret::Secret,
};
use mock::{Fault, Mock};
use serde_json::{Value, json};

use crate::support::{
    LOADED,
    agent::Agent,
    new_contact,
    shell::{CANARY, Run, asking, command, ended, run, twochat_with, waited},
    twochat,
};

fn call(twochat: &Mock, words: &[&str]) -> Run {
    run(&[&["call"], words].concat(), &asking(&twochat.base_url()))
}

/// Runs a call, and takes the faults away once the server was asked so often.
fn call_mended_after(twochat: &Mock, requests: usize, words: &[&str]) -> Run {
    let base = twochat.base_url();
    let child = command(&[&["call"], words].concat(), &asking(&base))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while twochat.requests().len() < requests {
        assert!(begun.elapsed() < Duration::from_secs(30), "it was not asked");
        thread::sleep(Duration::from_millis(10));
    }
    twochat.clear();
    ended(waited(child))
}

#[tokio::test]
async fn a_busy_vendor_is_asked_again_until_it_answers() {
    let twochat = twochat_with(3).await;
    twochat.switch_on(Fault::Status(503));
    let result = call_mended_after(&twochat, 2, &["list-contacts"]).result();
    assert_eq!(result["contacts"].as_array().unwrap().len(), 3);
    assert_eq!(twochat.requests().len(), 3);
}

#[tokio::test]
async fn a_creation_that_was_certainly_refused_is_repeated_and_creates_one_contact() {
    let twochat = twochat_with(0).await;
    twochat.switch_on(Fault::Status(429));
    let words = ["create-contact", &new_contact().to_string()];
    call_mended_after(&twochat, 1, &words).result();
    assert_eq!(twochat.requests().len(), 2);
    let contacts = call(&twochat, &["list-contacts"]).result();
    assert_eq!(contacts["contacts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_creation_that_may_have_been_carried_out_is_sent_once() {
    for fault in [Fault::Html504, Fault::Status(500), Fault::Status(503), Fault::SuccessFalse] {
        let twochat = twochat_with(0).await;
        twochat.switch_on(fault);
        let error = call(&twochat, &["create-contact", &new_contact().to_string()]).error();
        assert_eq!(
            (&error["carried-out"], &error["retry"]),
            (&json!("perhaps"), &json!("after-looking"))
        );
        assert_eq!(twochat.requests().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn what_would_end_the_same_is_sent_once() {
    for status in [400, 402, 404, 406, 422] {
        let twochat = twochat_with(0).await;
        twochat.switch_on(Fault::Status(status));
        call(&twochat, &["list-contacts"]).error();
        assert_eq!(twochat.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn who_wants_no_retry_gets_none() {
    let twochat = twochat_with(0).await;
    twochat.switch_on(Fault::Status(503));
    for words in [&["list-contacts", "--no-retry"][..], &["--no-retry", "list-contacts", "--all"]] {
        let before = twochat.requests().len();
        assert_eq!(call(&twochat, words).error()["retry"], "after-waiting");
        assert_eq!(twochat.requests().len(), before + 1);
    }
}

#[tokio::test]
async fn a_read_that_stays_broken_ends_after_four_tries() {
    let twochat = twochat_with(0).await;
    twochat.switch_on(Fault::Status(500));
    let error = call(&twochat, &["list-contacts"]).error();
    assert_eq!(error["kind"], "interrupted");
    assert_eq!(twochat.requests().len(), 4);
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("the last of 4 tries; others may have been sent."), "{message}");
}

#[tokio::test]
async fn an_agent_is_spared_what_passes() {
    let twochat = twochat_with(2).await;
    twochat.switch_on(Fault::Status(500));
    let mut agent = Agent::of(&twochat.base_url());
    let asked = thread::scope(|scope| {
        scope.spawn(|| {
            while twochat.requests().is_empty() {
                thread::sleep(Duration::from_millis(10));
            }
            twochat.clear();
        });
        agent.call("list-contacts", json!({}))
    });
    assert_eq!(asked["structuredContent"]["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(twochat.requests().len(), 2);
}

/// Notes what it hears, and how many requests had come until then; or refuses to.
struct Heard {
    twochat: Arc<Mock>,
    notes: Mutex<Vec<(bool, usize)>>,
    refuses: bool,
}

impl Watch for Heard {
    fn note(&self, perhaps: bool) -> Noting<'_> {
        self.notes.lock().unwrap().push((perhaps, self.twochat.requests().len()));
        let noted = if self.refuses { Err("the disk is full".to_owned()) } else { Ok(()) };
        Box::pin(async move { noted })
    }
}

/// What comes of a call, and what whoever watches hears; faults end with the first wait.
async fn watched(
    mock: &Arc<Mock>,
    refuses: bool,
    action: &str,
    arguments: &Value,
) -> (Result<Value, Value>, Vec<(bool, usize)>) {
    let key = Some(Secret::new(CANARY).unwrap());
    let connection = Connection::new(&twochat(), &mock.base_url(), key).unwrap();
    let access = Access::of_owner(connection);
    let calls = Calls::new(LOADED.1.clone(), Client::new(&[]).unwrap(), access);
    let heard = Arc::new(Heard { twochat: Arc::clone(mock), notes: Mutex::default(), refuses });
    let watch: Arc<dyn Watch> = Arc::clone(&heard) as _;
    let call = Call { watch: Some(&watch), ..Call::new(action, arguments) };
    let patience = Patience::new(usize::from(!refuses), Duration::from_secs(20));
    let outcome = calls.make(call, patience, |_, _| mock.clear()).await.unwrap();
    let notes = heard.notes.lock().unwrap().clone();
    (outcome.result, notes)
}

#[tokio::test]
async fn whoever_watches_hears_before_what_changes_something_leaves_and_where_it_was_refused() {
    let twochat = Arc::new(twochat_with(0).await);
    twochat.switch_on(Fault::Status(429));
    let (made, notes) = watched(&twochat, false, "create-contact", &new_contact()).await;
    assert_eq!(notes, [(true, 0), (false, 1), (true, 1)]);
    made.unwrap();
    let (listed, notes) = watched(&twochat, false, "list-contacts", &json!({})).await;
    assert!(listed.is_ok() && notes.is_empty(), "{notes:?}");
    // What only looks before it is none that may change something.
    let arguments = json!({ "event-name": "whatsapp.conversation.new",
        "hook-url": "https://example.com/hook", "on-number": "+14155550100" });
    let (made, notes) = watched(&twochat, false, "subscribe", &arguments).await;
    made.unwrap();
    let methods: Vec<_> = twochat.requests().into_iter().map(|it| it.method).collect();
    let [(true, before)] = notes[..] else { panic!("{notes:?}") };
    assert_eq!(methods[before - 1..], ["GET", "POST"], "{methods:?}");
    let (refused, notes) = watched(&twochat, true, "create-contact", &new_contact()).await;
    let error = refused.unwrap_err();
    assert_eq!((notes.len(), twochat.requests().len()), (1, methods.len()));
    assert_eq!((&error["carried-out"], &error["retry"]), (&json!("no"), &json!("after-waiting")));
    assert!(error["message"].as_str().unwrap().contains("the disk is full"), "{error}");
}
