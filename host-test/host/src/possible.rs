//! What can ever stand at a place, by its schema? Only what the schema rules out is judged:
//! what it leaves open is possible.

use regex_lite::Regex;
use serde_json::{Map, Number, Value};

use crate::suggest;

/// The schemas of what can stand at a path of something that `whole` has, such as `by.name`
/// or `parts.0`.
///
/// # Errors
/// Which part of the path is never there, and what was meant.
pub(crate) fn at<'a>(schema: &'a Value, path: &str, whole: &str) -> Result<Vec<&'a Value>, String> {
    let (mut places, mut before) = (choices(schema), whole.to_owned());
    for (place, part) in path.split('.').enumerate() {
        let next: Vec<_> = places.iter().filter_map(|schema| step(schema, part)).collect();
        if next.is_empty() {
            return Err(nowhere(&places, part, &before));
        }
        places = next.into_iter().flat_map(choices).collect();
        before = if place == 0 { format!("`{part}`") } else { within(&before, part) };
    }
    Ok(places)
}

/// Whether this value can stand at one of these places.
///
/// # Errors
/// What can, and what was meant.
pub(crate) fn may_be(places: &[&Value], value: &Value) -> Result<(), String> {
    if places.iter().any(|schema| takes(schema, value)) {
        return Ok(());
    }
    let words: Vec<_> = places.iter().flat_map(|schema| words(schema)).collect();
    match value.as_str() {
        Some(word) if !words.is_empty() => {
            Err(suggest::unknown("value", word, &words, "there can be"))
        }
        _ => Err(format!("expected {}, not {value}", told(places, of_bounds))),
    }
}

/// Whether a phone number or an e-mail address can stand at one of these places.
pub(crate) fn may_be_reached_by(places: &[&Value]) -> bool {
    const WAYS: [&str; 3] = ["+14155550123", "14155550123", "ada@example.com"];
    let is_way = |text: &str| {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        text.contains('@') || (digits >= 8 && !text.contains(char::is_alphabetic))
    };
    let is_like_others = |schema: &Value| {
        let examples = schema.get("examples").and_then(Value::as_array);
        let is_way = |example: &Value| example.as_str().is_some_and(is_way);
        examples.is_none_or(|examples| examples.iter().any(is_way))
    };
    let takes_one = |schema: &Value| WAYS.iter().any(|way| takes(schema, &(*way).into()));
    places.iter().any(|schema| takes_one(schema) && is_like_others(schema))
}

/// Whether something of one of these places can also stand at one of those.
///
/// # Errors
/// What stands here, and what can there.
pub(crate) fn may_go(from: &[&Value], to: &[&Value]) -> Result<(), String> {
    let goes = |from: &Value, to: &Value| {
        let (is, wanted) = (kind(from), kind(to));
        let (given, taken) = (words(from), words(to));
        let has_words =
            given.is_empty() || taken.is_empty() || given.iter().any(|word| taken.contains(word));
        (is == wanted || (is, wanted) == ("integer", "number")) && has_words
    };
    if from.iter().any(|from| to.iter().any(|to| goes(from, to))) {
        return Ok(());
    }
    Err(format!("expected {}, and there stands {}", kinds(to), kinds(from)))
}

/// The ways out of a choice; what is none, by itself.
pub(crate) fn choices(schema: &Value) -> Vec<&Value> {
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(several) => several.iter().flat_map(choices).collect(),
        None => vec![schema],
    }
}

/// The members that something can have.
pub(crate) fn members(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

fn step<'a>(schema: &'a Value, part: &str) -> Option<&'a Value> {
    match members(schema) {
        Some(members) => members.get(part),
        None => part.parse::<usize>().ok().and_then(|_| schema.get("items")),
    }
}

fn nowhere(places: &[&Value], part: &str, before: &str) -> String {
    let known = places.iter().filter_map(|schema| members(schema)).flatten();
    let known: Vec<_> = known.map(|(name, _)| name.as_str()).collect();
    if known.is_empty() {
        return format!("{before} is {}, so there is no `{part}` in it", kinds(places));
    }
    suggest::unknown("field", part, &known, &format!("{before} can have"))
}

