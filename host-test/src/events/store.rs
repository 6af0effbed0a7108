//! Where is kept what was delivered, and what is still to be done with it? In a file of
//! SQLite that only its user can read.
//!
//! Whoever changes it does so by its writer. Readers have connections of their own, in
//! other processes too.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use etcetera::BaseStrategy;
use host::files;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{outbox, place::Place, writer::Writer};
use crate::{constants::APPLICATION, exit::CommandError};

/// What tells such a file from others of SQLite.
const MARK: i32 = 0x3263_6861;
/// The version of its tables.
const VERSION: i32 = 3;
/// What makes them those of the next version, from the first on.
const STEPS: [&str; 2] = [
    "
ALTER TABLE events ADD COLUMN passed TEXT;
ALTER TABLE events ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
DROP INDEX keys;
CREATE UNIQUE INDEX keys ON events (name, key)
    WHERE key IS NOT NULL AND state IN ('read', 'pruned');
ALTER TABLE store ADD COLUMN pruned INTEGER;
",
    "
ALTER TABLE outbox ADD COLUMN perhaps INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET perhaps = 1 WHERE state = 'begun' OR state = 'parked'
    AND (error LIKE 'it may have been carried out%' OR error LIKE 'it was cut off%');
",
];
/// So long one process waits for another that writes.
const BUSY: Duration = Duration::from_secs(10);
/// What is kept of the file beside it, where new pages are written first.
const JOURNAL: u64 = 64 << 20;

const TABLES: &str = "
CREATE TABLE endpoints (
    id INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    place TEXT NOT NULL,         -- a number or a channel; empty: any
    token TEXT NOT NULL UNIQUE,  -- its SHA-256
    base TEXT,                   -- the public url that it was subscribed below
    subscription TEXT,           -- as the vendor names it
    UNIQUE (event, place)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,         -- what its endpoint is for
    place TEXT NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    received INTEGER NOT NULL,   -- in milliseconds since 1970, as all times here
    last INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    state TEXT NOT NULL,         -- new, read, double, unread, pruned
    reason TEXT,
    name TEXT,
    key TEXT,
    number TEXT,
    content TEXT,                -- as it was read, JSON
    passed TEXT,                 -- whom it was not handed on to, and why, JSON
    again INTEGER NOT NULL DEFAULT 0  -- 1: also to those who had another for the same `once`
);
CREATE INDEX bodies ON events (event, place, digest, last);
CREATE UNIQUE INDEX keys ON events (name, key)
    WHERE key IS NOT NULL AND state IN ('read', 'pruned');
CREATE INDEX unread ON events (id) WHERE state = 'new';
CREATE TABLE outbox (
    event INTEGER NOT NULL REFERENCES events,
    target TEXT NOT NULL,
    state TEXT NOT NULL,         -- waiting, begun, done, parked, pruned
    tries INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL,
    error TEXT,
    once TEXT,                   -- for what it is done once, as a digest
    perhaps INTEGER NOT NULL DEFAULT 0,  -- 1: it may have been carried out
    PRIMARY KEY (event, target)
) WITHOUT ROWID;
CREATE INDEX due ON outbox (target, next) WHERE state = 'waiting';
CREATE UNIQUE INDEX onces ON outbox (target, once) WHERE once IS NOT NULL;
CREATE TABLE ended (
    target TEXT PRIMARY KEY,
    reason TEXT NOT NULL
);
CREATE TABLE store (
    id TEXT NOT NULL,
    pruned INTEGER               -- what was received before is forgotten
);
INSERT INTO store VALUES (lower(hex(randomblob(8))), NULL);
";

/// The store of the one process that receives.
pub(crate) struct Store {
    pub(crate) writer: Writer,
    /// By this the store's events are told from those of others.
    pub(crate) id: String,
    file: PathBuf,
    /// Whoever holds it is alone.
    _lock: File,
}

