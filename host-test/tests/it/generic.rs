//! A second component, and any other: schemas take what the reader takes, hold what
//! comes out, are of a form that any client takes, and the host knows none of their
//! types by name.

mod docs;
mod types;

use std::fs;

use host::{engine::Connector, json, tools::Tool};
use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

use crate::support::{
    RENEW,
    described::{WIT, gzip, with_docs},
    everything::{EVERYTHING, EVERYTHING_WAT, HOST, call_of, everything, load},
    renewing, root,
    schemas::{fits, validator, without_null},
};
use types::{Shape, shape, spoilt, wrapped};

/// What is found by chance is kept as a test with a name, not as a seed.
fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn tool(connector: &Connector, name: &str) -> Tool {
    Tool::all_of(connector).into_iter().find(|tool| tool.name == name).unwrap()
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What the reader still refuses where the schema does not, in its words.
const BEYOND_SCHEMAS: [&str; 3] =
    ["expected a whole number", "expected a number that fits into 32 bits", "each at most once"];

/// The reader and the schema judge the arguments alike, but for what no schema says that
/// every client takes.
fn agree(connector: &Connector, action: &str, arguments: &[Value]) -> Result<(), TestCaseError> {
    let schema = tool(connector, action).input_schema;
    let validator = validator(&schema);
    let schema = Value::from(schema);
    let is_mixed = schema.to_string().contains("In this order: ");
    let known = connector.actions().iter().find(|known| known.name == action).unwrap();
    for arguments in arguments {
        let read = json::arguments(arguments, &known.params);
        let written = without_null(arguments, &schema);
        let fits = validator.validate(&written);
        let alike = match (&read, &fits) {
            (Err(why), Ok(())) => {
                let place = why.split(": ").next().unwrap_or_default();
                BEYOND_SCHEMAS.iter().any(|words| why.contains(words))
                    || (is_mixed && place.contains('['))
            }
            (read, fits) => read.is_ok() == fits.is_ok(),
        };
        prop_assert!(
            alike,
            "{} is read as {:?}, and the schema says {:?}: {}",
            arguments,
            read,
            fits.map_err(|error| error.to_string()),
            schema
        );
    }
    Ok(())
}

/// All schemas of all tools, each a valid one.
fn schemas_of(connector: &Connector) -> usize {
    let tools = Tool::all_of(connector);
    let schemas = tools.iter().flat_map(|tool| {
        [Some(&tool.input_schema), Some(&tool.output_schema), tool.error_schema.as_ref()]
    });
    schemas.flatten().map(validator).count()
}

/// Why a component is refused whose one action takes this type, declared by
/// these declarations.
fn refusal(declarations: &str, ty: &str) -> String {
    let text = format!(
        r#"(component {declarations}
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                (func (export "f") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (alias core export $i "memory" (core memory $memory))
            (func $f (result (tuple u8 {ty}))
                (canon lift (core func $i "f") (memory $memory)
                    (realloc (func $i "realloc"))))
            (instance $a (export "odd" (func $f)))
            (export "test:load/actions" (instance $a)))"#
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let Err(error) = HOST.load(&bytes) else { panic!("{ty} was taken") };
    error.to_string()
}

/// A component whose action takes a record of two records of two records, and
/// so on: each step adds some bytes and doubles what is to be written out.
fn doubling(steps: usize) -> String {
    let first = r#"(type $t0' (record (field "a" bool))) (export $t0 "t0" (type $t0'))"#;
    let types = (1..=steps).fold(first.to_owned(), |types, n| {
        let below = n - 1;
        format!(
            r#"{types} (type $t{n}' (record (field "a" $t{below}) (field "b" $t{below})))
            (export $t{n} "t{n}" (type $t{n}'))"#
        )
    });
    format!(
        r#"(component {types}
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                (func (export "f") (param i32 i32)))
            (core instance $i (instantiate $m))
            (alias core export $i "memory" (core memory $memory))
            (func $f (param "it" (list $t{steps}))
                (canon lift (core func $i "f") (memory $memory) (realloc (func $i "realloc"))))
            (instance $a (export "odd" (func $f)))
            (export "test:load/actions" (instance $a)))"#
    )
}

#[test]
fn every_action_of_a_component_that_nobody_knows_becomes_a_tool() {
    let tools = Tool::all_of(&EVERYTHING);
    let names: Vec<_> = tools.iter().map(|tool| (&*tool.name, &*tool.title)).collect();
    assert_eq!(names, [("echo", "Echo"), ("remind", "Remind"), ("fail", "Fail")]);
    for tool in &tools {
        assert_eq!(tool.description, "");
        assert_eq!(json!(tool.annotations), json!({ "openWorldHint": false }));
    }
    // Two roots of each tool, and the error of the one that can fail.
    assert_eq!(schemas_of(&EVERYTHING), 7);
}

#[test]
fn the_schema_of_each_kind_of_type_is_the_one_to_be_expected() {
    let schema = json!(tool(&EVERYTHING, "echo").input_schema);
    let required: Vec<_> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(!required.contains(&"maybe") && required.len() == 21, "{required:?}");
    let case = |label: &str, payload: Value| json!({ "type": "object", "properties": { label: payload }, "required": [label] });
    let whole = || json!({ "type": "integer" });
    for (field, expected) in [
        ("u8", whole()),
        ("s8", whole()),
        ("u64", whole()),
        ("f64", json!({ "type": "number" })),
        ("yes", json!({ "type": "boolean" })),
        ("letter", json!({ "type": "string", "minLength": 1, "maxLength": 1 })),
        ("text", json!({ "type": "string" })),
        ("grid", json!({ "type": "array", "items": { "type": "array", "items": whole() } })),
        (
            "pair",
            json!({
                "type": "array", "items": { "anyOf": [whole(), { "type": "string" }] },
                "minItems": 2, "maxItems": 2, "description": "In this order: integer, string.",
            }),
        ),
        ("color", json!({ "type": "string", "enum": ["red", "dark-green"] })),
        (
            "rights",
            json!({
                "type": "array", "items": { "type": "string", "enum": ["read", "write", "share"] },
            }),
        ),
        (
            "shape",
            json!({ "anyOf": [
                { "type": "string", "enum": ["dot"] },
                case("line", whole()),
                case("named", json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })),
            ] }),
        ),
        (
            "outcome",
            json!({ "anyOf": [case("ok", whole()), case("err", json!({ "type": "string" }))] }),
        ),
        ("bare", json!({ "type": "string", "enum": ["ok", "err"] })),
        ("maybe", whole()),
    ] {
        assert_eq!(schema["properties"][field], expected, "{field}");
    }
}

