//! Does the answer say no, and in which words? Everything that 2Chat, or a
//! server in front of it, may tell beside or instead of data.
//!
//! Sources disagree on the shape, so each member may hold anything: what is no
//! words is passed over, and so is what is meant for browsers.

use super::{
    meaning::{any, has, verdict_in},
    wrapping::{is_wrapping, members},
};
use crate::{
    contract::Verdict,
    error::{FIELD_LIMIT, Result},
    json::{self, Answer, Value, truth, whole},
    text::{concat, find, one_line, push},
};

/// A 2Chat name and how the contract spells it.
pub(crate) type Spelling = (&'static str, &'static str);

/// What 2Chat tells of success and failure, beside or instead of data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// Whether the answer says that the call failed.
    pub(super) says_no: bool,
    /// Whether it tells of errors, which are warnings beside a result.
    pub(super) tells_errors: bool,
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
    /// What they tell of the key, or of the account behind it.
    pub(super) verdict: Option<Verdict>,
    /// Whether they tell of something that is there already.
    pub(super) conflict: bool,
}

/// What is longer is no name that is known.
const LONGEST_NAME: usize = 24;
/// Longest quotation of 2Chat's words, in bytes.
const WORDS_LIMIT: usize = 400;
/// Of how many items or members words are taken.
const MOST_ITEMS: u32 = 50;
/// How many members of the answer itself are heard.
const MOST_MEMBERS: u32 = 10_000;
/// How deep words may lie.
const DEPTH: u32 = 4;

/// Whether a member of the answer, whose value begins so, may tell of anything
/// but success.
pub(super) fn tells_more(member: &str, begins: u8) -> bool {
    // Most of what comes is told at the first look.
    let may_open = match member.as_bytes() {
        [a, b, ..] => matches!(
            &[a | 0x20, b | 0x20],
            b"er" | b"wa" | b"no" | b"fa" | b"ex" | b"da" | b"re" | b"pa" | b"it"
        ),
        _ => false,
    };
    if (begins == b't' && member == "success") || (matches!(begins, b'{' | b'[') && !may_open) {
        return false;
    }
    let name = folded(member);
    // `false` and `null`.
    let is_nothing = begins == b'f' || begins == b'n';
    match place(&name) {
        Some(FLAG | CODE) => begins != b't',
        Some(ERROR_MESSAGE | ERRORS | ERROR | WARNING) => !is_nothing,
        _ => begins == b'{' && is_wrapping(member),
    }
}

/// The name without case and what parts its words: `Error-Message` is
/// `errormessage`. Cut where no known name is as long.
fn folded(name: &str) -> String {
    let mut folded = String::new();
    for byte in name.bytes().take(LONGEST_NAME) {
        if byte.is_ascii_alphanumeric() || byte > 127 {
            push(&mut folded, char::from(byte.to_ascii_lowercase()));
        }
    }
    folded
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
    Heard { words: chosen(&[said(&text)], ""), ..Heard::default() }
}

fn envelope(value: Value<'_, '_>, spellings: &[Spelling]) -> Result<Heard> {
    if value.is_text() {
        return value.text().map(plain);
    }
    let mut texts: [String; FLAG + 1] = Default::default();
    let mut of = Gathered::default();
    if value.is_list() {
        of.is_data = true;
        of.gather(value, DEPTH, spellings)?;
        return Ok(plain(Some(of.text)));
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
        if is_flat && matches!(place, Some(FLAG | CODE)) {
            let is_text = value.is_text();
            let word = flat(value)?;
            let says = verdict(&name, &word);
            says_no |= says == Some(false);
            says_yes |= says == Some(true);
            if is_text && place == Some(CODE) && says != Some(true) {
                of.add_code(said(&word));
            } else if is_text && (says.is_none() || word.len() > LONGEST_YES_OR_NO) {
                of.add("", said(&word));
            }
        } else if of.is_data || place.is_some_and(|place| place <= WARNING) {
            // The details of a contact are data.
            of.is_data |= name == "details";
            of.gather(value, DEPTH, spellings)?;
        }
        match place {
            Some(ERRORS) => tells_errors |= of.tells,
            Some(ERROR) => fails |= of.tells,
            _ => {}
        }
        if let Some(text) = texts.get_mut(place.unwrap_or(FLAG).min(FLAG)) {
            append(text, "; ", &core::mem::take(&mut of.text));
        }
        Ok(())
    })?;
    let [error_message, message, errors, detail, title, error, warning, other] = &texts;
    // What is said in general, with what is said of each argument.
    let general = joined("; ", &[message, errors]);
    let problem = joined(": ", &[title, detail]);
    let mut words =
        chosen(&[error_message, &general, &problem, error, other, &of.codes], &of.codes);
    words.field = of.field;
    Ok(Heard {
        says_no: says_no || (fails && (error.is_empty() || !says_yes)),
        tells_errors: tells_errors || fails || !error_message.is_empty(),
        warning: chosen(&[&joined("; ", &[error_message, errors, error, warning])], "").text,
        words,
    })
}

