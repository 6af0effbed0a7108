//! Where do the rows of many pages go, and how is a broken export taken up?
//!
//! To standard output, or to a file. Beside a file that is not complete lies
//! `FILE.resume`: what was asked, the next page, and how many bytes of the file
//! are good. It is written after each page, so that an export that was killed
//! at any point goes on with the page that it did not finish.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    exit::CommandError,
    output::{Format, KEY, Rows},
    paint::visible,
    terminal,
};

/// Rows on their way out.
pub(crate) struct Export {
    sink: BufWriter<Box<dyn Write>>,
    file: Option<Target>,
    format: Format,
    rows: Rows,
    written: u64,
    terminal: bool,
    reader: Reader,
}

/// Whether somebody still reads the rows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// A file, and what is written beside it.
struct Target {
    path: PathBuf,
    beside: PathBuf,
    handle: File,
    state: State,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct State {
    about: Value,
    next_page: u64,
    bytes: u64,
}

impl Export {
    /// Opens the file, or standard output. `about` is what makes an export the
    /// same as an earlier one.
    pub(crate) fn open(
        file: Option<PathBuf>,
        about: Value,
        first_page: u64,
        format: Format,
        rows: Rows,
    ) -> Result<Self, CommandError> {
        let state = State { about, next_page: first_page, bytes: 0 };
        let file = file.map(|path| Target::open(path, state)).transpose()?;
        let sink: Box<dyn Write> = match &file {
            Some(target) => Box::new(target.handle.try_clone().map_err(unwritten)?),
            None => Box::new(terminal::results()),
        };
        let terminal = file.is_none() && terminal::is_watched();
        let sink = BufWriter::new(sink);
        Ok(Self { sink, file, format, rows, written: 0, terminal, reader: Reader::There })
    }

    /// Writes what comes before the first row, or adds the keys of an earlier
    /// export's rows to `seen`. Gives the page to go on with, if there was one.
    pub(crate) fn begin(
        &mut self,
        seen: &mut HashSet<Box<str>>,
    ) -> Result<Option<u64>, CommandError> {
        if let Some(target) = self.file.as_ref().filter(|target| target.state.bytes > 0) {
            keys(&target.path, self.format, &mut |key| {
                seen.insert(key.into());
            })
            .map_err(|error| CommandError::Host(format!("{}: {error}", target.path.display())))?;
            self.written = seen.len() as u64;
            return Ok(Some(target.state.next_page));
        }
        if self.format == Format::Csv {
            let header = self.rows.columns.clone();
            self.write_cells(&header)?;
        }
        Ok(None)
    }

    /// How many rows there are, an earlier export's included.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn write(&mut self, row: &Value) -> Result<(), CommandError> {
        self.written += 1;
        if self.format == Format::Csv {
            let cells = self.rows.cells(row);
            return self.write_cells(&cells);
        }
        self.write_line(&row.to_string())
    }

    fn write_cells(&mut self, cells: &[String]) -> Result<(), CommandError> {
        let mut line = csv::Writer::from_writer(Vec::new());
        line.write_record(cells).map_err(unwritten)?;
        let line = line.into_inner().map_err(unwritten)?;
        self.write_line(String::from_utf8_lossy(&line).trim_end_matches('\n'))
    }

    fn write_line(&mut self, line: &str) -> Result<(), CommandError> {
        let written = if self.terminal {
            writeln!(self.sink, "{}", visible(line))
        } else {
            writeln!(self.sink, "{line}")
        };
        self.done(written)
    }

    /// Lets the rows of a page go, and notes how far it came.
    pub(crate) fn page_ends(&mut self, next_page: Option<u64>) -> Result<Reader, CommandError> {
        let flushed = self.sink.flush();
        self.done(flushed)?;
        if let Some(target) = &mut self.file {
            target.note(next_page).map_err(unwritten)?;
        }
        Ok(self.reader)
    }

    /// What there is now.
    pub(crate) fn summary(&self) -> String {
        match &self.file {
            Some(target) => format!("{} rows in {}", self.written, target.path.display()),
            None => format!("{} rows", self.written),
        }
    }

    /// Ends after a failure. A file without a whole page would only be in the
    /// way of a corrected call.
    pub(crate) fn give_up(self) {
        if let Some(target) = self.file.filter(|target| target.state.bytes == 0) {
            let _ = fs::remove_file(target.path);
            let _ = fs::remove_file(target.beside);
        }
    }

