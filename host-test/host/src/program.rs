//! How is a program of the operator's run? By its whole path, where nobody else can have
//! put or changed it, without a shell, with little of the environment, and never for longer
//! than it may, with all that it started.

use std::{
    env,
    ffi::OsString,
    fmt,
    fs::File,
    future::pending,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    pin::pin,
    process::Stdio,
    time::Duration,
};

use futures_util::future::join;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

use crate::files;

/// What a command is told of the environment: whose it is, and where that user's agents
/// listen.
const KEPT: [&str; 4] = ["HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR"];
/// Where a command finds other programs, after its own folder.
const SYSTEM: &str = ":/usr/local/bin:/usr/bin:/bin";

/// So long the last words of a program may take that has ended.
const LAST: Duration = Duration::from_millis(200);
/// So many bytes a first line may have that names what reads a script.
const FIRST_LINE: u64 = 256;
/// So many bytes of what a program complains of last are kept.
const COMPLAINT: usize = 1024;

/// A program by its whole path, and its arguments.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub(crate) command: Vec<String>,
}

impl Program {
    /// The program that these words name, with its arguments.
    #[must_use]
    pub fn new(command: Vec<String>) -> Self {
        Self { command }
    }

    /// Whether it is there and can be run, as far as that shows without running it.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn can_be_run(&self) -> Result<(), String> {
        let (path, _) = self.judged()?;
        let name = path.display();
        let metadata = path.metadata().map_err(|error| {
            let words = path.to_str().unwrap_or_default();
            let program = words.split_once(' ').map(|(program, _)| Path::new(program));
            let meant = program.filter(|program| program.is_file());
            let meant =
                meant.map_or("", |_| "; it takes no arguments: name a script that has them");
            format!("the program {name} cannot be run: {error}{meant}")
        })?;
        if !metadata.is_file() {
            return Err(format!("{name} is no program, but a folder or the like"));
        }
        if metadata.mode() & 0o111 == 0 {
            return Err(format!("the program {name} cannot be run: `chmod u+x {name}` lets it"));
        }
        // What cannot be read is no script that could be run.
        let why = first_line(&path).ok().and_then(|line| unread(&line));
        why.map_or(Ok(()), |why| Err(format!("the script {name} cannot be run: {why}")))
    }

    /// Whether it can be a program at all.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.whole().map(|_| ())
    }

    /// Runs it in this folder with this on its standard input, for so long at most, and is
    /// content if it ends well.
    ///
    /// # Errors
    /// A sentence that says why not, with the last of what the program complained of.
    pub async fn feed(&self, folder: &Path, input: &[u8], time: Duration) -> Result<(), String> {
        let (mut command, name) = self.command(folder)?;
        command.stdout(Stdio::null());
        feed(command, &name, input, time).await
    }

    /// The program, to be started with all that it may start in a group of its own, and its
    /// name.
    pub(crate) fn command(&self, folder: &Path) -> Result<(Command, String), String> {
        let (path, arguments) = self.judged()?;
        let mut command = Command::new(&path);
        command.args(arguments).current_dir(folder).kill_on_drop(true).process_group(0);
        command.env_clear().env("PATH", search_path(&path));
        command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        Ok((command, path.display().to_string()))
    }

    /// The program, by its whole path, and its arguments.
    fn whole(&self) -> Result<(&Path, &[String]), String> {
        let named = self.command.split_first().filter(|(program, _)| !program.is_empty());
        let (program, arguments) = named.ok_or("the command has no program")?;
        let path = Path::new(program);
        if !path.is_absolute() {
            // What it leads to now is a hint, and no more.
            let folders = env::var_os("PATH").unwrap_or_default();
            let found = env::split_paths(&folders).map(|folder| folder.join(path));
            let found = found.filter(|path| !program.contains('/') && path.is_absolute());
            let meant = found.into_iter().find(|path| path.is_file());
            let meant = meant.map(|path| format!(", such as \"{}\"", path.display()));
            let why = "the environment would say which program it is";
            let meant = meant.unwrap_or_default();
            return Err(format!("`{program}` is no whole path, so {why}: write one{meant}"));
        }
        Ok((path, arguments))
    }

    /// The program where nobody else can have put or changed it.
    fn judged(&self) -> Result<(PathBuf, &[String]), String> {
        let (path, arguments) = self.whole()?;
        files::is_kept_from_others("program", path)?;
        let metadata = path.metadata();
        if metadata.is_ok_and(|it| !files::is_of_ours_or_root(&it) || it.mode() & 0o022 != 0) {
            let name = path.display();
            return Err(format!(
                "the program {name} can be written by others: `chmod go-w {name}`"
            ));
        }
        Ok((path.to_owned(), arguments))
    }
}

impl fmt::Display for Program {
    /// Without its arguments, which may say more than they should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command.first().map_or("", String::as_str))
    }
}

