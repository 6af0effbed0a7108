//! What came of the tries of one call, and what is said of all of them together?

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{NoOutcome, record};
use crate::{
    access::Permit, engine::Outcome, gate::Traffic, json::Form, log::Ended, retry::Patience,
};

/// The tries of one call so far.
pub(super) struct Tries<T> {
    /// What came of the last of them.
    pub(super) last: Result<Outcome<T>, NoOutcome>,
    pub(super) permit: Permit,
    pub(super) traffic: Arc<Traffic>,
    pub(super) fuel: u64,
    /// Further tries after the first.
    pub(super) retries: u32,
    /// Whether one before the last may have been sent.
    pub(super) may_have_left: bool,
    /// Whether one before the last may have been carried out.
    pub(super) may_have_happened: bool,
}

/// What an error says of a try that did not leave.
const NOTHING_LEFT: &str = "Nothing was sent.";

impl<T: Form> Tries<T> {
    /// Those of a call that was tried once.
    pub(super) fn begun(
        last: Result<Outcome<T>, NoOutcome>,
        permit: Permit,
        traffic: Arc<Traffic>,
    ) -> Self {
        let fuel = last.as_ref().map_or(0, |outcome| outcome.fuel);
        let (retries, may_have_left, may_have_happened) = (0, false, false);
        Self { last, permit, traffic, fuel, retries, may_have_left, may_have_happened }
    }

    pub(super) fn last_may_have_happened(&self) -> bool {
        let error = self.last.as_ref().ok().and_then(|outcome| outcome.result.as_ref().err());
        error.and_then(|error| error.get("carried-out")?.as_str()) == Some("perhaps")
    }

    pub(super) fn last_says_nothing_left(&self) -> bool {
        let error = self.last.as_ref().ok().and_then(|outcome| outcome.result.as_ref().err());
        let message = error.and_then(|error| error.get("message")?.as_str());
        message.is_some_and(|message| message.contains(NOTHING_LEFT))
    }

    /// How long to wait before the next try; `None` if there is to be none.
    pub(super) fn wait(
        &self,
        patience: &mut Patience,
        waits: &mut impl FnMut(&Value, Duration),
    ) -> Option<Duration> {
        let error = self.last.as_ref().ok()?.result.as_ref().err()?;
        let wait = patience.wait_after(error)?;
        waits(error, wait);
        Some(wait)
    }

    /// Says in an error that it is that of the last try alone.
    pub(super) fn tell(&mut self) {
        if let Ok(Outcome { result: Err(error), .. }) = &mut self.last
            && self.retries > 0
        {
            if self.may_have_happened {
                leave_open(error);
            }
            tell_of_tries(error, self.retries + 1, self.may_have_left);
        }
    }

    /// How it ended, for the log.
    pub(super) fn ended(&self) -> Ended {
        let (result, error) = match &self.last {
            Ok(Outcome { result: Ok(result), .. }) => (Some(result.tree()), None),
            Ok(Outcome { result: Err(error), .. }) => (None, Some(error.clone())),
            Err(NoOutcome::Misfit(why)) => (None, Some(record::told_in_log("not-called", why))),
            Err(stopped) => (None, Some(stopped.to_string().into())),
        };
        let (statuses, bytes) = (self.traffic.statuses(), self.traffic.bytes());
        let (retries, fuel) = (self.retries, self.fuel);
        Ended { result, error, statuses, retries, fuel, bytes, ..Ended::default() }
    }
}

/// What an earlier try may have done is not undone by a later one that did nothing: a
/// deletion whose second try finds nothing has probably happened.
fn leave_open(error: &mut Value) {
    let Some(members) = error.as_object_mut() else { return };
    let is = |name: &str, word: &str| members.get(name).and_then(Value::as_str) == Some(word);
    if is("carried-out", "no") {
        let looks = is("retry", "never");
        members.insert("carried-out".to_owned(), "perhaps".into());
        if looks {
            members.insert("retry".to_owned(), "after-looking".into());
        }
    }
}

/// An error is that of the last try alone. What it says of that one is not to be read
/// as holding for all.
fn tell_of_tries(error: &mut Value, tries: u32, others_may_have_left: bool) {
    // At once is when it was tried.
    if let Some(retry) = error.get_mut("retry").filter(|retry| **retry == "now") {
        *retry = "after-waiting".into();
    }
    if let Some(Value::String(message)) = error.get_mut("message") {
        let last = format!(" This was the last of {tries} tries");
        let own = message.replace(&format!(" {NOTHING_LEFT}"), "");
        *message = if others_may_have_left || own == *message {
            format!("{own}{last}; others may have been sent.")
        } else {
            format!("{message}{last}.")
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_earlier_try_may_have_done_stays_open() {
        let left = |carried_out: &str, retry: &str| {
            let mut error = json!({ "carried-out": carried_out, "retry": retry });
            leave_open(&mut error);
            error
        };
        let open = |retry: &str| json!({ "carried-out": "perhaps", "retry": retry });
        assert_eq!(left("no", "never"), open("after-looking"));
        assert_eq!(left("no", "now"), open("now"));
        assert_eq!(left("perhaps", "after-looking"), open("after-looking"));
    }
}
