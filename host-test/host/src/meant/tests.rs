//! What is taken as it was meant, and what is left as it is.

use serde_json::json;

use super::*;
use crate::tools::Hints;

mod strangers;

fn schema() -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "properties": {
            "first-name": { "type": "string" },
            "last-name": { "type": "string", "description": "Family name." },
            "page-number": { "type": "integer", "minimum": 0 },
            "size": { "type": "integer", "minimum": 1, "maximum": 100 },
            "share": { "type": "number" },
            "active": { "type": "boolean" },
            "ways": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "kind": { "type": "string", "enum": ["email", "whatsapp-phone"] },
                    "value": { "type": "string" },
                    "note": { "type": "string" },
                },
                "required": ["kind", "value"],
            } },
            "uuid": { "type": "string", "pattern": "^[A-Z][0-9]$" },
            "dial": { "type": "string", "pattern": r"^([+][1-9][0-9]{7,14}|[^+][\s\S]*)$" },
            "way": { "type": "string", "enum": ["email", "letter-post", "phone", "phone-call", "air-post"] },
            "tags": { "type": "array", "items": { "type": "string" } },
            "place": { "type": "object", "properties": { "zip-code": { "type": "string" } } },
        },
        "required": ["first-name", "ways"],
    });
    schema.as_object().unwrap().clone()
}

fn tool() -> Tool {
    let result = json!({ "properties": { "next-page": { "type": "integer" } } });
    Tool {
        name: "create-person".to_owned(),
        toolset: "actions".to_owned(),
        title: String::new(),
        description: String::new(),
        input_schema: schema(),
        output_schema: result.as_object().unwrap().clone(),
        error_schema: None,
        annotations: Hints::default(),
    }
}

fn taken(given: Value) -> Value {
    let Meant { arguments, left_out } = meant(given, &tool()).unwrap();
    assert_eq!(left_out, [] as [&str; 0]);
    arguments
}

#[test]
fn what_fits_stays_as_it_is() {
    let given = json!({
        "first-name": "Ada  B.", "last-name": "Null", "size": 7, "share": 0.5, "active": false,
        "ways": [{ "kind": "email", "value": "[1]" }], "tags": ["{}", ""], "place": {},
    });
    assert_eq!(taken(given.clone()), given);
}

#[test]
fn what_can_mean_one_thing_only_is_taken_as_that() {
    let way = json!({ "kind": "whatsapp-phone", "value": "+14155550123" });
    for (given, meant) in [
        (json!({ "ways": json!([way]).to_string() }), json!({ "ways": [way] })),
        (json!({ "ways": format!(" {way}\n") }), json!({ "ways": [way] })),
        (json!({ "ways": way }), json!({ "ways": [way] })),
        (json!({ "ways": [way.to_string()] }), json!({ "ways": [way] })),
        (
            json!({ "ways": [{ "Kind": "WHATSAPP_PHONE", "value": 14_155_550_123_u64, "note": "" }] }),
            json!({ "ways": [{ "kind": "whatsapp-phone", "value": "14155550123" }] }),
        ),
        (json!({ "ways": { "0": way, "1": way } }), json!({ "ways": [way, way] })),
        (json!({ "ways": { "item": [way] } }), json!({ "ways": [way] })),
        (json!({ "ways": { "items": way } }), json!({ "ways": [way] })),
        (json!({ "ways": { "ways": [way] } }), json!({ "ways": [way] })),
        (json!({ "ways": [[way]] }), json!({ "ways": [way] })),
        (json!({ "ways": [json!([way, way]).to_string()] }), json!({ "ways": [way, way] })),
        (
            json!({ "ways": [{ "kind": "email", "value": "a@b.example", "_meta": 1, "type": null }] }),
            json!({ "ways": [{ "kind": "email", "value": "a@b.example" }] }),
        ),
        (json!({ "first-name": "Ada", "first_name": null }), json!({ "first-name": "Ada" })),
        (json!({ "ways": json!(way.to_string()).to_string() }), json!({ "ways": [way] })),
        (
            json!({ "ways": { "email": "a@b.example", "whatsapp_phone": ["+14155550123", 7], "x": null } }),
            json!({ "ways": [{ "kind": "email", "value": "a@b.example" }, way,
                             { "kind": "whatsapp-phone", "value": "7" }] }),
        ),
        (
            json!({ "ways": [{ "E-Mail": "a@b.example" }, way] }),
            json!({ "ways": [{ "kind": "email", "value": "a@b.example" }, way] }),
        ),
        (
            json!({ "ways": [{ "email": "a", "note": "n" }] }),
            json!({ "ways": [{ "email": "a", "note": "n" }] }),
        ),
        (json!({ "uuid": "a1" }), json!({ "uuid": "A1" })),
        (json!({ "uuid": "a10" }), json!({ "uuid": "a10" })),
        (json!({ "tags": { "0": "a" } }), json!({ "tags": ["a"] })),
        (json!({ "uuid": " A1 " }), json!({ "uuid": "A1" })),
        (json!({ "first-name": " Ada\n" }), json!({ "first-name": "Ada" })),
        (json!({ "dial": "+1 (415) 555-0123" }), json!({ "dial": "+14155550123" })),
        (json!({ "dial": "+49\u{a0}30.901\u{2011}820" }), json!({ "dial": "+4930901820" })),
        (json!({ "dial": " 12 St. James's" }), json!({ "dial": "12 St. James's" })),
        (json!({ "way": "E-Mail" }), json!({ "way": "email" })),
        (json!({ "way": "phone number" }), json!({ "way": "phone" })),
        (json!({ "way": "Letter" }), json!({ "way": "letter-post" })),
        (json!({ "way": "LETTER" }), json!({ "way": "letter-post" })),
        (json!({ "way": "e-mail address" }), json!({ "way": "email" })),
        (json!({ "way": "Air" }), json!({ "way": "air-post" })),
        (json!({ "size": [], "last-name": {}, "tags": [] }), json!({ "tags": [] })),
        (json!({ "tags": "one" }), json!({ "tags": ["one"] })),
        (json!({ "tags": "[\"a\",7]" }), json!({ "tags": ["a", "7"] })),
        (json!({ "place": "{\"zip_code\":7}" }), json!({ "place": { "zip-code": "7" } })),
        (json!({ "page_number": "3" }), json!({ "page-number": 3 })),
        (json!({ "pageNumber": 3.0 }), json!({ "page-number": 3 })),
        (json!({ "page-number": " 3.0 " }), json!({ "page-number": 3 })),
        (json!({ "share": "0.25" }), json!({ "share": 0.25 })),
        (json!({ "active": "False" }), json!({ "active": false })),
        (json!({ "last-name": "", "page-number": null, "active": " " }), json!({})),
        (json!({ "first-name": "", "last-name": null }), json!({ "first-name": "" })),
        (json!(null), json!({})),
        (json!(" "), json!({})),
        (json!("null"), json!({})),
        (json!([]), json!({})),
        (json!("{\"first_name\":\"Ada\"}"), json!({ "first-name": "Ada" })),
        (json!({ "arguments": { "page_number": 2 } }), json!({ "page-number": 2 })),
        (json!({ "kwargs": "{\"size\":7}", "_meta": 1 }), json!({ "size": 7 })),
    ] {
        assert_eq!(taken(given.clone()), meant, "{given}");
    }
}

