//! `DELETE /webhooks/{uuid}`: ends a subscription.
//!
//! Documented at developers.2chat.co under "Webhooks"; the answer says success and
//! nothing else.

use crate::{
    actions::Action,
    contract::events::{SubscriptionId, Unsubscribed},
    error::Result,
    json::{self, Answer},
    text::owned,
    twochat::{Arguments, Call, members},
    values::is_uuid_of,
};

value! {
    /// The uuid of a subscription.
    WebhookUuid: |text: &str| is_uuid_of(&["WHK"], text),
    expected "the uuid of a subscription, for example WHK66037eca-9ad1-4c96-9eff-526a90a48c77"
}

pub(crate) struct Unsubscribe(SubscriptionId);

impl Action for Unsubscribe {
    type Input = SubscriptionId;
    type Output = Unsubscribed;

    const ARGUMENTS: Arguments =
        Arguments { names: "uuid", spellings: &[("webhook_uuid", "uuid")] };

    fn build(subscription: SubscriptionId) -> Result<Self> {
        WebhookUuid::of("uuid", &subscription.uuid)?;
        Ok(Self(subscription))
    }

    fn call(&self) -> Call {
        Call::delete("/webhooks").with_id(&self.0.uuid)
    }

    /// All that there is to read is that it says yes; so does a status without a body.
    fn read(&self, answer: &Answer<'_>) -> Result<Unsubscribed> {
        let mut succeeded = answer.is_mere_success;
        if !succeeded {
            json::read(answer, &mut |value| {
                let is_object = members(value, &mut |key, value| {
                    succeeded |= key == "success" && value.truth()? == Some(true);
                    Ok(())
                });
                is_object.map(drop)
            })?;
        }
        match succeeded {
            true => Ok(Unsubscribed { uuid: owned(&self.0.uuid), warning: None }),
            false => Err(answer.missing("success")),
        }
    }

    fn warning(ended: &mut Unsubscribed) -> &mut Option<String> {
        &mut ended.warning
    }
}
