//! A TCP server that answers step by step as it is told, for what a server
//! that knows HTTP cannot be made to do.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

/// One thing that the server does. After the last one it reads the next
/// request of the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes many times, without ever holding all of them.
    Repeat(usize, Bytes),
    /// Sends these bytes again and again, with a pause after each.
    Drip(Bytes, Duration),
    /// Reads once, whatever comes.
    Read,
    Pause(Duration),
    /// Cuts the connection with a TCP reset.
    Reset,
    Close,
    /// Keeps the connection and does nothing more.
    Hang,
}

/// A script's steps.
pub(crate) type Steps = Vec<Step>;

/// A running server. It stops, and closes its connections, when dropped.
pub(crate) struct Raw {
    address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    server: JoinHandle<()>,
}

/// What arrived.
#[derive(Default)]
struct Heard {
    connections: usize,
    requests: Vec<String>,
}

/// How connections are treated.
#[derive(Clone)]
struct Script {
    /// Whether requests are read before anything is done.
    listens: bool,
    /// For the first request, the second, and so on; the last is for all later ones.
    turns: Arc<[Steps]>,
    tls: Option<TlsAcceptor>,
}

impl Raw {
    /// Reads each request to its end, then does these steps.
    pub(crate) async fn replying(steps: Steps) -> Self {
        Self::in_turn(vec![steps]).await
    }

    /// As `replying`, with steps of its own for each request.
    pub(crate) async fn in_turn(turns: Vec<Steps>) -> Self {
        Self::start(Script { listens: true, turns: turns.into(), tls: None }).await
    }

    /// As `replying`, over TLS.
    pub(crate) async fn over_tls(tls: TlsAcceptor, steps: Steps) -> Self {
        Self::start(Script { listens: true, turns: [steps].into(), tls: Some(tls) }).await
    }

    /// Does these steps on each connection without waiting for a request.
    pub(crate) async fn deaf(steps: Steps) -> Self {
        Self::start(Script { listens: false, turns: [steps].into(), tls: None }).await
    }

    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Heard>>::default();
        let server = tokio::spawn(accept(listener, script, Arc::clone(&heard)));
        Self { address, heard, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What a connector is to be given as its base url.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/open", self.address)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.heard.lock().unwrap().connections
    }

    /// The requests that arrived whole, oldest first, each head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.heard.lock().unwrap().requests.clone()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, script: Script, heard: Arc<Mutex<Heard>>) {
    // Its connections end with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        heard.lock().unwrap().connections += 1;
        connections.spawn(connection(stream, script.clone(), Arc::clone(&heard)));
    }
}

async fn connection(mut stream: TcpStream, script: Script, heard: Arc<Mutex<Heard>>) {
    // A peer that goes away is no failure of the server.
    match script.tls.clone() {
        Some(tls) => {
            if let Ok(mut stream) = tls.accept(stream).await {
                let _ = exchanges(&mut stream, &script, &heard).await;
            }
        }
        None => {
            if let Ok(Step::Reset) = exchanges(&mut stream, &script, &heard).await {
                stream.set_zero_linger().unwrap();
            }
        }
    }
}

/// Plays the script and gives the step with which the connection is to end.
async fn exchanges<S>(stream: &mut S, script: &Script, heard: &Mutex<Heard>) -> io::Result<Step>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let mut turn = 0;
        if script.listens {
            let request = request(stream).await?;
            let mut heard = heard.lock().unwrap();
            turn = heard.requests.len().min(script.turns.len() - 1);
            heard.requests.push(request);
        }
        for step in &script.turns[turn] {
            match step {
                Step::Send(bytes) => stream.write_all(bytes).await?,
                Step::Repeat(times, bytes) => {
                    for _ in 0..*times {
                        stream.write_all(bytes).await?;
                    }
                }
                Step::Drip(bytes, pause) => loop {
                    stream.write_all(bytes).await?;
                    stream.flush().await?;
                    sleep(*pause).await;
                },
                Step::Read => drop(stream.read(&mut [0; 4096]).await?),
                Step::Pause(time) => sleep(*time).await,
                Step::Close => {
                    stream.shutdown().await?;
                    return Ok(Step::Close);
                }
                Step::Reset => return Ok(Step::Reset),
                Step::Hang => pending().await,
            }
        }
        stream.flush().await?;
        if !script.listens {
            return Ok(Step::Close);
        }
    }
}

/// Reads one request, head and body.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return Ok(text);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
