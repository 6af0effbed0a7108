//! How is an example written for those who call by JSON, and for those who call by WIT?
//!
//! Docs give examples as JSON. What does not fit its type has no second form, and is no
//! example of a call.

use serde_json::{Map, Value};
use wit_parser::{Function, Type, TypeDefKind};

use crate::{
    docs::{Doc, Docs},
    schema,
};

/// Words that mean something in that form where no `%` stands before them.
const WORDS: [&str; 8] = ["true", "false", "inf", "nan", "some", "none", "ok", "err"];

/// A call of a function with the examples of its docs.
pub(super) struct Call {
    /// Its object of arguments.
    pub(super) json: Value,
    /// The call in the text form of WIT's values.
    pub(super) wit: String,
}

impl Call {
    /// With what is required; `whole`, with all that has an example. None: an example is
    /// missing, or does not fit.
    pub(super) fn of(function: &Function, docs: &Docs, whole: bool) -> Option<Self> {
        let members = super::members(function, docs);
        let mut arguments = Map::new();
        for (name, ty, place) in members {
            let is_optional = matches!(docs.kind(Some(ty)), Some(TypeDefKind::Option(_)));
            match of(ty, docs, Doc::read(place)).example {
                Some(example) if whole || !is_optional => {
                    arguments.insert(name.to_owned(), example);
                }
                None if !is_optional => return None,
                _ => {}
            }
        }
        let json = Value::Object(arguments);
        let values: Option<Vec<_>> = match super::only_record(function, docs) {
            Some(ty) => wit(&json, ty, docs).map(|value| vec![value]),
            None => {
                let params = function.params.iter();
                let value = |name: &str| json.get(name).unwrap_or(&Value::Null);
                params.map(|param| wit(value(&param.name), param.ty, docs)).collect()
            }
        };
        Some(Self { wit: format!("{}({})", function.name, values?.join(", ")), json })
    }
}

/// What is said of a value at a place, and of the names of its type.
pub(super) fn of(ty: Type, docs: &Docs, place: Doc) -> Doc {
    let doc = schema::named(Some(ty), docs, place);
    match docs.kind(Some(ty)) {
        Some(TypeDefKind::Option(inner)) => schema::named(Some(*inner), docs, doc),
        _ => doc,
    }
}

