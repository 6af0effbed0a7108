//! `POST /webhooks/subscribe/{event}`: has an event of a channel reported to a url.
//!
//! Documented at developers.2chat.co under "Webhooks". 2Chat does not look for
//! duplicates, so `GET /webhooks` is asked first. Its rows show the channel by its uuid,
//! and some of what was asked for in `hook_params`; which channel a number is tells the
//! list of numbers.

use serde::Serialize;

use super::{EventName, names::NEW_CONVERSATION, numbers::channel_of};
use crate::{
    actions::{Action, Ask, ListWebhookSubscriptions, asked},
    contract::{
        WebhookSubscription,
        events::{NewSubscription, Subscribed, TimePeriod},
    },
    error::{Failure, Result},
    json::{self, Answer},
    records::subscription,
    text::{concat, owned},
    twochat::{Arguments, Call},
    values::{PhoneNumber, WebUrl, is_uuid_of},
};

value! {
    /// The uuid of a channel: `WPN` or `WAN` of WhatsApp, `DID` of a phone number.
    AnyChannel: |text: &str| is_uuid_of(&["WPN", "WAN", "DID"], text),
    expected "the uuid of a channel, for example WPN66037eca-9ad1-4c96-9eff-526a90a48c77"
}

value! {
    /// The uuid of a group: `WAG` or `WGP`, by different pages.
    GroupUuid: |text: &str| is_uuid_of(&["WAG", "WGP"], text),
    expected "the uuid of a group, for example WAG66037eca-9ad1-4c96-9eff-526a90a48c77"
}

pub(crate) struct Subscribe {
    /// Checked.
    wanted: NewSubscription,
    time_period: Option<&'static str>,
    /// It as it is sent.
    body: Vec<u8>,
    /// What may be a double of it.
    warning: Option<String>,
}

#[derive(Serialize)]
struct Body<'w> {
    hook_url: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_number: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_uuid: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_group_uuid: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_period: Option<&'static str>,
}

impl Action for Subscribe {
    type Input = NewSubscription;
    type Output = Subscribed;

    const ARGUMENTS: Arguments = Arguments {
        names: "event-name|hook-url|on-number|channel-uuid|to-group-uuid|time-period",
        spellings: &[],
    };

    fn build(wanted: NewSubscription) -> Result<Self> {
        EventName::of("event-name", &wanted.event_name)?;
        WebUrl::of("hook-url", &wanted.hook_url)?;
        if let Some(number) = &wanted.on_number {
            PhoneNumber::of("on-number", number)?;
        }
        if let Some(uuid) = &wanted.channel_uuid {
            AnyChannel::of("channel-uuid", uuid)?;
        }
        let why = match (&wanted.on_number, &wanted.channel_uuid) {
            (None, None) => "expected it or on-number, and there is neither",
            (Some(_), Some(_)) => "expected it or on-number, and there are both",
            _ => "",
        };
        if !why.is_empty() {
            return Err(Failure::invalid("channel-uuid", why));
        }
        if let Some(uuid) = &wanted.to_group_uuid {
            GroupUuid::of("to-group-uuid", uuid)?;
        }
        if wanted.time_period.is_some() && wanted.event_name != NEW_CONVERSATION {
            let why = concat(&["it is for ", NEW_CONVERSATION, " alone"]);
            return Err(Failure::invalid("time-period", &why));
        }
        let time_period = wanted.time_period.map(|period| match period {
            TimePeriod::AllTime => "all-time",
            TimePeriod::Hour => "hour",
            TimePeriod::Day => "day",
            TimePeriod::Week => "week",
            TimePeriod::Month => "month",
            TimePeriod::Year => "year",
        });
        let body = json::body(&Body {
            hook_url: &wanted.hook_url,
            on_number: wanted.on_number.as_deref(),
            channel_uuid: wanted.channel_uuid.as_deref(),
            to_group_uuid: wanted.to_group_uuid.as_deref(),
            time_period,
        })?;
        Ok(Self { wanted, time_period, body, warning: None })
    }

