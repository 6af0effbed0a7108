//! `GET /whatsapp/get-numbers`: which channel is a number?
//!
//! Documented at developers.2chat.co under "List WhatsApp Numbers": rows with `uuid` and
//! `phone_number`, pages from 0. Numbers of WhatsApp Business accounts are in a list of
//! their own, whose form is not documented.

use crate::{
    actions::{Action, Ask, ListWebhookSubscriptions, Promised, asked},
    effect::Promise,
    error::Result,
    json::Answer,
    records::{first, id, listed, uuid},
    text::{digits, owned},
    twochat::{Call, members},
};

/// Pages that are looked through. Accounts have a few numbers, and hosts let a call send
/// a few requests.
const PAGES: u32 = 5;

/// The uuid of the channel that a number of the account is; none where 2Chat does not
/// tell, or tells several.
pub(super) fn channel_of(number: &str, ask: Ask<'_>) -> Result<Option<String>> {
    for page in 0..PAGES {
        let mut listed = match asked(ask, ListNumbers { page, number: owned(number) }) {
            Ok(listed) => listed,
            Err(failure) if failure.may_pass() => return Err(failure),
            Err(_) => break,
        };
        // As with contacts, only an empty page is the end.
        if listed.is_empty || !listed.channels.is_empty() {
            let channel = listed.channels.pop();
            return Ok(channel.filter(|_| listed.channels.is_empty()));
        }
    }
    Ok(None)
}

/// One page, of which the rows of this number count.
struct ListNumbers {
    page: u32,
    number: String,
}

struct Numbers {
    is_empty: bool,
    /// Of the rows that have the number, each once.
    channels: Vec<String>,
    warning: Option<String>,
}

impl Promised for ListNumbers {
    const PROMISE: Promise = ListWebhookSubscriptions::PROMISE;
}

impl Action for ListNumbers {
    type Input = Self;
    type Output = Numbers;

    fn build(input: Self) -> Result<Self> {
        Ok(input)
    }

    fn call(&self) -> Call {
        let query = vec![
            ("page_number", digits(self.page.into())),
            // Also one that is not connected has subscriptions.
            ("status", owned("all")),
        ];
        Call { query, ..Call::get("/whatsapp/get-numbers") }
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Numbers> {
        let mut channels = Vec::new();
        let rows = listed(answer, "numbers", &mut |value| {
            let (mut number, mut channel) = (None, None);
            members(value, &mut |key, value| {
                match key {
                    "phone_number" => first(&mut number, id(value)?),
                    "uuid" => first(&mut channel, uuid(value)?),
                    _ => {}
                }
                Ok(())
            })?;
            let (Some(number), Some(channel)) = (number, channel) else { return Ok(false) };
            if same(&number, &self.number) && !channels.contains(&channel) {
                channels.push(channel);
            }
            Ok(true)
        })?;
        Ok(Numbers { is_empty: rows.came == 0, channels, warning: rows.beside })
    }

    fn warning(listed: &mut Numbers) -> &mut Option<String> {
        &mut listed.warning
    }

    fn is_nothing(listed: &Numbers) -> bool {
        listed.is_empty
    }
}

/// Whether two numbers have the same digits, however they are written.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.bytes().filter(u8::is_ascii_digit).eq(other.bytes().filter(u8::is_ascii_digit))
}
