//! Connections that end while nobody looks: what is sent on one arrives once, and what
//! may have arrived is never said not to have.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use host::client::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::sleep,
};

use super::{call_within, connection, reply};
use crate::support::raw::{Raw, Step};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_connection_is_used_again_for_a_while_and_no_longer() {
    let server = Raw::replying(reply()).await;
    let client = Client::new(&[]).unwrap();
    let over = Arc::new(connection(&server.base_url()));
    for (pause, connections) in [(0, 1), (2000, 1), (4200, 2)] {
        sleep(Duration::from_millis(pause)).await;
        call_within(LONG, &over, &client, "create-contact").await.unwrap();
        assert_eq!(server.connections(), connections, "after {pause} ms");
    }
}

/// A server that ends each connection so long after its first reply, with whatever was
/// sent on it unread if that came too late; and how many requests it read.
async fn closing_after(pause: fn(usize) -> Duration) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/open", listener.local_addr().unwrap());
    let read = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&read);
    tokio::spawn(async move {
        for turn in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 << 10];
                if !stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {
                    return;
                }
                seen.fetch_add(1, SeqCst);
                let Some(Step::Send(bytes)) = reply().pop() else { return };
                let _ = stream.write_all(&bytes).await;
                sleep(pause(turn)).await;
            });
        }
    });
    (base, read)
}

#[tokio::test]
async fn a_creation_does_not_meet_the_end_of_an_idle_connection_at_a_common_server() {
    let (base, read) = closing_after(|_| Duration::from_secs(5)).await;
    let client = Client::new(&[]).unwrap();
    let over = Arc::new(connection(&base));
    call_within(LONG, &over, &client, "list-contacts").await.unwrap();
    // What is sent on it now is cut off before it is read.
    sleep(Duration::from_millis(4800)).await;
    call_within(LONG, &over, &client, "create-contact").await.unwrap();
    assert_eq!(read.load(SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_that_meets_the_end_of_its_connection_arrives_once_or_may_have() {
    // Around the time in which the next request is made.
    let (base, read) = closing_after(|turn| Duration::from_micros(200 * (turn as u64 % 12))).await;
    let client = Client::new(&[]).unwrap();
    let over = Arc::new(connection(&base));
    let (mut made, mut doubtful) = (0, 0);
    for _ in 0..200 {
        let before = read.load(SeqCst);
        match call_within(LONG, &over, &client, "create-contact").await {
            Ok(_) => {
                made += 1;
                assert_eq!(read.load(SeqCst), before + 1, "it arrived more than once");
            }
            Err(error) => {
                doubtful += 1;
                assert_eq!(error["carried-out"], "perhaps", "{error}");
                assert_ne!(error["retry"], "now", "{error}");
                assert!(read.load(SeqCst) <= before + 1, "it was sent twice");
            }
        }
    }
    assert!(made > 20, "{made} made, {doubtful} in doubt");
}

#[tokio::test]
async fn a_creation_on_a_connection_that_ends_under_it_is_sent_once_and_told_as_doubtful() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/open", listener.local_addr().unwrap());
    let connections = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            seen.fetch_add(1, SeqCst);
            tokio::spawn(async move {
                let _ = stream.read(&mut vec![0; 16 << 10]).await;
                let Some(Step::Send(bytes)) = reply().pop() else { return };
                let _ = stream.write_all(&bytes).await;
                // The next request is there, and is not read any more.
                let _ = stream.readable().await;
                let _ = stream.set_zero_linger();
            });
        }
    });
    let client = Client::new(&[]).unwrap();
    let over = Arc::new(connection(&base));
    call_within(LONG, &over, &client, "list-contacts").await.unwrap();
    let error = call_within(LONG, &over, &client, "create-contact").await.unwrap_err();
    assert_eq!((&error["kind"], &error["carried-out"]), (&"interrupted".into(), &"perhaps".into()));
    assert!(!["now", "after-waiting"].contains(&error["retry"].as_str().unwrap()), "{error}");
    assert!(!error["message"].as_str().unwrap().contains("The reason"), "{error}");
    assert_eq!(connections.load(SeqCst), 1);
    call_within(LONG, &over, &client, "list-contacts").await.unwrap();
    assert_eq!(connections.load(SeqCst), 2);
}
