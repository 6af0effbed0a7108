//! How is a connector loaded, and one call of it carried out?
//!
//! Every call gets a fresh instance, unless it is made on one that is kept, and is
//! bounded in fuel, memory, tables and time. Knows no action by name: functions and
//! their types are read from the component. What leaves the instance is the
//! business of its [`Outlet`].

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::Semaphore, time::Instant as Time};
use wasmtime::{
    Config, Engine, PoolingAllocationConfig,
    component::{
        Component, ComponentExportIndex, InstancePre, Linker, Type,
        types::{ComponentFunc, ComponentItem},
    },
};

use self::state::{PARTS, State, handle, set_authority, set_method};
pub use self::{
    call::{CallError, Limits, Outcome, Outlet},
    instance::Instance,
};
use crate::{
    cache::Cache,
    compiler_process::CompilerProcess,
    docs::{ACTIONS, Docs},
    imports::Given,
    json::{self, Answer},
};

mod call;
mod instance;
mod state;

/// The interface of requests, in the version that wasmtime gives; any 0.2 of a
/// guest is matched with it.
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";
/// The interface of what requests are made of, in the same version.
const TYPES: &str = "wasi:http/types@0.2.12";
/// How often a busy guest lets other work go on.
const TICK: Duration = Duration::from_millis(10);
/// Instances that there are at the same time, unless [`Host::for_calls`] says otherwise.
const AT_ONCE: usize = 1000;
/// Bytes of an instance's memory that are cleaned for the next one instead of given
/// back: as many as a connector usually needs.
const KEPT: usize = 256 << 10;
/// Bytes that a component may have unless [`Host::up_to`] says otherwise: many times
/// the largest connector.
pub const LARGEST: usize = 8 << 20;

/// Why a file cannot be used as a connector.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is larger than this host takes.
    #[error("it has {bytes} bytes, and a component may have {limit}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// To compile it takes more than it may, or the compiler could not be run.
    #[error("{0}")]
    NotCompiled(String),
    /// It is no component, or a broken one.
    #[error("it is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It asks for more than this host gives.
    #[error("it asks for something that this host does not give: {0}")]
    Imports(String),
    /// It imports what no connector needs, and nobody allowed it.
    #[error("it imports {}, which no connector needs and which is not allowed", imports.join(", "))]
    NotAllowed {
        /// What it imports beyond that.
        imports: Vec<String>,
    },
    /// It is a component of another world.
    #[error(
        "it is no connector: it exports {}, but no interface `{ACTIONS}` with functions",
        if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") }
    )]
    NoActions {
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// Two functions have one name, so that nobody can say which is meant.
    #[error("it has two actions of the name `{0}`")]
    TwoOfOneName(String),
    /// A function takes or gives something that cannot be written as JSON.
    #[error("its action `{action}` takes or gives {what}, which has no JSON form")]
    NoJsonForm {
        /// The function.
        action: String,
        /// The kind of type.
        what: &'static str,
    },
}

/// An engine with what every connector is linked against. One per process.
pub struct Host {
    engine: Engine,
    linker: Linker<State>,
    places: Arc<Semaphore>,
    allowed: Vec<String>,
    largest: usize,
    compiler_process: Option<CompilerProcess>,
}

impl Host {
    /// Makes the engine and starts the clock that keeps busy guests in check.
    ///
    /// # Errors
    /// If this machine cannot run WebAssembly.
    pub fn new() -> wasmtime::Result<Self> {
        Self::for_calls(AT_ONCE)
    }

    /// A host for so many calls at the same time; more wait for a place. Where few are
    /// made, it starts faster with few places.
    ///
    /// # Errors
    /// As [`Host::new`].
    pub fn for_calls(at_once: usize) -> wasmtime::Result<Self> {
        let engine = engine(at_once)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        linker.allow_shadowing(true);
        linker.instance(HANDLER)?.func_wrap("handle", handle)?;
        let mut types = linker.instance(TYPES)?;
        types.func_wrap("[method]outgoing-request.set-method", set_method)?;
        types.func_wrap("[method]outgoing-request.set-authority", set_authority)?;

        let ticking = engine.weak();
        thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
        let places = Arc::new(Semaphore::new(at_once));
        Ok(Self {
            engine,
            linker,
            places,
            allowed: Vec::new(),
            largest: LARGEST,
            compiler_process: None,
        })
    }

