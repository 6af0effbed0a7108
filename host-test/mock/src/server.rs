//! How do bytes on a socket become a question to [`Memory`], and its answer
//! bytes again?
//!
//! Knows no route, key or fault. All waiting is here: the memory is asked
//! under a lock that is never held across it.

use std::future::{IntoFuture, pending};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use axum::Router;
use axum::extract::{self, Request};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use super::exchange::Received;
use super::memory::Memory;
use super::{delivery, judge, locked};

/// Where the server listens, or why it does not.
type Ready = oneshot::Sender<io::Result<SocketAddr>>;

/// Starts the thread that serves until `stopped` resolves. Leaving the thread
/// drops its runtime, and with it every connection, answered or not.
pub(super) fn spawn(
    port: u16,
    memory: Arc<Mutex<Memory>>,
    ready: Ready,
    stopped: oneshot::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("mock-2chat".to_owned()).spawn(move || {
        match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(serve(port, memory, ready, stopped)),
            // The one who would hear of it may have left: nothing to tell then.
            Err(error) => drop(ready.send(Err(error))),
        }
    })
}

async fn serve(
    port: u16,
    memory: Arc<Mutex<Memory>>,
    ready: Ready,
    stopped: oneshot::Receiver<()>,
) {
    let listener = match listen(port).await {
        Ok((listener, address)) => {
            drop(ready.send(Ok(address)));
            listener
        }
        Err(error) => return drop(ready.send(Err(error))),
    };
    // Small answers must not wait for more data: latency is measured here.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let app = Router::new().fallback(answer).with_state(memory);
    tokio::select! {
        _ = axum::serve(listener, app).into_future() => {}
        _ = stopped => {}
    }
}

async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn answer(
    extract::State(memory): extract::State<Arc<Mutex<Memory>>>,
    request: Request,
) -> Response {
    let received = Received::read(request).await;
    if let Some(event) = received.path.strip_prefix(delivery::CONTROL) {
        let asked = delivery::asked(&locked(&memory), event, &received);
        return match asked {
            Ok((subscribed, body)) => {
                delivery::told(&delivery::deliver(subscribed, &body).await).into_response()
            }
            Err(refusal) => refusal.into_response(),
        };
    }
    let reply = judge::answer(&mut locked(&memory), received, Instant::now());
    match reply {
        Some(reply) => reply.into_response(),
        None => pending().await,
    }
}
