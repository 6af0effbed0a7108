//! What does one caller have under way over HTTP: its sessions, its messages, and the answers
//! that it still reads?
//!
//! The SDK's own service reads a message once it is known to be one, and that it is not too
//! much.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use rmcp::{
    model::{ClientRequest, JsonRpcMessage, ProtocolVersion, RequestId},
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
        session::{
            SessionManager,
            local::{LocalSessionManager, SessionConfig},
        },
    },
};
use tokio::{
    sync::{Mutex as Turn, Semaphore},
    task::block_in_place,
    time::timeout,
};

use super::{
    leaving::{Claimed, InTurn, kept, without_events},
    refusal::Refusal,
    server::Server,
};
use crate::{
    in_flight::{Admitted, InFlight, is_too_heavy, weight},
    listener::{Answer, Held},
    message::{self, LARGE, LIMIT, Sent, Taken, Told},
    output::BYTE_ORDER_MARK,
};

/// The header that names a session.
const SESSION: &str = "mcp-session-id";
pub(super) const JSON: &str = "application/json";
/// One caller has so many sessions.
pub(super) const SESSIONS: usize = 100;
/// It listens on so many streams at the same time: of the connections, which all callers share,
/// others have most.
pub(super) const STREAMS: usize = SESSIONS;
/// A session in which so long nothing happens ends.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);
/// One that was not used for so long gives way, where there is room for no more.
pub(super) const LEFT: Duration = Duration::from_secs(60);
/// So long the body of a request may take.
pub(super) const BODY_TIME: Duration = Duration::from_secs(10);
/// A caller, and what it has under way.
pub(super) struct Served {
    service: StreamableHttpService<Arc<Server>, LocalSessionManager>,
    sessions: Arc<LocalSessionManager>,
    /// Whoever begins a session holds it.
    opening: Turn<()>,
    in_flight: Arc<InFlight>,
    /// One for each stream on which it may listen.
    streams: Arc<Semaphore>,
    /// The requests of sessions that wait for their answer.
    waiting: Waiting,
    /// When a session was used last.
    used: Mutex<HashMap<HeaderValue, Instant>>,
    /// The sessions whose version of the protocol has batches.
    with_batches: Mutex<HashSet<HeaderValue>>,
}

type Waiting = Arc<Mutex<HashSet<(HeaderValue, RequestId)>>>;

impl Served {
    pub(super) fn by(server: Server) -> Self {
        let mut config = SessionConfig::default();
        (config.keep_alive, config.sse_retry) = (Some(IDLE), None);
        let mut sessions = LocalSessionManager::default();
        sessions.session_config = config;
        let sessions = Arc::new(sessions);
        let server = Arc::new(server);
        // Names are looked at before, and so is the size.
        let mut config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_json_response(true)
            .with_max_request_body_bytes(LIMIT);
        config.sse_retry = None;
        Self {
            service: StreamableHttpService::new(
                move || Ok(Arc::clone(&server)),
                Arc::clone(&sessions),
                config,
            ),
            sessions,
            opening: Turn::default(),
            in_flight: Arc::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            waiting: Arc::default(),
            used: Mutex::default(),
            with_batches: Mutex::default(),
        }
    }

    /// Lets it listen to a session, or end one.
    pub(super) async fn listen(&self, parts: Parts) -> Result<Answer, Refusal> {
        if parts.method == Method::DELETE
            && let Some(session) = parts.headers.get(SESSION)
            && !self.is_open(session).await
        {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such session"));
        }
        let full = || {
            Refusal::busy(&format!(
                "{STREAMS} streams are open, which is as many as there may be: end one"
            ))
        };
        let stream = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| full())?;
        let answer = self.service.handle(Request::from_parts(parts, Empty::<Bytes>::new())).await;
        Ok(answer.map(|body| Held::by(body, stream).boxed()))
    }

    async fn is_open(&self, session: &HeaderValue) -> bool {
        let open = self.sessions.sessions.read().await;
        session.to_str().is_ok_and(|session| open.keys().any(|id| **id == *session))
    }

    /// Waits until nothing is under way.
    pub(super) async fn is_over(&self) {
        self.in_flight.is_over().await;
    }

    /// Takes back what somebody is asked.
    pub(super) fn asks_no_more(&self) {
        self.in_flight.end();
    }

    /// Ends its sessions and streams, and what is under way in them.
    pub(super) fn end(&self) {
        self.service.config.cancellation_token.cancel();
    }
}

