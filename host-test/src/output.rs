//! How is a result written? As JSON, JSON Lines, CSV or a table, to a terminal
//! or to a program.
//!
//! A terminal gets colours and nothing that would steer it; a program gets
//! every byte as it is.

use std::io;

use serde_json::{Map, Value, json};

use crate::{
    exit::CommandError,
    form::{Form, Format},
    paging::{self, WARNING},
    paint::{self, visible},
    rows::Rows,
    spread::{self, Kinds},
    table::{self, Cells},
    terminal,
};

/// By this mark spreadsheets know that a text is UTF-8.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Where messages of Singer make sense.
pub(crate) const SINGER: &str = "--output singer is for all pages of an action: `twochat call \
                                 ACTION --all`";

/// Writes a result; `schema` is that of the result.
pub(crate) fn result(
    result: &Value,
    schema: &Map<String, Value>,
    form: &Form,
    kinds: &Kinds<'_>,
) -> Result<(), CommandError> {
    let rows = rows_of(schema, form, kinds)?;
    say_warning(result, &rows, form);
    match form.format {
        Format::Json => json(result),
        Format::Jsonl => {
            let lines: String = rows.rows(result).iter().map(|row| format!("{row}\n")).collect();
            text(&lines)
        }
        Format::Csv => csv(&rows, result, form),
        Format::Singer => Err(CommandError::Misuse(SINGER.to_owned())),
        Format::Table => {
            let notes = paging::more(result).into_iter().collect();
            table(&rows, result, &[], notes)
        }
    }
}

/// Says what a result warns of, where its form does not show it.
fn say_warning(result: &Value, rows: &Rows, form: &Form) {
    let is_shown = form.format == Format::Json
        || (rows.is_single() && rows.names().iter().any(|name| name == WARNING));
    if let (false, Some(warning)) = (is_shown, result.get(WARNING).and_then(Value::as_str)) {
        terminal::say(&format!("twochat: warning: {}", visible(warning)));
    }
}

/// The rows in the columns that the form asks for.
pub(crate) fn rows_of(
    schema: &Map<String, Value>,
    form: &Form,
    kinds: &Kinds<'_>,
) -> Result<Rows, CommandError> {
    let rows = Rows::of(schema);
    let rows = if form.spread { rows.spread(kinds)? } else { rows };
    rows.choose(&form.columns)
}

/// Rows that are no action's result, in the order of these columns. `spare` are those
/// that a narrow table leaves out, that which matters least first.
pub(crate) fn rows(
    name: &str,
    rows: Vec<Value>,
    columns: &[&str],
    spare: &[&str],
    form: &Form,
) -> Result<(), CommandError> {
    let schema = schema_of(name, columns);
    let is_empty = rows.is_empty();
    let list = json!({ name: rows });
    if form.format != Format::Table {
        return result(&list, &schema, form, &Kinds::of_tools(&[]));
    }
    let rows = rows_of(&schema, form, &Kinds::of_tools(&[]))?;
    if is_empty {
        return text("none\n");
    }
    let spare = if form.columns.is_empty() { spare } else { &[] };
    table(&rows, &list, spare, Vec::new())
}

/// Further rows below those of [`rows`], in a form that has a line for each.
pub(crate) fn more_rows(
    name: &str,
    rows: Vec<Value>,
    columns: &[&str],
    form: &Form,
) -> Result<(), CommandError> {
    if form.format != Format::Csv {
        return self::rows(name, rows, columns, &[], form);
    }
    let columns = rows_of(&schema_of(name, columns), form, &Kinds::of_tools(&[]))?;
    let lines = rows.iter().map(|row| csv_line(&columns.cells(row)));
    text(&lines.collect::<Result<String, _>>()?)
}

/// The schema of such rows.
fn schema_of(name: &str, columns: &[&str]) -> Map<String, Value> {
    let property = |name: &&str| ((*name).to_owned(), json!({}));
    let row = json!({ "properties": columns.iter().map(property).collect::<Map<_, _>>() });
    let list = json!({ "type": "array", "items": row });
    json!({ "properties": { name: list } }).as_object().cloned().unwrap_or_default()
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

/// So many bytes of a line are put together at once: as many as most have.
const LINE: usize = 512;

/// A line of CSV.
pub(crate) fn csv_line(cells: &[impl AsRef<str>]) -> Result<String, CommandError> {
    let mut form = csv::WriterBuilder::new();
    let mut line = form.buffer_capacity(LINE).from_writer(Vec::with_capacity(LINE));
    line.write_record(cells.iter().map(|cell| cell.as_ref().as_bytes())).map_err(unwritten)?;
    Ok(String::from_utf8_lossy(&line.into_inner().map_err(unwritten)?).into_owned())
}

/// Says how many records of lists found no column of their kind, if any did.
pub(crate) fn say_without_column(count: usize, rows: &Rows) {
    if count > 0 {
        let place = if rows.has_column_for_others() {
            "they stand together as JSON in the column that begins with `more-`"
        } else {
            "they are left out, as --columns has it"
        };
        let most = spread::MOST;
        terminal::say(&format!(
            "twochat: {count} entries are of another kind or beyond the {most} columns of \
             theirs; {place}"
        ));
    }
}

fn csv(rows: &Rows, result: &Value, form: &Form) -> Result<(), CommandError> {
    let mut lines = if form.bom { BYTE_ORDER_MARK.to_owned() } else { String::new() };
    lines += &csv_line(&rows.names())?;
    let mut without_column = 0;
    for row in rows.rows(result) {
        lines += &csv_line(&rows.cells(row))?;
        without_column += rows.without_column(row);
    }
    text(&lines)?;
    say_without_column(without_column, rows);
    Ok(())
}

fn table(
    rows: &Rows,
    result: &Value,
    spare: &[&str],
    notes: Vec<String>,
) -> Result<(), CommandError> {
    let cells = Cells {
        header: rows.names(),
        rows: rows.rows(result).into_iter().map(|row| rows.table_cells(row)).collect(),
        is_single: rows.is_single(),
        spare: spare.iter().map(|name| (*name).to_owned()).collect(),
    };
    text(&table::draw(cells, terminal::width(), notes))
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
