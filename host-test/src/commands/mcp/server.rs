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
    asking::Ask,
    calls::{Call, Calls, NoOutcome},
    engine::Limits,
    meant::{self, Meant, meant, tool_meant},
    retry::Patience,
    seen::seen,
    suggest::unknown,
    tools::Tool,
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        self, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult,
        ConstString, ContentBlock, CustomRequest, CustomResult, ErrorCode, GetPromptRequestParams,
        GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
        ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
        ToolAnnotations,
    },
    service::RequestContext,
};
use serde_json::Value;
use tokio::{
    sync::{Notify, Semaphore},
    task::block_in_place,
    time::{Instant, sleep, timeout_at},
};

use super::{
    asking::{Asker, Questions},
    offered::{Offered, answer, not_taken},
    prompts, resources,
    turns::Turns,
    words::{repeated, without_folders, words_of, words_of_host},
};
use crate::{failure::instructions, in_flight::Admitted};

/// What methods take that are served.
const PARAMS: [(&str, &str); 3] = [
    ("prompts/get", "`name` as text and `arguments` as an object"),
    ("resources/read", "`uri` as text"),
    ("resources/templates/list", "an object"),
];
/// How often a client that asked for progress hears of a call.
const BEAT: Duration = Duration::from_secs(1);

/// The tools of one caller.
pub(super) struct Server {
    calls: Calls,
    /// All that the connector offers, in the form for models, whoever may call them.
    offered: Vec<Offered>,
    identity: Implementation,
    about: String,
    tries: usize,
    /// A call has a turn of each.
    turns: Vec<Arc<Semaphore>>,
    questions: Questions,
}

impl Server {
    pub(super) fn new(
        calls: Calls,
        identity: Implementation,
        tries: usize,
        turns: Vec<Arc<Semaphore>>,
    ) -> Self {
        let (offered, tools) = (Offered::all_of(&calls), calls.tools().unwrap_or_default());
        let (mut about, questions) =
            (instructions(calls.connector(), &tools), Questions::default());
        if tries > 0 && !about.is_empty() {
            about.push_str(&format!(
                "\n\nWhat may be repeated at once, this server repeats by itself, for up to {} \
                 requests a call.",
                tries + 1
            ));
        }
        Self { calls, offered, identity, about, tries, turns, questions }
    }

    /// Why nothing can be served, if so.
    pub(super) fn can_serve(&self) -> Result<(), NoOutcome> {
        self.calls.tools().map(|_| ())
    }

    /// The tools that the caller may call now, in the form for models.
    fn listed(&self) -> Result<Vec<&Tool>, ErrorData> {
        let tools = self.calls.tools();
        let tools = tools.map_err(|why| {
            let why = without_folders(&why.to_string());
            ErrorData::internal_error(format!("{why}. Tell the user"), None)
        })?;
        let is_listed = |it: &&Offered| tools.iter().any(|tool| tool.name == it.tool.name);
        Ok(self.offered.iter().filter(is_listed).map(|it| &it.tool).collect())
    }

    /// What an agent said, in a form that can be said back to it.
    async fn repeated(&self, text: &str) -> String {
        let said = self.calls.without_key("", text.into()).await;
        repeated(said.as_str().unwrap_or_default())
    }
}

/// A list comes whole, so that it has a beginning and no further page.
fn is_whole(asked: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match asked.and_then(|asked| asked.cursor).filter(|cursor| !cursor.is_empty()) {
        Some(_) => Err(ErrorData::invalid_params(
            "there is no such cursor: the list comes whole, without one",
            None,
        )),
        None => Ok(()),
    }
}

