//! What does a stored body say? It is read once, by the component, and what it says decides
//! who is to hear of it. In one transaction: an event that is read waits for all of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::Utc;
use host::engine::{Connector, Limits, Outlet};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};
use tokio::{sync::Notify, time::timeout};

use super::{
    following::AsRead,
    handing_on::Target,
    lines::{self, What, short},
    outbox::{self, First},
    writer::{Unwritten, Writer},
};

/// The action that reads an event.
pub(crate) const READ: &str = "read-event";
/// How the reason begins where another event stands for one.
pub(crate) const SKIPPED: &str = "skipped:";
/// So many are read before what they say is written down.
const TOGETHER: i64 = 64;
/// And of so many bytes, but one at least.
const BYTES: usize = 8 << 20;
/// How the reason begins why an event is not handed on while rules are only told of.
pub(crate) const DRY: &str = "--dry-run:";
/// So often is looked whether somebody else asked for something to be read.
const LOOK: Duration = Duration::from_secs(1);

/// Reads what is stored.
pub(crate) struct Reading {
    pub(crate) connector: Connector,
    pub(crate) writer: Writer,
    pub(crate) targets: Arc<Vec<Arc<Target>>>,
    /// What the targets are of: nothing is read by those that are no more.
    pub(crate) policy: AsRead,
    /// Hears that something is stored.
    pub(crate) stored: Arc<Notify>,
    /// Is told that something waits to be handed on.
    pub(crate) waits: Arc<Notify>,
    /// What rules would have done once, where they are only told of.
    pub(crate) dry: Option<Arc<Would>>,
    /// Nothing more is read then.
    pub(crate) is_ending: Arc<AtomicBool>,
}

/// For what targets would have done something once, and for which event.
#[derive(Default)]
pub(crate) struct Would(Mutex<HashMap<(String, String), i64>>);

struct Unread {
    id: i64,
    event: String,
    body: Vec<u8>,
    again: bool,
}

/// What was made of one.
struct Read {
    id: i64,
    event: String,
    said: Result<Value, String>,
    /// Whether it goes also to those who had another in its place.
    again: bool,
}

/// What became of one that is written down.
enum Became {
    /// Each target whom it is handed on to, or why it is not.
    Read(Vec<(String, Option<String>)>),
    Double(i64),
    Unread(String),
}

