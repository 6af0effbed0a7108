//! The records that more than one action reads: a contact and an account, and
//! the list of any.
//!
//! What 2Chat sends is read as what it plainly means, and what means nothing is
//! absent. Only what identifies a record is needed: one without it is passed
//! over, and counted. Shapes from 2Chat's documentation; what live answers add
//! beyond it is marked.

use crate::{
    contract::{Account, Contact, ContactDetail, Quota, Skipped, UsageInfo},
    error::Result,
    json::{self, Answer, NOTHING, Value, whole},
    time::time,
    twochat::{is_wrapping, members},
};

/// How many records that were passed over are told with their places.
const PLACES: usize = 10;

/// What there is to know of a list, beside its records.
#[derive(Default)]
pub(crate) struct Listed {
    /// How many rows came, those that were passed over included.
    pub(crate) came: u64,
    /// The number that 2Chat gives along.
    pub(crate) count: Option<u64>,
    pub(crate) skipped: Option<Skipped>,
}

/// Reads the answer to a question for a list: an object with the list under
/// this name, or the bare list. `read` takes a row, or tells that it cannot.
///
/// Where the list is missing, an answer that says success and nothing else has
/// none to give. Any other is not the answer to this question.
pub(crate) fn listed(
    answer: &Answer<'_>,
    name: &str,
    read: &mut dyn FnMut(Value<'_, '_>) -> Result<bool>,
) -> Result<Listed> {
    let mut listed = Listed::default();
    json::read(answer, &mut |value| {
        let place = value.place;
        if value.is_list() {
            listed.take(value, read)?;
            let skipped = listed.skipped.as_ref().map_or(0, |skipped| u64::from(skipped.count));
            let other = skipped > 0 && skipped == listed.came;
            return if other { Err(place.fault(&["expected ", name].concat())) } else { Ok(()) };
        }
        let (mut is_there, mut succeeded, mut says_more) = (false, false, false);
        let (mut speaks, mut fails) = (false, false);
        let is_object = members(value, &mut |key, value| {
            let place = value.place;
            match key {
                // Of two, the first.
                _ if !is_there && (key == name || (value.is_list() && is_wrapping(key))) => {
                    is_there = true;
                    if !listed.take(value, read)? {
                        return Err(place.fault("expected a list"));
                    }
                }
                "count" => listed.count = value.whole()?,
                "success" => succeeded = value.truth()? == Some(true),
                "page" => {}
                _ => {
                    let tells = !NOTHING.contains(&value.raw()?);
                    match key {
                        "message" | "detail" => speaks |= tells,
                        "errors" | "error_message" => fails |= tells,
                        _ => says_more |= tells,
                    }
                }
            }
            Ok(())
        })?;
        // Words instead of rows, and no word of success: they are what matters.
        if is_there && (fails || (speaks && !succeeded)) && listed.came == 0 {
            return Err(place.fault("it has no rows"));
        }
        says_more |= speaks || fails;
        if is_there || (succeeded && !says_more && listed.count.unwrap_or(0) == 0) {
            return Ok(());
        }
        Err(if is_object { place.missing(name) } else { place.fault("expected an object") })
    })?;
    Ok(listed)
}

impl Listed {
    fn take(
        &mut self,
        list: Value<'_, '_>,
        read: &mut dyn FnMut(Value<'_, '_>) -> Result<bool>,
    ) -> Result<bool> {
        list.list(&mut |item| {
            let place = item.place;
            self.came += 1;
            if !read(item)? {
                let none = || Skipped { count: 0, places: Vec::new() };
                let skipped = self.skipped.get_or_insert_with(none);
                skipped.count = skipped.count.saturating_add(1);
                if skipped.places.len() < PLACES {
                    skipped.places.push(place.path());
                }
            }
            Ok(())
        })
    }
}

/// The text that identifies a record.
pub(crate) fn uuid(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(value.text()?.filter(|uuid| !uuid.trim().is_empty()))
}

/// The members of a contact, as they come.
#[derive(Default)]
pub(crate) struct ContactFields {
    id: Option<u64>,
    uuid: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    channel_uuid: Option<String>,
    profile_pic_url: Option<String>,
    details: Vec<ContactDetail>,
    unread_details: u32,
}

impl ContactFields {
    pub(crate) fn member(&mut self, key: &str, value: Value<'_, '_>) -> Result<()> {
        match key {
            "id" => self.id = value.whole()?,
            "uuid" => self.uuid = uuid(value)?,
            "first_name" => self.first_name = value.text()?,
            "last_name" => self.last_name = value.text()?,
            "channel_uuid" => self.channel_uuid = value.text()?,
            "profile_pic_url" => self.profile_pic_url = value.text()?,
            "details" => {
                (self.details, self.unread_details) = (Vec::new(), 0);
                let are_listed = value.list(&mut |value| {
                    match detail(value)? {
                        Some(detail) => self.details.push(detail),
                        None => self.unread_details = self.unread_details.saturating_add(1),
                    }
                    Ok(())
                })?;
                self.unread_details += u32::from(!are_listed);
            }
            _ => {}
        }
        Ok(())
    }

    /// The contact, if there was a uuid.
    pub(crate) fn contact(self) -> Option<Contact> {
        Some(Contact {
            id: self.id,
            uuid: self.uuid?,
            first_name: self.first_name,
            last_name: self.last_name,
            channel_uuid: self.channel_uuid,
            profile_pic_url: self.profile_pic_url,
            details: self.details,
            unread_details: Some(self.unread_details).filter(|count| *count > 0),
            warning: None,
        })
    }
}

