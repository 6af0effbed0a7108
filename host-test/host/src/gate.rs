//! Which requests may leave, and with what added? The one gate outwards.
//!
//! Denies by default. A request passes if it goes to the scheme, host, port
//! and path of the connection with an allowed method, and if the name resolves
//! to an address that the connection may reach; the address that was checked
//! is the one connected to. Through a proxy the proxy resolves the name; an address that
//! stands in the base url is judged all the same. The key is put in here and nowhere
//! else, so the guest neither holds nor sees it, even where a server repeats it as it
//! is. Redirects are not followed. Connections are pooled across instances. How many
//! requests leave at once, in a minute and for one call is bounded, and so are the size
//! and the time of a reply. Why a request did not leave is noted for the host's user,
//! for the guest gets a code without words.
//!
//! Knows HTTP and one connection; knows nothing of actions or of any vendor's data.

use std::{sync::Arc, time::Duration};

use http::{
    Method, Request, Response, Uri,
    header::{
        ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING,
        CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, IF_MATCH,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE, TE, TRAILER, USER_AGENT,
    },
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use url::Url;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpHooks,
};

pub use self::traffic::{Noting, Traffic, Watch};
use self::{key_hider::KeyHider, reply::ReplyBody, throttle::Throttle};
use crate::{
    addresses::Addresses,
    client::{Client, Route, Routed},
    engine::Outlet,
    secret::Secret,
    vendor::Vendor,
};

mod key_hider;
pub(crate) mod path;
mod reply;
mod throttle;
mod traffic;

/// The methods that a connection allows unless it is narrowed: origin and path are
/// the fence.
pub(crate) const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The headers that a guest may send: what they mean is known, and none of them says
/// where a request goes, whose it is, or how a proxy is to take it.
const HEADERS: [HeaderName; 16] = [
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    // Set by this host.
    HOST,
    HeaderName::from_static("idempotency-key"),
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE,
    RANGE,
    USER_AGENT,
];
/// Headers about the connection, or that are put together from others.
const OF_THE_CONNECTION: [&str; 11] = [
    "connection",
    "expect",
    "forwarded",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Whether a key can stand in such a header: none that means something else.
pub(crate) fn may_hold_a_key(name: &HeaderName) -> bool {
    !HEADERS.contains(name) && !OF_THE_CONNECTION.contains(&name.as_str())
}

/// Kept back from the time of a call, so that a guest whose request timed out
/// can still answer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where an instance may send requests, and the key that they get. Its bounds
/// hold for all calls together, and for all clones of it.
#[derive(Clone, Debug)]
pub struct Connection {
    vendor: Arc<Vendor>,
    name: Option<Arc<str>>,
    base: Url,
    route: Route,
    methods: Vec<Method>,
    /// Why nothing leaves at all, if so.
    closed: Option<Arc<str>>,
    key: Option<Secret>,
    bounds: Bounds,
    throttle: Throttle,
}

/// How much goes over a connection. Every bound is on by default, but the rate,
/// which is the account's own.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests under way at the same time; more wait for their turn.
    pub at_once: usize,
    /// Requests that one call may send.
    pub per_call: u32,
    /// Bytes of a reply's body.
    pub reply: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { at_once: 16, per_call: 8, reply: 8 << 20 }
    }
}