    /// The same host, which also loads components that import these: interfaces such
    /// as `wasi:random/random`, or whole packages such as `wasi:cli`.
    #[must_use]
    pub fn allowing(self, imports: Vec<String>) -> Self {
        Self { allowed: imports, ..self }
    }

    /// The same host, which takes components of up to so many bytes instead of
    /// [`LARGEST`].
    #[must_use]
    pub fn up_to(self, bytes: usize) -> Self {
        Self { largest: bytes, ..self }
    }

    /// The same host, which compiles in a process of its own, bounded in processor time,
    /// memory and time. Without it the compiler is bounded by the size of the component
    /// alone, which is enough only for those that you know.
    #[must_use]
    pub fn compiling_in(self, process: CompilerProcess) -> Self {
        Self { compiler_process: Some(process), ..self }
    }

    /// Compiles a component and reads its actions.
    ///
    /// # Errors
    /// If the bytes are no component, ask for more than this host gives, or
    /// export nothing that can be called with JSON.
    pub fn load(&self, bytes: &[u8]) -> Result<Connector, LoadError> {
        self.fits(bytes)?;
        self.connector(&self.compile(bytes)?, bytes)
    }

    /// Like [`Host::load`], but compiles a component only once per machine.
    ///
    /// # Errors
    /// As [`Host::load`]. A cache that cannot be used is no error.
    pub fn load_cached(&self, bytes: &[u8], cache: &Cache) -> Result<Connector, LoadError> {
        self.fits(bytes)?;
        if let Some(component) = cache.get(&self.engine, bytes) {
            return self.connector(&component, bytes);
        }
        let component = self.compile(bytes)?;
        let connector = self.connector(&component, bytes)?;
        cache.put(&self.engine, bytes, &component);
        Ok(connector)
    }

    fn fits(&self, bytes: &[u8]) -> Result<(), LoadError> {
        match bytes.len() > self.largest {
            true => Err(LoadError::TooLarge { bytes: bytes.len(), limit: self.largest }),
            false => Ok(()),
        }
    }

    fn compile(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        match &self.compiler_process {
            Some(process) => process.compile(&self.engine, bytes),
            None => Component::new(&self.engine, bytes)
                .map_err(|error| LoadError::NotAComponent(no_component(bytes, &error))),
        }
    }

    fn connector(&self, component: &Component, bytes: &[u8]) -> Result<Connector, LoadError> {
        let actions = actions(&self.engine, component)?;
        let prepared = self
            .linker
            .instantiate_pre(component)
            .map_err(|error| LoadError::Imports(one_line(&error)))?;
        let imports = not_given(&self.engine, component, &self.allowed);
        if !imports.is_empty() {
            return Err(LoadError::NotAllowed { imports });
        }
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        let bytes = bytes.to_owned();
        let docs: Arc<Later<Docs>> = Arc::new(LazyLock::new(Box::new(move || Docs::of(&bytes))));
        Ok(Connector { engine, prepared, places, actions: actions.into(), docs })
    }
}

/// Instances take turns in places that are made once, where this machine has the
/// addresses for it, which are many.
fn engine(at_once: usize) -> wasmtime::Result<Engine> {
    let calls = u32::try_from(at_once)?;
    // One component may be made of so many parts.
    let parts = u32::try_from(PARTS)?;
    let mut places = PoolingAllocationConfig::new();
    places
        .total_component_instances(calls)
        .total_stacks(calls)
        .total_memories(calls.max(parts))
        // A connector is several modules, which share one memory.
        .total_core_instances((16 * calls).max(parts))
        .total_tables((4 * calls).max(parts))
        // How many one module may have is judged when it is run.
        .max_memories_per_module(calls.max(parts))
        .max_tables_per_module(calls.max(parts))
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(KEPT);
    let mut pooled = compiler();
    pooled.allocation_strategy(places);
    Engine::new(&pooled).or_else(|_| Engine::new(&compiler()))
}

