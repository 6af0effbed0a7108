//! What does a Singer tap say? Records, and states that stand for all records before
//! them.
//!
//! A state is given back once those records are dealt with; by it a tap goes on.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{json, people::short, source::Table};

/// What a BATCH is, and what is to be done about it.
const OF_FILES: &str = "whose rows lie in files that only the target of the tap's maker reads: \
                        switch batching off in the tap's settings (leave `batch_config` out), so \
                        that each row is a RECORD; nothing was done";

/// How a tap says that a row is gone.
const DELETED: [&str; 2] = ["_sdc_deleted_at", "_sdc_deleted"];

/// A message, of which a state is kept as it came.
#[derive(Deserialize)]
struct Message<'t> {
    #[serde(rename = "type")]
    kind: Option<String>,
    stream: Option<String>,
    #[serde(borrow)]
    value: Option<&'t RawValue>,
}

/// Reads the messages of a tap.
///
/// Behind a line that may have held rows and was not taken, no state is kept: by it a tap
/// would go on past them. Of records of one stream and key the last one counts, and none
/// that is gone.
///
/// # Errors
/// If rows lie where they are not read, in files that messages name.
pub(crate) fn read(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut keys: HashMap<String, Vec<String>> = HashMap::new();
    // Of those records that are another's older version, nothing is left.
    let mut latest: HashMap<String, usize> = HashMap::new();
    let (mut is_lost, mut older, mut gone) = (false, HashSet::new(), 0_usize);
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let mut lose = |why: String| {
            is_lost = true;
            json::broken(line, format!("{why}: no STATE behind it is passed on"))
        };
        let message = match serde_json::from_str::<Message<'_>>(text) {
            Ok(message) => message,
            // Whoever reads it as any JSON says what is wrong with it.
            Err(_) => match json::value(text) {
                Ok(_) => {
                    table.rows.push(lose(without("type")));
                    continue;
                }
                Err(why) => {
                    table.rows.push(lose(why));
                    continue;
                }
            },
        };
        let Some(kind) = message.kind else {
            table.rows.push(lose(without("type")));
            continue;
        };
        let kind = kind.to_ascii_uppercase();
        if kind == "STATE" {
            // Without one there is nothing that a tap could go on by.
            match message.value.map(RawValue::get).filter(|value| *value != "null") {
                Some(value) if !is_lost => table.states.push((table.rows.len(), value.to_owned())),
                Some(_) => {}
                None => table.rows.push(json::broken(line, without("value"))),
            }
            continue;
        }
        let whole = match json::value(text) {
            Ok(whole) => whole,
            Err(why) => {
                table.rows.push(lose(why));
                continue;
            }
        };
        let stream = message.stream.unwrap_or_default();
        match kind.as_str() {
            "RECORD" => match whole.get("record").and_then(Value::as_object) {
                Some(record) => {
                    if let Some(key) = key(&stream, record, keys.get(&stream)) {
                        older.extend(latest.insert(key, table.rows.len()));
                    }
                    if is_deleted(record) {
                        gone += 1;
                        older.insert(table.rows.len());
                    }
                    json::add(&mut table, line, record);
                }
                None => table.rows.push(lose(without("record"))),
            },
            "SCHEMA" => {
                // So a column is known before a record fills it.
                let names = whole.pointer("/schema/properties").and_then(Value::as_object);
                for name in names.into_iter().flat_map(|names| names.keys()) {
                    table.column(name);
                }
                let of = whole.get("key_properties").and_then(Value::as_array);
                let of = of.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                keys.insert(stream, of.collect());
            }
            "BATCH" => return Err(format!("has a BATCH in line {line}, {OF_FILES}")),
            // It has no rows, and says of no row that it is to go.
            "ACTIVATE_VERSION" => {}
            _ => table.rows.push(lose(format!(
                "it is a message of the type `{}`, which is none of RECORD, SCHEMA, STATE and \
                 ACTIVATE_VERSION",
                short(&kind)
            ))),
        }
    }
    leave(&mut table, &older);
    let told = [
        (older.len() - gone.min(older.len()), "came again with their key, and the last counts"),
        (gone, "are gone, as the tap says, and are left out"),
    ];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    table.notes.extend(told.map(|(count, what)| format!("{count} of the records {what}")));
    Ok(table)
}

/// What tells a record from all others of its stream, if its schema says.
fn key(stream: &str, record: &Map<String, Value>, of: Option<&Vec<String>>) -> Option<String> {
    let of = of.filter(|of| !of.is_empty())?;
    let values = of.iter().map(|name| record.get(name).filter(|value| !value.is_null()));
    let values = values.collect::<Option<Vec<_>>>()?;
    serde_json::to_string(&(stream, values)).ok()
}

