//! Which events are of a span? Those in the store that happened then; where one does not say
//! when it happened, or says a time after it came, when it came.

use host::hiding::redact;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::{
    figures::{Event, Figures, KeptBack, Tally},
    heard::Heard,
    span::Span,
};

/// So many milliseconds a call may last, with all that is told of it.
const CALL: i64 = 24 * 60 * 60 * 1000;

/// Two clocks may differ by so many milliseconds before it is told.
const DRIFT: i64 = 5000;
/// When an event says that it happened, in milliseconds since 1970; else when it came.
const SAID: &str = "coalesce(1000 * unixepoch(content ->> '$.at'), received)";
/// When it happened: never after it came.
fn at() -> String {
    format!("min({SAID}, received)")
}

/// What the events of the span come to, without the fields that are masked.
pub(crate) fn figures(
    store: &Connection,
    span: &Span,
    masked: &[String],
    heard: &Heard,
) -> rusqlite::Result<Figures> {
    let (since, until) = span.milliseconds();
    let read = format!(
        "SELECT {} AS at, coalesce(name, event), content FROM events
         WHERE state = 'read' AND at >= ?1 - ?3 AND at < ?2 + ?3
         AND (at >= ?1 AND at < ?2 OR content ->> '$.content.call' IS NOT NULL) ORDER BY id",
        at()
    );
    let mut found = store.prepare(&read)?;
    let mut rows = found.query(params![since, until, CALL])?;
    let mut tally = Tally::of(span);
    while let Some(row) = rows.next()? {
        let (at, name, content): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let came: Value = content.parse().unwrap_or_default();
        let mut seen = came.clone();
        redact(&mut seen, masked);
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        tally.add(&Event { name: &name, came: &came, seen: &seen, at });
    }
    Ok(tally.figures(kept_back(store, since, until)?, heard))
}

fn kept_back(store: &Connection, since: i64, until: i64) -> rusqlite::Result<KeptBack> {
    let in_span = |condition: &str| {
        let read = format!(
            "SELECT count(*) FROM events WHERE received >= ?1 AND received < ?2 AND {condition}"
        );
        store.query_row(&read, params![since, until], count)
    };
    let now = |from: &str| store.query_row(&format!("SELECT count(*) FROM {from}"), [], count);
    Ok(KeptBack {
        unread: in_span("state = 'unread'")?,
        unread_parts: 0,
        late: in_span(&format!("state = 'read' AND {SAID} < ?1"))?,
        ahead: in_span(&format!("state = 'read' AND {SAID} > received + {DRIFT}"))?,
        not_yet_read: now("events WHERE state = 'new'")?,
        waiting: now("outbox WHERE state IN ('waiting', 'begun')")?,
        parked: now("outbox WHERE state = 'parked'")?,
    })
}

fn count(row: &Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(0)?.try_into().unwrap_or_default())
}
