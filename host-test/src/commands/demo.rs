//! `twochat demo`: every action and some failures, over real HTTP.
//!
//! What works is called with the examples of the contract's own docs, so that a new
//! action needs nothing here; the failures are told of two actions that fail well.

use std::env;

use host::{
    access::Access,
    calls::{Call, Calls},
    gate::Connection,
    secret::Secret,
    tools::Tool,
};
use mock::{DEFAULT_KEY, Exchange, Fault, Mock, Options};
use serde_json::{Map, Value, json};

use crate::{
    authority,
    caller::client,
    component::ComponentArguments,
    exit::{CommandError, EXIT_CODES},
    paint::{self, BAD, BOLD, DIM, GOOD},
    terminal,
};

/// Show every action, and some failures, against a mock 2Chat.
///
/// Starts the mock on a free loopback port, calls each action of the component
/// on an instance of its own, and shows what was asked, what went over the
/// wire and what the component made of it.
#[derive(clap::Args, Default)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    component: ComponentArguments,
}

/// Where what is shown of a call begins.
const INDENT: &str = "\n            ";
/// What stands in the place of the rest of a reply.
const MORE: &str = " …";
/// So many lines of a reply are shown.
const REPLY_LINES: usize = 2;

/// One call: what it shows, the faults it meets, the action and its arguments,
/// and the kind of error that is to come of it, if any.
struct Scene {
    title: String,
    faults: &'static [Fault],
    action: String,
    arguments: Value,
    /// What is passed in where those are refused before anything is sent.
    otherwise: Option<Value>,
    error: Option<&'static str>,
}

/// The action as its own docs show it: with the examples of what it needs, or where that
/// is not enough, with all of them.
fn as_documented(tool: &Tool) -> Scene {
    let schema = &tool.input_schema;
    let required = schema.get("required").and_then(Value::as_array);
    let is_needed = |name: &str| required.is_some_and(|names| names.contains(&name.into()));
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let example = |(name, field): (&String, &Value)| {
        Some((name.clone(), field.pointer("/examples/0")?.clone()))
    };
    let all: Map<_, _> = fields.filter_map(example).collect();
    let mut needed = all.clone();
    needed.retain(|name, _| is_needed(name));
    Scene {
        title: tool.title.clone(),
        faults: &[],
        action: tool.name.clone(),
        arguments: needed.into(),
        otherwise: Some(all.into()),
        error: None,
    }
}

fn failures() -> Vec<Scene> {
    let scene = |title: &str, faults, action: &str, arguments, error| {
        let (title, action) = (title.to_owned(), action.to_owned());
        Scene { title, faults, action, arguments, otherwise: None, error: Some(error) }
    };
    vec![
        scene(
            "A number that is none is refused before anything is sent",
            &[],
            "create-contact",
            json!({
                "first-name": "Grace",
                "details": [{ "kind": "phone", "value": "415-555-0142" }],
            }),
            "invalid-input",
        ),
        scene(
            "Too many requests: the error says how long to wait",
            &[Fault::Status(429), Fault::RetryAfter],
            "list-contacts",
            json!({}),
            "rate-limited",
        ),
        scene(
            "A creation that nobody knows the end of: look before you repeat it",
            &[Fault::Html504],
            "create-contact",
            json!({
                "first-name": "Grace",
                "details": [{ "kind": "phone", "value": "+14155550142" }],
            }),
            "interrupted",
        ),
    ]
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let mock = Mock::start(Options::default())
        .await
        .map_err(|error| CommandError::Host(format!("the mock cannot be started: {error}")))?;
    let broken = |why: &str| CommandError::Host(format!("the mock cannot be reached: {why}"));
    let key = Secret::new(DEFAULT_KEY).map_err(broken)?;
    let connection =
        Connection::new(&authority::built_in()?, &mock.base_url(), Some(key)).map_err(broken)?;
    let connector = arguments.component.load()?;
    let calls = Calls::new(connector, client()?, Access::of_owner(connection));
    show(&format!("{BOLD}The connector against a mock 2Chat at {}{BOLD:#}", mock.base_url()));
    show(&format!(
        "{DIM}The host adds the key to each request; the component never holds it.{DIM:#}"
    ));
    let works = calls.offered().iter().map(as_documented);
    let scenes: Vec<_> = works.chain(failures()).collect();
    let mut unexpected = Vec::new();
    for (number, scene) in scenes.iter().enumerate() {
        if !play(number + 1, scene, &calls, &mock).await? {
            unexpected.push((number + 1).to_string());
        }
    }
    if !unexpected.is_empty() {
        let numbers = unexpected.join(", ");
        return Err(CommandError::Host(format!("calls that ended as they should not: {numbers}")));
    }
    // Whoever runs it from the repository has no `twochat` yet.
    let command = if env::var_os("CARGO").is_some() { "cargo run -q --" } else { "twochat" };
    let (calls, setting) = (scenes.len(), authority::key_setting()?);
    show(&format!(
        "\n{GOOD}{calls} of {calls} calls went as expected.{GOOD:#} With a key, try next:"
    ));
    show(&format!("  export {setting}=…; {command} call test-api-key"));
    Ok(())
}

