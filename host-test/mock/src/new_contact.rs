//! Is the body of a creation one that 2Chat takes, and if not, what does it
//! say? Every value that is wrong is named with its place, as the vendor's
//! framework does.
//!
//! Stores nothing, and knows no other contact: 2Chat lets doubles in.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::exchange::Reply;

/// The kinds of detail, by 2Chat's own codes.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    E,
    A,
    Ph,
    Waph,
}

/// A creation that is in order.
pub(super) struct NewContact {
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) profile_pic_url: Option<String>,
    pub(super) channel_uuid: Option<String>,
    pub(super) details: Vec<(Kind, String)>,
}

/// Reads the body of a creation, or says what is wrong with it.
pub(super) fn read(body: &str) -> Result<NewContact, Reply> {
    let Ok(body) = serde_json::from_str(body) else {
        return Err(Reply::refusal(400));
    };
    let mut reading = Reading { complaints: Vec::new() };
    match reading.contact(&body) {
        Some(contact) if reading.complaints.is_empty() => Ok(contact),
        _ => Err(Complaint::reply(reading.complaints)),
    }
}

/// One value that is refused.
#[derive(Serialize)]
pub(super) struct Complaint {
    loc: Vec<Value>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Complaint {
    pub(super) fn new(place: &[Value], kind: &'static str, message: impl Into<String>) -> Self {
        Self { loc: place.to_vec(), msg: message.into(), kind }
    }

    /// All complaints about one request.
    pub(super) fn reply(complaints: Vec<Complaint>) -> Reply {
        Reply::gateway(422, json!(complaints))
    }
}

/// Collects complaints while reading; `None` stands for a value that was
/// complained about.
struct Reading {
    complaints: Vec<Complaint>,
}

impl Reading {
    fn contact(&mut self, body: &Value) -> Option<NewContact> {
        let here = [json!("body")];
        let Some(fields) = body.as_object() else {
            return self.refuse(&here, "dict_type", "Input should be a valid dictionary");
        };
        let first_name = self.text(fields, &here, "first_name");
        let last_name = self.maybe_text(fields, &here, "last_name");
        let profile_pic_url = self.maybe_text(fields, &here, "profile_pic_url");
        let channel_uuid = self.channel(fields, &here);
        let details = self.details(fields, &here);
        Some(NewContact {
            first_name: first_name?,
            last_name: last_name?,
            profile_pic_url: profile_pic_url?,
            channel_uuid: channel_uuid?,
            details: details?,
        })
    }

    fn channel(&mut self, fields: &Fields, here: &[Value]) -> Option<Option<String>> {
        let channel = self.maybe_text(fields, here, "channel_uuid")?;
        match &channel {
            Some(uuid) if !["WPN", "WAN"].iter().any(|prefix| uuid.starts_with(prefix)) => {
                let place = at(here, "channel_uuid");
                self.refuse(&place, "value_error", "Value error, not a WhatsApp channel")
            }
            _ => Some(channel),
        }
    }

    fn details(&mut self, fields: &Fields, here: &[Value]) -> Option<Vec<(Kind, String)>> {
        // The docs' own table calls it `contact_details`, which no example
        // sends: under that name it counts as missing.
        let place = at(here, "contact_detail");
        let Some(details) = fields.get("contact_detail") else {
            return self.refuse(&place, "missing", "Field required");
        };
        let Some(details) = details.as_array() else {
            return self.refuse(&place, "list_type", "Input should be a valid list");
        };
        if details.is_empty() {
            return self.refuse(&place, "too_short", "List should have at least 1 item");
        }
        let read =
            details.iter().enumerate().map(|(n, detail)| self.detail(detail, &at(&place, n)));
        // All are read before one that failed ends it: each has its say.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    fn detail(&mut self, detail: &Value, here: &[Value]) -> Option<(Kind, String)> {
        let Some(fields) = detail.as_object() else {
            return self.refuse(here, "dict_type", "Input should be a valid dictionary");
        };
        let kind = self.kind(fields, here);
        let value = self.text(fields, here, "value");
        let (kind, value) = (kind?, value?);
        if matches!(kind, Kind::Ph | Kind::Waph) && !is_e164(&value) {
            let place = at(here, "value");
            return self.refuse(&place, "value_error", "Value error, not a number in E.164");
        }
        Some((kind, value))
    }

    fn kind(&mut self, fields: &Fields, here: &[Value]) -> Option<Kind> {
        match self.text(fields, here, "type")?.as_str() {
            "E" => Some(Kind::E),
            "A" => Some(Kind::A),
            "PH" => Some(Kind::Ph),
            "WAPH" => Some(Kind::Waph),
            _ => self.refuse(&at(here, "type"), "enum", "Input should be 'E', 'A', 'PH' or 'WAPH'"),
        }
    }

    fn text(&mut self, fields: &Fields, here: &[Value], name: &str) -> Option<String> {
        let place = at(here, name);
        match fields.get(name) {
            None => self.refuse(&place, "missing", "Field required"),
            Some(Value::String(text)) if text.trim().is_empty() => {
                self.refuse(&place, "string_too_short", "String should have at least 1 character")
            }
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => self.refuse(&place, "string_type", "Input should be a valid string"),
        }
    }

    fn maybe_text(
        &mut self,
        fields: &Fields,
        here: &[Value],
        name: &str,
    ) -> Option<Option<String>> {
        match fields.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => Some(Some(text.clone())),
            Some(_) => {
                self.refuse(&at(here, name), "string_type", "Input should be a valid string")
            }
        }
    }

    fn refuse<T>(&mut self, place: &[Value], kind: &'static str, message: &str) -> Option<T> {
        self.complaints.push(Complaint::new(place, kind, message));
        None
    }
}

type Fields = Map<String, Value>;

fn at(place: &[Value], next: impl Into<Value>) -> Vec<Value> {
    place.iter().cloned().chain([next.into()]).collect()
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}
