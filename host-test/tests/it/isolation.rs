//! Calls share nothing: not their key, not their data, not their failures.

use host::{
    client::Client,
    engine::{CallError, Limits},
};
use mock::Reply;
use serde_json::json;

use crate::support::{Caller, LOADED, every_action, hook::Hook, mock};

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_the_same_time_with_different_keys_never_mix() {
    let twochat = mock().await;
    twochat.answer_with(Reply::json(200, json!({ "contacts": [] })));
    // One pool of connections, one server, and a key for each caller.
    let client = Client::new(&[]).unwrap();
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let caller = Caller::to(&twochat.base_url(), Some(&format!("key-number-{}", n % 10)));
            let caller = caller.trusting(client.clone());
            let query = json!({ "page-number": n });
            tokio::spawn(async move { caller.call("list-contacts", query).await.unwrap() })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap()["page-number"], n);
    }
    let requests = twochat.requests();
    assert_eq!(requests.len(), 100);
    for request in requests {
        let page: usize = request.query_value("page_number").unwrap().parse().unwrap();
        let expected = format!("key-number-{}", page % 10);
        assert_eq!(request.header("x-user-api-key"), Some(expected.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_environment_stays_in_its_instance() {
    let hook = Hook::replying(401, "{}");
    let mut calls = Vec::new();
    for n in 0..20 {
        let hook = hook.clone().with_variable("TWOCHAT_API_KEY", &format!("key-number-{n:02}"));
        calls.push(tokio::spawn(async move { hook.call("test-api-key", json!({})).await }));
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap()["verdict"], "invalid");
    }
    let mut keys: Vec<_> =
        hook.seen().iter().map(|seen| seen.header("x-user-api-key").unwrap().to_owned()).collect();
    keys.sort();
    assert_eq!(keys, (0..20).map(|n| format!("key-number-{n:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_after_a_failed_one_knows_nothing_of_it() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    for (action, arguments) in every_action() {
        twochat.answer_with(Reply::new(500, "x".repeat(5 << 20)));
        caller.call(action, arguments.clone()).await.unwrap_err();
        twochat.clear();
        caller.call(action, arguments).await.unwrap();
    }
}

#[tokio::test]
async fn a_kept_instance_takes_call_after_call_and_a_new_one_follows_one_that_was_stopped() {
    let short = Hook::replying(200, r#"{"contacts":[]}"#);
    let long =
        Hook::replying(200, format!(r#"{{"contacts":[],"later":"{}"}}"#, "x".repeat(99_999)));
    let alone = short.outcome("list-contacts", json!({})).await;
    let limits = Limits { fuel: alone.fuel * 2, ..Limits::default() };
    let mut kept = LOADED.1.instance(limits);
    for _ in 0..2 {
        // More than twice what one call may use, if it were not for each of them.
        for _ in 0..5 {
            let outcome = kept.call("list-contacts", &json!({}), short.outlet()).await.unwrap();
            assert_eq!(outcome.result, alone.result);
        }
        let stopped = kept.call("list-contacts", &json!({}), long.outlet()).await.unwrap_err();
        assert!(matches!(&stopped, CallError::Limit(what) if what.contains("fuel")), "{stopped}");
    }
}