impl Store {
    /// Opens the store, which is made if there is none.
    pub(crate) fn open(file: &Path) -> Result<Self, CommandError> {
        let failed = |why: String| unusable(file, &why);
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| failed(error.to_string()))?;
        }
        let file = files::way(file).map_err(failed)?;
        if file.exists() {
            // Whoever else it is of finds nothing beside it that was not there.
            found(&file).map_err(failed)?;
        }
        let lock = files::lock_beside(&file).map_err(|error| {
            let is_held = error.kind() == io::ErrorKind::WouldBlock;
            let alone = ": one `twochat listen` at a time receives for it";
            failed(format!("{error}{}", if is_held { alone } else { "" }))
        })?;
        if !file.exists() || found(&file).map_err(failed)? == Found::Nothing {
            make(&file).map_err(failed)?;
        }
        let (connection, id) = begin(&file).map_err(|error| failed(error.to_string()))?;
        let place = Place::of(&file).map_err(|error| failed(error.to_string()))?;
        let writer = Writer::over(connection, move || place.is_there());
        let writer = writer.map_err(|error| failed(error.to_string()))?;
        Ok(Self { writer, id, file, _lock: lock })
    }

    /// Puts all that was written into the file itself, so that it is whole without those
    /// beside it. Where that cannot be done now, the next to open it does it.
    pub(crate) fn end(self) {
        let _ = beside(&self.file).map(|store| store.execute_batch(INTO_THE_FILE));
    }
}

const INTO_THE_FILE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The user's own store: in `$XDG_DATA_HOME`, or in `~/.local/share`.
pub(crate) fn of_user() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?.data_dir();
    Some(base.join(APPLICATION).join("events.sqlite"))
}

/// The store that is named, or the user's own.
pub(crate) fn named(file: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    file.or_else(of_user).ok_or_else(|| {
        CommandError::Misuse("there is no home folder: name a store with --store".to_owned())
    })
}

/// A connection for somebody who looks, or changes a little, beside the process that
/// receives.
pub(crate) fn beside(file: &Path) -> Result<Connection, CommandError> {
    beside_if_begun(file)?.ok_or_else(|| {
        CommandError::Misuse(format!(
            "there is no store {}: `twochat listen` begins one, and --store names another",
            file.display()
        ))
    })
}

/// The same; `None` where there is none yet.
pub(crate) fn beside_if_begun(file: &Path) -> Result<Option<Connection>, CommandError> {
    let failed = |why: String| unusable(file, &why);
    if !file.exists() || found(file).map_err(failed)? == Found::Nothing {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(file, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        Ok(renewed(&connection)?.then_some(connection))
    });
    let opened = opened.map_err(|error| failed(error.to_string()))?;
    opened.map(Some).ok_or_else(|| failed(OF_ANOTHER.to_owned()))
}

const OF_ANOTHER: &str = "it is none of this version of `twochat`";

fn unusable(file: &Path, why: &str) -> CommandError {
    CommandError::Host(format!("the store {} cannot be used: {why}", file.display()))
}

/// Makes the store beside its place, and puts it there once it is whole: whatever ends it
/// before leaves none. The caller is alone, and nothing is in what is there.
fn make(file: &Path) -> Result<(), String> {
    let name = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let new = name(".new");
    // What an earlier start left is none of the one that comes.
    for left in [".new", ".new-journal", ".new-wal", ".new-shm", "-journal", "-wal", "-shm"] {
        match fs::remove_file(name(left)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
    }
    // Nobody else can read it from the first byte on.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
    let made = made.map_err(|error| error.to_string()).and_then(|_| {
        filled(&new).map_err(|error| error.to_string())?;
        File::open(&new).and_then(|it| it.sync_all()).map_err(|error| error.to_string())?;
        fs::rename(&new, file).map_err(|error| error.to_string())
    });
    made.inspect_err(|_| drop(fs::remove_file(&new)))
}

/// Writes the tables into an empty file.
fn filled(file: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags(file, flags)?.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         BEGIN; {TABLES} PRAGMA application_id = {MARK}; PRAGMA user_version = {VERSION}; COMMIT;
         {INTO_THE_FILE}"
    ))
}

/// What is in a file.
#[derive(PartialEq)]
enum Found {
    Store,
    /// Neither what is ours nor what is anybody's.
    Nothing,
}

/// What is in this one, which may be somebody else's. Nothing is written.
fn found(file: &Path) -> Result<Found, String> {
    is_kept_from_others(file)?;
    let found = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let found = found.and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
        Ok(match (mark(&connection)?, version(&connection)?) {
            (MARK, 1..=VERSION) => Some(Found::Store),
            (0, 0) if tables == 0 => Some(Found::Nothing),
            _ => None,
        })
    });
    let found = found.map_err(|error| error.to_string())?;
    found.ok_or_else(|| OF_ANOTHER.to_owned())
}

