//! Where does a server listen?

use std::{
    fmt::{self, Display},
    io,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use tokio::net::TcpListener;

use crate::exit::CommandError;

/// An address of this machine, with a port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address(SocketAddr);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        if let Ok(port) = port.parse() {
            return Ok(Self((Ipv4Addr::LOCALHOST, port).into()));
        }
        text.parse().map(Self).map_err(|_| "expected an address and a port, such as 127.0.0.1:8765")
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    pub(crate) fn is_loopback(self) -> bool {
        self.0.ip().is_loopback()
    }

    pub(crate) fn port(self) -> u16 {
        self.0.port()
    }

    /// Takes the address, which this flag named.
    pub(crate) async fn bind(self, flag: &str) -> Result<TcpListener, CommandError> {
        TcpListener::bind(self.0).await.map_err(|error| {
            let advice = advice(&error, "this command", flag);
            CommandError::Host(format!("{flag} {self} cannot be used: {error}{advice}"))
        })
    }
}

/// What to do where somebody else listens there already: perhaps `what` it was to be.
pub(crate) fn advice(error: &io::Error, what: &str, flag: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(": {what} may be running already; use it, or name another {flag}")
        }
        _ => String::new(),
    }
}

/// The url of what listens there.
pub(crate) fn url(listener: &TcpListener) -> Result<String, CommandError> {
    let address = listener.local_addr();
    let address = address.map_err(|error| CommandError::Host(error.to_string()))?;
    Ok(format!("http://{address}"))
}
