//! The account, its limits and its usage, as two actions read them.
//!
//! What stands there and cannot be read is told by its name, as verdicts hang on it.

use super::{first, said, uuid};
use crate::{
    contract::{Account, Quota, UsageInfo},
    error::Result,
    json::{self, Answer, truth, whole},
    time::time,
    twochat::members,
};

/// The answer to `GET /info`, which two actions ask. An account without a uuid
/// has an empty one here.
pub(crate) fn info(answer: &Answer<'_>) -> Result<UsageInfo> {
    let account = Account {
        uuid: String::new(),
        name: String::new(),
        on_trial: false,
        blocked: false,
        block_reason: None,
        created_at: None,
        expires_at: None,
    };
    let mut info = UsageInfo {
        account,
        requests_per_minute: None,
        api_requests: None,
        number_checks: None,
        warning: None,
    };
    let mut odd = [Odd::default(); ODD.len()];
    let mut unread = String::new();
    json::read(answer, &mut |value| {
        let (place, mut is_there) = (value.place, false);
        let is_object = members(value, &mut |key, value| {
            let is_account = key == "account";
            if !is_account && !matches!(key, "limits" | "usage") {
                return Ok(());
            }
            let is_nothing = value.is_nothing() || value.is_list();
            let is_read = members(value, &mut |key, value| {
                let account = &mut info.account;
                match key {
                    "uuid" if is_account && account.uuid.is_empty() => {
                        account.uuid = uuid(value)?.unwrap_or_default();
                    }
                    "name" if account.name.is_empty() => {
                        account.name = said(value)?.unwrap_or_default();
                    }
                    // In live answers, not in the documentation.
                    "block_reason" => first(&mut account.block_reason, said(value)?),
                    "created_at" => first(&mut account.created_at, time(value)?),
                    "expires_at" => first(&mut account.expires_at, time(value)?),
                    _ => {
                        let mut odd = ODD.iter().zip(&mut odd);
                        let Some(((_, read), of)) = odd.find(|((name, _), _)| *name == key) else {
                            return Ok(());
                        };
                        of.was_there |= !value.is_nothing();
                        let is_word = value.is_text() || value.is_number();
                        let word = if is_word { value.word()? } else { Some(value.raw()?.into()) };
                        first(&mut of.says, read(word.unwrap_or_default().trim()));
                    }
                }
                is_there |= is_account;
                Ok(())
            })?;
            if !is_read && !is_nothing {
                note(&mut unread, key);
            }
            Ok(())
        })?;
        match (is_object, is_there) {
            (true, true) => Ok(()),
            (true, false) => Err(place.missing("account")),
            (false, _) => Err(place.fault("expected an object")),
        }
    })?;
    for ((name, _), of) in ODD.iter().zip(odd) {
        if of.was_there && of.says.is_none() {
            note(&mut unread, name);
        }
    }
    info.warning = Some(unread).filter(|unread| !unread.is_empty());
    let [on_trial, blocked, requests, max_requests, checks, max_checks, per_minute] =
        odd.map(|of| of.says);
    (info.account.on_trial, info.account.blocked) = (on_trial == Some(1), blocked == Some(1));
    info.api_requests = quota(requests, max_requests);
    info.number_checks = quota(checks, max_checks);
    info.requests_per_minute = per_minute.and_then(|number| number.try_into().ok());
    Ok(info)
}

/// Names what could not be read.
fn note(unread: &mut String, name: &str) {
    unread.push_str(if unread.is_empty() { "It could not be read: " } else { ", " });
    unread.push_str(name);
}

/// What was read of a member, and whether anything was there.
#[derive(Clone, Copy, Default)]
struct Odd {
    says: Option<u64>,
    was_there: bool,
}

/// Reads yes or no as 1 or 0, or a number.
type Reads = fn(&str) -> Option<u64>;

/// The members that may be odd and that are told if they cannot be read.
const ODD: [(&str, Reads); 7] = [
    ("on_trial", |word| truth(word).map(u64::from)),
    ("blocked", blocked),
    ("api_request_count", counted),
    ("max_api_request_count", limit),
    ("number_check_count", counted),
    ("max_number_check_count", limit),
    ("requests_per_minute", limit),
];

/// Blocked is also who is since some day, so often, or in the word itself.
fn blocked(word: &str) -> Option<u64> {
    // `0000-00-00` is never.
    let is_since = matches!(word.as_bytes().first(), Some(b'1'..=b'9'));
    let is_so = is_since || word.eq_ignore_ascii_case("blocked");
    truth(word).or(is_so.then_some(true)).map(u64::from)
}

/// What has no limit. No count is as large.
const UNLIMITED: u64 = u64::MAX;

/// How much is allowed; `None`: 2Chat does not say. A negative number, `null`, or a
/// number beyond all counting is no limit, and so is a word for it.
fn limit(word: &str) -> Option<u64> {
    const WORDS: [&str; 8] =
        ["unlimited", "infinite", "infinity", "inf", "none", "null", "no limit", "∞"];
    // Whole, but beyond counting, such as 1e300.
    let is_vast = word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'e' | b'E' | b'+'));
    let none = (word.starts_with('-') && word.len() > 1)
        || is_vast
        || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    counted(word).or(none.then_some(UNLIMITED))
}

fn quota(used: Option<u64>, limit: Option<u64>) -> Option<Quota> {
    let limit = Some(limit?).filter(|limit| *limit != UNLIMITED);
    let left = limit.zip(used).map(|(limit, used)| limit.saturating_sub(used));
    Some(Quota { used, limit, left })
}

/// A number of things, maybe with something between its thousands.
pub(super) fn counted(word: &str) -> Option<u64> {
    if let Some(number) = whole(word) {
        return Some(number);
    }
    let mut number = String::new();
    for group in word.split(&[',', ' ', '_', '\'', '\u{A0}', '\u{202F}'][..]) {
        if !number.is_empty() && group.len() != 3 {
            return None;
        }
        number.push_str(group);
    }
    whole(&number)
}