#[test]
fn what_cannot_be_taken_otherwise_stays_for_the_action_to_refuse() {
    for given in [
        json!({ "ways": null }),
        json!({ "ways": "" }),
        json!({ "active": "yes" }),
        json!({ "way": "post" }),
        json!({ "way": "no post" }),
        json!({ "way": "work phone" }),
        json!({ "way": "email, phone" }),
        json!({ "way": "-email" }),
        json!({ "way": "by letter post, but not on Sundays" }),
        json!({ "dial": "+44 (0)20 7946 0958" }),
        json!({ "dial": "+39 06 698 83" }),
        json!({ "dial": "+1 415 555 0123 ext. 7" }),
        json!({ "dial": "+1 415" }),
        json!({ "first-name": true }),
        json!({ "first-name": 1.5 }),
        json!({ "ways": [{ "kind": "fax", "value": "1", "extra": 1 }] }),
        json!("Ada"),
        json!([1]),
    ] {
        assert_eq!(taken(given.clone()), given);
    }
    assert_eq!(taken(json!({ "tags": "[1" })), json!({ "tags": ["[1"] }));
}

#[test]
fn a_text_that_was_to_be_json_and_is_none_is_refused_with_the_place_in_it() {
    for (given, why) in [
        (
            json!({ "ways": "[{'kind': 'email'}]" }),
            "ways: its text is no JSON: key must be a string at line 1 column 3",
        ),
        (
            json!({ "ways": ["{\"kind\":\"email\","] }),
            "ways[0]: its text is no JSON: EOF while parsing an object at line 1 column 16",
        ),
        (
            json!({ "place": "```json\n{\"zip-code\": 1,}\n```" }),
            "place: its text is no JSON: key must be a string at line 1 column 16",
        ),
        (
            json!("{\"first-name\": \"Ada\", }"),
            "arguments: its text is no JSON: key must be a string at line 1 column 23",
        ),
        (
            json!({ "input": "{\"first-name\"" }),
            "input: its text is no JSON: EOF while parsing an object at line 1 column 13",
        ),
    ] {
        assert_eq!(meant(given, &tool()).unwrap_err(), why);
    }
}

#[test]
fn the_first_of_two_spellings_is_not_lost_to_the_second() {
    let both = json!({ "first_name": "Eva", "first-name": "Ada" });
    let why = meant(both, &tool()).unwrap_err();
    assert_eq!(why, "first-name: it is given twice, as first-name and as first_name");
}

fn whole() -> Value {
    json!({ "first-name": "Ada", "ways": [] })
}

/// The arguments of a call with one more member.
fn with(name: &str, value: &Value) -> Value {
    let mut given = whole();
    given[name] = value.clone();
    given
}

