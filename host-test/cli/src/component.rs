//! Which component is run?

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use host::{
    cache::Cache,
    engine::{Connector, Host},
};

use crate::{exit::CommandError, vendor::APPLICATION};

/// The connector of this repository, built from the sources beside this crate.
const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));
/// What to do about a file that cannot be used.
const OTHERWISE: &str =
    "Give --component a WebAssembly component, or leave it out to run the built-in one.";

/// The largest file that is looked at: many times the largest connector.
const FILE_LIMIT: u64 = 64 << 20;

/// Loads the component in `file`, or the one that this command was built with.
pub(crate) fn load(file: Option<PathBuf>) -> Result<Connector, CommandError> {
    let host = Host::new().map_err(|error| {
        CommandError::Host(format!("this machine cannot run WebAssembly: {error:#}"))
    })?;
    let unusable = |why: String| {
        CommandError::Host(match &file {
            Some(file) => format!("{} cannot be used: {why}. {OTHERWISE}", file.display()),
            None => format!("the built-in component cannot be used: {why}"),
        })
    };
    let bytes = match &file {
        Some(file) => read(file).map_err(unusable)?,
        None => CONNECTOR.to_owned(),
    };
    let loaded = match Cache::of_user(APPLICATION) {
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
