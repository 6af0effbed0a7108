//! The facts about 2Chat that all actions share: its address, its key header,
//! and, in rooms of their own, what its replies mean and how it says no.
//!
//! Has never heard of any one action, and sends nothing: it turns calls into
//! requests and replies into answers.

use crate::{
    contract::ErrorKind,
    error::{Failure, Result},
    text::{concat, digits, hex, push},
    values::{ApiKey, BaseUrl},
};

mod arguments;
mod meaning;
mod names;
mod replies;
mod waiting;
mod words;
mod wrapping;

#[cfg(any(test, target_family = "wasm"))]
pub(crate) use self::replies::decoded;
pub(crate) use self::{
    arguments::Arguments,
    replies::{Brings, Reply, accept, judge},
    words::complaint,
    wrapping::{is_wrapping, members},
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

    /// The body is JSON, as of all with a body.
    pub(crate) fn post(path: &str, body: Vec<u8>) -> Self {
        Self { method: Method::Post, body: Some(body), ..Self::get(path) }
    }

    pub(crate) fn put(path: &str, body: Vec<u8>) -> Self {
        Self { method: Method::Put, ..Self::post(path, body) }
    }

    pub(crate) fn patch(path: &str, body: Vec<u8>) -> Self {
        Self { method: Method::Patch, ..Self::post(path, body) }
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self { method: Method::Delete, ..Self::get(path) }
    }

    /// To the one thing below the path that has this id: one segment more,
    /// whatever the id holds.
    pub(crate) fn with_id(mut self, id: &str) -> Self {
        push(&mut self.path, '/');
        push_escaped(&mut self.path, id);
        self
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
            Failure::new(ErrorKind::Misconfigured, concat(&message), "")
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
            let expected = concat(&["an https url such as ", DEFAULT_BASE_URL, "."]);
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
    let mut path_and_query = concat(&[settings.base.path.as_str(), &call.path]);
    let separators = core::iter::once('?').chain(core::iter::repeat('&'));
    for ((name, value), separator) in call.query.iter().zip(separators) {
        path_and_query.push(separator);
        path_and_query.push_str(name);
        path_and_query.push('=');
        push_escaped(&mut path_and_query, value);
    }
    let mut headers = vec![
        ("accept", b"application/json".to_vec()),
        // Said, because a server may code a reply to whoever says nothing.
        ("accept-encoding", b"identity".to_vec()),
        ("user-agent", USER_AGENT.as_bytes().to_vec()),
    ];
    if let Some(body) = &call.body {
        headers.push(("content-type", b"application/json".to_vec()));
        headers.push(("content-length", digits(body.len() as u64).into_bytes()));
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
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            push(url, char::from(byte));
        } else {
            push(url, '%');
            hex(url, byte.into(), 2);
        }
    }
}

#[cfg(test)]
mod tests;
