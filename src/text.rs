//! How is text searched, counted, cut to one line and replaced in? For all rooms.
//!
//! Plain loops on purpose: the searchers of the standard library would be a
//! noticeable part of the component.

/// Where `sought` comes first.
pub(crate) fn find(text: &str, sought: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(sought.len().max(1));
    windows.into_iter().position(|window| window == sought.as_bytes())
}

/// A whole number, written in digits alone.
pub(crate) fn number(digits: &str) -> Option<u64> {
    let mut number = (!digits.is_empty()).then_some(0_u64)?;
    for byte in digits.bytes() {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number = with_digit(number, digit)?;
    }
    Some(number)
}

/// The number with one more digit behind it.
pub(crate) fn with_digit(number: u64, digit: u8) -> Option<u64> {
    let digit = u64::from(digit);
    // Asked beforehand: to notice an overflow of 64 bits takes wasm 128.
    let fits = number < u64::MAX / 10 || (number == u64::MAX / 10 && digit <= u64::MAX % 10);
    fits.then(|| number * 10 + digit)
}

/// Puts a character behind the text: in one place, as it is much code.
#[inline(never)]
pub(crate) fn push(text: &mut String, c: char) {
    text.push(c);
}

/// The text on one line, cut at `limit` bytes: without control characters, and
/// without those that break lines or turn the direction of reading.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        let steers = matches!(
            c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        );
        let c = if c.is_control() || steers { ' ' } else { c };
        push(&mut line, c);
        if line.len() > limit {
            let room = limit.saturating_sub('…'.len_utf8());
            while line.len() > room {
                line.pop();
            }
            push(&mut line, '…');
            break;
        }
    }
    line
}

/// The text with `by` wherever it has `sought`, which is not empty.
pub(crate) fn replace(text: String, sought: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text.as_str();
    while let Some((before, found)) = find(rest, sought).and_then(|at| rest.split_at_checked(at)) {
        replaced.push_str(before);
        replaced.push_str(by);
        rest = found.get(sought.len()..).unwrap_or_default();
    }
    if replaced.is_empty() {
        return text;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_bounded_and_free_of_control_characters() {
        assert_eq!(one_line("a\u{2028}b\u{202E}c", 100), "a b c");
        let line = one_line(&"é\r\n\u{1b}[31m".repeat(1000), 1000);
        assert!(line.len() <= 1000 && line.ends_with('…'), "{line}");
        assert!(!line.contains(char::is_control));
        assert_eq!(one_line("short", 100), "short");
    }

    #[test]
    fn a_number_is_all_digits_and_fits_into_64_bits() {
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for none in ["18446744073709551616", "99999999999999999999", "", "+1", "-1", "1.0", "1e3"] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn reads_numbers_as_the_standard_library_does(digits in "[0-9]{1,21}") {
            prop_assert_eq!(number(&digits), digits.parse().ok());
        }

        #[test]
        fn finds_and_replaces_as_the_standard_library_does(
            text in "[ab]{0,12}",
            sought in "[ab]{1,3}",
        ) {
            prop_assert_eq!(find(&text, &sought), text.find(&sought));
            let expected = text.replace(&sought, "é");
            prop_assert_eq!(replace(text, &sought, "é"), expected);
        }
    }
}
