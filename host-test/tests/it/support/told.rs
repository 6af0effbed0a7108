//! A store of events of every kind, received by `twochat listen`, and what `twochat digest`
//! makes of it.

use std::{path::PathBuf, sync::LazyLock};

use serde_json::{Value, json};

use super::{
    receiver::{Receiver, looked_into, number, until},
    shell::{Run, folder, run},
};

/// A name that would be a link, a script, a table's border and more.
pub(crate) const HOSTILE: &str =
    "[x](http://evil.example)<script>alert(1)</script>|`a`\n# b \u{202E}www.evil.example &lt;";

const EVENTS: [&str; 11] = [
    "whatsapp.conversation.new",
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.new",
    "whatsapp.message.receipt.not-sent",
    "whatsapp.order.received",
    "whatsapp.group.message.received",
    "whatsapp.group.join",
    "whatsapp.number.status",
    "whatsapp.call.received",
    "call.status.update",
];

/// The store that all tests look into.
pub(crate) static STORE: LazyLock<PathBuf> = LazyLock::new(|| {
    let store = folder("digest-store").join("events.sqlite");
    let words: Vec<_> = EVENTS.iter().flat_map(|event| ["--event", event]).collect();
    let receiver = Receiver::with(&store, &words, &[]);
    let all = all();
    for (event, body) in &all {
        let answer = receiver.post(&receiver.path(event), body.to_string());
        assert_eq!(answer.status, 200, "{body}");
    }
    until(|| {
        let left = number(&store, "SELECT count(*) FROM events WHERE state = 'new'");
        let came = number(&store, "SELECT count(*) FROM events");
        (left == 0 && usize::try_from(came) == Ok(all.len())).then_some(())
    });
    assert_eq!(number(&store, "SELECT count(*) FROM events WHERE state <> 'read'"), 0);
    drop(receiver);
    // As if each had come when it happened.
    let came = "UPDATE events SET received = 1000 * unixepoch(content ->> '$.at')
                WHERE content ->> '$.at' IS NOT NULL";
    looked_into(&store).execute(came, []).unwrap();
    store
});

/// A message of somebody, at this time.
pub(crate) fn message(message: u32, somebody: u32, name: &str, at: &str) -> Value {
    json!({
        "uuid": format!("MSG{message:08}-04f6-449e-acf5-42fc6875ba94"),
        "session_key": format!("WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-1415555{somebody:04}@c.us"),
        "message": { "text": "Hello" },
        "created_at": at,
        "remote_phone_number": format!("+1415555{somebody:04}"),
        "channel_phone_number": "+14155550100",
        "sent_by": "user",
        "contact": { "first_name": name, "last_name": null, "profile_pic_url": null },
    })
}

