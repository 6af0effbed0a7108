//! How does an action say that it has pages? It takes `page-number`, gives
//! `next-page`, and has one list of records that each carry a `uuid`: that is the
//! contract's way to say so.

use host::tools::Tool;
use serde_json::Value;

use crate::{
    page::Page,
    rows::{KEY, list_of_records},
    skipped::Skipped,
};

/// The argument that asks for a page.
pub(crate) const PAGE: &str = "page-number";
/// The argument that says how large it may be.
pub(crate) const PAGE_SIZE: &str = "results-per-page";
/// The member of a result that says what is wrong with it, in the vendor's words.
pub(crate) const WARNING: &str = "warning";
const NEXT: &str = "next-page";
const REPORTED: &str = "reported-count";

/// What there is to know of an action that has pages.
pub(crate) struct Paging {
    /// The member that holds the rows.
    rows: String,
    /// The largest page, if the action lets the caller choose.
    pub(crate) largest: Option<Value>,
}

impl Paging {
    /// That of an action which has any.
    pub(crate) fn of(tool: &Tool) -> Option<Self> {
        let input = tool.input_schema.get("properties")?;
        let output = tool.output_schema.get("properties")?;
        let (rows, row) = list_of_records(&tool.output_schema)?;
        let has_pages = input.get(PAGE).is_some()
            && output.get(NEXT).is_some()
            && row.get("properties")?.get(KEY).is_some();
        let size = input.get(PAGE_SIZE);
        let largest = size.and_then(|size| size.get("maximum")).cloned();
        has_pages.then(|| Self { rows: rows.to_owned(), largest })
    }

    /// The rows of a page.
    pub(crate) fn rows<'v>(&self, page: &'v Value) -> &'v [Value] {
        let rows = page.get(&self.rows).and_then(Value::as_array);
        rows.map(Vec::as_slice).unwrap_or_default()
    }

    /// A page whose rows are not read yet.
    pub(crate) fn page<'t>(&self, text: &'t str) -> serde_json::Result<Page<'t>> {
        Page::of(text, &self.rows)
    }
}

/// How many rows there are in all, where the page of so many rows tells: a count that is no
/// larger than the page may be that of the page.
pub(crate) fn total(page: &Value, rows: usize) -> Option<u64> {
    let reported = page.get(REPORTED).and_then(Value::as_u64)?;
    (reported > rows as u64 + Skipped::of(page)).then_some(reported)
}

/// The page after this one, if there may be one.
pub(crate) fn next_page(page: &Value) -> Option<u64> {
    page.get(NEXT).and_then(Value::as_u64)
}

/// What a single page leaves out: those after it.
pub(crate) fn more(page: &Value) -> Option<String> {
    let next = next_page(page)?;
    let number = page.get(PAGE).and_then(Value::as_u64).unwrap_or_default();
    Some(format!("page {number} of more; next: --{PAGE} {next}"))
}
