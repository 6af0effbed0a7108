//! What answers a batch of messages? All answers together, once the last of them is there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::message::Outgoing;

/// A batch that is being answered.
#[derive(Default)]
pub(crate) struct Batch(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    /// So many are still to come.
    awaited: usize,
    come: Vec<Outgoing>,
}

impl Batch {
    /// Waits for one more.
    pub(crate) fn awaits(&self) {
        self.answers().awaited += 1;
    }

    /// Has one that nobody waited for.
    pub(crate) fn adds(&self, answer: Outgoing) {
        self.answers().come.push(answer);
    }

    /// Waits for one less, which came or will not; gives all if it was the last, and there
    /// are some.
    pub(crate) fn one_less(&self, answer: Option<Outgoing>) -> Option<Vec<Outgoing>> {
        let mut answers = self.answers();
        answers.awaited = answers.awaited.saturating_sub(1);
        answers.come.extend(answer);
        let is_whole = answers.awaited == 0 && !answers.come.is_empty();
        is_whole.then(|| std::mem::take(&mut answers.come))
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
