//! What may one call use, how does it reach the outside, and what comes of it?

use std::time::Duration;

use http::{Request, Response};
use serde_json::Value;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::Time;

/// What one call may use. Every limit is on by default.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Units of work, about one for each instruction.
    pub fuel: u64,
    /// Bytes of linear memory, of all memories together.
    pub memory: usize,
    /// Entries of all tables together.
    pub table: usize,
    /// Resources (requests, streams, bodies) held at the same time.
    pub resources: usize,
    /// From the start of the call to its result, waiting included.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 2_000_000_000,
            memory: 64 << 20,
            table: 10_000,
            resources: 64,
            time: Duration::from_secs(60),
        }
    }
}

/// How a call reaches the outside: its environment and the gate for requests.
pub struct Outlet {
    /// Environment variables that the guest sees; nothing else is inherited.
    pub environment: Vec<(String, String)>,
    /// Makes the gate that decides on each request and sends it, for a call
    /// that is stopped at the given time.
    pub gate: Box<dyn FnOnce(Time) -> Box<dyn WasiHttpHooks> + Send>,
}

impl Outlet {
    /// No way out, for what needs none: no environment, and no request leaves.
    #[must_use]
    pub fn closed() -> Self {
        Self { environment: Vec::new(), gate: Box::new(|_| Box::new(Closed)) }
    }
}

struct Closed;

/// A response, and work that goes on behind it.
type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Closed {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// What came of a call that ended by itself.
#[derive(Clone, Debug)]
pub struct Outcome<T = Value> {
    /// The result or the action's typed error, as JSON.
    pub result: Result<T, Value>,
    /// Fuel that was used.
    pub fuel: u64,
    /// Linear memory in bytes, of all memories together.
    pub memory: usize,
    /// Resources that the guest did not give back. Always 0 for a good guest.
    pub resources_left: usize,
}

impl<T> Outcome<T> {
    /// The same with the result in another form.
    pub(crate) fn map<U>(self, form: impl FnOnce(T) -> U) -> Outcome<U> {
        let Self { result, fuel, memory, resources_left } = self;
        Outcome { result: result.map(form), fuel, memory, resources_left }
    }
}

/// Why a call gave neither a result nor an error of the action.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The component exports no such action.
    #[error("there is no action `{name}`; this component has {}", known.join(", "))]
    UnknownAction {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The arguments do not fit the action's types.
    #[error("{0}")]
    Arguments(String),
    /// The guest used up what it may use, and was stopped.
    #[error("the component was stopped: it {0}")]
    Limit(String),
    /// The guest failed in a way that a connector never should.
    #[error("the component trapped: {0}")]
    Trap(String),
}
