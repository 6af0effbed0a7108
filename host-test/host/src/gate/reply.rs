//! A reply's body on its way to the guest, bounded in time and size.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};
use wasmtime_wasi_http::Error;

use super::{Traffic, key_hider::KeyHider};
use crate::client::error_of;

pub(super) struct ReplyBody {
    body: Incoming,
    call_ends: Instant,
    between_bytes: Option<Duration>,
    next_by: Pin<Box<Sleep>>,
    size: u64,
    limit: u64,
    traffic: Arc<Traffic>,
    hider: Option<KeyHider>,
    /// Held until the body is read or dropped: a request is under way so long.
    _turn: OwnedSemaphorePermit,
}

impl ReplyBody {
    pub(super) fn new(
        body: Incoming,
        turn: OwnedSemaphorePermit,
        call_ends: Instant,
        between_bytes: Option<Duration>,
        limit: u64,
        traffic: Arc<Traffic>,
        hider: Option<KeyHider>,
    ) -> Self {
        let next_by = Box::pin(tokio::time::sleep_until(call_ends));
        let mut this = Self {
            body,
            call_ends,
            between_bytes,
            next_by,
            size: 0,
            limit,
            traffic,
            hider,
            _turn: turn,
        };
        this.expect_next();
        this
    }

    fn expect_next(&mut self) {
        let next_by = self.between_bytes.map(|wait| Instant::now() + wait);
        let next_by = next_by.map_or(self.call_ends, |next_by| next_by.min(self.call_ends));
        self.next_by.as_mut().reset(next_by);
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if Instant::now() >= self.call_ends {
            return Poll::Ready(Some(Err(Error::HttpResponseTimeout)));
        }
        loop {
            let next = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => {
                    ready!(self.next_by.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(Error::HttpResponseTimeout)));
                }
            };
            let frame = match next {
                Some(Ok(frame)) if frame.is_data() => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error_of(&error)))),
                // Trailers are kept from the guest: nobody needs them, and they would
                // be one more place in which a server could repeat the key.
                None | Some(Ok(_)) => {
                    let rest = self.hider.as_mut().and_then(KeyHider::rest);
                    return Poll::Ready(rest.map(|rest| Ok(Frame::data(rest))));
                }
            };
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.traffic.received(bytes);
            self.size += bytes;
            if self.size > self.limit {
                return Poll::Ready(Some(Err(Error::HttpResponseBodySize(Some(self.size)))));
            }
            self.expect_next();
            let Some(hider) = &mut self.hider else { return Poll::Ready(Some(Ok(frame))) };
            let frame = frame.map_data(|data| hider.pass(data));
            // All of it may be held back.
            if frame.data_ref().is_none_or(|data| !data.is_empty()) {
                return Poll::Ready(Some(Ok(frame)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.hider.as_ref().is_some_and(KeyHider::holds_some)
    }
}
