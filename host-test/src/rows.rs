//! What are the rows of a result, and what the cells of a row?
//!
//! The rows are those of the result's one list of records, and of anything else the
//! result itself. Both are read from the result's schema.

use std::borrow::Cow;

use host::suggest;
use serde_json::{Map, Value};

use crate::{
    exit::CommandError,
    paint::visible,
    spread::{self, Kinds},
};

/// The member that tells rows apart.
pub(crate) const KEY: &str = "uuid";

/// Where a form needs rows.
pub(crate) struct Rows {
    /// The member that holds the rows.
    member: Option<String>,
    columns: Vec<Column>,
    /// The lists that are spread over columns, with the kinds that have some.
    spread: Vec<(String, Vec<String>)>,
}

/// A column.
#[derive(Clone)]
struct Column {
    name: String,
    holds: Holds,
}

/// What stands in the cells of a column.
#[derive(Clone)]
enum Holds {
    /// The member of the row at the column's name, a record within it with dots. Of a
    /// list of records a table shows these members of each, which all of them have.
    Member { in_table: Vec<String>, is_by_kind: bool },
    /// The value of the nth record of a kind in a list.
    OfKind { list: String, kind: String, number: usize },
    /// The records of a list that have no column.
    Others { list: String, kinds: Vec<String> },
}

impl Rows {
    /// Reads from a result's schema what its rows are.
    pub(crate) fn of(schema: &Map<String, Value>) -> Self {
        let (member, row) = match list_of_records(schema) {
            Some((member, row)) => (Some(member.to_owned()), row),
            None => (None, schema),
        };
        Self { member, columns: columns(row, ""), spread: Vec::new() }
    }

    /// The same with each list of values by kind spread over columns of its own.
    pub(crate) fn spread(mut self, kinds: &Kinds) -> Result<Self, CommandError> {
        let is_by_kind =
            |column: &Column| matches!(column.holds, Holds::Member { is_by_kind: true, .. });
        if !self.columns.iter().any(is_by_kind) {
            let why = "--spread has no meaning here: the result has no list of values by kind";
            return Err(CommandError::Misuse(why.to_owned()));
        }
        let mut spread = Vec::new();
        let spread_out = |column: Column| {
            if !is_by_kind(&column) {
                return vec![column];
            }
            let list = column.name;
            let kinds = kinds.of(&list);
            let named = kinds.iter().flat_map(|kind| {
                (0..spread::MOST).map(|number| {
                    let holds = Holds::OfKind { list: list.clone(), kind: kind.clone(), number };
                    Column { name: spread::column(kind, number), holds }
                })
            });
            let mut columns: Vec<_> = named.collect();
            spread.push((list.clone(), kinds.clone()));
            let name = format!("more-{list}");
            columns.push(Column { name, holds: Holds::Others { list, kinds } });
            columns
        };
        self.columns = self.columns.into_iter().flat_map(spread_out).collect();
        self.spread = spread;
        Ok(self)
    }

    /// The same with these columns alone, if any are named.
    pub(crate) fn choose(mut self, names: &[String]) -> Result<Self, CommandError> {
        if names.is_empty() {
            return Ok(self);
        }
        let known = self.names();
        let found = names.iter().map(|name| {
            let column = self.columns.iter().find(|column| column.name == *name);
            column.cloned().ok_or_else(|| {
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                CommandError::Misuse(suggest::unknown("column", name, &known, "there are"))
            })
        });
        self.columns = found.collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Whether the result is a single record.
    pub(crate) fn is_single(&self) -> bool {
        self.member.is_none()
    }

    /// The rows of a result.
    pub(crate) fn rows<'v>(&self, result: &'v Value) -> Vec<&'v Value> {
        match self.member.as_ref().and_then(|member| result.get(member)?.as_array()) {
            Some(rows) => rows.iter().collect(),
            None => vec![result],
        }
    }

    /// The cells of a row.
    pub(crate) fn cells<'v>(&self, row: &'v Value) -> Vec<Cow<'v, str>> {
        self.columns.iter().map(|column| column.cell(row)).collect()
    }

    /// The cells of a row for people: lists of records in few words.
    pub(crate) fn table_cells(&self, row: &Value) -> Vec<String> {
        self.columns.iter().map(|column| column.table_cell(row)).collect()
    }

    /// How many records of the row's lists found no column of their kind.
    pub(crate) fn without_column(&self, row: &Value) -> usize {
        let lists = self.spread.iter();
        lists.map(|(list, kinds)| spread::others(row.get(list), kinds).len()).sum()
    }

    /// Whether such records have a column together.
    pub(crate) fn has_column_for_others(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.holds, Holds::Others { .. }))
    }
}

impl Column {
    fn cell<'v>(&self, row: &'v Value) -> Cow<'v, str> {
        match &self.holds {
            Holds::Member { .. } => {
                self.name.split('.').try_fold(row, |value, key| value.get(key)).map(text)
            }
            Holds::OfKind { list, kind, number } => {
                spread::nth_of_kind(row.get(list), kind, *number).map(text)
            }
            Holds::Others { list, kinds } => {
                let others = spread::others(row.get(list), kinds);
                (!others.is_empty()).then(|| serde_json::json!(others).to_string().into())
            }
        }
        .unwrap_or_default()
    }

    fn table_cell(&self, row: &Value) -> String {
        let in_table = match &self.holds {
            Holds::Member { in_table, .. } if !in_table.is_empty() => in_table,
            _ => return visible(&self.cell(row)),
        };
        let line = |record: &Value| {
            let members = in_table.iter().filter_map(|member| record.get(member));
            visible(&members.map(text).collect::<Vec<_>>().join(" "))
        };
        match row.get(&self.name).and_then(Value::as_array) {
            Some(records) => records.iter().map(line).collect::<Vec<_>>().join("\n"),
            None => visible(&self.cell(row)),
        }
    }
}

/// The value as a cell has it.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::default(),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
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

/// The columns of a record, one within it spread out with dots.
fn columns(schema: &Map<String, Value>, prefix: &str) -> Vec<Column> {
    let Some(Value::Object(members)) = schema.get("properties") else { return Vec::new() };
    let column = |(name, schema): (&String, &Value)| {
        let name = format!("{prefix}{name}");
        match schema.as_object().filter(|schema| schema.contains_key("properties")) {
            Some(record) => columns(record, &format!("{name}.")),
            None => {
                let always = schema.pointer("/items/required").and_then(Value::as_array);
                let always = always.into_iter().flatten().filter_map(Value::as_str);
                let in_table = always.map(str::to_owned).collect();
                let holds = Holds::Member { in_table, is_by_kind: spread::is_by_kind(schema) };
                vec![Column { name, holds }]
            }
        }
    };
    members.iter().flat_map(column).collect()
}
