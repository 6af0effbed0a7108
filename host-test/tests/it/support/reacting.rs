//! A policy whose rules answer events, and events for them to answer.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};

use super::{
    receiver::{EVENT, Receiver, looked_into},
    shell::{CANARY, Run, folder, run},
};

/// A folder with a policy, and a store beside it.
pub(crate) struct Reacting {
    pub(crate) folder: PathBuf,
}

/// Each conversation with a number becomes a contact.
pub(crate) const CONTACT: &str = r#"
[rules.new-contact]
on = "whatsapp.conversation.new"
has = ["phone-number"]
once-per = "phone-number"
persona = "writer"
call = "create-contact"
arguments.first-name = { from = "contact.first-name", or = "Unknown" }
arguments.last-name = { from = "contact.last-name", optional = true }
arguments.details = [{ kind = "whatsapp-phone", value = { from = "phone-number" } }]
"#;

impl Reacting {
    pub(crate) fn of(test: &str, base_url: &str, rules: &str) -> Self {
        let folder = folder(&format!("react-{test}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let reacting = Self { folder };
        reacting.write(&format!(
            r#"default-persona = "writer"

[connections.work]
base-url = "{base_url}"
secret = {{ env = "WORK_KEY" }}

[personas.writer]
connection = "work"
actions = ["create-contact"]

[personas.reader]
connection = "work"
actions = ["list-contacts"]
{rules}"#
        ));
        reacting
    }

    pub(crate) fn write(&self, text: &str) {
        let file = self.folder.join("policy.toml");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.join("events.sqlite")
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program in its folder, which is this script.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let program = self.file(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        program
    }

    /// A receiver that follows it.
    pub(crate) fn receives(&self, words: &[&str]) -> Receiver {
        let policy = self.file("policy.toml");
        let all = ["--event", EVENT, "--policy", policy.to_str().unwrap()];
        Receiver::with(&self.store(), &[&all, words].concat(), &[("WORK_KEY", CANARY)])
    }

    /// A receiver that cannot begin.
    pub(crate) fn fails(&self) -> Run {
        self.fails_with(&[])
    }

    /// The same with these words beside.
    pub(crate) fn fails_with(&self, more: &[&str]) -> Run {
        let (policy, store) = (self.file("policy.toml"), self.store());
        let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store"];
        let files = [store.to_str().unwrap(), "--policy", policy.to_str().unwrap()];
        run(&[&words[..], &files, more].concat(), &[("WORK_KEY", CANARY)])
    }

    /// What `twochat events` says.
    pub(crate) fn events(&self, words: &[&str]) -> Run {
        let store = self.store();
        run(&[&["events"], words, &["--store", store.to_str().unwrap()]].concat(), &[])
    }

    /// All events as JSON.
    pub(crate) fn listed(&self) -> Vec<Value> {
        let listed = self.events(&["--output", "jsonl"]);
        listed.output().lines().map(|line| line.parse().unwrap()).collect()
    }

    /// How many entries of the outbox are so.
    pub(crate) fn count(&self, state: &str) -> usize {
        let store = looked_into(&self.store());
        let count = "SELECT count(*) FROM outbox WHERE state = ?";
        let count: i64 = store.query_row(count, [state], |row| row.get(0)).unwrap();
        count.try_into().unwrap()
    }
}

/// A conversation that began, by its number, with somebody.
pub(crate) fn conversation(number: usize) -> Value {
    json!({
        "id": format!("MSG{number:08}-04f6-449e-acf5-42fc6875ba94"),
        "uuid": format!("MSG{number:08}-04f6-449e-acf5-42fc6875ba94"),
        "session_key": format!("WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-1415555{number:04}@c.us"),
        "message": { "text": "hello" },
        "created_at": "2024-07-05T19:21:51",
        "remote_phone_number": format!("+1415555{number:04}"),
        "channel_phone_number": "+14155550100",
        "sent_by": "user",
        "contact": { "first_name": "Ada", "last_name": null, "profile_pic_url": null },
        "event": EVENT,
        "time_period": "all-time",
    })
}
