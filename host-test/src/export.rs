//! How do the rows of many pages leave? Row by row, and noted page by page.
//!
//! An export that is dropped before its end says how to go on; one that has nothing
//! to go on with leaves no file in the way of the next.

use std::{
    collections::HashSet,
    fs::OpenOptions,
    io::{self, BufWriter, Write},
};

use serde_json::Value;

use crate::{
    about::About,
    destination::Destination,
    digest::counted,
    exit::CommandError,
    form::{Form, Format},
    input,
    output::{self, BYTE_ORDER_MARK},
    page::Row,
    paging::PAGE,
    paint::visible,
    resume::{PartFile, Progressed},
    rows::Rows,
    singer,
    terminal::{self, Results},
};

/// Rows on their way out.
pub(crate) struct Export {
    sink: Sink,
    form: Form,
    rows: Rows,
    /// What the rows are messages of, if they are.
    stream: Option<singer::Stream>,
    /// The page that is asked for.
    page: u64,
    written: u64,
    /// How many rows of whole pages there are.
    kept: u64,
    without_column: usize,
    is_over: bool,
}

enum Sink {
    Stream { out: BufWriter<Box<dyn Write + Send>>, is_watched: bool },
    File(Box<PartFile>),
    Taker(Box<dyn FnMut(&Value) + Send>),
}

/// Whether somebody still reads the rows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    There,
    Gone,
}

impl Export {
    /// Opens where the rows go; a file is gone on with if it is the beginning of the
    /// same export.
    pub(crate) async fn open(
        to: Destination,
        about: &About<'_>,
        page: u64,
        rows: Rows,
        stream: Option<singer::Stream>,
    ) -> Result<Self, CommandError> {
        let sink = match to {
            Destination::Output => Sink::Stream {
                out: BufWriter::new(Box::new(Results)),
                is_watched: terminal::is_watched(),
            },
            Destination::Stream(path) => {
                let name = path.display().to_string();
                // A pipe opens once somebody reads it.
                let opened = input::aside(move || OpenOptions::new().write(true).open(path));
                let opened = opened
                    .await
                    .map_err(|error| CommandError::Misuse(format!("{name}: {error}")))?;
                Sink::Stream { out: BufWriter::new(Box::new(opened)), is_watched: false }
            }
            Destination::File(path) => Sink::File(Box::new(PartFile::open(path, about, page)?)),
            Destination::Taker(take) => Sink::Taker(take),
        };
        let (written, kept, without_column, form) = (0, 0, 0, about.form.clone());
        Ok(Self { sink, form, rows, stream, page, written, kept, without_column, is_over: false })
    }

    /// Writes what comes before the first row, or adds the keys of the rows that are
    /// there already to `seen`. Gives how far an earlier part came, if there is one.
    pub(crate) fn begin(
        &mut self,
        seen: &mut HashSet<Box<str>>,
    ) -> Result<Option<Progressed>, CommandError> {
        if let Sink::File(part) = &self.sink
            && part.progressed.has_begun()
        {
            let keys = part.keys(self.form.format, &mut |key| {
                seen.insert(key.into());
            });
            let name = part.path().display();
            keys.map_err(|error| CommandError::Host(format!("{name}: {error}")))?;
            (self.written, self.kept) = (seen.len() as u64, seen.len() as u64);
            return Ok(Some(part.progressed.clone()));
        }
        if self.form.format == Format::Csv {
            let mark = if self.form.bom { BYTE_ORDER_MARK } else { "" };
            let header = output::csv_line(&self.rows.names())?;
            self.write_line(&format!("{mark}{header}"))?;
        }
        if let Some(schema) = self.stream.as_ref().map(singer::Stream::schema) {
            self.write_line(&schema)?;
        }
        Ok(None)
    }

    /// How many rows there are, an earlier part's included.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Whether the rows appear on a terminal.
    pub(crate) fn is_watched(&self) -> bool {
        matches!(self.sink, Sink::Stream { is_watched: true, .. })
    }

    /// This page is asked for next.
    pub(crate) fn asks_for(&mut self, page: u64) {
        self.page = page;
    }

