//! `twochat call`: one action, its result on stdout, its error on stderr.
//!
//! What can be called, and with what, is read from the component before the
//! command line is.

use std::{ffi::OsString, io, mem::ManuallyDrop, path::PathBuf, sync::Arc};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind, value_parser,
};
use host::{
    access::Offer,
    asking::Ask,
    calls::{Call, Calls, NoOutcome},
    doubles::doubled,
    engine::{Connector, Limits},
    retry::{Patience, TRIES},
    suggest,
    tools::Tool,
};
use serde_json::{Map, Value};

use crate::{
    asking::Terminal,
    caller::{CallerArguments, client},
    component::ComponentArguments,
    destination::Destination,
    events::reading::READ,
    exit::{CommandError, EXIT_CODES},
    flags,
    form::{FormArguments, Format},
    help,
    hints::Hints,
    input,
    interrupt::Advice,
    output,
    pages::{self, Wanted},
    paging::Paging,
    paint::visible,
    progress::Progress,
    skipped::Skipped,
    spread::Kinds,
    terminal,
};

/// Carry out one action against 2Chat.
#[derive(clap::Args)]
#[command(
    disable_help_flag = true,
    override_usage = "twochat call [OPTIONS] <ACTION>",
    after_help = "`twochat call --help` shows the actions and options."
)]
pub(crate) struct Arguments {
    /// Read once the component is loaded, which says what may stand here
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<OsString>,
}

const ABOUT: &str = "\
Carry out one action against 2Chat.

The key is read from TWOCHAT_API_KEY and added to the request by the host: the \
component never holds it. TWOCHAT_BASE_URL asks another server, such as the one \
that `twochat mock` starts. With a policy, the call is made on behalf of one of its \
personas, over the connection and with the key that it names; where it says that a person \
must say yes (`ask`), you are asked at the terminal, and without one it is refused.

A result is written as JSON unless --output says otherwise; with --all as JSON Lines, \
or as CSV to a file whose name ends in .csv.";

const EXAMPLES: &str = "\
Examples:
  twochat call test-api-key
  twochat call list-contacts --results-per-page 5 --output table
  twochat call list-contacts --all --to contacts.csv
  twochat call create-contact '{\"first-name\": \"Ada\",
    \"details\": [{\"kind\": \"phone\", \"value\": \"+14155550123\"}]}'";

/// More arguments than this are no arguments.
const INPUT_LIMIT: u64 = 16 << 20;

const HOST: &str = "Options of the host";
/// The id of what is no flag: one that no field can have.
const ALL_ARGUMENTS: &str = "all arguments";
/// The host's own flags: a field of such a name is given as JSON.
const HOST_FLAGS: [&str; 15] = [
    "component",
    "allow-import",
    "output",
    "columns",
    "bom",
    "spread",
    "no-retry",
    "policy",
    "persona",
    "audit",
    "read-only",
    "prompt",
    "all",
    "to",
    "help",
];

/// The command with a subcommand for each action.
pub(crate) fn command(tools: &[Tool]) -> Command {
    let spread = Arg::new("spread")
        .long("spread")
        .action(ArgAction::SetTrue)
        .global(true)
        .help_heading(HOST)
        .help(
            "Write CSV with columns for a list of values by kind, such as phone, phone-2 and \
             phone-3: three of each kind, and whatever finds no place in them together as JSON \
             in a last one, such as more-details",
        );
    let no_retry = Arg::new("no-retry")
        .long("no-retry")
        .action(ArgAction::SetTrue)
        .global(true)
        .help_heading(HOST)
        .help("Try once, also where the error says that the call may be repeated");
    let prompt = Arg::new("prompt")
        .long("prompt")
        .value_name("TEXT")
        .global(true)
        .help_heading(HOST)
        .help("What the call is made for, to be written down with it");
    let command = CallerArguments::augment_args(Command::new("call").next_help_heading(HOST));
    let command = ComponentArguments::augment_args(command);
    let command = FormArguments::augment_args(command)
        .about("Carry out one action against 2Chat")
        .long_about(ABOUT)
        .after_help(format!("{EXAMPLES}\n\n{EXIT_CODES}"))
        .subcommand_value_name("ACTION")
        .subcommand_help_heading("Actions")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .args([spread, no_retry, prompt])
        .next_help_heading(None);
    tools.iter().fold(command, |command, tool| command.subcommand(action(tool)))
}

