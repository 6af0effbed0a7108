//! What is in the store, for whoever looks into it or has something handed on again?

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use host::suggest;
use rusqlite::{Connection, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value, json};

use super::reading::DRY;

/// The state of what is meant only where it is asked for.
const PRUNED: &str = "pruned";
/// The state of those for which another event stands.
const SKIPPED: &str = "skipped";

/// Which events are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Which {
    pub(crate) ids: Vec<i64>,
    pub(crate) name: Option<String>,
    /// From here on, in milliseconds since 1970.
    pub(crate) since: Option<i64>,
    /// Before this.
    pub(crate) until: Option<i64>,
    /// Of the event, or of what is handed on of it.
    pub(crate) state: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) target: Option<String>,
}

impl Which {
    /// As a condition of SQL, and what stands in it. What is pruned is only meant where it is
    /// asked for.
    fn condition(&self) -> (String, Vec<Sql>) {
        let (condition, values) = self.with_pruned();
        let is_meant = self.state.as_deref() == Some(PRUNED);
        let pruned = if is_meant { "" } else { " AND state != 'pruned'" };
        (condition + pruned, values)
    }

    fn with_pruned(&self) -> (String, Vec<Sql>) {
        let mut parts = vec!["true".to_owned()];
        let mut values = Vec::new();
        if !self.ids.is_empty() {
            let marks = vec!["?"; self.ids.len()].join(", ");
            parts.push(format!("id IN ({marks})"));
            values.extend(self.ids.iter().map(|id| Sql::from(*id)));
        }
        let mut add = |part: &str, value: Option<Sql>| {
            if let Some(value) = value {
                let times = part.matches('?').count();
                parts.push(part.to_owned());
                values.extend(std::iter::repeat_n(value, times));
            }
        };
        let text = |text: &Option<String>| text.clone().map(Sql::from);
        let in_outbox = "id IN (SELECT event FROM outbox WHERE";
        add("coalesce(name, event) = ?", text(&self.name));
        add("received >= ?", self.since.map(Sql::from));
        add("received < ?", self.until.map(Sql::from));
        add(OF_NUMBER, text(&self.number));
        if self.state.as_deref() == Some(SKIPPED) {
            // Whoever was passed over has none in the outbox.
            let target = if self.target.is_some() { "target = ?" } else { "true" };
            let skipped = format!("id IN (SELECT event FROM ({PASSED_OVER}) WHERE {target})");
            add(&skipped, text(&self.target).or(Some(Sql::Null)));
        } else {
            add(&format!("(state = ? OR {in_outbox} state = ?))"), text(&self.state));
            add(&format!("{in_outbox} target = ?)"), text(&self.target));
        }
        (parts.join(" AND "), values)
    }
}

/// Those for which another event stands, by target, as it was found when they were read or
/// when they were to be handed on.
const PASSED_OVER: &str = "SELECT events.id AS event, passed.key AS target
    FROM events, json_each(events.passed) AS passed WHERE passed.value LIKE 'skipped:%'
    UNION SELECT event, target FROM outbox WHERE state = 'done' AND error LIKE 'skipped:%'";
const OF_NUMBER: &str = "ltrim(number, '+') = ltrim(?, '+')";
/// What events, and those that are waited for, are called.
const NAMES: &str = "SELECT coalesce(name, event) FROM events UNION SELECT event FROM endpoints";
/// Who was to hear of an event, or was not, and why.
const TARGETS: &str = "SELECT target FROM outbox UNION SELECT target FROM ended
    UNION SELECT passed.key FROM events, json_each(events.passed) AS passed";

/// Why nothing can be meant: a name, a number or a target that nothing in the store has. Where
/// nothing came yet, nothing is unknown.
pub(crate) fn unknown(store: &Connection, which: &Which) -> rusqlite::Result<Option<String>> {
    let is_there = |query: &str, values: &[&str]| {
        let query = format!("SELECT EXISTS ({query})");
        store.query_row(&query, params_from_iter(values), |row| row.get::<_, bool>(0))
    };
    if !is_there("SELECT 1 FROM events", &[])? {
        return Ok(None);
    }
    for (what, wanted, names, have) in [
        ("event of the name", &which.name, NAMES, "there are"),
        ("event for the target", &which.target, TARGETS, "events are for"),
    ] {
        let Some(wanted) = wanted else { continue };
        let mut known = store.prepare(names)?;
        let known = known.query_map([], |row| row.get(0))?;
        let known = known.collect::<rusqlite::Result<Vec<String>>>()?;
        if !known.contains(wanted) {
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            return Ok(Some(suggest::unknown(what, wanted, &known, have)));
        }
    }
    let Some(number) = &which.number else { return Ok(None) };
    let is_known = is_there(&format!("SELECT 1 FROM events WHERE {OF_NUMBER}"), &[number])?;
    Ok((!is_known).then(|| {
        format!(
            "there is no event of the number `{number}`; `twochat events --columns number` shows \
             those there are"
        )
    }))
}