/// All that shapes machine code.
pub(crate) fn compiler() -> Config {
    let mut config = Config::new();
    config.consume_fuel(true).epoch_interruption(true);
    config
}

/// A loaded component, ready to be called from any task.
#[derive(Clone)]
pub struct Connector {
    engine: Engine,
    prepared: InstancePre<State>,
    places: Arc<Semaphore>,
    actions: Arc<[Action]>,
    docs: Arc<Later<Docs>>,
}

/// What is made when it is first asked for.
type Later<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// An exported function as the component declares it.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name of the function, such as `list-contacts`.
    pub name: String,
    /// The interface that exports it: `actions`, or a further one.
    pub toolset: String,
    /// Name and type of each parameter.
    pub params: Vec<(String, Type)>,
    /// What it gives; `None` if it gives nothing.
    pub result: Option<Type>,
    export: ComponentExportIndex,
}

impl Connector {
    /// The actions in the order in which the component declares them.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// What the component says of itself.
    #[must_use]
    pub fn docs(&self) -> &Docs {
        &self.docs
    }

    /// Whether it can send requests at all.
    #[must_use]
    pub fn reaches_out(&self) -> bool {
        let component = self.prepared.component().component_type();
        let mut imports = component.imports(&self.engine);
        imports.any(|(name, _)| name.starts_with("wasi:http/outgoing-handler@"))
    }

    /// Whether a call can be made like this.
    ///
    /// # Errors
    /// If there is no such action, or the arguments do not fit it.
    pub fn check(&self, action: &str, arguments: &Value) -> Result<(), CallError> {
        let action = self.action(action)?;
        let fit = json::arguments(arguments, &action.params);
        fit.map(|_| ()).map_err(CallError::Arguments)
    }

    /// Carries out one call on an instance of its own.
    ///
    /// # Errors
    /// If the call was not made (unknown action, arguments that do not fit) or
    /// did not end by itself (a limit, a trap). An error that the action
    /// returns is part of the [`Outcome`].
    pub async fn call(
        &self,
        action: &str,
        arguments: &Value,
        outlet: Outlet,
        limits: Limits,
    ) -> Result<Outcome, CallError> {
        self.instance(limits).call(action, arguments, outlet).await
    }

    /// The same, and what it gave is not yet written.
    ///
    /// # Errors
    /// As [`Connector::call`].
    pub(crate) async fn give(
        &self,
        action: &str,
        arguments: &Value,
        outlet: Outlet,
        limits: Limits,
    ) -> Result<Outcome<Answer>, CallError> {
        self.instance(limits).give(action, arguments, outlet).await
    }

    /// An instance for several calls, one after another; it is made by the first.
    #[must_use]
    pub fn instance(&self, limits: Limits) -> Instance {
        Instance { connector: self.clone(), limits, running: None }
    }

    fn action(&self, name: &str) -> Result<&Action, CallError> {
        let found = self.actions.iter().find(|action| action.name == name);
        found.ok_or_else(|| CallError::UnknownAction {
            name: name.to_owned(),
            known: self.actions.iter().map(|action| action.name.clone()).collect(),
        })
    }
}