/// How wide a line may be: as the terminal, and as any where there is none.
fn width() -> usize {
    terminal::width().unwrap_or(80)
}

/// Makes the call and shows it. Gives whether it ended as it should.
async fn play(
    number: usize,
    scene: &Scene,
    calls: &Calls,
    mock: &Mock,
) -> Result<bool, CommandError> {
    mock.clear();
    scene.faults.iter().for_each(|fault| mock.switch_on(*fault));
    let before = mock.exchanges().len();
    let mut arguments = &scene.arguments;
    let mut outcome = calls.make_once(Call::new(&scene.action, arguments)).await?;
    let is_misfit = |error: &Value| error.get("kind").is_some_and(|kind| kind == "invalid-input");
    if let (Err(error), Some(otherwise)) = (&outcome.result, &scene.otherwise)
        && is_misfit(error)
        && mock.exchanges().len() == before
    {
        arguments = otherwise;
        outcome = calls.make_once(Call::new(&scene.action, arguments)).await?;
    }

    show(&format!("\n{BOLD}{number}. {}{BOLD:#}", scene.title));
    let call = format!("{} {arguments}", scene.action);
    let call = paint::folded(&call, width() - INDENT.len()).join(INDENT);
    let call = call.replacen(&scene.action, &format!("{BOLD}{}{BOLD:#}", scene.action), 1);
    show(&format!("{DIM}   call{DIM:#}     {call}"));
    let exchanges = mock.exchanges();
    let sent = exchanges.get(before..).unwrap_or_default();
    if sent.is_empty() {
        show(&format!("{DIM}   sent{DIM:#}     nothing"));
    }
    sent.iter().for_each(show_exchange);
    let (style, label, value) = match &outcome.result {
        Ok(value) => (GOOD, "result", value),
        Err(error) => (BAD, "error ", error),
    };
    let value = paint::json_within(value, width() - INDENT.len()).replace('\n', INDENT);
    show(&format!("   {style}{label}{style:#}   {value}"));
    show(&format!(
        "{DIM}   used     {} units of fuel, {} KiB of memory{DIM:#}",
        outcome.fuel,
        outcome.memory / 1024
    ));
    let error = outcome.result.as_ref().err().and_then(|error| error.get("kind")?.as_str());
    Ok(error == scene.error && outcome.result.is_err() == scene.error.is_some())
}

fn show_exchange(Exchange { request, reply }: &Exchange) {
    let query: Vec<_> =
        request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let sent = format!("{} {}{query} {}", request.method, request.path, request.body);
    let sent = paint::folded(sent.trim_end(), width() - INDENT.len()).join(INDENT);
    show(&format!("{DIM}   sent{DIM:#}     {sent}"));
    if let Some(reply) = reply {
        let body =
            String::from_utf8_lossy(&reply.body).split_whitespace().collect::<Vec<_>>().join(" ");
        let body = format!("{} {}", reply.status, paint::visible(&body));
        let mut lines = paint::folded(&body, width() - INDENT.len() - MORE.len());
        let more = if lines.len() > REPLY_LINES { MORE } else { "" };
        lines.truncate(REPLY_LINES);
        show(&format!("{DIM}   reply    {}{more}{DIM:#}", lines.join(INDENT)));
    }
}

fn show(line: &str) {
    // A reader that has seen enough is no failure.
    let _ = terminal::show(line);
}