impl Reading {
    /// Goes on until it is told to end.
    pub(crate) async fn go_on(self) {
        while !self.is_ending.load(Relaxed) {
            if !self.policy.is_still() {
                let _ = timeout(LOOK, self.stored.notified()).await;
                continue;
            }
            match self.some().await {
                Ok(0) => {
                    let _ = timeout(LOOK, self.stored.notified()).await;
                }
                Ok(_) => {}
                Err(why) => {
                    lines::say_lasting("reading", &format!("not written down: {why}"));
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    /// Reads some of what is stored, and gives how many.
    async fn some(&self) -> Result<usize, Unwritten> {
        let found = self.writer.write(unread).await?;
        let mut read = Vec::with_capacity(found.len());
        for Unread { id, event, body, again } in found {
            let said = self.read(&event, body).await;
            read.push(Read { id, event, said, again });
        }
        let count = read.len();
        if count == 0 {
            return Ok(0);
        }
        let (targets, dry) = (Arc::clone(&self.targets), self.dry.clone());
        let write = move |store: &Connection| {
            let dry = dry.as_deref();
            let write = |read: Read| Ok((write(store, &read, &targets, dry)?, read));
            read.into_iter().map(write).collect::<rusqlite::Result<Vec<_>>>()
        };
        for (became, read) in self.writer.write(write).await? {
            self.tell(&became, &read);
        }
        self.waits.notify_waiters();
        Ok(count)
    }

    /// What the component says of a body.
    async fn read(&self, event: &str, body: Vec<u8>) -> Result<Value, String> {
        let body = String::from_utf8(body).map_err(|_| "it is no text in UTF-8".to_owned())?;
        let arguments = json!({ "body": body, "event-name": event });
        let called = self.connector.call(READ, &arguments, Outlet::closed(), Limits::default());
        let outcome = called.await.map_err(|error| error.to_string())?;
        outcome.result.map_err(|error| match error.get("message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => error.to_string(),
        })
    }

    fn tell(&self, became: &Became, read: &Read) {
        let Read { id, event, said, .. } = read;
        let text = |name: &str| said.as_ref().ok()?.get(name)?.as_str().map(short);
        let about = [text("key"), text("phone-number")].into_iter().flatten();
        let about = about.chain([format!("as {id}")]).collect::<Vec<_>>().join(" ");
        match became {
            Became::Read(heard) => {
                let name = said.as_ref().ok().and_then(|said| name_of(said));
                lines::say(What::Stored, name.unwrap_or(event), &about);
                if self.dry.is_some() {
                    self.tell_what_would_be(*id, heard, said);
                } else {
                    let skipped = heard.iter().filter_map(|(name, why)| {
                        Some((name, why.as_ref().filter(|why| why.starts_with(SKIPPED))?))
                    });
                    skipped.for_each(|(name, why)| lines::say_of(*id, What::Passes, name, why));
                }
            }
            Became::Double(first) => {
                lines::say(What::Double, event, &format!("{about} of {first}"))
            }
            Became::Unread(why) => lines::say(What::Unread, event, &format!("as {id}: {why}")),
        }
    }

    fn tell_what_would_be(
        &self,
        id: i64,
        heard: &[(String, Option<String>)],
        said: &Result<Value, String>,
    ) {
        let Ok(said) = said else { return };
        for (target, (name, why)) in self.targets.iter().zip(heard) {
            match why {
                Some(why) => lines::say_of(id, What::Passes, name, why),
                None => {
                    let would = target.would(said);
                    let would = would.unwrap_or_else(|why| format!("park it: {why}"));
                    lines::say_of(id, What::Would, name, &would);
                }
            }
        }
    }
}

/// What an event is called by itself.
pub(crate) fn name_of(event: &Value) -> Option<&str> {
    event.get("name").and_then(Value::as_str)
}

fn unread(store: &Connection) -> rusqlite::Result<Vec<Unread>> {
    let mut found = store.prepare_cached(
        "SELECT id, event, body, again FROM events WHERE state = 'new' ORDER BY id LIMIT ?",
    )?;
    let mut rows = found.query([TOGETHER])?;
    let (mut some, mut bytes) = (Vec::new(), 0);
    while bytes < BYTES
        && let Some(row) = rows.next()?
    {
        let (id, event, body, again) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let one = Unread { id, event, body, again };
        bytes += one.body.len();
        some.push(one);
    }
    Ok(some)
}

fn write(
    store: &Connection,
    read: &Read,
    targets: &[Arc<Target>],
    dry: Option<&Would>,
) -> rusqlite::Result<Became> {
    let event = match &read.said {
        Ok(event) => event,
        Err(why) => {
            let set = "UPDATE events SET state = 'unread', reason = ?2 WHERE id = ?1";
            store.prepare_cached(set)?.execute(params![read.id, why])?;
            return Ok(Became::Unread(why.clone()));
        }
    };
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let (name, key) = (name_of(event).unwrap_or(&read.event), text("key"));
    let first = first(store, read.id, name, key, text("at"))?;
    let (state, reason) = match first {
        Some(first) => ("double", Some(format!("of {first}"))),
        None => ("read", None),
    };
    store
        .prepare_cached(
            "UPDATE events SET state = ?2, reason = ?3, name = ?4, key = ?5, number = ?6,
             content = ?7 WHERE id = ?1",
        )?
        .execute(params![
            read.id,
            state,
            reason,
            name,
            key,
            text("phone-number"),
            event.to_string()
        ])?;
    if let Some(first) = first {
        let count = "UPDATE events SET seen = seen + 1, last = ?2 WHERE id = ?1";
        store.prepare_cached(count)?.execute(params![first, Utc::now().timestamp_millis()])?;
        return Ok(Became::Double(first));
    }
    let mut heard = Vec::new();
    for target in targets {
        let passes = match (target.passes(name, event), dry) {
            (None, Some(would)) => would.pass(store, read, target, event)?,
            (None, None) => wait(store, read, target, event)?,
            (why, _) => why,
        };
        heard.push((target.name.clone(), passes));
    }
    let told = |(target, why): &(String, Option<String>)| {
        let is_left = dry.is_some() && why.as_ref().is_none_or(|why| why.starts_with(SKIPPED));
        let why = match why.as_deref() {
            why if is_left => format!("{DRY} {}", why.unwrap_or("nothing is done")),
            why => why?.to_owned(),
        };
        Some((target.clone(), why.into()))
    };
    let passed: Map<String, Value> = heard.iter().filter_map(told).collect();
    let passed = (!passed.is_empty()).then(|| Value::Object(passed).to_string());
    let set = "UPDATE events SET passed = ?2, again = 0 WHERE id = ?1";
    store.prepare_cached(set)?.execute(params![read.id, passed])?;
    Ok(Became::Read(heard))
}

/// The event that was read before and is this one: by name and key, else by all that was
/// delivered, where that says when it happened.
fn first(
    store: &Connection,
    id: i64,
    name: &str,
    key: Option<&str>,
    at: Option<&str>,
) -> rusqlite::Result<Option<i64>> {
    let by_key = "SELECT id FROM events WHERE name = ?1 AND key = ?2
                  AND key IS NOT NULL AND state IN ('read', 'pruned')";
    let by_body = "SELECT one.id FROM events AS one JOIN events AS own ON own.id = ?1
                   WHERE (one.event, one.place, one.digest) = (own.event, own.place, own.digest)
                   AND one.id < own.id AND one.state = 'read' ORDER BY one.id LIMIT 1";
    match (key, at) {
        (Some(key), _) => {
            store.prepare_cached(by_key)?.query_row([name, key], |row| row.get(0)).optional()
        }
        (None, Some(_)) => {
            store.prepare_cached(by_body)?.query_row([id], |row| row.get(0)).optional()
        }
        (None, None) => Ok(None),
    }
}

impl Would {
    /// Why a target would not hear of this one, as another stands for it.
    fn pass(
        &self,
        store: &Connection,
        read: &Read,
        target: &Target,
        event: &Value,
    ) -> rusqlite::Result<Option<String>> {
        let another = is_done_for_another(store, read, target, event)?.map(|it| it.1);
        let once = target.filter.once_per().zip(target.once(event));
        let once = once.filter(|_| another.is_none() && target.would(event).is_ok());
        let Some((path, once)) = once else { return Ok(another) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known.entry((target.name.clone(), once)).or_insert(read.id);
        if read.again {
            *first = read.id;
        }
        Ok((*first != read.id).then(|| outbox::stands_for_another(*first, path)))
    }
}

/// Has an event wait for a target, unless it did already; or gives why it does not. Where
/// it is not known yet what becomes of the one before it, it waits for that too.
fn wait(
    store: &Connection,
    read: &Read,
    target: &Target,
    event: &Value,
) -> rusqlite::Result<Option<String>> {
    let another = is_done_for_another(store, read, target, event)?;
    let (waits, another) = match another {
        Some((first, _)) if first.is_open => (Some(first.is_waited_for()), None),
        another => (None, another.map(|(_, why)| why)),
    };
    if another.is_none() {
        let insert = "INSERT OR IGNORE INTO outbox (event, target, state, next, error)
             SELECT ?1, ?2, iif(ended.reason IS NULL, 'waiting', 'parked'), ?3,
                    coalesce(ended.reason, ?4)
             FROM (SELECT 1) LEFT JOIN ended ON ended.target = ?2";
        let now = Utc::now().timestamp_millis();
        store.prepare_cached(insert)?.execute(params![read.id, target.name, now, waits])?;
        let is_waiting = "SELECT state = 'waiting' FROM outbox WHERE event = ?1 AND target = ?2";
        let mut is_waiting = store.prepare_cached(is_waiting)?;
        let values = params![read.id, target.name];
        // One that is parked leaves it free.
        if let (Some(once), true) =
            (target.once(event), is_waiting.query_row(values, |row| row.get(0))?)
        {
            outbox::claim(store, read.id, &target.name, &once, read.again)?;
        }
    }
    Ok(another)
}

/// The other event that a target hears of in the place of this one, and that in words.
fn is_done_for_another(
    store: &Connection,
    read: &Read,
    target: &Target,
    event: &Value,
) -> rusqlite::Result<Option<(First, String)>> {
    let once = target.filter.once_per().zip(target.once(event)).filter(|_| !read.again);
    let Some((path, once)) = once else { return Ok(None) };
    let first = outbox::claimed(store, read.id, &target.name, &once)?;
    Ok(first.map(|first| {
        let why = first.stands_for_it(path);
        (first, why)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{
        deliveries::{AGAIN, Delivery},
        endpoints::Endpoint,
        store::Store,
    };

    #[tokio::test]
    async fn without_a_key_the_same_body_is_a_double_for_ever_only_where_it_has_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("events.sqlite")).unwrap();
        let comes = async |event: &'static str, said: Value| {
            Delivery::at(&Endpoint::named(event, ""), b"{}".into())
                .keep(&store.writer)
                .await
                .unwrap();
            let write = move |store: &Connection| {
                let mut became = Vec::new();
                for Unread { id, event, again, .. } in unread(store)? {
                    let said = Ok(said.clone());
                    became.push(write(store, &Read { id, event, said, again }, &[], None)?);
                }
                store.execute("UPDATE events SET received = received - ?", [AGAIN])?;
                Ok(became.pop())
            };
            store.writer.write(write).await.unwrap()
        };
        let (bare, timed) = (json!({}), json!({ "at": "2025-03-03T18:43:51Z" }));
        for (event, said, is_double) in [("a", bare, false), ("b", timed, true)] {
            assert!(matches!(comes(event, said.clone()).await, Some(Became::Read(_))));
            for _ in 0..2 {
                let again = comes(event, said.clone()).await.unwrap();
                assert_eq!(matches!(again, Became::Double(_)), is_double, "{event}");
            }
        }
        let keyed = json!({ "key": "k", "at": "2025-03-03T18:43:51Z" });
        assert!(matches!(comes("b", keyed).await, Some(Became::Read(_))));
    }

    #[tokio::test]
    async fn of_large_bodies_only_some_are_held_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("events.sqlite")).unwrap();
        for number in 0..20_u8 {
            let body = vec![number; 1 << 20];
            Delivery::at(&Endpoint::named("a", ""), body).keep(&store.writer).await.unwrap();
        }
        let some = store.writer.write(unread).await.unwrap();
        assert_eq!(some.len(), BYTES >> 20);
        assert!(some.iter().zip(1..).all(|(one, id)| one.id == id));
    }
}
