//! What is taken as it was meant, and what is left as it is.

use serde_json::json;

use super::*;
use crate::tools::Hints;

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
fn a_clients_own_member_is_left_out_and_told() {
    for own in [
        "wait_for_previous",
        "toolCallId",
        "random_string",
        "tool_call_description",
        "reasoning",
        "session_name",
        "run_id",
        "timestamp",
        "telegram",
        "x",
    ] {
        let Meant { arguments, left_out } =
            meant(with(own, &json!({ "a": "@ada" })), &tool()).unwrap();
        assert_eq!((arguments, left_out), (whole(), vec![own.to_owned()]));
    }
    for own in ["_meta", "_sessionID", "__toolName"] {
        assert_eq!(taken(with(own, &json!("a"))), whole());
    }
}

#[test]
fn what_stands_for_a_field_under_another_name_is_refused_and_not_lost() {
    for (given, like) in [
        ("fist-name", "did you mean first-name?"),
        ("pagenumbr", "did you mean page-number?"),
        ("other-ways", "did you mean ways?"),
        ("name", "did you mean first-name?"),
        ("surname", "did you mean first-name or last-name?"),
        ("family_name", "did you mean last-name?"),
        ("Number", "did you mean page-number?"),
        ("page-length", "did you mean page-number?"),
        ("email", "email is one of the words for ways[].kind"),
        ("emails", "email is one of the words for ways[].kind"),
        ("mail_address", "email is one of the words for ways[].kind"),
        ("phoneNumber", "whatsapp-phone is one of the words for ways[].kind"),
        ("_phone", "whatsapp-phone is one of the words for ways[].kind"),
        ("WhatsappPhone", "whatsapp-phone is one of the words for ways[].kind"),
        (
            "nextPage",
            "it is one of the answer; there are first-name, last-name, page-number, size, \
                      share, active, ways, uuid, dial, way, tags, place",
        ),
    ] {
        assert_eq!(refusal(given, &json!("x")), format!("; {like}"), "{given}");
    }
}

#[test]
fn what_would_be_missed_is_refused() {
    for (name, value) in [
        ("mobile", json!("+1 415 555 0123")),
        ("photo", json!("https://example.com/ada.png")),
        ("mailbox", json!({ "at": ["ada@example.com"] })),
        ("persons", json!([1])),
        ("person-id", json!("7")),
    ] {
        let why = refusal(name, &value);
        assert!(why.starts_with(", so its value would be lost; there are first-name, "), "{why}");
    }
    for name in [
        "dry_run",
        "dryRun",
        "if-not-exists",
        "upsert",
        "offset",
        "sortBy",
        "q",
        "is_test",
        "no_op",
        "draft",
        "ensureUnique",
        "on_conflict",
        "idempotency_key",
        "execute",
        "schedule_at",
    ] {
        let why = refusal(name, &json!(true));
        assert!(why.starts_with(", and nothing here does what it asks for; "), "{name}: {why}");
    }
    let why = refusal("extra", &json!("{\"first_name\": \"Eva\"}"));
    assert!(why.starts_with("; give what it holds without it: there are first-name"), "{why}");
    // What changes nothing loses nothing.
    let mut tool = tool();
    tool.annotations.read_only_hint = Some(true);
    let photo = with("photo", &json!("https://example.com/ada.png"));
    assert_eq!(meant(photo, &tool).unwrap().left_out, ["photo"]);
}

