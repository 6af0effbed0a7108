//! What does a body tell that 2Chat sent to a webhook?
//!
//! Documented at developers.2chat.co under "Webhooks", with a sample for some events.
//! There is no envelope that all share, so what came is read whichever event it is,
//! and then judged: by the name, where there is one, and by what it needs to be it.

use super::{
    EventName,
    members::{Lost, Members, hyphenated},
    names::{Kind, NEW_CONVERSATION, NUMBER_STATUS, is_state, last_word, listed, meaning},
    slots::Slot,
};
use crate::{
    contract::events::{Call, Content, Delivery, Direction, Event, Media, Message, Order},
    error::{Failure, Result},
    json::{self, Answer},
    records::identifies,
    text::{concat, cut, owned},
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
    Ok(event(came, told.as_deref(), &body))
}

/// The event that the members make, with the name that was told.
#[inline(never)]
fn event(mut came: Members, told: Option<&str>, body: &Answer<'_>) -> Event {
    const CONTENT: [Slot; 4] = [Slot::Text, Slot::MediaUrl, Slot::MediaKind, Slot::MimeType];
    let has_content = came.has_order || came.first(&CONTENT).is_some();
    let ids = [Slot::Uuid, Slot::Id];
    let own = uuid_of(&came, "MSG", ids);
    // As much is there of one whose content is of an unknown kind.
    let is_own = own.is_some_and(|own| own.starts_with("MSG"));
    let has_message = has_content || (came.has_message && is_own);
    let time_period = came.get(Slot::TimePeriod);
    let named = name_in(&came, told);
    let named = named.as_deref();
    let told_name = told.filter(|told| named.is_some_and(|name| name != *told));
    let begun = time_period.filter(|_| has_message).map(|_| NEW_CONVERSATION);
    let name = named.or(told).or(begun);
    let (kind, way) = match name {
        Some(name) => meaning(name),
        None if came.get(Slot::CallId).is_some() => (Kind::Call, None),
        None if has_message && came.get(Slot::About).is_none() => (Kind::Message, None),
        None => (Kind::Unknown, None),
    };
    let direction = way.or_else(|| way_in(&came));
    let word = name.map(last_word);

    let is_message =
        matches!(kind, Kind::Message | Kind::Conversation) || (kind == Kind::Receipt && is_own);
    let message_uuid = uuid_of(&came, "MSG", [Slot::About, Slot::MessageUuid]);
    let message_uuid = message_uuid.or(own.filter(|_| is_message));
    let status = came.get(Slot::Status);

    let session_key = came.get(Slot::SessionKey);
    let (channel, chat) = session_key.map(parts).unwrap_or_default();
    let remote = came.get(Slot::Remote);
    let chat_id = came.get(Slot::GroupId).or(chat).or(remote);
    let chat_id = chat_id.filter(|id| cut(id, b'@').is_some());
    let is_group = |uuid: &&str| uuid.starts_with("WAG") || uuid.starts_with("WGP");
    let uuid = came.get(Slot::Uuid).filter(is_group);
    let group_uuid = came.get(Slot::GroupUuid).or(uuid);
    let end = match (direction, kind) {
        (Some(Direction::Outgoing), _) => came.get(Slot::To),
        // Either may be the account's.
        (None, Kind::Call) => None,
        _ => came.get(Slot::From),
    };
    let of_contact = came.first(&[Slot::PersonNumber, Slot::PersonId]);
    // In a group, who wrote; several that came or went are no other side.
    let person = match &came.people[..] {
        [person] => Some(person.as_str()),
        _ => None,
    };
    let numbers = [remote, chat, end, person, of_contact];
    let phone_number = numbers.into_iter().flatten().find_map(|text| came.number(text));
    let started_at = came.get(Slot::At).filter(|_| kind == Kind::Call);
    let at = came.first(match kind {
        Kind::Receipt => &[Slot::Timestamp, Slot::At, Slot::UpdatedAt, Slot::MessageAt],
        Kind::Call => &[Slot::UpdatedAt, Slot::Timestamp, Slot::At],
        _ => &[Slot::At, Slot::Timestamp, Slot::UpdatedAt, Slot::MessageAt],
    });
    // Where the name says that there is a message, it needs no more than a trace of it.
    let is_traced = message_uuid.is_some_and(|uuid| uuid.starts_with("MSG"));
    let is_one = has_content || came.has_message || is_traced;
    let call = uuid_of(&came, "CDR", ids).filter(|_| kind == Kind::Call);
    let content = match (kind, call, word) {
        (Kind::Message, ..) if is_one => Some(Content::Message),
        (Kind::Conversation, ..) if is_one => Some(Content::Conversation(own_of(time_period))),
        (Kind::Receipt, _, Some(word)) if message_uuid.is_some() => {
            Some(Content::Receipt(owned(word)))
        }
        (Kind::Call, Some(uuid), _) => Some(Content::Call(Call {
            uuid: owned(uuid),
            id: own_of(came.get(Slot::CallId)),
            status: own_of(status),
            started_at: own_of(started_at),
        })),
        (Kind::Group, _, Some(word))
            if group_uuid.is_some() || chat_id.is_some() || !came.people.is_empty() =>
        {
            Some(Content::GroupChange(came.group_change(word)))
        }
        (Kind::Status, ..) => {
            let state = came.get(Slot::Name).map(hyphenated);
            state.filter(|word| is_state(word)).map(Content::NumberStatus)
        }
        _ => None,
    };
    let key = match content {
        Some(Content::Message | Content::Conversation(_)) => joined(message_uuid, None),
        Some(Content::Receipt(_)) => joined(message_uuid, word),
        Some(Content::Call(_)) => joined(call, status),
        // A uuid is that of what it is about, of which more is told.
        _ => None,
    };
    let brings_message = matches!(content, Some(Content::Message | Content::Conversation(_)));
    let is_about_message = brings_message || matches!(content, Some(Content::Receipt(_)));
    let lost = Lost {
        parts: brings_message,
        beside: brings_message && !has_content,
        people: brings_message && person.is_none_or(|person| came.number(person).is_none()),
    };
    let (message_uuid, session_key) = (own_of(message_uuid), own_of(session_key));
    Event {
        name: own_of(name),
        told_name: own_of(told_name),
        key,
        at: own_of(at),
        channel_uuid: own_of(came.get(Slot::ChannelUuid).or(channel)),
        channel_phone_number: came.get(Slot::ChannelNumber).and_then(|it| came.number(it)),
        phone_number,
        chat_id: own_of(chat_id),
        group_uuid: own_of(group_uuid),
        group_name: own_of(came.get(Slot::GroupName)),
        direction,
        author: own_of(came.get(Slot::Author)),
        content: content.unwrap_or_else(|| Content::Other(body.json_text())),
        contact: came.take_person(),
        message: is_about_message.then(|| message(&mut came, message_uuid, session_key)),
        unread: came.unread(lost),
    }
}

