//! `create-contact`: what it sends, what it gives, what it refuses.

use mock::{Fault, Options};
use serde_json::{Value, json};

use crate::support::{
    Caller,
    hook::Hook,
    known::{CHANNEL, Known, page},
    mock, mock_with, new_contact, policy,
};

pub(crate) fn known() -> Known {
    let contact = json!({"success": true, "contact": {
        "uuid": "CON2226e836-36dc-4103-b2a2-6307749cf390", "first_name": "Ada",
        "last_name": "Lovelace", "channel_uuid": CHANNEL, "profile_pic_url": "https://example.com/a",
        "details": [{"id": 1331, "value": "+14155550123", "type": "WAPH",
            "created_at": 1_695_230_471, "updated_at": 0}],
    }});
    Known {
        name: "create-contact",
        arguments: new_contact(),
        record: Some("new-contact"),
        effect: "creates",
        repeatable: false,
        answer: contact,
        budgeted: json!({"success": true, "contact": page(1)["contacts"][0]}),
        gives: ("/first-name", json!("Ada")),
    }
}

#[tokio::test]
async fn a_created_contact_comes_back_and_is_listed() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    let contact = json!({
        "first-name": "Grace",
        "last-name": "Hopper",
        "profile-pic-url": "https://example.com/grace.jpeg",
        "channel-uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
        "details": [
            { "kind": "email", "value": "grace@example.com" },
            { "kind": "address", "value": "1 Main Street, Springfield" },
            { "kind": "phone", "value": "+14155550142" },
            { "kind": "whatsapp-phone", "value": "+14155550143" },
        ],
    });

    let created = caller.call("create-contact", contact.clone()).await.unwrap();

    assert_eq!(created["first-name"], "Grace");
    assert_eq!(created["channel-uuid"], contact["channel-uuid"]);
    assert_eq!(created["profile-pic-url"], contact["profile-pic-url"]);
    let kinds: Vec<_> =
        created["details"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["email", "address", "phone", "whatsapp-phone"]);
    // 2Chat gives epoch seconds here, and 0 for "never".
    let detail = &created["details"][0];
    assert!(detail["created-at"].as_str().unwrap().ends_with('Z'), "{detail}");
    assert_eq!(detail.get("updated-at"), None);

    let page = caller.call("list-contacts", json!({})).await.unwrap();
    let uuids: Vec<_> = page["contacts"].as_array().unwrap().iter().map(|it| &it["uuid"]).collect();
    assert!(uuids.contains(&&created["uuid"]), "{page}");
}

#[tokio::test]
async fn the_request_is_exactly_what_the_api_documents() {
    let answer = json!({"success": true, "contact": {"uuid": "CON1", "details": []}});
    let hook = Hook::replying(201, answer.to_string());

    hook.call("create-contact", new_contact()).await.unwrap();

    let sent = hook.only();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "https://api.p.2chat.io/open/contacts")
    );
    let body = r#"{"first_name":"Ada","contact_detail":[{"type":"PH","value":"+14155550123"}]}"#;
    assert_eq!(sent.body, body);
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("content-length"), Some(body.len().to_string().as_str()));
    assert_eq!(sent.header("x-user-api-key"), None, "without a key the host signs");
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_before_anything_is_sent() {
    let with = |field: &str, value: Value| {
        let mut contact = new_contact();
        contact[field] = value;
        contact
    };
    let detail = |kind: &str, value: &str| {
        json!([
            { "kind": "phone", "value": "+14155550123" },
            { "kind": kind, "value": value },
        ])
    };
    for (contact, field, hint) in [
        (with("first-name", json!("")), "first-name", "Ada"),
        (with("first-name", json!(" \t")), "first-name", "Ada"),
        (with("details", json!([])), "details", "at least one"),
        (with("details", detail("phone", "4155550123")), "details[1].value", "+14155550123"),
        (with("details", detail("phone", "+1 415 555 0123")), "details[1].value", "+14155550123"),
        (with("details", detail("whatsapp-phone", "+1234567")), "details[1].value", "+14155550123"),
        (with("details", detail("email", "ada")), "details[1].value", "ada@example.com"),
        (with("details", detail("address", "  ")), "details[1].value", "not blank"),
        (with("profile-pic-url", json!("ftp://x/y")), "profile-pic-url", "https://"),
        (with("profile-pic-url", json!("")), "profile-pic-url", "https://"),
        (with("channel-uuid", json!("66037eca")), "channel-uuid", "WPN66037eca-"),
        (
            with("channel-uuid", json!("CON66037eca-9ad1-4c96-9eff-526a90a48c77")),
            "channel-uuid",
            "WPN",
        ),
    ] {
        let hook = Hook::replying(201, "{}");
        let error = hook.call("create-contact", contact).await.unwrap_err();
        assert_eq!(policy(&error), ("invalid-input", "no", "after-correcting"), "{error}");
        assert_eq!(error["field"], field);
        assert_eq!(error.get("status"), None);
        assert!(error["message"].as_str().unwrap().contains(hint), "{error}");
        assert!(hook.seen().is_empty(), "nothing is sent");
    }
}

#[tokio::test]
async fn what_only_2chat_can_refuse_comes_back_with_its_words() {
    let twochat = mock_with(&[Fault::Status(422)]).await;
    let error = Caller::of(&twochat).call("create-contact", new_contact()).await.unwrap_err();
    assert_eq!(policy(&error), ("invalid-input", "no", "after-correcting"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("2Chat says"), "{error}");
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test]
async fn a_large_contact_is_sent_whole() {
    let twochat = mock::Mock::start(Options::default()).await.unwrap();
    let details: Vec<_> = (0..2000)
        .map(
            |n| json!({ "kind": "address", "value": format!("{n} {}", "Long Street ".repeat(20)) }),
        )
        .collect();
    let contact = json!({ "first-name": "Ada", "details": details });

    let created = Caller::of(&twochat).call("create-contact", contact).await.unwrap();

    assert_eq!(created["details"].as_array().unwrap().len(), 2000);
    assert!(twochat.requests()[0].body.len() > 400_000);
}
