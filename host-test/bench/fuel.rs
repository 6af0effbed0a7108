//! Which functions of the component take its fuel?
//!
//! A call for a page of 50 contacts is stopped at many limits, evenly spaced, and the
//! functions are counted in which it stops. Fuel is looked at where a function or a
//! turn of a loop begins, so what its caller did just before counts for it as well.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use wasmtime::{
    Config, Engine, Store, WasmBacktrace,
    component::{Component, InstancePre, Linker, ResourceTable, Val},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::known::page;

const LIMITS: u64 = 5_000;
const SHOWN: usize = 40;

/// Measures a component whose names were left in it.
pub(crate) async fn report(file: &str) {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
    let component = Component::from_file(&engine, file).unwrap();
    let prepared = linker.instantiate_pre(&component).unwrap();
    let body = Bytes::from(page(50).to_string());

    let (all, _) = call(&engine, &prepared, &body, u64::MAX).await;
    let mut stopped: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for limit in (0..LIMITS).map(|step| all * step / LIMITS) {
        let (_, mut functions) = call(&engine, &prepared, &body, limit).await;
        if let Some(innermost) = functions.first() {
            stopped.entry(innermost.clone()).or_default()[0] += 1;
        }
        functions.sort();
        functions.dedup();
        for function in functions {
            stopped.entry(function).or_default()[1] += 1;
        }
    }
    let mut stopped: Vec<_> = stopped.into_iter().collect();
    stopped.sort_by_key(|(_, counts)| std::cmp::Reverse(*counts));
    println!(
        "{all} units of fuel\n\n| itself | with what it calls | function |\n| ---: | ---: | --- |"
    );
    for (function, counts) in stopped.iter().take(SHOWN) {
        let [itself, within] = counts.map(|count| count * all / LIMITS);
        println!("| {itself} | {within} | `{function}` |");
    }
}

/// The fuel that a call took, and where it was stopped, innermost first.
async fn call(
    engine: &Engine,
    prepared: &InstancePre<State>,
    body: &Bytes,
    limit: u64,
) -> (u64, Vec<String>) {
    let state = State {
        wasi: WasiCtx::builder().build(),
        http: WasiHttpCtx::new(),
        vendor: Vendor(body.clone()),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(engine, state);
    store.set_fuel(limit).unwrap();
    let ended = async {
        let instance = prepared.instantiate_async(&mut store).await?;
        let actions =
            instance.get_export_index(&mut store, None, "twochat:connector/actions@0.1.0");
        let index = instance.get_export_index(&mut store, actions.as_ref(), "list-contacts");
        let function = instance.get_func(&mut store, index.unwrap()).unwrap();
        let query = ["channel-uuid", "page-number", "results-per-page"]
            .map(|name| (name.to_owned(), Val::Option(None)));
        let mut results = [Val::Bool(false)];
        function.call_async(&mut store, &[Val::Record(query.into())], &mut results).await
    };
    let stopped = ended.await.err();
    let trace = stopped.as_ref().and_then(|error| error.downcast_ref::<WasmBacktrace>());
    let name = |name: Option<&str>| name.unwrap_or("without a name").to_owned();
    let functions = trace.map_or(Vec::new(), |trace| {
        trace.frames().iter().map(|frame| name(frame.func_name())).collect()
    });
    (limit - store.get_fuel().unwrap(), functions)
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    vendor: Vendor,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.vendor }
    }
}

/// Answers every request with this.
struct Vendor(Bytes);

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Vendor {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let body = Full::new(self.0.clone()).map_err(|never| match never {}).boxed_unsync();
        Box::new(async { Ok((Response::new(body), Box::new(async { Ok(()) }) as Box<_>)) })
    }
}
