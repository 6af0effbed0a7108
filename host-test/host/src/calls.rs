//! The life of a call: decided on, written down, asked about where the policy says so,
//! sent, again where its error allows it, hidden and masked, written down.
//!
//! Whoever calls through here gets the policy, the log, the masks and the further
//! tries together. Arguments go down from here, to the log and to the component,
//! and never come back.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use self::{addition::add_what_the_host_knows, record::Record, tries::Tries};
use crate::{
    access::{Access, Decision, Offer, OnBehalf, Permit},
    asking::Ask,
    client::Client,
    engine::{CallError, Connector, Limits, Outcome},
    gate::{Traffic, Watch},
    hiding::Hiding,
    json::Form,
    retry::Patience,
    secret::Secret,
    tools::Tool,
};

mod addition;
mod consent;
mod record;
mod tries;

/// What somebody wants to be done.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The action.
    pub action: &'a str,
    /// Its arguments, an object.
    pub arguments: &'a Value,
    /// What the caller was told to do, if it says so.
    pub prompt: Option<&'a str>,
    /// Whence its result must come, if it is to be put together with others.
    pub source: Option<&'a Source>,
    /// Who is asked, where the policy says that a person must say yes. Without one such a
    /// call is refused.
    pub asker: Option<&'a dyn Ask>,
    /// Who hears of it before what may change something leaves.
    pub watch: Option<&'a Arc<dyn Watch>>,
}

impl<'a> Call<'a> {
    /// A call of which nobody says what it is made for.
    #[must_use]
    pub fn new(action: &'a str, arguments: &'a Value) -> Self {
        Self { action, arguments, prompt: None, source: None, asker: None, watch: None }
    }
}

/// Whence results come: on whose behalf, and with which key. Those of two sources may be
/// of two accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// On whose behalf, and where it goes.
    pub on_behalf: OnBehalf,
    /// The key, if the connection has one.
    pub key: Option<Secret>,
}

/// Why a call has no outcome: neither a result nor an error of the action.
#[derive(Debug, thiserror::Error)]
pub enum NoOutcome {
    /// There is no such action, or the arguments do not fit it. Nothing was sent.
    #[error("{0}")]
    Misfit(String),
    /// The policy does not allow it, or cannot be followed. Nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// A person was asked, and did not say yes. Nothing was sent.
    #[error("{0}")]
    Declined(String),
    /// It could not be written down, so it was not made. Nothing was sent.
    #[error("{0}")]
    NotWritten(String),
    /// The host ended it, or could not write down how it ended. It may have been
    /// carried out.
    #[error("{0}")]
    Stopped(String),
}

/// A loaded connector, and who calls it.
pub struct Calls {
    connector: Connector,
    offer: Offer,
    client: Client,
    access: Access,
}

impl Calls {
    /// Calls of this connector on behalf of whoever the access is for.
    #[must_use]
    pub fn new(connector: Connector, client: Client, access: Access) -> Self {
        let offer = Offer::of(&connector);
        Self::of(connector, offer, client, access)
    }

    /// The same where what the connector offers is known already, which takes a while to
    /// read.
    #[must_use]
    pub fn of(connector: Connector, offer: Offer, client: Client, access: Access) -> Self {
        Self { connector, offer, client, access }
    }

    /// The same, of which only the actions of these toolsets are offered; of all without
    /// any.
    #[must_use]
    pub fn offering(mut self, toolsets: Option<Vec<String>>) -> Self {
        self.offer.toolsets = toolsets;
        self
    }

    /// The connector that is called.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// On whose behalf calls are made.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// All tools that the connector offers, whoever may call them.
    #[must_use]
    pub fn offered(&self) -> &[Tool] {
        self.offer.tools()
    }

    /// The tools that the caller may call now.
    ///
    /// # Errors
    /// If there are none: the policy is broken, does not fit the tools, or revokes
    /// the caller.
    pub fn tools(&self) -> Result<Vec<&Tool>, NoOutcome> {
        self.access.tools(&self.offer).map_err(NoOutcome::Refused)
    }

