//! Does the answer say no, and in which words? Everything that 2Chat, or a
//! server in front of it, may tell beside or instead of data.
//!
//! Sources disagree on the shape, so each member may hold anything: what is no
//! words is passed over, and so is what is meant for browsers.

use super::{
    arguments::{Arguments, path, spelled},
    meaning::{DONE, STORED, has, is_trouble, passing, tells_of, verdict_in},
    names::{
        BESIDE, CODE, ERROR, ERRORS, FLAG, NAME, WAIT, WARNING, folded, is_none, place, status_in,
        verdict,
    },
    waiting::wait_seconds,
    wrapping::{is_wrapping, members},
};
use crate::{
    contract::Verdict,
    error::Result,
    json::{self, Answer, Value, truth},
    text::{concat, find, number, one_line, push},
};

/// What 2Chat tells of success and failure, beside or instead of data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// Whether the answer says that the call failed.
    pub(super) says_no: bool,
    /// Whether it tells of errors, which are warnings beside a result.
    pub(super) tells_errors: bool,
    /// Whether it says that the call succeeded.
    pub(super) says_yes: bool,
    /// Whether it has words, and none of success.
    pub(super) speaks: bool,
    /// The words that are a warning beside a result.
    pub(super) warning: Option<String>,
    pub(super) words: Words,
}

/// What 2Chat says about a failure.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) text: Option<String>,
    /// The argument it complains about, in the contract's spelling.
    pub(super) field: Option<String>,
    /// The status of HTTP that they give or stand for.
    pub(super) status: Option<u16>,
    /// The seconds to wait.
    pub(super) wait: Option<u32>,
    /// What they tell of the key, or of the account behind it.
    pub(super) verdict: Option<Verdict>,
    /// Whether they tell of something that is there already.
    pub(super) conflict: bool,
    /// Whether they tell that it was done all the same.
    pub(super) done: bool,
    /// Whether they leave it open, where the status says no more than "not now".
    pub(super) open: bool,
}

/// Longest quotation of 2Chat's words, in bytes.
const WORDS_LIMIT: usize = 400;
/// Of how many items or members words are taken.
const MOST_ITEMS: u32 = 50;
/// How many members of the answer itself are heard.
const MOST_MEMBERS: u32 = 10_000;
/// How deep words may lie.
const DEPTH: u32 = 4;

/// What the whole answer tells, be it JSON or not; `refused` if it came with a
/// status that says no.
pub(super) fn heard(answer: &Answer<'_>, refused: bool, arguments: &Arguments) -> Heard {
    let mut heard = Heard::default();
    let read = json::read(answer, &mut |value| {
        heard = envelope(value, refused, arguments)?;
        Ok(())
    });
    if read.is_err() {
        heard = plain(answer.plain());
    }
    heard
}

/// The words of a complaint within a record.
#[inline(never)]
pub(crate) fn complaint(value: Value<'_, '_>) -> Result<Option<String>> {
    let (mut of, mut said) = (Gathered::default(), Said::default());
    of.gather(&mut said, value, DEPTH, &Arguments::NONE)?;
    Ok(line(&said.text))
}

fn plain(text: Option<String>) -> Heard {
    // What is no JSON and has markup is a piece of a page.
    let text = text.unwrap_or_default();
    let heard = heard_but_for(heard_in(&text), "</|<p>|<div|<br|<h1|<a |<b>");
    Heard { words: chosen(heard.to_owned(), "", ""), ..Heard::default() }
}

