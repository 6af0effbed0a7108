//! Answers at the host's `send_request` hook: no socket, exact requests.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use host::engine::{Limits, Outcome, Outlet};
use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::Value;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

/// A request as it would have left.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) options: Option<RequestOptions>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

type Answer = Arc<dyn Fn() -> Result<Response<WasiBody>, Error> + Send + Sync>;

/// A host that answers by itself.
#[derive(Clone)]
pub(crate) struct Hook {
    answer: Answer,
    seen: Arc<Mutex<Vec<Seen>>>,
    forbidden: Vec<HeaderName>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) limits: Limits,
}

impl Hook {
    /// Answers with this status and body, in one piece.
    pub(crate) fn replying(status: u16, body: impl Into<Bytes>) -> Self {
        Self::in_pieces(status, vec![Ok(body.into())])
    }

    /// Answers with these pieces, of which the last may be a failure.
    pub(crate) fn in_pieces(status: u16, pieces: Vec<Result<Bytes, fn() -> Error>>) -> Self {
        Self::answering(move || {
            let frames: Vec<_> = pieces
                .iter()
                .map(|piece| match piece {
                    Ok(bytes) => Ok(Frame::data(bytes.clone())),
                    Err(error) => Err(error()),
                })
                .collect();
            let body = StreamBody::new(futures_of(frames)).boxed_unsync();
            Ok(Response::builder().status(status).body(body).unwrap())
        })
    }

    /// Fails with this error.
    pub(crate) fn failing(error: fn() -> Error) -> Self {
        Self::answering(move || Err(error()))
    }

    pub(crate) fn answering(
        answer: impl Fn() -> Result<Response<WasiBody>, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            seen: Arc::default(),
            forbidden: Vec::new(),
            environment: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Adds a header to every answer.
    pub(crate) fn with_header(self, name: &'static str, value: &'static str) -> Self {
        let answer = self.answer;
        let answer = move || {
            answer().map(|mut response| {
                response.headers_mut().insert(name, value.parse().unwrap());
                response
            })
        };
        Self { answer: Arc::new(answer), ..self }
    }

    /// Gives the guest an environment variable.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps a header from the guest.
    pub(crate) fn forbidding(mut self, name: &'static str) -> Self {
        self.forbidden.push(HeaderName::from_static(name));
        self
    }

    pub(crate) fn outlet(&self) -> Outlet {
        let gate = self.clone();
        Outlet { environment: self.environment.clone(), gate: Box::new(|_| Box::new(gate)) }
    }

    pub(crate) async fn outcome(&self, action: &str, arguments: Value) -> Outcome {
        super::outcome(action, arguments, self.outlet(), self.limits).await
    }

    pub(crate) async fn call(&self, action: &str, arguments: Value) -> Result<Value, Value> {
        self.outcome(action, arguments).await.result
    }

    /// What was sent, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that was sent.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen[0].clone()
    }
}

fn futures_of<T: Unpin>(items: Vec<T>) -> impl futures_core::Stream<Item = T> {
    let mut items = items.into_iter();
    futures_util::stream::poll_fn(move |_| std::task::Poll::Ready(items.next()))
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Hook {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let forbidden = self.forbidden.clone();
        Arc::new(move |name| {
            forbidden.contains(name) || wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name)
        })
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let (answer, seen) = (Arc::clone(&self.answer), Arc::clone(&self.seen));
        Box::new(async move {
            let (head, body) = request.into_parts();
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
            let body = body.collect().await?.to_bytes();
            seen.lock().unwrap().push(Seen {
                method: head.method.to_string(),
                url: head.uri.to_string(),
                headers: head.headers.iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
                body: String::from_utf8_lossy(&body).into(),
                options,
            });
            let response = answer()?;
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        })
    }
}