impl Served {
    /// Takes a message.
    pub(super) async fn post(&self, mut parts: Parts, body: Incoming) -> Result<Answer, Refusal> {
        let full =
            || Refusal::busy("so many messages are under way that there is no room for more");
        let admitted = self.in_flight.admit_now().ok_or_else(full)?;
        let body = timeout(BODY_TIME, whole(body, &admitted)).await.map_err(|_| {
            let why = format!("the body did not come in {} s", BODY_TIME.as_secs());
            Refusal::new(StatusCode::REQUEST_TIMEOUT, &why)
        })??;
        let is_large = body.len() > LARGE;
        let weight = weight(&body);
        if !is_too_heavy(weight) && !admitted.grows_to(weight) {
            return Err(full());
        }
        let read = || message::read(&body);
        match if is_large { block_in_place(read) } else { read() } {
            Some(Sent::One(read)) => {
                let Taken { message, text } =
                    read.map_err(|answer| Refusal::message(StatusCode::BAD_REQUEST, &answer))?;
                parts.extensions.insert(Arc::clone(&admitted));
                let body = match body.strip_prefix(BYTE_ORDER_MARK.as_bytes()) {
                    Some(rest) => body.slice_ref(rest),
                    None => body,
                };
                let text = text.map_or(body, Bytes::from);
                let takes_events = accept_both(&mut parts);
                let (answer, claim) = self.one(parts, &message, text, is_large).await?;
                let answer = kept(answer, Arc::clone(&admitted), claim);
                match takes_events {
                    true => Ok(answer),
                    false => Ok(kept(without_events(answer, false).await?, admitted, None)),
                }
            }
            Some(Sent::Batch(sent)) if self.has_batches(&parts) => {
                let takes_events = accept_both(&mut parts);
                let answer = kept(self.batch(&parts, sent).await, Arc::clone(&admitted), None);
                match takes_events {
                    true => Ok(answer),
                    false => Ok(kept(without_events(answer, true).await?, admitted, None)),
                }
            }
            Some(Sent::Batch(_)) => {
                Err(Refusal::message(StatusCode::BAD_REQUEST, &message::no_batches()))
            }
            None => Err(Refusal::new(StatusCode::BAD_REQUEST, "expected a message of JSON-RPC")),
        }
    }

    /// The answer to a message, and its claim on its id.
    async fn one(
        &self,
        mut parts: Parts,
        message: &message::Incoming,
        text: Bytes,
        is_large: bool,
    ) -> Result<(Answer, Option<Arc<Claim>>), Refusal> {
        let session = parts.headers.get(SESSION).cloned();
        if let Some(session) = &session {
            self.note_use(session);
        }
        let claim = match (message, &session) {
            (JsonRpcMessage::Request(request), Some(session)) => {
                Some(Claim::of(&self.waiting, session, &request.id)?)
            }
            _ => None,
        };
        let request = match message {
            JsonRpcMessage::Request(request) => Some(&request.request),
            _ => None,
        };
        let opens = match request {
            Some(ClientRequest::InitializeRequest(greeting)) => Some(&greeting.params),
            _ => None,
        };
        let _opening = if opens.is_some() && session.is_none() {
            let turn = self.opening.lock().await;
            if self.sessions.sessions.read().await.len() >= SESSIONS && !self.leaves_one().await {
                let why = "there are as many sessions as there may be: end one, or wait until one \
                           that is not used has ended";
                return Err(Refusal::busy(why));
            }
            Some(turn)
        } else {
            None
        };
        let calls = matches!(
            request,
            Some(ClientRequest::CallToolRequest(_) | ClientRequest::CustomRequest(_))
        );
        if let Some(claim) = &claim {
            parts.extensions.insert(Arc::clone(claim));
        }
        let request = Request::from_parts(parts, Full::new(text));
        let mut answer = std::pin::pin!(self.service.handle(request));
        let answer = std::future::poll_fn(|context| {
            let mut poll = || answer.as_mut().poll(context);
            // What is large takes its time, so not where others are served.
            if is_large || calls { block_in_place(poll) } else { poll() }
        });
        let answer = answer.await;
        if let Some(session) = answer.headers().get(SESSION) {
            self.note_use(session);
        }
        // What the server knows it takes as it is asked for.
        if opens.is_some_and(|asked| asked.protocol_version == ProtocolVersion::V_2025_03_26)
            && let Some(session) = answer.headers().get(SESSION)
        {
            self.note_batches(session).await;
        }
        Ok((answer, claim))
    }

