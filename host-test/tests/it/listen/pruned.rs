//! Old events are forgotten where that is asked for, but not what is still to be done, nor
//! what tells a double.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    reacting::{Reacting, conversation},
    receiver::{EVENT, looked_into, until},
    shell::run,
};

/// A rule that is done once for each number, one that goes wrong for the second, and one
/// that is done for all.
fn rules(reacting: &Reacting) -> String {
    let fine = reacting.program("fine", "exit 0");
    let bad = reacting.program("bad", "! grep -q 15555*0002");
    let run = |name: &str, program: &std::path::Path| {
        format!("[rules.{name}]\nrun = [\"{}\"]\n", program.display())
    };
    format!(
        "{}once-per = \"phone-number\"\n{}{}",
        run("once", &fine),
        run("bad", &bad),
        run("all", &fine)
    )
}

fn holds(reacting: &Reacting, text: &str) -> bool {
    ["events.sqlite", "events.sqlite-wal"].iter().any(|name| {
        let bytes = fs::read(reacting.file(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[test]
fn what_is_old_and_done_is_forgotten_and_what_is_to_be_done_or_tells_a_double_is_not() {
    let reacting = Reacting::of("pruned", "http://127.0.0.1:1/open", "");
    let text = fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting.write(&format!("{text}{}", rules(&reacting)));
    let receiver = reacting.receives(&["--tries", "1"]);
    let path = receiver.path(EVENT);
    for number in 1..=2 {
        receiver.post(&path, conversation(number).to_string());
    }
    receiver.post(&path, "no event");
    until(|| (reacting.count("done") == 5 && reacting.count("parked") == 1).then_some(()));
    until(|| (reacting.listed()[2]["state"] == "unread").then_some(()));
    let none = reacting.events(&["prune", "--before", "1d"]).result();
    assert_eq!(none, json!({ "pruned": 0, "still-to-be-handed-on": 0 }));
    assert!(holds(&reacting, "\"hello\""));

    let pruned = reacting.events(&["prune", "--before", "now"]).result();
    assert_eq!(pruned, json!({ "pruned": 2, "still-to-be-handed-on": 1 }));
    let left: Vec<_> = reacting.listed().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(left, [json!(2)]);
    assert_eq!(reacting.events(&["show", "2"]).result()["content"]["phone-number"], "+14155550002");
    let shown = reacting.events(&["show", "1"]).result();
    assert_eq!((&shown["state"], shown.get("content")), (&json!("pruned"), None), "{shown}");
    assert_eq!(reacting.events(&["replay", "1", "--again"]).told_result()["read-again"], 0);

    // The same event again, told otherwise, so that its body is another; then its number.
    let mut again = conversation(1);
    again["contact"]["first_name"] = "A.".into();
    let mut other = conversation(1);
    other["uuid"] = "MSG00000099-04f6-449e-acf5-42fc6875ba94".into();
    other["id"] = other["uuid"].clone();
    for event in [&again, &other] {
        receiver.post(&path, event.to_string());
    }
    until(|| (reacting.listed().len() == 3 && reacting.count("done") == 5).then_some(()));
    let rows = reacting.listed();
    assert_eq!((&rows[1]["state"], &rows[1]["reason"]), (&json!("double"), &json!("of 1")));
    let why = |row: &Value| row["not-handed-on"][0]["why"].as_str().unwrap().to_owned();
    assert!(why(&rows[2]).starts_with("skipped: event 1 stands for it"), "{rows:?}");

    drop(receiver);
    let all = reacting.events(&["prune", "--before", "now", "--parked"]).result();
    assert_eq!(all, json!({ "pruned": 3, "still-to-be-handed-on": 0 }));
    assert!(
        reacting.listed().is_empty()
            && !holds(&reacting, "\"hello\"")
            && !holds(&reacting, "no event")
    );
    let kept = reacting.events(&["--state", "pruned", "--output", "jsonl"]);
    assert_eq!(kept.output().lines().count(), 3);
    assert!(!holds(&reacting, "14155550001"), "for what it was done once is not kept in clear");
    assert!(reacting.events(&["prune"]).stderr.contains("--before"));
}

#[test]
fn nothing_of_what_is_pruned_is_left_beside_a_receiver_that_runs_nor_once_it_has_ended() {
    let reacting = Reacting::of("pruned-beside", "http://127.0.0.1:1/open", "");
    let bad = reacting.program("bad", "exit 1");
    let receiver = reacting.receives(&["--tries", "1", "--run", bad.to_str().unwrap()]);
    let path = receiver.path(EVENT);
    let count = 120;
    for number in 1..=count {
        let mut event = conversation(number);
        // What is small stands beside others on a page, what is large on pages of its own.
        event["message"]["text"] = "secret ".repeat(1 + number * number % 900).into();
        assert_eq!(receiver.post(&path, event.to_string()).status, 200);
    }
    until(|| (reacting.count("parked") == count).then_some(()));
    assert!(holds(&reacting, "secret "));
    // Somebody who reads holds it up, which is told.
    let reader = looked_into(&reacting.store());
    reader.execute_batch("BEGIN; SELECT count(*) FROM events").unwrap();
    let held = reacting.events(&["prune", "--before", "now", "--parked"]);
    assert_eq!((held.code, held.stdout.contains("\"pruned\":120")), (Some(3), true), "{held:?}");
    assert!(held.stderr.contains("is not overwritten yet"), "{held:?}");
    reader.execute_batch("COMMIT").unwrap();
    let rest = reacting.events(&["prune", "--before", "now", "--parked"]).result();
    assert_eq!(rest, json!({ "pruned": 0, "still-to-be-handed-on": 0 }));
    assert!(!holds(&reacting, "secret ") && !holds(&reacting, "@c.us"));
    assert_eq!(receiver.post(&path, conversation(999).to_string()).status, 200);
    until(|| (reacting.count("parked") == 1).then_some(()));
    let (status, said) = receiver.ended();
    assert!(status.success(), "{said}");
    assert!(!holds(&reacting, "secret ") && holds(&reacting, "14155550999@c.us"));
}

#[test]
fn a_summary_of_a_time_that_was_pruned_says_so() {
    let reacting = Reacting::of("pruned-told", "http://127.0.0.1:1/open", "");
    drop(reacting.receives(&[]));
    let store = reacting.store();
    // It is as old as the first that it received.
    let first = "INSERT INTO events (event, place, digest, body, received, last, seen, state, key)
                 VALUES ('e', '', x'', x'', 1000 * unixepoch('now', '-5 days'), 0, 1, 'read', 'k')";
    looked_into(&store).execute(first, []).unwrap();
    let told = || {
        let words = ["digest", "--since", "2d", "--no-api", "--output", "json", "--store"];
        run(&[&words[..], &[store.to_str().unwrap()]].concat(), &[]).result()["missing"].to_string()
    };
    reacting.events(&["prune", "--before", "9d"]).result();
    assert!(!told().contains("pruned"), "{}", told());
    reacting.events(&["prune", "--before", "1d"]).result();
    assert!(told().contains("it was pruned"), "{}", told());
}

#[test]
fn a_receiver_that_is_told_an_age_forgets_what_is_older_by_itself_and_nothing_else() {
    let reacting = Reacting::of("pruned-itself", "http://127.0.0.1:1/open", "");
    let program = reacting.program("bad", "! grep -q 15555*0002");
    let words = ["--tries", "1", "--run", program.to_str().unwrap()];
    let receiver = reacting.receives(&words);
    let path = receiver.path(EVENT);
    for number in 1..=3 {
        receiver.post(&path, conversation(number).to_string());
    }
    until(|| (reacting.count("done") == 2 && reacting.count("parked") == 1).then_some(()));
    drop(receiver);
    let older = "UPDATE events SET received = received - 91 * 86400000 WHERE id < 3";
    looked_into(&reacting.store()).execute(older, []).unwrap();
    drop(reacting.receives(&words));
    drop(reacting.receives(&[&words[..], &["--keep", "92d"]].concat()));
    drop(reacting.receives(&[&words[..], &["--keep", "90d", "--dry-run"]].concat()));
    assert_eq!(reacting.listed().len(), 3);

    let receiver = reacting.receives(&[&words[..], &["--keep", "90d"]].concat());
    receiver.says("1 event is older than 90d, and forgotten");
    assert!(!holds(&reacting, "14155550001@c.us") && holds(&reacting, "14155550002@c.us"));
    let left: Vec<_> = reacting.listed().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(left, [json!(2), json!(3)]);
    assert_eq!(receiver.post(&path, conversation(4).to_string()).status, 200);
    let (status, said) = receiver.ended();
    assert!(status.success() || status.code() == Some(130), "{said}");

    for age in ["0d", "90", "soon", "2026-01-01"] {
        let refused = reacting.fails_with(&["--keep", age]);
        assert!(refused.code == Some(2) && refused.stderr.contains("such as 90d"), "{refused:?}");
    }
}
