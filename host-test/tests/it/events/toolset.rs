//! A further interface is a toolset that is off unless somebody asks for it.

use std::{fs, os::unix::fs::PermissionsExt};

use host::access::{Access, Offer};
use serde_json::{Value, json};

use crate::support::{
    LOADED,
    agent::Agent,
    mock, names,
    schemas::EVENT_TOOLS,
    shell::{asking, folder, run, twochat_with},
    twochat,
};

fn named(listed: &Value) -> Vec<String> {
    let tools = listed["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn of_events() -> Vec<String> {
    EVENT_TOOLS.iter().map(|tool| tool.name.clone()).collect()
}

#[test]
fn the_toolset_of_events_is_what_its_interface_exports() {
    assert_eq!(of_events(), ["read-event", "subscribe", "unsubscribe"]);
}

#[tokio::test]
async fn an_agent_is_offered_the_five_actions_and_more_only_where_more_was_asked_for() {
    let twochat = mock().await;
    let all = [names(), of_events()].concat();
    for (arguments, expected) in [
        (&[][..], &names()),
        (&["--toolsets", "events"], &of_events()),
        (&["--toolsets", "actions,events"], &all),
    ] {
        let mut agent = Agent::with(&twochat.base_url(), arguments);
        assert_eq!(
            named(&agent.ask("tools/list", json!({}))["result"]),
            *expected,
            "{arguments:?}"
        );
    }
    let printed = |arguments: &[&str]| {
        let printed = run(&[&["tools"], arguments].concat(), &[]);
        named(&printed.output().parse().unwrap())
    };
    assert_eq!((printed(&[]), printed(&["--toolsets=events"])), (names(), of_events()));
    assert_eq!(names().len(), 5);
}

#[tokio::test]
async fn what_is_not_offered_is_refused_by_its_name_as_well() {
    let twochat = mock().await;
    let mut agent = Agent::of(&twochat.base_url());
    let call = json!({"name": "unsubscribe", "arguments": {"uuid": UUID}});
    let refused = &agent.ask("tools/call", call)["result"];
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(
        refused["content"][0]["text"].as_str().unwrap().contains("toolset `events`"),
        "{refused}"
    );
    assert!(twochat.requests().is_empty());
}

#[test]
fn a_toolset_that_there_is_not_is_told_with_those_that_there_are() {
    for command in ["tools", "mcp"] {
        let run = run(&[command, "--toolsets", "actions,event"], &[]);
        assert!(run.message(2).contains("`event`") && run.stderr.contains("events"), "{run:?}");
    }
}

#[tokio::test]
async fn at_a_shell_to_name_an_action_is_to_ask_for_it() {
    let twochat = twochat_with(3).await;
    let ended = run(&["call", "unsubscribe", "--uuid", UUID], &asking(&twochat.base_url()));
    assert_eq!(ended.result(), json!({"uuid": UUID}));
}

#[tokio::test]
async fn a_persona_asks_for_an_action_by_its_name_or_with_its_whole_toolset() {
    let twochat_server = mock().await;
    let file = folder("events-toolsets").join("policy.toml");
    let persona =
        |name: &str, grants: &str| format!("[personas.{name}]\nconnection = \"work\"\n{grants}\n");
    let policy = [
        format!(
            "[connections.work]\nbase-url = \"{}\"\nsecret = {{ env = \"WORK_KEY\" }}\n",
            twochat_server.base_url()
        ),
        persona("usual", "actions = [\"list-contacts\"]"),
        persona("named", "actions = [\"list-contacts\", \"subscribe\"]"),
        persona("whole", "actions = [\"list-contacts\"]\ntoolsets = [\"events\"]"),
        persona("both", "toolsets = [\"actions\", \"events\"]"),
    ];
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    };
    write(&policy.concat());
    let offer = Offer::of(&LOADED.1);
    let access = |name: &str| Access::of_persona(file.clone(), Some(name.to_owned()), twochat());
    let allowed = |name: &str| {
        let access = access(name);
        let tools = access.tools(&offer).unwrap();
        tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(allowed("usual"), ["list-contacts"]);
    assert_eq!(allowed("named"), ["list-contacts", "subscribe"]);
    assert_eq!(allowed("whole"), ["list-contacts", "read-event", "subscribe", "unsubscribe"]);
    assert_eq!(allowed("both"), [names(), of_events()].concat());
    let why = access("named").decide("unsubscribe", &offer).await.unwrap().permit.unwrap_err();
    assert!(why.contains("allows it list-contacts, subscribe"), "{why}");

    write(&(policy.concat() + &persona("wrong", "toolsets = [\"event\"]")));
    let why = access("wrong").tools(&offer).unwrap_err();
    assert!(why.contains("no toolset `event`; there are actions, events"), "{why}");
}

const UUID: &str = "WHK00000041-5b18-47c7-9183-5bf527fd0000";
