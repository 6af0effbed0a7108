//! What stands where in the body of an event?
//!
//! Whichever member comes is kept in its slot, and what it means is judged when all have
//! come. A member of another name is passed over but for the ids in it; one that is
//! known and cannot be read is told.

use super::{
    ids::{Ids, number_of},
    slots::{
        Is::{self, Kept, Object},
        SLOTS, Slot,
        Within::{self, Content, Event, Media, Message, Order, Party, Product as Item},
        members_of, snake,
    },
};
use crate::{
    contract::{
        Skipped,
        events::{GroupChange, Person, Product},
    },
    error::Result,
    json::{Place, Value},
    records::{PLACES, first, id, keep, said, uuid},
    text::{cut, digits, find, is_blank, number, owned},
    time::time,
    twochat::members,
};

/// So many of a list are given: more than there are in an order or come to a group at
/// once, and so few that every host takes them.
const MOST: usize = 2000;

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
        S::Author | S::Status => Ok(id(value)?.map(|word| word.to_ascii_lowercase())),
        S::TimePeriod => Ok(id(value)?.map(|word| hyphenated(&word))),
        S::Direction => {
            let word = id(value)?.map(|word| word.to_ascii_lowercase());
            Ok(word.filter(|word| word.starts_with(['i', 'o'])))
        }
        S::Total | S::Subtotal | S::Price => Ok(id(value)?.filter(|text| is_decimal(text))),
        S::Quantity => Ok(value.whole::<u32>()?.map(|count| digits(count.into()))),
        _ => id(value),
    }
}

/// A word as the contract spells those of several: `ALL_TIME` is `all-time`.
pub(super) fn hyphenated(word: &str) -> String {
    let hyphen = |c| if matches!(c, '_' | ' ') { '-' } else { c };
    snake(word).chars().map(hyphen).collect()
}

/// Whether a uuid is that of something that happened, rather than of what it is about.
fn is_of_event(uuid: &str) -> bool {
    uuid.starts_with("MSG") || uuid.starts_with("CDR")
}

