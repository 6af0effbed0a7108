//! How is a result written? As JSON, JSON Lines, CSV or a table, to a terminal
//! or to a program.
//!
//! A terminal gets colours and nothing that would steer it; a program gets
//! every byte as it is.

use std::io;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value, json};

use crate::{
    exit::CommandError,
    paint::{self, visible},
    terminal,
};

/// The member that tells rows apart.
pub(crate) const KEY: &str = "uuid";

/// The forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people: rows and columns, as wide as the terminal
    Table,
    /// The result as it is; over several lines on a terminal
    Json,
    /// A line of JSON for each row
    Jsonl,
    /// A header, then a line for each row; lists within a row as JSON
    Csv,
}

/// Where a form needs rows: those of the result's one list of records, and of
/// anything else the result itself.
pub(crate) struct Rows {
    /// The member that holds the rows.
    member: Option<String>,
    /// The names of the columns, a record within the row spread out with dots.
    pub(crate) columns: Vec<String>,
    /// For each column that holds a list of records, the members that each of
    /// these has: a table shows no others.
    brief: Vec<Vec<String>>,
}

impl Rows {
    /// Reads from a result's schema what its rows are.
    pub(crate) fn of(schema: &Map<String, Value>) -> Self {
        match list_of_records(schema) {
            Some((member, row)) => Self::with(Some(member.to_owned()), row),
            None => Self::with(None, schema),
        }
    }

    fn with(member: Option<String>, row: &Map<String, Value>) -> Self {
        let (columns, brief) = columns(row, "").into_iter().unzip();
        Self { member, columns, brief }
    }

    /// The rows of a result.
    pub(crate) fn rows<'v>(&self, result: &'v Value) -> Vec<&'v Value> {
        match self.member.as_ref().and_then(|member| result.get(member)?.as_array()) {
            Some(rows) => rows.iter().collect(),
            None => vec![result],
        }
    }

    /// The cells of a row.
    pub(crate) fn cells(&self, row: &Value) -> Vec<String> {
        let cell = |column: &String| match column.split('.').try_fold(row, |v, key| v.get(key)) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        self.columns.iter().map(cell).collect()
    }

    /// The cells of a row for people: lists of records in brief.
    fn brief_cells(&self, row: &Value) -> Vec<String> {
        let lines = |cell: String, brief: &Vec<String>| -> Option<String> {
            let records: Vec<Value> = serde_json::from_str(&cell).ok()?;
            let line = |record: &Value| -> String {
                let members = brief.iter().filter_map(|member| record.get(member));
                let texts =
                    members.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
                visible(&texts.collect::<Vec<_>>().join(" "))
            };
            Some(records.iter().map(line).collect::<Vec<_>>().join("\n"))
        };
        let cells = self.cells(row).into_iter().zip(&self.brief);
        cells
            .map(|(cell, brief)| {
                let lines = if brief.is_empty() { None } else { lines(cell.clone(), brief) };
                lines.unwrap_or_else(|| visible(&cell))
            })
            .collect()
    }
}

/// The only member that is a list of records, and the schema of such a record.
/// A record with a key of its own is a row itself, whatever lists it has.
pub(crate) fn list_of_records(schema: &Map<String, Value>) -> Option<(&str, &Map<String, Value>)> {
    let members = schema.get("properties")?.as_object()?;
    let members = (!members.contains_key(KEY)).then_some(members)?.iter();
    let mut lists = members.filter_map(|(name, schema)| {
        let row = schema.get("items")?.as_object()?;
        row.contains_key("properties").then_some((name.as_str(), row))
    });
    lists.next().filter(|_| lists.next().is_none())
}

