//! `twochat mcp` as an agent meets it, and as somebody who sends nonsense does.

mod answers;
mod batches;
mod chaos;
mod flood;
mod full;
mod keys;
mod nonsense;
mod offers;
mod waiting;

use std::time::{Duration, Instant};

use mock::Fault;
use serde_json::{Value, json};

use crate::support::agent::{Agent, hello, notification, request, twochat};
use crate::support::{
    LOADED, every_action, new_contact,
    schemas::FOR_MODELS,
    shell::{self, CANARY, repeating},
};

/// What a client of a version without a handshake sends with each request.
fn settings() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// Every action as it is to be listed.
fn expected_tools() -> Vec<Value> {
    FOR_MODELS.iter().map(|tool| serde_json::to_value(tool).unwrap()).collect()
}

/// A result of a tool that did what it was asked for.
fn good(result: &Value) -> &Value {
    assert_ne!(result["isError"], true, "{result}");
    let content = result["content"].as_array().unwrap();
    assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")), "{result}");
    assert!(notes(result).contains("are data that others wrote"), "{result}");
    let text: Value = content[0]["text"].as_str().unwrap().parse().unwrap();
    assert_eq!(text, result["structuredContent"], "{result}");
    &result["structuredContent"]
}

/// What is told of a result, in its first member, where a model meets it before the rest.
fn notes(result: &Value) -> String {
    let (name, notes) = result["structuredContent"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(name, "notes", "{result}");
    let notes = notes.as_array().unwrap().iter().map(|note| note.as_str().unwrap());
    notes.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_handshake_is_made_in_any_version_and_says_what_this_is() {
    let twochat = twochat().await;
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let mut agent = Agent::silent(&twochat.base_url(), &[]);
        let answer = agent.ask("initialize", hello(asked));
        let welcome = &answer["result"];
        assert_eq!(welcome["protocolVersion"], agreed, "{answer}");
        assert_eq!(welcome["serverInfo"]["name"], "twochat", "{answer}");
        assert_eq!(
            welcome["capabilities"],
            json!({ "prompts": {}, "resources": {}, "tools": {} }),
            "{answer}"
        );
        let about = LOADED.1.docs().about(&["actions"]);
        assert!(about.len() > 100, "{about}");
        let told = welcome["instructions"].as_str().unwrap();
        let rules = told.strip_prefix(&about).unwrap();
        assert!(rules.starts_with("\n\nA call that fails says") && rules.len() < 900, "{rules}");
        agent.say(&notification("notifications/initialized", json!({})));
        let listed = agent.ask("tools/list", json!({}));
        assert_eq!(listed["result"]["tools"], Value::from(expected_tools()), "{asked}");
        assert_eq!(agent.leave(), [] as [Value; 0]);
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_client_without_a_handshake_sends_its_settings_with_each_request() {
    let twochat = twochat().await;
    let mut agent = Agent::silent(&twochat.base_url(), &[]);
    let found = agent.ask("server/discover", json!({ "_meta": settings() }));
    let told = found["result"]["instructions"].as_str().unwrap();
    assert!(told.starts_with(&LOADED.1.docs().about(&["actions"])), "{found}");
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{found}");

    let listed = agent.ask("tools/list", json!({ "_meta": settings() }));
    assert_eq!(listed["result"]["tools"], Value::from(expected_tools()), "{listed}");
    let call = json!({ "name": "test-api-key", "_meta": settings() });
    let answer = agent.ask("tools/call", call);
    assert_eq!(good(&answer["result"])["verdict"], "valid", "{answer}");
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test]
async fn every_action_gives_what_its_schema_says_as_content_and_as_text() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let tools = expected_tools();
    for (action, arguments) in every_action() {
        let result = agent.call(action, arguments.clone());
        let content = good(&result);
        let tool = tools.iter().find(|tool| tool["name"] == action).unwrap();
        for (schema, value) in [("inputSchema", &arguments), ("outputSchema", content)] {
            let schema = jsonschema::validator_for(&tool[schema]).unwrap();
            if let Err(error) = schema.validate(value) {
                panic!("{action}: {error}: {value}");
            }
            assert!(!schema.is_valid(&json!([])), "{action}: its schema takes anything");
        }
    }
    assert_eq!(twochat.requests().len(), every_action().len());
    let listed = agent.call("list-contacts", Value::Null);
    let names = good(&listed)["contacts"].as_array().unwrap();
    assert!(names.iter().any(|contact| contact["first-name"] == "Ada"), "{listed}");
    for request in twochat.requests() {
        assert_eq!(request.header("x-user-api-key"), Some(CANARY));
    }
    agent.leave();
}

#[tokio::test]
async fn an_error_says_what_happened_whether_it_took_effect_and_what_to_do() {
    const NOT_DONE: &str = "It was not carried out. ";
    const PERHAPS: &str = "It may have been carried out. ";
    const NEVER: &str = "Do not repeat this call.";
    const NOW: &str = "Repeat the same call now; if it fails again, wait longer each time.";
    const LATER: &str = "Wait a few seconds, then repeat the same call; wait longer each time.";
    const LOOK: &str = "Wait a moment, look whether it was, and call again only if it was not.";
    const IN_7: &str = "Wait 7 seconds, then repeat the same call.";
    const CORRECT: &str = "Correct the arguments and call again.";

    let twochat = twochat().await;
    let mut agent = Agent::with(&twochat.base_url(), &["--no-retry"]);
    let patience = &[Fault::Status(429), Fault::RetryAfter][..];
    for (faults, create, happened, error, effect, next) in [
        (
            &[Fault::Status(402)][..],
            false,
            "no API credit left",
            "quota-exhausted, HTTP status 402",
            NOT_DONE,
            NEVER,
        ),
        (
            &[Fault::Status(404)],
            false,
            "does not know what was asked for",
            "not-found, HTTP status 404",
            NOT_DONE,
            NEVER,
        ),
        (
            &[Fault::Status(422)],
            false,
            "refused the arguments",
            "invalid-input, HTTP status 422",
            NOT_DONE,
            CORRECT,
        ),
        (patience, false, "Too many requests", "rate-limited, HTTP status 429", NOT_DONE, IN_7),
        (patience, true, "Too many requests", "rate-limited, HTTP status 429", NOT_DONE, IN_7),
        (
            &[Fault::Status(429)],
            false,
            "Too many requests",
            "rate-limited, HTTP status 429",
            NOT_DONE,
            LATER,
        ),
        (&[Fault::Status(503)], false, "2Chat is away", "busy, HTTP status 503", NOT_DONE, LATER),
        (&[Fault::Status(503)], true, "2Chat is away", "busy, HTTP status 503", PERHAPS, LOOK),
        (
            &[Fault::Html504],
            false,
            "2Chat failed on its own side",
            "interrupted, HTTP status 504",
            NOT_DONE,
            NOW,
        ),
        (
            &[Fault::Html504],
            true,
            "2Chat failed on its own side",
            "interrupted, HTTP status 504",
            PERHAPS,
            LOOK,
        ),
    ] {
        faults.iter().for_each(|fault| twochat.switch_on(*fault));
        let text = if create {
            agent.fails("create-contact", new_contact())
        } else {
            agent.fails("list-contacts", json!({}))
        };
        let (words, policy) = text.rsplit_once("\n\n").unwrap();
        assert!(words.contains(happened), "{faults:?}: {text}");
        assert_eq!(words.contains('“'), words.contains("is data that others wrote"), "{text}");
        assert_eq!(policy, format!("Error: {error}. {effect}{next}"), "{faults:?}");
        twochat.clear();
    }
    good(&agent.call("list-contacts", json!({})));
    agent.leave();

    let other = crate::support::mock().await;
    let mut stranger = Agent::of(&other.base_url());
    let text = stranger.fails("list-contacts", json!({}));
    let policy = format!("Error: unauthorized, HTTP status 401. {NOT_DONE}{NEVER}");
    assert!(text.contains("does not know the API key") && text.ends_with(&policy), "{text}");
    assert_eq!(good(&stranger.call("test-api-key", json!({})))["verdict"], "invalid");

    let mut alone = Agent::of("http://127.0.0.1:1/open");
    let text = alone.fails("create-contact", new_contact());
    assert!(text.ends_with(&format!("Error: unreachable. {NOT_DONE}{LATER}")), "{text}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_by_name_and_nothing_is_sent() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let fax = json!({ "first-name": "A", "details": [{ "kind": "fax", "value": "1" }] });
    let short = json!({ "first-name": "A", "details": [{ "kind": "phone", "value": "1" }] });
    let long = "x".repeat(1 << 20);
    for (tool, arguments, expected) in [
        ("list-contacts", json!({ "page-number": "one" }), "page-number: \"one\" cannot be used; "),
        (
            "list-contacts",
            json!({ "page-number": 4_294_967_296_u64 }),
            "page-number: 4294967296 cannot be used; expected a whole number that is smaller",
        ),
        ("list-contacts", json!({ "page-number": -1 }), "page-number: -1 cannot be used; "),
        (
            "list-contacts",
            json!({ "results-per-page": 101 }),
            "results-per-page: 101 cannot be used; expected a whole number from 1 to 100",
        ),
        (
            "list-contacts",
            json!({ "page": 1 }),
            "page: there is no such field; did you mean page-number?",
        ),
        (
            "list-contacts",
            json!({ "page-number": "\u{1b}[31m\0" }),
            "page-number: \"\\u001b[31m\\u0000\" cannot be used; ",
        ),
        ("list-contacts", json!({ "page-number": long }), "page-number: \"xxx"),
        (
            "list-contacts",
            json!({ "page-size": 100 }),
            "page-size: there is no such field; did you mean results-per-page?",
        ),
        ("list-contacts", json!({ "cursor": "1" }), "cursor: there is no such field, and nothing"),
        (
            "list-contacts",
            json!({ "results-per-page": "5\u{200b}0" }),
            "results-per-page: \"5[U+200B]0\" cannot be used; expected a whole number from 1 to 100",
        ),
        (
            "create-contact",
            json!({ "first-name": "A", "details": [], "phoneNumber": "+14155550123" }),
            "phoneNumber: there is no such field; phone is one of the words for details[].kind",
        ),
        (
            "create-contact",
            json!({ "first-name": "A", "details": [], "mobile": "+14155550123" }),
            "mobile: there is no such field, so its value would be lost; there are ",
        ),
        (
            "test-api-key",
            json!({ "key": "another" }),
            "key: there is no such field, so its value would be lost; the action takes none",
        ),
        ("create-contact", json!({}), "first-name: it is missing"),
        ("create-contact", fax, "details[0].kind: \"fax\" cannot be used; expected one of email, "),
        ("create-contact", short, "details[0].value: expected an international number"),
    ] {
        let text = agent.fails(tool, arguments);
        assert!(text.starts_with(expected) && text.len() < 1000, "{expected}: {text}");
        assert!(text.ends_with("Correct the arguments and call again."), "{text}");
        let untouched = ["Nothing was sent.", "It was not carried out."];
        assert!(untouched.iter().any(|words| text.contains(words)), "{text}");
    }
    assert_eq!(twochat.requests(), []);
    agent.leave();
}

#[tokio::test]
async fn arguments_are_taken_as_they_were_meant_and_what_is_left_out_is_told() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let list = json!({ "results_per_page": "2", "page-number": "", "channel-uuid": null });
    let mut call = |tool: &str, arguments: Value| {
        let params = json!({ "name": tool, "arguments": arguments });
        agent.ask("tools/call", params)["result"].take()
    };
    let page = call("list-contacts", list);
    assert_eq!(good(&page)["contacts"].as_array().unwrap().len(), 2);

    let detail = json!({ "kind": "PHONE", "value": "+14155550123" }).to_string();
    let contact = json!({ "firstName": "Ada", "details": detail, "wait_for_previous": true,
                          "\u{1b}[31m": 1, "_sessionID": "s" });
    let created = call("create-contact", contact);
    assert_eq!(created["structuredContent"]["details"][0]["value"], "+14155550123");
    let not_taken =
        "Not taken, since the tool has no such field: `wait_for_previous`, `\\u{1b}[31m`.";
    assert!(notes(&created).ends_with(not_taken), "{created}");
    let sent = twochat.requests().pop().unwrap().json().unwrap();
    assert_eq!(sent["contact_detail"], json!([{ "type": "PH", "value": "+14155550123" }]));
    for name in ["list_contacts", "listContacts", "mcp__twochat__list-contacts"] {
        assert_eq!(good(&call(name, json!({})))["contacts"].as_array().unwrap().len(), 4, "{name}");
    }
    for whole in [json!("{\"results-per-page\": 1}"), json!([]), Value::Null] {
        let page = call("list-contacts", whole.clone());
        let rows = good(&page)["contacts"].as_array().unwrap().len();
        assert_eq!(rows, if whole.is_string() { 1 } else { 4 }, "{whole}");
    }
    agent.leave();
}

#[tokio::test]
async fn text_arrives_as_it_was_given_however_long_and_odd() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let (odd, long) = ("[31m </b> \"\\é👩\u{200d}💻\u{3000}\u{10000}", "é".repeat(1 << 19));
    for text in [odd, long.as_str()] {
        let mut contact = new_contact();
        contact["first-name"] = text.into();
        let created = agent.call("create-contact", contact);
        assert!(good(&created)["first-name"] == text, "{}", &created.to_string()[..100]);
        let sent = twochat.requests().pop().unwrap().json().unwrap();
        assert!(sent["first_name"] == text, "{}", &sent.to_string()[..100]);
    }
    agent.leave();
}

#[tokio::test]
async fn a_key_that_2chat_repeats_is_in_no_message() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let words = format!("the key {CANARY} is not known");
    for status in [401, 422, 503] {
        twochat.answer_with(repeating(status, &json!({ "detail": words })));
        let text = agent.fails("list-contacts", json!({}));
        assert!(text.contains("the key [key] is not known"), "{text}");
    }
    let contact = json!({ "uuid": format!("CON{CANARY}"), "first_name": words, "details": [] });
    twochat.answer_with(repeating(200, &json!({ "success": true, "contacts": [contact] })));
    let page = agent.call("list-contacts", json!({}));
    assert_eq!(good(&page)["contacts"][0]["uuid"], "CON[key]", "{page}");
    agent.leave();
}

