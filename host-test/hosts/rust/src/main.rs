//! Makes each call once: TWOCHAT_API_KEY=… cargo run -- twochat.wasm
//!
//! The connector never holds the key: the door puts it into requests to one origin.

use std::{env, error::Error, process::ExitCode};

use http::{HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use wasmtime::component::{Component, Linker, ResourceTable, bindgen};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{self as wasi_http, RequestOptions, WasiBody, WasiHttpCtxView};

// Its actions alone: what the connector imports is wasmtime's to give.
bindgen!({
    path: "wit",
    inline: "package calls:host; world connector { export twochat:connector/actions@0.1.0; }",
});

use exports::twochat::connector::actions::{Error as Failure, Guest as Actions};
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

/// A loaded connector.
struct TwoChat {
    connector: ConnectorPre<State>,
    base_url: String,
    allowed: String,
    key: Option<HeaderValue>,
}

impl TwoChat {
    fn load(file: &str) -> Result<Self, Box<dyn Error>> {
        let engine = Engine::default();
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
        let component = Component::from_file(&engine, file)?;
        let connector = ConnectorPre::new(linker.instantiate_pre(&component)?)?;
        let base_url = env::var("TWOCHAT_BASE_URL");
        let base_url = base_url.unwrap_or("https://api.p.2chat.io/open".to_owned());
        let allowed = env::var("ALLOWED_ORIGIN").unwrap_or(origin(&base_url.parse()?));
        let key = env::var("TWOCHAT_API_KEY").ok();
        let key = key.map(|key| HeaderValue::from_str(&key)).transpose()?;
        Ok(Self { connector, base_url, allowed, key })
    }

    /// Makes one call, on an instance of its own.
    fn call<T>(
        &self,
        action: impl FnOnce(&Actions, &mut Store<State>) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, Box<dyn Error>> {
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().env("TWOCHAT_BASE_URL", &self.base_url).build(),
            http: wasi_http::WasiHttpCtx::new(),
            door: Door { origin: self.allowed.clone(), key: self.key.clone() },
        };
        let mut store = Store::new(self.connector.engine(), state);
        let instance = self.connector.instantiate(&mut store)?;
        let outcome = action(instance.twochat_connector_actions(), &mut store)?;
        outcome.map_err(|failure| format!("{:?}: {}", failure.kind, failure.message).into())
    }
}

fn calls() -> Result<(), Box<dyn Error>> {
    let twochat = TwoChat::load(&env::args().nth(1).ok_or("which file?")?)?;

    let check = twochat.call(|actions, store| actions.call_test_api_key(store))?;
    println!("test-api-key: {:?}", check.verdict);
    let usage = twochat.call(|actions, store| actions.call_get_api_usage_info(store))?;
    println!("get-api-usage-info: {}", usage.account.uuid);

    let ada = NewContact {
        first_name: "Ada".to_owned(),
        last_name: None,
        profile_pic_url: None,
        channel_uuid: None,
        details: vec![NewContactDetail {
            kind: DetailKind::Phone,
            value: "+14155550123".to_owned(),
        }],
    };
    let created = twochat.call(|actions, store| actions.call_create_contact(store, &ada))?;
    println!("create-contact: {}", created.uuid);

    let query = ContactQuery { channel_uuid: None, page_number: None, results_per_page: Some(100) };
    let page = twochat.call(|actions, store| actions.call_list_contacts(store, &query))?;
    let uuids: Vec<_> = page.contacts.iter().map(|contact| contact.uuid.as_str()).collect();
    println!("list-contacts: {}", uuids.join(" "));

    let all = twochat.call(|actions, store| actions.call_list_webhook_subscriptions(store))?;
    let uuids: Vec<_> = all.subscriptions.iter().map(|webhook| webhook.uuid.as_str()).collect();
    println!("list-webhook-subscriptions: {}", uuids.join(" "));
    Ok(())
}

fn main() -> ExitCode {
    calls().map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