/// The columns of a record, each with what of a list of records in it is brief.
fn columns(schema: &Map<String, Value>, prefix: &str) -> Vec<(String, Vec<String>)> {
    let Some(Value::Object(members)) = schema.get("properties") else { return Vec::new() };
    let column = |(name, schema): (&String, &Value)| {
        let name = format!("{prefix}{name}");
        match schema.as_object().filter(|schema| schema.contains_key("properties")) {
            Some(record) => columns(record, &format!("{name}.")),
            None => {
                let always = schema.pointer("/items/required").and_then(Value::as_array);
                let always = always.into_iter().flatten().filter_map(Value::as_str);
                vec![(name, always.map(str::to_owned).collect())]
            }
        }
    };
    members.iter().flat_map(column).collect()
}

/// Writes a result; `schema` is that of the result.
pub(crate) fn result(
    result: &Value,
    schema: &Map<String, Value>,
    format: Format,
) -> Result<(), CommandError> {
    if format == Format::Json {
        return json(result);
    }
    let rows = Rows::of(schema);
    match format {
        Format::Table => text(&table(&rows, result)),
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(Vec::new());
            let lines = [rows.columns.clone()].into_iter();
            let mut lines = lines.chain(rows.rows(result).into_iter().map(|row| rows.cells(row)));
            lines.try_for_each(|line| csv.write_record(line)).map_err(unwritten)?;
            text(&String::from_utf8_lossy(&csv.into_inner().map_err(unwritten)?))
        }
        _ => {
            let lines: String = rows.rows(result).iter().map(|row| format!("{row}\n")).collect();
            text(&lines)
        }
    }
}

/// Rows that are no action's result, in the order of these columns.
pub(crate) fn rows(
    name: &str,
    rows: Vec<Value>,
    columns: &[&str],
    format: Format,
) -> Result<(), CommandError> {
    if rows.is_empty() && format == Format::Table {
        return text("none\n");
    }
    let property = |name: &&str| ((*name).to_owned(), json!({}));
    let row = json!({ "properties": columns.iter().map(property).collect::<Map<_, _>>() });
    let list = json!({ "type": "array", "items": row });
    let schema = json!({ "properties": { name: list } });
    let schema = schema.as_object().cloned().unwrap_or_default();
    result(&json!({ name: rows }), &schema, format)
}

/// JSON: pretty for people, on one line for programs.
pub(crate) fn json(value: &Value) -> Result<(), CommandError> {
    written(if terminal::is_watched() {
        terminal::show(&paint::json(value))
    } else {
        terminal::write(&format!("{value}\n"))
    })
}

/// Text that may be anything, and that ends its last line itself.
pub(crate) fn text(text: &str) -> Result<(), CommandError> {
    written(terminal::write(text))
}

fn table(rows: &Rows, result: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    match terminal_size::terminal_size() {
        Some((width, _)) if terminal::is_watched() => table.set_width(width.0),
        _ => table.set_width(u16::MAX),
    };
    let cells: Vec<_> = rows.rows(result).into_iter().map(|row| rows.brief_cells(row)).collect();
    if rows.member.is_none() {
        let fields = rows.columns.iter().zip(cells.into_iter().flatten());
        for (name, cell) in fields.filter(|(_, cell)| !cell.is_empty()) {
            table.add_row([name, &cell]);
        }
    } else {
        // A column that no row fills would only take room.
        let filled = |index: usize| {
            cells.iter().any(|row| row.get(index).is_some_and(|cell| !cell.is_empty()))
        };
        let kept: Vec<_> = (0..rows.columns.len()).filter(|index| filled(*index)).collect();
        let pick = |row: &[String]| -> Vec<String> {
            kept.iter().filter_map(|index| row.get(*index)).cloned().collect()
        };
        table.set_header(pick(&rows.columns));
        cells.iter().for_each(|row| {
            table.add_row(pick(row));
        });
    }
    format!("{table}\n")
}

/// A reader that has seen enough, such as `head`, is no failure.
fn written(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(error)),
        _ => Ok(()),
    }
}

fn unwritten(error: impl std::fmt::Display) -> CommandError {
    CommandError::Host(format!("the result cannot be written: {error}"))
}
