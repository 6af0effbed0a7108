//! Which events does 2Chat have, and what does it send for them?
//!
//! Bodies have the shapes of its documentation, which are not alike: some name the event
//! and some do not, and times come in several forms. Where no shape is documented or
//! was seen, there is none here.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::contacts::CHANNELS;

/// All that can be subscribed for.
pub const EVENTS: [&str; 28] = [
    "whatsapp.message.new",
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.reaction",
    "whatsapp.message.edited",
    "whatsapp.message.receipt.sent",
    "whatsapp.message.receipt.not-sent",
    "whatsapp.message.receipt.received",
    "whatsapp.message.receipt.read",
    "whatsapp.conversation.new",
    "whatsapp.call.received",
    "whatsapp.call.made",
    "whatsapp.order.received",
    "whatsapp.audio.transcribed",
    "whatsapp.number.status",
    "whatsapp.group.message.received",
    "whatsapp.group.message.reaction",
    "whatsapp.group.join",
    "whatsapp.group.leave",
    "whatsapp.group.remove",
    "whatsapp.waba.message.received",
    "whatsapp.waba.message.sent",
    "whatsapp.waba.message.receipt.sent",
    "whatsapp.waba.message.receipt.received",
    "whatsapp.waba.template.status.updated",
    "call.status.update",
    "call.incoming.completed",
    "call.outbound.completed",
];

/// Where bodies say when something happened.
const TIMES: [&str; 3] = ["created_at", "updated_at", "timestamp"];

const MESSAGE: &str = "MSG58fab6b0-04f6-449e-acf5-42fc6875ba94";
const CALL: &str = "CDR8612b98c-5e11-4638-8d9d-2f21275256cf";

/// A body for the event, if its shape is known.
#[must_use]
pub fn sample(event: &str) -> Option<String> {
    let body = match event {
        "whatsapp.message.new" | "whatsapp.message.received" => message("user", text()),
        "whatsapp.group.message.received" => {
            let mut body = message("user", text());
            set(&mut body, "session_key", json!(format!("WW-{}-120363027885165765@g.us", web())));
            let participant = json!({"phone_number": "+14155550123", "device": "android",
                "pushname": "Ada"});
            set(&mut body, "participant", participant);
            body
        }
        "whatsapp.message.sent" => message("agent", text()),
        "whatsapp.order.received" => message("user", order()),
        "whatsapp.conversation.new" => {
            let mut body = message("user", text());
            set(&mut body, "event", json!(event));
            set(&mut body, "time_period", json!("all-time"));
            body
        }
        "whatsapp.waba.message.received" => waba("user"),
        "whatsapp.waba.message.sent" => waba("api"),
        "whatsapp.message.receipt.sent"
        | "whatsapp.message.receipt.not-sent"
        | "whatsapp.message.receipt.received"
        | "whatsapp.message.receipt.read"
        | "whatsapp.waba.message.receipt.sent"
        | "whatsapp.waba.message.receipt.received" => {
            let (_, kind) = event.rsplit_once('.')?;
            json!({
                "event": format!("message.{kind}"),
                "message_uuid": MESSAGE,
                "timestamp": "2024-07-05T19:22:10",
                "message": message("api", text()),
            })
        }
        "whatsapp.number.status" => json!({
            "event": "disconnected",
            "channel_uuid": web(),
            "channel_phone_number": "+14155550100",
        }),
        "whatsapp.group.join" | "whatsapp.group.leave" | "whatsapp.group.remove" => json!({
            "type": event,
            "created_at": "2024-07-05T19:21:51",
            "group": {
                "uuid": "WAG3281cfa4-9d92-4d20-9e8e-35f695fe0faf",
                "wa_group_id": "120363027885165765@g.us",
                "wa_group_name": "Example group",
            },
            "channel_phone_number": "+14155550100",
            "participants": [{"phone_number": "+14155550123"}],
        }),
        "call.status.update" => call("ANSWERED", true),
        "call.incoming.completed" => call("answered", false),
        _ => return None,
    };
    Some(body.to_string())
}