/// The tools of every type there is, for `tests/clients` to give to those that take them.
#[test]
fn what_clients_are_tried_with_is_every_type_and_renewed_as_a_budget_is() {
    let file = root().join("host-test/tests/clients/every-type.json");
    let bytes = with_docs(wat::parse_str(EVERYTHING_WAT).unwrap(), &gzip(WIT.as_bytes()));
    let tools = Tool::all_of(&HOST.load(&bytes).unwrap());
    let lines: Vec<_> = tools.iter().map(|tool| json!(tool).to_string()).collect();
    let tools = format!("{{ \"tools\": [\n{}\n] }}\n", lines.join(",\n"));
    if renewing() {
        return fs::write(file, tools).unwrap();
    }
    assert!(fs::read_to_string(file).unwrap() == tools, "other tools. {RENEW}");
}

#[test]
fn several_parameters_go_by_name_and_what_gives_nothing_gives_null() {
    let remind = tool(&EVERYTHING, "remind");
    assert_eq!(
        json!(remind.input_schema["properties"]),
        json!({
            "minutes": { "type": "integer" },
            "about": { "type": "string" },
        })
    );
    assert_eq!(remind.input_schema["required"], json!(["minutes"]));
    assert_eq!((&remind.output_schema["type"], remind.error_schema), (&json!("null"), None));
    let fail = tool(&EVERYTHING, "fail");
    assert_eq!(json!(fail.input_schema["properties"]), json!({}));
    assert_eq!(fail.output_schema["type"], "null");
    assert_eq!(fail.error_schema.unwrap()["type"], "null");
}

#[test]
fn an_optional_member_may_be_absent_and_is_of_one_type() {
    let echo = tool(&EVERYTHING, "echo");
    for schema in [echo.input_schema, echo.output_schema] {
        let mut without = everything();
        without.as_object_mut().unwrap().remove("maybe");
        fits(&validator(&schema), "echo", &without);
        assert_eq!(json!(schema)["properties"]["maybe"], json!({ "type": "integer" }));
    }
}

