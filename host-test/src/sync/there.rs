//! Who is in 2Chat already? All pages of it are read, and what people are known by is
//! kept.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use host::{calls::Calls, hiding::MASK, tools::Tool};
use serde_json::{Map, Value};

use super::{
    numbers,
    people::{Key, address_key, emails, is_same_name, key_of},
};
use crate::{
    destination::Destination,
    exit::CommandError,
    form::{Form, Format},
    pages::{self, Wanted},
    paging::{PAGE_SIZE, Paging},
    rows::KEY,
    spread::Kinds,
};

/// The fields by which people are told apart.
pub(crate) const COMPARED: [&str; 5] = ["details", "kind", "value", "first-name", "last-name"];

/// What WhatsApp's ids of chats end in, which look like addresses.
const CHATS: [&str; 3] = ["@c.us", "@g.us", "@s.whatsapp.net"];

/// What somebody is known by, who has this number or e-mail address; `None` where it is
/// neither, and so nobody's.
pub(crate) fn known_by(text: &str) -> Option<String> {
    if text.contains('@') {
        let is_chat = |email: &str| CHATS.iter().any(|chats| email.ends_with(chats));
        let [Ok(email)] = &emails(text)[..] else { return None };
        return key_of("email", email).filter(|email| !is_chat(email));
    }
    let key = numbers::key(text);
    // One whose country is not known, or of a beginning that is new, is compared by its digits.
    let is_written_as_one = (9..=16).contains(&key.len()) && !text.chars().any(char::is_alphabetic);
    let is_one = matches!(numbers::numbers(text, None)[..], [Ok(_)]);
    (is_written_as_one || is_one).then_some(key)
}

/// What the people in 2Chat are known by, with their uuids.
#[derive(Default)]
pub(crate) struct There {
    known: HashMap<String, Vec<Known>>,
    /// A field that the caller does not see, and by which people are told apart.
    masked: Option<&'static str>,
    /// Why some may be missing.
    doubts: Vec<String>,
}

/// Somebody there.
struct Known {
    uuid: String,
    name: String,
}

impl There {
    /// Looks who is there, by the action that lists everybody.
    pub(crate) async fn look(
        calls: &Calls,
        tool: &Tool,
        prompt: Option<&str>,
    ) -> Result<Self, CommandError> {
        let (there, sure_size) = Self::of_pages(calls, tool, prompt, Map::new()).await?;
        let Some(size) = sure_size else { return Ok(there) };
        // Whether the server gives no more of them is seen where it is asked for no more.
        let arguments = Map::from_iter([(PAGE_SIZE.to_owned(), size.into())]);
        Ok(Self::of_pages(calls, tool, prompt, arguments).await?.0)
    }

    /// The same by pages that are asked for so, and the size of those that would make sure.
    async fn of_pages(
        calls: &Calls,
        tool: &Tool,
        prompt: Option<&str>,
        arguments: Map<String, Value>,
    ) -> Result<(Self, Option<u64>), CommandError> {
        let paging = Paging::of(tool).ok_or_else(|| {
            CommandError::Misuse(format!("`{}` of this component has no pages", tool.name))
        })?;
        let found = Arc::new(Mutex::new(Self::default()));
        let taker = Arc::clone(&found);
        let take = move |row: &Value| {
            taker.lock().unwrap_or_else(PoisonError::into_inner).add(row);
        };
        let form = Form { format: Format::Jsonl, columns: Vec::new(), bom: false, spread: false };
        let wanted = Wanted {
            arguments,
            prompt: prompt.map(str::to_owned),
            form,
            to: Destination::Taker(Box::new(take)),
            tries: pages::TRIES,
        };
        let doubts = pages::run(calls, tool, &paging, &Kinds::of_tools(&[]), wanted).await?;
        let mut there = mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        there.doubts = doubts.words;
        match there.masked {
            None => Ok((there, doubts.sure_size)),
            Some(field) => Err(CommandError::Misuse(format!(
                "the persona does not see `{field}`, by which people are told apart: take it out \
                 of `mask`, or use another persona. Nothing was created"
            ))),
        }
    }

    /// Why somebody may be missing, if so.
    pub(crate) fn doubt(&self) -> Option<String> {
        (!self.doubts.is_empty()).then(|| self.doubts.join("; "))
    }

    /// The names of those who are known by this.
    pub(crate) fn names(&self, by: &str) -> impl Iterator<Item = &str> {
        self.known.get(by).into_iter().flatten().map(|known| known.name.as_str())
    }

    /// The uuid of whoever is known by one of these.
    pub(crate) fn uuid(&self, keys: &[Key]) -> Option<&str> {
        let of = |key: &Key| {
            let is_it = |known: &&Known| match &key.name {
                Some(name) => is_same_name(name, &known.name),
                None => true,
            };
            self.known.get(&key.by)?.iter().find(is_it)
        };
        keys.iter().find_map(of).map(|known| known.uuid.as_str())
    }

    /// Notes that somebody of this name is known by this.
    pub(crate) fn add_key(&mut self, key: String, uuid: &str, name: &str) {
        let known = Known { uuid: uuid.to_owned(), name: name.to_owned() };
        self.known.entry(key).or_default().push(known);
    }

    fn add(&mut self, person: &Value) {
        let fields = ["details", "first-name", "last-name"];
        let is_masked = |value: Option<&Value>| value.and_then(Value::as_str) == Some(MASK);
        let masked = fields.into_iter().find(|field| is_masked(person.get(field)));
        self.masked = self.masked.or(masked);
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let uuid = text(person, KEY);
        let name = format!("{} {}", text(person, "first-name"), text(person, "last-name"));
        let name = name.trim().to_owned();
        for detail in person.get("details").and_then(Value::as_array).into_iter().flatten() {
            if is_masked(detail.get("value")) || is_masked(detail.get("kind")) {
                self.masked = self.masked.or(Some("value"));
            }
            let value = text(detail, "value");
            let key = key_of(&text(detail, "kind"), &value);
            let key = key.unwrap_or_else(|| address_key(&name, &value));
            self.add_key(key, &uuid, &name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_what_is_no_number_and_no_address_nobody_is_known() {
        for (text, expected) in [
            ("+14155550123", "+14155550123"),
            ("+1 (415) 555-0123", "+14155550123"),
            ("0981 222 333", "+0981222333"),
            ("Ada@Example.com", "ada@example.com"),
        ] {
            assert_eq!(known_by(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "Ada",
            "Eve",
            "Sales 1",
            "Ada 14155550123",
            "+",
            "12",
            "@",
            "Ada @ home",
            "99@lid",
            "14155550123@c.us",
            "1203@g.us",
            "WAG3281cfa4-9d92-4d20-9e8e-35f695fe0faf",
        ] {
            assert_eq!(known_by(text), None, "{text}");
        }
    }
}
