//! The one door for everything that the command writes.
//!
//! A terminal gets colours and nothing that would steer it; a program gets every
//! byte as it is. A reader that has gone is told to whoever writes results, and
//! is nothing to whoever only complains.

use std::io::{self, IsTerminal, Write};

use crate::paint::visible;

/// Whether somebody reads results as they come.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Whether somebody reads complaints as they come.
pub(crate) fn is_heard() -> bool {
    io::stderr().is_terminal()
}

/// Where results go.
pub(crate) fn results() -> io::Stdout {
    io::stdout()
}

/// Writes a line of results that may be coloured.
pub(crate) fn show(line: &str) -> io::Result<()> {
    writeln!(anstream::stdout(), "{line}")
}

/// Writes text of results, which ends its last line itself.
pub(crate) fn write(text: &str) -> io::Result<()> {
    if is_watched() {
        let lines = text.lines().map(|line| visible(line) + "\n");
        io::stdout().write_all(lines.collect::<String>().as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    }
}

/// Says something beside the results.
pub(crate) fn say(line: &str) {
    // Nobody may listen, and that changes nothing.
    let _ = writeln!(io::stderr(), "{}", visible(line));
}

/// Writes as is beside the results, for a line that changes.
pub(crate) fn say_raw(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