#[test]
fn an_option_of_anything_may_be_null() {
    let flag = || Shape::Plain("bool");
    for inner in [
        flag(),
        Shape::Plain("f64"),
        Shape::List(flag().into()),
        Shape::Tuple(vec![flag()]),
        Shape::Record(vec![flag()]),
        Shape::Enum(2),
        Shape::Flags(2),
        Shape::Variant(vec![None]),
        Shape::Variant(vec![Some(flag())]),
        Shape::Variant(vec![None, Some(flag())]),
        Shape::Result(None, None),
        Shape::Result(Some(flag().into()), None),
    ] {
        let kind = format!("{inner:?}");
        let optional = load(&Shape::Tuple(vec![Shape::Option(inner.into())]).component());
        let tool = tool(&optional, "echo");
        let null = wrapped(Some(json!([null])));
        fits(&validator(&tool.input_schema), &kind, &null);
        let echoed = now(call_of(&optional, "echo", null.clone())).unwrap().result.unwrap();
        assert_eq!(echoed, null, "{kind}");
        fits(&validator(&tool.output_schema), &kind, &echoed);
    }
}

#[test]
fn a_float_that_is_no_number_or_has_no_end_fits_as_null() {
    let odd = load(
        r#"(component
            (core module $m
                (func (export "nan") (result f64) f64.const nan)
                (func (export "endless") (result f32) f32.const -inf))
            (core instance $i (instantiate $m))
            (func $nan (result f64) (canon lift (core func $i "nan")))
            (func $endless (result f32) (canon lift (core func $i "endless")))
            (instance $a (export "nan" (func $nan)) (export "endless" (func $endless)))
            (export "test:load/actions" (instance $a)))"#,
    );
    for action in ["nan", "endless"] {
        let given = now(call_of(&odd, action, json!({}))).unwrap().result.unwrap();
        assert_eq!(given, Value::Null);
        fits(&validator(&tool(&odd, action).output_schema), action, &given);
    }
}

