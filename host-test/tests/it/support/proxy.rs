//! A proxy on a port of its own: it leads everything to one server, or says no.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// What a proxy does with whoever asks it.
#[derive(Clone)]
enum Manner {
    /// Leads to this port, whatever name was asked for.
    LeadTo(u16),
    /// Says this, and no more.
    Say(&'static str),
    /// Says nothing until it is left alone.
    Hang,
}

/// A running proxy. It stops, and closes its connections, when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn leading_to(port: u16) -> Self {
        Self::start(Manner::LeadTo(port), None).await
    }

    /// As `leading_to`, asked over TLS.
    pub(crate) async fn over_tls(tls: TlsAcceptor, port: u16) -> Self {
        Self::start(Manner::LeadTo(port), Some(tls)).await
    }

    pub(crate) async fn saying(answer: &'static str) -> Self {
        Self::start(Manner::Say(answer), None).await
    }

    pub(crate) async fn hanging() -> Self {
        Self::start(Manner::Hang, None).await
    }

    async fn start(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heard);
        let server = tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, tls, heard) = (manner.clone(), tls.clone(), Arc::clone(&seen));
                connections.spawn(async move {
                    // A peer that goes away is no failure of the proxy.
                    match tls {
                        None => drop(serve(stream, manner, &heard).await),
                        Some(tls) => {
                            let Ok(stream) = tls.accept(stream).await else { return };
                            let _ = serve(stream, manner, &heard).await;
                        }
                    }
                });
            }
        });
        Self { address, heard, server }
    }

    /// Its host and port.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of what it was asked, oldest first.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve<S>(mut stream: S, manner: Manner, heard: &Mutex<Vec<String>>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    heard.lock().unwrap().push(text.clone());
    match manner {
        Manner::Hang => {
            let read = stream.read(&mut [0]).await?;
            heard.lock().unwrap().push(format!("left alone after {read}"));
            Ok(())
        }
        Manner::Say(answer) => {
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
        Manner::LeadTo(port) => {
            let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
            if text.starts_with("CONNECT ") {
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            } else {
                server.write_all(&head).await?;
            }
            copy_bidirectional(&mut stream, &mut server).await.map(drop)
        }
    }
}
