//! Tables on terminals of several widths: nothing that is one word is broken, and what
//! is left out is named.

use std::{fs, os::unix::fs::PermissionsExt};

use unicode_width::UnicodeWidthStr;

use crate::support::shell::{CANARY, asking, folder, on_a_terminal, run, twochat_with};

/// What a terminal of this width shows.
fn shown(columns: usize, words: &str, settings: &[(&str, &str)]) -> String {
    let text = on_a_terminal(&format!("stty cols {columns}; twochat {words}"), settings);
    text.replace("\r\n", "\n")
}

#[tokio::test]
async fn no_time_action_end_or_uuid_is_broken_on_a_narrow_terminal() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    let folder = folder("tables-audit");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let policy = folder.join("policy.toml");
    let text = format!(
        "[connections.work]\nbase-url = \"{base}\"\nsecret = {{ env = \"WORK_KEY\" }}\n\
         [personas.assistant]\nconnection = \"work\"\nactions = [\"list-webhook-subscriptions\"]\n"
    );
    fs::write(&policy, text).unwrap();
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o600)).unwrap();
    let policy = policy.to_str().unwrap();
    for action in ["list-webhook-subscriptions", "list-contacts"] {
        let words = ["call", action, "--persona", "assistant", "--policy", policy];
        run(&words, &[("WORK_KEY", CANARY)]);
    }
    let log = folder.join("audit.jsonl");
    let time = fs::read_to_string(&log).unwrap();
    let time = time.split("\"time\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for columns in [40, 80, 120] {
        let table = shown(columns, &format!("audit '{}'", log.display()), &[]);
        for word in [&time, "list-webhook-subscriptions", "refused", "may not call"] {
            assert!(table.contains(word), "{columns}: {word}\n{table}");
        }
        assert!(table.lines().all(|line| line.width() <= columns), "{columns}\n{table}");
        let list = shown(columns, "call list-contacts", &asking(&base));
        assert!(list.contains("CON00000001-36dc-4103-b2a2-000000000001"), "{list}");
        let rows = shown(columns, "call list-contacts --output table", &asking(&base));
        for word in ["CON00000001-36dc-4103-b2a2-000000000001", "CON00000003-36dc-4103-b2a2"] {
            assert!(rows.contains(word), "{columns}: {word}\n{rows}");
        }
        let policy = shown(columns, &format!("connections --policy '{policy}'"), &[]);
        assert!(policy.contains("assistant"), "{policy}");
    }
    let narrow = shown(100, &format!("audit '{}'", log.display()), &[]);
    assert!(narrow.contains("left out: ") && narrow.contains("--columns chooses"), "{narrow}");
    let chosen = shown(100, &format!("audit '{}' --columns end,time", log.display()), &[]);
    assert!(!chosen.contains("left out") && chosen.contains(&time), "{chosen}");
}

#[tokio::test]
async fn a_refused_call_shows_its_reason_and_so_does_every_error() {
    let twochat = twochat_with(3).await;
    let log = folder("tables-reason").join("log");
    let words = ["call", "list-contacts", "--audit", log.to_str().unwrap()];
    let base = twochat.base_url();
    run(&[&words[..], &["--results-per-page", "1000"]].concat(), &asking(&base)).error();
    run(&[&words[..], &["--results-per-page", "many"]].concat(), &asking(&base)).message(2);
    let table = run(&["audit", log.to_str().unwrap()], &[]);
    let text = table.output();
    assert!(text.contains("reason") && text.contains("\"many\" cannot be used"), "{text}");
}
