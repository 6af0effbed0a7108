//! What went through the gate, for whoever keeps account of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The requests of a call, all its tries together.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    statuses: Vec<u16>,
    bytes: u64,
    refusal: Option<String>,
}

impl Traffic {
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

    /// Why the gate refused the last request, if it did.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.counted().refusal.clone()
    }

    pub(super) fn refused(&self, why: String) {
        self.counted().refusal = Some(why);
    }

    /// A request leaves: which one it is.
    pub(super) fn begins(&self) -> usize {
        let mut counted = self.counted();
        counted.refusal = None;
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
