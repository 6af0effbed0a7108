//! How does an allowed request get to its server and back?
//!
//! One client for all instances: the system's authorities are read once, connections
//! are kept and used again, for each route its own. Sends once; a connection that the
//! server closed before anything was written on it is replaced, which the server never
//! sees.
//!
//! Judges no request: that is the gate's work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, header::PROXY_AUTHORIZATION, uri::Scheme};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, pki_types::CertificateDer};
use wasmtime_wasi_http::{Error, WasiBody};

pub(crate) use self::failure::{Failure, error_of};
pub use self::route::{Route, Routed};
use self::{connect::Connector, failure::failure_of, trust::Trust};
use crate::proxy::Proxy;

pub(crate) mod authorities;
mod connect;
mod failure;
mod route;
mod trust;
mod untrusted;

/// How long an unused connection is kept: less than the 5 s after which common servers
/// close one, for a request that meets such an end may or may not have been read.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// How many unused connections are kept.
const IDLE_CONNECTIONS: usize = 64;
/// Routes whose connections are kept. More come only of a policy that is changed again
/// and again.
const ROUTES: usize = 32;

/// A pooled HTTP client. Cheap to clone; all clones share the pool.
#[derive(Clone)]
pub struct Client {
    authorities: RootCertStore,
    provider: Arc<CryptoProvider>,
    pools: Arc<Mutex<HashMap<Route, Pooled>>>,
}

type Pooled = legacy::Client<Connector, WasiBody>;

impl Client {
    /// A client that trusts the authorities that the system does, and `extra`.
    ///
    /// # Errors
    /// If a certificate in `extra` cannot be read.
    pub fn new(extra: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut authorities = RootCertStore::empty();
        for certificate in extra {
            authorities.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = Self { authorities, provider, pools: Arc::default() };
        // What cannot be had for one route cannot be had for any.
        client.tls(&[])?;
        Ok(client)
    }

    /// Sends the request by this route.
    pub(crate) async fn send(
        &self,
        mut request: Request<WasiBody>,
        route: &Route,
    ) -> Result<Response<Incoming>, Failure> {
        // What shows before a name is looked up is judged here, also where a proxy would
        // do that.
        let uri = request.uri();
        if let Some(reason) = route.addresses.refusal(uri.host().unwrap_or_default()) {
            return Err(Failure { code: Error::DestinationIpProhibited, reason: Some(reason) });
        }
        let server = uri.authority().map_or_else(String::new, ToString::to_string);
        // Within a tunnel the proxy has had it already, and reads no requests.
        if let Some(value) = route.proxy.as_ref().and_then(Proxy::authorization)
            && uri.scheme() == Some(&Scheme::HTTP)
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
        }
        let client = self.pool(route).map_err(|error| {
            let reason = Some(format!("no TLS on this machine: {error}"));
            Failure { code: Error::ConfigurationError, reason }
        })?;
        let sent = client.request(request).await;
        sent.map_err(|error| failure_of(&error, &server, route.proxy.as_ref()))
    }

    /// The connections of a route.
    fn pool(&self, route: &Route) -> Result<Pooled, rustls::Error> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(route) {
            return Ok(pool.clone());
        }
        let tls = self.tls(&route.authorities)?;
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(Connector::new(route.addresses, route.proxy.clone(), tls));
        if pools.len() >= ROUTES {
            pools.clear();
        }
        pools.insert(route.clone(), pool.clone());
        Ok(pool)
    }

    fn tls(&self, authorities: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
        let mut all = self.authorities.clone();
        all.add_parsable_certificates(authorities.iter().cloned());
        let trust = Trust::new(all, Arc::clone(&self.provider));
        Ok(ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust))
            .with_no_client_auth())
    }
}
