//! Which letters do the bytes of a file stand for? Spreadsheets write UTF-8 with a mark
//! and without, UTF-16, and what an old Windows took for text.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// So much of a file tells whether it is UTF-16 without a mark.
const BEGINNING: usize = 512;
/// So many lines are told that cannot be read.
const TOLD: usize = 10;

/// The text, and what is to be said about how it was read. JSON is of UTF-8 or UTF-16.
pub(crate) fn text(bytes: Vec<u8>, is_json: bool) -> (String, Option<String>) {
    let marked = Encoding::for_bom(&bytes).map(|(encoding, _)| encoding);
    if let Some(encoding) = marked.or_else(|| without_mark(&bytes)) {
        let (text, had_errors) = encoding.decode_with_bom_removal(&bytes);
        let note = had_errors.then(|| {
            format!("some letters cannot be read as {}, and stand as \u{fffd}", encoding.name())
        });
        return (text.into_owned(), note);
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) if is_json || is_utf_8(error.as_bytes()) => {
            let note = format!(
                "some letters in line {} cannot be read as UTF-8, and stand as \u{fffd}",
                broken_lines(error.as_bytes())
            );
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(note))
        }
        Err(error) => {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(error.as_bytes());
            let note =
                "it is not UTF-8, so it was read as Windows-1252: look whether names are right";
            (text.into_owned(), Some(note.to_owned()))
        }
    }
}

/// Whether more of its letters beyond plain ones are UTF-8 than not: those of an old Windows
/// hardly ever happen to be.
fn is_utf_8(bytes: &[u8]) -> bool {
    let letters = |text: &str| text.chars().filter(|it| !it.is_ascii()).count();
    let good: usize = bytes.utf8_chunks().map(|chunk| letters(chunk.valid())).sum();
    let bad = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    good > 0 && good >= bad
}

/// The lines that are not UTF-8.
fn broken_lines(bytes: &[u8]) -> String {
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let lines = (1..).zip(bytes.split(|byte| *byte == end));
    let broken = lines.filter(|(_, line)| std::str::from_utf8(line).is_err());
    let mut broken: Vec<_> = broken.map(|(line, _)| format!("{line}")).collect();
    if broken.len() > TOLD {
        let more = broken.len() - TOLD;
        broken.truncate(TOLD);
        broken.push(format!("and {more} more"));
    }
    broken.join(", ")
}

/// UTF-16, where every second byte of plain letters is 0.
fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = bytes.get(..BEGINNING.min(bytes.len())).unwrap_or_default();
    let zeros = |of: usize| beginning.iter().skip(of).step_by(2).filter(|it| **it == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), beginning.len() / 2);
    match () {
        () if pairs > 1 && odd * 2 > pairs && even * 4 < pairs => Some(UTF_16LE),
        () if pairs > 1 && even * 2 > pairs && odd * 4 < pairs => Some(UTF_16BE),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_read_as_it_was_meant() {
        let words = "Nombre;Peña €\n";
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| words.encode_utf16().flat_map(bytes);
        let with = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        for bytes in [
            words.as_bytes().to_vec(),
            with(b"\xef\xbb\xbf", words.as_bytes().to_vec()),
            with(b"\xff\xfe", utf_16(u16::to_le_bytes).collect()),
            with(b"\xfe\xff", utf_16(u16::to_be_bytes).collect()),
            utf_16(u16::to_le_bytes).collect(),
            utf_16(u16::to_be_bytes).collect(),
        ] {
            assert_eq!(text(bytes, false), (words.to_owned(), None));
        }
        let (read, note) = text(b"Nombre;Pe\xf1a \x80\n".to_vec(), false);
        assert_eq!(read, words);
        assert!(note.unwrap().contains("Windows-1252"));
        let (read, note) = text(b"{\"name\":\"Pe\xf1a\"}".to_vec(), true);
        assert!(read.contains("Pe\u{fffd}a") && note.unwrap().contains("line 1 cannot"), "{read}");
        assert_eq!(text(Vec::new(), false), (String::new(), None));
    }

    #[test]
    fn a_wrong_byte_makes_no_other_encoding_of_the_rest() {
        let (read, note) =
            text("Nombre\nPeña\nGómez\n".bytes().chain(*b"Mu\xf1oz\n").collect(), false);
        assert_eq!(read, "Nombre\nPeña\nGómez\nMu\u{fffd}oz\n");
        assert!(note.unwrap().contains("in line 4 cannot be read as UTF-8"));
        let (_, note) = text([&b"\xc3\xb1\xc3\xb1"[..], &b"\n\xf1".repeat(2)].concat(), false);
        assert!(note.unwrap().contains("in line 2, 3 cannot"));
    }
}
