//! The `twochat` command: the connector carried out, its mock served.
//!
//! Knows how to speak to a person and to a shell. What it does is in the
//! library, and in one file per subcommand.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod commands {
    pub(crate) mod audit;
    pub(crate) mod call;
    pub(crate) mod completions;
    pub(crate) mod connections;
    pub(crate) mod demo;
    pub(crate) mod mcp;
    pub(crate) mod mock;
    pub(crate) mod tools;
}
mod caller;
mod component;
mod exit;
mod export;
mod flags;
mod output;
mod pages;
mod paint;
mod stdio;
mod terminal;
mod vendor;

use exit::EXIT_CODES;

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

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Arguments),
    Call(commands::call::Arguments),
    Tools(commands::tools::Arguments),
    Audit(commands::audit::Arguments),
    Mcp(commands::mcp::Arguments),
    Connect(commands::connections::Connect),
    Connections(commands::connections::List),
    Revoke(commands::connections::Revoke),
    Mock(commands::mock::Arguments),
    Completions(commands::completions::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Some(Command::Call(arguments)) => commands::call::run(arguments).await,
        Some(Command::Mcp(arguments)) => commands::mcp::run(arguments).await,
        Some(Command::Connect(arguments)) => commands::connections::connect(arguments).await,
        Some(Command::Connections(arguments)) => commands::connections::list(arguments).await,
        Some(Command::Revoke(arguments)) => commands::connections::revoke(&arguments),
        Some(Command::Completions(arguments)) => {
            commands::completions::run(&arguments, Arguments::command())
        }
        Some(Command::Audit(arguments)) => commands::audit::run(&arguments),
        Some(Command::Tools(arguments)) => commands::tools::run(arguments),
        Some(Command::Mock(arguments)) => commands::mock::run(arguments).await,
        Some(Command::Demo(arguments)) => commands::demo::run(arguments).await,
        None => commands::demo::run(commands::demo::Arguments::default()).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
