//! The ways to list contacts that are compared.

use std::{cell::OnceCell, fmt, sync::Arc};

use host::{
    client::Client,
    engine::{Connector, Host, Instance, Limits},
    gate::{Bounds, Connection},
    json::Form,
    secret::Secret,
};
use mock::DEFAULT_KEY;
use serde_json::{Value, json};

use crate::{
    native::Native,
    twochat::{CONNECTOR, twochat},
    typed::{Kept, Typed},
};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// No sandbox: a pooled client and typed decoding.
    Native,
    /// The same, with the component's JSON as the result.
    NativeJson,
    /// Bindings, an instance for each call.
    Typed,
    /// Bindings, one instance for all calls.
    TypedKept,
    /// The library, an instance for each call, JSON as the result.
    Generic,
    /// The same with one instance for all calls.
    GenericKept,
}

pub(crate) const WAYS: [Way; 6] =
    [Way::Native, Way::NativeJson, Way::Typed, Way::TypedKept, Way::Generic, Way::GenericKept];

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native, types",
            Self::NativeJson => "native, JSON",
            Self::Typed => "typed host",
            Self::TypedKept => "typed host, kept instance",
            Self::Generic => "generic host, JSON",
            Self::GenericKept => "generic host, JSON, kept instance",
        })
    }
}

/// What all callers share.
pub(crate) struct Setup {
    native: Native,
    /// Compiled where it is needed.
    typed: OnceCell<Typed>,
    connector: Connector,
    client: Client,
    connection: Arc<Connection>,
}

impl Setup {
    pub(crate) fn new(host: &Host, base_url: &str) -> Self {
        let key = Secret::new(DEFAULT_KEY).unwrap();
        let bounds = Bounds { at_once: 1000, ..Bounds::default() };
        Self {
            native: Native::new(base_url),
            typed: OnceCell::new(),
            connector: host.load(CONNECTOR).unwrap(),
            client: Client::new(&[]).unwrap(),
            connection: Arc::new(
                Connection::new(&twochat(), base_url, Some(key)).unwrap().with_bounds(bounds),
            ),
        }
    }

    /// What a call takes of it.
    pub(crate) async fn fuel(&self) -> u64 {
        let query = json!({ "results-per-page": 100 });
        let outlet = self.connection.outlet(&self.client);
        let called = self.connector.call("list-contacts", &query, outlet, Limits::default()).await;
        called.unwrap().fuel
    }

    pub(crate) fn callers(&self, way: Way, count: usize) -> Vec<Caller<'_>> {
        let instance = || self.connector.instance(Limits::default());
        let caller = |_| Caller { setup: self, way, kept: instance(), typed: None };
        (0..count).map(caller).collect()
    }
}

/// Makes one call after another.
pub(crate) struct Caller<'a> {
    setup: &'a Setup,
    way: Way,
    kept: Instance,
    typed: Option<Kept>,
}

impl Caller<'_> {
    /// Lists contacts. `count`: how many there must be.
    pub(crate) async fn list(&mut self, count: usize) {
        let Setup { native, typed, client, connection, .. } = self.setup;
        let json = match self.way {
            Way::Native => return assert_eq!(native.page(0).await.contacts.len(), count),
            Way::NativeJson => native.json().await,
            Way::Typed | Way::TypedKept => {
                let mut kept = self.typed.take().filter(|_| self.way == Way::TypedKept);
                let typed = typed.get_or_init(Typed::new);
                let listed = typed.list(&mut kept, connection.outlet(client)).await;
                self.typed = kept.filter(|_| self.way == Way::TypedKept);
                return assert_eq!(listed, count);
            }
            Way::Generic | Way::GenericKept => {
                self.call::<String>(json!({ "results-per-page": 100 })).await.unwrap()
            }
        };
        assert_eq!(json.matches("\"uuid\":").count(), count);
    }

    /// A call that the component refuses before it sends anything.
    pub(crate) async fn refused(&mut self) {
        let error = self.call::<String>(json!({ "results-per-page": 101 })).await.unwrap_err();
        assert_eq!(error["field"], "results-per-page");
    }

    pub(crate) async fn call<T: Form>(&mut self, query: Value) -> Result<T, Value> {
        let Setup { connector, client, connection, .. } = self.setup;
        let mut fresh =
            (self.way != Way::GenericKept).then(|| connector.instance(Limits::default()));
        let instance = fresh.as_mut().unwrap_or(&mut self.kept);
        let outlet = connection.outlet(client);
        instance.call_as("list-contacts", &query, outlet).await.unwrap().result
    }
}
