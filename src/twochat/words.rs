//! Does the answer say no, and in which words? Everything that 2Chat, or a
//! server in front of it, may tell beside or instead of data.
//!
//! Sources disagree on the shape, so each member may hold anything: what is no
//! words is passed over, and so is what is meant for browsers.

use crate::{
    error::{FIELD_LIMIT, Result},
    json::{self, Answer, Value, truth, whole},
    text::{find, one_line},
};

/// A 2Chat name and how the contract spells it.
pub(crate) type Spelling = (&'static str, &'static str);

/// What 2Chat tells of success and failure, beside or instead of data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// Whether the answer says that the call failed.
    pub(super) says_no: bool,
    pub(super) words: Words,
}

/// What 2Chat says about a failure.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) text: Option<String>,
    /// The argument it complains about, in the contract's spelling.
    pub(super) field: Option<String>,
    /// Whether these are the words with which the gateway misses the key.
    pub(super) no_key: bool,
    /// Whether they tell of something that is there already.
    pub(super) conflict: bool,
}

/// Longest quotation of 2Chat's words, in bytes.
const WORDS_LIMIT: usize = 400;
/// How deep words may lie.
const DEPTH: u32 = 4;

/// Whether a member of the answer, whose value begins so, may tell of anything
/// but success.
pub(super) fn tells_more(member: &str, begins: u8) -> bool {
    match member {
        "success" | "ok" => begins != b't',
        "status" => true,
        // `false` and `null`.
        member => member.starts_with("error") && begins != b'f' && begins != b'n',
    }
}

/// What the whole answer tells, be it JSON or not.
pub(super) fn heard(answer: &Answer<'_>, spellings: &[Spelling]) -> Heard {
    let mut heard = Heard::default();
    let read = json::read(answer, &mut |value| {
        heard = envelope(value, spellings)?;
        Ok(())
    });
    if read.is_err() {
        heard = plain(answer.plain());
    }
    heard
}

fn plain(text: Option<String>) -> Heard {
    let text = text.unwrap_or_default();
    Heard { says_no: false, words: chosen(&[said(&text)]) }
}

fn envelope(value: Value<'_, '_>, spellings: &[Spelling]) -> Result<Heard> {
    if value.is_text() {
        return value.text().map(plain);
    }
    // A list is data.
    if !value.is_object() {
        return value.raw().map(|_| Heard::default());
    }
    let (mut says_no, mut says_yes) = (false, false);
    let mut gathered: [Gathered; MEMBERS.len()] = Default::default();
    value.object(&mut |key, value| {
        if let Some(gathered) = position(&MEMBERS, key).and_then(|place| gathered.get_mut(place)) {
            *gathered = Gathered::default();
            return gathered.gather(value, DEPTH, spellings);
        }
        let says = match key {
            "success" | "ok" => value.truth()?,
            "status" => status(value)?,
            _ => None,
        };
        says_no |= says == Some(false);
        says_yes |= says == Some(true);
        Ok(())
    })?;
    let [error_message, message, mut errors, mut detail, title, mut error] = gathered;
    let spoken = !error_message.text.is_empty() || errors.tells;
    let field = detail.field.take().or(errors.field.take()).or(error.field.take());
    let no_key = detail.text == "Not authenticated";
    let joined = |before: &str, between: &str, after: &str| {
        let between = if before.is_empty() || after.is_empty() { "" } else { between };
        [before, between, after].concat()
    };
    // What is said in general, with what is said of each argument.
    let message = joined(&message.text, "; ", &errors.text);
    let problem = joined(&title.text, ": ", &detail.text);
    let mut words = chosen(&[&error_message.text, &message, &problem, &error.text]);
    (words.field, words.no_key) = (field, no_key);
    Ok(Heard { says_no: says_no || error.tells || (spoken && !says_yes), words })
}

/// The members that hold words, those that are preferred first.
const MEMBERS: [&str; 6] = ["error_message", "message", "errors", "detail", "title", "error"];
/// What holds words deeper inside.
const INSIDE: [&str; 9] = [
    "message",
    "msg",
    "detail",
    "error_message",
    "description",
    "reason",
    "title",
    "error",
    "errors",
];
/// What stands beside words and is not for a reader.
const BESIDE: [&str; 6] = ["type", "code", "input", "ctx", "url", "status"];

fn position(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|known| *known == name)
}

/// Whether a status in the answer says yes or no.
fn status(value: Value<'_, '_>) -> Result<Option<bool>> {
    if !value.is_text() && !value.is_number() {
        return Ok((value.raw()? == "false").then_some(false));
    }
    let mut word = value.word()?.unwrap_or_default().into_owned();
    word.make_ascii_lowercase();
    let no = match whole(&word) {
        Some(number) => (400..600).contains(&number),
        None => word.starts_with("err") || word.starts_with("fail"),
    };
    Ok(if no { Some(false) } else { (word == "success" || word == "ok").then_some(true) })
}

