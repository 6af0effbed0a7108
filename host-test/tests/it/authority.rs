//! What a file states of itself is what this host gives the built-in one, and what another
//! vendor's gets once somebody has connected it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use host::docs::{Docs, SECTION};
use serde_json::json;

use crate::support::{
    CONNECTOR,
    described::{gzip, with_docs},
    raw::{Raw, Step},
    shell::{CANARY, asking, fed, file, folder, run},
};

/// The connector as another vendor would ship it: with another header and another setting,
/// and of the lines of its docs this one for that one.
fn fork(name: &str, origin: &str, from: &str, to: &str) -> PathBuf {
    let mut bytes = CONNECTOR.to_owned();
    let docs = Docs::of(&bytes);
    let mut put = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let places: Vec<_> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty(), "{from}");
        places.iter().for_each(|at| bytes[*at..][..to.len()].copy_from_slice(to.as_bytes()));
    };
    put("TWOCHAT_BASE_URL", "FORKED__BASE_URL");
    put(SECTION, "other-packa.gz");
    let wit = docs.wit().replace("https://api.p.2chat.io", origin);
    let wit = wit.replace("X-User-API-Key", "X-Fork-API-Key");
    let wit = wit.replace("TWOCHAT_BASE_URL", "FORKED__BASE_URL").replace(from, to);
    file(name, &with_docs(bytes, &gzip(wit.as_bytes())))
}

/// How the command is told to run it, by whichever route it was built.
fn component(file: &Path) -> [&str; 4] {
    ["--component", file.to_str().unwrap(), "--allow-import", "wasi:cli"]
}

/// A server that knows every key.
async fn server() -> Raw {
    let body =
        json!({ "success": true, "account": { "uuid": "ACC1" }, "contacts": [] }).to_string();
    let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    Raw::replying(vec![Step::Send(reply.into())]).await
}

