//! How does a table fit a terminal? Text is wrapped between words, so that no time, name
//! or uuid is broken; then columns that matter least are left out; then each record
//! becomes a block of lines, and only what is wider than all of it is broken.

use comfy_table::{ContentArrangement, Table, presets};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What is to be shown.
pub(crate) struct Cells {
    pub(crate) header: Vec<String>,
    /// A cell may be several lines.
    pub(crate) rows: Vec<Vec<String>>,
    /// Whether it is one record, shown as a line for each column.
    pub(crate) is_single: bool,
    /// The columns that may be left out, that which matters least first.
    pub(crate) spare: Vec<String>,
}

/// Draws the table for this width; without one it takes what it needs. `notes` say
/// what it leaves out.
pub(crate) fn draw(cells: Cells, width: Option<usize>, mut notes: Vec<String>) -> String {
    let mut cells = cells.without_empty_columns();
    let limit = width.unwrap_or(usize::MAX);
    let whole = cells.clone_rows();
    let mut left_out = Vec::new();
    let spare = std::mem::take(&mut cells.spare);
    let mut spare = spare.into_iter();
    let drawn = loop {
        if let Some(widths) = cells.widths(limit) {
            if !left_out.is_empty() {
                notes.push(format!("left out: {}; --columns chooses", left_out.join(", ")));
            }
            break cells.table(&widths);
        }
        match spare.next() {
            Some(name) => {
                if cells.leave_out(&name) {
                    left_out.push(name);
                }
            }
            None => break whole.blocks(limit),
        }
    };
    let notes = notes.iter().map(|note| wrapped(note, limit) + "\n");
    format!("{drawn}\n{}", notes.collect::<String>())
}

impl Cells {
    fn clone_rows(&self) -> Self {
        Self {
            header: self.header.clone(),
            rows: self.rows.clone(),
            is_single: self.is_single,
            spare: Vec::new(),
        }
    }

    /// A column that no row fills would only take room. A single record becomes a row
    /// for each of its members.
    fn without_empty_columns(self) -> Self {
        let Self { header, rows, is_single, spare } = self;
        if is_single {
            let fields = header.into_iter().zip(rows.into_iter().flatten());
            let rows = fields.filter(|(_, cell)| !cell.is_empty());
            let rows = rows.map(|(name, cell)| vec![name, cell]).collect();
            return Self { header: Vec::new(), rows, is_single, spare };
        }
        let filled = |index: usize| {
            rows.iter().any(|row| row.get(index).is_some_and(|cell| !cell.is_empty()))
        };
        let kept: Vec<_> = (0..header.len()).filter(|index| filled(*index)).collect();
        let pick = |row: &Vec<String>| -> Vec<String> {
            kept.iter().filter_map(|index| row.get(*index)).cloned().collect()
        };
        let rows = rows.iter().map(&pick).collect();
        Self { header: pick(&header), rows, is_single, spare }
    }

    fn leave_out(&mut self, name: &str) -> bool {
        let Some(index) = self.header.iter().position(|column| column == name) else {
            return false;
        };
        self.header.remove(index);
        for row in &mut self.rows {
            if index < row.len() {
                row.remove(index);
            }
        }
        true
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        Some(&self.header).filter(|header| !header.is_empty()).into_iter().chain(&self.rows)
    }

    /// How wide each column is to be; `None` if words would have to be broken.
    fn widths(&self, limit: usize) -> Option<Vec<usize>> {
        let columns = self.lines().map(Vec::len).max().unwrap_or_default();
        let widest = |measure: fn(&str) -> usize| -> Vec<usize> {
            let of = |column: usize| {
                let cells = self.lines().filter_map(move |row| row.get(column));
                cells.map(|cell| measure(cell)).max().unwrap_or_default()
            };
            (0..columns).map(of).collect()
        };
        let natural = widest(|cell| cell.lines().map(UnicodeWidthStr::width).max().unwrap_or(0));
        let mut widths = widest(longest);
        let frame = 3 * columns + 1;
        let room = limit.checked_sub(frame)?;
        let mut left = room.checked_sub(widths.iter().sum())?;
        // What is left goes to the columns that lack most.
        while left > 0 {
            let lacks = widths.iter_mut().zip(&natural).max_by_key(|(has, needs)| *needs - **has);
            match lacks {
                Some((has, needs)) if *has < *needs => {
                    let lack = if limit == usize::MAX { needs - *has } else { 1 };
                    *has += lack;
                    left -= lack;
                }
                _ => break,
            }
        }
        Some(widths)
    }

    fn table(&self, widths: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Disabled);
        let fitted = |row: &Vec<String>| -> Vec<String> {
            row.iter().zip(widths).map(|(cell, width)| wrapped(cell, *width)).collect()
        };
        if !self.header.is_empty() {
            table.set_header(fitted(&self.header));
        }
        for row in &self.rows {
            table.add_row(fitted(row));
        }
        table.to_string()
    }

    /// One block of lines for each record.
    fn blocks(&self, limit: usize) -> String {
        if self.is_single {
            let fields = self.rows.iter().filter_map(|row| match row.as_slice() {
                [name, cell] => Some((name.as_str(), cell.as_str())),
                _ => None,
            });
            return block(fields, limit);
        }
        let blocks = self.rows.iter().map(|row| {
            let fields = self.header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            block(fields.map(|(name, cell)| (name.as_str(), cell.as_str())), limit)
        });
        blocks.collect::<Vec<_>>().join("\n\n")
    }
}

