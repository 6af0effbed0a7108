//! The ways to list contacts that are compared.

use std::{fmt, sync::Arc};

use crate::twochat::{CONNECTOR, twochat};
use bytes::Bytes;
use host::{
    client::Client,
    engine::{Connector, Host, Instance, Limits},
    gate::{Bounds, Connection},
    secret::Secret,
};
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use mock::DEFAULT_KEY;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// No sandbox: a pooled client and typed decoding.
    Native,
    /// An instance for each call, through the gate.
    Fresh,
    /// One instance for all calls, through the gate.
    Kept,
}

pub(crate) const WAYS: [Way; 3] = [Way::Native, Way::Fresh, Way::Kept];

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Fresh => "fresh instance",
            Self::Kept => "kept instance",
        })
    }
}

/// What all callers share.
pub(crate) struct Setup {
    native: Native,
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
            connector: host.load(CONNECTOR).unwrap(),
            client: Client::new(&[]).unwrap(),
            connection: Arc::new(
                Connection::new(&twochat(), base_url, Some(key)).unwrap().with_bounds(bounds),
            ),
        }
    }

    pub(crate) fn callers(&self, way: Way, count: usize) -> Vec<Caller<'_>> {
        let instance = || self.connector.instance(Limits::default());
        (0..count).map(|_| Caller { setup: self, way, kept: instance() }).collect()
    }
}

/// Makes one call after another.
pub(crate) struct Caller<'a> {
    setup: &'a Setup,
    way: Way,
    kept: Instance,
}

impl Caller<'_> {
    /// How many contacts a call lists.
    pub(crate) async fn list(&mut self) -> usize {
        if self.way == Way::Native {
            return self.setup.native.list().await;
        }
        let page = self.call(json!({ "results-per-page": 100 })).await.unwrap();
        page["contacts"].as_array().unwrap().len()
    }

    /// A call that the component refuses before it sends anything.
    pub(crate) async fn refused(&mut self) {
        let error = self.call(json!({ "results-per-page": 101 })).await.unwrap_err();
        assert_eq!(error["field"], "results-per-page");
    }

    async fn call(&mut self, query: Value) -> Result<Value, Value> {
        let Setup { connector, client, connection, .. } = self.setup;
        let limits = Limits::default();
        let outcome = match self.way {
            Way::Kept => self.kept.call("list-contacts", &query, connection.outlet(client)).await,
            _ => connector.call("list-contacts", &query, connection.outlet(client), limits).await,
        };
        outcome.unwrap().result
    }
}

/// The same call as a program makes it that has no sandbox.
pub(crate) struct Native {
    client: legacy::Client<HttpConnector, Empty<Bytes>>,
    url: String,
}

impl Native {
    pub(crate) fn new(base_url: &str) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(64)
            .build(tcp);
        let url = format!("{base_url}/contacts?page_number=0&results_per_page=100");
        Self { client, url }
    }

    pub(crate) async fn list(&self) -> usize {
        let request = Request::get(&self.url)
            .header("x-user-api-key", DEFAULT_KEY)
            .header("accept", "application/json")
            .header("user-agent", "native")
            .body(Empty::new())
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let page: Page = serde_json::from_slice(&body).unwrap();
        std::hint::black_box(page).contacts.len()
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as a caller would, who needs all of it")]
struct Page {
    contacts: Vec<Contact>,
    count: Option<u64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct Contact {
    id: Option<u64>,
    uuid: String,
    first_name: Option<String>,
    last_name: Option<String>,
    channel_uuid: Option<String>,
    profile_pic_url: Option<String>,
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct Detail {
    id: Option<u64>,
    #[serde(rename = "type")]
    kind: String,
    value: String,
    created_at: Option<String>,
    updated_at: Option<String>,
}
