//! Which contacts are there, and how does 2Chat write them down?
//!
//! Knows no request and no fault. The contacts of the start are computed from
//! their place when asked for, so that a hundred thousand of them weigh
//! nothing; only created ones are kept, and the places of deleted ones.

use std::collections::BTreeSet;

use chrono::Utc;
use serde::Serialize;
use serde_json::{Value, json};

use super::new_contact::{Kind, NewContact};

/// The channels that contacts belong to by turns; every third has none.
pub const CHANNELS: [&str; 2] =
    ["WPN00000001-9ad1-4c96-9eff-526a90a40000", "WPN00000002-9ad1-4c96-9eff-526a90a40000"];

/// All contacts of the account, in the order of their ids.
pub(super) struct Directory {
    from_the_start: usize,
    created: Vec<Contact>,
    deleted: BTreeSet<usize>,
    next_detail: u64,
}

impl Directory {
    pub(super) fn new(from_the_start: usize) -> Self {
        let next_detail = 2 * number(from_the_start) + 1;
        Self { from_the_start, created: Vec::new(), deleted: BTreeSet::new(), next_detail }
    }

    pub(super) fn add(&mut self, new: NewContact) -> &Contact {
        let place = self.from_the_start + self.created.len();
        let id = number(place) + 1;
        let created_at = Utc::now().timestamp().unsigned_abs();
        let details = new
            .details
            .into_iter()
            .zip(self.next_detail..)
            .map(|((kind, value), id)| Detail { id, kind, value, created_at, touched: None })
            .collect::<Vec<_>>();
        self.next_detail += number(details.len());
        let contact = Contact {
            id,
            names: (Some(new.first_name), new.last_name),
            channel: new.channel_uuid,
            picture: new.profile_pic_url,
            details,
        };
        self.created.push_mut(contact)
    }

    /// Deletes the contact with this uuid. False: there is none.
    pub(super) fn delete(&mut self, uuid: &str) -> bool {
        let place = id_in(uuid).and_then(|id| usize::try_from(id.checked_sub(1)?).ok());
        let found = place.filter(|place| self.at(*place).is_some_and(|it| it.uuid() == uuid));
        found.is_some_and(|place| self.deleted.insert(place))
    }

    /// The places of the contacts of one channel, or of all.
    pub(super) fn matching<'a>(
        &'a self,
        channel: Option<&'a str>,
    ) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let all = 0..self.from_the_start + self.created.len();
        all.filter(|place| !self.deleted.contains(place))
            .filter(move |place| channel.is_none() || self.channel(*place) == channel)
    }

    pub(super) fn page(
        &self,
        channel: Option<&str>,
        page: usize,
        size: usize,
        newest_first: bool,
    ) -> Vec<Contact> {
        let before = page.saturating_mul(size);
        let matching = self.matching(channel);
        let places: Vec<_> = if newest_first {
            matching.rev().skip(before).take(size).collect()
        } else {
            matching.skip(before).take(size).collect()
        };
        places.into_iter().filter_map(|place| self.at(place)).collect()
    }

    fn at(&self, place: usize) -> Option<Contact> {
        match self.later(place) {
            _ if place >= self.from_the_start + self.created.len() => None,
            None => Some(made_up(place)),
            Some(later) => self.created.get(later).cloned(),
        }
    }

    fn channel(&self, place: usize) -> Option<&str> {
        match self.later(place) {
            None => by_turns(place),
            Some(later) => self.created.get(later)?.channel.as_deref(),
        }
    }

    /// Its place among the created ones, if it is one of them.
    fn later(&self, place: usize) -> Option<usize> {
        place.checked_sub(self.from_the_start)
    }
}

#[derive(Clone)]
pub(super) struct Contact {
    id: u64,
    pub(super) names: (Option<String>, Option<String>),
    channel: Option<String>,
    picture: Option<String>,
    details: Vec<Detail>,
}

impl Contact {
    /// In a list: with an id, times in ISO, none where nothing was touched.
    pub(super) fn as_listed(&self) -> Value {
        let (first_name, last_name) = &self.names;
        json!({
            "id": self.id,
            "uuid": self.uuid(),
            "first_name": first_name,
            "last_name": last_name,
            "channel_uuid": self.channel,
            "profile_pic_url": self.picture,
            "details": self.details.iter().map(Detail::as_listed).collect::<Vec<_>>(),
        })
    }

    /// In the answer to its creation: no id, times in seconds, 0 for never.
    pub(super) fn as_created(&self) -> Value {
        let (first_name, last_name) = &self.names;
        json!({
            "uuid": self.uuid(),
            "first_name": first_name,
            "last_name": last_name,
            "channel_uuid": self.channel,
            "profile_pic_url": self.picture,
            "details": self.details.iter().map(Detail::as_created).collect::<Vec<_>>(),
        })
    }

    pub(super) fn uuid(&self) -> String {
        format!("CON{:08x}-36dc-4103-b2a2-{:012x}", self.id, self.id)
    }
}

