//! The reader against `serde_json`, and what it says when it cannot read.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

/// Reads a text that holds no key.
fn read<T>(text: &str, shape: impl Fn(Value<'_, '_>) -> Result<T>) -> Result<T> {
    let mut read = None;
    super::read(&answer(text), &mut |value| {
        read = Some(shape(value)?);
        Ok(())
    })?;
    Ok(read.unwrap())
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
        let mut items = Vec::new();
        value.list(&mut |value| {
            items.push(whole(value)?);
            Ok(())
        })?;
        Ok(items.into())
    } else if value.is_text() {
        value.text().map(|text| text.unwrap().into())
    } else {
        value.raw().map(|raw| serde_json::from_str(raw).unwrap())
    }
}

type Row = (Option<String>, Option<u64>);

fn page(text: &str) -> Result<Vec<Row>> {
    read(text, |value| {
        let place = value.place;
        let mut contacts = None;
        value.object(&mut |key, value| {
            if key == "contacts" {
                let rows = contacts.insert(Vec::new());
                value.list(&mut |value| {
                    rows.push(row(value)?);
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        contacts.ok_or_else(|| place.missing("contacts"))
    })
}

fn row(value: Value<'_, '_>) -> Result<Row> {
    let (mut uuid, mut id) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "uuid" => uuid = value.text()?,
            "id" => id = value.whole()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((uuid, id))
}

fn complaint(text: &str) -> String {
    let message = page(text).unwrap_err().message;
    let complaint = message.strip_prefix("2Chat's answer cannot be read at ").unwrap();
    complaint.strip_suffix('.').unwrap().to_owned()
}

/// What `read` makes of a member of an object.
fn member<T>(json: &str, reads: fn(Value<'_, '_>) -> Result<Option<T>>) -> Option<T> {
    let mut found = None;
    read(&format!(r#"{{"m":{json},"n":1}}"#), |value| {
        let mut inside = None;
        value.object(&mut |key, value| {
            if key == "m" {
                inside = reads(value)?;
            }
            Ok(())
        })?;
        Ok(inside)
    })
    .map(|read| found = read)
    .unwrap();
    found
}

#[test]
fn text_is_text_or_the_digits_of_a_number() {
    for (json, expected) in [
        (r#""Ada""#, Some("Ada")),
        (r#""""#, Some("")),
        ("14155550123", Some("14155550123")),
        ("14155550123.0", Some("14155550123")),
        ("1.5", Some("1.5")),
        ("-7", Some("-7")),
        ("123456789012345678901234567890", Some("123456789012345678901234567890")),
        ("null", None),
        ("false", None),
        ("true", None),
        ("{}", None),
        (r#"["Ada"]"#, None),
    ] {
        assert_eq!(member(json, |value| value.text()).as_deref(), expected, "{json}");
    }
}

#[test]
fn a_whole_number_is_read_however_it_is_written() {
    for (json, expected) in [
        ("0", Some(0)),
        ("80", Some(80)),
        (r#""80""#, Some(80)),
        (r#"" 80 ""#, Some(80)),
        ("5.0", Some(5)),
        (r#""5.00""#, Some(5)),
        ("1e2", Some(100)),
        ("1.25E+3", Some(1250)),
        ("0e999", Some(0)),
        ("1.0200e2", Some(102)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("1e20", None),
        ("1e400", None),
        ("1.5", None),
        ("1.05e1", None),
        ("100e-2", None),
        ("-1", None),
        ("true", None),
        ("null", None),
        (r#""""#, None),
        (r#""eighty""#, None),
        (r#""1e""#, None),
        (r#"".5""#, None),
        ("[80]", None),
        ("{}", None),
    ] {
        assert_eq!(member(json, |value| value.whole::<u64>()), expected, "{json}");
    }
    assert_eq!(member("4294967296", |value| value.whole::<u32>()), None);
}

#[test]
fn yes_and_no_are_read_in_every_way_to_write_them() {
    for (yes, no) in [
        ("true", "false"),
        ("1", "0"),
        ("1.0", "0.0"),
        (r#""true""#, r#""false""#),
        (r#""TRUE""#, r#""False""#),
        (r#""1""#, r#""0""#),
        (r#"" Yes ""#, r#""no""#),
    ] {
        assert_eq!(member(yes, |value| value.truth()), Some(true), "{yes}");
        assert_eq!(member(no, |value| value.truth()), Some(false), "{no}");
    }
    for neither in ["null", "2", "-1", r#""""#, r#""maybe""#, "[]", "{}", "[true]"] {
        assert_eq!(member(neither, |value| value.truth()), None, "{neither}");
    }
}

#[test]
fn a_list_is_read_in_whatever_it_comes() {
    let list = |json: &str| {
        read(json, |value| {
            let mut found = Vec::new();
            let is_list = value.list(&mut |item| {
                found.push((item.place.path(), item.raw()?.to_owned()));
                Ok(())
            })?;
            Ok(is_list.then_some(found))
        })
        .unwrap()
    };
    let found = |items: &[(&str, &str)]| {
        let owned = |(path, raw): &(&str, &str)| ((*path).to_owned(), (*raw).to_owned());
        Some(items.iter().map(owned).collect::<Vec<_>>())
    };
    for nothing in ["[]", "{}", "null", "false", r#""""#] {
        assert_eq!(list(nothing), found(&[]), "{nothing}");
    }
    assert_eq!(list("[1,{}]"), found(&[("$[0]", "1"), ("$[1]", "{}")]));
    let keyed = r#"{"0":{"a":1},"7":2}"#;
    assert_eq!(list(keyed), found(&[("$.0", r#"{"a":1}"#), ("$.7", "2")]));
    let named = r#"{"x":{"a":1},"y":{}}"#;
    assert_eq!(list(named), found(&[("$.x", r#"{"a":1}"#), ("$.y", "{}")]));
    let alone = r#"{"type":"E","value":"x"}"#;
    assert_eq!(list(alone), found(&[("$", alone)]));
    for other in ["7", "true", r#""none""#] {
        assert_eq!(list(other), None, "{other}");
    }
}

#[test]
fn what_is_no_object_is_passed_over() {
    let rows = page(r#"{"contacts":[7,{"uuid":["x"],"id":"5"},null,{"uuid":5,"id":-1}]}"#);
    let expected = [(None, None), (None, Some(5)), (None, None), (Some("5".to_owned()), None)];
    assert_eq!(rows.unwrap(), expected);
}

#[test]
fn the_mark_that_some_servers_put_in_front_is_no_part_of_the_answer() {
    assert_eq!(page("\u{feff}{\"contacts\":[]}").unwrap(), []);
    assert_eq!(complaint("\u{feff}\u{feff}{}"), "$: it is not JSON");
}

#[test]
fn a_missing_member_is_named() {
    assert_eq!(complaint("{}"), "$.contacts: it is missing");
}

#[test]
fn text_that_is_no_json_is_said_to_be_none_and_not_repeated() {
    assert_eq!(
        complaint(r#"{"contacts":[{"uuid"#),
        "$.contacts[0]: it is empty, or ends too early"
    );
    assert_eq!(complaint(" \n"), "$: it is empty, or ends too early");
    assert!(!complaint(r#"{"contacts":secret}"#).contains("secret"));
    assert!(!complaint("<html>secret</html>").contains("secret"));
    assert_eq!(complaint(r#"{"contacts":[]} x"#), "$: it is not JSON");
}

#[test]
fn each_of_two_members_of_one_name_is_shown() {
    let mut found = Vec::new();
    super::read(&answer(r#"{"uuid":"a","u\u0075id":"b"}"#), &mut |value| {
        value
            .object(&mut |key, value| {
                found.push((key.to_owned(), value.raw()?.to_owned()));
                Ok(())
            })
            .map(drop)
    })
    .unwrap();
    let of = |value: &str| ("uuid".to_owned(), value.to_owned());
    assert_eq!(found, [of("\"a\""), of("\"b\"")]);
}

#[test]
fn what_nobody_asked_for_may_be_of_any_depth() {
    let deep = ["[".repeat(60_000), "]".repeat(60_000)].concat();
    let text = format!(r#"{{"x":{deep},"contacts":[{{"uuid":"a","y":{deep}}}]}}"#);
    assert_eq!(page(&text).unwrap().len(), 1);
    assert_eq!(complaint(&"[".repeat(60_000)), "$: it is empty, or ends too early");
}

#[test]
fn a_control_character_in_a_string_is_taken_as_what_it_is() {
    let text = "\"a\nb\tc\0\u{1f}\\n\"";
    assert_eq!(read(text, |value| value.text()).unwrap().as_deref(), Some("a\nb\tc\0\u{1f}\n"));
    assert_eq!(page("{\"contacts\":[{\"u\0\":1,\"uuid\":\"\n\"}]}").unwrap().len(), 1);
    for broken in ["{\0}", "[1\0]", "{\"a\":\u{1f}1}", "\"\\\n\"", "\0"] {
        assert_eq!(complaint(broken).split_once(": ").unwrap().1, "it is not JSON", "{broken:?}");
    }
}

#[test]
fn what_is_shown_is_json_although_what_came_was_nearly_none() {
    let json_text = |text| read(text, |value| value.json_text()).unwrap();
    let text = "[\n{\"a\nb\":\"\\\"\u{1f}\\\\\"},\t\"\0\"]";
    assert_eq!(json_text(text), "[\n{\"a\\u000Ab\":\"\\\"\\u001F\\\\\"},\t\"\\u0000\"]");
    // A number that is none is no JSON.
    let none = "{\"NaN\":NaN,\"a\":[-Infinity,Infinity,-1E5,NaN],\"b\":\"-Infinity\"}";
    let null = "{\"NaN\":null,\"a\":[null,null,-1E5,null],\"b\":\"-Infinity\"}";
    assert_eq!(json_text(none), null);
}

#[test]
fn a_text_that_breaks_off_within_an_escape_or_a_word_ends_too_early() {
    for text in ["\"a", "\"\\", "\"\\u", "\"\\u00e", "tru", "{\"a\":nul", "[-", "[1.", "[1e+"] {
        assert_eq!(
            complaint(text).split_once(": ").unwrap().1,
            "it is empty, or ends too early",
            "{text}"
        );
    }
    for text in ["\"\\q\"", "\"\\u00x0\"", "trux", "[1.]", "[01]", "[1,]", "{\"a\":1,}", "{1:2}"] {
        assert_eq!(complaint(text).split_once(": ").unwrap().1, "it is not JSON", "{text}");
    }
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    for (half, meant) in [
        (r#""\ud83d""#, "\u{FFFD}"),
        (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        (r#""\uD83D\n""#, "\u{FFFD}\n"),
    ] {
        assert_eq!(read(half, |value| value.text()).unwrap().as_deref(), Some(meant), "{half}");
    }
    let text = read(r#""a\ud83d\ude00b\ud83dc\ude00""#, |value| value.text()).unwrap();
    assert_eq!(text.as_deref(), Some("a😀b\u{FFFD}c\u{FFFD}"));
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
    fn a_number_is_whole_exactly_if_its_digits_are(
        number in 0u64..1_000_000_000, places in 0usize..12, zeros in 0usize..5,
    ) {
        let digits = number.to_string();
        prop_assert_eq!(super::whole(&format!("{digits}.{}", "0".repeat(zeros + 1))), Some(number));
        let shifted = format!("0.{digits:0>places$}e{}", digits.len().max(places));
        prop_assert_eq!(super::whole(&shifted), Some(number));
    }

    #[test]
    fn a_control_character_means_the_same_escaped_or_not(text in "[a\0-\u{1f}é]{0,20}") {
        let escaped = serde_json::to_string(&text).unwrap();
        for json in [escaped, format!("\"{text}\"")] {
            prop_assert_eq!(read(&json, |value| value.text()).unwrap(), Some(text.clone()));
            let shown = read(&json, |value| value.json_text()).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text.clone());
        }
    }

    #[test]
    fn any_cut_of_an_answer_is_refused(cut in 0usize..54) {
        let text = r#"{"contacts":[{"uuid":"a"},{"uuid":"b","names":"\u00e9"}]}"#;
        prop_assert!(page(text.get(..cut).unwrap()).is_err());
    }

    #[test]
    fn escapes_are_read_as_serde_json_reads_them(text in ".*") {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let read = read(&format!("\"{escaped}\""), |value| value.text()).unwrap();
        prop_assert_eq!(read, Some(text));
    }
}
