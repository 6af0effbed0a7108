//! What the host takes for a connector and what it refuses, in one clear line;
//! and how values of every kind are read from JSON and written as JSON.

use host::json;
use serde_json::{Value, json};

use crate::support::everything::{EVERYTHING, EVERYTHING_WAT, HOST, call, echo, everything};

/// An action that does nothing, for components that are to be refused for
/// another reason.
const ACTION: &str = r#"
    (core module $nothing (func (export "nothing")))
    (core instance $nothing (instantiate $nothing))
    (func $nothing (canon lift (core func $nothing "nothing")))
    (instance $actions (export "nothing" (func $nothing)))
    (export "test:load/actions" (instance $actions))"#;

/// Why the bytes are refused, in a form that can be shown to a person.
fn refusal(bytes: &[u8]) -> String {
    let Err(error) = HOST.load(bytes) else { panic!("it was loaded") };
    let message = error.to_string();
    assert!(!message.contains(char::is_control), "more than one line: {message:?}");
    assert!((20..300).contains(&message.len()), "too short or too long: {message}");
    let dump = ["[", "{", "Some(", "Err("].iter().any(|sign| message.contains(sign));
    assert!(!dump, "a debug dump: {message}");
    message
}

fn refusal_of(text: &str) -> String {
    refusal(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
}

/// Why the arguments cannot be used.
fn misfit(action: &str, arguments: &Value) -> String {
    let action = EVERYTHING.actions().iter().find(|known| known.name == action).unwrap();
    match json::arguments(arguments, &action.params) {
        Ok(values) => panic!("{arguments} is taken as {values:?}"),
        Err(refusal) => refusal,
    }
}

/// All values, with one of them replaced.
fn with(field: &str, value: Value) -> Value {
    let mut arguments = everything();
    arguments[field] = value;
    arguments
}

#[test]
fn what_is_no_webassembly_is_refused_as_such() {
    assert!(refusal(b"").contains("it is empty"), "{}", refusal(b""));
    for bytes in [&b"hello"[..], b"(component)", b"<!DOCTYPE html>", b"\0", b"\0asm", b"\x7fELF"] {
        let message = refusal(bytes);
        assert!(message.contains("not a WebAssembly component"), "{message}");
        assert!(message.contains("does not begin as WebAssembly does"), "{message}");
    }
}

#[test]
fn a_core_module_is_told_from_a_component_and_how_to_make_one_of_it() {
    for bytes in [b"\0asm\x01\0\0\0".to_vec(), wat::parse_str("(module (memory 1))").unwrap()] {
        let message = refusal(&bytes);
        assert!(message.contains("core module"), "{message}");
        assert!(message.contains("`wasm-tools component new`"), "{message}");
    }
}

#[test]
fn a_broken_component_is_refused_with_the_reason() {
    let mut bytes = wat::parse_str(EVERYTHING_WAT).unwrap();
    bytes.truncate(bytes.len() - 9);
    let message = refusal(&bytes);
    assert!(message.contains("unexpected end"), "{message}");
    bytes.truncate(8);
    bytes.extend([0xFF; 40]);
    refusal(&bytes);
}

#[test]
fn a_component_with_two_actions_of_one_name_is_refused() {
    let again = r#"(instance $again (export "nothing" (func $nothing)))
        (export "test:other/actions" (instance $again))"#;
    let message = refusal_of(&format!("(component {ACTION} {again})"));
    assert!(message.contains("two actions of the name `nothing`"), "{message}");
}

#[test]
fn a_component_without_actions_is_told_what_was_expected() {
    let types_only = r#"(component
        (type $t u8) (instance $i (export "t" (type $t))) (export "test:load/types" (instance $i)))"#;
    for text in ["(component)", types_only] {
        let message = refusal_of(text);
        assert!(message.contains("no interface `actions` with functions"), "{message}");
    }
}

#[test]
fn an_import_that_the_host_does_not_give_is_named() {
    let unknown = r#"(import "vendor:secrets/vault@1.0.0" (instance (export "open" (func))))"#;
    let sockets = r#"(import "wasi:http/incoming-handler@0.2.0"
        (instance (export "handle" (func (param "all" u32)))))"#;
    let function = r#"(import "open-sesame" (func))"#;
    for (import, name) in [
        (unknown, "vendor:secrets/vault@1.0.0"),
        (sockets, "wasi:http/incoming-handler@0.2.0"),
        (function, "open-sesame"),
    ] {
        let message = refusal_of(&format!("(component {import} {ACTION})"));
        assert!(message.contains("this host does not give"), "{message}");
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn an_import_of_another_shape_than_the_host_gives_is_named() {
    let import = r#"(import "wasi:cli/environment@0.2.0"
        (instance (export "get-environment" (func (result u32)))))"#;
    let message = refusal_of(&format!("(component {import} {ACTION})"));
    assert!(message.contains("wasi:cli/environment@0.2.0"), "{message}");
    assert!(message.contains("get-environment"), "{message}");
}

