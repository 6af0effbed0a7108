//! `POST /contacts`: adds a contact to the directory.
//!
//! Documented at developers.2chat.co under "Create contact". 2Chat answers 201
//! with the stored contact. It does not look for duplicates, and a repeated
//! request makes a second contact.

use serde::Serialize;

use super::Action;
use crate::{
    contract::{Contact, DetailKind, NewContact, NewContactDetail},
    error::{Failure, Result},
    json::{self, Answer},
    records::ContactFields,
    text::{concat, digits},
    twochat::{Arguments, Call, is_wrapping, members},
    values::{ChannelUuid, Email, Name, PhoneNumber, Text, WebUrl},
};

/// So many details at the start are compared with those after them: more than anybody has,
/// and few enough for any list.
const COMPARED: usize = 256;

/// The checked contact, as it is sent.
pub(crate) struct CreateContact(Vec<u8>);

/// It in 2Chat's shape.
///
/// The documentation's table says `contact_details`; all of its examples, and
/// all working clients, send `contact_detail`.
#[derive(Serialize)]
struct Body<'c> {
    first_name: Name<'c>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Name<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_pic_url: Option<WebUrl<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_uuid: Option<ChannelUuid<'c>>,
    contact_detail: Vec<Detail<'c>>,
}

/// A code of 2Chat, and a value that is fit for it.
#[derive(Serialize)]
struct Detail<'c> {
    #[serde(rename = "type")]
    code: &'static str,
    value: &'c str,
}

impl Action for CreateContact {
    type Input = NewContact;
    type Output = Contact;

    const ARGUMENTS: Arguments = Arguments {
        names: "first-name|last-name|profile-pic-url|channel-uuid|details",
        spellings: &[
            ("contact_detail", "details"),
            ("contact_details", "details"),
            ("type", "kind"),
        ],
    };

    fn build(contact: NewContact) -> Result<Self> {
        if contact.details.is_empty() {
            return Err(Failure::invalid("details", "it is empty; expected at least one detail"));
        }
        let mut contact_detail = Vec::new();
        for (index, of) in contact.details.iter().enumerate() {
            let field = concat(&["details[", &digits(index as u64), "].value"]);
            contact_detail.push(detail(&field, of)?);
            let mut before = contact.details.iter().take(index.min(COMPARED));
            if before.any(|it| it.value == of.value) {
                let why = "it is given twice; expected each number or address once";
                return Err(Failure::invalid(&field, why));
            }
        }
        let first_name = Name::of("first-name", &contact.first_name)?;
        let last_name = contact.last_name.as_deref().filter(|name| !name.trim().is_empty());
        let last_name = last_name.map(|name| Name::of("last-name", name)).transpose()?;
        let picture = contact.profile_pic_url.as_deref();
        let profile_pic_url = picture.map(|url| WebUrl::of("profile-pic-url", url)).transpose()?;
        let channel = contact.channel_uuid.as_deref();
        let channel_uuid = channel.map(|uuid| ChannelUuid::of("channel-uuid", uuid)).transpose()?;
        let body = Body { first_name, last_name, profile_pic_url, channel_uuid, contact_detail };
        json::body(&body).map(Self)
    }

