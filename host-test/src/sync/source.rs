//! What does another tool hand over? Rows of named cells, whatever form they come in.

use std::{io, path::PathBuf};

use clap::ValueEnum;

use super::{csv, encoding, json, singer, vcard};
use crate::{exit::CommandError, input};

/// More than any address book has.
const LIMIT: u64 = 256 << 20;

/// How the files of spreadsheets begin: of today, as a zip, and of old.
const BOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// The forms that are read.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Form {
    /// A header, then a line for each person; parted by commas, semicolons or tabs
    Csv,
    /// A JSON object in each line
    Jsonl,
    /// Cards of versions 2.1, 3.0 and 4.0
    Vcard,
    /// Messages of a Singer tap
    Singer,
}

/// Where rows come from.
pub(crate) enum Source {
    Input,
    File(PathBuf),
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The names of the columns; one may stand there twice.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What is to be said of the whole.
    pub(crate) notes: Vec<String>,
    /// The states of a tap as they came, each with the number of rows before it.
    pub(crate) states: Vec<(usize, String)>,
}

/// A row that was read, or why it could not be.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line that it begins in, counted from 1.
    pub(crate) line: u64,
    /// What stands in which column; nothing twice, several times or always.
    pub(crate) cells: Result<Vec<(usize, String)>, String>,
}

impl Table {
    /// The place of a column, which is added if it is new.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        self.columns.iter().position(|known| known == name).unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        })
    }
}

impl Source {
    pub(crate) fn of(file: PathBuf) -> Self {
        if file.as_os_str() == "-" { Self::Input } else { Self::File(file) }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Input => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Whether there is such a file.
    pub(crate) fn is_there(&self) -> Result<(), CommandError> {
        let Self::File(path) = self else { return Ok(()) };
        let found = std::fs::metadata(path).map(|_| ());
        found.map_err(|error| self.misuse(&format!("cannot be read: {error}")))
    }

    /// The form that was named, or else the one that the name ends in.
    pub(crate) fn form(&self, named: Option<Form>) -> Result<Form, CommandError> {
        let path = match (named, self) {
            (Some(form), _) => return Ok(form),
            (None, Self::Input) => return Ok(Form::Singer),
            (None, Self::File(path)) => path,
        };
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "tab" | "txt" => Ok(Form::Csv),
            "jsonl" | "ndjson" | "json" => Ok(Form::Jsonl),
            "vcf" | "vcard" => Ok(Form::Vcard),
            "singer" => Ok(Form::Singer),
            "xlsx" | "xls" | "ods" | "numbers" => {
                Err(self.misuse("is a spreadsheet; export it as CSV"))
            }
            _ => Err(CommandError::Misuse(format!(
                "{}: its form cannot be told by its name; say --format csv, jsonl, vcard or singer",
                self.name()
            ))),
        }
    }

    /// Reads all of it.
    pub(crate) async fn read(&self, form: Form) -> Result<Table, CommandError> {
        let bytes = match self {
            Self::Input => input::standard(LIMIT).await,
            Self::File(path) => input::file(path.to_string_lossy().into_owned(), LIMIT).await,
        };
        let bytes = bytes.map_err(|error| self.misuse(&format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > LIMIT {
            return Err(self.misuse(&format!("is larger than {} MiB; split it", LIMIT >> 20)));
        }
        if BOOKS.iter().any(|beginning| bytes.starts_with(beginning)) {
            return Err(self.misuse("is a spreadsheet or a zip; export it as CSV"));
        }
        let table = input::aside(move || {
            let bytes = if form == Form::Vcard { vcard::readable(bytes) } else { bytes };
            let is_json = matches!(form, Form::Jsonl | Form::Singer);
            let (text, note) = encoding::text(bytes, is_json);
            let mut table = match form {
                Form::Csv => csv::read(&text),
                Form::Jsonl => json::read(&text),
                Form::Vcard => vcard::read(&text),
                Form::Singer => singer::read(&text).map_err(io::Error::other)?,
            };
            table.notes.extend(note);
            Ok::<_, io::Error>(table)
        });
        let table = table.await.map_err(|error| self.misuse(&error.to_string()))?;
        if table.rows.is_empty() && form != Form::Singer {
            return Err(self.misuse("has no rows"));
        }
        Ok(table)
    }

    fn misuse(&self, why: &str) -> CommandError {
        CommandError::Misuse(format!("{} {why}", self.name()))
    }
}
