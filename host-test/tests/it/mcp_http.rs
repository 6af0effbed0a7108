//! `twochat mcp --http` as agents meet it that share it, and as strangers do.

mod bounds;
mod doors;
mod ends;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{
    agent::request,
    raw::{Raw, Step},
    remote::Served,
    shell::{CANARY, asking, folder, run, twochat_with},
};

/// A policy of two personas, each with a token.
struct Policy {
    file: PathBuf,
    reader: String,
    writer: String,
}

impl Policy {
    fn of(test: &str, base_url: &str) -> Self {
        let folder = folder(&format!("http-{test}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let file = folder.join("policy.toml");
        let text = format!(
            r#"default-persona = "reader"

[connections.work]
base-url = "{base_url}"
secret = {{ env = "WORK_KEY" }}
at-once = 64

[personas.reader]
connection = "work"
actions = ["list-contacts", "list-webhook-subscriptions"]

[personas.writer]
connection = "work"
actions = ["create-contact", "test-api-key"]
"#
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let mut policy = Self { file, reader: String::new(), writer: String::new() };
        (policy.reader, policy.writer) = (policy.token("reader"), policy.token("writer"));
        policy
    }

    /// A new token of the persona.
    fn token(&self, persona: &str) -> String {
        let made = run(&["token", persona, "--policy", self.name()], &[]);
        let token = made.output().trim().to_owned();
        let text = fs::read_to_string(&self.file).unwrap();
        assert!(token.len() > 64 && !text.contains(&token), "{text}");
        token
    }

    fn name(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn served(&self) -> Served {
        Served::with(&["--policy", self.name()], &[("WORK_KEY", CANARY)])
    }

    /// The log's lines, which hold neither a key nor a token.
    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.file.with_file_name("audit.jsonl")).unwrap_or_default();
        let secrets = ["canary", &self.reader, &self.writer];
        assert!(!secrets.iter().any(|secret| text.contains(*secret)), "{text}");
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_at_once_have_their_own_tools_and_their_own_lines_in_the_log() {
    let twochat = twochat_with(3).await;
    let policy = Policy::of("two", &twochat.base_url());
    let served = policy.served();
    let (reader, writer) = (served.agent(Some(&policy.reader)), served.agent(Some(&policy.writer)));
    assert_eq!(reader.tools(), ["list-contacts", "list-webhook-subscriptions"]);
    assert_eq!(writer.tools(), ["create-contact", "test-api-key"]);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let prompt = format!("number {number}");
            let params = |name: &str| json!({ "name": name, "_meta": { "prompt": prompt } });
            let (list, test) = (params("list-contacts"), params("test-api-key"));
            let (reader, writer) = (&reader, &writer);
            scope.spawn(move || {
                let answer = reader.ask("tools/call", list);
                assert_ne!(answer["result"]["isError"], true, "{answer}");
            });
            scope.spawn(move || {
                let answer = writer.ask("tools/call", test);
                assert_eq!(answer["result"]["structuredContent"]["verdict"], "valid", "{answer}");
            });
        }
    });
    let refused = reader.call("create-contact", json!({ "first-name": "Ada" }));
    assert!(refused.to_string().contains("may not call `create-contact`"), "{refused}");
    let log = policy.log();
    let of = |persona: &str, action: &str| {
        let lines =
            log.iter().filter(|line| line["persona"] == persona && line["action"] == action);
        let mut prompts: Vec<_> = lines.filter_map(|line| line["prompt"].as_str()).collect();
        prompts.sort_unstable();
        prompts.dedup();
        prompts.len()
    };
    assert_eq!((of("reader", "list-contacts"), of("writer", "test-api-key")), (8, 8), "{log:?}");
    assert_eq!((of("writer", "list-contacts"), of("reader", "test-api-key")), (0, 0), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_server_repeats_is_in_no_reply_and_no_log() {
    let body = format!("{{\"success\":false,\"message\":\"no {CANARY} here\"}}");
    let length = body.len();
    let repeats =
        format!("HTTP/1.1 400 x\r\ncontent-length: {length}\r\nx: {CANARY}\r\n\r\n{body}");
    let twochat = Raw::replying(vec![Step::Send(repeats.into())]).await;
    let policy = Policy::of("canary", &twochat.base_url());
    let served = policy.served();
    let agent = served.agent(Some(&policy.reader));
    let refused = agent.call("list-contacts", json!({})).to_string();
    assert!(refused.contains("no *****"), "{refused}");
    let arguments = json!({ "page-number": CANARY });
    let params = json!({ "name": "list-contacts", "arguments": arguments });
    let answer = agent.told(&request(50, "tools/call", params));
    assert_eq!(answer.status, 200);
    assert!(policy.log().len() > 2 && twochat.requests()[0].contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_whoever_is_on_this_machine_is_served_in_every_version() {
    let twochat = twochat_with(3).await;
    let served = Served::with(&[], &asking(&twochat.base_url()));
    let agent = served.agent(None);
    assert_eq!(agent.call("test-api-key", json!({}))["structuredContent"]["verdict"], "valid");
    // A client of the version without a handshake, and so without a session.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let call = request(7, "tools/call", json!({ "name": "test-api-key", "_meta": meta }));
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "test-api-key"),
    ];
    let reply = served.asked(&headers, &call.to_string());
    assert_eq!(reply.header("content-type"), Some("application/json"), "{reply:?}");
    assert_eq!(reply.message()["result"]["structuredContent"]["verdict"], "valid", "{reply:?}");
    // What is not given as it should be is taken as it was meant here as well.
    let call = json!({ "name": "list-contacts", "arguments": "{\"results_per_page\": \"1\"}" });
    let answer = agent.ask("tools/call", call);
    let listed = &answer["result"]["structuredContent"]["contacts"];
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{answer}");
}
