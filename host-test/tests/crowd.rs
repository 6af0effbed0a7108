//! A crowd of calls: none of them takes a thread or much memory, and what they took
//! is given back. In a process of its own, because that is what is measured; Linux
//! alone tells how much it has.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is unexpected here is a failed test"
)]

use std::{
    fs,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use host::{
    client::Client,
    engine::{Connector, Host, Limits},
    gate::{Bounds, Connection},
};
use serde_json::json;

#[path = "it/support/twochat.rs"]
mod twochat;
use self::twochat::{CONNECTOR, host_of_any_route, twochat};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime,
    sync::{Mutex, Semaphore},
    task::JoinSet,
    time::sleep,
};

static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
    let host = host_of_any_route();
    let connector = host.load(CONNECTOR).unwrap();
    (host, connector)
});
/// What is measured belongs to all tests, so each has it for itself.
static ALONE: Mutex<()> = Mutex::const_new(());

/// KiB in memory before the first call: what one test leaves behind in the places of
/// instances counts for the next as well.
static AT_FIRST: LazyLock<usize> = LazyLock::new(|| {
    LazyLock::force(&LOADED);
    own("VmRSS")
});

const WAITING: usize = 500;

/// Answers each request after a while with a page of contacts.
#[derive(Clone, Default)]
struct Vendor {
    milliseconds: Arc<AtomicU64>,
    requests: Arc<AtomicUsize>,
}

impl Vendor {
    /// On a thread of its own, so that a busy test does not make it slow.
    fn start(&self) -> String {
        let (ready, address) = mpsc::channel();
        let vendor = self.clone();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(vendor.clone().serve(stream));
                }
            });
        });
        format!("http://{}/open", address.recv().unwrap())
    }

    async fn serve(self, mut stream: TcpStream) {
        let body = json!({ "success": true, "contacts": [{ "uuid": "A" }, { "uuid": "B" }] });
        let body = body.to_string();
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut buffer = [0; 2048];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            self.requests.fetch_add(1, SeqCst);
            sleep(Duration::from_millis(self.milliseconds.load(SeqCst))).await;
            if stream.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Starts so many calls.
fn calls(
    count: usize,
    at_once: usize,
    connection: &Arc<Connection>,
    client: &Client,
) -> JoinSet<()> {
    let places = Arc::new(Semaphore::new(at_once));
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (outlet, places) = (connection.outlet(client), Arc::clone(&places));
        calls.spawn(async move {
            let _place = places.acquire().await;
            let (query, limits) = (json!({}), Limits::default());
            let called = LOADED.1.call("list-contacts", &query, outlet, limits).await.unwrap();
            let page = called.result.unwrap();
            assert_eq!(page["contacts"].as_array().unwrap().len(), 2);
        });
    }
    calls
}

/// A number that the system tells of this process.
fn own(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_all_succeed_and_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    LazyLock::force(&AT_FIRST);
    let connection =
        Arc::new(Connection::new(&twochat(), &Vendor::default().start(), None).unwrap());
    let client = Client::new(&[]).unwrap();
    calls(2_000, 64, &connection, &client).join_all().await;
    let warm = own("VmRSS");
    for _ in 0..4 {
        calls(2_000, 64, &connection, &client).join_all().await;
    }
    let grown = own("VmRSS").saturating_sub(warm);
    assert!(grown < 4096, "{grown} KiB more after 8,000 calls than before");
}

/// Lets many calls wait for a slow vendor, and looks at what they take meanwhile.
async fn wait(bounds: Bounds) {
    let _alone = ALONE.lock().await;
    LazyLock::force(&AT_FIRST);
    let vendor = Vendor::default();
    let base = vendor.start();
    let connection =
        Arc::new(Connection::new(&twochat(), &base, None).unwrap().with_bounds(bounds));
    let client = Client::new(&[]).unwrap();
    calls(1, 1, &connection, &client).join_all().await;

    vendor.milliseconds.store(2_000, SeqCst);
    vendor.requests.store(0, SeqCst);
    let threads = own("Threads");
    let mut calls = calls(WAITING, WAITING, &connection, &client);
    while vendor.requests.load(SeqCst) < WAITING.min(bounds.at_once) {
        sleep(Duration::from_millis(10)).await;
    }
    // For those that wait without having sent anything.
    sleep(Duration::from_millis(500)).await;
    assert!(calls.try_join_next().is_none());
    // Those of other tests come and go meanwhile, but they are few.
    assert!(own("Threads") < threads + 16, "{} threads instead of {threads}", own("Threads"));
    let each = (own("VmRSS") - *AT_FIRST) / WAITING;
    assert!((1..400).contains(&each), "{each} KiB for each call");
    vendor.milliseconds.store(0, SeqCst);
    calls.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_for_their_turn_take_no_thread_and_little_memory() {
    wait(Bounds::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_for_their_answer_take_no_thread_and_little_memory() {
    wait(Bounds { at_once: WAITING, ..Bounds::default() }).await;
}
