//! What was done, by whom, and how did it end? A file of JSON Lines that only
//! grows.
//!
//! A call is written down twice, each time synced to the disk: as `started`
//! before anything is sent, and as `finished` when it has ended. A call that
//! cannot be written down is not made. One that only started was cut off, and
//! nobody knows its end. Whoever writes here has hidden the key.
//!
//! What would steer a terminal that shows the file is written as its number.
//!
//! A line is appended whole, by one write and without a lock, so that many programs
//! write to one log and none waits for another. What is large or deep is cut, so
//! that a line is always one that can be read back.

use std::{
    borrow::Cow,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
    time::Instant,
};

use chrono::{SecondsFormat, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{files, hex::hex};

mod cut;
mod read;

pub use self::read::{Found, read};

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

/// Who was asked whether a call may be made, and what was answered.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Consent {
    /// How: such as `elicitation`, `terminal`, or `nobody`.
    pub by: String,
    /// The word of the [`Answer`](crate::asking::Answer).
    pub answer: String,
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
    /// What came of asking, where the policy says that a person must say yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
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
struct Line<'a> {
    /// When it was written, in UTC.
    time: String,
    /// The same in both lines of a call.
    id: String,
    #[serde(flatten)]
    event: Event<'a>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'a> {
    Started(Asked),
    Finished(Cow<'a, Ended>),
}

/// A log that is written to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    path: Arc<Path>,
    file: Arc<File>,
}

impl Log {
    /// Opens a log, or begins one that only this user can read.
    ///
    /// # Errors
    /// If it cannot be read and written, belongs to somebody else, or others
    /// may write to it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let place = files::way(path)
            .map_err(|why| io::Error::other(format!("others can replace it: {why}")))?;
        // No link that somebody has put there since.
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(flags);
        let file = options.open(place)?;
        let metadata = file.metadata()?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user"));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other("others may write to it, so `chmod go-w` it"));
        }
        Ok(Self { path: path.into(), file: Arc::new(file) })
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
        let Asked { action, arguments, prompt, .. } = asked;
        let (arguments, prompt) = (cut::value(arguments), prompt.map(cut::text));
        let asked = Asked { action: cut::text(action), arguments, prompt, ..asked };
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| io::Error::other("no random numbers"))?;
        let id = hex(id);
        self.write(&id, Event::Started(asked))?;
        Ok(Open { log: self.clone(), id, begun: Instant::now(), ended: false })
    }

    fn write(&self, id: &str, event: Event<'_>) -> io::Result<()> {
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let line = serde_json::to_string(&Line { time, id: id.to_owned(), event })?;
        let mut line = unsteering(&line).into_bytes();
        line.push(b'\n');
        if self.is_cut_off()? {
            line.insert(0, b'\n');
        }
        (&*self.file).write_all(&line)?;
        self.file.sync_data()
    }

    /// Whether the last line has no end, so that a new one has to begin.
    fn is_cut_off(&self) -> io::Result<bool> {
        let Some(last) = self.file.metadata()?.len().checked_sub(1) else { return Ok(false) };
        let mut byte = [0];
        self.file.read_exact_at(&mut byte, last)?;
        Ok(byte != [b'\n'])
    }
}

/// The same JSON, without what would steer a terminal on which somebody looks at the file.
fn unsteering(json: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}')
            || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut told = String::with_capacity(json.len());
    for c in json.chars() {
        match steers(c) {
            // It stands within a text: nothing else of JSON is more than a space.
            true => told.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => told.push(c),
        }
    }
    told
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
    /// Writes down how the call ended, once.
    ///
    /// # Errors
    /// If that cannot be written to the disk: it may be tried again. The call was made all
    /// the same.
    pub fn finish(&mut self, ended: &mut Ended) -> io::Result<()> {
        if !self.ended {
            ended.result = ended.result.take().map(cut::value);
            ended.error = ended.error.take().map(cut::value);
            ended.milliseconds = self.begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
            self.log.write(&self.id, Event::Finished(Cow::Borrowed(ended)))?;
            self.ended = true;
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let error = Some("the call was given up before it ended".into());
        // If it cannot be written, the call stays one that only started.
        let _ = self.finish(&mut Ended { error, ..Ended::default() });
    }
}

/// A call as the log has it.
#[derive(Clone, Debug, Serialize)]
pub struct PastCall {
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

impl PastCall {
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
