//! The tokens of JSON, checked as they are passed.
//!
//! Knows no place and makes no failure: a fault is a plain sentence here.

use std::borrow::Cow;

pub(super) const NOT_JSON: &str = "it is not JSON";
pub(super) const TOO_SHORT: &str = "it ends too early";

/// The text and how far it is read.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

/// What is wrong with the text itself.
pub(super) type Fault = &'static str;

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(TOO_SHORT)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn take(&mut self, expected: u8) -> Result<(), Fault> {
        if self.next()? == expected { Ok(()) } else { Err(NOT_JSON) }
    }

    fn pass(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
    }

    pub(super) fn pass_space(&mut self) {
        self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Goes to the next member or item; `false` when the object or list closes.
    pub(super) fn next_in(&mut self, close: u8, first: &mut bool) -> Result<bool, Fault> {
        if *first {
            self.at += 1;
        }
        self.pass_space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if !core::mem::take(first) {
            self.take(b',')?;
            self.pass_space();
        }
        Ok(true)
    }

    /// Passes over one value of any depth.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        // The closing bracket of every object and list around the place.
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.pass_space();
            let opened = match self.peek() {
                Some(b'{') => Some(b'}'),
                Some(b'[') => Some(b']'),
                _ => None,
            };
            match opened {
                Some(close) => {
                    open.push(close);
                    if self.enter(close, true)? {
                        continue;
                    }
                    open.pop();
                }
                None => self.scalar()?,
            }
            // A value has ended: go on to the next one, or out of all that end here.
            loop {
                let Some(close) = open.last() else { return Ok(()) };
                if self.enter(*close, false)? {
                    break;
                }
                open.pop();
            }
        }
    }

    /// As `next_in`, and past the name of a member.
    fn enter(&mut self, close: u8, mut first: bool) -> Result<bool, Fault> {
        if !self.next_in(close, &mut first)? {
            return Ok(false);
        }
        if close == b'}' {
            self.pass_string()?;
            self.pass_space();
            self.take(b':')?;
        }
        Ok(true)
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.pass_string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        word.bytes().try_for_each(|byte| self.take(byte))
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.next()?.is_ascii_digit() {
            return Err(NOT_JSON);
        }
        self.pass(|byte| byte.is_ascii_digit());
        Ok(())
    }

    /// Passes over a string and tells whether it has escapes.
    fn pass_string(&mut self) -> Result<bool, Fault> {
        self.take(b'"')?;
        let mut escaped = false;
        loop {
            self.pass(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            match self.next()? {
                b'"' => return Ok(escaped),
                b'\\' => escaped = true,
                _ => return Err(NOT_JSON),
            }
            match self.next()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    for _ in 0..4 {
                        if !self.next()?.is_ascii_hexdigit() {
                            return Err(NOT_JSON);
                        }
                    }
                }
                _ => return Err(NOT_JSON),
            }
        }
    }

    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        let start = self.at + 1;
        let escaped = self.pass_string()?;
        let inside = self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default();
        Ok(if escaped { Cow::Owned(unescape(inside)) } else { Cow::Borrowed(inside) })
    }
}

/// The text that a checked string with escapes stands for. Half of a surrogate
/// pair, which stands for nothing, becomes U+FFFD.
fn unescape(inside: &str) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut after = after.chars();
        match after.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let (c, length) = unicode(after.as_str());
                text.push(c);
                after = after.as_str().get(length..).unwrap_or_default().chars();
            }
            Some(c) => text.push(c),
            None => {}
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    text
}

/// The character of a `\u` escape, and how many bytes it takes after the `u`.
fn unicode(after: &str) -> (char, usize) {
    let hex = |at: usize| {
        let digits = after.get(at..at + 4)?;
        u32::from_str_radix(digits, 16).ok()
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
