//! A webhook subscription, as a list of them and a new one tell it.

use super::{first, id, identifies, said, uuid};
use crate::{
    contract::{HookParam, WebhookSubscription},
    error::Result,
    json::Value,
    time::time,
    twochat::members,
};

/// A row of `GET /webhooks`, and the answer to a new subscription.
pub(crate) fn subscription(value: Value<'_, '_>) -> Result<Option<WebhookSubscription>> {
    let (mut found, mut event_name, mut channel_uuid) = (None, None, None);
    let (mut hook_url, mut hook_params, mut created_at) = (None, Vec::new(), None);
    let (mut number, mut account_id) = (None, None);
    members(value, &mut |key, value| {
        match key {
            "uuid" => first(&mut found, uuid(value)?),
            "event_name" => first(&mut event_name, said(value)?),
            "channel_uuid" => first(&mut channel_uuid, id(value)?),
            "hook_url" => first(&mut hook_url, said(value)?),
            "hook_params" if hook_params.is_empty() => hook_params = params(value)?,
            "created_at" => first(&mut created_at, time(value)?),
            "id" => first(&mut number, value.whole()?),
            "account_id" => first(&mut account_id, value.whole()?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found.filter(|uuid: &String| identifies(uuid)).map(|uuid| WebhookSubscription {
        uuid,
        event_name: event_name.unwrap_or_default(),
        channel_uuid,
        hook_url: hook_url.unwrap_or_default(),
        hook_params,
        created_at,
        id: number,
        account_id,
    }))
}

/// The members in the order in which they came: text as it is, anything else
/// as its JSON text. What is no object is kept as one parameter, or as one for
/// each item.
fn params(value: Value<'_, '_>) -> Result<Vec<HookParam>> {
    let mut params = Vec::new();
    let mut push = |value: Value<'_, '_>| {
        let name = value.place.name();
        let value = if value.is_text() { value.text()? } else { Some(value.json_text()?) };
        params.push(HookParam { name, value: value.unwrap_or_default() });
        Ok(())
    };
    if value.is_object() {
        value.object(&mut |_, value| push(value))?;
    } else if value.is_list() || value.is_nothing() {
        value.list(&mut push)?;
    } else {
        push(value)?;
    }
    Ok(params)
}
