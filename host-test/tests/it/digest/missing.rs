//! What is not there is said, and the rest is told.

use jiff::{Timestamp, ToSpan};
use mock::Fault;
use serde_json::{Value, json};

use crate::support::{
    raw::{Raw, Step},
    reacting::Reacting,
    receiver::{EVENT, Receiver, looked_into, number, until},
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

#[test]
fn what_nobody_listens_for_is_missing_and_no_zero() {
    let store = folder("digest-unheard").join("events.sqlite");
    let name = store.to_str().unwrap();
    let receiver =
        Receiver::with(&store, &["--event", EVENT, "--event", "call.status.update"], &[]);
    let body = message(1, 1, "Ada", &Timestamp::now().to_string());
    receiver.post(&receiver.path(EVENT), body.to_string());
    until(|| {
        (number(&store, "SELECT count(*) FROM events WHERE state = 'read'") == 1).then_some(())
    });
    drop(receiver);
    let words = ["digest", "--no-api", "--store", name];
    let told =
        |since: &[&str]| run(&[&words[..], since, &["--output", "json"]].concat(), &[]).result();
    let now = told(&["--since", "1h"]);
    let events = &now["events"];
    assert_eq!(events["conversations"], json!({ "begun": 1, "first-ever": 0 }), "{now}");
    assert_eq!(events["calls"], json!({ "missed": 0, "unclear": 0 }), "{now}");
    let messages = &events["messages"];
    assert_eq!((&messages["incoming"], &messages["chats"]), (&1.into(), &1.into()), "{now}");
    for unknown in [
        &messages["outgoing"],
        &messages["by-hour"][0]["outgoing"],
        &events["busiest-chats"][0]["outgoing"],
        &events["orders"],
        &events["not-sent"],
        &events["group-changes"],
        &events["number-changes"],
    ] {
        assert!(unknown.is_null(), "{now}");
    }
    let missing: Vec<_> =
        now["missing"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let from = missing.first().unwrap();
    assert!(from.starts_with("What was reported before 2"), "{missing:?}");
    assert!(from.ends_with(": the store begins there."), "{missing:?}");
    assert_eq!(
        missing[1..4],
        [
            "Messages in: nobody listens for whatsapp.message.received, whatsapp.message.new, \
             whatsapp.waba.message.received or whatsapp.group.message.received; those counted came \
             with other events.",
            "Messages out: nobody listens for whatsapp.message.sent, whatsapp.message.new or \
             whatsapp.waba.message.sent.",
            "Orders: nobody listens for whatsapp.order.received.",
        ]
    );
    let text = run(&[&words[..], &["--since", "1h"]].concat(), &[]);
    let text = text.output();
    assert!(text.contains("- Missed calls: 0\n") && text.contains("- Messages in: 1\n"), "{text}");
    assert!(!text.contains("- Orders: 0") && !text.contains("- Messages out: 0"), "{text}");
    assert!(text.contains(" | 1 |  |\n"), "{text}");
    let page = run(&[&words[..], &["--since", "1h", "--output", "html"]].concat(), &[]);
    let page = page.output();
    assert!(page.contains("<b>1</b>messages in<i>in 1 chat</i>"), "{page}");
    assert!(!page.contains("messages out") && !page.contains("</b>orders"), "{page}");
    // Of a time before the store there is nothing to know, for whatever is listened.
    let before = told(&["--since", "2d", "--until", "yesterday"]);
    assert!(before["events"]["calls"].is_null() && before["events"]["conversations"].is_null());
    assert!(
        before["missing"][0].as_str().unwrap().ends_with("the store begins there."),
        "{before}"
    );
    assert_eq!(before["missing"].as_array().unwrap().len(), 2, "{before}");
    let subject = run(&[&words[..], &["--mail-to", "me@example.com"]].concat(), &[]);
    assert!(!subject.output().contains("0 conversations"), "{subject:?}");
}

#[test]
fn what_was_received_in_a_time_was_listened_for_then_and_a_store_of_nothing_knows_nothing() {
    let store = folder("digest-forgotten").join("events.sqlite");
    let receiver = Receiver::with(&store, &["--event", "whatsapp.order.received"], &[]);
    receiver.post(&receiver.path("whatsapp.order.received"), "no event");
    until(|| {
        (number(&store, "SELECT count(*) FROM events WHERE state = 'unread'") == 1).then_some(())
    });
    drop(receiver);
    looked_into(&store).execute("DELETE FROM endpoints", []).unwrap();
    let told = |since: &str| {
        let words = ["digest", "--no-api", "--output", "json", "--since", since, "--store"];
        run(&[&words[..], &[store.to_str().unwrap()]].concat(), &[]).result()["events"]["orders"]
            .clone()
    };
    assert_eq!(told("1h")["count"], 0);
    looked_into(&store).execute("DELETE FROM events", []).unwrap();
    assert!(told("1h").is_null());
}

#[test]
fn a_listen_that_received_nothing_leaves_no_zeros_behind() {
    let folder = folder("digest-failed-listen");
    let home = [("XDG_DATA_HOME", folder.to_str().unwrap())];
    let failed = run(&["listen", "--listen", "127.0.0.1:0"], &home);
    assert!(failed.message(2).contains("there is nothing to receive"), "{failed:?}");
    let told = run(&["digest", "--no-api", "--since", "today"], &home);
    // With or without an empty store, nothing is a number.
    let said = told.stdout + &told.stderr;
    assert!(!said.contains(": 0\n"), "{said}");
    assert!(said.contains("nobody listens") || said.contains("there is no store"), "{said}");
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