/// An event as people and programs see it; `whole` has what it says and how it came.
pub(crate) fn row(store: &Connection, id: i64, whole: bool) -> rusqlite::Result<Value> {
    let read = "SELECT received, last, coalesce(name, event), place, key, number, state, seen,
                reason, content, body, passed FROM events WHERE id = ?";
    let mut row = store.prepare_cached(read)?.query_row([id], |row| {
        let text = |index: usize| row.get::<_, Option<String>>(index);
        let mut found = Map::new();
        let mut add = |name: &str, value: Value| {
            if !value.is_null() && value != "" {
                found.insert(name.to_owned(), value);
            }
        };
        add("id", id.into());
        add("time", time(row.get(0)?).into());
        add("event", text(2)?.into());
        add("place", text(3)?.into());
        add("key", text(4)?.into());
        add("number", text(5)?.into());
        add("state", text(6)?.into());
        add("seen", row.get::<_, i64>(7)?.into());
        add("last-seen", time(row.get(1)?).into());
        add("reason", text(8)?.into());
        add("not-handed-on", passed(text(11)?).into());
        if whole {
            let content = text(9)?.and_then(|content| content.parse().ok());
            add("content", content.unwrap_or_default());
            let body: Vec<u8> = row.get(10)?;
            let text = String::from_utf8_lossy(&body);
            if matches!(text, Cow::Owned(_)) {
                add("body-base64", BASE64_STANDARD.encode(&body).into());
            }
            add("body", text.into());
        }
        Ok(found)
    })?;
    let handed_on = handed_on(store, id)?;
    if !handed_on.is_empty() {
        row.insert("handed-on".to_owned(), handed_on.into());
    }
    Ok(row.into())
}

/// Whom an event was not handed on to, and why.
fn passed(stored: Option<String>) -> Option<Vec<Value>> {
    let passed: Map<String, Value> = serde_json::from_str(&stored?).ok()?;
    Some(passed.into_iter().map(|(target, why)| json!({ "target": target, "why": why })).collect())
}

fn handed_on(store: &Connection, id: i64) -> rusqlite::Result<Vec<Value>> {
    let read = "SELECT target, state, tries, next, error FROM outbox WHERE event = ?";
    let mut found = store.prepare_cached(read)?;
    let rows = found.query_map([id], |row| {
        let (target, state): (String, String) = (row.get(0)?, row.get(1)?);
        let (tries, error): (u32, Option<String>) = (row.get(2)?, row.get(4)?);
        let mut entry = json!({ "target": target, "state": state, "tries": tries });
        if let Some(entry) = entry.as_object_mut() {
            if state == "waiting" {
                entry.insert("next".to_owned(), time(row.get(3)?).into());
            }
            let name = if state == "done" { "note" } else { "error" };
            entry.extend(error.map(|error| (name.to_owned(), error.into())));
        }
        Ok(entry)
    })?;
    rows.collect()
}

/// The ids of those that are meant, after this one, so many at most.
pub(crate) fn ids(
    store: &Connection,
    which: &Which,
    after: i64,
    most: i64,
) -> rusqlite::Result<Vec<i64>> {
    let (condition, mut values) = which.condition();
    let read = format!("SELECT id FROM events WHERE {condition} AND id > ? ORDER BY id LIMIT ?");
    values.extend([Sql::from(after), Sql::from(most)]);
    let mut found = store.prepare_cached(&read)?;
    found.query_map(params_from_iter(values), |row| row.get(0))?.collect()
}

/// The last of those that are meant, the oldest first.
pub(crate) fn last(store: &Connection, which: &Which, most: i64) -> rusqlite::Result<Vec<i64>> {
    let (condition, mut values) = which.condition();
    let read = format!("SELECT id FROM events WHERE {condition} ORDER BY id DESC LIMIT ?");
    values.push(Sql::from(most));
    let mut found = store.prepare(&read)?;
    let ids: rusqlite::Result<Vec<_>> =
        found.query_map(params_from_iter(values), |row| row.get(0))?.collect();
    ids.map(|ids| ids.into_iter().rev().collect())
}

/// What of those that are meant is handed on again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Replayed {
    /// What is parked, and surely not carried out where nobody is named by an id.
    Parked,
    /// That, and what was only read by a dry run.
    Left,
    /// What waits or is done too, but for what is done once.
    Done,
    /// All of it.
    Again,
}

/// How many were asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) handed_on: usize,
    pub(crate) read: usize,
    /// So many are done once, and stay so.
    pub(crate) once: i64,
    /// These may have been carried out, and stay so.
    pub(crate) perhaps: Vec<i64>,
}

