//! A host that knows the component's types when it is compiled: bindings in place of
//! values that name their fields. Its limits and its gate are the library's.

use std::{hint::black_box, thread, time::Duration};

use host::engine::{Limits, Outlet};
use tokio::time::{Instant, timeout};
use wasmtime::{
    Config, Engine, PoolingAllocationConfig, Store, StoreLimits, StoreLimitsBuilder,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use self::bindings::{Connector, ConnectorPre, twochat::connector::types::ContactQuery};
use crate::twochat::CONNECTOR;

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "they are written by wasmtime")]

    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package bench:typed; world connector { export twochat:connector/actions@0.1.0; }",
        world: "bench:typed/connector",
        exports: { default: async },
    });
}

/// How often a busy guest lets other work go on.
const TICK: Duration = Duration::from_millis(10);

/// An engine like that of the library, with the connector in it.
pub(crate) struct Typed {
    engine: Engine,
    prepared: ConnectorPre<State>,
}

/// An instance that a call leaves behind.
pub(crate) type Kept = (Store<State>, Connector);

impl Typed {
    pub(crate) fn new() -> Self {
        let mut places = PoolingAllocationConfig::new();
        places
            .total_core_instances(16_000)
            .total_tables(4000)
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(256 << 10);
        let mut config = Config::new();
        config.consume_fuel(true).epoch_interruption(true);
        let mut pooled = config.clone();
        pooled.allocation_strategy(places);
        // As the library does: under valgrind there are not enough addresses.
        let engine = Engine::new(&pooled).or_else(|_| Engine::new(&config)).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        let component = Component::new(&engine, CONNECTOR).unwrap();
        let prepared = ConnectorPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        let ticking = engine.weak();
        thread::spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                thread::sleep(TICK);
            }
        });
        Self { engine, prepared }
    }

    /// How many contacts a call lists, on the kept instance or a new one, which is kept.
    pub(crate) async fn list(&self, kept: &mut Option<Kept>, outlet: Outlet) -> usize {
        let limits = Limits::default();
        let ends = Instant::now() + limits.time;
        let instance = kept.take();
        let call = async {
            let (mut store, instance) = match instance {
                Some((mut store, instance)) => {
                    store.data_mut().gate = (outlet.gate)(ends);
                    (store, Some(instance))
                }
                None => (Store::new(&self.engine, State::new(outlet, limits, ends)), None),
            };
            store.limiter(|state| &mut state.limits);
            store.set_fuel(limits.fuel).unwrap();
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
            let instance = match instance {
                Some(instance) => instance,
                None => self.prepared.instantiate_async(&mut store).await.unwrap(),
            };
            let query =
                ContactQuery { channel_uuid: None, page_number: None, results_per_page: Some(100) };
            let actions = instance.twochat_connector_actions();
            let page = actions.call_list_contacts(&mut store, &query).await.unwrap().unwrap();
            (black_box(page).contacts.len(), store, instance)
        };
        let (count, store, instance) = timeout(limits.time, call).await.unwrap();
        *kept = Some((store, instance));
        count
    }
}

/// What belongs to one call.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    gate: Box<dyn WasiHttpHooks>,
    table: ResourceTable,
    limits: StoreLimits,
}

impl State {
    fn new(outlet: Outlet, limits: Limits, ends: Instant) -> Self {
        Self {
            wasi: WasiCtx::builder().envs(&outlet.environment).build(),
            http: WasiHttpCtx::new(),
            gate: (outlet.gate)(ends),
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new().memory_size(limits.memory).build(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut *self.gate }
    }
}
