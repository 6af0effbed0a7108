//! A server that watches what a guest does to it: what arrives, what is open,
//! and whether anything goes on once the call has ended.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// How each request is answered.
#[derive(Clone)]
pub(super) enum Manner {
    /// With these bytes.
    With(String),
    /// With a body that has no end, as fast as it is taken.
    Endless,
    /// Not at all.
    Silent,
}

/// What is counted.
#[derive(Default)]
struct Seen {
    bytes: AtomicUsize,
    requests: AtomicUsize,
    /// Requests that were begun, are not answered, and whose connection stands.
    busy: AtomicUsize,
}

/// A running server. It stops, and closes its connections, when dropped.
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let watching = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, seen) = (manner.clone(), Arc::clone(&watching));
                connections.spawn(async move {
                    let mut busy = Busy { seen, is: false };
                    // A peer that goes away is no failure of the server.
                    let _ = serve(stream, manner, &mut busy).await;
                });
            }
        });
        Self { address, seen, task }
    }

    /// Answers with this status, these headers and this body.
    pub(super) async fn replying(headers: &str, body: &str) -> Self {
        let length = body.len();
        let reply = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n{body}");
        Self::start(Manner::With(reply)).await
    }

    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn base_url(&self) -> String {
        format!("http://{}/open", self.address)
    }

    pub(super) fn bytes(&self) -> usize {
        self.seen.bytes.load(SeqCst)
    }

    /// How many heads of requests arrived.
    pub(super) fn requests(&self) -> usize {
        self.seen.requests.load(SeqCst)
    }

    /// Proves that nothing is open that waits for an answer, and that nothing
    /// more arrives.
    pub(super) async fn is_left_alone(&self) {
        let begun = Instant::now();
        while self.seen.busy.load(SeqCst) > 0 {
            let busy = self.seen.busy.load(SeqCst);
            assert!(begun.elapsed() < Duration::from_secs(2), "{busy} requests go on");
            sleep(Duration::from_millis(10)).await;
        }
        let before = (self.bytes(), self.requests());
        sleep(Duration::from_millis(50)).await;
        assert_eq!((self.bytes(), self.requests()), before, "something still arrives");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a connection is in the middle of an exchange.
struct Busy {
    seen: Arc<Seen>,
    is: bool,
}

impl Busy {
    fn set(&mut self, is: bool) {
        match (self.is, is) {
            (false, true) => drop(self.seen.busy.fetch_add(1, SeqCst)),
            (true, false) => drop(self.seen.busy.fetch_sub(1, SeqCst)),
            _ => {}
        }
        self.is = is;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.set(false);
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, busy: &mut Busy) -> io::Result<()> {
    let mut head = Vec::new();
    loop {
        let mut bytes = vec![0; 65536];
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        busy.seen.bytes.fetch_add(count, SeqCst);
        busy.set(true);
        head.extend_from_slice(&bytes[..count]);
        let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        busy.seen.requests.fetch_add(1, SeqCst);
        let chunked = head[..end].windows(7).any(|word| word == b"chunked");
        match (&manner, chunked) {
            (Manner::With(reply), false) => {
                stream.write_all(reply.as_bytes()).await?;
                head.drain(..end + 4);
                busy.set(!head.is_empty());
            }
            (Manner::Endless, false) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
                let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
                loop {
                    stream.write_all(chunk.as_bytes()).await?;
                }
            }
            (Manner::Silent, _) | (_, true) => loop {
                let count = stream.read(&mut bytes).await?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                busy.seen.bytes.fetch_add(count, SeqCst);
            },
        }
    }
}
