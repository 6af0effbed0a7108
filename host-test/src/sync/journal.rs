//! What was sent already? Each row is written down before it is sent and after its
//! answer, so that whoever is killed in between looks first, and creates nobody twice.
//!
//! People stand there by digests of what they are known by, not by their numbers.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use host::{calls::Source, secret::Proof};
use serde::{Deserialize, Serialize};

use crate::{
    component::digest,
    exit::CommandError,
    resume::{is_our_file, lock, own},
};

/// The first line: of whom the journal is.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct About {
    journal_of: Option<String>,
    key: Option<Proof>,
}

/// What happened, to whoever is known by these.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// Sent in the second `at` since 1970.
    Sending {
        known_by: Vec<String>,
        at: u64,
    },
    Created {
        known_by: Vec<String>,
    },
    /// Surely not created.
    Refused {
        known_by: Vec<String>,
    },
}

/// What is known of earlier calls, and where more is written down.
pub(crate) struct Journal {
    path: PathBuf,
    /// None: nothing is going to be sent.
    file: Option<File>,
    created: HashSet<String>,
    /// Those that were sent, when, and have no answer.
    open: HashMap<String, u64>,
}

impl Journal {
    /// Reads what there is, and opens it for more if anything is going to be sent.
    pub(crate) fn open(path: PathBuf, source: &Source, sends: bool) -> Result<Self, CommandError> {
        let mut journal = Self { path, file: None, created: HashSet::new(), open: HashMap::new() };
        let opened = own().read(true).append(sends).create(sends).mode(0o600).open(&journal.path);
        let mut file = match opened.and_then(is_our_file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !sends => return Ok(journal),
            Err(error) => return Err(journal.misuse(&error.to_string())),
        };
        if sends {
            lock(&file).map_err(|why| journal.misuse(why))?;
            let place = |found: fs::Metadata| (found.dev(), found.ino());
            let is_ours = fs::symlink_metadata(&journal.path).ok().map(place)
                == file.metadata().ok().map(place);
            if !is_ours {
                return Err(journal.misuse("another sync has just ended it; start again"));
            }
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|error| journal.misuse(&error.to_string()))?;
        let text = String::from_utf8_lossy(&text);
        let (first, lines) = text.split_once('\n').unwrap_or((&text, ""));
        // One without a line of its own says nothing of anybody.
        let has_begun = !lines.is_empty();
        if has_begun {
            journal.is_of(first, source)?;
        }
        lines.lines().for_each(|line| journal.take(line));
        if !sends {
            return Ok(journal);
        }
        let begun = if has_begun {
            // What was cut off in the middle was not sent, or has no answer.
            if text.ends_with('\n') { Ok(()) } else { file.write_all(b"\n") }
        } else if text.is_empty() || text.starts_with("{\"journal-of\"") {
            begin(&mut file, source)
        } else {
            return Err(journal.misuse("it is no journal; name another file by --journal"));
        };
        begun.map_err(|error| journal.misuse(&error.to_string()))?;
        journal.file = Some(file);
        Ok(journal)
    }

    /// Whether this very account is the one that the journal is of.
    fn is_of(&self, first: &str, source: &Source) -> Result<(), CommandError> {
        let about: About = serde_json::from_str(first)
            .map_err(|_| self.misuse("it is no journal; name another file by --journal"))?;
        let is_same_key = match (&about.key, &source.key) {
            (Some(proof), Some(key)) => proof.is_of(key),
            (None, None) => true,
            _ => false,
        };
        if is_same_key && about.journal_of == source.on_behalf.server {
            return Ok(());
        }
        Err(self.misuse(
            "it is of another key or server, and was not ended; go on with that one, or name \
             another file by --journal",
        ))
    }

    fn take(&mut self, line: &str) {
        // A line that was cut off says nothing.
        match serde_json::from_str(line) {
            Ok(Line::Sending { known_by, at }) => {
                self.open.extend(known_by.into_iter().map(|it| (it, at)));
            }
            Ok(Line::Created { known_by }) => {
                self.open.retain(|it, _| !known_by.contains(it));
                self.created.extend(known_by);
            }
            Ok(Line::Refused { known_by }) => {
                self.open.retain(|it, _| !known_by.contains(it));
            }
            Err(_) => {}
        }
    }

    /// Whether whoever is known by one of these was created.
    pub(crate) fn is_created(&self, keys: &[String]) -> bool {
        digests(keys).iter().any(|it| self.created.contains(it))
    }

    /// How long ago whoever is known by one of these was sent, if there is no answer.
    pub(crate) fn sent_since(&self, keys: &[String]) -> Option<Duration> {
        let at = digests(keys).iter().filter_map(|it| self.open.get(it)).max().copied()?;
        Some(Duration::from_secs(now().saturating_sub(at)))
    }

    /// Writes down that somebody is going to be sent. It is on the disk when this ends.
    pub(crate) fn sends(&mut self, keys: &[String]) -> Result<(), CommandError> {
        self.write(&Line::Sending { known_by: digests(keys), at: now() })?;
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        synced.map_err(|error| self.unwritten(&error))
    }

    pub(crate) fn created(&mut self, keys: &[String]) -> Result<(), CommandError> {
        self.write(&Line::Created { known_by: digests(keys) })
    }

    pub(crate) fn refused(&mut self, keys: &[String]) -> Result<(), CommandError> {
        self.write(&Line::Refused { known_by: digests(keys) })
    }

    fn write(&mut self, line: &Line) -> Result<(), CommandError> {
        let mut text = serde_json::to_string(line).unwrap_or_default();
        self.take(&text);
        text.push('\n');
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()));
        written.map_err(|error| self.unwritten(&error))
    }

    /// Ends it: there is nothing to go on with.
    pub(crate) fn end(self) -> Result<(), CommandError> {
        match self.file.as_ref().map_or(Ok(()), |_| fs::remove_file(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unwritten(&error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn misuse(&self, why: &str) -> CommandError {
        CommandError::Misuse(format!("{}: {why}", self.path.display()))
    }

    fn unwritten(&self, error: &io::Error) -> CommandError {
        let name = self.path.display();
        CommandError::Host(format!("{name} cannot be written, so nothing more is sent: {error}"))
    }
}

impl Drop for Journal {
    /// One that says nothing of anybody is in nobody's way.
    fn drop(&mut self) {
        if self.file.is_some() && self.created.is_empty() && self.open.is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn begin(file: &mut File, source: &Source) -> io::Result<()> {
    let key = source.key.as_ref().map(Proof::of).transpose().map_err(io::Error::other)?;
    let about = About { journal_of: source.on_behalf.server.clone(), key };
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", serde_json::to_string(&about)?)
}

fn digests(keys: &[String]) -> Vec<String> {
    keys.iter().map(|key| digest(key.as_bytes())).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
