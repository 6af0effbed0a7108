//! What every test needs: the connector, and somebody to answer it.

pub(crate) mod agent;
pub(crate) mod authority;
pub(crate) mod described;
pub(crate) mod everything;
pub(crate) mod hook;
pub(crate) mod known;
pub(crate) mod paged;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod reacting;
pub(crate) mod receiver;
pub(crate) mod remote;
pub(crate) mod schemas;
pub(crate) mod shell;
pub(crate) mod told;
mod twochat;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use host::{
    client::Client,
    engine::{Connector, Host, Limits, Outcome, Outlet},
    gate::Connection,
    secret::Secret,
};
use mock::{DEFAULT_KEY, Fault, Mock, Options};
use serde_json::Value;

use crate::actions;

pub(crate) use self::twochat::{CONNECTOR, host_of_any_route, twochat};

/// The connector, compiled once for all tests.
pub(crate) static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
    let host = twochat::host_of_any_route();
    let connector = host.load(CONNECTOR).unwrap();
    (host, connector)
});

/// How what is measured and made is renewed.
pub(crate) const RENEW: &str = "If that is meant, renew budgets and tables: \
    `TWOCHAT_RENEW=1 cargo test -p twochat-cli --test it -- renew budget`";

/// Whether budgets and tables are to be renewed instead of held.
pub(crate) fn renewing() -> bool {
    std::env::var_os("TWOCHAT_RENEW").is_some()
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A mock 2Chat with its usual account.
pub(crate) async fn mock() -> Mock {
    Mock::start(Options::default()).await.unwrap()
}

/// A mock 2Chat with a fault.
pub(crate) async fn mock_with(faults: &[Fault]) -> Mock {
    Mock::start(Options { faults: faults.to_vec(), ..Options::default() }).await.unwrap()
}

/// A host that holds the right key for a mock.
pub(crate) struct Caller {
    client: Client,
    pub(crate) connection: Arc<Connection>,
    pub(crate) limits: Limits,
}

impl Caller {
    pub(crate) fn of(mock: &Mock) -> Self {
        Self::to(&mock.base_url(), Some(DEFAULT_KEY))
    }

    pub(crate) fn to(base_url: &str, key: Option<&str>) -> Self {
        let key = key.map(|key| Secret::new(key).unwrap());
        Self {
            client: Client::new(&[]).unwrap(),
            connection: Arc::new(Connection::new(&twochat(), base_url, key).unwrap()),
            limits: Limits::default(),
        }
    }

    pub(crate) fn trusting(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// Carries out a call and proves what holds for every call.
    pub(crate) async fn call(&self, action: &str, arguments: Value) -> Result<Value, Value> {
        let outlet = self.connection.outlet(&self.client);
        outcome(action, arguments, outlet, self.limits).await.result
    }
}

/// Carries out a call and proves what holds for every call: it ends by itself,
/// gives back every resource, an error is well formed, and all that goes in and
/// comes out is as the schemas say.
pub(crate) async fn outcome(
    action: &str,
    arguments: Value,
    outlet: Outlet,
    limits: Limits,
) -> Outcome {
    let called = LOADED.1.call(action, &arguments, outlet, limits).await;
    let outcome = called.unwrap_or_else(|error| panic!("{action} {arguments}: {error}"));
    assert_eq!(outcome.resources_left, 0, "{action} {arguments} leaks resources");
    schemas::hold(action, &arguments, &outcome.result);
    if let Err(error) = &outcome.result {
        let message = error["message"].as_str().unwrap();
        assert!(!message.is_empty() && message.len() <= 1000, "{error}");
        assert!(!message.contains(char::is_control), "{error}");
    }
    outcome
}

/// The fields of an error that tell a host what to do.
pub(crate) fn policy(error: &Value) -> (&str, &str, &str) {
    let field = |name: &str| error[name].as_str().unwrap_or_default();
    (field("kind"), field("carried-out"), field("retry"))
}

/// All actions, each with arguments that are taken.
pub(crate) fn every_action() -> Vec<(&'static str, Value)> {
    actions::all().into_iter().map(|known| (known.name, known.arguments)).collect()
}

/// What the test file of this action tells.
pub(crate) fn known_of(action: &str) -> known::Known {
    let known = actions::all().into_iter().find(|known| known.name == action);
    known.unwrap_or_else(|| panic!("no test file tells of {action}"))
}

/// The names of all actions, in the order of the contract.
pub(crate) fn names() -> Vec<String> {
    schemas::TOOLS.iter().map(|tool| tool.name.clone()).collect()
}

/// The least that `create-contact` takes.
pub(crate) fn new_contact() -> Value {
    serde_json::json!({
        "first-name": "Ada",
        "details": [{ "kind": "phone", "value": "+14155550123" }],
    })
}
