//! What was received can be found again, by all that is known of it.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::support::{
    reacting::{Reacting, conversation},
    receiver::{EVENT, Receiver, number, until},
    shell::run,
};

#[test]
fn events_are_found_by_name_time_state_and_number_and_shown_in_every_form() {
    let reacting = Reacting::of("looked", "http://127.0.0.1:1/open", "");
    let receiver = reacting.receives(&["--event", "whatsapp.message.received"]);
    let (path, other) = (receiver.path(EVENT), receiver.path("whatsapp.message.received"));
    for one in [conversation(1), conversation(2)] {
        assert_eq!(receiver.post(&path, one.to_string()).status, 200);
    }
    assert_eq!(receiver.post(&path, "no, \"JSON\"\n\u{1b}[2J").status, 200);
    let mut message = conversation(3);
    message.as_object_mut().unwrap().remove("event");
    message.as_object_mut().unwrap().remove("time_period");
    assert_eq!(receiver.post(&other, message.to_string()).status, 200);
    let new = "SELECT count(*) FROM events WHERE state = 'new'";
    until(|| (number(&reacting.store(), new) == 0).then_some(()));
    drop(receiver);

    let ids = |words: &[&str]| -> Vec<i64> {
        let found = reacting.events(&[words, &["--output", "jsonl"]].concat());
        let rows = found.output().lines().map(|line| line.parse::<Value>().unwrap());
        rows.map(|row| row["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&[]), [1, 2, 3, 4]);
    assert_eq!(ids(&["list", "--last", "2"]), [3, 4]);
    assert_eq!(ids(&["--name", EVENT]), [1, 2, 3]);
    assert_eq!(ids(&["--number", "+14155550003"]), [4]);
    for written in ["14155550001", "0014155550001", "+1 (415) 555-0001"] {
        assert_eq!(ids(&["--number", written]), [1], "{written}");
    }
    assert_eq!(ids(&["--state", "unread"]), [3]);
    assert_eq!(ids(&["--state", "read", "--name", EVENT]), [1, 2]);
    assert_eq!(ids(&["--since", "2020-01-01", "--until", "2020-01-02"]), [] as [i64; 0]);
    assert_eq!(ids(&["--since", "2020-01-01T00:00:00+02:00"]).len(), 4);
    assert_eq!(ids(&["--state", "pruned"]), [] as [i64; 0]);

    let shown = reacting.events(&["show", "1"]).result();
    assert_eq!(shown["content"]["phone-number"], "+14155550001");
    assert_eq!(shown["body"].as_str().unwrap().parse::<Value>().unwrap(), conversation(1));
    assert!(reacting.events(&["show", "9"]).message(2).contains("there is no event 9"));
    let table = reacting.events(&[]);
    assert!(table.output().contains("unread") && table.output().contains("it is not JSON"));
    let csv = reacting.events(&["--output", "csv"]);
    let mut rows = csv::Reader::from_reader(csv.output().as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "body").unwrap();
    let bodies: Vec<_> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    assert_eq!((bodies.len(), &*bodies[2]), (4, "no, \"JSON\"\n\u{1b}[2J"));
    assert_eq!(ids(&["--since", "12h"]).len(), 4);
    let wrong = reacting.events(&["--since", "once"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("a day such as"), "{wrong:?}");
}

#[test]
fn of_a_body_that_is_no_text_nothing_is_lost() {
    let (receiver, path) = Receiver::of("bytes", &[]);
    let bytes = b"{\"message\": {\"text\": \"Ol\xe1 \xff\x00\"}}";
    assert_eq!(receiver.post(&path, bytes).status, 200);
    assert_eq!(receiver.post(&path, "{\"a\": \"\u{fffd}\"}").status, 200);
    let new = "SELECT count(*) FROM events WHERE state = 'new'";
    until(|| (number(&receiver.store, new) == 0).then_some(()));
    let shown = |words: &[&str]| {
        let store = ["--store", receiver.store.to_str().unwrap()];
        run(&[&["events"], words, &store].concat(), &[])
    };
    let encoded = BASE64_STANDARD.encode(bytes);
    assert_eq!(shown(&["show", "1"]).result()["body-base64"], *encoded);
    let rows: Value = shown(&["--output", "json"]).output().parse().unwrap();
    assert_eq!(rows["events"][0]["body-base64"], *encoded);
    assert_eq!(rows["events"][1].get("body-base64"), None, "its letters came so");
    for form in ["jsonl", "csv"] {
        assert!(shown(&["--output", form]).output().contains(&encoded), "{form}");
    }
}

#[test]
fn what_no_event_has_is_told_and_not_taken_for_a_day_on_which_nothing_came() {
    let reacting = Reacting::of("misspelt", "http://127.0.0.1:1/open", "");
    let program = reacting.program("office", "exit 0");
    let program = program.to_str().unwrap();
    let other = "whatsapp.message.received";
    let receiver = reacting.receives(&["--event", other, "--run", program]);
    // Where nothing came yet, whatever is sought may come.
    let none = reacting.events(&["--target", "offce", "--output", "jsonl"]);
    assert_eq!(none.output(), "");
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    drop(receiver);

    let misspelt = &program[..program.len() - 1];
    for (flag, value, words) in [
        ("--target", misspelt, format!("did you mean `{program}`?")),
        ("--name", "whatsapp.conversation.nw", format!("did you mean `{EVENT}`?")),
        ("--name", "call", format!("there are {EVENT}, {other}")),
        ("--number", "+14155550009", "no event of the number `+14155550009`".to_owned()),
    ] {
        for shown in [&["--output", "jsonl"][..], &["--output", "json"], &["--last", "3"]] {
            let refused = reacting.events(&[&[flag, value], shown].concat());
            assert!(refused.message(2).contains(&words), "{refused:?}");
        }
        let refused = reacting.events(&["replay", flag, value]);
        assert!(refused.message(2).contains(&words), "{refused:?}");
    }
    for known in [["--target", program], ["--name", EVENT], ["--number", "14155550001"]] {
        assert_eq!(
            reacting
                .events(&[&known[..], &["--output", "jsonl"]].concat())
                .output()
                .lines()
                .count(),
            1
        );
        let none =
            reacting.events(&[&known[..], &["--since", "now", "--output", "jsonl"]].concat());
        assert_eq!(none.output(), "", "{known:?}");
    }
    // It is waited for, and did not come yet.
    assert_eq!(reacting.events(&["--name", other, "--output", "jsonl"]).output(), "");
}
