//! `twochat digest`: what it counts, what it does not say, how it is handed on.

mod handed;
mod hostile;
mod missing;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    receiver::{Receiver, number, until},
    shell::{asking, folder, run, twochat_with},
    told::{STORE, message as message_of, told},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_told_whole_and_each_thing_is_counted_once() {
    // The contacts of the mock were added on that day.
    let twochat = twochat_with(3).await;
    let run = told(&["--output", "json"], &asking(&twochat.base_url()));
    let hour = |incoming: u64, outgoing: u64| json!({ "incoming": incoming, "outgoing": outgoing });
    let mut hours = vec![hour(0, 0); 24];
    (hours[9], hours[10], hours[11], hours[23]) = (hour(3, 0), hour(1, 1), hour(4, 0), hour(1, 0));
    let mut told = run.result();
    let names = told["contacts"]["names"].take();
    assert_eq!(names.as_array().unwrap().len(), 3, "{names}");
    let hostile = told["events"]["busiest-chats"][1]["name"].take();
    assert!(hostile.as_str().unwrap().starts_with("[x](http://evil.example)<script>"), "{hostile}");
    assert_eq!(
        told,
        json!({
            "title": "Monday, 3 March 2025",
            "since": "2025-03-03T00:00:00-03:00",
            "until": "2025-03-04T00:00:00-03:00",
            "time-zone": "America/Asuncion",
            "account": told["account"],
            "events": {
                "conversations": { "begun": 2, "first-ever": 1 },
                "messages": {
                    "incoming": 9, "outgoing": 1, "either-way": 0, "chats": 3, "by-hour": hours,
                },
                "busiest-chats": [
                    { "name": "Ada", "number": "+14155550101", "chat-id": null, "is-group": false, "incoming": 7, "outgoing": 1, "messages": 8 },
                    { "name": null, "number": "+14155550102", "chat-id": null, "is-group": false, "incoming": 1, "outgoing": 0, "messages": 1 },
                    { "name": "Team", "number": null, "chat-id": null, "is-group": true, "incoming": 1, "outgoing": 0, "messages": 1 },
                ],
                "orders": {
                    "count": 4,
                    "sums": [
                        { "currency": "PYG", "sum": "90000" },
                        { "currency": "USD", "sum": "360.60" },
                    ],
                    "without-sum": 1,
                },
                "calls": { "missed": 1, "unclear": 0 },
                "not-sent": 1,
                "group-changes": 1,
                "number-changes": 1,
                "others": 1,
                "kept-back": {
                    "unread": 0, "unread-parts": 0, "late": 0, "ahead": 0, "not-yet-read": 0, "waiting": 0,
                    "parked": 0,
                },
            },
            "contacts": { "added": 3, "names": null, "without-time": 0, "unread": 0 },
            "credits": { "used": 1, "limit": 500_000, "left": 499_999 },
            "credits-spent": 3,
            "missing": [],
            "warnings": [],
        })
    );
    assert_eq!(twochat.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_of_contacts_are_looked_at_and_what_that_cost_is_told() {
    let twochat = twochat_with(230).await;
    let json = told(&["--output", "json"], &asking(&twochat.base_url())).result();
    assert_eq!((&json["contacts"]["added"], &json["credits-spent"]), (&230.into(), &5.into()));
    assert_eq!(json["contacts"]["names"].as_array().unwrap().len(), 10);
    let text = told(&[], &asking(&twochat.base_url()));
    assert!(text.output().contains("and 220 more\n"), "{text:?}");
    assert!(text.output().contains("Spent for this summary: 5 credits\n"), "{text:?}");
    assert_eq!(twochat.requests().len(), 10);
}

#[test]
fn a_call_is_of_the_day_in_which_it_began_with_the_end_that_came_later() {
    let store = ["digest", "--no-api", "--output", "json", "--store", STORE.to_str().unwrap()];
    let zone = ["--time-zone", "America/Asuncion"];
    let missed = |since: &str, until: &str| {
        let day = ["--since", since, "--until", until];
        run(&[&store[..], &day, &zone].concat(), &[]).result()["events"]["calls"].clone()
    };
    // One rang before midnight and ended after it.
    assert_eq!(missed("2025-03-02", "2025-03-03"), json!({ "missed": 1, "unclear": 0 }));
    assert_eq!(missed("2025-03-02", "2025-03-04"), json!({ "missed": 2, "unclear": 0 }));
    assert_eq!(missed("2025-03-04", "2025-03-05"), json!({ "missed": 0, "unclear": 0 }));
}

#[test]
fn who_has_no_number_is_told_by_an_id_a_group_as_one_and_an_order_by_its_products() {
    let store = folder("digest-without-number").join("events.sqlite");
    let names = ["whatsapp.message.received", "whatsapp.group.message.received"];
    let receiver = Receiver::with(&store, &["--event", names[0], "--event", names[1]], &[]);
    let at = Timestamp::now().to_string();
    let session = |message: u32, id: &str| {
        let mut event = message_of(message, 1, "Ada", &at);
        event["session_key"] = format!("WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-{id}").into();
        event["remote_phone_number"] = Value::Null;
        event["contact"] = Value::Null;
        event
    };
    let mut order = session(1, "123456789012345@lid");
    let product = |price: &str, quantity: u32| json!({ "price": price, "currency": "USD", "quantity": quantity });
    let products = [product("210.5", 1), product("0.25", 2)];
    order["message"] =
        json!({ "text": "", "order": { "total": 0, "currency": null, "products": products } });
    receiver.post(&receiver.path(names[0]), order.to_string());
    let mut unclear = session(2, "123456789012345@lid");
    unclear["message"] = json!({ "text": "", "order": { "total": 0, "products": [product("1", 1), { "price": "2" }] } });
    receiver.post(&receiver.path(names[0]), unclear.to_string());
    receiver.post(&receiver.path(names[1]), session(3, "120363027885165765@g.us").to_string());
    until(|| {
        (number(&store, "SELECT count(*) FROM events WHERE state = 'read'") == 3).then_some(())
    });
    let words = ["digest", "--no-api", "--since", "1h", "--store", store.to_str().unwrap()];
    let told = run(&[&words[..], &["--output", "json"]].concat(), &[]).result();
    let chat = |place: usize| {
        let chat = &told["events"]["busiest-chats"][place];
        (chat["number"].clone(), chat["chat-id"].clone(), chat["is-group"].clone())
    };
    assert_eq!(chat(0), (Value::Null, "123456789012345@lid".into(), false.into()), "{told}");
    assert_eq!(chat(1), (Value::Null, Value::Null, true.into()), "{told}");
    let orders = &told["events"]["orders"];
    assert_eq!(orders["sums"], json!([{ "currency": "USD", "sum": "211.00" }]), "{told}");
    assert_eq!((&orders["count"], &orders["without-sum"]), (&2.into(), &1.into()), "{told}");
    let text = run(&words, &[]);
    assert!(text.output().contains("| a group |  | 1 |"), "{text:?}");
    assert!(text.output().contains("lid |  | 2 |"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_created_just_now_was_added_since() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    let details = r#"{"kind": "phone", "value": "+14155550123"}"#;
    let ada = ["call", "create-contact", "--first-name", "Ada", "--details", details];
    run(&ada, &asking(&base)).result();
    let words = ["digest", "--since", "1h", "--output", "json", "--store", STORE.to_str().unwrap()];
    let told = run(&words, &asking(&base)).result();
    let contacts = &told["contacts"];
    assert_eq!((&contacts["added"], &contacts["names"]), (&1.into(), &json!(["Ada"])), "{told}");
}

#[test]
fn an_hour_that_comes_twice_is_one_and_a_day_has_it_twice() {
    let store = ["digest", "--no-api", "--output", "json", "--store", STORE.to_str().unwrap()];
    let night = ["--since", "2025-11-02", "--until", "2025-11-03", "--time-zone"];
    let told = run(&[&store[..], &night, &["America/New_York"]].concat(), &[]).result();
    assert_eq!(told["until"], "2025-11-03T00:00:00-05:00");
    assert_eq!(told["since"], "2025-11-02T00:00:00-04:00");
    assert_eq!(told["events"]["messages"]["by-hour"][1]["incoming"], 2, "{told}");
    // The zone of the system is meant where none is named.
    let nowhere = run(&[&store[..], &night[..4]].concat(), &[("TZ", "Foo/Bar")]);
    assert!(nowhere.stderr.contains("TZ: there is no zone \"Foo/Bar\""), "{nowhere:?}");
    assert_eq!(nowhere.code, Some(2));
    let here = run(&[&store[..], &night[..4]].concat(), &[("TZ", "Asia/Tokyo")]).result();
    assert_eq!(
        (&here["time-zone"], &here["since"]),
        (&"Asia/Tokyo".into(), &"2025-11-02T00:00:00+09:00".into())
    );
}
