//! What is still to be handed on, and to whom? A row for each event and target, from
//! waiting over begun to done, or parked where trying again helps nobody.
//!
//! That something is begun is on the disk before it is, and so is that a call may be carried
//! out, which begins with what may change something: after a crash it is known that it may
//! have happened.
//!
//! For what something is done once stands there as a digest alone, which stays when all that
//! an event said is forgotten.

use std::time::Duration;

use chrono::Utc;
use host::hex::hex;
use ring::{
    hmac::{HMAC_SHA256, Key, sign},
    rand::{SecureRandom, SystemRandom},
};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::writer::{Unwritten, Writer};

/// After the first try that failed.
const FIRST: Duration = Duration::from_secs(1);
/// Each wait is so many times the one before.
const FACTOR: u32 = 3;
/// The longest of them, and the longest that somebody may ask for.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// So many milliseconds no wait takes, with what makes it a little different for each: what is
/// to wait for longer was told so by a clock that was wrong.
const NEVER: i64 = 9 * 60 * 60 * 1000;
/// What waits for another event looks after it once that is tried again: so many
/// milliseconds later at the earliest, and at the latest, since somebody may end it meanwhile.
const SOON: i64 = 500;
const LATER: i64 = 30_000;

/// An event that is to be handed on now.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: i64,
    /// Tries before this one.
    pub(crate) tries: u32,
    pub(crate) name: String,
    /// As it was read.
    pub(crate) content: Value,
    /// As it was delivered.
    pub(crate) body: Vec<u8>,
    /// The event that it is done for instead, of those that it is to be done once for.
    pub(crate) instead: Option<i64>,
    received: i64,
}

/// What was due.
#[derive(Debug)]
pub(crate) enum Taken {
    Entry(Entry),
    /// It waited for what became of another, which stands for it, in these words.
    Passed(i64, String),
}

/// How a try ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It is handed on.
    Done,
    /// It need not be.
    Needless(String),
    /// It is not, and may be later, after so long where somebody asked for it.
    Again(String, Option<Duration>),
    /// It is surely not done, and not to be tried again unasked.
    Parked(String),
    /// It may have been done, and is not to be tried again unasked.
    Perhaps(String),
    /// The target wants nothing any more.
    Ended(String),
}

/// What is known of an entry after its try.
#[derive(Debug, PartialEq)]
pub(crate) enum Left {
    Done,
    Needless(String),
    Again(String, Duration),
    Parked(String),
    Ended(String),
}

impl Entry {
    /// What others are told of the event: the same for each try.
    pub(crate) fn message(&self, store: &str) -> Value {
        let received = chrono::DateTime::from_timestamp_millis(self.received);
        let received = received.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        json!({
            "id": self.id(store),
            "type": self.name,
            "timestamp": self.content.get("at").cloned().or(received.map(Value::from)),
            "data": self.content,
            "body": String::from_utf8_lossy(&self.body),
        })
    }

    /// What tells the event from all others, of other stores too.
    pub(crate) fn id(&self, store: &str) -> String {
        format!("evt_{store}_{}", self.event)
    }
}

/// Parks what waits for targets that want nothing any more, for their reason.
const PARK_FOR_ENDED: &str = "
UPDATE outbox SET state = 'parked', once = NULL,
    error = (SELECT reason FROM ended WHERE ended.target = outbox.target)
WHERE state = 'waiting' AND target IN (SELECT target FROM ended)";

/// Parks what was begun when all ended and may have been carried out; all else waits again.
pub(crate) async fn after_an_end(writer: &Writer) -> Result<(), Unwritten> {
    writer
        .write(|store| {
            let park = "UPDATE outbox SET state = 'parked', error = ?
                        WHERE state = 'begun' AND perhaps = 1";
            store.execute(park, [PERHAPS])?;
            let again = "UPDATE outbox SET state = 'waiting' WHERE state = 'begun'";
            store.execute(again, [])?;
            store.execute(PARK_FOR_ENDED, []).map(|_| ())
        })
        .await
}