/// The same as of something that happens now: no other is of this count and time.
pub(super) fn current(event: &str, now: DateTime<Utc>, count: u32) -> Option<String> {
    let time = now.timestamp_micros() & 0xffff_ffff_ffff;
    let uuid = format!("{count:08x}-04f6-449e-acf5-{time:012x}");
    let mut body = sample(event)?;
    for (known, prefix) in [(MESSAGE, "MSG"), (CALL, "CDR")] {
        body = body.replace(known, &format!("{prefix}{uuid}"));
    }
    let mut body: Value = body.parse().ok()?;
    if ["uuid", "message_uuid"].iter().all(|name| body.get(name).is_none()) {
        set(&mut body, "uuid", json!(format!("EVT{uuid}")));
    }
    for name in TIMES {
        let Some(Value::String(time)) = body.get_mut(name) else { continue };
        let zone = if time.ends_with('Z') { "Z" } else { "" };
        *time = format!("{}{zone}", now.format("%Y-%m-%dT%H:%M:%S"));
    }
    Some(body.to_string())
}

fn web() -> &'static str {
    CHANNELS.first().copied().unwrap_or_default()
}

fn text() -> Value {
    json!({"text": "Hello"})
}

fn order() -> Value {
    json!({"text": "Example cap", "order": {
        "subtotal": 0, "total": 0, "currency": null, "created_at": 1_720_207_311,
        "products": [{"id": "7096834393683427", "name": "Example cap", "price": 210.5,
            "currency": "USD", "quantity": 1, "data": null,
            "thumbnail_url": "https://example.com/cap.jpeg"}],
    }})
}

fn message(sent_by: &str, content: Value) -> Value {
    json!({
        "id": MESSAGE,
        "uuid": MESSAGE,
        "session_key": format!("WW-{}-14155550123@c.us", web()),
        "message": content,
        "created_at": "2024-07-05T19:21:51",
        "remote_phone_number": "+14155550123",
        "channel_phone_number": "+14155550100",
        "sent_by": sent_by,
        "contact": {"first_name": "Ada", "last_name": null, "profile_pic_url": null},
    })
}

fn waba(sent_by: &str) -> Value {
    let channel = "WAN00000003-9ad1-4c96-9eff-526a90a40000";
    let mut body = message(sent_by, text());
    set(&mut body, "session_key", json!(format!("WA-{channel}-14155550123")));
    let own = json!({"uuid": channel, "phone_number": "+14155550100",
        "created_at": "2024-01-02 03:04:05"});
    set(&mut body, "channel", own);
    body
}

fn call(status: &str, active: bool) -> Value {
    json!({
        "uuid": CALL,
        "account_uuid": "ACC91be87af-5a29-4034-b599-342f2aeb5d52",
        "callid": "e73d8d61-2bf0-123f-19aa-9600045bb967",
        "direction": "I",
        "active": active,
        "from": "+14155550123",
        "iso_country_code": "US",
        "received_on_number": "+14155550102",
        "received_on_number_uuid": "DID00000004-9ad1-4c96-9eff-526a90a40000",
        "is_toll_free": false,
        "status": status,
        "created_at": "2025-10-25T02:55:28Z",
        "updated_at": "2025-10-25T02:55:36Z",
        "contact": {"uuid": "CON00000005-9ad1-4c96-9eff-526a90a40000", "first_name": "Ada",
            "last_name": "Lovelace"},
    })
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tells it from others.
    fn uuid_of(body: &str) -> Value {
        let body: Value = body.parse().unwrap();
        ["uuid", "message_uuid"].iter().find_map(|name| body.get(name)).cloned().unwrap()
    }

    #[test]
    fn what_is_reported_happens_now_in_the_form_of_each_event() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let said = |event: &str, name: &str| {
            let body: Value = current(event, now, 1).unwrap().parse().unwrap();
            body[name].clone()
        };
        assert_eq!(said("whatsapp.conversation.new", "created_at"), "2027-01-15T08:00:00");
        assert_eq!(said("whatsapp.message.receipt.read", "timestamp"), "2027-01-15T08:00:00");
        assert_eq!(said("call.status.update", "updated_at"), "2027-01-15T08:00:00Z");
        for event in EVENTS.into_iter().filter(|event| sample(event).is_some()) {
            let body = current(event, now, 1).unwrap();
            let others = [(now, 2), (now + chrono::TimeDelta::microseconds(1), 1)];
            for (now, count) in others {
                let other = current(event, now, count).unwrap();
                assert_ne!(uuid_of(&body), uuid_of(&other), "{event}");
            }
            let has_time = TIMES.iter().any(|name| body.contains(&format!("\"{name}\":\"2027")));
            assert!(has_time || event == "whatsapp.number.status", "{body}");
        }
    }
}
