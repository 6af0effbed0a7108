//! How are people created, each of them once? Spaced as the account allows, written down
//! before and after, and looked for where an answer stayed out.

use std::time::Duration;

use host::{
    calls::{Call, Calls, NoOutcome, Source},
    retry::Patience,
    tools::Tool,
};
use serde_json::{Map, Value};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::{
    ends::{End, Entry},
    journal::Journal,
    plan::{Plan, Planned},
    there::There,
};
use crate::{
    constants::{CREATE, USAGE},
    exit::CommandError,
    pages::TRIES,
    progress::Progress,
    rows::KEY,
    terminal,
};

/// So many in a minute, where the account does not say.
const PER_MINUTE: u32 = 60;
/// The longest that one call is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// What was sent shows in a list after some seconds.
pub(crate) const SHOWS_AFTER: Duration = Duration::from_secs(3);
/// So many calls in a row may fail for another reason than what was sent.
const FAILING: usize = 3;
/// Errors after which no other call can do better.
const HOPELESS: [&str; 5] =
    ["misconfigured", "unauthorized", "forbidden", "quota-exhausted", "denied-by-host"];

/// Who creates people.
pub(crate) struct Maker<'a> {
    pub(crate) calls: &'a Calls,
    pub(crate) source: &'a Source,
    pub(crate) list: &'a Tool,
    pub(crate) prompt: Option<&'a str>,
    pub(crate) journal: &'a mut Journal,
}

/// What came of one.
enum Made {
    Created(String),
    Refused(Value),
    /// Nobody knows, for this reason.
    Perhaps(String),
}

/// Why nobody else is tried, and what ends the command with it.
struct Stop {
    why: String,
    error: Option<CommandError>,
    /// What came of the last one, if it was sent.
    made: Option<Made>,
}

