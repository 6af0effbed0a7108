//! What of the past is forgotten? What an event said, once it is old and handed on.
//!
//! Its name and key stay, by which a delivery that comes again is known, and what rules have
//! done once. What is still to be read or handed on stays whole.

use rusqlite::{Connection, params};

/// So many are forgotten in one transaction: between them others write.
const TOGETHER: i64 = 500;

/// What became of those that were meant.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Pruned {
    pub(crate) events: usize,
    /// So many are still to be read or handed on.
    pub(crate) left: i64,
}

/// Forgets what was received before this time, in milliseconds since 1970; with what is
/// parked, where that is asked for.
pub(crate) fn prune(
    store: &mut Connection,
    before: i64,
    with_parked: bool,
) -> rusqlite::Result<Pruned> {
    // What is freed is overwritten.
    store.pragma_update(None, "secure_delete", true)?;
    store.execute_batch("CREATE TEMP TABLE IF NOT EXISTS due (id INTEGER PRIMARY KEY)")?;
    let open = if with_parked { "'waiting', 'begun'" } else { "'waiting', 'begun', 'parked'" };
    let is_open = format!(
        "(state = 'new' OR EXISTS (SELECT 1 FROM outbox
         WHERE event = events.id AND outbox.state IN ({open})))"
    );
    let find = format!(
        "INSERT INTO due SELECT id FROM events
         WHERE state != 'pruned' AND received < ?1 AND NOT {is_open} ORDER BY id LIMIT ?2"
    );
    let mut pruned = Pruned::default();
    loop {
        let change = store.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        change.execute("DELETE FROM due", [])?;
        let found = change.execute(&find, params![before, TOGETHER])?;
        change.execute_batch(FORGET)?;
        change.execute("UPDATE store SET pruned = max(coalesce(pruned, 0), ?)", [before])?;
        change.commit()?;
        pruned.events += found;
        if found == 0 {
            break;
        }
    }
    let left = format!("SELECT count(*) FROM events WHERE received < ?1 AND {is_open}");
    pruned.left = store.query_row(&left, [before], |row| row.get(0))?;
    Ok(pruned)
}

const FORGET: &str = "
DELETE FROM outbox WHERE event IN (SELECT id FROM due) AND once IS NULL;
UPDATE outbox SET state = 'done', error = NULL WHERE event IN (SELECT id FROM due);
DELETE FROM events WHERE id IN (SELECT id FROM due)
    AND (state != 'read' OR key IS NULL) AND id NOT IN (SELECT event FROM outbox);
UPDATE events SET state = 'pruned', body = x'', digest = x'', content = NULL, number = NULL,
    reason = NULL, passed = NULL WHERE id IN (SELECT id FROM due);
";

/// Gives the room of what is forgotten back to the disk. Nobody else may have the store
/// open.
pub(crate) fn shrink(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
}
