//! What does a body tell that 2Chat sent to a webhook?
//!
//! Documented at developers.2chat.co under "Webhooks", with a sample for some events.
//! There is no envelope that all share, so what came is read whichever event it is,
//! and then judged: by the name, where there is one, and by what it needs to be it.

use super::{
    EventName,
    members::{Members, Slot, number_of},
    names::{Kind, NEW_CONVERSATION, is_state, last_word, listed, meaning},
};
use crate::{
    contract::events::{Call, Content, Delivery, Direction, Event, Media, Message, Order},
    error::{Failure, Result},
    json::{self, Answer},
    records::identifies,
    text::concat,
    values::is_uuid_of,
};

/// Largest body, as of an answer.
const LARGEST: usize = 2 * 1024 * 1024;

#[inline(never)]
pub(crate) fn read_event(delivery: Delivery) -> Result<Event> {
    let told = delivery.event_name;
    if let Some(name) = &told {
        EventName::of("event-name", name)?;
    }
    if delivery.body.len() > LARGEST {
        return Err(Failure::invalid("body", "it is larger than 2 MiB"));
    }
    let body = Answer::passed_in(delivery.body);
    let mut came = Members::none();
    json::read(&body, &mut |value| {
        let (place, mut is_object) = (value.place, false);
        if value.is_list() {
            let mut count = 0;
            value.list(&mut |item| {
                count += 1;
                if count == 1 {
                    is_object = came.event(item)?;
                }
                Ok(())
            })?;
            if count != 1 {
                return Err(place.fault("expected one event, or a list of one"));
            }
        } else {
            is_object = came.event(value)?;
        }
        match is_object {
            false => Err(place.fault("expected an object")),
            true if !came.has_any && told.is_none() => Err(place.fault("it is empty")),
            true => Ok(()),
        }
    })?;
    Ok(event(came, told, &body))
}

/// The event that the members make, with the name that was told.
#[inline(never)]
fn event(mut came: Members, told: Option<String>, body: &Answer<'_>) -> Event {
    const CONTENT: [Slot; 6] =
        [Slot::Text, Slot::MediaUrl, Slot::MediaKind, Slot::MimeType, Slot::Total, Slot::Subtotal];
    let has_content =
        CONTENT.iter().any(|slot| came.get(*slot).is_some()) || !came.products.is_empty();
    let begins = has_content && came.get(Slot::TimePeriod).is_some();
    let named = name_in(&came, told.as_deref());
    let told_name = told.clone().filter(|told| named.as_ref().is_some_and(|name| name != told));
    let name = named.or(told).or_else(|| begins.then(|| NEW_CONVERSATION.to_owned()));
    let (kind, way) = match &name {
        Some(name) => meaning(name),
        None if came.get(Slot::CallId).is_some() => (Kind::Call, None),
        None if has_content && came.get(Slot::About).is_none() => (Kind::Message, None),
        None => (Kind::Unknown, None),
    };
    let direction = way.or_else(|| way_in(&came));
    let last_word = name.as_deref().map(|name| last_word(name).to_owned());

    let own = came.take(Slot::Uuid);
    let id = came.take(Slot::Id);
    let own = own.or(id).filter(|uuid| identifies(uuid));
    let about = came.take(Slot::About);
    let message_uuid = about.or_else(|| came.take(Slot::MessageUuid));
    let is_message = matches!(kind, Kind::Message | Kind::Conversation)
        || (kind == Kind::Receipt && own.as_deref().is_some_and(|own| own.starts_with("MSG")));
    let message_uuid = message_uuid.or_else(|| own.clone().filter(|_| is_message));
    let status = came.take(Slot::Status);
    let key = match kind {
        Kind::Message | Kind::Conversation => message_uuid.clone(),
        Kind::Receipt => joined(message_uuid.as_deref(), last_word.as_deref()),
        Kind::Call => joined(own.as_deref(), status.as_deref()),
        // That of a thing is not the event's: several events are about it.
        _ => own.clone().filter(|own| !is_of_thing(own)),
    };

    let session_key = came.take(Slot::SessionKey);
    let (channel, chat) = session_key.as_deref().map(parts).unwrap_or_default();
    let remote = came.take(Slot::Remote);
    let is_id = |text: &String| text.contains('@');
    let chat_id = came.take(Slot::GroupId).or_else(|| chat.clone()).or_else(|| remote.clone());
    let chat_id = chat_id.filter(is_id);
    let is_group = |uuid: &String| uuid.starts_with("WAG") || uuid.starts_with("WGP");
    let group_uuid = came.take(Slot::GroupUuid).or_else(|| own.clone().filter(is_group));
    let end = came.take(match direction {
        Some(Direction::Outgoing) => Slot::To,
        _ => Slot::From,
    });
    let of_contact = came.take(Slot::PersonNumber).or_else(|| came.take(Slot::PersonId));
    // In a group, who wrote; several that came or went are no other side.
    let person = Some(&came.people).filter(|people| people.len() == 1);
    let person = person.and_then(|people| people.first().cloned());
    let numbers = [remote, chat, end, person, of_contact];
    let phone_number = numbers.iter().flatten().find_map(|text| number_of(text));
    let phone_number = came.if_number(phone_number);
    let channel_phone_number = came.take(Slot::ChannelNumber).and_then(|text| number_of(&text));
    let started_at = match kind {
        Kind::Call => came.take(Slot::At),
        _ => None,
    };
    let at = came.take_first(match kind {
        Kind::Receipt => &[Slot::Timestamp, Slot::At, Slot::UpdatedAt, Slot::MessageAt],
        Kind::Call => &[Slot::UpdatedAt, Slot::Timestamp],
        _ => &[Slot::At, Slot::Timestamp, Slot::UpdatedAt, Slot::MessageAt],
    });
    let contact = came.take_person();
    let (channel_uuid, author) =
        (came.take(Slot::ChannelUuid).or(channel), came.take(Slot::Author));
    let content = match (kind, own, last_word) {
        (Kind::Message, ..) if has_content => Some(Content::Message),
        (Kind::Conversation, ..) if has_content => {
            Some(Content::Conversation(came.take(Slot::TimePeriod)))
        }
        (Kind::Receipt, _, Some(kind)) if message_uuid.is_some() => Some(Content::Receipt(kind)),
        (Kind::Call, Some(uuid), _) => Some(Content::Call(Call {
            uuid,
            id: came.take(Slot::CallId),
            status,
            started_at: started_at.clone(),
        })),
        (Kind::Group, _, Some(kind))
            if group_uuid.is_some() || chat_id.is_some() || !came.people.is_empty() =>
        {
            Some(Content::GroupChange(came.group_change(kind)))
        }
        (Kind::Status, ..) => {
            came.take(Slot::Name).filter(|word| is_state(word)).map(Content::NumberStatus)
        }
        _ => None,
    };
    let is_about_message =
        matches!(content, Some(Content::Message | Content::Conversation(_) | Content::Receipt(_)));
    let message = is_about_message.then(|| message(&mut came, message_uuid, session_key));
    Event {
        name,
        told_name,
        key,
        at: at.or(started_at),
        channel_uuid,
        channel_phone_number,
        phone_number,
        chat_id,
        contact,
        group_uuid,
        group_name: came.take(Slot::GroupName),
        direction,
        author,
        content: content.unwrap_or_else(|| Content::Other(body.json_text())),
        message,
        unread: came.unread,
    }
}

