//! Keys that are kept, replaced and ended, while an agent goes on.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use mock::{Fault, Mock, Reply};
use serde_json::json;

use crate::support::{
    agent::Agent,
    shell::{CANARY, Run, fed, folder, output, program, run, twochat_with},
};

/// Another key; it is not to be shown either.
const OTHER: &str = "canary-of-another-day";

struct Vault {
    folder: PathBuf,
    base_url: String,
}

impl Vault {
    fn of(test: &str, twochat: &Mock) -> Self {
        let folder = folder(&format!("vault-{test}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder, base_url: twochat.base_url() }
    }

    fn policy(&self) -> PathBuf {
        self.folder.join("policy.toml")
    }

    fn run(&self, words: &[&str]) -> Run {
        run(&[words, &["--policy", self.policy().to_str().unwrap()]].concat(), &[])
    }

    fn connect(&self, words: &[&str], key: &str) -> Run {
        let policy = self.policy();
        let policy = ["--policy", policy.to_str().unwrap()];
        fed(&[&["connect"], words, &policy].concat(), &[], format!("{key}\n").into_bytes())
    }

    fn connect_work(&self) {
        let done = self.connect(&["work", "--base-url", &self.base_url], CANARY);
        let said = done.output();
        assert!(said.starts_with("valid: "), "{said}");
        assert!(said.contains("connected: work"), "{said}");
        assert!(said.contains("[personas.assistant]\nconnection = \"work\""), "{said}");
        self.allow();
    }

    fn allow(&self) {
        let persona = "\n[personas.all]\nconnection = \"work\"\nactions = [\"list-contacts\", \
                       \"test-api-key\"]\n";
        let text = fs::read_to_string(self.policy()).unwrap();
        fs::write(self.policy(), format!("default-persona = \"all\"\n{text}{persona}")).unwrap();
    }

    fn agent(&self) -> Agent {
        Agent::started(&["--policy", self.policy().to_str().unwrap()], &[])
    }
}

fn keys(twochat: &Mock) -> Vec<String> {
    let requests = twochat.requests();
    let keys = requests.iter().map(|request| request.header("x-user-api-key").unwrap_or_default());
    keys.map(str::to_owned).collect()
}

fn holds_no_key(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let text = fs::read(entry.path()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&text).contains("canary"), "{:?}", entry.path());
    }
}

#[tokio::test]
async fn a_key_that_works_is_stored_and_one_that_does_not_is_not() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("connect", &twochat);
    let refused = vault.connect(&["work", "--base-url", &vault.base_url], OTHER);
    assert_eq!(refused.of_a_key()["verdict"], "invalid");
    assert!(!vault.policy().exists());
    vault.connect_work();
    holds_no_key(&vault.folder);
    for (name, mode) in [("policy.toml", 0o600), ("work.age", 0o600), ("identity.txt", 0o600)] {
        let found = fs::metadata(vault.folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    vault.run(&["call", "list-contacts"]).result();
    assert_eq!(keys(&twochat), [OTHER, CANARY, CANARY]);

    // One that 2Chat knows not keeps the one that works.
    assert_eq!(vault.connect(&["work"], OTHER).code, Some(1));
    vault.run(&["call", "list-contacts"]).result();
    twochat.switch_on(Fault::Status(500));
    let undecided = vault.connect(&["work"], CANARY);
    assert_eq!(undecided.of_a_key()["kind"], "interrupted");
    twochat.clear();
    vault.run(&["call", "list-contacts"]).result();
    holds_no_key(&vault.folder);
    let table = vault.run(&["connections", "--check"]);
    assert!(table.output().contains("ready"), "{table:?}");
}

#[tokio::test]
async fn misuse_of_connect_is_told_before_a_key_is_sent() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("misuse", &twochat);
    vault.connect_work();
    let sent = twochat.requests().len();
    fs::write(vault.folder.join("taken.age"), "").unwrap();
    for (words, key, expected) in [
        (&["a/b"][..], CANARY, "`a/b` cannot be a name"),
        (&[""], CANARY, "`` cannot be a name"),
        (
            &["new", "--base-url", "http://2chat.example"],
            CANARY,
            "the base url cannot be used: it is http",
        ),
        (
            &["work", "--base-url", "https://2chat.example"],
            CANARY,
            "`work` goes to http://127.0.0.1",
        ),
        (&["taken"], CANARY, "the file taken.age in "),
        (&[&"a".repeat(61)], CANARY, "expected up to 60 letters"),
        (&["work"], "", "the key is empty"),
        (&["work"], "uuid", "the key is too short to be one"),
        (&["work"], "\u{feff}canary", "the key holds characters"),
        (&["work"], &"canary".repeat(1000), "the key is longer than any key is"),
        (&["work"], "canary\u{7}", "the key holds characters"),
    ] {
        let refused = vault.connect(words, key);
        assert!(refused.message(2).contains(expected), "{refused:?}");
    }
    fs::write(vault.policy(), "[connections.work]\nsecret = { env = \"KEY\" }\n").unwrap();
    let elsewhere = vault.connect(&["work"], CANARY);
    let why = elsewhere.message(2);
    assert!(
        why.ends_with(
            "its key is read from the environment variable KEY, so put it there yourself"
        ),
        "{why}"
    );
    fs::write(vault.policy(), "[connections").unwrap();
    assert!(vault.connect(&["work"], CANARY).message(2).contains("line 1: "));
    assert_eq!(twochat.requests().len(), sent);
}

