//! What stands in lines of JSON? Members are columns, lists several cells of theirs, and
//! a value with its kind stands in the column of that name.

use host::doubles::doubled;
use serde_json::{Map, Value, value::RawValue};

use super::source::{Row, Table};

/// So a number ends that may have been shortened.
const ROUND: &str = "0000.0";

/// Reads an object in each line, or a list of them.
pub(crate) fn read(text: &str) -> Table {
    let mut table = Table::default();
    if let Ok(rows) = serde_json::from_str::<Vec<&RawValue>>(text) {
        let (mut line, mut passed) = (1, text.as_ptr() as usize);
        for row in rows.into_iter().map(RawValue::get) {
            let begins = row.as_ptr() as usize;
            let between =
                text.get(passed - text.as_ptr() as usize..begins - text.as_ptr() as usize);
            line += between.unwrap_or_default().matches('\n').count() as u64;
            passed = begins;
            add_text(&mut table, line, row);
        }
        return table;
    }
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        add_text(&mut table, line, text);
    }
    table
}

fn add_text(table: &mut Table, line: u64, text: &str) {
    match value(text) {
        Ok(Value::Object(members)) => add(table, line, &members),
        Ok(_) => table.rows.push(broken(line, "it is no JSON object".to_owned())),
        Err(why) => table.rows.push(broken(line, why)),
    }
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

/// The value of a line, or why nobody can tell what it is.
pub(super) fn value(text: &str) -> Result<Value, String> {
    match doubled(text.as_bytes()) {
        Some(name) => Err(format!("it has `{name}` twice, and which one counts nobody can tell")),
        None => serde_json::from_str(text).map_err(|error| unread(&error)),
    }
}

/// Why a line is not JSON; which line that is, is told elsewhere.
fn unread(error: &serde_json::Error) -> String {
    let (why, column) = (error.to_string(), error.column());
    let why = why.split(" at line ").next().unwrap_or_default();
    format!("it is not JSON: {why} at column {column}")
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
            let text = match other.as_f64().filter(|_| other.is_f64()) {
                // Whether its last digits are lost, nobody can say any more.
                Some(number) if other.to_string().ends_with(ROUND) => format!("{number:E}"),
                _ => other.as_str().map_or_else(|| other.to_string(), str::to_owned),
            };
            let column = table.column(name);
            if !text.trim().is_empty() {
                cells.push((column, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<String> {
        let table = read(text);
        let named = |(column, cell): &(usize, String)| format!("{}={cell}", table.columns[*column]);
        let shown = |row: &Row| match &row.cells {
            Ok(cells) => cells.iter().map(named).collect::<Vec<_>>().join(" "),
            Err(_) => format!("{} is broken", row.line),
        };
        table.rows.iter().map(shown).collect()
    }

    #[test]
    fn lists_kinds_and_objects_are_cells_and_a_broken_line_takes_no_other_along() {
        let text = r#"{"a":"x","b":["1",2],"c":{"d":true,"e":null},"f":""}

{"details":[{"kind":"phone","value":"+1"},{"kind":"email","value":"e"}]}
{"a":
[1]
{"a":"y"}"#;
        let expected =
            ["a=x b=1 b=2 c.d=true", "phone=+1 email=e", "4 is broken", "5 is broken", "a=y"];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn a_member_that_stands_there_twice_makes_a_broken_line() {
        for text in [r#"{"a":"1","a":"2"}"#, r#"{"b":[{"a":"1","a":"1"}]}"#] {
            let why = read(text).rows[0].cells.clone().unwrap_err();
            assert!(why.contains("it has `a` twice"), "{why}");
            let tap = crate::sync::singer::read(&format!(r#"{{"type":"RECORD","record":{text}}}"#))
                .unwrap();
            assert!(tap.rows[0].cells.is_err(), "{tap:?}");
        }
        assert_eq!(rows(r#"{"a":[{"b":"1"},{"b":"2"}],"b":"3"}"#), ["a.b=1 a.b=2 b=3"]);
    }

    #[test]
    fn a_list_of_objects_is_rows_too() {
        let text = "[{\"a\":\"x\"},\n  {\n\"a\":\"y\"}, 7,\n{\"a\":1,\"a\":2}]\n";
        assert_eq!(rows(text), ["a=x", "a=y", "3 is broken", "4 is broken"]);
        assert_eq!(read(text).rows[1].line, 2);
        assert_eq!(rows("[]"), [""; 0]);
    }

    #[test]
    fn a_broken_line_is_told_by_its_own_line_alone() {
        let table = read("{\"a\":\"x\"}\n{\"a\": broken}");
        let why = table.rows[1].cells.as_ref().unwrap_err();
        assert_eq!(why, "it is not JSON: expected value at column 7");
    }

    #[test]
    fn a_number_that_may_have_lost_digits_is_not_made_whole() {
        let text = r#"{"a":595981222333,"b":595981222333.0,"c":5.95981E+11,"d":595981000000.0}"#;
        let expected = "a=595981222333 b=595981222333.0 c=5.95981E11 d=5.95981E11";
        assert_eq!(rows(text), [expected]);
    }
}
