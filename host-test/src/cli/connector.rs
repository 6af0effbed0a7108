//! Which component is run, and where may it send requests?

use std::{
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use host_test::{
    CONNECTOR,
    audit::{Asked, Ended, Log, Open},
    cache::Cache,
    client::Client,
    egress::{Connection, DEFAULT_BASE_URL, Secret, Traffic},
    engine::{CallError, Connector, Host, Limits, Outcome},
    retry::Patience,
};
use serde_json::Value;
use tokio::{task::block_in_place, time::sleep};

use crate::Failure;

/// What to do about a file that cannot be used.
const OTHERWISE: &str =
    "Give --component a WebAssembly component, or leave it out to run the built-in one.";

/// The largest file that is looked at: many times the largest connector.
const FILE_LIMIT: u64 = 64 << 20;

/// So often a call is repeated, when its error says that it may be.
pub(crate) const TRIES: usize = 3;

/// What somebody wants to be done.
pub(crate) struct Ask<'a> {
    pub(crate) action: &'a str,
    pub(crate) arguments: &'a Value,
    /// What the caller was told to do, if it says so.
    pub(crate) prompt: Option<String>,
}

/// A loaded connector with its one connection.
pub(crate) struct Session {
    connector: Connector,
    client: Client,
    log: Option<Log>,
    pub(crate) connection: Arc<Connection>,
}

/// Loads the component in `file`, or the one that this command was built with.
pub(crate) fn load(file: Option<PathBuf>) -> Result<Connector, Failure> {
    let host = Host::new().map_err(|error| {
        Failure::Host(format!("this machine cannot run WebAssembly: {error:#}"))
    })?;
    let unusable = |why: String| {
        Failure::Host(match &file {
            Some(file) => format!("{} cannot be used: {why}. {OTHERWISE}", file.display()),
            None => format!("the built-in component cannot be used: {why}"),
        })
    };
    let bytes = match &file {
        Some(file) => read(file).map_err(unusable)?,
        None => CONNECTOR.to_owned(),
    };
    let loaded = match Cache::of_user() {
        Some(cache) => host.load_cached(&bytes, &cache),
        None => host.load(&bytes),
    };
    loaded.map_err(|error| unusable(error.to_string()))
}

impl Session {
    pub(crate) fn new(connector: Connector, connection: Connection) -> Result<Self, Failure> {
        let client = Client::new(&[])
            .map_err(|error| Failure::Host(format!("no TLS on this machine: {error}")))?;
        Ok(Self { connector, client, log: None, connection: Arc::new(connection) })
    }

