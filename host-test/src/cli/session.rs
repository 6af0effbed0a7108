//! How is one call carried out for somebody? Decided on, written down, made, and
//! again where its error allows that, masked, and written down again.

use std::{path::Path, sync::Arc, time::Duration};

use host_test::{
    access::{Access, Caller, Decision, Permit, mask, mask_error},
    audit::{Asked, Ended, Log, Open},
    client::Client,
    egress::{Connection, Traffic},
    engine::{CallError, Connector, Limits, Outcome},
    retry::Patience,
    tools::Tool,
};
use serde_json::{Value, json};
use tokio::{task::block_in_place, time::sleep};

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
    connector: Connector,
    client: Client,
    access: Access,
    sensitive: Vec<String>,
}

impl Session {
    pub(crate) fn new(connector: Connector, access: Access) -> Result<Self, Failure> {
        let client = Client::new(&[])
            .map_err(|error| Failure::Host(format!("no TLS on this machine: {error}")))?;
        let sensitive = connector.docs().sensitive();
        Ok(Self { connector, client, access, sensitive })
    }

    /// The tools that the caller may call now.
    pub(crate) fn tools<'a>(&self, tools: &'a [Tool]) -> Result<Vec<&'a Tool>, Failure> {
        self.access.tools(tools).map_err(Failure::Refused)
    }

    /// Whether what the policy says of the caller fits the tools.
    pub(crate) fn check(&self, tools: &[Tool]) -> Result<(), Failure> {
        self.access.check(tools).map_err(Failure::Refused)
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
        let decision = self.access.decide(ask.action, &self.sensitive).await;
        let decision = decision.map_err(Failure::Refused)?;
        let open = begin(&ask, &decision)?;
        let Permit { connection, masked } = match &decision.permit {
            Ok(permit) => permit,
            Err(why) => {
                let error = Some(json!({ "kind": "refused", "message": why }));
                end(open, Ended { error, ..Ended::default() })?;
                return Err(Failure::Refused(why.clone()));
            }
        };
        let traffic = Arc::default();
        let (mut retries, mut fuel) = (0, 0);
        let mut called = loop {
            let called = self.call(connection, &ask, patience.left(), &traffic).await;
            let Ok(outcome) = &called else { break called };
            fuel += outcome.fuel;
            let Err(error) = &outcome.result else { break called };
            let Some(wait) = patience.wait_after(error) else { break called };
            waits(error, wait);
            sleep(wait).await;
            retries += 1;
        };
        if let Ok(Outcome { result: Ok(result), .. }) = &mut called {
            mask(result, masked);
        }
        let (mut result, mut error) = match &called {
            Ok(Outcome { result: Ok(result), .. }) => (Some(result.clone()), None),
            Ok(Outcome { result: Err(error), .. }) => (None, Some(error.clone())),
            Err(failure) => (None, Some(failure.to_string().into())),
        };
        if let Some(result) = &mut result {
            mask(result, &decision.redacted);
            mask(result, &decision.sensitive);
        }
        if let Some(error) = &mut error {
            mask_error(error, &decision.redacted);
        }
        let (statuses, bytes) = (traffic.statuses(), traffic.bytes());
        end(open, Ended { result, error, statuses, retries, fuel, bytes, ..Ended::default() })?;
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

/// Opens a log, such as to see that calls can be written down.
pub(crate) fn open(path: &Path) -> Result<Log, Failure> {
    Log::open(path).map_err(|error| {
        Failure::NotMade(format!("the log {} cannot be used: {error}", path.display()))
    })
}

/// Writes down that a call begins, where calls are written down.
fn begin(ask: &Ask<'_>, decision: &Decision) -> Result<Option<Open>, Failure> {
    let Some(path) = &decision.log else { return Ok(None) };
    let mut arguments = ask.arguments.clone();
    let mut prompt = ask.prompt.clone();
    if let Some(key) = decision.permit.as_ref().ok().and_then(|permit| permit.connection.key()) {
        key.scrub_value(&mut arguments);
        prompt = prompt.map(|prompt| key.scrub(&prompt));
    }
    mask(&mut arguments, &decision.redacted);
    let Caller { persona, connection, server } = decision.caller.clone();
    let asked = Asked {
        user: rustix::process::getuid().as_raw().to_string(),
        persona,
        connection,
        server,
        action: ask.action.to_owned(),
        arguments,
        prompt,
    };
    block_in_place(|| {
        open(path)?.start(asked).map(Some).map_err(|error| {
            let path = path.display();
            Failure::NotMade(format!("the log {path} cannot be written to: {error}"))
        })
    })
}

/// Writes down how it ended.
fn end(open: Option<Open>, ended: Ended) -> Result<(), Failure> {
    let Some(open) = open else { return Ok(()) };
    block_in_place(|| open.finish(ended)).map_err(|error| {
        Failure::Host(format!(
            "the call was made, but the log cannot be written to: {error}. Make room for it; what \
             it gave is not shown."
        ))
    })
}
