//! How do messages of the Model Context Protocol come in and go out? A line of
//! JSON each, on standard input and output.
//!
//! The SDK passes over lines that it cannot read, which leaves their sender
//! waiting. Here every such line is answered, with the id of its request if it
//! shows one, and the next one is read. What is under way is bounded, so an agent that
//! asks faster than it reads is not read on.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, BufRead, Read},
    sync::{Arc, Mutex as Short, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rmcp::{
    RoleServer,
    model::{
        ClientNotification, ClientRequest, GetExtensions, GetMeta, JsonRpcMessage, ProtocolVersion,
        RequestId, ServerResult,
    },
    transport::Transport,
};
use tokio::{
    io::{AsyncWriteExt, Stdout},
    sync::{Mutex, mpsc},
    task::{JoinSet, spawn_blocking},
    time::{Instant, timeout_at},
};

use crate::{
    batch::Batch,
    in_flight::{Admitted, InFlight, is_too_heavy, weight},
    message::{
        Incoming, LARGE, LIMIT, Outgoing, Sent, Taken, Told, no_batches, read, taken, too_large,
    },
    terminal,
};

/// So many messages are read ahead.
const AHEAD: usize = 16;

/// Where messages go. Of those that are large only one waits beside the others, so that a
/// small one is not behind many of them.
struct Output {
    stdout: Mutex<Stdout>,
    large: Mutex<()>,
}

/// What is written as one line.
enum Line {
    One(Box<Outgoing>),
    /// The answers to a batch.
    Many(Vec<Outgoing>),
}

impl Line {
    fn text(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::One(message) => serde_json::to_vec(&Told(message)),
            Self::Many(messages) => {
                serde_json::to_vec(&messages.iter().map(Told).collect::<Vec<_>>())
            }
        }
    }
}

/// A request that waits for its answer.
struct Waiting {
    admitted: Arc<Admitted>,
    /// The batch that it came in, if it did.
    batch: Option<Arc<Batch>>,
}

/// Standard input and output as a transport.
pub(crate) struct Lines {
    incoming: mpsc::Receiver<(Sent, Arc<Admitted>)>,
    /// What is left of a batch.
    left: VecDeque<Incoming>,
    /// Whether the protocol's version has batches.
    has_batches: bool,
    output: Arc<Output>,
    in_flight: Arc<InFlight>,
    /// The requests that wait for their answer.
    waiting: Arc<Short<HashMap<RequestId, Waiting>>>,
    /// Answers on their way to lines that cannot be read.
    answers: JoinSet<io::Result<()>>,
    /// How long the end of the input waits for answers.
    patience: Duration,
    /// When that is over, once the input has ended: whoever receives may be dropped while it
    /// waits, and receives again.
    until: Option<Instant>,
    /// Whether a session has begun. The SDK gives up where anything but a
    /// request comes earlier, and that is addressed to nobody.
    opened: bool,
}