/// The subcommand of an action.
fn action(tool: &Tool) -> Command {
    let json = Arg::new(ALL_ARGUMENTS).value_name("JSON").help(
        "All arguments as a JSON object: the text itself, @FILE, or - for standard input; \
         flags come on top",
    );
    let action = flags::command(tool, &HOST_FLAGS).arg(json);
    if Paging::of(tool).is_none() {
        return action;
    }
    let all = Arg::new("all")
        .long("all")
        .action(ArgAction::SetTrue)
        .help_heading(HOST)
        .help("Go through all pages, each row once, as JSON Lines, CSV or messages of Singer");
    let to = Arg::new("to")
        .long("to")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .requires("all")
        .help_heading(HOST)
        .help(
            "Write the rows to this file, or to standard output if it is -; the same call again \
             goes on where one broke",
        );
    action.args([all, to])
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let connector = component(&arguments.rest).load()?;
    let offer = Offer::of(&connector);
    // Of the action that stands first, what there is to know of the others is not read.
    let first = arguments.rest.first().and_then(|word| word.to_str());
    let tools = match first.and_then(|name| Tool::of_action(&connector, name)) {
        Some(tool) => [tool].into(),
        None => Arc::clone(offer.tools()),
    };
    let matches = match parse(&tools, arguments.rest) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {
            return Err(unknown(&error, &connector));
        }
        Err(error) => return help::answer(&error),
    };
    let Some((action, matches)) = matches.subcommand() else { return Ok(()) };
    let Some(tool) = tools.iter().find(|tool| tool.name == action) else { return Ok(()) };

    let mut arguments = match matches.get_one::<String>(ALL_ARGUMENTS) {
        Some(source) => json(source).await?,
        None => Map::new(),
    };
    arguments.extend(flags::arguments(tool, matches));
    let misread = |error: clap::Error| CommandError::Misuse(error.to_string());
    let form = FormArguments::from_arg_matches(matches).map_err(misread)?;
    let caller = CallerArguments::from_arg_matches(matches).map_err(misread)?;
    let needs_key = |why| match &*tool.name {
        READ => Ok(()),
        _ => Err(CommandError::Refused(why)),
    };
    let access = caller.access_or(&connector, needs_key)?;
    // It goes with the process, which takes less than to take it apart before.
    let calls = ManuallyDrop::new(Calls::of(connector, offer, client()?, access));
    let spread = matches.get_flag("spread");
    let once = matches.get_flag("no-retry");
    let prompt = matches.get_one::<String>("prompt").cloned();
    let kinds = Kinds::of_tools(if spread { calls.offered() } else { &[] });
    if let Some(paging) = Paging::of(tool).filter(|_| matches.get_flag("all")) {
        let to = Destination::of(matches.get_one::<PathBuf>("to").cloned())?;
        let usual = form.output.map_or_else(|| to.usual_format(), Ok)?;
        let form = form.form(usual, Format::Csv, spread)?;
        let tries = if once { 0 } else { pages::TRIES };
        let wanted = Wanted { arguments, prompt, form, to, tries };
        let hints = Hints::of(tool, &Value::Null, calls.access());
        let run = pages::run(&calls, tool, &paging, &kinds, wanted).await;
        return run.map(drop).map_err(|error| hints.add(error));
    }
    let form = form.form(Format::Json, Format::Table, spread)?;
    if form.format == Format::Singer {
        return Err(CommandError::Misuse(output::SINGER.to_owned()));
    }
    // What cannot be written is not asked for.
    output::rows_of(&tool.output_schema, &form, &kinds)?;
    let tries = if once { 0 } else { TRIES };
    let arguments = arguments.into();
    let hints = Hints::of(tool, &arguments, calls.access());
    let result = match call_once(&calls, tool, &arguments, prompt.as_deref(), tries).await {
        Ok(result) => result,
        Err(error) => return Err(hints.add(error)),
    };
    // A program has the result alone.
    if let Some(known) = hints.of_result(&result).filter(|_| terminal::is_heard()) {
        terminal::say(&format!("twochat: {known}"));
    }
    let written = output::result(&result, &tool.output_schema, &form, &kinds);
    if written.is_err() && tool.annotations.read_only_hint != Some(true) {
        // Else it would look as if nothing had happened.
        terminal::say(&format!("twochat: the call was carried out, and gave {result}"));
    }
    written?;
    let mut skipped = Skipped::default();
    skipped.add(&result, None);
    skipped.say();
    Ok(())
}

