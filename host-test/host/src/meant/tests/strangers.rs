//! What becomes of members that an action does not have.

use super::*;

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
        "language",
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
        ("lname", "did you mean first-name or last-name?"),
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
        ("phone_number", json!("+999")),
        ("full_name", json!("Ada")),
        ("company-name", json!("Ada")),
        ("keyword", json!("Ada")),
        ("textContains", json!("Ada")),
        ("match", json!({ "a": "Ada" })),
        ("email", json!("Ada")),
        ("has_email", json!(true)),
        ("tag", json!("vip")),
        ("month", json!("2026-01")),
    ] {
        let why = meant(name, value).unwrap_err();
        assert!(why.contains("nothing here") && why.contains("page-number, size"), "{why}");
    }
    // Where there are no rows, nobody is looked for among them.
    let of_one =
        Tool { output_schema: schema(json!({ "properties": { "name": {} } })), ..tool.clone() };
    let given = json!({ "mobile": "+14155550123", "uuid": "x" });
    assert_eq!(super::meant(given, &of_one).unwrap().left_out, ["mobile", "uuid"]);
    let why = super::meant(json!({ "period": "last month" }), &of_one).unwrap_err();
    assert!(why.contains("nothing here looks for it"), "{why}");
    // Names of what calls are no names of people.
    for own in ["agent_name", "workflow_name", "client_name", "callback_url"] {
        assert_eq!(meant(own, json!("Ada")).unwrap().left_out, [own]);
    }
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
