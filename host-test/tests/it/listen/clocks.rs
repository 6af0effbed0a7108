//! A clock that was wrong holds nothing up, and makes no double of what happens again.

use std::fs;

use serde_json::json;

use crate::support::{
    reacting::{Reacting, conversation},
    receiver::{EVENT, looked_into, until},
};

/// One whose program refuses until it is told otherwise.
fn refusing(test: &str) -> (Reacting, String, impl Fn()) {
    let reacting = Reacting::of(test, "http://127.0.0.1:1/open", "");
    let may = reacting.file("may");
    let program = reacting.program("p", &format!("[ -e '{}' ]", may.display()));
    (reacting, program.display().to_string(), move || fs::write(&may, "").unwrap())
}

#[test]
fn what_was_to_wait_longer_than_anything_waits_is_due_now_and_at_the_next_start() {
    let (reacting, program, allow) = refusing("clock-ahead");
    let receiver = reacting.receives(&["--run", &program]);
    let path = receiver.path(EVENT);
    let day = |days: i64| {
        let ahead = "UPDATE outbox SET next = next + ? WHERE state = 'waiting'";
        looked_into(&reacting.store()).execute(ahead, [days * 86_400_000]).unwrap()
    };
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("waiting") == 1 && day(400) == 1).then_some(()));
    allow();
    until(|| (reacting.count("done") == 1).then_some(()));
    fs::remove_file(reacting.file("may")).unwrap();
    receiver.post(&path, conversation(2).to_string());
    until(|| (reacting.count("waiting") == 1 && day(1) == 1).then_some(()));
    drop(receiver);
    allow();
    let _receiver = reacting.receives(&["--run", &program]);
    until(|| (reacting.count("done") == 2).then_some(()));
}

#[test]
fn what_waits_is_tried_now_where_it_is_replayed_by_its_id() {
    let (reacting, program, allow) = refusing("clock-replay");
    let receiver = reacting.receives(&["--run", &program]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    let later = "UPDATE outbox SET next = next + 3600000, tries = 5 WHERE state = 'waiting'";
    until(|| {
        let is_later = || looked_into(&reacting.store()).execute(later, []).unwrap() == 1;
        (reacting.count("waiting") == 1 && is_later()).then_some(())
    });
    allow();
    let bulk = reacting.events(&["replay", "--name", EVENT]);
    assert_eq!(bulk.told_result()["handed-on-again"], 0);
    assert!(bulk.stderr.contains("1: waiting already; replayed by its id"), "{bulk:?}");
    assert_eq!(reacting.events(&["replay", "1"]).result()["handed-on-again"], 1);
    until(|| (reacting.count("done") == 1).then_some(()));
    let shown = reacting.events(&["show", "1"]).result();
    assert_eq!(shown["handed-on"][0]["tries"], json!(6), "{shown}");
}