/// What is not handed on again by itself, and why: as a condition of SQL, and in words.
const AT_REST: [(&str, &str); 8] = [
    ("state = 'pruned'", "pruned, so what was said is forgotten"),
    ("state = 'double'", "a double, of which the first is handed on"),
    ("state = 'new'", "still to be read by a `twochat listen`"),
    ("state = 'unread'", "nothing that could be read"),
    (
        "EXISTS (SELECT 1 FROM outbox WHERE event = events.id AND state IN ('waiting', 'begun'))",
        "waiting already; replayed by its id, it is tried now",
    ),
    (
        "EXISTS (SELECT 1 FROM json_each(passed) WHERE value LIKE '--dry-run:%')",
        "only read by --dry-run; `twochat events replay --state read` has it handed on",
    ),
    (
        "EXISTS (SELECT 1 FROM json_each(passed) WHERE value LIKE 'skipped:%')
         OR EXISTS (SELECT 1 FROM outbox WHERE event = events.id AND error LIKE 'skipped:%')",
        "skipped, as another event stands for it by `once-per`; --again with its id does it",
    ),
    (
        "EXISTS (SELECT 1 FROM outbox WHERE event = events.id AND state = 'done')",
        "done; replayed by its id, it is done again",
    ),
];

/// How many of those that are meant are not handed on again by themselves, in words for each
/// reason.
pub(crate) fn at_rest(store: &Connection, which: &Which) -> rusqlite::Result<Vec<String>> {
    let (condition, values) = which.with_pruned();
    let cases = AT_REST.iter().map(|(is_so, words)| format!(" WHEN {is_so} THEN '{words}'"));
    let cases: String = cases.collect();
    let read = format!(
        "SELECT count(*) || ': ' || why FROM (SELECT CASE{cases} END AS why FROM events
         WHERE {condition}) WHERE why IS NOT NULL GROUP BY why ORDER BY why"
    );
    let mut found = store.prepare(&read)?;
    found.query_map(params_from_iter(values), |row| row.get(0))?.collect()
}

/// Has those that are meant handed on again, and what could not be read read again; where
/// they are named one by one, all is read again, for rules that are new.
pub(crate) fn replay(
    store: &mut Connection,
    which: &Which,
    what: Replayed,
) -> rusqlite::Result<Asked> {
    let (condition, values) = which.condition();
    let of_target = if which.target.is_some() { "AND target = ?" } else { "" };
    let now = Utc::now().timestamp_millis();
    let change = store.transaction()?;
    let meant = format!("SELECT id FROM events WHERE {condition}");
    let mut in_outbox: Vec<Sql> = values.clone();
    in_outbox.extend(which.target.clone().map(Sql::from));
    let of_them = format!("event IN ({meant}) {of_target}");
    // Whoever names an event has looked whether it was carried out.
    let sure = if which.ids.is_empty() { "AND perhaps = 0" } else { "" };
    let states = match what {
        Replayed::Parked | Replayed::Left => &format!("state = 'parked' {sure}"),
        Replayed::Done => "(state IN ('parked', 'waiting') OR state = 'done' AND once IS NULL)",
        Replayed::Again => "state IN ('parked', 'waiting', 'done')",
    };
    let once = match what {
        Replayed::Done => {
            let once = "SELECT count(*) FROM outbox WHERE state = 'done' AND once IS NOT NULL AND";
            let once = format!("{once} {of_them}");
            change.query_row(&once, params_from_iter(&in_outbox), |row| row.get(0))?
        }
        _ => 0,
    };
    let perhaps = match sure {
        "" => Vec::new(),
        _ => {
            let perhaps = format!(
                "SELECT event FROM outbox WHERE state = 'parked' AND perhaps = 1 AND {of_them}
                 ORDER BY event"
            );
            let mut perhaps = change.prepare(&perhaps)?;
            let found = perhaps.query_map(params_from_iter(&in_outbox), |row| row.get(0))?;
            found.collect::<rusqlite::Result<Vec<_>>>()?
        }
    };
    change.execute(
        &format!(
            "DELETE FROM ended WHERE target IN
             (SELECT target FROM outbox WHERE {states} AND {of_them})"
        ),
        params_from_iter(&in_outbox),
    )?;
    // One that ended begins anew also where nothing of it is left.
    let anew = "DELETE FROM ended WHERE target = ?";
    which.target.as_ref().map_or(Ok(0), |target| change.execute(anew, [target]))?;
    let handed_on = change.execute(
        &format!(
            "UPDATE outbox SET next = {now}, state = 'waiting',
                 tries = iif(state = 'waiting', tries, 0), error = iif(state = 'waiting', error, NULL)
             WHERE {states} AND {of_them}"
        ),
        params_from_iter(&in_outbox),
    )?;
    let states = match what {
        Replayed::Parked => "state = 'unread'".to_owned(),
        Replayed::Left => format!(
            "(state = 'unread' OR state = 'read' AND EXISTS
              (SELECT 1 FROM json_each(passed) WHERE value LIKE '{DRY}%'))"
        ),
        Replayed::Done | Replayed::Again => "state IN ('unread', 'read')".to_owned(),
    };
    let again = i32::from(what == Replayed::Again);
    let read = change.execute(
        &format!(
            "UPDATE events SET state = 'new', reason = NULL, again = {again}
             WHERE {states} AND id IN ({meant})"
        ),
        params_from_iter(&values),
    )?;
    change.commit()?;
    Ok(Asked { handed_on, read, once, perhaps })
}

fn time(milliseconds: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(milliseconds)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}
