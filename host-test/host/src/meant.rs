//! What did a model mean by these arguments? Driven by the action's schema.
//!
//! Clients and models give a list as its JSON text, one record for a list of one, a number
//! as text, an empty text for nothing, and keys of their own. What can mean one thing only
//! is taken as that; what cannot stays as it is, for the action to refuse.
//!
//! | given | where the schema has | taken as |
//! | --- | --- | --- |
//! | JSON text, also within JSON text or a fence | an object or array | what it says |
//! | one value | an array | an array of it |
//! | `{"0": …, "1": …}`, `{"item": …}`, `[[…]]` | an array | its items |
//! | `{"email": "a@b.example"}`, where `email` is a word to choose | a record of that word and one text more, or an array of them | that record |
//! | text | a number or truth | the number or truth |
//! | a whole number | a text | its digits |
//! | an object or array, or a text within a fence or within JSON text | a text whose example is JSON | its JSON text |
//! | `3.0` | an integer | `3` |
//! | a word in another spelling, or the only one that it stands in | words to choose from | the word: `WHATSAPP_PHONE` is `whatsapp-phone`, and so is `WhatsApp number` |
//! | text with blanks around it | a text | the text |
//! | a text in other capitals | a text whose pattern takes it in one way alone | it, in that: `wpn…` is `WPN…` |
//! | a phone number as people write it | a text whose pattern takes it without what is between its digits | its `+` and digits |
//! | `null`, blank text, `[]` or `{}` | an optional member | nothing |
//! | `first_name`, `firstName` | the member `first-name` | that member |
//! | all arguments within one more member (`input`, `contact`) | | the arguments |
//! | a member of the client's own | | nothing; it is told |
//!
//! Which other members there are, and that they are refused: `meant/strangers.rs`. So is a text
//! that somebody's template should have filled in (`{{name}}`, `undefined`), and one that was to
//! be the JSON text of an object or a list and is none.

use serde::de::IgnoredAny;
use serde_json::{Map, Number, Value};

use self::{
    number::{number, phone_number},
    strangers::{Strangers, unwrapped},
    text::{ENCODED, in_capitals, inner, is_unfilled, unfenced, word},
};
use crate::{doubles::doubled, tools::Tool};

mod known;
mod name;
mod number;
mod strangers;
mod text;

pub use self::name::tool_meant;

type Members = Map<String, Value>;

/// A text of more parts than any action takes stays a text: read, it would be much larger.
const PARTS: usize = 10_000;
/// So many letters of a client's own words are repeated.
const REPEATED: usize = 60;
/// What an object is called that stands for the list of what it holds.
const LISTS: [&str; 12] = [
    "item", "items", "list", "array", "element", "elements", "entry", "entries", "value", "values",
    "record", "records",
];

/// What was meant.
#[derive(Debug, PartialEq)]
pub struct Meant {
    /// The arguments as the action takes them.
    pub arguments: Value,
    /// The members that no argument resembles, which were left out. Those that are known to
    /// be a client's own and begin with `_` are not among them.
    pub left_out: Vec<String>,
}

/// What was meant by these arguments of this action.
///
/// # Errors
/// A sentence that names the place: a member that is misspelt or that would be missed, or a
/// number out of bounds.
pub fn meant(arguments: Value, tool: &Tool) -> Result<Meant, String> {
    let schema = &tool.input_schema;
    let given = match object(arguments) {
        Value::Object(given) => given,
        arguments => {
            is_readable("arguments", &arguments)?;
            return Ok(Meant { arguments, left_out: Vec::new() });
        }
    };
    let (given, mut left_out) = unwrapped(given, tool);
    let (taken, unknown) = members(given, schema, "")?;
    let strangers = Strangers::of(tool);
    // Of nothing, nothing is lost.
    for (name, value) in unknown.iter().filter(|(_, value)| !is_empty(value)) {
        if strangers.is_told(name, value)? {
            left_out.push(shortened(name));
        }
    }
    if let Some(missing) = required(schema).find(|name| !taken.contains_key(*name))
        && !left_out.is_empty()
    {
        let (given, there_are) = (left_out.join("`, `"), strangers.there_are());
        return Err(format!("{missing}: it is missing; there is no `{given}`, but {there_are}"));
    }
    Ok(Meant { arguments: Value::Object(taken), left_out })
}