    fn note_use(&self, session: &HeaderValue) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(session.clone(), Instant::now());
    }

    /// Ends the session that was not used for longest, if that is long enough: many clients
    /// begin one for each call, and end none. Says whether there was one.
    async fn leaves_one(&self) -> bool {
        let open: HashSet<_> = self.sessions.sessions.read().await.keys().cloned().collect();
        let busy: HashSet<_> = {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.iter().map(|(session, _)| session.clone()).collect()
        };
        let oldest = {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            let id = |session: &HeaderValue| {
                open.iter().find(|id| session.to_str().is_ok_and(|session| ***id == *session))
            };
            used.retain(|session, _| id(session).is_some());
            let idle = used
                .iter()
                .filter(|(session, last)| !busy.contains(*session) && last.elapsed() > LEFT);
            let oldest = idle.min_by_key(|(_, last)| **last);
            oldest.and_then(|(session, _)| id(session).cloned())
        };
        match oldest {
            Some(id) => self.sessions.close_session(&id).await.is_ok(),
            None => false,
        }
    }

    async fn note_batches(&self, session: &HeaderValue) {
        let open = self.sessions.sessions.read().await;
        let is_open = |known: &HeaderValue| {
            known.to_str().is_ok_and(|known| open.keys().any(|id| **id == *known))
        };
        let mut noted = self.with_batches.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(is_open);
        noted.insert(session.clone());
    }

    fn has_batches(&self, parts: &Parts) -> bool {
        let noted = self.with_batches.lock().unwrap_or_else(PoisonError::into_inner);
        parts.headers.get(SESSION).is_some_and(|session| noted.contains(session))
    }

    /// The answers to a batch, each an event: all are asked for before the first is sent.
    async fn batch(&self, parts: &Parts, sent: Vec<Result<Taken, message::Outgoing>>) -> Answer {
        let mut events = VecDeque::new();
        for one in sent {
            let answer = match one {
                Ok(Taken { message, text }) => {
                    let id = match &message {
                        JsonRpcMessage::Request(request) => Some(request.id.clone()),
                        _ => None,
                    };
                    let text = text.unwrap_or_default();
                    let answer = self.one(parts.clone(), &message, text.into(), true).await;
                    let (answer, claim) = match answer {
                        Ok(answer) => answer,
                        Err(refusal) => (refusal.answer(), None),
                    };
                    match (id, answer.status().is_success()) {
                        // Nothing answers a notification.
                        (None, _) => continue,
                        (Some(_), true) => {
                            events.push_back(Claimed::by(answer.into_body(), claim));
                            continue;
                        }
                        (id, false) => message::not_taken(id, answer.status().as_u16()),
                    }
                }
                Err(answer) => answer,
            };
            let text = serde_json::to_string(&Told(&answer)).unwrap_or_default();
            let event = Full::new(Bytes::from(format!("data: {text}\n\n")));
            events.push_back(Claimed::by(event.boxed(), None));
        }
        let (status, of_type) = match events.is_empty() {
            true => (StatusCode::ACCEPTED, None),
            false => (StatusCode::OK, Some(HeaderValue::from_static("text/event-stream"))),
        };
        let mut answer = Response::new(InTurn::of(events).boxed());
        *answer.status_mut() = status;
        answer.headers_mut().extend(of_type.map(|of_type| (CONTENT_TYPE, of_type)));
        answer
    }
}

/// That a request is answered without events: nothing is asked of its client meanwhile.
#[derive(Clone, Copy)]
pub(super) struct WithoutEvents;

/// Who says nothing of what they accept, or anything, accepts what the server wants them to.
/// Who accepts JSON alone gets no events; says whether it is somebody else.
fn accept_both(parts: &mut Parts) -> bool {
    let accepted = parts.headers.get_all(ACCEPT).iter().map(|accepted| accepted.to_str());
    let accepted: Vec<_> = accepted.map(|accepted| accepted.unwrap_or_default()).collect();
    let any = |wanted: &str| accepted.iter().any(|accepted| accepted.contains(wanted));
    let takes_all = accepted.iter().all(|accepted| accepted.contains("*/*"));
    let takes_json = any(JSON) && !any("text/");
    if takes_json && !takes_all {
        parts.extensions.insert(WithoutEvents);
    }
    if takes_all || takes_json {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        parts.headers.insert(ACCEPT, both);
    }
    takes_all || !takes_json
}

/// The body, if it is not too large and there is room for it.
async fn whole(mut body: Incoming, admitted: &Arc<Admitted>) -> Result<Bytes, Refusal> {
    let mut read = Vec::new();
    let mut is_too_large = false;
    while let Some(frame) = body.frame().await {
        let why = "the body did not come to its end";
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, why))?;
        let Ok(data) = frame.into_data() else { continue };
        is_too_large |= read.len() + data.len() > LIMIT;
        // The rest is passed over: whoever is still sending reads no answer.
        if is_too_large {
            read = Vec::new();
            continue;
        }
        read.extend_from_slice(&data);
        if !admitted.grows_to(read.len()) {
            return Err(Refusal::busy("so much is under way that there is no room for more"));
        }
    }
    if is_too_large {
        return Err(Refusal::message(StatusCode::PAYLOAD_TOO_LARGE, &message::too_large()));
    }
    Ok(read.into())
}

/// The id of a request in a session, which is taken once at a time.
pub(super) struct Claim {
    waiting: Waiting,
    taken: (HeaderValue, RequestId),
}

impl Claim {
    fn of(waiting: &Waiting, session: &HeaderValue, id: &RequestId) -> Result<Arc<Self>, Refusal> {
        let taken = (session.clone(), id.clone());
        let is_free = waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(taken.clone());
        if is_free {
            Ok(Arc::new(Self { waiting: Arc::clone(waiting), taken }))
        } else {
            Err(Refusal::message(StatusCode::BAD_REQUEST, &message::taken(id)))
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.taken);
    }
}
