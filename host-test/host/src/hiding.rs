//! What does a persona not see, and what is not written down? The key, wherever it
//! stands; the fields that a persona does not see, which are masked; the fields that
//! are not written down, which are redacted.
//!
//! One pass over a value, in place and without recursion, with one budget for it and
//! all texts inside it, members' names too: past the budget a text is hidden whole. JSON
//! inside a text is looked through as well, in `text`.

use aho_corasick::AhoCorasick;
use serde_json::Value;

use crate::secret::Secret;

mod text;

/// What stands where something was that is not to be seen.
pub const MASK: &str = "[masked]";
/// Shorter texts stand in too many others to be told from them.
const TELLING: usize = 4;
/// Bytes of text that are looked through for one value.
const BUDGET: usize = 64 << 20;

/// What is to be hidden in a value.
#[derive(Debug)]
pub struct Hiding<'a> {
    key: Option<&'a Secret>,
    /// Names of members, in the form in which they are compared.
    names: Vec<String>,
    /// Bytes of text that may still be looked through.
    left: usize,
}

impl<'a> Hiding<'a> {
    /// Hides the key, if there is one, and every member of such a name.
    #[must_use]
    pub fn of(key: Option<&'a Secret>, names: &[String]) -> Self {
        let names = names.iter().map(|name| plain(name)).collect();
        Self { key, names, left: BUDGET }
    }

    /// Hides it in the value.
    pub fn hide(mut self, value: &mut Value) {
        if self.key.is_none() && self.names.is_empty() {
            return;
        }
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::String(text) => self.hide_in_text(text),
                Value::Array(items) => left.extend(items),
                Value::Object(members) => {
                    self.hide_in_names(members);
                    for (name, value) in members {
                        if !self.names(name) {
                            left.push(value);
                        } else if !value.is_null() {
                            *value = MASK.into();
                        }
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    /// The types of most components leave no room for anything but a name in a name.
    fn hide_in_names(&mut self, members: &mut serde_json::Map<String, Value>) {
        let says_more = |name: &String| {
            name.contains(['\\', ':', '='])
                || self.key.is_some_and(|key| key.hide_in(name) != *name)
        };
        if members.keys().any(says_more) {
            let all = std::mem::take(members).into_iter();
            *members = all
                .map(|(mut name, value)| {
                    self.hide_in_text(&mut name);
                    (name, value)
                })
                .collect();
        }
    }

    /// Whether members of this name are hidden.
    fn names(&self, name: &str) -> bool {
        !self.names.is_empty() && self.names.contains(&plain(name))
    }
}

/// A name as it is compared: case does not matter, nor whether it is written as the
/// contract or as the vendor writes it.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Leaves out what members of such names have, for what is written down.
pub fn redact(value: &mut Value, names: &[String]) {
    Hiding::of(None, names).hide(value);
}

/// The texts and numbers that members of such names have, to leave them out elsewhere.
#[must_use]
pub fn texts_in(value: &Value, names: &[String]) -> Vec<String> {
    let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
    let (mut found, mut left) = (Vec::new(), vec![(value, false)]);
    while let Some((value, inside)) = left.pop() {
        let text = match value {
            Value::Object(members) => {
                // Backwards, because what is last on a stack comes first.
                let members = members.iter().rev();
                left.extend(
                    members.map(|(name, value)| (value, inside || names.contains(&plain(name)))),
                );
                continue;
            }
            Value::Array(items) => {
                left.extend(items.iter().rev().map(|item| (item, inside)));
                continue;
            }
            Value::String(text) if inside => text.clone(),
            Value::Number(number) if inside => number.to_string(),
            _ => continue,
        };
        if text.len() >= TELLING {
            found.push(text);
        }
    }
    found
}

/// Texts that are left out wherever they stand.
#[derive(Debug)]
pub struct Redaction(Option<AhoCorasick>);

impl Redaction {
    /// Leaves out these texts; where several would fit, the longest.
    #[must_use]
    pub fn of(texts: &[String]) -> Self {
        let mut finder = AhoCorasick::builder();
        finder.match_kind(aho_corasick::MatchKind::LeftmostLongest);
        Self((!texts.is_empty()).then(|| finder.build(texts).ok()).flatten())
    }

    /// Leaves them out of a value.
    pub fn redact(&self, value: &mut Value) {
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::String(text) => *text = self.redacted(text),
                Value::Array(items) => left.extend(items),
                Value::Object(members) => left.extend(members.values_mut()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    /// The text without them.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        match &self.0 {
            Some(finder) => finder.replace_all(text, &vec![MASK; finder.patterns_len()]),
            None => text.to_owned(),
        }
    }
}

/// Whether an error is about one of these fields: its message may show, in any form,
/// what stands there.
#[must_use]
pub fn is_about(error: &Value, names: &[String]) -> bool {
    let field = error.get("field").and_then(Value::as_str).unwrap_or_default();
    let mut parts = field.split(['.', '[', ']']).map(plain);
    parts.any(|part| names.iter().any(|name| plain(name) == part))
}

#[cfg(test)]
mod tests;
