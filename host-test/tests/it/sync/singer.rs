//! Messages of Singer: what an export says, and when the state of a tap goes on.

use serde_json::{Value, json};

use super::{file, folder, known};
use crate::support::shell::{Run, asking, fed, run, twochat_with};

fn fed_with(base: &str, messages: &[Value], more: &[&str]) -> Run {
    let input = messages.iter().map(|message| format!("{message}\n")).collect::<String>();
    let journal = folder("sync-singer").join("journal");
    let words = ["sync", "-", "--yes", "--journal", journal.to_str().unwrap()];
    fed(&[&words[..], more].concat(), &asking(base), input.into_bytes())
}

fn record(name: &str, number: &str) -> Value {
    json!({ "type": "RECORD", "stream": "people", "record": { "name": name, "phone": number } })
}

fn state(value: u32) -> Value {
    json!({ "type": "STATE", "value": { "at": value } })
}

#[tokio::test]
async fn an_export_is_a_schema_then_records_that_fit_it_with_a_state_after_each_page() {
    let twochat = twochat_with(250).await;
    let words = ["call", "list-contacts", "--all", "--output", "singer"];
    let export = run(&words, &asking(&twochat.base_url()));
    let messages: Vec<Value> = export.output().lines().map(|it| it.parse().unwrap()).collect();
    let kinds: Vec<_> = messages.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "RECORD").count(), 250);
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("SCHEMA", "STATE"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "STATE").count(), 4);
    assert_eq!(messages[0]["key_properties"], json!(["uuid"]));
    let schema = jsonschema::validator_for(&messages[0]["schema"]).unwrap();
    for message in messages.iter().filter(|it| it["type"] == "RECORD") {
        assert_eq!(message["stream"], messages[0]["stream"]);
        assert!(schema.is_valid(&message["record"]), "{message}");
    }
    for words in [
        &["call", "list-contacts", "--output", "singer"][..],
        &["call", "list-contacts", "--all", "--output", "singer", "--to", "x.jsonl"],
    ] {
        let refused = run(words, &asking(&twochat.base_url()));
        assert!(refused.message(2).contains("inger"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_state_goes_on_once_all_records_before_it_are_dealt_with() {
    let twochat = twochat_with(0).await;
    let base = twochat.base_url();
    let schema = json!({ "type": "SCHEMA", "stream": "people", "key_properties": [],
        "schema": { "properties": { "name": {}, "phone": {} } } });
    let messages = [
        schema,
        state(1),
        record("Ada", "+595981222331"),
        json!({ "type": "ACTIVATE_VERSION", "stream": "people", "version": 1 }),
        state(2),
        record("Bob", "12"),
        state(3),
        record("Ada", "+595981222331"),
        state(4),
    ];
    let run = fed_with(&base, &messages, &[]);
    assert_eq!(run.code, Some(1), "a number was not usable: {run:?}");
    let states: Vec<_> = run.stdout.lines().collect();
    assert_eq!(states.last(), Some(&r#"{"at":4}"#), "{run:?}");
    assert_eq!(known(&twochat).len(), 1);

    // Who was refused must come again.
    let refused = [
        record("Dora", "+595981222333"),
        state(6),
        json!({ "type": "RECORD", "stream": "people",
            "record": { "name": "E", "email": "e@example..com" } }),
        state(7),
    ];
    let run = fed_with(&base, &refused, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "{\"at\":6}\n"), "{run:?}");
}

#[tokio::test]
async fn what_one_account_exports_another_takes_in() {
    let (from, to) = (twochat_with(100).await, twochat_with(0).await);
    let words = ["call", "list-contacts", "--all", "--output", "singer"];
    let export = run(&words, &asking(&from.base_url()));
    let dump = file("dump", "dump.singer", export.output());
    let words = ["sync", dump.to_str().unwrap(), "--yes"];
    let run = run(&words, &asking(&to.base_url()));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.stdout.lines().last(), Some(r#"{"bookmarks":{"contacts":{}}}"#), "{run:?}");
    assert!(known(&to).values().all(|times| *times == 1));
    assert_eq!(known(&to).keys().collect::<Vec<_>>(), known(&from).keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn no_state_goes_on_behind_rows_that_were_not_taken() {
    let twochat = twochat_with(0).await;
    let base = twochat.base_url();
    let lower = json!({ "type": "record", "stream": "people",
        "record": { "name": "Ada", "phone": "+595981222331" } });
    let unknown = json!({ "type": "RECORDS", "records": [{ "name": "Bob" }] });
    let run = fed_with(&base, &[lower, state(1), unknown.clone(), state(2)], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "{\"at\":1}\n"), "{run:?}");
    let told = "line 3: it is a message of the type `RECORDS`, which is none of RECORD, ";
    assert!(run.stderr.contains(told), "{run:?}");
    assert_eq!(known(&twochat).len(), 1);
    let alone = fed_with(&base, &[unknown, state(1)], &["--map", "Mobile=phone"]);
    assert_eq!((alone.code, alone.stdout.as_str()), (Some(1), ""), "{alone:?}");
    assert!(alone.stderr.contains("line 1: it is a message of the type"), "{alone:?}");

    let batch = json!({ "type": "BATCH", "stream": "people", "manifest": ["file:///people"] });
    let before = twochat.requests().len();
    let refused = fed_with(&base, &[record("Cy", "+595981222335"), state(3), batch, state(4)], &[]);
    let why = refused.message(2);
    assert!(why.contains("BATCH in line 3") && why.contains("batching off"), "{refused:?}");
    assert!(refused.stdout.is_empty() && twochat.requests().len() == before, "{refused:?}");
}