/// Parks what waits for a target that is none of these any more, and gives for each such
/// target how much that is.
pub(crate) async fn without_target(
    writer: &Writer,
    known: Vec<String>,
) -> Result<Vec<(String, i64)>, Unwritten> {
    writer
        .write(move |store| {
            let known = serde_json::to_string(&known).unwrap_or_default();
            let count = "SELECT target, count(*) FROM outbox WHERE state = 'waiting'
                         AND target NOT IN (SELECT value FROM json_each(?1)) GROUP BY target";
            let mut count = store.prepare(count)?;
            let parked = count.query_map([&known], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let parked = parked.collect::<rusqlite::Result<Vec<_>>>()?;
            // What was never tried holds no other up, should the target come back.
            let gone = "UPDATE outbox SET state = 'parked', error = ?2,
                            once = iif(tries = 0 AND perhaps = 0, NULL, once)
                        WHERE state = 'waiting'
                        AND target NOT IN (SELECT value FROM json_each(?1))";
            store.execute(gone, params![known, "there is no such target any more"])?;
            Ok(parked)
        })
        .await
}

/// Those of these targets who want nothing any more, and why.
pub(crate) async fn ended(
    writer: &Writer,
    known: Vec<String>,
) -> Result<Vec<(String, String)>, Unwritten> {
    writer
        .write(move |store| {
            let known = serde_json::to_string(&known).unwrap_or_default();
            let read = "SELECT target, reason FROM ended
                        WHERE target IN (SELECT value FROM json_each(?1)) ORDER BY target";
            let mut read = store.prepare(read)?;
            let ended = read.query_map([known], |row| Ok((row.get(0)?, row.get(1)?)))?;
            ended.collect()
        })
        .await
}

const PERHAPS: &str = "it was cut off while it was made: it may have been carried out, so look \
                       before you replay it";

/// Notes whether an entry that is begun may be carried out.
pub(crate) async fn note(
    writer: &Writer,
    target: &str,
    event: i64,
    perhaps: bool,
) -> Result<(), Unwritten> {
    let target = target.to_owned();
    let set = "UPDATE outbox SET perhaps = ?3 WHERE event = ?1 AND target = ?2";
    let note = move |store: &Connection| {
        store.prepare_cached(set)?.execute(params![event, target, perhaps])
    };
    writer.write(note).await.map(drop)
}

/// Takes the next entry of a target that is due, as one that is begun. `once` gives for what
/// it is done once, and the path of that: it is the event's own from now on, or another's
/// already. While nobody knows yet what becomes of that other, this one waits.
pub(crate) async fn take(
    writer: &Writer,
    target: &str,
    once: impl Fn(&Value) -> Option<(String, String)> + Send + 'static,
) -> Result<Option<Taken>, Unwritten> {
    let target = target.to_owned();
    writer.write(move |store| due(store, &target, once)).await
}

fn due(
    store: &Connection,
    target: &str,
    once: impl Fn(&Value) -> Option<(String, String)>,
) -> rusqlite::Result<Option<Taken>> {
    let now = Utc::now().timestamp_millis();
    loop {
        let found = store
            .prepare_cached(
                "SELECT * FROM (SELECT event, tries, error FROM outbox
                     WHERE state = 'waiting' AND target = ?1 AND next <= ?2 ORDER BY next LIMIT 1)
                 UNION ALL SELECT * FROM (SELECT event, tries, error FROM outbox
                     WHERE state = 'waiting' AND target = ?1 AND next > ?3 ORDER BY next LIMIT 1)
                 LIMIT 1",
            )?
            .query_row(params![target, now, now + NEVER], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?))
            })
            .optional()?;
        let Some((event, tries, error)) = found else { return Ok(None) };
        let read = "SELECT name, content, body, received, again FROM events WHERE id = ?";
        let (mut entry, is_again) = store.prepare_cached(read)?.query_row([event], |row| {
            let content: String = row.get(1)?;
            let entry = Entry {
                event,
                tries,
                name: row.get(0)?,
                content: content.parse().unwrap_or_default(),
                body: row.get(2)?,
                instead: None,
                received: row.get(3)?,
            };
            Ok((entry, row.get(4)?))
        })?;
        if let Some((path, once)) = once(&entry.content) {
            match claim(store, event, target, &once, is_again)? {
                Some(first) if first.is_open => {
                    let next = first.next.clamp(now + SOON, now + LATER);
                    let waits = "UPDATE outbox SET next = ?3, error = ?4
                                 WHERE event = ?1 AND target = ?2";
                    let why = first.is_waited_for();
                    store.prepare_cached(waits)?.execute(params![event, target, next, why])?;
                    continue;
                }
                // Without a try there is an error only where it waited.
                Some(first) if tries == 0 && error.is_some() => {
                    let why = first.stands_for_it(&path);
                    pass(store, event, target, &why)?;
                    return Ok(Some(Taken::Passed(event, why)));
                }
                first => entry.instead = first.map(|first| first.event),
            }
        }
        store
            .prepare_cached(
                "UPDATE outbox SET state = 'begun', perhaps = 0 WHERE event = ?1 AND target = ?2",
            )?
            .execute(params![event, target])?;
        return Ok(Some(Taken::Entry(entry)));
    }
}

