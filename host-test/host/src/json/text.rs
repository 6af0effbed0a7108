//! How does a guest's value become JSON text? In one pass and without recursion, with
//! what is not to be seen hidden on the way, and with no tree between.

use std::slice;

use serde::Serialize;
use serde_json::Value;
use wasmtime::component::Val;

use crate::hiding::{Hiding, MASK};

/// Writes the value. Most hold nothing that is to be hidden, and the whole text shows
/// that sooner than each of its parts.
pub(super) fn text(value: &Val, hiding: &mut Hiding<'_>) -> String {
    if !hiding.has_names() {
        let plain = Writer::new(None).written(value);
        if hiding.leaves(&plain) {
            return plain;
        }
    }
    Writer::new(Some(hiding)).written(value)
}

/// What is being written around the next value.
enum Around<'v> {
    List(slice::Iter<'v, Val>),
    Labels(slice::Iter<'v, String>),
    Record(slice::Iter<'v, (String, Val)>),
    /// A case of a variant, whose one value was the last.
    Case,
}

struct Writer<'w, 'k> {
    text: Vec<u8>,
    hiding: Option<&'w mut Hiding<'k>>,
}

impl<'w, 'k> Writer<'w, 'k> {
    fn new(hiding: Option<&'w mut Hiding<'k>>) -> Self {
        Self { text: Vec::new(), hiding }
    }

    fn written(mut self, value: &Val) -> String {
        let (mut around, mut next) = (Vec::new(), Some(value));
        loop {
            if let Some(value) = next.take() {
                next = self.begin(value, &mut around);
                continue;
            }
            match around.last_mut() {
                None => break,
                Some(Around::List(items)) => match items.next() {
                    Some(item) => {
                        self.comma();
                        next = Some(item);
                    }
                    None => self.end(b']', &mut around),
                },
                Some(Around::Labels(labels)) => match labels.next() {
                    Some(label) => {
                        self.comma();
                        self.string(label);
                    }
                    None => self.end(b']', &mut around),
                },
                Some(Around::Record(fields)) => {
                    match fields.find(|(_, value)| !matches!(value, Val::Option(None))) {
                        Some((name, value)) => {
                            self.comma();
                            next = self.member(name, value);
                        }
                        None => self.end(b'}', &mut around),
                    }
                }
                Some(Around::Case) => self.end(b'}', &mut around),
            }
        }
        // All that was written is text.
        String::from_utf8(self.text).unwrap_or_default()
    }

    /// Writes the value, or its beginning; gives the value that comes next, if it is
    /// within this one and begins at once.
    fn begin<'v>(&mut self, value: &'v Val, around: &mut Vec<Around<'v>>) -> Option<&'v Val> {
        match value {
            Val::Bool(x) => self.plain(x),
            Val::S8(x) => self.plain(x),
            Val::U8(x) => self.plain(x),
            Val::S16(x) => self.plain(x),
            Val::U16(x) => self.plain(x),
            Val::S32(x) => self.plain(x),
            Val::U32(x) => self.plain(x),
            Val::S64(x) => self.plain(x),
            Val::U64(x) => self.plain(x),
            Val::Float32(x) => self.plain(&Value::from(*x)),
            Val::Float64(x) => self.plain(&Value::from(*x)),
            Val::Char(c) => self.string(c.encode_utf8(&mut [0; 4])),
            Val::String(text) | Val::Enum(text) | Val::Variant(text, None) => self.string(text),
            Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
                self.text.push(b'[');
                around.push(Around::List(items.iter()));
            }
            Val::Flags(labels) => {
                self.text.push(b'[');
                around.push(Around::Labels(labels.iter()));
            }
            Val::Record(fields) => {
                self.text.push(b'{');
                around.push(Around::Record(fields.iter()));
            }
            Val::Option(Some(inner)) => return Some(inner),
            Val::Variant(label, Some(payload)) => return self.case(label, payload, around),
            Val::Result(Ok(Some(payload))) => return self.case("ok", payload, around),
            Val::Result(Err(Some(payload))) => return self.case("err", payload, around),
            Val::Result(Ok(None)) => self.string("ok"),
            Val::Result(Err(None)) => self.string("err"),
            Val::Option(None)
            // Refused when the component was loaded.
            | Val::Map(_)
            | Val::Resource(_)
            | Val::Future(_)
            | Val::Stream(_)
            | Val::ErrorContext(_) => self.text.extend_from_slice(b"null"),
        }
        None
    }

    fn case<'v>(
        &mut self,
        label: &str,
        payload: &'v Val,
        around: &mut Vec<Around<'v>>,
    ) -> Option<&'v Val> {
        self.text.push(b'{');
        around.push(Around::Case);
        self.member(label, payload)
    }

    /// Writes the name of a member; gives its value, unless that is hidden.
    fn member<'v>(&mut self, name: &str, value: &'v Val) -> Option<&'v Val> {
        match self.hiding.as_mut().and_then(|hiding| hiding.hidden_in_name(name)) {
            Some(shown) => self.plain(&shown),
            None => self.plain(name),
        }
        self.text.push(b':');
        let is_hidden = self.hiding.as_ref().is_some_and(|hiding| hiding.names(name));
        if is_hidden && !is_null(value) {
            self.plain(MASK);
            return None;
        }
        Some(value)
    }

    fn string(&mut self, text: &str) {
        match self.hiding.as_mut().and_then(|hiding| hiding.hidden_in_text(text)) {
            Some(shown) => self.plain(&shown),
            None => self.plain(text),
        }
    }

    fn plain(&mut self, value: &(impl Serialize + ?Sized)) {
        // Into memory, and of what has a JSON form: it cannot fail.
        let _ = serde_json::to_writer(&mut self.text, value);
    }

    fn comma(&mut self) {
        if !self.text.ends_with(b"[") && !self.text.ends_with(b"{") {
            self.text.push(b',');
        }
    }

    fn end(&mut self, bracket: u8, around: &mut Vec<Around<'_>>) {
        self.text.push(bracket);
        around.pop();
    }
}

