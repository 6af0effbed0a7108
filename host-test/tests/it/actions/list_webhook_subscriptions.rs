//! `list-webhook-subscriptions`: every field, the live extras, both forms.

use mock::Fault;
use serde_json::json;

use crate::support::{
    Caller,
    hook::Hook,
    known::{CHANNEL, Known},
    mock, mock_with,
};

pub(crate) fn known() -> Known {
    let webhooks = json!({"success": true, "webhooks": [{
        "id": 12, "account_id": 34, "uuid": "WHKdc78c87e-5b18-47c7-9183-5bf527fd6c69",
        "event_name": "whatsapp.message.received", "channel_uuid": CHANNEL,
        "hook_url": "https://hooks.example.com", "hook_params": {"waweb_uuid": CHANNEL},
        "created_at": "2023-04-17T18:50:50Z",
    }]});
    Known {
        name: "list-webhook-subscriptions",
        arguments: json!({}),
        record: None,
        effect: "reads",
        repeatable: true,
        budgeted: webhooks.clone(),
        answer: webhooks,
        gives: ("/subscriptions/0/event-name", json!("whatsapp.message.received")),
    }
}

#[tokio::test]
async fn every_field_of_a_subscription_comes_through() {
    let twochat = mock().await;
    let given = Caller::of(&twochat).call("list-webhook-subscriptions", json!({})).await.unwrap();
    let first = &given["subscriptions"][0];
    assert!(first["uuid"].as_str().unwrap().starts_with("WHK"));
    assert_eq!(first["event-name"], "whatsapp.message.received");
    assert!(first["hook-url"].as_str().unwrap().starts_with("https://"));
    assert_eq!(first["hook-params"][0]["name"], "waweb_uuid");
    assert_eq!(first["hook-params"][0]["value"], first["channel-uuid"]);
    assert!(first["created-at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((first.get("id"), first.get("account-id")), (None, None));
    assert_eq!(twochat.requests()[0].path, "/open/webhooks");
}

#[tokio::test]
async fn the_numbers_of_live_answers_come_through() {
    let twochat = mock_with(&[Fault::WebhookIds]).await;
    let given = Caller::of(&twochat).call("list-webhook-subscriptions", json!({})).await.unwrap();
    let first = &given["subscriptions"][0];
    assert!(first["id"].is_u64() && first["account-id"].is_u64(), "{first}");
}

#[tokio::test]
async fn a_bare_array_is_taken_as_well() {
    let twochat = mock_with(&[Fault::BareWebhooks]).await;
    let given = Caller::of(&twochat).call("list-webhook-subscriptions", json!({})).await.unwrap();
    assert_eq!(given["subscriptions"].as_array().unwrap().len(), 2);
    let none =
        Hook::replying(200, "[]").call("list-webhook-subscriptions", json!({})).await.unwrap();
    assert_eq!(none, json!({ "subscriptions": [] }));
}

#[tokio::test]
async fn parameters_come_as_text_and_nested_ones_as_json_text() {
    let body = r#"{"webhooks":[{"uuid":"WHK1","event_name":"new.event","hook_url":"https://example.com",
        "hook_params":{"text":"a\u00e9","number":5,"none":null,"yes":true,"nested":{"a": [1, {"b":"c"}]}}}]}"#;
    let given =
        Hook::replying(200, body).call("list-webhook-subscriptions", json!({})).await.unwrap();
    let param = |name: &str, value: &str| json!({ "name": name, "value": value });
    let expected = json!([
        param("text", "aé"),
        param("number", "5"),
        param("none", "null"),
        param("yes", "true"),
        param("nested", r#"{"a": [1, {"b":"c"}]}"#),
    ]);
    assert_eq!(given["subscriptions"][0]["hook-params"], expected);
    assert_eq!(given["subscriptions"][0]["event-name"], "new.event");
}