#[test]
fn what_is_looked_for_where_nothing_looks_is_refused_and_not_taken_for_found() {
    let schema = |of: Value| of.as_object().unwrap().clone();
    let tool = Tool {
        name: "list-people".to_owned(),
        input_schema: schema(json!({ "properties": {
            "page-number": { "type": "integer" }, "size": { "type": "integer", "maximum": 9 } } })),
        output_schema: schema(
            json!({ "properties": { "page-number": {}, "rows": { "type": "array", "items": {
            "properties": { "first-name": { "type": "string" }, "uuid": { "type": "string" },
                "ways": { "items": { "enum": ["home-mail", "phone"] } } } } } } }),
        ),
        annotations: Hints { read_only_hint: Some(true), ..Hints::default() },
        ..tool()
    };
    let meant = |name: &str, value: Value| meant(json!({ name: value }), &tool);
    for (name, value) in [
        ("name", json!("Ada")),
        ("firstName", json!("Ada")),
        ("phone", json!("0123")),
        ("mail", json!(["a"])),
        ("mobile", json!("+14155550123")),
        ("to_find", json!("ada@example.com")),
        ("uuid", json!("7")),
        ("first-names", json!(["Ada"])),
        ("number", json!("+14155550123")),
        ("number", json!(14_155_550_123_u64)),
    ] {
        let why = meant(name, value).unwrap_err();
        assert!(why.contains("nothing here") && why.contains("page-number, size"), "{why}");
    }
    // Where there are no rows, nobody is looked for among them.
    let of_one =
        Tool { output_schema: schema(json!({ "properties": { "name": {} } })), ..tool.clone() };
    let given = json!({ "mobile": "+14155550123", "uuid": "x" });
    assert_eq!(super::meant(given, &of_one).unwrap().left_out, ["mobile", "uuid"]);
    // Nobody looks for nothing, and some clients say which tool they call.
    for (name, value) in [("name", Value::Null), ("search", json!(" ")), ("limit", json!({}))] {
        assert_eq!(meant(name, value).unwrap().left_out, [""; 0]);
    }
    assert_eq!(meant("name", json!("listPeople")).unwrap().left_out, ["name"]);
    for (name, own) in [("number", "page-number"), ("limit", "size"), ("pageSize", "size")] {
        let why = meant(name, json!(3)).unwrap_err();
        assert!(why.ends_with(&format!("; did you mean {own}?")), "{why}");
    }
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
fn arguments_within_one_more_member_are_taken_whatever_a_client_adds_beside_it() {
    let within = json!({ "first_name": "Ada", "ways": [] });
    for (given, told) in [
        (json!({ "input": within }), ""),
        (json!({ "input": within, "wait_for_previous": true, "_meta": {} }), "wait_for_previous"),
        (json!({ "tool": "create-person", "tool_input": [within] }), ""),
        (json!({ "tool": "mcp__a__create_person", "tool_input": [within] }), ""),
        (json!({ "name": "create_person", "arguments": within.to_string() }), ""),
        (json!({ "person": within, "reason": "asked for" }), "reason"),
        (json!({ "create-person": within }), ""),
        (json!({ "__arg1": within }), ""),
        (json!([within]), ""),
        (json!(json!(within.to_string()).to_string()), ""),
        (json!(format!("```json\n{within}\n```")), ""),
    ] {
        let found = meant(given.clone(), &tool()).unwrap();
        assert_eq!((&found.arguments, &*found.left_out.join(", ")), (&whole(), told), "{given}");
    }
    // Another tool is meant.
    for (name, other) in
        [("tool", "delete-person"), ("tool_name", "list-people"), ("function", "preview_person")]
    {
        let whole = json!({ "first-name": "Ada", "ways": [], name: other });
        for given in [json!({ name: other, "input": within }), whole] {
            let why = meant(given, &tool()).unwrap_err();
            assert_eq!(why, format!("{name}: this calls create-person, and not {other}"));
        }
    }
    for given in [
        json!({ "delete": within }),
        json!({ "old-person": within }),
        json!({ "example": within }),
        json!({ "input": within, "data": within }),
    ] {
        assert!(meant(given.clone(), &tool()).is_err(), "{given}");
    }
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

#[test]
fn a_whole_call_is_taken_for_its_arguments_and_what_is_a_clients_for_none() {
    let arguments = json!({ "first-name": "Ada", "ways": [] });
    for (given, around) in [
        (
            json!({ "server_name": "s", "tool_name": "create-person", "arguments": arguments }),
            &["server_name"][..],
        ),
        (
            json!({ "type": "tool_use", "id": "t1", "name": "create-person", "input": arguments }),
            &["type", "id"],
        ),
        (json!({ "name": "create-person", "arguments": arguments, "type": "function" }), &["type"]),
        (json!({ "args": [], "kwargs": arguments }), &[]),
        (json!({ "arguments": arguments, "config": null }), &[]),
        (json!({ "arguments": arguments, "title": "Dr." }), &["title"]),
        (json!({ "arguments": { "arguments": arguments } }), &[]),
        (
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                    "params": { "name": "create-person", "arguments": arguments.to_string() } }),
            &["jsonrpc", "id", "method"],
        ),
    ] {
        let taken = meant(given.clone(), &tool()).unwrap();
        assert_eq!(taken.arguments, whole(), "{given}");
        // Nothing that stands there is lost without a word.
        assert_eq!(taken.left_out, around, "{given}");
    }
    let named = meant(json!({ "name": "Lovelace", "input": arguments }), &tool()).unwrap_err();
    assert_eq!(named, "name: there is no such field; did you mean first-name?");
    assert_eq!(taken(json!({ "_meta": arguments })), json!({}));
    for of_a_client in ["metadata", "session", "context"] {
        let refused = meant(json!({ of_a_client: arguments }), &tool()).unwrap_err();
        let why = format!("first-name: it is missing; there is no `{of_a_client}`, but there are");
        assert!(refused.starts_with(&why), "{refused}");
    }
    for unusable in [json!("page 2"), json!([1, 2]), json!(7)] {
        let refused = meant(with("input", &unusable), &tool()).unwrap_err();
        assert!(refused.contains("give what it holds without it"), "{refused}");
    }
    let formed = meant(with("somewhere", &json!("A1")), &tool()).unwrap();
    assert_eq!(formed.left_out, ["somewhere"]);
    let mut of_optional = tool();
    of_optional.input_schema["properties"]["uuid"]["pattern"] = "^$|^[A-Z][0-9]$".into();
    let refused = meant(with("somewhere", &json!("A1")), &of_optional).unwrap_err();
    assert_eq!(refused, "somewhere: there is no such field; did you mean uuid?");
}

