//! How does an allowed request get to its server and back?
//!
//! One client for all instances: TLS roots are read once, connections are kept
//! and used again. Sends once; a connection that the server closed before
//! anything was written on it is replaced, which the server never sees.
//!
//! Judges no request: that is the gate's work. Every failure becomes one of
//! the codes of `wasi:http`, the most telling that is certainly true.

use std::{
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        self,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use tokio::time::timeout;
use tower_service::Service;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::addresses::Addresses;

/// For the whole of connecting: name, TCP and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many unused connections are kept.
const IDLE_CONNECTIONS: usize = 64;

/// A pooled HTTP client. Cheap to clone; all clones share the pool.
#[derive(Clone)]
pub struct Client {
    public: Pooled,
    private: Pooled,
    loopback: Pooled,
}

type Pooled = legacy::Client<Connector, WasiBody>;

impl Client {
    /// A client that trusts the usual certificate authorities, and `extra`.
    ///
    /// # Errors
    /// If a certificate in `extra` cannot be read.
    pub fn new(extra: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
        for certificate in extra {
            roots.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            public: pooled(Addresses::Public, tls.clone()),
            private: pooled(Addresses::Private, tls.clone()),
            loopback: pooled(Addresses::Loopback, tls),
        })
    }

    /// Sends the request to an address among `addresses`.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        addresses: Addresses,
    ) -> Result<Response<Incoming>, Error> {
        // A host that is an address is never looked up, so it is judged here.
        let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
        if host.parse::<IpAddr>().is_ok_and(|address| !addresses.include(address)) {
            return Err(Error::DestinationIpProhibited);
        }
        let client = match addresses {
            Addresses::Public => &self.public,
            Addresses::Private => &self.private,
            Addresses::Loopback => &self.loopback,
        };
        client.request(request).await.map_err(|error| error_of(&error))
    }
}

fn pooled(addresses: Addresses, tls: ClientConfig) -> Pooled {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { addresses });
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(Connector { connector })
}

/// Looks names up and lets through only the addresses that may be reached.
#[derive(Clone)]
struct Resolver {
    addresses: Addresses,
}

type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = ConnectError;
    type Future = Connecting<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.addresses;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<_> = found.map_err(|_| ConnectError::Name)?.collect();
            let known = !found.is_empty();
            let reachable: Vec<_> =
                found.into_iter().filter(|address| addresses.include(address.ip())).collect();
            match (reachable.is_empty(), known) {
                (false, _) => Ok(reachable.into_iter()),
                (true, true) => Err(ConnectError::Prohibited),
                (true, false) => Err(ConnectError::Name),
            }
        })
    }
}

/// Connects within a bounded time.
#[derive(Clone)]
struct Connector {
    connector: HttpsConnector<HttpConnector<Resolver>>,
}

impl Service<Uri> for Connector {
    type Response = <HttpsConnector<HttpConnector<Resolver>> as Service<Uri>>::Response;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Connecting<Self::Response, Self::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(CONNECT_TIMEOUT, self.connector.call(uri));
        Box::pin(async move { connecting.await.map_err(|_| ConnectError::TooSlow)? })
    }
}

/// Why there is no connection, where no other error says it.
#[derive(Debug)]
enum ConnectError {
    Name,
    Prohibited,
    TooSlow,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name is not known",
            Self::Prohibited => "the name stands for an address that may not be reached",
            Self::TooSlow => "connecting took too long",
        })
    }
}

impl StdError for ConnectError {}

/// The code for a failed exchange, read from the innermost cause outwards.
pub(crate) fn error_of(error: &(dyn StdError + 'static)) -> Error {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        causes.push(cause);
        // An io error hides the error that it was made of.
        let inside = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    let connecting = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect);
    causes.iter().rev().find_map(|cause| code(*cause, connecting)).unwrap_or(if connecting {
        Error::ConnectionRefused
    } else {
        Error::HttpProtocolError
    })
}

fn code(cause: &(dyn StdError + 'static), connecting: bool) -> Option<Error> {
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return Some(match error {
            ConnectError::Name => Error::DnsError { rcode: None, info_code: None },
            ConnectError::Prohibited => Error::DestinationIpProhibited,
            // Not the timeout's own code, which leaves open whether anything left.
            ConnectError::TooSlow => Error::DestinationUnavailable,
        });
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        // After the handshake nobody knows how far a request came.
        return Some(match error {
            _ if !connecting => Error::ConnectionTerminated,
            rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
            _ => Error::DestinationUnavailable,
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return Some(match error.kind() {
            _ if !connecting => Error::ConnectionTerminated,
            io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
            // No way, too slow, or cut before the connection stood: nothing was sent.
            _ => Error::DestinationUnavailable,
        });
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Some(Error::ConnectionTerminated)
    } else if error.is_timeout() {
        Some(Error::HttpResponseTimeout)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(addresses: Addresses) -> Result<Vec<SocketAddr>, ConnectError> {
        let name = "localhost".parse().unwrap();
        Resolver { addresses }.call(name).await.map(Iterator::collect)
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_no_public_one() {
        assert!(matches!(resolve(Addresses::Public).await, Err(ConnectError::Prohibited)));
        assert!(!resolve(Addresses::Loopback).await.unwrap().is_empty());
    }
}
