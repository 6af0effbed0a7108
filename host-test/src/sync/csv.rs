//! What stands in a file of comma-separated values, of which a line may be broken?
//!
//! A row ends where its quotes are closed. One whose quotes do not close as they should,
//! or that has not as many cells as the header, is broken, and the next line begins
//! another: a quote that somebody forgot takes no row along.

use std::ops::RangeInclusive;

use csv::{ReaderBuilder, StringRecord};

use super::source::{Row, Table};

const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// Reads the rows below a header.
pub(crate) fn read(text: &str) -> Table {
    let mut lines = Lines { rest: text, line: 1 };
    let mut delimiter = None;
    // Excel says so itself.
    if let Some(said) = text.strip_prefix("sep=") {
        delimiter = said.chars().next().filter(|it| DELIMITERS.contains(it));
        lines.skip_line();
    }
    lines.skip_blank();
    let delimiter = delimiter.unwrap_or_else(|| delimiter_of(lines.rest));
    let Some((_, header)) = lines.record(delimiter, None) else { return Table::default() };
    let header: Vec<String> = header.unwrap_or_default();
    let columns: Vec<_> = header.iter().map(|name| name.trim().to_owned()).collect();
    let named = named(&columns);
    let (mut table, mut used) = (Table { columns, ..Table::default() }, named);
    while let Some((line, cells)) = lines.record(delimiter, Some(named..=header.len())) {
        let cells = cells.map(|cells| -> Vec<_> {
            let filled = cells.into_iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty());
            filled.collect()
        });
        let last = cells.as_ref().ok().and_then(|cells| cells.last());
        used = used.max(last.map_or(0, |(column, _)| column + 1));
        table.rows.push(Row { line, cells });
    }
    // Some tools end each line with a delimiter.
    table.columns.truncate(used);
    table
}

/// So many columns there are up to the last that has a name.
fn named(columns: &[String]) -> usize {
    columns.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1)
}

/// The one that stands most often in the header, outside its quotes.
fn delimiter_of(text: &str) -> char {
    let mut is_quoted = false;
    let mut counts = [0; DELIMITERS.len()];
    for letter in text.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '\n' | '\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                let found = DELIMITERS.iter().zip(&mut counts).find(|(it, _)| **it == letter);
                found.into_iter().for_each(|(_, count)| *count += 1);
            }
        }
    }
    let most = DELIMITERS.iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    most.map_or(',', |(delimiter, _)| *delimiter)
}

/// What is not read yet, and the line that it begins in.
struct Lines<'a> {
    rest: &'a str,
    line: u64,
}

impl Lines<'_> {
    /// The next row that is not blank, with its line. Where so many cells are wanted, a
    /// row over several lines has them, or else its first line is broken.
    fn record(
        &mut self,
        delimiter: char,
        wanted: Option<RangeInclusive<usize>>,
    ) -> Option<(u64, Result<Vec<String>, String>)> {
        self.skip_blank();
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let whole = end_of_record(self.rest, delimiter);
        let cells = whole.map_err(str::to_owned);
        let cells = cells.and_then(|end| {
            let (record, _) = self.rest.split_at_checked(end).unwrap_or_default();
            let mut cells = cells_of(record, delimiter)?;
            let Some(wanted) = wanted else { return Ok(cells) };
            while cells.len() > *wanted.start()
                && cells.last().is_some_and(|cell| cell.trim().is_empty())
            {
                cells.pop();
            }
            match cells.len() {
                count if wanted.contains(&count) => Ok(cells),
                count => Err(format!("it has {count} cells, and the header {}", wanted.end())),
            }
        });
        match (&cells, whole) {
            (Ok(_), Ok(end)) => self.skip(end),
            _ => self.skip_line(),
        }
        Some((line, cells))
    }

    fn skip_blank(&mut self) {
        while let Some(line) = self.rest.lines().next() {
            let is_blank = line.chars().all(|it| it.is_whitespace() || DELIMITERS.contains(&it));
            if !is_blank {
                break;
            }
            self.skip_line();
        }
    }

    fn skip_line(&mut self) {
        self.skip(self.rest.find(['\n', '\r']).unwrap_or(self.rest.len()));
    }

    /// Skips so many bytes, and the end of the line after them.
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or_default();
        let ends = ["\r\n", "\n", "\r"];
        let after = ends.iter().find_map(|end| rest.strip_prefix(end));
        self.line += skipped.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
        self.line += u64::from(after.is_some());
        self.rest = after.unwrap_or(rest);
    }
}

/// Where the record ends, before the end of its line; or why not.
fn end_of_record(text: &str, delimiter: char) -> Result<usize, &'static str> {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
        /// Blanks behind a quote that closed.
        Behind,
    }
    let mut at = At::Start;
    for (place, letter) in text.char_indices() {
        at = match (at, letter) {
            (At::Quoted, '"') => At::Closed,
            (At::Quoted, _) | (At::Closed, '"') => At::Quoted,
            (_, '\n' | '\r') => return Ok(place),
            (_, letter) if letter == delimiter => At::Start,
            (At::Start, '"') => At::Quoted,
            (At::Closed | At::Behind, ' ' | '\t') => At::Behind,
            (At::Closed | At::Behind, _) => {
                return Err(
                    "a quote closes before its cell ends: a quote within quotes is written twice",
                );
            }
            _ => At::Plain,
        };
    }
    match at {
        At::Quoted => Err("its quotes do not close: a quote within quotes is written twice"),
        _ => Ok(text.len()),
    }
}

