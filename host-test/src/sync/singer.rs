//! What does a Singer tap say? Records, and states that stand for all records before
//! them.
//!
//! A state is given back once those records are dealt with; by it a tap goes on.

use serde_json::Value;

use super::{json, people::short, source::Table};

/// What a BATCH is, and what is to be done about it.
const OF_FILES: &str = "whose rows lie in files that only the target of the tap's maker reads: \
                        switch batching off in the tap's settings (leave `batch_config` out), so \
                        that each row is a RECORD; nothing was done";

/// Reads the messages of a tap.
///
/// Behind a line that may have held rows and was not taken, no state is kept: by it a tap
/// would go on past them.
///
/// # Errors
/// If rows lie where they are not read, in files that messages name.
pub(crate) fn read(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut is_lost = false;
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let mut lose = |why: String| {
            is_lost = true;
            json::broken(line, format!("{why}: no STATE behind it is passed on"))
        };
        let message = match json::value(text) {
            Ok(message) => message,
            Err(why) => {
                table.rows.push(lose(why));
                continue;
            }
        };
        let Some(kind) = message.get("type").and_then(Value::as_str) else {
            table.rows.push(lose(without("type")));
            continue;
        };
        match kind.to_ascii_uppercase().as_str() {
            "RECORD" => match message.get("record").and_then(Value::as_object) {
                Some(record) => json::add(&mut table, line, record),
                None => table.rows.push(lose(without("record"))),
            },
            "STATE" => {
                // Without one there is nothing that a tap could go on by.
                match message.get("value").filter(|value| !value.is_null()) {
                    Some(value) if !is_lost => {
                        table.states.push((table.rows.len(), value.clone()));
                    }
                    Some(_) => {}
                    None => table.rows.push(json::broken(line, without("value"))),
                }
            }
            "SCHEMA" => {
                // So a column is known before a record fills it.
                let names = message.pointer("/schema/properties").and_then(Value::as_object);
                for name in names.into_iter().flat_map(|names| names.keys()) {
                    table.column(name);
                }
            }
            "BATCH" => return Err(format!("has a BATCH in line {line}, {OF_FILES}")),
            // It has no rows, and says of no row that it is to go.
            "ACTIVATE_VERSION" => {}
            _ => table.rows.push(lose(format!(
                "it is a message of the type `{}`, which is none of RECORD, SCHEMA, STATE and \
                 ACTIVATE_VERSION",
                short(kind)
            ))),
        }
    }
    Ok(table)
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
            assert_eq!(table.states, [(0, 1.into())], "{lost}");
            let row = &table.rows[0];
            let why = row.cells.as_ref().unwrap_err();
            assert!(row.line == 2 && why.ends_with("no STATE behind it is passed on"), "{why}");
        }
    }

    #[test]
    fn a_type_is_one_in_any_case_and_a_batch_is_refused() {
        let text = "{\"type\":\"schema\",\"schema\":{\"properties\":{\"name\":{}}}}\n\
            {\"type\":\"Record\",\"record\":{\"name\":\"Ada\"}}\n\
            {\"type\":\"activate_version\",\"version\":1}\n{\"type\":\"state\",\"value\":1}";
        let table = read(text).unwrap();
        assert_eq!((table.columns.len(), table.rows.len()), (1, 1));
        assert!(table.rows[0].cells.is_ok() && table.states == [(1, 1.into())], "{table:?}");
        for batch in ["BATCH", "batch"] {
            let why = read(&format!("{text}\n{{\"type\":\"{batch}\",\"manifest\":[]}}"));
            assert!(why.unwrap_err().starts_with("has a BATCH in line 5, "));
        }
    }
}
