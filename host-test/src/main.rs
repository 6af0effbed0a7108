//! The `twochat` command: the connector carried out, its mock served.
//!
//! Knows how to speak to a person and to a shell. What it does is in the
//! library, and in one file per subcommand.

use std::{fmt, process::ExitCode};

use clap::{Parser, Subcommand};

mod cli {
    pub(crate) mod audit;
    pub(crate) mod call;
    pub(crate) mod completions;
    pub(crate) mod connections;
    pub(crate) mod connector;
    pub(crate) mod demo;
    pub(crate) mod export;
    pub(crate) mod flags;
    pub(crate) mod mcp;
    pub(crate) mod mock;
    pub(crate) mod output;
    pub(crate) mod pages;
    pub(crate) mod paint;
    pub(crate) mod record;
    pub(crate) mod session;
    pub(crate) mod stdio;
    pub(crate) mod tools;
}

/// Runs the 2Chat connector, a sandboxed WebAssembly component.
///
/// Without a subcommand it shows the demo.
#[derive(Parser)]
#[command(name = "twochat", version, after_help = format!("{SETTINGS}\n\n{EXIT_CODES}"))]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const SETTINGS: &str = "\
Settings of `call` and `mcp`, from the environment:
  TWOCHAT_API_KEY   the key of your 2Chat account
  TWOCHAT_BASE_URL  another server than https://api.p.2chat.io/open
  TWOCHAT_AUDIT     a file in which every call is written down
With a policy (`twochat connections --help`), it says all of this instead.";

const EXIT_CODES: &str = "\
Exit codes:
  0  it worked; the result is on stdout
  1  the action gave an error, one line of JSON on stderr
  2  it was not called correctly or not allowed, and nothing was sent
  3  the host failed: no component or log, a trap, or a limit";

#[derive(Subcommand)]
enum Command {
    Demo(cli::demo::Arguments),
    Call(cli::call::Arguments),
    Tools(cli::tools::Arguments),
    Audit(cli::audit::Arguments),
    Mcp(cli::mcp::Arguments),
    Connect(cli::connections::Connect),
    Connections(cli::connections::List),
    Revoke(cli::connections::Revoke),
    Mock(cli::mock::Arguments),
    Completions(cli::completions::Arguments),
}

/// Why the command ends early.
enum Failure {
    /// The action's error, as one line of JSON.
    Action(String),
    /// It was called wrongly, or its settings are broken.
    Misuse(String),
    /// The policy does not allow it, or cannot be followed.
    Refused(String),
    /// The host could not do its part, and made no call.
    NotMade(String),
    /// The host could not do its part.
    Host(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(text)
            | Self::Misuse(text)
            | Self::Refused(text)
            | Self::NotMade(text)
            | Self::Host(text) => f.write_str(text),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Some(Command::Call(arguments)) => cli::call::run(arguments).await,
        Some(Command::Mcp(arguments)) => cli::mcp::run(arguments).await,
        Some(Command::Connect(arguments)) => cli::connections::connect(arguments).await,
        Some(Command::Connections(arguments)) => cli::connections::list(arguments).await,
        Some(Command::Revoke(arguments)) => cli::connections::revoke(&arguments),
        Some(Command::Completions(arguments)) => cli::completions::run(&arguments),
        Some(Command::Audit(arguments)) => cli::audit::run(&arguments),
        Some(Command::Tools(arguments)) => cli::tools::run(arguments),
        Some(Command::Mock(arguments)) => cli::mock::run(arguments).await,
        Some(Command::Demo(arguments)) => cli::demo::run(arguments).await,
        None => cli::demo::run(cli::demo::Arguments::default()).await,
    };
    let (line, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Action(error)) => (error, 1),
        Err(Failure::Misuse(message)) => (format!("twochat: {message}"), 2),
        Err(Failure::Refused(why)) => (format!("twochat: {why}. Nothing was sent."), 2),
        Err(Failure::NotMade(why)) => (format!("twochat: {why}. Nothing was sent."), 3),
        Err(Failure::Host(message)) => (format!("twochat: {message}"), 3),
    };
    eprintln!("{}", cli::paint::visible(&line));
    ExitCode::from(code)
}