/// The first that says anything.
fn chosen(texts: &[&str]) -> Words {
    let conflict = texts.iter().any(|text| is_conflict(text));
    let text = texts.iter().find(|text| !text.is_empty());
    let text = text.map(|text| one_line(text, WORDS_LIMIT));
    Words { text, field: None, no_key: false, conflict }
}

/// Whether the words tell of a conflict with data, and not of a number that is
/// busy for a while.
fn is_conflict(text: &str) -> bool {
    const DATA: [&str; 4] = ["exist", "duplicat", "unique", "taken"];
    const BUSY: [&str; 7] =
        ["start", "boot", "connecting", "progress", "process", "running", "busy"];
    let text = text.to_ascii_lowercase();
    let has = |sought: &[&str]| sought.iter().any(|sought| find(&text, sought).is_some());
    has(&DATA) || (has(&["already"]) && !has(&BUSY))
}

/// The text, if it says something to a reader: neither blank nor markup, nor a
/// mere yes or no. Else it is empty.
fn said(text: &str) -> &str {
    let text = text.trim();
    let markup = text.starts_with('<') || find(text, "</").or(find(text, "<!")).is_some();
    if markup || truth(text).is_some() { "" } else { text }
}

/// What a value of any shape tells.
#[derive(Default)]
struct Gathered {
    /// Empty: there are no words.
    text: String,
    field: Option<String>,
    /// Whether it holds anything at all but a no.
    tells: bool,
}

impl Gathered {
    fn add(&mut self, name: &str, said: &str) {
        if said.is_empty() || self.text.len() > WORDS_LIMIT {
            return;
        }
        let between = if self.text.is_empty() { "" } else { "; " };
        for part in [between, name, if name.is_empty() { "" } else { ": " }, said] {
            self.text.push_str(part);
        }
    }

    fn gather(&mut self, value: Value<'_, '_>, depth: u32, spellings: &[Spelling]) -> Result<()> {
        let is_flat = !value.is_list() && !value.is_object();
        if is_flat || depth == 0 {
            let is_text = value.is_text();
            let place = value.place;
            let word = if is_text { value.word()? } else { Some(value.raw()?.into()) };
            let word = word.unwrap_or_default();
            let word = word.trim();
            let none = !is_flat || word.is_empty() || word == "null" || truth(word) == Some(false);
            self.tells |= !none;
            if is_text && !none {
                self.add("", said(&place.hide_key(word.to_owned())));
            }
            return Ok(());
        }
        if value.is_list() {
            return value.list(&mut |item| self.gather(item, depth - 1, spellings)).map(drop);
        }
        let (before, mut arguments) = (self.text.len(), Self::default());
        value.object(&mut |key, value| {
            if key == "loc" && value.is_list() {
                let named = field(value, spellings)?;
                self.field = self.field.take().or(named);
            } else if position(&INSIDE, key).is_some() {
                self.gather(value, depth - 1, spellings)?;
            } else {
                let name = spelled(&value.place.name(), spellings);
                let mut of = Self::default();
                of.gather(value, depth - 1, spellings)?;
                self.tells |= of.tells;
                if position(&BESIDE, key).is_none() && !of.text.is_empty() {
                    arguments.add(&name, &of.text);
                    arguments.field = arguments.field.take().or(Some(name));
                }
            }
            Ok(())
        })?;
        // The names of arguments, where nothing else is said.
        if self.text.len() == before {
            self.add("", &arguments.text);
            self.field = self.field.take().or(arguments.field);
        }
        Ok(())
    }
}

/// The name as the contract spells it.
fn spelled(name: &str, spellings: &[Spelling]) -> String {
    let ours = spellings.iter().find(|(theirs, _)| *theirs == name);
    ours.map_or_else(|| name.replace('_', "-"), |(_, ours)| (*ours).to_owned())
}

/// `["body", "contact_detail", 1, "value"]` as `details[1].value`; `None` if it
/// names no argument.
fn field(loc: Value<'_, '_>, spellings: &[Spelling]) -> Result<Option<String>> {
    let mut path = String::new();
    let (mut first, mut odd) = (true, false);
    loc.list(&mut |step| {
        let is_first = core::mem::take(&mut first);
        if odd || path.len() > FIELD_LIMIT {
            return Ok(());
        }
        if step.is_text() {
            let name = step.text()?.unwrap_or_default();
            if is_first && ["body", "query", "path"].contains(&name.as_str()) {
                return Ok(());
            }
            odd |= is_first && name == "header";
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&spelled(&name, spellings));
        } else {
            let index = step.raw()?;
            odd |= path.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit());
            path.push_str(&["[", index, "]"].concat());
        }
        Ok(())
    })?;
    Ok(Some(path).filter(|path| !path.is_empty() && !odd))
}

#[cfg(test)]
mod tests;
