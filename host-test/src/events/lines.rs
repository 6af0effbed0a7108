//! How is told what happens to events, a line for each? With the time, the event, and the
//! beginning of what tells it from others; never a url, a token or what somebody wrote.

use anstyle::Style;
use chrono::{SecondsFormat, Utc};

use crate::{
    paint::{BAD, DIM, GOOD, visible},
    terminal,
};

/// So many letters of a key or a number are shown.
const SHOWN: usize = 12;
/// So wide is the word for what happened.
const WORD: usize = 7;

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Stored,
    Double,
    Unread,
    Refused,
    Done,
    Again,
    Parked,
    Ended,
    Would,
    Passes,
}

impl What {
    fn word(self) -> (&'static str, Style) {
        match self {
            Self::Stored => ("stored", GOOD),
            Self::Double => ("double", DIM),
            Self::Unread => ("unread", BAD),
            Self::Refused => ("refused", BAD),
            Self::Done => ("done", GOOD),
            Self::Again => ("again", DIM),
            Self::Parked => ("parked", BAD),
            Self::Ended => ("ended", BAD),
            Self::Would => ("would", GOOD),
            Self::Passes => ("passes", DIM),
        }
    }
}

/// Writes a line of what happened to an event.
pub(crate) fn say(what: What, event: &str, rest: &str) {
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let (word, style) = what.word();
    let rest = if rest.is_empty() { String::new() } else { format!("  {}", visible(rest)) };
    let event = visible(event);
    terminal::say_styled(&format!(
        "{DIM}{time}{DIM:#}  {style}{word:WORD$}{style:#}  {event}{rest}\n"
    ));
}

/// The beginning of a key or a number.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_only_the_beginning_is_shown() {
        assert_eq!(short("MSG58fab6b0-04f6"), "MSG58fab6b0-…");
        assert_eq!(short("short"), "short");
        assert_eq!(short("ñññññññññññññññ").chars().count(), SHOWN + 1);
    }
}
