//! Where are rows to be written: to standard output, to something that takes what
//! comes, such as a pipe, or to a file that can be gone on with?

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{exit::CommandError, form::Format};

/// Where rows go.
pub(crate) enum Destination {
    /// To standard output.
    Output,
    /// To what is no file: a pipe, a device.
    Stream(PathBuf),
    /// To a file.
    File(PathBuf),
    /// To whoever takes them here.
    Taker(Box<dyn FnMut(&Value) + Send>),
}

impl Destination {
    /// What this name means.
    pub(crate) fn of(name: Option<PathBuf>) -> Result<Self, CommandError> {
        let Some(path) = name else { return Ok(Self::Output) };
        if ["-", "/dev/stdout", "/dev/fd/1"].iter().any(|output| path.as_os_str() == *output) {
            return Ok(Self::Output);
        }
        let misuse = |why: &str| Err(CommandError::Misuse(format!("{}: {why}", path.display())));
        if path.to_string_lossy().trim().is_empty() {
            return Err(CommandError::Misuse("--to: name a file, or - for standard output".into()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.exists()) {
            return misuse(&format!("there is no folder {}; make it first", folder.display()));
        }
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => misuse("it is a folder; name a file in it"),
            Ok(found) if !found.is_file() => Ok(Self::Stream(path)),
            // A link can be turned to any file in the meantime.
            _ if path.is_symlink() => {
                misuse("it is a symbolic link, which is not followed; name the file itself")
            }
            _ => Ok(Self::File(path)),
        }
    }

    /// The form that the ending of its name asks for.
    pub(crate) fn usual_format(&self) -> Result<Format, CommandError> {
        let path = match self {
            Self::File(path) | Self::Stream(path) => path,
            Self::Output | Self::Taker(_) => return Ok(Format::Jsonl),
        };
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        match ending.to_lowercase().as_str() {
            "csv" => Ok(Format::Csv),
            "" | "jsonl" | "ndjson" | "json" | "txt" => Ok(Format::Jsonl),
            _ => Err(CommandError::Misuse(format!(
                "{}: rows are written as JSON Lines (.jsonl) or CSV (.csv), and .{ending} is \
                 neither; name such a file, or say the form with --output jsonl or --output csv",
                path.display()
            ))),
        }
    }
}
