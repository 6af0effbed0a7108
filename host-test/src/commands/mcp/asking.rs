//! How is the person behind an agent asked? By an elicitation: a form with one box.
//!
//! Up to the protocol of 2025 the server asks while the call waits. From 2026-07-28 on the
//! question is the call's result, and the same call comes again with the answer.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use host::{
    asking::{Answer, Answering, Ask, Question, THINKING},
    calls::Source,
    hex::hex,
};
use ring::rand::{SecureRandom, SystemRandom};
use rmcp::{
    RoleServer,
    model::{
        BooleanSchema, ClientResult, ElicitRequest, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationSchema, InputRequest, InputRequiredResult, InputResponses,
        PrimitiveSchemaDefinition, ProtocolVersion, ServerRequest,
    },
    service::{PeerRequestOptions, RequestContext, RequestHandle, ServiceError},
};
use serde_json::Value;
use tokio::{sync::Mutex as Turn, time::Instant};

use super::{served::WithoutEvents, turns::Turns};

/// The box that says yes.
const YES: &str = "allow";
/// The name of the question among those of a result.
const CONSENT: &str = "consent";
/// So many questions of one caller wait for the call that answers them.
const OPEN: usize = 64;
/// What is said where no person can be asked.
const NOBODY: &str = "the client offers no form for it (elicitation). Use one that does, or \
                      whoever runs this server moves the action from `ask` to `actions`";

const NO_EVENTS: &str = "the client accepts no events (text/event-stream), by which a question \
                         would reach it";

/// The questions that are to be answered by a call that comes again.
#[derive(Default)]
pub(super) struct Questions(Mutex<BTreeMap<String, Put>>);

/// A question that was put.
struct Put {
    action: String,
    arguments: Value,
    source: Source,
    until: Instant,
}

impl Questions {
    /// Notes a question; gives what the call that answers it has to show.
    fn put(&self, question: Question<'_>) -> Option<String> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, put| put.until > Instant::now());
        let mut state = [0; 16];
        SystemRandom::new().fill(&mut state).ok()?;
        // Whoever answers the oldest now is asked again.
        while open.len() >= OPEN
            && let Some(oldest) = open.iter().min_by_key(|(_, put)| put.until)
        {
            let oldest = oldest.0.clone();
            open.remove(&oldest);
        }
        let (action, arguments) = (question.action.to_owned(), question.arguments.clone());
        let (source, until) = (question.source.clone(), Instant::now() + THINKING);
        open.insert(hex(state), Put { action, arguments, source, until });
        Some(hex(state))
    }

    /// Whether this is what was asked about; an answer counts once.
    fn is_about(&self, state: &str, question: Question<'_>) -> bool {
        let put = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        put.is_some_and(|put| {
            put.until > Instant::now()
                && put.action == question.action
                && put.arguments == *question.arguments
                && put.source == *question.source
        })
    }
}

