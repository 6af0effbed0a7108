//! The file itself: what it asks for, what it gives, what it costs.
//!
//! The figures are in `budget.json`. A change that costs over 2 % more fails here;
//! one that costs much less fails as well, so that what was won is written down. They
//! are those of the file to ship: a route that brings its standard library along costs
//! more, and imports more.

use std::{
    fs,
    io::Write,
    sync::{Mutex, PoisonError},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use wasmtime::{Engine, component::Component};

use crate::{
    actions,
    support::{
        CONNECTOR, RENEW,
        hook::Hook,
        known::{Known, page},
        names, renewing, root,
        schemas::TOOLS,
    },
};

const BUDGET: &str = "host-test/budget.json";

/// Whether the file comes from a route that brings its standard library along.
fn brings_its_standard_library() -> bool {
    interfaces().0.iter().any(|name| name.starts_with("wasi:cli/exit@"))
}

/// The figure is what the budget says, give or take a little; where budgets are being
/// renewed, the budget is what the figure says.
fn within(what: &str, figure: u64) {
    if brings_its_standard_library() {
        return println!("{what} is {figure}; the budget is that of the file to ship");
    }
    static RENEWED: Mutex<()> = Mutex::new(());
    let _one_by_one = RENEWED.lock().unwrap_or_else(PoisonError::into_inner);
    let file = root().join(BUDGET);
    let mut budgets: Value = fs::read_to_string(&file).unwrap().parse().unwrap();
    if renewing() {
        let (group, name) = what.rsplit_once('/').unwrap();
        budgets.pointer_mut(group).unwrap()[name] = figure.into();
        return fs::write(file, format!("{budgets:#}\n")).unwrap();
    }
    let budget = budgets.pointer(what).and_then(Value::as_u64);
    let budget = budget.unwrap_or_else(|| panic!("{BUDGET} has no {what}. {RENEW}"));
    assert!(figure <= budget + budget / 50, "{what}: {figure} is more than {budget}. {RENEW}");
    assert!(figure >= budget / 10 * 9, "{what}: {figure} is well below {budget}. {RENEW}");
}

/// The names of the component's own imports and exports.
fn interfaces() -> (Vec<String>, Vec<String>) {
    let engine = Engine::default();
    let ty = Component::new(&engine, CONNECTOR).unwrap().component_type();
    let mut imports: Vec<_> = ty.imports(&engine).map(|(name, _)| name.to_owned()).collect();
    imports.sort();
    (imports, ty.exports(&engine).map(|(name, _)| name.to_owned()).collect())
}

#[test]
fn it_asks_for_outgoing_http_and_its_settings_and_nothing_else() {
    let (imports, exports) = interfaces();
    let expected = [
        "twochat:connector/types@0.1.0",
        "wasi:cli/environment@0.2.0",
        // For the type `duration` alone: no function of it is imported.
        "wasi:clocks/monotonic-clock@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:http/types@0.2.0",
        "wasi:io/error@0.2.0",
        "wasi:io/poll@0.2.0",
        "wasi:io/streams@0.2.0",
    ];
    if brings_its_standard_library() {
        let package = |name: &str| name.split('/').next().unwrap().to_owned();
        let may_be = |name: &String| {
            ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:random"].contains(&&*package(name))
                || expected.iter().any(|known| package(known) == package(name))
        };
        assert!(imports.iter().all(may_be), "{imports:?}");
    } else {
        assert_eq!(imports, expected);
    }
    assert_eq!(exports, ["twochat:connector/actions@0.1.0"]);
}

#[test]
fn every_exported_function_has_a_test_file_of_its_name() {
    let mut known: Vec<_> = actions::all().into_iter().map(|known| known.name).collect();
    let mut exported = names();
    known.sort_unstable();
    exported.sort_unstable();
    assert_eq!(known, exported);
    for action in known {
        let file = format!("host-test/tests/it/actions/{}.rs", action.replace('-', "_"));
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        assert!(text.contains("#[tokio::test]"), "{file} has no test");
        assert!(text.contains(&format!("call(\"{action}\"")), "{file} does not call {action}");
    }
}

#[test]
fn its_size_stays_within_the_budget() {
    within("/bytes", CONNECTOR.len() as u64);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(CONNECTOR).unwrap();
    within("/gzip-bytes", gzip.finish().unwrap().len() as u64);
}

#[test]
fn it_carries_no_path_of_the_machine_that_built_it() {
    if brings_its_standard_library() {
        return println!("the panics of a standard library say where they stand");
    }
    let root = root();
    let home = std::env::var("HOME").unwrap_or(".cargo/registry".to_owned());
    for folder in [root.to_str().unwrap(), &home, ".cargo/registry"] {
        let found = CONNECTOR.windows(folder.len()).any(|window| window == folder.as_bytes());
        assert!(!found, "{folder}");
    }
}

#[test]
fn it_carries_no_names_of_its_inner_parts() {
    let name = b"wit-component-shim-instance";
    assert!(!CONNECTOR.windows(name.len()).any(|window| window == name));
}

#[test]
fn it_says_who_it_is_in_the_standard_metadata() {
    let payload = wasm_metadata::Payload::from_binary(CONNECTOR).unwrap();
    let said = payload.metadata();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let stands = |member: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| panic!("no {member}"));
        let value = value.trim_end_matches('/');
        assert!(manifest.contains(&format!("{member} = \"{value}")), "{member}: {value}");
    };
    stands("name", said.name.clone());
    stands("version", said.version.as_ref().map(ToString::to_string));
    stands("description", said.description.as_ref().map(ToString::to_string));
    stands("license", said.licenses.as_ref().map(ToString::to_string));
    stands("repository", said.source.as_ref().map(ToString::to_string));
    stands("homepage", said.homepage.as_ref().map(ToString::to_string));
    // It is there where what it is made of was as it had been committed.
    if let Some(revision) = &said.revision {
        let revision = revision.to_string();
        let is_hash = revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit());
        assert!(is_hash, "{revision}");
    }
}

#[test]
fn its_tools_stay_within_the_budget() {
    // As an agent is told of them, before it does anything.
    within("/tools-bytes", json!({ "tools": *TOOLS }).to_string().len() as u64);
}

#[tokio::test]
async fn the_fuel_of_each_action_stays_within_the_budget() {
    for Known { name, arguments, budgeted, .. } in actions::all() {
        let outcome = Hook::replying(200, budgeted.to_string()).outcome(name, arguments).await;
        assert!(outcome.result.is_ok(), "{outcome:?}");
        within(&format!("/fuel/{name}"), outcome.fuel);
    }
    let arguments = json!({"body": mock::sample("whatsapp.message.received").unwrap()});
    let outcome = Hook::replying(200, "").outcome("read-event", arguments).await;
    within("/fuel/read-event", outcome.fuel);
}

#[tokio::test]
async fn the_memory_after_a_page_of_100_contacts_stays_within_the_budget() {
    let hook = Hook::replying(200, page(100).to_string());
    let outcome = hook.outcome("list-contacts", json!({ "results-per-page": 100 })).await;
    assert_eq!(outcome.result.unwrap()["contacts"].as_array().unwrap().len(), 100);
    within("/memory-kib", outcome.memory as u64 / 1024);
}
