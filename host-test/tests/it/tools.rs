//! The tools that the actions become: their schemas, hints and docs.

use host::{docs::Docs, tools::Tool};
use serde_json::{Value, json};

use crate::{
    actions,
    support::{
        CONNECTOR, Caller, every_action,
        known::Known,
        mock,
        schemas::{self, TOOLS, fits, validator},
    },
};

fn tool(name: &str) -> &'static Tool {
    TOOLS.iter().find(|tool| tool.name == name).unwrap()
}

/// All schemas below this one, itself included, with the path to them.
fn each(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        each(member, &format!("{path}.{name}"), visit);
    }
    if schema.get("items").is_some() {
        each(&schema["items"], &format!("{path}[]"), visit);
    }
}

#[test]
fn the_docs_travel_in_the_file_and_are_those_of_the_contract() {
    let contract = [
        include_str!("../../../wit/world.wit"),
        include_str!("../../../wit/types.wit"),
        include_str!("../../../wit/actions.wit"),
        include_str!("../../../wit/events.wit"),
    ];
    assert_eq!(Docs::of(CONNECTOR).wit(), contract.concat());
}

#[test]
fn every_tool_says_what_it_is_for_what_it_changes_and_whether_to_repeat_it() {
    for tool in &*TOOLS {
        assert!(!tool.title.is_empty() && tool.title.len() < 30, "{}", tool.title);
        let words = tool.description.split_whitespace().count();
        assert!((30..250).contains(&words), "{}: {words} words", tool.name);
        for said in ["Use it ", "Effect: ", "Repeating: "] {
            assert!(tool.description.contains(said), "{} does not say `{said}`", tool.name);
        }
        assert!(!tool.description.contains("Title:"), "{}", tool.description);
    }
}

#[test]
fn hints_are_what_the_contract_says_of_each_action() {
    for Known { name, effect, repeatable, .. } in actions::all() {
        let (reads, destroys) = match effect {
            "reads" => (true, false),
            "creates" => (false, false),
            "changes" | "deletes" => (false, true),
            other => panic!("{name} says that it {other}, which is no word of the contract"),
        };
        let expected = json!({
            "readOnlyHint": reads, "destructiveHint": destroys, "idempotentHint": repeatable,
            "openWorldHint": true,
        });
        assert_eq!(json!(tool(name).annotations), expected, "{name}");
    }
}

#[tokio::test]
async fn what_an_action_says_of_itself_agrees_with_the_request_that_it_sends() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    for (action, arguments) in every_action() {
        caller.call(action, arguments).await.unwrap();
        let asked = twochat.requests().last().unwrap().method == "GET";
        assert_eq!(tool(action).annotations.read_only_hint, Some(asked), "{action}");
    }
}

#[test]
fn every_field_is_described_and_every_example_fits_its_own_schema() {
    let mut examples = 0;
    for tool in &*TOOLS {
        let mut schemas = vec![json!(tool.input_schema), json!(tool.output_schema)];
        schemas.extend(tool.error_schema.clone().map(Value::from));
        for schema in schemas {
            each(&schema, &tool.name, &mut |path, schema| {
                let described = schema["description"].as_str().is_some_and(|text| text.len() > 5);
                let bare = path.ends_with("[]") || path == tool.name;
                assert!(described || bare, "{path} has no description");
                let object = schema.as_object().unwrap();
                for example in schema["examples"].as_array().into_iter().flatten() {
                    fits(&validator(object), path, example);
                    examples += 1;
                }
            });
        }
        let required = tool.input_schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            assert!(tool.input_schema["properties"][name].get("examples").is_some(), "{name}");
        }
    }
    assert!(examples > 5, "{examples} examples");
}

#[test]
fn limits_and_choices_of_the_contract_are_in_the_schemas() {
    let input = |name: &str| json!(tool(name).input_schema);
    let size = &input("list-contacts")["properties"]["results-per-page"];
    assert_eq!((&size["minimum"], &size["maximum"]), (&json!(1), &json!(100)));
    assert_eq!(input("list-contacts").get("required"), None);
    let contact = input("create-contact");
    assert_eq!(contact["required"], json!(["first-name", "details"]));
    assert_eq!(contact["properties"]["details"]["minItems"], 1);
    let kind = &contact["properties"]["details"]["items"]["properties"]["kind"];
    assert_eq!(kind["enum"], json!(["email", "address", "phone", "whatsapp-phone"]));
    assert!(kind["description"].as_str().unwrap().contains("`email`: An e-mail address."));
    let error = json!(tool("list-contacts").error_schema);
    assert_eq!(error["properties"]["kind"]["enum"].as_array().unwrap().len(), 13);
}

const CHANNEL: &str = "WPN66037EcA-9ad1-4c96-9eff-526a90a48c77";

#[test]
fn no_argument_of_an_action_is_a_choice_of_forms() {
    // Some clients refuse every tool of a server for the one that has it.
    for tool in &*TOOLS {
        let input = json!(tool.input_schema).to_string();
        assert!(!["anyOf", "oneOf", "allOf"].iter().any(|word| input.contains(word)), "{input}");
    }
}

#[test]
fn what_changes_something_says_what_to_do_when_its_end_is_not_known() {
    for Known { name, effect, repeatable, .. } in actions::all() {
        let says = tool(name).description.ends_with(
            "If it fails and may have been carried out, look whether it was before you call \
             again.",
        );
        assert_eq!(says, effect != "reads" && !repeatable, "{name}");
    }
}

#[test]
fn arguments_that_the_schemas_refuse_are_told_from_those_they_take() {
    let contact = |details: Value| json!({ "first-name": "Ada", "details": details });
    let phone = json!({ "kind": "phone", "value": "+14155550123" });
    for (action, taken, arguments) in [
        ("list-contacts", true, json!({})),
        ("list-contacts", true, json!({ "results-per-page": 100, "channel-uuid": CHANNEL })),
        (
            "list-contacts",
            true,
            json!({ "channel-uuid": CHANNEL.to_lowercase().replace("wpn", "WAN") }),
        ),
        ("list-contacts", true, json!({ "channel-uuid": "" })),
        ("list-contacts", false, json!({ "channel-uuid": format!("{CHANNEL}0") })),
        ("list-contacts", false, json!({ "channel-uuid": CHANNEL.replace('-', "") })),
        ("list-contacts", false, json!({ "results-per-page": 0 })),
        ("list-contacts", false, json!({ "results-per-page": 101 })),
        ("list-contacts", false, json!({ "results_per_page": 5 })),
        ("list-contacts", false, json!({ "page-number": 0.5 })),
        ("create-contact", true, contact(json!([phone]))),
        (
            "create-contact",
            true,
            contact(json!([
                { "kind": "email", "value": "+ada@example.com" },
                { "kind": "address", "value": "12 High Street\nLondon" },
            ])),
        ),
        ("create-contact", false, contact(json!([{ "kind": "phone", "value": "+1 415 5550123" }]))),
        ("create-contact", false, contact(json!([{ "kind": "address", "value": "" }]))),
        ("create-contact", false, contact(json!([]))),
        ("create-contact", false, contact(json!([{ "kind": "fax", "value": "1" }]))),
        ("create-contact", false, json!({ "details": [phone] })),
        ("test-api-key", true, json!({})),
        ("test-api-key", false, json!({ "key": "x" })),
    ] {
        assert_eq!(schemas::of(action).input.is_valid(&arguments), taken, "{action} {arguments}");
    }
}
