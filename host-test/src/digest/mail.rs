//! How does a summary become a mail? A whole message, as text and as a page, for a program
//! that reads its recipients from it.

use jiff::Timestamp;
use mail_builder::{MessageBuilder, headers::raw::Raw};

use super::{Digest, counted, figures::Figures, markdown, page};

/// The longest that an address may be, by RFC 5321.
const ADDRESS: usize = 254;

/// To whom it goes, and how it is named.
pub(crate) struct Envelope {
    pub(crate) to: Vec<String>,
    pub(crate) from: String,
    pub(crate) subject: String,
}

/// An address that is plainly one.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(c);
    let is_address = text.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if is_address && text.len() <= ADDRESS && text.chars().all(known) {
        return Ok(text.to_owned());
    }
    Err("expected an address such as me@example.com".to_owned())
}

/// The message, whose lines end as those of mail do.
pub(crate) fn written(digest: &Digest, envelope: Envelope, now: Timestamp) -> String {
    let Envelope { to, from, subject } = envelope;
    let domain = from.split_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
    let id = format!("digest.{}.{}@{domain}", now.as_nanosecond(), std::process::id());
    let message = MessageBuilder::new()
        .from(from)
        .to(to)
        .subject(subject)
        .date(now.as_second())
        .message_id(id)
        // So that nobody's program answers it.
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .text_body(markdown::written(digest))
        .html_body(page::written(digest));
    message.write_to_string().unwrap_or_default()
}

/// The subject where none is named.
pub(crate) fn subject(digest: &Digest) -> String {
    let told = digest.events.as_ref().map(|Figures { conversations, messages, .. }| {
        let begun = conversations.as_ref();
        let begun = begun.map(|it| counted(it.begun, "conversation", "conversations"));
        let incoming = messages.incoming.map(|it| counted(it, "message", "messages") + " in");
        begun.into_iter().chain(incoming).collect::<Vec<_>>().join(", ")
    });
    let told = told.filter(|told| !told.is_empty()).map(|told| format!(": {told}"));
    format!("2Chat, {}{}", digest.title, told.unwrap_or_default())
}
