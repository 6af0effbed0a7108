//! What is let in, and what is answered? A body by POST to the url of an endpoint: 200 once
//! it is stored, and nothing else that could pass for it.
//!
//! Whether a body can be read is nobody's matter here: it would only come again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{
    events::{
        deliveries::{Delivery, Kept},
        endpoints::{Endpoint, Endpoints},
        lines::{self, What},
        writer::Writer,
    },
    listener::Answer,
};

/// A body may have so many bytes.
pub(super) const BODY: usize = 2 << 20;
/// So long it may take to come.
pub(super) const BODY_TIME: Duration = Duration::from_secs(10);
/// So many bytes of bodies are taken at the same time.
pub(super) const BODIES: usize = 64 << 20;

/// Where deliveries come in.
pub(super) struct Door {
    endpoints: Endpoints,
    writer: Writer,
    /// Room for so many bytes.
    room: Semaphore,
    /// Hears that something new is stored.
    stored: Arc<Notify>,
}

/// Why nothing was stored, if so.
type Refusal = (StatusCode, &'static str);

const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 2 MiB");

/// So many bytes are said to come.
fn announced(request: &Request<Incoming>) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Takes in what comes of a body that is refused already: whoever is still sending reads no
/// answer. Whoever asked first sends nothing.
fn pass_over(request: Request<Incoming>) {
    if !request.headers().contains_key(EXPECT) {
        let mut body = request.into_body();
        let pass = async move { while let Some(Ok(_)) = body.frame().await {} };
        tokio::spawn(timeout(BODY_TIME, pass));
    }
}

impl Door {
    pub(super) fn new(endpoints: Endpoints, writer: Writer, stored: Arc<Notify>) -> Self {
        Self { endpoints, writer, room: Semaphore::new(BODIES), stored }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (status, why) = match self.take(request).await {
            Ok(()) => (StatusCode::OK, "stored"),
            Err(refusal) => refusal,
        };
        let mut answer = Response::new(Full::from(format!("{why}\n")).boxed());
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }

    async fn take(&self, request: Request<Incoming>) -> Result<(), Refusal> {
        // Asked first and of every path, it tells nobody which of them are known.
        if request.method() != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "expected POST"));
        }
        let endpoint = self.asked(request.uri().path()).ok_or((StatusCode::NOT_FOUND, "none"))?;
        if announced(&request).is_some_and(|length| length > BODY as u64) {
            lines::say(What::Refused, &endpoint.to_string(), TOO_LARGE.1);
            pass_over(request);
            return Err(TOO_LARGE);
        }
        let whole = timeout(BODY_TIME, self.whole(request.into_body())).await;
        let slow = (StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
        let (body, room) = whole.unwrap_or(Err(slow)).inspect_err(|(_, why)| {
            lines::say(What::Refused, &endpoint.to_string(), why);
        })?;
        let kept = Delivery::at(endpoint, body).keep(&self.writer).await;
        drop(room);
        match kept {
            Ok(Kept::New(_)) => self.stored.notify_one(),
            Ok(Kept::Double { of, is_read }) => {
                // What tells of the first comes after this line, then.
                let unread = if is_read { "" } else { ", which is still to be read" };
                lines::say(What::Double, &endpoint.to_string(), &format!("of {of}{unread}"));
            }
            Err(why) => {
                lines::say_lasting(&endpoint.to_string(), &format!("not stored: {why}"));
                return Err((StatusCode::SERVICE_UNAVAILABLE, "it could not be stored"));
            }
        }
        Ok(())
    }

    /// The endpoint that a path ends with the token of. A proxy may put anything before it.
    fn asked(&self, path: &str) -> Option<&Endpoint> {
        let token = path.rsplit('/').next().unwrap_or_default();
        self.endpoints.with_token(token)
    }

    /// The body, and the room that it takes.
    async fn whole(
        &self,
        mut body: Incoming,
    ) -> Result<(Vec<u8>, Vec<SemaphorePermit<'_>>), Refusal> {
        let (mut read, mut room, mut length) = (Vec::new(), Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let cut = (StatusCode::BAD_REQUEST, "the body did not come to its end");
            let data: Bytes = match frame.map_err(|_| cut)?.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            };
            length += data.len();
            if length > BODY {
                // The rest is passed over: whoever is still sending reads no answer.
                (read, room) = (Vec::new(), Vec::new());
                continue;
            }
            let taken = self.room.try_acquire_many(data.len().try_into().unwrap_or(u32::MAX));
            let full = (StatusCode::SERVICE_UNAVAILABLE, "so much comes in that there is no room");
            room.push(taken.map_err(|_| full)?);
            read.extend_from_slice(&data);
        }
        if length > BODY {
            return Err(TOO_LARGE);
        }
        Ok((read, room))
    }
}