/// The id of the contact that could have this uuid.
fn id_in(uuid: &str) -> Option<u64> {
    u64::from_str_radix(uuid.rsplit('-').next()?, 16).ok()
}

#[derive(Clone)]
struct Detail {
    id: u64,
    kind: Kind,
    value: String,
    created_at: u64,
    touched: Option<u64>,
}

impl Detail {
    fn as_listed(&self) -> WrittenDetail<'_, String> {
        self.written(iso(self.created_at), self.touched.map(iso))
    }

    fn as_created(&self) -> WrittenDetail<'_, u64> {
        self.written(self.created_at, Some(self.touched.unwrap_or(0)))
    }

    fn written<Time>(&self, created_at: Time, updated_at: Option<Time>) -> WrittenDetail<'_, Time> {
        WrittenDetail { id: self.id, value: &self.value, kind: self.kind, created_at, updated_at }
    }
}

/// The contact at one place of the start. The first has everything a contact
/// can have; the others lack something here and there.
fn made_up(place: usize) -> Contact {
    let id = number(place) + 1;
    let even = place.is_multiple_of(2);
    let pick =
        |names: &[&str]| names.get(place % names.len().max(1)).map(|name| (*name).to_owned());
    let detail = |id, kind, value| Detail { id, kind, value, created_at: born(id), touched: None };

    let phone = format!("+1415555{:04}", 100 + place % 100);
    let mut reach = detail(2 * id - 1, if even { Kind::Waph } else { Kind::Ph }, phone);
    reach.touched = even.then_some(reach.created_at + DAY);
    let mut details = vec![reach];
    if place.is_multiple_of(4) {
        details.push(detail(2 * id, Kind::E, format!("contact{id}@example.com")));
    } else if !even {
        details.push(detail(2 * id, Kind::A, format!("{id} Example Street, Springfield")));
    }
    Contact {
        id,
        names: (pick(&FIRST_NAMES), pick(&LAST_NAMES).filter(|_| place % 5 != 4)),
        channel: by_turns(place).map(str::to_owned),
        picture: even.then(|| format!("https://example.com/pictures/{id}.jpeg")),
        details,
    }
}

const FIRST_NAMES: [&str; 5] = ["Ada", "Grace", "Alan", "Katherine", "Edsger"];

/// One more than there are first names, so that pairs repeat late.
const LAST_NAMES: [&str; 6] = ["Lovelace", "Hopper", "Turing", "Johnson", "Dijkstra", "Noether"];

fn by_turns(place: usize) -> Option<&'static str> {
    CHANNELS.get(place % (CHANNELS.len() + 1)).copied()
}

/// When a detail of the start came to be: the same each time.
fn born(detail: u64) -> u64 {
    1_741_027_431 + detail
}

const DAY: u64 = 86_400;

/// Seconds since 1970 as 2Chat writes times in lists. Years are counted from
/// March, which puts the leap day last (Howard Hinnant's civil calendar).
fn iso(seconds: u64) -> String {
    let (days, second) = (seconds / DAY + 719_468, seconds % DAY);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[derive(Serialize)]
struct WrittenDetail<'a, Time> {
    id: u64,
    value: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn seconds_are_written_as_the_day_and_time_they_are() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(iso(1_741_027_431), "2025-03-03T18:43:51Z");
        assert_eq!(iso(1_735_689_599), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn a_hundred_thousand_contacts_are_all_different_and_paged_through_in_order() {
        let directory = Directory::new(100_000);
        let mut seen = HashSet::new();
        let mut last = 0;
        for page in 0..1_000 {
            for contact in directory.page(None, page, 100, false) {
                assert!(contact.id > last);
                last = contact.id;
                assert!(seen.insert(contact.uuid()));
            }
        }
        assert_eq!((seen.len(), last), (100_000, 100_000));
        assert_eq!(directory.page(None, 1_000, 100, false).len(), 0);
    }

    #[test]
    fn a_deleted_contact_is_gone_and_its_place_is_not_filled_again() {
        let mut directory = Directory::new(3);
        let uuids = |directory: &Directory| {
            let page = directory.page(None, 0, 100, false);
            page.iter().map(Contact::uuid).collect::<Vec<_>>()
        };
        let before = uuids(&directory);

        assert!(directory.delete(&before[1]) && !directory.delete(&before[1]));
        assert_eq!(uuids(&directory), [before[0].clone(), before[2].clone()]);

        let beyond = "CON00000004-36dc-4103-b2a2-000000000004";
        for unknown in ["", "CON", "CON00000001-0000-0000-0000-000000000001", beyond] {
            assert!(!directory.delete(unknown), "{unknown}");
        }
        assert_eq!(uuids(&directory).len(), 2);
    }

    #[test]
    fn a_page_far_beyond_the_last_is_empty() {
        assert_eq!(Directory::new(3).page(None, usize::MAX, 100, false).len(), 0);
    }
}
