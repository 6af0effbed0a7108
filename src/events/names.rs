//! Which events are there, what are they about, and by which names do they come?
//!
//! Bodies spell them in full, without what all names begin with, or as the state of a
//! number; some have none.

use Kind::{Call, Conversation, Group, Message, Receipt, Status, Unknown};

use crate::{
    contract::events::Direction::{self, Incoming, Outgoing},
    text::{concat, cut, cut_last},
};

/// What an event is about.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Message,
    Receipt,
    Conversation,
    Call,
    Group,
    Status,
    /// Its form is not known.
    Unknown,
}

pub(super) const NEW_CONVERSATION: &str = "whatsapp.conversation.new";
pub(super) const NUMBER_STATUS: &str = "whatsapp.number.status";

/// The events that tell something by their name alone, and which way they go.
static NAMES: [(&str, Kind, Option<Direction>); 24] = [
    ("whatsapp.message.received", Message, Some(Incoming)),
    ("whatsapp.message.sent", Message, Some(Outgoing)),
    ("whatsapp.message.new", Message, None),
    ("whatsapp.message.receipt.sent", Receipt, Some(Outgoing)),
    ("whatsapp.message.receipt.received", Receipt, Some(Outgoing)),
    ("whatsapp.message.receipt.read", Receipt, Some(Outgoing)),
    ("whatsapp.message.receipt.not-sent", Receipt, Some(Outgoing)),
    (NEW_CONVERSATION, Conversation, None),
    ("whatsapp.order.received", Message, Some(Incoming)),
    ("whatsapp.call.received", Unknown, Some(Incoming)),
    ("whatsapp.call.made", Unknown, Some(Outgoing)),
    ("whatsapp.group.message.received", Message, Some(Incoming)),
    ("whatsapp.group.join", Group, None),
    ("whatsapp.group.leave", Group, None),
    ("whatsapp.group.remove", Group, None),
    (NUMBER_STATUS, Status, None),
    ("whatsapp.waba.message.received", Message, Some(Incoming)),
    ("whatsapp.waba.message.sent", Message, Some(Outgoing)),
    ("whatsapp.waba.message.receipt.sent", Receipt, Some(Outgoing)),
    ("whatsapp.waba.message.receipt.received", Receipt, Some(Outgoing)),
    ("call.status.update", Call, None),
    ("call.incoming.completed", Call, Some(Incoming)),
    ("call.outbound.completed", Call, Some(Outgoing)),
    // The same, by another client's name.
    ("call.outgoing.completed", Call, Some(Outgoing)),
];

/// What an event of this name is about, and which way it goes.
pub(super) fn meaning(name: &str) -> (Kind, Option<Direction>) {
    let known = NAMES.iter().find(|(known, ..)| *known == name);
    known.map_or((Unknown, None), |(_, kind, direction)| (*kind, *direction))
}

/// Whether it is how a number can be.
pub(super) fn is_state(word: &str) -> bool {
    matches!(word, "ready" | "disconnected" | "qr-received" | "loading" | "initializing")
}

/// The last word of a name, with the rare one that is two.
pub(super) fn last_word(name: &str) -> &str {
    cut_last(name, b'.').map_or(name, |(_, last)| last)
}

/// The listed name that a body's word stands for, if it is one; `is_receipt` where the
/// body tells of a message by its uuid. The word that was told decides between those
/// that end alike.
pub(super) fn listed(word: &str, is_receipt: bool, told: Option<&str>) -> Option<String> {
    if meaning(word).0 != Unknown {
        return Some(word.to_owned());
    }
    let (first, last) = cut(word, b'.').unwrap_or(("", word));
    let around = match (first, last) {
        ("message", "sent" | "not-sent" | "received" | "read") if is_receipt => {
            "whatsapp.message.receipt."
        }
        ("" | "group", "join" | "leave" | "remove") => "whatsapp.group.",
        _ => return None,
    };
    let listed = concat(&[around, last]);
    let kind = meaning(&listed).0;
    let is_told = |told: &&str| meaning(told).0 == kind && last_word(told) == last;
    Some(told.filter(is_told).map_or(listed, str::to_owned))
}
