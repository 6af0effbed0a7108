//! Makes each call once: TWOCHAT_API_KEY=… cargo run -- twochat.wasm
//!
//! The connector never holds the key: the door puts it into requests to one origin.

use std::{env, error::Error, process::exit};

use http::{HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable, bindgen};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{self as wasi_http, RequestOptions, WasiBody, WasiHttpCtxView};

bindgen!({ path: "wit", world: "integration", with: {
    "wasi:cli": wasmtime_wasi::p2::bindings::cli,
    "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
    "wasi:http": wasi_http::p2::bindings::http,
    "wasi:io": wasmtime_wasi::p2::bindings::io,
}});

use twochat::connector::types::{ContactQuery, DetailKind, NewContact, NewContactDetail};

type Done = Box<dyn Future<Output = wasi_http::Result<()>> + Send>;
type Sent = wasi_http::Result<(Response<WasiBody>, Done)>;

/// The way out: to one origin, with the key in its header, and to no other.
struct Door {
    origin: String,
    key: Option<HeaderValue>,
}

impl wasi_http::WasiHttpHooks for Door {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Done,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let allowed = origin(request.uri()) == self.origin;
        if let Some(key) = &self.key {
            request.headers_mut().insert("x-user-api-key", key.clone());
        }
        Box::new(async move {
            if !allowed {
                return Err(wasi_http::Error::HttpRequestDenied);
            }
            let (reply, done) = wasi_http::default_send_request(request, options).await?;
            Ok((reply.map(BodyExt::boxed_unsync), Box::new(done) as Done))
        })
    }
}

fn origin(uri: &Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or(""), uri.authority().map_or("", |it| it.as_str()))
}

/// What belongs to one call.
struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: wasi_http::WasiHttpCtx,
    door: Door,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl wasi_http::WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.door }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::default();
    let file = env::args().nth(1).ok_or("which file?")?;
    let component = Component::from_file(&engine, file)?;
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let connector = IntegrationPre::new(linker.instantiate_pre(&component)?)?;

    let base_url = env::var("TWOCHAT_BASE_URL").unwrap_or("https://api.p.2chat.io/open".into());
    let allowed = env::var("ALLOWED_ORIGIN").unwrap_or(origin(&base_url.parse()?));
    let key = env::var("TWOCHAT_API_KEY").ok();
    let key = key.map(|key| HeaderValue::from_str(&key)).transpose()?;
    let call = || {
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().env("TWOCHAT_BASE_URL", &base_url).build(),
            http: wasi_http::WasiHttpCtx::new(),
            door: Door { origin: allowed.clone(), key: key.clone() },
        };
        let mut store = Store::new(&engine, state);
        connector.instantiate(&mut store).map(|instance| (store, instance))
    };
    Ok(())
}