/// The room of the message that a call came in, if that is bounded.
fn admitted(context: &RequestContext<RoleServer>) -> Option<&Arc<Admitted>> {
    let of_http = || context.extensions.get::<http::request::Parts>()?.extensions.get();
    context.extensions.get().or_else(of_http)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder();
        let capabilities = capabilities.enable_tools().enable_prompts().enable_resources();
        let mut info = ServerConfig::new(capabilities.build());
        info.server_info = self.identity.clone();
        info.instructions = Some(self.about.clone()).filter(|about| !about.is_empty());
        info
    }

    async fn list_tools(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        is_whole(asked)?;
        let listed = self.listed()?.into_iter().map(listed);
        Ok(ListToolsResult::with_all_items(listed.collect()))
    }

    async fn list_prompts(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        is_whole(asked)?;
        let prompts = prompts::listed(self.calls.connector());
        Ok(ListPromptsResult::with_all_items(prompts))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name = self.calls.without_key("", request.name.into()).await;
        let given = self.calls.without_key("", request.arguments.unwrap_or_default().into()).await;
        let name = name.as_str().unwrap_or_default();
        let arguments = given.as_object().cloned().unwrap_or_default();
        let tools = self.listed()?;
        let result = prompts::get(self.calls.connector(), name, &arguments, &tools);
        result.map(Into::into).map_err(|why| ErrorData::invalid_params(repeated(&why), None))
    }

    async fn list_resources(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        is_whole(asked)?;
        Ok(ListResourcesResult::with_all_items(vec![resources::contract()]))
    }

    async fn list_resource_templates(
        &self,
        asked: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        is_whole(asked)?;
        Ok(ListResourceTemplatesResult::with_all_items(vec![resources::of_a_function()]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let tools = self.listed()?;
        if let Some(read) = resources::read(&self.about, &request.uri, &tools, &self.identity.name)
        {
            return Ok(read.into());
        }
        let uri = self.repeated(&request.uri).await;
        let there_is = resources::CONTRACT;
        let why = format!(
            "there is no resource `{uri}`; there is {there_is}, and {there_is}/NAME of each tool"
        );
        Err(ErrorData::resource_not_found(why, Some(serde_json::json!({ "uri": uri }))))
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
            let result = match self.call_tool(request, context).await? {
                CallToolResponse::Complete(result) => serde_json::to_value(result),
                CallToolResponse::InputRequired(asked) => serde_json::to_value(asked),
                _ => return Err(ErrorData::internal_error("the call is not complete", None)),
            };
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
        } else if let Some((_, expected)) = PARAMS.iter().find(|(known, _)| *known == method) {
            let why = format!("the params of {method} cannot be read: expected {expected}");
            ErrorData::invalid_params(why, None)
        } else {
            let why = format!("there is no method `{}`", self.repeated(&method).await);
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, why, None)
        })
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let names = self.offered.iter().map(|it| &*it.tool.name);
        let name = tool_meant(&request.name, names, &self.identity.name);
        let offered = self.offered.iter().find(|it| name == Some(&it.tool.name));
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let Some(offered) = offered else {
            // For the log, which has every call: it is refused there in its own words.
            let _ = self.calls.make_once(Call::new(&request.name, &arguments)).await;
            let known = self.calls.tools().unwrap_or_default();
            let known: Vec<_> = known.iter().map(|tool| &*tool.name).collect();
            let name = self.repeated(&request.name).await;
            let message = unknown("tool", &name, &known, "there are");
            return Err(ErrorData::invalid_params(message, None));
        };
        let prompt = context.meta.get("prompt").and_then(Value::as_str);
        let turns = Turns::of(&self.turns, admitted(&context));
        let again = request.request_state.zip(request.input_responses);
        let asker = Asker::new(&context, &turns, &self.questions, again);
        let name = &offered.tool.name;
        let call = |arguments| Call { prompt, ..Call::new(name, arguments) };
        let has_a_turn = AtomicBool::new(false);
        let made = async {
            let time = Limits::default().time;
            let until = Instant::now() + time;
            if timeout_at(until, turns.take()).await.is_err() {
                let why =
                    format!("so many calls were under way that its turn did not come in {time:?}");
                let why = self.calls.turn_down(call(&arguments), |_| NoOutcome::Refused(why)).await;
                return Err(format!(
                    "{why}.\n\nNothing was sent. Make fewer calls at once, and this one again later."
                ));
            }
            has_a_turn.store(true, Relaxed);
            let understood = |arguments: Value| {
                let Meant { mut arguments, left_out } = meant(arguments, &offered.tool)?;
                let choice = offered.choice(&mut arguments)?;
                Ok((arguments, choice, left_out))
            };
            let (taken, choice, mut left_out) = match understood(arguments.clone()) {
                Ok(understood) => understood,
                Err(why) => {
                    // Told of what may be shown, lest half a key stands where it is cut.
                    let told = |shown| NoOutcome::Misfit(understood(shown).err().unwrap_or(why));
                    let why = self.calls.turn_down(call(&arguments), told).await;
                    return Err(words_of_host(why));
                }
            };
            if !left_out.is_empty() {
                let shown = self.calls.without_key(name, arguments.clone()).await;
                left_out = understood(shown).map(|(_, _, names)| names).unwrap_or_default();
            }
            let patience = Patience::new(self.tries, until - Instant::now());
            let asker = Some(&asker as &dyn Ask);
            let call = Call { prompt, asker, ..Call::new(name, &taken) };
            let outcome = self.calls.make(call, patience, |_, _| {}).await;
            let outcome = outcome.map_err(words_of_host)?;
            // A large one takes its time, so not where others are served.
            Ok(block_in_place(|| match outcome.result {
                Ok(result) => answer(result, choice.as_ref(), &left_out),
                Err(error) => {
                    let told = [Some(words_of(&error)), not_taken(&left_out)];
                    failed(told.into_iter().flatten().collect::<Vec<_>>().join("\n"))
                }
            }))
        };
        let done = Notify::new();
        let result = async {
            let is_cancelled = async {
                context.ct.cancelled().await;
                asker.is_done().await;
            };
            let result = tokio::select! {
                biased;
                result = made => result.unwrap_or_else(failed),
                // Dropping the call ends its request.
                () = is_cancelled => {
                    if !has_a_turn.load(Relaxed) {
                        let why = "it was cancelled before its turn came".to_owned();
                        self.calls.turn_down(call(&arguments), |_| NoOutcome::Refused(why)).await;
                    }
                    failed("The call was cancelled.".to_owned())
                }
            };
            done.notify_one();
            result
        };
        let (result, ()) = tokio::join!(result, beat(&context, &done));
        Ok(asker.put().map_or_else(|| result.into(), Into::into))
    }
}

/// The params of a call whose arguments, all of them, are given as their JSON text or as
/// an empty list. A text that was to be theirs and is none is refused with the call, in words
/// that a model reads.
fn in_usual_form(mut params: Value) -> Value {
    if let Some(arguments) = params.get_mut("arguments") {
        let object = meant::object(arguments.take());
        let is_meant = object.as_str().is_some_and(|text| text.trim_start().starts_with('{'));
        *arguments = if is_meant { serde_json::json!({ "arguments": object }) } else { object };
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

pub(super) fn listed(tool: &Tool) -> model::Tool {
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
    let text = seen(&text).unwrap_or(text);
    CallToolResult::error(vec![ContentBlock::text(text)])
}
