//! The records that more than one action reads: a contact and an account.
//!
//! What 2Chat sends is read leniently where it may be absent and strictly
//! where it identifies something. Shapes from 2Chat's documentation; what live
//! answers add beyond it is marked.

use crate::{
    contract::{Account, Contact, ContactDetail, Quota, UsageInfo},
    error::Result,
    json::Value,
    time::time,
};

/// A row of `GET /contacts`, and the `contact` of `POST /contacts`.
pub(crate) fn contact(value: Value<'_, '_>) -> Result<Contact> {
    let place = value.place;
    let mut uuid = None;
    let (mut id, mut first_name, mut last_name) = (None, None, None);
    let (mut channel_uuid, mut profile_pic_url, mut details) = (None, None, None);
    value.object(&mut |key, value| {
        match key {
            "id" => id = value.optional(Value::whole)?,
            "uuid" => uuid = Some(value.text()?),
            "first_name" => first_name = value.optional(Value::text)?,
            "last_name" => last_name = value.optional(Value::text)?,
            "channel_uuid" => channel_uuid = value.optional(Value::text)?,
            "profile_pic_url" => profile_pic_url = value.optional(Value::text)?,
            "details" => details = value.optional(|value| value.items(detail))?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(Contact {
        id,
        uuid: place.required("uuid", uuid)?,
        first_name,
        last_name,
        channel_uuid,
        profile_pic_url,
        details: details.unwrap_or_default(),
    })
}

fn detail(value: Value<'_, '_>) -> Result<ContactDetail> {
    let place = value.place;
    let (mut id, mut code, mut content) = (None, None, None);
    let (mut created_at, mut updated_at) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "id" => id = value.optional(Value::whole)?,
            "type" => code = Some(value.text()?),
            "value" => content = Some(value.text()?),
            "created_at" => created_at = time(value)?,
            "updated_at" => updated_at = time(value)?,
            _ => {}
        }
        Ok(())
    })?;
    let code = place.required("type", code)?;
    let kind = match code.as_str() {
        "E" => "email".to_owned(),
        "A" => "address".to_owned(),
        "PH" => "phone".to_owned(),
        "WAPH" => "whatsapp-phone".to_owned(),
        _ => code,
    };
    Ok(ContactDetail { id, kind, value: place.required("value", content)?, created_at, updated_at })
}

/// The answer to `GET /info`, which two actions ask.
pub(crate) fn info(value: Value<'_, '_>) -> Result<UsageInfo> {
    let place = value.place;
    let (mut found, mut requests_per_minute, mut quotas) = (None, None, None);
    value.object(&mut |key, value| {
        match key {
            "account" => found = Some(account(value)?),
            "limits" => requests_per_minute = value.optional(limit)?.flatten(),
            "usage" => quotas = value.optional(usage)?,
            _ => {}
        }
        Ok(())
    })?;
    let (api_requests, number_checks) = quotas.unwrap_or_default();
    let account = place.required("account", found)?;
    Ok(UsageInfo { account, requests_per_minute, api_requests, number_checks })
}

fn account(value: Value<'_, '_>) -> Result<Account> {
    let place = value.place;
    let (mut uuid, mut name, mut block_reason) = (None, None, None);
    let (mut on_trial, mut blocked) = (None, None);
    let (mut created_at, mut expires_at) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "uuid" => uuid = Some(value.text()?),
            "name" => name = value.optional(Value::text)?,
            "on_trial" => on_trial = value.optional(Value::truth)?,
            "blocked" => blocked = value.optional(Value::truth)?,
            // In live answers, not in the documentation.
            "block_reason" => block_reason = value.optional(Value::text)?,
            "created_at" => created_at = time(value)?,
            "expires_at" => expires_at = time(value)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(Account {
        uuid: place.required("uuid", uuid)?,
        name: name.unwrap_or_default(),
        on_trial: on_trial.unwrap_or_default(),
        blocked: blocked.unwrap_or_default(),
        block_reason,
        created_at,
        expires_at,
    })
}

fn limit(value: Value<'_, '_>) -> Result<Option<u32>> {
    let mut requests_per_minute = None;
    value.object(&mut |key, value| {
        if key == "requests_per_minute" {
            requests_per_minute = value.optional(Value::whole)?;
        }
        Ok(())
    })?;
    Ok(requests_per_minute)
}

/// API requests and number checks.
fn usage(value: Value<'_, '_>) -> Result<(Option<Quota>, Option<Quota>)> {
    let (mut requests, mut max_requests) = (None, None);
    let (mut checks, mut max_checks) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "api_request_count" => requests = value.optional(Value::whole)?,
            "max_api_request_count" => max_requests = value.optional(Value::whole)?,
            "number_check_count" => checks = value.optional(Value::whole)?,
            "max_number_check_count" => max_checks = value.optional(Value::whole)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((quota(requests, max_requests), quota(checks, max_checks)))
}

fn quota(used: Option<u64>, limit: Option<u64>) -> Option<Quota> {
    let (used, limit) = (used?, limit?);
    Some(Quota { used, limit, left: limit.saturating_sub(used) })
}
