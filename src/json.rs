//! Reads JSON where it stands, in one pass, and says where when it cannot.
//!
//! Knows no shape: a room that reads brings a closure for the members it
//! cares about, and what it leaves alone is checked and passed over. Nothing
//! recurses with the depth of the text, so no depth can exhaust the stack.
//!
//! A reader of our own because with a general one and derived shapes the
//! component was 35 kB larger, much of it for error texts that then had to be
//! taken apart again. The tests hold it against `serde_json`: both accept the
//! same texts and read the same values.

use core::cell::Cell;
use std::borrow::Cow;

use serde::Serialize;

use self::tokens::{Broken, Reader, Token, unescape};
pub(crate) use self::words::{truth, whole};
use crate::{
    contract::ErrorKind,
    error::{Failure, Result},
    text::{concat, digits, hex, number, one_line, owned, push},
    values::ApiKey,
};

mod tokens;
mod words;

/// The body of a request.
pub(crate) fn body(of: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(of).map_err(|_| {
        let message = "The arguments cannot be written as JSON.".to_owned();
        Failure::new(ErrorKind::InvalidInput, message, "")
    })
}

/// The text without the quotes around it, if it is JSON within a text.
pub(crate) fn unquoted(text: String) -> String {
    let inside = text.strip_prefix('\u{feff}').unwrap_or(&text).trim().strip_prefix('"');
    match inside.and_then(|inside| inside.strip_suffix('"')) {
        Some(inside) if matches!(inside.as_bytes().first(), Some(b'{' | b'[')) => unescape(inside),
        _ => text,
    }
}

/// Longest text that is taken for words without being JSON, in bytes.
const PLAIN_LIMIT: usize = 300;

/// An answer's text, which only this room reads, so that the key is hidden in
/// whatever comes of it.
#[derive(Debug)]
pub(crate) struct Answer<'k> {
    text: String,
    key: Option<&'k ApiKey>,
    /// Whether a member of the answer itself, whose value begins so, may tell more
    /// than what is asked for.
    tells_more: fn(&str, u8) -> bool,
    /// Whether such a member was met, so that most answers are read once.
    more: Cell<bool>,
    /// Whether it says nothing, and its status that all went well.
    pub(crate) is_mere_success: bool,
    /// Whether it was passed in: what is wrong with it is the caller's to correct.
    is_argument: bool,
}

impl<'k> Answer<'k> {
    pub(crate) fn new(
        text: String,
        key: Option<&'k ApiKey>,
        tells_more: fn(&str, u8) -> bool,
    ) -> Self {
        let (more, is_mere_success, is_argument) = (Cell::new(true), false, false);
        Self { text, key, tells_more, more, is_mere_success, is_argument }
    }

    /// A text that was passed in, which holds no key.
    pub(crate) fn passed_in(text: String) -> Self {
        Self { is_argument: true, ..Self::new(text, None, |_, _| false) }
    }

    /// The whole text, as JSON.
    pub(crate) fn json_text(&self) -> String {
        escaped(self.text().trim())
    }

    /// Whether it may tell more than was read of it, as far as was looked.
    pub(crate) fn may_tell_more(&self) -> bool {
        self.more.get()
    }

    /// The failure that a member is missing, given by its path.
    pub(crate) fn missing(&self, member: &str) -> Box<Failure> {
        Place { answer: self, parent: None, step: Step::Root }.missing(member)
    }

    /// The text, without the mark that some servers put in front of it.
    fn text(&self) -> &str {
        self.text.strip_prefix('\u{feff}').unwrap_or(&self.text)
    }

    /// Whether the answer is a page for browsers.
    pub(crate) fn is_page(&self) -> bool {
        self.text().trim_start().starts_with('<')
    }

    /// The whole text, if it is short and looks like words and not like JSON.
    pub(crate) fn plain(&self) -> Option<String> {
        let text = self.text().trim();
        let is_plain = text.len() <= PLAIN_LIMIT && !text.starts_with(['{', '[', '"', '<']);
        let text = is_plain.then(|| text.to_owned())?;
        Some(self.key.map_or(text.clone(), |key| key.mask(text)))
    }
}

