//! The tokens of JSON, checked as they are passed.
//!
//! Knows no place and makes no failure: where the text breaks off or is no
//! JSON, the reader stops, and says why when asked.

use std::borrow::Cow;

use crate::text::push;

/// The text and how far it is read.
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// The text cannot be read on: see [`Reader::complaint`].
pub(super) struct Broken;

type Passed = Result<(), Broken>;

/// Stands behind the end of the text. No JSON has it outside of a string, and
/// a string only in an escape.
const END: u8 = 0;

// What a page passes through for each byte or member is always inlined: the build
// is for size, and would call it.
impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// A reader of the same text from here on, to look ahead.
    pub(super) fn ahead(&self) -> Self {
        Self { ..*self }
    }

    /// How far the text is read.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The text from a position up to here.
    #[inline(always)]
    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Whether nothing but white space is left.
    pub(super) fn ends(&mut self) -> bool {
        self.pass_space();
        self.at >= self.text.len()
    }

    /// Whether the text ends where JSON had begun and should go on.
    pub(super) fn is_cut(&self) -> bool {
        self.at >= self.text.len() && self.text.bytes().any(|byte| byte > b' ')
    }

    pub(super) fn complaint(&self) -> &'static str {
        if self.at >= self.text.len() { "it ends too early" } else { "it is not JSON" }
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(END)
    }

    #[inline(always)]
    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> Passed {
        if !belongs(self.peek()) {
            return Err(Broken);
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn take_byte(&mut self, byte: u8) -> Passed {
        self.take(|next| next == byte)
    }

    #[inline(always)]
    pub(super) fn pass_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Goes to the next member or item; `false` when the object or list closes.
    #[inline(always)]
    pub(super) fn next_in(&mut self, close: u8, first: bool) -> Result<bool, Broken> {
        if first {
            self.at += 1;
        }
        self.pass_space();
        let closes = self.peek() == close;
        if closes {
            self.at += 1;
        } else if !first {
            self.take_byte(b',')?;
            self.pass_space();
        }
        Ok(!closes)
    }

    /// Reads the name of a member, and goes to its value.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Result<Cow<'t, str>, Broken> {
        let name = self.string()?;
        self.colon()?;
        Ok(name)
    }

    #[inline(always)]
    fn colon(&mut self) -> Passed {
        self.pass_space();
        self.take_byte(b':')?;
        self.pass_space();
        Ok(())
    }

    /// Passes over one value of any depth.
    pub(super) fn skip(&mut self) -> Passed {
        // The closing bracket of every object and list around the place.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let opened = match self.peek() {
                b'{' => b'}',
                b'[' => b']',
                _ => {
                    self.scalar()?;
                    END
                }
            };
            let mut first = opened != END;
            if first {
                open.push(opened);
            }
            // Go on to the next value, or out of all that end here.
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                if self.next_in(close, first)? {
                    if close == b'}' {
                        self.pass_string()?;
                        self.colon()?;
                    }
                    break;
                }
                open.pop();
                first = false;
            }
        }
    }

    fn scalar(&mut self) -> Passed {
        match self.peek() {
            b'"' => self.pass_string().map(drop),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Passed {
        word.bytes().try_for_each(|byte| self.take_byte(byte))
    }

    fn number(&mut self) -> Passed {
        let _ = self.take_byte(b'-');
        if self.take_byte(b'0').is_err() {
            self.digits()?;
        }
        if self.take_byte(b'.').is_ok() {
            self.digits()?;
        }
        if self.take(|byte| byte == b'e' || byte == b'E').is_ok() {
            let _ = self.take(|byte| byte == b'+' || byte == b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Passed {
        self.take(|byte| byte.is_ascii_digit())?;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    /// Passes over a string and tells whether it has escapes.
    #[inline(always)]
    fn pass_string(&mut self) -> Result<bool, Broken> {
        self.take_byte(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.at += plain_length(rest);
            if self.take_byte(b'"').is_ok() {
                return Ok(escaped);
            }
            self.take_byte(b'\\')?;
            escaped = true;
            if self.take_byte(b'u').is_ok() {
                for _ in 0..4 {
                    self.take(|byte| byte.is_ascii_hexdigit())?;
                }
            } else {
                self.take(|byte| b"\"\\/bfnrt".contains(&byte))?;
            }
        }
    }

    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Broken> {
        let start = self.at + 1;
        let escaped = self.pass_string()?;
        let inside = self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default();
        Ok(if escaped { Cow::Owned(unescape(inside)) } else { Cow::Borrowed(inside) })
    }
}

/// How many bytes at the start stand for themselves in a string: all up to a
/// quote, a backslash or a control character.
///
/// Most of an answer is text, so this looks at eight bytes at once: the lowest
/// high bit in `found` marks the first byte that is one of those.
#[inline(always)]
fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 255;
    const HIGH: u64 = EACH << 7;
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let below = |limit: u64, word: u64| word.wrapping_sub(EACH * limit) & !word & HIGH;
        let equal = |byte: u8| below(1, word ^ (EACH * u64::from(byte)));
        let found = below(0x20, word) | equal(b'"') | equal(b'\\');
        if found != 0 {
            return at * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let start = words.len() * 8;
    let rest = bytes.get(start..).unwrap_or_default();
    let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    start + rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len())
}

/// The text that a checked string with escapes stands for. Half of a surrogate
/// pair, which stands for nothing, becomes U+FFFD.
pub(super) fn unescape(inside: &str) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut after = after.chars();
        match after.next() {
            Some('u') => {
                let (c, length) = unicode(after.as_str());
                push(&mut text, c);
                after = after.as_str().get(length..).unwrap_or_default().chars();
            }
            Some(c) => push(
                &mut text,
                match c {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c => c,
                },
            ),
            None => {}
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    text
}

/// The character of a `\u` escape, and how many bytes it takes after the `u`.
fn unicode(after: &str) -> (char, usize) {
    // Letters of both cases stand nine behind their low bits.
    let digit = |byte: u8| u32::from((byte & 15) + 9 * (byte >> 6));
    let hex = |at: usize| {
        let digits = after.get(at..at + 4)?.bytes();
        Some(digits.fold(0, |number, byte| number << 4 | digit(byte)))
    };
    let high = hex(0).unwrap_or(0);
    if let (0xD800..=0xDBFF, Some("\\u"), Some(low @ 0xDC00..=0xDFFF)) =
        (high, after.get(4..6), hex(6))
    {
        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(code).unwrap_or('\u{FFFD}'), 10);
    }
    (char::from_u32(high).unwrap_or('\u{FFFD}'), 4)
}