    fn call(&self) -> Call {
        Call::post("/contacts", self.0.clone())
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Contact> {
        // One client takes it bare; nobody showed such an answer.
        let (mut bare, mut wrapped) = (ContactFields::default(), ContactFields::default());
        let mut missing = "contact";
        json::read(answer, &mut |value| {
            let place = value.place;
            let is_object = members(value, &mut |key, value| {
                let is_listed = value.is_list() && is_wrapping(key) && missing == "contact";
                if (key != "contact" && !is_listed) || wrapped.is_one() {
                    return bare.member(if key == "contact_uuid" { "uuid" } else { key }, value);
                }
                wrapped = ContactFields::default();
                let is_one = members(value, &mut |key, value| wrapped.member(key, value))?;
                missing = if is_one { "contact.uuid" } else { "contact" };
                Ok(())
            })?;
            if is_object { Ok(()) } else { Err(place.fault("expected an object")) }
        })?;
        wrapped.contact().or_else(|| bare.contact()).ok_or_else(|| answer.missing(missing))
    }

    fn warning(contact: &mut Contact) -> &mut Option<String> {
        &mut contact.warning
    }
}

fn detail<'c>(field: &str, detail: &'c NewContactDetail) -> Result<Detail<'c>> {
    let value = &*detail.value;
    let code = match detail.kind {
        DetailKind::Email => Email::of(field, value).map(|_| "E"),
        DetailKind::Address => Text::of(field, value).map(|_| "A"),
        DetailKind::Phone => PhoneNumber::of(field, value).map(|_| "PH"),
        DetailKind::WhatsappPhone => PhoneNumber::of(field, value).map(|_| "WAPH"),
    };
    Ok(Detail { code: code?, value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{answer, assert_named};
    use crate::{contract::ErrorKind, twochat::Method};

    const CHANNEL: &str = "WPN66037eca-9ad1-4c96-9eff-526a90a48c77";

    /// The shape of the documentation's answer, with a contact of our own:
    /// times in seconds, 0 for never, no number of the contact.
    const ANSWER: &str = r#"{"success":true,"contact":{
        "uuid":"CON2226e836-36dc-4103-b2a2-6307749cf390","first_name":"Ada",
        "last_name":"Lovelace","channel_uuid":"WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
        "profile_pic_url":null,"details":[
            {"id":1331,"value":"+14155550123","type":"WAPH","created_at":1695230471,"updated_at":0},
            {"id":1332,"value":"ada@example.com","type":"E","created_at":1695230471,
             "updated_at":1695230472}]}}"#;

    fn detail(kind: DetailKind, value: &str) -> NewContactDetail {
        NewContactDetail { kind, value: value.to_owned() }
    }

    fn ada() -> NewContact {
        NewContact {
            first_name: "Ada".to_owned(),
            last_name: None,
            profile_pic_url: None,
            channel_uuid: None,
            details: vec![detail(DetailKind::Phone, "+14155550123")],
        }
    }

    fn body(contact: NewContact) -> serde_json::Value {
        let call = CreateContact::build(contact).ok().unwrap().call();
        serde_json::from_slice(&call.body.unwrap()).unwrap()
    }

    fn read(body: &str) -> Result<Contact> {
        CreateContact::build(ada()).ok().unwrap().read(&answer(body))
    }

    #[test]
    fn a_full_contact_is_posted_with_the_names_and_codes_of_2chat() {
        let call = CreateContact::build(NewContact {
            last_name: Some("Lovelace".to_owned()),
            profile_pic_url: Some("https://example.com/ada.jpeg".to_owned()),
            channel_uuid: Some(CHANNEL.to_owned()),
            details: vec![
                detail(DetailKind::Email, "ada@example.com"),
                detail(DetailKind::Address, "12 St James's Square,\nLondon"),
                detail(DetailKind::Phone, "+14155550123"),
                detail(DetailKind::WhatsappPhone, "+14155550124"),
            ],
            ..ada()
        });
        let call = call.ok().unwrap().call();

        assert_eq!((call.method, call.path.as_str()), (Method::Post, "/contacts"));
        assert_eq!(call.query, []);
        let body: serde_json::Value = serde_json::from_slice(&call.body.unwrap()).unwrap();
        let expected = serde_json::json!({
            "first_name": "Ada",
            "last_name": "Lovelace",
            "profile_pic_url": "https://example.com/ada.jpeg",
            "channel_uuid": CHANNEL,
            "contact_detail": [
                { "type": "E", "value": "ada@example.com" },
                { "type": "A", "value": "12 St James's Square,\nLondon" },
                { "type": "PH", "value": "+14155550123" },
                { "type": "WAPH", "value": "+14155550124" },
            ],
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let expected = serde_json::json!({
            "first_name": "Ada",
            "contact_detail": [{ "type": "PH", "value": "+14155550123" }],
        });
        assert_eq!(body(ada()), expected);
        for blank in ["", " ", "\t\n", "\u{3000}\u{A0}"] {
            let contact = NewContact { last_name: Some(blank.to_owned()), ..ada() };
            assert_eq!(body(contact), expected, "{blank:?}");
        }
    }

    #[test]
    fn any_name_arrives_as_it_is() {
        for name in
            ["\"Ada\"", "Ada\\", "Zoë 艾达 👩\u{200D}💻", " Ada ", "علی\u{200C}رضا", "</script>"]
        {
            let contact = NewContact {
                first_name: name.to_owned(),
                last_name: Some(name.to_owned()),
                ..ada()
            };
            let body = body(contact);
            assert_eq!((&body["first_name"], &body["last_name"]), (&name.into(), &name.into()));
        }
    }

    #[test]
    fn a_refused_argument_is_named_and_a_good_value_shown() {
        let with = |kind, value| NewContact {
            details: vec![detail(DetailKind::Phone, "+14155550123"), detail(kind, value)],
            ..ada()
        };
        for (contact, field, shown) in [
            (NewContact { first_name: " ".to_owned(), ..ada() }, "first-name", "Ada"),
            (NewContact { details: Vec::new(), ..ada() }, "details", "at least one detail"),
            (
                NewContact { profile_pic_url: Some("ada.jpeg".to_owned()), ..ada() },
                "profile-pic-url",
                "https://example.com/path",
            ),
            (
                NewContact { profile_pic_url: Some(String::new()), ..ada() },
                "profile-pic-url",
                "https://example.com/path",
            ),
            (
                NewContact { channel_uuid: Some("DID1".to_owned()), ..ada() },
                "channel-uuid",
                CHANNEL,
            ),
            (
                NewContact { first_name: "A\u{200B}da".to_owned(), ..ada() },
                "first-name",
                "AU+200Bda",
            ),
            (NewContact { first_name: "\u{2800}".to_owned(), ..ada() }, "first-name", "U+2800"),
            (
                NewContact { last_name: Some("Love\u{202E}lace".to_owned()), ..ada() },
                "last-name",
                "U+202E",
            ),
            (
                NewContact { profile_pic_url: Some("https://example.com/\u{AD}".into()), ..ada() },
                "profile-pic-url",
                "U+00AD",
            ),
            (
                with(DetailKind::Phone, "+1 (415) 555-0123"),
                "details[1].value",
                "write +14155550123;",
            ),
            (with(DetailKind::Address, "12 St\0"), "details[1].value", "U+0000"),
            (with(DetailKind::Email, "ada"), "details[1].value", "ada@example.com"),
            (with(DetailKind::Address, ""), "details[1].value", "not blank"),
            (with(DetailKind::Phone, "0123"), "details[1].value", "+14155550123"),
            (with(DetailKind::WhatsappPhone, "ada@example.com"), "details[1].value", "8 to 15"),
        ] {
            let failure = CreateContact::build(contact).err().unwrap();
            assert_eq!((failure.kind, failure.status), (ErrorKind::InvalidInput, None), "{field}");
            assert_eq!(failure.field.as_deref(), Some(field));
            assert!(failure.message.starts_with(&[field, ": "].concat()), "{}", failure.message);
            assert!(failure.message.contains(shown), "{}", failure.message);
        }
    }

    #[test]
    fn a_detail_is_given_once_of_whatever_kind() {
        let build = |details| CreateContact::build(NewContact { details, ..ada() });
        let number = |kind| detail(kind, "+14155550123");
        let place = |value| detail(DetailKind::Address, value);
        let mail = || detail(DetailKind::Email, "ada@example.com");
        for [first, second] in [
            [number(DetailKind::Phone), number(DetailKind::Phone)],
            [number(DetailKind::WhatsappPhone), number(DetailKind::Phone)],
            [number(DetailKind::Phone), place("+14155550123")],
            [mail(), mail()],
        ] {
            let failure = build(vec![first, place("London"), second]).err().unwrap();
            assert_eq!(failure.kind, ErrorKind::InvalidInput);
            assert_eq!(failure.field.as_deref(), Some("details[2].value"));
            assert!(failure.message.contains("given twice"), "{}", failure.message);
        }
        let other = detail(DetailKind::Phone, "+14155550124");
        assert!(
            build(vec![number(DetailKind::Phone), place("London"), place("Paris"), other]).is_ok()
        );
    }

    #[test]
    fn the_stored_contact_is_read_from_the_documented_answer() {
        let contact = read(ANSWER).unwrap();
        assert_eq!(contact.uuid, "CON2226e836-36dc-4103-b2a2-6307749cf390");
        assert_eq!(contact.id, None);
        assert_eq!(contact.first_name.as_deref(), Some("Ada"));
        assert_eq!(contact.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(contact.channel_uuid.as_deref(), Some(CHANNEL));
        assert_eq!(contact.profile_pic_url, None);

        let [phone, email] = &contact.details[..] else { panic!("{:?}", contact.details) };
        assert_eq!(
            (phone.id, &*phone.kind, &*phone.value),
            (Some(1331), "whatsapp-phone", "+14155550123")
        );
        assert_eq!(phone.created_at.as_deref(), Some("2023-09-20T17:21:11Z"));
        assert_eq!(phone.updated_at, None);
        assert_eq!((&*email.kind, &*email.value), ("email", "ada@example.com"));
        assert_eq!(email.updated_at.as_deref(), Some("2023-09-20T17:21:12Z"));
    }

    #[test]
    fn a_contact_needs_no_more_than_a_uuid() {
        for body in [
            r#"{"contact":{"uuid":"CON1"}}"#,
            r#"{"contact":{"uuid":"CON1","details":null,"first_name":null,"name":"Ada"}}"#,
            r#"{"contact":{"details":[],"uuid":"CON1","id":null},"new":{"uuid":"CON2"}}"#,
        ] {
            let contact = read(body).unwrap();
            assert_eq!((&*contact.uuid, contact.first_name), ("CON1", None), "{body}");
            assert_eq!((contact.id, contact.details.len()), (None, 0), "{body}");
        }
    }

    #[test]
    fn a_creation_with_a_uuid_is_a_result_however_odd_the_rest() {
        for body in [
            r#"{"success":true,"contact":{"uuid":"CON1","id":"x","first_name":false,"details":7}}"#,
            r#"{"contact":{"uuid":"CON1","details":[{"type":"E"}],"channel_uuid":{}}}"#,
            "\u{feff}{\"contact\":{\"uuid\":\"CON1\",\"details\":[null]}}",
            // Without its wrapping.
            r#"{"success":true,"uuid":"CON1","first_name":null,"details":[7]}"#,
            r#"{"contact":null,"uuid":"CON1","details":["x"]}"#,
        ] {
            let contact = read(body).unwrap();
            assert_eq!((&*contact.uuid, contact.first_name), ("CON1", None), "{body}");
            assert!(contact.details.is_empty() && contact.unread_details == Some(1), "{body}");
        }
        assert_eq!(read(r#"{"contact":{"uuid":7}}"#).unwrap().uuid, "7");
    }

    #[test]
    fn a_kind_of_detail_that_is_new_keeps_the_code_of_2chat() {
        let body = r#"{"contact":{"uuid":"CON1","details":[{"type":"TG","value":"@ada"}]}}"#;
        let contact = read(body).unwrap();
        assert_eq!((&*contact.details[0].kind, &*contact.details[0].value), ("TG", "@ada"));
    }

    #[test]
    fn what_a_contact_complains_of_is_its_warning() {
        for (members, warning) in [
            (r#""warning":"Picture too large""#, Some("Picture too large")),
            (r#""error":{"message":"Picture too large"}"#, Some("Picture too large")),
            (r#""errors":["Picture too large",null]"#, Some("Picture too large")),
            (r#""warning":null,"error":"none","errors":[{}]"#, None),
        ] {
            let body = [r#"{"contact":{"uuid":"CON1","#, members, "}}"].concat();
            assert_eq!(read(&body).unwrap().warning.as_deref(), warning, "{members}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_named_by_its_path() {
        assert_named(
            read,
            &[
                ("{}", "$.contact"),
                (r#"{"contact":null}"#, "$.contact"),
                (r#"{"contact":{"first_name":"Ada"}}"#, "$.contact.uuid"),
                (r#"{"contact":{"uuid":null}}"#, "$.contact.uuid"),
                (r#"{"contact":{"uuid":""}}"#, "$.contact.uuid"),
                (r#"{"contact":"CON1"}"#, "$.contact"),
                (r#"{"success":true}"#, "$.contact"),
                ("[]", "$"),
                ("", "$"),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_contact_or_a_failure(text in "(?s).{0,60}", at in 0..ANSWER.len()) {
            let (before, after) = ANSWER.split_at(at);
            for body in [&text, &[before, &text].concat(), &[before, &text, after].concat()] {
                let _ = read(body);
            }
        }

        #[test]
        fn any_contact_is_sent_as_json_or_refused_by_field(
            name in "(?s).{0,20}",
            url in prop::option::of("(https://example.com)?.{0,9}"),
            value in "(?s)\\+?[0-9]{0,12}.{0,3}",
        ) {
            let contact = NewContact {
                first_name: name,
                last_name: None,
                profile_pic_url: url,
                channel_uuid: None,
                details: vec![detail(DetailKind::Address, &value), detail(DetailKind::Phone, &value)],
            };
            match CreateContact::build(contact) {
                Ok(action) => {
                    let body = action.call().body.unwrap();
                    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                    prop_assert_eq!(&body["contact_detail"][1]["value"], &value);
                }
                Err(failure) => prop_assert!(failure.field.is_some()),
            }
        }
    }
}
