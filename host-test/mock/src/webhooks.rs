//! Which events are reported, and where to? The subscriptions of the account.
//!
//! As 2Chat, it looks for no double. Sends nothing: see [`super::delivery`].

use serde_json::{Map, Value, json};

use super::contacts::CHANNELS;
use super::events::EVENTS;
use super::exchange::Reply;
use super::new_contact::Complaint;

/// The numbers of the account's WhatsApp channels.
const NUMBERS: [&str; CHANNELS.len()] = ["+14155550100", "+14155550101"];

/// The rows of the numbers, with their channels.
pub(super) fn numbers() -> Vec<Value> {
    let rows = NUMBERS.iter().zip(CHANNELS).map(|(number, channel)| {
        json!({
            "uuid": channel,
            "friendly_name": format!("Example {number}"),
            "phone_number": number,
            "iso_country_code": "US",
            "server": format!("{}@c.us", number.trim_start_matches('+')),
            "connection_status": "C",
            "enabled": true,
            "channel_type": "WW",
            "created_at": "2025-01-15 09:30:00",
            "updated_at": "2025-01-15 09:30:00",
        })
    });
    rows.collect()
}

/// The periods that 2Chat knows for a new conversation.
const PERIODS: [&str; 6] = ["all-time", "hour", "day", "week", "month", "year"];

/// A subscription.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    id: u64,
    event: String,
    channel: String,
    pub(super) hook_url: String,
    params: Map<String, Value>,
}

impl Webhook {
    pub(super) fn uuid(&self) -> String {
        format!("WHK{:08}-5b18-47c7-9183-5bf527fd0000", self.id)
    }

    pub(super) fn as_row(&self, with_ids: bool) -> Value {
        let seconds = self.id % 60;
        let mut row = json!({
            "uuid": self.uuid(),
            "event_name": self.event,
            "channel_uuid": self.channel,
            "hook_url": self.hook_url,
            "hook_params": self.params,
            "created_at": format!("2025-01-15T09:30:{seconds:02}Z"),
        });
        if let (true, Some(row)) = (with_ids, row.as_object_mut()) {
            row.insert("id".to_owned(), json!(self.id));
            row.insert("account_id".to_owned(), json!(7));
        }
        row
    }
}

/// All subscriptions, oldest first.
pub(super) struct Webhooks {
    all: Vec<Webhook>,
    next: u64,
}

impl Webhooks {
    pub(super) fn from_the_start() -> Self {
        let events = ["whatsapp.message.received", "whatsapp.message.sent"];
        let all = events.iter().zip(CHANNELS).zip(41..);
        let all = all.map(|((event, channel), id)| Webhook {
            id,
            event: (*event).to_owned(),
            channel: channel.to_owned(),
            // Owners do keep a secret in the address, so there is one to look after.
            hook_url: format!("https://example.com/hooks/{id}?token=example"),
            params: params(channel),
        });
        Self { all: all.collect(), next: 43 }
    }

    pub(super) fn all(&self) -> &[Webhook] {
        &self.all
    }

    /// Those that are for the event.
    pub(super) fn of(&self, event: &str) -> Vec<Webhook> {
        self.all.iter().filter(|webhook| webhook.event == event).cloned().collect()
    }

    pub(super) fn subscribe(&mut self, event: &str, body: &str) -> Result<&Webhook, Reply> {
        let Ok(Value::Object(body)) = serde_json::from_str(body) else {
            return Err(Reply::refusal(400));
        };
        if !EVENTS.contains(&event) {
            return Err(Reply::refusal(404));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let complain = |name: &str, kind, message: &str| {
            let place = [json!("body"), json!(name)];
            Complaint::reply(vec![Complaint::new(&place, kind, message)])
        };
        let is_url = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        let Some(hook_url) = text("hook_url").filter(is_url) else {
            return Err(complain("hook_url", "url_parsing", "Input should be a valid URL"));
        };
        let channel = match (text("channel_uuid"), text("on_number")) {
            (Some(uuid), _) if is_channel(uuid) => uuid,
            (Some(_), _) => return Err(Reply::refusal(404)),
            (None, Some(number)) if number.starts_with('+') => {
                let known = NUMBERS.iter().zip(CHANNELS).find(|(known, _)| **known == number);
                known.map(|(_, channel)| channel).ok_or_else(|| Reply::refusal(404))?
            }
            (None, Some(_)) => {
                return Err(complain("on_number", "value_error", "Input should be E.164"));
            }
            (None, None) => return Err(complain("on_number", "missing", "Field required")),
        };
        let mut params = params(channel);
        if event == "whatsapp.conversation.new" {
            let period = text("time_period").unwrap_or("all-time");
            if !PERIODS.contains(&period) {
                return Err(complain("time_period", "enum", "Input should be a period"));
            }
            params.insert("time_period".to_owned(), json!(period));
        }
        if let Some(group) = text("to_group_uuid") {
            params.insert("to_group_uuid".to_owned(), json!(group));
        }
        let (id, place) = (self.next, self.all.len());
        self.next += 1;
        let (event, channel) = (event.to_owned(), channel.to_owned());
        self.all.push(Webhook { id, event, channel, hook_url: hook_url.to_owned(), params });
        self.all.get(place).ok_or_else(|| Reply::refusal(500))
    }

    /// Whether there was one.
    pub(super) fn unsubscribe(&mut self, uuid: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|webhook| webhook.uuid() != uuid);
        self.all.len() < before
    }
}

fn params(channel: &str) -> Map<String, Value> {
    let is_web = channel.starts_with("WPN");
    is_web.then(|| ("waweb_uuid".to_owned(), json!(channel))).into_iter().collect()
}

fn is_channel(uuid: &str) -> bool {
    let prefixes = ["WPN", "WAN", "DID"];
    prefixes.iter().any(|it| uuid.strip_prefix(it).is_some_and(|uuid| uuid.len() == 36))
}
