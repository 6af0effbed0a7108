//! `twochat mock`: the mock 2Chat alone, for any host to be tried against.

use std::future::pending;

use ::mock::{Fault, Mock, Options};

use crate::{
    address::advice,
    exit::{CommandError, EXIT_CODES},
    terminal,
};

/// Serve a mock 2Chat on a loopback port until Ctrl-C.
///
/// The first line of output is the base URL. A POST to /mock/events/EVENT beside it, with
/// the key, reports an event to the urls on this machine that are subscribed for it: with
/// its body, or without one with a sample that happens now, another each time.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// The key that is accepted
    #[arg(long, value_name = "K", default_value = "mock-key")]
    key: String,
    /// How many contacts there are at the start
    #[arg(long, value_name = "N", default_value_t = 3)]
    contacts: usize,
    /// How many requests are answered in a minute, before there is a 429
    #[arg(long, value_name = "N", default_value_t = 80)]
    requests_per_minute: u32,
    /// A fault to switch on; may be given more than once
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
}

fn after_help() -> String {
    let faults = Fault::all().iter();
    let lines = faults.map(|(fault, meaning)| format!("  {:<18} {meaning}\n", fault.to_string()));
    format!("Faults:\n{}\n{EXIT_CODES}", lines.collect::<String>())
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let Arguments { port, key, contacts, requests_per_minute, faults } = arguments;
    let options =
        Options { port, key, contacts, requests_per_minute, faults, ..Options::default() };
    let mock = Mock::start(options).await.map_err(|error| {
        let advice = advice(&error, "a mock", "--port");
        CommandError::Host(format!("port {port} cannot be used: {error}{advice}"))
    })?;
    // Whoever started this and went away wants no line.
    let _ = terminal::show(&mock.base_url());
    // Ctrl-C ends it, as it ends everything.
    pending().await
}
