//! Writes an object: what a request has for a body.

use crate::text::{concat, hex, push};

/// An object, to which members are added. Their names need no escapes.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quote(&mut self.0, text);
    }

    pub(crate) fn objects(&mut self, name: &str, objects: &[Object]) {
        self.name(name);
        let mut before = "[";
        for object in objects {
            self.0.push_str(&concat(&[before, &object.0, "}"]));
            before = ",";
        }
        self.0.push_str(if objects.is_empty() { "[]" } else { "]" });
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        concat(&[&self.0, "}"]).into_bytes()
    }

    fn name(&mut self, name: &str) {
        self.0.push_str(if self.0.len() > 1 { ",\"" } else { "\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

/// The text in quotes, with what cannot stand there as its code.
fn quote(json: &mut String, text: &str) {
    push(json, '"');
    let is_odd = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_odd) {
        let (before, odd) = rest.split_at_checked(at).unwrap_or_default();
        json.push_str(before);
        json.push_str("\\u");
        hex(json, odd.bytes().next().unwrap_or_default().into(), 4);
        rest = odd.get(1..).unwrap_or_default();
    }
    json.push_str(rest);
    push(json, '"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_object_reads_back_as_it_was_written(
            name in "[a-z_]{0,5}",
            texts in prop::collection::vec("(?s).{0,20}", 0..4),
        ) {
            let mut whole = Object::new();
            let inside = texts.iter().map(|text| {
                let mut object = Object::new();
                object.text(&name, text);
                object.text("more", "");
                object
            });
            whole.objects("list", &inside.collect::<Vec<_>>());
            whole.text(&name, &texts.concat());
            let read: serde_json::Value = serde_json::from_slice(&whole.json()).unwrap();
            let inside: Vec<_> =
                texts.iter().map(|text| serde_json::json!({ &name: text, "more": "" })).collect();
            prop_assert_eq!(read, serde_json::json!({ "list": inside, &name: texts.concat() }));
        }
    }
}