    /// Whence the result of this call would come now. Whoever must say yes is asked.
    ///
    /// # Errors
    /// If it would be refused, which is written down.
    pub async fn source(&self, call: Call<'_>) -> Result<Source, NoOutcome> {
        let decision = self.decide(&call).await?;
        let why = match &decision.permit {
            Ok(permit) => {
                let source = source_of(&decision.on_behalf, permit);
                if !permit.asks {
                    return Ok(source);
                }
                let mut record = self.write_down(&call, &decision)?;
                let call = Call { source: Some(&source), ..call };
                return match self.consent(&call, &source, &mut record).await {
                    Ok(_) => record.only_asked().map(|()| source),
                    Err(why) => Err(record.turned_down(why)),
                };
            }
            Err(why) => NoOutcome::Refused(why.clone()),
        };
        Err(self.write_down(&call, &decision)?.turned_down(why))
    }

    /// Makes a call, once.
    ///
    /// # Errors
    /// If it has no outcome; an error of the action is an outcome.
    pub async fn make_once(&self, call: Call<'_>) -> Result<Outcome, NoOutcome> {
        self.make(call, Patience::none(), |_, _| {}).await
    }

    /// Makes a call, and again for as long as its errors and the patience allow it.
    /// `waits` hears of each wait before it. What has ended is given when that is written
    /// down, for which it waits as long as the patience has time.
    ///
    /// # Errors
    /// As [`Calls::make_once`].
    pub async fn make(
        &self,
        call: Call<'_>,
        patience: Patience,
        waits: impl FnMut(&Value, Duration),
    ) -> Result<Outcome, NoOutcome> {
        self.make_as(call, patience, waits).await
    }

    /// The same, with the result in this form.
    ///
    /// # Errors
    /// As [`Calls::make_once`].
    pub async fn make_as<T: Form>(
        &self,
        call: Call<'_>,
        mut patience: Patience,
        mut waits: impl FnMut(&Value, Duration),
    ) -> Result<Outcome<T>, NoOutcome> {
        let decision = self.decide(&call).await?;
        let mut record = self.write_down(&call, &decision)?;
        let mut permit = match decision.permit {
            Ok(permit) => permit,
            Err(why) => return Err(record.turned_down(NoOutcome::Refused(why))),
        };
        let asked_about = source_of(&decision.on_behalf, &permit);
        let mut call = call;
        if permit.asks {
            if let Some(tries) = self.refused_unsent(&call, &permit, patience.left()).await {
                record.ended(|| tries.ended(), patience.left(), waits).await?;
                return tries.last;
            }
            let begun = Instant::now();
            // Where it was said to go, its tries go, or nowhere.
            call = Call { source: Some(&asked_about), ..call };
            permit = match self.consent(&call, &asked_about, &mut record).await {
                Ok(permit) => permit,
                Err(why) => return Err(record.turned_down(why)),
            };
            patience.prolong(begun.elapsed());
        }
        let mut tries = self.send(&call, permit, &mut patience, &mut waits).await;
        tries.tell();
        record.ended(|| tries.ended(), patience.left(), waits).await?;
        tries.last
    }

    /// Writes down a call that is not made, and gives the reason back, which is told of its
    /// arguments without the key.
    pub async fn turn_down(
        &self,
        call: Call<'_>,
        why: impl FnOnce(Value) -> NoOutcome,
    ) -> NoOutcome {
        let decision = match self.decide(&call).await {
            Ok(decision) => decision,
            Err(why) => return why,
        };
        let mut shown = call.arguments.clone();
        Hiding::of(decision.key.as_ref(), &[]).hide(&mut shown);
        let record = self.write_down(&call, &decision);
        record.map_or_else(|unwritten| unwritten, |record| record.turned_down(why(shown)))
    }

    /// What somebody said of this action, to be said back: without the key, where it is at
    /// hand.
    pub async fn without_key(&self, action: &str, mut said: Value) -> Value {
        if let Ok(decision) = self.decide(&Call::new(action, &Value::Null)).await {
            Hiding::of(decision.key.as_ref(), &[]).hide(&mut said);
        }
        said
    }

    async fn decide(&self, call: &Call<'_>) -> Result<Decision, NoOutcome> {
        let decided = self.access.decide(call.action, &self.offer).await;
        let mut decision = decided.map_err(NoOutcome::Refused)?;
        if let (Some(source), Ok(permit)) = (call.source, &decision.permit)
            && source_of(&decision.on_behalf, permit) != *source
        {
            decision.permit = Err(ANOTHER_SOURCE.to_owned());
        }
        Ok(decision)
    }

