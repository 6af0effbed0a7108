//! `list-contacts`: pages, filters, and rows as 2Chat really sends them.

use mock::{CHANNELS, Fault, Mock, Options};
use serde_json::{Value, json};

use crate::support::{
    Caller,
    hook::Hook,
    known::{CHANNEL, Known, page},
    mock, mock_with,
};

pub(crate) fn known() -> Known {
    let contacts = json!({"success": true, "count": 1, "contacts": [{
        "id": 566, "uuid": "CON5dbf28a9-44f5-4ca2-9eae-fd33b124097a", "first_name": "Ada",
        "last_name": null, "channel_uuid": CHANNEL, "profile_pic_url": "https://example.com/a",
        "details": [{"id": 7, "value": "ada@example.com", "type": "E",
            "created_at": "2025-03-03T18:43:51", "updated_at": "2025-03-30T08:30:12"}],
    }]});
    Known {
        name: "list-contacts",
        arguments: json!({}),
        record: Some("contact-query"),
        effect: "reads",
        repeatable: true,
        answer: contacts,
        budgeted: page(50),
        gives: ("/contacts/0/id", json!(1)),
    }
}

async fn with_contacts(contacts: usize) -> Mock {
    Mock::start(Options { contacts, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn following_next_page_finds_every_contact_once() {
    let twochat = with_contacts(7).await;
    let caller = Caller::of(&twochat);
    let (mut ids, mut next) = (Vec::new(), Some(json!(0)));
    while let Some(page) = next {
        let query = json!({ "page-number": page, "results-per-page": 3 });
        let page = caller.call("list-contacts", query).await.unwrap();
        ids.extend(
            page["contacts"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()),
        );
        next = page.get("next-page").cloned();
    }
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    // The short page proves nothing, the empty one behind it does.
    assert_eq!(twochat.requests().len(), 4);
}

#[tokio::test]
async fn a_full_last_page_is_followed_by_an_empty_one() {
    let twochat = with_contacts(4).await;
    let caller = Caller::of(&twochat);
    let page =
        |n: u32| caller.call("list-contacts", json!({ "page-number": n, "results-per-page": 2 }));
    assert_eq!(page(1).await.unwrap()["next-page"], 2);
    let last = page(2).await.unwrap();
    assert_eq!((last["contacts"].as_array().unwrap().len(), last.get("next-page")), (0, None));
}

#[tokio::test]
async fn page_and_size_are_always_sent() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    caller.call("list-contacts", json!({})).await.unwrap();
    let channel = CHANNELS[0];
    let query = json!({ "page-number": 2, "results-per-page": 100, "channel-uuid": channel });
    caller.call("list-contacts", query).await.unwrap();

    let queries: Vec<_> = twochat.requests().into_iter().map(|request| request.query).collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(queries[0], [pair("page_number", "0"), pair("results_per_page", "50")]);
    let expected =
        [pair("page_number", "2"), pair("results_per_page", "100"), pair("channel_uuid", channel)];
    assert_eq!(queries[1], expected);
}

#[tokio::test]
async fn the_channel_filter_gives_only_contacts_of_that_channel() {
    let twochat = with_contacts(10).await;
    let page = Caller::of(&twochat)
        .call("list-contacts", json!({ "channel-uuid": CHANNELS[0] }))
        .await
        .unwrap();
    let rows = page["contacts"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.len() < 10, "{page}");
    assert!(rows.iter().all(|row| row["channel-uuid"] == CHANNELS[0]), "{page}");
}

#[tokio::test]
async fn sizes_out_of_range_are_refused_before_anything_is_sent() {
    for size in [0, 101, u32::MAX] {
        let hook = Hook::replying(200, "{}");
        let error =
            hook.call("list-contacts", json!({ "results-per-page": size })).await.unwrap_err();
        assert_eq!(
            (&error["kind"], &error["field"]),
            (&json!("invalid-input"), &json!("results-per-page"))
        );
        assert!(error["message"].as_str().unwrap().contains("1 to 100"), "{error}");
        assert!(hook.seen().is_empty());
    }
}

#[tokio::test]
async fn nulls_missing_parts_and_unknown_kinds_are_taken_as_they_are() {
    let body = json!({"success": true, "contacts": [
        {"uuid": "CON1"},
        {"uuid": "CON2", "id": null, "first_name": null, "details": null, "later": {"x": [1]}},
        {"uuid": "CON3", "details": [
            {"type": "TG", "value": "@ada"},
            {"id": 9, "type": "E", "value": "ada@example.com", "created_at": 1_695_230_471, "updated_at": 0},
            {"type": "PH", "value": "+14155550123", "created_at": "2024-03-09 22:00:08", "updated_at": "2025-03-30T08:30:12"},
        ]},
    ]});
    let page =
        Hook::replying(200, body.to_string()).call("list-contacts", json!({})).await.unwrap();
    let expected = json!([
        {"uuid": "CON1", "details": []},
        {"uuid": "CON2", "details": []},
        {"uuid": "CON3", "details": [
            {"kind": "TG", "value": "@ada"},
            {"id": 9, "kind": "email", "value": "ada@example.com", "created-at": "2023-09-20T17:21:11Z"},
            {"kind": "phone", "value": "+14155550123", "created-at": "2024-03-09T22:00:08Z", "updated-at": "2025-03-30T08:30:12Z"},
        ]},
    ]);
    assert_eq!(page["contacts"], expected);
    assert_eq!(page.get("reported-count"), None);
}

#[tokio::test]
async fn rows_that_come_twice_are_given_once_but_count_for_the_page() {
    let row = |n: u32| json!({"uuid": format!("CON{n}")});
    let body = json!({"contacts": [row(1), row(2), row(1)], "count": 3});
    let hook = Hook::replying(200, body.to_string());
    let page = hook.call("list-contacts", json!({ "results-per-page": 3 })).await.unwrap();
    let uuids: Vec<&Value> =
        page["contacts"].as_array().unwrap().iter().map(|it| &it["uuid"]).collect();
    assert_eq!(uuids, ["CON1", "CON2"]);
    assert_eq!((&page["next-page"], &page["reported-count"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn the_count_changes_nothing_whatever_it_counts() {
    for faults in [&[][..], &[Fault::CountIsTotal]] {
        let twochat = mock_with(faults).await;
        let page = Caller::of(&twochat)
            .call("list-contacts", json!({ "results-per-page": 2 }))
            .await
            .unwrap();
        assert_eq!(page["next-page"], 1);
    }
}

#[tokio::test]
async fn an_empty_directory_is_an_empty_page() {
    let twochat = mock_with(&[Fault::EmptyLists]).await;
    let page = Caller::of(&twochat).call("list-contacts", json!({})).await.unwrap();
    assert_eq!(page["contacts"], json!([]));
    assert_eq!(page.get("next-page"), None);
}
