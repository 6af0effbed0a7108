//! `get-api-usage-info`: the account, its limits, and what is left.

use mock::{Fault, Mock, Options};
use serde_json::json;

use crate::support::{
    Caller,
    hook::Hook,
    known::{Known, info},
    mock, mock_with,
};

pub(crate) fn known() -> Known {
    Known {
        name: "get-api-usage-info",
        arguments: json!({}),
        record: None,
        effect: "reads",
        repeatable: true,
        answer: info(),
        budgeted: info(),
        gives: ("/requests-per-minute", json!(80)),
    }
}

#[tokio::test]
async fn what_is_left_of_each_quota_is_computed() {
    let options = Options { api_requests_used: 77_111, ..Options::default() };
    let twochat = Mock::start(options).await.unwrap();

    let info = Caller::of(&twochat).call("get-api-usage-info", json!({})).await.unwrap();

    assert_eq!(info["requests-per-minute"], 80);
    let expected = json!({ "used": 77_112, "limit": 500_000, "left": 422_888 });
    assert_eq!(info["api-requests"], expected);
    let checks = &info["number-checks"];
    let number = |name: &str| checks[name].as_u64().unwrap();
    assert_eq!(number("left"), number("limit") - number("used"));
    assert!(info["account"]["uuid"].as_str().unwrap().starts_with("ACC"));
    assert_eq!(info["account"]["blocked"], false);
}

#[tokio::test]
async fn the_request_is_exactly_what_the_api_documents() {
    let twochat = mock().await;
    Caller::of(&twochat).call("get-api-usage-info", json!({})).await.unwrap();

    let sent = twochat.requests().remove(0);
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("GET", "/open/info"));
    assert_eq!((sent.query.len(), sent.body.as_str()), (0, ""));
    assert_eq!(sent.header("accept"), Some("application/json"));
    assert!(sent.header("user-agent").unwrap().starts_with("twochat-connector/"));
    assert_eq!(sent.header("x-user-api-key"), Some("mock-key"), "the host adds the key");
}

#[tokio::test]
async fn parts_that_2chat_leaves_out_are_left_out() {
    let twochat = mock_with(&[Fault::UsageMissing]).await;
    let info = Caller::of(&twochat).call("get-api-usage-info", json!({})).await.unwrap();
    assert_eq!((info.get("api-requests"), info.get("number-checks")), (None, None));

    let least = r#"{"success":true,"account":{"uuid":"ACC1"},"limits":null,"usage":{}}"#;
    let info = Hook::replying(200, least).call("get-api-usage-info", json!({})).await.unwrap();
    let account = json!({ "uuid": "ACC1", "name": "", "on-trial": false, "blocked": false });
    assert_eq!(info, json!({ "account": account }));
}

#[tokio::test]
async fn the_reason_for_a_block_is_given() {
    let twochat = mock_with(&[Fault::AccountBlocked]).await;
    let info = Caller::of(&twochat).call("get-api-usage-info", json!({})).await.unwrap();
    assert_eq!(info["account"]["blocked"], true);
    assert!(info["account"]["block-reason"].is_string(), "{info}");
}

#[tokio::test]
async fn more_used_than_allowed_leaves_nothing() {
    let body = json!({"account": {"uuid": "ACC1"}, "usage": {
        "api_request_count": u64::MAX, "max_api_request_count": 500,
    }});
    let hook = Hook::replying(200, body.to_string());
    let info = hook.call("get-api-usage-info", json!({})).await.unwrap();
    assert_eq!(info["api-requests"], json!({ "used": u64::MAX, "limit": 500, "left": 0 }));
}