impl Connection {
    /// A connection to everything below a base url, such as
    /// `https://api.example.com/v1`.
    ///
    /// # Errors
    /// If the url is neither https nor http on a loopback address, or holds
    /// user info, a query or a fragment. The message does not repeat it.
    pub fn new(
        vendor: &Arc<Vendor>,
        base: &str,
        key: Option<Secret>,
    ) -> Result<Self, &'static str> {
        let (base, addresses) = base_url(base)?;
        let (methods, bounds) = (vendor.methods.clone(), Bounds::default());
        let (route, throttle) = (Route::to(addresses), Throttle::new(bounds.at_once));
        let vendor = Arc::clone(vendor);
        let (name, closed) = (None, None);
        Ok(Self { vendor, name, base, route, methods, closed, key, bounds, throttle })
    }

    /// The same connection, of this name where somebody is told of it.
    #[must_use]
    pub fn with_name(self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same connection with other bounds.
    #[must_use]
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, throttle: Throttle::new(bounds.at_once), ..self }
    }

    /// The same connection with other methods: nothing else leaves.
    #[must_use]
    pub fn with_methods(self, methods: Vec<Method>) -> Self {
        Self { methods, ..self }
    }

    /// The same connection, over which nothing leaves, for this reason.
    #[must_use]
    pub fn closed(self, why: &str) -> Self {
        Self { closed: Some(why.into()), ..self }
    }

    /// The same connection with another key; all else is shared.
    #[must_use]
    pub fn with_key(self, key: Secret) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Holds requests back, so that no more than these leave in a minute. Meant
    /// for the rate that the vendor has just told, in a reply that counts too.
    pub fn set_rate(&self, per_minute: u32) {
        self.throttle.set_rate(per_minute);
    }

    /// The way out for one call: the guest learns the base url, and the gate
    /// keeps the key.
    #[must_use]
    pub fn outlet(self: &Arc<Self>, client: &Client) -> Outlet {
        self.watched_outlet(client, &Arc::default())
    }

    /// The same, and what goes through it is counted in `traffic`.
    #[must_use]
    pub fn watched_outlet(self: &Arc<Self>, client: &Client, traffic: &Arc<Traffic>) -> Outlet {
        let setting = self.vendor.base_url_setting.iter();
        let environment = setting.map(|it| (it.name.clone(), self.base.to_string())).collect();
        let (client, connection) = (client.clone(), Arc::clone(self));
        let traffic = Arc::clone(traffic);
        traffic.forget();
        let gate = |call_ends: Instant| {
            let last_words = LAST_WORDS.min(call_ends.duration_since(Instant::now()) / 2);
            let deadline = call_ends - last_words;
            Box::new(Gate { client, connection, traffic, deadline, requests: 0 })
                as Box<dyn WasiHttpHooks>
        };
        Outlet { environment, gate: Box::new(gate) }
    }

    /// Where it goes.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.base.as_str()
    }

    /// The key, for hiding it in what comes back.
    #[must_use]
    pub fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// The methods that it allows.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Why the request may not leave, if it may not.
    fn refusal(&self, request: &Request<WasiBody>) -> Option<String> {
        if let Some(why) = &self.closed {
            return Some(why.to_string());
        }
        let (method, uri) = (request.method(), request.uri());
        let whose = self.called();
        if !self.methods.contains(method) {
            let allowed: Vec<_> = self.methods.iter().map(Method::as_str).collect();
            let (allowed, method) = (allowed.join(", "), shown(method.as_str()));
            return Some(format!("{method} is not among the methods of {whose}: {allowed}"));
        }
        if !self.is_origin_of(uri) {
            let authority = uri.authority().map_or("", |authority| authority.as_str());
            // Before the sign could stand a secret.
            let host = shown(authority.rsplit('@').next().unwrap_or_default());
            let scheme = shown(uri.scheme_str().unwrap_or_default());
            let base = &self.base;
            return Some(format!("`{scheme}://{host}` is not the server of {whose}: {base}"));
        }
        // A guest that is given no key may hold one itself; where one is put in, it takes
        // the place of whatever stands there.
        let is_key = |name: &HeaderName| {
            *name == self.vendor.key_header || (self.key.is_none() && *name == AUTHORIZATION)
        };
        let is_known = |name: &&HeaderName| HEADERS.contains(name) || is_key(name);
        if let Some(name) = request.headers().keys().find(|name| !is_known(name)) {
            let name = shown(name.as_str());
            return Some(format!("the header `{name}` is none that a guest may send"));
        }
        if !self.is_above(uri.path()) {
            let base = &self.base;
            return Some(format!("the path is not plainly below the base url of {whose}: {base}"));
        }
        None
    }

    /// What it is called where somebody is told of it.
    fn called(&self) -> String {
        match &self.name {
            Some(name) => format!("connection {name}"),
            None => "this connection".to_owned(),
        }
    }

    fn is_origin_of(&self, uri: &Uri) -> bool {
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        });
        uri.scheme_str() == Some(self.base.scheme())
            && uri
                .host()
                .is_some_and(|host| Some(host.to_lowercase().as_str()) == self.base.host_str())
            && port == self.base.port_or_known_default()
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    }

    /// Whether the path stays below the base url's, however a server reads it.
    fn is_above(&self, path: &str) -> bool {
        let base = self.base.path().trim_end_matches('/');
        let below = path.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|rest| rest.split('/').all(path::is_plain))
    }
}

impl Routed for Connection {
    fn url(&self) -> &Url {
        &self.base
    }

    fn route(&mut self) -> &mut Route {
        &mut self.route
    }
}

