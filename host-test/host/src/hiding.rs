//! What does a persona not see, and what is not written down? The key, wherever it
//! stands; the fields that a persona does not see, which are masked; the fields that
//! are not written down, which are redacted.
//!
//! One pass over a value, in place and without recursion, with one budget for it and
//! all texts inside it, members' names too: past the budget a text is hidden whole. JSON
//! inside a text is looked through as well, in `text`.

use std::collections::BTreeSet;

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
                Value::String(text) => {
                    if let Some(shown) = self.hidden_in_text(text) {
                        *text = shown;
                    }
                }
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

    /// Whether members are hidden.
    pub(crate) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether the key stands nowhere in this JSON, in no form, as the whole of it shows.
    pub(crate) fn leaves(&self, json: &str) -> bool {
        let Some(key) = self.key else { return true };
        // A text with an escape has two backslashes there.
        json.len() <= self.left && !json.contains(r"\\") && !key.may_be_in_json(json)
    }

    /// The types of most components leave no room for anything but a name in a name.
    fn says_more(&self, name: &str) -> bool {
        name.bytes().any(|byte| !matches!(byte, b' '..=b'~') || b"\\:=".contains(&byte))
            || self.key.is_some_and(|key| key.may_be_in(name) && key.hide_in(name) != name)
    }

    /// What is shown in place of a member's name, if it is not the name itself.
    pub(crate) fn hidden_in_name(&mut self, name: &str) -> Option<String> {
        self.says_more(name).then(|| self.hidden_in_text(name)).flatten()
    }

    fn hide_in_names(&mut self, members: &mut serde_json::Map<String, Value>) {
        if members.keys().any(|name| self.says_more(name)) {
            let all = std::mem::take(members).into_iter();
            *members = all
                .map(|(name, value)| (self.hidden_in_text(&name).unwrap_or(name), value))
                .collect();
        }
    }

    /// Whether members of this name are hidden.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.names.iter().any(|known| is_plainly(name, known))
    }
}

/// A name as it is compared: case does not matter, nor what parts its words, so it may be
/// written as the contract, the vendor or a model writes it.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], "")
}

/// Whether the name has this plain form.
fn is_plainly(name: &str, known: &str) -> bool {
    if !name.is_ascii() {
        return plain(name) == known;
    }
    let parts = |byte: &u8| matches!(byte, b'_' | b'-');
    name.bytes().filter(|byte| !parts(byte)).map(|byte| byte.to_ascii_lowercase()).eq(known.bytes())
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
pub struct Redaction(What);

#[derive(Debug)]
enum What {
    Nothing,
    These(AhoCorasick),
    /// More than are told apart: then all is left out.
    All,
}

/// So many different texts, of so many bytes in all, are told apart.
const TEXTS: usize = 2_000;
const BYTES_OF_TEXTS: usize = 256 << 10;

impl Redaction {
    /// Leaves out these texts; where several would fit, the longest. Of many it leaves out
    /// all that is text.
    #[must_use]
    pub fn of(texts: &[String]) -> Self {
        let texts: BTreeSet<_> = texts.iter().collect();
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        if texts.is_empty() {
            return Self(What::Nothing);
        }
        if texts.len() > TEXTS || bytes > BYTES_OF_TEXTS {
            return Self(What::All);
        }
        let mut finder = AhoCorasick::builder();
        finder.match_kind(aho_corasick::MatchKind::LeftmostLongest);
        Self(finder.build(texts).map_or(What::All, What::These))
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
            What::Nothing => text.to_owned(),
            What::All => MASK.to_owned(),
            What::These(finder) => {
                let mut shown = String::with_capacity(text.len());
                finder.replace_all_with(text, &mut shown, |_, _, shown| {
                    shown.push_str(MASK);
                    true
                });
                shown
            }
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
