//! How many events are read in a second, on one core?

use std::{env, process::Command};

use host::engine::{Connector, Host, Limits, Outlet};
use mock::sample;
use serde_json::json;

use crate::{
    measure::{cost, median},
    twochat::CONNECTOR,
};

const EVENT: &str = "whatsapp.message.received";
const ROUNDS: usize = 11;
/// Events in a round.
const EVENTS: usize = 2_000;

/// Seconds of CPU for each event, for each way to read it: by the component on an instance
/// that is kept and on one for each, and by the component's own code without a sandbox.
pub(crate) async fn read(host: &Host) -> [(&'static str, f64); 3] {
    let connector = host.load(CONNECTOR).unwrap();
    [
        ("generic host, JSON, kept instance", through(&connector, true).await),
        ("generic host, JSON", through(&connector, false).await),
        ("native, types", natively()),
    ]
}

async fn through(connector: &Connector, is_kept: bool) -> f64 {
    let arguments = json!({ "event-name": EVENT, "body": sample(EVENT).unwrap() });
    let mut instance = connector.instance(Limits::default());
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let round = async {
            for _ in 0..EVENTS {
                if !is_kept {
                    instance = connector.instance(Limits::default());
                }
                let read = instance.call_as::<String>("read-event", &arguments, Outlet::closed());
                let event = read.await.unwrap().result.unwrap();
                assert!(event.contains("\"phone-number\":"), "{event}");
            }
        };
        rounds.push(cost(EVENTS, round).await.cpu);
    }
    median(rounds.into_iter())
}

/// As the component's own tests measure it.
fn natively() -> f64 {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--quiet", "--profile", "bench", "--package", "twochat", "--lib"]);
    cargo.args(["--", "--ignored", "--nocapture", "an_event_is_read_natively"]);
    cargo.env("TWOCHAT_EVENT", EVENT).env("TWOCHAT_EVENT_BODY", sample(EVENT).unwrap());
    let told = cargo.output().unwrap();
    let out = String::from_utf8_lossy(&told.stdout);
    let seconds = out.lines().find_map(|line| line.split_once("seconds: ")?.1.parse().ok());
    seconds.unwrap_or_else(|| panic!("{out}{}", String::from_utf8_lossy(&told.stderr)))
}
