//! What is said to whoever asks for help, or mistyped the command line?

use std::env;

use crate::{exit::CommandError, paint::visible, terminal};

/// Shows the help that was asked for, or gives what was wrong.
pub(crate) fn answer(error: &clap::Error) -> Result<(), CommandError> {
    let text = error.render();
    if error.use_stderr() {
        return Err(CommandError::Usage(if is_steering() {
            text.to_string().lines().map(|line| visible(line) + "\n").collect()
        } else {
            text.ansi().to_string()
        }));
    }
    terminal::show(text.ansi().to_string().trim_end())
        .map_err(|error| CommandError::Host(format!("the help cannot be written: {error}")))
}

/// Whether a word of the command line would steer a terminal that repeats it.
fn is_steering() -> bool {
    env::args_os().any(|word| {
        let word = word.to_string_lossy();
        visible(&word) != word
    })
}
