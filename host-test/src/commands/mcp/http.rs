//! Who is let in over HTTP, and how much is served to each at the same time?
//!
//! The SDK's own service reads what comes here once it is known whose it is, that it is not
//! too much, and that it is a message. Each caller has sessions, bounds and a way out of its
//! own.

use std::{
    collections::{HashMap, HashSet},
    fmt::{self, Display},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use host::{
    access::{self, Access},
    calls::Calls,
    client::Client,
    engine::{Connector, Limits},
    policy::Policy,
    token::Fingerprint,
    tools::Tool,
};
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Parts,
};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use rmcp::{
    model::{ClientRequest, JsonRpcMessage, RequestId},
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
        session::local::{LocalSessionManager, SessionConfig},
    },
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as Turn, Semaphore},
    task::block_in_place,
    time::timeout,
};

use super::{AT_ONCE, LAST, server::Server};
use crate::{
    caller::{Callers, client},
    exit::CommandError,
    in_flight::{Admitted, InFlight, is_too_heavy, weight},
    interrupt,
    listener::{self, Answer},
    message::{self, LARGE, LIMIT},
    names::{Name, Names},
    terminal,
};

/// Where the server is below its address.
const PATH: &str = "/mcp";
/// The header that names a session.
const SESSION: &str = "mcp-session-id";
/// One caller has so many sessions.
const SESSIONS: usize = 100;
/// A session in which so long nothing happens ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// So long the body of a request may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Where there are others, so many calls of one caller run at the same time.
const SHARE: usize = AT_ONCE / 2;

/// An answer leaves in pieces of so many bytes.
const PIECE: usize = 16 << 10;

/// What is bounded, for whoever asks for help.
pub(super) fn bounds() -> String {
    format!(
        "Bounds of --http: {} connections, {} s for the head of a request ({} KiB, {} headers), \
         {} s for its body ({} MiB), {} s for a reader who takes nothing; {AT_ONCE} calls at \
         once; of each persona {SHARE} of them, {SESSIONS} sessions, 256 messages and 64 MiB \
         under way. A session ends after {} minutes without a word.",
        listener::CONNECTIONS,
        listener::HEAD_TIME.as_secs(),
        listener::HEAD >> 10,
        listener::HEADERS,
        BODY_TIME.as_secs(),
        LIMIT >> 20,
        listener::STALL.as_secs(),
        IDLE.as_secs() / 60,
    )
}

/// An address of this machine, with a port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address(SocketAddr);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        if let Ok(port) = port.parse() {
            return Ok(Self((Ipv4Addr::LOCALHOST, port).into()));
        }
        text.parse().map(Self).map_err(|_| "expected an address and a port, such as 127.0.0.1:8765")
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Serves agents until Ctrl-C.
pub(super) async fn serve(
    address: &Address,
    names: Vec<Name>,
    callers: Callers,
    connector: Connector,
    tries: usize,
) -> Result<(), CommandError> {
    let is_loopback = address.0.ip().is_loopback();
    if !is_loopback && names.is_empty() {
        return Err(CommandError::Misuse(format!(
            "--http {address} can be reached from elsewhere: say with --allow-host under which \
             name, or take a loopback address such as 127.0.0.1:{}",
            address.0.port()
        )));
    }
    let all = Arc::new(Semaphore::new(AT_ONCE));
    let make = Make { connector, client: client()?, tries, all };
    let who = match callers {
        Callers::All(_) if !is_loopback => {
            return Err(CommandError::Misuse(format!(
                "--http {address} can be reached from elsewhere, so each agent has to show a \
                 token: that takes a policy, `twochat token NAME` for a persona of it, and no \
                 --persona here"
            )));
        }
        Callers::All(access) => {
            let turns = vec![Arc::clone(&make.all)];
            let calls = Calls::new(make.connector.clone(), make.client.clone(), access);
            let server = Server::new(calls, tries, turns);
            server.can_serve()?;
            Who::All(Arc::new(Served::by(server)))
        }
        Callers::ByToken(file, access) => {
            has_tokens(&file, &make.connector)?;
            Who::ByToken { file, access, make, served: Mutex::default() }
        }
    };
    let unused = |error| CommandError::Host(format!("--http {address} cannot be used: {error}"));
    let listener = TcpListener::bind(address.0).await.map_err(unused)?;
    let url = format!("http://{}{PATH}", listener.local_addr().map_err(unused)?);
    // Whoever started this and went away wants no line.
    let _ = terminal::show(&url);
    let door = Arc::new(Door { names: Names(names), who, is_ending: AtomicBool::new(false) });
    let answering = Arc::clone(&door);
    let answer = move |request| {
        let door = Arc::clone(&answering);
        async move { door.answer(request).await.unwrap_or_else(|refused| refused) }
    };
    listener::serve(listener, answer, interrupt::asks(), door.end()).await;
    Ok(())
}