/// Reads a whole answer with `shape`.
pub(crate) fn read<'t>(
    answer: &'t Answer<'t>,
    shape: &mut dyn FnMut(Value<'t, '_>) -> Result<()>,
) -> Result<()> {
    let mut reader = Reader::new(answer.text());
    let root = Place { answer, parent: None, step: Step::Root };
    reader.pass_space();
    root.value(&mut reader, shape)?;
    if reader.ends() { Ok(()) } else { Err(root.broken(&reader)) }
}

/// Where a value stands: a step from the place around it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    answer: &'p Answer<'p>,
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Member(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    /// Reads the value that stands here and is next, and passes over what `read`
    /// leaves of it.
    #[inline(always)]
    fn value<'t>(
        &'p self,
        reader: &mut Reader<'t>,
        read: impl FnOnce(Value<'t, '_>) -> Result<()>,
    ) -> Result<()> {
        self.or_fault(reader.read(), reader)?;
        let (token, left) = (reader.token, reader.left());
        read(Value { reader: &mut *reader, place: self })?;
        if matches!(token, Token::Object | Token::List) && reader.left() == left {
            reader.token = token;
            return self.or_fault(reader.skip(), reader);
        }
        Ok(())
    }

    /// Reads the member of the object that stands here, and whose name was read.
    #[inline(always)]
    fn member<'t>(
        &self,
        reader: &mut Reader<'t>,
        name: &str,
        read: &mut dyn FnMut(&str, Value<'t, '_>) -> Result<()>,
    ) -> Result<()> {
        let is_of_answer = matches!(self.step, Step::Root);
        if is_of_answer && (self.answer.tells_more)(name, reader.peek()) {
            self.answer.more.set(true);
        }
        let inside = Place { parent: Some(self), step: Step::Member(name), ..*self };
        inside.value(reader, |value| read(name, value))
    }

    /// What was read, or the failure that the text breaks at this place.
    #[inline(always)]
    fn or_fault<T>(&self, read: core::result::Result<T, Broken>, reader: &Reader<'_>) -> Result<T> {
        match read {
            Ok(read) => Ok(read),
            Err(Broken) => Err(self.broken(reader)),
        }
    }

    #[cold]
    #[inline(never)]
    fn broken(&self, reader: &Reader<'_>) -> Box<Failure> {
        let mut failure = self.fault(reader.complaint());
        // It was under way when the connection ended, and may come whole.
        if reader.is_cut() && !self.answer.is_argument {
            (failure.kind, failure.advice) = (ErrorKind::Interrupted, "Try again.");
        }
        failure
    }

    /// The failure that a member is missing.
    pub(crate) fn missing(&self, member: &str) -> Box<Failure> {
        Place { parent: Some(self), step: Step::Member(member), ..*self }.fault("it is missing")
    }

    /// The failure to read what stands here.
    pub(crate) fn fault(&self, what: &str) -> Box<Failure> {
        if self.answer.is_argument {
            return Failure::invalid(&self.path(), what);
        }
        let mut message = "2Chat's answer cannot be read at ".to_owned();
        self.spell(&mut message);
        message.push_str(": ");
        message.push_str(what);
        message.push('.');
        Failure::new(ErrorKind::UnexpectedReply, message, "Repeating it will not help.")
    }

    /// The name of the member or the number of the item, for showing.
    pub(crate) fn name(&self) -> String {
        match self.step {
            Step::Member(name) => self.hide_key(name.to_owned()),
            Step::Item(index) => digits(index as u64),
            Step::Root => String::new(),
        }
    }

    /// The JSON path.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        self.spell(&mut path);
        path
    }

    fn spell(&self, path: &mut String) {
        if let Some(parent) = self.parent {
            parent.spell(path);
        }
        match self.step {
            Step::Root => path.push('$'),
            Step::Item(index) => path.push_str(&concat(&["[", &digits(index as u64), "]"])),
            Step::Member(name) => {
                path.push('.');
                path.push_str(&one_line(&self.hide_key(name.to_owned()), 60));
            }
        }
    }

    /// The text with the key hidden, should 2Chat repeat it.
    pub(crate) fn hide_key(&self, text: String) -> String {
        match self.answer.key {
            Some(key) => key.mask(text),
            None => text,
        }
    }
}

