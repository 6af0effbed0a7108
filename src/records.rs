//! The records that more than one action reads: a contact and an account, and
//! the list of any.
//!
//! What 2Chat sends is read as what it plainly means, and what means nothing is
//! absent. Of two members of one name, the first that can be read counts. Only
//! what identifies a record is needed: one without it is passed over, and counted.
//! Shapes from 2Chat's documentation; what live answers add beyond it is marked.

use crate::{
    contract::{Account, Contact, ContactDetail, Quota, Skipped, UsageInfo},
    error::Result,
    json::{self, Answer, NOTHING, Value, whole},
    text::{concat, is_blank, owned, trimmed},
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
            return if other { Err(place.fault(&concat(&["expected ", name]))) } else { Ok(()) };
        }
        let (mut is_there, mut has_rows, mut unread) = (false, false, None);
        let (mut succeeded, mut says_more) = (false, false);
        let (mut speaks, mut fails) = (false, false);
        let is_object = members(value, &mut |key, value| {
            let place = value.place;
            match key {
                _ if !has_rows && (key == name || (value.is_list() && is_wrapping(key))) => {
                    let is_nothing = value.is_nothing();
                    if listed.take(value, read)? {
                        is_there = true;
                        has_rows = !is_nothing;
                    } else {
                        unread = Some(place.fault("expected a list"));
                    }
                }
                _ if key == name => {}
                "count" => first(&mut listed.count, value.whole()?),
                "success" => succeeded |= value.truth()? == Some(true),
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
        if let (false, Some(unread)) = (is_there, unread) {
            return Err(unread);
        }
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

/// Keeps what was read of a member, unless one of its name was read already.
#[inline(always)]
pub(crate) fn first<T>(kept: &mut Option<T>, read: Option<T>) {
    if kept.is_none() {
        // Nothing is there to be given back.
        core::mem::forget(core::mem::replace(kept, read));
    }
}

/// Puts an item behind the others. There is room made for a quarter more and not for
/// as many again, so that the largest answer takes little more memory than its records.
#[inline(always)]
pub(crate) fn keep<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact((items.len() / 4).max(4));
    }
    items.push(item);
}

/// A text that says something: a blank one is none.
pub(crate) fn said(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(value.text()?.filter(|text| !is_blank(text)))
}

/// A text that identifies something, without white space around.
pub(crate) fn uuid(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(said(value)?.map(trimmed))
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
    has_details: bool,
}

impl ContactFields {
    pub(crate) fn member(&mut self, key: &str, value: Value<'_, '_>) -> Result<()> {
        match key.as_bytes() {
            b"id" => first(&mut self.id, value.whole()?),
            b"uuid" => first(&mut self.uuid, uuid(value)?),
            b"first_name" => first(&mut self.first_name, said(value)?),
            b"last_name" => first(&mut self.last_name, said(value)?),
            b"channel_uuid" => first(&mut self.channel_uuid, uuid(value)?),
            b"profile_pic_url" => first(&mut self.profile_pic_url, said(value)?),
            b"details" if !self.has_details => {
                (self.details, self.unread_details) = (Vec::new(), 0);
                let is_nothing = value.is_nothing();
                let are_listed = value.list(&mut |value| {
                    match detail(value)? {
                        Some(detail) => keep(&mut self.details, detail),
                        None => self.unread_details = self.unread_details.saturating_add(1),
                    }
                    Ok(())
                })?;
                self.has_details = are_listed && !is_nothing;
                self.unread_details += u32::from(!are_listed);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether there was a uuid.
    pub(crate) fn is_one(&self) -> bool {
        self.uuid.is_some()
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
        match key.as_bytes() {
            b"id" => first(&mut id, value.whole()?),
            b"type" => {
                let code = value.word()?.filter(|code| !is_blank(code));
                let code = code.map(|code| match code.as_bytes() {
                    b"E" => owned("email"),
                    b"A" => owned("address"),
                    b"PH" => owned("phone"),
                    b"WAPH" => owned("whatsapp-phone"),
                    _ => place.hide_key(code.into_owned()),
                });
                first(&mut kind, code);
            }
            b"value" => first(&mut content, said(value)?),
            b"created_at" => first(&mut created_at, time(value)?),
            b"updated_at" => first(&mut updated_at, time(value)?),
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
        let (mut is_there, mut truths) = (false, [None; 2]);
        let is_object = members(value, &mut |key, value| {
            match key {
                "account" => members(value, &mut |key, value| {
                    is_there |= account_member(&mut info.account, &mut truths, key, value)?;
                    Ok(())
                }),
                "limits" => value.object(&mut |key, value| {
                    if key == "requests_per_minute" {
                        first(&mut info.requests_per_minute, value.whole()?);
                    }
                    Ok(())
                }),
                "usage" => usage(value, &mut info),
                _ => Ok(true),
            }
            .map(drop)
        })?;
        [info.account.on_trial, info.account.blocked] = truths.map(|says| says == Some(true));
        match (is_object, is_there) {
            (true, true) => Ok(()),
            (true, false) => Err(place.missing("account")),
            (false, _) => Err(place.fault("expected an object")),
        }
    })?;
    Ok(info)
}

/// Reads a member of an account, if it is one; whether it is on trial, and blocked,
/// apart.
fn account_member(
    account: &mut Account,
    [on_trial, blocked]: &mut [Option<bool>; 2],
    key: &str,
    value: Value<'_, '_>,
) -> Result<bool> {
    match key {
        "uuid" if account.uuid.is_empty() => account.uuid = uuid(value)?.unwrap_or_default(),
        "name" if account.name.is_empty() => account.name = said(value)?.unwrap_or_default(),
        "on_trial" => first(on_trial, value.truth()?),
        "blocked" => first(blocked, value.truth()?),
        // In live answers, not in the documentation.
        "block_reason" => first(&mut account.block_reason, said(value)?),
        "created_at" => first(&mut account.created_at, time(value)?),
        "expires_at" => first(&mut account.expires_at, time(value)?),
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
            "api_request_count" => first(&mut requests, value.whole()?),
            "max_api_request_count" => first(&mut max_requests, limit(value)?),
            "number_check_count" => first(&mut checks, value.whole()?),
            "max_number_check_count" => first(&mut max_checks, limit(value)?),
            _ => {}
        }
        Ok(())
    })?;
    first(&mut info.api_requests, quota(requests, max_requests));
    first(&mut info.number_checks, quota(checks, max_checks));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::answer;

    fn contacts(body: &str) -> (Vec<Contact>, Listed) {
        let mut rows = Vec::new();
        let listed = listed(&answer(body), "contacts", &mut |value| {
            let row = contact(value)?;
            let is_one = row.is_some();
            rows.extend(row);
            Ok(is_one)
        });
        (rows, listed.unwrap())
    }

    fn one(row: &str) -> Contact {
        contacts(&["[", row, "]"].concat()).0.remove(0)
    }

    #[test]
    fn of_two_members_of_one_name_the_first_that_can_be_read_counts() {
        let found = one(r#"{"uuid":null,"id":"x","first_name":" ","details":7,"last_name":{},
            "uuid":"CON1","id":1,"first_name":"Ada","last_name":"L","channel_uuid":[],
            "details":null,"channel_uuid":"WPN1","profile_pic_url":"u","profile_pic_url":"v",
            "details":[{"value":"","type":7,"type":"E","value":"x","created_at":"?",
                "created_at":1,"created_at":2}],
            "uuid":"CON2","id":2,"first_name":"Eve","last_name":null,"details":[]}"#);
        assert_eq!((&*found.uuid, found.id), ("CON1", Some(1)));
        let texts = [found.first_name, found.last_name, found.channel_uuid, found.profile_pic_url];
        assert_eq!(texts.map(Option::unwrap), ["Ada", "L", "WPN1", "u"]);
        let [detail] = &found.details[..] else { panic!("{:?}", found.details) };
        assert_eq!((&*detail.kind, &*detail.value, found.unread_details), ("7", "x", None));
        assert_eq!(detail.created_at.as_deref(), Some("1970-01-01T00:00:01Z"));
    }

    #[test]
    fn of_two_lists_the_first_that_can_be_read_counts() {
        for (body, uuids, count) in [
            (r#"{"contacts":7,"contacts":[{"uuid":"a"}]}"#, &["a"][..], None),
            (
                r#"{"contacts":null,"contacts":[{"uuid":"a"}],"count":{},"count":9}"#,
                &["a"],
                Some(9),
            ),
            (
                r#"{"contacts":[{"uuid":"a"}],"count":1,"contacts":[{"uuid":"b"}],"count":2}"#,
                &["a"],
                Some(1),
            ),
            (r#"{"contacts":[{"uuid":"a"}],"contacts":null}"#, &["a"], None),
            (r#"{"contacts":[],"contacts":[{"uuid":"b"}]}"#, &[], None),
        ] {
            let (rows, listed) = contacts(body);
            let found: Vec<_> = rows.iter().map(|row| row.uuid.as_str()).collect();
            assert_eq!((&found[..], listed.count), (uuids, count), "{body}");
        }
    }

    #[test]
    fn of_two_accounts_each_member_is_the_first_that_can_be_read() {
        let info = info(&answer(
            r#"{"account":null,"account":{"uuid":"","name":"A","blocked":"?","blocked":1},
                "account":{"uuid":"ACC1","name":"B","blocked":0,"on_trial":false,"on_trial":true},
                "limits":{"requests_per_minute":"?"},"limits":{"requests_per_minute":80},
                "usage":{"api_request_count":7,"max_api_request_count":{}},
                "usage":{"max_api_request_count":{},"max_api_request_count":9,"api_request_count":1},
                "usage":{"max_api_request_count":3}}"#,
        ))
        .unwrap();
        let account = info.account;
        assert_eq!((&*account.uuid, &*account.name), ("ACC1", "A"));
        assert!(account.blocked && !account.on_trial);
        assert_eq!(info.requests_per_minute, Some(80));
        let quota = info.api_requests.unwrap();
        assert_eq!((quota.used, quota.limit), (Some(1), Some(9)));
    }

    #[test]
    fn a_blank_text_is_absent_and_a_uuid_loses_the_white_space_around_it() {
        let found = one(r#"{"uuid":" CONAB-1\t","first_name":"","last_name":" \u00a0\n",
            "channel_uuid":" WPN1 ","profile_pic_url":" ","details":[{"value":" "},
            {"value":" x ","type":" "}]}"#);
        assert_eq!((&*found.uuid, found.channel_uuid.as_deref()), ("CONAB-1", Some("WPN1")));
        assert_eq!((found.first_name, found.last_name, found.profile_pic_url), (None, None, None));
        assert_eq!((&*found.details[0].value, &*found.details[0].kind), (" x ", ""));
        assert_eq!((found.details.len(), found.unread_details), (1, Some(1)));
        let (rows, listed) = contacts(r#"[{"uuid":"\u2003"},{"uuid":"b"},{"uuid":""}]"#);
        assert_eq!((rows.len(), listed.skipped.unwrap().count), (1, 2));
        let info = info(&answer(
            r#"{"account":{"uuid":" ACC1 ","name":" ","blocked":true,"block_reason":" "}}"#,
        ));
        let account = info.unwrap().account;
        assert_eq!((&*account.uuid, &*account.name, account.block_reason), ("ACC1", "", None));
    }
}
