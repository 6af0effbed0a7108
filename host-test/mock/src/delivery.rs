//! How does an event come to those who subscribed for it? As a POST of its body, as
//! 2Chat sends it, but to this machine alone.
//!
//! Knows no event: bodies are in [`super::events`].

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use chrono::Utc;
use http::{Method, Request, Uri, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::events::{EVENTS, current, sample};
use super::exchange::{Received, Reply};
use super::judge;
use super::memory::Memory;
use super::webhooks::Webhook;

/// Where somebody asks for deliveries: behind it stands the event.
pub(super) const CONTROL: &str = "/mock/events/";
/// So many samples were reported.
static REPORTED: AtomicU32 = AtomicU32::new(0);
/// So long a receiver has.
const TIME: Duration = Duration::from_secs(5);

/// What came of a delivery to one url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The subscription.
    pub uuid: String,
    /// The status that came back, or why none did.
    pub outcome: Result<u16, String>,
}

/// What is to be delivered to whom, if who asks for it may.
pub(super) fn asked(
    memory: &Memory,
    event: &str,
    request: &Received,
) -> Result<(Vec<Webhook>, String), Reply> {
    judge::let_in(memory, request)?;
    if request.method != "POST" {
        return Err(Reply::gateway(405, "Method Not Allowed"));
    }
    let body = match request.body.trim() {
        "" => {
            let count = REPORTED.fetch_add(1, Relaxed);
            current(event, Utc::now(), count).ok_or_else(|| without_sample(event))?
        }
        _ => request.body.clone(),
    };
    Ok((memory.webhooks.of(event), body))
}

fn without_sample(event: &str) -> Reply {
    let sampled: Vec<_> = EVENTS.into_iter().filter(|event| sample(event).is_some()).collect();
    let what = if EVENTS.contains(&event) {
        format!("There is no sample of {event}: post a body")
    } else {
        format!("There is no event {event}")
    };
    Reply::envelope(404, &format!("{what}. Without a body go {}", sampled.join(", ")))
}

/// Posts the body to each, one after another.
pub(super) async fn deliver(subscribed: Vec<Webhook>, body: &str) -> Vec<Delivered> {
    let mut delivered = Vec::new();
    for webhook in subscribed {
        let outcome = match tokio::time::timeout(TIME, post(&webhook.hook_url, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer came within {TIME:?}")),
        };
        delivered.push(Delivered { uuid: webhook.uuid(), outcome });
    }
    delivered
}

async fn post(hook_url: &str, body: &str) -> Result<u16, String> {
    let url: Uri = hook_url.parse().map_err(|_| "it is no url".to_owned())?;
    let host = url.host().unwrap_or_default();
    // Without a lookup, which could lead elsewhere.
    let host = if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if url.scheme_str() != Some("http") || !address.is_ok_and(|address| address.is_loopback()) {
        return Err("only http urls on this machine are sent anything".to_owned());
    }
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("http://{host}:{}{path}", url.port_u16().unwrap_or(80));
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(axum::body::Bytes::from(body.to_owned())))
        .map_err(|error| error.to_string())?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let reply = client.request(request).await;
    reply.map(|reply| reply.status().as_u16()).map_err(|error| error.to_string())
}

/// What came of it, for whoever asked.
pub(super) fn told(delivered: &[Delivered]) -> Reply {
    let row = |Delivered { uuid, outcome }: &Delivered| match outcome {
        Ok(status) => json!({"uuid": uuid, "status": status}),
        Err(why) => json!({"uuid": uuid, "error": why}),
    };
    let rows: Vec<Value> = delivered.iter().map(row).collect();
    let mut told = json!({ "delivered": rows });
    if let (true, Some(told)) = (rows.is_empty(), told.as_object_mut()) {
        told.insert("note".to_owned(), json!("nobody has subscribed for it"));
    }
    Reply::json(200, told)
}
