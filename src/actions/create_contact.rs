//! `POST /contacts`: adds a contact to the directory.
//!
//! Documented at developers.2chat.co under "Create contact". 2Chat answers 201
//! with the stored contact. It does not look for duplicates, and a repeated
//! request makes a second contact.

use serde::Serialize;

use super::Action;
use crate::{
    contract::{Contact, DetailKind, NewContact, NewContactDetail},
    error::{Effect, Failure, Result},
    json, records,
    twochat::{Call, Spelling},
    values::{ChannelUuid, Email, PhoneNumber, Text, WebUrl},
};

/// The checked contact, in 2Chat's shape.
///
/// The documentation's table says `contact_details`; all of its examples, and
/// all working clients, send `contact_detail`.
#[derive(Serialize)]
pub(crate) struct CreateContact {
    first_name: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_pic_url: Option<WebUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_uuid: Option<ChannelUuid>,
    contact_detail: Vec<Detail>,
}

#[derive(Serialize)]
#[serde(tag = "type", content = "value")]
enum Detail {
    #[serde(rename = "E")]
    Email(Email),
    #[serde(rename = "A")]
    Address(Text),
    #[serde(rename = "PH")]
    Phone(PhoneNumber),
    #[serde(rename = "WAPH")]
    WhatsappPhone(PhoneNumber),
}

impl Action for CreateContact {
    type Input = NewContact;
    type Output = Contact;

    const EFFECT: Effect = Effect::Creates;

    const SPELLINGS: &'static [Spelling] =
        &[("contact_detail", "details"), ("contact_details", "details"), ("type", "kind")];

    fn build(contact: NewContact) -> Result<Self> {
        if contact.details.is_empty() {
            return Err(Failure::invalid("details", "it is empty; expected at least one detail"));
        }
        Ok(Self {
            first_name: Text::parse(contact.first_name).map_err(at("first-name"))?,
            last_name: contact.last_name,
            profile_pic_url: contact
                .profile_pic_url
                .map(WebUrl::parse)
                .transpose()
                .map_err(at("profile-pic-url"))?,
            channel_uuid: contact
                .channel_uuid
                .map(ChannelUuid::parse)
                .transpose()
                .map_err(at("channel-uuid"))?,
            contact_detail: contact
                .details
                .into_iter()
                .enumerate()
                .map(|(index, detail)| detail_at(index, detail))
                .collect::<Result<_>>()?,
        })
    }

    fn call(&self) -> Result<Call> {
        Call::post("/contacts", self)
    }

    fn read(self, body: &str) -> Result<Contact> {
        json::read(body, |answer| {
            let place = answer.place;
            let mut contact = None;
            answer.object(&mut |key, value| {
                if key == "contact" {
                    contact = Some(records::contact(value)?);
                }
                Ok(())
            })?;
            place.required("contact", contact)
        })
    }
}

fn detail_at(index: usize, detail: NewContactDetail) -> Result<Detail> {
    let value = detail.value;
    match detail.kind {
        DetailKind::Email => Email::parse(value).map(Detail::Email),
        DetailKind::Address => Text::parse(value).map(Detail::Address),
        DetailKind::Phone => PhoneNumber::parse(value).map(Detail::Phone),
        DetailKind::WhatsappPhone => PhoneNumber::parse(value).map(Detail::WhatsappPhone),
    }
    .map_err(at(&["details[", &index.to_string(), "].value"].concat()))
}

/// Turns the reason for a refusal into a failure that names the field.
fn at(field: &str) -> impl FnOnce(String) -> Box<Failure> {
    move |why| Failure::invalid(field, &why)
}