    fn write_down(&self, call: &Call<'_>, decision: &Decision) -> Result<Record, NoOutcome> {
        // Where nobody knows what stands where, nothing can be left out but all of it.
        let known = decision.redacted.is_empty()
            || self.connector.check(call.action, call.arguments).is_ok();
        // Where nothing is written down, nobody has to know what is left out.
        let sensitive = decision.log.as_ref().map_or(&[][..], |_| self.offer.sensitive());
        Record::begin(call, decision, sensitive, known)
    }

    /// Sends the call, and again for as long as its errors allow it.
    async fn send<T: Form>(
        &self,
        call: &Call<'_>,
        permit: Permit,
        patience: &mut Patience,
        waits: &mut impl FnMut(&Value, Duration),
    ) -> Tries<T> {
        let traffic = Arc::new(Traffic::watched_by(call.watch.cloned()));
        let was_asked = permit.asks;
        let last = self.send_once(call, &permit, patience.left(), &traffic).await;
        let mut tries = Tries::begun(last, permit, traffic);
        loop {
            let Some(wait) = tries.wait(patience, waits) else { return tries };
            if !tries.may_have_happened && !tries.last_may_have_happened() {
                // Where that cannot be noted, it stays open.
                let _ = tries.traffic.note(false).await;
            }
            sleep(wait).await;
            // What was revoked meanwhile is not tried again, nor what is to be asked about now.
            let permit = match self.decide(call).await {
                Ok(Decision { permit: Ok(permit), .. }) if !permit.asks || was_asked => permit,
                _ => return tries,
            };
            tries.permit = permit;
            tries.retries += 1;
            tries.may_have_left |= !tries.last_says_nothing_left();
            tries.may_have_happened |= tries.last_may_have_happened();
            let (permit, traffic) = (&tries.permit, &tries.traffic);
            tries.last = self.send_once(call, permit, patience.left(), traffic).await;
            tries.fuel += tries.last.as_ref().map_or(0, |outcome| outcome.fuel);
        }
    }

    /// Sends the call once; whatever comes back is written with the key hidden, and what
    /// the caller does not see. That may take its time, so it is not done where others are
    /// served.
    async fn send_once<T: Form>(
        &self,
        call: &Call<'_>,
        permit: &Permit,
        time: Duration,
        traffic: &Arc<Traffic>,
    ) -> Result<Outcome<T>, NoOutcome> {
        let connection = &permit.connection;
        let limits = Limits::default();
        let limits = Limits { time: limits.time.min(time), ..limits };
        let outlet = connection.watched_outlet(&self.client, traffic);
        let called = self.connector.give(call.action, call.arguments, outlet, limits).await;
        let key = connection.key();
        let mut outcome = called.map_err(|error| no_outcome(&error, key))?;
        // By its own word the account may send so many.
        if let Ok(result) = &outcome.result
            && let Some(rate) = result.number("requests-per-minute")
        {
            connection.set_rate(rate.try_into().unwrap_or(u32::MAX));
        }
        if let Err(error) = &mut outcome.result {
            add_what_the_host_knows(error, traffic);
        }
        let (key, masked) = (key.cloned(), permit.masked.clone());
        let is_small = outcome.memory <= SMALL;
        let write = move || {
            if let Err(error) = &mut outcome.result {
                // An error's words have no names.
                Hiding::of(key.as_ref(), &[]).hide(error);
            }
            outcome.map(|answer| T::of(answer, Hiding::of(key.as_ref(), &masked)))
        };
        // To hand it to another thread takes longer than what is small.
        if is_small {
            return Ok(write());
        }
        spawn_blocking(write)
            .await
            .map_err(|_| NoOutcome::Stopped("its result could not be read".to_owned()))
    }
}

/// Memory of a component, in bytes, out of which a result is written at once. It is small,
/// unless it repeats itself, and then bounded by what a call may copy.
const SMALL: usize = 256 << 10;

/// What is said of a call that came to lead elsewhere.
const ANOTHER_SOURCE: &str = "its connection, server or key was changed since this began, and \
                              what comes of two accounts is not put together";

fn source_of(on_behalf: &OnBehalf, permit: &Permit) -> Source {
    Source { on_behalf: on_behalf.clone(), key: permit.connection.key().cloned() }
}

fn no_outcome(error: &CallError, key: Option<&Secret>) -> NoOutcome {
    let text = error.to_string();
    let text = key.map_or_else(|| text.clone(), |key| key.hide_in(&text));
    match error {
        CallError::UnknownAction { .. } | CallError::Arguments(_) => NoOutcome::Misfit(text),
        CallError::Limit(_) | CallError::Trap(_) => NoOutcome::Stopped(text),
    }
}
