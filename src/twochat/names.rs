//! Which members of an answer tell of success and failure, and does one say no?
//!
//! Servers spell them in many ways, so their names are known without case and
//! without what parts their words.

use super::{meaning::any, wrapping::is_wrapping};
use crate::{
    json::{truth, whole},
    text::push,
};

/// What is longer is no name that is known.
const LONGEST_NAME: usize = 24;

/// The members that tell something, by their folded names. Those with words come
/// in the order in which they are told.
static MEMBERS: [(&str, usize); 58] = [
    ("errormessage", ERROR_MESSAGE),
    ("errormessages", ERROR_MESSAGE),
    ("errormsg", ERROR_MESSAGE),
    ("errordescription", ERROR_MESSAGE),
    ("message", MESSAGE),
    ("messages", MESSAGE),
    ("msg", MESSAGE),
    ("statusmessage", MESSAGE),
    ("text", MESSAGE),
    ("info", MESSAGE),
    ("errors", ERRORS),
    ("detail", DETAIL),
    ("details", DETAIL),
    ("description", DETAIL),
    ("reason", DETAIL),
    ("cause", DETAIL),
    ("title", TITLE),
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
    ("created", FLAG),
    ("contactcreated", FLAG),
    ("status", FLAG),
    ("result", FLAG),
    ("statuscode", FLAG),
    ("responsecode", FLAG),
    ("httpstatus", FLAG),
    ("code", CODE),
    ("type", CODE),
    ("errorcode", CODE),
    ("errcode", CODE),
    ("errno", CODE),
    ("field", NAME),
    ("param", NAME),
    ("parameter", NAME),
    ("property", NAME),
    ("loc", NAME),
    ("retryafter", WAIT),
    ("input", BESIDE),
    ("ctx", BESIDE),
    ("url", BESIDE),
    ("timestamp", BESIDE),
];
pub(super) const ERROR_MESSAGE: usize = 0;
pub(super) const MESSAGE: usize = 1;
pub(super) const ERRORS: usize = 2;
pub(super) const DETAIL: usize = 3;
pub(super) const TITLE: usize = 4;
pub(super) const ERROR: usize = 5;
pub(super) const WARNING: usize = 6;
pub(super) const FLAG: usize = 7;
pub(super) const CODE: usize = 8;
/// What the words beside it are about.
pub(super) const NAME: usize = 9;
/// Seconds to wait.
pub(super) const WAIT: usize = 10;
/// No words, whatever it holds.
pub(super) const BESIDE: usize = 11;

#[inline(never)]
pub(super) fn place(name: &str) -> Option<usize> {
    let [first, .., last] = name.as_bytes() else { return None };
    // Most are told apart at a look, as a comparison is much work.
    let is_like = |known: &str| {
        let known = known.as_bytes();
        known.len() == name.len() && known.first() == Some(first) && known.last() == Some(last)
    };
    let mut members = MEMBERS.iter();
    members.find(|(known, _)| is_like(known) && *known == name).map(|(_, place)| *place)
}

/// Whether a member of the answer, whose value begins so, may tell of anything
/// but success.
pub(super) fn tells_more(member: &str, begins: u8) -> bool {
    // Most of what comes is told at the first look.
    let may_open = match member.as_bytes() {
        [a, b, ..] => matches!(
            &[a | 0x20, b | 0x20],
            b"er" | b"wa" | b"no" | b"fa" | b"ex" | b"me" | b"de" | b"da" | b"re" | b"pa" | b"it"
        ),
        _ => false,
    };
    if (begins == b't' && member == "success") || (matches!(begins, b'{' | b'[') && !may_open) {
        return false;
    }
    // `false` and `null`.
    let is_nothing = begins == b'f' || begins == b'n';
    match place(&folded(member)) {
        Some(FLAG | CODE) => begins != b't',
        Some(..=WARNING) => !is_nothing,
        _ => begins == b'{' && is_wrapping(member),
    }
}

/// The name without case and what parts its words: `Error-Message` is
/// `errormessage`. Cut where no known name is as long.
#[inline(never)]
pub(super) fn folded(name: &str) -> String {
    let mut folded = String::new();
    for byte in name.bytes().take(LONGEST_NAME) {
        if byte.is_ascii_alphanumeric() || byte > 127 {
            push(&mut folded, char::from(byte.to_ascii_lowercase()));
        }
    }
    folded
}

/// Whether a word where an error would stand tells of none.
pub(super) fn is_none(word: &str) -> bool {
    const NONE: &str = "null|none|nil|ok|success|na|undefined|";
    let (word, name) = (word.trim(), folded(word));
    any(NONE, &|none| none == name)
        || name.starts_with("noerror")
        || name.starts_with("0error")
        || truth(word) == Some(false)
        || whole(word).is_some_and(|code| code == 0 || (200..300).contains(&code))
}

/// The status of HTTP that a word stands for, if it is one of a failure.
pub(super) fn status_in(word: &str) -> Option<u16> {
    let code = whole(word.trim()).filter(|code| (400..600).contains(code))?;
    code.try_into().ok()
}

/// Whether the word in a member that says so means yes or no.
pub(super) fn verdict(name: &str, word: &str) -> Option<bool> {
    const NO: &str = "nok|ko|notok|nope|never|err|error|errors|fail|failed|failure|\
                      fault|reject|rejected|denied|declined|unsuccessful|invalid|exception|\
                      timeout|aborted|unauthorized|forbidden|badrequest";
    let word = word.trim();
    let is_plain = matches!(
        name,
        "success" | "ok" | "issuccess" | "succeeded" | "successful" | "created" | "contactcreated"
    );
    if is_plain && let Some(says) = truth(word) {
        return Some(says);
    }
    if name.starts_with("err") || (place(name) == Some(CODE) && is_none(word)) {
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
        (None, Some(code)) => code > 0,
        // How many there are is no word: `errors: 0`.
        (None, None) if word.ends_with(" 0") => false,
        (None, None) => {
            matches!(&*spelled, "false" | "no") || any(NO, &|it| it == spelled || it == first)
        }
    };
    if fails {
        return Some(false);
    }
    (spelled.starts_with("success") || spelled == "ok" || spelled == "created").then_some(true)
}