/// A copy of the text, if there is one.
#[inline(never)]
fn own_of(text: Option<&str>) -> Option<String> {
    text.map(owned)
}

/// The name that the body has: in a member that other things use as well, only one
/// that is listed.
fn name_in(came: &Members, told: Option<&str>) -> Option<String> {
    let about = came.get(Slot::About);
    let is_told = told.is_some_and(|told| meaning(told).0 == Kind::Receipt);
    let is_receipt = is_told || about.or(came.get(Slot::MessageUuid)).is_some();
    // Of a message that is told of by its uuid alone, what was told may be another event;
    // but what the other side wrote gets no receipts.
    let is_theirs = came.get(Slot::Author) == Some("user");
    let tail_of = told.filter(|_| about.is_none() || is_theirs);
    let listed = |word: &str| {
        if is_state(&hyphenated(word)) {
            return Some(owned(NUMBER_STATUS));
        }
        let word = word.to_ascii_lowercase();
        let told_in_full = tail_of.filter(|told| is_tail(told, &word));
        told_in_full.map(owned).or_else(|| listed(&word, is_receipt, told))
    };
    match came.get(Slot::Name) {
        Some(word) => Some(listed(word).unwrap_or_else(|| word.to_owned())),
        None => came.get(Slot::Type).and_then(listed),
    }
}

/// The uuid of what happened, of the kind that begins with these letters: not of what it
/// is about, a channel or somebody, of which more is told.
#[inline(never)]
fn uuid_of<'m>(came: &'m Members, letters: &str, slots: [Slot; 2]) -> Option<&'m str> {
    let uuids = slots.map(|slot| came.get(slot).filter(|it| identifies(it)));
    let is_its = |uuid: &&str| uuid.get(..3).is_some_and(|of| of.eq_ignore_ascii_case(letters));
    let is_of_any = |uuid: &&str| !uuid.get(..3).is_some_and(|of| is_uuid_of(&[of], uuid));
    let first = |fits: &dyn Fn(&&str) -> bool| uuids.into_iter().flatten().find(fits);
    first(&is_its).or_else(|| first(&is_of_any))
}

/// Whether the word is how the name ends, behind a dot.
fn is_tail(name: &str, word: &str) -> bool {
    name.strip_suffix(word).is_some_and(|before| before.ends_with('.'))
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
#[inline(never)]
fn joined(uuid: Option<&str>, word: Option<&str>) -> Option<String> {
    let (between, word) = word.map_or(("", ""), |word| ("/", word));
    Some(concat(&[uuid?, between, word]))
}

/// The channel and the chat of a session key: `WW-WPN…-14155550123@c.us`, or
/// `WA-WAN…-14155550123`.
fn parts(session_key: &str) -> (Option<&str>, Option<&str>) {
    let Some((_, rest)) = cut(session_key, b'-') else { return (None, None) };
    let Some((channel, chat)) = rest.split_at_checked(39) else { return (None, None) };
    if !is_uuid_of(&["WPN", "WAN"], channel) {
        return (None, None);
    }
    let is_number = |chat: &&str| cut(chat, b'@').is_some() || channel.starts_with("WAN");
    (Some(channel), chat.strip_prefix('-').filter(is_number))
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
    Message {
        uuid,
        session_key,
        text: came.take(Slot::Text),
        media: has_media.then_some(media),
        order: came.has_order.then_some(order),
    }
}
