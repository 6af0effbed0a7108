//! Which actions are there, and what must each be able to do?
//!
//! Check its input, put one question, and read the answer to it. Where 2Chat
//! is and with which key it is asked is kept from all of them.

use crate::{
    error::{Effect, Failure, Result},
    json::Answer,
    twochat::{self, Call, Reply, Settings, Spelling},
};

mod create_contact;
mod get_api_usage_info;
mod list_contacts;
mod list_webhook_subscriptions;
mod test_api_key;

#[cfg(target_family = "wasm")]
pub(crate) use self::{
    create_contact::CreateContact, get_api_usage_info::GetApiUsageInfo,
    list_contacts::ListContacts, list_webhook_subscriptions::ListWebhookSubscriptions,
    test_api_key::TestApiKey,
};

pub(crate) trait Action: Sized {
    /// What the contract's function takes.
    type Input;
    /// What the contract's function gives.
    type Output;

    /// What the call does at 2Chat.
    const EFFECT: Effect = Effect::Reads;

    /// 2Chat's names for arguments that the contract calls otherwise.
    const SPELLINGS: &'static [Spelling] = &[];

    /// Checks the input: what can be refused is refused before anything is sent.
    fn build(input: Self::Input) -> Result<Self>;

    /// The question to 2Chat.
    fn call(&self) -> Result<Call>;

    /// Reads an answer that says it succeeded.
    fn read(self, answer: &Answer<'_>) -> Result<Self::Output>;

    /// Reads a refusal, for the action to which some are an answer.
    fn refused(refusal: Box<Failure>) -> Result<Self::Output> {
        Err(refusal)
    }
}

/// What the action makes of a reply.
pub(crate) fn outcome<A: Action>(
    action: A,
    reply: Reply,
    settings: &Settings,
) -> Result<A::Output> {
    let status = reply.status;
    let read = twochat::accept(reply, settings, A::SPELLINGS).and_then(|answer| {
        let read = action.read(&answer);
        twochat::confirm(&answer, read.is_ok(), status, A::SPELLINGS)?;
        Ok(read)
    });
    let read = read.unwrap_or_else(A::refused);
    read.map_err(|failure| failure.with_status(status))
}
