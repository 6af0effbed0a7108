//! What does somebody hand over, on standard input or in a file?
//!
//! Read on a thread of its own, so that nothing waits for an input that does not
//! end, or for a pipe that nobody writes to.

use std::{
    fs::File,
    io::{self, Read},
    thread,
};

use tokio::sync::oneshot;

use crate::output::BYTE_ORDER_MARK;

/// Does what may take for ever.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().spawn(move || drop(done.send(work())))?;
    result.await.map_err(io::Error::other)?
}

/// Standard input, up to one byte more than the limit.
pub(crate) async fn standard(limit: u64) -> io::Result<Vec<u8>> {
    aside(move || up_to(limit, io::stdin())).await
}

/// A file, up to one byte more than the limit.
pub(crate) async fn file(name: String, limit: u64) -> io::Result<Vec<u8>> {
    aside(move || up_to(limit, File::open(name)?)).await
}

fn up_to(limit: u64, from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text without the mark that may stand before it.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}
