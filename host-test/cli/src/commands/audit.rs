//! `twochat audit`: what the log says of the calls that were made.

use std::{env, path::PathBuf};

use clap::builder::NonEmptyStringValueParser;
use host::{
    log::{self, Found, PastCall},
    policy::Policy,
};
use serde_json::{Value, json};

use crate::{
    caller,
    exit::{CommandError, EXIT_CODES},
    output::{self, Format},
    terminal,
};

/// Show the calls that were written down, the oldest first.
///
/// A call ends as `ok`, as the kind of its error, as `not-called` where the
/// arguments did not fit, as `refused` where the policy did not allow it, as `stopped` where the host ended it, or as `unknown` where
/// it was cut off or is still under way.
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
    /// How to write them; all but the table have arguments and results as well
    #[arg(long, value_name = "FORM", default_value = "table")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CommandError> {
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
    let (rows, columns) = match arguments.output {
        Format::Table => (calls.iter().map(brief).collect(), BRIEF),
        _ => (calls.iter().map(|call| json!(call)).collect::<Vec<_>>(), WHOLE),
    };
    output::rows("calls", rows, columns, arguments.output)?;
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

const BRIEF: &[&str] =
    &["time", "persona", "connection", "action", "end", "statuses", "retries", "milliseconds"];
const WHOLE: &[&str] = &[
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
    "statuses",
    "retries",
    "milliseconds",
    "fuel",
    "bytes",
];

fn brief(call: &PastCall) -> Value {
    let mut row = json!({ "end": call.end() });
    let whole = json!(call);
    for column in BRIEF {
        if let (Some(row), Some(value)) = (row.as_object_mut(), whole.get(column)) {
            row.insert((*column).to_owned(), value.clone());
        }
    }
    row
}
