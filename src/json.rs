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

use self::tokens::{Broken, Reader, unescape};
use crate::{
    contract::ErrorKind,
    error::{Failure, Result},
    text::{self, number, one_line, with_digit},
    values::ApiKey,
};

mod tokens;

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
}

impl<'k> Answer<'k> {
    pub(crate) fn new(
        text: String,
        key: Option<&'k ApiKey>,
        tells_more: fn(&str, u8) -> bool,
    ) -> Self {
        Self { text, key, tells_more, more: Cell::new(true) }
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
    next_value(&mut reader, &root, shape)?;
    if reader.ends() { Ok(()) } else { Err(broken(&reader, &root)) }
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

impl Place<'_> {
    /// The failure that a member is missing.
    pub(crate) fn missing(&self, member: &str) -> Box<Failure> {
        Place { parent: Some(self), step: Step::Member(member), ..*self }.fault("it is missing")
    }

    /// The failure to read what stands here.
    pub(crate) fn fault(&self, what: &str) -> Box<Failure> {
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
            Step::Item(index) => index.to_string(),
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
            Step::Item(index) => path.push_str(&["[", &index.to_string(), "]"].concat()),
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

/// A value that has not been read yet. It is read by one method, or by none.
pub(crate) struct Value<'t, 'p> {
    reader: &'p mut Reader<'t>,
    /// Where the value stands.
    pub(crate) place: &'p Place<'p>,
}

impl<'t> Value<'t, '_> {
    pub(crate) fn is_object(&self) -> bool {
        self.reader.peek() == b'{'
    }

    pub(crate) fn is_text(&self) -> bool {
        self.reader.peek() == b'"'
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.reader.peek(), b'-' | b'0'..=b'9')
    }

    /// Whether it is `null`, `false` or an empty text.
    pub(crate) fn is_nothing(&self) -> bool {
        let mut ahead = self.reader.ahead();
        ahead.skip().is_ok() && NOTHING.contains(&ahead.since(self.reader.position()))
    }

    pub(crate) fn is_list(&self) -> bool {
        self.reader.peek() == b'['
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
        let Self { reader, place } = self;
        let is_answer = matches!(place.step, Step::Root);
        if is_answer {
            place.answer.more.set(false);
        }
        let mut first = true;
        while or_fault(reader.next_in(b'}', core::mem::take(&mut first)), reader, place)? {
            let name = or_fault(reader.name(), reader, place)?;
            if is_answer && (place.answer.tells_more)(&name, reader.peek()) {
                place.answer.more.set(true);
            }
            let inside = Place { parent: Some(place), step: Step::Member(&name), ..*place };
            next_value(reader, &inside, &mut |value| member(&name, value))?;
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
            return self.raw().map(|raw| NOTHING.contains(&raw));
        }
        let Self { reader, place } = self;
        let is_answer = matches!(place.step, Step::Root);
        if is_answer {
            place.answer.more.set(false);
        }
        let mut first = true;
        let mut index = 0;
        while or_fault(reader.next_in(b']', core::mem::take(&mut first)), reader, place)? {
            let place = Place { parent: Some(place), step: Step::Item(index), ..*place };
            next_value(reader, &place, item)?;
            index += 1;
        }
        Ok(true)
    }

    /// Whether an object is a list of its values, by its first member; without
    /// any it is an empty list.
    fn holds_items(&self) -> bool {
        let mut ahead = self.reader.ahead();
        match ahead.next_in(b'}', true) {
            Ok(true) => {
                ahead.name().is_ok_and(|name| number(&name).is_some() || ahead.peek() == b'{')
            }
            _ => true,
        }
    }

    /// The text, or the digits of a number; anything else is no text.
    pub(crate) fn text(self) -> Result<Option<String>> {
        let place = self.place;
        Ok(self.word()?.map(|text| place.hide_key(text.into_owned())))
    }

    /// As `text`, for comparing.
    pub(crate) fn word(self) -> Result<Option<Cow<'t, str>>> {
        if self.is_text() {
            return or_fault(self.reader.string(), self.reader, self.place).map(Some);
        }
        let is_number = self.is_number();
        let raw = self.raw()?;
        Ok(is_number.then(|| {
            // Digits are kept as they are, a whole number in other forms is not.
            let odd = raw.bytes().any(|byte| !byte.is_ascii_digit());
            let whole = whole(raw).filter(|_| odd);
            whole.map_or(Cow::Borrowed(raw), |whole| Cow::Owned(whole.to_string()))
        }))
    }

