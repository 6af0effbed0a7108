//! Reads the shapes of a time into the contract's one.
//!
//! Seen in 2Chat's documentation: seconds since 1970 (0 for never), ISO 8601
//! with `Z`, ISO 8601 without a zone, and `YYYY-MM-DD HH:MM:SS`. All are UTC.
//! Whatever else stands for one moment is taken as well: another zone, a fraction
//! of a second or none at all, a leap second, milliseconds since 1970 or finer. The years
//! 0 and 1 are how some languages and databases write that there is no time.

use crate::{error::Result, json::Value, text};

/// Reads a time as `YYYY-MM-DDTHH:MM:SSZ`; `None` is never, or no time at all.
///
/// Times are for people to look at: one in a shape that nobody has seen yet is
/// no reason to lose the record around it.
pub(crate) fn time(value: Value<'_, '_>) -> Result<Option<String>> {
    // Most have the contract's form already.
    if let Some(text) = value.plain()
        && text.len() == 20
        && let Some(([.., ..60], b'T', b"Z")) = fields(text.as_bytes())
    {
        return Ok(Some(text::owned(text)));
    }
    Ok(value.word()?.and_then(|word| read(&word)))
}

const DAY: u64 = 86_400;
/// The second with which 1970 began, counted as all seconds here: from the 1st of
/// March 400 years before the year 0, so that none is below 0.
const EPOCH: u64 = (719_468 + 146_097) * DAY;
/// The first second of the year 10000, counted from 1970. Larger numbers are thousandths
/// of a second, of 1978 and later, or thousandths of these.
const END: u64 = 253_402_300_800;

/// The time that the text stands for, in the contract's form.
#[inline(never)]
fn read(text: &str) -> Option<String> {
    written(second_of(text.trim().as_bytes())?)
}