fn refusal(name: &str, value: &Value) -> String {
    let why = meant(with(name, value), &tool()).expect_err(name);
    let begin = format!("{name}: there is no such field");
    why.strip_prefix(&begin).unwrap_or_else(|| panic!("{why}")).to_owned()
}

#[test]
fn an_object_is_its_json_text_where_the_example_shows_that_one_belongs_there() {
    let text = |example: &str| {
        let mut tool = tool();
        let body = json!({ "type": "string", "examples": [example] });
        let schema = json!({ "properties": { "body": body }, "required": ["body"] });
        tool.input_schema = schema.as_object().unwrap().clone();
        tool
    };
    let body = |value: &Value, example: &str| {
        let given = json!({ "body": value });
        meant(given, &text(example)).unwrap().arguments["body"].take()
    };
    for value in [json!({ "b": 1, "a": "x" }), json!([{ "a": null }]), json!([])] {
        for example in [r#"{"id": 1}"#, "[{}]"] {
            let taken = body(&value, example);
            let said: Value = taken.as_str().unwrap().parse().unwrap();
            assert_eq!(said, value);
        }
        for example in ["Hello", "7", "\"{}\"", "null"] {
            assert_eq!(body(&value, example), value, "{example}");
        }
    }
    assert_eq!(body(&json!("{"), "{}"), "{");
    // Out of what models put around it, and no other word of it.
    let said = r#"{"id": 12345678901234567890123, "a": 1.50}"#;
    let fenced = format!("```json\n{said}\n```");
    for around in [&fenced, &json!(said).to_string(), &json!(fenced).to_string(), said] {
        assert_eq!(body(&json!(around), "{}"), said);
    }
    // What was read into another number is not passed on.
    let read: Value = said.parse().unwrap();
    for given in [&read, &json!([{ "in": read }])] {
        let refused = meant(json!({ "body": given }), &text("{}")).unwrap_err();
        assert!(refused.contains("1.2345678901234568e+22, has more digits"), "{refused}");
    }
    assert_eq!(
        body(&json!({ "a": 19.9, "b": u64::MAX }), "{}"),
        r#"{"a":19.9,"b":18446744073709551615}"#
    );
}

#[test]
fn what_is_missing_is_told_with_what_was_given_in_its_place() {
    let why = meant(json!({ "nickname": "Ada", "ways": [] }), &tool());
    assert_eq!(
        why.unwrap_err(),
        "nickname: there is no such field; did you mean first-name or last-name?"
    );
    let why = meant(json!({ "greeting": "Ada", "ways": [] }), &tool()).unwrap_err();
    assert!(
        why.starts_with("first-name: it is missing; there is no `greeting`, but there are"),
        "{why}"
    );
    // Without either, the action says so itself.
    assert_eq!(taken(json!({ "ways": [] })), json!({ "ways": [] }));
}

#[test]
fn what_nobody_filled_in_is_no_text() {
    for text in [
        "undefined",
        " {{name}} ",
        "={{ $json.name }}",
        "${name}",
        "{first_name}",
        "<YOUR NAME>",
        "[Object object]",
        "null",
        "None",
        "N/A",
        "[masked]",
        "******",
    ] {
        let why = meant(json!({ "first-name": text, "ways": [] }), &tool()).unwrap_err();
        assert!(
            why.contains("cannot be used; it stands for a text that was not filled in"),
            "{why}"
        );
    }
}

#[test]
fn a_number_out_of_bounds_is_told_with_those_of_the_schema() {
    for (given, why) in [
        (json!({ "size": 300 }), "size: 300 cannot be used; expected a whole number from 1 to 100"),
        (
            json!({ "size": "-1" }),
            "size: \"-1\" cannot be used; expected a whole number from 1 to 100",
        ),
        (
            json!({ "page-number": -1 }),
            "page-number: -1 cannot be used; expected a whole number of at least 0",
        ),
        (json!({ "size": 1.5 }), "size: 1.5 cannot be used; expected a whole number from 1 to 100"),
        (
            json!({ "size": "many" }),
            "size: \"many\" cannot be used; expected a whole number from 1 to 100",
        ),
        (
            json!({ "size": "1.000" }),
            "size: \"1.000\" cannot be used; expected a whole number from 1 to 100",
        ),
        (json!({ "share": true }), "share: true cannot be used; expected a number"),
    ] {
        assert_eq!(meant(given, &tool()).unwrap_err(), why);
    }
}

#[test]
fn a_text_of_more_parts_than_any_action_takes_is_not_read() {
    let many = format!("[{}{{}}]", "{},".repeat(20_000));
    let refused = meant(json!({ "ways": many }), &tool()).unwrap_err();
    assert!(refused.ends_with("expected an object with kind and value"), "{refused}");
    assert!(refused.len() < 200, "{refused}");
}

#[test]
fn what_is_no_object_where_one_belongs_is_told_with_what_it_has() {
    for given in [json!({ "ways": ["x"] }), json!({ "ways": "x" })] {
        let why = "ways[0]: \"x\" cannot be used; expected an object with kind and value";
        assert_eq!(meant(given, &tool()).unwrap_err(), why);
    }
}
