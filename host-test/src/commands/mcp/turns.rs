//! Whose turn is it? So many calls run at the same time, and one that waits for a person
//! is not among them.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::in_flight::Admitted;

/// The turns of one call.
pub(super) struct Turns<'a> {
    of: &'a [Arc<Semaphore>],
    /// An answer that waits for a slow reader takes its turns along.
    admitted: Option<&'a Arc<Admitted>>,
    held: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl<'a> Turns<'a> {
    pub(super) fn of(of: &'a [Arc<Semaphore>], admitted: Option<&'a Arc<Admitted>>) -> Self {
        Self { of, admitted, held: Mutex::default() }
    }

    /// Waits for one of each.
    pub(super) async fn take(&self) {
        let mut turns = Vec::new();
        for all in self.of {
            // The semaphores are never closed.
            turns.extend(Arc::clone(all).acquire_owned().await);
        }
        self.hold(turns);
    }

    /// Gives them back.
    pub(super) fn leave(&self) {
        self.hold(Vec::new());
    }

    /// Waits until whoever made the call has left.
    pub(super) async fn caller_left(&self) {
        match self.admitted {
            Some(admitted) => admitted.ended().await,
            None => std::future::pending().await,
        }
    }

    fn hold(&self, turns: Vec<OwnedSemaphorePermit>) {
        match self.admitted {
            Some(admitted) => admitted.keep(turns),
            None => *self.held.lock().unwrap_or_else(PoisonError::into_inner) = turns,
        }
    }
}