#[test]
fn what_is_refused_by_itself_is_refused_within_another_member_too() {
    for (given, why) in [
        (json!({ "input": { "page": 1 } }), "input.page: there is no such field; did you mean"),
        (json!({ "v__args": "{\"surname\": \"X\"}" }), "v__args.surname: there is no such field"),
        (json!({ "body": { "data": { "cursor": "x" } } }), "data.cursor: there is no such"),
    ] {
        let refused = meant(given.clone(), &tool()).unwrap_err();
        assert!(refused.starts_with(why), "{given}: {refused}");
    }
    for of_a_client in ["metadata", "context", "_meta"] {
        let mut given = whole();
        given[of_a_client] = json!({ "page": 1 });
        assert!(meant(given, &tool()).is_ok(), "{of_a_client}");
    }
}

#[test]
fn what_a_client_adds_is_its_own_whatever_it_holds() {
    for (name, value) in [
        ("chatInput", "ada@example.com"),
        ("chatInput", "+595 981 222 333"),
        ("userId", "+14155550100"),
        ("user_id", "ada@example.com"),
        ("chat_id", "14155550100@c.example"),
        ("actor", "ada@example.com"),
        ("workspace", "https://example.com/w"),
        ("tool", "MCP Client"),
        ("server_name", "vendor"),
        ("name", "create-person"),
    ] {
        let mut given = whole();
        given[name] = value.into();
        let Meant { left_out, .. } = meant(given, &tool()).unwrap();
        assert_eq!(left_out, [name]);
    }
}

#[test]
fn a_name_is_somebodys_unless_it_is_that_of_a_tool() {
    let given = |name: &str| json!({ "name": name, "ways": [] });
    let refused = meant(given("Ada"), &tool()).unwrap_err();
    assert_eq!(refused, "name: there is no such field; did you mean first-name?");
    for other in ["delete-person", "deletePerson", "delete_person"] {
        let refused = meant(given(other), &tool()).unwrap_err();
        assert_eq!(refused, format!("name: this calls create-person, and not {other}"));
    }
}