#[test]
fn what_fits_no_schema_by_a_hair_is_not_read_either() {
    let above_f32 = json!(f64::from_bits(f64::from(f32::MAX).to_bits() + 1));
    for (field, value, taken) in [
        ("f32", json!(f32::MAX), true),
        ("f32", json!(f32::MIN), true),
        ("f32", above_f32, false),
        ("u8", json!(255.0), true),
        ("u8", json!(255.5), false),
        ("u8", json!(-0.0), true),
        ("u64", json!(18_446_744_073_709_551_616.0), false),
        ("f64", json!(u64::MAX), true),
        ("letter", json!("\u{1F600}"), true),
        ("letter", json!("e\u{301}"), false),
        ("rights", json!(["read", "read"]), false),
        ("shape", json!("named"), false),
        ("shape", json!({ "dot": null }), false),
        ("shape", json!({ "named": null }), true),
        ("shape", json!({ "line": 1, "named": "x" }), false),
        ("bare", json!({ "ok": null }), false),
        ("pair", json!([1, "x", 1]), false),
        ("inner", json!([{ "name": "x", "tags": null }]), true),
        ("inner", json!([{ "name": null }]), false),
        ("unknown", json!(null), false),
    ] {
        let mut arguments = everything();
        arguments[field] = value;
        agree(&EVERYTHING, "echo", std::slice::from_ref(&arguments)).unwrap();
        let known = EVERYTHING.actions().iter().find(|known| known.name == "echo").unwrap();
        let read = json::arguments(&arguments, &known.params);
        assert_eq!(read.is_ok(), taken, "{field} of {arguments}");
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn the_schema_takes_what_the_reader_takes(
        arguments in prop::collection::vec(spoilt(everything()), 64)
    ) {
        agree(&EVERYTHING, "echo", &arguments)?;
    }

    #[test]
    fn so_it_does_where_parameters_go_by_name(
        arguments in prop::collection::vec(spoilt(json!({ "minutes": 5, "about": "tea" })), 64)
    ) {
        agree(&EVERYTHING, "remind", &arguments)?;
        agree(&EVERYTHING, "fail", &arguments)?;
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn so_it_does_for_any_type_and_what_comes_out_fits_as_well(
        (shape, cases) in shape().prop_flat_map(|shape| {
            let case = shape.arguments().prop_flat_map(|arguments| {
                let spoilt = prop::collection::vec(spoilt(arguments.clone()), 8);
                (Just(arguments), spoilt)
            });
            (Just(shape), prop::collection::vec(case, 8))
        })
    ) {
        let any = load(&shape.component());
        let output = validator(&tool(&any, "echo").output_schema);
        for (arguments, spoilt) in cases {
            let echoed = now(call_of(&any, "echo", arguments.clone())).unwrap().result.unwrap();
            prop_assert_eq!(&echoed, &arguments);
            fits(&output, "echo", &echoed);
            agree(&any, "echo", &[spoilt, vec![arguments]].concat())?;
        }
    }
}

#[test]
fn what_comes_out_of_everything_fits_the_schema_of_its_result() {
    let output = validator(&tool(&EVERYTHING, "echo").output_schema);
    for (field, value) in [
        ("u64", json!(u64::MAX)),
        ("f32", json!(f32::MAX)),
        ("maybe", json!(null)),
        ("shape", json!({ "named": null })),
        ("shape", json!("dot")),
        ("outcome", json!({ "ok": 0 })),
        ("rights", json!([])),
        ("inner", json!([{ "name": "", "tags": null }])),
    ] {
        let mut arguments = everything();
        arguments[field] = value;
        let echoed = now(call_of(&EVERYTHING, "echo", arguments)).unwrap().result.unwrap();
        fits(&output, field, &echoed);
    }
    for (action, result) in [("remind", Ok(Value::Null)), ("fail", Err(Value::Null))] {
        let arguments = if action == "remind" { json!({ "minutes": 1 }) } else { json!({}) };
        assert_eq!(now(call_of(&EVERYTHING, action, arguments)).unwrap().result, result);
    }
}

#[test]
fn a_type_without_a_json_form_is_refused_wherever_it_stands() {
    let resource = r#"(type $r' (resource (rep i32))) (export $r "r" (type $r'))"#;
    for (declarations, ty, what) in [
        ("", "(option (option u8))", "an option of an option"),
        ("", "(list (tuple u8 (option (option u8))))", "an option of an option"),
        ("", "(result (error (option (option u8))))", "an option of an option"),
        (resource, "(own $r)", "a resource"),
        (resource, "(option (list (own $r)))", "a resource"),
    ] {
        let message = refusal(declarations, ty);
        let expected = format!("its action `odd` takes or gives {what}, which has no JSON form");
        assert_eq!(message, expected, "{ty}");
    }
    // Told apart only by something between them, so there is a form.
    load(
        r#"(component
            (core module $m (func (export "f") (param i32 i32 i32)))
            (core instance $i (instantiate $m))
            (func $f (param "it" (option (tuple (option u8)))) (canon lift (core func $i "f")))
            (instance $a (export "fine" (func $f)))
            (export "test:load/actions" (instance $a)))"#,
    );
}

#[test]
fn types_of_later_versions_are_refused_by_name() {
    for (ty, what) in [
        ("(future u8)", "`future` requires"),
        ("(stream u8)", "`stream` requires"),
        ("error-context", "`error-context` requires"),
        ("(map string u8)", "Maps require"),
        ("(list u8 4)", "Fixed-length lists require"),
    ] {
        let message = refusal("", ty);
        assert!(message.contains(what), "{ty}: {message}");
    }
}

#[test]
fn a_type_that_few_bytes_make_endless_is_refused() {
    assert_eq!(schemas_of(&load(&doubling(10))), 2);
    let names = ["a".repeat(90_000), "b".repeat(90_000)];
    let long = doubling(8).replace("\"a\"", &format!("\"{}\"", names[0]));
    let long = long.replace("\"b\"", &format!("\"{}\"", names[1]));
    for text in [doubling(16), long] {
        let Err(error) = HOST.load(&wat::parse_str(text).unwrap()) else { panic!("it was loaded") };
        let message = error.to_string();
        assert!(message.contains("`odd` takes or gives a type of too many parts"), "{message}");
    }
}
