//! Networks as companies have them: proxies, authorities of their own, connections that
//! end while nobody looks, and a host that says why nothing left.

use std::{path::Path, sync::Arc, time::Duration};

use host::{
    access::{Access, Owner},
    calls::{Call, Calls},
    client::Client,
    gate::Connection,
    retry::Patience,
    secret::Secret,
};
use serde_json::Value;

use crate::support::{
    LOADED,
    authority::Authority,
    known_of,
    raw::{Raw, Step},
    shell::{CANARY, Run, folder, run},
    twochat,
};

mod certificates;
mod held;
mod idle;
mod proxies;

/// A name that no name server knows, but a proxy does.
const NAME: &str = "api.example.test";
const BASE: &str = "https://api.example.test/open";

/// A connection with the right key.
fn connection(base: &str) -> Connection {
    Connection::new(&twochat(), base, Some(Secret::new(CANARY).unwrap())).unwrap()
}

/// A connection, called as by the host's own user, within this time.
async fn call_within(
    time: Duration,
    connection: &Arc<Connection>,
    client: &Client,
    action: &str,
) -> Result<Value, Value> {
    let arguments = known_of(action).arguments;
    let connection = Arc::clone(connection);
    let access =
        Access::Owner(Owner { connection, name: None, log: None, until: None, only_reads: false });
    let calls = Calls::new(LOADED.1.clone(), client.clone(), access);
    let call = Call::new(action, &arguments);
    let outcome = calls.make(call, Patience::new(0, time), |_, _| {}).await.unwrap();
    if let Err(error) = &outcome.result {
        let message = error["message"].as_str().unwrap();
        assert!(message.len() < 1000 && !message.contains(char::is_control), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    outcome.result
}

async fn call(connection: Connection, client: &Client, action: &str) -> Result<Value, Value> {
    call_within(Duration::from_secs(60), &Arc::new(connection), client, action).await
}

/// What the host added to an error.
fn addition(error: &Value) -> &str {
    let message = error["message"].as_str().unwrap();
    message.split_once(" The reason: ").unwrap_or_else(|| panic!("{error}")).1
}

/// A reply that fits reading and creating.
fn reply() -> Vec<Step> {
    let body = r#"{"success":true,"count":0,"contacts":[],"contact":{"uuid":"CON1"}}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![Step::Send((head + body).into())]
}

/// 2Chat under its public name, as only a proxy reaches it.
async fn public_server(authority: &Authority) -> Raw {
    Raw::over_tls(authority.acceptor(NAME, 2040), reply()).await
}

/// A folder with a policy of one connection, with these lines in it, and a file of this
/// authority.
fn policy(name: &str, base: &str, lines: &str, authority: &Authority) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&format!("network-{name}"));
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    write(&folder.join("authority.pem"), &authority.pem());
    let file = folder.join("policy.toml");
    write(
        &file,
        &format!(
            "default-persona = \"all\"\n[connections.work]\nbase-url = \"{base}\"\n\
             secret = {{ env = \"WORK_KEY\" }}\n{lines}\n[personas.all]\nconnection = \"work\"\n\
             actions = [\"list-contacts\", \"create-contact\"]\n"
        ),
    );
    file
}

/// Writes a file that nobody else may write to.
fn write(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Lists contacts with the command, under a policy, once.
fn list_under(policy: &Path, settings: &[(&str, &str)]) -> Run {
    let words = ["call", "list-contacts", "--no-retry", "--policy", policy.to_str().unwrap()];
    run(&words, &[&[("WORK_KEY", CANARY)], settings].concat())
}

/// Lists contacts with the command, without a policy, once.
fn list_at(base: &str, settings: &[(&str, &str)]) -> Run {
    let own = [("TWOCHAT_BASE_URL", base), ("TWOCHAT_API_KEY", CANARY)];
    run(&["call", "list-contacts", "--no-retry"], &[&own[..], settings].concat())
}
