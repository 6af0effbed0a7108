//! What is written down of a delivery before it is acknowledged? All of it, once: the same
//! body at the same endpoint, within an hour, is counted.
//!
//! Later it is stored anew. If it has a key, or says when it happened, that tells that it is a
//! double; if not, it may as well have happened again: a number that was cut off yesterday,
//! and today.

use chrono::Utc;
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    endpoints::Endpoint,
    writer::{Unwritten, Writer},
};

/// So many milliseconds after it was delivered first, the same body was delivered again: it
/// did not happen again. What was delivered first by a clock that was ahead tells nothing.
pub(super) const AGAIN: i64 = 60 * 60 * 1000;

/// What came in.
pub(crate) struct Delivery {
    event: String,
    place: String,
    digest: Vec<u8>,
    body: Vec<u8>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kept {
    /// It is stored.
    New(i64),
    /// It was stored before, as this one.
    Double { of: i64, is_read: bool },
}

impl Delivery {
    pub(crate) fn at(endpoint: &Endpoint, body: Vec<u8>) -> Self {
        let digest = digest(&SHA256, &body).as_ref().to_vec();
        Self { event: endpoint.event.clone(), place: endpoint.place.clone(), digest, body }
    }

    /// Gives back what became of it, once that is on the disk.
    pub(crate) async fn keep(self, writer: &Writer) -> Result<Kept, Unwritten> {
        writer.write(move |store| self.insert(store)).await
    }

    fn insert(self, store: &Connection) -> rusqlite::Result<Kept> {
        let Self { event, place, digest, body } = self;
        let now = Utc::now().timestamp_millis();
        let mut count = store.prepare_cached(
            "UPDATE events SET seen = seen + 1, last = ?4 WHERE id =
             (SELECT max(id) FROM events
              WHERE event = ?1 AND place = ?2 AND digest = ?3
              AND received > ?5 AND received <= ?4)
             RETURNING id, state != 'new'",
        )?;
        let again = (&event, &place, &digest, now, now - AGAIN);
        let double = |row: &Row<'_>| Ok(Kept::Double { of: row.get(0)?, is_read: row.get(1)? });
        if let Some(double) = count.query_row(again, double).optional()? {
            return Ok(double);
        }
        let mut insert = store.prepare_cached(
            "INSERT INTO events (event, place, digest, body, received, last, seen, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, 'new')
             RETURNING id",
        )?;
        insert.query_row((event, place, digest, body, now), |row| row.get(0)).map(Kept::New)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::store::Store;

    #[tokio::test]
    async fn the_same_body_is_kept_once_for_each_endpoint_also_after_a_restart_but_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.sqlite");
        let keep = async |event: &str, body: &str| {
            let store = Store::open(&file).unwrap();
            let endpoint = Endpoint::named(event, "");
            Delivery::at(&endpoint, body.into()).keep(&store.writer).await.unwrap()
        };
        let Kept::New(first) = keep("a", "{}").await else { panic!() };
        assert_eq!(keep("a", "{}").await, Kept::Double { of: first, is_read: false });
        assert!(matches!(keep("b", "{}").await, Kept::New(_)));
        assert!(matches!(keep("a", "{} ").await, Kept::New(_)));
        let store = Store::open(&file).unwrap();
        // From the first on, however often it came since.
        let age = "UPDATE events SET received = received - ?";
        store.writer.write(move |store| store.execute(age, [AGAIN])).await.unwrap();
        drop(store);
        assert!(matches!(keep("a", "{}").await, Kept::New(id) if id != first));
        let store = Store::open(&file).unwrap();
        let ahead = "UPDATE events SET received = received + ?";
        store.writer.write(move |store| store.execute(ahead, [AGAIN + AGAIN / 2])).await.unwrap();
        drop(store);
        assert!(matches!(keep("b", "{}").await, Kept::New(_)));
        assert!(matches!(keep("b", "{}").await, Kept::Double { .. }));
    }
}
