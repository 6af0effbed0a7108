//! Door in: a function of the contract becomes an action, its outcome the
//! function's result.
//!
//! Knows the life of a call and nothing of what any action does.

use crate::{
    actions::{
        Action, CreateContact, GetApiUsageInfo, ListContacts, ListWebhookSubscriptions, TestApiKey,
    },
    contract::{
        Contact, ContactPage, ContactQuery, Error, Guest, KeyCheck, NewContact, UsageInfo,
        WebhookSubscriptions,
    },
    error, settings, transport,
    twochat::{self, Settings},
};

struct Connector;

impl Guest for Connector {
    fn create_contact(contact: NewContact) -> Result<Contact, Error> {
        run::<CreateContact>(contact)
    }

    fn get_api_usage_info() -> Result<UsageInfo, Error> {
        run::<GetApiUsageInfo>(())
    }

    fn list_contacts(query: ContactQuery) -> Result<ContactPage, Error> {
        run::<ListContacts>(query)
    }

    fn list_webhook_subscriptions() -> Result<WebhookSubscriptions, Error> {
        run::<ListWebhookSubscriptions>(())
    }

    fn test_api_key() -> Result<KeyCheck, Error> {
        run::<TestApiKey>(())
    }
}

/// The life of a call.
fn run<A: Action>(input: A::Input) -> Result<A::Output, Error> {
    let outcome = A::build(input).and_then(|action| {
        let settings = settings::read()?;
        carry_out(action, &settings).map_err(|failure| failure.masked(&settings))
    });
    outcome.map_err(|failure| failure.report(A::EFFECT))
}

fn carry_out<A: Action>(action: A, settings: &Settings) -> error::Result<A::Output> {
    let request = twochat::sign(action.call()?, settings);
    let reply = transport::send(request)?;
    let status = reply.status;
    let read = match twochat::accept(reply, settings, A::SPELLINGS) {
        Ok(answer) => action.read(&answer),
        Err(refusal) => A::refused(refusal),
    };
    read.map_err(|failure| failure.with_status(status))
}

#[expect(
    unreachable_pub,
    unsafe_code,
    reason = "the generated exports are public functions of the C kind"
)]
mod exports {
    use super::Connector;

    crate::contract::export!(Connector with_types_in crate::contract::generated);
}
