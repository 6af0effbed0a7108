//! Which component is run, and on whose behalf?

use std::{
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use host_test::{
    CONNECTOR,
    access::Access,
    cache::Cache,
    egress::{Connection, DEFAULT_BASE_URL, Secret},
    engine::{Connector, Host},
    policy::Policy,
};

use super::record;
use crate::Failure;

/// What to do about a file that cannot be used.
const OTHERWISE: &str =
    "Give --component a WebAssembly component, or leave it out to run the built-in one.";

/// The largest file that is looked at: many times the largest connector.
const FILE_LIMIT: u64 = 64 << 20;

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

/// Who calls, as flags say it.
#[derive(clap::Args)]
pub(crate) struct Caller {
    /// Policy to follow, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,
    /// Persona of the policy to call as, instead of its default
    #[arg(long, value_name = "NAME", global = true)]
    persona: Option<String>,
    /// Write the call down in this file, else in that of TWOCHAT_AUDIT, or do not
    /// make it; a policy itself says where
    #[arg(long, value_name = "FILE", global = true)]
    audit: Option<PathBuf>,
}

impl Caller {
    /// What the caller may do: what its policy says, or without one everything
    /// over the connection of the environment.
    pub(crate) fn access(self) -> Result<Access, Failure> {
        if let Some(file) = policy(self.policy) {
            if self.audit.is_some() {
                let why = "--audit has no meaning here: calls are written down where the policy";
                return Err(Failure::Misuse(format!("{why} {} says", file.display())));
            }
            return Ok(Access::of_persona(file, self.persona));
        }
        if self.persona.is_some() {
            let own = Policy::of_user().map_or_else(String::new, |file| {
                format!(", and there is none at {}", file.display())
            });
            return Err(Failure::Misuse(format!("--persona needs a policy{own}")));
        }
        let log = self.audit.or_else(|| {
            env::var_os("TWOCHAT_AUDIT").filter(|file| !file.is_empty()).map(PathBuf::from)
        });
        // Better now than at the first call.
        log.as_deref().map(record::open).transpose()?;
        let connection = Arc::new(from_environment()?);
        Ok(Access::Owner { connection, name: None, log, until: Policy::of_user() })
    }
}

/// The policy to follow: this one, or the user's own if there is one.
pub(crate) fn policy(file: Option<PathBuf>) -> Option<PathBuf> {
    file.or_else(|| Policy::of_user().filter(|file| Policy::is_there(file)))
}

/// The connection that the environment asks for.
fn from_environment() -> Result<Connection, Failure> {
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
