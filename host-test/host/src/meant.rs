//! What did a model mean by these arguments? Driven by the action's schema.
//!
//! Clients and models give a list as its JSON text, one record for a list of one, a number
//! as text, an empty text for nothing, and keys of their own. What can mean one thing only
//! is taken as that; what cannot stays as it is, for the action to refuse.
//!
//! | given | where the schema has | taken as |
//! | --- | --- | --- |
//! | JSON text | an object or array | what it says |
//! | one value | an array | an array of it |
//! | text | a number or truth | the number or truth |
//! | a whole number | a text | its digits |
//! | `3.0` | an integer | `3` |
//! | a word in another spelling | words to choose from | the word: `WHATSAPP_PHONE` is `whatsapp-phone` |
//! | `null` or blank text | an optional member | nothing |
//! | `first_name`, `firstName` | the member `first-name` | that member |
//! | all arguments within one more member | | the arguments |
//! | a member that nothing resembles, beside the arguments | | nothing; it is told |
//!
//! A member resembles one of the schema's by its letters, by its words (`contact-details`,
//! `name`), or by how that is described (`family_name`), and is then refused, as are a
//! word to choose (`email`) and a member of the result (`next-page`).

use serde_json::{Map, Number, Value};

use crate::doubles::doubled;

type Members = Map<String, Value>;

/// How alike a member must be to one of the schema's, from 0 to 1, to be a mistake.
const ALIKE: f64 = 0.8;
/// A text of more parts than any action takes stays a text: read, it would be much larger.
const PARTS: usize = 10_000;
/// So many letters of a client's own words are repeated.
const REPEATED: usize = 60;

/// What was meant.
#[derive(Debug, PartialEq)]
pub struct Meant {
    /// The arguments as the action takes them.
    pub arguments: Value,
    /// The members that no argument resembles, which were left out. Those that begin with
    /// `_` are a client's own, and not among them.
    pub left_out: Vec<String>,
}

/// What was meant by these arguments of an action with this schema, whose result has that
/// one.
///
/// # Errors
/// A sentence that names the place: a member that is misspelt, or a number out of bounds.
pub fn meant(arguments: Value, schema: &Members, result: &Members) -> Result<Meant, String> {
    let arguments = object(arguments);
    let Value::Object(given) = arguments else {
        return Ok(Meant { arguments, left_out: Vec::new() });
    };
    let given = unwrapped(given, schema);
    let mut left_out = Vec::new();
    let (taken, unknown) = members(given, schema, "")?;
    for name in unknown.keys() {
        if name.starts_with('_') {
            continue;
        }
        match resembled(name, schema, result) {
            Some(like) => {
                return Err(format!("{}: there is no such field; {like}", shortened(name)));
            }
            None => left_out.push(shortened(name)),
        }
    }
    Ok(Meant { arguments: Value::Object(taken), left_out })
}

/// The object that was meant, where one can be.
#[must_use]
pub fn object(given: Value) -> Value {
    match given {
        // Some languages have one form for an empty list and an empty object.
        Value::Array(items) if items.is_empty() => Value::Object(Map::new()),
        Value::Null => Value::Object(Map::new()),
        given => of_text(given, Value::is_object),
    }
}

/// The arguments themselves, where they all stand within one member that is not theirs.
fn unwrapped(given: Members, schema: &Members) -> Members {
    let is_own = |name: &str| properties(schema).any(|(own, _)| plain(own) == plain(name));
    let mut named = given.iter().filter(|(name, _)| !name.starts_with('_'));
    let (Some((name, within)), None) = (named.next(), named.next()) else { return given };
    let within = of_text(within.clone(), Value::is_object);
    match within {
        Value::Object(within) if !is_own(name) && within.keys().any(|name| is_own(name)) => within,
        _ => given,
    }
}

/// What a member that there is not may stand for, in words; `None` if nothing.
fn resembled(name: &str, schema: &Members, result: &Members) -> Option<String> {
    let given = words(name);
    let has_all = |all: &[String], some: &[String]| some.iter().all(|word| all.contains(word));
    let is_near = |own: &str| {
        let own = words(own);
        !given.is_empty() && has_all(&own, &given)
            || has_all(&given, &own) && given.len() == own.len() + 1
    };
    let is_described = |own: &Value| {
        let text = own.get("description").and_then(Value::as_str).unwrap_or_default();
        let said = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        !given.is_empty() && said.take(given.len()).eq(given.iter().cloned())
    };
    let spelt = |own: &str| strsim::jaro_winkler(&plain(own), &plain(name));
    let nearest = || {
        let like = properties(schema).map(|(own, _)| (spelt(own), own));
        let best = like.max_by(|(one, _), (other, _)| one.total_cmp(other));
        best.filter(|(alike, _)| *alike >= ALIKE).map(|(_, own)| own)
    };
    let by_words = properties(schema).find(|(own, of)| is_near(own) || is_described(of));
    let own = by_words.map(|(own, _)| own).or_else(nearest);
    if let Some(own) = own {
        return Some(format!("did you mean {own}?"));
    }
    if let Some((own, word)) = chosen(schema, name) {
        return Some(format!("{word} is one of the words for {own}"));
    }
    let is_given = properties(result).any(|(own, _)| plain(own) == plain(name));
    is_given.then(|| {
        let own: Vec<_> = properties(schema).map(|(own, _)| own.as_str()).collect();
        let own = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
        format!("it is one of the answer; there are {own}")
    })
}