fn cells_of(record: &str, delimiter: char) -> Result<Vec<String>, String> {
    // Most have no quotes, and need no reader that would have to be made first.
    if !record.contains('"') {
        return Ok(record.split(delimiter).map(str::to_owned).collect());
    }
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).delimiter(delimiter.try_into().unwrap_or(b','));
    let mut record_of = StringRecord::new();
    let read = reader.buffer_capacity(record.len() + 1).from_reader(record.as_bytes());
    match { read }.read_record(&mut record_of) {
        Ok(_) => Ok(record_of.iter().map(str::to_owned).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row's line with its cells, or `broken`.
    fn rows(text: &str) -> Vec<(u64, String)> {
        let shown = |row: Row| match row.cells {
            Ok(cells) => cells.into_iter().map(|(_, cell)| cell).collect::<Vec<_>>().join("|"),
            Err(_) => "broken".to_owned(),
        };
        read(text).rows.into_iter().map(|row| (row.line, shown(row))).collect()
    }

    fn row(line: u64, cells: &str) -> (u64, String) {
        (line, cells.to_owned())
    }

    #[test]
    fn the_delimiter_is_that_of_the_header() {
        for text in
            ["a,b\n1,2\n", "a;b\n1;2", "a\tb\r\n1\t2\r\n", "\"a;;;\",b\n1,2\n", "sep=;\na;b\n1;2\n"]
        {
            let table = read(text);
            assert_eq!((table.columns.len(), table.rows.len()), (2, 1), "{text}");
            assert_eq!(rows(text).pop().map(|(_, cells)| cells).as_deref(), Some("1|2"), "{text}");
        }
    }

    #[test]
    fn cells_over_several_lines_and_quotes_in_quotes_are_read() {
        let text = "a,b\n\"one\ntwo\",\"say \"\"hi\"\"\"\n3,4\n";
        assert_eq!(rows(text), [row(2, "one\ntwo|say \"hi\""), row(4, "3|4")]);
        assert_eq!(rows("a,b\n1,x\"y\"\n"), [row(2, "1|x\"y\"")]);
        assert_eq!(rows("a,b,\n1,2,\n\n,\n3,4,\n"), [row(2, "1|2"), row(5, "3|4")]);
    }

    #[test]
    fn columns_without_a_name_have_cells_as_others() {
        for (text, expected) in [
            (",a,b,\n1,2,3,4\n", "1|2|3|4"),
            (",a,b,\n1,2,3,\n", "1|2|3"),
            (",a,b,\n1,2,3\n", "1|2|3"),
            (",a,b,\n,2,3,\n", "2|3"),
            ("a,,b\n1,2,3\n", "1|2|3"),
            ("a,b,,\n1,2\n", "1|2"),
            ("a,b,,\n1,2,,4\n", "1|2|4"),
            (",a,b,\n1,2,3,4,5\n", "broken"),
            (",a,b,\n1,2\n", "broken"),
        ] {
            assert_eq!(rows(text), [row(2, expected)], "{text}");
        }
        assert_eq!(read("a,b,,\n1,2,,\n").columns, ["a", "b"]);
        assert_eq!(read("a,b,,\n1,2,3,\n").columns, ["a", "b", ""]);
    }

    #[test]
    fn blanks_behind_a_quote_are_none_of_the_cell_and_what_else_is_there_is_told() {
        for (text, expected) in [
            ("a,b\n\"C\" ,1\n", "C|1"),
            ("a,b\n\"C\"\t ,\"1\"  \n", "C|1"),
            ("a\tb\n\"C\" \t1\n", "C|1"),
            ("a,b\n\"C\"\"\" ,1\n", "C\"|1"),
            ("a,b\n\"C\nD\" ,1\n", "C\nD|1"),
        ] {
            let rows = rows(text);
            let cells: Vec<_> = rows[0].1.split('|').map(str::trim_end).collect();
            assert_eq!((cells.join("|").as_str(), rows.len()), (expected, 1), "{text}");
        }
        for (broken, why) in [
            ("\"C\"x,1", "a quote closes before its cell ends"),
            ("\"C\" x,1", "a quote closes before its cell ends"),
            ("\"C\" \"D\",1", "a quote closes before its cell ends"),
            ("\"C,1", "its quotes do not close"),
        ] {
            let table = read(&format!("a,b\n{broken}\n"));
            let told = table.rows[0].cells.as_ref().unwrap_err();
            assert!(told.starts_with(why), "{broken}: {told}");
        }
    }

    #[test]
    fn a_broken_row_takes_no_other_along() {
        for broken in ["\"1,2", "1,\"2", "\"1\"x,2", "1", "1,2,3", "\"1\",\"2"] {
            let quoted = "\"Carl\",\"5\"";
            let text = format!("a,b\nAda,0\n{broken}\nBob,4\n{quoted}\nEve,6\n");
            let expected = [
                row(2, "Ada|0"),
                row(3, "broken"),
                row(4, "Bob|4"),
                row(5, "Carl|5"),
                row(6, "Eve|6"),
            ];
            assert_eq!(rows(&text), expected, "{broken}");
        }
    }
}
