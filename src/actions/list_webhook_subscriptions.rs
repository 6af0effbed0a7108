//! `GET /webhooks`: the subscriptions that are set up and enabled.
//!
//! Documented at developers.2chat.co under "Webhooks" as an object with
//! `webhooks`; one official client reads a bare list, so both are taken. Live
//! answers add `id` and `account_id`.

use super::Action;
use crate::{
    contract::{HookParam, WebhookSubscription, WebhookSubscriptions},
    error::Result,
    json::{self, Value},
    time::time,
    twochat::Call,
};

pub(crate) struct ListWebhookSubscriptions;

impl Action for ListWebhookSubscriptions {
    type Input = ();
    type Output = WebhookSubscriptions;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Result<Call> {
        Ok(Call::get("/webhooks"))
    }

    fn read(self, body: &str) -> Result<WebhookSubscriptions> {
        json::read(body, answer).map(|subscriptions| WebhookSubscriptions { subscriptions })
    }
}

fn answer(value: Value<'_, '_>) -> Result<Vec<WebhookSubscription>> {
    if value.is_list() {
        return value.items(subscription);
    }
    let place = value.place;
    let mut rows = None;
    value.object(&mut |key, value| {
        if key == "webhooks" {
            rows = Some(value.items(subscription)?);
        }
        Ok(())
    })?;
    place.required("webhooks", rows)
}

fn subscription(value: Value<'_, '_>) -> Result<WebhookSubscription> {
    let place = value.place;
    let (mut uuid, mut event_name, mut channel_uuid) = (None, None, None);
    let (mut hook_url, mut hook_params, mut created_at) = (None, None, None);
    let (mut id, mut account_id) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "uuid" => uuid = Some(value.text()?),
            "event_name" => event_name = Some(value.text()?),
            "channel_uuid" => channel_uuid = value.optional(Value::text)?,
            "hook_url" => hook_url = Some(value.text()?),
            "hook_params" => hook_params = value.optional(params)?,
            "created_at" => created_at = time(value)?,
            "id" => id = value.optional(Value::whole)?,
            "account_id" => account_id = value.optional(Value::whole)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(WebhookSubscription {
        uuid: place.required("uuid", uuid)?,
        event_name: place.required("event_name", event_name)?,
        channel_uuid,
        hook_url: place.required("hook_url", hook_url)?,
        hook_params: hook_params.unwrap_or_default(),
        created_at,
        id,
        account_id,
    })
}

/// The members in the order in which they came: text as it is, anything else
/// as its JSON text.
fn params(value: Value<'_, '_>) -> Result<Vec<HookParam>> {
    let mut params = Vec::new();
    value.object(&mut |key, value| {
        let name = key.to_owned();
        let value = if value.is_text() { value.text()? } else { value.raw()?.to_owned() };
        params.push(HookParam { name, value });
        Ok(())
    })?;
    Ok(params)
}
