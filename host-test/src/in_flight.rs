//! How much may be under way between what is read and what is answered? So many
//! messages, and so much memory for them; past that nothing more is read.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit};

/// So many messages are under way at the same time.
const MESSAGES: usize = 256;
/// So many bytes of memory they may take together, and each of them alone.
const BYTES: usize = 64 << 20;
/// What a value takes that is hardly more than a comma or a bracket in its text.
const EACH: usize = 400;

/// The bytes that a message takes once it is read, at most.
pub(crate) fn weight(message: &[u8]) -> usize {
    let parts = message.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    message.len() + EACH * parts
}

/// Whether a message of this weight could ever be taken.
pub(crate) fn is_too_heavy(weight: usize) -> bool {
    weight > BYTES
}

/// What is under way.
#[derive(Default)]
pub(crate) struct InFlight {
    used: Mutex<Used>,
    freed: Condvar,
    emptied: Notify,
}

#[derive(Default)]
struct Used {
    messages: usize,
    bytes: usize,
}

impl InFlight {
    /// Waits for room for a message of this weight, and takes it.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Arc<Admitted> {
        let is_full = |used: &mut Used| used.messages >= MESSAGES || used.bytes + bytes > BYTES;
        let used = self.freed.wait_while(self.used(), is_full);
        let mut used = used.unwrap_or_else(PoisonError::into_inner);
        used.messages += 1;
        used.bytes += bytes;
        Arc::new(Admitted { in_flight: Arc::clone(self), bytes, turn: Mutex::default() })
    }

    /// Waits until nothing is under way.
    pub(crate) async fn is_over(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.used().messages == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room of one message: given back once it is done with and its answer written.
pub(crate) struct Admitted {
    in_flight: Arc<InFlight>,
    bytes: usize,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Admitted {
    /// Keeps a turn for as long as the answer waits to be read.
    pub(crate) fn keep(&self, turn: OwnedSemaphorePermit) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut used = self.in_flight.used();
        used.messages -= 1;
        used.bytes -= self.bytes;
        self.in_flight.freed.notify_all();
        if used.messages == 0 {
            self.in_flight.emptied.notify_waiters();
        }
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admitted")
    }
}
