//! Reads 2Chat's four shapes of a time into the contract's one.
//!
//! Seen in 2Chat's documentation: seconds since 1970 (0 for never), ISO 8601
//! with `Z`, ISO 8601 without a zone, and `YYYY-MM-DD HH:MM:SS`. All are UTC.

use crate::{error::Result, json::Value, text};

/// Reads a time as `YYYY-MM-DDTHH:MM:SSZ`; `None` is never, or no time at all.
///
/// Times are for people to look at: one in a shape that nobody has seen yet is
/// no reason to lose the record around it.
pub(crate) fn time(value: Value<'_, '_>) -> Result<Option<String>> {
    let Some(word) = value.word()? else { return Ok(None) };
    // Most have the contract's form already.
    if word.as_bytes().get(LENGTH - 9) == Some(&b'T')
        && fields(&word).is_some_and(|(_, rest)| rest == "Z")
    {
        return Ok(Some(word.into_owned()));
    }
    Ok(from_text(&word).or_else(|| {
        let seconds = word.split_once('.').map_or(&*word, |(whole, _)| whole);
        // 0 is how 2Chat says never.
        text::number(seconds).filter(|seconds| *seconds > 0).and_then(from_seconds)
    }))
}

const SECONDS_A_DAY: u64 = 86_400;
/// The first second of the year 10000, which the contract's form cannot hold.
const END: u64 = 253_402_300_800;

fn from_seconds(seconds: u64) -> Option<String> {
    if seconds >= END {
        return None;
    }
    let (year, month, day) = date(seconds / SECONDS_A_DAY);
    let second = seconds % SECONDS_A_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = Vec::with_capacity(20);
    for (number, after) in [
        (year / 100, None),
        (year % 100, Some(b'-')),
        (month, Some(b'-')),
        (day, Some(b'T')),
        (hour, Some(b':')),
        (minute, Some(b':')),
        (second, Some(b'Z')),
    ] {
        text.extend([number / 10, number % 10].map(|digit| b'0' + (digit % 10) as u8));
        text.extend(after);
    }
    String::from_utf8(text).ok()
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Counts in years that start in March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The second since 1970 of a time in the form `YYYY-MM-DDTHH:MM:SS`.
pub(crate) fn seconds_of(text: &str) -> Option<u64> {
    let ([year, month, day, hour, minute, second], rest) = fields(text)?;
    let before = year.checked_sub(1)?;
    let months: u64 = (1..month).map(|month| days(year, month)).sum();
    let days = before * 365 + before / 4 - before / 100 + before / 400 + months + day;
    let seconds = days.checked_sub(719_163)? * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
    rest.is_empty().then_some(seconds)
}

/// The time in the contract's form; fractions of a second are dropped.
fn from_text(text: &str) -> Option<String> {
    let (_, rest) = fields(text)?;
    let fraction = rest.strip_suffix('Z').or(rest.strip_suffix("+00:00")).unwrap_or(rest);
    let rest_is_utc = fraction.is_empty()
        || fraction.strip_prefix('.').is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
    let (date, clock) = (text.get(..10)?, text.get(11..LENGTH)?);
    rest_is_utc.then(|| [date, "T", clock, "Z"].concat())
}

/// Bytes of a time without its zone.
const LENGTH: usize = 19;

/// Year, month, day, hour, minute and second of a time that there is, and what
/// follows.
fn fields(text: &str) -> Option<([u64; 6], &str)> {
    let (time, rest) = text.split_at_checked(LENGTH)?;
    let &[
        c1,
        c2,
        y1,
        y2,
        b'-',
        n1,
        n2,
        b'-',
        d1,
        d2,
        b'T' | b' ',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
    ] = time.as_bytes()
    else {
        return None;
    };
    let digits = [c1, c2, y1, y2, n1, n2, d1, d2, h1, h2, m1, m2, s1, s2];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |tens: u8, ones: u8| u64::from(tens - b'0') * 10 + u64::from(ones - b'0');
    let (year, month, day) = (two(c1, c2) * 100 + two(y1, y2), two(n1, n2), two(d1, d2));
    let (hour, minute, second) = (two(h1, h2), two(m1, m2), two(s1, s2));
    let in_range = (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    in_range.then_some(([year, month, day, hour, minute, second], rest))
}

fn days(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<Option<String>> {
        let mut read = None;
        let answer = crate::json::answer(json);
        let whole = crate::json::read(&answer, &mut |value| {
            read = Some(time(value)?);
            Ok(())
        });
        whole.ok().and(read)
    }

    #[test]
    fn each_of_the_four_shapes_becomes_the_one_form() {
        for (json, expected) in [
            ("1695230471", "2023-09-20T17:21:11Z"),
            ("1695230471.9", "2023-09-20T17:21:11Z"),
            ("\"2025-03-03T18:43:51Z\"", "2025-03-03T18:43:51Z"),
            ("\"2024-03-09T22:00:08\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09 22:00:08\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08.123456Z\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08+00:00\"", "2024-03-09T22:00:08Z"),
            ("951782400", "2000-02-29T00:00:00Z"),
            ("\"2024-02-29T22:00:08Z\"", "2024-02-29T22:00:08Z"),
            ("253402300799", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(json), Some(Some(expected.to_owned())), "{json}");
        }
    }

    #[test]
    fn zero_and_null_mean_never() {
        assert_eq!(read("0"), Some(None));
        assert_eq!(read("null"), Some(None));
    }

    #[test]
    fn what_is_no_time_is_left_out() {
        for json in [
            "\"\"",
            "\"yesterday\"",
            "\"2024-13-09T22:00:08Z\"",
            "\"2023-02-29T22:00:08Z\"",
            "\"2023-04-31T22:00:08Z\"",
            "\"2024-03-09T22:00:60Z\"",
            "\"2024-03-09T25:00:08Z\"",
            "\"2024-03-09T22:00:08+02:00\"",
            "\"2024-03-09T22:00:08.Z\"",
            "\"éééééééééé\"",
            "-1",
            "-1.5",
            "1e300",
            "253402300800",
            "true",
            "[]",
        ] {
            assert_eq!(read(json), Some(None), "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_second_is_found_again_from_its_text(seconds in 1..END) {
            let text = from_seconds(seconds).unwrap();
            prop_assert_eq!(seconds_of(text.strip_suffix('Z').unwrap()), Some(seconds));
        }

        #[test]
        fn any_second_of_ten_thousand_years_has_a_form_that_reads_back(seconds in 1..END) {
            let text = from_seconds(seconds).unwrap();
            prop_assert_eq!(from_text(&text), Some(text));
        }

        #[test]
        fn later_seconds_have_later_texts(a in 1..END, b in 1..END) {
            prop_assert_eq!(a.cmp(&b), from_seconds(a).cmp(&from_seconds(b)));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,30}") {
            let _ = from_text(&text);
        }
    }
}
