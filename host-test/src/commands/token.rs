//! `twochat token`: a persona's token, for agents that call over HTTP.

use std::path::PathBuf;

use host::{
    policy::{Change, change},
    token::{Fingerprint, Token},
};

use crate::{
    caller,
    constants::APPLICATION,
    exit::{CommandError, EXIT_CODES},
    output, terminal,
};

/// Make the token of a persona, for `twochat mcp --http`, and print it once.
///
/// An agent shows it as `Authorization: Bearer TOKEN`. The policy holds only its SHA-256. A
/// token that the persona had before ends; `twochat revoke --token NAME` ends it too.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The persona
    name: String,
    /// Policy to change, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let Arguments { name, policy } = arguments;
    let file = caller::known_policy(policy.clone())?;
    let token = Token::random(APPLICATION).map_err(|why| CommandError::Host(why.to_owned()))?;
    let policy = change(&file, Change::Token(name, Fingerprint::of(token.text())))
        .map_err(CommandError::Misuse)?;
    if policy.personas().get(name).is_some_and(|persona| persona.revoked) {
        let file = policy.file().display();
        terminal::say(&format!(
            "twochat: the persona `{name}` is revoked: its calls are refused until its `revoked` \
             is deleted in {file}"
        ));
    }
    if terminal::is_watched() {
        let file = policy.file().display();
        terminal::say(&format!(
            "The token of `{name}`, which is shown only now; {file} holds its SHA-256:"
        ));
    }
    output::text(&format!("{}\n", token.text()))
}
