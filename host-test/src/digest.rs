//! What happened, for whoever was away? A summary of a span of time, from the events that
//! were received and from what the account says of itself.
//!
//! Data flows one way: `span`, then `received` and `asked`, into a [`Digest`], which
//! `markdown`, `page` and `mail` write and `handing` hands on. Texts of
//! strangers are made harmless on their way in, by `text`, and escaped on their way out.

use serde::Serialize;

pub(crate) mod amount;
pub(crate) mod asked;
pub(crate) mod calls;
pub(crate) mod figures;
pub(crate) mod handing;
pub(crate) mod heard;
pub(crate) mod mail;
pub(crate) mod markdown;
pub(crate) mod page;
pub(crate) mod received;
pub(crate) mod span;
pub(crate) mod text;
pub(crate) mod words;

/// The summary, as JSON shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Digest {
    /// The span in words.
    pub(crate) title: String,
    /// Its beginning, and its end, which is not in it.
    pub(crate) since: String,
    pub(crate) until: String,
    pub(crate) time_zone: String,
    /// The account's name.
    pub(crate) account: Option<String>,
    pub(crate) events: Option<figures::Figures>,
    pub(crate) contacts: Option<asked::Added>,
    pub(crate) credits: Option<asked::Credits>,
    /// What it cost to make this.
    pub(crate) credits_spent: u64,
    /// What should be here and is not, a sentence each.
    pub(crate) missing: Vec<String>,
    /// What is to be known of what is here.
    pub(crate) warnings: Vec<String>,
}

impl Digest {
    /// That of a span, in which nothing is known yet.
    pub(crate) fn of(span: &span::Span) -> Self {
        Self {
            title: span.title(),
            since: span::written(&span.since),
            until: span::written(&span.until),
            time_zone: span.zone(),
            account: None,
            events: None,
            contacts: None,
            credits: None,
            credits_spent: 0,
            missing: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// So many, of something of which one and several are named.
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
