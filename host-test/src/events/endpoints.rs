//! Where are events delivered to? At one url for each event and place, which nobody can
//! guess.
//!
//! The vendor signs nothing: whoever knows the url is believed. So its last part is a token
//! of 256 random bits. The store holds only its SHA-256: whoever reads the store, or a copy
//! of it, can deliver nothing. A url is therefore shown when it is made and never again;
//! where it was lost, another takes its place.

use std::fmt;

use host::token::{Fingerprint, Token};
use rusqlite::Connection;

use super::writer::{Unwritten, Writer};
use crate::exit::CommandError;

/// What a token begins with.
const MARK: &str = "hook";
/// A name may have so many bytes.
const NAME: usize = 100;

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: i64,
    pub(crate) event: String,
    /// The number or channel whose events are meant; empty for any.
    pub(crate) place: String,
    fingerprint: Fingerprint,
    /// The public url below which it was subscribed.
    pub(crate) base: Option<String>,
    /// The name of its subscription.
    pub(crate) subscription: Option<String>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.event)?;
        if self.place.is_empty() { Ok(()) } else { write!(f, " of {}", self.place) }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoints(pub(crate) Vec<Endpoint>);

impl Endpoints {
    /// Those of the store that is written to.
    pub(crate) async fn of(writer: &Writer) -> Result<Self, Unwritten> {
        writer.write(|store| all(store).map(Self)).await
    }

    /// The one whose token this is. All are looked at, and each in the same time, so that
    /// the time does not tell which it is, nor how much of a token is right.
    pub(crate) fn with_token(&self, token: &str) -> Option<&Endpoint> {
        let shown = Fingerprint::of(token);
        self.0.iter().fold(None, |found, endpoint| {
            if endpoint.fingerprint.is_that_of(&shown) { Some(endpoint) } else { found }
        })
    }

    /// The one for this event and place.
    pub(crate) fn of_event(&self, event: &str, place: &str) -> Option<&Endpoint> {
        self.0.iter().find(|one| one.event == event && one.place == place)
    }
}

/// Makes an endpoint, or gives the one that is there another token. Shows the token, once.
pub(crate) async fn make(writer: &Writer, event: &str, place: &str) -> Result<Token, CommandError> {
    let token = Token::random(MARK).map_err(|why| CommandError::Host(why.to_owned()))?;
    let fingerprint = Fingerprint::of(token.text()).to_string();
    let (event, place) = (event.to_owned(), place.to_owned());
    let made = writer.write(move |store| {
        store.execute(
            "INSERT INTO endpoints (event, place, token) VALUES (?1, ?2, ?3)
             ON CONFLICT (event, place)
             DO UPDATE SET token = excluded.token, base = NULL, subscription = NULL",
            (event, place, fingerprint),
        )
    });
    made.await.map_err(|why| CommandError::Host(format!("no url could be made: {why}")))?;
    Ok(token)
}

/// Forgets one, with its token. What was delivered there stays.
pub(crate) async fn forget(writer: &Writer, id: i64) -> Result<(), Unwritten> {
    writer.write(move |store| store.execute("DELETE FROM endpoints WHERE id = ?", [id])).await?;
    Ok(())
}

/// Notes where one was subscribed.
pub(crate) async fn subscribed(
    writer: &Writer,
    id: i64,
    base: &str,
    subscription: &str,
) -> Result<(), Unwritten> {
    let (base, subscription) = (base.to_owned(), subscription.to_owned());
    let note = move |store: &Connection| {
        let set = "UPDATE endpoints SET base = ?2, subscription = ?3 WHERE id = ?1";
        store.execute(set, (id, base, subscription))
    };
    writer.write(note).await.map(|_| ())
}

/// Those of a store.
pub(crate) fn all(store: &Connection) -> rusqlite::Result<Vec<Endpoint>> {
    let mut found = store
        .prepare("SELECT id, event, place, token, base, subscription FROM endpoints ORDER BY id")?;
    let rows = found.query_map([], |row| {
        let fingerprint = Fingerprint::try_from(row.get::<_, String>(3)?).map_err(|why| {
            rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, why.into())
        })?;
        Ok(Endpoint {
            id: row.get(0)?,
            event: row.get(1)?,
            place: row.get(2)?,
            fingerprint,
            base: row.get(4)?,
            subscription: row.get(5)?,
        })
    })?;
    rows.collect()
}

/// The name of an event, as the vendor writes them.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if text.len() > NAME || !text.split(['.', '-', '_']).all(is_word) {
        return Err("expected a name such as whatsapp.message.received");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
impl Endpoint {
    pub(crate) fn named(event: &str, place: &str) -> Self {
        let (event, place) = (event.to_owned(), place.to_owned());
        let fingerprint = Fingerprint::of(&event);
        Self { id: 0, event, place, fingerprint, base: None, subscription: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::store::Store;

    #[tokio::test]
    async fn a_token_leads_to_its_endpoint_alone_and_the_store_does_not_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.sqlite");
        let store = Store::open(&file).unwrap();
        let one = make(&store.writer, "a", "").await.unwrap();
        let other = make(&store.writer, "a", "+14155550123").await.unwrap();
        let known = Endpoints::of(&store.writer).await.unwrap();
        let led = |token: &str| known.with_token(token).map(ToString::to_string);
        assert_eq!(led(one.text()).as_deref(), Some("a"));
        assert_eq!(led(other.text()).as_deref(), Some("a of +14155550123"));
        for wrong in ["", "hook_", &one.text().replace("hook_", "hook-")] {
            assert_eq!(led(wrong), None);
        }
        let again = make(&store.writer, "a", "").await.unwrap();
        let known = Endpoints::of(&store.writer).await.unwrap();
        assert!(known.with_token(one.text()).is_none());
        assert!(known.with_token(again.text()).is_some());
        drop(store);
        let held = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        let bytes = [held("events.sqlite"), held("events.sqlite-wal")].concat();
        for token in [&one, &other, &again] {
            let text = token.text().as_bytes();
            assert!(!bytes.windows(text.len()).any(|bytes| bytes == text));
        }
    }
}
