//! Components written to do harm, run on the reference host with its real gate:
//! each is stopped with a clear word, and neither a call at the same time nor
//! one afterwards, nor the server, notices more of it than was allowed.

mod answers;
mod calling;
mod doors;
mod frame;
mod requests;
mod server;
mod work;

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use host::{
    client::Client,
    engine::{CallError, Connector, Limits, Outcome},
};
use mock::{Mock, Options};
use serde_json::{Value, json};

use self::server::{Manner, Server};
use crate::support::Caller;

/// What no guest may know.
const KEY: &str = "canary-key";
/// Longer than a call beside a guest that does harm may take, and than a guest
/// may go on after its time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Limits that are soon reached.
const LOW: Limits = Limits {
    fuel: 50_000_000,
    memory: 64 << 20,
    table: 10_000,
    resources: 64,
    time: Duration::from_secs(2),
};
/// As much work as a guest likes, for so long.
const TIMED: Limits = Limits { fuel: u64::MAX, time: Duration::from_secs(1), ..LOW };

static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(&[]).unwrap());

/// Runs a guest against a server, and all the while calls of the connector on
/// the same host, with the same client, against another.
async fn run_with(
    guest: &Connector,
    arguments: &Value,
    server: &Server,
    limits: Limits,
) -> Result<Outcome, CallError> {
    let options = Options { requests_per_minute: 1_000_000, ..Options::default() };
    let twochat = Mock::start(options).await.unwrap();
    let good = Caller::of(&twochat).trusting(CLIENT.clone());
    let harming = Caller::to(&server.base_url(), Some(KEY)).connection;

    let ended = AtomicBool::new(false);
    let harm = async {
        let begun = Instant::now();
        let outlet = harming.outlet(&CLIENT);
        let called = guest.call("run", arguments, outlet, limits).await;
        ended.store(true, SeqCst);
        assert!(begun.elapsed() < limits.time + PATIENCE, "{:?}", begun.elapsed());
        called
    };
    let others = async {
        loop {
            let begun = Instant::now();
            good.call("list-contacts", json!({})).await.unwrap();
            assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
            if ended.load(SeqCst) {
                break;
            }
        }
    };
    let (called, ()) = tokio::join!(harm, others);
    server.is_left_alone().await;
    good.call("list-contacts", json!({})).await.unwrap();
    called
}

/// Runs a guest that is told where a server is.
async fn run(guest: &Connector, server: &Server, limits: Limits) -> Result<Outcome, CallError> {
    run_with(guest, &json!({ "to": server.authority() }), server, limits).await
}

/// Runs a guest that needs no server, and gives why it was stopped.
async fn stopped(guest: &Connector, limits: Limits) -> String {
    let server = Server::start(Manner::Silent).await;
    let takes = guest.actions()[0].params.len();
    let arguments = if takes == 0 { json!({}) } else { json!({ "to": server.authority() }) };
    let error = run_with(guest, &arguments, &server, limits).await.unwrap_err();
    assert_eq!(server.bytes(), 0);
    error.to_string()
}
