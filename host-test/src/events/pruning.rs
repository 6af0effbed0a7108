//! What of the past is forgotten? What an event said, once it is old and handed on.
//!
//! Its name and key stay, by which a delivery that comes again is known, and what rules have
//! done once. What is still to be read or handed on stays whole.

use std::{path::PathBuf, thread, time::Duration};

use rusqlite::{Connection, params};
use tokio::{task::spawn_blocking, time::sleep};

use super::{lines, store};
use crate::{digest::span::milliseconds, exit::CommandError, terminal};

/// So often is looked whether more has grown old, where that is forgotten by itself.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// So many are forgotten in one transaction: between them others write.
const TOGETHER: i64 = 500;
/// So long, and so often, is waited for those who still read what is forgotten: they hold up
/// whoever receives as well.
const WAIT: Duration = Duration::from_millis(500);
const WAITS: u32 = 10;

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
    let mut pruned = Pruned::default();
    loop {
        let found = some(store, before, with_parked)?;
        pruned.events += found;
        if found == 0 {
            break;
        }
    }
    let left =
        format!("SELECT count(*) FROM events WHERE received < ?1 AND {}", is_open(with_parked));
    pruned.left = store.query_row(&left, [before], |row| row.get(0))?;
    Ok(pruned)
}

/// Forgets some of it, and gives how many.
fn some(store: &mut Connection, before: i64, with_parked: bool) -> rusqlite::Result<usize> {
    // What is freed is overwritten.
    store.pragma_update(None, "secure_delete", true)?;
    store.execute_batch("CREATE TEMP TABLE IF NOT EXISTS due (id INTEGER PRIMARY KEY)")?;
    let find = format!(
        "INSERT INTO due SELECT id FROM events
         WHERE state != 'pruned' AND received < ?1 AND NOT {} ORDER BY id LIMIT ?2",
        is_open(with_parked)
    );
    let change = store.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    change.execute("DELETE FROM due", [])?;
    let found = change.execute(&find, params![before, TOGETHER])?;
    change.execute_batch(FORGET)?;
    change.execute("UPDATE store SET pruned = max(coalesce(pruned, 0), ?)", [before])?;
    change.commit()?;
    Ok(found)
}

/// Whether an event is still to be read or handed on.
fn is_open(with_parked: bool) -> String {
    let open = if with_parked { "'waiting', 'begun'" } else { "'waiting', 'begun', 'parked'" };
    format!(
        "(state = 'new' OR EXISTS (SELECT 1 FROM outbox
         WHERE event = events.id AND outbox.state IN ({open})))"
    )
}

/// Forgets what is older than this, such as `90d`, now and from hour to hour, beside whoever
/// receives; but nothing that is parked.
pub(crate) async fn go_on(file: PathBuf, age: String) {
    let mut forgotten = 0;
    loop {
        loop {
            // Between any two, whoever waits for it to end goes first.
            let (file, age) = (file.clone(), age.clone());
            match spawn_blocking(move || some_older(&file, &age)).await {
                Ok(Ok(0)) => break,
                Ok(Ok(found)) => forgotten += found,
                Ok(Err(why)) => {
                    lines::say_lasting("forgetting", &format!("not done: {why}"));
                    break;
                }
                // The whole ends.
                Err(_) => return,
            }
        }
        if forgotten > 0 {
            let file = file.clone();
            match spawn_blocking(move || overwrite(&store::beside(&file)?)).await {
                Ok(Ok(())) => {
                    let are = if forgotten == 1 { "event is" } else { "events are" };
                    let told = format!("{forgotten} {are} older than {age}, and forgotten");
                    terminal::say(&format!("twochat: {told}"));
                    forgotten = 0;
                }
                Ok(Err(why)) => lines::say_lasting("forgetting", &why.to_string()),
                Err(_) => return,
            }
        }
        sleep(LOOK).await;
    }
}

fn some_older(file: &std::path::Path, age: &str) -> Result<usize, CommandError> {
    let before = milliseconds(age).map_err(CommandError::Host)?;
    let mut store = store::beside(file)?;
    let found = some(&mut store, before, false);
    found.map_err(|error| CommandError::Host(error.to_string()))
}

const FORGET: &str = "
DELETE FROM outbox WHERE event IN (SELECT id FROM due) AND once IS NULL;
UPDATE outbox SET state = iif(state = 'done', state, 'pruned'), error = CASE
        WHEN state = 'done' THEN NULL
        WHEN perhaps THEN 'it may have been carried out, and was pruned before anybody said so'
        ELSE 'it was parked when it was pruned' END
    WHERE event IN (SELECT id FROM due);
DELETE FROM events WHERE id IN (SELECT id FROM due)
    AND (state != 'read' OR key IS NULL) AND id NOT IN (SELECT event FROM outbox);
UPDATE events SET state = 'pruned', body = x'', digest = x'', content = NULL, number = NULL,
    reason = NULL, passed = NULL WHERE id IN (SELECT id FROM due);
";

/// Has nothing of what is forgotten left in the file and in that beside it, also while
/// others have the store open.
///
/// SQLite overwrites what it frees, but not what it left behind where it moved rows from one
/// page to another: only a file that is written anew has nothing of that.
pub(crate) fn overwrite(store: &Connection) -> Result<(), CommandError> {
    let is_there_still = |why: &str| {
        CommandError::Host(format!(
            "what is pruned is not overwritten yet, and can still be read in the store's files, \
             until `twochat events prune` runs again: {why}"
        ))
    };
    let anew = store.execute_batch("VACUUM");
    anew.map_err(|error| is_there_still(&error.to_string()))?;
    let empty = || {
        store.busy_timeout(WAIT)?;
        store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    };
    for _ in 0..WAITS {
        match empty() {
            Ok(false) => return Ok(()),
            // Whoever receives goes on between.
            Ok(true) => thread::sleep(WAIT / 4),
            Err(error) => return Err(is_there_still(&error.to_string())),
        }
    }
    Err(is_there_still("somebody is still reading what it was before"))
}