/// The members of a record, a line each where there is room, else with the value below
/// the name.
fn block<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone, limit: usize) -> String {
    let name_width = fields.clone().map(|(name, _)| name.width()).max().unwrap_or_default();
    let beside = limit.saturating_sub(name_width + 2);
    let field = |(name, cell): (&str, &str)| {
        if longest(cell) <= beside {
            let indent = format!("\n{}", " ".repeat(name_width + 2));
            let gap = " ".repeat(name_width - name.width() + 2);
            format!("{name}{gap}{}", wrapped(cell, beside).replace('\n', &indent))
        } else {
            let below = wrapped(cell, limit.saturating_sub(1)).replace('\n', "\n ");
            format!("{}\n {below}", wrapped(name, limit))
        }
    };
    fields.map(field).collect::<Vec<_>>().join("\n")
}

/// The parts of a text that are never broken: its words, and of paths and urls what
/// lies between slashes. Each with whether a space comes before it.
fn parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let words = text.split_whitespace();
    words.flat_map(|word| {
        let parts = word.split_inclusive('/').enumerate();
        parts.map(|(number, part)| (number == 0, part))
    })
}

/// The width of the longest part.
fn longest(text: &str) -> usize {
    parts(text).map(|(_, part)| part.width()).max().unwrap_or_default()
}

/// A part in pieces that are no wider, where a letter allows it.
fn pieces(part: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in part.graphemes(true) {
        match pieces.last_mut() {
            Some(last) if last.is_empty() || last.width() + letter.width() <= width => {
                last.push_str(letter);
            }
            _ => pieces.push(letter.to_owned()),
        }
    }
    pieces
}

/// The text in lines that are no wider, between its parts where that can be.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        if paragraph.width() <= width {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        for (is_word, part) in parts(paragraph) {
            let gap = if is_word && !line.is_empty() { " " } else { "" };
            if !line.is_empty() && line.width() + gap.len() + part.width() > width {
                lines.push(std::mem::take(&mut line));
            } else {
                line.push_str(gap);
            }
            if line.width() + part.width() <= width {
                line.push_str(part);
                continue;
            }
            lines.extend(Some(std::mem::take(&mut line)).filter(|line| !line.is_empty()));
            let mut broken = pieces(part, width);
            line = broken.pop().unwrap_or_default();
            lines.extend(broken);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[[&str; 4]]) -> Cells {
        let owned = |row: &[&str; 4]| row.iter().map(|cell| (*cell).to_owned()).collect();
        let header = owned(&["time", "action", "end", "reason"]);
        let (rows, spare) = (rows.iter().map(owned).collect(), vec!["reason".to_owned()]);
        Cells { header, rows, is_single: false, spare }
    }

    const ROW: [&str; 4] = [
        "2026-11-25T19:00:00.123Z",
        "list-many-things",
        "refused",
        "the persona may not call it: the policy allows it none",
    ];

    #[test]
    fn what_fits_is_a_table_and_words_are_never_broken() {
        for width in [40, 60, 80, 120, 200] {
            let drawn = draw(cells(&[ROW, ROW]), Some(width), vec!["page 0 of more".to_owned()]);
            for word in ROW[..3].iter().chain(&["page 0 of more"]) {
                assert!(drawn.contains(word), "{width}: {word}\n{drawn}");
            }
            assert!(drawn.lines().all(|line| line.width() <= width), "{width}\n{drawn}");
        }
        let wide = draw(cells(&[ROW]), None, Vec::new());
        assert!(wide.contains(ROW[3]), "{wide}");
    }

    #[test]
    fn a_column_that_is_left_out_is_named_and_a_block_leaves_out_none() {
        let left_out = draw(cells(&[ROW]), Some(64), Vec::new());
        assert!(left_out.contains("left out: reason; --columns chooses"), "{left_out}");
        let blocks = draw(cells(&[ROW, ROW]), Some(40), Vec::new());
        assert!(!blocks.contains("left out") && !blocks.contains('│'), "{blocks}");
        assert!(
            blocks.contains("end     refused\nreason  the persona may not call it:"),
            "{blocks}"
        );
        let long = "CON66037eca-9ad1-4c96-9eff-526a90a48c77";
        let narrow = draw(cells(&[[long, "a", "b", "c"]]), Some(40), Vec::new());
        assert!(narrow.contains(&format!("time\n {long}\n")), "{narrow}");
    }

    #[test]
    fn however_narrow_it_is_no_line_is_wider() {
        let wide =
            ["日本語の長い名前をもつひと", "👩‍👩‍👧‍👦 Família 🎉", "CON66037eca-9ad1-4c96", "a/b/c d"];
        for width in 3..60 {
            let drawn = draw(cells(&[wide, ROW]), Some(width), vec!["--page-number 1".to_owned()]);
            assert!(drawn.lines().all(|line| line.width() <= width), "{width}\n{drawn}");
            let bare = drawn.replace(['\n', ' '], "");
            for word in
                ["日本語の長い名前をもつひと", "👩‍👩‍👧‍👦", "CON66037eca-9ad1-4c96", "--page-number"]
            {
                assert!(width > 32 || bare.contains(word), "{width} {word}\n{drawn}");
            }
        }
    }
}
