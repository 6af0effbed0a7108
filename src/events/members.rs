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
    text::{concat, digits, is_blank, number, push},
    time::time,
    twochat::members,
    values::{PhoneNumber, meant_number},
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
    /// Of an order, and of a product.
    Currency,
    ProductId,
    ProductName,
    Price,
    Quantity,
    Thumbnail,
    GroupUuid,
    GroupId,
    GroupName,
    PersonUuid,
    PersonNumber,
    PersonId,
    FirstName,
    LastName,
    PushName,
    Picture,
}

const SLOTS: usize = Slot::Picture as usize + 1;

/// The objects whose members are known.
#[derive(Clone, Copy, PartialEq)]
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
}

type Reads = fn(Value<'_, '_>) -> Result<Option<String>>;

/// What becomes of a member.
#[derive(Clone, Copy)]
enum Is {
    Kept(Slot, Reads),
    Object(Within),
    Products,
    People,
}

use Is::{Kept, Object};
use Within::{
    Channel, Content, Event, Group, Media, Message, Order, Person as Someone, Product as Item,
};

static MEMBERS: [(Within, &str, Is); 79] = [
    (Event, "id", Kept(Slot::Id, uuid)),
    (Event, "uuid", Kept(Slot::Uuid, uuid)),
    (Event, "created_at", Kept(Slot::At, time)),
    (Event, "session_key", Kept(Slot::SessionKey, id)),
    (Event, "message", Object(Message)),
    (Event, "remote_phone_number", Kept(Slot::Remote, party)),
    (Event, "channel_phone_number", Kept(Slot::ChannelNumber, party)),
    (Event, "channel_uuid", Kept(Slot::ChannelUuid, uuid)),
    (Event, "sent_by", Kept(Slot::Author, word)),
    (Event, "contact", Object(Someone)),
    (Event, "event", Kept(Slot::Name, id)),
    (Event, "event_name", Kept(Slot::Name, id)),
    (Event, "type", Kept(Slot::Type, id)),
    (Event, "event_type", Kept(Slot::Type, id)),
    (Event, "message_uuid", Kept(Slot::About, uuid)),
    (Event, "timestamp", Kept(Slot::Timestamp, time)),
    (Event, "updated_at", Kept(Slot::UpdatedAt, time)),
    (Event, "time_period", Kept(Slot::TimePeriod, word)),
    (Event, "to_number", Kept(Slot::To, party)),
    (Event, "to", Kept(Slot::To, party)),
    (Event, "from", Kept(Slot::From, party)),
    (Event, "from_number", Kept(Slot::From, party)),
    (Event, "channel", Object(Channel)),
    (Event, "callid", Kept(Slot::CallId, id)),
    (Event, "call_id", Kept(Slot::CallId, id)),
    (Event, "direction", Kept(Slot::Direction, word)),
    (Event, "status", Kept(Slot::Status, word)),
    (Event, "received_on_number", Kept(Slot::ChannelNumber, party)),
    (Event, "received_on_number_uuid", Kept(Slot::ChannelUuid, uuid)),
    (Event, "group", Object(Group)),
    (Event, "group_uuid", Kept(Slot::GroupUuid, uuid)),
    (Event, "wa_group_id", Kept(Slot::GroupId, id)),
    (Event, "wa_group_name", Kept(Slot::GroupName, said)),
    (Event, "participant", Is::People),
    (Event, "participants", Is::People),
    (Message, "text", Kept(Slot::Text, said)),
    (Message, "media", Object(Media)),
    (Message, "order", Object(Order)),
    (Message, "message", Object(Content)),
    (Message, "id", Kept(Slot::MessageUuid, uuid)),
    (Message, "uuid", Kept(Slot::MessageUuid, uuid)),
    (Message, "created_at", Kept(Slot::MessageAt, time)),
    (Message, "session_key", Kept(Slot::SessionKey, id)),
    (Message, "remote_phone_number", Kept(Slot::Remote, party)),
    (Message, "channel_phone_number", Kept(Slot::ChannelNumber, party)),
    (Message, "channel_uuid", Kept(Slot::ChannelUuid, uuid)),
    (Message, "sent_by", Kept(Slot::Author, word)),
    (Message, "contact", Object(Someone)),
    (Content, "text", Kept(Slot::Text, said)),
    (Content, "media", Object(Media)),
    (Content, "order", Object(Order)),
    (Media, "url", Kept(Slot::MediaUrl, said)),
    (Media, "type", Kept(Slot::MediaKind, id)),
    (Media, "mime_type", Kept(Slot::MimeType, id)),
    (Order, "total", Kept(Slot::Total, decimal)),
    (Order, "subtotal", Kept(Slot::Subtotal, decimal)),
    (Order, "currency", Kept(Slot::Currency, id)),
    (Order, "products", Is::Products),
    (Item, "id", Kept(Slot::ProductId, id)),
    (Item, "name", Kept(Slot::ProductName, said)),
    (Item, "price", Kept(Slot::Price, decimal)),
    (Item, "currency", Kept(Slot::Currency, id)),
    (Item, "quantity", Kept(Slot::Quantity, count)),
    (Item, "thumbnail_url", Kept(Slot::Thumbnail, said)),
    (Channel, "uuid", Kept(Slot::ChannelUuid, uuid)),
    (Channel, "phone_number", Kept(Slot::ChannelNumber, party)),
    (Group, "uuid", Kept(Slot::GroupUuid, uuid)),
    (Group, "wa_group_id", Kept(Slot::GroupId, id)),
    (Group, "id", Kept(Slot::GroupId, id)),
    (Group, "wa_group_name", Kept(Slot::GroupName, said)),
    (Group, "name", Kept(Slot::GroupName, said)),
    (Someone, "uuid", Kept(Slot::PersonUuid, uuid)),
    (Someone, "phone_number", Kept(Slot::PersonNumber, party)),
    (Someone, "id", Kept(Slot::PersonId, id)),
    (Someone, "first_name", Kept(Slot::FirstName, said)),
    (Someone, "last_name", Kept(Slot::LastName, said)),
    (Someone, "pushname", Kept(Slot::PushName, said)),
    (Someone, "push_name", Kept(Slot::PushName, said)),
    (Someone, "profile_pic_url", Kept(Slot::Picture, said)),
];

