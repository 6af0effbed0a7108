//! How is a request over HTTP refused: by which status, and in which words?

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::{BodyExt, Full};

use crate::{
    listener::Answer,
    message::{Outgoing, Told},
};

/// The answer to a request that is not served.
pub(super) struct Refusal(Box<Answer>);

impl Refusal {
    /// In words.
    pub(super) fn new(status: StatusCode, why: &str) -> Self {
        Self::of(status, "text/plain; charset=utf-8", format!("{why}\n").into())
    }

    /// As a message of the protocol.
    pub(super) fn message(status: StatusCode, message: &Outgoing) -> Self {
        let text = serde_json::to_vec(&Told(message)).unwrap_or_default();
        Self::of(status, "application/json", text)
    }

    /// To whoever shows no token that is in use.
    pub(super) fn unknown(asks: &'static str) -> Self {
        let why = "expected `Authorization: Bearer TOKEN` with a token that is in use: whoever \
                   runs this server makes one with `twochat token`";
        Self::new(StatusCode::UNAUTHORIZED, why).with(WWW_AUTHENTICATE, asks)
    }

    /// To what may be asked again later.
    pub(super) fn busy(why: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why).with(RETRY_AFTER, "1")
    }

    pub(super) fn answer(self) -> Answer {
        *self.0
    }

    fn of(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Self {
        let mut answer = Response::new(Full::from(body).boxed());
        *answer.status_mut() = status;
        Self(Box::new(answer)).with(CONTENT_TYPE, kind)
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }
}
