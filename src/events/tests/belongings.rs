//! What belongs to what, where a body says more than its event needs.

use super::*;

const THIS: &str = "MSG58fab6b0-04f6-449e-acf5-42fc6875ba94";
const ANOTHER: &str = "58fab6b0-04f6-449e-acf5-42fc6875ba00";

fn unread(body: &str) -> Vec<String> {
    read(body).unread.map_or(Vec::new(), |unread| unread.places)
}

#[test]
fn no_uuid_of_what_a_message_is_about_is_its_own() {
    let text = r#","message":{"text":"Hi"},"event":"whatsapp.group.message.received""#;
    for letters in ["WAG", "WHK", "CON", "WPN", "DID", "ACC"] {
        let other = [letters, ANOTHER].concat();
        for (members, expected) in [
            (r#""uuid":"OTHER""#, None),
            (r#""id":"OTHER""#, None),
            (r#""uuid":"OTHER","id":"THIS""#, Some(THIS)),
            (r#""id":"OTHER","uuid":"THIS""#, Some(THIS)),
            (r#""uuid":"OTHER","data":{"uuid":"THIS"}"#, Some(THIS)),
            (r#""data":{"uuid":"THIS"},"uuid":"OTHER""#, Some(THIS)),
            (r#""uuid":"OTHER","id":"3EB0C767D097B7C7C0""#, Some("3EB0C767D097B7C7C0")),
        ] {
            let members = members.replace("OTHER", &other).replace("THIS", THIS);
            let event = read(&["{", &members, text, "}"].concat());
            assert!(matches!(event.content, Content::Message), "{members}: {:?}", event.content);
            assert_eq!(event.key.as_deref(), expected, "{members}");
            assert_eq!(event.message.unwrap().uuid.as_deref(), expected, "{members}");
        }
    }
    let other = ["WAG", ANOTHER].concat();
    for (members, expected) in [
        (r#""message":{"id":"OTHER","text":"Hi"}"#, None),
        (r#""message":{"uuid":"OTHER","id":"THIS","text":"Hi"}"#, Some(THIS)),
        (r#""message_uuid":"OTHER","uuid":"THIS","message":{"text":"Hi"}"#, Some(THIS)),
        (r#""uuid":"msg58fab6b0-04f6-449e-acf5-42fc6875ba94","message":"Hi""#, Some("msg")),
    ] {
        let members = members.replace("OTHER", &other).replace("THIS", THIS);
        let event = told(&["{", &members, "}"].concat(), "whatsapp.message.new").unwrap();
        let key = event.key.as_deref();
        assert_eq!(key.is_some(), expected.is_some(), "{members}: {key:?}");
        assert!(key.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{members}");
    }
    let call = CALL.replace("CDR8612b98c", "DID8612b98c");
    assert!(matches!(told(&call, "call.status.update").unwrap().content, Content::Other(_)));
}

#[test]
fn what_stands_in_or_beside_a_message_and_is_not_given_is_told() {
    for (message, places) in [
        (r#"{"text":"Lunch?","poll":{"a":[1]}}"#, &["$.message.poll"][..]),
        (r#"{"text":"Hi","deleted":true,"location":null}"#, &["$.message.deleted"]),
        (r#"{"message":{"text":"Hi","mentions":["a"]}}"#, &["$.message.message.mentions"]),
        (r#"{"media":{"url":"https://a.b/c","filename":"c"}}"#, &["$.message.media.filename"]),
        (r#"{"media":{"link":"https://a.b/c"}}"#, &["$.message.media.link"]),
        (r#"{"order":{"id":"9","items":[1]}}"#, &["$.message.order.id", "$.message.order.items"]),
        (
            r#"{"order":{"total":1,"products":[{"id":"1","size":"XL","data":null}]}}"#,
            &["$.message.order.products[0].size"],
        ),
        (r#"{"text":"Hi","order":null,"created_at":"2024-07-05T19:21:51"}"#, &[]),
    ] {
        let body = [r#"{"uuid":"MSG1","account":"A","message":"#, message, "}"].concat();
        let told: Vec<_> = unread(&body).into_iter().filter(|it| it != "$.account").collect();
        assert_eq!(told, places, "{body}");
    }
    // Where the message has nothing, what stands beside it may be in its place.
    for member in [r#""text":"Hi""#, r#""body":"Hi""#, r#""location":{"a":1}"#] {
        let body = [r#"{"uuid":"MSG1","sent_by":"user","#, member, "}"].concat();
        let event = told(&body, "whatsapp.message.new");
        let place = ["$.", member.split('"').nth(1).unwrap()].concat();
        let event = event.unwrap();
        assert!(matches!(event.content, Content::Message), "{body}: {:?}", event.content);
        assert_eq!(event.unread.unwrap().places, [place], "{body}");
    }
    for (body, place) in [
        (r#"{"event":"message.not-sent","message_uuid":"MSG1","error_code":131047}"#, "error_code"),
        (r#"{"event":"disconnected","reason":"logout"}"#, "reason"),
    ] {
        assert_eq!(unread(body), [["$.", place].concat()], "{body}");
    }
    let caption =
        read(r#"{"uuid":"MSG1","message":{"media":{"url":"https://a.b/c","caption":"A"}}}"#);
    assert_eq!(caption.message.unwrap().text.as_deref(), Some("A"));
}

#[test]
fn who_wrote_and_has_no_number_is_told() {
    let by = |participant: &str| {
        let body = [r#"{"uuid":"MSG1","message":{"text":"Hi"},"participant":"#, participant, "}"];
        read(&body.concat())
    };
    assert_eq!(by(r#""120363041234567@lid""#).unread.unwrap().places, ["$.participant"]);
    assert_eq!(by(r#"["14155550123","14155550124"]"#).unread.unwrap().places, ["$.participant"]);
    assert_eq!(by(r#""14155550123@c.us""#).phone_number.as_deref(), Some("+14155550123"));
    assert!(by(r#""14155550123@c.us""#).unread.is_none());
}

#[test]
fn a_call_of_which_the_way_is_not_told_has_no_other_side() {
    let call = r#"{"uuid":"CDR1","callid":"7","from":"+14155550100","to":"+14155550123","caller_id_used":"+14155550100""#;
    for (direction, number, unread) in [
        ("", None, 0),
        (r#","direction":"X""#, None, 1),
        (r#","direction":"O""#, Some("+14155550123"), 0),
        (r#","direction":"outbound""#, Some("+14155550123"), 0),
    ] {
        let event = read(&[call, direction, "}"].concat());
        assert_eq!(event.phone_number.as_deref(), number, "{direction}");
        assert_eq!(event.channel_phone_number.as_deref(), Some("+14155550100"), "{direction}");
        assert_eq!(event.unread.map_or(0, |unread| unread.count), unread, "{direction}");
    }
}

#[test]
fn what_a_word_means_is_known_in_every_spelling() {
    for (period, expected) in [("ALL_TIME", "all-time"), ("all time", "all-time"), ("Day", "day")] {
        for message in ["", r#""message":null,"#, r#""message":{"text":"Hi"},"#] {
            let body = [
                r#"{"event":"whatsapp.conversation.new","uuid":"MSG1","#,
                message,
                r#""time_period":""#,
                period,
                r#""}"#,
            ];
            let content = read(&body.concat()).content;
            assert!(
                matches!(&content, Content::Conversation(Some(it)) if it == expected),
                "{body:?}: {content:?}"
            );
        }
    }
    for state in ["qr_received", "QR-RECEIVED", "qrReceived", "qr received"] {
        let event = read(&[r#"{"event":""#, state, r#""}"#].concat());
        assert_eq!(event.name.as_deref(), Some("whatsapp.number.status"), "{state}");
        assert!(matches!(event.content, Content::NumberStatus(it) if it == "qr-received"));
    }
    let call = CALL.replacen('{', r#"{"event":"call.outgoing.completed","#, 1);
    assert!(matches!(read(&call).content, Content::Call(_)));
}

#[test]
fn a_receipt_is_of_what_the_account_sent_and_told_so_by_its_url_or_its_body() {
    let written = r#"{"event":"message.received","message_uuid":"MSG1","message":{"uuid":"MSG1",
        "message":{"text":"Hi"},"sent_by":"user","remote_phone_number":"+14155550123"}}"#;
    let event = told(written, "whatsapp.message.received").unwrap();
    assert!(matches!(event.content, Content::Message) && event.told_name.is_none());
    assert_eq!(event.key.as_deref(), Some("MSG1"));
    for id in ["uuid", "id", "message_uuid"] {
        let body = [r#"{"event":"message.read",""#, id, r#"":"MSG1"}"#].concat();
        let event = told(&body, "whatsapp.message.receipt.read").unwrap();
        assert!(matches!(event.content, Content::Receipt(_)), "{body}: {:?}", event.content);
        assert_eq!((event.key.as_deref(), event.told_name), (Some("MSG1/read"), None));
    }
}