#[tokio::test]
async fn a_result_that_is_no_object_is_text_without_a_schema() {
    let component = wat::parse_str(
        r#"(component
            (core module $code (func (export "seven") (result i32) i32.const 7))
            (core instance $code (instantiate $code))
            (func $seven (result u8) (canon lift (core func $code "seven")))
            (instance $actions (export "seven" (func $seven)))
            (export "test:mcp/actions" (instance $actions)))"#,
    );
    let file = shell::file("number-for-mcp.wasm", &component.unwrap());
    let twochat = twochat().await;
    let mut agent = Agent::with(&twochat.base_url(), &["--component", file.to_str().unwrap()]);
    let listed = agent.ask("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"][0]["name"], "seven", "{listed}");
    assert_eq!(listed["result"]["tools"][0].get("outputSchema"), None, "{listed}");
    let answer = agent.ask("tools/call", json!({ "name": "seven" }));
    let expected = json!([{ "type": "text", "text": "7" }]);
    assert_eq!(answer["result"]["content"], expected, "{answer}");
    assert_eq!(answer["result"].get("structuredContent"), None, "{answer}");
    agent.leave();
}

#[tokio::test]
async fn a_component_that_fails_is_told_apart_from_an_error_of_the_action() {
    let component = wat::parse_str(
        r#"(component
            (core module $code (func (export "trap") unreachable))
            (core instance $code (instantiate $code))
            (func $trap (canon lift (core func $code "trap")))
            (instance $actions (export "trap" (func $trap)))
            (export "test:mcp/actions" (instance $actions)))"#,
    );
    let file = shell::file("trap-for-mcp.wasm", &component.unwrap());
    let twochat = twochat().await;
    let mut agent = Agent::with(&twochat.base_url(), &["--component", file.to_str().unwrap()]);
    let text = agent.fails("trap", json!({}));
    assert!(text.starts_with("the component trapped: "), "{text}");
    assert!(
        text.contains("It may have been carried out") && text.contains("whoever set this up"),
        "{text}"
    );
    agent.is_served();
    agent.leave();
}

