//! What does a persona not see, and what is not written down? Both go by field: the
//! first is masked, the second redacted.

use serde_json::Value;

/// What stands where something was that is not to be seen.
pub const MASK: &str = "[masked]";
/// Shorter texts stand in too many others to be told from them.
const TELLING: usize = 4;

/// Puts a mask in the place of every value that a member of such a name has,
/// in JSON inside a text as well.
pub fn mask(value: &mut Value, names: &[String]) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !names.contains(name) {
                    mask(value, names);
                } else if !value.is_null() {
                    *value = MASK.into();
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, names)),
        Value::String(text) if !names.is_empty() => {
            if let Ok(mut inside @ (Value::Array(_) | Value::Object(_))) = text.parse() {
                let before: Value = inside.clone();
                mask(&mut inside, names);
                if inside != before {
                    *text = inside.to_string();
                }
            }
        }
        _ => {}
    }
}

/// The texts and numbers that members of such names have, to leave them out elsewhere.
#[must_use]
pub fn texts_in(value: &Value, names: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, names, false, &mut found);
    found
}

fn collect(value: &Value, names: &[String], inside: bool, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(value, names, inside || names.contains(name), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, inside, found)),
        Value::String(text) if inside && text.len() >= TELLING => found.push(text.clone()),
        Value::Number(number) if inside && number.to_string().len() >= TELLING => {
            found.push(number.to_string());
        }
        _ => {}
    }
}

/// Leaves out what members of such names have, for what is written down.
pub fn redact(value: &mut Value, names: &[String]) {
    mask(value, names);
}

/// Leaves out these texts wherever they stand.
pub fn redact_texts(value: &mut Value, texts: &[String]) {
    match value {
        Value::String(text) => *text = redact_text(text, texts),
        Value::Object(members) => members.values_mut().for_each(|value| redact_texts(value, texts)),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_texts(item, texts)),
        _ => {}
    }
}

/// The text without these.
#[must_use]
pub fn redact_text(text: &str, texts: &[String]) -> String {
    texts.iter().fold(text.to_owned(), |text, hidden| text.replace(hidden, MASK))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_mask_hides_every_member_of_its_name_and_nothing_else() {
        let mut value = json!({
            "name": "Ada",
            "url": "https://example.com/?token=1",
            "inner": [{ "url": "x", "other": "x" }, [{ "url": ["a", { "b": 1 }] }]],
            "absent": { "url": null },
            "text": "[{\"url\": 1, \"b\": 2}]",
            "plain": "[1]",
        });
        mask(&mut value, &names(&["url"]));
        assert_eq!(
            value,
            json!({
                "name": "Ada",
                "url": "[masked]",
                "inner": [{ "url": "[masked]", "other": "x" }, [{ "url": "[masked]" }]],
                "absent": { "url": null },
                "text": "[{\"url\":\"[masked]\",\"b\":2}]",
                "plain": "[1]",
            })
        );
    }

    #[test]
    fn what_a_masked_member_held_is_hidden_elsewhere() {
        let given = json!({ "a": { "value": "+14155550123", "n": 1 }, "value": [123_456, "no"] });
        let texts = texts_in(&given, &names(&["value"]));
        assert_eq!(texts, ["+14155550123", "123456"]);
        let mut error = json!({ "message": "found \"+14155550123\", no 123456", "n": [5] });
        redact_texts(&mut error, &texts);
        assert_eq!(error, json!({ "message": "found \"[masked]\", no [masked]", "n": [5] }));
    }
}
