//! How much may be under way between what is read and what is answered? So many
//! messages, and so much memory for them; past that nothing more is read.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

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
    ended: watch::Sender<bool>,
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
        let in_flight = Arc::clone(self);
        Arc::new(Admitted { in_flight, bytes: bytes.into(), turns: Mutex::default() })
    }

    /// Takes room for a message that is still to be read, if there is some now.
    pub(crate) fn admit_now(self: &Arc<Self>) -> Option<Arc<Admitted>> {
        let mut used = self.used();
        if used.messages >= MESSAGES {
            return None;
        }
        used.messages += 1;
        Some(Arc::new(Admitted {
            in_flight: Arc::clone(self),
            bytes: 0.into(),
            turns: Mutex::default(),
        }))
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

    /// Notes that the other side has left: it reads no answer, or sends nothing more.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until the other side has left.
    pub(crate) async fn ended(&self) {
        // Its sender lives as long as this.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room of one message: given back once it is done with and its answer written.
pub(crate) struct Admitted {
    in_flight: Arc<InFlight>,
    bytes: AtomicUsize,
    turns: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl Admitted {
    /// Makes its room as large as this, if there is so much now.
    pub(crate) fn grows_to(&self, bytes: usize) -> bool {
        let mut used = self.in_flight.used();
        let more = bytes.saturating_sub(self.bytes.load(Relaxed));
        let has_room = used.bytes + more <= BYTES;
        if has_room {
            used.bytes += more;
            self.bytes.fetch_add(more, Relaxed);
        }
        has_room
    }

    /// Waits until whoever sent it has left.
    pub(crate) async fn ended(&self) {
        self.in_flight.ended().await;
    }

    /// Keeps its turns for as long as the answer waits to be read.
    pub(crate) fn keep(&self, turns: Vec<OwnedSemaphorePermit>) {
        *self.turns.lock().unwrap_or_else(PoisonError::into_inner) = turns;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut used = self.in_flight.used();
        used.messages -= 1;
        used.bytes -= self.bytes.load(Relaxed);
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
