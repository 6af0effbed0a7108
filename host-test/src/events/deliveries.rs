//! What is written down of a delivery before it is acknowledged? All of it, once: the same
//! body at the same endpoint is counted.

use chrono::Utc;
use ring::digest::{SHA256, digest};
use rusqlite::Connection;

use super::{
    endpoints::Endpoint,
    writer::{Unwritten, Writer},
};

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
    /// It was stored before, with this id.
    Double(i64),
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
        let mut insert = store.prepare_cached(
            "INSERT INTO events (event, place, digest, body, received, last, seen, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, 'new')
             ON CONFLICT (event, place, digest)
             DO UPDATE SET seen = seen + 1, last = excluded.last
             RETURNING id, seen",
        )?;
        let now = Utc::now().timestamp_millis();
        let row = (event, place, digest, body, now);
        insert.query_row(row, |row| {
            let (id, seen): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(if seen == 1 { Kept::New(id) } else { Kept::Double(id) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::store::Store;

    #[tokio::test]
    async fn the_same_body_is_kept_once_for_each_endpoint_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.sqlite");
        let keep = async |event: &str, body: &str| {
            let store = Store::open(&file).unwrap();
            let endpoint = Endpoint::named(event, "");
            Delivery::at(&endpoint, body.into()).keep(&store.writer).await.unwrap()
        };
        let Kept::New(first) = keep("a", "{}").await else { panic!() };
        assert_eq!(keep("a", "{}").await, Kept::Double(first));
        assert!(matches!(keep("b", "{}").await, Kept::New(_)));
        assert!(matches!(keep("a", "{} ").await, Kept::New(_)));
    }
}