/// The functions of the interface `actions`, whoever's package it is of, and behind them
/// those of the further interfaces of that package.
fn actions(engine: &Engine, component: &Component) -> Result<Vec<Action>, LoadError> {
    let component_type = component.component_type();
    let exports: Vec<_> = component_type.exports(engine).collect();
    let is_actions = |interface: &str| plain(interface) == ACTIONS;
    let mut of_actions: Vec<_> = exports.iter().map(|(name, _)| *name).collect();
    of_actions.retain(|name| is_actions(name));
    let is_further = |interface: &str| {
        !is_actions(interface) && of_actions.iter().any(|it| package(it) == package(interface))
    };
    let mut parts = json::PARTS;
    let mut actions = Vec::new();
    for (interface, item) in exports.iter().filter(|(name, _)| is_actions(name)) {
        actions.extend(functions(engine, component, interface, &item.ty, &mut parts)?);
    }
    if actions.is_empty() {
        let exports = exports.iter().map(|(name, _)| (*name).to_owned()).collect();
        return Err(LoadError::NoActions { exports });
    }
    for (interface, item) in exports.iter().filter(|(name, _)| is_further(name)) {
        match functions(engine, component, interface, &item.ty, &mut parts) {
            Ok(further) => actions.extend(further),
            // Not for those who call with JSON, as other exports are not.
            Err(LoadError::NoJsonForm { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    let mut names = HashSet::new();
    match actions.iter().find(|action| !names.insert(&action.name)) {
        Some(twice) => Err(LoadError::TwoOfOneName(twice.name.clone())),
        None => Ok(actions),
    }
}

/// The functions of an exported interface.
fn functions(
    engine: &Engine,
    component: &Component,
    interface: &str,
    ty: &ComponentItem,
    parts: &mut usize,
) -> Result<Vec<Action>, LoadError> {
    let (ComponentItem::ComponentInstance(instance), Some(index)) =
        (ty, component.get_export_index(None, interface))
    else {
        return Ok(Vec::new());
    };
    let mut functions = Vec::new();
    for (name, item) in instance.exports(engine) {
        let ComponentItem::ComponentFunc(function) = item.ty else { continue };
        let Some(export) = component.get_export_index(Some(&index), name) else { continue };
        functions.push(action(name, plain(interface), &function, export, parts)?);
    }
    Ok(functions)
}

/// The name of an interface without its package and version.
fn plain(interface: &str) -> &str {
    let name = interface.rsplit('/').next().unwrap_or(interface);
    name.split('@').next().unwrap_or(name)
}

/// The package of an interface.
fn package(interface: &str) -> &str {
    interface.split('/').next().unwrap_or(interface)
}

/// What the component imports and is not given.
fn not_given(engine: &Engine, component: &Component, allowed: &[String]) -> Vec<String> {
    let component = component.component_type();
    let imports = component.imports(engine).filter(|(name, item)| {
        let has_functions = match &item.ty {
            ComponentItem::ComponentInstance(instance) => {
                instance.exports(engine).any(|(_, item)| !is_type(&item.ty))
            }
            item => !is_type(item),
        };
        Given::of(name, has_functions, allowed) == Given::NotGiven
    });
    imports.map(|(name, _)| name.to_owned()).collect()
}

fn is_type(item: &ComponentItem) -> bool {
    matches!(item, ComponentItem::Type(_) | ComponentItem::Resource(_))
}

fn action(
    name: &str,
    toolset: &str,
    function: &ComponentFunc,
    export: ComponentExportIndex,
    parts: &mut usize,
) -> Result<Action, LoadError> {
    let params: Vec<_> = function.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
    let result = function.results().next();
    let mut types = params.iter().map(|(_, ty)| ty).chain(&result);
    match types.find_map(|ty| json::without_form(ty, parts)) {
        Some(what) => Err(LoadError::NoJsonForm { action: name.to_owned(), what }),
        None => {
            let (name, toolset) = (name.to_owned(), toolset.to_owned());
            Ok(Action { name, toolset, params, result, export })
        }
    }
}

/// Why the bytes are no component: what stands at their start tells it better
/// than the compiler does.
pub(crate) fn no_component(bytes: &[u8], error: &wasmtime::Error) -> String {
    match bytes {
        [] => "it is empty".to_owned(),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => "it is a core module; \
             `wasm-tools component new` makes a component of one, as does building for wasm32-wasip2"
            .to_owned(),
        [b'\0', b'a', b's', b'm', _, _, _, _, ..] => one_line(error),
        _ => "it does not begin as WebAssembly does".to_owned(),
    }
}

/// The error and its causes as one line that is not too long.
fn one_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
