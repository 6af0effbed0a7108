//! Of which time does a summary tell? Days are days where the reader lives, also where
//! clocks change.

use std::env;

use jiff::{
    Span as Length, Timestamp, ToSpan, ZonedDateTime,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// What can be written for a time.
pub(crate) const FORMS: &str = "expected today, yesterday, now, 7d, 12h, a day such as \
                                2026-11-25, or a time such as 2026-11-25T08:00 or \
                                2026-11-25T11:00:00Z";
/// More days or hours than this are a mistake.
const MOST: i64 = 100_000;

/// From one time to another, which is not in it.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) since: ZonedDateTime,
    pub(crate) until: ZonedDateTime,
}

impl Span {
    /// The span that these words name. Without any: yesterday.
    pub(crate) fn named(
        since: Option<&str>,
        until: Option<&str>,
        zone: TimeZone,
        now: Timestamp,
    ) -> Result<Self, String> {
        let now = now.to_zoned_datetime(zone);
        let named = |flag: &str, text: &str| {
            moment(text, &now).map_err(|why| format!("{flag} {text}: {why}"))
        };
        let usual_end = if since.is_some() { "now" } else { "today" };
        let begins = named("--since", since.unwrap_or("yesterday"))?;
        let ends = named("--until", until.unwrap_or(usual_end))?;
        if begins >= ends {
            return Err(empty(since.zip(until), (since, &begins), (until, &ends)));
        }
        Ok(Self { since: begins, until: ends })
    }

    /// Both ends in milliseconds since 1970.
    pub(crate) fn milliseconds(&self) -> (i64, i64) {
        let milliseconds = |time: &ZonedDateTime| time.timestamp().as_millisecond();
        (milliseconds(&self.since), milliseconds(&self.until))
    }

    pub(crate) fn has(&self, time: Timestamp) -> bool {
        (self.since.timestamp()..self.until.timestamp()).contains(&time)
    }

    /// The hour that the clocks show there, from 0 to 23.
    pub(crate) fn hour(&self, time: Timestamp) -> usize {
        let hour = time.to_zoned_datetime(self.since.time_zone().clone()).hour();
        usize::try_from(hour).unwrap_or_default()
    }

    /// The zone's name, where it has one.
    pub(crate) fn zone(&self) -> String {
        let zone = self.since.time_zone();
        let name = zone.iana_name().map(str::to_owned);
        name.unwrap_or_else(|| self.since.strftime("UTC%:z").to_string())
    }

    /// The span in words: as a day, where it is one.
    pub(crate) fn title(&self) -> String {
        let is_start = |time: &ZonedDateTime| time.start_of_day().is_ok_and(|start| start == *time);
        let next = self.since.tomorrow().and_then(|day| day.start_of_day());
        if is_start(&self.since) && next.is_ok_and(|next| next == self.until) {
            return self.since.strftime("%A, %-d %B %Y").to_string();
        }
        let words = |time: &ZonedDateTime| {
            let form = if is_start(time) { "%-d %B %Y" } else { "%-d %B %Y, %H:%M" };
            time.strftime(form).to_string()
        };
        if self.since.date() == self.until.date() {
            let between = if is_start(&self.since) { ", until" } else { " to" };
            return format!("{}{between} {}", words(&self.since), self.until.strftime("%H:%M"));
        }
        format!("{} to {}", words(&self.since), words(&self.until))
    }
}

/// The zone of this name, or that of the system, or UTC where it has none. One that is named
/// and not there is no other.
pub(crate) fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    match name {
        None => TimeZone::try_system().or_else(|_| match env::var_os("TZ") {
            Some(name) => {
                Err(format!("TZ: there is no zone {name:?}; expected such as America/Asuncion"))
            }
            None => Ok(TimeZone::UTC),
        }),
        Some(name) => TimeZone::get(name).map_err(|_| {
            format!("--time-zone: there is no `{name}`; expected such as America/Asuncion")
        }),
    }
}

/// A time with the offset of its zone.
pub(crate) fn written(time: &ZonedDateTime) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The time that these words name for whoever lives here, in milliseconds since 1970.
pub(crate) fn milliseconds(text: &str) -> Result<i64, String> {
    let now = Timestamp::now().to_zoned_datetime(zone(None)?);
    Ok(moment(text, &now)?.timestamp().as_millisecond())
}

/// An age: so many days or hours, but one at least.
pub(crate) fn age(text: &str) -> Result<String, String> {
    match length(text).filter(|length| length.is_positive()) {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected so many days or hours, such as 90d or 12h".to_owned()),
    }
}

/// Why there is no time between these, and what to write.
fn empty(
    both: Option<(&str, &str)>,
    (since, begins): (Option<&str>, &ZonedDateTime),
    (until, ends): (Option<&str>, &ZonedDateTime),
) -> String {
    let none = format!("there is no time from {} to {}", written(begins), written(ends));
    let before = ends.yesterday().map(|day| day.strftime("%Y-%m-%d").to_string());
    let before = before.unwrap_or_else(|_| "7d".to_owned());
    let why = match (both, since, until) {
        (Some(_), ..) => "--since must come before --until".to_owned(),
        (None, Some(since), _) => {
            format!("--since {since} is still to come: write one before now, such as --since today")
        }
        (None, None, _) => {
            format!(
                "without --since it begins with yesterday: write --since as well, such as --since {before}"
            )
        }
    };
    format!("{none}: {why}")
}

