//! `twochat digest`: what it counts, what it does not say, how it is handed on.

mod handed;
mod hostile;
mod missing;

use serde_json::json;

use crate::support::{
    shell::{asking, run, twochat_with},
    told::{STORE, told},
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
                    { "name": "Ada", "number": "+14155550101", "incoming": 7, "outgoing": 1, "messages": 8 },
                    { "name": null, "number": "+14155550102", "incoming": 1, "outgoing": 0, "messages": 1 },
                    { "name": "Team", "number": null, "incoming": 1, "outgoing": 0, "messages": 1 },
                ],
                "orders": {
                    "count": 4,
                    "sums": [
                        { "currency": "PYG", "sum": "90000" },
                        { "currency": "USD", "sum": "360.60" },
                    ],
                    "without-sum": 1,
                },
                "calls": { "missed": 2, "unclear": 0 },
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
