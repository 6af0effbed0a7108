//! `POST /webhooks/subscribe/{event}`: has an event of a channel reported to a url.
//!
//! Documented at developers.2chat.co under "Webhooks". 2Chat does not look for
//! duplicates, so `GET /webhooks` is asked first. Its rows show the channel by its uuid,
//! and some of what was asked for in `hook_params`.

use serde::{Serialize, Serializer};

use super::{EventName, named, names::NEW_CONVERSATION};
use crate::{
    actions::{Action, Ask, ListWebhookSubscriptions},
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
    event: EventName,
    hook_url: WebUrl,
    on_number: Option<PhoneNumber>,
    channel_uuid: Option<AnyChannel>,
    to_group_uuid: Option<GroupUuid>,
    time_period: Option<&'static str>,
    /// What may be a double of it.
    warning: Option<String>,
}

/// An object of texts, without those that are not there.
struct Texts<'a>([(&'a str, Option<&'a str>); 5]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|(name, text)| Some((name, (*text)?))))
    }
}

impl Action for Subscribe {
    type Input = NewSubscription;
    type Output = Subscribed;

    const ARGUMENTS: Arguments = Arguments {
        names: "event-name|hook-url|on-number|channel-uuid|to-group-uuid|time-period",
        spellings: &[],
    };

    fn build(wanted: NewSubscription) -> Result<Self> {
        let event = named(wanted.event_name)?;
        let hook_url = WebUrl::parse(wanted.hook_url).map_err(at("hook-url"))?;
        let on_number = wanted.on_number.map(PhoneNumber::parse).transpose();
        let on_number = on_number.map_err(at("on-number"))?;
        let channel_uuid = wanted.channel_uuid.map(AnyChannel::parse).transpose();
        let channel_uuid = channel_uuid.map_err(at("channel-uuid"))?;
        if on_number.is_some() == channel_uuid.is_some() {
            let why = "expected one of on-number and channel-uuid";
            return Err(Failure::invalid("channel-uuid", why));
        }
        let to_group_uuid = wanted.to_group_uuid.map(GroupUuid::parse).transpose();
        let to_group_uuid = to_group_uuid.map_err(at("to-group-uuid"))?;
        if wanted.time_period.is_some() && *event != *NEW_CONVERSATION {
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
        let warning = None;
        Ok(Self { event, hook_url, on_number, channel_uuid, to_group_uuid, time_period, warning })
    }

    fn before(&mut self, ask: Ask<'_>) -> Result<Option<Subscribed>> {
        let listed = ask(ListWebhookSubscriptions)?;
        let skipped = listed.skipped.is_some();
        for subscription in listed.subscriptions {
            match self.is(&subscription) {
                Some(true) => {
                    return Ok(Some(Subscribed { subscription, existing: true, warning: None }));
                }
                Some(false) => {}
                None if self.warning.is_none() => {
                    let may_be = " reports this event to this url, maybe of the same number";
                    self.warning = Some(concat(&[&subscription.uuid, may_be]));
                }
                None => {}
            }
        }
        if skipped && self.warning.is_none() {
            self.warning = Some("a subscription that cannot be read may be the same".to_owned());
        }
        Ok(None)
    }

    fn call(&self) -> Result<Call> {
        let texts = Texts([
            ("hook_url", Some(&self.hook_url)),
            ("on_number", self.on_number.as_deref()),
            ("channel_uuid", self.channel_uuid.as_deref()),
            ("to_group_uuid", self.to_group_uuid.as_deref()),
            ("time_period", self.time_period),
        ]);
        Ok(Call::post("/webhooks/subscribe", json::body(&texts)?).with_id(&self.event))
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
            subscription.event_name = owned(&self.event);
        }
        if subscription.hook_url.is_empty() {
            subscription.hook_url = owned(&self.hook_url);
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
        if there.event_name != *self.event
            || there.hook_url.trim() != &*self.hook_url
            || differs(self.to_group_uuid.as_deref(), "to_group_uuid")
            || differs(self.time_period, "time_period")
        {
            return Some(false);
        }
        let channel = there.channel_uuid.as_deref();
        let number = param(&["on_number", "phone_number"]);
        match (&self.channel_uuid, &self.on_number) {
            (Some(wanted), _) => Some(channel.is_none_or(|channel| channel == &**wanted)),
            (None, Some(wanted)) if number.is_some() => Some(number == Some(wanted)),
            // Without any, it cannot be another.
            _ => channel.is_none().then_some(true),
        }
    }
}

/// Turns the reason for a refusal into a failure that names the field.
fn at(field: &str) -> impl FnOnce(String) -> Box<Failure> {
    move |why| Failure::invalid(field, &why)
}