/// Whether anybody could be let in. What is wrong now is better heard by whoever starts
/// this than by agents.
fn has_tokens(file: &PathBuf, connector: &Connector) -> Result<(), CommandError> {
    let policy = Policy::read(file).map_err(CommandError::Misuse)?;
    if policy.personas().values().all(|persona| persona.token_sha256.is_none()) {
        return Err(CommandError::Misuse(format!(
            "no persona of {} has a token: `twochat token NAME` makes one, or --persona names \
             the one that serves whoever is on this machine",
            file.display()
        )));
    }
    let misfits = access::check(file, &Tool::all_of(connector)).map_err(CommandError::Misuse)?;
    misfits.iter().for_each(|why| terminal::say(&format!("twochat: {why}")));
    Ok(())
}

/// What all servers are made of.
struct Make {
    connector: Connector,
    client: Client,
    tries: usize,
    all: Arc<Semaphore>,
}

/// Who is let in.
enum Who {
    /// Whoever reaches it.
    All(Arc<Served>),
    /// Whoever shows a token, as the policy says then.
    ByToken {
        file: PathBuf,
        access: Access,
        make: Make,
        served: Mutex<HashMap<Fingerprint, (String, Arc<Served>)>>,
    },
}

/// A caller, and what it has under way.
struct Served {
    service: StreamableHttpService<Arc<Server>, LocalSessionManager>,
    sessions: Arc<LocalSessionManager>,
    /// Whoever begins a session holds it.
    opening: Turn<()>,
    in_flight: Arc<InFlight>,
    /// The requests of sessions that wait for their answer.
    waiting: Waiting,
}

type Waiting = Arc<Mutex<HashSet<(HeaderValue, RequestId)>>>;

impl Served {
    fn by(server: Server) -> Self {
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
            waiting: Arc::default(),
        }
    }

    /// Ends its sessions and streams, and what is under way in them.
    fn end(&self) {
        self.service.config.cancellation_token.cancel();
    }
}

/// Where requests come in.
struct Door {
    names: Names,
    who: Who,
    is_ending: AtomicBool,
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Answer> {
        let (mut parts, body) = request.into_parts();
        if let Some(why) = self.names.refuse(&parts.uri, &parts.headers) {
            return Err(refusal(StatusCode::FORBIDDEN, &why));
        }
        if parts.uri.path() != PATH {
            return Err(refusal(StatusCode::NOT_FOUND, &format!("the server is at {PATH}")));
        }
        let served = self.who.shown_by(&parts)?;
        // Nothing that is handed on has it.
        parts.headers.remove(AUTHORIZATION);
        if self.is_ending.load(Relaxed) {
            return Err(busy("the server is ending"));
        }
        if parts.method == Method::POST {
            served.post(parts, body).await
        } else {
            Ok(served.service.handle(Request::from_parts(parts, Empty::<Bytes>::new())).await)
        }
    }

    /// Takes nothing more, and waits until what is under way has ended.
    async fn end(&self) {
        self.is_ending.store(true, Relaxed);
        let all = match &self.who {
            Who::All(served) => vec![Arc::clone(served)],
            Who::ByToken { served, .. } => {
                let served = served.lock().unwrap_or_else(PoisonError::into_inner);
                served.values().map(|(_, served)| Arc::clone(served)).collect()
            }
        };
        let over = async {
            for served in &all {
                served.in_flight.is_over().await;
            }
        };
        let _ = timeout(Limits::default().time + LAST, over).await;
        all.iter().for_each(|served| served.end());
    }
}

impl Who {
    /// Whoever makes this request, as the policy says now.
    fn shown_by(&self, parts: &Parts) -> Result<Arc<Served>, Answer> {
        let (file, access, make, served) = match self {
            Self::All(served) => return Ok(Arc::clone(served)),
            Self::ByToken { file, access, make, served } => (file, access, make, served),
        };
        let policy = Policy::read(file).map_err(|why| {
            terminal::say(&format!("twochat: {why}"));
            let why = "its policy cannot be followed: whoever runs this server has to change that";
            refusal(StatusCode::SERVICE_UNAVAILABLE, why)
        })?;
        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
        served.retain(|token, (persona, served)| {
            let is_known = policy.shown_by(token) == Some(persona);
            if !is_known {
                served.end();
            }
            is_known
        });
        let token = bearer(parts).ok_or_else(|| unknown("Bearer realm=\"twochat\""))?;
        let token = Fingerprint::of(token);
        let persona = policy
            .shown_by(&token)
            .ok_or_else(|| unknown("Bearer realm=\"twochat\", error=\"invalid_token\""))?;
        let (_, served) = served.entry(token).or_insert_with(|| {
            let turns = vec![Arc::new(Semaphore::new(SHARE)), Arc::clone(&make.all)];
            let (connector, client) = (make.connector.clone(), make.client.clone());
            let calls = Calls::new(connector, client, access.as_persona(persona));
            let server = Server::new(calls, make.tries, turns);
            (persona.to_owned(), Arc::new(Served::by(server)))
        });
        Ok(Arc::clone(served))
    }
}

