//! `test-api-key`: a definite answer is a verdict, an undecided test an error.

use mock::{Fault, Mock, Options};
use serde_json::{Value, json};

use crate::support::{
    Caller,
    hook::Hook,
    known::{Known, info},
    mock, mock_with, policy,
};

pub(crate) fn known() -> Known {
    Known {
        name: "test-api-key",
        arguments: json!({}),
        record: None,
        effect: "reads",
        repeatable: true,
        answer: info(),
        budgeted: info(),
        gives: ("/verdict", json!("valid")),
    }
}

async fn verdict(twochat: &Mock, key: Option<&str>) -> Value {
    Caller::to(&twochat.base_url(), key).call("test-api-key", json!({})).await.unwrap()
}

#[tokio::test]
async fn a_key_that_works_is_valid() {
    let found = verdict(&mock().await, Some("mock-key")).await;
    assert_eq!(found["verdict"], "valid");
    assert!(found["account"]["uuid"].as_str().unwrap().starts_with("ACC"));
}

#[tokio::test]
async fn a_wrong_key_and_a_missing_one_are_invalid_and_told_apart() {
    let twochat = mock().await;
    let wrong = verdict(&twochat, Some("another-key")).await;
    let missing = verdict(&twochat, None).await;
    assert_eq!((&wrong["verdict"], &missing["verdict"]), (&json!("invalid"), &json!("invalid")));
    assert_eq!(wrong.get("account"), None);
    assert!(wrong["message"].as_str().unwrap().contains("Invalid API Key"), "{wrong}");
    assert!(missing["message"].as_str().unwrap().contains("no API key"), "{missing}");
}

#[tokio::test]
async fn a_blocked_account_is_blocked_even_when_its_quota_is_used_up() {
    let twochat = mock_with(&[Fault::AccountBlocked, Fault::QuotaUsedUp]).await;
    let found = verdict(&twochat, Some("mock-key")).await;
    assert_eq!(found["verdict"], "blocked");
    let reason = found["account"]["block-reason"].as_str().unwrap();
    assert!(found["message"].as_str().unwrap().contains(reason), "{found}");
}

#[tokio::test]
async fn no_credit_left_is_exhausted_however_2chat_says_it() {
    let shown = mock_with(&[Fault::QuotaUsedUp]).await;
    let refused = Mock::start(Options { max_api_requests: 0, ..Options::default() }).await.unwrap();
    for (twochat, shows_account) in [(shown, true), (refused, false)] {
        let found = verdict(&twochat, Some("mock-key")).await;
        assert_eq!(found["verdict"], "quota-exhausted", "{found}");
        assert_eq!(found.get("account").is_some(), shows_account);
    }
}

#[tokio::test]
async fn an_undecided_test_is_an_error() {
    for (status, expected) in [
        (403, ("forbidden", "no", "never")),
        (429, ("rate-limited", "no", "after-waiting")),
        (500, ("interrupted", "no", "now")),
        (503, ("busy", "no", "after-waiting")),
        (404, ("not-found", "no", "never")),
    ] {
        let error = Hook::replying(status, "{}").call("test-api-key", json!({})).await.unwrap_err();
        assert_eq!(policy(&error), expected, "{status}: {error}");
    }
    let says_failed = Hook::replying(200, r#"{"success":false,"account":{"uuid":"ACC1"}}"#);
    let error = says_failed.call("test-api-key", json!({})).await.unwrap_err();
    assert_eq!(error["kind"], "rejected");
    let says_nothing = Hook::replying(200, r#"{"success":true}"#);
    let error = says_nothing.call("test-api-key", json!({})).await.unwrap_err();
    assert_eq!(error["kind"], "unexpected-reply");
    assert!(error["message"].as_str().unwrap().contains("account"), "{error}");
}
