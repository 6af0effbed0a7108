//! Whatever is posted to a webhook: it is read or refused, never lost, and no number
//! comes of what is none.

use arbtest::arbitrary::{Result, Unstructured};
use serde_json::{Value, json};

use super::mutation::{any_json, fuzz, mutated};
use crate::{
    contract::events::{Content, Delivery, Event},
    events::read_event,
};

const BODIES: &[&[u8]] = &[
    br#"{"id":"MSG1","uuid":"MSG1","created_at":"2023-04-18T22:17:50Z","session_key":
        "WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123@c.us","message":{"text":"Hi",
        "media":{"url":"https://example.com/a.jpeg","type":"image","mime_type":"image/jpeg"}},
        "remote_phone_number":"+14155550123","channel_phone_number":"+14155550100",
        "sent_by":"user","contact":{"first_name":"Ada","last_name":null}}"#,
    br#"{"event":"message.read","message_uuid":"MSG1","timestamp":1720207330,"message":{
        "uuid":"MSG1","message":{"text":"Hi"}}}"#,
    br#"{"uuid":"MSG1","message":{"order":{"total":0,"products":[{"id":"1","name":"Cap",
        "price":1.5,"quantity":1}]}},"time_period":"day","event":"whatsapp.conversation.new"}"#,
    br#"{"type":"whatsapp.group.join","group":{"uuid":"WAG1"},"participants":["14155550123@lid",
        {"phone_number":"+14155550123","pushname":"Ada"}]}"#,
    br#"{"uuid":"CDR1","callid":"7","direction":"I","from":"+14155550123","status":"ANSWERED"}"#,
    br#"[{"event":"disconnected","data":{"channel_uuid":"WPN1"}}]"#,
    b"",
];

fn read(body: &str, event_name: Option<&str>) -> Option<Event> {
    let event_name = event_name.map(str::to_owned);
    read_event(Delivery { body: body.to_owned(), event_name }).ok()
}

/// The numbers of an event that are those of the other side.
fn numbers(event: &Event) -> Vec<String> {
    let people = match &event.content {
        Content::GroupChange(change) => change.participants.clone(),
        _ => Vec::new(),
    };
    let people = people.into_iter().filter(|party| party.starts_with('+'));
    event.phone_number.clone().into_iter().chain(people).collect()
}

#[test]
fn every_body_is_read_or_refused_and_twice_alike() {
    fuzz("deliveries", |u| {
        let body = String::from_utf8_lossy(&mutated(u, BODIES)?).into_owned();
        let told = *u.choose(&[None, Some("whatsapp.message.received"), Some("new.thing")])?;
        let event = read(&body, told);
        assert_eq!(format!("{event:?}"), format!("{:?}", read(&body, told)));
        let Some(event) = event else { return Ok(()) };
        assert!(told.is_none() || event.name.is_some(), "{body}");
        let is_told = event.name.as_deref() == told || event.told_name.as_deref() == told;
        assert!(told.is_none() || is_told, "{body}: {:?}", event.name);
        if let Content::Other(kept) = &event.content {
            assert_eq!(kept.len(), kept.trim().len(), "{body}");
            let meant = serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}'));
            assert!(meant.is_err() || meant.ok() == serde_json::from_str(kept).ok(), "{body}");
        }
        for number in numbers(&event) {
            let digits = number.strip_prefix('+').unwrap();
            assert!((8..=15).contains(&digits.len()) && !number.contains('@'), "{number}");
        }
        Ok(())
    });
}

/// A body of odd members, some of which are ids that are no numbers.
fn body(u: &mut Unstructured<'_>, depth: u32) -> Result<Value> {
    const NAMES: [&str; 16] = [
        "event",
        "type",
        "uuid",
        "message",
        "message_uuid",
        "remote_phone_number",
        "from",
        "to",
        "contact",
        "participants",
        "participant",
        "group",
        "phone_number",
        "id",
        "text",
        "sent_by",
    ];
    let mut members = serde_json::Map::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let value = match u.int_in_range(0..=5)? {
            0 => json!("4155550199@lid"),
            1 => json!("WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-4155550199@lid"),
            2 if depth > 0 => body(u, depth - 1)?,
            3 if depth > 0 => json!([body(u, depth - 1)?, "4155550199@lid"]),
            4 => json!("whatsapp.group.join"),
            _ => any_json(u, 2)?,
        };
        let name = if u.ratio(1, 8)? { "session_key" } else { *u.choose(&NAMES)? };
        members.insert(name.to_owned(), value);
    }
    Ok(members.into())
}

#[test]
fn no_number_comes_of_an_id_that_is_none() {
    fuzz("ids", |u| {
        let mut body = body(u, 3)?;
        let number = json!("+4155550199");
        // Somebody may have made a number of it.
        if u.ratio(1, 4)? {
            body["session_key"] =
                json!("WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-4155550199@lid");
            body["remote_phone_number"] = number.clone();
        }
        let text = body.to_string();
        let Some(event) = read(&text, Some("a.b")) else { return Ok(()) };
        assert!(numbers(&event).iter().all(|found| *found != number), "{text}: {event:?}");
        Ok(())
    });
}