/// An event with these members as well.
fn with(mut event: Value, more: Value) -> Value {
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn order(message: u32, order: Value, at: &str) -> Value {
    let event = self::message(message, 101, "Ada", at);
    with(event, json!({ "message": { "text": "", "order": order } }))
}

fn call(call: u32, status: &str, direction: &str, at: &str) -> Value {
    json!({
        "uuid": format!("CDR{call:08}-04f6-449e-acf5-42fc6875ba94"),
        "callid": "call-1", "status": status, "direction": direction, "updated_at": at,
        "from": "+14155550103", "to": "+14155550100",
    })
}

/// What was reported: of the third of March 2025 in Asunción, which has three hours less
/// than UTC, of the moments around it, and of the night when clocks go back in New York.
fn all() -> Vec<(&'static str, Value)> {
    let day = |time: &str| format!("2025-03-03T{time}Z");
    let next = |time: &str| format!("2025-03-04T{time}Z");
    let received = "whatsapp.message.received";
    let ada = |uuid, time: String| message(uuid, 101, "Ada", &time);
    let group = json!({
        "wa_group_id": "14155550101-1@g.us", "wa_group_name": "Team", "remote_phone_number": "+14155550102",
        "session_key": null,
    });
    vec![
        // One message, that three events tell of.
        (
            "whatsapp.conversation.new",
            with(ada(1, day("12:00:00")), json!({ "time_period": "all-time" })),
        ),
        ("whatsapp.message.new", ada(1, day("12:00:00"))),
        (received, ada(1, day("12:00:00"))),
        (
            "whatsapp.conversation.new",
            with(ada(2, day("12:10:00")), json!({ "time_period": "day" })),
        ),
        (received, message(3, 102, HOSTILE, &day("12:20:00"))),
        ("whatsapp.message.sent", with(ada(4, day("13:00:00")), json!({ "sent_by": "api" }))),
        ("whatsapp.group.message.received", with(message(5, 102, "Bo", &day("13:30:00")), group)),
        // The last second of the day, then one too late and one too early.
        (received, ada(6, next("02:59:59"))),
        (received, ada(7, next("03:00:00"))),
        (received, ada(8, day("02:59:59"))),
        (
            "whatsapp.order.received",
            order(9, json!({ "total": "360.50", "currency": "USD" }), &day("14:00:00")),
        ),
        (received, order(9, json!({ "total": "360.50", "currency": "USD" }), &day("14:00:00"))),
        (
            "whatsapp.order.received",
            order(10, json!({ "total": "0.1", "currency": "usd" }), &day("14:01:00")),
        ),
        (
            "whatsapp.order.received",
            order(11, json!({ "total": 90_000, "currency": "PYG" }), &day("14:02:00")),
        ),
        (
            "whatsapp.order.received",
            order(12, json!({ "total": "0", "currency": "USD" }), &day("14:03:00")),
        ),
        // Missed, answered, made, and one that rang before midnight and ended after it.
        ("call.status.update", call(1, "ringing", "inbound", &day("15:00:00"))),
        ("call.status.update", call(1, "ended", "inbound", &day("15:00:30"))),
        ("call.status.update", call(2, "ringing", "inbound", &day("15:01:00"))),
        ("call.status.update", call(2, "answered", "inbound", &day("15:01:05"))),
        ("call.status.update", call(2, "ended", "inbound", &day("15:02:00"))),
        ("call.status.update", call(3, "ringing", "outbound", &day("15:03:00"))),
        ("call.status.update", call(3, "ended", "outbound", &day("15:03:30"))),
        ("call.status.update", call(4, "ringing", "inbound", &day("02:59:50"))),
        ("call.status.update", call(4, "ended", "inbound", &day("03:00:10"))),
        (
            "whatsapp.message.receipt.not-sent",
            json!({
                "uuid": "MSG00000004-04f6-449e-acf5-42fc6875ba94", "timestamp": day("13:00:05"),
            }),
        ),
        (
            "whatsapp.group.join",
            json!({
                "event": "join", "wa_group_id": "14155550101-1@g.us", "participants": ["+14155550104"],
                "timestamp": day("16:00:00"),
            }),
        ),
        (
            "whatsapp.number.status",
            json!({ "event": "disconnected", "timestamp": day("16:10:00") }),
        ),
        ("whatsapp.call.received", json!({ "from": "+14155550105", "timestamp": day("16:20:00") })),
        // Both at half past one.
        (received, ada(21, "2025-11-02T05:30:00Z".to_owned())),
        (received, ada(22, "2025-11-02T06:30:00Z".to_owned())),
    ]
}

/// The day that most tests are about.
pub(crate) const DAY: [&str; 6] =
    ["--since", "2025-03-03", "--until", "2025-03-04", "--time-zone", "America/Asuncion"];

/// A summary of that day, from that store.
pub(crate) fn told(words: &[&str], settings: &[(&str, &str)]) -> Run {
    let store = ["digest", "--store", STORE.to_str().unwrap()];
    run(&[&store[..], &DAY, words].concat(), settings)
}
