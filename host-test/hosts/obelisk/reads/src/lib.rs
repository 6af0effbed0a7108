//! The reads as activities: tried again where the contract's `retry` says so.

wit_bindgen::generate!({ path: ["../wit", "../adapters.wit"], world: "twochat:durable/reading", generate_all });

use exports::twochat::durable::reads::{Failure, Guest};
use twochat::connector::actions;
use twochat::connector::types::{
    ContactPage, ContactQuery, Error, KeyCheck, Retry, UsageInfo, WebhookSubscriptions,
};

struct Reads;
export!(Reads);

impl Guest for Reads {
    fn get_api_usage_info() -> Result<UsageInfo, Failure> {
        actions::get_api_usage_info().map_err(failure)
    }

    fn list_contacts(query: ContactQuery) -> Result<ContactPage, Failure> {
        actions::list_contacts(&query).map_err(failure)
    }

    fn list_webhook_subscriptions() -> Result<WebhookSubscriptions, Failure> {
        actions::list_webhook_subscriptions().map_err(failure)
    }

    fn test_api_key() -> Result<KeyCheck, Failure> {
        actions::test_api_key().map_err(failure)
    }
}

fn failure(error: Error) -> Failure {
    match error.retry {
        Retry::Now | Retry::AfterWaiting => Failure::TryAgain(error),
        Retry::Never | Retry::AfterCorrecting | Retry::AfterLooking => Failure::Permanent(error),
    }
}
