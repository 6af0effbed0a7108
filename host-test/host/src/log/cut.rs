//! What of a call is too large or too deep for a line of the log? It is left out, with
//! its length and digest, and the beginning of it.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::hex::hex;

/// A field may have so many bytes as JSON: more than a page of 100 contacts has.
const SIZE: usize = 256 << 10;
/// And so many objects and lists within each other.
const DEPTH: usize = 60;
/// So much is shown of what is left out.
const BEGINNING: usize = 500;

/// The value, or what stands in its place.
pub(super) fn value(value: Value) -> Value {
    if depth(&value) > DEPTH {
        // To write it could take more stack than there is.
        return json!({ "left-out": { "deeper-than": DEPTH } });
    }
    let text = value.to_string();
    if text.len() <= SIZE { value } else { left_out(&text) }
}

/// The text, or its beginning.
pub(super) fn text(text: String) -> String {
    if text.len() <= SIZE { text } else { left_out(&text).to_string() }
}

fn left_out(text: &str) -> Value {
    let sum = hex(digest(&SHA256, text.as_bytes()));
    let begins: String = text.chars().take(BEGINNING).collect();
    json!({ "left-out": { "bytes": text.len(), "sha256": sum, "begins": begins } })
}

fn depth(value: &Value) -> usize {
    let (mut deepest, mut left) = (0, vec![(value, 0)]);
    while let Some((value, depth)) = left.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => left.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_as_it_was_and_what_does_not_says_what_it_was() {
        let fits = json!({ "a": ["x".repeat(1000)] });
        assert_eq!(value(fits.clone()), fits);
        let cut = value(json!("y".repeat(SIZE)));
        assert_eq!(cut["left-out"]["bytes"], SIZE + 2);
        assert_eq!(cut["left-out"]["sha256"].as_str().unwrap().len(), 64);
        assert!(cut.to_string().len() < 1000, "{cut}");
        assert!(text("z".repeat(SIZE + 1)).len() < 1000);
        let deep = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert_eq!(value(deep(DEPTH)), deep(DEPTH));
        assert_eq!(value(deep(DEPTH + 1)), json!({ "left-out": { "deeper-than": DEPTH } }));
    }
}