fn within(before: &str, part: &str) -> String {
    format!("{}.{part}`", before.trim_end_matches('`'))
}

fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The only texts that can stand there; none: any.
fn words(schema: &Value) -> Vec<&str> {
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    words.filter_map(Value::as_str).collect()
}

/// The form that a text has there, if it has one.
fn form(schema: &Value) -> Option<&str> {
    schema.get("pattern").and_then(Value::as_str)
}

/// Whether a text is of the form that one has there. A form that cannot be read is open.
fn has_form(schema: &Value, text: &str) -> bool {
    let form = form(schema).and_then(|form| Regex::new(form).ok());
    form.is_none_or(|form| form.is_match(text))
}

/// The least and the most that may stand there: as a number, or of a text so many characters.
fn bounds(schema: &Value) -> [Option<&Number>; 2] {
    let names = match kind(schema) {
        "string" => ["minLength", "maxLength"],
        _ => ["minimum", "maximum"],
    };
    names.map(|name| schema.get(name)?.as_number())
}

fn is_within(schema: &Value, size: Option<f64>) -> bool {
    let Some(size) = size else { return true };
    let [least, most] = bounds(schema).map(|bound| bound.and_then(Number::as_f64));
    least.is_none_or(|least| size >= least) && most.is_none_or(|most| size <= most)
}

fn takes(schema: &Value, value: &Value) -> bool {
    let size = match value.as_str() {
        Some(text) => u32::try_from(text.chars().count()).ok().map(f64::from),
        None => value.as_f64(),
    };
    is_of_kind(schema, value) && is_within(schema, size)
}

