//! How are texts of strangers shown, so that they do nothing but be read? Bounded, on one
//! line, without what nobody sees, and escaped for where they stand.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// So many letters of a name are shown.
const LETTERS: usize = 60;
/// So many of a sentence.
const OF_A_SENTENCE: usize = 400;
/// It has no width, breaks no line, and is of no address.
const JOINER: char = '\u{2060}';
/// So many characters make one letter at most, such as an emoji of a family.
const PARTS: usize = 10;

/// The name on one line, bounded, without invisible characters.
pub(crate) fn shown(text: &str) -> String {
    within(text, LETTERS)
}

/// The same of what somebody says.
pub(crate) fn sentence(text: &str) -> String {
    within(text, OF_A_SENTENCE)
}

fn within(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut letters = 0;
    // What is behind so much that nobody sees is not looked for.
    for letter in text.graphemes(true).take(most * PARTS) {
        let letter: String =
            if letter.contains(char::is_whitespace) { " ".to_owned() } else { visible(letter) };
        if letter.is_empty() || letter == " " && (shown.is_empty() || shown.ends_with(' ')) {
            continue;
        }
        if letters == most {
            return shown.trim_end().to_owned() + "…";
        }
        letters += 1;
        shown += &letter;
    }
    shown.trim_end().to_owned()
}

/// What is seen of a letter.
fn visible(letter: &str) -> String {
    let mut seen = String::new();
    for c in letter.chars().take(PARTS) {
        let joins = matches!(c, '\u{200C}' | '\u{200D}') && !seen.is_ascii();
        // What has no width belongs to a letter before it, or is nothing.
        let is_seen =
            !is_hidden(c) && (c.width() > Some(0) || c.width() == Some(0) && !seen.is_empty());
        if joins || is_seen {
            seen.push(c);
        }
    }
    seen
}

/// Characters that steer or hide, and blanks that look like nothing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}')
        || matches!(c, '\u{17B5}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}')
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}')
        || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{FE00}'..='\u{FE0E}' | '\u{FFF0}'..='\u{FFFB}')
        || matches!(c, '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text for a page.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The text for Markdown: no link, no table's border, no emphasis, no HTML, and nothing
/// that is made a link because it looks like one.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let letters: Vec<char> = text.chars().collect();
    for (place, c) in letters.iter().enumerate() {
        let beside = |at: Option<usize>| at.and_then(|at| letters.get(at));
        let is_within = || {
            let before = beside(place.checked_sub(1)).is_some_and(|it| it.is_alphanumeric());
            before && beside(Some(place + 1)).is_some_and(|it| it.is_alphabetic() || *it == '/')
        };
        let does = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '@' | '#' | '$' => {
                true
            }
            // What looks like a link.
            '.' | ':' => is_within(),
            _ => false,
        };
        // What makes links of addresses reads them once all escapes are gone.
        if *c == '@' && place > 0 {
            escaped.push(JOINER);
        }
        if does {
            escaped.push('\\');
        }
        escaped.push(*c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_scripts_stay_as_they_are() {
        for name in ["Ada Lovelace", "Ñandú", "世界", "שלום", "می‌خواهم", "नमस्ते", "👩‍👩‍👧", "👍🏽", "❤️"]
        {
            assert_eq!(shown(name), name);
        }
    }

    #[test]
    fn what_nobody_sees_and_what_steers_is_left_out_and_length_is_bounded() {
        assert_eq!(shown(" a\u{200B}d\u{202E}a\u{E0041}\r\n\t b\u{1B}[31m\u{7} "), "ada b[31m");
        assert_eq!(shown("\u{200D}\u{FEFF}\u{3164}\u{2800}"), "");
        assert_eq!(shown(&"x".repeat(61)), "x".repeat(60) + "…");
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
        assert!(shown(&("a".to_owned() + &"\u{301}".repeat(1_000_000))).chars().count() <= PARTS);
        assert!(shown(&"\u{200B}".repeat(1_000_000)).is_empty());
    }

    #[test]
    fn nothing_in_a_text_means_anything_where_it_stands() {
        assert_eq!(html("<script a='\"'>&"), "&lt;script a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(markdown("[x](http://a.example)"), r"\[x\](http\://a\.example)");
        assert_eq!(
            markdown("a|b <b> *c* www.d.example e@f"),
            "a\\|b \\<b\\> \\*c\\* www\\.d\\.example e\u{2060}\\@f"
        );
        for plain in ["Dr. Ada (+14155550123), 5 % off!", "Credits: none.", "360.50 at 11:00"] {
            assert_eq!(markdown(plain), plain);
        }
    }
}