/// Runs a command, of this name in complaints, with this on its standard input, for so long
/// at most, and is content if it ends well. All that it starts is in a group of its own.
///
/// # Errors
/// A sentence that says why not, with the last of what it complained of.
pub async fn feed(
    mut command: Command,
    name: &str,
    input: &[u8],
    time: Duration,
) -> Result<(), String> {
    command.kill_on_drop(true).process_group(0).stdin(Stdio::piped()).stderr(Stdio::piped());
    let unrun = |error| format!("{name} cannot be run: {error}");
    let mut child = command.spawn().map_err(unrun)?;
    let mut family = Family::of(&child);
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let mut complaint = Vec::new();
    let run = async {
        let fed = async {
            if let Some(mut stdin) = stdin {
                // A program that has read enough closes its end.
                let _ = stdin.write_all(input).await;
            }
        };
        let mut talk = pin!(join(last_of(stderr, &mut complaint), fed));
        let mut is_over = false;
        let talked = async {
            talk.as_mut().await;
            is_over = true;
            pending().await
        };
        let status = tokio::select! {
            status = child.wait() => status,
            () = talked => return child.wait().await,
        };
        // What it left running may keep its end open.
        if !is_over {
            let _ = timeout(LAST, talk).await;
        }
        status
    };
    let ended = timeout(time, run).await;
    let why = match ended {
        Ok(Ok(status)) if status.success() => {
            family.has_ended();
            return Ok(());
        }
        Ok(Ok(status)) => format!("{name} failed with {status}"),
        Ok(Err(error)) => format!("{name} was lost: {error}"),
        Err(_) => format!("{name} took longer than {} s", time.as_secs()),
    };
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(if complaint.is_empty() { why } else { format!("{why}: {complaint}") })
}

/// Keeps the last of what comes, until its end.
async fn last_of(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) -> Option<()> {
    let (mut stream, mut piece) = (stream?, [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        kept.extend_from_slice(piece.get(..length)?);
        kept.drain(..kept.len().saturating_sub(COMPLAINT));
    }
    None
}

/// The first line of a file, as far as a system reads it.
fn first_line(file: &Path) -> io::Result<String> {
    let mut line = Vec::new();
    BufReader::new(File::open(file)?.take(FIRST_LINE)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned())
}

/// Why nothing reads a script with this first line, if that names what does.
fn unread(line: &str) -> Option<String> {
    let reader = line.strip_prefix("#!")?.trim_matches([' ', '\t']);
    if reader.ends_with('\r') {
        return Some("its lines end as those of Windows do: write it with LF alone".to_owned());
    }
    let reader = reader.split([' ', '\t']).next().filter(|reader| !reader.is_empty())?;
    let is_there = Path::new(reader).exists();
    (!is_there).then(|| format!("{reader}, which its first line names, is not there"))
}

/// Where a program finds others: beside itself, and where systems have theirs.
fn search_path(program: &Path) -> OsString {
    let mut path = program.parent().unwrap_or(Path::new("/")).as_os_str().to_owned();
    path.push(SYSTEM);
    path
}

/// A program and all that it started in its group: they end with this, unless the
/// program has ended by itself.
pub(crate) struct Family(Option<u32>);

impl Family {
    pub(crate) fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// It ended by itself: what it left on purpose goes on.
    pub(crate) fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        let group = self.0.and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(group) = group {
            // What has ended already need not be ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn sh(script: &str, input: &[u8], time: Duration) -> Result<(), String> {
        let words = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        Program::new(words).feed(Path::new("/"), input, time).await
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_program_reads_what_it_is_fed_and_its_last_words_are_kept() {
        assert_eq!(sh("test \"$(cat)\" = hello", b"hello", LONG).await, Ok(()));
        assert_eq!(sh("exit 0", &[b'x'; 1 << 20], LONG).await, Ok(()));
        assert_eq!(sh("sleep 5 & exit 0", b"", Duration::from_secs(3)).await, Ok(()));
        let why = sh("head -c 90000 /dev/zero >&2; echo no use >&2; exit 3", b"", LONG).await;
        let why = why.unwrap_err();
        assert!(why.starts_with("/bin/sh failed with exit status: 3") && why.ends_with("no use"));
        assert!(why.len() < 2 * COMPLAINT, "{}", why.len());
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_ends_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("(sleep 2; touch {}) & sleep 30", mark.display());
        let begun = Instant::now();
        let why = sh(&script, b"", Duration::from_secs(1)).await.unwrap_err();
        assert!(why.contains("took longer than 1 s"), "{why}");
        assert!(begun.elapsed() < LONG);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!mark.exists());
    }

    #[test]
    fn a_script_that_nothing_reads_is_told_before_it_is_run() {
        for line in ["#!/bin/sh", "#! /bin/sh -e", "\u{7f}ELF", "", "#!"] {
            assert_eq!(unread(line), None, "{line:?}");
        }
        let why = unread("#!/bin/sh\r").unwrap();
        assert!(why.contains("LF alone"), "{why}");
        let why = unread("#!/usr/bin/no-such -x").unwrap();
        assert!(why.starts_with("/usr/bin/no-such, which"), "{why}");
    }

    #[tokio::test]
    async fn it_finds_nothing_of_the_environment_that_is_not_its_own() {
        let why = sh("env >&2; exit 1", b"", LONG).await.unwrap_err();
        assert!(why.contains("PATH=/bin:") && !why.contains("CARGO"), "{why}");
        let relative = Program::new(vec!["sh".to_owned()]).feed(Path::new("/"), b"", LONG).await;
        assert!(relative.unwrap_err().contains("no whole path"));
    }
}
