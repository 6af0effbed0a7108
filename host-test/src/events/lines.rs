//! How is told what happens to events, a line for each? With the time, the event, and the
//! beginning of what tells it from others; never a url, a token or what somebody wrote.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anstyle::Style;
use chrono::{SecondsFormat, Utc};

use crate::{
    paint::{BAD, DIM, GOOD, cut, visible},
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

/// What is told again as long as it lasts, is so often.
const AGAIN: Duration = Duration::from_secs(60);

/// What was told of late, when, and how often it happened since.
#[derive(Default)]
struct Lasting(BTreeMap<String, (Instant, u64)>);

static LASTING: Mutex<Lasting> = Mutex::new(Lasting(BTreeMap::new()));

impl Lasting {
    /// What is to be said of this now, if anything is.
    fn told(&mut self, why: &str, now: Instant) -> Option<String> {
        let (last, since) = self.0.entry(why.to_owned()).or_insert((now, 0));
        if *last != now && now.duration_since(*last) < AGAIN {
            *since += 1;
            return None;
        }
        let since = std::mem::take(since);
        *last = now;
        let more = if since > 0 { format!(" ({since} times more since)") } else { String::new() };
        // Of what was long ago nothing is to be known.
        self.0.retain(|_, (last, _)| now.duration_since(*last) < 2 * AGAIN);
        Some(format!("{why}{more}"))
    }
}

/// Writes a line of what fails and may go on to, such as a disk that is full: once, and then
/// once in a minute, with how often it happened.
pub(crate) fn say_lasting(event: &str, why: &str) {
    let mut lasting = LASTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(told) = lasting.told(why, Instant::now()) {
        say(What::Refused, event, &told);
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

/// The same of what a target does or does not do about this one.
pub(crate) fn say_of(event: i64, what: What, target: &str, rest: &str) {
    say(what, target, &format!("{rest} (event {event})"));
}

/// The beginning of a key or a number.
pub(crate) fn short(text: &str) -> String {
    cut(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_and_then_once_in_a_minute_with_a_count() {
        let (mut lasting, begin) = (Lasting::default(), Instant::now());
        let mut at = |why, seconds| lasting.told(why, begin + Duration::from_secs(seconds));
        assert_eq!(at("full", 0).as_deref(), Some("full"));
        assert_eq!(at("locked", 1).as_deref(), Some("locked"));
        assert!((1..60).all(|second| at("full", second).is_none()));
        assert_eq!(at("full", 60).as_deref(), Some("full (59 times more since)"));
        assert!(at("full", 119).is_none());
        assert_eq!(at("full", 121).as_deref(), Some("full (1 times more since)"));
        assert_eq!(at("locked", 1000).as_deref(), Some("locked"));
    }

    #[test]
    fn of_a_key_only_the_beginning_is_shown() {
        assert_eq!(short("MSG58fab6b0-04f6"), "MSG58fab6b0-…");
        assert_eq!(short("short"), "short");
        assert_eq!(short("ñññññññññññññññ").chars().count(), SHOWN + 1);
    }
}