/// A word of 2Chat's, in small letters.
fn word(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(id(value)?.map(|word| word.to_ascii_lowercase()))
}

fn count(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(value.whole::<u32>()?.map(|count| digits(count.into())))
}

/// A decimal number, as it is written.
fn decimal(value: Value<'_, '_>) -> Result<Option<String>> {
    let is_decimal = |text: &String| {
        let (whole, fraction) = text.split_once(&['.'][..]).unwrap_or((text, "0"));
        let whole = whole.strip_prefix('-').unwrap_or(whole);
        [whole, fraction].iter().all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
    };
    Ok(id(value)?.filter(is_decimal))
}

/// A phone number, or what WhatsApp knows somebody by.
fn party(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(id(value)?.filter(|text| text.contains('@') || number_of(text).is_some()))
}

/// The number in E.164, where the text is one.
///
/// What WhatsApp knows somebody by is a number only where it says so: of the ids, those
/// that end in `@c.us` and `@s.whatsapp.net`.
pub(super) fn number_of(text: &str) -> Option<String> {
    let (number, server) = text.split_once(&['@'][..]).unwrap_or((text, "c.us"));
    if !matches!(server, "c.us" | "s.whatsapp.net") {
        return None;
    }
    // Behind a colon stands the device.
    let number = number.split(&[':'][..]).next().unwrap_or_default();
    match number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => PhoneNumber::parse(concat(&["+", number])).ok().map(String::from),
        false => meant_number(number),
    }
}

