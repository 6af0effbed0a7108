//! What an agent finds beside tools: who serves it, prompts, and the contract to read.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, hello, request, twochat},
    everything::EVERYTHING_WAT,
    names,
    remote::Served,
    shell::{CANARY, asking, file, folder},
};

const PROMPTS: [&str; 3] = ["react-to-events", "daily-summary", "sync-between-tools"];

fn text(answer: &Value) -> &str {
    let message = &answer["result"]["messages"][0];
    assert_eq!((&message["role"], &message["content"]["type"]), (&json!("user"), &json!("text")));
    message["content"]["text"].as_str().unwrap()
}

fn prompt(agent: &mut Agent, name: &str, arguments: Value) -> Value {
    agent.ask("prompts/get", json!({ "name": name, "arguments": arguments }))
}

/// An agent of a persona with these actions.
fn of_persona(test: &str, base: &str, actions: &[&str]) -> Agent {
    let folder = folder(&format!("offers-{test}"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.join("policy.toml");
    let policy = format!(
        "[connections.work]\nbase-url = \"{base}\"\nsecret = {{ env = \"WORK_KEY\" }}\n\
         [personas.clerk]\nconnection = \"work\"\nactions = {actions:?}\n"
    );
    fs::write(&file, policy).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let words = ["--policy", file.to_str().unwrap(), "--persona", "clerk"];
    Agent::started(&words, &[("WORK_KEY", CANARY)])
}

#[tokio::test]
async fn there_is_a_prompt_for_each_workflow_with_its_arguments() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let listed = agent.ask("prompts/list", json!({}));
    let listed = listed["result"]["prompts"].as_array().unwrap();
    assert_eq!(listed.iter().map(|it| &it["name"]).collect::<Vec<_>>(), PROMPTS);
    let arguments: Vec<_> = listed.iter().map(|it| &it["arguments"][0]).collect();
    let told = |n: usize| (&arguments[n]["name"], &arguments[n]["required"]);
    assert_eq!(told(0), (&json!("event"), &json!(false)));
    assert_eq!(told(1), (&json!("date"), &json!(false)));
    assert_eq!(told(2), (&json!("app"), &json!(true)));

    let day = |days| (chrono::Utc::now() - chrono::Duration::days(days)).date_naive();
    let (today, yesterday) = (day(0), day(1));
    for (name, arguments, expected) in [
        (
            "react-to-events",
            json!({ "event": "message.received\n- {}" }),
            r#""message.received\n- {}""#,
        ),
        ("react-to-events", json!({}), "none yet; ask me for one"),
        ("daily-summary", json!({ "date": "2026-02-28" }), "this day, in UTC: \"2026-02-28\""),
        ("daily-summary", Value::Null, "with `uuid`, `first-name`, `last-name` and `details` as"),
        ("daily-summary", Value::Null, &format!("this day, in UTC: {today}\n")),
        ("daily-summary", json!({ "date": "today" }), &format!("in UTC: \"{today}\"")),
        ("daily-summary", json!({ "date": " Yesterday" }), &format!("in UTC: \"{yesterday}\"")),
        (
            "sync-between-tools",
            json!({ "app": "A \u{1b}[2J CRM\u{E0041}" }),
            "together: \"A [2J CRM\"",
        ),
    ] {
        let answer = prompt(&mut agent, name, arguments);
        assert!(text(&answer).contains(expected), "{expected}: {answer}");
    }
    for (name, arguments, expected) in [
        ("daily-sumary", json!({}), "there is no prompt `daily-sumary`; did you mean `daily-summ"),
        ("daily-summary", json!({ "date": "28.2.2026" }), "date: expected a day such as"),
        ("daily-summary", json!({ "date": "tomorrow" }), "date: expected a day such as"),
        ("daily-summary", json!({ "date": "2026-02-30" }), "date: expected a day such as"),
        ("daily-summary", json!({ "date": 5 }), "date: expected a text"),
        ("sync-between-tools", json!({}), "app is missing: The other app"),
        ("sync-between-tools", json!({ "app": " " }), "app is missing"),
        ("sync-between-tools", json!({ "app": "x".repeat(3000) }), "up to 2000 letters"),
    ] {
        let answer = prompt(&mut agent, name, arguments);
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
        let why = answer["error"]["message"].as_str().unwrap();
        assert!(why.contains(expected), "{expected}: {why}");
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_prompt_names_the_tools_that_are_offered_and_what_none_of_them_does() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    let mut whole = Agent::of(&base);
    let mut narrow = of_persona("narrow", &base, &["list-contacts"]);
    let mut named = String::new();
    for name in PROMPTS {
        let answer = prompt(&mut whole, name, json!({ "app": "a CRM" }));
        let told = text(&answer);
        for missing in ["sends a message", "searches", "changes or deletes what is there"] {
            assert!(told.contains(missing), "{name}: {told}");
        }
        named += told.split("Your tools").next().unwrap();

        let answer = prompt(&mut narrow, name, json!({ "app": "a CRM" }));
        let told = text(&answer);
        assert!(told.contains("Your tools for 2Chat are: `list-contacts`."), "{told}");
        for other in names().iter().filter(|it| *it != "list-contacts") {
            assert!(!told.contains(other.as_str()), "{name} names {other}: {told}");
        }
    }
    // The workflows use every action that there is.
    for action in names() {
        assert!(named.contains(&format!("`{action}`")), "{action}: {named}");
    }
}

#[tokio::test]
async fn reacting_to_events_names_their_tools_where_they_are_offered_alone() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    let mut whole = Agent::started(&["--toolsets", "actions,events"], &asking(&base));
    let mut narrow = Agent::of(&base);
    let answer = |agent: &mut Agent| prompt(agent, "react-to-events", json!({}));
    let (offered, other) = (answer(&mut whole), answer(&mut narrow));
    let steps = |answer: &Value| text(answer).split("Your tools").next().unwrap().to_owned();
    for tool in ["`read-event`", "`subscribe`", "`unsubscribe`"] {
        assert!(steps(&offered).contains(tool), "{tool}: {offered}");
        assert!(!steps(&other).contains(tool), "{tool}: {other}");
    }
    assert!(!text(&offered).contains("tell me to set it up") && !text(&other).contains("- \n"));
    assert!(text(&other).contains("tell me to set it up in 2Chat"), "{other}");
}

#[tokio::test]
async fn the_contract_is_there_to_read_whole_and_by_function() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let listed = agent.ask("resources/list", json!({}));
    assert_eq!(listed["result"]["resources"][0]["uri"], "twochat://contract", "{listed}");
    let templates = agent.ask("resources/templates/list", json!({}));
    let template = &templates["result"]["resourceTemplates"][0];
    assert_eq!(template["uriTemplate"], "twochat://contract/{function}", "{templates}");

    let read = |agent: &mut Agent, uri: &str| agent.ask("resources/read", json!({ "uri": uri }));
    let answer = read(&mut agent, "twochat://contract");
    let contents = &answer["result"]["contents"][0];
    assert_eq!(contents["mimeType"], listed["result"]["resources"][0]["mimeType"]);
    let page = contents["text"].as_str().unwrap();
    assert!(page.contains("What can be done with a 2Chat account"), "{page}");
    let tools = agent.ask("tools/list", json!({}));
    for tool in tools["result"]["tools"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        assert!(page.contains(&format!("(`{name}`)")), "{name}: {page}");
        assert!(page.contains(tool["description"].as_str().unwrap()), "{name}: {page}");
        let answer = read(&mut agent, &format!("twochat://contract/{name}"));
        let contents = &answer["result"]["contents"][0];
        assert_eq!(contents["mimeType"], template["mimeType"]);
        let mut function: Value = contents["text"].as_str().unwrap().parse().unwrap();
        let error = function.as_object_mut().unwrap().remove("errorSchema").unwrap();
        assert!(error["properties"]["retry"].is_object(), "{error}");
        assert_eq!(function, *tool);
    }
    let of = |answer: &Value| answer["result"]["contents"][0]["text"].clone();
    let expected = of(&read(&mut agent, "twochat://contract/list-contacts"));
    for name in ["list_contacts", "listContacts", "mcp__twochat__list-contacts"] {
        let answer = read(&mut agent, &format!("twochat://contract/{name}"));
        assert_eq!(of(&answer), expected, "{name}: {answer}");
    }
    let mut narrow = of_persona("contract", &twochat.base_url(), &["list-contacts"]);
    let answer = read(&mut narrow, "twochat://contract");
    assert!(!answer.to_string().contains("(`create-contact`)"), "{answer}");
    for uri in [
        "twochat://contract/nope",
        "twochat://contract/",
        "twochat://contractor",
        "file:///etc/passwd",
        "",
        "twochat://contract/create_contact",
        "twochat://contract/create-contact",
    ] {
        // The last two are there, but not for everybody.
        let answer = read(&mut narrow, uri);
        assert_eq!(answer["error"]["code"], -32002, "{uri}: {answer}");
        assert_eq!(answer["error"]["data"]["uri"], uri, "{answer}");
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn whoever_serves_says_so_in_the_words_of_the_file() {
    let twochat = twochat().await;
    let base = twochat.base_url();
    let served = Served::with(&[], &asking(&base));
    let welcome = request(0, "initialize", hello("2025-11-25"));
    let over_http = served.asked(&[], &welcome.to_string()).message();
    let mut agent = Agent::silent(&base, &[]);
    let answer = agent.ask("initialize", hello("2025-11-25"));
    let info = &answer["result"]["serverInfo"];
    assert_eq!(over_http["result"]["serverInfo"], *info);
    assert_eq!(info["name"], "twochat");
    assert_eq!(info["title"], "twochat");
    assert_eq!(info["websiteUrl"], "https://2chat.co");
    assert!(info["description"].as_str().unwrap().starts_with("2Chat (WhatsApp"), "{info}");
    let icon = &info["icons"][0];
    assert_eq!(icon["mimeType"], "image/svg+xml");
    let src = icon["src"].as_str().unwrap();
    assert!(src.starts_with("data:image/svg+xml;base64,PHN2Zy") && src.len() < 1000, "{src}");
}

#[tokio::test]
async fn another_vendors_file_has_no_prompts_of_2chat_and_says_nothing_of_it() {
    let twochat = twochat().await;
    let other = file("offers-other.wasm", &wat::parse_str(EVERYTHING_WAT).unwrap());
    let words = ["--component", other.to_str().unwrap()];
    let mut agent = Agent::silent(&twochat.base_url(), &words);
    let answer = agent.ask("initialize", hello("2025-11-25"));
    let info = &answer["result"]["serverInfo"];
    assert!(info.get("websiteUrl").is_none() && info.get("description").is_none(), "{info}");
    let listed = agent.ask("prompts/list", json!({}));
    assert_eq!(listed["result"]["prompts"], json!([]), "{listed}");
    let answer = prompt(&mut agent, "daily-summary", json!({}));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let answer = agent.ask("resources/read", json!({ "uri": "twochat://contract/echo" }));
    assert!(answer["result"]["contents"][0]["text"].is_string(), "{answer}");
}
