//! How is a broken export gone on with? Beside a file that is not complete lies
//! `FILE.resume`: what was asked, the next page, and what proves the part of the file
//! that is done, its length and its digest.
//!
//! It is written after each page, so that an export that was killed at any point goes
//! on with the page that it did not finish. A file that somebody touched is left as it
//! is.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use host::hex::hex;
use ring::digest::{Context, SHA256};
use rustix::{fs::OFlags, process::geteuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    about::{About, Noted},
    exit::CommandError,
    form::Format,
    rows::KEY,
};

/// How far an export came.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Progressed {
    /// What makes an export the same as an earlier one.
    about: Noted,
    pub(crate) next_page: u64,
    /// How many rows there are in all, if a page told.
    pub(crate) total: Option<u64>,
    /// How many records could not be read so far.
    pub(crate) skipped: u64,
    /// Whether the last page held fewer rows than it could.
    pub(crate) was_short: bool,
    /// The length of the part that is done.
    bytes: u64,
    /// Its SHA-256.
    digest: String,
}

impl Progressed {
    /// An export that begins with this page.
    fn beginning(about: Noted, first_page: u64) -> Self {
        let digest = in_hex(Context::new(&SHA256));
        let (next_page, was_short, bytes) = (first_page, false, 0);
        Self { about, next_page, total: None, skipped: 0, was_short, bytes, digest }
    }

    /// Whether there is anything to go on with.
    pub(crate) fn has_begun(&self) -> bool {
        self.bytes > 0
    }
}

/// A file that grows page by page, and what lies beside it.
pub(crate) struct PartFile {
    path: PathBuf,
    beside: PathBuf,
    file: BufWriter<File>,
    digest: Context,
    bytes: u64,
    pub(crate) progressed: Progressed,
}

impl PartFile {
    /// Begins the file, or goes on with it if it is the beginning of the same export.
    pub(crate) fn open(
        path: PathBuf,
        about: &About<'_>,
        first_page: u64,
    ) -> Result<Self, CommandError> {
        let mut beside = OsString::from(path.as_os_str());
        beside.push(".resume");
        let beside = PathBuf::from(beside);
        let Some(old) = read_progressed(&path, &beside)? else {
            return Self::begin(path, beside, Progressed::beginning(about.noted()?, first_page));
        };
        let Some(why) = old.about.other_than(about) else {
            return Self::go_on(path, beside);
        };
        let anew =
            format!("delete it and {} to start anew, or name another file", beside.display());
        Err(misuse(&path, &format!("it is the beginning of another export: {why}, {anew}")))
    }

