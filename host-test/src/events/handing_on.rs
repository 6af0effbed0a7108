//! How does each event get to those who are to hear of it? Every target takes what is due
//! for it, at its own pace, and what comes of a try is written down before the next.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    calling::Calling,
    filter::Filter,
    following::AsRead,
    forward::Forward,
    lines::{self, What},
    outbox::{self, Entry, Left, Outcome, Taken},
    running::Running,
    writer::{Unwritten, Writer},
};

/// So often a target looks whether something is due that nobody told it of.
const LOOK: Duration = Duration::from_secs(1);
/// So many tries a target makes at the same time, where order means nothing to it.
const AT_ONCE: usize = 4;

/// Somebody who hears of events.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) kind: Kind,
}

/// What handing on to it means.
pub(crate) enum Kind {
    Forward(Box<Forward>),
    Run(Running),
    Call(Box<Calling>),
}

impl Target {
    /// Why it is not to hear of this event; `None` where it is.
    pub(crate) fn passes(&self, name: &str, event: &Value) -> Option<String> {
        self.filter.passes(name, event)
    }

    /// For what it hears of one event alone.
    pub(crate) fn once(&self, event: &Value) -> Option<String> {
        self.filter.once(event)
    }

    /// What would be done, in words, or why nothing would.
    pub(crate) fn would(&self, event: &Value) -> Result<String, String> {
        match &self.kind {
            Kind::Forward(forward) => Ok(forward.would()),
            Kind::Run(running) => Ok(running.would()),
            Kind::Call(calling) => calling.would(event),
        }
    }

    /// Whether what may have been done must not be done again unasked.
    fn is_harmed_by_a_second(&self) -> bool {
        matches!(self.kind, Kind::Call(_))
    }

    fn is_a_rule(&self) -> bool {
        matches!(self.filter, Filter::Rule(_))
    }

    fn at_once(&self) -> usize {
        if self.is_harmed_by_a_second() { 1 } else { AT_ONCE }
    }

    async fn hand_on(&self, entry: &Entry, store: &str, writer: &Writer) -> Outcome {
        match &self.kind {
            Kind::Forward(forward) => forward.hand_on(entry, store).await,
            Kind::Run(running) => running.hand_on(entry, store).await,
            Kind::Call(calling) => calling.hand_on(entry, store, writer).await,
        }
    }
}

/// What is being handed on at this moment, each in words.
#[derive(Default)]
pub(crate) struct UnderWay(Mutex<Vec<String>>);

impl UnderWay {
    /// All of it, if there is any.
    pub(crate) fn told(&self) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (!all.is_empty()).then(|| all.join(", "))
    }

    async fn with<T>(&self, words: String, work: impl Future<Output = T>) -> T {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all().push(words.clone());
        let done = work.await;
        let mut all = all();
        if let Some(place) = all.iter().position(|one| *one == words) {
            all.remove(place);
        }
        done
    }
}

/// All that is handed on.
pub(crate) struct HandingOn {
    pub(crate) writer: Writer,
    /// The id of the store.
    pub(crate) store: String,
    pub(crate) targets: Arc<Vec<Arc<Target>>>,
    /// What those that are rules are of: they do nothing once it is another.
    pub(crate) policy: AsRead,
    /// Hears that something waits.
    pub(crate) waits: Arc<Notify>,
    /// So many tries are made of one thing.
    pub(crate) tries: u32,
    pub(crate) under_way: Arc<UnderWay>,
    /// Nothing more is begun then.
    pub(crate) is_ending: Arc<AtomicBool>,
}

impl HandingOn {
    /// Begins, and goes on until it is told to end; what is under way then comes to its end.
    pub(crate) fn begin(self: &Arc<Self>, work: &mut JoinSet<()>) {
        for target in self.targets.iter() {
            for _ in 0..target.at_once() {
                let (all, target) = (Arc::clone(self), Arc::clone(target));
                work.spawn(async move { all.go_on(&target).await });
            }
        }
    }

    async fn go_on(&self, target: &Arc<Target>) {
        while !self.is_ending.load(Relaxed) {
            if target.is_a_rule() && !self.policy.is_still() {
                let _ = timeout(LOOK, self.waits.notified()).await;
                continue;
            }
            let one = Arc::clone(target);
            let once =
                move |event: &Value| Some((one.filter.once_per()?.to_owned(), one.once(event)?));
            match outbox::take(&self.writer, &target.name, once).await {
                Ok(Some(Taken::Entry(entry))) => self.hand_on(target, entry).await,
                Ok(Some(Taken::Passed(event, why))) => {
                    lines::say_of(event, What::Passes, &target.name, &why)
                }
                Ok(None) => {
                    let _ = timeout(LOOK, self.waits.notified()).await;
                }
                Err(why) => {
                    lines::say_lasting(&target.name, &format!("not written down: {why}"));
                    sleep(LOOK).await;
                }
            }
        }
    }

    async fn end(
        &self,
        target: &Target,
        entry: &Entry,
        outcome: &Outcome,
        is_sure: bool,
    ) -> Result<Left, Unwritten> {
        outbox::end(&self.writer, &target.name, entry, outcome, self.tries, is_sure).await
    }

    async fn hand_on(&self, target: &Target, entry: Entry) {
        let outcome = match entry.instead {
            Some(event) => Outcome::Needless(outbox::skipped(event)),
            None => {
                let words = format!("event {} to {}", entry.event, target.name);
                let handed = target.hand_on(&entry, &self.store, &self.writer);
                self.under_way.with(words, handed).await
            }
        };
        // A call is only tried again where it was surely not carried out.
        let is_sure = target.is_harmed_by_a_second();
        // What has happened is written down, however long that takes.
        let left = loop {
            match self.end(target, &entry, &outcome, is_sure).await {
                Ok(left) => break left,
                Err(_) if self.is_ending.load(Relaxed) => return,
                Err(why) => {
                    lines::say_lasting(&target.name, &format!("not written down: {why}"));
                    sleep(LOOK).await;
                }
            }
        };
        let (what, why) = match left {
            Left::Done => (What::Done, String::new()),
            Left::Needless(why) => (What::Done, format!(": {why}, so nothing was done")),
            Left::Again(why, wait) => (What::Again, format!(": {why}; in {} s", wait.as_secs())),
            Left::Parked(why) => (What::Parked, format!(": {why}")),
            Left::Ended(why) => (What::Ended, format!(": {why}; it gets nothing more")),
        };
        lines::say(what, &entry.name, &format!("as {} to {}{why}", entry.event, target.name));
    }
}