    /// Passes over the value and gives its JSON text, for showing.
    pub(crate) fn json_text(self) -> Result<String> {
        let place = self.place;
        let text = place.hide_key(self.raw()?.to_owned());
        // Escapes can hide a key from all but the last reader.
        let meant = unescape(&text);
        let shown = place.hide_key(meant.clone());
        Ok(if shown == meant { text } else { shown })
    }

    /// A whole number from 0 up, however it is written; anything else is none.
    pub(crate) fn whole<N: TryFrom<u64>>(self) -> Result<Option<N>> {
        let number = if self.is_text() {
            self.word()?.and_then(|text| whole(text.trim()))
        } else {
            whole(self.raw()?)
        };
        Ok(number.and_then(|number| number.try_into().ok()))
    }

    /// Yes or no, in any of the ways to write it; anything else is neither.
    pub(crate) fn truth(self) -> Result<Option<bool>> {
        if matches!(self.reader.peek(), b't' | b'f') {
            return self.raw().map(|raw| Some(raw == "true"));
        }
        Ok(self.word()?.and_then(|word| truth(word.trim())))
    }

    /// Passes over the value and gives its JSON text, for comparing.
    pub(crate) fn raw(self) -> Result<&'t str> {
        let start = self.reader.position();
        or_fault(self.reader.skip(), self.reader, self.place)?;
        Ok(self.reader.since(start))
    }
}

/// The number that the text stands for, if it is whole, from 0 up and fits:
/// digits, maybe with a fraction and an exponent.
pub(crate) fn whole(text: &str) -> Option<u64> {
    if let Some(number) = text::number(text) {
        return Some(number);
    }
    let (mut number, mut point, mut exponent) = (0, false, 0);
    // How many digits stand behind the point, and how many zeros end them.
    let (mut after, mut zeros) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0' if point => zeros += 1,
            b'0'..=b'9' => {
                for digit in core::iter::repeat_n(0, zeros).chain([byte - b'0']) {
                    number = with_digit(number, digit)?;
                    after += u64::from(point);
                }
                zeros = 0;
            }
            b'.' if !point && at > 0 => point = true,
            b'e' | b'E' if at > 0 => {
                exponent = text::number(text.get(at + 1..)?.trim_start_matches('+'))?;
                break;
            }
            _ => return None,
        }
    }
    for _ in after..exponent.min(if number == 0 { after } else { u64::MAX }) {
        number = with_digit(number, 0)?;
    }
    (after <= exponent && !text.is_empty()).then_some(number)
}

/// What the word says, if it is one for yes or no.
pub(crate) fn truth(word: &str) -> Option<bool> {
    const WORDS: [&str; 12] =
        ["true", "1", "yes", "y", "on", "1.0", "false", "0", "no", "n", "off", "0.0"];
    let place = WORDS.iter().position(|known| word.eq_ignore_ascii_case(known))?;
    Some(place < 6)
}

/// What was read, or the failure that the text breaks at this place.
fn or_fault<T>(
    read: core::result::Result<T, Broken>,
    reader: &Reader<'_>,
    place: &Place<'_>,
) -> Result<T> {
    read.map_err(|Broken| broken(reader, place))
}

#[inline(never)]
fn broken(reader: &Reader<'_>, place: &Place<'_>) -> Box<Failure> {
    let mut failure = place.fault(reader.complaint());
    // It was under way when the connection ended, and may come whole.
    if reader.is_cut() {
        (failure.kind, failure.advice) = (ErrorKind::Interrupted, "Try again.");
    }
    failure
}

/// Reads the value that is next, or passes over it if `read` leaves it alone.
fn next_value<'t>(
    reader: &mut Reader<'t>,
    place: &Place<'_>,
    read: &mut dyn FnMut(Value<'t, '_>) -> Result<()>,
) -> Result<()> {
    reader.pass_space();
    let start = reader.position();
    read(Value { reader: &mut *reader, place })?;
    if reader.position() > start {
        return Ok(());
    }
    or_fault(reader.skip(), reader, place)
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
