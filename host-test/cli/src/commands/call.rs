//! `twochat call`: one action, its result on stdout, its error on stderr.
//!
//! What can be called, and with what, is read from the component before the
//! command line is.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind, value_parser,
};
use host::{
    calls::{Call, Calls},
    engine::{Connector, Limits},
    retry::{Patience, TRIES},
    tools::Tool,
};
use serde_json::{Map, Value};

use crate::{
    caller::{CallerArguments, client},
    component,
    exit::{CommandError, EXIT_CODES},
    flags,
    output::{self, Format},
    pages::{self, Paging, Progress, Wanted, waiting},
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
personas, over the connection and with the key that it names.";

const EXAMPLES: &str = "\
Examples:
  twochat call test-api-key
  twochat call list-contacts --results-per-page 5 --output table
  twochat call list-contacts --all --output csv --to contacts.csv
  twochat call create-contact '{\"first-name\": \"Ada\",
    \"details\": [{\"kind\": \"phone\", \"value\": \"+14155550123\"}]}'";

/// More arguments than this are no arguments.
const INPUT_LIMIT: u64 = 16 << 20;

const HOST: &str = "Options of the host";
/// The id of what is no flag: one that no field can have.
const WHOLE: &str = "all arguments";
/// The host's own flags: a field of such a name is given as JSON.
const OWN: [&str; 10] = [
    "component",
    "output",
    "no-retry",
    "policy",
    "persona",
    "audit",
    "prompt",
    "all",
    "to",
    "help",
];

/// The command with a subcommand for each action.
pub(crate) fn command(tools: &[Tool]) -> Command {
    let component = Arg::new("component")
        .long("component")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .help_heading(HOST)
        .help("Component to run instead of the built-in one");
    let output = Arg::new("output")
        .long("output")
        .value_name("FORM")
        .value_parser(value_parser!(Format))
        .global(true)
        .help_heading(HOST)
        .help("How to write the result [default: json; with --all: jsonl]");
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
    let command = CallerArguments::augment_args(Command::new("call").next_help_heading(HOST))
        .about("Carry out one action against 2Chat")
        .long_about(ABOUT)
        .after_help(format!("{EXAMPLES}\n\n{EXIT_CODES}"))
        .subcommand_value_name("ACTION")
        .subcommand_help_heading("Actions")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .args([component, output, no_retry, prompt])
        .next_help_heading(None);
    tools.iter().fold(command, |command, tool| {
        let json = Arg::new(WHOLE).value_name("JSON").help(
            "All arguments as a JSON object: the text itself, @FILE, or - for standard input; \
             flags come on top",
        );
        let mut action = flags::command(tool, &OWN).arg(json);
        if Paging::of(tool).is_some() {
            let all = Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help_heading(HOST)
                .help("Go through all pages, each row once, as JSON Lines or CSV");
            let to = Arg::new("to")
                .long("to")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .requires("all")
                .help_heading(HOST)
                .help("Write the rows to this file; the same call again goes on where one broke");
            action = action.args([all, to]);
        }
        command.subcommand(action)
    })
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let connector = component::load(component_file(&arguments.rest))?;
    let tools = Tool::all_of(&connector);
    let matches = match parse(&tools, arguments.rest) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {
            return Err(unknown(&error, &connector));
        }
        Err(error) => error.exit(),
    };
    let Some((action, matches)) = matches.subcommand() else { return Ok(()) };
    let Some(tool) = tools.iter().find(|tool| tool.name == action) else { return Ok(()) };

    let mut arguments = match matches.get_one::<String>(WHOLE) {
        Some(source) => json(source)?,
        None => Map::new(),
    };
    arguments.extend(flags::arguments(tool, matches));
    let caller = CallerArguments::from_arg_matches(matches)
        .map_err(|error| CommandError::Misuse(error.to_string()))?;
    let calls = Calls::new(connector, client()?, caller.access()?);
    let format = matches.get_one::<Format>("output").copied();
    let once = matches.get_flag("no-retry");
    let prompt = matches.get_one::<String>("prompt").cloned();
    let paging = Paging::of(tool).filter(|_| matches.get_flag("all"));
    if let Some(paging) = paging {
        let file = matches.get_one::<PathBuf>("to").cloned();
        let tries = if once { 0 } else { pages::TRIES };
        let wanted = Wanted { arguments, prompt, format, file, tries };
        return pages::run(&calls, tool, &paging, wanted).await;
    }
    let mut progress = Progress::new();
    let waits = |error: &Value, wait| progress.show(&waiting(error, wait));
    let tries = if once { 0 } else { TRIES };
    let patience = Patience::new(tries, Limits::default().time);
    let arguments = arguments.into();
    let call = Call { action, arguments: &arguments, prompt: prompt.as_deref() };
    let called = calls.make(call, patience, waits).await;
    progress.clear();
    let outcome = called?;
    let result = outcome.result.map_err(|error| CommandError::Action(error.to_string()))?;
    output::result(&result, &tool.output_schema, format.unwrap_or(Format::Json))
}

fn parse(tools: &[Tool], rest: Vec<OsString>) -> Result<ArgMatches, clap::Error> {
    let command = command(tools).bin_name("twochat call");
    command.try_get_matches_from([OsString::from("call")].into_iter().chain(rest))
}

/// The file of `--component`, which must be known before the rest can be.
fn component_file(rest: &[OsString]) -> Option<PathBuf> {
    let mut rest = rest.iter().take_while(|word| *word != "--");
    while let Some(word) = rest.next() {
        if word == "--component" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(file) = word.to_str().and_then(|word| word.strip_prefix("--component=")) {
            return Some(file.into());
        }
    }
    None
}

fn unknown(error: &clap::Error, connector: &Connector) -> CommandError {
    let name = error.get(clap::error::ContextKind::InvalidSubcommand);
    let name = name.map(ToString::to_string).unwrap_or_default();
    let known: Vec<_> = connector.actions().iter().map(|action| &*action.name).collect();
    CommandError::Misuse(format!(
        "there is no action `{name}`; this component has {}",
        known.join(", ")
    ))
}

/// The arguments from a text, a file or standard input.
fn json(source: &str) -> Result<Map<String, Value>, CommandError> {
    let read = |name: &str, from: &mut dyn Read| {
        let mut bytes = Vec::new();
        match from.take(INPUT_LIMIT + 1).read_to_end(&mut bytes) {
            Ok(length) if length as u64 > INPUT_LIMIT => Err(CommandError::Misuse(format!(
                "{name} is larger than {} MiB, more than any arguments are",
                INPUT_LIMIT >> 20
            ))),
            Ok(_) => String::from_utf8(bytes)
                .map_err(|error| CommandError::Misuse(format!("{name} is no text: {error}"))),
            Err(error) => Err(CommandError::Misuse(format!("{name} cannot be read: {error}"))),
        }
    };
    let text = match source.strip_prefix('@') {
        _ if source == "-" => read("standard input", &mut io::stdin())?,
        Some(file) => {
            let mut opened = File::open(file)
                .map_err(|error| CommandError::Misuse(format!("{file} cannot be read: {error}")))?;
            read(file, &mut opened)?
        }
        None => source.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(CommandError::Misuse(
            "the arguments are no JSON object; expected such as {\"name\": \"value\"}".to_owned(),
        )),
        Err(error) => Err(CommandError::Misuse(format!("the arguments are not JSON: {error}"))),
    }
}
