//! A persona answers events with calls, as rules of the policy say.

use mock::{Fault, Mock};

use crate::support::{
    raw::{Raw, Step},
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, Sender, until},
    shell::twochat_with,
};

/// The numbers of the contacts that were asked for. Of one that was cut off on its way
/// nothing was read.
fn created(twochat: &Mock) -> Vec<String> {
    let made = twochat.requests().into_iter().filter(|it| it.method == "POST");
    let bodies = made.filter_map(|request| request.json());
    let number =
        |body: serde_json::Value| body["contact_detail"][0]["value"].as_str().map(str::to_owned);
    bodies.map(|body| number(body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_conversation_becomes_a_contact_once_however_often_it_is_delivered() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("contact", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    let event = conversation(1);
    for _ in 0..3 {
        assert_eq!(receiver.post(&path, event.to_string()).status, 200);
    }
    // The same event, told otherwise; then another of the same number; then one of nobody.
    let mut told = event.clone();
    told["contact"]["first_name"] = "A.".into();
    let mut other = event.clone();
    other["uuid"] = "MSG00000099-04f6-449e-acf5-42fc6875ba94".into();
    other["id"] = other["uuid"].clone();
    let mut nobody = conversation(2);
    nobody["session_key"] = serde_json::Value::Null;
    nobody["remote_phone_number"] = serde_json::Value::Null;
    for event in [&told, &other, &nobody] {
        assert_eq!(receiver.post(&path, event.to_string()).status, 200);
    }
    until(|| (created(&twochat) == ["+14155550001"]).then_some(()));
    until(|| (reacting.count("done") == 1).then_some(()));
    receiver.says("double");
    receiver.kill();
    let again = reacting.receives(&[]);
    assert_eq!(again.post(&path, event.to_string()).status, 200);
    assert_eq!(again.post(&path, conversation(3).to_string()).status, 200);
    until(|| (reacting.count("done") == 2).then_some(()));
    assert_eq!(created(&twochat), ["+14155550001", "+14155550003"]);
    let (status, said) = again.ended();
    assert!(status.success(), "{said}");
    let listed = reacting.listed();
    let states: Vec<_> = listed.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["read", "double", "read", "read", "read"], "{listed:?}");
    assert_eq!(listed[0]["seen"], 5, "{listed:?}");
    let log = std::fs::read_to_string(reacting.file("audit.jsonl")).unwrap();
    assert!(log.contains("rule new-contact, event evt_"), "{log}");
    let bodies: Vec<_> = twochat.requests().iter().map(|request| request.body.clone()).collect();
    assert!(bodies[0].contains("\"first_name\":\"Ada\"") && !bodies[0].contains("last_name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_carried_out_is_parked_and_repeated_only_when_asked_for() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("perhaps", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    twochat.switch_on(Fault::Status(504));
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    assert_eq!(created(&twochat).len(), 1);
    let shown = reacting.events(&["--state", "parked"]);
    let words = shown.output().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("new-contact: parked") && words.contains("may have been carried"));
    twochat.clear();
    let none = reacting.events(&["replay"]);
    assert!(none.message(2).contains("which?"), "{none:?}");
    let again = reacting.events(&["replay", "1"]);
    assert_eq!(again.result()["handed-on-again"], 1, "{again:?}");
    until(|| (reacting.count("done") == 1).then_some(()));
    assert_eq!(created(&twochat).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_once_is_done_again_only_where_that_is_asked_for() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("once-more", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    let mut other = conversation(1);
    other["uuid"] = "MSG00000099-04f6-449e-acf5-42fc6875ba94".into();
    other["id"] = other["uuid"].clone();
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    receiver.post(&path, other.to_string());
    let read = || {
        let new = "SELECT count(*) FROM events WHERE state != 'read'";
        let store = reacting.store();
        until(|| (crate::support::receiver::number(&store, new) == 0).then_some(()));
    };
    read();
    for id in ["1", "2"] {
        let left = reacting.events(&["replay", id]);
        let expected = if id == "1" { 1 } else { 0 };
        assert!(
            left.stdout
                .contains(&format!("\"handed-on-again\":0,\"read-again\":1,\"left\":{expected}")),
            "{left:?}"
        );
        assert_eq!(left.stderr.contains("--again does it once more"), id == "1", "{left:?}");
        read();
    }
    assert_eq!((created(&twochat).len(), reacting.count("waiting")), (1, 0));
    for (id, made) in [("1", 2), ("2", 3)] {
        assert_eq!(reacting.events(&["replay", id, "--again"]).result()["read-again"], 1);
        until(|| (created(&twochat).len() == made).then_some(()));
        until(|| (reacting.count("done") == made - 1).then_some(()));
    }
    // From now on it is done by the second, and by no third.
    let mut third = other.clone();
    third["uuid"] = "MSG00000098-04f6-449e-acf5-42fc6875ba94".into();
    third["id"] = third["uuid"].clone();
    receiver.post(&path, third.to_string());
    until(|| (reacting.listed().len() == 3).then_some(()));
    read();
    let shown = reacting.events(&["show", "3"]).result();
    let why = shown["not-handed-on"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("skipped: event 2 stands for it"), "{shown}");
    assert_eq!(created(&twochat).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_carried_out_is_tried_again() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("again", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    twochat.switch_on(Fault::Status(429));
    receiver.post(&path, conversation(1).to_string());
    until(|| (created(&twochat).len() > 1).then_some(()));
    twochat.clear();
    until(|| (reacting.count("done") == 1).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_cut_off_by_a_crash_is_not_made_again() {
    let twochat = Raw::replying(vec![Step::Hang]).await;
    let reacting = Reacting::of("cut", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (twochat.requests().len() == 1).then_some(()));
    assert_eq!(reacting.count("begun"), 1);
    receiver.kill();
    let again = reacting.receives(&[]);
    assert_eq!((reacting.count("parked"), reacting.count("begun")), (1, 0));
    let listed = reacting.listed();
    let why = listed[0]["handed-on"][0]["error"].as_str().unwrap();
    assert!(why.contains("it may have been carried out"), "{listed:?}");
    std::thread::sleep(std::time::Duration::from_secs(2));
    drop(again);
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_answered_twice_however_often_the_receiver_is_killed() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("killed", &twochat.base_url(), CONTACT);
    let (mut receiver, mut number) = (Some(reacting.receives(&[])), 0);
    let path = receiver.as_ref().unwrap().path(EVENT);
    let mut acknowledged = Vec::new();
    for time in 0..10 {
        let running = receiver.take().unwrap_or_else(|| reacting.receives(&[]));
        let mut sender = Sender::to(running.address, &path);
        for _ in 0..20 {
            number += 1;
            if sender.post(&conversation(number).to_string()) == Some(200) {
                acknowledged.push(format!("+1415555{number:04}"));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(20 + 30 * time));
        running.kill();
    }
    let last = reacting.receives(&[]);
    until(|| (reacting.count("waiting") + reacting.count("begun") == 0).then_some(()));
    until(|| {
        let store = crate::support::receiver::number(
            &reacting.store(),
            "SELECT count(*) FROM events WHERE state = 'new'",
        );
        (store == 0 && reacting.count("waiting") + reacting.count("begun") == 0).then_some(())
    });
    drop(last);
    let mut made = created(&twochat);
    let count = made.len();
    made.sort();
    made.dedup();
    assert_eq!(made.len(), count, "a contact was made twice");
    // What was cut off is parked, at most one for each time, and all else is made.
    let parked = reacting.count("parked");
    assert!(parked <= 10, "{parked}");
    assert_eq!(reacting.count("done") + parked, acknowledged.len());
    assert!(count >= reacting.count("done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_would_do_can_be_seen_without_its_being_done() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("dry", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&["--dry-run"]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    receiver.says("call create-contact {\"first-name\":\"Ada\"");
    drop(receiver);
    assert!(created(&twochat).is_empty() && reacting.count("waiting") == 0);
    let receiver = reacting.receives(&[]);
    assert_eq!(reacting.events(&["replay", "1"]).result()["read-again"], 1);
    until(|| (reacting.count("done") == 1).then_some(()));
    drop(receiver);
    assert_eq!(created(&twochat).len(), 1);
}
