//! A policy, lived by: who is served, who is refused, what each sees, and what
//! is written down.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::PathBuf,
    time::{Duration, Instant},
};

use host::{
    access::Access,
    calls::{Call, Calls},
    client::Client,
    hiding::MASK,
    retry::Patience,
};
use mock::{Fault, Mock, Options, Reply};
use serde_json::{Value, json};

use crate::support::{
    self, LOADED,
    agent::{Agent, request},
    shell::{CANARY, Run, asking, folder, run, twochat_with},
};

/// A folder with a policy of two personas, and the key in an environment variable.
struct Policy {
    file: PathBuf,
}

impl Policy {
    fn of(test: &str, twochat: &Mock) -> Self {
        let folder = folder(&format!("policy-{test}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let policy = Self { file: folder.join("policy.toml") };
        policy.write(&format!(
            r#"default-persona = "reader"

[connections.work]
base-url = "{}"
secret = {{ env = "WORK_KEY" }}

[personas.reader]
connection = "work"
actions = ["list-contacts", "list-webhook-subscriptions"]
mask = ["value", "last-name"]

[personas.writer]
connection = "work"
actions = ["create-contact", "list-webhook-subscriptions"]
show = ["hook-url"]
"#,
            twochat.base_url()
        ));
        policy
    }

    fn write(&self, text: &str) {
        fs::write(&self.file, text).unwrap();
        fs::set_permissions(&self.file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn replace(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.file).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(&text.replace(from, to));
    }

    fn call(&self, words: &[&str]) -> Run {
        self.call_with(words, &[("WORK_KEY", CANARY)])
    }

    fn call_with(&self, words: &[&str], settings: &[(&str, &str)]) -> Run {
        let policy = ["--policy", self.file.to_str().unwrap()];
        run(&[&["call"], words, &policy].concat(), settings)
    }

    fn agent(&self, persona: &str) -> Agent {
        let file = self.file.to_str().unwrap();
        Agent::started(&["--policy", file, "--persona", persona], &[("WORK_KEY", CANARY)])
    }

    /// The log's lines, which never hold a key.
    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.file.with_file_name("audit.jsonl")).unwrap_or_default();
        assert!(!text.contains("canary"), "{text}");
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

const NEW: &str =
    r#"{"first-name": "Ada", "details": [{"kind": "phone", "value": "+14155550123"}]}"#;

fn create(persona: &str) -> Vec<&str> {
    vec!["create-contact", NEW, "--persona", persona]
}

#[tokio::test]
async fn one_persona_is_served_and_the_other_refused_and_both_are_written_down() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("two", &twochat);
    policy.call(&create("writer")).result();
    let sent = twochat.requests().len();
    let refused = policy.call(&create("reader"));
    let why = refused.message(2);
    assert!(why.starts_with("the persona `reader` may not call `create-contact`: "), "{why}");
    assert!(why.ends_with("list-contacts, list-webhook-subscriptions. Nothing was sent."), "{why}");
    assert_eq!(twochat.requests().len(), sent, "something was sent");

    let log = policy.log();
    let [started, finished, refused, why] = log.as_slice() else { panic!("{log:?}") };
    for (line, persona) in [(started, "writer"), (refused, "reader")] {
        assert_eq!((&line["event"], &line["persona"]), (&json!("started"), &json!(persona)));
        assert_eq!(
            (&line["connection"], &line["action"]),
            (&json!("work"), &json!("create-contact"))
        );
    }
    assert_eq!((&finished["statuses"], &why["statuses"]), (&json!([201]), &json!([])));
    assert_eq!(why["error"]["kind"], "refused");

    let file = policy.file.to_str().unwrap();
    let shown = run(&["audit", "--policy", file, "--persona", "reader", "--output", "csv"], &[]);
    let shown = shown.output();
    assert_eq!(shown.lines().count(), 2, "{shown}");
    let table = run(&["audit", "--policy", file], &[]);
    let table = table.output();
    assert!(table.contains("refused") && table.contains("writer"), "{table}");
}

#[tokio::test]
async fn each_persona_sees_what_its_scope_lets_it_see() {
    let twochat = twochat_with(2).await;
    let policy = Policy::of("masks", &twochat);
    let contacts = policy.call(&["list-contacts"]).result();
    for contact in contacts["contacts"].as_array().unwrap() {
        assert_eq!(contact["last-name"], "[masked]");
        assert_ne!(contact["first-name"], "[masked]");
        assert!(contact["details"].as_array().unwrap().iter().all(|d| d["value"] == "[masked]"));
    }
    let rows = policy.call(&["list-contacts", "--all"]);
    assert_eq!(rows.output().matches("\"last-name\":\"[masked]\"").count(), 2, "{rows:?}");

    let hooks =
        |persona| policy.call(&["list-webhook-subscriptions", "--persona", persona]).result();
    let (hidden, shown) = (hooks("reader"), hooks("writer"));
    for (hidden, shown) in hidden["subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .zip(shown["subscriptions"].as_array().unwrap())
    {
        assert_eq!(hidden["hook-url"], "[masked]");
        assert!(shown["hook-url"].as_str().unwrap().starts_with("https://"), "{shown}");
    }
    policy.replace("\"last-name\"]", "\"uuid\"]");
    let alike = policy.call(&["list-contacts", "--all"]);
    assert!(alike.message(3).contains("where `uuid` is masked: leave --all out"), "{alike:?}");
    // A receiver's token is not for the log either.
    for line in policy.log() {
        for hook in line["result"]["subscriptions"].as_array().into_iter().flatten() {
            assert_eq!(hook["hook-url"], "[masked]");
        }
    }
}

#[tokio::test]
async fn what_is_redacted_is_given_but_not_written_down() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("redact", &twochat);
    policy.replace(
        "[connections.work]",
        "[audit]\nfile = \"calls/log\"\nredact = [\"value\", \"first-name\"]\n\n[connections.work]",
    );
    let calls = policy.file.with_file_name("calls");
    let unopened = policy.call(&["list-contacts"]);
    assert!(unopened.message(3).contains("log cannot be used: No such file"), "{unopened:?}");
    assert!(twochat.requests().is_empty(), "a call that cannot be written down was made");
    let mut agent = policy.agent("reader");
    let unopened = agent.fails("list-contacts", json!({}));
    assert!(unopened.contains("Nothing was sent. Do not repeat the call"), "{unopened}");
    fs::create_dir(&calls).unwrap();

    let secret =
        r#"{"first-name": "Secretname", "details": [{"kind": "phone", "value": "+14155550177"}]}"#;
    let made = policy.call(&["create-contact", secret, "--persona", "writer"]).result();
    assert_eq!(made["first-name"], "Secretname");
    let wrong = secret.replace("+14155550177", "+1415555017x");
    policy.call(&["create-contact", &wrong, "--persona", "writer"]).error();
    // What does not fit anywhere may be anything.
    for misfit in [
        r#"{"first-name": "A", "details": {"kind": "phone", "value": "+14155550177"}}"#,
        r#"{"first-name": "A", "details": "[{\"value\": \"+14155550177\"}]"}"#,
        r#"{"first-name": "A", "details": [{"kind": "phone", "Value": "+14155550177"}]}"#,
        r#"{"firstname": "Secretname", "details": []}"#,
    ] {
        policy.call(&["create-contact", misfit, "--persona", "writer"]).message(2);
    }
    let echo = json!({ "detail": "Secretname with +14155550177 is there already" });
    twochat.answer_with(Reply::json(422, echo));
    let told = ["--prompt", "store +14155550177"];
    policy.call(&[&["create-contact", secret, "--persona", "writer"], &told[..]].concat()).error();
    twochat.clear();
    let misfit = secret.replace("\"+14155550177\"", "14155550177");
    policy.call(&["create-contact", &misfit, "--persona", "writer"]).message(2);
    let log = fs::read_to_string(calls.join("log")).unwrap();
    assert_eq!(log.lines().count(), 16, "{log}");
    for hidden in ["Secretname", "1415555017"] {
        assert!(!log.contains(hidden), "{log}");
    }
    assert!(log.contains("details[0].value"), "{log}");
}

#[tokio::test]
async fn with_a_policy_the_environment_changes_neither_origin_nor_key_nor_log() {
    let (twochat, other) = (twochat_with(1).await, twochat_with(1).await);
    let policy = Policy::of("environment", &twochat);
    let (elsewhere, url) = (policy.file.with_file_name("elsewhere"), other.base_url());
    policy
        .call_with(
            &["list-contacts"],
            &[
                ("WORK_KEY", CANARY),
                ("TWOCHAT_BASE_URL", &url),
                ("TWOCHAT_API_KEY", "canary-of-the-environment"),
                ("TWOCHAT_AUDIT", elsewhere.to_str().unwrap()),
            ],
        )
        .result();
    assert!(other.requests().is_empty() && !elsewhere.exists());
    assert_eq!(twochat.requests()[0].header("x-user-api-key"), Some(CANARY));
    let flagged = policy.call(&["list-contacts", "--audit", "x.jsonl"]);
    assert!(flagged.message(2).starts_with("--audit has no meaning here"), "{flagged:?}");
}

#[tokio::test]
async fn the_policy_in_the_configuration_folder_is_followed_without_being_named() {
    let twochat = twochat_with(1).await;
    let home = folder("policy-home");
    let place = home.join("twochat");
    fs::create_dir(&place).unwrap();
    fs::rename(&Policy::of("moved", &twochat).file, place.join("policy.toml")).unwrap();
    let settings = [("XDG_CONFIG_HOME", home.to_str().unwrap()), ("WORK_KEY", CANARY)];
    run(&["call", "list-contacts"], &settings).result();
    assert!(place.join("audit.jsonl").exists());
    // One that cannot be read is not taken for one that is not there.
    fs::remove_file(place.join("policy.toml")).unwrap();
    std::os::unix::fs::symlink("gone.toml", place.join("policy.toml")).unwrap();
    let broken = run(&["call", "list-contacts"], &settings);
    assert!(broken.message(2).contains("policy.toml cannot be read"), "{broken:?}");
    let none = run(&["call", "list-contacts", "--persona", "reader"], &[]);
    assert!(none.message(2).starts_with("--persona needs a policy, and there is none at "));
}

#[tokio::test]
async fn an_agent_from_before_there_was_a_policy_does_not_go_on_without_it() {
    let twochat = twochat_with(1).await;
    let home = folder("later-home");
    let place = home.join("twochat");
    let url = twochat.base_url();
    let [base, key] = asking(&url);
    let settings = [base, key, ("XDG_CONFIG_HOME", home.to_str().unwrap())];
    let mut agent = Agent::started(&[], &settings);
    agent.call("list-contacts", json!({}));
    fs::create_dir(&place).unwrap();
    fs::rename(&Policy::of("later", &twochat).file, place.join("policy.toml")).unwrap();
    let refused = agent.fails("list-contacts", json!({}));
    assert!(refused.starts_with("there is a policy by now, "), "{refused}");
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test]
async fn a_policy_that_is_broken_or_does_not_fit_is_refused_before_anything_is_sent() {
    let twochat = twochat_with(1).await;
    for (from, to, expected) in [
        ("\"reader\"", "\"reeder\"", "line 1: default-persona: there is no persona `reeder`"),
        ("mask = ", "masks = ", "line 10: personas.reader.masks: there is no field `masks`"),
        (
            "\"value\", \"last-name\"",
            "\"vlaue\"",
            "personas.reader.mask: `vlaue` cannot be masked: no action gives it",
        ),
        (
            "\"value\", \"last-name\"",
            "\"used\"",
            "personas.reader.mask: `used` cannot be masked: it is no text",
        ),
        (
            "\"value\", \"last-name\"",
            "\"verdict\"",
            "personas.reader.mask: `verdict` cannot be masked: it is no text",
        ),
        (
            "\"list-contacts\", \"list-w",
            "\"list-contact\", \"list-w",
            "line 9: personas.reader.actions: there is no action `list-contact`; did you mean \
             `list-contacts`? There are create-contact",
        ),
    ] {
        let policy = Policy::of("broken", &twochat);
        policy.replace(from, to);
        let refused = policy.call(&["list-contacts"]);
        let why = refused.message(2);
        assert!(why.contains(expected) && why.ends_with(". Nothing was sent."), "{why}");
        let mcp = run(&["mcp", "--policy", policy.file.to_str().unwrap()], &[("WORK_KEY", CANARY)]);
        assert!(mcp.message(2).contains(expected), "{mcp:?}");
    }
    let policy = Policy::of("redacted", &twochat);
    policy.replace("[connections.work]", "[audit]\nredact = [\"vlaue\"]\n\n[connections.work]");
    let why = policy.call(&["list-contacts"]);
    assert!(why.message(2).contains("audit.redact: no action takes or gives `vlaue`"), "{why:?}");
    let policy = Policy::of("shown", &twochat);
    policy.replace("\"hook-url\"", "\"hok-url\"");
    let why = policy.call(&["list-webhook-subscriptions", "--persona", "writer"]);
    assert!(why.message(2).contains("personas.writer.show: `hok-url` cannot be masked"), "{why:?}");
    let policy = Policy::of("open", &twochat);
    fs::set_permissions(&policy.file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(policy.call(&["list-contacts"]).message(2).contains("can be written by others"));
    assert!(twochat.requests().is_empty());
}

#[tokio::test]
async fn an_agent_sees_its_own_tools_and_is_refused_the_others() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("agent", &twochat);
    let mut agent = policy.agent("reader");
    let names = |agent: &mut Agent| -> Vec<String> {
        let tools = agent.ask("tools/list", json!({}));
        let tools =
            tools["result"]["tools"].as_array().unwrap_or_else(|| panic!("{tools}")).clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&mut agent), ["list-contacts", "list-webhook-subscriptions"]);
    let refused = agent.fails("create-contact", json!({ "first-name": "Ada", "details": [] }));
    assert!(refused.contains("may not call `create-contact`"), "{refused}");
    assert!(refused.contains("Nothing was sent. Do not repeat the call"), "{refused}");
    assert!(twochat.requests().is_empty());
    let unknown = agent.ask("tools/call", json!({ "name": "delete-all", "arguments": {} }));
    let unknown = unknown["error"]["message"].as_str().unwrap();
    assert!(unknown.ends_with("there are list-contacts, list-webhook-subscriptions"), "{unknown}");
    let given = agent.call("list-contacts", json!({}));
    assert!(given["structuredContent"]["notes"].to_string().contains("[masked] stands"), "{given}");

    // A slip in what is masked shows nothing.
    policy.replace("\"value\", ", "\"vlaue\", ");
    let refused = agent.fails("list-contacts", json!({}));
    assert!(refused.contains("personas.reader.mask: `vlaue` cannot be masked"), "{refused}");
    policy.replace("\"vlaue\", ", "\"value\", ");

    // What the owner changes counts from the next message on.
    policy.replace("actions = [\"list-contacts\", ", "actions = [");
    assert_eq!(names(&mut agent), ["list-webhook-subscriptions"]);
    assert!(agent.fails("list-contacts", json!({})).contains("may not call `list-contacts`"));
    policy.replace("mask = ", "revoked = true\nmask = ");
    let refused = agent.fails("list-webhook-subscriptions", json!({}));
    assert!(refused.contains("the persona `reader` is revoked"), "{refused}");
    policy.write("nonsense");
    let broken = agent.fails("list-webhook-subscriptions", json!({}));
    assert!(broken.contains("line 1: "), "{broken}");
    let sent = twochat.requests().len();
    assert_eq!(sent, 1);
    let late = run(&["mcp", "--policy", policy.file.to_str().unwrap()], &[]);
    assert_eq!(late.code, Some(2), "{late:?}");
}

#[tokio::test]
async fn the_limits_of_a_connection_hold() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("limits", &twochat);
    policy.replace("secret =", "reply-bytes = 100\nsecret =");
    let error = policy.call(&["list-contacts"]).error();
    assert_eq!(error["kind"], "unexpected-reply", "{error}");
    assert!(error["message"].as_str().unwrap().contains("too large"), "{error}");
    assert_eq!(twochat.requests().len(), 1, "a reply that stays too large was asked for again");
    policy.replace("reply-bytes = 100", "methods = [\"GET\"]");
    let error = policy.call(&create("writer")).error();
    assert_eq!(error["kind"], "denied-by-host", "{error}");
    assert_eq!(twochat.requests().iter().filter(|request| request.method == "POST").count(), 0);
    policy.replace("methods = [\"GET\"]", "private-addresses = true\nat-once = 1");
    policy.call(&["list-contacts"]).result();
}

