//! The README's examples and table are what really comes out.

use std::{fs, os::unix::fs::PermissionsExt};

use host::access::{Access, Offer};
use serde_json::Value;

use crate::support::{Caller, LOADED, mock, root, shell::folder, twochat};

const README: &str = include_str!("../../../README.md");
const SECURITY: &str = include_str!("../../../SECURITY.md");

/// The calls of the console blocks, each with the text that it prints.
fn examples() -> Vec<(String, Value, String)> {
    let blocks =
        README.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut examples = Vec::new();
    for block in blocks {
        let (command, output) =
            block.split_once("$ cargo run -q -- call ").unwrap().1.split_once('\n').unwrap();
        let (action, arguments) = command.split_once(' ').unwrap();
        let arguments = arguments.trim_matches('\'');
        let json =
            |text: &str| serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        examples.push((action.to_owned(), json(arguments), output.to_owned()));
    }
    assert!(examples.len() >= 2);
    examples
}

#[tokio::test]
async fn each_example_prints_what_the_readme_shows() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    for (action, arguments, expected) in examples() {
        // As the command prints them: results for people, errors on one line.
        let printed = match caller.call(&action, arguments).await {
            Ok(result) => format!("{result:#}\n"),
            Err(error) => format!("{error}\n"),
        };
        assert_eq!(printed, expected, "{action}");
    }
}

#[test]
fn the_table_has_every_action_once_and_no_other() {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let actions: Vec<_> = LOADED.1.actions().iter().map(|action| action.name.as_str()).collect();
    assert_eq!(named, actions);
}

#[test]
fn the_map_names_only_rooms_that_exist() {
    let root = root();
    let map = README.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let mut folder = "";
    for line in map.lines() {
        let name = line.split_whitespace().next().unwrap().trim_end_matches(',');
        if line.starts_with(' ') {
            assert!(root.join(folder).join(name).exists(), "{folder}{name}");
        } else {
            folder = name;
            assert!(root.join(folder).exists(), "{folder}");
        }
    }
}

#[test]
fn the_policy_can_be_followed_as_it_stands() {
    let policy = README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let file = folder("readme-policy").join("policy.toml");
    fs::write(&file, policy).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let offer = Offer::of(&LOADED.1);
    for (persona, allowed) in [
        ("assistant", &["list-contacts", "list-webhook-subscriptions"][..]),
        ("secretary", &["create-contact", "list-contacts", "list-webhook-subscriptions"]),
    ] {
        let access = Access::of_persona(file.clone(), Some(persona.to_owned()), twochat());
        let tools = access.tools(&offer).unwrap();
        assert_eq!(tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), allowed);
    }
}

#[test]
fn what_security_promises_is_tested_where_it_says() {
    let tests = root().join("host-test/tests/it");
    let rows = SECURITY.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| --"));
    let named = rows.map(|row| row.rsplit('|').nth(1).unwrap());
    let named: Vec<_> = named.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        let found = [tests.join(name), tests.join(format!("{name}.rs"))];
        let in_library = tests.join("../../host/src").join(format!("{name}.rs"));
        assert!(found.iter().any(|file| file.exists()) || in_library.exists(), "{name}");
    }
}
