//! How is a connector loaded, and one call of it carried out?
//!
//! Every call gets a fresh store and instance, bounded in fuel, memory, tables
//! and time. Knows no action by name: functions and their types are read from
//! the component. What leaves the instance is the business of its [`Outlet`].

use std::{sync::Arc, thread, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use wasmtime::{
    Config, Engine, Store, StoreContextMut, Trap,
    component::{
        Component, ComponentExportIndex, InstancePre, Linker, ResourceTable, ResourceTableError,
        Type, Val,
        types::{ComponentFunc, ComponentItem},
    },
};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpHooks};

use self::state::{Meter, State, handle, set_authority, set_method};
use crate::{
    cache::Cache,
    docs::{ACTIONS, Docs},
    json,
};

mod state;

/// The interface of requests, in the version that wasmtime gives; any 0.2 of a
/// guest is matched with it.
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";
/// The interface of what requests are made of, in the same version.
const TYPES: &str = "wasi:http/types@0.2.12";
/// How often a busy guest lets other work go on.
const TICK: Duration = Duration::from_millis(10);

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
    pub gate: Box<dyn FnOnce(Instant) -> Box<dyn WasiHttpHooks> + Send>,
}

/// What came of a call that ended by itself.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The result or the action's typed error, as JSON.
    pub result: Result<Value, Value>,
    /// Fuel that was used.
    pub fuel: u64,
    /// Linear memory in bytes, of all memories together.
    pub memory: usize,
    /// Resources that the guest did not give back. Always 0 for a good guest.
    pub resources_left: usize,
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

/// Why a file cannot be used as a connector.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no component, or a broken one.
    #[error("it is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It asks for more than this host gives.
    #[error("it asks for something that this host does not give: {0}")]
    Imports(String),
    /// It is a component of another world.
    #[error(
        "it is no connector: it exports {}, but no interface `{ACTIONS}` with functions",
        if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") }
    )]
    NoActions {
        /// What it exports instead.
        exports: Vec<String>,
    },
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
}

impl Host {
    /// Makes the engine and starts the clock that keeps busy guests in check.
    ///
    /// # Errors
    /// If this machine cannot run WebAssembly.
    pub fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true).epoch_interruption(true);
        let engine = Engine::new(&config)?;
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
        Ok(Self { engine, linker })
    }

    /// Compiles a component and reads its actions.
    ///
    /// # Errors
    /// If the bytes are no component, ask for more than this host gives, or
    /// export nothing that can be called with JSON.
    pub fn load(&self, bytes: &[u8]) -> Result<Connector, LoadError> {
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| LoadError::NotAComponent(no_component(bytes, &error)))?;
        self.connector(&component, bytes)
    }

    /// Like [`Host::load`], but compiles a component only once per machine.
    ///
    /// # Errors
    /// As [`Host::load`]. A cache that cannot be used is no error.
    pub fn load_cached(&self, bytes: &[u8], cache: &Cache) -> Result<Connector, LoadError> {
        if let Some(component) = cache.get(&self.engine, bytes) {
            return self.connector(&component, bytes);
        }
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| LoadError::NotAComponent(no_component(bytes, &error)))?;
        let connector = self.connector(&component, bytes)?;
        cache.put(&self.engine, bytes, &component);
        Ok(connector)
    }

    fn connector(&self, component: &Component, bytes: &[u8]) -> Result<Connector, LoadError> {
        let actions = actions(&self.engine, component)?;
        let instance = self
            .linker
            .instantiate_pre(component)
            .map_err(|error| LoadError::Imports(one_line(&error)))?;
        let docs = Arc::new(Docs::of(bytes));
        Ok(Connector { engine: self.engine.clone(), instance, actions: actions.into(), docs })
    }
}

/// A loaded component, ready to be called from any task.
#[derive(Clone)]
pub struct Connector {
    engine: Engine,
    instance: InstancePre<State>,
    actions: Arc<[Action]>,
    docs: Arc<Docs>,
}