    /// What to do after a failure.
    pub(crate) fn how_to_go_on(&self, page: u64) -> String {
        let again = match &self.file {
            Some(_) => "the same call".to_owned(),
            None => format!("the same call with --page-number {page}"),
        };
        format!("stopped at page {page}, after {} rows; {again} goes on from there", self.written)
    }

    fn done(&mut self, written: io::Result<()>) -> Result<(), CommandError> {
        match written {
            // A reader that has seen enough, such as `head`, is no failure.
            Err(error) if self.file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader = Reader::Gone;
                Ok(())
            }
            written => written.map_err(unwritten),
        }
    }
}

impl Target {
    fn open(path: PathBuf, new: State) -> Result<Self, CommandError> {
        let mut beside = OsString::from(path.as_os_str());
        beside.push(".resume");
        let beside = PathBuf::from(beside);
        let misuse = |why: String| CommandError::Misuse(format!("{}: {why}", path.display()));
        let state = match fs::read(&beside) {
            Ok(state) => Some(serde_json::from_slice::<State>(&state).map_err(|error| {
                CommandError::Misuse(format!(
                    "{} cannot be read: {error}; delete it to start anew",
                    beside.display()
                ))
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(CommandError::Misuse(format!("{}: {error}", beside.display())));
            }
        };
        let (handle, state) = match state {
            None => {
                let opened = OpenOptions::new().write(true).create_new(true).open(&path);
                let handle = opened.map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists if path.is_dir() => {
                        misuse("it is a folder; name a file in it".to_owned())
                    }
                    io::ErrorKind::AlreadyExists => misuse(
                        "it exists already and is no export that broke; delete it or name another file"
                            .to_owned(),
                    ),
                    _ => misuse(error.to_string()),
                })?;
                alone(&handle).map_err(misuse)?;
                (handle, new)
            }
            Some(state) if state.about != new.about => {
                return Err(misuse(format!(
                    "it is the beginning of another export, {}; delete it and {}, or name \
                     another file",
                    state.about,
                    beside.display()
                )));
            }
            Some(state) => {
                let opened = OpenOptions::new().write(true).open(&path);
                let mut handle = opened.map_err(|error| misuse(error.to_string()))?;
                alone(&handle).map_err(misuse)?;
                let length = handle.metadata().map_err(unwritten)?.len();
                if length < state.bytes {
                    return Err(misuse(format!(
                        "it is shorter than {} says; delete both to start anew",
                        beside.display()
                    )));
                }
                // What came after the last whole page is asked for again.
                handle.set_len(state.bytes).map_err(unwritten)?;
                handle.seek(SeekFrom::End(0)).map_err(unwritten)?;
                (handle, state)
            }
        };
        let mut target = Self { path, beside, handle, state };
        target.keep().map_err(unwritten)?;
        Ok(target)
    }

    /// After the last page there is nothing to go on with.
    fn note(&mut self, next_page: Option<u64>) -> io::Result<()> {
        let Some(next_page) = next_page else { return fs::remove_file(&self.beside) };
        self.state.next_page = next_page;
        self.state.bytes = self.handle.stream_position()?;
        self.keep()
    }

    /// Writes the state at once or not at all.
    fn keep(&mut self) -> io::Result<()> {
        let folder = self.beside.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(&serde_json::to_vec(&self.state)?)?;
        file.persist(&self.beside)?;
        Ok(())
    }
}

/// Keeps other calls away from the file for as long as it is open. A file system
/// without locks has none to offer.
fn alone(file: &File) -> Result<(), String> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err("another call is writing to it".to_owned()),
        _ => Ok(()),
    }
}

/// The keys of the rows in a file.
fn keys(path: &Path, format: Format, found: &mut dyn FnMut(&str)) -> io::Result<()> {
    let file = BufReader::new(File::open(path)?);
    if format == Format::Csv {
        let mut rows = csv::Reader::from_reader(file);
        let column = rows.headers()?.iter().position(|name| name == KEY);
        for row in rows.records() {
            found(column.and_then(|column| row.as_ref().ok()?.get(column)).unwrap_or_default());
        }
        return Ok(());
    }
    for line in file.lines() {
        let row: Value = serde_json::from_str(&line?)?;
        found(row.get(KEY).and_then(Value::as_str).unwrap_or_default());
    }
    Ok(())
}

fn unwritten(error: impl std::fmt::Display) -> CommandError {
    CommandError::Host(format!("the rows cannot be written: {error}"))
}
