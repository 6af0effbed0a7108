use super::*;
use crate::{
    contract::events::{Content, Delivery, Direction, Event},
    error::Result,
};

/// Bodies in the shapes of the documentation, with values of our own.
const RECEIVED: &str = r#"{"id":"MSG58fab6b0-04f6-449e-acf5-42fc6875ba94",
    "uuid":"MSG58fab6b0-04f6-449e-acf5-42fc6875ba94","created_at":"2023-04-18T22:17:50Z",
    "session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123@c.us",
    "message":{"text":"Hello","media":{"url":"https://example.com/a.jpeg","type":"image",
        "mime_type":"image/jpeg"}},
    "remote_phone_number":"+14155550123","channel_phone_number":"+14155550100","sent_by":"user",
    "contact":{"first_name":"Ada","last_name":null,
        "profile_pic_url":"https://example.com/ada.jpeg"}}"#;

fn told(body: &str, name: &str) -> Result<Event> {
    let event_name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
    read_event(Delivery { body: body.to_owned(), event_name })
}

fn read(body: &str) -> Event {
    told(body, "").unwrap_or_else(|failure| panic!("{body}: {failure:?}"))
}

#[test]
fn a_message_with_media_is_read_whole() {
    let event = told(RECEIVED, "whatsapp.message.received").unwrap();
    assert_eq!(event.name.as_deref(), Some("whatsapp.message.received"));
    assert_eq!(event.key.as_deref(), Some("MSG58fab6b0-04f6-449e-acf5-42fc6875ba94"));
    assert_eq!(event.at.as_deref(), Some("2023-04-18T22:17:50Z"));
    assert_eq!(event.channel_uuid.as_deref(), Some("WPN66037eca-9ad1-4c96-9eff-526a90a48c77"));
    assert_eq!(event.channel_phone_number.as_deref(), Some("+14155550100"));
    assert_eq!(event.phone_number.as_deref(), Some("+14155550123"));
    assert_eq!(event.chat_id.as_deref(), Some("14155550123@c.us"));
    assert!(matches!(event.direction, Some(Direction::Incoming)));
    assert_eq!(event.author.as_deref(), Some("user"));
    let contact = event.contact.unwrap();
    assert_eq!((contact.first_name.as_deref(), contact.last_name), (Some("Ada"), None));
    assert!(matches!(event.content, Content::Message));
    let message = event.message.unwrap();
    assert_eq!(message.text.as_deref(), Some("Hello"));
    assert_eq!(message.media.unwrap().mime_type.as_deref(), Some("image/jpeg"));
    assert!(message.order.is_none() && event.unread.is_none() && event.told_name.is_none());
}