#[test]
fn the_built_in_component_states_what_this_host_gives_it() {
    let stated = run(&["tools", "--authority"], &[]).result();
    let meaning = |name: &str| stated[name]["meaning"].as_str().unwrap().to_owned();
    let (key, base_url) = (meaning("key-setting"), meaning("base-url-setting"));
    assert!(key.starts_with("The account's key") && base_url.contains("loopback"), "{stated}");
    assert_eq!(
        stated,
        json!({
            "origin": "https://api.p.2chat.io",
            "path": "/open",
            "methods": ["GET", "POST", "DELETE"],
            "key-header": "x-user-api-key",
            "key-setting": { "name": "TWOCHAT_API_KEY", "meaning": key },
            "base-url-setting": { "name": "TWOCHAT_BASE_URL", "meaning": base_url },
        })
    );
    let found = run(&["inspect", "--output", "json"], &[]).result();
    assert_eq!(found["asks-for"], stated);
    assert_eq!(found["host"]["methods"], stated["methods"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vendors_file_gets_nothing_until_it_is_connected_and_then_what_it_states() {
    let server = server().await;
    let origin = server.base_url().trim_end_matches("/open").to_owned();
    let file = fork("authority-fork.wasm", &origin, "", "");
    let component = component(&file);
    let policy = folder("authority").join("policy.toml");
    let with_policy = ["--policy", policy.to_str().unwrap()];

    for words in [&["call", "list-contacts"][..], &["mcp"]] {
        let refused = run(&[words, &component].concat(), &asking(&server.base_url()));
        let message = refused.message(2).to_owned();
        for word in
            ["GET, POST, DELETE", &server.base_url(), "x-fork-api-key", "twochat connect NAME"]
        {
            assert!(message.contains(word), "{word}: {message}");
        }
    }
    assert_eq!(server.connections(), 0, "something was sent");

    let connect = [&["connect", "other"][..], &component, &with_policy].concat();
    let connected = fed(&connect, &[], CANARY.into());
    assert_eq!(connected.code, Some(0), "{connected:?}");
    let goes = format!(
        "({}, GET and POST and DELETE, the key in the header x-fork-api-key)",
        server.base_url()
    );
    assert!(connected.stdout.contains(&goes), "{connected:?}");
    let mut text = fs::read_to_string(&policy).unwrap();
    text += "\n[personas.p]\nconnection = \"other\"\nactions = [\"list-contacts\"]\n";
    fs::write(&policy, text).unwrap();
    let call =
        [&["call", "list-contacts", "--persona", "p"][..], &component, &with_policy].concat();
    assert_eq!(run(&call, &[]).result()["contacts"], json!([]));

    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests.iter().map(|request| request.to_lowercase()) {
        assert!(request.contains(&format!("x-fork-api-key: {CANARY}")), "{request}");
        assert!(!request.contains("x-user-api-key"), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_stated_does_not_leave() {
    let server = server().await;
    let origin = server.base_url().trim_end_matches("/open").to_owned();
    let file = fork("authority-reads.wasm", &origin, "Methods: GET, POST, DELETE", "Methods: GET");
    let component = component(&file);
    let policy = folder("authority-reads").join("policy.toml");
    let with_policy = ["--policy", policy.to_str().unwrap()];
    let connect = [&["connect", "other"][..], &component, &with_policy].concat();
    assert_eq!(fed(&connect, &[], CANARY.into()).code, Some(0));
    let mut text = fs::read_to_string(&policy).unwrap();
    text += "\n[personas.p]\nconnection = \"other\"\nactions = [\"create-contact\"]\n";
    fs::write(&policy, text).unwrap();
    let contact = r#"{"first-name":"Ada","details":[{"kind":"email","value":"ada@example.com"}]}"#;
    let call = ["call", "create-contact", contact, "--persona", "p"];
    let error = run(&[&call[..], &component, &with_policy].concat(), &[]).error();
    assert_eq!(error["kind"], "denied-by-host", "{error}");
    assert_eq!(server.requests().len(), 1, "but for the test of the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_one_vendor_is_not_used_by_the_file_of_another() {
    let server = server().await;
    let origin = server.base_url().trim_end_matches("/open").to_owned();
    let file = fork("authority-other.wasm", &origin, "", "");
    let component = component(&file);
    let policy = folder("authority-other").join("policy.toml");
    let with_policy = ["--policy", policy.to_str().unwrap()];
    let base = server.base_url();
    let own = [&["connect", "own", "--base-url", &base][..], &with_policy].concat();
    assert_eq!(fed(&own, &[], CANARY.into()).code, Some(0));
    let sent = server.requests().len();
    let mut text = fs::read_to_string(&policy).unwrap();
    text += "\n[personas.p]\nconnection = \"own\"\nactions = [\"list-contacts\"]\n";
    fs::write(&policy, text).unwrap();

    let call =
        [&["call", "list-contacts", "--persona", "p"][..], &component, &with_policy].concat();
    let refused = run(&call, &[]);
    assert!(refused.message(2).contains("was not made for this component"), "{refused:?}");
    let connect = [&["connect", "own"][..], &component, &with_policy].concat();
    let refused = fed(&connect, &[], CANARY.into());
    assert!(refused.message(2).contains("take another name"), "{refused:?}");
    assert_eq!(server.requests().len(), sent, "something was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_followed_is_nobodys() {
    let server = server().await;
    let origin = server.base_url().trim_end_matches("/open").to_owned();
    for (number, (from, to)) in [
        ("Methods: GET, POST, DELETE", "Methods: GET, LIST"),
        ("Path: /open", "Path: open"),
        ("Key header: X-Fork-API-Key", "Key header: Host"),
        ("Key header: X-Fork-API-Key", "Key header: X Fork"),
        ("Methods: GET, POST, DELETE", "Methods: GET, POST, DELETE\n/// Methods: GET"),
        ("Key header: ", "KEY HEADER: "),
    ]
    .into_iter()
    .enumerate()
    {
        let file = fork(&format!("authority-odd-{number}.wasm"), &origin, from, to);
        let call = [&["call", "list-contacts"][..], &component(&file)].concat();
        let refused = run(&call, &asking(&server.base_url()));
        assert!(refused.message(2).contains("the docs of its world"), "{to}: {refused:?}");
    }
    assert_eq!(server.connections(), 0, "something was sent");
}
