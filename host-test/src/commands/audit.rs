//! `twochat audit`: what the log says of the calls that were made.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    env, io,
    path::{Path, PathBuf},
};

use clap::builder::NonEmptyStringValueParser;
use host::{
    log::{self, Found, PastCall},
    policy::Policy,
    suggest,
    tools::Tool,
};
use serde_json::{Value, json};

use crate::{
    caller,
    component::ComponentArguments,
    exit::{CommandError, EXIT_CODES},
    form::{FormArguments, Format},
    output, terminal,
};

/// Show the calls that were written down, the oldest first.
///
/// A call ends as `ok`, as the kind of its error, as `not-called` where the
/// arguments did not fit, as `refused` where the policy did not allow it, as
/// `stopped` where the host ended it, or as `unknown` where it was cut off or is still
/// under way. A table shows the reason beside it; all other forms have arguments and
/// results as well. Without --output it is a table.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The log
    ///
    /// Without it the one of the policy, or else the one in TWOCHAT_AUDIT
    #[arg(value_name = "FILE")]
    log: Option<PathBuf>,
    /// Policy whose log it is, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    policy: Option<PathBuf>,
    /// Only calls on behalf of this persona
    #[arg(long, value_name = "NAME")]
    persona: Option<String>,
    /// Only calls of this action
    #[arg(long, value_name = "ACTION", value_parser = NonEmptyStringValueParser::new())]
    action: Option<String>,
    /// Only calls that ended like this, such as rate-limited or unknown
    #[arg(long, value_name = "END")]
    end: Option<String>,
    /// Only calls that did not end as ok
    #[arg(long)]
    failed: bool,
    /// Only the last of them
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[command(flatten)]
    form: FormArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let form = arguments.form.clone().form(Format::Table, Format::Table, false)?;
    let file = file(arguments)?;
    let unread =
        |error| CommandError::Host(format!("the log {} cannot be read: {error}", file.display()));
    let wanted = |call: &PastCall| {
        arguments.action.as_ref().is_none_or(|action| call.asked.action == *action)
            && arguments
                .persona
                .as_ref()
                .is_none_or(|name| call.asked.persona.as_ref() == Some(name))
            && arguments.end.as_ref().is_none_or(|end| call.end() == end)
            && !(arguments.failed && call.end() == "ok")
    };
    let most = arguments.last.unwrap_or(usize::MAX);
    let Found { calls, unreadable } = log::read(&file, most, wanted).map_err(unread)?;
    if calls.is_empty() {
        known(arguments, &in_log(&file).map_err(unread)?)?;
    }
    let (rows, columns) = match form.format {
        Format::Table => (calls.iter().map(with_reason).collect(), IN_TABLE),
        _ => (calls.iter().map(|call| json!(call)).collect::<Vec<_>>(), IN_OTHER_FORMS),
    };
    output::rows("calls", rows, columns, SPARE, &form)?;
    if unreadable > 0 {
        terminal::say(&format!(
            "twochat: lines that cannot be read, such as one that was cut off: {unreadable}"
        ));
    }
    Ok(())
}

/// The log that is meant.
fn file(arguments: &Arguments) -> Result<PathBuf, CommandError> {
    if let Some(log) = &arguments.log {
        return Ok(log.clone());
    }
    if let Some(file) = caller::policy(arguments.policy.clone()) {
        return Ok(Policy::read(&file).map_err(CommandError::Misuse)?.audit());
    }
    let log = env::var_os("TWOCHAT_AUDIT").filter(|file| !file.is_empty());
    log.map(PathBuf::from).ok_or_else(|| {
        CommandError::Misuse(
            "which log? Give its file, or --policy, or set TWOCHAT_AUDIT".to_owned(),
        )
    })
}

/// The ends and the actions in a log.
type Words = (BTreeSet<String>, BTreeSet<String>);

fn in_log(file: &Path) -> io::Result<Words> {
    let words = RefCell::new(Words::default());
    let note = |call: &PastCall| {
        let mut words = words.borrow_mut();
        words.0.insert(call.end().to_owned());
        words.1.insert(call.asked.action.clone());
        false
    };
    log::read(file, usize::MAX, note)?;
    Ok(words.into_inner())
}

/// Whether what is asked for can be there at all: it stands in the log, or is a word
/// of the built-in component.
fn known(arguments: &Arguments, (ends, actions): &Words) -> Result<(), CommandError> {
    let is_absent = |asked: &Option<String>, there: &BTreeSet<String>| {
        asked.as_deref().is_some_and(|asked| !there.contains(asked))
    };
    if !is_absent(&arguments.end, ends) && !is_absent(&arguments.action, actions) {
        return Ok(());
    }
    let tools = Tool::all_of(&ComponentArguments::default().load()?);
    let kinds = tools.iter().filter_map(|tool| {
        tool.error_schema.as_ref()?.get("properties")?.pointer("/kind/enum")?.as_array()
    });
    let kinds = kinds.flatten().filter_map(Value::as_str);
    let of_actions = tools.iter().map(|tool| tool.name.as_str());
    let ends = ends.iter().map(String::as_str).chain(ENDS.iter().copied()).chain(kinds).collect();
    let actions = actions.iter().map(String::as_str).chain(of_actions).collect();
    is_known("end", &arguments.end, &ends)?;
    is_known("action", &arguments.action, &actions)
}

fn is_known(
    what: &str,
    asked: &Option<String>,
    known: &BTreeSet<&str>,
) -> Result<(), CommandError> {
    match asked {
        Some(asked) if !known.contains(asked.as_str()) => {
            let known: Vec<_> = known.iter().copied().collect();
            Err(CommandError::Misuse(suggest::unknown(what, asked, &known, "there are")))
        }
        _ => Ok(()),
    }
}

/// The ends that are no kind of error.
const ENDS: [&str; 5] = ["ok", "not-called", "refused", "stopped", "unknown"];
const IN_TABLE: &[&str] = &[
    "time",
    "persona",
    "connection",
    "action",
    "end",
    "reason",
    "statuses",
    "retries",
    "milliseconds",
];
/// What a narrow table leaves out, that which matters least first.
const SPARE: &[&str] = &["retries", "milliseconds", "statuses", "connection", "persona"];
const IN_OTHER_FORMS: &[&str] = &[
    "time",
    "id",
    "user",
    "persona",
    "connection",
    "server",
    "action",
    "arguments",
    "prompt",
    "result",
    "error",
    "consent",
    "statuses",
    "retries",
    "milliseconds",
    "fuel",
    "bytes",
];

/// The call as a row of the table, with its end and why it was no other.
fn with_reason(call: &PastCall) -> Value {
    let mut row = json!(call);
    let error = row.get("error");
    let reason = error.and_then(|error| error.get("message").or(Some(error))).cloned();
    if let Some(row) = row.as_object_mut() {
        row.insert("end".to_owned(), call.end().into());
        row.extend(reason.map(|reason| ("reason".to_owned(), reason)));
    }
    row
}