/// A row of `GET /contacts`, and the `contact` of `POST /contacts`.
pub(crate) fn contact(value: Value<'_, '_>) -> Result<Option<Contact>> {
    let mut fields = ContactFields::default();
    value.object(&mut |key, value| fields.member(key, value))?;
    Ok(fields.contact())
}

fn detail(value: Value<'_, '_>) -> Result<Option<ContactDetail>> {
    let (mut id, mut kind, mut content) = (None, None, None);
    let (mut created_at, mut updated_at) = (None, None);
    value.object(&mut |key, value| {
        let place = value.place;
        match key {
            "id" => id = value.whole()?,
            "type" => {
                kind = value.word()?.map(|code| match &*code {
                    "E" => "email".to_owned(),
                    "A" => "address".to_owned(),
                    "PH" => "phone".to_owned(),
                    "WAPH" => "whatsapp-phone".to_owned(),
                    _ => place.hide_key(code.into_owned()),
                });
            }
            "value" => content = value.text()?,
            "created_at" => created_at = time(value)?,
            "updated_at" => updated_at = time(value)?,
            _ => {}
        }
        Ok(())
    })?;
    let kind = kind.unwrap_or_default();
    Ok(content.map(|value| ContactDetail { id, kind, value, created_at, updated_at }))
}

/// The answer to `GET /info`, which two actions ask. An account without a uuid
/// has an empty one here.
pub(crate) fn info(answer: &Answer<'_>) -> Result<UsageInfo> {
    let account = Account {
        uuid: String::new(),
        name: String::new(),
        on_trial: false,
        blocked: false,
        block_reason: None,
        created_at: None,
        expires_at: None,
    };
    let mut info = UsageInfo {
        account,
        requests_per_minute: None,
        api_requests: None,
        number_checks: None,
        warning: None,
    };
    json::read(answer, &mut |value| {
        let place = value.place;
        let mut is_there = false;
        let is_object = members(value, &mut |key, value| {
            match key {
                "account" => {
                    is_there = false;
                    members(value, &mut |key, value| {
                        is_there |= account_member(&mut info.account, key, value)?;
                        Ok(())
                    })
                }
                "limits" => value.object(&mut |key, value| {
                    if key == "requests_per_minute" {
                        info.requests_per_minute = value.whole()?;
                    }
                    Ok(())
                }),
                "usage" => usage(value, &mut info),
                _ => Ok(true),
            }
            .map(drop)
        })?;
        match (is_object, is_there) {
            (true, true) => Ok(()),
            (true, false) => Err(place.missing("account")),
            (false, _) => Err(place.fault("expected an object")),
        }
    })?;
    Ok(info)
}

/// Reads a member of an account, if it is one.
fn account_member(account: &mut Account, key: &str, value: Value<'_, '_>) -> Result<bool> {
    match key {
        "uuid" => account.uuid = uuid(value)?.unwrap_or_default(),
        "name" => account.name = value.text()?.unwrap_or_default(),
        "on_trial" => account.on_trial = value.truth()? == Some(true),
        "blocked" => account.blocked = value.truth()? == Some(true),
        // In live answers, not in the documentation.
        "block_reason" => account.block_reason = value.text()?,
        "created_at" => account.created_at = time(value)?,
        "expires_at" => account.expires_at = time(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// API requests and number checks.
fn usage(value: Value<'_, '_>, info: &mut UsageInfo) -> Result<bool> {
    let (mut requests, mut max_requests) = (None, None);
    let (mut checks, mut max_checks) = (None, None);
    let is_object = value.object(&mut |key, value| {
        match key {
            "api_request_count" => requests = value.whole()?,
            "max_api_request_count" => max_requests = limit(value)?,
            "number_check_count" => checks = value.whole()?,
            "max_number_check_count" => max_checks = limit(value)?,
            _ => {}
        }
        Ok(())
    })?;
    info.api_requests = quota(requests, max_requests);
    info.number_checks = quota(checks, max_checks);
    Ok(is_object)
}

/// How much is allowed.
enum Limit {
    Of(u64),
    Unlimited,
}

/// `None`: 2Chat does not say. A negative number, nothing, or a number beyond
/// all counting is no limit, and so is a word for it.
fn limit(value: Value<'_, '_>) -> Result<Option<Limit>> {
    const WORDS: [&str; 8] =
        ["unlimited", "infinite", "infinity", "inf", "none", "null", "no limit", "∞"];
    if !value.is_text() && !value.is_number() {
        return Ok((value.raw()? == "null").then_some(Limit::Unlimited));
    }
    Ok(value.word()?.and_then(|word| {
        let word = word.trim();
        if let Some(limit) = whole(word) {
            return Some(Limit::Of(limit));
        }
        // Whole, but beyond counting, such as 1e300.
        let is_vast = word.starts_with(|c: char| c.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_digit() || b"eE+".contains(&b));
        let none = word.starts_with('-')
            || is_vast
            || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
        none.then_some(Limit::Unlimited)
    }))
}

fn quota(used: Option<u64>, limit: Option<Limit>) -> Option<Quota> {
    Some(match limit? {
        Limit::Of(limit) => {
            Quota { used, limit: Some(limit), left: used.map(|used| limit.saturating_sub(used)) }
        }
        Limit::Unlimited => Quota { used, limit: None, left: None },
    })
}
