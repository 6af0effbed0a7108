//! How does an export speak to a Singer target? First the schema of its stream, then a
//! record for each row, and after each page a state.

use host::tools::Tool;
use serde_json::{Map, Value, json};

use crate::rows::{KEY, list_of_records};

/// The rows of an action that has pages, as a stream.
pub(crate) struct Stream {
    name: String,
    schema: Map<String, Value>,
}

impl Stream {
    /// That of a tool with a list of records.
    pub(crate) fn of(tool: &Tool) -> Option<Self> {
        let (name, row) = list_of_records(&tool.output_schema)?;
        Some(Self { name: name.to_owned(), schema: row.clone() })
    }

    pub(crate) fn schema(&self) -> String {
        self.message("SCHEMA", [("schema", json!(self.schema)), ("key_properties", json!([KEY]))])
    }

    pub(crate) fn record(&self, row: &Value) -> String {
        self.message("RECORD", [("record", row.clone())])
    }

    /// All rows before this page left; `None`: all there are.
    pub(crate) fn state(&self, next_page: Option<u64>) -> String {
        let mark = next_page.map_or_else(|| json!({}), |page| json!({ "page-number": page }));
        let bookmarks = json!({ "bookmarks": { &self.name: mark } });
        format!("{}\n", json!({ "type": "STATE", "value": bookmarks }))
    }

    fn message<const N: usize>(&self, kind: &str, members: [(&str, Value); N]) -> String {
        let mut message = Map::new();
        message.insert("type".to_owned(), kind.into());
        message.insert("stream".to_owned(), self.name.clone().into());
        message.extend(members.map(|(name, value)| (name.to_owned(), value)));
        format!("{}\n", Value::Object(message))
    }
}
