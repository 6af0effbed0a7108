//! Which component is run, and what may it import?

use std::{
    borrow::Cow,
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use host::{
    cache::Cache,
    compiler_process::CompilerProcess,
    docs::Docs,
    engine::{Connector, Host, LARGEST, LoadError},
    hex::hex,
    suggest,
    vendor::Vendor,
};
use ring::digest::SHA256;

use crate::{constants::APPLICATION, exit::CommandError};

/// The connector of this repository, built with this command, which trusts it.
pub(crate) const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));
/// What to do about a file that cannot be used.
const OTHERWISE: &str =
    "Give --component a WebAssembly component, or leave it out to run the built-in one.";

/// So many imports of one package are allowed one by one.
const MANY: usize = 3;
/// What makes this command a compiler, and nothing else.
pub(crate) const COMPILE: &str = "compile-component";

/// The authority that the built-in component asks for, once anybody has read its docs,
/// which takes as long as much of a call.
static STATED: OnceLock<Result<Arc<Vendor>, String>> = OnceLock::new();

/// The authority that the built-in component asks for.
pub(crate) fn stated_by_built_in() -> &'static Result<Arc<Vendor>, String> {
    STATED.get_or_init(|| stated(&Docs::of(CONNECTOR)))
}

fn stated(docs: &Docs) -> Result<Arc<Vendor>, String> {
    Vendor::stated(docs).map(Arc::new)
}

/// Which component, as flags say it.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct ComponentArguments {
    /// Component to use instead of the built-in one
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) component: Option<PathBuf>,
    /// Let the component import this as well, such as wasi:random/random, or wasi:cli
    /// for all of it; may be given more than once
    ///
    /// A connector needs wasi:http, wasi:io and its environment. A component that
    /// imports more is not loaded unless each import is allowed by name.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) allow_import: Vec<String>,
}

impl ComponentArguments {
    /// Loads it, to make one call after another.
    pub(crate) fn load(self) -> Result<Connector, CommandError> {
        self.load_for_calls(1)
    }

    /// Loads it, to make so many calls at the same time.
    pub(crate) fn load_for_calls(self, at_once: usize) -> Result<Connector, CommandError> {
        self.load_with_bytes(at_once).map(|(connector, _)| connector)
    }

    /// The same, with the bytes that it was made of: a file may be read only once.
    pub(crate) fn load_with_bytes(
        self,
        at_once: usize,
    ) -> Result<(Connector, Cow<'static, [u8]>), CommandError> {
        let Self { component: file, allow_import } = self;
        let host = Host::for_calls(at_once).map_err(|error| {
            CommandError::Host(format!("this machine cannot run WebAssembly: {error:#}"))
        })?;
        let host = host.allowing(allow_import);
        let Some(file) = file else {
            let outcome = match loaded(&host, CONNECTOR) {
                // It was built by a route that brings a standard library along.
                Err(LoadError::NotAllowed { imports }) => {
                    loaded(&host.allowing(imports), CONNECTOR)
                }
                outcome => outcome,
            };
            let connector = outcome.map_err(|error| {
                CommandError::Host(format!("the built-in component cannot be used: {error}"))
            })?;
            STATED.get_or_init(|| stated(connector.docs()));
            return Ok((connector, CONNECTOR.into()));
        };
        let name = file.display();
        let unusable =
            |why: String| CommandError::Host(format!("{name} cannot be used: {why}. {OTHERWISE}"));
        let bytes = read(&file).map_err(unusable)?;
        let program = env::current_exe().map_err(|error| unusable(error.to_string()))?;
        let host = host.compiling_in(CompilerProcess { program, arguments: vec![COMPILE.into()] });
        let connector = loaded(&host, &bytes).map_err(|error| {
            let otherwise = match &error {
                LoadError::NotAllowed { imports } => allowing(imports),
                _ => OTHERWISE.to_owned(),
            };
            CommandError::Host(format!("{name} cannot be used: {error}. {otherwise}"))
        })?;
        Ok((connector, bytes.into()))
    }
}

fn loaded(host: &Host, bytes: &[u8]) -> Result<Connector, LoadError> {
    match Cache::of_user(APPLICATION) {
        Some(cache) => host.load_cached(bytes, &cache),
        None => host.load(bytes),
    }
}

/// The flags that let these imports in: each by name, or the package of many.
fn allowing(imports: &[String]) -> String {
    let package = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let of_package =
        |name: &str| imports.iter().filter(|other| package(other) == package(name)).count();
    let mut names: Vec<_> = imports
        .iter()
        .map(|name| match name.split('@').next().unwrap_or_default() {
            plain if of_package(name) > MANY => package(plain),
            plain => plain.to_owned(),
        })
        .collect();
    names.dedup();
    let flags: Vec<_> = names.iter().map(|name| format!("--allow-import {name}")).collect();
    format!("If you trust it with that, add {}.", flags.join(" "))
}

/// The action of the built-in component that was most likely meant.
pub(crate) fn built_in_action(name: &str) -> Option<String> {
    let connector = ComponentArguments::default().load().ok()?;
    let known = connector.actions().iter().map(|action| action.name.as_str());
    suggest::nearest(name, known).map(str::to_owned)
}

/// What tells a file from any other.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&SHA256, bytes))
}

/// The bytes of a file that can be a component.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read =
        File::open(file).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(error.to_string()),
        Ok(_) if bytes.len() > LARGEST => Err(format!("it is larger than {} MiB", LARGEST >> 20)),
        Ok(_) => Ok(bytes),
    }
}
