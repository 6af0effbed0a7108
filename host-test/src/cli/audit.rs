//! `twochat audit`: what the log says of the calls that were made.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use host_test::audit::{self, Call};
use serde_json::{Map, Value, json};

use super::output::{self, Format};
use crate::{EXIT_CODES, Failure};

/// Show the calls that were written down, the oldest first.
///
/// A call ends as `ok`, as the kind of its error, as `stopped` where the host
/// ended it, or as `unknown` where it was cut off or is still under way.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The log
    #[arg(value_name = "FILE", env = "TWOCHAT_AUDIT")]
    log: PathBuf,
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

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let unread = |error| {
        Failure::Host(format!("the log {} cannot be read: {error}", arguments.log.display()))
    };
    let (calls, unreadable) = audit::read(&arguments.log).map_err(unread)?;
    let wanted = |call: &&Call| {
        arguments.action.as_ref().is_none_or(|action| call.asked.action == *action)
            && arguments.end.as_ref().is_none_or(|end| call.end() == end)
            && !(arguments.failed && call.end() == "ok")
    };
    let calls: Vec<_> = calls.iter().filter(wanted).collect();
    let first = calls.len().saturating_sub(arguments.last.unwrap_or(usize::MAX));
    let calls = calls.get(first..).unwrap_or_default();
    let (rows, columns) = match arguments.output {
        Format::Table => (calls.iter().map(|call| brief(call)).collect(), BRIEF),
        _ => (calls.iter().map(|call| json!(call)).collect::<Vec<_>>(), WHOLE),
    };
    let property = |name: &&str| ((*name).to_owned(), json!({}));
    let row = json!({ "properties": columns.iter().map(property).collect::<Map<_, _>>() });
    let schema = Map::from_iter([(
        "properties".to_owned(),
        json!({ "calls": { "type": "array", "items": row } }),
    )]);
    output::result(&json!({ "calls": rows }), &schema, arguments.output)?;
    if unreadable > 0 {
        eprintln!("twochat: lines that cannot be read, such as one that was cut off: {unreadable}");
    }
    Ok(())
}

const BRIEF: &[&str] = &["time", "user", "action", "end", "statuses", "retries", "milliseconds"];
const WHOLE: &[&str] = &[
    "time",
    "id",
    "user",
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

fn brief(call: &Call) -> Value {
    let mut row = json!({ "end": call.end() });
    let whole = json!(call);
    for column in BRIEF {
        if let (Some(row), Some(value)) = (row.as_object_mut(), whole.get(column)) {
            row.insert((*column).to_owned(), value.clone());
        }
    }
    row
}
