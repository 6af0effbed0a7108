//! Values that must be well formed: parsed once, the proof is the type.
//!
//! Each refusal keeps the start of what came in and says what a good value
//! looks like. Nothing is trimmed or corrected on the way.

use self::visible::{is_seen, is_unseen, shown};
use crate::{
    error::{self, Failure},
    text::{concat, cut, cut_last, number, push, replace},
};

mod visible;

/// A text that holds what its type says. A form that one action alone knows is
/// written in the file of that action.
macro_rules! value {
    (
        $(#[$doc:meta])* $name:ident: $holds:expr, expected $expected:literal
        $(, write $meant:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, serde::Serialize)]
        pub(crate) struct $name<'t>(&'t str);

        impl<'t> $name<'t> {
            /// The value of the argument of this name.
            pub(crate) fn of(field: &str, text: &'t str) -> $crate::error::Result<Self> {
                const FORM: $crate::values::Form = $crate::values::Form {
                    holds: $holds,
                    expected: $expected,
                    meant: &[$($meant)?],
                };
                FORM.check(field, text).map(|()| Self(text))
            }
        }

        impl core::ops::Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                self.0
            }
        }
    };
}

value! {
    /// A name with something to see, and nothing that cannot be seen.
    Name: |text: &str| !text.trim().is_empty() && is_seen(text),
    expected "a name on one line, not blank and without invisible characters, for example Ada"
}

value! {
    /// Text with something to see, on one line or several.
    Text: |text: &str| {
        !text.trim().is_empty() && text.split(&['\r', '\n', '\t'][..]).all(is_seen)
    },
    expected "text that is not blank and has no invisible characters, for example 1 High Street"
}

value! {
    /// A phone number in E.164: `+` and 8 to 15 digits.
    PhoneNumber: is_phone_number,
    expected "an international number: + and 8 to 15 digits, without the 0 that most \
              countries put before the area code, for example +14155550123",
    write meant_number
}

value! {
    /// An e-mail address that could exist.
    Email: is_email,
    expected "an e-mail address, for example ada@example.com"
}

value! {
    /// An absolute http or https url.
    WebUrl: |text: &str| split_url(text).is_some_and(|url| cut(url.authority, b'@').is_none()),
    expected "an http or https url without sign-in, for example https://example.com/path"
}

value! {
    /// The uuid of a WhatsApp channel: `WPN` (WhatsApp Web) or `WAN` (WhatsApp
    /// Business API) and a uuid.
    ChannelUuid: |text: &str| is_uuid_of(&["WPN", "WAN"], text),
    expected "the uuid of a WhatsApp channel, for example WPN66037eca-9ad1-4c96-9eff-526a90a48c77"
}

/// What a value must hold.
pub(crate) struct Form {
    pub(crate) holds: fn(&str) -> bool,
    pub(crate) expected: &'static str,
    /// Finds what was meant, if it is clear.
    pub(crate) meant: &'static [fn(&str) -> Option<String>],
}

impl Form {
    /// Refuses an argument that does not hold it, and says why.
    #[inline(never)]
    pub(crate) fn check(&self, field: &str, text: &str) -> error::Result<()> {
        if (self.holds)(text) {
            return Ok(());
        }
        let meant = self.meant.iter().find_map(|meant| meant(text));
        let (write, meant) = meant.map_or(("", String::new()), |meant| ("; write ", meant));
        // The text comes last and whole: it is bounded after the key was hidden.
        let found = ["expected ", self.expected, write, &meant, "; found \"", &shown(text), "\""];
        Err(Failure::invalid(field, &concat(&found)))
    }
}

pub(crate) fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// The number that was meant, where the way to write it leaves no other.
pub(crate) fn meant_number(text: &str) -> Option<String> {
    let mut number = String::new();
    for c in text.chars() {
        match c {
            // Nobody can tell whether such a 0 is to be dialled.
            '0' if number.ends_with('(') => return None,
            '(' => number.push('('),
            '+' | '\u{FF0B}' => number.push('+'),
            // Behind the code of a country.
            _ if is_between(c) && matches!(number.len(), 2..=4) && number.starts_with('+') => {
                number.push('(');
            }
            _ if is_between(c) => {}
            ':' if number.eq_ignore_ascii_case("tel") => number.clear(),
            't' | 'T' | 'e' | 'E' | 'l' | 'L' if number.len() < 3 => push(&mut number, c),
            c => push(&mut number, char::from(b'0' + digit(c)?)),
        }
    }
    let number: String = number.split(&['('][..]).collect();
    let number = match number.strip_prefix("00") {
        Some(international) => concat(&["+", international]),
        None => number,
    };
    is_phone_number(&number).then_some(number)
}

/// Whether it stands between the digits of a number.
fn is_between(c: char) -> bool {
    matches!(c, '-' | '.' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}')
        || c.is_whitespace()
        || is_unseen(c)
}

/// What a digit of any common script counts.
fn digit(c: char) -> Option<u8> {
    const ZEROS: [u32; 10] = [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xBE6, 0xE50, 0xFF10];
    let code = u32::from(c);
    let counts = ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|it| *it < 10))?;
    u8::try_from(counts).ok()
}

fn is_email(text: &str) -> bool {
    let unusual = |c: char| {
        c.is_whitespace()
            || is_unseen(c)
            || matches!(c, '@' | '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '\\' | '"')
    };
    text.len() <= 254
        && cut(text, b'@').is_some_and(|(local, domain)| {
            !local.contains(unusual)
                && local.len() <= 64
                && local.split(&['.'][..]).all(|part| !part.is_empty())
                && is_domain(domain)
        })
}

/// Labels of letters, digits and hyphens, the last of which is no number.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(is_of_label)
    };
    cut(text, b'.').is_some()
        && text.split(&['.'][..]).all(is_label)
        && cut_last(text, b'.').is_some_and(|(_, last)| last.bytes().any(|b| !b.is_ascii_digit()))
}

