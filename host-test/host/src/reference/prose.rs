//! How does a stranger's prose look on a page? As paragraphs, lists and code, and all else
//! as it stands.

use maud::{Markup, html};

use crate::docs::item;

/// Paragraphs, apart by an empty line, in which the items of a list are a line each.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for paragraph in text.split("\n\n").filter(|text| !text.trim().is_empty()) {
            @let (items, lines): (Vec<_>, Vec<_>) =
                paragraph.lines().partition(|line| item(line).is_some());
            @if !lines.is_empty() {
                p { (inline(&lines.join(" "))) }
            }
            @if !items.is_empty() {
                ul { @for item in items.into_iter().filter_map(item) { li { (inline(item)) } } }
            }
        }
    }
}

/// Text with code in it.
pub(super) fn inline(mut text: &str) -> Markup {
    html! {
        @while let Some((before, code, after)) = code(text) {
            ({ text = after; before })
            code { (code) }
        }
        (text)
    }
}

/// The first code between backticks, as many before as behind it, and what stands around.
fn code(text: &str) -> Option<(&str, &str, &str)> {
    let run = |at: usize| {
        let at = at + text.get(at..)?.find('`')?;
        let rest = text.get(at..)?;
        Some((at, rest.len() - rest.trim_start_matches('`').len()))
    };
    let mut from = 0;
    loop {
        let (begin, length) = run(from)?;
        from = begin + length;
        let mut at = from;
        while let Some((end, other)) = run(at) {
            at = end + other;
            if other == length {
                let code = text.get(from..end)?.trim();
                return Some((text.get(..begin)?, code, text.get(at..)?));
            }
        }
    }
}

/// The first sentence, without its full stop.
pub(super) fn gist(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let begins =
        |at: usize| line.get(at + 2..).is_some_and(|it| it.starts_with(char::is_uppercase));
    let end = line.match_indices(". ").map(|(at, _)| at).find(|at| begins(*at));
    end.and_then(|end| line.get(..end)).unwrap_or(line).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_code_are_told_apart() {
        for (text, expected) in [
            ("", ""),
            ("a\n\nb", "<p>a</p><p>b</p>"),
            ("all:\n- `a`\n* b - c", "<p>all:</p><ul><li><code>a</code></li><li>b - c</li></ul>"),
            ("`a` and ``b`c``", "<p><code>a</code> and <code>b`c</code></p>"),
            ("a ` b `` c", "<p>a ` b `` c</p>"),
            ("``` `x` ", "<p>``` <code>x</code> </p>"),
            ("`<b>` & \"<i>\"", "<p><code>&lt;b&gt;</code> &amp; &quot;&lt;i&gt;&quot;</p>"),
        ] {
            assert_eq!(prose(text).into_string(), expected, "{text}");
        }
        assert_eq!(gist("Lists e.g. `a`.\n\nMore."), "Lists e.g. `a`");
        assert_eq!(gist("One. Two."), "One");
    }
}
