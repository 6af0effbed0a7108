//! What happens on Ctrl-C? The work is dropped, wherever it waits; whoever has
//! something to say about its being given up says it then.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::terminal;

static CAME: AtomicBool = AtomicBool::new(false);

/// Waits for Ctrl-C.
pub(crate) async fn comes() {
    match tokio::signal::ctrl_c().await {
        Ok(()) => CAME.store(true, Ordering::Relaxed),
        // Then it ends the process by itself.
        Err(_) => pending().await,
    }
}

/// Whether Ctrl-C came.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

/// What is to be said if Ctrl-C ends the work while this lives.
pub(crate) struct Advice(pub(crate) &'static str);

impl Drop for Advice {
    fn drop(&mut self) {
        if came() {
            terminal::say(self.0);
        }
    }
}