/// Puts more words behind a text.
fn append(text: &mut String, between: &str, more: &str) {
    if more.is_empty() || text.len() > WORDS_LIMIT {
        return;
    }
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(more);
}

/// Those parts that are not empty.
fn joined(between: &str, parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        append(&mut text, between, part);
    }
    text
}

/// The members that tell something, by their folded names. Those with words come
/// in the order in which they are preferred.
const MEMBERS: [(&str, usize); 44] = [
    ("errormessage", ERROR_MESSAGE),
    ("errormessages", ERROR_MESSAGE),
    ("errormsg", ERROR_MESSAGE),
    ("errordescription", ERROR_MESSAGE),
    ("message", 1),
    ("messages", 1),
    ("msg", 1),
    ("statusmessage", 1),
    ("errors", ERRORS),
    ("detail", 3),
    ("details", 3),
    ("description", 3),
    ("reason", 3),
    ("title", 4),
    ("error", ERROR),
    ("err", ERROR),
    ("iserror", ERROR),
    ("haserror", ERROR),
    ("haserrors", ERROR),
    ("failed", ERROR),
    ("failure", ERROR),
    ("fault", ERROR),
    ("faultstring", ERROR),
    ("exception", ERROR),
    ("warning", WARNING),
    ("warnings", WARNING),
    ("notice", WARNING),
    ("notices", WARNING),
    ("success", FLAG),
    ("ok", FLAG),
    ("issuccess", FLAG),
    ("succeeded", FLAG),
    ("successful", FLAG),
    ("status", FLAG),
    ("result", FLAG),
    ("statuscode", FLAG),
    ("responsecode", FLAG),
    ("code", CODE),
    ("type", CODE),
    ("errorcode", CODE),
    ("input", BESIDE),
    ("ctx", BESIDE),
    ("url", BESIDE),
    ("timestamp", BESIDE),
];
const ERROR_MESSAGE: usize = 0;
const ERRORS: usize = 2;
const ERROR: usize = 5;
const WARNING: usize = 6;
const FLAG: usize = 7;
const CODE: usize = 8;
const BESIDE: usize = 9;