/// What people wrote lies in it. By two names it would come apart, however it is locked: what
/// is new lies beside each of them, and whoever opens the one does not find that of the other.
fn is_kept_from_others(file: &Path) -> Result<(), String> {
    let metadata = fs::symlink_metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    let names = metadata.nlink();
    if names > 1 {
        return Err(format!(
            "the file has {names} names (hard links): copy it to one with its own"
        ));
    }
    if !files::is_ours(&metadata) || metadata.mode() & 0o077 != 0 {
        let name = file.display();
        return Err(format!("others can read or write it, `chmod 600 {name}`"));
    }
    Ok(())
}

fn begin(file: &Path) -> rusqlite::Result<(Connection, String)> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    // What is acknowledged is on the disk, also where the machine ends at once.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA journal_size_limit = {JOURNAL};"
    ))?;
    renewed(&connection)?;
    connection.execute_batch(INTO_THE_FILE)?;
    let id = connection.query_row("SELECT id FROM store", [], |row| row.get(0))?;
    Ok((connection, id))
}

/// Brings the tables of an earlier version to this one, and gives whether they are of it now.
fn renewed(connection: &Connection) -> rusqlite::Result<bool> {
    if mark(connection)? != MARK || !(1..VERSION).contains(&version(connection)?) {
        return Ok((mark(connection)?, version(connection)?) == (MARK, VERSION));
    }
    // What stood in clear is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    let change = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile.
    let before = version(&change)?;
    let done = usize::try_from(before).unwrap_or_default().saturating_sub(1);
    let steps: String = STEPS.iter().skip(done).copied().collect();
    change.execute_batch(&steps)?;
    if before < VERSION {
        outbox::hide_what_is_done_once(&change)?;
    }
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()?;
    Ok(true)
}

