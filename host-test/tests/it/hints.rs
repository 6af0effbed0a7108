//! What is said to whoever begins: where a key came from, what stands in its place, which
//! event was meant, how a field is written, what is to be made first.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use crate::support::{
    receiver::EVENT,
    shell::{CANARY, asking, fed, folder, on_a_terminal, run, twochat_with},
};

/// A policy of its own, with this text.
fn policy(test: &str, text: &str) -> PathBuf {
    let folder = folder(&format!("hints-{test}"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.join("policy.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_told_with_the_setting_that_it_came_from() {
    let twochat = twochat_with(1).await;
    let base = twochat.base_url();
    let wrong = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "a-key-of-nobody")];
    for more in [&[][..], &["--all"]] {
        let refused = run(&[&["call", "list-contacts"], more].concat(), &wrong);
        assert!(refused.stderr.contains("The key is that of TWOCHAT_API_KEY."), "{refused:?}");
    }
    let shown = on_a_terminal("twochat call test-api-key", &wrong);
    assert!(shown.contains("The key is that of TWOCHAT_API_KEY."), "{shown}");
    // A program gets the result alone, and that of a policy is where the policy says.
    assert_eq!(run(&["call", "test-api-key"], &wrong).stderr, "");
    let text = format!(
        "default-persona = \"a\"\n[connections.work]\nbase-url = \"{base}\"\n\
         secret = {{ env = \"WORK_KEY\" }}\n[personas.a]\nconnection = \"work\"\n\
         actions = [\"list-contacts\"]\n"
    );
    let file = policy("key", &text);
    let words = ["call", "list-contacts", "--policy", file.to_str().unwrap()];
    let refused = run(&words, &[("WORK_KEY", "a-key-of-nobody")]);
    assert!(refused.code == Some(1) && !refused.stderr.contains("TWOCHAT_API_KEY"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_event_is_told_with_the_one_that_is_meant() {
    let twochat = twochat_with(1).await;
    let subscribe = |event: &str, number: &str| {
        let hook = ["--hook-url", "https://hooks.example.com/a", "--on-number", number];
        let words = [&["call", "subscribe", "--event-name", event][..], &hook].concat();
        run(&words, &asking(&twochat.base_url()))
    };
    let misspelt = subscribe("whatsapp.conversation.nwe", "+14155550100");
    let expected = format!("did you mean `{EVENT}`?");
    assert!(misspelt.code == Some(1) && misspelt.stderr.contains(&expected), "{misspelt:?}");
    let elsewhere = subscribe(EVENT, "+14155550199");
    assert!(!elsewhere.stderr.contains("did you mean"), "{elsewhere:?}");
}

#[test]
fn a_field_that_is_missing_or_no_text_is_told_with_an_example_of_it() {
    let key = [("TWOCHAT_API_KEY", CANARY), ("TWOCHAT_BASE_URL", "http://127.0.0.1:1/open")];
    let ada = ["call", "create-contact", "--first-name", "Ada"];
    let example = "; for example --details '{\"kind\":";
    for more in [&[][..], &["--details", "phone"], &["{\"details\": \"phone\"}"]] {
        let refused = run(&[&ada[..], more].concat(), &key);
        let why = refused.message(2);
        assert!(why.starts_with("details") && why.contains(example), "{why}");
    }
    let details = ["call", "create-contact", "--details", "[]"];
    let refused = run(&details, &key);
    assert_eq!(refused.message(2), "first-name: it is missing; for example --first-name Ada");
    let unfit = run(&["call", "list-contacts", "--page-number", "two"], &key);
    assert!(!unfit.message(2).contains("for example"), "{unfit:?}");
}

#[test]
fn a_placeholder_is_no_key() {
    let file = policy("placeholder", "");
    for text in ["…", "...", "<key>", "your-key-here…", "[your key]"] {
        let refused = run(&["call", "list-contacts"], &[("TWOCHAT_API_KEY", text)]);
        let why = refused.message(2);
        assert!(why.starts_with("TWOCHAT_API_KEY cannot be used: that is a placeholder"), "{why}");
        assert!(why.contains("https://app.2chat.io"), "{why}");
        let words = ["connect", "work", "--policy", file.to_str().unwrap()];
        let refused = fed(&words, &[], text.as_bytes().to_vec());
        assert!(refused.message(2).contains("that is a placeholder"), "{refused:?}");
    }
}

#[test]
fn a_policy_that_is_not_there_is_told_with_what_begins_it() {
    let file = folder("hints-none").join("none.toml");
    let name = file.to_str().unwrap();
    let expected = format!("there is no policy {name}: `twochat connect NAME --policy {name}`");
    for words in [
        &["call", "list-contacts"][..],
        &["digest", "--since", "today"],
        &["connections"],
        &["token", "a"],
        &["revoke", "work"],
    ] {
        let refused = run(&[words, &["--policy", name]].concat(), &[]);
        assert!(refused.message(2).contains(&expected), "{words:?}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_may_be_written_before_the_connection_that_it_names() {
    let twochat = twochat_with(1).await;
    let base = twochat.base_url();
    let persona = "[personas.a]\nconnection = \"work\"\nactions = [\"list-contacts\"]\n";
    let file = policy("before", persona);
    let name = file.to_str().unwrap();
    let connect = |connection: &str| {
        let words = ["connect", connection, "--policy", name, "--base-url", &base];
        fed(&words, &[], format!("{CANARY}\n").into_bytes())
    };
    let another = connect("home");
    assert!(another.message(2).contains("there is no connection `work`"), "{another:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), persona);
    connect("work").output();
    run(&["call", "list-contacts", "--policy", name, "--persona", "a"], &[]).result();
}

#[test]
fn a_persona_that_was_revoked_is_told_with_what_undoes_it() {
    let text = "[connections.work]\nsecret = { env = \"WORK_KEY\" }\n[personas.a]\n\
                connection = \"work\"\nactions = [\"list-contacts\"]\n";
    let file = policy("revoked", text);
    let name = file.to_str().unwrap();
    let token = || run(&["token", "a", "--policy", name], &[]);
    assert_eq!(token().stderr, "");
    let revoked = run(&["revoke", "--persona", "a", "--policy", name], &[]);
    let undoes = format!("until its `revoked` is deleted in {name}");
    assert!(revoked.output().contains(&undoes), "{revoked:?}");
    let token = token();
    assert!(token.code == Some(0) && token.stderr.contains(&undoes), "{token:?}");
}

#[test]
fn what_is_for_all_pages_is_told_with_the_whole_call_where_there_is_no_such_flag() {
    let file = policy("singer", "[connections.work]\nsecret = { env = \"WORK_KEY\" }\n");
    let words = ["connections", "--output", "singer", "--policy", file.to_str().unwrap()];
    let refused = run(&words, &[]);
    assert!(refused.message(2).contains("`twochat call ACTION --all`"), "{refused:?}");
}
