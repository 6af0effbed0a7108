//! The file itself: what it asks for, what it gives, what it costs.
//!
//! The figures are in `budget.json`. A change that costs more fails here; one
//! that costs much less fails as well, so that what was won is written down.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use wasmtime::{Engine, component::Component};

use crate::support::{CONNECTOR, LOADED, every_action, hook::Hook, root};

fn budget() -> Value {
    serde_json::from_str(include_str!("../../budget.json")).unwrap()
}

/// The figure is at most what the budget says, and not far below.
fn within(what: &str, figure: u64) {
    let budget = what.split('/').fold(budget(), |value, key| value[key].clone());
    let budget =
        budget.as_u64().unwrap_or_else(|| panic!("budget.json has no {what}: it is {figure}"));
    assert!(figure <= budget, "{what}: {figure} is more than the budget of {budget}");
    assert!(figure >= budget / 10 * 9, "{what}: {figure} is well below {budget}: lower the budget");
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
    assert_eq!(imports, expected);
    assert_eq!(exports, ["twochat:connector/actions@0.1.0"]);
}

#[test]
fn every_exported_function_has_a_test_file_of_its_name() {
    let tests = root().join("host-test/tests/it/actions");
    let mut files = Vec::new();
    for file in std::fs::read_dir(&tests).unwrap() {
        let path = file.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let action = stem.replace('_', "-");
        assert!(include_str!("main.rs").contains(&format!("mod {stem};")), "{stem} is not run");
        assert!(text.contains("#[tokio::test]"), "{stem} has no test");
        assert!(text.contains(&format!("\"{action}\"")), "{stem} does not call {action}");
        files.push(action);
    }
    let mut actions: Vec<_> = LOADED.1.actions().iter().map(|action| action.name.clone()).collect();
    files.sort();
    actions.sort();
    assert_eq!(actions, files);
    let known: Vec<_> = every_action().into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, known);
}

#[test]
fn its_size_stays_within_the_budget() {
    within("bytes", CONNECTOR.len() as u64);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(CONNECTOR).unwrap();
    within("gzip-bytes", gzip.finish().unwrap().len() as u64);
}

#[test]
fn it_carries_no_path_of_the_machine_that_built_it() {
    let root = root();
    let home = std::env::var("HOME").unwrap_or(".cargo/registry".to_owned());
    for folder in [root.to_str().unwrap(), &home, ".cargo/registry"] {
        let found = CONNECTOR.windows(folder.len()).any(|window| window == folder.as_bytes());
        assert!(!found, "{folder}");
    }
}

/// A page of contacts in the documented shape.
fn page(rows: usize) -> String {
    let row = |n: usize| {
        json!({
            "id": n, "uuid": format!("CON{n:08}-44f5-4ca2-9eae-fd33b124097a"),
            "first_name": "Augusta", "last_name": "Lovelace",
            "channel_uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
            "profile_pic_url": format!("https://example.com/pictures/{n}.jpeg"),
            "details": [
                {"id": n, "value": "+14155550123", "type": "WAPH", "created_at": "2025-03-03T18:43:51Z", "updated_at": "2025-03-30T08:30:12Z"},
                {"id": n + 1, "value": "ada@example.com", "type": "E", "created_at": "2025-03-03T18:43:51Z"},
            ],
        })
    };
    json!({"success": true, "page": 0, "count": rows, "contacts": (0..rows).map(row).collect::<Vec<_>>()})
        .to_string()
}

fn answer_to(action: &str) -> String {
    match action {
        "list-contacts" => page(50),
        "create-contact" => {
            let page: Value = serde_json::from_str(&page(1)).unwrap();
            json!({"success": true, "contact": page["contacts"][0]}).to_string()
        }
        "list-webhook-subscriptions" => json!({"success": true, "webhooks": [{
            "uuid": "WHK00000041-5b18-47c7-9183-5bf527fd0000",
            "event_name": "whatsapp.message.received",
            "channel_uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
            "hook_url": "https://example.com/hooks/41",
            "hook_params": {"waweb_uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77"},
            "created_at": "2025-01-15T09:30:41Z",
        }]})
        .to_string(),
        _ => json!({"success": true,
            "account": {"name": "Example", "uuid": "ACC91be87af-5a29-4034-b599-342f2aeb5d52",
                "on_trial": false, "blocked": false, "created_at": "2022-04-21T21:55:37Z",
                "expires_at": "2024-08-31T19:11:08Z"},
            "limits": {"requests_per_minute": 80},
            "usage": {"api_request_count": 77112, "max_api_request_count": 500_000,
                "number_check_count": 430_542, "max_number_check_count": 500_000}})
        .to_string(),
    }
}

#[tokio::test]
async fn the_fuel_of_each_action_stays_within_the_budget() {
    for (action, arguments) in every_action() {
        let outcome = Hook::replying(200, answer_to(action)).outcome(action, arguments).await;
        assert!(outcome.result.is_ok(), "{outcome:?}");
        within(&format!("fuel/{action}"), outcome.fuel);
    }
}

#[tokio::test]
async fn the_memory_after_a_page_of_100_contacts_stays_within_the_budget() {
    let hook = Hook::replying(200, page(100));
    let outcome = hook.outcome("list-contacts", json!({ "results-per-page": 100 })).await;
    assert_eq!(outcome.result.unwrap()["contacts"].as_array().unwrap().len(), 100);
    within("memory-kib", outcome.memory as u64 / 1024);
}
