//! What does a Singer tap say? Records, and states that stand for all records before
//! them.
//!
//! A state is given back once those records are dealt with; by it a tap goes on.

use serde_json::Value;

use super::{
    json,
    source::{Row, Table},
};

/// Reads the messages of a tap.
pub(crate) fn read(text: &str) -> Table {
    let mut table = Table::default();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let message: Value = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                table.rows.push(json::broken(line, json::unread(&error)));
                continue;
            }
        };
        match message.get("type").and_then(Value::as_str) {
            Some("RECORD") => match message.get("record").and_then(Value::as_object) {
                Some(record) => json::add(&mut table, line, record),
                None => table.rows.push(without(line, "record")),
            },
            Some("STATE") => {
                let value = message.get("value").cloned().unwrap_or_default();
                table.states.push((table.rows.len(), value));
            }
            Some("SCHEMA") => {
                // So a column is known before a record fills it.
                let names = message.pointer("/schema/properties").and_then(Value::as_object);
                for name in names.into_iter().flat_map(|names| names.keys()) {
                    table.column(name);
                }
            }
            // ACTIVATE_VERSION, and whatever comes later.
            Some(_) => {}
            None => table.rows.push(without(line, "type")),
        }
    }
    table
}

fn without(line: u64, member: &str) -> Row {
    json::broken(line, format!("it is a message without `{member}`"))
}