fn is_of_kind(schema: &Value, value: &Value) -> bool {
    match kind(schema) {
        "string" => {
            let words = words(schema);
            value.as_str().is_some_and(|text| {
                (words.is_empty() || words.contains(&text)) && has_form(schema, text)
            })
        }
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// What can stand there, for people.
pub(crate) fn kinds(places: &[&Value]) -> String {
    told(places, |_| String::new())
}

/// The same, with more of each.
fn told(places: &[&Value], more: fn(&Value) -> String) -> String {
    let mut found = Vec::new();
    for schema in places {
        let told = match kind(schema) {
            "string" if words(schema).is_empty() => "a text".to_owned() + &of_form(schema),
            "string" => words(schema).join(", "),
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => "a list".to_owned(),
            "object" => "a record".to_owned(),
            _ => "nothing".to_owned(),
        } + &more(schema);
        if !found.contains(&told) {
            found.push(told);
        }
    }
    found.join(" or ")
}

fn of_bounds(schema: &Value) -> String {
    let is_text = kind(schema) == "string";
    let what = if is_text { " characters" } else { "" };
    match bounds(schema) {
        [None, None] => String::new(),
        [Some(least), None] if is_text && least.as_u64() == Some(1) => " that is not empty".into(),
        [Some(least), None] => format!(" of {least}{what} at least"),
        [None, Some(most)] => format!(" of {most}{what} at most"),
        [Some(least), Some(most)] => format!(" of {least} to {most}{what}"),
    }
}

fn of_form(schema: &Value) -> String {
    // Where there may be nothing, that is no form.
    let form = form(schema).map(|form| form.strip_prefix("^$|").unwrap_or(form));
    form.map(|form| format!(" of the form {form}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({ "type": "object", "properties": {
            "name": { "type": "string" },
            "way": { "type": "string", "enum": ["in", "out"] },
            "count": { "type": "integer" },
            "page": { "type": "integer", "minimum": 1, "maximum": 100 },
            "title": { "type": "string", "minLength": 1 },
            "code": { "type": "string", "minLength": 2, "maxLength": 3 },
            "at": { "type": "string", "examples": ["2025-03-03T18:43:51Z"] },
            "number": { "type": "string", "pattern": "^$|^[+][1-9][0-9]{7,14}$" },
            "by": { "type": "object", "properties": { "first-name": { "type": "string" } } },
            "parts": { "type": "array", "items": { "anyOf": [
                { "type": "string", "enum": ["none"] },
                { "type": "object", "properties": { "y": { "type": "integer" } } },
            ] } },
        } })
    }

    #[test]
    fn a_path_that_is_never_there_is_told_with_what_was_meant() {
        let event = event();
        for path in ["name", "by.first-name", "parts.7", "parts.0.y"] {
            assert!(at(&event, path, "it").is_ok(), "{path}");
        }
        for (path, expected) in [
            ("nmae", "there is no field `nmae`; did you mean `name`? It can have name, way"),
            ("by.frist-name", "did you mean `first-name`? `by` can have first-name"),
            ("name.x", "`name` is a text, so there is no `x` in it"),
            ("parts.x", "`parts` is a list, so there is no `x` in it"),
            ("parts.0.z", "`parts.0` can have y"),
            ("", "there is no field ``"),
        ] {
            let why = at(&event, path, "it").unwrap_err();
            assert!(why.contains(expected), "{path}: {why}");
        }
    }

    #[test]
    fn a_value_that_can_never_stand_there_is_told_with_what_can() {
        let event = event();
        let may = |path: &str, value: Value| may_be(&at(&event, path, "it").unwrap(), &value);
        for (path, value) in [
            ("way", json!("in")),
            ("name", json!("any")),
            ("number", json!("+14155550100")),
            ("parts.0", json!("none")),
            ("page", json!(1)),
            ("page", json!(100)),
            ("title", json!(" ")),
            ("code", json!("ñandú".get(0..4))),
        ] {
            assert_eq!(may(path, value), Ok(()), "{path}");
        }
        for (path, value, expected) in [
            ("way", json!("inn"), "did you mean `in`?"),
            ("count", json!(1.0), "expected a whole number, not 1.0"),
            ("count", json!("1"), "expected a whole number, not \"1\""),
            ("name", json!(true), "expected a text"),
            (
                "number",
                json!("14155550100"),
                "expected a text of the form ^[+][1-9][0-9]{7,14}$, not \"14155550100\"",
            ),
            ("parts.0", json!("some"), "there can be none"),
            ("title", json!(""), "expected a text that is not empty, not \"\""),
            ("code", json!("a"), "expected a text of 2 to 3 characters, not \"a\""),
            ("code", json!("abcd"), "expected a text of 2 to 3 characters"),
            ("page", json!(0), "expected a whole number of 1 to 100, not 0"),
            ("page", json!(101), "expected a whole number of 1 to 100, not 101"),
        ] {
            let why = may(path, value).unwrap_err();
            assert!(why.contains(expected), "{path}: {why}");
        }
    }

    #[test]
    fn by_what_is_no_number_and_no_address_nobody_can_be_reached() {
        let event = event();
        let may = |path: &str| may_be_reached_by(&at(&event, path, "it").unwrap());
        assert!(may("number") && may("by.first-name") && may("name"));
        for path in ["way", "count", "code", "at", "by", "parts.0"] {
            assert!(!may(path), "{path}");
        }
        let is_one = |schema: Value| may_be_reached_by(&[&schema]);
        assert!(is_one(json!({ "type": "string", "examples": ["+595 981 222 333"] })));
        assert!(is_one(json!({ "type": "string", "pattern": "^[^@]+@[^@]+$" })));
        assert!(!is_one(json!({ "type": "string", "pattern": "^MSG[0-9]+$" })));
    }

    #[test]
    fn what_stands_at_one_place_goes_to_another_of_its_kind_alone() {
        let (event, text) = (event(), json!({ "type": "string" }));
        let goes = |path: &str, to: &Value| may_go(&at(&event, path, "it").unwrap(), &[to]);
        assert_eq!(goes("by.first-name", &text), Ok(()));
        assert_eq!(goes("count", &json!({ "type": "number" })), Ok(()));
        let why = goes("by", &text).unwrap_err();
        assert_eq!(why, "expected a text, and there stands a record");
        assert!(goes("way", &json!({ "type": "string", "enum": ["up"] })).is_err());
        assert!(goes("way", &json!({ "type": "string", "enum": ["up", "in"] })).is_ok());
    }
}
