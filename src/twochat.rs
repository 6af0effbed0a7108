//! The facts about 2Chat that all actions share: its address, its key header,
//! and the many ways in which it says no.
//!
//! Has never heard of any one action, and sends nothing: it turns calls into
//! requests and replies into answers.

use serde::Serialize;

use crate::{
    contract::ErrorKind,
    error::{FIELD_LIMIT, Failure, Result},
    json::{self, Answer, Value},
    text::{self, find, one_line},
    values::{ApiKey, BaseUrl},
};

/// Where 2Chat is unless the settings say otherwise.
const DEFAULT_BASE_URL: &str = "https://api.p.2chat.io/open";
/// Setting that moves the connector to another server.
const BASE_URL_SETTING: &str = "TWOCHAT_BASE_URL";
/// Setting that holds the account's key.
const API_KEY_SETTING: &str = "TWOCHAT_API_KEY";
/// Header that carries the account's key.
const API_KEY_HEADER: &str = "x-user-api-key";
const USER_AGENT: &str = concat!("twochat-connector/", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(dead_code, reason = "complete, whichever of them the actions of today use")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A request as an action makes it: without host, without key.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// From the base url on, for example `/contacts`.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    /// JSON.
    pub(crate) body: Option<Vec<u8>>,
}

#[allow(dead_code, reason = "complete, whichever of them the actions of today use")]
impl Call {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::Get, path: path.to_owned(), query: Vec::new(), body: None }
    }

    pub(crate) fn post(path: &str, body: &impl Serialize) -> Result<Self> {
        Self::with_body(Method::Post, path, body)
    }

    pub(crate) fn put(path: &str, body: &impl Serialize) -> Result<Self> {
        Self::with_body(Method::Put, path, body)
    }

    pub(crate) fn patch(path: &str, body: &impl Serialize) -> Result<Self> {
        Self::with_body(Method::Patch, path, body)
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self { method: Method::Delete, ..Self::get(path) }
    }

    fn with_body(method: Method, path: &str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|_| {
            let message = "The arguments cannot be written as JSON.".to_owned();
            Failure::new(ErrorKind::InvalidInput, message, "")
        })?;
        Ok(Self { method, body: Some(body), ..Self::get(path) })
    }
}

/// What the host's settings say.
#[derive(Debug)]
pub(crate) struct Settings {
    base: BaseUrl,
    key: Option<ApiKey>,
}

impl Settings {
    /// Takes what it needs from environment variables and passes over the rest.
    pub(crate) fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let unusable = |setting: &str, why: &str, expected: &str| {
            let message =
                ["The setting ", setting, " cannot be used: ", why, ". Expected ", expected];
            Failure::new(ErrorKind::Misconfigured, message.concat(), "")
        };
        let mut base = String::new();
        let mut key = None;
        for (name, value) in variables {
            match name.as_str() {
                BASE_URL_SETTING => base = value,
                API_KEY_SETTING => {
                    key = ApiKey::parse(&value).map_err(|why| {
                        unusable(API_KEY_SETTING, why, "the key alone, on one line.")
                    })?;
                }
                _ => {}
            }
        }
        let base = match base.trim() {
            "" => DEFAULT_BASE_URL,
            given => given,
        };
        let base = BaseUrl::parse(base).map_err(|why| {
            let expected = ["an https url such as ", DEFAULT_BASE_URL, "."].concat();
            unusable(BASE_URL_SETTING, why, &expected)
        })?;
        Ok(Self { base, key })
    }

    pub(crate) fn key(&self) -> Option<&ApiKey> {
        self.key.as_ref()
    }
}

/// A request that is ready to be sent. It may hold the key, so it is not shown.
#[derive(PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) https: bool,
    pub(crate) authority: String,
    pub(crate) path_and_query: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Gives the call an address and, if the component holds one, the key.
pub(crate) fn sign(call: Call, settings: &Settings) -> Request {
    let mut path_and_query = [settings.base.path.as_str(), &call.path].concat();
    let separators = core::iter::once('?').chain(core::iter::repeat('&'));
    for ((name, value), separator) in call.query.iter().zip(separators) {
        path_and_query.push(separator);
        path_and_query.push_str(name);
        path_and_query.push('=');
        push_escaped(&mut path_and_query, value);
    }
    let mut headers = vec![
        ("accept", b"application/json".to_vec()),
        ("user-agent", USER_AGENT.as_bytes().to_vec()),
    ];
    if let Some(body) = &call.body {
        headers.push(("content-type", b"application/json".to_vec()));
        headers.push(("content-length", body.len().to_string().into_bytes()));
    }
    if let Some(key) = &settings.key {
        headers.push((API_KEY_HEADER, key.header_value().to_vec()));
    }
    Request {
        method: call.method,
        https: settings.base.https,
        authority: settings.base.authority.clone(),
        path_and_query,
        headers,
        body: call.body,
    }
}