    fn before(&mut self, ask: Ask<'_>) -> Result<Option<Subscribed>> {
        let listed = asked(ask, ListWebhookSubscriptions)?;
        let is_there =
            |subscription| Ok(Some(Subscribed { subscription, existing: true, warning: None }));
        let mut perhaps = Vec::new();
        for subscription in listed.subscriptions {
            match self.is(&subscription) {
                Some(true) => return is_there(subscription),
                Some(false) => {}
                None => perhaps.push(subscription),
            }
        }
        if let (false, Some(number)) = (perhaps.is_empty(), &self.wanted.on_number) {
            let known = channel_of(number, ask)?;
            let is_known = |it: &WebhookSubscription| known.is_some() && it.channel_uuid == known;
            if let Some(place) = perhaps.iter().position(is_known) {
                return is_there(perhaps.swap_remove(place));
            }
            // One of another kind of channel is not among those that were listed.
            let is_open = |it: &&WebhookSubscription| {
                known.is_none() || kind(it.channel_uuid.as_deref()) != kind(known.as_deref())
            };
            let may_be = " reports this event to this url, maybe of the same number";
            self.warning = perhaps.iter().find(is_open).map(|it| concat(&[&it.uuid, may_be]));
        }
        if listed.skipped.is_some() && self.warning.is_none() {
            self.warning = Some("a subscription that cannot be read may be the same".to_owned());
        }
        Ok(None)
    }

    fn call(&self) -> Call {
        Call::post("/webhooks/subscribe", self.body.clone()).with_id(&self.wanted.event_name)
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Subscribed> {
        let mut made = None;
        json::read(answer, &mut |value| {
            made = subscription(value)?;
            Ok(())
        })?;
        let mut subscription = made.ok_or_else(|| answer.missing("data.uuid"))?;
        // What it does not repeat is as it was asked for.
        if subscription.event_name.is_empty() {
            subscription.event_name = owned(&self.wanted.event_name);
        }
        if subscription.hook_url.is_empty() {
            subscription.hook_url = owned(&self.wanted.hook_url);
        }
        Ok(Subscribed { subscription, existing: false, warning: self.warning.clone() })
    }

    fn warning(made: &mut Subscribed) -> &mut Option<String> {
        &mut made.warning
    }
}

impl Subscribe {
    /// Whether a subscription is the one that is wanted; `None`: it does not tell.
    fn is(&self, there: &WebhookSubscription) -> Option<bool> {
        let param = |names: &[&str]| {
            let mut params = there.hook_params.iter();
            params.find(|param| names.contains(&param.name.as_str())).map(|param| &*param.value)
        };
        let differs = |wanted: Option<&str>, name: &str| {
            param(&[name]).is_some_and(|there| there != wanted.unwrap_or(there))
        };
        let wanted = &self.wanted;
        if there.event_name != wanted.event_name
            || there.hook_url.trim() != wanted.hook_url
            || differs(wanted.to_group_uuid.as_deref(), "to_group_uuid")
            || differs(self.time_period, "time_period")
        {
            return Some(false);
        }
        let channel = there.channel_uuid.as_deref();
        let number = param(&["on_number", "phone_number"]);
        match (&wanted.channel_uuid, &wanted.on_number) {
            // Its hexadecimal digits mean the same in either case.
            (Some(wanted), _) => {
                Some(channel.is_none_or(|channel| channel.eq_ignore_ascii_case(wanted)))
            }
            (None, Some(wanted)) if number.is_some() => Some(number == Some(wanted)),
            // Without any, it cannot be another.
            _ => channel.is_none().then_some(true),
        }
    }
}

/// Of which kind a channel is: `WPN`, `WAN` or `DID`.
fn kind(uuid: Option<&str>) -> Option<&str> {
    uuid?.get(..3)
}
