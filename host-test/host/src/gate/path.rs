//! Is a segment of a path plain, so that every server reads it alike?
//!
//! Servers decode a path once or twice, in this charset or that, and some take `..;`
//! or a fullwidth dot for the folder above. What one of them could take for anything
//! but a name is no plain segment.

/// Whether the segment is a name to every server.
pub(crate) fn is_plain(segment: &str) -> bool {
    let Some(name) = decoded(segment) else { return false };
    let before_parameters = name.split(';').next().unwrap_or_default().trim();
    !matches!(before_parameters, "." | "..")
}

/// The segment with what is encoded in it written out; `None` where anything of it is
/// in doubt.
fn decoded(segment: &str) -> Option<String> {
    // What a url has in a segment; some servers read other signs as they like.
    let is_of_a_url =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    if !segment.bytes().all(is_of_a_url) {
        return None;
    }
    let (mut bytes, mut rest) = (Vec::new(), segment);
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits =
            encoded.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = u8::from_str_radix(digits?, 16).ok()?;
        // An encoded one of these is meant to be read later than it is judged.
        if byte.is_ascii_control() || b"/\\%.;".contains(&byte) {
            return None;
        }
        bytes.push(byte);
        rest = encoded.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    let name = String::from_utf8(bytes).ok()?;
    // Signs beyond ASCII are taken for dots and slashes by some, and wide letters for those
    // of ASCII.
    let is_known = |c: char| match c {
        '\u{FF00}'..='\u{FFEF}' => false,
        c if c.is_ascii() => c != '\\' && !c.is_control(),
        c => c.is_alphanumeric(),
    };
    name.chars().all(is_known).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_however_harmlessly_they_are_written() {
        for segment in [
            "",
            "contacts",
            "a..b",
            "...",
            "%41",
            "a%20b",
            "+14155550123",
            "%2B1415",
            "a@b.example",
            "caf%C3%A9",
            "%E8%89%BE",
            "a;v=1",
            "x,y",
            "~",
            "CON66037eca-9ad1",
        ] {
            assert!(is_plain(segment), "{segment}");
        }
    }

    #[test]
    fn what_some_server_takes_for_the_folder_above_or_another_path_is_not() {
        for segment in [
            ".",
            "..",
            "..;",
            "..;a=b",
            "a\"b",
            "a|b",
            "{a}",
            "a<b",
            "a b",
            "caf\u{e9}",
            "%EF%BC%91",
            "\u{ff11}",
            ".;",
            "%2e%2e",
            "%2E.",
            ".%2e",
            "..%3b",
            "..%3B",
            "%%32e%%32e",
            "%252e%252e",
            "%c0%ae%c0%ae",
            "%e0%80%ae",
            "..%09",
            "%09..",
            "..%00",
            "a%2fb",
            "a%5Cb",
            "a\\b",
            "%EF%BC%8E%EF%BC%8E",
            "%e2%80%a4%e2%80%a4",
            "%ef%bc%8f",
            "..%20",
            "%20..",
            "%",
            "%4",
            "%zz",
            "%u002e",
            "%ff",
            "a%0d%0ab",
        ] {
            assert!(!is_plain(segment), "{segment}");
        }
    }
}