fn place(name: &str) -> Option<usize> {
    MEMBERS.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

/// What is longer says more than yes or no.
const LONGEST_YES_OR_NO: usize = 12;

/// A value without parts as a word: a text, or the JSON of anything else.
fn flat(value: Value<'_, '_>) -> Result<String> {
    let place = value.place;
    let word = if value.is_text() { value.word()? } else { Some(value.raw()?.into()) };
    Ok(place.hide_key(word.unwrap_or_default().into_owned()))
}

/// Whether a word where an error would stand tells of none.
fn is_none(word: &str) -> bool {
    const NONE: &str = "null|none|nil|ok|success|na|undefined|";
    let (word, name) = (word.trim(), folded(word));
    any(NONE, &|none| none == name)
        || name.starts_with("noerror")
        || truth(word) == Some(false)
        || whole(word).is_some_and(|code| code == 0 || (200..300).contains(&code))
}

/// Whether the word in a member that says so means yes or no.
fn verdict(name: &str, word: &str) -> Option<bool> {
    const NO: &str = "nok|ko|notok|err|error|errors|fail|failed|failure|\
                      fault|reject|rejected|denied|declined|unsuccessful|invalid|exception|\
                      timeout|aborted|unauthorized|forbidden|badrequest";
    let word = word.trim();
    let is_plain = matches!(name, "success" | "ok" | "issuccess" | "succeeded" | "successful");
    if is_plain && let Some(says) = truth(word) {
        return Some(says);
    }
    if name == "errorcode" || (place(name) == Some(CODE) && is_none(word)) {
        return (!is_none(word)).then_some(false);
    }
    let spelled = folded(word);
    let first = folded(word.split(&[' ', ':', '_'][..]).next().unwrap_or_default());
    let fails = match (whole(word), word.strip_prefix('-').and_then(whole)) {
        // A code that begins as that of a failure, or is below 0.
        (Some(code), _) => {
            !is_plain
                && name != "result"
                && matches!(code, 400..600 | 4_000..6_000 | 40_000..60_000)
        }
        (None, Some(code)) => code > 0 && !is_plain,
        (None, None) => {
            matches!(&*spelled, "false" | "no") || any(NO, &|it| it == spelled || it == first)
        }
    };
    if fails {
        return Some(false);
    }
    (spelled.starts_with("success") || spelled == "ok").then_some(true)
}

/// The first that says anything, and what all of them tell.
fn chosen(texts: &[&str], codes: &str) -> Words {
    let text = texts.iter().find(|text| !text.is_empty());
    let text = text.map(|text| one_line(text, WORDS_LIMIT));
    let all = plainly(&joined(" ", texts));
    let conflict = has(&all, "exist|duplicat|unique|taken")
        // Of data, and not of a number that is busy for a while.
        || ((has(&all, "already") || has(&plainly(codes), "conflict"))
            && !has(&all, "start|boot|connecting|progress|process|running|busy"));
    Words { text, field: None, verdict: verdict_in(&all), conflict }
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
    /// The codes in it.
    codes: String,
    /// Whether it is data, so that only what is known for words is taken.
    is_data: bool,
}

impl Gathered {
    fn add(&mut self, name: &str, said: &str) {
        if !said.is_empty() {
            append(&mut self.text, "; ", &joined(": ", &[name, said]));
        }
    }

    fn gather(&mut self, value: Value<'_, '_>, depth: u32, spellings: &[Spelling]) -> Result<()> {
        let is_flat = !value.is_list() && !value.is_object();
        if is_flat || depth == 0 {
            let is_text = value.is_text();
            let word = flat(value)?;
            let none = !is_flat || is_none(&word);
            self.tells |= !none;
            if is_text && !none {
                self.add("", said(&word));
            }
            return Ok(());
        }
        if value.is_list() {
            // The first say enough.
            let mut left = MOST_ITEMS;
            let mut gather = |item: Value<'_, '_>| {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                self.gather(item, depth - 1, spellings)
            };
            return value.list(&mut gather).map(drop);
        }
        let (before, mut arguments) = (self.text.len(), Self::default());
        let mut left = MOST_ITEMS;
        value.object(&mut |key, value| {
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            let place = place(&folded(key));
            let may_hold_words = !self.is_data || value.is_text();
            if key == "loc" && value.is_list() {
                let named = field(value, spellings)?;
                self.field = self.field.take().or(named);
            } else if place.is_some_and(|place| place < WARNING) && may_hold_words {
                self.gather(value, depth - 1, spellings)?;
            } else if !self.is_data {
                let argument = spelled(&value.place.name(), spellings);
                let mut of = Self::default();
                of.gather(value, depth - 1, spellings)?;
                self.tells |= of.tells;
                match place {
                    Some(CODE) => self.add_code(&of.text),
                    Some(FLAG | BESIDE) => {}
                    _ if of.text.is_empty() => {}
                    _ => {
                        arguments.add(&argument, &of.text);
                        arguments.field = arguments.field.take().or(Some(argument));
                    }
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

    /// Takes a code, unless it is the address of its documentation.
    fn add_code(&mut self, code: &str) {
        if find(code, ":").is_none() {
            append(&mut self.codes, "; ", code);
        }
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
            path.push_str(&concat(&["[", index, "]"]));
        }
        Ok(())
    })?;
    Ok(Some(path).filter(|path| !path.is_empty() && !odd))
}

#[cfg(test)]
mod tests;