fn second_of(text: &[u8]) -> Option<u64> {
    if let Some((fields, _, rest)) = fields(text) {
        return second(fields).checked_add_signed(-ahead(after_fraction(rest)?)?);
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let number = text::number(str::from_utf8(digits).ok()?)?;
    let mut seconds = number;
    while seconds >= END {
        seconds /= 1000;
    }
    // 0 is how 2Chat says never.
    let is_time = number > 0 && after_fraction(rest)?.is_empty();
    is_time.then_some(EPOCH + seconds)
}

/// What follows a fraction of a second, if there is one; it is dropped.
fn after_fraction(rest: &[u8]) -> Option<&[u8]> {
    let [b'.' | b',', fraction @ ..] = rest else { return Some(rest) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    fraction.get(digits..).filter(|_| digits > 0)
}

/// How many seconds a zone is ahead of UTC.
fn ahead(zone: &[u8]) -> Option<i64> {
    match zone.strip_prefix(b" ").unwrap_or(zone) {
        [] | [b'Z' | b'z'] | b"UTC" | b"GMT" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, minutes @ ..] => {
            let minutes = match minutes {
                [] => 0,
                [m1, m2] | [b':', m1, m2] => two(*m1, *m2),
                _ => return None,
            };
            let hours = two(*h1, *h2);
            let seconds = i64::from(hours * 60 + minutes) * 60;
            let sign = if *sign == b'-' { -1 } else { 1 };
            (hours < 24 && minutes < 60).then_some(seconds * sign)
        }
        _ => None,
    }
}

/// The second in the contract's form, if that can hold it.
fn written(second: u64) -> Option<String> {
    let (year, month, day) = date(second / DAY);
    let year = year.checked_sub(400).filter(|year| *year < 10_000)?;
    let second = second % DAY;
    let mut text = Vec::with_capacity(20);
    for (number, after) in [
        (year / 100, None),
        (year % 100, Some(b'-')),
        (month, Some(b'-')),
        (day, Some(b'T')),
        (second / 3600, Some(b':')),
        (second / 60 % 60, Some(b':')),
        (second % 60, Some(b'Z')),
    ] {
        text.extend([number / 10, number % 10].map(|digit| b'0' + (digit % 10) as u8));
        text.extend(after);
    }
    String::from_utf8(text).ok()
}

/// Year, month and day of a day; the year counted from 400 years before the year 0.
///
/// Counts in years that start in March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The second of a moment: the way back from [`date`].
fn second([year, month, day, hour, minute, second]: Fields) -> u64 {
    let is_early = month <= 2;
    let year = u64::from(year + 400 - u32::from(is_early));
    let month = u64::from(if is_early { month + 9 } else { month - 3 });
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    let day = days + (153 * month + 2) / 5 + u64::from(day) - 1;
    day * DAY + u64::from(hour * 3600 + minute * 60 + second)
}

/// The second since 1970 of a time in the form `YYYY-MM-DDTHH:MM:SS`.
pub(crate) fn seconds_of(text: &str) -> Option<u64> {
    match fields(text.as_bytes())? {
        // A shorter one has no seconds.
        (fields, _, []) if text.len() == 19 => second(fields).checked_sub(EPOCH),
        _ => None,
    }
}

/// Year, month, day, hour, minute and second.
type Fields = [u32; 6];

/// The fields of a time that there is, what stands between its date and its clock,
/// and what follows.
fn fields(text: &[u8]) -> Option<(Fields, u8, &[u8])> {
    let (year_and_month, rest) = text.split_first_chunk::<8>()?;
    let (&[d1, d2, between @ (b'T' | b't' | b' ')], rest) = rest.split_first_chunk::<3>()? else {
        return None;
    };
    let (&[h1, h2, colon, m1, m2], rest) = rest.split_first_chunk::<5>()?;
    let (s1, s2, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (*s1, *s2, rest),
        _ => (b'0', b'0', rest),
    };
    let clock = [h1, h2, colon, m1, m2, b':', s1, s2];
    let [century, _, of_century, _, _, month, ..] = pairs(*year_and_month, *b"0000-00-")?;
    let [hour, _, _, minute, _, _, second, _] = pairs(clock, *b"00:00:00")?;
    let (year, month) = (u32::from(century) * 100 + u32::from(of_century), u32::from(month));
    let (day, hour) = (two(d1, d2), u32::from(hour));
    let (minute, second) = (u32::from(minute), u32::from(second));
    let there_is = year > 1
        && month > 0
        && month <= 12
        && day > 0
        && day <= days(year, month)
        && hour < 24
        && minute < 60
        && second < 60 + u32::from(minute == 59);
    there_is.then_some(([year, month, day, hour, minute, second], between, rest))
}

/// The numbers of two digits that begin at each place, if the text has the form: a
/// digit wherever that has one, and all else as it stands there.
///
/// Looks at all eight bytes at once: a byte's highest bit tells that it does not fit.
#[inline(always)]
fn pairs(text: [u8; 8], form: [u8; 8]) -> Option<[u8; 8]> {
    const EACH: u64 = u64::MAX / 255;
    let form = u64::from_le_bytes(form);
    // Both `-` and `:` have a bit that `0` lacks.
    let digits = !(form >> 3) & EACH;
    let numbers = u64::from_le_bytes(text) ^ form;
    let beyond = numbers.wrapping_add(0x7F * EACH - 9 * digits) | numbers;
    (beyond & (0x80 * EACH) == 0).then(|| (numbers * 10 + (numbers >> 8)).to_le_bytes())
}

/// The number of two digits; 100 if they are none.
fn two(tens: u8, ones: u8) -> u32 {
    let tens = u32::from(tens).wrapping_sub(u32::from(b'0'));
    let ones = u32::from(ones).wrapping_sub(u32::from(b'0'));
    if tens < 10 && ones < 10 { tens * 10 + ones } else { 100 }
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if !year.is_multiple_of(4) => 28,
        2 if year.is_multiple_of(100) && !year.is_multiple_of(400) => 28,
        2 => 29,
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
    fn each_shape_of_a_moment_becomes_the_one_form() {
        for (json, expected) in [
            ("1695230471", "2023-09-20T17:21:11Z"),
            ("1695230471.9", "2023-09-20T17:21:11Z"),
            ("1.695230471e9", "2023-09-20T17:21:11Z"),
            ("\" 1695230471 \"", "2023-09-20T17:21:11Z"),
            ("1695230471123", "2023-09-20T17:21:11Z"),
            ("\"1695230471123\"", "2023-09-20T17:21:11Z"),
            ("1695230471123456", "2023-09-20T17:21:11Z"),
            ("1695230471123456789", "2023-09-20T17:21:11Z"),
            ("951782400", "2000-02-29T00:00:00Z"),
            ("253402300799", "9999-12-31T23:59:59Z"),
            ("253402300800", "1978-01-11T21:31:40Z"),
            ("\"2025-03-03T18:43:51Z\"", "2025-03-03T18:43:51Z"),
            ("\"2024-02-29T22:00:08Z\"", "2024-02-29T22:00:08Z"),
            ("\"1969-12-31T23:59:59Z\"", "1969-12-31T23:59:59Z"),
            ("\"0002-01-01T00:00:00\"", "0002-01-01T00:00:00Z"),
            ("\"2024-11-19T07:06\"", "2024-11-19T07:06:00Z"),
            ("\"2024-11-19T07:06Z\"", "2024-11-19T07:06:00Z"),
            ("\"2024-11-19 07:06+01:00\"", "2024-11-19T06:06:00Z"),
            ("\"2016-12-31T23:59:60Z\"", "2017-01-01T00:00:00Z"),
            ("\"2024-03-09T22:00:08\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09 22:00:08\"", "2024-03-09T22:00:08Z"),
            ("\" 2024-03-09 22:00:08\\n\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09t22:00:08z\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09 22:00:08 UTC\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08.1Z\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08.123456789012Z\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08,5\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08+00:00\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08.000-00:00\"", "2024-03-09T22:00:08Z"),
            ("\"2024-03-09T22:00:08+03:00\"", "2024-03-09T19:00:08Z"),
            ("\"2024-03-09T22:00:08-0300\"", "2024-03-10T01:00:08Z"),
            ("\"2024-03-01 00:00:08.5 +05:30\"", "2024-02-29T18:30:08Z"),
            ("\"2023-12-31T22:00:08-03\"", "2024-01-01T01:00:08Z"),
            ("\"1970-01-01T00:00:00+01:00\"", "1969-12-31T23:00:00Z"),
        ] {
            assert_eq!(read(json), Some(Some(expected.to_owned())), "{json}");
        }
    }

    #[test]
    fn zero_null_and_the_first_years_mean_never() {
        for never in [
            "0",
            "null",
            "\"0\"",
            "\"0000-00-00 00:00:00\"",
            "\"0000-01-01T00:00:00Z\"",
            "\"0001-01-01T00:00:00Z\"",
            "\"0001-01-01T00:00:00\"",
        ] {
            assert_eq!(read(never), Some(None), "{never}");
        }
    }

    #[test]
    fn what_is_no_moment_or_leaves_open_which_is_left_out() {
        for json in [
            "\"\"",
            "\"yesterday\"",
            "\"2024-03-09\"",
            "\"03/09/2024 22:00:08\"",
            "\"2024-13-09T22:00:08Z\"",
            "\"2023-02-29T22:00:08Z\"",
            "\"1900-02-29T22:00:08Z\"",
            "\"2023-04-31T22:00:08Z\"",
            "\"2023-00-10T22:00:08Z\"",
            "\"2023-04-00T22:00:08Z\"",
            "\"2024-03-09T22:00:60Z\"",
            "\"2024-03-09T22:59:61Z\"",
            "\"2024-03-09T22\"",
            "\"2024-03-09T22:00:\"",
            "\"2024-03-09T22:00:0\"",
            "\"2024-03-09T25:00:08Z\"",
            "\"2024-03-0:T22:00:08Z\"",
            "\":024-03-09T22:00:08Z\"",
            "\"2024-03-09T22:00:08.Z\"",
            "\"2024-03-09T22:00:08 EST\"",
            "\"2024-03-09T22:00:08+\"",
            "\"2024-03-09T22:00:08+3\"",
            "\"2024-03-09T22:00:08+24:00\"",
            "\"2024-03-09T22:00:08+03:60\"",
            "\"2024-03-09T22:00:08+03:00:00\"",
            "\"9999-12-31T23:59:59-01:00\"",
            "\"1695230471 s\"",
            "\"1695230471.\"",
            "\"éééééééééé\"",
            "-1",
            "-1.5",
            "1e300",
            "18446744073709551616",
            "true",
            "[]",
        ] {
            assert_eq!(read(json), Some(None), "{json}");
        }
    }

    fn form(seconds: u64) -> String {
        written(EPOCH + seconds).unwrap()
    }

    proptest! {
        #[test]
        fn a_second_is_found_again_from_its_text(seconds in 1..END) {
            let text = form(seconds);
            prop_assert_eq!(seconds_of(text.strip_suffix('Z').unwrap()), Some(seconds));
        }

        #[test]
        fn any_second_of_ten_thousand_years_has_a_form_that_reads_back(seconds in 1..END) {
            let text = form(seconds);
            prop_assert_eq!(super::read(&text), Some(text));
        }

        #[test]
        fn later_seconds_have_later_texts(a in 1..END, b in 1..END) {
            prop_assert_eq!(a.cmp(&b), form(a).cmp(&form(b)));
        }

        #[test]
        fn a_zone_moves_the_clock_and_not_the_moment(
            seconds in 2 * DAY..END - 2 * DAY,
            (hours, minutes) in (0..24_u64, 0..60_u64),
        ) {
            let ahead = hours * 3600 + minutes * 60;
            for (sign, clock) in [('+', form(seconds + ahead)), ('-', form(seconds - ahead))] {
                let clock = clock.strip_suffix('Z').unwrap();
                let text = format!("{clock}{sign}{hours:02}:{minutes:02}");
                prop_assert_eq!(super::read(&text), Some(form(seconds)), "{}", text);
            }
        }

        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,30}") {
            let _ = super::read(&text);
        }
    }
}