/// What was read of an event, or of an object in a list of it.
pub(super) struct Members {
    kept: [Option<String>; SLOTS],
    pub(super) products: Vec<Product>,
    /// Numbers or ids of those in lists, and what is known of the first.
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
        let name = snake(name);
        let mut known = MEMBERS.iter();
        let Some((.., is)) = known.find(|(of, known, _)| *of == within && *known == name) else {
            return Ok(());
        };
        let place = value.place;
        let is_nothing = value.is_nothing() || value.plain().is_some_and(is_blank);
        let is_read = match *is {
            Kept(slot, read) => {
                let read = read(value)?;
                self.keep(slot, read)
            }
            Object(Message) if value.is_text() => {
                let text = said(value)?;
                self.keep(Slot::Text, text)
            }
            Object(within) => value.object(&mut |name, value| self.member(within, name, value))?,
            Is::People if value.is_text() => self.person(value).map(|()| true)?,
            Is::People => value.list(&mut |item| self.person(item))?,
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
        if let Some(id) = read.as_deref().and_then(|text| text.strip_suffix("@lid")) {
            let id = id.split(&['-', ':'][..]).filter(|part| !part.is_empty()).next_back();
            self.no_numbers.extend(id.map(|id| concat(&["+", id])));
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

    /// Reads an object in a list.
    fn item(&mut self, value: Value<'_, '_>, within: Within) -> Result<Self> {
        let mut item = Self {
            unread: self.unread.take(),
            no_numbers: core::mem::take(&mut self.no_numbers),
            ..Self::none()
        };
        if value.is_text() && within == Someone {
            let party = party(value)?;
            item.keep(Slot::PersonNumber, party);
        } else {
            value.object(&mut |name, value| item.member(within, name, value))?;
        }
        self.unread = item.unread.take();
        self.no_numbers = core::mem::take(&mut item.no_numbers);
        Ok(item)
    }

    fn product(&mut self, value: Value<'_, '_>) -> Result<()> {
        let place = value.place;
        let mut item = self.item(value, Item)?;
        match item.has_some() {
            true => keep(
                &mut self.products,
                Product {
                    id: item.take(Slot::ProductId),
                    name: item.take(Slot::ProductName),
                    price: item.take(Slot::Price),
                    currency: item.take(Slot::Currency),
                    quantity: item.take(Slot::Quantity).and_then(|it| number(&it)?.try_into().ok()),
                    thumbnail_url: item.take(Slot::Thumbnail),
                },
            ),
            false => self.cannot_read(place),
        }
        Ok(())
    }

    fn person(&mut self, value: Value<'_, '_>) -> Result<()> {
        let place = value.place;
        let mut person = self.item(value, Someone)?;
        match person.take(Slot::PersonNumber).or(person.take(Slot::PersonId)) {
            Some(party) => keep(&mut self.people, party),
            None => self.cannot_read(place),
        }
        // Of one person alone is known who is meant.
        for slot in [Slot::PushName, Slot::FirstName, Slot::LastName, Slot::Picture] {
            let of = person.take(slot);
            self.keep(slot, of);
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

    fn has_some(&self) -> bool {
        self.kept.iter().any(Option::is_some)
    }

    #[inline(never)]
    pub(super) fn get(&self, slot: Slot) -> Option<&str> {
        self.kept.get(slot as usize)?.as_deref()
    }

    #[inline(never)]
    pub(super) fn take(&mut self, slot: Slot) -> Option<String> {
        self.kept.get_mut(slot as usize)?.take()
    }

    /// Who came to a group or went.
    pub(super) fn group_change(&mut self, kind: String) -> GroupChange {
        let people = core::mem::take(&mut self.people).into_iter();
        let named = |party: String| self.if_number(number_of(&party)).unwrap_or(party);
        GroupChange { kind, participants: people.map(named).collect() }
    }

    /// The first of these that came.
    pub(super) fn take_first(&mut self, slots: &[Slot]) -> Option<String> {
        slots.iter().find_map(|slot| self.take(*slot))
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
