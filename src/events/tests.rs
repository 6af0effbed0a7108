//! Events as 2Chat sends them become events of the contract.

use super::*;
use crate::{
    contract::{
        ErrorKind,
        events::{Content, Delivery, Direction, Event},
    },
    error::Result,
};

mod belongings;

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

const CALL: &str = r#"{"uuid":"CDR8612b98c-5e11-4638-8d9d-2f21275256cf",
    "account_uuid":"ACC91be87af-5a29-4034-b599-342f2aeb5d52","callid":"e73d8d61","direction":"I",
    "active":true,"from":"+14155550123","received_on_number":"+14155550102",
    "received_on_number_uuid":"DID1a42d563-e0a7-4b14-b9e6-ee49e61af123","status":"ANSWERED",
    "created_at":"2025-10-25T02:55:28Z","updated_at":"2025-10-25T02:55:36Z",
    "contact":{"uuid":"CONe9b31cd3-f11c-44cd-a888-58f4d5e6f4bf","first_name":"Ada"}}"#;

const RECEIPT: &str = r#"{"event":"message.read","message_uuid":"MSG1","timestamp":1720207330,
    "message":{"uuid":"MSG1","sent_by":"api","created_at":"2024-07-05T19:21:51",
        "remote_phone_number":"+14155550123","message":{"text":"Hello"}}}"#;

#[test]
fn a_call_is_told_from_the_other_side_and_each_of_its_states_has_a_key() {
    let event = told(CALL, "call.status.update").unwrap();
    assert_eq!(event.key.unwrap(), "CDR8612b98c-5e11-4638-8d9d-2f21275256cf/answered");
    assert_eq!(event.at.as_deref(), Some("2025-10-25T02:55:36Z"));
    assert_eq!(event.phone_number.as_deref(), Some("+14155550123"));
    assert_eq!(event.channel_phone_number.as_deref(), Some("+14155550102"));
    assert!(event.channel_uuid.unwrap().starts_with("DID"));
    assert!(matches!(event.direction, Some(Direction::Incoming)));
    let Content::Call(call) = event.content else { panic!("{:?}", event.content) };
    assert_eq!((call.id.as_deref(), call.status.as_deref()), (Some("e73d8d61"), Some("answered")));
    assert_eq!(call.started_at.as_deref(), Some("2025-10-25T02:55:28Z"));
    assert!(matches!(read(CALL).content, Content::Call(_)) && read(CALL).name.is_none());
}

#[test]
fn receipts_of_one_message_are_no_doubles_and_their_time_is_their_own() {
    let event = read(RECEIPT);
    assert_eq!(event.name.as_deref(), Some("whatsapp.message.receipt.read"));
    assert_eq!(
        (event.key.as_deref(), event.at.as_deref()),
        (Some("MSG1/read"), Some("2024-07-05T19:22:10Z"))
    );
    assert!(matches!(event.direction, Some(Direction::Outgoing)));
    assert!(matches!(event.content, Content::Receipt(kind) if kind == "read"));
    assert_eq!(event.message.unwrap().text.as_deref(), Some("Hello"));
    let sent = read(&RECEIPT.replace("message.read", "message.sent"));
    assert_eq!(sent.key.as_deref(), Some("MSG1/sent"));
}

