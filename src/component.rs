//! Door in: a function of the contract becomes an action, its outcome the
//! function's result.
//!
//! Knows the life of a call and nothing of what any action does.

use crate::{
    actions::{
        self, Action, CreateContact, GetApiUsageInfo, ListContacts, ListWebhookSubscriptions,
        TestApiKey,
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

/// A call from its input to its outcome, in the contract's terms.
fn run<A: Action>(input: A::Input) -> Result<A::Output, Error> {
    let outcome = settings::read().and_then(|settings| {
        carry_out::<A>(input, &settings).map_err(|failure| failure.hiding(settings.key()))
    });
    outcome.map_err(|failure| failure.report(A::EFFECT))
}

/// The life of a call.
fn carry_out<A: Action>(input: A::Input, settings: &Settings) -> error::Result<A::Output> {
    let action = A::build(input)?;
    let request = twochat::sign(action.call()?, settings);
    let reply = transport::send(request)?;
    actions::outcome(action, reply, settings)
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
