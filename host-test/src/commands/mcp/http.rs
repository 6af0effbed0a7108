//! Who is let in over HTTP?
//!
//! Each caller has sessions, bounds and a way out of its own.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use host::{
    access::{self, Access},
    engine::{Connector, Limits},
    policy::Policy,
    token::Fingerprint,
    tools::Tool,
};
use http::{Method, Request, StatusCode, header::AUTHORIZATION, request::Parts};
use hyper::body::Incoming;
use tokio::{sync::Semaphore, time::timeout};

use super::{
    AT_ONCE, LAST, Make,
    refusal::Refusal,
    served::{BODY_TIME, IDLE, SESSIONS, STREAMS, Served},
};
use crate::{
    address::{self, Address},
    caller::Callers,
    exit::CommandError,
    interrupt,
    listener::{self, Answer},
    message::LIMIT,
    names::{Name, Names},
    terminal,
};

/// Where the server is below its address.
const PATH: &str = "/mcp";
/// Where there are others, so many calls of one caller run at the same time.
const SHARE: usize = AT_ONCE / 2;

/// What is bounded, for whoever asks for help.
pub(super) fn bounds() -> String {
    format!(
        "Bounds of --http: {} connections, {} s for the head of a request ({} KiB, {} headers), \
         {} s for its body ({} MiB), {} s for a reader who takes nothing; {AT_ONCE} calls at \
         once; of each persona {SHARE} of them, {SESSIONS} sessions, {STREAMS} streams to listen \
         on, 256 messages and 64 MiB under way. Where all connections are taken, the one that \
         asked nothing for longest gives way. A session ends after {} minutes without a word, \
         or after one where there is room for no more.",
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

/// Serves agents until Ctrl-C.
pub(super) async fn serve(
    address: Address,
    names: Vec<Name>,
    callers: Callers,
    make: Make,
) -> Result<(), CommandError> {
    let is_loopback = address.is_loopback();
    if !is_loopback && names.is_empty() {
        return Err(CommandError::Misuse(format!(
            "--http {address} can be reached from elsewhere: say with --allow-host under which \
             name, or take a loopback address such as 127.0.0.1:{}",
            address.port()
        )));
    }
    let who = match callers {
        // Whoever takes another name comes through something that others reach as well.
        Callers::All(_) if !is_loopback || !names.is_empty() => {
            let open = if is_loopback { "--allow-host" } else { "--http" };
            return Err(CommandError::Misuse(format!(
                "with this {open} it can be reached from elsewhere, so each agent has to show a \
                 token: that takes a policy, `twochat token NAME` for a persona of it, and no \
                 --persona here"
            )));
        }
        Callers::All(access) => {
            let server = make.server(access, vec![Arc::clone(&make.all)]);
            server.can_serve()?;
            Who::All(Arc::new(Served::by(server)))
        }
        Callers::ByToken(file, access) => {
            has_tokens(&file, &make.connector)?;
            Who::ByToken(Box::new(ByToken { file, access, make, served: Mutex::default() }))
        }
    };
    let listener = address.bind("--http").await?;
    let url = format!("{}{PATH}", address::url(&listener)?);
    // Whoever started this and went away wants no line.
    let _ = terminal::show(&url);
    let door = Arc::new(Door { names: Names(names), who, is_ending: AtomicBool::new(false) });
    let answering = Arc::clone(&door);
    let answer = move |request| {
        let door = Arc::clone(&answering);
        async move { door.answer(request).await.unwrap_or_else(Refusal::answer) }
    };
    listener::serve(listener, answer, interrupt::asks(), door.end()).await;
    Ok(())
}

/// Whether anybody could be let in. What is wrong now is better heard by whoever starts
/// this than by agents.
fn has_tokens(file: &Path, connector: &Connector) -> Result<(), CommandError> {
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

/// Who is let in.
enum Who {
    /// Whoever reaches it.
    All(Arc<Served>),
    /// Whoever shows a token, as the policy says then.
    ByToken(Box<ByToken>),
}

struct ByToken {
    file: PathBuf,
    access: Access,
    make: Make,
    served: Mutex<HashMap<Fingerprint, (String, Arc<Served>)>>,
}

/// Where requests come in.
struct Door {
    names: Names,
    who: Who,
    is_ending: AtomicBool,
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let (mut parts, body) = request.into_parts();
        if let Some(why) = self.names.refuse(&parts.uri, &parts.headers) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, &why));
        }
        let path = parts.uri.path();
        if path.strip_suffix('/').unwrap_or(path) != PATH {
            return Err(Refusal::new(StatusCode::NOT_FOUND, &format!("the server is at {PATH}")));
        }
        let served = self.who.shown_by(&parts)?;
        // Nothing that is handed on has it.
        parts.headers.remove(AUTHORIZATION);
        if self.is_ending.load(Relaxed) {
            return Err(Refusal::busy("the server is ending"));
        }
        if parts.method == Method::POST {
            served.post(parts, body).await
        } else {
            served.listen(parts).await
        }
    }

    /// Takes nothing more, and waits until what is under way has ended.
    async fn end(&self) {
        self.is_ending.store(true, Relaxed);
        let all = match &self.who {
            Who::All(served) => vec![Arc::clone(served)],
            Who::ByToken(by_token) => {
                let served = by_token.served.lock().unwrap_or_else(PoisonError::into_inner);
                served.values().map(|(_, served)| Arc::clone(served)).collect()
            }
        };
        all.iter().for_each(|served| served.asks_no_more());
        let over = async {
            for served in &all {
                served.is_over().await;
            }
        };
        let _ = timeout(Limits::default().time + LAST, over).await;
        all.iter().for_each(|served| served.end());
    }
}

impl Who {
    /// Whoever makes this request, as the policy says now.
    fn shown_by(&self, parts: &Parts) -> Result<Arc<Served>, Refusal> {
        let ByToken { file, access, make, served } = match self {
            Self::All(served) => return Ok(Arc::clone(served)),
            Self::ByToken(by_token) => &**by_token,
        };
        let policy = Policy::read(file).map_err(|why| {
            terminal::say(&format!("twochat: {why}"));
            let why = "its policy cannot be followed: whoever runs this server has to change that";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
        })?;
        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
        served.retain(|token, (persona, served)| {
            let is_known = policy.shown_by(token) == Some(persona);
            if !is_known {
                served.end();
            }
            is_known
        });
        let token = bearer(parts).ok_or_else(|| Refusal::unknown("Bearer realm=\"twochat\""))?;
        let token = Fingerprint::of(token);
        let persona = policy
            .shown_by(&token)
            .ok_or_else(|| Refusal::unknown("Bearer realm=\"twochat\", error=\"invalid_token\""))?;
        let (_, served) = served.entry(token).or_insert_with(|| {
            let turns = vec![Arc::new(Semaphore::new(SHARE)), Arc::clone(&make.all)];
            let server = make.server(access.as_persona(persona), turns);
            (persona.to_owned(), Arc::new(Served::by(server)))
        });
        Ok(Arc::clone(served))
    }
}

/// The token that a request shows, if it shows one.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut shown = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next(), shown.next()) else { return None };
    let (scheme, token) = shown.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"))
}