fn is_deleted(record: &Map<String, Value>) -> bool {
    let nothing = [Value::Null, Value::Bool(false), Value::from("")];
    DELETED.iter().filter_map(|name| record.get(*name)).any(|value| !nothing.contains(value))
}

/// Takes these rows out; a state stands behind as many of the others as before.
fn leave(table: &mut Table, rows: &HashSet<usize>) {
    for (before, _) in &mut table.states {
        *before -= rows.iter().filter(|row| *row < before).count();
    }
    let mut place = 0..;
    table.rows.retain(|_| place.next().is_some_and(|place| !rows.contains(&place)));
}

fn without(member: &str) -> String {
    format!("it is a message without `{member}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_without_a_value_is_a_broken_row_and_no_state() {
        for text in [r#"{"type":"STATE"}"#, r#"{"type":"STATE","value":null}"#] {
            let table = read(text).unwrap();
            assert!(table.states.is_empty() && table.rows[0].cells.is_err(), "{table:?}");
        }
        assert_eq!(read(r#"{"type":"STATE","value":{"a":1}}"#).unwrap().states.len(), 1);
    }

    #[test]
    fn no_state_is_kept_behind_a_line_that_may_have_held_rows_and_was_not_taken() {
        let [before, after] = [1, 2].map(|at| format!("{{\"type\":\"STATE\",\"value\":{at}}}"));
        for lost in [
            r#"{"type":"RECORDS","records":[{"name":"Ada"}]}"#,
            r#"{"type":"RECORD","stream":"people"}"#,
            r#"{"record":{"name":"Ada"}}"#,
            r#"{"type":"RECORD","record":{"name":"#,
        ] {
            let table = read(&format!("{before}\n{lost}\n{after}")).unwrap();
            assert_eq!(table.states, [(0, "1".to_owned())], "{lost}");
            let row = &table.rows[0];
            let why = row.cells.as_ref().unwrap_err();
            assert!(row.line == 2 && why.ends_with("no STATE behind it is passed on"), "{why}");
        }
    }

    #[test]
    fn of_records_of_one_key_the_last_counts_and_none_that_is_gone() {
        let schema = r#"{"type":"SCHEMA","stream":"a","schema":{},"key_properties":["id"]}"#;
        let record = |stream: &str, record: &str| {
            format!(r#"{{"type":"RECORD","stream":"{stream}","record":{record}}}"#)
        };
        let state = r#"{"type":"STATE","value":{"at":18446744073709551616, "e":1e400}}"#;
        let text = [
            schema.to_owned(),
            record("a", r#"{"id":1,"name":"Old"}"#),
            record("b", r#"{"id":1,"name":"Other"}"#),
            state.to_owned(),
            record("a", r#"{"id":1,"name":"New"}"#),
            record("a", r#"{"id":null,"name":"One"}"#),
            record("a", r#"{"id":null,"name":"Two"}"#),
            record("a", r#"{"id":2,"name":"Gone"}"#),
            record("a", r#"{"id":2,"name":"Gone","_sdc_deleted_at":"2026-01-01"}"#),
            record("a", r#"{"id":3,"name":"There","_sdc_deleted_at":null}"#),
        ];
        let table = read(&text.join("\n")).unwrap();
        let lines: Vec<_> = table.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 5, 6, 7, 10], "{table:?}");
        let expected = (1, r#"{"at":18446744073709551616, "e":1e400}"#.to_owned());
        assert_eq!(table.states, [expected]);
        assert!(table.notes[0].starts_with("2 of the records came again"), "{:?}", table.notes);
        assert!(table.notes[1].starts_with("1 of the records are gone"), "{:?}", table.notes);
    }

    #[test]
    fn a_type_is_one_in_any_case_and_a_batch_is_refused() {
        let text = "{\"type\":\"schema\",\"schema\":{\"properties\":{\"name\":{}}}}\n\
            {\"type\":\"Record\",\"record\":{\"name\":\"Ada\"}}\n\
            {\"type\":\"activate_version\",\"version\":1}\n{\"type\":\"state\",\"value\":1}";
        let table = read(text).unwrap();
        assert_eq!((table.columns.len(), table.rows.len()), (1, 1));
        assert!(table.rows[0].cells.is_ok() && table.states == [(1, "1".to_owned())], "{table:?}");
        for batch in ["BATCH", "batch"] {
            let why = read(&format!("{text}\n{{\"type\":\"{batch}\",\"manifest\":[]}}"));
            assert!(why.unwrap_err().starts_with("has a BATCH in line 5, "));
        }
    }
}