#[tokio::test]
async fn a_policy_a_folder_or_a_log_of_another_user_is_refused() {
    let twochat = twochat_with(0).await;
    let policy = Policy::of("another", &twochat);
    let folder = policy.file.parent().unwrap().to_owned();
    let log = folder.join("audit.jsonl");
    fs::write(&log, "").unwrap();
    for (path, expected) in [
        (&policy.file, "belongs to another user, so it is not followed"),
        (&folder, "can be replaced by others"),
        (&log, "it belongs to another user"),
    ] {
        // Only root can give a file away, so only root can prove this.
        if chown(path, Some(65534), None).is_err() {
            return;
        }
        let refused = policy.call(&["list-contacts"]);
        assert!(refused.stderr.contains(expected), "{refused:?}");
        assert!([Some(2), Some(3)].contains(&refused.code), "{refused:?}");
        chown(path, Some(0), None).unwrap();
    }
    assert!(twochat.requests().is_empty());
}

#[tokio::test]
async fn a_connection_that_changes_is_another_from_the_next_call_on() {
    let (twochat, other) = (twochat_with(1).await, twochat_with(1).await);
    let policy = Policy::of("moving", &twochat);
    let mut agent = policy.agent("reader");
    agent.call("list-contacts", json!({}));
    policy.replace(&twochat.base_url(), &other.base_url());
    agent.call("list-contacts", json!({}));
    assert_eq!((twochat.requests().len(), other.requests().len()), (1, 1));
}

