//! The actions as tools: what is listed, called and told, however messages come in.
//!
//! Knows the protocol and no action. A result goes out as structured content
//! and as text; an error of the action as a text that a model can act on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use host::{
    calls::{Call, Calls, NoOutcome},
    engine::Limits,
    meant::{self, Meant, meant},
    retry::Patience,
    tools::Tool,
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        self, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult,
        ConstString, ContentBlock, CustomRequest, CustomResult, ErrorCode, Implementation,
        ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities,
        ServerConfig, ToolAnnotations,
    },
    service::RequestContext,
};
use serde_json::Value;
use tokio::{
    sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::{Instant, sleep, timeout_at},
};

use crate::{failure, in_flight::Admitted, paint::visible};

/// So much is repeated of what an agent got wrong.
const REPEATED: usize = 500;
/// How often a client that asked for progress hears of a call.
const BEAT: Duration = Duration::from_secs(1);

/// The tools of one caller.
pub(super) struct Server {
    calls: Calls,
    about: String,
    tries: usize,
    /// A call has a turn of each.
    turns: Vec<Arc<Semaphore>>,
}

impl Server {
    pub(super) fn new(calls: Calls, tries: usize, turns: Vec<Arc<Semaphore>>) -> Self {
        Self { about: about(&calls), calls, tries, turns }
    }

    /// Why nothing can be served, if so.
    pub(super) fn can_serve(&self) -> Result<(), NoOutcome> {
        self.calls.tools().map(|_| ())
    }

    async fn turns(&self) -> Result<Vec<OwnedSemaphorePermit>, AcquireError> {
        let mut turns = Vec::new();
        for all in &self.turns {
            turns.push(Arc::clone(all).acquire_owned().await?);
        }
        Ok(turns)
    }
}

/// The room of the message that a call came in, if that is bounded.
fn admitted(context: &RequestContext<RoleServer>) -> Option<&Arc<Admitted>> {
    let of_http = || context.extensions.get::<http::request::Parts>()?.extensions.get();
    context.extensions.get().or_else(of_http)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("twochat", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(self.about.clone()).filter(|about| !about.is_empty());
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.calls.tools();
        let tools = tools.map_err(|why| ErrorData::internal_error(why.to_string(), None))?;
        Ok(ListToolsResult::with_all_items(tools.into_iter().map(listed).collect()))
    }

    /// Whatever the SDK could not read as a request that it knows.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let CustomRequest { method, params, .. } = request;
        if method == CallToolRequestMethod::VALUE
            && let Some(Ok(request)) = params.map(in_usual_form).map(serde_json::from_value)
        {
            let CallToolResponse::Complete(result) = self.call_tool(request, context).await? else {
                return Err(ErrorData::internal_error("the call is not complete", None));
            };
            let result = serde_json::to_value(result);
            return result
                .map(CustomResult::new)
                .map_err(|error| ErrorData::internal_error(error.to_string(), None));
        }
        Err(if method == CallToolRequestMethod::VALUE {
            let expected = "expected `name` as text and `arguments` as an object";
            ErrorData::invalid_params(
                format!("the params of {method} cannot be read: {expected}"),
                None,
            )
        } else {
            let method = repeated(&method);
            let why = format!("there is no method `{method}`, or its params cannot be read");
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, why, None)
        })
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let offered = self.calls.offered().iter().find(|tool| tool.name == request.name);
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let Some(tool) = offered else {
            // For the log, which has every call: it is refused there in its own words.
            let _ = self.calls.make_once(Call::new(&request.name, &arguments)).await;
            let known = self.calls.tools().unwrap_or_default();
            let known = known.iter().map(|tool| &*tool.name).collect::<Vec<_>>().join(", ");
            let name = repeated(&request.name);
            let message = format!("there is no tool `{name}`; there are {known}");
            return Err(ErrorData::invalid_params(message, None));
        };
        let prompt = context.meta.get("prompt").and_then(Value::as_str);
        let call = |arguments| Call { prompt, ..Call::new(&request.name, arguments) };
        let has_a_turn = AtomicBool::new(false);
        let made = async {
            let time = Limits::default().time;
            let until = Instant::now() + time;
            // The semaphores are never closed.
            let Ok(Ok(turns)) = timeout_at(until, self.turns()).await else {
                let why =
                    format!("so many calls were under way that its turn did not come in {time:?}");
                let why = self.calls.turn_down(call(&arguments), NoOutcome::Refused(why)).await;
                return Err(format!(
                    "{why}.\n\nNothing was sent. Make fewer calls at once, and this one again later."
                ));
            };
            has_a_turn.store(true, Relaxed);
            // An answer that waits for a slow reader takes its turns along.
            let _turns = match admitted(&context) {
                Some(admitted) => {
                    admitted.keep(turns);
                    Vec::new()
                }
                None => turns,
            };
            let Meant { arguments, left_out } = match meant(arguments.clone(), &tool.input_schema) {
                Ok(meant) => meant,
                Err(why) => {
                    let why = NoOutcome::Misfit(why);
                    let why = self.calls.turn_down(call(&arguments), why).await;
                    return Err(words_of_host(why));
                }
            };
            let patience = Patience::new(self.tries, until - Instant::now());
            let call = Call { prompt, ..Call::new(&request.name, &arguments) };
            let outcome = self.calls.make(call, patience, |_, _| {}).await;
            let outcome = outcome.map_err(words_of_host)?;
            // A large one takes its time, so not where others are served.
            let result = spawn_blocking(|| match outcome.result {
                Ok(result) => CallToolResult::structured(result),
                Err(error) => failed(words_of(&error)),
            });
            let mut result = result.await.map_err(|error| error.to_string())?;
            if !left_out.is_empty() {
                result.content.push(ContentBlock::text(not_fields(&left_out)));
            }
            Ok(result)
        };
        let done = Notify::new();
        let result = async {
            let result = tokio::select! {
                result = made => result.unwrap_or_else(failed),
                // Dropping the call ends its request.
                () = context.ct.cancelled() => {
                    if !has_a_turn.load(Relaxed) {
                        let why = "it was cancelled before its turn came".to_owned();
                        self.calls.turn_down(call(&arguments), NoOutcome::Refused(why)).await;
                    }
                    failed("The call was cancelled.".to_owned())
                }
            };
            done.notify_one();
            result
        };
        let (result, ()) = tokio::join!(result, beat(&context, &done));
        Ok(result.into())
    }
}