#[test]
fn an_action_over_a_resource_is_named() {
    let message = refusal_of(
        r#"(component
            (type $file' (resource (rep i32)))
            (export $file "file" (type $file'))
            (core module $m (func (export "f") (param i32)))
            (core instance $i (instantiate $m))
            (func $f (param "it" (own $file)) (canon lift (core func $i "f")))
            (instance $a (export "shut" (func $f)))
            (export "test:load/actions" (instance $a)))"#,
    );
    assert!(message.contains("`shut`") && message.contains("a resource"), "{message}");
}

#[test]
fn actions_and_their_types_are_read_from_the_component() {
    let actions = EVERYTHING.actions();
    let names: Vec<_> = actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(names, ["echo", "remind", "fail"]);
    let params: Vec<_> = actions[1].params.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(params, ["minutes", "about"]);
    assert!(actions[0].result.is_some() && actions[1].result.is_none());
}

#[tokio::test]
async fn every_kind_of_value_survives_the_way_in_and_out() {
    assert_eq!(echo(everything()).await, everything());
    for (field, value) in [
        ("shape", json!("dot")),
        ("shape", json!({ "named": "n" })),
        ("outcome", json!({ "ok": 1 })),
        ("bare", json!("err")),
        ("shape", json!({ "named": null })),
        ("rights", json!([])),
        ("grid", json!([])),
        ("letter", json!("\u{10FFFF}")),
        ("text", json!("")),
        ("f64", json!(-1.5e300)),
        ("yes", json!(false)),
    ] {
        assert_eq!(echo(with(field, value.clone())).await[field], value);
    }
}

#[tokio::test]
async fn equal_json_is_the_same_value_however_it_is_written() {
    for (field, given, written) in [
        ("rights", json!(["share", "read"]), json!(["read", "share"])),
        ("u8", json!(5.0), json!(5)),
        ("s64", json!(-5.0), json!(-5)),
        ("f64", json!(3), json!(3.0)),
    ] {
        assert_eq!(echo(with(field, given)).await[field], written);
    }
}

#[tokio::test]
async fn an_absent_option_is_left_out_and_null_is_taken_for_it() {
    let mut absent = everything();
    absent.as_object_mut().unwrap().remove("maybe");
    assert_eq!(echo(absent.clone()).await, absent);
    assert_eq!(echo(with("maybe", Value::Null)).await, absent);
    let inner = echo(with("inner", json!([{ "name": "x", "tags": null }]))).await["inner"].clone();
    assert_eq!(inner, json!([{ "name": "x" }]));
}

#[tokio::test]
async fn integers_are_taken_to_their_limits_and_no_further() {
    let (unsigned, signed) = (["u8", "u16", "u32", "u64"], ["s8", "s16", "s32", "s64"]);
    for (bits, (unsigned, signed)) in [8, 16, 32, 64].into_iter().zip(unsigned.iter().zip(signed)) {
        let power = |bits: u32| 1_i128 << bits;
        for (field, low, high) in
            [(*unsigned, 0, power(bits) - 1), (signed, -power(bits - 1), power(bits - 1) - 1)]
        {
            let number = |number: i128| serde_json::from_str::<Value>(&number.to_string()).unwrap();
            for limit in [low, high] {
                assert_eq!(echo(with(field, number(limit))).await[field], number(limit));
            }
            let too_low = if low == 0 { "of at least 0" } else { "that is larger" };
            for (beyond, expected) in [(low - 1, too_low), (high + 1, "that is smaller")] {
                let message = misfit("echo", &with(field, number(beyond)));
                assert!(message.starts_with(&format!("{field}: ")), "{message}");
                let expected = format!("expected a whole number {expected}");
                assert!(message.ends_with(&expected), "{message}");
            }
            for other in [json!(1.5), json!("1"), json!(true), json!(null), json!(1e40)] {
                assert!(misfit("echo", &with(field, other)).starts_with(&format!("{field}: ")));
            }
        }
    }
}

#[test]
fn a_number_too_large_for_a_float_is_refused_instead_of_becoming_infinite() {
    let message = misfit("echo", &with("f32", json!(1e39)));
    assert!(message.starts_with("f32: ") && message.contains("a number"), "{message}");
}

#[test]
fn a_refusal_names_the_place_and_what_was_expected() {
    for (field, value, expected) in [
        ("yes", json!("true"), r#"yes: "true" cannot be used; expected true or false"#),
        ("letter", json!("ab"), "letter: \"ab\" cannot be used; expected text of one character"),
        ("letter", json!(""), "letter: \"\" cannot be used; expected text of one character"),
        ("text", json!(5), "text: 5 cannot be used; expected text"),
        ("f32", json!("1"), "f32: \"1\" cannot be used; expected a number that fits into 32 bits"),
        ("grid", json!({}), "grid: {} cannot be used; expected an array"),
        (
            "grid",
            json!([[], [1, 70000]]),
            "grid[1][1]: 70000 cannot be used; expected a whole number that is smaller",
        ),
        ("pair", json!([1]), "pair: [1] cannot be used; expected an array of 2"),
        ("pair", json!([1, 2]), "pair[1]: 2 cannot be used; expected text"),
        ("color", json!("blue"), "color: \"blue\" cannot be used; expected one of red, dark-green"),
        ("color", json!(null), "color: null cannot be used; expected one of red, dark-green"),
        (
            "rights",
            json!(["fly"]),
            "rights: [\"fly\"] cannot be used; expected a list of one of read, write, \
             share, each at most once",
        ),
        (
            "shape",
            json!("disc"),
            "shape: \"disc\" cannot be used; expected one of \"dot\", {\"line\": …}, {\"named\": …}",
        ),
        (
            "shape",
            json!({ "dot": 1 }),
            "shape: {\"dot\":1} cannot be used; expected one of \"dot\", {\"line\": …}, {\"named\": …}",
        ),
        (
            "shape",
            json!({ "dot": null, "line": 1 }),
            "shape: {\"dot\":null,\"line\":1} cannot be used; expected one of \"dot\", {\"line\": …}, {\"named\": …}",
        ),
        (
            "shape",
            json!("line"),
            "shape: \"line\" cannot be used; expected one of \"dot\", {\"line\": …}, {\"named\": …}",
        ),
        (
            "outcome",
            json!({ "ok": "x" }),
            "outcome.ok: \"x\" cannot be used; expected a whole number",
        ),
        (
            "outcome",
            json!(5),
            "outcome: 5 cannot be used; expected one of {\"ok\": …}, {\"err\": …}",
        ),
        ("maybe", json!(-1), "maybe: -1 cannot be used; expected a whole number of at least 0"),
        ("inner", json!([{}]), "inner[0].name: it is missing"),
        (
            "inner",
            json!([{ "name": "x", "tags": ["y", 5] }]),
            "inner[0].tags[1]: 5 cannot be used; expected text",
        ),
        (
            "inner",
            json!([{ "name": "x", "tag": [] }]),
            "inner[0].tag: there is no such field; expected one of name, tags",
        ),
        ("inner", json!([5]), "inner[0]: 5 cannot be used; expected an object"),
        ("text", json!(null), "text: null cannot be used; expected text"),
    ] {
        assert_eq!(misfit("echo", &with(field, value)), expected);
    }
    let long = misfit("echo", &with("yes", json!("x".repeat(5000))));
    assert!(long.len() < 200 && long.contains("x… cannot be used"), "{long}");
}

#[test]
fn a_single_record_gives_its_fields_to_the_arguments_and_others_go_by_name() {
    assert_eq!(misfit("echo", &json!([])), "the arguments: [] cannot be used; expected an object");
    let nested = misfit("echo", &json!({ "value": everything() }));
    assert!(nested.starts_with("value: there is no such field; expected one of u8, "), "{nested}");

    let remind = |arguments| misfit("remind", &arguments);
    assert_eq!(remind(json!({})), "minutes: it is missing");
    assert_eq!(
        remind(json!({ "minutes": 1, "about": 5 })),
        "about: 5 cannot be used; expected text"
    );
    let unknown = "hours: there is no such field; expected one of minutes, about";
    assert_eq!(remind(json!({ "minutes": 1, "hours": 1 })), unknown);
    assert_eq!(misfit("fail", &json!({ "x": 1 })), "x: there is no such field; expected none");
}

#[tokio::test]
async fn an_action_without_result_or_with_a_bare_error_gives_null() {
    let reminded = call("remind", json!({ "minutes": 255, "about": "tea" })).await.unwrap();
    assert_eq!(reminded.result, Ok(Value::Null));
    assert_eq!(call("remind", json!({ "minutes": 0 })).await.unwrap().result, Ok(Value::Null));
    assert_eq!(call("fail", json!({})).await.unwrap().result, Err(Value::Null));
}
