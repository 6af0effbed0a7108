//! What passed the gate in one call? Requests, statuses, bytes, and why one was kept
//! back, for the log and for retries.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A note that is being written.
pub type Noting<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Hears whether a call may be carried out, before that is so.
pub trait Watch: Send + Sync {
    /// Notes that what may change something leaves next; or, without `perhaps`, that what left
    /// surely changed nothing. What cannot be noted does not leave.
    fn note(&self, perhaps: bool) -> Noting<'_>;
}

impl fmt::Debug for dyn Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// The requests of a call, all its tries together.
#[derive(Debug, Default)]
pub struct Traffic {
    counted: Mutex<Counted>,
    watch: Option<Arc<dyn Watch>>,
}

#[derive(Debug, Default)]
struct Counted {
    statuses: Vec<u16>,
    bytes: u64,
    reason: Option<String>,
    wait: Option<u32>,
}

/// A reason may have so many letters.
const REASON: usize = 500;

impl Traffic {
    /// None yet, of which somebody hears before it leaves.
    pub(crate) fn watched_by(watch: Option<Arc<dyn Watch>>) -> Self {
        Self { watch, ..Self::default() }
    }

    /// Has whoever watches note whether the call may be carried out.
    pub(crate) async fn note(&self, perhaps: bool) -> Result<(), String> {
        match &self.watch {
            Some(watch) => watch.note(perhaps).await,
            None => Ok(()),
        }
    }

    /// The HTTP status of each request's reply in the order in which the requests
    /// left; 0 for one without.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        self.counted().statuses.clone()
    }

    /// Bytes of all replies' bodies.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.counted().bytes
    }

    /// Why the last request did not leave, in the host's own words: one line, without
    /// the key. `None` if it did.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.counted().reason.clone()
    }

    /// For how many seconds this host held the last request back, at least, when its
    /// time was over.
    #[must_use]
    pub fn wait_seconds(&self) -> Option<u32> {
        self.counted().wait
    }

    /// A request is to be sent, or a call begins: what was before is no reason any more.
    pub(super) fn forget(&self) {
        let mut counted = self.counted();
        (counted.reason, counted.wait) = (None, None);
    }

    /// A request did not leave.
    pub(crate) fn kept(&self, reason: &str) {
        let shown = reason.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<_> = shown.filter(|word| !word.is_empty()).collect();
        let reason = words.join(" ");
        let cut = reason.chars().take(REASON).collect::<String>();
        self.counted().reason = Some(if cut.len() < reason.len() { cut + "…" } else { cut });
    }

    /// A request did not leave, for this host lets no more out for so long.
    pub(crate) fn held_back(&self, reason: &str, seconds: u32) {
        self.kept(reason);
        self.counted().wait = Some(seconds);
    }

    /// A request leaves: which one it is.
    pub(super) fn begins(&self) -> usize {
        let mut counted = self.counted();
        counted.statuses.push(0);
        counted.statuses.len() - 1
    }

    pub(super) fn answered(&self, request: usize, status: u16) {
        if let Some(of_request) = self.counted().statuses.get_mut(request) {
            *of_request = status;
        }
    }

    pub(super) fn received(&self, bytes: u64) {
        self.counted().bytes += bytes;
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
