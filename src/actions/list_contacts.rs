//! `GET /contacts`: one page of the directory.
//!
//! Documented at developers.2chat.co under "List contacts". Pages count from
//! 0. 2Chat gives no link to the next page, and sources disagree whether its
//! `count` is of the page or of all. Only an empty page is the end: servers
//! leave rows out of a page, allow fewer than were asked for, or count from 1,
//! so how many rows came before a page is not known, and no count proves that
//! it is the last. The `page` that comes back is the one that was asked for,
//! and is not read.

use super::Action;
use crate::{
    contract::{ContactPage, ContactQuery},
    error::{Failure, Result},
    json::Answer,
    records,
    text::{concat, digits, owned},
    twochat::{Arguments, Call},
    unique::unique,
    values::ChannelUuid,
};

pub(crate) struct ListContacts {
    channel_uuid: Option<String>,
    page_number: u32,
    /// Always sent: 2Chat documents no default for contacts.
    results_per_page: u32,
}

const DEFAULT_RESULTS_PER_PAGE: u32 = 50;

impl Action for ListContacts {
    type Input = ContactQuery;
    type Output = ContactPage;

    const ARGUMENTS: Arguments =
        Arguments { names: "channel-uuid|page-number|results-per-page", spellings: &[] };

    fn build(query: ContactQuery) -> Result<Self> {
        let results_per_page = query.results_per_page.unwrap_or(DEFAULT_RESULTS_PER_PAGE);
        if !(1..=100).contains(&results_per_page) {
            let given = digits(results_per_page.into());
            let why = concat(&["expected 1 to 100, for example 50; found ", &given]);
            return Err(Failure::invalid("results-per-page", &why));
        }
        if let Some(uuid) = &query.channel_uuid {
            ChannelUuid::of("channel-uuid", uuid)?;
        }
        let page_number = query.page_number.unwrap_or(0);
        Ok(Self { channel_uuid: query.channel_uuid, page_number, results_per_page })
    }

    fn call(&self) -> Call {
        let mut query = vec![
            ("page_number", digits(self.page_number.into())),
            ("results_per_page", digits(self.results_per_page.into())),
        ];
        if let Some(uuid) = &self.channel_uuid {
            query.push(("channel_uuid", owned(uuid)));
        }
        Call { query, ..Call::get("/contacts") }
    }

    fn read(&self, answer: &Answer<'_>) -> Result<ContactPage> {
        let mut rows = Vec::with_capacity(self.results_per_page as usize);
        let listed = records::listed(answer, "contacts", &mut |value| {
            let Some(row) = records::contact(value)? else { return Ok(false) };
            records::keep(&mut rows, row);
            Ok(true)
        })?;
        Ok(ContactPage {
            contacts: unique(rows),
            page_number: self.page_number,
            next_page: self.page_number.checked_add(1).filter(|_| listed.came > 0),
            reported_count: listed.count,
            skipped: listed.skipped,
            warning: listed.beside,
        })
    }

    fn warning(page: &mut ContactPage) -> &mut Option<String> {
        &mut page.warning
    }