/// An exported function as the component declares it.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name of the function, such as `list-contacts`.
    pub name: String,
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
        let component = self.instance.component().component_type();
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
        let action = self.action(action)?;
        let arguments = json::arguments(arguments, &action.params).map_err(CallError::Arguments)?;
        let deadline = Instant::now() + limits.time;
        let mut store = self.store(outlet, limits, deadline);
        let called = timeout_at(deadline, self.run(&mut store, action, &arguments)).await;
        let result = match called {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => return Err(stopped(&error, store.data())),
            Err(_) => return Err(CallError::Limit(format!("took longer than {:?}", limits.time))),
        };
        let fuel = limits.fuel - store.get_fuel().unwrap_or_default().min(limits.fuel);
        let state = store.data_mut();
        Ok(Outcome {
            result,
            fuel,
            memory: state.meter.memory,
            resources_left: state.table.iter_mut().count(),
        })
    }

    fn action(&self, name: &str) -> Result<&Action, CallError> {
        let found = self.actions.iter().find(|action| action.name == name);
        found.ok_or_else(|| CallError::UnknownAction {
            name: name.to_owned(),
            known: self.actions.iter().map(|action| action.name.clone()).collect(),
        })
    }

    fn store(&self, outlet: Outlet, limits: Limits, deadline: Instant) -> Store<State> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        let state = State {
            wasi: WasiCtx::builder().envs(&outlet.environment).build(),
            http: WasiHttpCtx::new(),
            gate: (outlet.gate)(deadline),
            table,
            meter: Meter { limits, memory: 0, table: 0, denied: false },
        };
        let mut store = Store::new(&self.engine, state);
        // What is small in the guest may be large here, and the same many times.
        store.set_hostcall_fuel(limits.memory);
        store.limiter(|state| &mut state.meter);
        // Both can only fail on an engine that was configured without them.
        let _ = store.set_fuel(limits.fuel);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    async fn run(
        &self,
        store: &mut Store<State>,
        action: &Action,
        arguments: &[Val],
    ) -> wasmtime::Result<Result<Value, Value>> {
        let instance = self.instance.instantiate_async(&mut *store).await?;
        let function = instance
            .get_func(&mut *store, action.export)
            .ok_or_else(|| wasmtime::Error::msg("the export is gone"))?;
        let mut results = vec![Val::Bool(false); usize::from(action.result.is_some())];
        function.call_async(StoreContextMut::from(&mut *store), arguments, &mut results).await?;
        Ok(match results.pop() {
            Some(Val::Result(Ok(value))) => {
                Ok(value.map_or(Value::Null, |value| json::write(&value)))
            }
            Some(Val::Result(Err(error))) => {
                Err(error.map_or(Value::Null, |error| json::write(&error)))
            }
            Some(value) => Ok(json::write(&value)),
            None => Ok(Value::Null),
        })
    }
}

/// The functions of the interface `actions`, whoever's package it is of.
fn actions(engine: &Engine, component: &Component) -> Result<Vec<Action>, LoadError> {
    let mut actions = Vec::new();
    let mut exports = Vec::new();
    let mut parts = json::PARTS;
    for (interface, item) in component.component_type().exports(engine) {
        exports.push(interface.to_owned());
        let plain = interface.rsplit('/').next().and_then(|name| name.split('@').next());
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let Some(interface) =
            component.get_export_index(None, interface).filter(|_| plain == Some(ACTIONS))
        else {
            continue;
        };
        for (name, item) in instance.exports(engine) {
            let ComponentItem::ComponentFunc(function) = item.ty else { continue };
            let Some(export) = component.get_export_index(Some(&interface), name) else { continue };
            actions.push(action(name, &function, export, &mut parts)?);
        }
    }
    if actions.is_empty() { Err(LoadError::NoActions { exports }) } else { Ok(actions) }
}

fn action(
    name: &str,
    function: &ComponentFunc,
    export: ComponentExportIndex,
    parts: &mut usize,
) -> Result<Action, LoadError> {
    let params: Vec<_> = function.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
    let result = function.results().next();
    let mut types = params.iter().map(|(_, ty)| ty).chain(&result);
    match types.find_map(|ty| json::without_form(ty, parts)) {
        Some(what) => Err(LoadError::NoJsonForm { action: name.to_owned(), what }),
        None => Ok(Action { name: name.to_owned(), params, result, export }),
    }
}

/// Why the bytes are no component: what stands at their start tells it better
/// than the compiler does.
fn no_component(bytes: &[u8], error: &wasmtime::Error) -> String {
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

/// Why a guest did not come to its end.
fn stopped(error: &wasmtime::Error, state: &State) -> CallError {
    let limit = |what: &str| CallError::Limit(what.to_owned());
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => limit("used up its fuel"),
        _ if state.meter.denied => limit("asked for more memory or larger tables than it may have"),
        _ if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) => {
            limit("held more resources than it may")
        }
        // Without the backtrace, which is of use only with the guest's source.
        _ => CallError::Trap(error.root_cause().to_string()),
    }
}
