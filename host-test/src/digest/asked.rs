//! What does the account say of itself? What is used and left of its credits, and who is new
//! among its contacts, which takes all pages of them.

use std::{collections::HashSet, time::Duration};

use host::{
    calls::{Call, Calls, Source},
    hiding::MASK,
    retry::{Patience, TRIES},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    span::Span,
    text::{sentence, shown},
};
use crate::{
    paging::{self, PAGE, PAGE_SIZE, Paging, WARNING},
    progress::Progress,
    rows::KEY,
    skipped::Skipped,
};

const USAGE: &str = "get-api-usage-info";
const CONTACTS: &str = "list-contacts";
/// What the calls are made for, as the log has it.
const PROMPT: &str = "twochat digest";
/// So long one answer is waited for, with all further tries.
const PATIENCE: Duration = Duration::from_secs(150);
/// So many pages in a row may bring nobody new, as those who come meanwhile shift them.
const NOBODY_NEW: usize = 3;
/// So many are named.
const NAMED: usize = 10;

/// The credits of the account, as JSON shows them.
#[derive(Debug, Serialize)]
pub(crate) struct Credits {
    pub(crate) used: Option<u64>,
    /// Of all; absent where there is none.
    pub(crate) limit: Option<u64>,
    pub(crate) left: Option<u64>,
}

/// Who was added to its contacts, as JSON shows it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Added {
    pub(crate) added: u64,
    /// The first of them.
    pub(crate) names: Vec<String>,
    /// Those of whom nothing says when they were added.
    pub(crate) without_time: u64,
    /// Those that could not be read.
    pub(crate) unread: u64,
}

/// Who asks, and what it cost.
pub(crate) struct Asking<'a> {
    calls: &'a Calls,
    source: Option<Source>,
    pub(crate) spent: u64,
    /// What the answers warn of.
    pub(crate) warnings: Vec<String>,
}

impl<'a> Asking<'a> {
    pub(crate) fn of(calls: &'a Calls) -> Self {
        Self { calls, source: None, spent: 0, warnings: Vec::new() }
    }

    /// The account's name, and its credits.
    pub(crate) async fn credits(&mut self) -> Result<(Option<String>, Credits), String> {
        let usage = self.ask(USAGE, &json!({})).await.map_err(|why| why.message)?;
        let name = usage.pointer("/account/name").and_then(Value::as_str).map(shown);
        let quota = usage.get("api-requests").and_then(Value::as_object);
        let quota = quota.ok_or("they are masked, or 2Chat did not say")?;
        let number = |name: &str| quota.get(name)?.as_u64();
        let (used, limit, left) = (number("used"), number("limit"), number("left"));
        Ok((name.filter(|name| !name.is_empty()), Credits { used, limit, left }))
    }

    /// Who was added within the span.
    pub(crate) async fn added(&mut self, span: &Span) -> Result<Added, String> {
        let tool = self.calls.offered().iter().find(|tool| tool.name == CONTACTS);
        let paging = tool.and_then(Paging::of).ok_or("the component lists none")?;
        let mut query = Map::new();
        query.extend(paging.largest.clone().map(|largest| (PAGE_SIZE.to_owned(), largest)));
        let (mut added, mut known) = (Added::default(), HashSet::new());
        let (mut page, mut nobody_new, mut was_short) = (0, 0, false);
        loop {
            query.insert(PAGE.to_owned(), page.into());
            let answer = match self.ask(CONTACTS, &query.clone().into()).await {
                // Some servers have no page after the last.
                Err(why) if was_short && why.refuses_the_page => {
                    self.warnings.push(format!(
                        "Page {page} of the contacts is refused, and is taken for the end: {}",
                        sentence(&why.message)
                    ));
                    return Ok(added);
                }
                answer => answer.map_err(|why| format!("page {page}: {}", why.message))?,
            };
            let (rows, unread) = (paging.rows(&answer), Skipped::of(&answer));
            added.unread += unread;
            let before = known.len();
            for contact in rows {
                let key = contact.get(KEY).and_then(Value::as_str).unwrap_or_default();
                if key == MASK {
                    return Err(format!("they cannot be told apart where `{KEY}` is masked"));
                }
                if known.insert(key.to_owned()) {
                    added.judge(contact, span);
                }
            }
            let is_empty = rows.is_empty() && unread == 0;
            let Some(next) = paging::next_page(&answer).filter(|_| !is_empty) else {
                return Ok(added);
            };
            nobody_new = if known.len() > before { 0 } else { nobody_new + 1 };
            if next <= page || nobody_new == NOBODY_NEW {
                return Err(format!("their pages never end: after page {page} nobody is new"));
            }
            let asked = query.get(PAGE_SIZE).and_then(Value::as_u64);
            was_short = asked.is_some_and(|asked| (rows.len() as u64) + unread < asked);
            page = next;
        }
    }

    async fn ask(&mut self, action: &str, arguments: &Value) -> Result<Value, Why> {
        let call = Call { prompt: Some(PROMPT), ..Call::new(action, arguments) };
        // All that is told is of one account.
        if self.source.is_none() {
            self.source = Some(self.calls.source(call).await?);
        }
        let call = Call { source: self.source.as_ref(), ..call };
        let progress = Progress::of_call();
        let mut refused = 0;
        let waits = |error: &Value, wait| {
            refused += costs(error);
            progress.waits(error, wait);
        };
        let outcome = self.calls.make(call, Patience::new(TRIES, PATIENCE), waits).await;
        self.spent += refused;
        match outcome?.result {
            Ok(result) => {
                self.spent += 1;
                let warning = result.get(WARNING).and_then(Value::as_str);
                let warning = warning.map(|warning| format!("2Chat warns: {}", sentence(warning)));
                self.warnings.extend(warning);
                Ok(result)
            }
            Err(error) => {
                self.spent += costs(&error);
                Err(Why::of(&error))
            }
        }
    }
}

/// What a call cost that failed: nothing where the server did not answer.
fn costs(error: &Value) -> u64 {
    u64::from(error.get("status").is_some_and(Value::is_number))
}

/// Why there is no answer.
struct Why {
    message: String,
    refuses_the_page: bool,
}

impl Why {
    fn of(error: &Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        let refused = matches!(text("kind"), Some("not-found" | "invalid-input"));
        let message = text("message").map_or_else(|| error.to_string(), str::to_owned);
        Self { message, refuses_the_page: refused && costs(error) > 0 }
    }
}

impl From<host::calls::NoOutcome> for Why {
    fn from(why: host::calls::NoOutcome) -> Self {
        Self { message: why.to_string(), refuses_the_page: false }
    }
}

impl Added {
    /// Counts a contact, if it was added within the span: with the first of its details.
    fn judge(&mut self, contact: &Value, span: &Span) {
        let details = contact.get("details").and_then(Value::as_array);
        let details = details.map(Vec::as_slice).unwrap_or_default();
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(shown);
        let times = details.iter().filter_map(|detail| detail.get("created-at")?.as_str());
        let times = times.filter_map(|time| time.parse::<Timestamp>().ok());
        match times.min() {
            None => self.without_time += 1,
            Some(first) if span.has(first) => {
                self.added += 1;
                let names = [text(contact, "first-name"), text(contact, "last-name")];
                let names = names.into_iter().flatten().filter(|name| !name.is_empty());
                let name = names.collect::<Vec<_>>().join(" ");
                let value = || details.first().and_then(|detail| text(detail, "value"));
                let name = Some(name).filter(|name| !name.is_empty()).or_else(value);
                self.names.extend(name.filter(|_| self.names.len() < NAMED));
            }
            Some(_) => {}
        }
    }
}