/// The value in the text form of WIT's values.
pub(super) fn wit(value: &Value, ty: Type, docs: &Docs) -> Option<String> {
    let kind = match docs.kind(Some(ty)) {
        Some(TypeDefKind::Type(plain)) => return self::plain(value, *plain),
        Some(kind) => kind,
        None => return plain(value, ty),
    };
    match kind {
        TypeDefKind::Option(_) if value.is_null() => Some("none".to_owned()),
        TypeDefKind::Option(inner) => Some(format!("some({})", wit(value, *inner, docs)?)),
        TypeDefKind::List(inner) => {
            let items = value.as_array()?.iter().map(|value| wit(value, *inner, docs));
            Some(format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        TypeDefKind::Tuple(tuple) => {
            let values = value.as_array().filter(|values| values.len() == tuple.types.len())?;
            let items = values.iter().zip(&tuple.types).map(|(value, ty)| wit(value, *ty, docs));
            Some(format!("({})", items.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        TypeDefKind::Record(record) => {
            let members = value.as_object()?;
            let is_field = |name: &String| record.fields.iter().any(|field| field.name == *name);
            if !members.keys().all(is_field) {
                return None;
            }
            let mut fields = Vec::new();
            for field in &record.fields {
                let value = members.get(&field.name).unwrap_or(&Value::Null);
                let value = wit(value, field.ty, docs)?;
                if value != "none" {
                    fields.push(format!("{}: {value}", label(&field.name)));
                }
            }
            Some(if fields.is_empty() {
                "{:}".to_owned()
            } else {
                format!("{{{}}}", fields.join(", "))
            })
        }
        TypeDefKind::Enum(known) => {
            let said = value.as_str()?;
            known.cases.iter().any(|case| case.name == said).then(|| label(said))
        }
        TypeDefKind::Flags(known) => {
            let words = value.as_array()?.iter().map(|word| {
                let said = word.as_str()?;
                known.flags.iter().any(|flag| flag.name == said).then(|| label(said))
            });
            Some(format!("{{{}}}", words.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        TypeDefKind::Variant(known) => case(value, docs, |said| {
            known.cases.iter().find(|case| case.name == said).map(|case| (label(said), case.ty))
        }),
        TypeDefKind::Result(known) => case(value, docs, |said| match said {
            "ok" => Some((said.to_owned(), known.ok)),
            "err" => Some((said.to_owned(), known.err)),
            _ => None,
        }),
        _ => None,
    }
}

/// A label alone, or with what it carries.
fn case(
    value: &Value,
    docs: &Docs,
    find: impl Fn(&str) -> Option<(String, Option<Type>)>,
) -> Option<String> {
    if let Some(said) = value.as_str() {
        return find(said).filter(|(_, ty)| ty.is_none()).map(|(label, _)| label);
    }
    let (said, payload) = value.as_object().filter(|members| members.len() == 1)?.iter().next()?;
    let (label, ty) = find(said)?;
    Some(format!("{label}({})", wit(payload, ty?, docs)?))
}

fn plain(value: &Value, ty: Type) -> Option<String> {
    let is_whole = value.is_u64() || value.is_i64();
    match ty {
        Type::Bool => value.as_bool().map(|yes| yes.to_string()),
        Type::F32 | Type::F64 => value.is_number().then(|| value.to_string()),
        Type::String => value.as_str().map(|text| quoted(text, '"')),
        Type::Char => {
            let text = value.as_str().filter(|text| text.chars().count() == 1)?;
            Some(quoted(text, '\''))
        }
        Type::ErrorContext | Type::Id(_) => None,
        _ => is_whole.then(|| value.to_string()),
    }
}

fn quoted(text: &str, quote: char) -> String {
    let escaped = text.chars().map(|char| match char {
        '\\' => r"\\".to_owned(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        '\t' => r"\t".to_owned(),
        char if char == quote => format!("\\{char}"),
        char if char.is_control() => format!("\\u{{{:x}}}", u32::from(char)),
        char => char.to_string(),
    });
    format!("{quote}{}{quote}", escaped.collect::<String>())
}

fn label(word: &str) -> String {
    if WORDS.contains(&word) { format!("%{word}") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WIT: &str = "package a:b;
        interface actions {
          enum word { ok, fine }
          flags some { a, none }
          variant shape { dot, line(u8), none }
          record all {
            /// Example: \"a \\\"b\\\"\"
            text: string,
            /// Example: \"ok\"
            word: option<word>,
            spare: option<u8>,
          }
          take: func(it: all);
          mix: func(w: word, f: some, s: shape, r: result<_, string>, t: tuple<char, f32>, o: option<list<bool>>, n: all, b: bool);
          lack: func(it: u8);
        }";

    fn function(docs: &Docs, name: &str) -> Function {
        docs.function("actions", name).unwrap().clone()
    }

    #[test]
    fn a_call_is_written_in_both_forms_from_the_examples_of_its_docs() {
        let docs = Docs::from_wit(WIT.to_owned());
        let call = |name, whole| Call::of(&function(&docs, name), &docs, whole);
        let (least, whole) = (call("take", false).unwrap(), call("take", true).unwrap());
        assert_eq!(least.json, json!({ "text": "a \"b\"" }));
        assert_eq!(least.wit, r#"take({text: "a \"b\""})"#);
        assert_eq!(whole.json, json!({ "text": "a \"b\"", "word": "ok" }));
        assert_eq!(whole.wit, r#"take({text: "a \"b\"", word: some(%ok)})"#);
        assert!(call("lack", true).is_none());
    }

    #[test]
    fn a_value_of_each_kind_has_its_form_and_one_that_does_not_fit_has_none() {
        let docs = Docs::from_wit(WIT.to_owned());
        let params = function(&docs, "mix").params;
        let form = |name: &str, value: Value| {
            wit(&value, params.iter().find(|param| param.name == name).unwrap().ty, &docs)
        };
        for (name, value, expected) in [
            ("w", json!("fine"), Some("fine")),
            ("w", json!("other"), None),
            ("f", json!(["a", "none"]), Some("{a, %none}")),
            ("f", json!(["b"]), None),
            ("s", json!("dot"), Some("dot")),
            ("s", json!({ "line": 3 }), Some("line(3)")),
            ("s", json!("line"), None),
            ("s", json!("none"), Some("%none")),
            ("r", json!("ok"), Some("ok")),
            ("r", json!({ "err": "a\nb\u{1}" }), Some(r#"err("a\nb\u{1}")"#)),
            ("t", json!(["'", 0.5]), Some(r"('\'', 0.5)")),
            ("t", json!(["ab", 0.5]), None),
            ("t", json!(["a"]), None),
            ("o", json!(null), Some("none")),
            ("o", json!([true]), Some("some([true])")),
            ("n", json!({ "text": "x" }), Some(r#"{text: "x"}"#)),
            ("n", json!({ "text": "x", "more": 1 }), None),
            ("n", json!({}), None),
            ("b", json!(1), None),
        ] {
            assert_eq!(form(name, value.clone()).as_deref(), expected, "{name} {value}");
        }
    }
}