    fn begin(path: PathBuf, beside: PathBuf, new: Progressed) -> Result<Self, CommandError> {
        let opened = own().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => misuse(&path, why_it_exists(&path)),
            _ => misuse(&path, &error.to_string()),
        })?;
        let (digest, file) = (Context::new(&SHA256), BufWriter::new(file));
        let part = Self { path, beside, file, digest, bytes: 0, progressed: new };
        lock(part.file.get_ref()).map_err(|why| misuse(&part.path, why))?;
        match part.note() {
            Ok(()) => Ok(part),
            Err(error) => {
                part.remove();
                Err(unwritten(error))
            }
        }
    }

    fn go_on(path: PathBuf, beside: PathBuf) -> Result<Self, CommandError> {
        let anew = format!("delete it and {} to start anew", beside.display());
        let opened = own().read(true).write(true).open(&path);
        let file = opened
            .and_then(is_our_file)
            .map_err(|error| misuse(&path, &format!("{error}; {anew}, or name another file")))?;
        lock(&file).map_err(|why| misuse(&path, why))?;
        // Only now no other call can go on with it, or end it, meanwhile.
        let old = read_progressed(&path, &beside)?
            .ok_or_else(|| misuse(&path, "another call has just ended it"))?;
        if file.metadata().map_err(unwritten)?.len() < old.bytes {
            let why = format!("it is shorter than {} says; {anew}", beside.display());
            return Err(misuse(&path, &why));
        }
        let digest = digest_of(&file, old.bytes).map_err(unwritten)?;
        if in_hex(digest.clone()) != old.digest {
            let why =
                "its rows are not as they were written (line ends, a byte order mark, a row?)";
            return Err(misuse(&path, &format!("{why}: put it back as it was, or {anew}")));
        }
        // What came after the last whole page is asked for again.
        let mut file = file;
        file.set_len(old.bytes).map_err(unwritten)?;
        file.seek(SeekFrom::End(0)).map_err(unwritten)?;
        let file = BufWriter::new(file);
        Ok(Self { path, beside, file, digest, bytes: old.bytes, progressed: old })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Notes that a page is done and this one is next.
    pub(crate) fn page_is_done(&mut self, next_page: u64) -> io::Result<()> {
        self.file.flush()?;
        self.progressed.next_page = next_page;
        self.progressed.bytes = self.bytes;
        self.progressed.digest = in_hex(self.digest.clone());
        self.is_in_its_place()?;
        self.note()
    }

    /// After the last page there is nothing to go on with.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.file.flush()?;
        // Only then nothing can be missing any more.
        self.file.get_ref().sync_all()?;
        self.is_in_its_place()?;
        match fs::remove_file(&self.beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether it still has its name: rows in a file that was deleted are no export.
    fn is_in_its_place(&self) -> io::Result<()> {
        let ours = self.file.get_ref().metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => Ok(()),
            _ => {
                let name = self.path.display();
                let why = format!("{name} was deleted or replaced meanwhile");
                Err(io::Error::new(io::ErrorKind::NotFound, why))
            }
        }
    }

    /// Leaves nothing behind.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.beside);
    }

    /// Reads the keys of the rows that are done.
    pub(crate) fn keys(&self, format: Format, found: &mut dyn FnMut(&str)) -> io::Result<()> {
        let file = own().read(true).open(&self.path)?;
        let done = BufReader::new(file).take(self.progressed.bytes);
        if format == Format::Csv {
            let mut rows = csv::Reader::from_reader(done);
            let column = rows.headers()?.iter().position(|name| name == KEY);
            for row in rows.records() {
                let row = row?;
                found(column.and_then(|column| row.get(column)).unwrap_or_default());
            }
            return Ok(());
        }
        for line in done.lines() {
            let row: Value = serde_json::from_str(&line?)?;
            found(row.get(KEY).and_then(Value::as_str).unwrap_or_default());
        }
        Ok(())
    }

    /// Writes down how far it came, at once or not at all.
    fn note(&self) -> io::Result<()> {
        let folder = self.beside.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(&serde_json::to_vec(&self.progressed)?)?;
        file.persist(&self.beside)?;
        Ok(())
    }
}

/// What an earlier export noted, if there is one.
fn read_progressed(path: &Path, beside: &Path) -> Result<Option<Progressed>, CommandError> {
    let opened = own().read(true).open(beside).and_then(is_our_file);
    let mut text = Vec::new();
    match opened.and_then(|mut file| file.read_to_end(&mut text)) {
        Ok(_) => serde_json::from_slice(&text).map(Some).map_err(|error| {
            let why = format!("it is broken, or an earlier version wrote it ({error})");
            misuse(beside, &format!("{why}: delete it and {} to start anew", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(misuse(beside, &error.to_string())),
    }
}

/// How files are opened: no link is followed, and no pipe waited for.
pub(crate) fn own() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options
}

pub(crate) fn is_our_file(file: File) -> io::Result<File> {
    let found = file.metadata()?;
    match found.uid() == geteuid().as_raw() {
        _ if !found.is_file() => Err(io::Error::other("it is not a file")),
        true => Ok(file),
        false => Err(io::Error::other("it belongs to another user")),
    }
}

/// Keeps other calls away from the file for as long as it is open. A file system
/// without locks has none to offer.
pub(crate) fn lock(file: &File) -> Result<(), &'static str> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err("another call is writing to it"),
        _ => Ok(()),
    }
}

/// Why there is a file beside which nothing is noted.
fn why_it_exists(path: &Path) -> &'static str {
    let opened = own().read(true).open(path);
    // It may have been begun just now.
    opened
        .ok()
        .and_then(|file| lock(&file).err())
        .unwrap_or("it exists already and is no export that broke; delete it or name another file")
}

fn digest_of(file: &File, bytes: u64) -> io::Result<Context> {
    let (mut digest, mut left) = (Context::new(&SHA256), file.take(bytes));
    let mut part = vec![0; 64 << 10];
    loop {
        match left.read(&mut part)? {
            0 => return Ok(digest),
            length => digest.update(part.get(..length).unwrap_or_default()),
        }
    }
}

fn in_hex(digest: Context) -> String {
    hex(digest.finish())
}

fn misuse(path: &Path, why: &str) -> CommandError {
    CommandError::Misuse(format!("{}: {why}", path.display()))
}

fn unwritten(error: impl std::fmt::Display) -> CommandError {
    CommandError::Host(format!("the rows cannot be written: {error}"))
}