/// The object that was meant, where one can be.
#[must_use]
pub fn object(given: Value) -> Value {
    match given {
        // Some languages have one form for an empty list and an empty object.
        Value::Array(items) if items.is_empty() => Value::Object(Map::new()),
        Value::Array(mut items) if matches!(items.as_slice(), [Value::Object(_)]) => {
            items.remove(0)
        }
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if matches!(text.trim(), "" | "null" | "None" | "undefined") => {
            Value::Object(Map::new())
        }
        given => of_text(given, Value::is_object),
    }
}

/// The words of a name, in any of the usual spellings.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The members that the schema has, and the others.
fn members(
    given: Members,
    schema: &Map<String, Value>,
    place: &str,
) -> Result<(Members, Members), String> {
    let (mut taken, mut unknown) = (Map::new(), Map::new());
    let is_own = |(name, _): &(String, Value)| properties(schema).any(|(own, _)| own == name);
    let (exact, otherwise): (Vec<_>, Vec<_>) = given.into_iter().partition(is_own);
    for (name, value) in exact.into_iter().chain(otherwise) {
        let alike = properties(schema).find(|(own, _)| plain(own) == plain(&name));
        let Some((own, member)) = alike else {
            unknown.insert(name, value);
            continue;
        };
        if taken.contains_key(own) && value.is_null() {
            continue;
        }
        if taken.contains_key(own) {
            let place = if place.is_empty() { own.clone() } else { format!("{place}.{own}") };
            return Err(format!(
                "{place}: it is given twice, as {own} and as {}",
                shortened(&name)
            ));
        }
        if required(schema).all(|needed| needed != own) && is_nothing(&value, member) {
            continue;
        }
        let place = if place.is_empty() { own.clone() } else { format!("{place}.{own}") };
        taken.insert(own.clone(), value_of(value, member, &place)?);
    }
    Ok((taken, unknown))
}

