//! How is a summary handed on? On the standard input of a program that the user names, for
//! which it is run as from a shell.

use std::{
    env,
    io::{BufRead, BufReader, PipeReader},
    process::Stdio,
    thread,
    time::Duration,
};

use host::program;
use tokio::process::Command;

use crate::terminal;

/// What begins the names of the command's own settings, its key among them.
const OWN: &str = "TWOCHAT_";

/// Has the shell run this, for so long at most; what it writes is shown.
pub(crate) async fn to(line: &str, input: &str, time: Duration) -> Result<(), String> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).stdout(Stdio::inherit());
    for (name, _) in env::vars_os() {
        // The key is nobody else's.
        if name.to_string_lossy().starts_with(OWN) {
            command.env_remove(name);
        }
    }
    // A program gets each byte, and nobody steers a terminal.
    let mut shown = None;
    if terminal::is_watched() {
        let (reads, writes) = std::io::pipe().map_err(|error| format!("no pipe: {error}"))?;
        command.stdout(writes);
        shown = Some(thread::spawn(move || show(reads)));
    }
    let fed = program::feed(command, "--to", input.as_bytes(), time).await;
    // What it left running may keep its end open.
    let until = std::time::Instant::now() + LAST;
    while shown.as_ref().is_some_and(|it| !it.is_finished()) && std::time::Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
    fed
}

/// So long the last of it may take to be shown, and so often is looked.
const LAST: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Shows what comes, line by line.
fn show(reads: PipeReader) {
    let (mut lines, mut line) = (BufReader::new(reads), Vec::new());
    while let Ok(1..) = lines.read_until(b'\n', &mut line) {
        if terminal::write(&String::from_utf8_lossy(&line)).is_err() {
            return;
        }
        line.clear();
    }
}
