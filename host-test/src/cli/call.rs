//! `twochat call`: one action, its result on stdout, its error on stderr.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use serde_json::Value;

use super::{
    connector::{Session, from_environment},
    paint,
};
use crate::{EXIT_CODES, Failure};

/// Carry out one action against 2Chat.
///
/// The key is read from TWOCHAT_API_KEY and added to the request by the host:
/// the component never holds it. TWOCHAT_BASE_URL asks another server, such as
/// the one that `twochat mock` starts.
#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// Name of the action, such as list-contacts; an unknown one lists them all
    action: String,
    /// Arguments of the action as a JSON object, with the names of the contract
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// Component to run instead of the built-in one
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  twochat call test-api-key
  twochat call list-contacts '{\"results-per-page\": 5}'
  twochat call create-contact '{\"first-name\": \"Ada\",
    \"details\": [{\"kind\": \"phone\", \"value\": \"+14155550123\"}]}'";

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { action, arguments, component } = arguments;
    let arguments = parse(&arguments)?;
    let session = Session::new(component, from_environment()?)?;
    let outcome = session.call(&action, &arguments).await?;
    let result = outcome.result.map_err(|error| Failure::Action(error.to_string()))?;

    // Pretty for people; for programs one line, with every byte as it is.
    let written = if io::stdout().is_terminal() {
        writeln!(anstream::stdout(), "{}", paint::json(&result))
    } else {
        writeln!(io::stdout(), "{result}")
    };
    match written {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Host(format!("the result cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::Misuse(format!("the arguments are not JSON: {error}")))
}