/// Asks the person behind the agent that makes a call.
pub(super) struct Asker<'a> {
    context: &'a RequestContext<RoleServer>,
    turns: &'a Turns<'a>,
    questions: &'a Questions,
    /// What an earlier question said, and the answers to it, where the call comes again.
    again: Option<(String, InputResponses)>,
    /// The question, where it is the call's result.
    put: Mutex<Option<InputRequiredResult>>,
    asking: Turn<()>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        context: &'a RequestContext<RoleServer>,
        turns: &'a Turns<'a>,
        questions: &'a Questions,
        again: Option<(String, InputResponses)>,
    ) -> Self {
        let (put, asking) = (Mutex::default(), Turn::default());
        Self { context, turns, questions, again, put, asking }
    }

    /// The question, where it is the call's result.
    pub(super) fn put(&self) -> Option<InputRequiredResult> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits while somebody is asked: what came of it is still to be written down.
    pub(super) async fn is_done(&self) {
        drop(self.asking.lock().await);
    }

    fn can_ask(&self) -> bool {
        let elicitation = self.context.client_capabilities().and_then(|it| it.elicitation);
        // One that names no mode has forms.
        elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
    }

    async fn answer(&self, question: Question<'_>) -> Answer {
        if !self.can_ask() {
            return Answer::Nobody(NOBODY);
        }
        let request = form(question.words());
        let version = self.context.protocol_version();
        if version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
            return self.answer_of_rounds(question, request);
        }
        let of_http = self.context.extensions.get::<http::request::Parts>();
        if of_http.is_some_and(|of| of.extensions.get::<WithoutEvents>().is_some()) {
            return Answer::Nobody(NO_EVENTS);
        }
        let _asking = self.asking.lock().await;
        self.turns.leave();
        let sent = self.context.peer.send_cancellable_request(
            ServerRequest::ElicitRequest(request),
            PeerRequestOptions::no_options(),
        );
        let Ok(handle) = sent.await else { return Answer::Gone };
        let mut open = Open(Some(handle));
        let answered = tokio::select! {
            answered = open.answered() => answered,
            () = self.context.ct.cancelled() => return Answer::Cancelled,
            () = self.turns.caller_left() => return Answer::Gone,
        };
        let answer = match answered {
            Ok(ClientResult::ElicitResult(result)) => said(&result),
            Err(ServiceError::McpError(_)) => {
                Answer::Nobody("the client answered that it cannot ask")
            }
            Ok(_) => Answer::Nobody("the client answered something else"),
            Err(_) => Answer::Gone,
        };
        if answer == Answer::Yes {
            self.turns.take().await;
        }
        answer
    }

    fn answer_of_rounds(&self, question: Question<'_>, request: ElicitRequest) -> Answer {
        if let Some((state, answers)) = &self.again
            && self.questions.is_about(state, question)
            && let Some(answer) = answers.get(CONSENT)
        {
            let result = serde_json::from_value::<ElicitResult>(answer.clone());
            return result.map_or(Answer::Unclear, |result| said(&result));
        }
        let Some(state) = self.questions.put(question) else {
            return Answer::Nobody("no question can be made up");
        };
        let request = InputRequest::Elicitation(request);
        let requests = BTreeMap::from([(CONSENT.to_owned(), request)]);
        let put = InputRequiredResult::new(Some(requests), Some(state));
        *self.put.lock().unwrap_or_else(PoisonError::into_inner) = Some(put);
        Answer::Awaited
    }
}

impl Ask for Asker<'_> {
    fn by(&self) -> &'static str {
        "elicitation"
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> Answering<'a> {
        Box::pin(self.answer(question))
    }
}

/// A question that is put. Dropped without an answer, it is taken back.
struct Open(Option<RequestHandle<RoleServer>>);

impl Open {
    async fn answered(&mut self) -> Result<ClientResult, ServiceError> {
        let Some(handle) = &mut self.0 else { return Err(ServiceError::TransportClosed) };
        let answered = (&mut handle.rx).await;
        self.0 = None;
        answered.map_err(|_| ServiceError::TransportClosed)?
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            let why = Some("the call is not waited for any more".to_owned());
            // Whoever is gone does not hear it.
            tokio::spawn(handle.cancel(why));
        }
    }
}

fn form(message: String) -> ElicitRequest {
    let yes = BooleanSchema::new()
        .title("Make this call")
        .description("Yes sends exactly what is shown, once. No sends nothing.");
    let mut schema = ElicitationSchema::new(BTreeMap::from([(
        YES.to_owned(),
        PrimitiveSchemaDefinition::Boolean(yes),
    )]));
    schema.required = Some(vec![YES.to_owned()]);
    ElicitRequest::new(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema: schema,
    })
}

/// What a person said: only the box that is ticked is a yes.
fn said(result: &ElicitResult) -> Answer {
    let ticked = result.content.as_ref().and_then(|content| content.get(YES));
    match (&result.action, ticked) {
        (ElicitationAction::Accept, Some(Value::Bool(true))) => Answer::Yes,
        (ElicitationAction::Accept, Some(Value::Bool(false))) => Answer::No,
        (ElicitationAction::Accept, _) => Answer::Unclear,
        (ElicitationAction::Cancel, _) => Answer::Cancelled,
        _ => Answer::No,
    }
}
