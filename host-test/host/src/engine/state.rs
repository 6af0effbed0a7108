//! What belongs to one call: what the guest holds, and what it may use.

use std::time::Instant;

use async_trait::async_trait;
use tokio::task::yield_now;
use wasmtime::{
    CallHook, CallHookHandler, ResourceLimiter, StoreContextMut,
    component::{Resource, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    RequestOptions, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    p2::{
        bindings::http::{
            outgoing_handler::Host as _,
            types::{ErrorCode, HostOutgoingRequest as _, Method},
        },
        types::{HostFutureIncomingResponse, HostOutgoingRequest},
    },
};

use super::{Limits, Outlet, TICK, Time};

/// Core instances, tables and memories, of each, that a component may be made of.
pub(super) const PARTS: usize = 64;
/// Bytes that a method may have, or a host with its port.
const NAME: usize = 1024;

/// Random bytes that a guest gets at once.
const RANDOM: u64 = 64 << 10;

/// What belongs to one call.
pub(super) struct State {
    pub(super) wasi: WasiCtx,
    pub(super) http: WasiHttpCtx,
    pub(super) gate: Box<dyn WasiHttpHooks>,
    pub(super) table: ResourceTable,
    pub(super) meter: Meter,
    /// When others were last let go on.
    paused: Instant,
}

impl State {
    pub(super) fn new(outlet: Outlet, limits: Limits, deadline: Time) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        Self {
            wasi: wasi(&outlet),
            http: WasiHttpCtx::new(),
            gate: (outlet.gate)(deadline),
            table,
            meter: Meter { limits, memory: 0, table: 0, denied: false },
            paused: Instant::now(),
        }
    }

    /// For the next call on the same instance.
    pub(super) fn reopen(&mut self, outlet: Outlet, deadline: Time) {
        self.wasi = wasi(&outlet);
        self.gate = (outlet.gate)(deadline);
    }
}

fn wasi(outlet: &Outlet) -> WasiCtx {
    WasiCtx::builder().envs(&outlet.environment).max_random_size(RANDOM).build()
}

/// Lets others go on, and the time of the call be looked at, between what the host does
/// for a guest as well: a guest that does little else never comes to a place where its
/// own code does so.
pub(super) struct Pauses;

#[async_trait]
impl CallHookHandler<State> for Pauses {
    async fn handle_call_event(
        &self,
        mut store: StoreContextMut<'_, State>,
        _: CallHook,
    ) -> wasmtime::Result<()> {
        if store.data().paused.elapsed() >= TICK {
            yield_now().await;
            store.data_mut().paused = Instant::now();
        }
        Ok(())
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

/// Sends a request through the gate.
///
/// wasmtime's own `handle` takes the options of a request and keeps them in
/// the table for good; here they go with the request.
pub(super) fn handle(
    mut store: StoreContextMut<'_, State>,
    (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>),
) -> wasmtime::Result<(Result<Resource<HostFutureIncomingResponse>, ErrorCode>,)> {
    let mut http = store.data_mut().http();
    let spent = options.as_ref().map(|options| Resource::<RequestOptions>::new_own(options.rep()));
    let sent = http.handle(request, options);
    if let Some(options) = spent {
        http.table.delete(options)?;
    }
    match sent {
        Ok(reply) => Ok((Ok(reply),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// Sets a request's method.
///
/// wasmtime bounds path and headers, but keeps methods and authorities of any
/// length, which no limit of memory counts.
pub(super) fn set_method(
    mut store: StoreContextMut<'_, State>,
    (request, method): (Resource<HostOutgoingRequest>, Method),
) -> wasmtime::Result<(Result<(), ()>,)> {
    match &method {
        Method::Other(name) if name.len() > NAME => Ok((Err(()),)),
        _ => Ok((store.data_mut().http().set_method(request, method)?,)),
    }
}

/// Sets where a request goes; bounded for the same reason.
pub(super) fn set_authority(
    mut store: StoreContextMut<'_, State>,
    (request, authority): (Resource<HostOutgoingRequest>, Option<String>),
) -> wasmtime::Result<(Result<(), ()>,)> {
    match &authority {
        Some(name) if name.len() > NAME => Ok((Err(()),)),
        _ => Ok((store.data_mut().http().set_authority(request, authority)?,)),
    }
}

/// Measures and bounds memories and tables, all those of an instance together.
pub(super) struct Meter {
    pub(super) limits: Limits,
    pub(super) memory: usize,
    pub(super) table: usize,
    pub(super) denied: bool,
}

/// What is used after one memory or table grew; `None` if that is too much.
fn grown(used: usize, current: usize, desired: usize, limit: usize) -> Option<usize> {
    used.checked_add(desired.saturating_sub(current)).filter(|used| *used <= limit)
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = grown(self.memory, current, desired, self.limits.memory);
        self.memory = grown.unwrap_or(self.memory);
        self.denied |= grown.is_none();
        Ok(grown.is_some())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = grown(self.table, current, desired, self.limits.table);
        self.table = grown.unwrap_or(self.table);
        self.denied |= grown.is_none();
        Ok(grown.is_some())
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}
