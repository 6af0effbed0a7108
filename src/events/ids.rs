//! Which digits are a phone number, and which are but an id of WhatsApp's?
//!
//! 2Chat documents ids as `DIGITS@c.us`, where the digits are a number. Those of other
//! servers were seen with their digits where a number belongs, so what a body has as an
//! id, in whichever member, is no number anywhere in it. Digits that stand alone are
//! an id where the member is called a lid, and may be a number in all others.

use crate::{
    records::keep,
    text::{concat, cut, cut_last},
    values::{is_phone_number, meant_number},
};

/// So many are kept: some for each of the most people that are given.
const MOST: usize = 8000;

/// The ids of a body whose digits look like a number and are none: `DIGITS@server`.
pub(super) struct Ids(Vec<String>);

impl Ids {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// Notes those that stand in the text.
    #[inline(never)]
    pub(super) fn note(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = cut(rest, b'@') {
            rest = after;
            let last = last_digits(before);
            let before = before.strip_suffix(last).and_then(|before| before.strip_suffix(':'));
            // Behind a colon stands the device.
            let id = before.map(last_digits).filter(|id| !id.is_empty()).unwrap_or(last);
            let is_of_server = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'.';
            let server = after.bytes().take_while(is_of_server).count();
            let server = after.get(..server).unwrap_or_default();
            if (8..=15).contains(&id.len()) && is_of_ids(server) && self.0.len() < MOST {
                keep(&mut self.0, concat(&[id, "@", server]));
            }
        }
    }

    /// Whether there may be more than were kept.
    pub(super) fn are_too_many(&self) -> bool {
        self.0.len() == MOST
    }

    /// The id whose digits this number has.
    pub(super) fn of(&self, number: &str) -> Option<&str> {
        let digits = number.strip_prefix('+')?;
        let is_its = |id: &&str| id.strip_prefix(digits).is_some_and(|it| it.starts_with('@'));
        self.0.iter().map(String::as_str).find(is_its)
    }
}

/// The number in E.164, where the text is one.
///
/// What WhatsApp knows somebody by is a number only where it says so: of the ids, those
/// that end in `@c.us` and `@s.whatsapp.net`.
pub(super) fn number_of(text: &str) -> Option<String> {
    let (number, server) = cut(text, b'@').unwrap_or((text, "c.us"));
    if !is_of_people(server) {
        return None;
    }
    let number = without_device(number);
    match number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Some(concat(&["+", number])).filter(|number| is_phone_number(number)),
        false => meant_number(number),
    }
}

fn is_of_people(server: &str) -> bool {
    ["c.us", "s.whatsapp.net"].iter().any(|it| server.eq_ignore_ascii_case(it))
}

/// Whether WhatsApp keeps ids there that are no numbers. Its servers have no dots, but
/// for that of groups and those below `lid`; all others are of mail and the like.
fn is_of_ids(server: &str) -> bool {
    let last = cut_last(server, b'.').map_or("", |(_, last)| last);
    !server.is_empty()
        && (last.is_empty()
            || last.eq_ignore_ascii_case("lid")
            || server.eq_ignore_ascii_case("g.us"))
}

/// Behind a colon stands the device.
fn without_device(id: &str) -> &str {
    cut(id, b':').map_or(id, |(id, _)| id)
}

fn last_digits(text: &str) -> &str {
    let count = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    text.get(text.len() - count..).unwrap_or_default()
}