    /// Writes a row.
    pub(crate) fn write(&mut self, row: &Row<'_>) -> Result<Reader, CommandError> {
        self.written += 1;
        let is_read = matches!(self.sink, Sink::Taker(_)) || self.form.format != Format::Jsonl;
        if !is_read {
            return self.write_line(&[row.text, "\n"].concat());
        }
        let why = |error| CommandError::Host(format!("a row cannot be read: {error}"));
        let row = row.read().map_err(why)?;
        if let Sink::Taker(take) = &mut self.sink {
            take(&row);
            return Ok(Reader::There);
        }
        if let Some(record) = self.stream.as_ref().map(|stream| stream.record(&row)) {
            return self.write_line(&record);
        }
        self.without_column += self.rows.without_column(&row);
        let line = output::csv_line(&self.rows.cells(&row))?;
        self.write_line(&line)
    }

    fn write_line(&mut self, line: &str) -> Result<Reader, CommandError> {
        let written = match &mut self.sink {
            Sink::Stream { out, is_watched: true } => {
                writeln!(out, "{}", visible(line.trim_end_matches('\n')))
            }
            Sink::Stream { out, .. } => out.write_all(line.as_bytes()),
            Sink::File(part) => part.write(line.as_bytes()),
            Sink::Taker(_) => Ok(()),
        };
        self.judge(written)
    }

    /// A page is done, and another one is next: its rows leave, and that is noted.
    pub(crate) fn page_is_done(
        &mut self,
        next: u64,
        total: Option<u64>,
        skipped: u64,
        was_short: bool,
    ) -> Result<Reader, CommandError> {
        if self.say_state(Some(next))? == Reader::Gone {
            return Ok(Reader::Gone);
        }
        let done = match &mut self.sink {
            Sink::Stream { out, .. } => out.flush(),
            Sink::Taker(_) => Ok(()),
            Sink::File(part) => {
                (part.progressed.total, part.progressed.skipped) = (total, skipped);
                part.progressed.was_short = was_short;
                part.page_is_done(next)
            }
        };
        let reader = self.judge(done)?;
        (self.page, self.kept) = (next, self.written);
        Ok(reader)
    }

    /// The last page is done.
    pub(crate) fn end(&mut self) -> Result<Reader, CommandError> {
        if self.say_state(None)? == Reader::Gone {
            return Ok(Reader::Gone);
        }
        let done = match &mut self.sink {
            Sink::Stream { out, .. } => out.flush(),
            Sink::Taker(_) => Ok(()),
            Sink::File(part) => part.end(),
        };
        let reader = self.judge(done)?;
        self.is_over = true;
        Ok(reader)
    }

    /// Where rows are messages, one says how far they came.
    fn say_state(&mut self, next: Option<u64>) -> Result<Reader, CommandError> {
        match self.stream.as_ref().map(|stream| stream.state(next)) {
            Some(state) => self.write_line(&state),
            None => Ok(Reader::There),
        }
    }

    /// What there is now.
    pub(crate) fn summary(&self) -> String {
        match &self.sink {
            Sink::File(part) => format!("{} rows in {}", self.written, part.path().display()),
            Sink::Stream { .. } => counted(self.written, "row", "rows"),
            Sink::Taker(_) => format!("{} rows read", self.written),
        }
    }

    /// Says what found no column of its own.
    pub(crate) fn say_without_column(&self) {
        output::say_without_column(self.without_column, &self.rows);
    }

    fn judge(&mut self, written: io::Result<()>) -> Result<Reader, CommandError> {
        match (written, &self.sink) {
            (Ok(()), _) => Ok(Reader::There),
            // A reader that has seen enough, such as `head`, is no failure.
            (Err(error), Sink::Stream { .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_over = true;
                Ok(Reader::Gone)
            }
            (Err(error), _) => {
                // Then there is nothing to go on with.
                self.is_over = error.kind() == io::ErrorKind::NotFound;
                Err(CommandError::Host(format!("the rows cannot be written: {error}")))
            }
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let again = match &self.sink {
            Sink::File(part) if !part.progressed.has_begun() => return part.remove(),
            Sink::File(_) => "the same call".to_owned(),
            Sink::Taker(_) => return,
            Sink::Stream { .. } => format!("the same call with --{PAGE} {}", self.page),
        };
        if self.kept > 0 {
            let (page, rows) = (self.page, self.kept);
            terminal::say(&format!(
                "twochat: stopped at page {page}, after {rows} rows; {again} goes on from there"
            ));
        }
    }
}
