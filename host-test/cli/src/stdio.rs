//! How do messages of the Model Context Protocol come in and go out? A line of
//! JSON each, on standard input and output.
//!
//! The SDK passes over lines that it cannot read, which leaves their sender
//! waiting. Here every such line is answered, with the id of its request if it
//! shows one, and the next one is read.

use std::{
    io::{self, BufRead, Read},
    sync::Arc,
    thread,
};

use rmcp::{
    ErrorData, RoleServer,
    model::{ClientRequest, GetMeta, JsonRpcMessage, ProtocolVersion, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde::{Deserialize, de::IgnoredAny};
use tokio::{
    io::{AsyncWriteExt, Stdout},
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use crate::{output::BYTE_ORDER_MARK, terminal};

/// A message may have so many bytes.
const LIMIT: u64 = 16 << 20;
/// So many messages are read ahead.
const AHEAD: usize = 16;

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// Standard input and output as a transport.
pub(crate) struct Lines {
    incoming: mpsc::Receiver<Result<Incoming, Outgoing>>,
    output: Arc<Mutex<Stdout>>,
    /// Answers on their way to lines that cannot be read.
    answers: JoinSet<io::Result<()>>,
    /// Whether a session has begun. The SDK gives up where anything but a
    /// request comes earlier, and that is addressed to nobody.
    opened: bool,
}

impl Lines {
    /// Starts the thread that reads.
    pub(crate) fn open() -> io::Result<Self> {
        let (sender, incoming) = mpsc::channel(AHEAD);
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut input = io::stdin().lock();
            while let Ok(Some(line)) = next_line(&mut input) {
                let Some(message) = read(line) else { continue };
                if sender.blocking_send(message).is_err() {
                    break;
                }
            }
        })?;
        let output = Arc::new(Mutex::new(terminal::protocol()));
        Ok(Self { incoming, output, answers: JoinSet::new(), opened: false })
    }
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(&mut self, message: Outgoing) -> impl Future<Output = io::Result<()>> + Send + 'static {
        write(Arc::clone(&self.output), message)
    }

    async fn receive(&mut self) -> Option<Incoming> {
        while let Some(next) = self.incoming.recv().await {
            match next {
                Ok(message) => {
                    self.opened |= opens(&message);
                    if self.opened || matches!(message, JsonRpcMessage::Request(_)) {
                        return Some(message);
                    }
                }
                // On its own, because this may be dropped while it waits.
                Err(answer) => {
                    while self.answers.try_join_next().is_some() {}
                    self.answers.spawn(write(Arc::clone(&self.output), answer));
                }
            }
        }
        // The process may end as soon as this does.
        while self.answers.join_next().await.is_some() {}
        None
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.flush().await
    }
}

/// Whether the SDK begins a session with this message: the handshake, or a
/// request that brings along all that a handshake would have settled.
fn opens(message: &Incoming) -> bool {
    let JsonRpcMessage::Request(message) = message else { return false };
    match &message.request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        request => {
            let meta = request.get_meta();
            let known = |version| ProtocolVersion::KNOWN_VERSIONS.contains(&version);
            meta.missing_required_keys(&ProtocolVersion::NO_INITIALIZE).is_empty()
                && meta.protocol_version().is_some_and(known)
        }
    }
}

async fn write(output: Arc<Mutex<Stdout>>, message: Outgoing) -> io::Result<()> {
    let mut line = serde_json::to_vec(&message)?;
    line.push(b'\n');
    let mut output = output.lock().await;
    output.write_all(&line).await?;
    output.flush().await
}

/// The next line, or that it was too long; `None` at the end.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    let length = input.by_ref().take(LIMIT).read_until(b'\n', &mut line)?;
    if length as u64 == LIMIT && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        return Ok(Some(None));
    }
    Ok(Some(Some(line)).filter(|_| length > 0))
}

/// The message in a line, or the answer to one that cannot be read; `None` if
/// there is nothing to answer.
fn read(line: Option<Vec<u8>>) -> Option<Result<Incoming, Outgoing>> {
    let refuse = |error, id| Some(Err(JsonRpcMessage::error(error, id)));
    let Some(line) = line else {
        let why = format!("the message is larger than {} MiB", LIMIT >> 20);
        return refuse(ErrorData::invalid_request(why, None), None);
    };
    // Some programs put it before each line that they write.
    let line = line.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(&line);
    if line.trim_ascii().is_empty() {
        return None;
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return Some(Ok(message)),
        Err(error) => error,
    };
    // This reading passes over the rest without a limit on its depth.
    match serde_json::from_slice::<Head>(line) {
        Ok(Head { id: None, method: Some(_) }) => None,
        Ok(Head { id, .. }) => {
            let why = format!("the message cannot be read: {error}");
            refuse(ErrorData::invalid_request(why, None), id)
        }
        Err(_) if serde_json::from_slice::<IgnoredAny>(line).is_ok() => {
            let why = "expected one message, a JSON object, in the line".to_owned();
            refuse(ErrorData::invalid_request(why, None), None)
        }
        Err(error) => {
            refuse(ErrorData::parse_error(format!("the line is not JSON: {error}"), None), None)
        }
    }
}

/// What tells whom to answer.
#[derive(Deserialize)]
struct Head {
    id: Option<RequestId>,
    method: Option<String>,
}
