//! What does a reply mean? By its status first, and then by what 2Chat says.
//!
//! A 2xx is an answer unless it says no itself; any other status is a failure,
//! told with 2Chat's words where it gave any.

use super::{
    Settings,
    arguments::Arguments,
    names::tells_more,
    waiting::wait_seconds,
    words::{Words, append, heard},
};
use crate::{
    contract::{ErrorKind, Verdict},
    error::{Failure, Result},
    json::{Answer, unquoted},
    text::{concat, digits, is_blank, lossy, owned, push},
};

/// What came back. A body that could not be read to its end is a failure, but
/// not always one that matters.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// The server's own time.
    pub(crate) date: Option<String>,
    pub(crate) body: Result<String>,
}

impl Reply {
    /// The seconds to wait that its headers ask for.
    pub(crate) fn wait_seconds(&self) -> Option<u32> {
        wait_seconds(self.retry_after.as_deref()?, self.date.as_deref())
    }
}

/// What an action read of an answer.
pub(crate) enum Brings<'r> {
    /// A result, and where it tells what 2Chat warned of.
    Result(&'r mut Option<String>),
    /// The same, of a result that holds nothing: a page without rows.
    Nothing(&'r mut Option<String>),
    /// The same, of what a call that does not only read has made.
    Made(&'r mut Option<String>),
    Unread(&'r mut Box<Failure>),
}

/// The text of a body, or what is wrong with it.
///
/// Some hosts decode a body and leave the header, so a text that can be read is
/// taken, whatever the header says.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "asked by a door"))]
pub(crate) fn decoded(
    bytes: Vec<u8>,
    coding: Option<&str>,
) -> core::result::Result<String, String> {
    let named = coding.map(str::trim);
    let named = named.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("identity"));
    let coded = |name: &str| Err(concat(&["it is coded with ", name, ", which was not asked for"]));
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return coded(named.unwrap_or("gzip"));
    }
    match named {
        Some(name) if !b" \n{[\xef".iter().any(|it| bytes.first() == Some(it)) => coded(name),
        Some(name) if str::from_utf8(&bytes).is_err() => coded(name),
        _ => Ok(lossy(bytes)),
    }
}

/// The answer of a reply, and the refusal that it is if its status says no.
///
/// A refusal that names one of the `arguments` is given in the contract's spelling.
pub(crate) fn accept<'k>(
    reply: Reply,
    settings: &'k Settings,
    arguments: &Arguments,
) -> Result<(Answer<'k>, Option<Box<Failure>>)> {
    let succeeded = matches!(reply.status, 200..=299);
    let text = match reply.body {
        // It is told only where it was needed.
        Err(_) if !succeeded => String::new(),
        body => body.map_err(|failure| failure.with_status(reply.status))?,
    };
    let is_mere_success = succeeded && is_blank(&text);
    let mut answer = Answer::new(unquoted(text), settings.key(), tells_more);
    answer.is_mere_success = is_mere_success;
    let refusal = (!succeeded)
        .then(|| refusal(reply.status, None, heard(&answer, true, arguments).words, arguments));
    Ok((answer, refusal))
}

/// The failure that the answer tells of, although its status says success. Else
/// what it warns of is put beside what was read of it, and all that it says into
/// the failure that reading met. Most tell nothing else than what was read, and
/// are not looked at again.
pub(crate) fn judge(
    answer: &Answer<'_>,
    read: Brings<'_>,
    status: u16,
    arguments: &Arguments,
) -> Option<Box<Failure>> {
    if !matches!(read, Brings::Unread(_)) && !answer.may_tell_more() {
        return None;
    }
    let heard = heard(answer, false, arguments);
    // What is told beside nothing is the reason why there is nothing.
    let is_reason = match read {
        Brings::Result(_) | Brings::Made(_) => false,
        Brings::Nothing(_) => heard.tells_errors || heard.speaks,
        Brings::Unread(_) => heard.tells_errors,
    };
    // What was made is there, where success is told as well, however odd the rest.
    let is_made = heard.says_yes && matches!(read, Brings::Made(_));
    if (heard.says_no && !is_made) || is_reason {
        return Some(match heard.words.status {
            Some(meant) => refusal(status, Some(meant), heard.words, arguments),
            None => {
                failure_in_words(ErrorKind::Rejected, FAILED_IN_SPITE, heard.words, status, None)
            }
        });
    }
    match read {
        Brings::Result(warning) | Brings::Made(warning) => {
            let contradicts = || owned("it says that it failed as well");
            let no = || heard.says_no.then(|| heard.words.text.unwrap_or_else(contradicts));
            if let Some(heard) = heard.warning.or_else(no) {
                let own = warning.get_or_insert_default();
                append(own, "; ", &heard);
            }
        }
        // What is heard says the same as what came, in fewer words.
        Brings::Nothing(warning) => {
            *warning = heard.warning.or(warning.take());
        }
        Brings::Unread(unread) => {
            if answer.is_page() {
                unread.message = PAGE_INSTEAD.to_owned();
                unread.advice = "Sign in to it, or check the address of 2Chat in the settings.";
            }
            quote(&mut unread.message, heard.words.text.as_deref());
            unread.verdict = heard.words.verdict;
        }
    }
    None
}