/// What there is to know before any tool is called.
fn about(calls: &Calls) -> String {
    let connector = calls.connector();
    let tools = calls.tools().unwrap_or_default();
    let mut toolsets: Vec<_> = tools.iter().map(|tool| tool.toolset.as_str()).collect();
    toolsets.dedup();
    let mut about = connector.docs().about(&toolsets);
    if Tool::all_of(connector).iter().any(Tool::errors_advise) {
        let between = if about.is_empty() { "" } else { "\n\n" };
        about = about + between + failure::RULES;
    }
    about
}

/// The params of a call whose arguments, all of them, are given as their JSON text or as
/// an empty list.
fn in_usual_form(mut params: Value) -> Value {
    if let Some(arguments) = params.get_mut("arguments") {
        *arguments = meant::object(arguments.take());
    }
    params
}

/// Tells a client that asked for it how long the call has taken, until it is
/// done. What is being told then is told to its end: progress must not come
/// after the result.
async fn beat(context: &RequestContext<RoleServer>, done: &Notify) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let begun = Instant::now();
    loop {
        tokio::select! {
            () = done.notified() => return,
            () = sleep(BEAT) => {}
        }
        let seconds = begun.elapsed().as_secs();
        #[expect(clippy::cast_precision_loss, reason = "a call takes no such time")]
        let progress = ProgressNotificationParam::new(token.clone(), seconds as f64)
            .with_message(format!("waiting for the answer, {seconds} s"));
        // A client that is gone takes the whole server along; see `waiting`.
        let _ = context.peer.notify_progress(progress).await;
    }
}

fn listed(tool: &Tool) -> model::Tool {
    let hints = tool.annotations;
    let annotations = ToolAnnotations::from_raw(
        None,
        hints.read_only_hint,
        hints.destructive_hint,
        hints.idempotent_hint,
        Some(hints.open_world_hint),
    );
    let description = Some(tool.description.clone()).filter(|text| !text.is_empty());
    let schema = Arc::new(tool.input_schema.clone());
    model::Tool::new_with_raw(tool.name.clone(), description.map(Into::into), schema)
        .with_title(tool.title.clone())
        .with_raw_output_schema(Arc::new(tool.output_schema.clone()))
        .with_annotations(annotations)
}

fn failed(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// What is told beside a result, lest a model thinks that it was heeded.
fn not_fields(left_out: &[String]) -> String {
    format!("Left out, since the tool has no such field: {}", left_out.join(", "))
}

/// An error of the action in words: what happened, whether it may have been
/// carried out, and what to do next.
fn words_of(error: &Value) -> String {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let Some(message) = text("message") else { return error.to_string() };
    let kind = text("kind").unwrap_or("error");
    let status = error.get("status").map(|status| format!(", HTTP status {status}"));
    let field = text("field").map(|field| format!(", field `{field}`"));
    let (status, field) = (status.unwrap_or_default(), field.unwrap_or_default());
    let (effect, advice) = (failure::effect(error), failure::advice(error));
    format!("{message}\n\nError: {kind}{status}{field}. {effect} {advice}")
}

/// Where the host itself could not carry out a call.
fn words_of_host(why: NoOutcome) -> String {
    match why {
        NoOutcome::Misfit(why) => {
            let why = repeated(&why);
            format!("{why}\n\nNothing was sent. Correct the arguments and call again.")
        }
        NoOutcome::Refused(why) | NoOutcome::NotWritten(why) => format!(
            "{why}.\n\nNothing was sent. Do not repeat the call: whoever runs this host has to \
             change that first."
        ),
        NoOutcome::Stopped(why) => format!(
            "{why}\n\nIt may have been carried out: look before you repeat it. If this comes \
             again, tell the operator."
        ),
    }
}

/// What an agent said, in a form that can be said back to it.
fn repeated(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(REPEATED).collect();
    short.extend(chars.next().map(|_| '…'));
    visible(&short)
}
