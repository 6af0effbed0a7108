//! Which component is run, and where may it send requests?

use std::{env, fs, path::PathBuf, sync::Arc};

use host_test::{
    CONNECTOR,
    client::Client,
    egress::{Connection, DEFAULT_BASE_URL, Secret},
    engine::{CallError, Connector, Host, Limits, Outcome},
};
use serde_json::Value;

use crate::Failure;

/// What to do about a file that cannot be used.
const OTHERWISE: &str =
    "Give --component a WebAssembly component, or leave it out to run the built-in one.";

/// A loaded connector with its one connection.
pub(crate) struct Session {
    connector: Connector,
    client: Client,
    pub(crate) connection: Arc<Connection>,
}

impl Session {
    /// Loads the component in `file`, or the one that this command was built with.
    pub(crate) fn new(file: Option<PathBuf>, connection: Connection) -> Result<Self, Failure> {
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
            Some(file) => fs::read(file).map_err(|error| unusable(error.to_string()))?,
            None => CONNECTOR.to_owned(),
        };
        let connector = host.load(&bytes).map_err(|error| unusable(error.to_string()))?;
        let client = Client::new(&[])
            .map_err(|error| Failure::Host(format!("no TLS on this machine: {error}")))?;
        Ok(Self { connector, client, connection: Arc::new(connection) })
    }

    /// Carries out one call; whatever comes back has the key hidden.
    pub(crate) async fn call(&self, action: &str, arguments: &Value) -> Result<Outcome, Failure> {
        let limits = Limits::default();
        let outlet = self.connection.outlet(&self.client);
        let called = self.connector.call(action, arguments, outlet, limits).await;
        let mut outcome = called.map_err(|error| match error {
            CallError::UnknownAction { .. } | CallError::Arguments(_) => {
                Failure::Misuse(error.to_string())
            }
            CallError::Limit(_) | CallError::Trap(_) => Failure::Host(error.to_string()),
        })?;
        if let Some(key) = self.connection.key() {
            match &mut outcome.result {
                Ok(value) | Err(value) => key.scrub_value(value),
            }
        }
        Ok(outcome)
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