    fn is_nothing(page: &ContactPage) -> bool {
        page.next_page.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::contract::ErrorKind;
    use crate::json::{answer, assert_named};

    const CHANNEL: &str = "WPN66037eca-9ad1-4c96-9eff-526a90a48c77";

    /// The shape of the documentation's answer: ISO times, no `updated_at` on a
    /// detail that was never changed.
    const ANSWER: &str = r#"{"success":true,"page":0,"count":2,"contacts":[
        {"id":566,"uuid":"CON5dbf28a9-44f5-4ca2-9eae-fd33b124097a","first_name":"Ada",
         "last_name":"Lovelace","channel_uuid":"WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
         "profile_pic_url":"https://example.com/ada.jpeg","details":[
            {"id":566,"value":"+14155550123","type":"WAPH",
             "created_at":"2025-03-03T18:43:51Z","updated_at":"2025-03-30T08:30:12Z"}]},
        {"id":978,"uuid":"CONf3039b0c-36dc-4103-b2a2-6307749cf390","first_name":"Grace",
         "last_name":"Hopper","channel_uuid":null,"profile_pic_url":null,"details":[
            {"id":976,"value":"+14155550124","type":"PH","created_at":"2025-03-03T18:43:51Z"}]}]}"#;

    fn query(page_number: Option<u32>, results_per_page: Option<u32>) -> ContactQuery {
        ContactQuery { channel_uuid: None, page_number, results_per_page }
    }

    fn build(query: ContactQuery) -> ListContacts {
        ListContacts::build(query).ok().unwrap()
    }

    fn read(body: &str) -> Result<ContactPage> {
        build(query(None, None)).read(&answer(body))
    }

    /// An answer with a row for each of the uuids.
    fn rows(uuids: &[&str]) -> String {
        let rows: Vec<_> = uuids.iter().map(|uuid| serde_json::json!({ "uuid": uuid })).collect();
        serde_json::json!({ "success": true, "contacts": rows }).to_string()
    }

    fn uuids(page: &ContactPage) -> Vec<&str> {
        page.contacts.iter().map(|contact| contact.uuid.as_str()).collect()
    }

    #[test]
    fn asks_for_the_first_50_contacts_unless_told_otherwise() {
        let expected = vec![("page_number", "0".to_owned()), ("results_per_page", "50".to_owned())];
        let call = build(query(None, None)).call();
        assert_eq!(call, Call { query: expected, ..Call::get("/contacts") });
    }

    #[test]
    fn asks_for_the_page_the_size_and_the_channel_that_were_given() {
        let query = ContactQuery {
            channel_uuid: Some(CHANNEL.to_owned()),
            ..query(Some(u32::MAX), Some(100))
        };
        let expected = vec![
            ("page_number", "4294967295".to_owned()),
            ("results_per_page", "100".to_owned()),
            ("channel_uuid", CHANNEL.to_owned()),
        ];
        assert_eq!(build(query).call(), Call { query: expected, ..Call::get("/contacts") });
    }

    #[test]
    fn a_page_holds_1_to_100_contacts() {
        for size in [1, 2, 99, 100] {
            assert!(ListContacts::build(query(None, Some(size))).is_ok(), "{size}");
        }
        for size in [0, 101, u32::MAX] {
            let failure = ListContacts::build(query(None, Some(size))).err().unwrap();
            assert_eq!((failure.kind, failure.status), (ErrorKind::InvalidInput, None));
            assert_eq!(failure.field.as_deref(), Some("results-per-page"));
            assert!(failure.message.contains(&size.to_string()), "{}", failure.message);
            assert!(failure.message.contains("1 to 100, for example 50"), "{}", failure.message);
        }
    }

    #[test]
    fn a_channel_that_is_none_is_refused_with_a_good_one() {
        for channel in ["", "+14155550123", "DID66037eca-9ad1-4c96-9eff-526a90a48c77"] {
            let query = ContactQuery { channel_uuid: Some(channel.into()), ..query(None, None) };
            let failure = ListContacts::build(query).err().unwrap();
            assert_eq!(failure.kind, ErrorKind::InvalidInput);
            assert_eq!(failure.field.as_deref(), Some("channel-uuid"));
            assert!(failure.message.contains("WPN66037eca-"), "{}", failure.message);
        }
    }

    #[test]
    fn the_contacts_are_read_from_the_documented_answer() {
        let page = read(ANSWER).unwrap();
        assert_eq!((page.page_number, page.next_page, page.reported_count), (0, Some(1), Some(2)));
        assert!(page.skipped.is_none() && page.contacts[0].unread_details.is_none());
        let [ada, grace] = &page.contacts[..] else { panic!("{:?}", page.contacts) };
        assert_eq!((ada.id, &*ada.uuid), (Some(566), "CON5dbf28a9-44f5-4ca2-9eae-fd33b124097a"));
        assert_eq!(ada.first_name.as_deref(), Some("Ada"));
        assert_eq!(ada.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(ada.channel_uuid.as_deref(), Some(CHANNEL));
        assert_eq!(ada.profile_pic_url.as_deref(), Some("https://example.com/ada.jpeg"));
        assert_eq!((&*ada.details[0].kind, ada.details[0].id), ("whatsapp-phone", Some(566)));
        assert_eq!(ada.details[0].created_at.as_deref(), Some("2025-03-03T18:43:51Z"));
        assert_eq!(ada.details[0].updated_at.as_deref(), Some("2025-03-30T08:30:12Z"));
        assert_eq!((&grace.channel_uuid, &grace.profile_pic_url), (&None, &None));
        assert_eq!((&*grace.details[0].kind, &grace.details[0].updated_at), ("phone", &None));
    }

    #[test]
    fn what_may_be_missing_is_absent() {
        let page = read(
            r#"{"contacts":[{"uuid":"CON1"},{"uuid":"CON2","id":null,"first_name":null,
                "last_name":null,"details":null,"starred":true,"labels":[{}]}],"count":null}"#,
        )
        .unwrap();
        assert_eq!((uuids(&page), page.reported_count), (vec!["CON1", "CON2"], None));
        for contact in &page.contacts {
            assert_eq!((contact.id, &contact.first_name, &contact.last_name), (None, &None, &None));
            assert!(contact.details.is_empty());
        }
    }

    #[test]
    fn the_older_times_in_seconds_are_read_as_well() {
        let page = read(
            r#"{"contacts":[{"uuid":"CON1","details":[
                {"type":"PH","value":"+14155550123","created_at":1695230471,"updated_at":0}]}]}"#,
        )
        .unwrap();
        let detail = &page.contacts[0].details[0];
        assert_eq!(detail.created_at.as_deref(), Some("2023-09-20T17:21:11Z"));
        assert_eq!((detail.id, &detail.updated_at), (None, &None));
    }

    #[test]
    fn each_kind_of_detail_has_its_word_and_a_new_one_its_code() {
        for (code, kind) in [
            ("E", "email"),
            ("A", "address"),
            ("PH", "phone"),
            ("WAPH", "whatsapp-phone"),
            ("TG", "TG"),
            ("e", "e"),
            ("", ""),
        ] {
            let detail = serde_json::json!({ "type": code, "value": "x" });
            let body = serde_json::json!({ "contacts": [{ "uuid": "CON1", "details": [detail] }] });
            assert_eq!(read(&body.to_string()).unwrap().contacts[0].details[0].kind, kind);
        }
    }

    #[test]
    fn only_an_empty_page_is_the_end_whatever_is_counted() {
        for page in [0, 1, 2, 7] {
            for came in 0..=3 {
                let uuids: Vec<_> = (0..came).map(|n| format!("CON{n}")).collect();
                let all = rows(&uuids.iter().map(String::as_str).collect::<Vec<_>>());
                for count in [None, Some(0), Some(1), Some(3), Some(6), Some(9), Some(u64::MAX)] {
                    let counted = count.map(|count| format!(r#"{{"count":"{count}","#));
                    let body = all.replacen('{', counted.as_deref().unwrap_or("{"), 1);
                    let read = build(query(Some(page), Some(3))).read(&answer(&body)).unwrap();
                    let expected = (came > 0).then_some(page + 1);
                    assert_eq!(read.next_page, expected, "{page} {came} {count:?}");
                    assert_eq!((read.page_number, read.reported_count), (page, count));
                }
            }
        }
    }

    #[test]
    fn a_page_of_which_no_row_could_be_read_is_not_the_end() {
        let page = read(r#"{"count":8,"contacts":[7,null,{"id":1}]}"#).unwrap();
        assert_eq!((page.contacts.len(), page.next_page), (0, Some(1)));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_passed_over_and_told() {
        let page = read(
            r#"{"contacts":[{"uuid":"CON1"},{"first_name":"Ada"},7,null,"x",[],{"uuid":null},
                {"uuid":" "},{"uuid":true},{"uuid":9},{"uuid":"CON2"}]}"#,
        )
        .unwrap();
        assert_eq!(uuids(&page), ["CON1", "9", "CON2"]);
        let skipped = page.skipped.unwrap();
        let places: Vec<_> = (1..=8).map(|at| format!("$.contacts[{at}]")).collect();
        assert_eq!((skipped.count, skipped.places), (8, places));

        let many = ["{},"; 500].concat();
        let page = read(&[r#"{"contacts":["#, &many, r#"{"uuid":"CON1"}]}"#].concat()).unwrap();
        let skipped = page.skipped.unwrap();
        assert_eq!((skipped.count, skipped.places.len(), page.contacts.len()), (500, 10, 1));
    }

    #[test]
    fn an_odd_member_never_loses_its_contact() {
        let page = read(
            r#"{"contacts":[{"uuid":"CON1","id":"566","first_name":7,"last_name":false,
                "channel_uuid":[],"profile_pic_url":{},"details":{"0":{"type":"PH",
                "value":14155550123,"id":5.0,"created_at":"1695230471","updated_at":-1}}},
                {"uuid":"CON2","id":-1,"details":[{"type":"E","value":null},{"value":"x"},3]},
                {"uuid":"CON3","id":1.5,"details":{"type":"E","value":"ada@example.com"}},
                {"uuid":"CON4","details":"none"},{"uuid":"CON5","details":{}},
                {"uuid":"CON6","details":false}]}"#,
        )
        .unwrap();
        let [one, two, three, four, five, six] = &page.contacts[..] else { panic!("{page:?}") };
        assert!(page.skipped.is_none());
        assert_eq!(
            (one.id, one.first_name.as_deref(), &one.last_name),
            (Some(566), Some("7"), &None)
        );
        assert_eq!((&one.channel_uuid, &one.profile_pic_url), (&None, &None));
        let detail = &one.details[0];
        assert_eq!((&*detail.value, detail.id, &*detail.kind), ("14155550123", Some(5), "phone"));
        assert_eq!(detail.created_at.as_deref(), Some("2023-09-20T17:21:11Z"));
        assert_eq!((&detail.updated_at, one.unread_details), (&None, None));
        assert_eq!((two.id, two.unread_details, two.details.len()), (None, Some(2), 1));
        assert_eq!((&*two.details[0].kind, &*two.details[0].value), ("", "x"));
        assert_eq!((three.id, &*three.details[0].value), (None, "ada@example.com"));
        assert_eq!((four.details.len(), four.unread_details), (0, Some(1)));
        assert_eq!((five.unread_details, six.unread_details), (None, None));
    }

    #[test]
    fn a_list_is_taken_in_whatever_it_comes() {
        for body in [
            r#"[{"uuid":"CON1"},{"uuid":"CON2"}]"#,
            r#"{"contacts":{"0":{"uuid":"CON1"},"1":{"uuid":"CON2"}}}"#,
            r#"{"contacts":{"a":{"uuid":"CON1"},"b":{"uuid":"CON2"}}}"#,
            "\u{feff}{\"contacts\":[{\"uuid\":\"CON1\"},{\"uuid\":\"CON2\"}]}",
        ] {
            assert_eq!(uuids(&read(body).unwrap()), ["CON1", "CON2"], "{body}");
        }
        for body in [
            "[]",
            r#"{"contacts":{}}"#,
            r#"{"contacts":null}"#,
            r#"{"success":true}"#,
            r#"{"success":true,"page":0,"count":0,"error":null}"#,
        ] {
            let page = read(body).unwrap();
            assert_eq!((page.contacts.len(), page.next_page), (0, None), "{body}");
        }
    }

    #[test]
    fn no_page_follows_the_last_that_can_be_numbered() {
        let page = build(query(Some(u32::MAX), Some(1))).read(&answer(&rows(&["CON1"]))).unwrap();
        assert_eq!((page.page_number, page.next_page), (u32::MAX, None));
        let page =
            build(query(Some(u32::MAX - 1), Some(1))).read(&answer(&rows(&["CON1"]))).unwrap();
        assert_eq!(page.next_page, Some(u32::MAX));
    }

    #[test]
    fn a_contact_that_came_twice_is_given_once_and_counted_twice() {
        let body = rows(&["CON2", "CON1", "CON2", "CON2", "CON1"]);
        let page = build(query(None, Some(5))).read(&answer(&body)).unwrap();
        assert_eq!((uuids(&page), page.next_page), (vec!["CON2", "CON1"], Some(1)));
        let many: Vec<_> = (0..1000).map(|n| format!("CON{}", n * 7 % 300)).collect();
        let page = read(&rows(&many.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        assert_eq!(uuids(&page), many[..300]);
    }

    #[test]
    fn of_a_repeated_contact_the_first_row_stays() {
        let page = read(
            r#"{"contacts":[{"uuid":"CON1","first_name":"Ada"},{"uuid":"CON1","first_name":"Eve"}]}"#,
        )
        .unwrap();
        assert_eq!(page.contacts.len(), 1);
        assert_eq!(page.contacts[0].first_name.as_deref(), Some("Ada"));
    }

    #[test]
    fn an_answer_of_another_shape_is_named_by_its_path() {
        assert_named(
            read,
            &[
                ("{}", "$.contacts"),
                (r#"{"foo":1}"#, "$.contacts"),
                (r#"{"success":false}"#, "$.contacts"),
                (r#"{"success":true,"count":5}"#, "$.contacts"),
                (r#"{"success":true,"other":{"contacts":[{"uuid":"CON1"}]}}"#, "$.contacts"),
                (r#"{"contacts":7}"#, "$.contacts"),
                (r#"{"contacts":"none"}"#, "$.contacts"),
                // Of a query that failed, and not of an empty directory.
                (r#"{"contacts":false,"success":true}"#, "$.contacts"),
                (r#"{"contacts":"","success":true}"#, "$.contacts"),
                ("[1,2]", "$"),
                (r#"[{"foo":1}]"#, "$"),
                ("null", "$"),
                ("", "$"),
                (r#"{"contacts":[]]"#, "$"),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_page_or_a_failure(text in "(?s).{0,60}", at in 0..ANSWER.len()) {
            let (before, after) = ANSWER.split_at(at);
            for body in [&text, &[before, &text].concat(), &[before, &text, after].concat()] {
                let _ = read(body);
            }
        }

        #[test]
        fn a_page_has_each_contact_once_and_a_next_one_unless_it_is_empty(
            uuids in prop::collection::vec("CON[0-9]", 0..12),
            size in 1u32..12,
            number in any::<u32>(),
        ) {
            let body = rows(&uuids.iter().map(String::as_str).collect::<Vec<_>>());
            let page = build(query(Some(number), Some(size))).read(&answer(&body)).unwrap();
            let once: BTreeSet<_> = page.contacts.iter().map(|contact| &contact.uuid).collect();
            prop_assert_eq!(once.len(), page.contacts.len());
            prop_assert_eq!(once, uuids.iter().collect::<BTreeSet<_>>());
            let mut first = BTreeSet::new();
            let expected: Vec<_> = uuids.iter().filter(|uuid| first.insert(*uuid)).collect();
            prop_assert_eq!(page.contacts.iter().map(|it| &it.uuid).collect::<Vec<_>>(), expected);
            let more = number.checked_add(1).filter(|_| !uuids.is_empty());
            prop_assert_eq!(page.next_page, more);
        }
    }
}