#[tokio::test]
async fn what_was_revoked_while_it_waits_is_not_tried_again() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("waiting", &twochat);
    let agent = policy.agent("reader");
    twochat.switch_on(Fault::Status(429));
    agent.say(&request(7, "tools/call", json!({ "name": "list-contacts", "arguments": {} })));
    let begun = Instant::now();
    while twochat.requests().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    policy.replace("mask = ", "revoked = true\nmask = ");
    let answer = agent.hear();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(7), &json!(true)));
    assert!(answer.to_string().contains("rate-limited"), "{answer}");
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test]
async fn a_broken_export_is_not_taken_up_by_another_persona() {
    let options = Options { contacts: 250, requests_per_minute: 2, ..Options::default() };
    let twochat = Mock::start(Options { key: CANARY.to_owned(), ..options }).await.unwrap();
    let policy = Policy::of("export", &twochat);
    policy.replace("\"create-contact\", ", "\"create-contact\", \"list-contacts\", ");
    let file = policy.file.with_file_name("contacts.jsonl");
    let words = ["list-contacts", "--all", "--no-retry", "--to", file.to_str().unwrap()];
    assert_eq!(policy.call(&words).code, Some(1));
    let other = policy.call(&[&words[..], &["--persona", "writer"]].concat());
    assert!(other.message(2).contains("it is the beginning of another export"), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_together_comes_of_one_key_and_one_server() {
    let twochat = twochat_with(2).await;
    let policy = Policy::of("source", &twochat);
    policy.replace("{ env = \"WORK_KEY\" }", "{ command = [\"/bin/cat\", \"key\"] }");
    let key = policy.file.with_file_name("key");
    fs::write(&key, CANARY).unwrap();
    let access = Access::of_persona(policy.file.clone(), None, support::twochat());
    let calls = Calls::new(LOADED.1.clone(), Client::new(&[]).unwrap(), access);
    let (action, arguments) = ("list-contacts", json!({}));
    let call = Call::new(action, &arguments);
    let source = calls.source(call).await.unwrap();
    let call = Call { source: Some(&source), ..call };
    calls.make_once(call).await.unwrap().result.unwrap();

    fs::write(&key, "another-key").unwrap();
    let refused = calls.make_once(call).await.unwrap_err().to_string();
    assert!(refused.contains("server or key was changed since this began"), "{refused}");
    fs::write(&key, CANARY).unwrap();
    policy.replace("127.0.0.1", "localhost");
    calls.make_once(call).await.unwrap_err();
    assert_eq!(twochat.requests().len(), 1);
    // What began with none of it is asked of whatever there is now.
    calls.make_once(Call::new(action, &arguments)).await.unwrap().result.unwrap();
    policy.replace("\"list-contacts\", ", "");
    let refused = calls.source(call).await.unwrap_err().to_string();
    assert!(refused.contains("may not call `list-contacts`"), "{refused}");
    let log = fs::read_to_string(policy.file.with_file_name("audit.jsonl")).unwrap();
    assert_eq!(log.matches("refused").count(), 3, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_as_text_is_masked_and_written_down_like_any_other() {
    let twochat = twochat_with(2).await;
    let policy = Policy::of("text", &twochat);
    policy.replace("{ env = \"WORK_KEY\" }", "{ command = [\"/bin/cat\", \"key\"] }");
    fs::write(policy.file.with_file_name("key"), CANARY).unwrap();
    let access = Access::of_persona(policy.file.clone(), None, support::twochat());
    let calls = Calls::new(LOADED.1.clone(), Client::new(&[]).unwrap(), access);
    let arguments = json!({});
    let call = Call::new("list-webhook-subscriptions", &arguments);
    let tree = calls.make_once(call).await.unwrap().result.unwrap();
    let text = calls.make_as::<String>(call, Patience::none(), |_, _| {}).await.unwrap();
    let text = text.result.unwrap();
    assert!(text.contains(MASK) && text.parse::<Value>().unwrap() == tree, "{text}");
    let log = fs::read_to_string(policy.file.with_file_name("audit.jsonl")).unwrap();
    let ended = log.lines().filter_map(|line| line.parse::<Value>().ok()?.get("result").cloned());
    let ended: Vec<_> = ended.collect();
    assert!(ended.len() == 2 && ended[0] == ended[1], "{log}");
}