fn envelope(value: Value<'_, '_>, refused: bool, arguments: &Arguments) -> Result<Heard> {
    if value.is_text() {
        return value.text().map(plain);
    }
    let mut texts: [String; FLAG + 1] = Default::default();
    let (mut of, mut said, mut lists) = (Gathered::default(), Said::default(), Said::default());
    if value.is_list() {
        of.is_data = true;
        of.gather(&mut said, value, DEPTH, arguments)?;
        return Ok(plain(Some(said.text)));
    }
    let (mut says_no, mut says_yes, mut tells_errors, mut fails) = (false, false, false, false);
    let mut left = MOST_MEMBERS;
    members(value, &mut |key, value| {
        if left == 0 {
            return Ok(());
        }
        left -= 1;
        let name = folded(key);
        (of.is_data, of.tells) = (is_wrapping(key), false);
        let is_flat = !value.is_list() && !value.is_object();
        let place = place(&name);
        if is_flat && matches!(place, Some(FLAG | CODE | WAIT)) {
            let is_text = value.is_text();
            let word = flat(value)?;
            let says = verdict(&name, &word);
            says_no |= says == Some(false);
            says_yes |= says == Some(true);
            of.note(place, &word);
            if is_text && place == Some(CODE) && says != Some(true) {
                of.add_code(heard_in(&word));
            } else if is_text
                && place == Some(FLAG)
                && (says.is_none() || word.len() > LONGEST_YES_OR_NO)
            {
                said.add("", heard_in(&word));
            }
        } else if of.is_data || place.is_some_and(|place| place <= WARNING) {
            // The details of a contact are data.
            of.is_data |= name == "details";
            of.gather(&mut said, value, DEPTH, arguments)?;
        } else if place.is_none() && value.is_list() {
            // The complaints about an argument, beside those about others.
            of.is_data = !refused;
            let mut about = Said::default();
            of.gather(&mut about, value, DEPTH, arguments)?;
            lists.take(key, about, arguments);
        }
        match place {
            Some(ERRORS) => tells_errors |= of.tells,
            Some(ERROR) => fails |= of.tells,
            _ => {}
        }
        if let Some(text) = texts.get_mut(place.unwrap_or(FLAG).min(FLAG)) {
            append(text, "; ", &core::mem::take(&mut said.text));
        }
        Ok(())
    })?;
    let [error_message, message, errors, detail, title, error, warning, other] = &texts;
    let problem = joined(": ", &[title, detail]);
    let told = joined("; ", &[error_message, message, errors, &problem, error]);
    // They may be what was sent, where there are words.
    if told.is_empty() {
        said.take("", lists, arguments);
    }
    let other = joined("; ", &[other, &said.text]);
    let words = chosen(told, &other, &of.codes);
    // A refusal that says yes is none to be repeated.
    let done = words.done || says_yes;
    let status = of.status.or(words.status);
    let words = Words { field: said.field, status, wait: of.wait, done, ..words };
    // Words beside a result are a warning where they tell of trouble.
    let beside = joined("; ", &[message, &problem]);
    let beside = if is_trouble(&plainly(&beside)) { &beside } else { "" };
    let warning = joined("; ", &[error_message, errors, error, warning, beside]);
    Ok(Heard {
        says_no: says_no || (fails && (error.is_empty() || !says_yes)),
        tells_errors: tells_errors || fails || !error_message.is_empty(),
        says_yes,
        speaks: !says_yes && (!message.is_empty() || !problem.is_empty()),
        warning: line(&warning),
        words,
    })
}

/// Puts more words behind a text, unless it has them.
pub(super) fn append(text: &mut String, between: &str, more: &str) {
    if more.is_empty() || text.len() > WORDS_LIMIT || find(text, more).is_some() {
        return;
    }
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(more);
}

/// Those parts that say something new.
fn joined(between: &str, parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        append(&mut text, between, part);
    }
    text
}

/// The words on a line, if there are any.
fn line(words: &str) -> Option<String> {
    (!words.is_empty()).then(|| one_line(words, WORDS_LIMIT))
}

/// What is longer says more than yes or no.
const LONGEST_YES_OR_NO: usize = 12;

/// A value without parts as a word: a text, or the JSON of anything else.
fn flat(value: Value<'_, '_>) -> Result<String> {
    let place = value.place;
    let word = if value.is_text() { value.word()? } else { Some(value.raw()?.into()) };
    Ok(place.hide_key(word.unwrap_or_default().into_owned()))
}

/// The words that are told, else the others, else the codes; and what all of them
/// tell.
fn chosen(told: String, other: &str, codes: &str) -> Words {
    let all = plainly(&joined(" ", &[&told, other, codes]));
    let text = line(&told).or_else(|| line(other)).or_else(|| line(codes));
    let conflict = has(&all, "exist|duplicat|unique|taken|belongs to|in use|twice")
        // Of data, and not of a number that is busy for a while.
        || ((has(&all, "already") || has(&plainly(codes), "conflict"))
            && !has(&all, "start|boot|connecting|progress|process|running|busy"));
    let (verdict, status) = (verdict_in(&all), passing(&all));
    let done = tells_of(STORED, &all);
    let open = tells_of(DONE, &all);
    Words { text, field: None, status, wait: None, verdict, conflict, done, open }
}

/// The words in small letters of ASCII, each between spaces; the first, if there
/// are many.
fn plainly(text: &str) -> String {
    let mut plain = " ".to_owned();
    for byte in text.bytes().take(2 * WORDS_LIMIT) {
        let byte = if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b' ' };
        push(&mut plain, char::from(byte));
    }
    push(&mut plain, ' ');
    plain
}

