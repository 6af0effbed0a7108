//! What was listened for, so that nothing means none? A figure of which nobody would have heard
//! is not known, and is no 0.

use std::{collections::HashSet, fs, path::Path};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    figures::Figures,
    span::{self, Span},
};

/// The events that tell of a figure, any of them.
pub(crate) type Feed = &'static [&'static str];

pub(crate) const CONVERSATIONS: Feed = &["whatsapp.conversation.new"];
pub(crate) const INCOMING: Feed = &[
    "whatsapp.message.received",
    "whatsapp.message.new",
    "whatsapp.waba.message.received",
    "whatsapp.group.message.received",
];
pub(crate) const OUTGOING: Feed =
    &["whatsapp.message.sent", "whatsapp.message.new", "whatsapp.waba.message.sent"];
pub(crate) const ORDERS: Feed = &["whatsapp.order.received"];
pub(crate) const CALLS: Feed = &["call.status.update", "call.incoming.completed"];
pub(crate) const NOT_SENT: Feed = &["whatsapp.message.receipt.not-sent"];
pub(crate) const GROUP_CHANGES: Feed =
    &["whatsapp.group.join", "whatsapp.group.leave", "whatsapp.group.remove"];
pub(crate) const NUMBER_CHANGES: Feed = &["whatsapp.number.status"];

/// What a store could hear of in a span.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The events that it has a url for, or that came to one that it had.
    names: HashSet<String>,
    /// Nothing from before this is in it any more or was ever, as these words say.
    from: Option<(Timestamp, &'static str)>,
}

impl Heard {
    /// Reads it from the store that is kept in this file.
    pub(crate) fn of(store: &Connection, file: &Path, span: &Span) -> rusqlite::Result<Self> {
        let (first, pruned): (Option<i64>, Option<i64>) = store.query_row(
            "SELECT (SELECT min(received) FROM events), (SELECT pruned FROM store)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let time = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).ok();
        // A copy of a store is younger than what is in it.
        let begun = [begun(file), first.and_then(time)].into_iter().flatten().min();
        let ends = [(begun, "the store begins there"), (pruned.and_then(time), "it was pruned")];
        let ends = ends.into_iter().filter_map(|(time, why)| Some((time?, why)));
        let from = ends.max_by_key(|(time, _)| *time);
        let from = from.filter(|(time, _)| *time > span.since.timestamp());
        if from.is_some_and(|(time, _)| time >= span.until.timestamp()) {
            return Ok(Self { names: HashSet::new(), from });
        }
        let (since, until) = span.milliseconds();
        let mut names = store.prepare(
            "SELECT event FROM endpoints
             UNION SELECT event FROM events WHERE received >= ?1 AND received < ?2",
        )?;
        let names = names.query_map(params![since, until], |row| row.get(0))?;
        Ok(Self { names: names.collect::<rusqlite::Result<_>>()?, from })
    }

    /// Whether what tells of a figure would have come.
    pub(crate) fn hears(&self, feed: Feed) -> bool {
        feed.iter().any(|event| self.names.contains(*event))
    }

    /// What is missing in these figures, a sentence each.
    pub(crate) fn missing(&self, figures: &Figures, span: &Span) -> Vec<String> {
        let mut missing = Vec::new();
        if let Some((time, why)) = self.from {
            let from = time.to_zoned_datetime(span.since.time_zone().clone());
            missing.push(format!("What was reported before {}: {why}.", span::written(&from)));
            // Nobody need have listened for what could not be kept.
            if time >= span.until.timestamp() {
                return missing;
            }
        }
        let Figures { conversations, messages, orders, calls, .. } = figures;
        for (name, feed, is_counted) in [
            ("Conversations begun", CONVERSATIONS, conversations.is_some()),
            ("Messages in", INCOMING, messages.incoming.is_some()),
            ("Messages out", OUTGOING, messages.outgoing.is_some()),
            ("Orders", ORDERS, orders.is_some()),
            ("Missed calls", CALLS, calls.is_some()),
        ] {
            if self.hears(feed) {
                continue;
            }
            let others = if is_counted { "; those counted came with other events" } else { "" };
            missing.push(format!("{name}: nobody listens for {}{others}.", any(feed)));
        }
        missing
    }
}

/// When the store in this file was made, or may have been.
fn begun(file: &Path) -> Option<Timestamp> {
    let metadata = fs::metadata(file).ok()?;
    let made = metadata.created().or_else(|_| metadata.modified()).ok()?;
    Timestamp::try_from(made).ok()
}

fn any(feed: Feed) -> String {
    match feed {
        [first, between @ .., last] => {
            let between = between.iter().map(|event| format!(", {event}")).collect::<String>();
            format!("{first}{between} or {last}")
        }
        alone => alone.concat(),
    }
}
