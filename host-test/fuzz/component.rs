//! Whatever comes back, and whatever is asked: the readers and the checks of the
//! component never panic, lose no record without a word, and never show the key.

mod events;
mod mutation;
#[path = "../bench/natively.rs"]
mod natively;

use std::collections::BTreeSet;

use arbtest::arbitrary::{Result, Unstructured};
use serde_json::{Value, json};

use self::mutation::{any_json, fuzz, mutated, mutated_text};
use crate::{
    actions::{
        self, Action, CreateContact, GetApiUsageInfo, ListContacts, ListWebhookSubscriptions,
        TestApiKey,
    },
    contract::{
        ContactPage, ContactQuery, DetailKind, Error, ErrorKind, NewContact, NewContactDetail,
    },
    error::Failure,
    twochat::{self, Reply, Settings},
    values::{ApiKey, BaseUrl, ChannelUuid, Email, Name, PhoneNumber, Text, WebUrl},
};

const KEY: &str = "canary-4Zt9wQ";

const REPLIES: &[&[u8]] = &[
    br#"{"success":true,"page":0,"count":2,"contacts":[{"id":566,"uuid":"CON1","first_name":"Ada",
        "last_name":null,"channel_uuid":"WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
        "details":[{"id":1,"value":"+14155550123","type":"WAPH","created_at":"2025-03-03T18:43:51Z"},
        {"id":2,"value":"ada@example.com","type":"E","created_at":1695230471,"updated_at":0}]},
        {"uuid":"CON2","profile_pic_url":"https://example.com/g.jpeg","details":[]}]}"#,
    br#"{"success":true,"contact":{"uuid":"CON1","first_name":"Ada","details":[{"type":"PH",
        "value":"+14155550123","created_at":1695230471,"updated_at":0}]}}"#,
    br#"{"success":true,"webhooks":[{"uuid":"WHK1","event_name":"whatsapp.message.received",
        "channel_uuid":"WPN1","hook_url":"https://example.com/h?token=1","hook_params":{"a":[1,"b"]},
        "created_at":"2025-01-15T09:30:41Z"}]}"#,
    br#"{"success":true,"account":{"name":"Example Ltd","uuid":"ACC1","on_trial":false,
        "blocked":false,"block_reason":"None","created_at":"2022-04-21T21:55:37Z",
        "expires_at":"2034-01-15T09:30:00Z"},"limits":{"requests_per_minute":80},"usage":{
        "api_request_count":7,"max_api_request_count":500,"number_check_count":250,
        "max_number_check_count":-1}}"#,
    br#"{"success":false,"error":true,"message":"The key canary-4Zt9wQ is not known"}"#,
    br#"{"detail":[{"loc":["body","contact_detail",0,"value"],"msg":"Input should be valid canary-4Zt9wQ",
        "type":"value_error"}]}"#,
    br#"{"type":"about:blank","title":"Conflict","detail":"It already exists","status":409}"#,
    br#"<html><body><h1>504 Gateway Time-out</h1></body></html>"#,
    b"Too many requests",
    b"\"canary-4Zt9wQ\"",
    b"[]",
    b"",
];

const STATUSES: [u16; 16] =
    [200, 200, 200, 201, 204, 302, 400, 401, 402, 403, 404, 409, 422, 429, 500, 504];

fn settings() -> Settings {
    Settings::from_variables([("TWOCHAT_API_KEY".to_owned(), KEY.to_owned())]).unwrap()
}

/// What the action makes of such a reply, as the contract tells it.
fn outcome<A: Action>(
    input: A::Input,
    status: u16,
    body: Vec<u8>,
) -> core::result::Result<A::Output, Error> {
    let settings = settings();
    let cut = |why| Failure::new(ErrorKind::UnexpectedReply, why, "");
    let body = twochat::decoded(body, None).map_err(cut);
    let reply = Reply { status, retry_after: None, date: None, body };
    let action = A::build(input).unwrap_or_else(|why| panic!("{why:?}"));
    let told = |failure: Box<Failure>| failure.hiding(settings.key()).report(A::PROMISE);
    actions::result_of(action, reply, &settings).map_err(told)
}

/// What is shown of it is short, on one line, and holds no key.
fn assert_tells<A: Action>(input: A::Input, status: u16, body: Vec<u8>) {
    let Err(error) = outcome::<A>(input, status, body) else { return };
    for text in [Some(&error.message), error.field.as_ref()].into_iter().flatten() {
        assert!(!text.contains(KEY), "{text}");
        assert!(text.len() < 1_000 && !text.contains(char::is_control), "{text:?}");
    }
    assert!(error.message.len() > 10, "{error:?}");
}

fn query() -> ContactQuery {
    ContactQuery { channel_uuid: None, page_number: None, results_per_page: None }
}

fn ada() -> NewContact {
    let detail = NewContactDetail { kind: DetailKind::Phone, value: "+14155550123".to_owned() };
    NewContact {
        first_name: "Ada".to_owned(),
        last_name: None,
        profile_pic_url: None,
        channel_uuid: None,
        details: vec![detail],
    }
}