#[test]
fn the_name_is_that_of_the_body_else_what_was_told_else_what_its_form_leaves() {
    const RECEIVED_NAME: &str = "whatsapp.message.received";
    let text = r#""uuid":"MSG1","message":{"text":"Hi"}"#;
    for (body, told_name, name, conflict) in [
        (r#""event":"whatsapp.message.sent","#, "", "whatsapp.message.sent", ""),
        (r#""event":"WhatsApp.Message.Sent","#, "", "whatsapp.message.sent", ""),
        (r#""eventName":"whatsapp.message.sent","#, "", "whatsapp.message.sent", ""),
        (r#""event":"whatsapp.new.thing","#, "", "whatsapp.new.thing", ""),
        (r#""event":"Whatsapp New","#, "", "Whatsapp New", ""),
        ("", "whatsapp.message.new", "whatsapp.message.new", ""),
        (r#""event":null,"#, "whatsapp.message.new", "whatsapp.message.new", ""),
        (
            r#""event":"whatsapp.message.sent","#,
            "whatsapp.message.sent",
            "whatsapp.message.sent",
            "",
        ),
        (
            r#""event":"whatsapp.message.sent","#,
            "whatsapp.message.new",
            "whatsapp.message.sent",
            "whatsapp.message.new",
        ),
        (r#""type":"image","#, "", "", ""),
        (r#""type":"group.join","#, "", "whatsapp.group.join", ""),
        (r#""time_period":"day","#, "", "whatsapp.conversation.new", ""),
        (r#""event":"qr-received","#, "", "whatsapp.number.status", ""),
        (
            r#""event":"message.sent","message_uuid":"MSG1","#,
            "",
            "whatsapp.message.receipt.sent",
            "",
        ),
        (
            r#""event":"message.sent","message_uuid":"MSG1","#,
            "whatsapp.waba.message.receipt.sent",
            "whatsapp.waba.message.receipt.sent",
            "",
        ),
        (
            r#""event":"message.read","message_uuid":"MSG1","#,
            "whatsapp.message.receipt.sent",
            "whatsapp.message.receipt.read",
            "whatsapp.message.receipt.sent",
        ),
        // The end of the told name is that name, whichever it is.
        (r#""event":"message.received","#, RECEIVED_NAME, RECEIVED_NAME, ""),
        (r#""event":"Message.Received","#, RECEIVED_NAME, RECEIVED_NAME, ""),
        (r#""event":"received","#, RECEIVED_NAME, RECEIVED_NAME, ""),
        (r#""event":"message.edited","#, "whatsapp.message.edited", "whatsapp.message.edited", ""),
        (r#""event":"status.update","#, "call.status.update", "call.status.update", ""),
        (r#""event":"new.thing","#, "some.new.thing", "some.new.thing", ""),
        (r#""event":"thing","#, "some.nothing", "thing", "some.nothing"),
        (r#""event":"message.sent","#, RECEIVED_NAME, "message.sent", RECEIVED_NAME),
        (
            r#""event":"message.received","message_uuid":"MSG1","#,
            RECEIVED_NAME,
            "whatsapp.message.receipt.received",
            RECEIVED_NAME,
        ),
        // What is no text is no name.
        (r#""event":5,"#, RECEIVED_NAME, RECEIVED_NAME, ""),
        (r#""event":{"a":"b"},"#, RECEIVED_NAME, RECEIVED_NAME, ""),
        (r#""event":5,"type":"group.join","#, "", "whatsapp.group.join", ""),
        (r#""event":true,"event_name":"whatsapp.message.sent","#, "", "whatsapp.message.sent", ""),
    ] {
        let event = told(&["{", body, text, "}"].concat(), told_name).unwrap();
        let found = (event.name.as_deref().unwrap_or(""), event.told_name.as_deref().unwrap_or(""));
        assert_eq!(found, (name, conflict), "{body} {told_name}");
    }
}

#[test]
fn what_has_no_known_form_keeps_its_name_and_body() {
    for (body, name) in [
        (r#"{"event":"whatsapp.message.edited","uuid":"MSG1","message":{"text":"new"}}"#, ""),
        (r#"{"event":"whatsapp.message.received","uuid":"TPL1","status":"APPROVED"}"#, ""),
        (r#"{"event":"whatsapp.message.receipt.read"}"#, ""),
        (r#"{"event":"call.status.update","callid":"7"}"#, ""),
        (r#"{"type":"leave"}"#, ""),
        (r#"{"event":"whatsapp.number.status","status":"ready"}"#, ""),
        (r#"{"a":1}"#, "whatsapp.audio.transcribed"),
        ("{}", "whatsapp.call.made"),
    ] {
        let padded = ["\u{feff} ", body, "\n"].concat();
        let event = told(&padded, name).unwrap();
        assert!(event.name.is_some(), "{body}");
        assert!(
            matches!(&event.content, Content::Other(kept) if kept == body),
            "{:?}",
            event.content
        );
        assert!(event.message.is_none(), "{body}");
    }
}

#[test]
fn only_what_is_a_number_is_given_as_one() {
    let number = |members: &str| {
        read(&["{", members, r#","uuid":"MSG1","message":{"text":"Hi"}}"#].concat()).phone_number
    };
    for (members, expected) in [
        (r#""remote_phone_number":"+14155550123""#, Some("+14155550123")),
        (r#""remote_phone_number":"14155550123""#, Some("+14155550123")),
        (r#""remotePhoneNumber":14155550123"#, Some("+14155550123")),
        (r#""remote_phone_number":"+1 (415) 555-0123""#, Some("+14155550123")),
        (r#""remote_phone_number":"14155550123@c.us""#, Some("+14155550123")),
        (r#""remote_phone_number":"14155550123:7@s.whatsapp.net""#, Some("+14155550123")),
        (r#""remote_phone_number":"14155550123@S.WhatsApp.net""#, Some("+14155550123")),
        (r#""participant":14155550123"#, Some("+14155550123")),
        (r#""remote_phone_number":"14155550123@lid""#, None),
        (r#""remote_phone_number":"14155550123@g.us""#, None),
        (r#""remote_phone_number":"14155550123@c.us@lid""#, None),
        (r#""remote_phone_number":"0123""#, None),
        (
            r#""session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123@c.us""#,
            Some("+14155550123"),
        ),
        (r#""session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123@lid""#, None),
        (r#""session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123""#, None),
        (
            r#""session_key":"WA-WAN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123""#,
            Some("+14155550123"),
        ),
        (
            r#""remote_phone_number":"+14155550123",
               "session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123@lid""#,
            None,
        ),
        (r#""participant":{"phone_number":"+14155550123","id":"14155550123@lid"}"#, None),
        (r#""participant":{"phone_number":"+14155550123","id":"14155550123:7@lid"}"#, None),
        (r#""participant":{"phone_number":"+14155550123"}"#, Some("+14155550123")),
    ] {
        assert_eq!(number(members).as_deref(), expected, "{members}");
    }
}

#[test]
fn a_number_with_the_digits_of_an_id_is_that_id() {
    for (server, is_id) in [
        ("lid", true),
        ("LID", true),
        ("hosted.lid", true),
        ("g.us", true),
        ("G.us", true),
        ("newsletter", true),
        ("broadcast", true),
        ("bot", true),
        ("c.us", false),
        ("C.US", false),
        ("s.whatsapp.net", false),
        // Of mail, of telephony, of nothing.
        ("example.com", false),
        ("10.0.0.1", false),
        ("", false),
    ] {
        let expected = if is_id { None } else { Some("+98765432109876") };
        for members in [
            r#""session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-ID""#,
            r#""session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550123-ID""#,
            r#""chat_id":"ID""#,
            r#""remoteJid":"98765432109876:12@SERVER""#,
            r#""jids":["1@lid","ID"]"#,
            r#""key":{"a":{"_serialized":"true_ID_3EB0","user":"98765432109876"}}"#,
            r#""contact":{"id":{"_serialized":"ID"},"first_name":"Ada"}"#,
            r#""participants":[{"id":"ID"},{"id":"ID"}]"#,
            r#""group":{"id":"ID"}"#,
        ] {
            let members = members.replace("ID", "98765432109876@SERVER").replace("SERVER", server);
            for number in ["+98765432109876", "98765432109876", "98765432109876@c.us"] {
                let body = [r#"{"remote_phone_number":""#, number, r#"","channel_phone_number":""#];
                let body = [&body.concat(), number, "\",", &members, "}"].concat();
                let event = read(&body);
                assert_eq!(event.phone_number.as_deref(), expected, "{body}");
                assert_eq!(event.channel_phone_number.as_deref(), expected, "{body}");
            }
        }
    }
}

#[test]
fn of_plain_digits_only_what_is_called_a_lid_is_no_number() {
    for (members, is_number) in [
        (r#""lid":"98765432109876""#, false),
        (r#""lid":98765432109876"#, false),
        (r#""LID":"+98765432109876""#, false),
        (r#""senderLid":"98765432109876""#, false),
        (r#""contact":{"lid":"98765432109876:3"}"#, false),
        (r#""participants":[{"lid":"98765432109876"},{"id":"1@lid"}]"#, false),
        (r#""wa_id":"98765432109876""#, true),
        (r#""contact":{"wa_id":"98765432109876"}"#, true),
        (r#""valid":"98765432109876""#, true),
        (r#""lid":null"#, true),
        // What people write is no id.
        (r#""message":{"text":"98765432109876@lid"}"#, true),
        (r#""contact":{"first_name":"98765432109876@lid"}"#, true),
        (r#""contact":{"profile_pic_url":"https://a.b/98765432109876@lid"}"#, true),
        (r#""sent_by":"98765432109876@lid""#, false),
    ] {
        let body = ["{", members, r#","from_number":"+98765432109876"}"#].concat();
        let expected = is_number.then_some("+98765432109876");
        assert_eq!(read(&body).phone_number.as_deref(), expected, "{body}");
    }
    // Where there are too many ids to keep, the next may be that of any number.
    let ids = r#""10000000@lid","#.repeat(8000);
    let body = [r#"{"from_number":"+98765432109876","ids":["#, &ids, r#""98765432109876@lid"]}"#];
    assert_eq!(read(&body.concat()).phone_number, None);
    // Another number is one, wherever it stands.
    let event = read(
        r#"{"session_key":"WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-98765432109876@g.us",
            "remote_phone_number":"+98765432109876","participant":{"phone_number":14155550123}}"#,
    );
    assert_eq!(event.phone_number.as_deref(), Some("+14155550123"));
    let joined = read(
        r#"{"type":"group.join","participants":[14155550124,"+98765432109876",
            {"phone_number":"+99999999","lid":"99999999"},{"lid":"5@lid"}],
            "author":"98765432109876@lid"}"#,
    );
    let Content::GroupChange(change) = joined.content else { panic!("{:?}", joined.content) };
    let expected = ["+14155550124", "98765432109876@lid", "99999999@lid", "5@lid"];
    assert_eq!(change.participants, expected);
    assert!(joined.unread.is_none());
}

#[test]
fn a_message_of_an_unknown_kind_is_one_and_says_what_could_not_be_read() {
    const NAMED: &str = r#""event":"whatsapp.message.received","#;
    for (content, places) in [
        (r#"{"sticker":{"a":1}}"#, &["$.message.sticker"][..]),
        (r#"{"type":"pin","latitude":1.5}"#, &["$.message.type", "$.message.latitude"]),
        (r#"{"message":{"poll":["a"]}}"#, &["$.message.message.poll"]),
        (r#"{"media":[{"url":1},{}],"a":"b"}"#, &["$.message.media", "$.message.a"]),
        (r#"{"media":"https://example.com/a"}"#, &["$.message.media"]),
        (r#"["a","b"]"#, &["$.message"]),
        ("7", &["$.message"]),
        (r#"{"text":""}"#, &[]),
        ("null", &[]),
        ("{}", &[]),
    ] {
        for (name, uuid) in [(NAMED, "MSG1"), ("", "MSG1"), (NAMED, "X1")] {
            let members = [name, r#""uuid":""#, uuid, r#"","message":"#, content].concat();
            let event = read(&["{", &members, "}"].concat());
            assert!(matches!(event.content, Content::Message), "{members}: {:?}", event.content);
            let message = event.message.unwrap();
            assert_eq!((event.key.as_deref(), message.uuid.as_deref()), (Some(uuid), Some(uuid)));
            assert!(message.text.is_none() && message.media.is_none() && message.order.is_none());
            let told = event.unread.map_or(Vec::new(), |unread| unread.places);
            assert_eq!(told, places, "{members}");
        }
    }
    // A name needs no more than a trace of the message.
    assert_eq!(read(&["{", NAMED, r#""message_uuid":"MSG1"}"#].concat()).key.unwrap(), "MSG1");
    let begun = read(r#"{"uuid":"MSG1","message":{"sticker":{}},"time_period":"day"}"#);
    assert!(matches!(begun.content, Content::Conversation(Some(_))) && begun.key.is_some());
    // What a receipt is of need not be read.
    let receipt = read(r#"{"event":"message.read","message_uuid":"MSG1","message":{"a":{}}}"#);
    assert!(receipt.unread.is_none());
}

#[test]
fn an_order_stays_one_whatever_of_it_cannot_be_read() {
    let many = ["{\"total\":1", &"0".repeat(30), "}"].concat();
    for (order, total, place) in [
        (r#"{"total":"$25","currency":"USD"}"#, None, "$.message.order.total"),
        (r#"{"total":"25,00","currency":"EUR"}"#, None, "$.message.order.total"),
        (r#"{"subtotal":{"a":25}}"#, None, "$.message.order.subtotal"),
        (&*many, None, "$.message.order.total"),
        (r#"{"products":[{"sku":1}]}"#, None, "$.message.order.products[0]"),
        (r#"{"products":"a cap"}"#, None, "$.message.order.products"),
        (r#"[{"total":25,"currency":"EUR"}]"#, Some("25"), ""),
        // Of several, none is the order.
        (r#"[{"total":25},{"total":30}]"#, None, "$.message.order"),
    ] {
        for text in ["", r#""text":"I buy","#] {
            let body = [r#"{"uuid":"MSG1","message":{"#, text, r#""order":"#, order, "}}"].concat();
            let event = read(&body);
            let told = event.unread.map_or(Vec::new(), |unread| unread.places);
            assert_eq!(told.first().map_or("", |place| place), place, "{body}");
            let found = event.message.unwrap().order.unwrap();
            assert_eq!(found.total.as_deref(), total, "{body}");
        }
    }
    for none in ["null", "false", "{}", "[]", r#"{"total":null,"currency":"EUR","products":[]}"#] {
        let body = [r#"{"uuid":"MSG1","message":{"text":"Hi","order":"#, none, "}}"].concat();
        assert!(read(&body).message.unwrap().order.is_none(), "{body}");
    }
}

#[test]
fn what_stands_there_and_cannot_be_read_is_told_with_its_place() {
    let event = read(
        r#"{"uuid":[],"created_at":"yesterday","sent_by":null,"channel_phone_number":"",
            "contact":7,"message":{"text":" ","media":[],"order":{"total":"many",
            "products":[{"name":"Cap","price":1.5,"quantity":-1},7]}}}"#,
    );
    let unread = event.unread.unwrap();
    let places = [
        "$.uuid",
        "$.created_at",
        "$.contact",
        "$.message.media",
        "$.message.order.total",
        "$.message.order.products[0].quantity",
        "$.message.order.products[1]",
    ];
    assert_eq!((unread.count, &unread.places[..]), (7, &places.map(str::to_owned)[..]));
    let products = event.message.unwrap().order.unwrap().products;
    assert_eq!((products.len(), products[0].price.as_deref()), (1, Some("1.5")));
}

#[test]
fn a_group_is_told_from_a_person_and_an_event_from_what_it_is_about() {
    let joined = read(
        r#"{"type":"whatsapp.group.join","uuid":"WAG1","wa_group_id":"1203@g.us",
            "group":{"wa_group_name":"Club"},"participants":["14155550123@c.us",
            {"id":"99@lid","pushname":"Ada"}]}"#,
    );
    assert_eq!((joined.key, joined.group_uuid.as_deref()), (None, Some("WAG1")));
    assert_eq!(
        (joined.group_name.as_deref(), joined.chat_id.as_deref()),
        (Some("Club"), Some("1203@g.us"))
    );
    assert_eq!(joined.phone_number, None);
    let Content::GroupChange(change) = joined.content else { panic!("{:?}", joined.content) };
    assert_eq!(
        (&*change.kind, &change.participants[..]),
        ("join", &["+14155550123".to_owned(), "99@lid".to_owned()][..])
    );
}

#[test]
fn what_is_told_of_one_thing_twice_is_no_double_for_its_uuid() {
    for body in [
        r#"{"event":"whatsapp.waba.template.status.updated","uuid":"TPL1","status":"APPROVED"}"#,
        r#"{"event":"whatsapp.poll.vote","id":"PLL1","message_uuid":"MSG1"}"#,
        r#"{"event":"whatsapp.message.reaction","uuid":"MSG1","message":{"emoji":{}}}"#,
        r#"{"uuid":"EVT1","message":{"sticker":{}}}"#,
        r#"{"uuid":"MSG1","sent_by":"user"}"#,
        r#"{"message_uuid":"MSG1","message":{"sticker":{}}}"#,
        r#"{"event":"whatsapp.message.edited","uuid":"MSG1","message":{"text":"new"}}"#,
        r#"{"event":"whatsapp.message.receipt.seen","message_uuid":"MSG1"}"#,
        r#"{"event":"call.transferred","uuid":"CDR1","callid":"7","status":"ended"}"#,
        r#"{"event":"whatsapp.number.status","uuid":"EVT1"}"#,
        r#"{"uuid":"EVT1"}"#,
    ] {
        let event = read(body);
        assert!(matches!(event.content, Content::Other(_)), "{body}: {:?}", event.content);
        assert_eq!(event.key, None, "{body}");
    }
    for body in [
        r#"{"event":"disconnected","uuid":"EVT1"}"#,
        r#"{"type":"group.join","uuid":"EVT1","wa_group_id":"1203@g.us"}"#,
    ] {
        assert_eq!(read(body).key, None, "{body}");
    }
}

#[test]
fn a_body_may_be_a_list_of_one_or_wrapped_and_says_a_thing_once() {
    let message = r#"{"uuid":"MSG1","uuid":"MSG2","id":7,"message":{"text":"a","text":"b"}}"#;
    for body in [message, &["[", message, "]"].concat(), &[r#"{"data":"#, message, "}"].concat()] {
        let event = read(body);
        assert_eq!(event.key.as_deref(), Some("MSG1"), "{body}");
        assert_eq!(event.message.unwrap().text.as_deref(), Some("a"), "{body}");
    }
    for (body, place) in
        [("", "$"), ("[[{}]]", "$"), ("[{},{}]", "$"), (r#"{"message":{"text"}}"#, "$.message")]
    {
        let failure = told(body, "a.b").unwrap_err();
        assert_eq!(
            (failure.kind, failure.field.as_deref()),
            (ErrorKind::InvalidInput, Some(place)),
            "{body}"
        );
    }
}
