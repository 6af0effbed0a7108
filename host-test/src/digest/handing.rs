//! How is a summary handed on? On the standard input of a program that the user names, for
//! which it is run as from a shell.

use std::{env, process::Stdio, time::Duration};

use host::program;
use tokio::process::Command;

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
    program::feed(command, "--to", input.as_bytes(), time).await
}
