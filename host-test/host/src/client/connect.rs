//! How does a connection come about? Over a proxy or not, with TLS or not, to addresses
//! that may be reached, within a bounded time.

use std::{
    error::Error as StdError,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use bytes::Bytes;
use http::{
    Method, Request, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::{Authority, Scheme},
};
use http_body_util::Empty;
use hyper::{
    client::conn::http1,
    rt::{Read, ReadBufCursor, Write},
    upgrade,
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector, dns::Name};
use rustls::ClientConfig;
use tokio::{task::spawn_blocking, time::timeout};
use tower_service::Service;

use super::{
    authorities::{is_system_unread, system},
    failure::ConnectError,
};
use crate::{addresses::Addresses, proxy::Proxy};

/// For the whole of connecting: name, TCP, proxy and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Connects within a bounded time.
#[derive(Clone)]
pub(super) struct Connector {
    connector: HttpsConnector<Way>,
    /// Whether certificates are judged on the way to every server.
    judges_always: bool,
}

impl Connector {
    pub(super) fn new(addresses: Addresses, proxy: Option<Proxy>, tls: ClientConfig) -> Self {
        let of_proxy = proxy.as_ref().and_then(|proxy| proxy.uri().scheme().cloned());
        let judges_always = of_proxy == Some(Scheme::HTTPS);
        let way = match proxy {
            None => Way::Direct(tcp(addresses)),
            Some(proxy) => Way::Over(over_tls(tls.clone(), tcp(Addresses::Chosen)), proxy),
        };
        Self { connector: over_tls(tls, way), judges_always }
    }
}

fn tcp(addresses: Addresses) -> HttpConnector<Resolver> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { addresses });
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

fn over_tls<C>(tls: ClientConfig, connector: C) -> HttpsConnector<C> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector)
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let judges = self.judges_always || uri.scheme() == Some(&Scheme::HTTPS);
        let connecting = self.connector.call(uri);
        let connecting = async move {
            if judges && is_system_unread() {
                // A few milliseconds of reading files, not where others are served.
                spawn_blocking(system).await?.map_err(ConnectError::NoAuthorities)?;
            }
            connecting.await
        };
        let in_time = timeout(CONNECT_TIMEOUT, connecting);
        Box::pin(async move { in_time.await.map_err(|_| ConnectError::TooSlow)? })
    }
}

/// The way to a server, as far as TLS.
#[derive(Clone)]
enum Way {
    Direct(HttpConnector<Resolver>),
    Over(HttpsConnector<HttpConnector<Resolver>>, Proxy),
}

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Self::Over(connector, _) => connector.poll_ready(cx),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(uri);
                Box::pin(async move { Ok(Stream::new(connecting.await?, false)) })
            }
            Self::Over(connector, proxy) => {
                let connecting = connector.call(proxy.uri().clone());
                let proxy = proxy.clone();
                Box::pin(async move {
                    let stream = connecting.await.map_err(ConnectError::NoProxy)?;
                    if uri.scheme() != Some(&Scheme::HTTPS) {
                        return Ok(Stream::new(stream, true));
                    }
                    Ok(Stream::new(tunnel(stream, &uri, &proxy).await?, false))
                })
            }
        }
    }
}

/// A connection to the server through the proxy, of which the proxy sees where it goes
/// and nothing else.
async fn tunnel(
    stream: impl Read + Write + Send + Unpin + 'static,
    uri: &Uri,
    proxy: &Proxy,
) -> Result<upgrade::Upgraded, BoxError> {
    let unclear = |_: hyper::Error| ConnectError::ProxyUnclear;
    let host = uri.host().unwrap_or_default();
    let server: Authority = format!("{host}:{}", uri.port_u16().unwrap_or(443)).parse()?;
    let mut request = Request::builder().method(Method::CONNECT).header(HOST, server.as_str());
    if let Some(value) = proxy.authorization() {
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    let target = Uri::builder().authority(server).build()?;
    let request = request.uri(target).body(Empty::<Bytes>::new())?;
    let (mut sender, connection) = http1::handshake(stream).await.map_err(unclear)?;
    tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(request).await.map_err(unclear)?;
    if !answer.status().is_success() {
        return Err(ConnectError::ProxyRefused(answer.status().as_u16()).into());
    }
    Ok(upgrade::on(answer).await.map_err(unclear)?)
}

/// Looks names up and lets through only the addresses that may be reached.
#[derive(Clone)]
struct Resolver {
    addresses: Addresses,
}

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

trait ReadWrite: Read + Write + Send + Unpin {}
impl<T: Read + Write + Send + Unpin> ReadWrite for T {}

/// What bytes go over, whatever it is made of.
pub(super) struct Stream {
    inner: Box<dyn ReadWrite>,
    /// Whether a proxy reads the requests, and needs whole urls.
    to_proxy: bool,
}

impl Stream {
    fn new(inner: impl ReadWrite + 'static, to_proxy: bool) -> Self {
        Self { inner: Box::new(inner), to_proxy }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.to_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
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
        assert!(!resolve(Addresses::Chosen).await.unwrap().is_empty());
    }
}