#[tokio::test]
async fn a_replaced_key_counts_from_the_next_call_on_without_a_restart() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("rotate", &twochat);
    vault.connect_work();
    let mut agent = vault.agent();
    agent.call("list-contacts", json!({}));
    // 2Chat takes any key for a while, as it does not rotate them itself.
    twochat.answer_with(Reply::json(200, json!({ "success": true, "contacts": [] })));
    let script = vault.folder.join("key.sh");
    fs::write(&script, format!("#!/bin/sh\necho {OTHER}\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let text = fs::read_to_string(vault.policy()).unwrap();
    let aged = "{ age = \"work.age\", identity = \"identity.txt\" }";
    assert!(text.contains(aged), "{text}");
    fs::write(vault.policy(), text.replace(aged, &format!("{{ command = [{script:?}] }}")))
        .unwrap();
    agent.call("list-contacts", json!({}));
    assert_eq!(keys(&twochat)[1..], [CANARY, OTHER]);
}

#[tokio::test]
async fn a_stored_key_replaces_the_one_before() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("again", &twochat);
    vault.connect_work();
    let mut agent = vault.agent();
    twochat.answer_with(Reply::json(402, json!({ "detail": "Credits used up" })));
    // A key that is right, but of an account that can do nothing just now.
    let again = vault.connect(&["work"], OTHER);
    assert!(again.output().starts_with("quota-exhausted: "), "{again:?}");
    twochat.clear();
    let unknown = agent.call("list-contacts", json!({}));
    assert_eq!(unknown["isError"], true, "{unknown}");
    assert_eq!(keys(&twochat).last().unwrap(), OTHER);
}

#[tokio::test]
async fn a_revoked_connection_is_refused_from_the_next_call_on_until_it_is_connected_again() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("revoke", &twochat);
    vault.connect_work();
    let mut agent = vault.agent();
    agent.call("list-contacts", json!({}));
    let said = vault.run(&["revoke", "work"]);
    assert!(said.output().starts_with("revoked: work. Calls over it are refused"), "{said:?}");
    let sent = twochat.requests().len();
    let refused = agent.fails("list-contacts", json!({}));
    assert!(refused.contains("the connection `work` is revoked"), "{refused}");
    assert!(vault.run(&["call", "list-contacts"]).message(2).contains("is revoked"));
    assert!(vault.run(&["connections"]).output().contains("revoked"));
    assert_eq!(twochat.requests().len(), sent);

    assert_eq!(vault.connect(&["work"], CANARY).code, Some(0));
    agent.call("list-contacts", json!({}));
    let said = vault.run(&["revoke", "--persona", "all"]);
    assert!(said.output().contains("the persona all"), "{said:?}");
    assert!(agent.fails("list-contacts", json!({})).contains("the persona `all` is revoked"));

    let table = vault.run(&["audit", "--output", "csv"]);
    let ends: Vec<_> =
        table.output().lines().skip(1).map(|line| line.contains("refused")).collect();
    assert_eq!(ends, [false, false, true, true, false, false, true], "{table:?}");
    for (words, expected) in [
        (&["revoke", "none"][..], "it has no `connections.none`"),
        (&["revoke", "--persona", "none"], "it has no `personas.none`"),
    ] {
        assert!(vault.run(words).message(2).contains(expected));
    }
}

#[tokio::test]
async fn an_unreadable_vault_stops_the_call_and_nothing_is_sent() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("unreadable", &twochat);
    vault.connect_work();
    let sent = twochat.requests().len();
    let refused = |expected: &str| {
        let refused = vault.run(&["call", "list-contacts"]);
        let why = refused.message(2);
        assert!(why.contains(expected) && why.ends_with("Nothing was sent."), "{why}");
    };
    let identity = vault.folder.join("identity.txt");
    let kept = fs::read(&identity).unwrap();
    fs::remove_file(&identity).unwrap();
    refused("identity.txt cannot be read");
    let made = vault.connect(&["other", "--base-url", &vault.base_url], CANARY);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.ends_with("another was made: connect work again\n"), "{made:?}");
    refused("it was encrypted for another identity");
    fs::write(&identity, kept).unwrap();
    fs::remove_file(vault.folder.join("work.age")).unwrap();
    refused("work.age cannot be read");
    assert_eq!(twochat.requests().len(), sent + 1);
    let checked = vault.run(&["connections", "--check"]);
    assert!(checked.code == Some(3) && checked.stdout.contains("cannot be read"), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_shown_on_the_terminal_where_it_is_typed() {
    let twochat = twochat_with(1).await;
    let vault = Vault::of("terminal", &twochat);
    let typed = format!(
        "(sleep 1; echo {CANARY}) | script -qec \"twochat connect work --base-url {} --policy {}\" /dev/null",
        vault.base_url,
        vault.policy().display()
    );
    let shown = output(program("sh", &[]).args(["-c", &typed]));
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("Key of the 2Chat account (not shown): "), "{shown}");
    assert!(shown.contains("connected: work") && !shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn what_a_command_says_aside_is_not_shown() {
    let twochat = twochat_with(0).await;
    let vault = Vault::of("aside", &twochat);
    vault.connect_work();
    let text = fs::read_to_string(vault.policy()).unwrap();
    let aged = "{ age = \"work.age\", identity = \"identity.txt\" }";
    let command =
        format!("{{ command = [\"/bin/sh\", \"-c\", \"echo {OTHER} >&2; echo {CANARY}\"] }}");
    fs::write(vault.policy(), text.replace(aged, &command)).unwrap();
    vault.run(&["call", "list-contacts"]).result();
    let command = command.replace(&format!("; echo {CANARY}"), "; exit 3");
    fs::write(vault.policy(), text.replace(aged, &command)).unwrap();
    let failed = vault.run(&["call", "list-contacts"]);
    assert!(failed.message(2).contains("sh, which keeps the key, failed with exit status: 3"));
}