/// What stands where there is no text, no list and no object.
pub(crate) const NOTHING: [&str; 3] = ["null", "false", "\"\""];

/// A value, of which an object or list has not been read yet. It is read by one
/// method, or by none.
pub(crate) struct Value<'t, 'p> {
    reader: &'p mut Reader<'t>,
    /// Where the value stands.
    pub(crate) place: &'p Place<'p>,
}

impl<'t> Value<'t, '_> {
    pub(crate) fn is_object(&self) -> bool {
        self.reader.token == Token::Object
    }

    pub(crate) fn is_text(&self) -> bool {
        self.reader.token == Token::Text
    }

    pub(crate) fn is_number(&self) -> bool {
        self.reader.token == Token::Number
    }

    /// Whether it is `null`, `false` or an empty text.
    pub(crate) fn is_nothing(&self) -> bool {
        match self.reader.token {
            Token::Word => self.reader.inside != "true",
            token => token == Token::Text && self.reader.inside.is_empty(),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        self.reader.token == Token::List
    }

    /// Whether it is a list of one.
    pub(crate) fn is_list_of_one(&self) -> bool {
        let mut ahead = *self.reader;
        self.is_list()
            && matches!(ahead.next_behind_space(b']', true), Ok(true))
            && ahead.read().is_ok()
            && ahead.skip().is_ok()
            && matches!(ahead.next_behind_space(b']', false), Ok(false))
    }

    /// Reads an object, member by member; what `member` does not read is passed
    /// over. So is a value that is no object, and then it gives `false`.
    pub(crate) fn object(
        self,
        member: &mut dyn FnMut(&str, Value<'t, '_>) -> Result<()>,
    ) -> Result<bool> {
        if !self.is_object() {
            return self.raw().map(|_| false);
        }
        let Self { reader, place, .. } = self;
        if matches!(place.step, Step::Root) {
            place.answer.more.set(false);
        }
        let mut first = true;
        while place.or_fault(reader.next_in(b'}', first), reader)? {
            first = false;
            place.or_fault(reader.name(), reader)?;
            let unescaped;
            let mut name = reader.inside;
            if reader.escaped {
                unescaped = unescape(name);
                name = &unescaped;
            }
            place.member(reader, name, member)?;
        }
        Ok(true)
    }

    /// Reads a list, item by item; what `item` does not read is passed over.
    ///
    /// Nothing (`null`, `false`, an empty text) is an empty list. An object of
    /// records, or one whose names are numbers, is the list of its values; any
    /// other is a list of one. Anything else is passed over, and then it gives
    /// `false`.
    pub(crate) fn list(self, item: &mut dyn FnMut(Value<'t, '_>) -> Result<()>) -> Result<bool> {
        if self.is_object() {
            return match self.holds_items() {
                true => self.object(&mut |_, value| item(value)),
                false => item(self).map(|()| true),
            };
        }
        if !self.is_list() {
            return Ok(self.is_nothing());
        }
        let Self { reader, place, .. } = self;
        if matches!(place.step, Step::Root) {
            place.answer.more.set(false);
        }
        let mut index = 0;
        while place.or_fault(reader.next_in(b']', index == 0), reader)? {
            let inside = Place { parent: Some(place), step: Step::Item(index), ..*place };
            inside.value(reader, &mut *item)?;
            index += 1;
        }
        Ok(true)
    }

    /// Whether an object is a list of its values, by its first member; without
    /// any it is an empty list.
    fn holds_items(&self) -> bool {
        let mut ahead = *self.reader;
        match ahead.next_behind_space(b'}', true) {
            Ok(true) => {
                ahead.name().is_ok() && (number(ahead.inside).is_some() || ahead.peek() == b'{')
            }
            _ => true,
        }
    }

    /// The text, or the digits of a number; anything else is no text.
    pub(crate) fn text(self) -> Result<Option<String>> {
        let place = self.place;
        // Most are texts that need no work.
        if let (Some(text), None) = (self.plain(), place.answer.key) {
            return Ok(Some(owned(text)));
        }
        Ok(self.word()?.map(|word| place.hide_key(word.into_owned())))
    }

    /// The text where it stands, if it is one without escapes.
    #[inline(always)]
    pub(crate) fn plain(&self) -> Option<&'t str> {
        (self.is_text() && !self.reader.escaped).then_some(self.reader.inside)
    }

    /// As `text`, for comparing.
    pub(crate) fn word(self) -> Result<Option<Cow<'t, str>>> {
        let raw = self.reader.inside;
        Ok(match self.reader.token {
            Token::Text if !self.reader.escaped => Some(Cow::Borrowed(raw)),
            Token::Text => Some(Cow::Owned(unescape(raw))),
            // Digits are kept as they are, a whole number in other forms is not.
            Token::Number => Some(match whole(raw) {
                Some(whole) if number(raw).is_none() => Cow::Owned(digits(whole)),
                _ => Cow::Borrowed(raw),
            }),
            _ => None,
        })
    }

    /// Passes over the value and gives its JSON text, for showing.
    pub(crate) fn json_text(self) -> Result<String> {
        let place = self.place;
        let text = place.hide_key(escaped(self.raw()?));
        // Escapes can hide a key from all but the last reader.
        let meant = unescape(&text);
        let shown = place.hide_key(meant.clone());
        Ok(if shown == meant { text } else { shown })
    }

    /// A whole number from 0 up, however it is written; anything else is none.
    pub(crate) fn whole<N: TryFrom<u64>>(self) -> Result<Option<N>> {
        let number = match self.reader.token {
            Token::Number => whole(self.reader.inside),
            _ => self.word()?.and_then(|text| whole(text.trim())),
        };
        Ok(number.and_then(|number| number.try_into().ok()))
    }

    /// Yes or no, in any of the ways to write it; anything else is neither.
    pub(crate) fn truth(self) -> Result<Option<bool>> {
        if self.reader.token == Token::Word {
            return Ok(truth(self.reader.inside));
        }
        Ok(self.word()?.and_then(|word| truth(word.trim())))
    }

    /// Passes over the value and gives its JSON text, for comparing.
    pub(crate) fn raw(self) -> Result<&'t str> {
        let Self { reader, place } = self;
        let quotes = if reader.token == Token::Text { 2 } else { 0 };
        let left = reader.left() + reader.inside.len() + quotes;
        place.or_fault(reader.skip(), reader)?;
        Ok(reader.since(left))
    }
}

