//! The same call as a program makes it that has no sandbox: a client that keeps its
//! connections, and typed decoding. It can also give what the component gives: read,
//! checked, each contact once, and written as the same JSON.

use std::collections::HashSet;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use mock::DEFAULT_KEY;
use serde::{Deserialize, Serialize};

pub(crate) struct Native {
    client: legacy::Client<HttpConnector, Empty<Bytes>>,
    contacts: String,
}

impl Native {
    pub(crate) fn new(base_url: &str) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(64)
            .build(tcp);
        Self { client, contacts: format!("{base_url}/contacts") }
    }

    /// A page of contacts, read into types.
    pub(crate) async fn page(&self, number: u32) -> Page {
        let url = format!("{}?page_number={number}&results_per_page=100", self.contacts);
        let request = Request::get(url)
            .header("x-user-api-key", DEFAULT_KEY)
            .header("accept", "application/json")
            .header("user-agent", "native")
            .body(Empty::new())
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    /// The same page as the component's result is written.
    pub(crate) async fn json(&self) -> String {
        let mut page = self.page(0).await;
        let mut seen = HashSet::new();
        page.contacts.retain(|contact| seen.insert(contact.uuid.clone()));
        for detail in page.contacts.iter_mut().flat_map(|contact| &mut contact.details) {
            for time in [&mut detail.created_at, &mut detail.updated_at].into_iter().flatten() {
                checked(time);
            }
        }
        page.next_page = (!page.contacts.is_empty()).then_some(1);
        serde_json::to_string(&page).unwrap()
    }

    /// All contacts as CSV, each once: how many there were.
    pub(crate) async fn all(&self, out: impl std::io::Write) -> usize {
        let mut rows = csv::Writer::from_writer(out);
        let mut seen = HashSet::new();
        for number in 0.. {
            let page = self.page(number).await;
            if page.contacts.is_empty() {
                break;
            }
            for contact in page.contacts.iter().filter(|it| seen.insert(it.uuid.clone())) {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let details = serde_json::to_string(&contact.details).unwrap();
                rows.write_record([
                    contact.id.unwrap_or_default().to_string(),
                    contact.uuid.clone(),
                    text(&contact.first_name),
                    text(&contact.last_name),
                    text(&contact.channel_uuid),
                    text(&contact.profile_pic_url),
                    details,
                ])
                .unwrap();
            }
        }
        seen.len()
    }
}

/// A time with its zone, in the form that the contract promises.
fn checked(time: &mut String) {
    let fits = time.bytes().zip(b"0000-00-00T00:00:00".iter()).all(|(is, form)| match form {
        b'0' => is.is_ascii_digit(),
        form => is == *form,
    });
    assert!(fits, "{time}");
    if time.len() == 19 {
        time.push('Z');
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "kebab-case"))]
pub(crate) struct Page {
    pub(crate) contacts: Vec<Contact>,
    #[serde(default)]
    page_number: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_page: Option<u32>,
    #[serde(rename(serialize = "reported-count"), skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "kebab-case"))]
pub(crate) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_pic_url: Option<String>,
    details: Vec<Detail>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "kebab-case"))]
struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(rename(deserialize = "type"))]
    kind: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}
