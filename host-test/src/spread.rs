//! How is a list of values by kind written into columns? So many columns for each
//! kind, and one for whatever finds no place in them.
//!
//! The columns are the same for every row and known before the first, so that rows
//! can be written as they come.

use host::tools::Tool;
use serde_json::{Map, Value};

/// So many columns each kind has.
pub(crate) const MOST: usize = 3;

const KIND: &str = "kind";
const VALUE: &str = "value";

/// The kinds that lists of a name have, as the tools that take or give them say.
pub(crate) struct Kinds<'a>(&'a [Tool]);

impl<'a> Kinds<'a> {
    /// Those of these tools.
    pub(crate) fn of_tools(tools: &'a [Tool]) -> Self {
        Self(tools)
    }

    /// Those of the lists of this name. Where one tool leaves them open, another may
    /// name them.
    pub(crate) fn of(&self, list: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        for tool in self.0 {
            for schema in [&tool.output_schema, &tool.input_schema] {
                collect(schema, list, &mut kinds);
            }
        }
        kinds
    }
}

fn collect(schema: &Map<String, Value>, list: &str, kinds: &mut Vec<String>) {
    for (key, schema) in schema {
        if key == list && is_by_kind(schema) {
            let pointer = format!("/items/properties/{KIND}/enum");
            let named = schema.pointer(&pointer).and_then(Value::as_array);
            for kind in named.into_iter().flatten().filter_map(Value::as_str) {
                if !kinds.iter().any(|known| known == kind) {
                    kinds.push(kind.to_owned());
                }
            }
        }
        match schema {
            Value::Object(inside) => collect(inside, list, kinds),
            Value::Array(inside) => {
                inside.iter().filter_map(Value::as_object).for_each(|schema| {
                    collect(schema, list, kinds);
                });
            }
            _ => {}
        }
    }
}

/// Whether this is the schema of a list of values by kind.
pub(crate) fn is_by_kind(schema: &Value) -> bool {
    let member = |name: &str| schema.pointer(&format!("/items/properties/{name}")).is_some();
    member(KIND) && member(VALUE)
}

/// The column of the nth value of a kind: `phone`, `phone-2`, `phone-3`.
pub(crate) fn column(kind: &str, number: usize) -> String {
    if number == 0 { kind.to_owned() } else { format!("{kind}-{}", number + 1) }
}

/// The nth value of a kind.
pub(crate) fn nth_of_kind<'v>(
    list: Option<&'v Value>,
    kind: &str,
    number: usize,
) -> Option<&'v Value> {
    let records = list.and_then(Value::as_array)?.iter();
    records.filter(|record| is_of(record, kind)).nth(number)?.get(VALUE)
}

/// The records that no column has room for: those of other kinds, and those beyond
/// the last column of theirs.
pub(crate) fn others<'v>(list: Option<&'v Value>, kinds: &[String]) -> Vec<&'v Value> {
    let records = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let has_column = |(index, record): (usize, &Value)| {
        let kind = kinds.iter().find(|kind| is_of(record, kind));
        kind.is_some_and(|kind| {
            let before = records.iter().take(index);
            before.filter(|before| is_of(before, kind)).count() < MOST
        })
    };
    let others = records.iter().enumerate().filter(|(index, record)| !has_column((*index, record)));
    others.map(|(_, record)| record).collect()
}

fn is_of(record: &Value, kind: &str) -> bool {
    record.get(KIND).and_then(Value::as_str) == Some(kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_has_a_column_or_is_among_the_others() {
        let value = |kind: &str, value: u8| json!({ "kind": kind, "value": value });
        let list = json!([
            value("a", 1),
            value("b", 2),
            value("a", 3),
            value("a", 4),
            value("a", 5),
            value("c", 6)
        ]);
        let kinds = ["a".to_owned(), "b".to_owned()];
        let of = |kind, number| nth_of_kind(Some(&list), kind, number).cloned();
        assert_eq!(
            (of("a", 0), of("a", 2), of("a", 3)),
            (Some(1.into()), Some(4.into()), Some(5.into()))
        );
        assert_eq!((of("b", 0), of("b", 1)), (Some(2.into()), None));
        assert_eq!(others(Some(&list), &kinds), [&value("a", 5), &value("c", 6)]);
        assert_eq!((column("a", 0), column("a", 2)), ("a".to_owned(), "a-3".to_owned()));
    }
}