/// What a guest named, not longer than it needs to be.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

/// A base url, and the addresses that it is meant to reach.
pub(crate) fn base_url(text: &str) -> Result<(Url, Addresses), &'static str> {
    let (base, addresses) = server_url(text)?;
    if base.query().is_some() || base.fragment().is_some() {
        return Err("it holds a query or a fragment, but only a path may follow the host");
    }
    Ok((base, addresses))
}

/// A url of a server, and the addresses that it is meant to reach.
pub(crate) fn server_url(text: &str) -> Result<(Url, Addresses), &'static str> {
    let base = Url::parse(text).map_err(|_| "it is not an absolute url")?;
    let addresses = Addresses::of(&base).ok_or("it has no host")?;
    match base.scheme() {
        "https" => {}
        "http" if addresses == Addresses::Loopback => {}
        "http" => return Err("it is http, which is allowed only on a loopback address"),
        _ => return Err("it is not an http or https url"),
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("it holds user info, which has no meaning here");
    }
    Ok((base, addresses))
}

/// The gate of one call.
struct Gate {
    client: Client,
    connection: Arc<Connection>,
    traffic: Arc<Traffic>,
    deadline: Instant,
    requests: u32,
}

/// A response, and work that goes on behind it.
type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Gate {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let injects = self.connection.key.is_some();
        let key_header = self.connection.vendor.key_header.clone();
        Arc::new(move |name| {
            // Some servers take the one for the other.
            let is_key = name.as_str().replace('_', "-") == key_header.as_str();
            DEFAULT_FORBIDDEN_HEADERS.contains(name)
                || [TE, TRAILER, EXPECT].contains(name)
                || (injects && is_key)
        })
    }

    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        self.traffic.forget();
        let spent = self.requests >= self.connection.bounds.per_call;
        self.requests += 1;
        let refusal = if spent {
            let (most, whose) = (self.connection.bounds.per_call, self.connection.called());
            Some(format!("a call may send {most} requests over {whose}, and it has"))
        } else {
            self.connection.refusal(&request)
        };
        if let Some(key) =
            self.connection.key.as_ref().and_then(Secret::header).filter(|_| refusal.is_none())
        {
            request.headers_mut().insert(self.connection.vendor.key_header.clone(), key);
        }
        let client = self.client.clone();
        let connection = Arc::clone(&self.connection);
        let bounds = connection.bounds;
        let hider = connection.key.as_ref().map(KeyHider::of);
        let traffic = Arc::clone(&self.traffic);
        let call_ends = self.deadline;
        Box::new(async move {
            if let Some(refusal) = refusal {
                traffic.kept(&refusal);
                return Err(match connection.closed {
                    Some(_) => Error::ConfigurationError,
                    None => Error::HttpRequestDenied,
                });
            }
            let turn = connection.throttle.clone().turn(call_ends).await.map_err(|held| {
                let why = format!("{} lets no more out: {}", connection.called(), held.why);
                traffic.held_back(&why, held.seconds);
                Error::ConnectionLimitReached
            })?;
            if !request.method().is_safe() {
                traffic.note(true).await.map_err(|why| {
                    traffic.held_back(&why, 1);
                    Error::ConnectionLimitReached
                })?;
            }
            let options = options.unwrap_or_default();
            let first_byte = options.first_byte_timeout.map(|wait| Instant::now() + wait);
            let until = first_byte.map_or(call_ends, |first_byte| first_byte.min(call_ends));
            let number = traffic.begins();
            let mut response = timeout_at(until, client.send(request, &connection.route))
                .await
                .map_err(|_| Error::HttpResponseTimeout)?
                .map_err(|failure| {
                    if let Some(reason) = &failure.reason {
                        traffic.kept(reason);
                    }
                    failure.code
                })?;
            traffic.answered(number, response.status().as_u16());
            // Told now, it has a name; told within the body, it only breaks off. Of a
            // refusal the status is worth more.
            let length = response.body().size_hint().lower();
            if response.status().is_success() && length > bounds.reply {
                return Err(Error::HttpResponseBodySize(Some(length)));
            }
            if let Some(hider) = &hider {
                hider.pass_headers(response.headers_mut());
            }
            let between_bytes = options.between_bytes_timeout;
            let response = response.map(|body| {
                let limit = bounds.reply;
                ReplyBody::new(body, turn, call_ends, between_bytes, limit, traffic, hider)
                    .boxed_unsync()
            });
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        })
    }
}
