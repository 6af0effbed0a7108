//! The tokens of JSON, checked as they are passed.
//!
//! Knows no place and makes no failure: where the text breaks off or is no
//! JSON, the reader stops, and says why when asked.

use crate::text::{cut, push};

/// The text, what of it is still to be read, and the token that was read last.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    text: &'t str,
    rest: &'t [u8],
    pub(super) token: Token,
    /// The text of the token, of a string what stands between its quotes.
    pub(super) inside: &'t str,
    /// Whether a string has escapes.
    pub(super) escaped: bool,
}

/// A value that holds no other, or the beginning of one that does.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token {
    Object,
    List,
    Text,
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// The text cannot be read on: see [`Reader::complaint`].
pub(super) struct Broken;

type Passed = Result<(), Broken>;

/// Stands behind the end of the text. No JSON has it outside of a string.
const END: u8 = 0;

// What a page passes through for each byte or member is always inlined: the build
// is for size, and would call it.
impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let rest = text.as_bytes();
        Self { text, rest, token: Token::Word, inside: "", escaped: false }
    }

    /// How much of the text is left.
    #[inline(always)]
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The text from where so much was left up to here.
    pub(super) fn since(&self, left: usize) -> &'t str {
        let from = self.text.get(self.text.len() - left..).unwrap_or_default();
        from.get(..left - self.rest.len()).unwrap_or_default()
    }

    /// Whether nothing but white space is left.
    pub(super) fn ends(&mut self) -> bool {
        self.pass_space();
        self.rest.is_empty()
    }

    /// Whether the text ends where JSON had begun and should go on.
    pub(super) fn is_cut(&self) -> bool {
        self.rest.is_empty() && self.text.bytes().any(|byte| byte > b' ')
    }

    pub(super) fn complaint(&self) -> &'static str {
        if self.rest.is_empty() { "it is empty, or ends too early" } else { "it is not JSON" }
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(END)
    }

    #[inline(always)]
    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> Passed {
        match self.rest {
            [byte, rest @ ..] if belongs(*byte) => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(Broken),
        }
    }

    #[inline(always)]
    fn take_byte(&mut self, byte: u8) -> Passed {
        self.take(|next| next == byte)
    }

    #[inline(always)]
    pub(super) fn pass_space(&mut self) {
        // Most answers have none.
        if self.peek() <= b' ' {
            self.pass_spaces();
        }
    }

    #[inline(never)]
    fn pass_spaces(&mut self) {
        while self.take(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).is_ok() {}
    }

    /// Goes to the next member or item; `false` when the object or list closes.
    #[inline(always)]
    pub(super) fn next_in(&mut self, close: u8, first: bool) -> Result<bool, Broken> {
        match self.rest {
            // Most follow without white space.
            [b',', rest @ ..] if !first => {
                self.rest = rest;
                self.pass_space();
                Ok(true)
            }
            [byte, rest @ ..] if *byte == close => {
                self.rest = rest;
                Ok(false)
            }
            [byte, ..] if first && *byte > b' ' => Ok(true),
            _ => self.next_behind_space(close, first),
        }
    }

    /// The same for any text, and less code where it is called.
    #[inline(never)]
    pub(super) fn next_behind_space(&mut self, close: u8, first: bool) -> Result<bool, Broken> {
        self.pass_space();
        if self.take_byte(close).is_ok() {
            return Ok(false);
        }
        if !first {
            self.take_byte(b',')?;
            self.pass_space();
        }
        Ok(true)
    }

    /// Reads the name of a member, and goes to its value.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Passed {
        self.read()?;
        if self.token != Token::Text {
            return Err(Broken);
        }
        match self.rest {
            [b':', rest @ ..] => self.rest = rest,
            _ => {
                self.pass_spaces();
                self.take_byte(b':')?;
            }
        }
        self.pass_space();
        Ok(())
    }

    /// Reads a value, or of an object or list only the beginning.
    #[inline(never)]
    pub(super) fn read(&mut self) -> Passed {
        let [byte, rest @ ..] = self.rest else { return Err(Broken) };
        // How much was left before it and behind it.
        let (from, to) = match byte {
            b'"' => {
                self.token = Token::Text;
                (rest.len(), self.string(rest)?)
            }
            b'{' => {
                (self.token, self.inside, self.rest) = (Token::Object, "{", rest);
                return Ok(());
            }
            b'[' => {
                (self.token, self.inside, self.rest) = (Token::List, "[", rest);
                return Ok(());
            }
            b't' => return self.word("true"),
            b'f' => return self.word("false"),
            b'n' => return self.word("null"),
            _ => {
                self.token = Token::Number;
                let from = self.left();
                self.number()?;
                (from, self.left())
            }
        };
        let length = self.text.len();
        self.inside = self.text.get(length - from..length - to).unwrap_or_default();
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Passed {
        (self.token, self.inside) = (Token::Word, word);
        word.bytes().try_for_each(|byte| self.take_byte(byte))
    }

    /// Passes over what is left of an object or list that has just begun, of any
    /// depth; over nothing for another token.
    pub(super) fn skip(&mut self) -> Passed {
        // The closing bracket of every object and list around the place.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let mut first = true;
            match self.token {
                Token::Object => open.push(b'}'),
                Token::List => open.push(b']'),
                _ => first = false,
            }
            // Go on to the next value, or out of all that end here.
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                if self.next_behind_space(close, first)? {
                    if close == b'}' {
                        self.name()?;
                    }
                    break;
                }
                open.pop();
                first = false;
            }
            self.read()?;
        }
    }

    fn number(&mut self) -> Passed {
        let _ = self.take_byte(b'-');
        if self.take_byte(b'0').is_err() && self.digits().is_err() {
            // What some writers make of a number that is none.
            return self.word(if self.rest.starts_with(b"N") { "NaN" } else { "Infinity" });
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
        let mut rest = self.rest;
        while let [b'0'..=b'9', after @ ..] = rest {
            rest = after;
        }
        let passed = if rest.len() < self.rest.len() { Ok(()) } else { Err(Broken) };
        self.rest = rest;
        passed
    }

    /// Passes over a string of which this is left, and gives how much was left at its
    /// end.
    #[inline(always)]
    fn string(&mut self, mut rest: &'t [u8]) -> Result<usize, Broken> {
        self.escaped = false;
        loop {
            rest = after_plain(rest);
            match rest {
                [b'"', after @ ..] => {
                    self.rest = after;
                    return Ok(rest.len());
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => {
                    rest = after;
                }
                [b'\\', b'u', after @ ..]
                    if let Some((digits, after)) = after.split_first_chunk::<4>()
                        && digits.iter().all(u8::is_ascii_hexdigit) =>
                {
                    rest = after;
                }
                _ => {
                    // The text may end within an escape.
                    let is_cut = rest.len() < 6 && rest.iter().all(|byte| *byte != b'"');
                    self.rest = if is_cut { &[] } else { rest };
                    return Err(Broken);
                }
            }
            self.escaped = true;
        }
    }
}

/// What follows the bytes that stand for themselves in a string: all up to a quote
/// or a backslash. Control characters should be escaped, and mean the same if not.
///
/// Most of an answer is text, so this looks at eight bytes at once: the lowest
/// high bit in `found` marks the first byte that is one of those.
#[inline(always)]
fn after_plain(mut rest: &[u8]) -> &[u8] {
    const EACH: u64 = u64::MAX / 255;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| {
            let differing = word ^ (EACH * u64::from(byte));
            differing.wrapping_sub(EACH) & !differing
        };
        let found = (is(b'"') | is(b'\\')) & (EACH << 7);
        if found != 0 {
            return rest.get((found.trailing_zeros() / 8) as usize..).unwrap_or_default();
        }
        rest = after;
    }
    while let [byte, after @ ..] = rest
        && !matches!(byte, b'"' | b'\\')
    {
        rest = after;
    }
    rest
}

/// The text that a checked string with escapes stands for. Half of a surrogate
/// pair, which stands for nothing, becomes U+FFFD.
pub(super) fn unescape(inside: &str) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, after)) = cut(rest, b'\\') {
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
    let hex = |text: &str| text.bytes().take(4).fold(0, |number, byte| number << 4 | digit(byte));
    let high = hex(after);
    let low = after.get(4..).and_then(|after| after.strip_prefix("\\u")).map_or(0, hex);
    if let (0xD800..=0xDBFF, 0xDC00..=0xDFFF) = (high, low) {
        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(code).unwrap_or('\u{FFFD}'), 10);
    }
    (char::from_u32(high).unwrap_or('\u{FFFD}'), 4)
}