fn moment(text: &str, now: &ZonedDateTime) -> Result<ZonedDateTime, String> {
    let zone = now.time_zone().clone();
    let found = match text {
        "now" => Ok(now.clone()),
        "today" => now.start_of_day(),
        "yesterday" => now.yesterday().and_then(|day| day.start_of_day()),
        _ => match (length(text), text.parse::<Timestamp>()) {
            (Some(length), _) => now.checked_sub(length),
            (None, Ok(time)) => return Ok(time.to_zoned_datetime(zone)),
            // A day alone would be read as a time as well.
            (None, Err(_)) if text.len() == "2026-11-25".len() => {
                let day = text.parse::<Date>().map_err(|_| FORMS.to_owned())?;
                day.to_zoned_datetime(zone).and_then(|day| day.start_of_day())
            }
            (None, Err(_)) => {
                let time = text.parse::<DateTime>().map_err(|_| FORMS.to_owned())?;
                time.to_zoned_datetime(zone)
            }
        },
    };
    found.map_err(|_| "no calendar has it".to_owned())
}

/// So many days or hours.
fn length(text: &str) -> Option<Length> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count = count.parse::<u32>().ok().map(i64::from).filter(|count| *count <= MOST)?;
    match unit {
        "d" => Some(count.days()),
        "h" => Some(count.hours()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(since: Option<&str>, until: Option<&str>, zone: &str, now: &str) -> (String, String) {
        let zone = TimeZone::get(zone).unwrap();
        let span = Span::named(since, until, zone, now.parse().unwrap()).unwrap();
        (written(&span.since), written(&span.until))
    }

    fn hours(day: &str, next: &str, zone: &str) -> i64 {
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        let span = Span::named(Some(day), Some(next), TimeZone::get(zone).unwrap(), now).unwrap();
        let (since, until) = span.milliseconds();
        assert_eq!(span.title().matches(' ').count(), 3, "{}", span.title());
        (until - since) / 3_600_000
    }

    #[test]
    fn a_day_is_a_day_where_the_reader_lives_also_where_clocks_change() {
        assert_eq!(hours("2026-11-25", "2026-11-26", "America/Asuncion"), 24);
        assert_eq!(hours("2026-03-29", "2026-03-30", "Europe/Berlin"), 23);
        assert_eq!(hours("2026-10-25", "2026-10-26", "Europe/Berlin"), 25);
        // At midnight, so that the day begins at one o'clock.
        assert_eq!(hours("2018-11-04", "2018-11-05", "America/Sao_Paulo"), 23);
        assert_eq!(hours("2026-04-05", "2026-04-06", "Australia/Lord_Howe"), 24);
    }

    #[test]
    fn a_title_names_each_day_once() {
        let title = |since: &str, until: &str| {
            let now = "2026-11-27T12:00:00Z".parse().unwrap();
            Span::named(Some(since), Some(until), TimeZone::UTC, now).unwrap().title()
        };
        assert_eq!(title("2026-11-26", "2026-11-27"), "Thursday, 26 November 2026");
        assert_eq!(title("today", "2026-11-27T14:45"), "27 November 2026, until 14:45");
        assert_eq!(title("2026-11-27T08:00", "now"), "27 November 2026, 08:00 to 12:00");
        assert_eq!(title("yesterday", "now"), "26 November 2026 to 27 November 2026, 12:00");
    }

    #[test]
    fn words_days_times_and_lengths_are_understood() {
        let now = "2026-11-26T11:00:00Z";
        let zone = "America/Asuncion";
        let midnight = |day: &str| format!("2026-11-{day}T00:00:00-03:00");
        let yesterday = (midnight("25"), midnight("26"));
        assert_eq!(span(None, None, zone, now), yesterday);
        assert_eq!(span(Some("2026-11-25"), Some("today"), zone, now), yesterday);
        let until_now = "2026-11-26T08:00:00-03:00".to_owned();
        assert_eq!(span(Some("yesterday"), None, zone, now), (midnight("25"), until_now.clone()));
        let (since, until) = span(Some("7d"), None, zone, now);
        assert_eq!((since, until), ("2026-11-19T08:00:00-03:00".to_owned(), until_now.clone()));
        let (since, _) = span(Some("12h"), None, zone, now);
        assert_eq!(since, "2026-11-25T20:00:00-03:00");
        let (since, _) = span(Some("2026-11-25T08:30"), None, zone, now);
        assert_eq!(since, "2026-11-25T08:30:00-03:00");
        let (since, _) = span(Some("2026-11-25T08:30:00Z"), None, zone, now);
        assert_eq!(since, "2026-11-25T05:30:00-03:00");
        // Seven days back is the same hour of the clock, though that is 169 hours ago.
        let (since, _) = span(Some("7d"), None, "Europe/Berlin", "2026-10-27T11:00:00Z");
        assert_eq!(since, "2026-10-20T12:00:00+02:00");
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_is_one() {
        let now: Timestamp = "2026-11-26T11:00:00Z".parse().unwrap();
        for wrong in ["", "d", "7", "-1d", "9999999d", "2026-13-01", "2026-02-30", "gestern", "é"]
        {
            let named = Span::named(Some(wrong), None, TimeZone::UTC, now);
            let why = named.unwrap_err();
            assert!(why.contains(FORMS), "{wrong}: {why}");
        }
        let far = Span::named(Some("99999d"), None, TimeZone::UTC, now);
        assert!(far.is_ok_and(|span| span.since.year() == 1753));
        let none = Span::named(Some("now"), Some("yesterday"), TimeZone::UTC, now).unwrap_err();
        assert!(none.contains("there is no time from"), "{none}");
        for (since, until, expected) in [
            (None, Some("yesterday"), "write --since as well, such as --since 2026-11-24"),
            (Some("2026-12-01"), None, "--since 2026-12-01 is still to come: write one before now"),
            (Some("today"), Some("yesterday"), "--since must come before --until"),
        ] {
            let why = Span::named(since, until, TimeZone::UTC, now).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
        assert!(zone(Some("Mars/Base")).unwrap_err().contains("America/Asuncion"));
    }
}