fn value_of(given: Value, schema: &Value, place: &str) -> Result<Value, String> {
    let Some(schema) = schema.as_object().and_then(of_one_type) else { return Ok(given) };
    let is = |name: &str| schema.get("type").is_some_and(|ty| ty == name);
    if is("object") {
        let given = match of_text(given, Value::is_object) {
            Value::Object(given) => given,
            Value::Null => return Ok(Value::Null),
            given => {
                is_readable(place, &given)?;
                let names: Vec<_> = required(schema).collect();
                return Err(format!(
                    "{place}: {} cannot be used; expected an object with {}",
                    shown(&given),
                    names.join(" and ")
                ));
            }
        };
        // What is unknown within is the action's to refuse.
        let (mut taken, unknown) = members(given, schema, place)?;
        taken.extend(unknown.into_iter().filter(|(name, value)| !is_a_clients(name, value)));
        return Ok(Value::Object(taken));
    }
    if is("array") {
        let of_items = schema.get("items");
        let items = match of_text(given, |read| read.is_array() || read.is_object()) {
            Value::Array(items) => items,
            // Nothing is no item.
            Value::Null => return Ok(Value::Null),
            Value::String(text) if text.trim().is_empty() => return Ok(Value::String(text)),
            // One text may be an item, whatever stands in it.
            Value::String(text) if of_items.is_some_and(|of| of["type"] != "string") => {
                let text = Value::String(text);
                is_readable(place, &text)?;
                vec![text]
            }
            Value::Object(members) => items_of(members, of_items, place),
            one => vec![one],
        };
        let Some(of_items) = of_items else { return Ok(Value::Array(items)) };
        let is_flat = of_items.get("type").is_some_and(|ty| ty != "array" && ty != "string");
        let items = match <[Value; 1]>::try_from(items) {
            Ok([one]) => match if is_flat { of_text(one, Value::is_array) } else { one } {
                Value::Array(items) if of_items.get("type").is_some_and(|ty| ty != "array") => {
                    items
                }
                one => vec![one],
            },
            Err(items) => items,
        };
        let items = items.into_iter().flat_map(|item| match labelled(&item, of_items) {
            Some(records) => records,
            None => vec![item],
        });
        let items = items
            .enumerate()
            .map(|(index, item)| value_of(item, of_items, &format!("{place}[{index}]")));
        return Ok(Value::Array(items.collect::<Result<_, _>>()?));
    }
    if is("integer") || is("number") {
        return number(given, schema, is("integer"), place);
    }
    Ok(match given {
        Value::String(text) if is("boolean") => match text.trim().to_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => Value::String(text),
        },
        Value::Number(number) if is("string") && !number.is_f64() => number.to_string().into(),
        Value::Array(_) | Value::Object(_) if is("string") && is_of_json(schema) => {
            if let Some(number) = inexact(&given) {
                return Err(format!(
                    "{place}: a number in it, {number}, has more digits than were kept; give its \
                     JSON as a text"
                ));
            }
            given.to_string().into()
        }
        Value::String(text) if is_of_json(schema) => inner(&text).into(),
        Value::String(text) if is_unfilled(&text) => {
            return Err(format!(
                "{place}: {} cannot be used; it stands for a text that was not filled in or is \
                 hidden; leave out what is not known, and ask the user for what is needed",
                shown(&text.into())
            ));
        }
        Value::String(text) => {
            let text = text.trim();
            word(text, schema)
                .or_else(|| phone_number(text, schema))
                .or_else(|| in_capitals(text, schema))
                .unwrap_or_else(|| text.to_owned())
                .into()
        }
        given => given,
    })
}

/// Whether nobody misses a member of a record that is not the schema's.
fn is_a_clients(name: &str, value: &Value) -> bool {
    is_empty(value) || name.starts_with('_')
}

