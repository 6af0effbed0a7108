//! The reader against `serde_json`, and what it says when it cannot read.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

/// Reads a text that holds no key.
fn read<T>(text: &str, shape: impl FnOnce(Value<'_, '_>) -> Result<T>) -> Result<T> {
    super::read(&answer(text), shape)
}

/// Reads everything there is, as `serde_json` would.
fn whole(value: Value<'_, '_>) -> Result<serde_json::Value> {
    if value.is_object() {
        let mut members = serde_json::Map::new();
        value.object(&mut |key, value| {
            members.insert(key.to_owned(), whole(value)?);
            Ok(())
        })?;
        Ok(members.into())
    } else if value.is_list() {
        value.items(whole).map(Into::into)
    } else if value.is_text() {
        value.text().map(Into::into)
    } else {
        value.raw().map(|raw| serde_json::from_str(raw).unwrap())
    }
}

fn page(text: &str) -> Result<Vec<(String, Option<u64>)>> {
    read(text, |value| {
        let place = value.place;
        let mut contacts = None;
        value.object(&mut |key, value| {
            if key == "contacts" {
                contacts = Some(value.items(row)?);
            }
            Ok(())
        })?;
        place.required("contacts", contacts)
    })
}

fn row(value: Value<'_, '_>) -> Result<(String, Option<u64>)> {
    let place = value.place;
    let (mut uuid, mut id) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "uuid" => uuid = Some(value.text()?),
            "id" => id = value.optional(Value::whole)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((place.required("uuid", uuid)?, id))
}

fn complaint(text: &str) -> String {
    let message = page(text).unwrap_err().message;
    let complaint = message.strip_prefix("2Chat's answer cannot be read at ").unwrap();
    complaint.strip_suffix('.').unwrap().to_owned()
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_its_path() {
    for (text, expected) in [
        (r#"{"contacts":[{"uuid":"a"},{"uuid":5}]}"#, "$.contacts[1].uuid: expected text"),
        (r#"{"contacts":[{"uuid":["x"]}]}"#, "$.contacts[0].uuid: expected text"),
        (r#"{"contacts":[{"uuid":null}]}"#, "$.contacts[0].uuid: expected text"),
        (r#"{"contacts":[7]}"#, "$.contacts[0]: expected an object"),
        (r#"{"contacts":"none"}"#, "$.contacts: expected a list"),
        (r#"[]"#, "$: expected an object"),
        (
            r#"{"contacts":[{"uuid":"a","id":-1}]}"#,
            "$.contacts[0].id: expected a whole number from 0 up, within its range",
        ),
    ] {
        assert_eq!(complaint(text), expected, "{text}");
    }
}

#[test]
fn a_missing_member_is_named() {
    assert_eq!(complaint(r#"{"contacts":[{"id":1}]}"#), "$.contacts[0].uuid: it is missing");
    assert_eq!(complaint("{}"), "$.contacts: it is missing");
}

#[test]
fn text_that_is_no_json_is_said_to_be_none_and_not_repeated() {
    assert_eq!(complaint(r#"{"contacts":[{"uuid"#), "$.contacts[0]: it ends too early");
    assert_eq!(complaint(" \n"), "$: it ends too early");
    assert!(!complaint(r#"{"contacts":"secret"}"#).contains("secret"));
    assert!(!complaint("<html>secret</html>").contains("secret"));
    assert_eq!(complaint(r#"{"contacts":[]} x"#), "$: it is not JSON");
}

#[test]
fn the_last_of_two_members_of_one_name_counts() {
    let rows = page(r#"{"contacts":[{"uuid":"a","uuid":"b"}]}"#).unwrap();
    assert_eq!(rows, [("b".to_owned(), None)]);
}

#[test]
fn what_nobody_asked_for_may_be_of_any_depth() {
    let deep = ["[".repeat(60_000), "]".repeat(60_000)].concat();
    let text = format!(r#"{{"x":{deep},"contacts":[{{"uuid":"a","y":{deep}}}]}}"#);
    assert_eq!(page(&text).unwrap().len(), 1);
    assert_eq!(complaint(&"[".repeat(60_000)), "$: expected an object");
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let text = read(r#""a\ud83d\ude00b\ud83dc\ude00""#, |value| value.text()).unwrap();
    assert_eq!(text, "a😀b\u{FFFD}c\u{FFFD}");
}

/// JSON and near JSON: every token, in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just(" ".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        r#""[a-c\\u00e9/]{0,5}""#,
        "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
    ];
    prop::collection::vec(token, 0..8).prop_map(|tokens| tokens.concat())
}

/// A value of some depth.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::hash_map(".{0,3}", inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn accepts_what_serde_json_accepts_and_nothing_else(text in tokens()) {
        let ours = read(&text, |value| value.json_text()).ok();
        let theirs = serde_json::from_str::<&RawValue>(&text).map(|raw| raw.get().to_owned());
        prop_assert_eq!(ours, theirs.ok());
    }

    #[test]
    fn reads_the_values_that_serde_json_writes(value in values()) {
        for text in [value.to_string(), format!("{value:#}")] {
            prop_assert_eq!(read(&text, whole).unwrap(), value.clone());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = page(&text);
        let _ = read(&text, whole);
    }

    #[test]
    fn any_cut_of_an_answer_is_refused(cut in 0usize..54) {
        let text = r#"{"contacts":[{"uuid":"a"},{"uuid":"b","names":"\u00e9"}]}"#;
        prop_assert!(page(text.get(..cut).unwrap()).is_err());
    }

    #[test]
    fn escapes_are_read_as_serde_json_reads_them(text in ".*") {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        prop_assert_eq!(read(&format!("\"{escaped}\""), |value| value.text()).unwrap(), text);
    }
}
