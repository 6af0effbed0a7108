//! What does it mean that an exchange failed? One of the codes of `wasi:http`, the most
//! telling that is certainly true, and what the code cannot say.
//!
//! A code that says that nothing was sent is given where that is certain alone.

use std::{error::Error as StdError, fmt, io};

use hyper_util::client::legacy;
use rustls::{CertificateError, OtherError};
use wasmtime_wasi_http::Error;

use crate::proxy::Proxy;

/// Why there is no reply.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the guest is told.
    pub(crate) code: Error,
    /// The same in words, where certainly nothing was sent.
    pub(crate) reason: Option<String>,
}

/// Why there is no connection, where no other error says it.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The authorities of this machine cannot be read; says which, and what to do.
    NoAuthorities(String),
    /// The name is not known.
    Name,
    /// It stands for addresses that may not be reached.
    Prohibited,
    TooSlow,
    /// The proxy could not be reached.
    NoProxy(Box<dyn StdError + Send + Sync>),
    /// It would not let the request through, and said so with this status.
    ProxyRefused(u16),
    /// What came back was no answer of a proxy.
    ProxyUnclear,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthorities(why) => f.write_str(why),
            Self::Name => f.write_str("its name is not known"),
            Self::Prohibited => {
                f.write_str("its name stands for no address that the connection may reach")
            }
            Self::TooSlow => f.write_str("connecting took too long"),
            Self::NoProxy(_) => f.write_str("it cannot be reached"),
            Self::ProxyRefused(407) => f.write_str(
                "it wants a user and a password, or others than it was given (status 407)",
            ),
            Self::ProxyRefused(status) => {
                write!(f, "it did not let the request through (status {status})")
            }
            Self::ProxyUnclear => f.write_str("it gave no answer that a proxy gives"),
        }
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NoProxy(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// The code for a failed exchange, read from the innermost cause outwards.
pub(crate) fn error_of(error: &(dyn StdError + 'static)) -> Error {
    let (causes, connecting) = causes(error);
    // What the proxy did is told by the proxy's error and not by its cause.
    let mut proxy = causes.iter().find_map(|cause| of_proxy(*cause));
    let untrusted = |cause: &&(dyn StdError + 'static)| {
        matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
    };
    if proxy.is_some() && causes.iter().any(untrusted) {
        // No later try finds it trusted.
        proxy = Some(Error::ConfigurationError);
    }
    let inner = || causes.iter().rev().find_map(|cause| code(*cause, connecting));
    proxy.or_else(inner).unwrap_or(if connecting {
        Error::ConnectionRefused
    } else {
        Error::HttpProtocolError
    })
}

/// What came of an attempt to reach `server`, over the proxy if there is one.
pub(super) fn failure_of(
    error: &(dyn StdError + 'static),
    server: &str,
    proxy: Option<&Proxy>,
) -> Failure {
    let code = error_of(error);
    let (causes, connecting) = causes(error);
    if !connecting {
        return Failure { code, reason: None };
    }
    let of_proxy = causes.iter().any(|cause| of_proxy(*cause).is_some());
    let who = match proxy {
        Some(proxy) if of_proxy => format!("the proxy {proxy}"),
        Some(proxy) => format!("{server}, over the proxy {proxy}"),
        None => server.to_owned(),
    };
    let is_ours = |cause: &&(dyn StdError + 'static)| {
        matches!(cause.downcast_ref(), Some(ConnectError::NoAuthorities(_)))
    };
    if let Some(why) = causes.iter().find(|cause| is_ours(*cause)) {
        return Failure { code, reason: Some(why.to_string()) };
    }
    let why = causes.iter().rev().find_map(|cause| in_words(*cause));
    let why = why.unwrap_or_else(|| "there is no connection".to_owned());
    Failure { code, reason: Some(format!("{who}: {why}")) }
}

type Causes<'a> = Vec<&'a (dyn StdError + 'static)>;

/// The error and all that caused it, and whether it ended an attempt to connect.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> (Causes<'a>, bool) {
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
    (causes, connecting)
}

/// The code for what a proxy did: the operator must act where it says no, and time may
/// help else.
fn of_proxy(cause: &(dyn StdError + 'static)) -> Option<Error> {
    match cause.downcast_ref::<ConnectError>()? {
        ConnectError::ProxyRefused(407) => Some(Error::ConfigurationError),
        // It has too much to do, or waited too long.
        ConnectError::ProxyRefused(408 | 429) => Some(Error::DestinationUnavailable),
        ConnectError::ProxyRefused(400..=499) => Some(Error::HttpRequestDenied),
        ConnectError::ProxyRefused(_) | ConnectError::ProxyUnclear | ConnectError::NoProxy(_) => {
            Some(Error::DestinationUnavailable)
        }
        ConnectError::NoAuthorities(_)
        | ConnectError::Name
        | ConnectError::Prohibited
        | ConnectError::TooSlow => None,
    }
}

fn code(cause: &(dyn StdError + 'static), connecting: bool) -> Option<Error> {
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return Some(match error {
            ConnectError::NoAuthorities(_) => Error::ConfigurationError,
            ConnectError::Name => Error::DnsError { rcode: None, info_code: None },
            ConnectError::Prohibited => Error::DestinationIpProhibited,
            // Other hosts say `ConnectionTimeout` also of what they have sent, so a
            // guest cannot take it for proof that nothing was.
            _ => Error::DestinationUnavailable,
        });
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        // After the handshake nobody knows how far a request came.
        return Some(match error {
            _ if !connecting => Error::ConnectionTerminated,
            rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
            // Other hosts say `TLS-protocol-error` also of what came after the handshake.
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

/// Why there is no connection.
fn in_words(cause: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return Some(error.to_string());
    }
    match cause.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(why)))) => {
            return Some(format!("its certificate is not trusted: {why}"));
        }
        Some(rustls::Error::InvalidCertificate(why)) => {
            return Some(format!("its certificate is not trusted: {why}"));
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            return Some("what answers there speaks no TLS".to_owned());
        }
        Some(rustls::Error::PeerIncompatible(why)) => {
            return Some(format!("it speaks no TLS that this host does, 1.2 or 1.3 ({why:?})"));
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            return Some(format!("it refused the secure connection ({alert:?})"));
        }
        Some(error) => return Some(format!("no secure connection came about: {error}")),
        None => {}
    }
    let error = cause.downcast_ref::<io::Error>()?;
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => "it refused the connection".to_owned(),
        io::ErrorKind::TimedOut => ConnectError::TooSlow.to_string(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to it".to_owned()
        }
        _ => "the connection was cut before it stood".to_owned(),
    })
}
