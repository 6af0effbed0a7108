//! Which records could not be read? What a result says of them in `skipped`, if it
//! has such a member: how many, and where.

use serde_json::Value;

use crate::terminal;

/// The records that could not be read, of one page or of many.
#[derive(Default)]
pub(crate) struct Skipped {
    count: u64,
    /// The place of the first, and its page if there are several.
    first: Option<String>,
}

impl Skipped {
    /// What an earlier part of the same export had.
    pub(crate) fn before(count: u64) -> Self {
        Self { count, first: None }
    }

    /// How many a result has.
    pub(crate) fn of(result: &Value) -> u64 {
        result.pointer("/skipped/count").and_then(Value::as_u64).unwrap_or_default()
    }

    /// How many there are.
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
    }

    /// Says so, if there are any.
    pub(crate) fn say(&self) {
        let records = match self.count {
            0 => return,
            1 => "1 record".to_owned(),
            count => format!("{count} records"),
        };
        let first = match (&self.first, self.count) {
            (None, _) => String::new(),
            (Some(place), 1) => format!(", at {place}"),
            (Some(place), _) => format!(", the first at {place}"),
        };
        terminal::say(&format!("twochat: {records} could not be read{first}"));
    }
}
