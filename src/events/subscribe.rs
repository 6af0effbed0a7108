//! `POST /webhooks/subscribe/{event}`: has an event of a channel reported to a url.
//!
//! Documented at developers.2chat.co under "Webhooks". 2Chat does not look for
//! duplicates, so `GET /webhooks` is asked first. Its rows show the channel by its uuid,
//! and some of what was asked for in `hook_params`; which channel a number is tells the
//! list of numbers.

use serde::Serialize;

use super::{
    EventName,
    members::hyphenated,
    names::NEW_CONVERSATION,
    numbers::{channel_of, same},
};
use crate::{
    actions::{Action, Ask, ListWebhookSubscriptions, asked},
    contract::{
        WebhookSubscription,
        events::{NewSubscription, Subscribed, TimePeriod},
    },
    error::{Failure, Result},
    json::{self, Answer},
    records::{first, subscription},
    text::{concat, owned},
    twochat::{Arguments, Call},
    values::{PhoneNumber, WebUrl, is_same_url, is_uuid_of},
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

const ALL_TIME: &str = "all-time";

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
            TimePeriod::AllTime => ALL_TIME,
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
        let is_there = |subscription, untold: &str| {
            let which = ["2Chat does not tell which ", untold, " it is of: it may be of another"];
            let warning = Some(concat(&which)).filter(|_| !untold.is_empty());
            Ok(Some(Subscribed { subscription, existing: true, warning }))
        };
        let (mut perhaps, mut likely) = (Vec::new(), None);
        let mut is_unreadable = listed.skipped.is_some();
        for subscription in listed.subscriptions {
            match self.is(&subscription) {
                Is::Wanted("") => return is_there(subscription, ""),
                Is::Wanted(untold) => first(&mut likely, Some((subscription, untold))),
                Is::Another => {}
                Is::OfSomeChannel => perhaps.push(subscription),
                Is::Unreadable => is_unreadable = true,
            }
        }
        if let (false, Some(number)) = (perhaps.is_empty(), &self.wanted.on_number) {
            let known = channel_of(number, ask)?;
            let is_known = |it: &WebhookSubscription| {
                known.as_ref().is_some_and(|known| same_channel(it.channel_uuid.as_deref(), known))
            };
            if let Some(place) = perhaps.iter().position(is_known) {
                return is_there(perhaps.swap_remove(place), "");
            }
            // One of another kind of channel is not among those that were listed.
            let is_open = |it: &&WebhookSubscription| {
                known.is_none() || kind(it.channel_uuid.as_deref()) != kind(known.as_deref())
            };
            let may_be = " reports this event to this url, maybe of the same number";
            self.warning = perhaps.iter().find(is_open).map(|it| concat(&[&it.uuid, may_be]));
        }
        if let Some((subscription, untold)) = likely {
            return is_there(subscription, untold);
        }
        if is_unreadable && self.warning.is_none() {
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
        let WebhookSubscription { event_name: event, hook_url: url, .. } = &subscription;
        let is_event = event.is_empty() || *event == self.wanted.event_name;
        let is_url = url.is_empty() || is_same_url(url.trim(), &self.wanted.hook_url);
        let mut warning = self.warning.clone();
        if !is_event || !is_url {
            first(&mut warning, Some("2Chat tells of another event or url".to_owned()));
        }
        // What it does not repeat is as it was asked for.
        if subscription.event_name.is_empty() {
            subscription.event_name = owned(&self.wanted.event_name);
        }
        if subscription.hook_url.is_empty() {
            subscription.hook_url = owned(&self.wanted.hook_url);
        }
        Ok(Subscribed { subscription, existing: false, warning })
    }

    fn warning(made: &mut Subscribed) -> &mut Option<String> {
        &mut made.warning
    }
}

/// What a subscription is to the one that is wanted.
enum Is {
    /// The same, but for what it does not tell.
    Wanted(&'static str),
    Another,
    /// The same, if its channel is that of the number.
    OfSomeChannel,
    Unreadable,
}

impl Subscribe {
    fn is(&self, there: &WebhookSubscription) -> Is {
        let wanted = &self.wanted;
        let param = |names: &[&str]| {
            let mut params = there.hook_params.iter();
            let param = params.find(|param| names.contains(&param.name.as_str()));
            param.map(|param| &*param.value).filter(|it| !matches!(*it, "" | "null"))
        };
        let (event, url) = (&*there.event_name, there.hook_url.trim());
        if (!event.is_empty() && event != wanted.event_name)
            || (!url.is_empty() && !is_same_url(url, &wanted.hook_url))
        {
            return Is::Another;
        }
        if event.is_empty() || url.is_empty() {
            return Is::Unreadable;
        }
        // Without them it is of any group and any time; so is what may not tell them.
        let period = self.time_period.filter(|period| *period != ALL_TIME);
        let told = param(&["time_period"]).map(hyphenated);
        let told = told.filter(|told| period.is_some() || told != ALL_TIME);
        let group = (wanted.to_group_uuid.as_deref(), param(&["to_group_uuid"]));
        let mut untold = "";
        for (what, (wanted, told)) in [("period", (period, told.as_deref())), ("group", group)] {
            match (wanted, told) {
                (None, None) => {}
                (Some(_), None) => untold = what,
                (Some(wanted), Some(told)) if wanted.eq_ignore_ascii_case(told) => {}
                _ => return Is::Another,
            }
        }
        let channel = there.channel_uuid.as_deref().or(param(&["waweb_uuid"]));
        let number = param(&["on_number", "phone_number"]);
        let is_wanted = match (&wanted.channel_uuid, &wanted.on_number, number) {
            (Some(wanted), ..) if channel.is_some() => same_channel(channel, wanted),
            (None, Some(wanted), Some(number)) => same(number, wanted),
            _ if channel.is_some() => return Is::OfSomeChannel,
            _ => {
                untold = "channel";
                true
            }
        };
        if is_wanted { Is::Wanted(untold) } else { Is::Another }
    }
}

/// Whether the channel is this one: its hexadecimal digits mean the same in either case.
fn same_channel(channel: Option<&str>, uuid: &str) -> bool {
    channel.is_some_and(|channel| channel.eq_ignore_ascii_case(uuid))
}

/// Of which kind a channel is: `WPN`, `WAN` or `DID`.
fn kind(uuid: Option<&str>) -> Option<&str> {
    uuid?.get(..3)
}
