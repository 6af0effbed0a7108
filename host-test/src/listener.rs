//! How are connections of HTTP taken, held within bounds, and ended?

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use http_body_util::combinators::BoxBody;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
    time::{Instant, Sleep, sleep, timeout},
};

/// So many connections are open at the same time; more wait to be taken.
pub(crate) const CONNECTIONS: usize = 512;
/// So long a connection may take for the head of its next request.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(30);
/// A head may have so many bytes, and so many headers.
pub(crate) const HEAD: usize = 32 << 10;
pub(crate) const HEADERS: usize = 64;
/// So long an answer waits for a reader who takes none of it.
pub(crate) const STALL: Duration = Duration::from_secs(30);
/// So long what is answered may take to leave, at the end.
const LAST: Duration = Duration::from_secs(2);
/// So long nothing is taken where the system has no more connections to give.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Where all places are taken, of those who ask nothing the one who has been silent longest
/// gives up its own.
///
/// Serves until the first is done, takes no more connections while the second is at work,
/// and ends those that are left.
pub(crate) async fn serve<F>(
    listener: TcpListener,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    until: impl Future<Output = ()>,
    then: impl Future<Output = ()>,
) where
    F: Future<Output = Answer> + Send,
{
    let (stop, stopped) = watch::channel(false);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let guests = Arc::new(Guests::default());
    let mut connections = JoinSet::new();
    let take = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (answer, stopped) = (answer.clone(), stopped.clone());
                    let guest = guests.comes();
                    connections.spawn(async move {
                        tokio::select! {
                            () = serve_one(stream, answer, stopped, Arc::clone(&guest)) => {}
                            () = guest.leaves.notified() => {}
                        }
                        drop(place);
                    });
                    if room.available_permits() == 0 {
                        guests.most_silent_leaves();
                    }
                    while connections.try_join_next().is_some() {}
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    };
    tokio::select! {
        () = take => {}
        () = until => {}
    }
    drop(listener);
    then.await;
    let _ = stop.send(true);
    let _ = timeout(LAST, async { while connections.join_next().await.is_some() {} }).await;
}

async fn serve_one<F>(
    stream: TcpStream,
    answer: impl Fn(Request<Incoming>) -> F,
    mut stopped: watch::Receiver<bool>,
    guest: Arc<Guest>,
) where
    F: Future<Output = Answer>,
{
    // A small answer does not wait for more.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patient { stream, stall: None, last: None });
    let service = service_fn(|request| async {
        guest.asks(true);
        let answered = Answered(Arc::clone(&guest));
        let answer = match head_of(&request) {
            HEAD.. => too_large(),
            _ => answer(request).await,
        };
        Ok::<_, Infallible>(answer.map(|body| Held::by(body, answered)))
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .serve_connection(io, service)
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// So many bytes a head has, which is read further than its bound where the rest came along.
fn head_of<T>(request: &Request<T>) -> usize {
    let line = request.method().as_str().len() + request.uri().to_string().len();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + "  HTTP/1.1\r\n\r\n".len() + headers.sum::<usize>()
}

fn too_large() -> Answer {
    let mut answer = Response::new(BoxBody::default());
    *answer.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Whoever has a connection.
#[derive(Default)]
struct Guests(Mutex<Vec<Arc<Guest>>>);

struct Guest {
    /// Since when it has asked nothing, unless it is being answered.
    silent: Mutex<Option<Instant>>,
    leaves: Notify,
}

impl Guests {
    fn comes(&self) -> Arc<Guest> {
        let silent = Mutex::new(Some(Instant::now()));
        let guest = Arc::new(Guest { silent, leaves: Notify::new() });
        let mut guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those who have gone, only this list knows.
        guests.retain(|guest| Arc::strong_count(guest) > 1);
        guests.push(Arc::clone(&guest));
        guest
    }

    fn most_silent_leaves(&self) {
        let guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = guests.iter().filter(|guest| Arc::strong_count(guest) > 1);
        let silent = there.filter_map(|guest| Some((guest.since()?, guest)));
        if let Some((_, guest)) = silent.min_by_key(|(since, _)| *since) {
            // Who is leaving is not asked again: that would make room for nobody.
            guest.asks(true);
            guest.leaves.notify_one();
        }
    }
}

impl Guest {
    fn since(&self) -> Option<Instant> {
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asks(&self, is_asking: bool) {
        let since = (!is_asking).then(Instant::now);
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Ends with the last piece of an answer, from when on whoever has the connection is silent.
struct Answered(Arc<Guest>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.asks(false);
    }
}

/// A body, and what is held until its last piece has left or nobody wants it any more.
pub(crate) struct Held<B, T> {
    body: B,
    _held: T,
}

impl<B, T> Held<B, T> {
    pub(crate) fn by(body: B, held: T) -> Self {
        Self { body, _held: held }
    }
}

impl<B: Body + Unpin, T: Unpin> Body for Held<B, T> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that is given up where nothing of what is written is taken.
struct Patient {
    stream: TcpStream,
    stall: Option<Pin<Box<Sleep>>>,
    /// Until when is taken in what still comes, once all is answered: of whoever has more on
    /// its way, the answer would be lost where the connection just ends.
    last: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn unless_stalled<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unless_stalled(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unless_stalled(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        let mut passed = [0; 4096];
        loop {
            let mut room = ReadBuf::new(&mut passed);
            match Pin::new(&mut self.stream).poll_read(context, &mut room) {
                Poll::Ready(Ok(())) if !room.filled().is_empty() => {
                    self.last.get_or_insert_with(|| Box::pin(sleep(LAST)));
                }
                Poll::Pending => break,
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
            if let Some(last) = &mut self.last
                && last.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(Ok(()));
            }
        }
        match &mut self.last {
            Some(last) => last.as_mut().poll(context).map(Ok),
            // Who sends nothing more has the answer.
            None => Poll::Ready(Ok(())),
        }
    }
}
