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

use self::tokens::{Broken, Reader, unescape};
use crate::{
    contract::ErrorKind,
    error::{Failure, Result},
    text::{number, one_line},
    values::ApiKey,
};

mod tokens;

/// An answer's text, which only this room reads, so that the key is hidden in
/// whatever comes of it.
#[derive(Debug)]
pub(crate) struct Answer<'k> {
    text: String,
    key: Option<&'k ApiKey>,
    /// Whether a member of the answer itself, whose value begins so, is notable.
    notable: fn(&str, u8) -> bool,
    noted: Cell<bool>,
}

impl<'k> Answer<'k> {
    pub(crate) fn new(
        text: String,
        key: Option<&'k ApiKey>,
        notable: fn(&str, u8) -> bool,
    ) -> Self {
        Self { text, key, notable, noted: Cell::new(true) }
    }

    /// Whether there is a notable member, as far as was looked for.
    pub(crate) fn has_notable(&self) -> bool {
        self.noted.get()
    }
}

/// Reads a whole answer with `shape`.
pub(crate) fn read<'t, T>(
    answer: &'t Answer<'t>,
    shape: impl FnOnce(Value<'t, '_>) -> Result<T>,
) -> Result<T> {
    let mut reader = Reader::new(&answer.text);
    let root = Place { parent: None, step: Step::Root(answer) };
    let mut shape = Some(shape);
    let mut read = None;
    next_value(&mut reader, &root, &mut |value| {
        if let Some(shape) = shape.take() {
            read = Some(shape(value)?);
        }
        Ok(())
    })?;
    match read {
        Some(read) if reader.ends() => Ok(read),
        _ => Err(root.fault(reader.complaint())),
    }
}

/// Where a value stands: a step from the place around it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root(&'p Answer<'p>),
    Member(&'p str),
    Item(usize),
}

impl Place<'_> {
    /// The member's value, or the failure that it is missing.
    pub(crate) fn required<T>(&self, member: &str, value: Option<T>) -> Result<T> {
        let missing =
            || Place { parent: Some(self), step: Step::Member(member) }.fault("it is missing");
        value.ok_or_else(missing)
    }

    /// The failure to read what stands here.
    pub(crate) fn fault(&self, what: &str) -> Box<Failure> {
        let mut message = "2Chat's answer cannot be read at ".to_owned();
        self.spell(&mut message);
        message.push_str(": ");
        message.push_str(what);
        message.push('.');
        Failure::new(ErrorKind::UnexpectedReply, message, "Repeating the call will not help.")
    }

    /// The name of the member, for showing.
    pub(crate) fn name(&self) -> String {
        match self.step {
            Step::Member(name) => self.hide_key(name.to_owned()),
            Step::Root(_) | Step::Item(_) => String::new(),
        }
    }

    fn spell(&self, path: &mut String) {
        if let Some(parent) = self.parent {
            parent.spell(path);
        }
        match self.step {
            Step::Root(_) => path.push('$'),
            Step::Item(index) => path.push_str(&["[", &index.to_string(), "]"].concat()),
            Step::Member(name) => {
                path.push('.');
                path.push_str(&one_line(&self.hide_key(name.to_owned()), 60));
            }
        }
    }

    /// The text with the key hidden, should 2Chat repeat it.
    fn hide_key(&self, text: String) -> String {
        match (self.step, self.parent) {
            (Step::Root(Answer { key: Some(key), .. }), _) => key.mask(text),
            (_, Some(parent)) => parent.hide_key(text),
            _ => text,
        }
    }
}

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

    pub(crate) fn is_list(&self) -> bool {
        self.reader.peek() == b'['
    }

    /// Reads an object, member by member; what `member` does not read is passed over.
    pub(crate) fn object(
        mut self,
        member: &mut dyn FnMut(&str, Value<'t, '_>) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'{', "expected an object")?;
        let Self { reader, place } = self;
        if let Step::Root(answer) = place.step {
            answer.noted.set(false);
        }
        let mut first = true;
        while sound(reader.next_in(b'}', core::mem::take(&mut first)), reader, place)? {
            let name = sound(reader.name(), reader, place)?;
            if let Step::Root(answer) = place.step
                && (answer.notable)(&name, reader.peek())
            {
                answer.noted.set(true);
            }
            let inside = Place { parent: Some(place), step: Step::Member(&name) };
            next_value(reader, &inside, &mut |value| member(&name, value))?;
        }
        Ok(())
    }

    /// Reads a list, item by item; what `item` does not read is passed over.
    pub(crate) fn list(mut self, item: &mut dyn FnMut(Value<'t, '_>) -> Result<()>) -> Result<()> {
        self.expect(b'[', "expected a list")?;
        let Self { reader, place } = self;
        let mut first = true;
        let mut index = 0;
        while sound(reader.next_in(b']', core::mem::take(&mut first)), reader, place)? {
            let place = Place { parent: Some(place), step: Step::Item(index) };
            next_value(reader, &place, item)?;
            index += 1;
        }
        Ok(())
    }

    /// Reads a list of which every item is read with `read`.
    pub(crate) fn items<T>(
        self,
        mut read: impl FnMut(Value<'t, '_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.list(&mut |item| {
            items.push(read(item)?);
            Ok(())
        })?;
        Ok(items)
    }

    /// Reads `null` as `None` and anything else with `read`.
    pub(crate) fn optional<T>(self, read: impl FnOnce(Self) -> Result<T>) -> Result<Option<T>> {
        if self.reader.peek() == b'n' { self.raw().map(|_| None) } else { read(self).map(Some) }
    }

    pub(crate) fn text(mut self) -> Result<String> {
        self.expect(b'"', "expected text")?;
        let text = sound(self.reader.string(), self.reader, self.place)?;
        Ok(self.place.hide_key(text.into_owned()))
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

    /// Reads a whole number from 0 up.
    pub(crate) fn whole<N: TryFrom<u64>>(self) -> Result<N> {
        let place = self.place;
        let whole = number(self.raw()?).and_then(|number| number.try_into().ok());
        whole.ok_or_else(|| place.fault("expected a whole number from 0 up, within its range"))
    }

    pub(crate) fn truth(self) -> Result<bool> {
        let place = self.place;
        match self.raw()? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(place.fault("expected true or false")),
        }
    }

    /// Passes over the value and gives its JSON text, for comparing.
    pub(crate) fn raw(self) -> Result<&'t str> {
        let start = self.reader.position();
        sound(self.reader.skip(), self.reader, self.place)?;
        Ok(self.reader.since(start))
    }

    fn expect(&mut self, start: u8, what: &str) -> Result<()> {
        if self.reader.peek() == start {
            return Ok(());
        }
        Err(self.place.fault(if self.reader.ends() { self.reader.complaint() } else { what }))
    }
}

/// What was read, or the failure that the text breaks at this place.
fn sound<T>(
    read: core::result::Result<T, Broken>,
    reader: &Reader<'_>,
    place: &Place<'_>,
) -> Result<T> {
    read.map_err(|Broken| place.fault(reader.complaint()))
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
    sound(reader.skip(), reader, place)
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