fn mark(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// The tables of the first version, with an event.
    const FIRST: &str = "
        CREATE TABLE endpoints (id INTEGER PRIMARY KEY, event TEXT NOT NULL, place TEXT NOT NULL,
            token TEXT NOT NULL UNIQUE, base TEXT, subscription TEXT, UNIQUE (event, place));
        CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL,
            place TEXT NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL,
            received INTEGER NOT NULL, last INTEGER NOT NULL, seen INTEGER NOT NULL,
            state TEXT NOT NULL, reason TEXT, name TEXT, key TEXT, number TEXT, content TEXT);
        CREATE INDEX bodies ON events (event, place, digest, last);
        CREATE UNIQUE INDEX keys ON events (name, key) WHERE state = 'read' AND key IS NOT NULL;
        CREATE INDEX unread ON events (id) WHERE state = 'new';
        CREATE TABLE outbox (event INTEGER NOT NULL REFERENCES events, target TEXT NOT NULL,
            state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL,
            error TEXT, once TEXT, PRIMARY KEY (event, target)) WITHOUT ROWID;
        CREATE INDEX due ON outbox (target, next) WHERE state = 'waiting';
        CREATE UNIQUE INDEX onces ON outbox (target, once) WHERE once IS NOT NULL;
        CREATE TABLE ended (target TEXT PRIMARY KEY, reason TEXT NOT NULL);
        CREATE TABLE store (id TEXT NOT NULL);
        INSERT INTO store VALUES ('i');
        INSERT INTO events (event, place, digest, body, received, last, seen, state, key)
        VALUES ('e', '', x'', x'', 0, 0, 1, 'read', 'k');
        INSERT INTO outbox VALUES (1, 't', 'parked', 1, 0, 'it was cut off', '\"+14155550123\"');";

    #[tokio::test]
    async fn a_store_is_its_users_alone_and_has_one_receiver() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/twochat/events.sqlite");
        let store = Store::open(&file).unwrap();
        let id = store.id.clone();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        assert_eq!(mode(&file.with_extension("sqlite-wal")), 0o600);
        drop(store);
        assert_eq!(Store::open(&file).unwrap().id, id);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let why = Store::open(&file).map(|_| ()).unwrap_err().to_string();
        assert!(why.contains("chmod 600"), "{why}");
    }

    #[tokio::test]
    async fn a_store_of_an_earlier_version_goes_on_with_all_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let (file, new) = (folder.path().join("old.sqlite"), folder.path().join("new.sqlite"));
        let shape = |file: &Path| -> Vec<(String, String)> {
            let columns = "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p
                           ORDER BY m.name, p.name";
            let store = beside(file).unwrap();
            let mut found = store.prepare(columns).unwrap();
            found
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .map(Result::unwrap)
                .collect()
        };
        drop(Store::open(&new).unwrap());
        let old = Connection::open(&file).unwrap();
        old.execute_batch(FIRST).unwrap();
        old.execute_batch(&format!("PRAGMA application_id = {MARK}; PRAGMA user_version = 1"))
            .unwrap();
        drop(old);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let event =
            |store: &Connection| store.query_row("SELECT key FROM events", [], |row| row.get(0));
        let key: String = event(&beside(&file).unwrap()).unwrap();
        assert_eq!((key.as_str(), shape(&file)), ("k", shape(&new)));
        let opened = Store::open(&file).unwrap();
        assert_eq!(opened.id, "i");
        let known = outbox::claimed(&beside(&file).unwrap(), 2, "t", "\"+14155550123\"").unwrap();
        let perhaps = |store: &Connection| -> bool {
            store.query_row("SELECT perhaps FROM outbox", [], |row| row.get(0)).unwrap()
        };
        assert!(known.is_some_and(|first| first.event == 1) && perhaps(&beside(&file).unwrap()));
        opened.end();
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(12).any(|bytes| bytes == b"+14155550123"));
    }

    #[tokio::test]
    async fn what_a_start_that_was_cut_off_left_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let empty = |name: &str| {
            let file = folder.path().join(name);
            make(&file).unwrap();
            fs::write(&file, "").unwrap();
            file
        };
        let (none, begun, marked) = (empty("none"), empty("begun"), empty("marked"));
        let mode = "PRAGMA journal_mode = WAL";
        let open = Connection::open(&begun).unwrap();
        open.execute_batch(&format!("{mode}; BEGIN; CREATE TABLE t(a)")).unwrap();
        Connection::open(&marked).unwrap().execute_batch(mode).unwrap();
        fs::write(folder.path().join("none.new"), "half").unwrap();
        for file in [none, begun, marked] {
            assert!(beside_if_begun(&file).unwrap().is_none(), "{}", file.display());
            let told = beside(&file).map(|_| ()).unwrap_err();
            assert!(told.to_string().starts_with("there is no store"), "{told}");
            let store = Store::open(&file).unwrap();
            let insert = "INSERT INTO ended VALUES ('a', 'b')";
            store.writer.write(move |store| store.execute(insert, [])).await.unwrap();
            assert!(beside(&file).is_ok());
        }
        assert!(!folder.path().join("none.new").exists());
        drop(open);
    }

    #[tokio::test]
    async fn a_file_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.sqlite");
        Connection::open(&file).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let bytes = fs::read(&file).unwrap();
        for opened in [Store::open(&file).map(|_| ()), beside(&file).map(|_| ())] {
            assert!(opened.unwrap_err().to_string().contains(OF_ANOTHER));
        }
        assert_eq!(fs::read(&file).unwrap(), bytes);
        let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(beside.len(), 1, "{beside:?}");
    }

    #[tokio::test]
    async fn a_store_with_two_names_and_what_is_no_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("one"), folder.path().join("other"));
        let store = Store::open(&file).unwrap();
        fs::hard_link(&file, &other).unwrap();
        let refused = |file: &Path| Store::open(file).map(|_| ()).unwrap_err().to_string();
        assert!(refused(&other).contains("2 names"), "{}", refused(&other));
        let looked = beside(&other).map(|_| ()).unwrap_err().to_string();
        assert!(looked.contains("2 names"), "{looked}");
        drop(store);
        let why = refused(Path::new("/dev/null"));
        assert!(why.contains("it is no file") && !why.contains("chmod"), "{why}");
    }

    #[tokio::test]
    async fn at_the_end_all_is_in_the_file_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (file, copy) = (folder.path().join("store"), folder.path().join("copy"));
        let store = Store::open(&file).unwrap();
        let insert = "INSERT INTO ended VALUES ('a', 'b')";
        store.writer.write(move |store| store.execute(insert, [])).await.unwrap();
        store.end();
        fs::copy(&file, &copy).unwrap();
        let count = |store: Connection| -> i64 {
            store.query_row("SELECT count(*) FROM ended", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count(beside(&copy).unwrap()), 1);
    }
}
