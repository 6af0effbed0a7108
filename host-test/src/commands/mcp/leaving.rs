//! How does an answer leave: as events or as JSON, in which pieces, and what is held until its
//! last one has left?

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::block_in_place;

use super::{
    refusal::Refusal,
    served::{Claim, JSON},
};
use crate::{
    in_flight::Admitted,
    listener::{Answer, Held},
};

/// An answer leaves in pieces of so many bytes.
const PIECE: usize = 16 << 10;

/// The answer among the events by itself, or as a batch those that there are; what was told
/// before them is not.
pub(super) async fn without_events(answer: Answer, is_batch: bool) -> Result<Answer, Refusal> {
    let (mut parts, body) = answer.into_parts();
    let of_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !of_type.is_some_and(|of_type| of_type.starts_with(b"text/event-stream")) {
        return Ok(Response::from_parts(parts, body));
    }
    let Ok(events) = body.collect().await;
    let events = events.to_bytes();
    let told = events.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    let mut told = told.map(<[u8]>::trim_ascii).filter(|told| !told.is_empty());
    let text = if is_batch {
        let answers: Vec<_> = told.filter(|told| is_answer(told)).collect();
        [&b"["[..], &answers.join(&b","[..]), b"]"].concat().into()
    } else {
        let why = "the call ended without an answer";
        let refused = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why);
        events.slice_ref(told.next_back().ok_or_else(refused)?)
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(Response::from_parts(parts, Full::new(text).boxed()))
}

/// Whether a message answers another one.
fn is_answer(message: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Named {
        method: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Named>(message).is_ok_and(|message| message.method.is_none())
}

pub(super) fn kept(answer: Answer, admitted: Arc<Admitted>, claim: Option<Arc<Claim>>) -> Answer {
    let in_pieces = |body| InPieces { body, rest: Bytes::new() };
    answer.map(|body| Held::by(in_pieces(body), (admitted, claim)).boxed())
}

/// The body of an answer, which leaves piece by piece.
struct InPieces<B> {
    body: B,
    /// What is still to leave of a frame.
    rest: Bytes,
}

impl<B: Body<Data = Bytes> + Unpin> Body for InPieces<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.rest.is_empty() {
            // A result is made into text here.
            let frame = block_in_place(|| Pin::new(&mut self.body).poll_frame(context));
            match ready!(frame) {
                Some(Ok(frame)) if frame.is_data() => {
                    self.rest = frame.into_data().unwrap_or_default();
                }
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of one answer of a batch.
pub(super) type Claimed = Held<BoxBody<Bytes, Infallible>, Option<Arc<Claim>>>;

/// Bodies one after another.
pub(super) struct InTurn(VecDeque<Claimed>);

impl InTurn {
    pub(super) fn of(bodies: VecDeque<Claimed>) -> Self {
        Self(bodies)
    }
}

impl Body for InTurn {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while let Some(first) = self.0.front_mut() {
            if let Some(frame) = ready!(Pin::new(first).poll_frame(context)) {
                return Poll::Ready(Some(frame));
            }
            self.0.pop_front();
        }
        Poll::Ready(None)
    }
}
