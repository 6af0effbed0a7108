//! How does the command end? With a result, or with a complaint and a code that
//! scripts can use.

use std::{fmt, process::ExitCode};

use host::calls::NoOutcome;
use serde_json::Value;

use crate::{failure, terminal};

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    it worked; the result is on stdout
  1    the action gave an error: laid out on a terminal, else a line of JSON on stderr;
       some rows of `sync` did not go through
  2    it was not called correctly or not allowed, and nothing was sent
  3    the host failed: no component or log, a trap, or a limit
  130  it was interrupted by Ctrl-C";

/// Why the command ends early.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The action's error.
    Action(Value),
    /// Some of it was done, and this was not.
    Unfinished(String),
    /// The command line was not understood; the text ends its last line itself.
    Usage(String),
    /// It was called wrongly, or its settings are broken.
    Misuse(String),
    /// The policy does not allow it, or cannot be followed.
    Refused(String),
    /// The host could not do its part, and made no call.
    NotMade(String),
    /// The host could not do its part.
    Host(String),
    /// Ctrl-C ended it.
    Interrupted,
}

impl CommandError {
    /// Says so, and gives the code to end with.
    pub(crate) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Action(error) if terminal::is_heard() => (failure::laid_out(&error), 1),
            Self::Action(error) => (error.to_string(), 1),
            Self::Unfinished(why) => (format!("twochat: {why}"), 1),
            Self::Usage(text) => {
                terminal::say_styled(&text);
                return ExitCode::from(2);
            }
            Self::Misuse(message) => (format!("twochat: {message}"), 2),
            Self::Refused(why) => (format!("twochat: {why}. Nothing was sent."), 2),
            Self::NotMade(why) => (format!("twochat: {why}. Nothing was sent."), 3),
            Self::Host(message) => (format!("twochat: {message}"), 3),
            Self::Interrupted => ("twochat: interrupted".to_owned(), 130),
        };
        terminal::say(&text);
        ExitCode::from(code)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(error) => write!(f, "{error}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Usage(text)
            | Self::Misuse(text)
            | Self::Refused(text)
            | Self::NotMade(text)
            | Self::Unfinished(text)
            | Self::Host(text) => f.write_str(text),
        }
    }
}

impl From<NoOutcome> for CommandError {
    fn from(why: NoOutcome) -> Self {
        match why {
            NoOutcome::Misfit(why) => Self::Misuse(why),
            NoOutcome::Refused(why) | NoOutcome::Declined(why) => Self::Refused(why),
            NoOutcome::NotWritten(why) => Self::NotMade(why),
            NoOutcome::Stopped(why) => Self::Host(why),
        }
    }
}
