//! Which calls does a log hold? Read from its end, so that the last of a long log are
//! there at once and take no more memory than they need.

use std::{collections::HashMap, fs::File, io, os::unix::fs::FileExt, path::Path};

use super::{Ended, Event, Line, PastCall};
use crate::files;

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;
/// A line that is longer is no line of this log.
const LINE: usize = 8 << 20;

/// The calls that were looked for.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order in which they began.
    pub calls: Vec<PastCall>,
    /// Lines on the way to them that cannot be read, such as one that was cut off.
    pub unreadable: usize,
}

/// Reads those of the last calls that are wanted, at most `most` of them.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path, most: usize, wanted: impl Fn(&PastCall) -> bool) -> io::Result<Found> {
    let mut lines = Backwards::of(files::open(path)?)?;
    let (mut found, mut ends) = (Found::default(), HashMap::<String, Ended>::new());
    while found.calls.len() < most {
        let Some(line) = lines.next()? else { break };
        match line.as_deref().map(serde_json::from_slice) {
            Some(Ok(Line { time, id, event: Event::Started(asked) })) => {
                let ended = ends.remove(&id);
                let call = PastCall { time, id, asked, ended };
                if wanted(&call) {
                    found.calls.push(call);
                }
            }
            Some(Ok(Line { id, event: Event::Finished(ended), .. })) => {
                ends.insert(id, ended.into_owned());
            }
            None | Some(Err(_)) => found.unreadable += 1,
        }
    }
    if found.calls.len() < most {
        // Their beginning is nowhere.
        found.unreadable += ends.len();
    }
    found.calls.reverse();
    Ok(found)
}

/// The lines of a file, the last one first.
struct Backwards {
    file: File,
    /// So many bytes are still to be read.
    left: u64,
    /// What was read and not given yet.
    read: Vec<u8>,
    /// The end of a line that is too long was passed over.
    too_long: bool,
}

impl Backwards {
    fn of(file: File) -> io::Result<Self> {
        let left = file.metadata()?.len();
        Ok(Self { file, left, read: Vec::new(), too_long: false })
    }

    /// The next line that is not empty; `Some(None)` for one that is too long.
    fn next(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        loop {
            if let Some(end) = self.read.iter().rposition(|byte| *byte == b'\n') {
                let line = self.read.split_off(end + 1);
                self.read.truncate(end);
                if std::mem::take(&mut self.too_long) {
                    return Ok(Some(None));
                }
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(Some(line)));
                }
                continue;
            }
            if self.left == 0 {
                let line = std::mem::take(&mut self.read);
                let too_long = std::mem::take(&mut self.too_long);
                let is_there = too_long || !line.trim_ascii().is_empty();
                return Ok(is_there.then_some((!too_long).then_some(line)));
            }
            if self.read.len() > LINE {
                self.read.clear();
                self.too_long = true;
            }
            let size = self.left.min(BLOCK as u64);
            let mut block = vec![0; usize::try_from(size).unwrap_or(BLOCK)];
            self.left -= size;
            self.file.read_exact_at(&mut block, self.left)?;
            block.append(&mut self.read);
            self.read = block;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Option<String>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut lines = Backwards::of(file.reopen().unwrap()).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(line.map(|line| String::from_utf8(line).unwrap()));
        }
        found
    }

    #[test]
    fn lines_come_from_the_last_to_the_first() {
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(lines(b"a\n\nb\nc"), [line("c"), line("b"), line("a")]);
        assert_eq!(lines(b"\n\n"), []);
        assert_eq!(lines(b""), []);
        let long = "x".repeat(3 * BLOCK);
        let text = format!("1\n{long}\n2\n");
        assert_eq!(lines(text.as_bytes()), [line("2"), line(&long), line("1")]);
        let endless = format!("1\n{}\n2\n", "x".repeat(LINE + 2 * BLOCK));
        assert_eq!(lines(endless.as_bytes()), [line("2"), None, line("1")]);
        let all_of_it = "x".repeat(LINE + 2 * BLOCK);
        assert_eq!(lines(all_of_it.as_bytes()), [None]);
    }
}
