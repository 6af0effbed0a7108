//! What the README and the pages behind it show is what really comes out.

use std::{fs, os::unix::fs::PermissionsExt};

use host::{
    access::{Access, Offer},
    tools::Tool,
};
use serde_json::Value;

use crate::support::{
    Caller, LOADED, RENEW, mock, renewing, root,
    schemas::{EVENT_TOOLS, TOOLS},
    shell::folder,
    twochat,
};

const README: &str = include_str!("../../../README.md");
const USE: &str = include_str!("../../README.md");
const CHANGE: &str = include_str!("../../../src/README.md");
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
        assert_eq!(timeless(&printed), timeless(&expected), "{action}");
    }
}

/// The text without the times at which something was created, which is now.
fn timeless(text: &str) -> String {
    let (mut left, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("\"created-at\": \"") {
        let (time, after) = after.split_once('"').unwrap();
        assert_eq!((time.len(), time.ends_with('Z')), (20, true), "{time}");
        left = left + before + "created-at ";
        rest = after;
    }
    left + rest
}

/// What an action does, and whether it may be repeated, in the words of its docs.
fn row(tool: &Tool) -> String {
    let (what, rest) = tool.description.split_once("\n\n").unwrap();
    let (_, repeating) = rest.split_once("Repeating: ").unwrap();
    let repeating = repeating.split("\n\n").next().unwrap();
    format!(
        "| `{}` | {} | {} |\n",
        tool.name,
        what.trim_end_matches('.'),
        repeating.trim_end_matches('.')
    )
}

#[test]
fn the_tables_are_renewed_from_the_contract() {
    let file = root().join("README.md");
    let readme = fs::read_to_string(&file).unwrap();
    let mut renewed = readme.clone();
    for (function, tools) in [("function", &*TOOLS), ("about events", &*EVENT_TOOLS)] {
        let head =
            format!("| {function} | what it does | may it be repeated? |\n| --- | --- | --- |\n");
        let (before, after) = renewed.split_once(&head).unwrap();
        let (_, after) = after.split_once("\n\n").unwrap_or(("", after.trim_start()));
        let table: String = tools.iter().map(row).collect();
        renewed = format!("{before}{head}{table}\n{after}");
    }
    if renewing() {
        return fs::write(file, renewed).unwrap();
    }
    assert!(readme == renewed, "the README's tables are not those of the contract. {RENEW}");
}

#[test]
fn the_map_names_only_rooms_that_exist() {
    let root = root();
    let map = CHANGE.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
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
    let policy = USE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
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
