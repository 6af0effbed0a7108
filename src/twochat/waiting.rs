//! How long does a server ask to be left alone? Reads `Retry-After`, and what the
//! like in a body holds.
//!
//! Seconds, or a date. The component has no clock, so a date is held against
//! the server's own `Date`; without that it says nothing.

use crate::{
    text::{concat, cut, find, number},
    time::seconds_of,
};

/// Longest wait that is passed on: a day.
const LONGEST: u64 = 86_400;

/// The seconds to wait, rounded up; `None` if the header tells none.
pub(super) fn wait_seconds(retry_after: &str, date: Option<&str>) -> Option<u32> {
    let text = retry_after.trim();
    let seconds = seconds(text).or_else(|| {
        let (until, now) = (http_date(text)?, http_date(date?)?);
        Some(until.saturating_sub(now))
    })?;
    seconds.min(LONGEST).try_into().ok()
}

/// `7`, `1.5`, or `7 seconds`. More digits than a number can have are a long wait as
/// well.
fn seconds(text: &str) -> Option<u64> {
    let unit = text.bytes().position(|byte| byte.is_ascii_alphabetic()).unwrap_or(text.len());
    let (text, unit) = text.split_at_checked(unit)?;
    if !matches!(unit, "" | "s" | "sec" | "secs" | "second" | "seconds") {
        return None;
    }
    let text = text.trim();
    let (whole, fraction) = cut(text, b'.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let more = fraction.bytes().any(|digit| digit != b'0');
    Some(number(whole).unwrap_or(LONGEST).saturating_add(more.into()))
}

/// The second since 1970 of a date in any of the three forms that HTTP has:
/// `Wed, 25 Nov 2026 07:28:00 GMT`, `Wednesday, 25-Nov-26 07:28:00 GMT` and
/// `Wed Nov 25 07:28:00 2026`. The day stands before the year in all of them.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (mut month, mut day, mut year, mut clock) = ("", "", "", "");
    for part in text.split(&[' ', ',', '-'][..]).skip(1) {
        let place = match part.as_bytes() {
            [] | b"GMT" => continue,
            [b'0'..=b'9', _, b':', ..] => &mut clock,
            [b'0'..=b'9', ..] if day.is_empty() => &mut day,
            [b'0'..=b'9', ..] => &mut year,
            _ => &mut month,
        };
        if !place.is_empty() {
            return None;
        }
        *place = part;
    }
    let month = find(MONTHS, month).filter(|at| month.len() == 3 && at % 3 == 0)? / 3 * 2;
    let month = "010203040506070809101112".get(month..month + 2)?;
    let padding = if day.len() == 1 { "0" } else { "" };
    // Of two digits: the century that is not long past.
    let century = if year.len() != 2 {
        ""
    } else if year < "70" {
        "20"
    } else {
        "19"
    };
    seconds_of(&concat(&[century, year, "-", month, "-", padding, day, "T", clock]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "Wed, 25 Nov 2026 07:28:00 GMT";

    #[test]
    fn seconds_are_read_rounded_up_and_capped() {
        for (text, expected) in [
            ("7", Some(7)),
            (" 30 ", Some(30)),
            ("0", Some(0)),
            ("0.2", Some(1)),
            ("1.5", Some(2)),
            ("3.0", Some(3)),
            ("86400", Some(86_400)),
            ("86400.5", Some(86_400)),
            ("4294967296", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("-1", None),
            ("+1", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("7s", Some(7)),
            ("90 seconds", Some(90)),
            ("0.5 sec", Some(1)),
            ("7ms", None),
            ("seconds", None),
            ("7 parsecs", None),
            ("s7", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(wait_seconds(text, None), expected, "{text:?}");
            assert_eq!(wait_seconds(text, Some(NOW)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_date_is_held_against_the_servers_own() {
        for (text, expected) in [
            ("Wed, 25 Nov 2026 07:28:07 GMT", Some(7)),
            (" Wed, 25 Nov 2026 08:28:00 GMT ", Some(3600)),
            // The two forms that only old servers send.
            ("Wednesday, 25-Nov-26 07:29:00 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(0)),
            ("Wed Nov 25 08:28:00 2026", Some(3600)),
            ("Wed Nov  4 08:28:00 2026", Some(0)),
            ("Wed Abc 25 08:28:00 2026", None),
            ("Wednesday, 25-Nov-26 07:29:00 -0500", None),
            ("Wed, 25 Nov 2026 07:28:07 GMT 7", None),
            ("Thu, 26 Nov 2026 07:27:59 GMT", Some(86_399)),
            ("Fri, 01 Jan 2027 00:00:00 GMT", Some(86_400)),
            // Past, so it is over.
            ("Wed, 25 Nov 2026 07:27:00 GMT", Some(0)),
            ("Wed, 25 Nov 2026 07:28:07 PST", None),
            ("Wed, 25 anF 2026 07:28:07 GMT", None),
            ("Wed, 25 Nov 2026", None),
            ("Wed, 25 Nov 07:28:07 GMT", None),
            ("07:28:07", None),
            ("Wed, 25 Nov 2026 07:28:07 +0200", None),
            ("Wed, 31 Nov 2026 07:28:07 GMT", None),
            ("Wed, 25 Nov 2026 25:28:07 GMT", None),
            ("Wed, 25 Nov 2026 07:28 GMT", None),
            ("Wed, 25 Nov 2026", None),
            ("tomorrow", None),
        ] {
            assert_eq!(wait_seconds(text, Some(NOW)), expected, "{text}");
            assert_eq!(wait_seconds(text, None), None, "{text}");
            assert_eq!(wait_seconds(text, Some("now")), None, "{text}");
            for now in ["Wednesday, 25-Nov-26 07:28:00 GMT", "Wed Nov 25 07:28:00 2026"] {
                assert_eq!(wait_seconds(text, Some(now)), expected, "{text} of {now}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_header_is_at_most_a_day(text in ".{0,40}", date in prop::option::of(".{0,40}")) {
            let seconds = wait_seconds(&text, date.as_deref());
            prop_assert!(seconds.is_none_or(|seconds| seconds <= 86_400));
        }

        #[test]
        fn any_seconds_between_two_dates_are_counted(hour in 0u32..24, more in 0u32..3600) {
            let until = format!("Wed, 25 Nov 2026 {hour:02}:{:02}:{:02} GMT", more / 60, more % 60);
            let date = format!("Wed, 25 Nov 2026 {hour:02}:00:00 GMT");
            prop_assert_eq!(wait_seconds(&until, Some(&date)), Some(more));
        }
    }
}
