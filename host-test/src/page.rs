//! What is there to know of a page before its rows are read? A page has many, most of
//! which leave as the text that they came as.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// A page of rows.
pub(crate) struct Page<'t> {
    /// The result without its rows.
    pub(crate) rest: Value,
    pub(crate) rows: Vec<Row<'t>>,
}

/// A row as it came.
pub(crate) struct Row<'t> {
    /// What tells it from others; nothing where it says nothing.
    pub(crate) key: Box<str>,
    pub(crate) text: &'t str,
}

impl<'t> Page<'t> {
    /// The page in a result's text, whose rows are those of this member.
    pub(crate) fn of(text: &'t str, rows: &str) -> serde_json::Result<Self> {
        let mut members: HashMap<Cow<'t, str>, &'t RawValue> = serde_json::from_str(text)?;
        let listed: Vec<&'t RawValue> = match members.remove(rows) {
            Some(listed) => serde_json::from_str(listed.get())?,
            None => Vec::new(),
        };
        let rest = members
            .into_iter()
            .map(|(name, member)| Ok((name.into_owned(), serde_json::from_str(member.get())?)));
        let rest = Value::Object(rest.collect::<serde_json::Result<_>>()?);
        Ok(Self { rest, rows: listed.into_iter().map(|row| Row::of(row.get())).collect() })
    }
}

impl<'t> Row<'t> {
    fn of(text: &'t str) -> Self {
        #[derive(Deserialize)]
        struct Keyed<'t> {
            #[serde(borrow)]
            uuid: Cow<'t, str>,
        }
        let keyed = serde_json::from_str::<Keyed<'t>>(text);
        Self { key: keyed.map(|keyed| keyed.uuid.into()).unwrap_or_default(), text }
    }

    /// What it says.
    pub(crate) fn read(&self) -> serde_json::Result<Value> {
        serde_json::from_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_text_and_the_rest_is_read() {
        let text = r#"{"rows":[{"a":[1.50,{"uuid":"no"}],"uuid":"a\"\u00e4"},{"uuid":7},{}],"next-page":2}"#;
        let page = Page::of(text, "rows").unwrap();
        assert_eq!(page.rest, serde_json::json!({ "next-page": 2 }));
        let keys: Vec<_> = page.rows.iter().map(|row| &*row.key).collect();
        assert_eq!(keys, ["a\"ä", "", ""]);
        assert_eq!(page.rows[0].text, r#"{"a":[1.50,{"uuid":"no"}],"uuid":"a\"\u00e4"}"#);
        assert_eq!(page.rows[1].read().unwrap(), serde_json::json!({ "uuid": 7 }));
        assert!(Page::of("{}", "rows").unwrap().rows.is_empty());
        assert!(Page::of("[]", "rows").is_err() && Page::of(r#"{"rows":5}"#, "rows").is_err());
    }
}