/// The place, and the word to choose there, that this is.
fn chosen<'s>(schema: &'s Members, name: &str) -> Option<(&'s str, &'s str)> {
    properties(schema).find_map(|(own, member)| {
        let member = of_one_type(member.as_object()?)?;
        let labels = member.get("enum").and_then(Value::as_array).into_iter().flatten();
        let label = labels.filter_map(Value::as_str).find(|label| plain(label) == plain(name));
        let within = member.get("items").and_then(Value::as_object).unwrap_or(member);
        label.map(|label| (own.as_str(), label)).or_else(|| chosen(within, name))
    })
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
    let required = schema.get("required").and_then(Value::as_array);
    let is_own = |(name, _): &(String, Value)| properties(schema).any(|(own, _)| own == name);
    let (exact, otherwise): (Vec<_>, Vec<_>) = given.into_iter().partition(is_own);
    for (name, value) in exact.into_iter().chain(otherwise) {
        let alike = properties(schema).find(|(own, _)| plain(own) == plain(&name));
        let Some((own, member)) = alike else {
            unknown.insert(name, value);
            continue;
        };
        if taken.contains_key(own) {
            let place = if place.is_empty() { own.clone() } else { format!("{place}.{own}") };
            return Err(format!(
                "{place}: it is given twice, as {own} and as {}",
                shortened(&name)
            ));
        }
        let is_needed = required.is_some_and(|names| names.iter().any(|needed| needed == own));
        let is_blank = value.as_str().is_some_and(|text| text.trim().is_empty());
        if !is_needed && (value.is_null() || is_blank) {
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
        let Value::Object(given) = of_text(given.clone(), Value::is_object) else {
            return Ok(given);
        };
        // What is unknown within is the action's to refuse.
        let (mut taken, unknown) = members(given, schema, place)?;
        taken.extend(unknown);
        return Ok(Value::Object(taken));
    }
    if is("array") {
        let items = match of_text(given, |read| read.is_array() || read.is_object()) {
            Value::Array(items) => items,
            // Nothing is no item.
            Value::Null => return Ok(Value::Null),
            Value::String(text) if text.trim().is_empty() => return Ok(Value::String(text)),
            one => vec![one],
        };
        let Some(of_items) = schema.get("items") else { return Ok(Value::Array(items)) };
        let items = items
            .into_iter()
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
        Value::String(text) => word(text, schema).into(),
        given => given,
    })
}

/// The number, if it is one within its bounds.
fn number(
    given: Value,
    schema: &Map<String, Value>,
    whole: bool,
    place: &str,
) -> Result<Value, String> {
    let read = match &given {
        Value::Null => return Ok(given),
        Value::Number(number) => Some(number.clone()),
        // Three digits may stand behind a point for thousands.
        Value::String(text) if !(whole && is_grouped(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let expected = || {
        let what = if whole { "a whole number" } else { "a number" };
        let expected = match (schema.get("minimum"), schema.get("maximum")) {
            (Some(least), Some(most)) => format!(" from {least} to {most}"),
            (Some(least), None) => format!(" of at least {least}"),
            (None, Some(most)) => format!(" of at most {most}"),
            (None, None) => String::new(),
        };
        Err(format!("{place}: {} cannot be used; expected {what}{expected}", shown(&given)))
    };
    let Some(mut read): Option<Number> = read else { return expected() };
    #[expect(clippy::cast_possible_truncation, reason = "it was looked at before")]
    if whole
        && let Some(float) = read.as_f64().filter(|_| read.is_f64())
        && float.fract() == 0.0
        && float.abs() < 9_007_199_254_740_992.0
    {
        read = (float as i64).into();
    }
    let found = read.as_f64().unwrap_or_default();
    let is_out = bound("minimum").is_some_and(|least| found < least)
        || bound("maximum").is_some_and(|most| found > most);
    if is_out || whole && read.is_f64() {
        return expected();
    }
    Ok(Value::Number(read))
}

/// Whether a text may be a number with points between its thousands.
fn is_grouped(text: &str) -> bool {
    let text = text.trim();
    text.rsplit_once('.').is_some_and(|(_, behind)| behind.len() == 3)
}

/// A value that cannot be used, in few letters.
fn shown(given: &Value) -> String {
    let text = given.to_string();
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(REPEATED).collect();
    short.extend(chars.next().map(|_| '…'));
    short
}

/// One of the schema's words in another spelling.
fn word(text: String, schema: &Map<String, Value>) -> String {
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let meant = words.filter_map(Value::as_str).find(|word| plain(word) == plain(&text));
    meant.map_or(text, str::to_owned)
}

/// What a text says as JSON, if that is of the form that is wanted.
fn of_text(given: Value, is_wanted: fn(&Value) -> bool) -> Value {
    let Value::String(text) = &given else { return given };
    let begins = text.trim_start().starts_with(['{', '[']);
    let parts = || text.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
    if !begins || parts() > PARTS {
        return given;
    }
    let is_clear = |_: &Value| doubled(text.as_bytes()).is_none();
    serde_json::from_str(text).ok().filter(is_wanted).filter(is_clear).unwrap_or(given)
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

/// A name without what tells spellings apart.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

fn shortened(name: &str) -> String {
    name.chars().take(REPEATED).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
