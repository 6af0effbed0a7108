//! How does JSON look on a terminal? Colours go away where there is none.

use anstyle::{AnsiColor, Style};
use serde_json::Value;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
const KEY: Style = AnsiColor::Cyan.on_default();

/// The value over several lines, names in colour.
pub(crate) fn json(value: &Value) -> String {
    let pretty = format!("{value:#}");
    let lines = pretty.lines().map(|line| match line.split_once("\": ") {
        Some((name, rest)) if line.trim_start().starts_with('"') => {
            format!("{KEY}{}\"{KEY:#}: {}", visible(name), visible(rest))
        }
        _ => visible(line),
    });
    lines.collect::<Vec<_>>().join("\n")
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
