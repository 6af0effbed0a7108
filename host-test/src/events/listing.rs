//! Is somebody listed already, by the number that an event has? All are listed, and compared
//! as `sync` compares those whom it brings.

use std::time::{Duration, Instant};

use host::{calls::Calls, tools::Tool};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    constants::LIST,
    exit::CommandError,
    sync::{people::Key, there::There},
};

/// So long a list is good for those who come after one another.
const FRESH: Duration = Duration::from_secs(60);

/// Who is looked for, and in what.
pub(crate) struct Listing {
    /// Where in an event the number stands.
    pub(crate) path: String,
    tool: Tool,
    last: Mutex<Option<(Instant, There)>>,
}

impl Listing {
    /// For the number at this path; `None` where nothing can be listed.
    pub(crate) fn of(path: &str, calls: &Calls) -> Option<Self> {
        let tool = calls.offered().iter().find(|tool| tool.name == LIST)?.clone();
        Some(Self { path: path.to_owned(), tool, last: Mutex::default() })
    }

    /// Who is known by this, if somebody is; nobody is only where all were seen.
    pub(crate) async fn uuid(
        &self,
        by: &str,
        calls: &Calls,
        prompt: &str,
    ) -> Result<Option<String>, String> {
        let mut last = self.last.lock().await;
        let there = match last.take().filter(|(at, _)| at.elapsed() < FRESH) {
            Some(fresh) => last.insert(fresh),
            None => {
                let at = Instant::now();
                let there =
                    There::look(calls, &self.tool, Some(prompt)).await.map_err(|error| {
                        format!("who is there already cannot be seen: {}", in_words(&error))
                    })?;
                last.insert((at, there))
            }
        };
        let found = there.1.uuid(&[Key::own(by.to_owned())]).map(str::to_owned);
        match there.1.doubt().filter(|_| found.is_none()) {
            None => Ok(found),
            Some(doubt) => {
                // The next looks anew.
                *last = None;
                Err(format!("not all who are there already can be seen: {doubt}"))
            }
        }
    }

    /// Notes who is known by it now.
    pub(crate) async fn add(&self, by: String, uuid: &str) {
        if let Some((_, there)) = self.last.lock().await.as_mut() {
            there.add_key(by, uuid, "");
        }
    }
}

fn in_words(error: &CommandError) -> String {
    match error {
        CommandError::Action(error) => {
            let message = error.get("message").and_then(Value::as_str);
            message.map_or_else(|| error.to_string(), str::to_owned)
        }
        other => other.to_string(),
    }
}