/// Whether the value is written as `null`.
fn is_null(value: &Val) -> bool {
    let mut value = value;
    while let Val::Option(Some(inner)) = value {
        value = inner;
    }
    match value {
        Val::Float32(x) => !x.is_finite(),
        Val::Float64(x) => !x.is_finite(),
        Val::Option(None)
        | Val::Map(_)
        | Val::Resource(_)
        | Val::Future(_)
        | Val::Stream(_)
        | Val::ErrorContext(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        json::{Answer, Form},
        secret::Secret,
    };

    /// The values of guests, with what is to be hidden among them in many forms.
    fn values() -> impl Strategy<Value = Val> {
        let text =
            r#"(canary-7f3a|canary|…|\\\\|\\\\u0063anary-7f3a|"|url|:|=|\{"url":1\}|\t|é){0,4}"#;
        let leaf = prop_oneof![
            any::<bool>().prop_map(Val::Bool),
            any::<i8>().prop_map(Val::S8),
            any::<u64>().prop_map(Val::U64),
            any::<f32>().prop_map(Val::Float32),
            any::<f64>().prop_map(Val::Float64),
            any::<char>().prop_map(Val::Char),
            text.prop_map(Val::String),
            text.prop_map(|label| Val::Variant(label, None)),
            prop::collection::vec(text, 0..3).prop_map(Val::Flags),
            Just(Val::Option(None)),
            Just(Val::Result(Ok(None))),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let name = prop::sample::select(vec!["url", "hook-url", "canary-7f3a", "a"]);
            let members = prop::collection::btree_map(name.clone(), inner.clone(), 0..4);
            let record = members.prop_map(|members| {
                let named = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Val::Record(named.collect())
            });
            let boxed = inner.clone().prop_map(Box::new);
            prop_oneof![
                record,
                prop::collection::vec(inner, 0..4).prop_map(Val::List),
                boxed.clone().prop_map(|inner| Val::Option(Some(inner))),
                boxed.clone().prop_map(|inner| Val::Result(Err(Some(inner)))),
                (name, boxed).prop_map(|(name, inner)| Val::Variant(name.to_owned(), Some(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_says_what_the_tree_does(value in values(), key: bool, names: bool) {
            let key = key.then(|| Secret::new("canary-7f3a").unwrap());
            let names = if names { vec!["url".to_owned()] } else { Vec::new() };
            let hiding = || Hiding::of(key.as_ref(), &names);
            let text = String::of(Answer(Some(value.clone())), hiding());
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, Value::of(Answer(Some(value)), hiding()), "{}", text);
        }
    }

    #[test]
    fn past_the_budget_a_text_is_hidden_whole() {
        let key = Secret::new("canary-7f3a").unwrap();
        let mut hiding = Hiding::of(Some(&key), &[]);
        let value = Val::List(vec![Val::String("short".to_owned()), Val::U8(1)]);
        assert_eq!(text(&value, &mut hiding), r#"["short",1]"#);
        hiding.hidden_in_text(&"x".repeat(64 << 20));
        assert_eq!(text(&value, &mut hiding), r#"["[masked]",1]"#);
    }

    #[test]
    fn a_deep_value_takes_no_stack() {
        let deep = (0..200_000).fold(Val::U8(1), |value, _| Val::Option(Some(Box::new(value))));
        assert_eq!(text(&deep, &mut Hiding::of(None, &[])), "1");
        // To drop it would take some.
        std::mem::forget(deep);
    }
}