fn push_escaped(url: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
                url.push(digit.to_ascii_uppercase());
            }
        }
    }
}

/// What came back. A body that could not be read to its end is a failure, but
/// not always one that matters.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Result<String>,
}

/// A 2Chat name and how the contract spells it.
pub(crate) type Spelling = (&'static str, &'static str);

/// The answer of a reply whose status says that it succeeded.
///
/// A refusal that names an argument is given in the contract's spelling: what
/// is not in `spellings` differs only in its hyphens.
pub(crate) fn accept<'k>(
    reply: Reply,
    settings: &'k Settings,
    spellings: &[Spelling],
) -> Result<Answer<'k>> {
    let answer = reply.body.map(|text| Answer::new(text, settings.key(), tells_more));
    if matches!(reply.status, 200..=299) {
        return answer;
    }
    let words = answer.and_then(|answer| envelope_of(&answer, spellings));
    let words = words.map(|envelope| envelope.words).unwrap_or_default();
    Err(refusal(reply.status, reply.retry_after.as_deref(), words))
}

/// Whether the answer, once read, says that it succeeded as well. Most tell
/// nothing else, and are not looked at again.
pub(crate) fn confirm(
    answer: &Answer<'_>,
    was_read: bool,
    status: u16,
    spellings: &[Spelling],
) -> Result<()> {
    if was_read && !answer.has_notable() {
        return Ok(());
    }
    match envelope_of(answer, spellings)? {
        Envelope { failed: true, words } => {
            Err(told(ErrorKind::Rejected, FAILED_IN_SPITE, words, status))
        }
        _ => Ok(()),
    }
}

fn envelope_of(answer: &Answer<'_>, spellings: &[Spelling]) -> Result<Envelope> {
    json::read(answer, |value| envelope(value, spellings))
}

/// Whether a member of the answer may tell of anything but success.
fn tells_more(member: &str, begins: u8) -> bool {
    // `true` and `false`.
    match member {
        "success" => begins != b't',
        member => member.starts_with("error") && begins != b'f',
    }
}

/// A failure with what happened, 2Chat's own words, and what to do.
fn told(kind: ErrorKind, (happened, advice): Advice, words: Words, status: u16) -> Box<Failure> {
    let number = status.to_string();
    let mut message = [happened, " (HTTP ", &number, ")."].concat();
    if let Some(text) = &words.text {
        message.push_str(" 2Chat says: “");
        message.push_str(text);
        message.push_str("”.");
    }
    let field = words.field.filter(|_| kind == ErrorKind::InvalidInput);
    let mut failure = Failure::new(kind, message, advice).with_status(status);
    failure.field = field;
    failure
}

/// What happened, and what to do about it.
type Advice = (&'static str, &'static str);

const FAILED_IN_SPITE: Advice = (
    "2Chat answered with success, but says in the answer that it failed",
    "Repeating it will not help.",
);

/// The failure that a status other than 2xx stands for.
///
/// The meanings are those of 2Chat's page of response codes; the words of the
/// missing key were seen on the wire.
fn refusal(status: u16, retry_after: Option<&str>, words: Words) -> Box<Failure> {
    let (kind, advice) = match status {
        400 | 406 | 422 => (
            ErrorKind::InvalidInput,
            ("2Chat refused the arguments", "Correct them and call again."),
        ),
        401 => (
            ErrorKind::Unauthorized,
            (
                "2Chat does not know the API key",
                "Check the key in the connection, or make a new one at \
                 https://app.2chat.io/developers?tab=api-access.",
            ),
        ),
        403 if words.no_key => {
            (ErrorKind::Unauthorized, ("2Chat received no API key", "Give the connection a key."))
        }
        403 => (
            ErrorKind::Forbidden,
            ("2Chat does not allow this", "Ask the owner of the account what it may do."),
        ),
        402 => (
            ErrorKind::QuotaExhausted,
            (
                "The account has no API credit left, or its trial has ended",
                "Add credit or wait for the next period; get-api-usage-info tells the state.",
            ),
        ),
        404 => (
            ErrorKind::NotFound,
            ("2Chat does not know what was asked for", "Check the uuid and the base URL."),
        ),
        429 => (
            ErrorKind::RateLimited,
            ("Too many requests in a short time", "Wait, then call again, less often."),
        ),
        409 | 410 | 486 | 503 => (
            ErrorKind::Busy,
            (
                "The number is starting, connecting or busy, or a service of 2Chat is away",
                "Wait a few seconds before another try.",
            ),
        ),
        500..=599 => (ErrorKind::Interrupted, ("2Chat failed on its own side", "Try again.")),
        400..=499 => {
            (ErrorKind::Rejected, ("2Chat refused the request", "Repeating it will not help."))
        }
        300..=399 => (
            ErrorKind::UnexpectedReply,
            (
                "2Chat answered with a redirect, which is never followed",
                "Check the base URL in the settings.",
            ),
        ),
        _ => (
            ErrorKind::UnexpectedReply,
            ("2Chat answered with a status that has no meaning here", "Check the base URL."),
        ),
    };
    let wait_seconds =
        retry_after.and_then(|seconds| text::number(seconds.trim())?.try_into().ok());
    let mut failure = told(kind, advice, words, status);
    failure.wait_seconds = wait_seconds;
    failure
}

