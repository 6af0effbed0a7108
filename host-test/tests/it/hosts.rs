//! The connector in hosts that give less than this one: no timeouts, no
//! environment, no key header, no way out.

use host::json;
use serde_json::Value;
use wasmtime::{
    Config, Engine, Store,
    component::{Component, Linker, Resource, ResourceTable, Val, types::ComponentItem},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, WasiHttpCtx, WasiHttpCtxView, WasiHttpView,
    p2::bindings::http::types::RequestOptions as OptionsResource,
};

use crate::{
    actions,
    support::{CONNECTOR, every_action, hook::Hook, known::Known, policy},
};

#[tokio::test]
async fn a_host_that_denies_everything_is_named_as_the_one_to_ask() {
    for (action, arguments) in every_action() {
        let hook = Hook::failing(|| Error::HttpRequestDenied);
        let error = hook.call(action, arguments).await.unwrap_err();
        assert_eq!(policy(&error), ("denied-by-host", "no", "never"), "{error}");
        assert!(
            error["message"].as_str().unwrap().contains("Whoever runs it can put that right."),
            "{error}"
        );
    }
}

#[tokio::test]
async fn without_an_environment_calls_go_to_2chat_and_unsigned() {
    for (action, arguments) in every_action() {
        let hook = Hook::replying(401, r#"{"detail":"Invalid API Key"}"#);
        let _ = hook.call(action, arguments).await;
        let sent = hook.only();
        assert!(sent.url.starts_with("https://api.p.2chat.io/open/"), "{sent:?}");
        assert_eq!(sent.header("host"), Some("api.p.2chat.io"));
        assert_eq!(sent.header("x-user-api-key"), None);
    }
}

#[tokio::test]
async fn a_host_that_forbids_the_key_header_gets_an_unsigned_request() {
    for (action, arguments) in every_action() {
        let hook = Hook::replying(401, r#"{"detail":"Invalid API Key"}"#)
            .with_variable("TWOCHAT_API_KEY", "a-key-of-the-guest")
            .forbidding("x-user-api-key");
        let _ = hook.call(action, arguments).await;
        assert_eq!(hook.only().header("x-user-api-key"), None);
    }
}

#[tokio::test]
async fn a_host_that_forbids_every_header_gets_a_request_all_the_same() {
    let names = [
        "accept",
        "accept-encoding",
        "user-agent",
        "content-type",
        "content-length",
        "x-user-api-key",
    ];
    for (action, arguments) in every_action() {
        let hook = Hook::replying(401, "{}").with_variable("TWOCHAT_API_KEY", "a-key-of-the-guest");
        let hook = names.into_iter().fold(hook, Hook::forbidding);
        let _ = hook.call(action, arguments).await;
        let sent = hook.only();
        assert!(sent.headers.iter().all(|(name, _)| name == "host"), "{sent:?}");
    }
}

#[tokio::test]
async fn every_request_asks_for_its_timeouts() {
    let hook = Hook::replying(200, "{}");
    let _ = hook.call("list-contacts", serde_json::json!({})).await;
    let options = hook.only().options.unwrap();
    let seconds = |wait: Option<std::time::Duration>| wait.unwrap().as_secs();
    assert_eq!(seconds(options.connect_timeout), 30);
    assert_eq!(seconds(options.first_byte_timeout), 30);
    assert_eq!(seconds(options.between_bytes_timeout), 30);
}

#[tokio::test]
async fn a_host_without_timeouts_clock_or_arguments_serves_every_action() {
    let host = Bare::new();
    for Known { name, arguments, answer, .. } in actions::all() {
        let hook = Hook::replying(200, answer.to_string());
        let result = host.call(name, &arguments, hook.clone()).await;
        assert!(matches!(result, Val::Result(Ok(_))), "{name}: {result:?}");
        assert_eq!(hook.only().options.unwrap(), Default::default(), "no timeout was taken");
    }
}

/// For what a host has and a connector has no business with.
fn never<T>(what: &str) -> wasmtime::Result<T> {
    Err(wasmtime::Error::msg(format!("the component asked for {what}")))
}

/// A host of its own, in which no timeout can be set.
struct Bare {
    engine: Engine,
    component: Component,
    linker: Linker<State>,
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hook: Hook,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hook }
    }
}

impl Bare {
    fn new() -> Self {
        let engine = Engine::new(&Config::new()).unwrap();
        let component = Component::new(&engine, CONNECTOR).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        linker.allow_shadowing(true);
        let mut types = linker.instance("wasi:http/types@0.2.12").unwrap();
        for timeout in ["connect", "first-byte", "between-bytes"] {
            types
                .func_wrap(
                    &format!("[method]request-options.set-{timeout}-timeout"),
                    |_, (_, _): (Resource<OptionsResource>, Option<u64>)| Ok((Err::<(), ()>(()),)),
                )
                .unwrap();
        }
        // Types of the clock are imported, and nothing of it is called; of the
        // environment, the variables alone.
        let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12").unwrap();
        clock.func_wrap("now", |_, ()| never::<(u64,)>("now")).unwrap();
        clock.func_wrap("resolution", |_, ()| never::<(u64,)>("resolution")).unwrap();
        let mut environment = linker.instance("wasi:cli/environment@0.2.12").unwrap();
        environment
            .func_wrap("get-arguments", |_, ()| never::<(Vec<String>,)>("arguments"))
            .unwrap();
        environment.func_wrap("initial-cwd", |_, ()| never::<(Option<String>,)>("cwd")).unwrap();
        Self { engine, component, linker }
    }

    async fn call(&self, action: &str, arguments: &Value, hook: Hook) -> Val {
        let state = State {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hook,
        };
        let mut store = Store::new(&self.engine, state);
        let instance = self.linker.instantiate_async(&mut store, &self.component).await.unwrap();
        let interface = self.component.get_export_index(None, "twochat:connector/actions@0.1.0");
        let export = self.component.get_export_index(interface.as_ref(), action).unwrap();
        let function = instance.get_func(&mut store, export).unwrap();
        let ComponentItem::ComponentFunc(ty) =
            self.component.get_export(interface.as_ref(), action).unwrap().0
        else {
            panic!("{action} is no function")
        };
        let params: Vec<_> = ty.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
        let arguments = json::arguments(arguments, &params).unwrap();
        let mut results = [Val::Bool(false)];
        function.call_async(&mut store, &arguments, &mut results).await.unwrap();
        let [result] = results;
        result
    }
}
