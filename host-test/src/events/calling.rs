//! How does a persona answer an event with a call? As any call is made: decided on, written
//! down, masked, tried again where its error allows it. What may have been carried out is
//! not done again unasked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use host::{
    calls::{Call, Calls, NoOutcome},
    engine::Limits,
    gate::{Noting, Watch},
    policy::Rule,
    retry::{Patience, TRIES},
};
use serde_json::Value;

use super::{
    listing::Listing,
    outbox::{self, Entry, Outcome},
    writer::Writer,
};
use crate::{
    rows::KEY,
    sync::{people::one_line, there::known_by},
};

/// The fields of an event that are names of people.
const NAMES: [&str; 3] = ["first-name", "last-name", "name"];

/// Who calls, and what.
pub(crate) struct Calling {
    pub(crate) calls: Calls,
    pub(crate) rule: String,
    pub(crate) action: String,
    pub(crate) template: Rule,
    /// Who must not be listed already, if somebody must not.
    pub(crate) listing: Option<Listing>,
}

impl Calling {
    /// What would be done, or why it would be parked.
    pub(crate) fn would(&self, event: &Value) -> Result<String, String> {
        let arguments = self.template.filled(&with_plain_names(event))?;
        self.unlisted(event)?;
        let unless = self.listing.as_ref().map(|listing| &listing.path);
        let unless = unless.map(|path| format!(", unless its `{path}` is listed"));
        Ok(format!("call {} {arguments}{}", self.action, unless.unwrap_or_default()))
    }

    pub(crate) async fn hand_on(&self, entry: &Entry, store: &str, writer: &Writer) -> Outcome {
        let arguments = match self.template.filled(&with_plain_names(&entry.content)) {
            Ok(arguments) => arguments,
            Err(why) => return Outcome::Parked(why),
        };
        let prompt = format!("rule {}, event {}", self.rule, entry.id(store));
        let wanted = match self.unlisted(&entry.content) {
            Ok(wanted) => wanted,
            Err(why) => return Outcome::Parked(why),
        };
        if let Some((listing, by)) = &wanted {
            match listing.uuid(by, &self.calls, &prompt).await {
                Ok(None) => {}
                Ok(Some(uuid)) => {
                    let path = &listing.path;
                    return Outcome::Needless(format!(
                        "{uuid} is listed with its `{path}` already"
                    ));
                }
                Err(why) => return Outcome::Again(why, None),
            }
        }
        let (writer, target, event) = (writer.clone(), self.rule.clone(), entry.event);
        let mark = Arc::new(Mark { writer, target, event, is_set: AtomicBool::new(false) });
        let watch: Arc<dyn Watch> = Arc::clone(&mark) as _;
        let (prompt, watch) = (Some(&*prompt), Some(&watch));
        let call = Call { prompt, watch, ..Call::new(&self.action, &arguments) };
        let patience = Patience::new(TRIES, Limits::default().time);
        match self.calls.make(call, patience, |_, _| {}).await {
            Ok(outcome) => match outcome.result {
                Ok(result) => {
                    if let Some((listing, by)) = wanted {
                        let uuid = result.get(KEY).and_then(Value::as_str).unwrap_or_default();
                        listing.add(by, uuid).await;
                    }
                    Outcome::Done
                }
                Err(error) => after(&error),
            },
            // A policy may be just being written, and a key not be at hand; where that lasts,
            // nothing more is handed on by rules until it is right.
            Err(NoOutcome::NotWritten(why) | NoOutcome::Refused(why)) => Outcome::Again(why, None),
            Err(NoOutcome::Misfit(why) | NoOutcome::Declined(why)) => {
                Outcome::Parked(format!("{why}. Nothing was sent"))
            }
            Err(NoOutcome::Stopped(why)) if mark.is_set.load(Relaxed) => Outcome::Perhaps(why),
            Err(NoOutcome::Stopped(why)) => Outcome::Parked(why),
        }
    }

    /// Who must not be listed, by what they are known by; or why nobody can be looked for.
    fn unlisted(&self, event: &Value) -> Result<Option<(&Listing, String)>, String> {
        let wanted = self.listing.as_ref().zip(self.template.listed(event));
        let Some((listing, text)) = wanted else { return Ok(None) };
        let by = known_by(text).ok_or_else(|| {
            format!(
                "unless-listed: its `{}` is no phone number and no e-mail address, and by nothing \
                 else people are told apart. Nothing was sent",
                listing.path
            )
        })?;
        Ok(Some((listing, by)))
    }
}

/// Notes of an entry whether its call may be carried out.
struct Mark {
    writer: Writer,
    target: String,
    event: i64,
    is_set: AtomicBool,
}

impl Watch for Mark {
    fn note(&self, perhaps: bool) -> Noting<'_> {
        Box::pin(async move {
            if self.is_set.load(Relaxed) == perhaps {
                return Ok(());
            }
            outbox::note(&self.writer, &self.target, self.event, perhaps)
                .await
                .map_err(|why| format!("that it is made could not be written down: {why}"))?;
            self.is_set.store(perhaps, Relaxed);
            Ok(())
        })
    }
}

/// The event with names as `sync` takes them: on one line, without what nobody sees. Where
/// nothing is left of one, there is none.
fn with_plain_names(event: &Value) -> Value {
    match event {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let value = match value.as_str().filter(|_| NAMES.contains(&name.as_str())) {
                    Some(text) => Some(one_line(text)).filter(|it| !it.is_empty()).into(),
                    None => with_plain_names(value),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => items.iter().map(with_plain_names).collect(),
        other => other.clone(),
    }
}

/// What is to be done after an error of the action.
fn after(error: &Value) -> Outcome {
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let message = text("message").map_or_else(|| error.to_string(), str::to_owned);
    let wait = error.get("wait-seconds").and_then(Value::as_u64).map(Duration::from_secs);
    match (text("carried-out"), text("retry")) {
        (Some("no"), Some("now" | "after-waiting")) => Outcome::Again(message, wait),
        (Some("no"), _) => Outcome::Parked(message),
        _ => Outcome::Perhaps(message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_taken_as_they_are_seen_and_other_texts_as_they_are() {
        let event = json!({ "name": "a.b", "text": "a\nb", "by": [{ "first-name": "\u{200e}David\n",
            "last-name": "\u{ad}", "name": 1 }] });
        let expected = json!({ "name": "a.b", "text": "a\nb",
            "by": [{ "first-name": "David", "last-name": null, "name": 1 }] });
        assert_eq!(with_plain_names(&event), expected);
    }

    #[test]
    fn only_what_was_certainly_not_carried_out_is_tried_again() {
        let of = |carried_out: &str, retry: &str| {
            after(&json!({ "message": "m", "carried-out": carried_out, "retry": retry }))
        };
        for retry in ["now", "after-waiting"] {
            assert_eq!(of("no", retry), Outcome::Again("m".to_owned(), None));
        }
        for retry in ["never", "after-correcting", "after-looking", "soon"] {
            assert_eq!(of("no", retry), Outcome::Parked("m".to_owned()));
        }
        for retry in ["now", "after-waiting", "after-looking", "never"] {
            assert_eq!(of("perhaps", retry), Outcome::Perhaps("m".to_owned()), "{retry}");
        }
        assert!(matches!(after(&json!("x")), Outcome::Perhaps(_)));
        let waits = json!({ "carried-out": "no", "retry": "after-waiting", "wait-seconds": 7 });
        assert!(matches!(after(&waits), Outcome::Again(_, Some(wait)) if wait.as_secs() == 7));
    }
}
