//! What happens on Ctrl-C? The work is dropped, wherever it waits; whoever has
//! something to say about its being given up says it then.

use std::{
    fs,
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::process::Signal;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

use crate::terminal;

static CAME: AtomicBool = AtomicBool::new(false);
/// Whether somebody ends by itself at the next Ctrl-C.
static IS_EXPECTED: AtomicBool = AtomicBool::new(false);
static ASKED: Notify = Notify::const_new();

/// Has a file that may not grow fail whoever writes to it, as a full disk does, instead of
/// ending the process.
pub(crate) fn outlive_full_files() {
    // Where nobody can listen for it, it ends the process as ever.
    let _ = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
}

/// Waits for Ctrl-C, or for the second where somebody ends by itself at the first.
pub(crate) async fn comes() {
    loop {
        if tokio::signal::ctrl_c().await.is_err() {
            // Then it ends the process by itself.
            return pending().await;
        }
        if !IS_EXPECTED.swap(false, Ordering::Relaxed) {
            return CAME.store(true, Ordering::Relaxed);
        }
        ASKED.notify_one();
    }
}

/// Waits for the first Ctrl-C, or for a signal that asks a process to end, also as its
/// terminal is gone: whoever waits ends by itself.
pub(crate) async fn asks() {
    IS_EXPECTED.store(true, Ordering::Relaxed);
    let comes = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => pending().await,
    };
    let hangs_up = async {
        // Whoever had it ignored wants it to go on.
        if is_hangup_ignored() { pending().await } else { comes(SignalKind::hangup()).await }
    };
    tokio::select! {
        () = ASKED.notified() => {}
        () = comes(SignalKind::terminate()) => IS_EXPECTED.store(false, Ordering::Relaxed),
        () = hangs_up => IS_EXPECTED.store(false, Ordering::Relaxed),
    }
}

/// Whether `nohup` or the like has the end of the terminal passed over; also where nobody
/// knows.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 == 1)
}

/// Whether Ctrl-C came.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

/// What is to be said if Ctrl-C ends the work while this lives, unless that is so.
pub(crate) struct Advice<'a>(pub(crate) &'static str, pub(crate) Option<&'a AtomicBool>);

impl Drop for Advice<'_> {
    fn drop(&mut self) {
        if came() && !self.1.is_some_and(|is_so| is_so.load(Ordering::Relaxed)) {
            terminal::say(self.0);
        }
    }
}
