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
        let message = match json::value(text) {
            Ok(message) => message,
            Err(why) => {
                table.rows.push(json::broken(line, why));
                continue;
            }
        };
        match message.get("type").and_then(Value::as_str) {
            Some("RECORD") => match message.get("record").and_then(Value::as_object) {
                Some(record) => json::add(&mut table, line, record),
                None => table.rows.push(without(line, "record")),
            },
            Some("STATE") => {
                // Without one there is nothing that a tap could go on by.
                match message.get("value").filter(|value| !value.is_null()) {
                    Some(value) => table.states.push((table.rows.len(), value.clone())),
                    None => table.rows.push(without(line, "value")),
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_without_a_value_is_a_broken_row_and_no_state() {
        for text in [r#"{"type":"STATE"}"#, r#"{"type":"STATE","value":null}"#] {
            let table = read(text);
            assert!(table.states.is_empty() && table.rows[0].cells.is_err(), "{table:?}");
        }
        assert_eq!(read(r#"{"type":"STATE","value":{"a":1}}"#).states.len(), 1);
    }
}
