//! What does a caller see of 2Chat, without 2Chat? A real HTTP server on a
//! loopback port that keeps keys, counts, limits and contacts the way the
//! vendor does, misbehaves on request, and remembers all that arrived.
//!
//! Refuses to know who calls it: nothing in here depends on the connector or
//! on the host that runs it, so that an agreement between the two is never a
//! shared mistake. What it tells are documentation values, never data of a
//! real account.

mod contacts;
mod delivery;
mod events;
mod exchange;
mod faults;
mod judge;
mod memory;
mod new_contact;
mod routes;
mod server;
#[cfg(test)]
mod tests;
mod webhooks;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use self::memory::Memory;

pub use self::contacts::CHANNELS;
pub use self::delivery::Delivered;
pub use self::events::{EVENTS, sample};
pub use self::exchange::{Exchange, Received, Reply};
pub use self::faults::{Fault, UnknownFault};

/// The key a mock accepts unless it is told another one.
pub const DEFAULT_KEY: &str = "mock-key";

/// How a mock starts out.
#[derive(Clone)]
pub struct Options {
    /// Port on 127.0.0.1. 0: any free one.
    pub port: u16,
    /// The one key that is accepted.
    pub key: String,
    /// How many contacts there are before any is created. They are made up
    /// when asked for, so a large number costs nothing.
    pub contacts: usize,
    /// Calls allowed within any 60 seconds; more are answered 429.
    pub requests_per_minute: u32,
    /// API credits spent before the first call.
    pub api_requests_used: u64,
    /// API credits in all; once they are spent, calls are answered 402.
    pub max_api_requests: u64,
    /// Faults that are switched on from the start.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            key: DEFAULT_KEY.to_owned(),
            contacts: 3,
            requests_per_minute: 80,
            api_requests_used: 0,
            max_api_requests: 500_000,
            faults: Vec::new(),
        }
    }
}

/// A running server. It stops, and closes its connections, when dropped.
pub struct Mock {
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Mock {
    /// Starts a server on a thread and a runtime of its own, so that a caller
    /// that blocks, or stops its clock, does not stop the server with it.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the system gives no thread or socket.
    pub async fn start(options: Options) -> io::Result<Mock> {
        let port = options.port;
        let memory = Arc::new(Mutex::new(Memory::new(options)));
        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = oneshot::channel();
        let server = server::spawn(port, Arc::clone(&memory), ready, stopped)?;
        let address = bound.await.map_err(io::Error::other)??;
        Ok(Mock { address, memory, stop: Some(stop), server: Some(server) })
    }

    /// What a connector is to be given as its base URL, `/open` included.
    pub fn base_url(&self) -> String {
        format!("http://{}/open", self.address)
    }

    /// What arrived, oldest first, refused requests included; the last 10,000.
    pub fn requests(&self) -> Vec<Received> {
        self.exchanges().into_iter().map(|exchange| exchange.request).collect()
    }

    /// What arrived with what was answered, oldest first; the last 10,000.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.memory().exchanges()
    }

    /// Switches a fault on. Among faults that exclude each other, such as two
    /// statuses, the one switched on last shows.
    pub fn switch_on(&self, fault: Fault) {
        self.memory().faults.switch_on(fault);
    }

    /// Switches a fault off; one that is not on stays off.
    pub fn switch_off(&self, fault: Fault) {
        self.memory().faults.switch_off(fault);
    }

    /// Gives this reply to every request, whatever its path or key, until
    /// [`Mock::clear`]. Such calls cost no credit and no fault touches them.
    pub fn answer_with(&self, reply: Reply) {
        self.memory().script = Some(reply);
    }

    /// Back to a server that works: no scripted reply, no faults. Contacts,
    /// counters and the list of requests stay.
    pub fn clear(&self) {
        let mut memory = self.memory();
        memory.script = None;
        memory.faults.clear();
    }

    /// Reports an event to every url that is subscribed for it, as 2Chat does: posts this
    /// body to each, at once, and gives what came of it. Only urls on this machine are
    /// sent anything; each has 5 seconds, and no redirect is followed.
    pub async fn deliver(&self, event: &str, body: &str) -> Vec<Delivered> {
        let subscribed = self.memory().webhooks.of(event);
        delivery::deliver(subscribed, body).await
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        locked(&self.memory)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            // Waiting makes "dropped" mean "gone"; a server that panicked is
            // gone as well.
            let _ = server.join();
        }
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// A request that panicked must not take the ones after it along.
fn locked(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