/// Notes that a target does not hear of an event after all, and why.
fn pass(store: &Connection, event: i64, target: &str, why: &str) -> rusqlite::Result<()> {
    let read = "SELECT coalesce(passed, '{}') FROM events WHERE id = ?";
    let passed: String = store.query_row(read, [event], |row| row.get(0))?;
    let mut passed: Map<String, Value> = serde_json::from_str(&passed).unwrap_or_default();
    passed.insert(target.to_owned(), why.into());
    let set = "UPDATE events SET passed = ?2 WHERE id = ?1";
    store.prepare_cached(set)?.execute(params![event, Value::Object(passed).to_string()])?;
    let delete = "DELETE FROM outbox WHERE event = ?1 AND target = ?2";
    store.prepare_cached(delete)?.execute(params![event, target]).map(|_| ())
}

/// The other event that a target does something once for.
pub(crate) struct First {
    pub(crate) event: i64,
    /// Whether it is still to be handed on, so that nobody knows whether it will be.
    pub(crate) is_open: bool,
    /// When it is tried next.
    next: i64,
}

impl First {
    /// Why another waits, as long as this one is open.
    pub(crate) fn is_waited_for(&self) -> String {
        format!("it waits for what becomes of event {}", self.event)
    }

    /// Why another with the same at this path is not handed on.
    pub(crate) fn stands_for_it(&self, path: &str) -> String {
        stands_for_another(self.event, path)
    }
}

/// Why an event with the same at this path as that one is not handed on.
pub(crate) fn stands_for_another(first: i64, path: &str) -> String {
    format!("{}, with the same `{path}`", skipped(first))
}

/// Has a target do this once for that event, or gives the one that it does it for already;
/// `is_again` takes it from that one.
pub(crate) fn claim(
    store: &Connection,
    event: i64,
    target: &str,
    once: &str,
    is_again: bool,
) -> rusqlite::Result<Option<First>> {
    if is_again {
        let free = "UPDATE outbox SET once = NULL WHERE target = ?1 AND once = ?2 AND event != ?3";
        store.prepare_cached(free)?.execute(params![
            target,
            hidden(store, target, once)?,
            event
        ])?;
    } else if let Some(first) = claimed(store, event, target, once)? {
        return Ok(Some(first));
    }
    let own = "UPDATE outbox SET once = ?2 WHERE target = ?1 AND event = ?3";
    store.prepare_cached(own)?.execute(params![target, hidden(store, target, once)?, event])?;
    Ok(None)
}

/// The other event that a target does this once for, if there is one.
pub(crate) fn claimed(
    store: &Connection,
    event: i64,
    target: &str,
    once: &str,
) -> rusqlite::Result<Option<First>> {
    let read = "SELECT event, state IN ('waiting', 'begun'), next FROM outbox
                WHERE target = ?1 AND once = ?2 AND event != ?3";
    store
        .prepare_cached(read)?
        .query_row(params![target, hidden(store, target, once)?, event], |row| {
            Ok(First { event: row.get(0)?, is_open: row.get(1)?, next: row.get(2)? })
        })
        .optional()
}

/// What is kept of what a target does something once for. It is the store's own: what it is of
/// is not found by looking it up where others have the same.
fn hidden(store: &Connection, target: &str, once: &str) -> rusqlite::Result<String> {
    let id = "SELECT id FROM store";
    let id: String = store.prepare_cached(id)?.query_row([], |row| row.get(0))?;
    let key = Key::new(HMAC_SHA256, id.as_bytes());
    Ok(hex(sign(&key, format!("{target}\n{once}").as_bytes())))
}

/// Makes digests of what stands in clear for what something is done once.
pub(crate) fn hide_what_is_done_once(store: &Connection) -> rusqlite::Result<()> {
    let mut found =
        store.prepare("SELECT event, target, once FROM outbox WHERE once IS NOT NULL")?;
    let found = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for one in found.collect::<rusqlite::Result<Vec<(i64, String, String)>>>()? {
        let (event, target, once) = one;
        let set = "UPDATE outbox SET once = ?3 WHERE event = ?1 AND target = ?2";
        let hidden = hidden(store, &target, &once)?;
        store.prepare_cached(set)?.execute(params![event, target, hidden])?;
    }
    Ok(())
}

