//! The `twochat` command: the connector carried out, its mock served.
//!
//! Knows how to speak to a person and to a shell. What it does is in the
//! library, and in one file per subcommand.

use std::{env, process::ExitCode, thread::available_parallelism, time::Duration};

use clap::{
    CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

mod about;
mod address;
mod commands {
    pub(crate) mod audit;
    pub(crate) mod call;
    pub(crate) mod completions;
    pub(crate) mod connections;
    pub(crate) mod demo;
    pub(crate) mod digest;
    pub(crate) mod events;
    pub(crate) mod inspect;
    pub(crate) mod listen;
    pub(crate) mod mcp;
    pub(crate) mod mock;
    pub(crate) mod sync;
    pub(crate) mod token;
    pub(crate) mod tools;
}
mod asking;
mod authority;
mod batch;
mod caller;
mod component;
mod destination;
mod digest;
mod events;
mod exit;
mod export;
mod failure;
mod flags;
mod form;
#[cfg(test)]
#[path = "../fuzz/command.rs"]
mod fuzz;
mod help;
mod hints;
mod in_flight;
mod input;
mod interrupt;
mod listener;
mod manifest;
mod memory;
mod message;
mod names;
mod output;
mod page;
mod pages;
mod paging;
mod paint;
mod progress;
mod resume;
mod rows;
mod said;
mod singer;
mod skipped;
mod spread;
mod stdio;
mod sync;
mod table;
mod terminal;
mod toolsets;

mod constants;

use exit::{CommandError, EXIT_CODES};

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
Settings of `call`, `sync`, `listen`, `digest` and `mcp`, from the environment:
  TWOCHAT_API_KEY   the key of your 2Chat account
  TWOCHAT_BASE_URL  another server than https://api.p.2chat.io/open; `connect` too
                    takes it for a new connection
  TWOCHAT_AUDIT     a file in which every call is written down
With a policy (`twochat connections --help`), it says all of this instead.";

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Arguments),
    Call(commands::call::Arguments),
    Sync(commands::sync::Arguments),
    Tools(commands::tools::Arguments),
    Inspect(commands::inspect::Arguments),
    Audit(commands::audit::Arguments),
    Mcp(commands::mcp::Arguments),
    Listen(commands::listen::Arguments),
    Events(commands::events::Arguments),
    Digest(commands::digest::Arguments),
    Connect(commands::connections::Connect),
    Connections(commands::connections::List),
    Revoke(commands::connections::Revoke),
    Token(commands::token::Arguments),
    Mock(commands::mock::Arguments),
    Completions(commands::completions::Arguments),
}

/// Threads that there are at least: while one waits for somebody to read what it writes,
/// another hears Ctrl-C.
const FEWEST: usize = 2;
/// So long what was interrupted may take to put its things in order.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    if env::args_os().nth(1).is_some_and(|word| word == component::COMPILE) {
        return host::compiler_process::serve();
    }
    if is_a_call() {
        memory::in_large_steps();
    }
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let done = match threads.worker_threads(workers()).enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(until_interrupted());
            match done {
                // There is nothing else.
                Ok(()) if is_a_call() => runtime.shutdown_background(),
                // What is still under way is dropped, and writes down that it was given up.
                _ => runtime.shutdown_timeout(LAST_WORDS),
            }
            done
        }
        Err(error) => Err(CommandError::Host(format!("this machine gives no threads: {error}"))),
    };
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    };
    said::end();
    code
}

/// How many threads do the work. A call does one thing after another, and would only wait
/// for more of them to start. Agents are answered beside all calls that are worked on: with
/// a thread for each, the system lets whoever needs little come first.
fn workers() -> usize {
    match env::args_os().nth(1) {
        _ if is_a_call() => FEWEST,
        Some(word) if word == "mcp" => FEWEST + commands::mcp::AT_ONCE,
        _ => available_parallelism().map_or(FEWEST, |processors| processors.get().max(FEWEST)),
    }
}

fn is_a_call() -> bool {
    env::args_os().nth(1).is_some_and(|word| word == "call")
}

/// On a task of its own, so that Ctrl-C is heard whatever the command waits for.
async fn until_interrupted() -> Result<(), CommandError> {
    interrupt::outlive_full_files();
    let work = tokio::spawn(carry_out());
    tokio::select! {
        biased;
        () = interrupt::comes() => Err(CommandError::Interrupted),
        done = work => done.unwrap_or_else(|error| {
            Err(CommandError::Host(format!("the command failed: {error}")))
        }),
    }
}

async fn carry_out() -> Result<(), CommandError> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misunderstood(&error),
    };
    match arguments.command {
        Some(Command::Call(arguments)) => commands::call::run(arguments).await,
        Some(Command::Sync(arguments)) => commands::sync::run(arguments).await,
        Some(Command::Listen(arguments)) => commands::listen::run(arguments).await,
        Some(Command::Events(arguments)) => commands::events::run(arguments),
        Some(Command::Digest(arguments)) => commands::digest::run(arguments).await,
        Some(Command::Mcp(arguments)) => commands::mcp::run(arguments).await,
        Some(Command::Connect(arguments)) => commands::connections::connect(arguments).await,
        Some(Command::Connections(arguments)) => commands::connections::list(arguments).await,
        Some(Command::Revoke(arguments)) => commands::connections::revoke(&arguments),
        Some(Command::Token(arguments)) => commands::token::run(&arguments),
        Some(Command::Completions(arguments)) => {
            commands::completions::run(&arguments, Arguments::command())
        }
        Some(Command::Audit(arguments)) => commands::audit::run(&arguments),
        Some(Command::Tools(arguments)) => commands::tools::run(arguments),
        Some(Command::Inspect(arguments)) => commands::inspect::run(&arguments),
        Some(Command::Mock(arguments)) => commands::mock::run(arguments).await,
        Some(Command::Demo(arguments)) => commands::demo::run(arguments).await,
        None => commands::demo::run(commands::demo::Arguments::default()).await,
    }
}

/// Somebody who names an action and no command meant to call it.
fn misunderstood(error: &clap::Error) -> Result<(), CommandError> {
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(action) = component::built_in_action(name)
    {
        return Err(CommandError::Misuse(format!(
            "there is no command `{name}`; did you mean `twochat call {action}`?"
        )));
    }
    help::answer(error)
}