    /// Writes all calls down from now on.
    pub(crate) fn audited(self, log: Option<&Path>) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let unusable = |error| {
                let why = format!("the log {} cannot be used: {error}", path.display());
                Failure::Host(format!("{why}. Nothing was sent."))
            };
            Log::open(path).map_err(unusable)
        };
        Ok(Self { log: log.map(open).transpose()?, ..self })
    }

    /// Carries out a call, and again for as long as its errors allow it.
    /// `waits` hears of each wait before it.
    pub(crate) async fn call_patiently(
        &self,
        ask: Ask<'_>,
        mut patience: Patience,
        mut waits: impl FnMut(&Value, Duration),
    ) -> Result<Outcome, Failure> {
        let open = self.begin(&ask)?;
        let traffic = Arc::default();
        let (mut retries, mut fuel) = (0, 0);
        let called = loop {
            let called = self.call(ask.action, ask.arguments, patience.left(), &traffic).await;
            let Ok(outcome) = &called else { break called };
            fuel += outcome.fuel;
            let Err(error) = &outcome.result else { break called };
            let Some(wait) = patience.wait_after(error) else { break called };
            waits(error, wait);
            sleep(wait).await;
            retries += 1;
        };
        if let Some(open) = open {
            let (result, error) = match &called {
                Ok(Outcome { result: Ok(result), .. }) => (Some(result.clone()), None),
                Ok(Outcome { result: Err(error), .. }) => (None, Some(error.clone())),
                Err(failure) => (None, Some(failure.to_string().into())),
            };
            let (statuses, bytes) = (traffic.statuses(), traffic.bytes());
            let ended = Ended { result, error, statuses, retries, fuel, bytes, ..Ended::default() };
            block_in_place(|| open.finish(ended)).map_err(|error| {
                Failure::Host(format!(
                    "the call was made, but the log cannot be written to: {error}. Make room \
                     for it; what it gave is not shown."
                ))
            })?;
        }
        called
    }

    /// Writes down that a call begins, where calls are written down.
    fn begin(&self, ask: &Ask<'_>) -> Result<Option<Open>, Failure> {
        let Some(log) = &self.log else { return Ok(None) };
        let mut arguments = ask.arguments.clone();
        let mut prompt = ask.prompt.clone();
        if let Some(key) = self.connection.key() {
            key.scrub_value(&mut arguments);
            prompt = prompt.map(|prompt| key.scrub(&prompt));
        }
        let asked = Asked {
            user: rustix::process::getuid().as_raw().to_string(),
            server: self.connection.base_url().to_owned(),
            action: ask.action.to_owned(),
            arguments,
            prompt,
        };
        block_in_place(|| log.start(asked)).map(Some).map_err(|error| {
            let path = log.path().display();
            Failure::Host(format!(
                "the log {path} cannot be written to: {error}. Nothing was sent."
            ))
        })
    }

    /// Carries out one call; whatever comes back has the key hidden.
    pub(crate) async fn call(
        &self,
        action: &str,
        arguments: &Value,
        time: Duration,
        traffic: &Arc<Traffic>,
    ) -> Result<Outcome, Failure> {
        let limits = Limits::default();
        let limits = Limits { time: limits.time.min(time), ..limits };
        let outlet = self.connection.watched_outlet(&self.client, traffic);
        let called = self.connector.call(action, arguments, outlet, limits).await;
        let hide = |error: &CallError| {
            let key = self.connection.key();
            key.map_or_else(|| error.to_string(), |key| key.scrub(&error.to_string()))
        };
        let mut outcome = called.map_err(|error| match error {
            CallError::UnknownAction { .. } | CallError::Arguments(_) => {
                Failure::Misuse(hide(&error))
            }
            CallError::Limit(_) | CallError::Trap(_) => Failure::Host(hide(&error)),
        })?;
        // By its own word the account may send so many.
        if let Ok(result) = &outcome.result
            && let Some(rate) = result.get("requests-per-minute").and_then(Value::as_u64)
        {
            self.connection.set_rate(rate.try_into().unwrap_or(u32::MAX));
        }
        if let Some(key) = self.connection.key() {
            match &mut outcome.result {
                Ok(value) | Err(value) => key.scrub_value(value),
            }
        }
        Ok(outcome)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(error.to_string()),
        Ok(_) if bytes.len() as u64 > FILE_LIMIT => {
            Err(format!("it is larger than {} MiB", FILE_LIMIT >> 20))
        }
        Ok(_) => Ok(bytes),
    }
}

/// The connection that the environment asks for.
pub(crate) fn from_environment() -> Result<Connection, Failure> {
    let broken = |name: &str, why: &str| Failure::Misuse(format!("{name} cannot be used: {why}"));
    let key = variable("TWOCHAT_API_KEY")?
        .map(|key| Secret::new(&key))
        .transpose()
        .map_err(|why| broken("TWOCHAT_API_KEY", why))?;
    let base = variable("TWOCHAT_BASE_URL")?.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    Connection::new(&base, key).map_err(|why| broken("TWOCHAT_BASE_URL", why))
}

/// The variable without the white space around it, if anything is left.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::Misuse(format!("{name} cannot be used: it is not Unicode text")))
        }
    }
}