/// A failure with what happened, 2Chat's own words, and what to do.
fn failure_in_words(
    kind: ErrorKind,
    (happened, advice): Advice,
    words: Words,
    status: u16,
    meant: Option<u16>,
) -> Box<Failure> {
    let mut message = concat(&[happened, " (HTTP ", &digits(status.into())]);
    if let Some(meant) = meant {
        message.push_str(&concat(&[", that means ", &digits(meant.into())]));
    }
    message.push_str(").");
    quote(&mut message, words.text.as_deref());
    let field = words.field.filter(|_| kind == ErrorKind::InvalidInput);
    let mut failure = Failure::new(kind, message, advice).with_status(status);
    failure.field = field;
    failure.wait_seconds = words.wait;
    let is_not_now = matches!(kind, ErrorKind::Busy | ErrorKind::RateLimited);
    failure.claims_done = words.done || (is_not_now && words.open);
    let decides = matches!(meant.unwrap_or(status), 200..=404 | 406 | 422);
    failure.verdict = words.verdict.filter(|_| decides);
    failure
}

fn quote(message: &mut String, words: Option<&str>) {
    if let Some(words) = words {
        message.push_str(" 2Chat says: “");
        for c in words.chars() {
            // They end where they end.
            push(message, if matches!(c, '“' | '”') { '"' } else { c });
        }
        message.push_str("”.");
    }
}

/// What happened, and what to do about it.
type Advice = (&'static str, &'static str);

const FAILED_IN_SPITE: Advice = (
    "2Chat answered with success, but says in the answer that it failed",
    "Repeating it will not help.",
);

const PAGE_INSTEAD: &str = "A web page came instead of JSON: probably not from 2Chat, but the \
                            sign-in page of a network or proxy on the way.";

/// The failure that a status other than 2xx stands for; or the one that the answer
/// gives, where the reply has another.
///
/// The meanings are those of 2Chat's page of response codes, and of HTTP; that
/// of a refused key or account is in the words, whatever the status.
fn refusal(status: u16, meant: Option<u16>, words: Words, arguments: &Arguments) -> Box<Failure> {
    // Some refuse for good where they mean "not so often".
    let is_rate = words.status == Some(429) && matches!(status, 400 | 403 | 420);
    let meant = meant.or(words.status.filter(|_| is_rate));
    let (kind, advice) = match (meant.unwrap_or(status), words.verdict) {
        (401..=403, Some(Verdict::Blocked)) => (ErrorKind::Forbidden, FORBIDDEN),
        (401..=403, Some(Verdict::QuotaExhausted)) => (ErrorKind::QuotaExhausted, USED_UP),
        (402 | 403, Some(Verdict::Invalid)) => (ErrorKind::Unauthorized, UNKNOWN_KEY),
        // Where nothing was given, nothing can be corrected.
        (400 | 406 | 422, _) if arguments.names.is_empty() => (ErrorKind::Rejected, REFUSED),
        (status, _) => meaning(status, words.conflict),
    };
    failure_in_words(kind, advice, words, status, meant)
}

const REFUSED: Advice = ("2Chat refused the request", "Repeating it will not help.");
const UNKNOWN_KEY: Advice = (
    "2Chat does not know the API key, or received no API key",
    "Check the key in the connection, or make a new one at \
     https://app.2chat.io/developers?tab=api-access.",
);
const FORBIDDEN: Advice =
    ("2Chat does not allow this", "Ask the owner of the account what it may do.");
const USED_UP: Advice = (
    "The account has no API credit left, or its trial has ended",
    "Add credit or wait for the next period; get-api-usage-info tells the state.",
);

/// What the status says by itself.
fn meaning(status: u16, conflict: bool) -> (ErrorKind, Advice) {
    match status {
        400 | 406 | 422 => (
            ErrorKind::InvalidInput,
            ("2Chat refused the arguments", "Correct them and call again."),
        ),
        401 => (ErrorKind::Unauthorized, UNKNOWN_KEY),
        403 => (ErrorKind::Forbidden, FORBIDDEN),
        402 => (ErrorKind::QuotaExhausted, USED_UP),
        404 => (
            ErrorKind::NotFound,
            (
                "2Chat does not know what was asked for",
                "Check each name, number and uuid that was given: the actions that list show those \
                 in use. Check the address of 2Chat too.",
            ),
        ),
        429 => (
            ErrorKind::RateLimited,
            ("Too many requests in a short time", "Wait, then call again, less often."),
        ),
        407 => (
            ErrorKind::DeniedByHost,
            (
                "A proxy on the way wants a sign-in, and let nothing through to 2Chat",
                "Whoever runs it, or this program, must let the request through.",
            ),
        ),
        511 => (
            ErrorKind::DeniedByHost,
            (
                "The network wants a sign-in first (a captive portal), and let nothing through \
                 to 2Chat",
                "Sign in to the network, or use another one.",
            ),
        ),
        408 | 421 | 425 => (
            ErrorKind::Busy,
            (
                "The server did not take the request in, which is how it asks for another try",
                "Wait a few seconds before another try.",
            ),
        ),
        409 if conflict => (
            ErrorKind::Rejected,
            ("2Chat refused it because of what is there already", "Repeating it will not help."),
        ),
        409 | 410 | 486 | 503 => (
            ErrorKind::Busy,
            (
                "The number is starting, connecting or busy, or a service of 2Chat is away",
                "Wait a few seconds before another try.",
            ),
        ),
        500..=599 => (ErrorKind::Interrupted, ("2Chat failed on its own side", "Try again.")),
        400..=499 => (ErrorKind::Rejected, REFUSED),
        300..=399 => (
            ErrorKind::UnexpectedReply,
            (
                "2Chat answered with a redirect, which is never followed",
                "Check the address of 2Chat in the settings.",
            ),
        ),
        _ => (
            ErrorKind::UnexpectedReply,
            (
                "2Chat answered with a status that has no meaning here",
                "Check the address of 2Chat in the settings.",
            ),
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
