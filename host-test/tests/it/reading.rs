//! Only what changes nothing, by a flag: offered, refused, and held at the gate.

use std::fs;

use host::{
    access::Access,
    calls::{Call, Calls},
    client::Client,
    gate::Connection,
};
use serde_json::{Value, json};

use crate::support::{
    self, CONNECTOR, LOADED,
    agent::Agent,
    described::{gzip, with_docs},
    host_of_any_route, names,
    reacting::{CONTACT, Reacting},
    remote::Served,
    shell::{asking, folder, run, twochat_with},
};

const NEW: &str =
    r#"{"first-name": "Ada", "details": [{"kind": "phone", "value": "+14155550123"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_may_change_something_is_not_offered_and_refused_with_a_sentence() {
    let twochat = twochat_with(2).await;
    let base = twochat.base_url();
    let refused = run(&["call", "create-contact", NEW, "--read-only"], &asking(&base));
    let why = refused.message(2);
    assert!(why.starts_with("`create-contact` may change something, and only what reads"), "{why}");
    assert!(why.ends_with("Nothing was sent."), "{why}");
    assert_eq!(twochat.requests(), []);
    run(&["call", "list-contacts", "--read-only"], &asking(&base)).result();

    let mut reading = names();
    reading.retain(|name| name != "create-contact");
    let mut agent = Agent::with(&base, &["--read-only"]);
    let listed = agent.ask("tools/list", json!({}));
    let listed = listed["result"]["tools"].as_array().unwrap();
    assert!(listed.iter().map(|tool| &tool["name"]).eq(&reading), "{listed:?}");
    let why = agent.fails("create-contact", NEW.parse().unwrap());
    assert!(why.contains("only what reads is allowed here"), "{why}");
    assert_eq!(agent.call("list-contacts", json!({}))["isError"], false);

    let served = Served::with(&["--read-only"], &asking(&base));
    let agent = served.agent(None);
    assert_eq!(agent.tools(), reading);
    let result = agent.call("create-contact", NEW.parse().unwrap());
    assert_eq!(result["isError"], true, "{result}");
    assert_eq!(twochat.requests().len(), 2);
}

#[tokio::test]
async fn a_policy_is_narrowed_further_and_widened_by_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let twochat = twochat_with(2).await;
    let folder = support::shell::folder("read-only");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.join("policy.toml");
    let base = twochat.base_url();
    let policy = format!(
        "[connections.work]\nbase-url = \"{base}\"\nsecret = {{ env = \"WORK_KEY\" }}\n\
         [personas.clerk]\nconnection = \"work\"\nactions = [\"create-contact\", \"list-contacts\"]\n"
    );
    fs::write(&file, policy).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = [("WORK_KEY", support::shell::CANARY)];
    let words = ["--policy", file.to_str().unwrap(), "--persona", "clerk", "--read-only"];
    let call = |action: &[&str]| run(&[&["call"], action, &words].concat(), &settings);
    assert!(call(&["create-contact", NEW]).message(2).contains("may change something"));
    assert!(call(&["test-api-key"]).message(2).contains("may not call `test-api-key`"));
    call(&["list-contacts"]).result();
    let mut agent = Agent::started(&words, &settings);
    let listed = agent.ask("tools/list", json!({}));
    let listed = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(listed.iter().map(|tool| &tool["name"]).collect::<Vec<_>>(), ["list-contacts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn docs_that_lie_change_nothing_all_the_same() {
    let twochat = twochat_with(1).await;
    // The connector, with the docs of one that says that it only reads.
    let wit = LOADED
        .1
        .docs()
        .wit()
        .replace("Effect: creates. Repeating: not safe", "Effect: reads. Repeating: safe");
    let (head, rest) = CONNECTOR.split_at(8);
    let bytes = [&with_docs(head.to_vec(), &gzip(wit.as_bytes())), rest].concat();
    let connector = host_of_any_route().load(&bytes).unwrap();
    let connection = Connection::new(
        &support::twochat(),
        &twochat.base_url(),
        Some(host::secret::Secret::new(support::shell::CANARY).unwrap()),
    );
    let access = Access::of_owner(connection.unwrap());
    let calls = Calls::new(connector, Client::new(&[]).unwrap(), access.only_reading(true));
    assert!(calls.tools().unwrap().iter().any(|tool| tool.name == "create-contact"));
    let arguments: Value = NEW.parse().unwrap();
    let outcome = calls.make_once(Call::new("create-contact", &arguments)).await.unwrap();
    let error = outcome.result.unwrap_err();
    assert!(
        error["message"].as_str().unwrap().contains("POST is not among the methods"),
        "{error}"
    );
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_could_change_something_refuses_to_and_still_reads() {
    let twochat = twochat_with(2).await;
    let base = twochat.base_url();
    let folder = folder("read-only-commands");
    let (people, store) = (folder.join("people.csv"), folder.join("events.sqlite"));
    fs::write(&people, "name,phone\nAda,+595981222333\n").unwrap();
    let (people, store) = (people.to_str().unwrap(), store.to_str().unwrap());
    let secret = ("TWOCHAT_FORWARD_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let settings = [&asking(&base)[..], &[secret]].concat();
    let listen = ["listen", "--listen", "127.0.0.1:0", "--store", store];
    let event = ["--event", "whatsapp.conversation.new"];
    let public = ["--public-url", "https://hooks.example.com", "--number", "+14155550100"];
    for (words, expected) in [
        (["sync", people, "--yes"].to_vec(), "--read-only creates nobody"),
        ([&listen[..], &event, &public].concat(), "--public-url has no place"),
        ([&listen[..], &["--remove"]].concat(), "--remove has no place"),
        ([&listen[..], &event, &["--forward", "https://example.com"]].concat(), "--forward has no"),
    ] {
        let refused = run(&[&words[..], &["--read-only"]].concat(), &settings);
        let why = refused.message(2);
        assert!(why.contains(expected) && why.ends_with("Nothing was sent."), "{why}");
    }
    assert_eq!(twochat.requests(), []);
    let planned = run(&["sync", people, "--dry-run", "--read-only"], &settings);
    assert!(planned.output().contains("1 to be created"), "{planned:?}");
    let own = [&settings[..], &[("XDG_DATA_HOME", folder.to_str().unwrap())]].concat();
    assert_eq!(run(&["digest", "--read-only", "--since", "today"], &own).code, Some(0));
    let asked = twochat.requests();
    assert!(asked.len() > 2 && asked.iter().all(|it| it.method == "GET"), "{asked:?}");
}

#[test]
fn a_rule_that_changes_something_is_refused_before_anything_is_received() {
    let forward = "[rules.new-contact]\nforward = \"https://example.com\"\n\
        secret = { command = [\"/bin/echo\", \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"] }";
    for (rule, expected) in [
        (CONTACT, "rules.new-contact.call: `create-contact` may change something"),
        (forward, "rules.new-contact.forward: it is a POST"),
    ] {
        let reacting = Reacting::of("read-only", "http://127.0.0.1:9/open", rule);
        let refused = reacting.fails_with(&["--read-only"]);
        assert!(refused.message(2).contains(expected), "{refused:?}");
    }
}
