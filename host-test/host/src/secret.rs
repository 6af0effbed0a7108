//! How is a key held without being shown, and hidden where somebody else shows it?

use std::fmt;

use http::HeaderValue;
use memchr::memmem;

pub use self::proof::Proof;
use crate::seen::is_unseen;

mod proof;

/// Bytes that a key has at least. A shorter one stands in too many words and names by
/// chance: hidden there it would spoil them, and elsewhere it would be shown.
const LEAST: usize = 8;
/// Bytes that a key may have.
const KEY_LIMIT: usize = 4096;
/// What stands where the key stood.
const MASK: &str = "[key]";
/// What marks a cut in a text.
const CUT: &str = "…";
/// So many bytes from the start of a key tell that it is one.
const TELLING: usize = 4;

/// A key that is shown nowhere.
#[derive(Clone, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Takes a key without the white space around it.
    ///
    /// # Errors
    /// If what is left is shorter than any key, or cannot stand in a header. The message
    /// does not show it.
    pub fn new(key: &str) -> Result<Self, &'static str> {
        let key = key.trim();
        if key.is_empty() {
            return Err("the key is empty");
        }
        if key.len() > KEY_LIMIT {
            return Err("the key is longer than any key is");
        }
        if key.contains(|c: char| !c.is_ascii() || c.is_ascii_control()) {
            return Err("the key holds characters that cannot stand in a header");
        }
        if key.len() < LEAST {
            return Err("the key is too short to be one, and could not be kept from being shown: \
                        expected 8 characters or more");
        }
        Ok(Self(key.to_owned()))
    }

    /// The value of the header that carries it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The key as it is, for whoever looks for it in what passes, or signs with it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether the text shows it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.0) || all_seen(text).is_some_and(|text| text.contains(&self.0))
    }

    /// Whether the text may show it or the beginning of it. Most texts do not, and need
    /// not be looked at any closer.
    pub(crate) fn may_be_in(&self, text: &str) -> bool {
        // Most texts are short, and need no searcher that would have to be made first.
        let Some(start) = self.0.as_bytes().get(..TELLING) else { return true };
        let is_in = |text: &str| memmem::find(text.as_bytes(), start).is_some();
        is_in(text) || all_seen(text).is_some_and(|text| is_in(&text))
    }

    /// The same of JSON and the texts in it.
    pub(crate) fn may_be_in_json(&self, json: &str) -> bool {
        let start = self.0.get(..TELLING).unwrap_or_default();
        // What is written otherwise in a text of JSON leaves all in doubt, and so does what
        // nobody sees between its letters.
        start.contains(['"', '\\'])
            || [r"\u", r"\b", r"\f"].iter().any(|unseen| json.contains(unseen))
            || self.may_be_in(json)
    }

    /// The text with the key hidden, also where a cut, marked by `…`, left only
    /// the beginning of it, or where what nobody sees stands between its letters: the text
    /// comes without that then.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        if !self.may_be_in(text) {
            return text.to_owned();
        }
        let shown = self.hide_whole_in(text);
        let bare = all_seen(&shown).map(|bare| (self.hide_whole_in(&bare), bare));
        bare.and_then(|(hidden, bare)| (hidden != bare).then_some(hidden)).unwrap_or(shown)
    }

    fn hide_whole_in(&self, text: &str) -> String {
        let whole = text.replace(&self.0, MASK);
        let mut pieces: Vec<_> = whole.split(CUT).map(str::to_owned).collect();
        let last = pieces.pop().unwrap_or_default();
        let scrubbed = pieces.into_iter().map(|piece| self.without_start(piece) + CUT);
        scrubbed.collect::<String>() + &last
    }

    fn without_start(&self, text: String) -> String {
        let starts = self.0.char_indices().rev().map(|(end, _)| end).filter(|end| *end >= TELLING);
        let mut starts = starts.filter_map(|end| self.0.get(..end));
        match starts.find_map(|start| text.strip_suffix(start)) {
            Some(before) => format!("{before}{MASK}"),
            None => text,
        }
    }
}

/// The text without what nobody sees; `None`: there is nothing of it.
fn all_seen(text: &str) -> Option<String> {
    let is_plain = |byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(is_plain) || !text.contains(is_unseen) {
        return None;
    }
    Some(text.chars().filter(|c| !is_unseen(*c)).collect())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_short_to_be_told_from_words_is_no_key() {
        for short in ["id", "uuid", "count", "value", " seven77 "] {
            let why = Secret::new(short).unwrap_err();
            assert!(why.contains("too short") && !why.contains(short.trim()), "{why}");
        }
        assert!(Secret::new("mock-key").is_ok());
    }
}
