//! What is the same event, and what has happened again?

use serde_json::{Value, json};

use crate::support::{
    receiver::{Receiver, looked_into, number, until},
    shell::folder,
};

const STATUS: &str = "whatsapp.number.status";
const TEMPLATE: &str = "whatsapp.waba.template.status.updated";
const JOIN: &str = "whatsapp.group.join";

fn receiver(test: &str) -> Receiver {
    let store = folder(&format!("doubles-{test}")).join("events.sqlite");
    let events = ["--event", STATUS, "--event", TEMPLATE, "--event", JOIN];
    Receiver::with(&store, &[&events[..], &["--run", "/bin/true"]].concat(), &[])
}

/// Delivers, and gives how many were handed on until now.
fn handed_on(receiver: &Receiver, event: &str, body: &Value) -> i64 {
    assert_eq!(receiver.post(&receiver.path(event), body.to_string()).status, 200);
    let is_over = "SELECT NOT EXISTS (SELECT 1 FROM events WHERE state = 'new') AND
                   NOT EXISTS (SELECT 1 FROM outbox WHERE state != 'done')";
    until(|| (number(&receiver.store, is_over) == 1).then_some(()));
    number(&receiver.store, "SELECT count(*) FROM outbox")
}

#[test]
fn two_reports_about_one_thing_are_both_handed_on() {
    let receiver = receiver("reports");
    let of = |status: &str| json!({ "uuid": "TPL1", "status": status, "event": TEMPLATE });
    assert_eq!(handed_on(&receiver, TEMPLATE, &of("APPROVED")), 1);
    assert_eq!(handed_on(&receiver, TEMPLATE, &of("APPROVED")), 1);
    assert_eq!(handed_on(&receiver, TEMPLATE, &of("REJECTED")), 2);
}

#[test]
fn what_has_no_key_and_no_time_happens_again_after_an_hour_and_what_has_a_time_does_not() {
    let receiver = receiver("again");
    let cut_off = json!({ "event": "disconnected", "channel_phone_number": "+14155550100" });
    let joined = json!({ "type": JOIN, "wa_group_id": "1203@g.us", "participants": ["+14155550123"],
        "created_at": "2024-07-05T19:21:51" });
    let time_goes = |minutes: i64| {
        let age = "UPDATE events SET received = received - ?";
        looked_into(&receiver.store).execute(age, [minutes * 60 * 1000]).unwrap();
    };
    assert_eq!(handed_on(&receiver, STATUS, &cut_off), 1);
    assert_eq!(handed_on(&receiver, JOIN, &joined), 2);
    // However often it came since, the hour is that of the first.
    for minutes in [30, 28, 1] {
        time_goes(minutes);
        assert_eq!(handed_on(&receiver, STATUS, &cut_off), 2);
        assert_eq!(handed_on(&receiver, JOIN, &joined), 2);
    }
    time_goes(2);
    assert_eq!(handed_on(&receiver, STATUS, &cut_off), 3);
    assert_eq!(handed_on(&receiver, JOIN, &joined), 3);
    let double = "SELECT count(*) FROM events WHERE state = 'double'";
    assert_eq!(number(&receiver.store, double), 1);
}
