//! What is not there is said, and the rest is told.

use jiff::{Timestamp, ToSpan};
use mock::Fault;
use serde_json::{Value, json};

use crate::support::{
    raw::{Raw, Step},
    reacting::Reacting,
    receiver::{EVENT, Receiver, number, until},
    shell::{CANARY, asking, folder, run, twochat_with},
    told::{STORE, message, told},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_the_account_is_told_and_the_summary_says_what_is_missing() {
    let twochat = twochat_with(3).await;
    let empty = folder("digest-no-store");
    let base = twochat.base_url();
    let mut settings = asking(&base).to_vec();
    settings.push(("XDG_DATA_HOME", empty.to_str().unwrap()));
    let told = run(&["digest", "--output", "json"], &settings).result();
    assert!(told["events"].is_null() && told["credits"]["used"] == 1, "{told}");
    let looked = format!("there is no store {}/twochat/events.sqlite", empty.display());
    assert!(told["missing"][0].as_str().unwrap().contains(&looked), "{told}");
    let nothing = run(&["digest", "--no-api"], &settings);
    assert!(nothing.message(2).contains("there is nothing to tell"), "{nothing:?}");
    let named = run(&["digest", "--no-api", "--store", "/nowhere/events.sqlite"], &settings);
    assert!(named.message(2).contains("there is no store /nowhere/events.sqlite"), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_2chat_does_not_answer_the_rest_is_told_and_it_ends_with_1() {
    let twochat = twochat_with(3).await;
    twochat.switch_on(Fault::Status(500));
    let run = told(&[], &asking(&twochat.base_url()));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("Messages in: 9") && run.stdout.contains("## Missing"), "{run:?}");
    for what in ["Credits: ", "Contacts added: page 0: "] {
        assert!(run.stdout.contains(what), "{what}: {run:?}");
        assert!(run.stderr.starts_with("twochat: ") && run.stderr.contains(what), "{run:?}");
    }
    twochat.clear();
    twochat.switch_on(Fault::UsageMissing);
    let unsaid = told(&["--output", "json"], &asking(&twochat.base_url()));
    assert!(unsaid.code == Some(1) && unsaid.stdout.contains("Credits: "), "{unsaid:?}");
    let left_out = told(&["--no-api", "--output", "json"], &[]).result();
    assert_eq!(left_out["missing"][0], "Contacts added and credits: not asked for (--no-api).");
    assert_eq!(left_out["credits-spent"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_page_is_the_end_after_a_short_one_alone_and_that_is_said() {
    let reply = |status: u16, body: Value| {
        let (body, close) =
            (body.to_string(), "content-type: application/json\r\nconnection: close");
        let length = body.len();
        let head = format!("HTTP/1.1 {status} x\r\n{close}\r\ncontent-length: {length}\r\n\r\n");
        vec![Step::Send((head + &body).into()), Step::Close]
    };
    let contact = |number: usize| {
        let uuid = format!("CON{number:08}-9ad1-4c96-9eff-526a90a48c77");
        json!({ "uuid": uuid, "first_name": "Ada", "details": [] })
    };
    for (count, code) in [(2, 0), (100, 1)] {
        let contacts: Vec<_> = (0..count).map(contact).collect();
        let page = reply(200, json!({ "success": true, "contacts": contacts }));
        let no_page = reply(404, json!({ "success": false, "error": true, "message": "gone" }));
        let no_usage = reply(404, json!({ "success": false }));
        let twochat = Raw::in_turn(vec![no_usage, page, no_page]).await;
        let run = told(&["--output", "json"], &asking(&twochat.base_url()));
        let told: Value = run.stdout.parse().unwrap();
        let warning = told["warnings"][0].as_str().unwrap_or_default();
        assert_eq!(warning.contains("Page 1 of the contacts is refused"), code == 0, "{told}");
        let missing = told["missing"].to_string();
        assert_eq!(missing.contains("Contacts added: page 1: "), code == 1, "{told}");
        assert_eq!(told["contacts"].is_null(), code == 1, "{told}");
        assert!(missing.contains("Credits: ") && run.code == Some(1), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_is_said_and_the_account_is_told() {
    let twochat = twochat_with(1).await;
    let store = folder("digest-broken").join("events.sqlite");
    std::fs::write(&store, "no store").unwrap();
    let words = ["digest", "--no-contacts", "--output", "json", "--store", store.to_str().unwrap()];
    let run = run(&words, &asking(&twochat.base_url()));
    let told: Value = run.stdout.parse().unwrap();
    assert_eq!((run.code, &told["credits"]["used"]), (Some(1), &1.into()), "{told}");
    assert!(told["missing"][0].as_str().unwrap().contains("cannot be used"), "{told}");
    assert!(told["missing"][1].as_str().unwrap().contains("--no-contacts"), "{told}");
}

#[test]
fn what_was_not_read_came_late_says_a_time_to_come_or_was_not_handed_on_is_told() {
    let store = folder("digest-kept-back").join("events.sqlite");
    let words = ["--event", EVENT, "--run", "/bin/false", "--tries", "1"];
    let receiver = Receiver::with(&store, &words, &[]);
    let path = receiver.path(EVENT);
    receiver.post(&path, "no event");
    receiver.post(&path, message(1, 1, "Ada", "2024-07-05T19:21:51Z").to_string());
    // What cannot have happened yet has happened when it came.
    let soon = Timestamp::now() + 40.seconds();
    receiver.post(&path, message(2, 1, "Ada", &soon.to_string()).to_string());
    receiver.post(&path, message(3, 2, "Bob", "2130-01-01T00:00:00Z").to_string());
    until(|| {
        let parked = number(&store, "SELECT count(*) FROM outbox WHERE state = 'parked'");
        let unread = number(&store, "SELECT count(*) FROM events WHERE state = 'unread'");
        (parked == 3 && unread == 1).then_some(())
    });
    let words = ["digest", "--since", "1h", "--no-api", "--store", store.to_str().unwrap()];
    let json = run(&[&words[..], &["--output", "json"]].concat(), &[]).result();
    let kept = &json["events"]["kept-back"];
    assert_eq!(
        (&kept["unread"], &kept["late"], &kept["ahead"], &kept["parked"]),
        (&1.into(), &1.into(), &2.into(), &3.into())
    );
    assert_eq!(json["events"]["messages"]["incoming"], 2, "{json}");
    let text = run(&words, &[]);
    let (_, kept) = text.output().split_once("## Not read or not handed on\n").unwrap();
    assert_eq!(kept.matches("1 event ").count(), 2, "{kept}");
    assert!(kept.contains("2 events say that they happened after they came"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_sees_in_a_summary_what_it_sees_elsewhere() {
    let twochat = twochat_with(3).await;
    let reacting = Reacting::of("digest", &twochat.base_url(), "");
    let policy = reacting.file("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let masks = "mask = [\"first-name\", \"phone-number\", \"total\", \"value\"]";
    let actions = "[\"list-contacts\"]";
    assert!(text.contains(actions));
    reacting.write(&text.replace(actions, &format!("[\"list-contacts\"]\n{masks}")));
    let words = ["--policy", policy.to_str().unwrap(), "--persona", "reader", "--output", "json"];
    let run = told(&words, &[("WORK_KEY", CANARY)]);
    let told: Value = run.stdout.parse().unwrap();
    let shown = told.to_string();
    for hidden in ["1415555", "Ada", "evil", "360", "90000"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    // It is counted all the same, each chat by itself.
    let events = &told["events"];
    assert_eq!(
        (&events["messages"]["chats"], &events["orders"]["without-sum"]),
        (&3.into(), &4.into())
    );
    assert_eq!(events["busiest-chats"][0]["name"], "[masked]", "{shown}");
    assert_eq!(told["contacts"]["added"], 3);
    // It may not ask for the credits, which is said.
    assert!(run.code == Some(1) && run.stderr.contains("may not call"), "{run:?}");
    assert!(told["missing"][0].as_str().unwrap().starts_with("Credits: "), "{shown}");
    assert!(STORE.exists());
    // Nor does anything else show more, asked or not.
    let offline = told_offline(&words);
    assert!(!offline.contains("1415555") && offline.contains("[masked]"), "{offline}");
}

fn told_offline(words: &[&str]) -> String {
    told(&[words, &["--no-api"]].concat(), &[]).output().to_owned()
}
