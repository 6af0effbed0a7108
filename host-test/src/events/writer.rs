//! How is much written down in little time, and nothing told of that is not? One thread
//! writes: what waits meanwhile goes into one transaction, and each hears of its own once
//! all of it is on the disk.

use std::{fmt, io, mem, thread};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// So much waits to be written; more waits to wait.
const WAITING: usize = 1024;
/// So much is written in one transaction.
const TOGETHER: usize = 512;

/// Why something is not written down.
#[derive(Clone, Debug)]
pub(crate) struct Unwritten(String);

impl Unwritten {
    pub(crate) fn because(why: String) -> Self {
        Self(why)
    }
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<rusqlite::Error> for Unwritten {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// Hears whether what was done is on the disk.
type Told = Box<dyn FnOnce(Result<(), Unwritten>) + Send>;
/// Does its part within a transaction, if there is one, and says whether it did.
type Job = Box<dyn FnOnce(Result<&Connection, Unwritten>) -> (bool, Told) + Send>;

/// Where all that changes the store is handed in.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Writes over this connection, until nobody hands in any more; nothing is told to be
    /// written while `can_be_found` says otherwise.
    pub(crate) fn over(
        connection: Connection,
        can_be_found: impl Fn() -> Result<(), Unwritten> + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(WAITING);
        let write = move || {
            let mut batch = Vec::with_capacity(TOGETHER);
            while queue.blocking_recv_many(&mut batch, TOGETHER) > 0 {
                write(&connection, &can_be_found, mem::take(&mut batch));
            }
        };
        thread::Builder::new().name("events".to_owned()).spawn(write)?;
        Ok(Self { jobs })
    }

    /// Does this within a transaction, and gives what came of it once that is on the disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unwritten> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.and_then(|connection| Ok(work(connection)?));
            let is_done = done.is_ok();
            let told: Told = Box::new(move |written| {
                // Whoever asked may have gone, and what is written stays.
                let _ = tell.send(written.and(done));
            });
            (is_done, told)
        });
        let ended = || Unwritten("the store was closed".to_owned());
        self.jobs.send(job).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }
}

fn write(
    connection: &Connection,
    can_be_found: impl Fn() -> Result<(), Unwritten>,
    jobs: Vec<Job>,
) {
    let mut told = Vec::with_capacity(jobs.len());
    let begin = || Ok(connection.execute_batch("BEGIN IMMEDIATE")?);
    let mut open = can_be_found().and_then(|()| begin());
    for job in jobs {
        if let Err(why) = &open {
            told.push(job(Err(why.clone())).1);
            continue;
        }
        let savepoint = connection.execute_batch("SAVEPOINT one");
        let (is_done, tell) = job(savepoint.map(|()| connection).map_err(Unwritten::from));
        told.push(tell);
        let kept = if is_done { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
        // A full or broken disk takes the whole transaction back.
        if connection.execute_batch(kept).is_err() || connection.is_autocommit() {
            open = Err(Unwritten("the store's disk is full or broken".to_owned()));
        }
    }
    let written = open.and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    // It may have gone meanwhile.
    let written = written.and_then(|()| can_be_found());
    if written.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    told.into_iter().for_each(|tell| tell(written.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> (tempfile::TempDir, std::path::PathBuf, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE n(n UNIQUE)").unwrap();
        (folder, file, Writer::over(connection, || Ok(())).unwrap())
    }

    fn add(number: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> {
        move |connection| connection.execute("INSERT INTO n VALUES (?)", [number])
    }

    fn count(file: &std::path::Path) -> i64 {
        let connection = Connection::open(file).unwrap();
        connection.query_row("SELECT count(*) FROM n", [], |row| row.get(0)).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_fails_takes_nothing_of_others_with_it() {
        let (_folder, file, writer) = numbers();
        let tries = (0..400).map(|number| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.write(add(number % 300)).await.is_ok() })
        });
        let mut written = 0;
        for one in tries.collect::<Vec<_>>() {
            written += i64::from(one.await.unwrap());
        }
        assert_eq!((written, count(&file)), (300, 300));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_disk_has_no_room_for_is_not_said_to_be_written() {
        let (_folder, file, writer) = numbers();
        let bounded = |pages: i64| {
            move |connection: &Connection| {
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            }
        };
        writer.write(bounded(1)).await.unwrap();
        let large = |connection: &Connection| {
            connection.execute("INSERT INTO n VALUES (zeroblob(100000))", [])
        };
        let (one, two, three) =
            tokio::join!(writer.write(add(1)), writer.write(large), writer.write(add(2)),);
        assert!(two.is_err());
        let said = i64::from(one.is_ok()) + i64::from(three.is_ok());
        assert_eq!(said, count(&file));
        writer.write(bounded(1000)).await.unwrap();
        writer.write(large).await.unwrap();
        assert_eq!(count(&file), said + 1);
    }
}