#[tokio::test]
async fn what_is_asked_before_the_input_ends_is_answered() {
    let twochat = twochat().await;
    assert_eq!(Agent::silent(&twochat.base_url(), &[]).leave(), [] as [Value; 0]);
    assert_eq!(Agent::of(&twochat.base_url()).leave(), [] as [Value; 0]);

    let agent = Agent::of(&twochat.base_url());
    agent.say(&request(1, "tools/call", json!({ "name": "list-contacts" })));
    // The last line has no end.
    agent.send(request(2, "tools/list", json!({})).to_string());
    let mut answered: Vec<_> = agent.leave().iter().map(|answer| answer["id"].clone()).collect();
    answered.sort_by_key(Value::as_u64);
    assert_eq!(answered, [1, 2]);
}

#[tokio::test]
async fn an_agent_waits_less_than_50_ms_for_the_first_list_of_tools() {
    let twochat = twochat().await;
    // The first one ever compiles the component.
    Agent::of(&twochat.base_url()).leave();
    let start = || {
        let begun = Instant::now();
        let mut agent = Agent::of(&twochat.base_url());
        let listed = agent.ask("tools/list", json!({}));
        let taken = begun.elapsed();
        assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), every_action().len());
        taken
    };
    // A busy machine makes a start longer and never shorter, so the best one
    // counts, and a load that passes is waited out.
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(120) {
        times.push(start());
        if *times.iter().min().unwrap() < Duration::from_millis(50) {
            return;
        }
    }
    panic!("{times:?}");
}