#[test]
fn every_reply_is_read_or_told_in_every_action() {
    fuzz("replies", |u| {
        let body = mutated(u, REPLIES)?;
        let status = *u.choose(&STATUSES)?;
        match u.int_in_range(0..=4)? {
            0 => assert_tells::<CreateContact>(ada(), status, body),
            1 => assert_tells::<GetApiUsageInfo>((), status, body),
            2 => assert_tells::<ListContacts>(query(), status, body),
            3 => assert_tells::<ListWebhookSubscriptions>((), status, body),
            _ => assert_tells::<TestApiKey>((), status, body),
        }
        Ok(())
    });
}

/// A row with odd members, and with its uuid, if it has one.
fn row(u: &mut Unstructured<'_>, names: &[&str], uuid: Option<String>) -> Result<Value> {
    let mut row = serde_json::Map::new();
    for _ in 0..u.int_in_range(0..=6)? {
        let name = if u.ratio(1, 8)? { u.arbitrary()? } else { *u.choose(names)? };
        row.insert(name.to_owned(), any_json(u, 3)?);
    }
    row.remove("uuid");
    if let Some(uuid) = uuid {
        row.insert("uuid".to_owned(), uuid.into());
    }
    Ok(row.into())
}

#[test]
fn an_odd_member_never_loses_its_contact_nor_an_odd_row_its_page() {
    const NAMES: [&str; 8] = [
        "id",
        "first_name",
        "last_name",
        "channel_uuid",
        "profile_pic_url",
        "details",
        "contact",
        "success",
    ];
    fuzz("rows", |u| {
        let (mut rows, mut uuids, mut nameless) = (Vec::new(), BTreeSet::new(), 0);
        for n in 0..u.int_in_range(1..=5)? {
            let uuid = (u.ratio(4, 5)?).then(|| format!("CON{n}"));
            match &uuid {
                Some(uuid) => drop(uuids.insert(uuid.clone())),
                None => nameless += 1,
            }
            rows.push(row(u, &NAMES, uuid)?);
        }
        let body = json!({"success": true, "page": any_json(u, 1)?, "contacts": rows});
        match outcome::<ListContacts>((query)(), 200, body.to_string().into_bytes()) {
            Ok(ContactPage { contacts, skipped, .. }) => {
                let read: BTreeSet<_> = contacts.iter().map(|it| it.uuid.clone()).collect();
                assert_eq!(read, uuids, "{body}");
                let skipped = skipped.map_or(0, |skipped| skipped.count);
                assert_eq!(skipped, nameless, "{body}");
            }
            Err(error) => assert!(uuids.is_empty(), "{body}: {error:?}"),
        }
        Ok(())
    });
}

#[test]
fn what_is_asked_is_checked_without_a_panic_and_goes_out_as_it_was_taken() {
    const TEXTS: &[&str] = &[
        "Ada",
        "+14155550123",
        "tel:+1 (415) 555-0123",
        "ada@example.com",
        "1 High Street\nRome",
        "https://example.com:8443/ada.jpeg?size=2#x",
        "http://127.0.0.1:8080/open",
        "🏴‍☠️ 👩‍👩‍👧",
        "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
        "bücher.example",
        "https://[2001:db8::1]/",
        "",
    ];
    fn checked<'t, T: core::ops::Deref<Target = str>>(
        of: fn(&str, &'t str) -> crate::error::Result<T>,
        text: &'t str,
    ) {
        match of("field", text) {
            Ok(taken) => assert_eq!(&*taken, text),
            Err(refusal) => {
                let why = refusal.message;
                assert!(why.starts_with("field: expected ") && why.contains("; found \""), "{why}")
            }
        }
    }
    fuzz("values", |u| {
        let text = mutated_text(u, TEXTS)?;
        checked(Name::of, &text);
        checked(Text::of, &text);
        checked(PhoneNumber::of, &text);
        checked(Email::of, &text);
        checked(WebUrl::of, &text);
        checked(ChannelUuid::of, &text);
        let _ = BaseUrl::parse(&text);
        if let Ok(Some(key)) = ApiKey::parse(&text) {
            assert!(key.header_value().iter().all(|byte| *byte >= b' ' && *byte != 0x7f));
        }
        let contact = NewContact {
            first_name: text.clone(),
            last_name: Some(mutated_text(u, TEXTS)?),
            profile_pic_url: (u.arbitrary::<bool>()?).then(|| text.clone()),
            channel_uuid: None,
            details: vec![NewContactDetail {
                kind: *u.choose(&[DetailKind::Address, DetailKind::Phone, DetailKind::Email])?,
                value: mutated_text(u, TEXTS)?,
            }],
        };
        let value = contact.details[0].value.clone();
        if let Ok(action) = CreateContact::build(contact) {
            let body: Value = serde_json::from_slice(&action.call().body.unwrap()).unwrap();
            assert_eq!(
                (&body["first_name"], &body["contact_detail"][0]["value"]),
                (&json!(text), &json!(value))
            );
        }
        Ok(())
    });
}
