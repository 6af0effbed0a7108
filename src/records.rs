//! The records that more than one action reads: a contact, in a room of its own an
//! account, and the list of any.
//!
//! What 2Chat sends is read as what it plainly means, and what means nothing is
//! absent. Of two members of one name, the first that can be read counts. Only
//! what identifies a record is needed: one without it is passed over, and counted.
//! Shapes from 2Chat's documentation; what live answers add beyond it is marked.

use crate::{
    contract::{Contact, ContactDetail, Skipped},
    error::Result,
    json::{self, Answer, NOTHING, Value},
    text::{concat, find, is_blank, one_line, owned, trimmed},
    time::time,
    twochat::{complaint, is_wrapping, members},
};

mod account;
mod subscription;

use self::account::counted;
pub(crate) use self::{account::info, subscription::subscription};

/// So many bytes of what came beside an empty list are told.
const BESIDE: usize = 300;

/// How many records that were passed over are told with their places.
pub(crate) const PLACES: usize = 10;

/// What there is to know of a list, beside its records.
#[derive(Default)]
pub(crate) struct Listed {
    /// How many rows came, those that were passed over included.
    pub(crate) came: u64,
    /// The number that 2Chat gives along.
    pub(crate) count: Option<u64>,
    pub(crate) skipped: Option<Skipped>,
    /// What came beside an empty list: maybe the reason why it is empty.
    pub(crate) beside: Option<String>,
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
            let other = listed.came > 0 && !listed.has_rows();
            return if other { Err(place.fault(&concat(&["expected ", name]))) } else { Ok(()) };
        }
        let (mut is_there, mut unread) = (false, None);
        let (mut succeeded, mut says_more) = (false, false);
        let mut beside = String::new();
        let is_object = members(value, &mut |key, value| {
            let place = value.place;
            let is_list = key == name || (value.is_list() && is_wrapping(key));
            match key {
                // Of several, the first that has rows which can be read.
                _ if is_list && !listed.has_rows() => {
                    // Empty is `null` as well; what failed is `false` in some languages.
                    let is_read = match value.is_nothing() {
                        true => value.raw()? == "null",
                        false => listed.take(value, read)?,
                    };
                    is_there |= is_read;
                    if !is_read {
                        unread = Some(place.fault("expected a list"));
                    }
                }
                _ if is_list => {}
                "count" => {
                    first(&mut listed.count, value.word()?.and_then(|it| counted(it.trim())));
                }
                "success" => succeeded |= value.truth()? == Some(true),
                "page" => {}
                _ => {
                    let raw = value.raw()?;
                    let is_more = !NOTHING.contains(&raw);
                    says_more |= is_more;
                    if is_more && listed.came == 0 && beside.len() < BESIDE {
                        let told = one_line(raw, BESIDE);
                        beside.push_str(&concat(&[
                            "; ",
                            &place.hide_key(concat(&[key, ": ", &told])),
                        ]));
                    }
                }
            }
            Ok(())
        })?;
        if let (0, Some(told)) = (listed.came, beside.get(2..)) {
            listed.beside = Some(concat(&["it is empty, and beside it came ", told]));
        }
        if let (false, Some(unread)) = (is_there, unread) {
            return Err(unread);
        }
        if is_there || (succeeded && !says_more && listed.count.unwrap_or(0) == 0) {
            return Ok(());
        }
        Err(if is_object { place.missing(name) } else { place.fault("expected an object") })
    })?;
    Ok(listed)
}

impl Listed {
    /// Whether rows came that could be read.
    fn has_rows(&self) -> bool {
        let skipped = self.skipped.as_ref().map_or(0, |skipped| skipped.count);
        self.came > skipped.into()
    }

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

/// A text that names something, without white space around.
pub(crate) fn id(value: Value<'_, '_>) -> Result<Option<String>> {
    Ok(said(value)?.map(trimmed))
}

/// What tells a record apart. The words for nothing do not.
pub(crate) fn uuid(value: Value<'_, '_>) -> Result<Option<String>> {
    match id(value)? {
        Some(uuid) if is_no_uuid(&uuid) => Ok(None),
        uuid => Ok(uuid),
    }
}

fn is_no_uuid(uuid: &str) -> bool {
    const NONE: [&str; 9] =
        ["null", "none", "nil", "n/a", "undefined", "nan", "false", "true", "[object object]"];
    // Most are longer than any of these, and begin with a letter.
    (uuid.len() < 16 && NONE.iter().any(|none| uuid.eq_ignore_ascii_case(none)))
        || uuid.bytes().all(|byte| matches!(byte, b'0' | b'-'))
}

/// Whether a uuid tells its record apart: not where a character of it could not be
/// read, as others may be like it.
pub(crate) fn identifies(uuid: &str) -> bool {
    // Nearly all are ASCII, which is told with little work.
    uuid.is_ascii() || find(uuid, "\u{FFFD}").is_none()
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
    warning: Option<String>,
}

impl ContactFields {
    pub(crate) fn member(&mut self, key: &str, value: Value<'_, '_>) -> Result<()> {
        match key.as_bytes() {
            b"id" => first(&mut self.id, value.whole()?),
            b"uuid" => first(&mut self.uuid, uuid(value)?),
            b"first_name" => first(&mut self.first_name, said(value)?),
            b"last_name" => first(&mut self.last_name, said(value)?),
            b"channel_uuid" => first(&mut self.channel_uuid, id(value)?),
            b"profile_pic_url" => first(&mut self.profile_pic_url, said(value)?),
            b"details" => self.details(value)?,
            [b'c' | b'w' | b'e', ..] => self.rare(key, value)?,
            _ => {}
        }
        Ok(())
    }

    /// What most contacts do not have.
    #[inline(never)]
    fn rare(&mut self, key: &str, value: Value<'_, '_>) -> Result<()> {
        // The names that 2Chat documents for a new contact.
        if key.starts_with("contact_detail") {
            return self.details(value);
        }
        if self.warning.is_none() && (key.starts_with("warning") || key.starts_with("error")) {
            self.warning = complaint(value)?;
        }
        Ok(())
    }

    fn details(&mut self, value: Value<'_, '_>) -> Result<()> {
        // Of several, the first that has any.
        if !self.details.is_empty() || (self.has_details && self.unread_details > 0) {
            return Ok(());
        }
        self.unread_details = 0;
        self.has_details = value.list(&mut |value| {
            match detail(value)? {
                Some(detail) => keep(&mut self.details, detail),
                None => self.unread_details = self.unread_details.saturating_add(1),
            }
            Ok(())
        })?;
        self.unread_details += u32::from(!self.has_details);
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
            warning: self.warning,
        })
    }
}

/// A row of `GET /contacts`.
pub(crate) fn contact(value: Value<'_, '_>) -> Result<Option<Contact>> {
    let mut fields = ContactFields::default();
    value.object(&mut |key, value| fields.member(key, value))?;
    if !fields.uuid.as_deref().is_some_and(identifies) {
        fields.uuid = None;
    }
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
            (r#"{"contacts":[],"contacts":[{"uuid":"b"}]}"#, &["b"], None),
            (r#"{"contacts":{},"data":{"contacts":[{"uuid":"b"}]}}"#, &["b"], None),
            (r#"{"data":[{"uuid":"a"},{"uuid":"b"}],"contacts":[]}"#, &["a", "b"], None),
            (r#"{"items":[{"page":1}],"contacts":[{"uuid":"b"}]}"#, &["b"], None),
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
        assert_eq!((quota.used, quota.limit, info.warning), (Some(7), Some(9), None));
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
