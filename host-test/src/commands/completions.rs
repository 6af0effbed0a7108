//! `twochat completions`: what a shell needs to complete the command, actions
//! and their flags included.

use clap::Command;
use clap_complete::Shell;
use host::tools::Tool;

use crate::{
    commands::call,
    component::ComponentArguments,
    exit::{CommandError, EXIT_CODES},
    output,
};

/// Print the completions for a shell.
///
/// For bash, save them as ~/.local/share/bash-completion/completions/twochat; for
/// zsh as _twochat in a folder of $fpath; for fish as
/// ~/.config/fish/completions/twochat.fish.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The shell to complete for
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, whole: Command) -> Result<(), CommandError> {
    let tools = Tool::all_of(&ComponentArguments::default().load()?);
    let mut command = whole.mut_subcommand("call", |_| call::command(&tools));
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "twochat", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}