/// What 2Chat tells of success and failure, beside or instead of data.
#[derive(Debug, Default, PartialEq)]
struct Envelope {
    /// Whether the answer says that the call failed.
    failed: bool,
    words: Words,
}

/// What 2Chat says about a failure.
#[derive(Debug, Default, PartialEq)]
struct Words {
    text: Option<String>,
    /// The argument it complains about, in the contract's spelling.
    field: Option<String>,
    /// Whether these are the words with which the gateway misses the key.
    no_key: bool,
}

/// Longest quotation of 2Chat's words, in bytes.
const WORDS_LIMIT: usize = 400;

/// Reads the members that tell of success and failure. Each may hold anything:
/// sources disagree on the shape, so what is no words is passed over.
fn envelope(value: Value<'_, '_>, spellings: &[Spelling]) -> Result<Envelope> {
    // Anything but an object has no envelope.
    if !value.is_object() {
        return Ok(Envelope::default());
    }
    let (mut success, mut error) = (None, None);
    let (mut error_message, mut message, mut detail, mut reason) = (None, None, None, None);
    let mut complaints = Complaints::default();
    value.object(&mut |key, value| {
        match key {
            "success" => success = Some(value.raw()?),
            "error" if value.is_text() => reason = words(value)?,
            "error" => error = Some(value.raw()?),
            "error_message" => error_message = words(value)?,
            "message" => message = words(value)?,
            "detail" if value.is_list() => complaints.read(value, spellings)?,
            "detail" => detail = words(value)?,
            _ => {}
        }
        Ok(())
    })?;
    let succeeded = success == Some("true");
    let failed = success == Some("false")
        || error == Some("true")
        || reason.is_some()
        || (!succeeded && error_message.is_some());
    let no_key = detail.as_deref() == Some("Not authenticated");
    let text = error_message.or(message).or(detail).or(complaints.text).or(reason);
    let text = text.map(|text| one_line(&text, WORDS_LIMIT));
    Ok(Envelope { failed, words: Words { text, field: complaints.field, no_key } })
}

/// Text that says something to a reader: neither blank nor markup.
fn words(value: Value<'_, '_>) -> Result<Option<String>> {
    if !value.is_text() {
        return Ok(None);
    }
    let text = value.text()?;
    let text = text.trim();
    let markup = text.starts_with('<') || find(text, "</").or(find(text, "<!")).is_some();
    Ok((!text.is_empty() && !markup).then(|| text.to_owned()))
}

/// The list in which 2Chat's gateway says which arguments it refuses.
#[derive(Default)]
struct Complaints {
    text: Option<String>,
    field: Option<String>,
}

impl Complaints {
    fn read(&mut self, list: Value<'_, '_>, spellings: &[Spelling]) -> Result<()> {
        list.list(&mut |item| {
            if !item.is_object() {
                return Ok(());
            }
            item.object(&mut |key, value| {
                match key {
                    "msg" => {
                        let said = words(value)?;
                        self.text = match (self.text.take(), said) {
                            (Some(before), _) if before.len() > WORDS_LIMIT => Some(before),
                            (Some(before), Some(said)) => Some([&before, "; ", &said].concat()),
                            (before, said) => before.or(said),
                        };
                    }
                    "loc" if value.is_list() && self.field.is_none() => {
                        self.field = field(value, spellings)?;
                    }
                    _ => {}
                }
                Ok(())
            })
        })
    }
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
            let name = step.text()?;
            if is_first && ["body", "query", "path"].contains(&name.as_str()) {
                return Ok(());
            }
            odd |= is_first && name == "header";
            if !path.is_empty() {
                path.push('.');
            }
            let ours = spellings.iter().find(|(theirs, _)| *theirs == name);
            path.push_str(&ours.map_or_else(|| name.replace('_', "-"), |(_, ours)| (*ours).into()));
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