/// The text, if it says something to a reader: neither blank nor a page for browsers, nor a
/// mere yes or no. Else it is empty.
fn heard_in(text: &str) -> &str {
    heard_but_for(text, "<!|<?|<html|<head|<body|<title|<style|<script")
}

/// The same of a text that has none of these either, which bars part.
fn heard_but_for<'t>(text: &'t str, markup: &str) -> &'t str {
    let text = text.trim();
    // What is not told does not matter.
    let told = one_line(text, WORDS_LIMIT).to_ascii_lowercase();
    let is_page = find(&told, "<").is_some() && has(&told, markup);
    if is_page || truth(text).is_some() { "" } else { text }
}

/// Words, and what they are about.
#[derive(Default)]
struct Said {
    /// Empty: there are none.
    text: String,
    /// Where it stands, what they are about.
    about: String,
    field: Option<String>,
}

impl Said {
    fn add(&mut self, name: &str, said: &str) {
        let between = if name.is_empty() { "" } else { ": " };
        if !said.is_empty() {
            append(&mut self.text, "; ", &concat(&[name, between, said]));
        }
    }

    /// Takes what is said about what stands at this path.
    fn take(&mut self, path: &str, said: Self, arguments: &Arguments) {
        let (name, is_argument) = spelled(path, arguments);
        self.add(&name, &said.text);
        let named = Some(name).filter(|_| is_argument);
        self.field = self.field.take().or(said.field).or(named);
    }
}

/// What else a value of any shape tells.
#[derive(Default)]
struct Gathered {
    /// Whether it holds anything at all but a no.
    tells: bool,
    /// The codes in it.
    codes: String,
    status: Option<u16>,
    wait: Option<u32>,
    /// Whether it is data, so that only what is known for words is taken.
    is_data: bool,
}

impl Gathered {
    fn gather(
        &mut self,
        said: &mut Said,
        value: Value<'_, '_>,
        depth: u32,
        arguments: &Arguments,
    ) -> Result<()> {
        let is_flat = !value.is_list() && !value.is_object();
        if is_flat || depth == 0 {
            let is_text = value.is_text();
            let word = flat(value)?;
            let none = !is_flat || is_none(&word);
            self.tells |= !none;
            if is_text && !none {
                said.add("", heard_in(&word));
            }
            return Ok(());
        }
        // The first say enough.
        let mut left = MOST_ITEMS;
        if value.is_list() {
            let mut gather = |item: Value<'_, '_>| {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                self.gather(said, item, depth - 1, arguments)
            };
            return value.list(&mut gather).map(drop);
        }
        let (mut own, mut others) = (Said::default(), Said::default());
        value.object(&mut |key, value| {
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            // A path of JSON, such as `$.type`, names an argument.
            let place = if key.starts_with('$') { None } else { place(&folded(key)) };
            let is_flat = !value.is_list() && !value.is_object();
            let is_text = value.is_text();
            if place.is_some_and(|place| place < WARNING) && (is_text || !self.is_data) {
                return self.gather(&mut own, value, depth - 1, arguments);
            }
            if self.is_data {
                return Ok(());
            }
            if place == Some(NAME) {
                own.about = path(value)?;
            } else if is_flat && matches!(place, Some(FLAG | CODE | WAIT)) {
                let word = flat(value)?;
                self.note(place, &word);
                self.tells |= !is_none(&word);
                if is_text && place == Some(CODE) {
                    self.add_code(heard_in(&word));
                }
            } else {
                let (step, mut of) = (value.place.name(), Said::default());
                self.gather(&mut of, value, depth - 1, arguments)?;
                if place != Some(BESIDE) {
                    others.take(&step, of, arguments);
                }
            }
            Ok(())
        })?;
        // The names of arguments, where nothing else is said.
        if own.text.is_empty() {
            own.text = others.text;
            own.field = own.field.or(others.field);
        }
        let about = core::mem::take(&mut own.about);
        said.take(&about, own, arguments);
        Ok(())
    }

    /// Takes the status, or the seconds to wait, that a word gives.
    fn note(&mut self, place: Option<usize>, word: &str) {
        if place == Some(WAIT) {
            self.wait = self.wait.or_else(|| wait_seconds(word, None));
        } else {
            self.status = self.status.or_else(|| status_in(word));
        }
    }

    /// Takes a code, unless it is a number or the address of its documentation.
    fn add_code(&mut self, code: &str) {
        if find(code, ":").is_none() && number(code).is_none() {
            append(&mut self.codes, "; ", code);
        }
    }
}

#[cfg(test)]
mod tests;