/// Whether it is what some clients write for an optional member that they leave out.
fn is_nothing(value: &Value, member: &Value) -> bool {
    let is_a_list = value.is_array() || value.is_object();
    let of_one_type = member.as_object().and_then(of_one_type);
    let ty = of_one_type.and_then(|of| of.get("type")).and_then(Value::as_str);
    is_empty(value) && !(is_a_list && matches!(ty, None | Some("array" | "object")))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// A whole number in it of more digits than are kept, which may have been another one.
fn inexact(given: &Value) -> Option<&Number> {
    match given {
        Value::Number(number) if number.is_f64() => {
            let is_kept = |it: f64| it.abs() < 9_007_199_254_740_992.0;
            Some(number).filter(|it| !it.as_f64().is_some_and(is_kept))
        }
        Value::Array(items) => items.iter().find_map(inexact),
        Value::Object(members) => members.values().find_map(inexact),
        _ => None,
    }
}

/// Whether the text that belongs there is the JSON of an object or a list, as its example is.
fn is_of_json(schema: &Map<String, Value>) -> bool {
    let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    let mut read = examples.filter_map(|one| serde_json::from_str::<Value>(one.as_str()?).ok());
    read.any(|one| one.is_object() || one.is_array())
}

/// The items of a list that is written as an object, or the one that the object is.
fn items_of(members: Members, of_items: Option<&Value>, place: &str) -> Vec<Value> {
    let is_numbered = members.keys().enumerate().all(|(index, name)| *name == index.to_string());
    if is_numbered && !members.is_empty() {
        return members.into_iter().map(|(_, item)| item).collect();
    }
    let own = of_items.and_then(Value::as_object).and_then(of_one_type);
    let is_own = |name: &str| own.is_some_and(|of| properties(of).any(|(own, _)| own == name));
    let last = place.rsplit('.').next().unwrap_or_default();
    let is_list = |name: &String| {
        let name = plain(name);
        !is_own(&name) && (LISTS.contains(&name.as_str()) || name == plain(last))
    };
    match members.iter().next() {
        Some((name, within)) if members.len() == 1 && is_list(name) => match within {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        },
        _ => vec![Value::Object(members)],
    }
}

/// The records that an object is whose members are called as the words to choose in one: each of
/// such a word and the one text that a record needs besides.
fn labelled(given: &Value, of: &Value) -> Option<Vec<Value>> {
    let (given, of) = (given.as_object()?, of_one_type(of.as_object()?)?);
    let own = |name: &str| properties(of).find(|(own, _)| own.as_str() == name);
    let labels = |of: &Value| of.get("enum").and_then(Value::as_array).cloned();
    let needed: Vec<_> = required(of).collect();
    let [one, other] = needed.as_slice() else { return None };
    let (choice, text, labels) = match (labels(own(one)?.1), labels(own(other)?.1)) {
        (Some(labels), None) => (one, other, labels),
        (None, Some(labels)) => (other, one, labels),
        _ => return None,
    };
    let mut records = Vec::new();
    for (name, value) in given.iter().filter(|(name, value)| !is_a_clients(name, value)) {
        let label = labels.iter().find(|it| it.as_str().is_some_and(|it| plain(it) == plain(name)));
        let (label, values) = (label?, value.as_array().cloned());
        for value in values.unwrap_or_else(|| vec![value.clone()]) {
            let is_text = value.is_string() || value.is_number();
            let mut record = Map::new();
            record.insert((*choice).to_owned(), label.clone());
            record.insert((*text).to_owned(), Some(value).filter(|_| is_text)?);
            records.push(record.into());
        }
    }
    Some(records).filter(|records| !records.is_empty())
}

/// Refuses a text that was to be JSON of an object or a list, and is none, with the place in it.
fn is_readable(place: &str, given: &Value) -> Result<(), String> {
    let bare = unfenced(given.as_str().unwrap_or_default().trim());
    if !bare.starts_with(['{', '[']) {
        return Ok(());
    }
    let read = serde_json::from_str::<IgnoredAny>(bare);
    read.map(drop).map_err(|why| format!("{place}: its text is no JSON: {why}"))
}

/// What a text says as JSON, if that is of the form that is wanted.
fn of_text(given: Value, is_wanted: fn(&Value) -> bool) -> Value {
    let Value::String(text) = &given else { return given };
    let mut text = text.clone();
    for _ in 0..ENCODED {
        let bare = unfenced(text.trim());
        let parts = || bare.bytes().filter(|byte| b",:[{".contains(byte)).count();
        if !bare.starts_with(['{', '[', '"']) || parts() > PARTS {
            break;
        }
        match serde_json::from_str(bare) {
            Ok(Value::String(within)) => text = within,
            Ok(read) if is_wanted(&read) && doubled(bare.as_bytes()).is_none() => return read,
            _ => break,
        }
    }
    given
}

fn required(schema: &Members) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str)
}

fn properties(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The one schema that there is beside `null`; where there are several, none is meant.
fn of_one_type(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let Some(choices) = schema.get("anyOf").and_then(Value::as_array) else { return Some(schema) };
    let mut others = choices.iter().filter(|choice| choice["type"] != "null");
    others.next().filter(|_| others.next().is_none())?.as_object()
}

/// A value that cannot be used, in few letters.
fn shown(given: &Value) -> String {
    let text = given.to_string();
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(REPEATED).collect();
    short.extend(chars.next().map(|_| '…'));
    short
}

/// A name without what tells spellings apart.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

fn shortened(name: &str) -> String {
    name.chars().take(REPEATED).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
