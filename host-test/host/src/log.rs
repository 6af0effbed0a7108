//! What was done, by whom, and how did it end? A file of JSON Lines that only
//! grows.
//!
//! A call is written down twice, each time synced to the disk: as `started`
//! before anything is sent, and as `finished` when it has ended. A call that
//! cannot be written down is not made. One that only started was cut off, and
//! nobody knows its end. Whoever writes here has hidden the key.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use chrono::{SecondsFormat, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files;

/// A line that is longer is no line of this log.
const LINE: u64 = 64 << 20;

/// Who asks, for what.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// The user of this machine, as a number.
    pub user: String,
    /// On whose behalf, where a policy names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// Over which connection, where a policy names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Where the call goes, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The action.
    pub action: String,
    /// Its arguments.
    pub arguments: Value,
    /// What the caller says that it was told to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// The result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The action's error, or a text: why there was neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The HTTP status of each request's reply; 0 for one without.
    pub statuses: Vec<u16>,
    /// Further tries after the first.
    pub retries: u32,
    /// From the beginning to the end; filled in when it is written.
    pub milliseconds: u64,
    /// Fuel of all tries.
    pub fuel: u64,
    /// Bytes of all replies.
    pub bytes: u64,
}

/// A line of the log.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Line {
    /// When it was written, in UTC.
    time: String,
    /// The same in both lines of a call.
    id: String,
    #[serde(flatten)]
    event: Event,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    Started(Asked),
    Finished(Ended),
}

/// A log that is written to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    path: Arc<Path>,
    file: Arc<Mutex<File>>,
}

impl Log {
    /// Opens a log, or begins one that only this user can read.
    ///
    /// # Errors
    /// If it cannot be read and written, belongs to somebody else, or others
    /// may write to it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user"));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other("others may write to it, so `chmod go-w` it"));
        }
        Ok(Self { path: path.into(), file: Arc::new(Mutex::new(file)) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down that a call begins.
    ///
    /// # Errors
    /// If that cannot be written to the disk: the call is not to be made.
    pub fn start(&self, asked: Asked) -> io::Result<Open> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| io::Error::other("no random numbers"))?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        self.write(&id, Event::Started(asked))?;
        Ok(Open { log: self.clone(), id, begun: Instant::now(), ended: false })
    }

    fn write(&self, id: &str, event: Event) -> io::Result<()> {
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut line = serde_json::to_vec(&Line { time, id: id.to_owned(), event })?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Other processes write to the same log.
        files::lock(&file)?;
        let written = append(&mut file, line).and_then(|()| file.sync_data());
        file.unlock()?;
        written
    }
}

/// Appends whole lines: after one that was cut off, a new one begins.
fn append(file: &mut File, mut line: Vec<u8>) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            line.insert(0, b'\n');
        }
    }
    file.write_all(&line)
}

/// A call that has begun. Dropped without an end, it was given up.
#[derive(Debug)]
pub struct Open {
    log: Log,
    id: String,
    begun: Instant,
    ended: bool,
}

impl Open {
    /// Writes down how the call ended.
    ///
    /// # Errors
    /// If that cannot be written to the disk. The call was made all the same.
    pub fn finish(mut self, ended: Ended) -> io::Result<()> {
        self.ended = true;
        self.write(ended)
    }

    fn write(&self, ended: Ended) -> io::Result<()> {
        let milliseconds = self.begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.log.write(&self.id, Event::Finished(Ended { milliseconds, ..ended }))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.ended {
            let error = Some("the call was given up before it ended".into());
            // If it cannot be written, the call stays one that only started.
            let _ = self.write(Ended { error, ..Ended::default() });
        }
    }
}

/// A call as the log has it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// When it began, in UTC.
    pub time: String,
    /// Its id in the log.
    pub id: String,
    /// Who asked for what.
    #[serde(flatten)]
    pub asked: Asked,
    /// How it ended. None: it was cut off, or is still under way.
    #[serde(flatten)]
    pub ended: Option<Ended>,
}

impl Call {
    /// How it ended, in one word: `ok`, the kind of the action's error,
    /// `not-called` where the arguments did not fit, `refused` where the policy
    /// did not allow it, `stopped` where the host ended it, or `unknown`.
    #[must_use]
    pub fn end(&self) -> &str {
        match &self.ended {
            None => "unknown",
            Some(Ended { error: None, .. }) => "ok",
            Some(Ended { error: Some(error), .. }) => {
                error.get("kind").and_then(Value::as_str).unwrap_or("stopped")
            }
        }
    }
}

/// Reads a log: its calls in the order in which they began, and how many lines
/// cannot be read, such as one that was cut off.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path) -> io::Result<(Vec<Call>, usize)> {
    let mut file = BufReader::new(files::open(path)?);
    let (mut calls, mut unread): (Vec<Call>, usize) = (Vec::new(), 0);
    let mut known = std::collections::HashMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok((calls, unread));
        }
        match serde_json::from_slice(&line) {
            Ok(Line { time, id, event: Event::Started(asked) }) => {
                known.insert(id.clone(), calls.len());
                calls.push(Call { time, id, asked, ended: None });
            }
            Ok(Line { id, event: Event::Finished(ended), .. }) => {
                let call = known.get(&id).and_then(|index| calls.get_mut(*index));
                match call {
                    Some(call) => call.ended = Some(ended),
                    None => unread += 1,
                }
            }
            Err(_) => unread += 1,
        }
    }
}