/// Whether a member beside an event says why it is as it is.
fn tells_why(name: &str) -> bool {
    find(name, "error").is_some() || find(name, "reason").is_some()
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = cut(text, b'.').unwrap_or((text, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    number(whole).is_some() && number(fraction).is_some()
}

/// Which of what came is in no part of the event.
pub(super) struct Lost {
    pub(super) parts: bool,
    pub(super) beside: bool,
    pub(super) people: bool,
}

/// What was read of an event.
pub(super) struct Members {
    kept: [Option<String>; SLOTS],
    pub(super) products: Vec<Product>,
    /// Numbers or ids of those in lists.
    pub(super) people: Vec<String>,
    /// Where they stand.
    people_at: Option<String>,
    unread: Option<Skipped>,
    /// What the message has of unknown names.
    parts: Option<Skipped>,
    /// What stands beside it of such.
    beside: Option<Skipped>,
    ids: Ids,
    /// Whether anything came.
    pub(super) has_any: bool,
    /// Whether a message did, although nothing of it may be known.
    pub(super) has_message: bool,
    /// Whether an order did, although nothing of it may be read.
    pub(super) has_order: bool,
}

impl Members {
    pub(super) fn none() -> Self {
        Self {
            kept: [const { None }; SLOTS],
            products: Vec::new(),
            people: Vec::new(),
            people_at: None,
            unread: None,
            parts: None,
            beside: None,
            ids: Ids::none(),
            has_any: false,
            has_message: false,
            has_order: false,
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
        let is_lid = name == "lid" || name.ends_with("_lid");
        let known = members_of(within).iter().find(|(known, _)| *known == name);
        let is = match known {
            Some((_, is)) => Some(*is),
            None if is_lid && matches!(within, Party) => Some(Kept(Slot::PartyId)),
            None => is_lid.then_some(Kept(Slot::Lid)),
        };
        let place = value.place;
        let is_nothing = value.is_nothing() || value.plain().is_some_and(is_blank);
        let is_read = match is {
            Some(Kept(slot)) if !value.is_object() && !value.is_list() => {
                let mut text = read(slot, value)?;
                if is_lid
                    && let Some(text) = &mut text
                    && cut(text, b'@').is_none()
                {
                    text.push_str("@lid");
                }
                self.keep(slot, text)
            }
            Some(Object(within)) => self.object(within, value)?,
            Some(Is::People) => {
                first(&mut self.people_at, Some(place.path()));
                match value.is_text() || value.is_number() {
                    true => self.party(value).map(|()| true)?,
                    false => value.list(&mut |item| self.party(item))?,
                }
            }
            Some(Is::Products) => value.list(&mut |item| self.product(item))?,
            _ => {
                self.ids.note(value.raw()?);
                match within {
                    _ if is.is_some() || is_nothing => {}
                    Message | Content | Media | Order | Item => tell(&mut self.parts, place),
                    Event if tells_why(name) => tell(&mut self.unread, place),
                    Event => tell(&mut self.beside, place),
                    _ => {}
                }
                is.is_none()
            }
        };
        if !is_nothing {
            self.has_order |= match is {
                Some(Kept(Slot::Total | Slot::Subtotal)) => true,
                Some(Is::Products) => !is_read,
                _ => false,
            };
            if !is_read {
                self.cannot_read(place);
            }
        }
        Ok(())
    }

    /// Reads the object, also where it is a list of one.
    fn object(&mut self, within: Within, value: Value<'_, '_>) -> Result<bool> {
        self.has_message |= matches!(within, Message);
        if !value.is_list_of_one() {
            return self.alone(within, value);
        }
        let mut is_read = false;
        value.list(&mut |item| {
            is_read = self.alone(within, item)?;
            Ok(())
        })?;
        Ok(is_read)
    }

    fn alone(&mut self, within: Within, value: Value<'_, '_>) -> Result<bool> {
        if value.is_object() {
            return value.object(&mut |name, value| self.member(within, name, value));
        }
        if matches!(within, Message) && value.is_text() {
            return Ok(self.keep(Slot::Text, read(Slot::Text, value)?));
        }
        let raw = value.raw()?;
        self.ids.note(raw);
        // Several of them.
        self.has_order |= matches!(within, Order) && cut(raw, b'{').is_some();
        Ok(false)
    }

    /// Keeps what was read, unless the slot is taken.
    #[inline(never)]
    fn keep(&mut self, slot: Slot, read: Option<String>) -> bool {
        use Slot as S;
        let is_read = read.is_some();
        match (&read, slot) {
            (_, S::At | S::Timestamp | S::UpdatedAt | S::MessageAt) => {}
            // Anybody may write anything there.
            (_, S::Text | S::FirstName | S::LastName | S::PushName | S::GroupName) => {}
            (_, S::ProductName | S::MediaUrl | S::Thumbnail | S::Picture) => {}
            (Some(text), _) => self.ids.note(text),
            _ => {}
        }
        if let Some(kept) = self.kept.get_mut(slot as usize) {
            // That of what is around an event gives way to its own.
            let is_own = |uuid: &Option<String>| uuid.as_deref().is_some_and(is_of_event);
            if matches!(slot, S::Uuid | S::Id | S::MessageUuid | S::About)
                && is_own(&read)
                && !is_own(kept)
            {
                *kept = None;
            }
            first(kept, read);
        }
        is_read
    }

    fn cannot_read(&mut self, place: &Place<'_>) {
        tell(&mut self.unread, place);
    }

    /// What could not be read. Also what the message has of unknown names, unless it is
    /// only what a receipt is of; where it has nothing else, what stands beside it; and
    /// those in lists who are given nowhere.
    pub(super) fn unread(self, of: Lost) -> Option<Skipped> {
        let Self { mut unread, parts, beside, people_at, .. } = self;
        if let Some(place) = people_at.filter(|_| of.people) {
            tell_of(&mut unread, || place);
        }
        for more in [parts.filter(|_| of.parts), beside.filter(|_| of.beside)] {
            match (&mut unread, more) {
                (Some(unread), Some(more)) => {
                    unread.count = unread.count.saturating_add(more.count);
                    unread.places.extend(more.places);
                    unread.places.truncate(PLACES);
                }
                (unread, more) => first(unread, more),
            }
        }
        unread
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
        let Product { id, name, price, currency, thumbnail_url, .. } = &product;
        let texts = [id, name, price, currency, thumbnail_url];
        let is_one = product.quantity.is_some() || texts.iter().any(|text| text.is_some());
        match is_one && self.products.len() < MOST {
            true => keep(&mut self.products, product),
            false => self.cannot_read(place),
        }
        self.has_order = true;
        Ok(())
    }

    /// Of several, whose names came first is who is meant.
    fn party(&mut self, value: Value<'_, '_>) -> Result<()> {
        let place = value.place;
        if value.is_text() || value.is_number() {
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
        let named = |party: &String| match number_of(party) {
            Some(number) => self.ids.of(&number).map_or(number, owned),
            None => owned(party),
        };
        GroupChange { kind: owned(kind), participants: self.people.iter().map(named).collect() }
    }

    /// The first of these that came.
    #[inline(never)]
    pub(super) fn first(&self, slots: &[Slot]) -> Option<&str> {
        slots.iter().find_map(|slot| self.get(*slot))
    }

    /// The number in E.164, where the text is one and the body has no id of its digits.
    pub(super) fn number(&self, text: &str) -> Option<String> {
        let is_id = |number: &String| self.ids.are_too_many() || self.ids.of(number).is_some();
        number_of(text).filter(|number| !is_id(number))
    }
}

/// Tells of one thing more, and where it stands.
#[inline(never)]
fn tell(told: &mut Option<Skipped>, place: &Place<'_>) {
    tell_of(told, || place.path());
}

fn tell_of(told: &mut Option<Skipped>, path: impl FnOnce() -> String) {
    let told = told.get_or_insert_with(|| Skipped { count: 0, places: Vec::new() });
    told.count = told.count.saturating_add(1);
    if told.places.len() < PLACES {
        told.places.push(path());
    }
}
