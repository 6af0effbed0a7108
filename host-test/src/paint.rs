//! How does JSON look on a terminal? Colours go away where there is none.

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
const KEY: Style = AnsiColor::Cyan.on_default();

/// The value over several lines, names in colour.
pub(crate) fn json(value: &Value) -> String {
    json_within(value, usize::MAX)
}

/// The same in lines that are no wider than this.
pub(crate) fn json_within(value: &Value, width: usize) -> String {
    let pretty = format!("{value:#}");
    let lines = pretty.lines().flat_map(|line| {
        let mut lines = folded(line, width);
        if let Some(first) = lines.first_mut()
            && let Some((name, rest)) = first.split_once("\": ")
            && name.trim_start().starts_with('"')
        {
            *first = format!("{KEY}{}\"{KEY:#}: {}", visible(name), visible(rest));
        } else if let Some(first) = lines.first_mut() {
            *first = visible(first);
        }
        lines.iter_mut().skip(1).for_each(|line| *line = visible(line));
        lines
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text in lines that are no wider than this: broken after a space or a comma where there is
/// one, else anywhere. Further lines begin below the first word.
pub(crate) fn folded(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start().len() + 2;
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive([' ', ',']) {
        if used > indent && used + word.trim_end().width() > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            line = " ".repeat(indent);
            used = indent;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or_default();
            if used + wide > width && !letter.is_whitespace() {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                used = indent;
            }
            line.push(letter);
            used += wide;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// So many characters of it, and a sign where there are more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

/// The text without anything that would steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}')
            || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_text_fits_and_loses_nothing() {
        let text = "  name: some words and_then_a_very_long_word_that_fits_nowhere 世界世界 end";
        for width in [12, 20, 40, 200] {
            let lines = folded(text, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
            let squeezed = |text: &str| text.replace(' ', "");
            assert_eq!(squeezed(&lines.concat()), squeezed(text), "{width}");
        }
        assert_eq!(folded("short", 80), ["short"]);
    }
}
