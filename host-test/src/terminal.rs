//! What does the command write, and where to? The one door for all of it.
//!
//! A terminal gets colours and nothing that would steer it; a program gets every
//! byte as it is. A reader that has gone is told to whoever writes results, and
//! is nothing to whoever only complains.

use std::{
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering},
};

use indicatif::ProgressDrawTarget;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use crate::{paint::visible, said};

/// Whether standard output was closed when the command began.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks before `main` does: by then the runtime has put `/dev/null` in the place of
/// a stream that is closed, where results would be lost without a word.
#[used]
#[expect(unsafe_code, reason = "nothing safe runs before `main`; what is called is safe itself")]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK_BEFORE_MAIN: extern "C" fn() = look_at_standard_output;

extern "C" fn look_at_standard_output() {
    let closed = rustix::fs::fcntl_getfl(io::stdout().as_fd()).is_err();
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Whether somebody reads results as they come.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Whether somebody reads complaints as they come.
pub(crate) fn is_heard() -> bool {
    io::stderr().is_terminal()
}

/// Whether somebody types what the command reads.
pub(crate) fn is_typed() -> bool {
    io::stdin().is_terminal()
}

/// The columns of the terminal that results go to, if they do.
pub(crate) fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

/// Where results go.
pub(crate) struct Results;

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if CLOSED.load(Ordering::Relaxed) {
            return Err(io::Error::other("standard output is closed"));
        }
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Writes a line of results that may be coloured.
pub(crate) fn show(line: &str) -> io::Result<()> {
    let line = match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(line).to_string(),
        _ => line.to_owned(),
    };
    Results.write_all(format!("{line}\n").as_bytes())?;
    Results.flush()
}

/// Writes text of results, which ends its last line itself.
pub(crate) fn write(text: &str) -> io::Result<()> {
    if is_watched() {
        let lines = text.lines().map(|line| visible(line) + "\n");
        Results.write_all(lines.collect::<String>().as_bytes())?;
    } else {
        Results.write_all(text.as_bytes())?;
    }
    Results.flush()
}

/// Says something beside the results, line by line.
pub(crate) fn say(text: &str) {
    let lines: String = text.split('\n').map(|line| visible(line) + "\n").collect();
    if let Some(lines) = said::take(lines) {
        // Nobody may listen, and that changes nothing.
        let _ = io::stderr().write_all(lines.as_bytes());
    }
}

/// From here on nobody waits for whoever reads what is said.
pub(crate) fn never_wait() {
    said::never_wait(|text| drop(write!(anstream::stderr(), "{text}")));
}

/// Asks for a line, which is typed behind it.
pub(crate) fn prompt(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Says something that may be coloured, and that ends its last line itself.
pub(crate) fn say_styled(text: &str) {
    if let Some(text) = said::take(text.to_owned()) {
        let _ = write!(anstream::stderr(), "{text}");
    }
}

/// Where a line that changes is drawn, if somebody reads it as it does.
pub(crate) fn drawing() -> ProgressDrawTarget {
    // A line that changes has no place in a log.
    if said::is_on() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}

/// Where the messages of a protocol go, which nothing else may write between.
pub(crate) fn protocol() -> tokio::io::Stdout {
    tokio::io::stdout()
}

/// Waits until nobody reads it any more, for ever where it leads into a file.
pub(crate) fn until_nobody_reads() {
    let stdout = io::stdout();
    // Asked for nothing, it comes back only then.
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    while poll(&mut watched, None) == Err(Errno::INTR) {}
}
