//! Calls share nothing: not their key, not their data, not their failures.

use std::sync::Arc;

use host_test::mock::{Mock, Options, Reply};
use serde_json::json;

use crate::support::{Caller, every_action, hook::Hook, mock};

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_the_same_time_with_different_keys_never_mix() {
    let mocks = ["key-of-the-first", "key-of-the-second"].map(|key| Options {
        key: key.to_owned(),
        requests_per_minute: 1000,
        ..Options::default()
    });
    let mut calls = Vec::new();
    let mut servers = Vec::new();
    for options in mocks {
        let key = options.key.clone();
        let server = Mock::start(options).await.unwrap();
        let caller = Arc::new(Caller::to(&server.base_url(), Some(&key)));
        for _ in 0..50 {
            let caller = Arc::clone(&caller);
            calls.push(tokio::spawn(async move {
                caller.call("test-api-key", json!({})).await.unwrap()
            }));
        }
        servers.push((key, server));
    }
    for call in calls {
        assert_eq!(call.await.unwrap()["verdict"], "valid");
    }
    for (key, server) in servers {
        let keys: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.header("x-user-api-key").map(str::to_owned))
            .collect();
        assert_eq!(keys, vec![Some(key); 50]);
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