/// The name that the body has: in a member that other things use as well, only one
/// that is listed.
fn name_in(came: &Members, told: Option<&str>) -> Option<String> {
    let is_receipt = came.get(Slot::About).or(came.get(Slot::MessageUuid)).is_some();
    let listed = |word: &str| listed(&word.to_ascii_lowercase(), is_receipt, told);
    match came.get(Slot::Name) {
        Some(word) => Some(listed(word).unwrap_or_else(|| word.to_owned())),
        None => came.get(Slot::Type).and_then(listed),
    }
}

fn way_in(came: &Members) -> Option<Direction> {
    match (came.get(Slot::Direction).map(str::as_bytes), came.get(Slot::Author)) {
        (Some([b'i', ..]), _) => Some(Direction::Incoming),
        (Some([b'o', ..]), _) => Some(Direction::Outgoing),
        (_, Some("user")) => Some(Direction::Incoming),
        (_, Some("api" | "agent")) => Some(Direction::Outgoing),
        _ => None,
    }
}

/// A uuid and what sets events of one uuid apart.
fn joined(uuid: Option<&str>, word: Option<&str>) -> Option<String> {
    let uuid = uuid?;
    Some(word.map_or_else(|| uuid.to_owned(), |word| concat(&[uuid, "/", word])))
}

/// Whether a uuid is, by what it begins with, that of a thing that lasts.
fn is_of_thing(uuid: &str) -> bool {
    const THINGS: [&str; 11] =
        ["ACC", "CON", "WPN", "WAN", "WHK", "WAG", "WGP", "DID", "USR", "MSG", "CDR"];
    THINGS.iter().any(|thing| uuid.starts_with(thing))
}

/// The channel and the chat of a session key: `WW-WPN…-14155550123@c.us`, or
/// `WA-WAN…-14155550123`.
fn parts(session_key: &str) -> (Option<String>, Option<String>) {
    let Some((_, rest)) = session_key.split_once(&['-'][..]) else { return (None, None) };
    let Some((channel, chat)) = rest.split_at_checked(39) else { return (None, None) };
    if !is_uuid_of(&["WPN", "WAN"], channel) {
        return (None, None);
    }
    let is_number = |chat: &&str| chat.contains('@') || channel.starts_with("WAN");
    let chat = chat.strip_prefix('-').filter(is_number);
    (Some(channel.to_owned()), chat.map(str::to_owned))
}

#[inline(never)]
fn message(came: &mut Members, uuid: Option<String>, session_key: Option<String>) -> Message {
    let media = Media {
        url: came.take(Slot::MediaUrl),
        kind: came.take(Slot::MediaKind),
        mime_type: came.take(Slot::MimeType),
    };
    let has_media = media.url.is_some() || media.kind.is_some() || media.mime_type.is_some();
    let order = Order {
        total: came.take(Slot::Total),
        subtotal: came.take(Slot::Subtotal),
        currency: came.take(Slot::Currency),
        products: core::mem::take(&mut came.products),
    };
    let has_order = order.total.is_some() || order.subtotal.is_some() || !order.products.is_empty();
    Message {
        uuid,
        session_key,
        text: came.take(Slot::Text),
        media: has_media.then_some(media),
        order: has_order.then_some(order),
    }
}
