//! What stands in lines of JSON? Members are columns, lists several cells of theirs, and
//! a value with its kind stands in the column of that name.

use serde_json::{Map, Value};

use super::source::{Row, Table};

/// Reads an object in each line.
pub(crate) fn read(text: &str) -> Table {
    let mut table = Table::default();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(members)) => add(&mut table, line, &members),
            Ok(_) => table.rows.push(broken(line, "it is no JSON object".to_owned())),
            Err(error) => table.rows.push(broken(line, format!("it is not JSON: {error}"))),
        }
    }
    table
}

/// Adds a row made of these members.
pub(crate) fn add(table: &mut Table, line: u64, members: &Map<String, Value>) {
    let mut cells = Vec::new();
    for (name, value) in members {
        collect(table, name, value, &mut cells);
    }
    table.rows.push(Row { line, cells: Ok(cells) });
}

/// A row that could not be read.
pub(crate) fn broken(line: u64, why: String) -> Row {
    Row { line, cells: Err(why) }
}

fn collect(table: &mut Table, name: &str, value: &Value, cells: &mut Vec<(usize, String)>) {
    match value {
        Value::Null => {
            table.column(name);
        }
        Value::Array(items) => items.iter().for_each(|item| collect(table, name, item, cells)),
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            if let (Some(kind), Some(value)) = (text("kind"), text("value")) {
                cells.push((table.column(kind), value.to_owned()));
                return;
            }
            for (member, value) in members {
                collect(table, &format!("{name}.{member}"), value, cells);
            }
        }
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            let column = table.column(name);
            if !text.trim().is_empty() {
                cells.push((column, text));
            }
        }
    }
}