impl Served {
    async fn post(&self, mut parts: Parts, body: Incoming) -> Result<Answer, Answer> {
        let full = || busy("so many messages are under way that there is no room for more");
        let admitted = self.in_flight.admit_now().ok_or_else(full)?;
        let body = timeout(BODY_TIME, whole(body, &admitted)).await.map_err(|_| {
            let why = format!("the body did not come in {} s", BODY_TIME.as_secs());
            refusal(StatusCode::REQUEST_TIMEOUT, &why)
        })??;
        let is_large = body.len() > LARGE;
        let weight = weight(&body);
        if !is_too_heavy(weight) && !admitted.grows_to(weight) {
            return Err(full());
        }
        let read = || message::read(&body);
        let message = match if is_large { block_in_place(read) } else { read() } {
            Some(Ok(message)) => message,
            Some(Err(answer)) => return Err(json(StatusCode::BAD_REQUEST, &answer)),
            None => {
                return Err(refusal(StatusCode::BAD_REQUEST, "expected a message of JSON-RPC"));
            }
        };
        let session = parts.headers.get(SESSION).cloned();
        let claim = match (&message, &session) {
            (JsonRpcMessage::Request(request), Some(session)) => {
                Some(Claim::of(&self.waiting, session, &request.id)?)
            }
            _ => None,
        };
        let is_request = |is: fn(&ClientRequest) -> bool| matches!(&message, JsonRpcMessage::Request(request) if is(&request.request));
        let opens = is_request(|request| matches!(request, ClientRequest::InitializeRequest(_)));
        let _opening = if opens && session.is_none() {
            let turn = self.opening.lock().await;
            if self.sessions.sessions.read().await.len() >= SESSIONS {
                let why = "there are as many sessions as there may be: end one, or wait until one \
                           that is not used has ended";
                return Err(busy(why));
            }
            Some(turn)
        } else {
            None
        };
        let calls = is_request(|request| {
            matches!(request, ClientRequest::CallToolRequest(_) | ClientRequest::CustomRequest(_))
        });
        drop(message);
        parts.extensions.insert(Arc::clone(&admitted));
        if let Some(claim) = &claim {
            parts.extensions.insert(Arc::clone(claim));
        }
        let request = Request::from_parts(parts, Full::new(body));
        let mut answer = std::pin::pin!(self.service.handle(request));
        let answer = std::future::poll_fn(|context| {
            let mut poll = || answer.as_mut().poll(context);
            // What is large takes its time, so not where others are served.
            if is_large || calls { block_in_place(poll) } else { poll() }
        });
        let (parts, body) = answer.await.into_parts();
        let kept = Kept { body, rest: Bytes::new(), _admitted: admitted, _claim: claim };
        Ok(Response::from_parts(parts, kept.boxed()))
    }
}

/// The body, if it is not too large and there is room for it.
async fn whole(mut body: Incoming, admitted: &Arc<Admitted>) -> Result<Bytes, Answer> {
    let mut read = Vec::new();
    let mut is_too_large = false;
    while let Some(frame) = body.frame().await {
        let why = "the body did not come to its end";
        let frame = frame.map_err(|_| refusal(StatusCode::BAD_REQUEST, why))?;
        let Ok(data) = frame.into_data() else { continue };
        is_too_large |= read.len() + data.len() > LIMIT;
        // The rest is passed over: whoever is still sending reads no answer.
        if is_too_large {
            read = Vec::new();
            continue;
        }
        read.extend_from_slice(&data);
        if !admitted.grows_to(read.len()) {
            return Err(busy("so much is under way that there is no room for more"));
        }
    }
    if is_too_large {
        return Err(json(StatusCode::PAYLOAD_TOO_LARGE, &message::too_large()));
    }
    Ok(read.into())
}

/// The id of a request in a session, which is taken once at a time.
struct Claim {
    waiting: Waiting,
    taken: (HeaderValue, RequestId),
}

impl Claim {
    fn of(waiting: &Waiting, session: &HeaderValue, id: &RequestId) -> Result<Arc<Self>, Answer> {
        let taken = (session.clone(), id.clone());
        let is_free = waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(taken.clone());
        if is_free {
            Ok(Arc::new(Self { waiting: Arc::clone(waiting), taken }))
        } else {
            Err(json(StatusCode::BAD_REQUEST, &message::taken(id)))
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.taken);
    }
}

/// The body of an answer, which counts as in flight until its last piece leaves.
struct Kept<B> {
    body: B,
    /// What is still to leave of a frame.
    rest: Bytes,
    _admitted: Arc<Admitted>,
    _claim: Option<Arc<Claim>>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Kept<B> {
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

/// The token that a request shows, if it shows one.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut shown = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next(), shown.next()) else { return None };
    let (scheme, token) = shown.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"))
}

fn unknown(asks: &'static str) -> Answer {
    let why = "expected `Authorization: Bearer TOKEN` with a token that is in use: whoever runs \
               this server makes one with `twochat token`";
    let mut answer = refusal(StatusCode::UNAUTHORIZED, why);
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(asks));
    answer
}

fn busy(why: &str) -> Answer {
    let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, why);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn refusal(status: StatusCode, why: &str) -> Answer {
    with(status, "text/plain; charset=utf-8", format!("{why}\n").into())
}

fn json(status: StatusCode, message: &message::Outgoing) -> Answer {
    with(status, "application/json", serde_json::to_vec(message).unwrap_or_default())
}

fn with(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::from(body).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
