//! How is text searched, counted, cut to one line and replaced in? For all rooms.
//!
//! Plain loops on purpose: the searchers of the standard library would be a
//! noticeable part of the component, and decode each character to find a sign. Where a
//! text is split into many, that is written as a slice, `&['.'][..]`: one searcher for
//! all, which cannot panic.

/// Where `sought` comes first.
pub(crate) fn find(text: &str, sought: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(sought.len().max(1));
    windows.into_iter().position(|window| window == sought.as_bytes())
}

/// What stands in front of the first such sign of ASCII, and behind it.
#[inline(never)]
pub(crate) fn cut(text: &str, sign: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().position(|byte| byte == sign)?)
}

/// The same of the last one.
#[inline(never)]
pub(crate) fn cut_last(text: &str, sign: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|byte| byte == sign)?)
}

fn around(text: &str, sign: usize) -> Option<(&str, &str)> {
    Some((text.get(..sign)?, text.get(sign + 1..)?))
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

/// The number in digits. The formatter of the standard library would be a fiftieth
/// of the component.
pub(crate) fn digits(number: u64) -> String {
    let mut text = if number < 10 { String::new() } else { digits(number / 10) };
    push(&mut text, char::from(b'0' + (number % 10) as u8));
    text
}

/// Puts the number behind the text, in so many digits of base 16.
#[inline(never)]
pub(crate) fn hex(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = char::from_digit(number >> (4 * place) & 15, 16).unwrap_or('0');
        push(text, digit.to_ascii_uppercase());
    }
}

/// A copy of the text: by way of a box, which is less work than that of a vector.
#[inline(never)]
pub(crate) fn owned(text: &str) -> String {
    Box::<str>::from(text).into()
}

/// The texts, one behind the other. The standard library's own can panic, and its
/// words for that would be a fiftieth of the component.
#[inline(never)]
pub(crate) fn concat(texts: &[&str]) -> String {
    let mut whole = String::new();
    for text in texts {
        whole.push_str(text);
    }
    whole
}

/// Whether there is nothing in the text but white space.
#[inline(always)]
pub(crate) fn is_blank(text: &str) -> bool {
    // Most begin with something to see.
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// The text without white space around it.
#[inline(always)]
pub(crate) fn trimmed(text: String) -> String {
    match text.as_bytes() {
        // Most are.
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim().to_owned(),
    }
}

/// The text of the bytes: each that is no UTF-8 costs only itself, as U+FFFD.
pub(crate) fn lossy(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let (mut text, mut rest) = (String::with_capacity(bytes.len()), bytes.as_slice());
    while let Err(error) = str::from_utf8(rest) {
        let (valid, after) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        push(&mut text, '\u{FFFD}');
        rest = after.get(error.error_len().unwrap_or(after.len())..).unwrap_or_default();
    }
    text.push_str(str::from_utf8(rest).unwrap_or_default());
    text
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

    #[test]
    fn a_text_is_blank_without_anything_but_white_space() {
        for blank in ["", " ", "\t\r\n", "\u{a0}\u{3000}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in ["a", " a", "\u{a0}é", "\0", "-"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_bytes_as_the_standard_library_does(
            bytes in prop::collection::vec(prop_oneof![
                any::<u8>(),
                prop::sample::select(b"a\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\xff".to_vec()),
            ], 0..30),
        ) {
            prop_assert_eq!(String::from_utf8_lossy(&bytes).into_owned(), lossy(bytes));
        }

        #[test]
        fn writes_numbers_as_the_standard_library_does(number in any::<u64>(), bits in 0..64) {
            let number = number >> bits;
            prop_assert_eq!(digits(number), number.to_string());
        }

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