/// Why an event is not handed on where another is.
pub(crate) fn skipped(instead: i64) -> String {
    format!("skipped: event {instead} stands for it")
}

/// Writes down how a try ended; so many tries are made in all. What is surely not done leaves
/// free what it is done once for; of what is to be tried again, `is_sure` says it.
pub(crate) async fn end(
    writer: &Writer,
    target: &str,
    entry: &Entry,
    outcome: &Outcome,
    most: u32,
    is_sure: bool,
) -> Result<Left, Unwritten> {
    let tries = entry.tries + 1;
    let is_free = match outcome {
        Outcome::Parked(_) | Outcome::Ended(_) => true,
        Outcome::Again(..) => is_sure && tries >= most,
        Outcome::Done | Outcome::Needless(_) | Outcome::Perhaps(_) => false,
    };
    let left = match outcome {
        Outcome::Done => Left::Done,
        Outcome::Needless(why) => Left::Needless(why.clone()),
        Outcome::Parked(why) => Left::Parked(why.clone()),
        Outcome::Perhaps(why) => Left::Parked(perhaps(why)),
        Outcome::Ended(why) => Left::Ended(why.clone()),
        Outcome::Again(why, _) if tries >= most => {
            Left::Parked(format!("{why}; that was the last of {tries} tries"))
        }
        Outcome::Again(why, asked) => Left::Again(why.clone(), wait(tries, *asked)),
    };
    let (event, target) = (entry.event, target.to_owned());
    let (state, error, wait) = match &left {
        Left::Done => ("done", None, Duration::ZERO),
        Left::Needless(why) => ("done", Some(why.clone()), Duration::ZERO),
        Left::Again(why, wait) => ("waiting", Some(why.clone()), *wait),
        Left::Parked(why) | Left::Ended(why) => ("parked", Some(why.clone()), Duration::ZERO),
    };
    let is_ended = matches!(left, Left::Ended(_));
    let perhaps = matches!(outcome, Outcome::Perhaps(_));
    let next = Utc::now().timestamp_millis() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    writer
        .write(move |store| {
            let set = "UPDATE outbox SET state = ?3, tries = ?4, next = ?5, error = ?6,
                           once = iif(?7, NULL, once), perhaps = ?8
                       WHERE event = ?1 AND target = ?2";
            store
                .prepare_cached(set)?
                .execute(params![event, target, state, tries, next, error, is_free, perhaps])?;
            if is_ended {
                let end = "INSERT OR REPLACE INTO ended VALUES (?1, ?2)";
                store.execute(end, params![target, error])?;
            }
            // What was under way when it ended comes back later, and is parked as well.
            let why = "SELECT reason FROM ended WHERE target = ?";
            let why =
                store.prepare_cached(why)?.query_row([target], |row| row.get(0)).optional()?;
            if why.is_some() {
                store.execute(PARK_FOR_ENDED, [])?;
            }
            Ok(match (left, why) {
                (Left::Again(..), Some(why)) => Left::Parked(why),
                (left, _) => left,
            })
        })
        .await
}

fn perhaps(why: &str) -> String {
    format!("it may have been carried out, so look before you replay it: {why}")
}

/// How long to wait after so many tries: longer each time, and a little different for each.
fn wait(tries: u32, asked: Option<Duration>) -> Duration {
    let grown = FIRST.saturating_mul(FACTOR.saturating_pow(tries.saturating_sub(1))).min(LONGEST);
    let mut byte = [0];
    // Without random numbers all come at the same time, which is no failure.
    let _ = SystemRandom::new().fill(&mut byte);
    let [byte] = byte;
    let own = grown + grown.mul_f64(f64::from(byte) / 512.0);
    asked.map_or(own, |asked| asked.min(LONGEST).max(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_the_longest_and_what_is_asked_for_is_kept() {
        for tries in 1..=40 {
            let own = wait(tries, None);
            let least = FIRST.saturating_mul(3_u32.saturating_pow(tries - 1)).min(LONGEST);
            assert!((least..=least.mul_f64(1.5)).contains(&own), "{tries}: {own:?}");
        }
        assert_eq!(wait(1, Some(Duration::from_secs(60))), Duration::from_secs(60));
        assert!(wait(1, Some(Duration::MAX)) <= LONGEST);
        assert!(wait(3, Some(Duration::ZERO)) >= Duration::from_secs(9));
        assert_eq!(u128::try_from(NEVER).unwrap(), LONGEST.mul_f64(1.5).as_millis());
    }
}
