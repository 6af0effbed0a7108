//! What could not be read? Records, of which a result says in `skipped` how many and
//! where, and parts of its records, which say `unread-` and their name how many.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{page::Page, terminal};

/// Begins the name of a member that counts parts of a record that could not be read.
const UNREAD: &str = "unread-";

/// What could not be read, of one page or of many.
#[derive(Default)]
pub(crate) struct Skipped {
    count: u64,
    /// The place of the first, and its page if there are several.
    first: Option<String>,
    /// How many parts of records, by their name.
    parts: BTreeMap<String, u64>,
}

impl Skipped {
    /// What an earlier part of the same export had.
    pub(crate) fn before(count: u64) -> Self {
        Self { count, ..Self::default() }
    }

    /// How many records a result has.
    pub(crate) fn of(result: &Value) -> u64 {
        result.pointer("/skipped/count").and_then(Value::as_u64).unwrap_or_default()
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds those of a result; `page` is its number, if there are several.
    pub(crate) fn add(&mut self, result: &Value, page: Option<u64>) {
        let count = Self::of(result);
        self.count += count;
        let place = result.pointer("/skipped/places/0").and_then(Value::as_str);
        if let (true, None, Some(place)) = (count > 0, &self.first, place) {
            let page = page.map(|page| format!(" of page {page}")).unwrap_or_default();
            self.first = Some(format!("{place}{page}"));
        }
        self.add_parts(result);
    }

    /// Adds those of a page of this number, and of its rows.
    pub(crate) fn add_page(&mut self, page: &Page<'_>, number: u64) -> serde_json::Result<()> {
        self.add(&page.rest, Some(number));
        let begin = format!("\"{UNREAD}");
        for row in page.rows.iter().filter(|row| row.text.contains(&begin)) {
            self.add_parts(&row.read()?);
        }
        Ok(())
    }

    /// Adds the parts of a record, and of those in its lists.
    fn add_parts(&mut self, record: &Value) {
        for (name, value) in record.as_object().into_iter().flatten() {
            if let (Some(part), Some(count)) = (name.strip_prefix(UNREAD), value.as_u64()) {
                *self.parts.entry(part.to_owned()).or_default() += count;
            }
            value.as_array().into_iter().flatten().for_each(|record| self.add_parts(record));
        }
    }

    /// Says so, if there are any.
    pub(crate) fn say(&self) {
        self.told().iter().for_each(|told| terminal::say(&format!("twochat: {told}")));
    }

    /// The same in words.
    pub(crate) fn told(&self) -> Vec<String> {
        let first = match (&self.first, self.count) {
            (None, _) => String::new(),
            (Some(place), 1) => format!(", at {place}"),
            (Some(place), _) => format!(", the first at {place}"),
        };
        let records = match self.count {
            0 => None,
            1 => Some(format!("1 record could not be read{first}")),
            count => Some(format!("{count} records could not be read{first}")),
        };
        let parts = self.parts.iter().filter(|(_, count)| **count > 0).map(|(part, count)| {
            let entries = if *count == 1 { "entry" } else { "entries" };
            format!("{count} {entries} of {part} could not be read: see {UNREAD}{part}")
        });
        records.into_iter().chain(parts).collect()
    }
}
