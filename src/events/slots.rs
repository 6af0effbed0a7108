//! What may stand in the body of an event, and by which names?
//!
//! One table of all members of all forms, so that what they mean can be judged when all
//! have come.

use std::borrow::Cow;

use crate::text::push;

/// What is kept of a body.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Name,
    Type,
    Uuid,
    Id,
    /// The message that the event is about.
    About,
    /// The same, told by the message itself.
    MessageUuid,
    SessionKey,
    At,
    Timestamp,
    UpdatedAt,
    /// When the message was made that the event is about.
    MessageAt,
    Remote,
    From,
    To,
    ChannelNumber,
    ChannelUuid,
    Author,
    TimePeriod,
    CallId,
    Direction,
    Status,
    Text,
    MediaUrl,
    MediaKind,
    MimeType,
    Total,
    Subtotal,
    Currency,
    ProductId,
    ProductName,
    Price,
    ProductCurrency,
    Quantity,
    Thumbnail,
    GroupUuid,
    GroupId,
    GroupName,
    PersonUuid,
    PersonNumber,
    PersonId,
    /// Of one in a list.
    PartyNumber,
    PartyId,
    FirstName,
    LastName,
    PushName,
    /// WhatsApp's id of somebody, wherever it stands.
    Lid,
    Picture,
}

pub(super) const SLOTS: usize = Slot::Picture as usize + 1;

/// The objects whose members are known.
#[derive(Clone, Copy)]
pub(super) enum Within {
    Event,
    Message,
    /// A message in a message.
    Content,
    Media,
    Order,
    Product,
    Channel,
    Group,
    Person,
    /// Somebody in a list.
    Party,
}

/// What becomes of a member.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Kept(Slot),
    Object(Within),
    Products,
    People,
}

use Is::{Kept, Object};
use Within::{
    Channel, Content, Event, Group, Media, Message, Order, Party, Person as Someone,
    Product as Item,
};

/// The members that are known of an object.
pub(super) fn members_of(within: Within) -> &'static [(&'static str, Is)] {
    match within {
        Event => &[
            ("id", Kept(Slot::Id)),
            ("uuid", Kept(Slot::Uuid)),
            ("created_at", Kept(Slot::At)),
            ("session_key", Kept(Slot::SessionKey)),
            ("message", Object(Message)),
            ("remote_phone_number", Kept(Slot::Remote)),
            ("channel_phone_number", Kept(Slot::ChannelNumber)),
            ("channel_uuid", Kept(Slot::ChannelUuid)),
            ("sent_by", Kept(Slot::Author)),
            ("contact", Object(Someone)),
            ("event", Kept(Slot::Name)),
            ("event_name", Kept(Slot::Name)),
            ("type", Kept(Slot::Type)),
            ("event_type", Kept(Slot::Type)),
            ("message_uuid", Kept(Slot::About)),
            ("timestamp", Kept(Slot::Timestamp)),
            ("updated_at", Kept(Slot::UpdatedAt)),
            ("time_period", Kept(Slot::TimePeriod)),
            ("to_number", Kept(Slot::To)),
            ("to", Kept(Slot::To)),
            ("from", Kept(Slot::From)),
            ("from_number", Kept(Slot::From)),
            ("channel", Object(Channel)),
            ("callid", Kept(Slot::CallId)),
            ("call_id", Kept(Slot::CallId)),
            ("direction", Kept(Slot::Direction)),
            ("status", Kept(Slot::Status)),
            ("received_on_number", Kept(Slot::ChannelNumber)),
            ("caller_id_used", Kept(Slot::ChannelNumber)),
            ("received_on_number_uuid", Kept(Slot::ChannelUuid)),
            ("group", Object(Group)),
            ("group_uuid", Kept(Slot::GroupUuid)),
            ("wa_group_id", Kept(Slot::GroupId)),
            ("wa_group_name", Kept(Slot::GroupName)),
            ("participant", Is::People),
            ("participants", Is::People),
        ],
        Message => &[
            ("text", Kept(Slot::Text)),
            ("media", Object(Media)),
            ("order", Object(Order)),
            ("message", Object(Content)),
            ("id", Kept(Slot::MessageUuid)),
            ("uuid", Kept(Slot::MessageUuid)),
            ("created_at", Kept(Slot::MessageAt)),
            ("session_key", Kept(Slot::SessionKey)),
            ("remote_phone_number", Kept(Slot::Remote)),
            ("channel_phone_number", Kept(Slot::ChannelNumber)),
            ("channel_uuid", Kept(Slot::ChannelUuid)),
            ("sent_by", Kept(Slot::Author)),
            ("contact", Object(Someone)),
        ],
        Content => {
            &[("text", Kept(Slot::Text)), ("media", Object(Media)), ("order", Object(Order))]
        }
        Media => &[
            ("url", Kept(Slot::MediaUrl)),
            ("type", Kept(Slot::MediaKind)),
            ("mime_type", Kept(Slot::MimeType)),
            ("caption", Kept(Slot::Text)),
        ],
        Order => &[
            ("total", Kept(Slot::Total)),
            ("subtotal", Kept(Slot::Subtotal)),
            ("currency", Kept(Slot::Currency)),
            ("products", Is::Products),
            ("created_at", Kept(Slot::MessageAt)),
        ],
        Item => &[
            ("id", Kept(Slot::ProductId)),
            ("name", Kept(Slot::ProductName)),
            ("price", Kept(Slot::Price)),
            ("currency", Kept(Slot::ProductCurrency)),
            ("quantity", Kept(Slot::Quantity)),
            ("thumbnail_url", Kept(Slot::Thumbnail)),
        ],
        Channel => {
            &[("uuid", Kept(Slot::ChannelUuid)), ("phone_number", Kept(Slot::ChannelNumber))]
        }
        Group => &[
            ("uuid", Kept(Slot::GroupUuid)),
            ("wa_group_id", Kept(Slot::GroupId)),
            ("id", Kept(Slot::GroupId)),
            ("wa_group_name", Kept(Slot::GroupName)),
            ("name", Kept(Slot::GroupName)),
        ],
        Someone => &[
            ("uuid", Kept(Slot::PersonUuid)),
            ("phone_number", Kept(Slot::PersonNumber)),
            ("id", Kept(Slot::PersonId)),
            ("first_name", Kept(Slot::FirstName)),
            ("last_name", Kept(Slot::LastName)),
            ("pushname", Kept(Slot::PushName)),
            ("push_name", Kept(Slot::PushName)),
            ("profile_pic_url", Kept(Slot::Picture)),
        ],
        Party => &[
            ("phone_number", Kept(Slot::PartyNumber)),
            ("id", Kept(Slot::PartyId)),
            ("first_name", Kept(Slot::FirstName)),
            ("last_name", Kept(Slot::LastName)),
            ("pushname", Kept(Slot::PushName)),
        ],
    }
}

/// The name as most are spelled: `createdAt` is `created_at`, and so is `CREATED_AT`.
pub(super) fn snake(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    let (mut snake, mut was_small) = (String::new(), false);
    for c in name.chars() {
        if c == '-' || (c.is_ascii_uppercase() && was_small) {
            push(&mut snake, '_');
        }
        if c != '-' {
            push(&mut snake, c.to_ascii_lowercase());
        }
        was_small = c.is_ascii_lowercase();
    }
    Cow::Owned(snake)
}