/// The JSON text as it should have come: with the control characters of its strings
/// escaped, and `null` where a writer had a number that is none.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut is_inside, mut is_escape, mut is_none) = (false, false, false);
    for c in json.chars() {
        if !is_inside && !is_none && matches!(c, 'N' | 'I') {
            is_none = true;
            if text.ends_with('-') {
                text.pop();
            }
            text.push_str("null");
        }
        is_none &= c.is_ascii_alphabetic();
        if is_none {
            continue;
        }
        if is_inside && c < ' ' {
            text.push_str("\\u");
            hex(&mut text, c.into(), 4);
        } else {
            push(&mut text, c);
        }
        is_inside ^= c == '"' && !is_escape;
        is_escape = c == '\\' && !is_escape;
    }
    text
}

/// An answer that holds no key.
#[cfg(test)]
pub(crate) fn answer(text: &str) -> Answer<'static> {
    Answer::new(text.to_owned(), None, |_, _| false)
}

/// Proves that an answer of another shape is refused, and its fault named.
#[cfg(test)]
pub(crate) fn assert_named<T: core::fmt::Debug>(
    read: impl Fn(&str) -> Result<T>,
    answers_and_places: &[(&str, &str)],
) {
    for (answer, place) in answers_and_places {
        let failure = read(answer).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::UnexpectedReply, "{answer}");
        let place = ["at ", place, ": "].concat();
        assert!(failure.message.contains(&place), "{answer}: {}", failure.message);
    }
}

#[cfg(test)]
mod tests;
