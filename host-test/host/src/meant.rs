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
//! | a member that nothing resembles, beside the arguments | | nothing; it is told |

use serde_json::{Map, Number, Value};

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

/// What was meant by these arguments of an action with this schema.
///
/// # Errors
/// A sentence that names the place: a member that is misspelt, or a number out of bounds.
pub fn meant(arguments: Value, schema: &Map<String, Value>) -> Result<Meant, String> {
    let arguments = object(arguments);
    let Value::Object(given) = arguments else {
        return Ok(Meant { arguments, left_out: Vec::new() });
    };
    let mut left_out = Vec::new();
    let (taken, unknown) = members(given, schema, "")?;
    for name in unknown.keys() {
        let own = properties(schema).map(|(own, _)| own);
        let like = own.map(|own| (strsim::jaro_winkler(&plain(own), &plain(name)), own));
        let nearest = like.max_by(|(one, _), (other, _)| one.total_cmp(other));
        match nearest {
            _ if name.starts_with('_') => {}
            Some((alike, own)) if alike >= ALIKE => {
                let name = shortened(name);
                return Err(format!("{name}: there is no such field; did you mean {own}?"));
            }
            _ => left_out.push(shortened(name)),
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
        let Some((own, member)) = alike.filter(|(own, _)| !taken.contains_key(*own)) else {
            unknown.insert(name, value);
            continue;
        };
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
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.trim().parse::<Number>().ok(),
        _ => None,
    };
    let Some(mut read) = read else { return Ok(given) };
    #[expect(clippy::cast_possible_truncation, reason = "it was looked at before")]
    if whole
        && let Some(float) = read.as_f64().filter(|_| read.is_f64())
        && float.fract() == 0.0
        && float.abs() < 1e15
    {
        read = (float as i64).into();
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let found = read.as_f64().unwrap_or_default();
    let is_out = bound("minimum").is_some_and(|least| found < least)
        || bound("maximum").is_some_and(|most| found > most);
    if is_out {
        let what = if whole { "a whole number" } else { "a number" };
        let expected = match (schema.get("minimum"), schema.get("maximum")) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("of at least {least}"),
            (_, most) => format!("of at most {}", most.unwrap_or(&Value::Null)),
        };
        return Err(format!("{place}: {read} cannot be used; expected {what} {expected}"));
    }
    Ok(Value::Number(read))
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
    serde_json::from_str(text).ok().filter(is_wanted).unwrap_or(given)
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
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

fn shortened(name: &str) -> String {
    name.chars().take(REPEATED).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
