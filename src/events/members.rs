//! What stands where in the body of an event?
//!
//! One table of all members of all forms: whichever comes is kept in its slot, and
//! what it means is judged when all have come. A member of another name is passed
//! over; one that is known and cannot be read is told.

use std::borrow::Cow;

use crate::{
    contract::{
        Skipped,
        events::{GroupChange, Person, Product},
    },
    error::Result,
    json::{Place, Value},
    records::{PLACES, first, id, keep, said, uuid},
    text::{concat, cut, cut_last, digits, is_blank, number, owned, push},
    time::time,
    twochat::members,
    values::{is_phone_number, meant_number},
};

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
    Picture,
}

const SLOTS: usize = Slot::Picture as usize + 1;

/// So many of a list are given: more than there are in an order or come to a group at
/// once, and so few that every host takes them.
const MOST: usize = 2000;

/// The objects whose members are known.
#[derive(Clone, Copy)]
enum Within {
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
enum Is {
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
fn members_of(within: Within) -> &'static [(&'static str, Is)] {
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
        ],
        Order => &[
            ("total", Kept(Slot::Total)),
            ("subtotal", Kept(Slot::Subtotal)),
            ("currency", Kept(Slot::Currency)),
            ("products", Is::Products),
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

/// Reads what belongs into the slot: `None` if it is another thing.
#[inline(never)]
fn read(slot: Slot, value: Value<'_, '_>) -> Result<Option<String>> {
    use Slot as S;
    match slot {
        S::Name if !value.is_text() => Ok(None),
        S::At | S::Timestamp | S::UpdatedAt | S::MessageAt => time(value),
        S::Uuid | S::Id | S::About | S::MessageUuid | S::ChannelUuid | S::GroupUuid => uuid(value),
        S::Text | S::ProductName | S::FirstName | S::LastName | S::PushName => said(value),
        S::Remote | S::From | S::To | S::ChannelNumber | S::PersonNumber | S::PartyNumber => {
            Ok(id(value)?.filter(|text| cut(text, b'@').is_some() || number_of(text).is_some()))
        }
        // Small letters, as most have them.
        S::Author | S::TimePeriod | S::Direction | S::Status => {
            Ok(id(value)?.map(|word| word.to_ascii_lowercase()))
        }
        S::Total | S::Subtotal | S::Price => Ok(id(value)?.filter(|text| is_decimal(text))),
        S::Quantity => Ok(value.whole::<u32>()?.map(|count| digits(count.into()))),
        _ => id(value),
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = cut(text, b'.').unwrap_or((text, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    number(whole).is_some() && number(fraction).is_some()
}

/// The number in E.164, where the text is one.
///
/// What WhatsApp knows somebody by is a number only where it says so: of the ids, those
/// that end in `@c.us` and `@s.whatsapp.net`.
pub(super) fn number_of(text: &str) -> Option<String> {
    let (number, server) = cut(text, b'@').unwrap_or((text, "c.us"));
    if !matches!(server, "c.us" | "s.whatsapp.net") {
        return None;
    }
    // Behind a colon stands the device.
    let number = cut(number, b':').map_or(number, |(number, _)| number);
    match number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Some(concat(&["+", number])).filter(|number| is_phone_number(number)),
        false => meant_number(number),
    }
}

/// What was read of an event.
pub(super) struct Members {
    kept: [Option<String>; SLOTS],
    pub(super) products: Vec<Product>,
    /// Numbers or ids of those in lists.
    pub(super) people: Vec<String>,
    pub(super) unread: Option<Skipped>,
    /// What looks like a number and is none, as an id says.
    no_numbers: Vec<String>,
    /// Whether anything came.
    pub(super) has_any: bool,
}

impl Members {
    pub(super) fn none() -> Self {
        Self {
            kept: [const { None }; SLOTS],
            products: Vec::new(),
            people: Vec::new(),
            unread: None,
            no_numbers: Vec::new(),
            has_any: false,
        }
    }

    /// Reads the event, in its wrapping if it has one; `false` if it is no object.
    pub(super) fn event(&mut self, value: Value<'_, '_>) -> Result<bool> {
        let is_object = value.is_object();
        if is_object {
            members(value, &mut |name, value| self.member(Event, name, value))?;
        }
        Ok(is_object)
    }

    fn member(&mut self, within: Within, name: &str, value: Value<'_, '_>) -> Result<()> {
        self.has_any = true;
        let name = &*snake(name);
        let mut known = members_of(within).iter();
        let Some((_, is)) = known.find(|(known, _)| *known == name) else { return Ok(()) };
        let place = value.place;
        let is_nothing = value.is_nothing() || value.plain().is_some_and(is_blank);
        let is_read = match *is {
            Kept(slot) => self.keep(slot, read(slot, value)?),
            Object(Message) if value.is_text() => self.keep(Slot::Text, read(Slot::Text, value)?),
            Object(within) => value.object(&mut |name, value| self.member(within, name, value))?,
            Is::People if value.is_text() => self.party(value).map(|()| true)?,
            Is::People => value.list(&mut |item| self.party(item))?,
            Is::Products => value.list(&mut |item| self.product(item))?,
        };
        if !is_read && !is_nothing {
            self.cannot_read(place);
        }
        Ok(())
    }

    /// Keeps what was read, unless the slot is taken.
    #[inline(never)]
    fn keep(&mut self, slot: Slot, read: Option<String>) -> bool {
        let is_read = read.is_some();
        if let Some(text) = &read
            && let Some(id) = text.strip_suffix("@lid")
        {
            // Without the device behind it, and what a session key has before it.
            let id = cut(id, b':').map_or(id, |(id, _)| id);
            let id = cut_last(id, b'-').map_or(id, |(_, id)| id);
            self.no_numbers.push(concat(&["+", id]));
        }
        if let Some(kept) = self.kept.get_mut(slot as usize) {
            first(kept, read);
        }
        is_read
    }

    fn cannot_read(&mut self, place: &Place<'_>) {
        let unread = self.unread.get_or_insert_with(|| Skipped { count: 0, places: Vec::new() });
        unread.count = unread.count.saturating_add(1);
        if unread.places.len() < PLACES {
            unread.places.push(place.path());
        }
    }

    fn product(&mut self, value: Value<'_, '_>) -> Result<()> {
        let place = value.place;
        value.object(&mut |name, value| self.member(Item, name, value))?;
        let product = Product {
            id: self.take(Slot::ProductId),
            name: self.take(Slot::ProductName),
            price: self.take(Slot::Price),
            currency: self.take(Slot::ProductCurrency),
            quantity: self.take(Slot::Quantity).and_then(|it| number(&it)?.try_into().ok()),
            thumbnail_url: self.take(Slot::Thumbnail),
        };
        match (&product.id, &product.name) {
            (Some(_), _) | (_, Some(_)) if self.products.len() < MOST => {
                keep(&mut self.products, product);
            }
            _ => self.cannot_read(place),
        }
        Ok(())
    }

    /// Of several, whose names came first is who is meant.
    fn party(&mut self, value: Value<'_, '_>) -> Result<()> {
        let place = value.place;
        if value.is_text() {
            self.keep(Slot::PartyNumber, read(Slot::PartyNumber, value)?);
        } else {
            value.object(&mut |name, value| self.member(Party, name, value))?;
        }
        let id = self.take(Slot::PartyId);
        match self.take(Slot::PartyNumber).or(id) {
            Some(party) if self.people.len() < MOST => keep(&mut self.people, party),
            _ => self.cannot_read(place),
        }
        Ok(())
    }

    /// The person whose members came, if any did.
    pub(super) fn take_person(&mut self) -> Option<Person> {
        let person = Person {
            uuid: self.take(Slot::PersonUuid),
            first_name: self.take(Slot::FirstName),
            last_name: self.take(Slot::LastName),
            push_name: self.take(Slot::PushName),
            profile_pic_url: self.take(Slot::Picture),
        };
        let Person { uuid, first_name, last_name, push_name, profile_pic_url } = &person;
        let texts = [uuid, first_name, last_name, push_name, profile_pic_url];
        texts.iter().any(|text| text.is_some()).then_some(person)
    }

    #[inline(never)]
    pub(super) fn get(&self, slot: Slot) -> Option<&str> {
        match self.kept.get(slot as usize) {
            Some(Some(text)) => Some(text),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn take(&mut self, slot: Slot) -> Option<String> {
        self.kept.get_mut(slot as usize)?.take()
    }

    /// Who came to a group or went.
    pub(super) fn group_change(&self, kind: &str) -> GroupChange {
        let named =
            |party: &String| self.if_number(number_of(party)).unwrap_or_else(|| owned(party));
        GroupChange { kind: owned(kind), participants: self.people.iter().map(named).collect() }
    }

    /// The first of these that came.
    #[inline(never)]
    pub(super) fn first(&self, slots: &[Slot]) -> Option<&str> {
        slots.iter().find_map(|slot| self.get(*slot))
    }

    /// The number, unless the body says of its digits that they are none.
    pub(super) fn if_number(&self, number: Option<String>) -> Option<String> {
        number.filter(|number| !self.no_numbers.contains(number))
    }
}

/// The name as most are spelled: `createdAt` is `created_at`.
fn snake(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    let mut snake = String::new();
    for (index, c) in name.char_indices() {
        if c == '-' || (c.is_ascii_uppercase() && index > 0) {
            push(&mut snake, '_');
        }
        if c != '-' {
            push(&mut snake, c.to_ascii_lowercase());
        }
    }
    Cow::Owned(snake)
}