/// The result of one call, which is tried again so often.
async fn call_once(
    calls: &Calls,
    tool: &Tool,
    arguments: &Value,
    prompt: Option<&str>,
    tries: usize,
) -> Result<Value, CommandError> {
    let is_harmless = tool.annotations.read_only_hint == Some(true);
    let asker = Terminal::once();
    let look = "twochat: it may have been carried out: look before you repeat it";
    let _advice = (!is_harmless).then_some(Advice(look, Some(asker.is_asking())));
    let progress = Progress::of_call();
    let waits = |error: &Value, wait| progress.waits(error, wait);
    let patience = Patience::new(tries, Limits::default().time);
    let asker = Some(&asker as &dyn Ask);
    let call = Call { prompt, asker, ..Call::new(&tool.name, arguments) };
    let outcome = calls.make(call, patience, waits).await.map_err(|why| match why {
        NoOutcome::Misfit(why) => CommandError::Misuse(flags::with_example(tool, why)),
        why => why.into(),
    })?;
    outcome.result.map_err(CommandError::Action)
}

fn parse(tools: &[Tool], rest: Vec<OsString>) -> Result<ArgMatches, clap::Error> {
    let command = command(tools).bin_name("twochat call");
    command.try_get_matches_from([OsString::from("call")].into_iter().chain(rest))
}

/// The component, which must be known before the rest can be.
fn component(rest: &[OsString]) -> ComponentArguments {
    let mut found = ComponentArguments::default();
    let mut rest = rest.iter().take_while(|word| *word != "--");
    while let Some(word) = rest.next() {
        let (flag, value) = match word.to_str().and_then(|word| word.split_once('=')) {
            Some((flag, value)) => (flag, Some(OsString::from(value))),
            None => (word.to_str().unwrap_or_default(), None),
        };
        let mut value = || value.clone().or_else(|| rest.next().cloned());
        match flag {
            "--component" => found.component = value().map(PathBuf::from),
            "--allow-import" => {
                let name = value().map(|name| name.to_string_lossy().into_owned());
                found.allow_import.extend(name);
            }
            _ => {}
        }
    }
    found
}

fn unknown(error: &clap::Error, connector: &Connector) -> CommandError {
    let name = error.get(clap::error::ContextKind::InvalidSubcommand);
    let name = name.map(ToString::to_string).unwrap_or_default();
    let known: Vec<_> = connector.actions().iter().map(|action| &*action.name).collect();
    CommandError::Misuse(suggest::unknown("action", &name, &known, "this component has"))
}

/// The arguments from a text, a file or standard input.
async fn json(source: &str) -> Result<Map<String, Value>, CommandError> {
    let text = match source.strip_prefix('@') {
        _ if source == "-" => text("standard input", input::standard(INPUT_LIMIT).await)?,
        Some(file) => text(file, input::file(file.to_owned(), INPUT_LIMIT).await)?,
        None => source.to_owned(),
    };
    let text = input::without_mark(&text);
    if let Some(name) = doubled(text.as_bytes()) {
        let why = format!("the arguments give `{}` twice in one object", visible(&name));
        return Err(CommandError::Misuse(why));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(CommandError::Misuse(
            "the arguments are no JSON object; expected such as {\"name\": \"value\"}".to_owned(),
        )),
        Err(error) => Err(CommandError::Misuse(format!("the arguments are not JSON: {error}"))),
    }
}

/// The text in what was read.
fn text(name: &str, read: io::Result<Vec<u8>>) -> Result<String, CommandError> {
    let misuse = |why: String| CommandError::Misuse(format!("{name} {why}"));
    let bytes = read.map_err(|error| misuse(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > INPUT_LIMIT {
        let most = INPUT_LIMIT >> 20;
        return Err(misuse(format!("is larger than {most} MiB, more than any arguments are")));
    }
    String::from_utf8(bytes).map_err(|error| misuse(format!("is no text: {error}")))
}
