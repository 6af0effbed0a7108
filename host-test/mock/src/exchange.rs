//! What goes over the wire, as plain values: a request that arrived, a reply
//! that leaves.
//!
//! Knows no route, no account and no fault; what a request means is decided
//! elsewhere.

use std::fmt;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// Longer bodies are read as empty: nobody means to send them.
const LARGEST_BODY: usize = 64 << 20;

/// The header that carries the key, in lower case as all names here are.
pub(super) const KEY_HEADER: &str = "x-user-api-key";

/// A request and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What arrived.
    pub request: Received,
    /// What was answered; none where the request was left hanging.
    pub reply: Option<Reply>,
}

/// A request as it arrived. Its `Debug` form hides the value of the key
/// header, so that a failing test can print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The method, upper case.
    pub method: String,
    /// The path as sent, percent-encoding included, without the query.
    pub path: String,
    /// The query's names and values, decoded, in the order they were sent.
    pub query: Vec<(String, String)>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text. Empty also when the sender hung up in the middle.
    pub body: String,
}

impl Received {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The query parameter of that name; the last one, as the vendor's
    /// framework reads them.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().rfind(|(known, _)| known == name)?;
        Some(value)
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    pub(super) async fn read(request: Request) -> Self {
        let (head, body) = request.into_parts();
        let query = Query::try_from_uri(&head.uri).map(|Query(query)| query).unwrap_or_default();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), lossy(value.as_bytes())))
            .collect();
        let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query,
            headers,
            body: lossy(&body),
        }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, String)| {
            let hidden = name.eq_ignore_ascii_case(KEY_HEADER);
            (name.clone(), if hidden { "(hidden)".to_owned() } else { value.clone() })
        };
        f.debug_struct("Received")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers.iter().map(shown).collect::<Vec<_>>())
            .field("body", &self.body)
            .finish()
    }
}

/// A reply to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status, 2Chat's own 486 included.
    pub status: u16,
    /// The headers. The length of the body is added on the way out.
    pub headers: Vec<(String, String)>,
    /// The body, any bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply with a body and no header, not even its type.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// A reply in JSON, and labelled so.
    pub fn json(status: u16, body: Value) -> Self {
        Self::new(status, body.to_string()).with_header("content-type", "application/json")
    }

    /// The same reply with this header in place of any of that name.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// A failure as the gateway in front of 2Chat tells it.
    pub(super) fn gateway(status: u16, detail: impl Into<Value>) -> Self {
        Self::json(status, json!({"detail": detail.into()}))
    }

    /// A failure as the application behind the gateway tells it.
    pub(super) fn envelope(status: u16, message: &str) -> Self {
        Self::json(status, json!({"success": false, "error": true, "error_message": message}))
    }

    /// The application's usual failure of this status.
    pub(super) fn refusal(status: u16) -> Self {
        Self::envelope(status, words(status))
    }

    /// A scripted reply that is no valid HTTP is a mistake in the script: it
    /// is said aloud and answered 500, rather than mended in silence.
    pub(super) fn into_response(self) -> Response {
        self.valid().unwrap_or_else(|error| {
            eprintln!("mock 2Chat: the scripted reply cannot be sent: {error}");
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }

    fn valid(self) -> http::Result<Response> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body))
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the application says with a status.
fn words(status: u16) -> &'static str {
    match status {
        400 => "The body is not valid JSON",
        402 => "Your account ran out of API credits",
        404 => "The requested resource was not found",
        406 => "The resource does not support this operation",
        409 => "The number is starting, try again in a few seconds",
        410 => "The number is connecting, try again in a few seconds",
        422 => "The request could not be processed",
        429 => "Too many requests",
        486 => "The number is busy with a previous request",
        503 => "The service is not available",
        504 => "The service did not answer in time",
        _ => "Something went wrong",
    }
}