impl Maker<'_> {
    /// Creates all that are planned, and gives their rows an end. `settled` hears of the
    /// rows whenever one has.
    pub(crate) async fn make_all(
        &mut self,
        plan: &mut Plan,
        mut settled: impl FnMut(&[Entry]) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let people = std::mem::take(&mut plan.people);
        let mut pace = self.pace().await?;
        let progress = Progress::of_calls(people.len() as u64);
        let (mut open, mut failing, mut stop): (Vec<&Planned>, _, Option<Stop>) =
            (Vec::new(), 0, None);
        for (done, planned) in (0..).zip(&people) {
            let Some(entry) = plan.entries.get_mut(planned.place) else { continue };
            if let Some(stop) = &stop {
                entry.end = End::NotSent(stop.why.clone());
                continue;
            }
            pace.tick().await;
            progress.asks_for(done, entry.line);
            match self.make(planned, &progress).await {
                Ok(made) => {
                    failing = if is_own_fault(&made) { 0 } else { failing + 1 };
                    stop = stopped(&made, failing);
                    if matches!(made, Made::Perhaps(_)) {
                        open.push(planned);
                    }
                    entry.end = made.end();
                }
                Err(mut ended) => {
                    let unsent = || End::NotSent(ended.why.clone());
                    entry.end = ended.made.take().map_or_else(unsent, Made::end);
                    stop = Some(ended);
                }
            }
            progress.beside(|| settled(&plan.entries))?;
        }
        drop(progress);
        let is_stopped = stop.is_some();
        self.look_for(open, is_stopped, &mut plan.entries).await?;
        settled(&plan.entries)?;
        match stop.and_then(|stop| stop.error) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Looks for those of whom nobody knows whether they were created. Whoever is not
    /// there, also when it is looked once more, is sent again, once.
    async fn look_for(
        &mut self,
        open: Vec<&Planned>,
        is_stopped: bool,
        entries: &mut [Entry],
    ) -> Result<(), CommandError> {
        let mut open = open;
        for _ in 0..2 {
            if open.is_empty() {
                return Ok(());
            }
            sleep(SHOWS_AFTER).await;
            let there = match There::look(self.calls, self.list, self.prompt).await {
                Ok(there) => there,
                Err(error) => {
                    terminal::say(&format!(
                        "twochat: whether {} rows were created cannot be seen now; the same call \
                         looks again: {error}",
                        open.len()
                    ));
                    return Ok(());
                }
            };
            let mut left = Vec::new();
            for planned in open {
                match (there.uuid(&planned.keys), entries.get_mut(planned.place)) {
                    (Some(uuid), Some(entry)) => {
                        self.journal.created(&planned.known_by())?;
                        entry.end = End::Created(uuid.to_owned());
                    }
                    _ => left.push(planned),
                }
            }
            open = left;
        }
        if is_stopped {
            return Ok(());
        }
        let mut pace = self.pace().await?;
        let progress = Progress::of_calls(open.len() as u64);
        for (done, planned) in (0..).zip(open) {
            let Some(entry) = entries.get_mut(planned.place) else { continue };
            pace.tick().await;
            progress.asks_for(done, entry.line);
            match self.make(planned, &progress).await {
                Ok(made) => entry.end = made.end(),
                Err(Stop { made: Some(made), .. }) => entry.end = made.end(),
                // What was sent before stays open.
                Err(_) => break,
            }
        }
        Ok(())
    }

    async fn make(&mut self, planned: &Planned, progress: &Progress) -> Result<Made, Stop> {
        let broken =
            |error: CommandError| Stop { why: error.to_string(), error: Some(error), made: None };
        let (keys, arguments) = (planned.known_by(), planned.person.arguments());
        self.journal.sends(&keys).map_err(broken)?;
        let call = Call {
            prompt: self.prompt,
            source: Some(self.source),
            ..Call::new(CREATE, &arguments)
        };
        let patience = Patience::new(TRIES, LONGEST_WAIT);
        let made = self.calls.make(call, patience, |error, wait| progress.waits(error, wait)).await;
        let made = match made {
            Ok(outcome) => match outcome.result {
                Ok(result) => {
                    let uuid = result.get(KEY).and_then(Value::as_str).unwrap_or_default();
                    Made::Created(uuid.to_owned())
                }
                Err(error) if error.get("carried-out").and_then(Value::as_str) == Some("no") => {
                    Made::Refused(error)
                }
                Err(error) => {
                    let message = error.get("message").and_then(Value::as_str);
                    Made::Perhaps(message.map_or_else(|| error.to_string(), str::to_owned))
                }
            },
            Err(NoOutcome::Stopped(why)) => Made::Perhaps(why),
            Err(no) => {
                self.journal.refused(&keys).map_err(broken)?;
                return Err(broken(no.into()));
            }
        };
        let noted = match &made {
            Made::Created(_) => self.journal.created(&keys),
            Made::Refused(_) => self.journal.refused(&keys),
            Made::Perhaps(_) => Ok(()),
        };
        match noted {
            Ok(()) => Ok(made),
            Err(error) => Err(Stop { made: Some(made), ..broken(error) }),
        }
    }

    /// When the next may be sent: as often in a minute as the account says.
    async fn pace(&self) -> Result<Interval, CommandError> {
        let per_minute = self.rate().await?.unwrap_or(PER_MINUTE).max(1);
        let mut pace = interval(Duration::from_secs(60) / per_minute);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(pace)
    }

    async fn rate(&self) -> Result<Option<u32>, CommandError> {
        // A persona need not be allowed to ask.
        if !self.calls.tools()?.iter().any(|tool| tool.name == USAGE) {
            return Ok(None);
        }
        let nothing = Value::Object(Map::new());
        let call =
            Call { prompt: self.prompt, source: Some(self.source), ..Call::new(USAGE, &nothing) };
        let patience = Patience::new(TRIES, LONGEST_WAIT);
        let outcome = self.calls.make(call, patience, |_, _| {}).await?;
        let usage = outcome.result.map_err(CommandError::Action)?;
        let rate = usage.get("requests-per-minute").and_then(Value::as_u64);
        Ok(rate.map(|rate| rate.try_into().unwrap_or(u32::MAX)))
    }
}

impl Made {
    fn end(self) -> End {
        match self {
            Self::Created(uuid) => End::Created(uuid),
            Self::Refused(error) => End::Failed(error),
            Self::Perhaps(why) => End::Open(why),
        }
    }
}

fn kind(error: &Value) -> &str {
    error.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// Whether what came of it says nothing of those after it.
fn is_own_fault(made: &Made) -> bool {
    match made {
        Made::Created(_) => true,
        Made::Refused(error) => matches!(kind(error), "invalid-input" | "rejected"),
        Made::Perhaps(_) => false,
    }
}

/// Why nobody else is to be tried, if so.
fn stopped(made: &Made, failing: usize) -> Option<Stop> {
    let why = match made {
        Made::Refused(error) if HOPELESS.contains(&kind(error)) => {
            format!("stopped, as 2Chat says {}", kind(error))
        }
        Made::Refused(_) | Made::Perhaps(_) if failing >= FAILING => {
            format!("stopped, as {failing} calls failed one after the other")
        }
        _ => return None,
    };
    Some(Stop { why, error: None, made: None })
}