/// Whether a label may have it: what is not ASCII is a letter, a mark or a
/// digit of some script, and neither punctuation nor a symbol.
fn is_of_label(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric() || c == '-',
        '\u{80}'..='\u{BF}' | '×' | '÷' => false,
        '\u{2000}'..='\u{2BFF}' | '\u{2E00}'..='\u{2E7F}' => false,
        '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}'..='\u{303F}' => false,
        '\u{E000}'..='\u{F8FF}' | '\u{FE10}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF65}' => false,
        '\u{1F000}'.. if c < '\u{20000}' => false,
        c => !is_unseen(c) && c < '\u{E0000}',
    }
}

/// Whether it is one of these prefixes, which tell what it names, and a uuid.
pub(crate) fn is_uuid_of(prefixes: &[&str], text: &str) -> bool {
    prefixes.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(is_uuid))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The parts of an absolute http or https url.
struct UrlParts<'a> {
    https: bool,
    authority: &'a str,
    rest: &'a str,
}

/// The parts of the text, if it is a url that every reader splits alike.
fn split_url(text: &str) -> Option<UrlParts<'_>> {
    let (https, after) = match after_scheme(text, "https://") {
        Some(after) => (true, after),
        None => (false, after_scheme(text, "http://")?),
    };
    let end =
        after.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end)?;
    let host = cut_last(authority, b'@').map_or(authority, |(_, host)| host);
    let odd = |c: char| {
        c.is_whitespace()
            || is_unseen(c)
            || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
    };
    (!text.contains(odd) && is_host_and_port(host)).then_some(UrlParts { https, authority, rest })
}

/// Whether two urls are one, however their letters and ports are written.
pub(crate) fn is_same_url(one: &str, other: &str) -> bool {
    one == other || matches!((normal(one), normal(other)), (Some(one), Some(other)) if one == other)
}

/// The url in one spelling, as RFC 3986 has it, without the part that is not sent. None of
/// one with a sign-in.
fn normal(url: &str) -> Option<String> {
    let UrlParts { https, authority, rest } = split_url(url)?;
    let (scheme, usual) = if https { ("https://", "443") } else { ("http://", "80") };
    let (host, port) = split_port(authority);
    let port = port.filter(|port| *port != usual).unwrap_or_default();
    let rest = cut(rest, b'#').map_or(rest, |(sent, _)| sent);
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let mut normal = concat(&[scheme, &host.to_ascii_lowercase(), ":", port, slash]);
    let mut escaped = 0_u8;
    for c in rest.chars() {
        escaped = if c == '%' { 3 } else { escaped.saturating_sub(1) };
        push(&mut normal, if escaped > 0 { c.to_ascii_uppercase() } else { c });
    }
    cut(authority, b'@').is_none().then_some(normal)
}

fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, after) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(after)
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = split_port(text);
    let named = !host.is_empty() && !host.bytes().any(|byte| matches!(byte, b'[' | b']' | b':'));
    let numbered =
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(|address| {
            cut(address, b':').is_some()
                && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
        });
    (named || numbered)
        && port.is_none_or(|port| number(port).is_some_and(|port| (1..65_536).contains(&port)))
}

fn split_port(text: &str) -> (&str, Option<&str>) {
    match cut_last(text, b':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Where 2Chat is: scheme, host, port and the path in front of every call.
#[derive(Debug, PartialEq)]
pub(crate) struct BaseUrl {
    pub(crate) https: bool,
    pub(crate) authority: String,
    pub(crate) path: String,
}

impl BaseUrl {
    /// Takes a base url over which a key can travel unseen.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(UrlParts { https, authority, rest }) = split_url(text) else {
            return Err("it is not an http or https url");
        };
        if cut(authority, b'@').is_some() {
            return Err("it holds user info, which has no meaning here");
        }
        if rest.bytes().any(|byte| byte == b'?' || byte == b'#') {
            return Err("it holds a query or a fragment, but only a path may follow the host");
        }
        if !text.is_ascii() {
            return Err("it holds characters outside ASCII");
        }
        if !https && !is_loopback(split_port(authority).0) {
            return Err("it is http, which is allowed only on a loopback address");
        }
        let mut path = rest;
        while let Some(shorter) = path.strip_suffix('/') {
            path = shorter;
        }
        Ok(Self { https, authority: authority.to_owned(), path: path.to_owned() })
    }
}

/// Whether the host is this machine by the way it is written.
fn is_loopback(host: &str) -> bool {
    let mut numbers = host.split(&['.'][..]).map(|text| {
        // Some readers take a leading zero for octal, and go elsewhere.
        number(text).filter(|number| *number < 256 && (!text.starts_with('0') || text == "0"))
    });
    let is_127 = numbers.next() == Some(Some(127))
        && numbers.clone().count() == 3
        && numbers.all(|number| number.is_some());
    is_127 || host == "[::1]" || host.eq_ignore_ascii_case("localhost")
}

/// An API key: opaque, and shown nowhere.
pub(crate) struct ApiKey(String);

const MASK: &str = "[key]";

impl ApiKey {
    /// Takes a key that can stand in a header; `None` if there is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, &'static str> {
        let key = text.trim();
        if key.chars().any(char::is_control) {
            return Err("it holds control characters, such as a line break");
        }
        Ok((!key.is_empty()).then(|| Self(key.to_owned())))
    }

    /// The value of the key header, the one place where a key belongs.
    pub(crate) fn header_value(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The text with the key hidden, should it be in there.
    pub(crate) fn mask(&self, text: String) -> String {
        replace(text, &self.0, MASK)
    }
}

impl core::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests;
