//! How is one call carried out for somebody? Decided on, written down, made, and
//! again where its error allows that, masked, and written down again.

use std::{sync::Arc, time::Duration};

use host_test::{
    access::{Access, Caller, Decision, Offer},
    audit::Ended,
    client::Client,
    egress::{Connection, Traffic},
    engine::{CallError, Connector, Limits, Outcome},
    masks::mask,
    retry::Patience,
    tools::Tool,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::record::Record;
use crate::Failure;

/// So often a call is repeated, when its error says that it may be.
pub(crate) const TRIES: usize = 3;

/// What somebody wants to be done.
pub(crate) struct Ask<'a> {
    pub(crate) action: &'a str,
    pub(crate) arguments: &'a Value,
    /// What the caller was told to do, if it says so.
    pub(crate) prompt: Option<String>,
}

/// A loaded connector, and who calls it.
pub(crate) struct Session {
    pub(crate) connector: Connector,
    pub(crate) offer: Offer,
    client: Client,
    access: Access,
}

impl Session {
    pub(crate) fn new(connector: Connector, access: Access) -> Result<Self, Failure> {
        let client = Client::new(&[])
            .map_err(|error| Failure::Host(format!("no TLS on this machine: {error}")))?;
        let offer = Offer::of(&connector);
        Ok(Self { connector, offer, client, access })
    }

    /// The tools that the caller may call now.
    pub(crate) fn tools(&self) -> Result<Vec<&Tool>, Failure> {
        self.access.tools(&self.offer).map_err(Failure::Refused)
    }

    /// On whose behalf calls are made now, and where they go.
    pub(crate) fn caller(&self) -> Result<Caller, Failure> {
        self.access.caller().map_err(Failure::Refused)
    }

    /// Carries out a call, and again for as long as its errors allow it.
    /// `waits` hears of each wait before it.
    pub(crate) async fn call_patiently(
        &self,
        ask: Ask<'_>,
        mut patience: Patience,
        mut waits: impl FnMut(&Value, Duration),
    ) -> Result<Outcome, Failure> {
        let decide = || self.access.decide(ask.action, &self.offer);
        let decision = decide().await.map_err(Failure::Refused)?;
        let record = Record::begin(self, &ask, &decision)?;
        let mut permit = match decision.permit {
            Ok(permit) => permit,
            Err(why) => return Err(record.refused(why)),
        };
        let traffic = Arc::default();
        let (mut retries, mut fuel) = (0, 0);
        let mut called = loop {
            let called = self.call(&permit.connection, &ask, patience.left(), &traffic).await;
            let Ok(outcome) = &called else { break called };
            fuel += outcome.fuel;
            let Err(error) = &outcome.result else { break called };
            let Some(wait) = patience.wait_after(error) else { break called };
            waits(error, wait);
            sleep(wait).await;
            // What was revoked meanwhile is not tried again.
            permit = match decide().await {
                Ok(Decision { permit: Ok(permit), .. }) => permit,
                _ => break called,
            };
            retries += 1;
        };
        match called.as_mut().map(|outcome| &mut outcome.result) {
            Ok(Ok(result)) => mask(result, &permit.masked),
            Ok(Err(error)) if retries > 0 => tell_of_tries(error, retries + 1),
            _ => {}
        }
        let (result, error) = match &called {
            Ok(Outcome { result: Ok(result), .. }) => (Some(result.clone()), None),
            Ok(Outcome { result: Err(error), .. }) => (None, Some(error.clone())),
            Err(Failure::Misuse(why)) => {
                (None, Some(json!({ "kind": "not-called", "message": why })))
            }
            Err(failure) => (None, Some(failure.to_string().into())),
        };
        let (statuses, bytes) = (traffic.statuses(), traffic.bytes());
        let ended = Ended { result, error, statuses, retries, fuel, bytes, ..Ended::default() };
        record.end(ended).map_err(|error| {
            Failure::Host(format!(
                "the call was made, but the log cannot be written to: {error}. Make room for it; \
                 what it gave is not shown."
            ))
        })?;
        called
    }

    /// Carries out one call; whatever comes back has the key hidden.
    pub(crate) async fn call(
        &self,
        connection: &Arc<Connection>,
        ask: &Ask<'_>,
        time: Duration,
        traffic: &Arc<Traffic>,
    ) -> Result<Outcome, Failure> {
        let limits = Limits::default();
        let limits = Limits { time: limits.time.min(time), ..limits };
        let outlet = connection.watched_outlet(&self.client, traffic);
        let called = self.connector.call(ask.action, ask.arguments, outlet, limits).await;
        let hide = |error: &CallError| {
            let key = connection.key();
            key.map_or_else(|| error.to_string(), |key| key.scrub(&error.to_string()))
        };
        let mut outcome = called.map_err(|error| match error {
            CallError::UnknownAction { .. } | CallError::Arguments(_) => {
                Failure::Misuse(hide(&error))
            }
            CallError::Limit(_) | CallError::Trap(_) => Failure::Host(hide(&error)),
        })?;
        // By its own word the account may send so many.
        if let Ok(result) = &outcome.result
            && let Some(rate) = result.get("requests-per-minute").and_then(Value::as_u64)
        {
            connection.set_rate(rate.try_into().unwrap_or(u32::MAX));
        }
        if let Some(key) = connection.key() {
            match &mut outcome.result {
                Ok(value) | Err(value) => key.scrub_value(value),
            }
        }
        Ok(outcome)
    }
}

/// An error is that of the last try alone.
fn tell_of_tries(error: &mut Value, tries: u32) {
    if let Some(Value::String(message)) = error.get_mut("message") {
        message
            .push_str(&format!(" This was the last of {tries} tries; others may have been sent."));
    }
}
