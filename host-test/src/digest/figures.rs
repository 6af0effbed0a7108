//! What do the events of a span come to? Counted as things, not as reports: a message that
//! several events tell of is one. What was neither counted nor listened for is not known.
//!
//! Things are told apart by what came; what is shown is what the caller may see.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    amount::Amount,
    calls::{Call, Ending},
    heard::{self, Heard},
    span::Span,
    text::shown,
};

/// So many of the busiest chats are named.
const BUSIEST: usize = 8;
const HOURS: usize = 24;

/// What it comes to, as JSON shows it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Figures {
    pub(crate) conversations: Option<Conversations>,
    pub(crate) messages: Messages,
    pub(crate) busiest_chats: Vec<Chat>,
    pub(crate) orders: Option<Orders>,
    pub(crate) calls: Option<Calls>,
    /// Messages that were not sent.
    pub(crate) not_sent: Option<u64>,
    pub(crate) group_changes: Option<u64>,
    /// Times that a number came on or went off.
    pub(crate) number_changes: Option<u64>,
    /// Events of other kinds.
    pub(crate) others: u64,
    pub(crate) kept_back: KeptBack,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Conversations {
    pub(crate) begun: u64,
    /// Those of them with somebody who never wrote before.
    pub(crate) first_ever: u64,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Messages {
    pub(crate) incoming: Option<u64>,
    pub(crate) outgoing: Option<u64>,
    /// Those that do not tell which way they went.
    pub(crate) either_way: u64,
    pub(crate) chats: Option<u64>,
    /// Those that do, by the hour that the clocks showed.
    pub(crate) by_hour: [Hour; HOURS],
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Hour {
    pub(crate) incoming: Option<u64>,
    pub(crate) outgoing: Option<u64>,
}

impl Hour {
    pub(crate) fn messages(self) -> u64 {
        self.incoming.unwrap_or_default() + self.outgoing.unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Chat {
    pub(crate) name: Option<String>,
    pub(crate) number: Option<String>,
    /// What WhatsApp calls it, where it gives no number.
    pub(crate) chat_id: Option<String>,
    pub(crate) is_group: bool,
    pub(crate) incoming: Option<u64>,
    pub(crate) outgoing: Option<u64>,
    pub(crate) messages: u64,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Orders {
    pub(crate) count: u64,
    pub(crate) sums: Vec<Sum>,
    /// Those whose sum is not known, and so is in none of `sums`.
    pub(crate) without_sum: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Sum {
    pub(crate) currency: Option<String>,
    pub(crate) sum: String,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Calls {
    pub(crate) missed: u64,
    /// Those that came in, and of which nothing says whether they were answered.
    pub(crate) unclear: u64,
}

/// What was not read, or not handed on.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct KeptBack {
    /// Events that came in the span and could not be read.
    pub(crate) unread: u64,
    /// Parts that could not be read of events that were.
    pub(crate) unread_parts: u64,
    /// Events that came in the span and happened before it.
    pub(crate) late: u64,
    /// Events that came in the span and say that they happened after they came.
    pub(crate) ahead: u64,
    /// Events that still wait to be read, whenever they came.
    pub(crate) not_yet_read: u64,
    /// What waits to be handed on, or was given up, of all events.
    pub(crate) waiting: u64,
    pub(crate) parked: u64,
}

/// An event, as it came and as the caller may see it.
pub(crate) struct Event<'a> {
    pub(crate) name: &'a str,
    pub(crate) came: &'a Value,
    pub(crate) seen: &'a Value,
    /// When it happened.
    pub(crate) at: Timestamp,
}

/// A count under way.
pub(crate) struct Tally<'a> {
    span: &'a Span,
    figures: Figures,
    messages: HashMap<String, Message>,
    /// Of each chat how it is shown.
    chats: HashMap<String, Chat>,
    calls: HashMap<String, Call>,
}

struct Message {
    chat: String,
    is_incoming: Option<bool>,
    hour: usize,
    order: Option<(Option<String>, Option<Amount>)>,
}

impl<'a> Tally<'a> {
    pub(crate) fn of(span: &'a Span) -> Self {
        let (messages, chats, calls) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { span, figures: Figures::default(), messages, chats, calls }
    }

    pub(crate) fn add(&mut self, event: &Event<'_>) {
        let content = event.came.get("content");
        let case = |name: &str| content.and_then(|content| content.get(name));
        if let Some(call) = case("call") {
            self.add_call(event, call);
        }
        // Others are looked at for the ends of calls that began in it or before, and for
        // nothing else.
        if !self.span.has(event.at) {
            return;
        }
        let figures = &mut self.figures;
        let unread = event.came.pointer("/unread/count").and_then(Value::as_u64);
        figures.kept_back.unread_parts += unread.unwrap_or_default();
        if let Some(period) = case("conversation") {
            let conversations = figures.conversations.get_or_insert_default();
            conversations.begun += 1;
            conversations.first_ever += u64::from(period == "all-time");
            self.add_message(event);
        } else if content.is_some_and(|content| content == "message") {
            self.add_message(event);
        } else if let Some(receipt) = case("receipt") {
            count(&mut figures.not_sent, u64::from(receipt == "not-sent"));
        } else if case("group-change").is_some() {
            count(&mut figures.group_changes, 1);
        } else if case("number-status").is_some() {
            count(&mut figures.number_changes, 1);
        } else if case("call").is_none() {
            figures.others += 1;
        }
    }

    fn add_message(&mut self, event: &Event<'_>) {
        let chat = self.chat(event);
        let is_incoming = text(event.came, "/direction").map(|direction| direction == "incoming");
        let hour = self.span.hour(event.at);
        let order = event.seen.pointer("/message/order").filter(|it| !it.is_null()).map(order);
        let uuid = text(event.came, "/message/uuid").or(text(event.came, "/key"));
        // One that nothing tells from others is one of its own.
        let key = uuid.map_or_else(|| format!("#{}", self.messages.len()), str::to_owned);
        let new = Message { chat, is_incoming: None, hour, order: None };
        let message = self.messages.entry(key).or_insert(new);
        message.is_incoming = message.is_incoming.or(is_incoming);
        message.order = message.order.take().or(order);
    }

    /// What tells the chat from others; its names are noted.
    fn chat(&mut self, event: &Event<'_>) -> String {
        let came = |place: &str| text(event.came, place);
        let group = came("/chat-id").filter(|id| id.ends_with("@g.us")).or(came("/group-uuid"));
        let key = group.or(came("/phone-number")).or(came("/chat-id")).unwrap_or_default();
        let seen = |place: &str| text(event.seen, place).map(shown).filter(|it| !it.is_empty());
        let full = [seen("/contact/first-name"), seen("/contact/last-name")];
        let full = Some(full.into_iter().flatten().collect::<Vec<_>>().join(" "));
        let full = full.filter(|name| !name.is_empty()).or_else(|| seen("/contact/push-name"));
        let (name, number, chat_id) = match (group, came("/phone-number")) {
            (Some(_), _) => (seen("/group-name"), None, None),
            // An id may hold the number, which is not for everybody to see.
            (None, Some(_)) => (full, seen("/phone-number"), None),
            (None, None) => (full, None, seen("/chat-id")),
        };
        let known = self.chats.entry(key.to_owned()).or_default();
        known.name = name.or(known.name.take());
        known.number = number.or(known.number.take());
        known.chat_id = chat_id.or(known.chat_id.take());
        known.is_group = group.is_some();
        key.to_owned()
    }

    fn add_call(&mut self, event: &Event<'_>, call: &Value) {
        let uuid = text(call, "/uuid").unwrap_or_default();
        let known = self.calls.entry(uuid.to_owned()).or_default();
        known.hears(event.name, text(call, "/status"), text(event.came, "/direction"));
        known.happens(event.at);
    }

    /// What it all comes to; 0 is of what could have been heard of.
    pub(crate) fn figures(self, kept_back: KeptBack, heard: &Heard) -> Figures {
        let Self { span, mut figures, messages, chats, calls } = self;
        let unread_parts = figures.kept_back.unread_parts;
        figures.kept_back = KeptBack { unread_parts, ..kept_back };
        let is_of_the_span = |call: &&Call| call.began.is_some_and(|began| span.has(began));
        for call in calls.values().filter(is_of_the_span) {
            let calls = figures.calls.get_or_insert_default();
            match call.ending() {
                Ending::Missed => calls.missed += 1,
                Ending::Unclear => calls.unclear += 1,
                Ending::Other => {}
            }
        }
        let mut busiest: HashMap<&str, Chat> = HashMap::new();
        let mut sums: BTreeMap<Option<String>, Amount> = BTreeMap::new();
        for message in messages.values() {
            let chat = busiest
                .entry(&message.chat)
                .or_insert_with(|| chats.get(&message.chat).cloned().unwrap_or_default());
            chat.messages += 1;
            let all = &mut figures.messages;
            let mut hour = all.by_hour.get_mut(message.hour);
            match message.is_incoming {
                Some(true) => {
                    count(&mut all.incoming, 1);
                    count(&mut chat.incoming, 1);
                    hour.iter_mut().for_each(|hour| count(&mut hour.incoming, 1));
                }
                Some(false) => {
                    count(&mut all.outgoing, 1);
                    count(&mut chat.outgoing, 1);
                    hour.iter_mut().for_each(|hour| count(&mut hour.outgoing, 1));
                }
                None => all.either_way += 1,
            }
            let Some((currency, amount)) = &message.order else { continue };
            let orders = figures.orders.get_or_insert_default();
            orders.count += 1;
            let before = sums.get(currency).copied().unwrap_or_default();
            match amount.and_then(|amount| amount.plus(before)) {
                Some(sum) => _ = sums.insert(currency.clone(), sum),
                None => orders.without_sum += 1,
            }
        }
        let mut sums =
            sums.into_iter().map(|(currency, sum)| Sum { currency, sum: sum.to_string() });
        figures.orders.iter_mut().for_each(|orders| orders.sums = sums.by_ref().collect());
        if !busiest.is_empty() {
            figures.messages.chats = Some(busiest.len() as u64);
        }
        let mut busiest: Vec<_> = busiest.into_iter().collect();
        busiest.sort_by(|(one, a), (other, b)| b.messages.cmp(&a.messages).then(one.cmp(other)));
        figures.busiest_chats = busiest.into_iter().map(|(_, chat)| chat).take(BUSIEST).collect();
        figures.know_of_none(heard);
        figures
    }
}

impl Figures {
    /// Where nothing was counted of what would have been heard of, there is none.
    fn know_of_none(&mut self, heard: &Heard) {
        fn none<T: Default>(figure: &mut Option<T>) {
            figure.get_or_insert_default();
        }
        let messages = &mut self.messages;
        if heard.hears(heard::CONVERSATIONS) {
            none(&mut self.conversations);
        }
        if heard.hears(heard::INCOMING) {
            none(&mut messages.incoming);
            none(&mut messages.chats);
            messages.by_hour.iter_mut().for_each(|hour| none(&mut hour.incoming));
            self.busiest_chats.iter_mut().for_each(|chat| none(&mut chat.incoming));
        }
        if heard.hears(heard::OUTGOING) {
            none(&mut messages.outgoing);
            none(&mut messages.chats);
            messages.by_hour.iter_mut().for_each(|hour| none(&mut hour.outgoing));
            self.busiest_chats.iter_mut().for_each(|chat| none(&mut chat.outgoing));
        }
        if heard.hears(heard::ORDERS) {
            none(&mut self.orders);
        }
        if heard.hears(heard::CALLS) {
            none(&mut self.calls);
        }
        for (figure, feed) in [
            (&mut self.not_sent, heard::NOT_SENT),
            (&mut self.group_changes, heard::GROUP_CHANGES),
            (&mut self.number_changes, heard::NUMBER_CHANGES),
        ] {
            if heard.hears(feed) {
                none(figure);
            }
        }
    }
}

fn count(figure: &mut Option<u64>, more: u64) {
    *figure.get_or_insert_default() += more;
}

/// The currency and the sum of an order. 0 stands where the sum is not known: then its
/// products may tell.
fn order(order: &Value) -> (Option<String>, Option<Amount>) {
    let total = text(order, "/total").and_then(Amount::of).filter(|total| !total.is_zero());
    match (total, of_products(order)) {
        (None, Some((currency, sum))) => (Some(currency), Some(sum)),
        (total, _) => (currency(order), total),
    }
}

/// The one currency of all products, and their sum, where each tells its price and how many.
fn of_products(order: &Value) -> Option<(String, Amount)> {
    let products = order.get("products")?.as_array()?;
    let first = currency(products.first()?)?;
    let mut sum = Amount::default();
    for product in products {
        let (price, quantity) = (text(product, "/price")?, product.get("quantity")?.as_u64()?);
        sum = sum.plus(Amount::of(price)?.times(quantity)?)?;
        currency(product).filter(|it| *it == first)?;
    }
    let is_of_it = currency(order).is_none_or(|of_order| of_order == first);
    Some((first, sum)).filter(|(_, sum)| is_of_it && !sum.is_zero())
}

fn currency(of: &Value) -> Option<String> {
    text(of, "/currency").map(shown).filter(|currency| !currency.is_empty()).map(code)
}

/// The code of a currency is one in any case.
fn code(currency: String) -> String {
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { currency.to_ascii_uppercase() } else { currency }
}

fn text<'v>(value: &'v Value, place: &str) -> Option<&'v str> {
    value.pointer(place).and_then(Value::as_str)
}