impl Lines {
    /// Starts the thread that reads. When the input ends, answers are waited for, but no
    /// longer than this.
    pub(crate) fn open(patience: Duration) -> io::Result<Self> {
        let (sender, incoming) = mpsc::channel(AHEAD);
        let in_flight = Arc::<InFlight>::default();
        let bound = Arc::clone(&in_flight);
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut input = io::stdin().lock();
            while let Ok(Some(line)) = next_line(&mut input) {
                let is_too_long = line.is_none();
                // Before it is read into something larger.
                let weight = line.as_deref().map_or(0, weight);
                let admitted = bound.admit(if is_too_heavy(weight) { 0 } else { weight });
                let message = match line {
                    Some(line) => read(&line),
                    None => Some(Sent::One(Box::new(Err(too_large())))),
                };
                if let Some(message) = message
                    && sender.blocking_send((message, admitted)).is_err()
                {
                    break;
                }
                if is_too_long && input.skip_until(b'\n').is_err() {
                    break;
                }
            }
        })?;
        let left = Arc::clone(&in_flight);
        thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            terminal::until_nobody_reads();
            left.end();
        })?;
        let output = Output { stdout: Mutex::new(terminal::protocol()), large: Mutex::new(()) };
        let output = Arc::new(output);
        let (waiting, answers) = (Arc::default(), JoinSet::new());
        Ok(Self {
            incoming,
            left: VecDeque::new(),
            has_batches: false,
            output,
            in_flight,
            waiting,
            answers,
            patience,
            until: None,
            opened: false,
        })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<RequestId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives its share to whoever is at work on the message; or the answer to one that
    /// cannot be taken.
    fn hand_over(
        &mut self,
        message: &mut Incoming,
        admitted: &Arc<Admitted>,
        batch: Option<&Arc<Batch>>,
    ) -> Option<Outgoing> {
        match message {
            JsonRpcMessage::Request(request) => {
                let mut waiting = self.waiting();
                if waiting.contains_key(&request.id) {
                    return Some(taken(&request.id));
                }
                let one = Waiting { admitted: Arc::clone(admitted), batch: batch.cloned() };
                waiting.insert(request.id.clone(), one);
                match batch {
                    Some(batch) => batch.awaits(),
                    // A batch is one message, and its calls have turns of their own.
                    None => {
                        request.request.extensions_mut().insert(Arc::clone(admitted));
                    }
                }
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    // It gets no answer.
                    let one = self.waiting().remove(id);
                    if let Some(Waiting { admitted, batch: Some(batch) }) = one
                        && let Some(answers) = batch.one_less(None)
                    {
                        self.answer(Line::Many(answers), admitted);
                    }
                }
            }
            _ => {}
        }
        None
    }

    /// Takes a batch apart, where there are batches.
    fn take_apart(&mut self, parts: Vec<Result<Taken, Outgoing>>, admitted: Arc<Admitted>) {
        if !self.has_batches {
            return self.answer(Line::One(no_batches().into()), admitted);
        }
        let batch = Arc::<Batch>::default();
        // It is not whole before all of it was looked at.
        batch.awaits();
        for part in parts {
            let answer = match part.map(|taken| taken.message) {
                Ok(mut message) => match self.hand_over(&mut message, &admitted, Some(&batch)) {
                    None => {
                        self.left.push_back(message);
                        continue;
                    }
                    Some(answer) => answer,
                },
                Err(answer) => answer,
            };
            batch.adds(answer);
        }
        if let Some(answers) = batch.one_less(None) {
            self.answer(Line::Many(answers), admitted);
        }
    }

    /// Answers on its own, because whoever receives may be dropped while it waits.
    fn answer(&mut self, answer: Line, admitted: Arc<Admitted>) {
        while self.answers.try_join_next().is_some() {}
        self.answers.spawn(self.written(answer, Some(admitted)));
    }

    /// Writes it. Where nobody reads any more, all ends.
    fn written(
        &self,
        line: Line,
        admitted: Option<Arc<Admitted>>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (output, in_flight) = (Arc::clone(&self.output), Arc::clone(&self.in_flight));
        async move {
            let written = write(output, line, admitted).await;
            if written.is_err() {
                in_flight.end();
            }
            written
        }
    }
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(&mut self, message: Outgoing) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let id = match &message {
            JsonRpcMessage::Response(response) => {
                if let ServerResult::InitializeResult(welcome) = &response.result {
                    self.has_batches = welcome.protocol_version == ProtocolVersion::V_2025_03_26;
                }
                Some(&response.id)
            }
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        let (line, admitted) = match id.and_then(|id| self.waiting().remove(id)) {
            Some(Waiting { admitted, batch: Some(batch) }) => {
                (batch.one_less(Some(message)).map(Line::Many), Some(admitted))
            }
            Some(Waiting { admitted, batch: None }) => {
                (Some(Line::One(message.into())), Some(admitted))
            }
            None => (Some(Line::One(message.into())), None),
        };
        let written = line.map(|line| self.written(line, admitted));
        async move {
            match written {
                Some(written) => written.await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<Incoming> {
        if let Some(message) = self.left.pop_front() {
            return Some(message);
        }
        let in_flight = Arc::clone(&self.in_flight);
        loop {
            let next = tokio::select! {
                next = self.incoming.recv() => next,
                () = in_flight.ended() => None,
            };
            let Some((next, admitted)) = next else { break };
            match next {
                Sent::One(read) => match *read {
                    Ok(Taken { mut message, .. }) => {
                        self.opened |= opens(&message);
                        if let Some(answer) = self.hand_over(&mut message, &admitted, None) {
                            self.answer(Line::One(answer.into()), admitted);
                        } else if self.opened || matches!(message, JsonRpcMessage::Request(_)) {
                            return Some(message);
                        }
                    }
                    Err(answer) => self.answer(Line::One(answer.into()), admitted),
                },
                Sent::Batch(parts) => {
                    self.take_apart(parts, admitted);
                    if let Some(message) = self.left.pop_front() {
                        return Some(message);
                    }
                }
            }
        }
        // Nobody answers any more what somebody is asked.
        self.in_flight.end();
        // What nobody has begun with, nobody waits for.
        self.incoming.close();
        while self.incoming.recv().await.is_some() {}
        // The process may end as soon as this does: not before what was asked is answered.
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.patience);
        let _ = timeout_at(until, self.in_flight.is_over()).await;
        None
    }

    async fn close(&mut self) -> io::Result<()> {
        // Each message is flushed. One that nobody reads is not waited for.
        Ok(())
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

/// Writes a message; it counts as in flight for so long.
async fn write(
    output: Arc<Output>,
    line: Line,
    _admitted: Option<Arc<Admitted>>,
) -> io::Result<()> {
    // A large one takes its time, so not where others are served. What waits for a slow
    // reader is only the text.
    let line = spawn_blocking(move || line.text()).await;
    let mut line = line.map_err(io::Error::other)??;
    line.push(b'\n');
    let _turn = if line.len() > LARGE { Some(output.large.lock().await) } else { None };
    let mut stdout = output.stdout.lock().await;
    stdout.write_all(&line).await?;
    stdout.flush().await
}

/// The next line, or that it is too long, with its rest still to come; `None` at the end.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    let length = input.by_ref().take(LIMIT as u64).read_until(b'\n', &mut line)?;
    if length == LIMIT && !line.ends_with(b"\n") {
        return Ok(Some(None));
    }
    Ok(Some(Some(line)).filter(|_| length > 0))
}
