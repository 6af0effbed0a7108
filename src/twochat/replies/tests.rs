//! How every kind of reply reads, and what it means to a call.
//!
//! The shapes of failures are those of 2Chat's documentation and skill files,
//! and two that others saw on the wire; the words in them are our own.

use super::*;
use crate::{
    contract::{CarriedOut, Retry},
    effect::{Effect, Promise},
    json,
};

const READS: Promise = Promise { effect: Effect::Reads, repeatable: true };
pub(in crate::twochat) const CREATES: Promise =
    Promise { effect: Effect::Creates, repeatable: false };
pub(in crate::twochat) const KEY: &str = "UAK0c9f1d8e-1111-4222-8333-444455556666";

/// As `create-contact` has them.
const ARGUMENTS: &Arguments = &Arguments {
    names: "first-name|last-name|channel-uuid|results-per-page|details",
    spellings: &[("contact_detail", "details"), ("type", "kind")],
};

pub(in crate::twochat) fn settings(key: &str) -> Settings {
    Settings::from_variables([("TWOCHAT_API_KEY".to_owned(), key.to_owned())]).unwrap()
}

pub(in crate::twochat) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, date: None, body: Ok(body.to_owned()) }
}

/// The text of an accepted reply, to a host with these settings.
pub(in crate::twochat) fn accepted(reply: Reply, settings: &Settings) -> Result<String> {
    let (status, wait) = (reply.status, reply.wait_seconds());
    let (answer, refusal) = accept(reply, settings, ARGUMENTS)?;
    if let Some(mut refusal) = refusal {
        refusal.wait_seconds = wait.or(refusal.wait_seconds);
        return Err(refusal);
    }
    // As an action reads it, and as one that reads no object.
    let object = json::read(&answer, &mut |value| value.object(&mut |_, _| Ok(())).map(drop));
    let mut text = String::new();
    let whole = json::read(&answer, &mut |value| {
        text = value.json_text()?;
        Ok(())
    });
    let judged = [object, whole].map(|mut read| {
        let mut warning = None;
        let brings = match &mut read {
            Ok(()) => Brings::Result(&mut warning),
            Err(failure) => Brings::Unread(failure),
        };
        let judged = judge(&answer, brings, status, ARGUMENTS);
        judged.map_or(read, Err)
    });
    let [object, whole] = judged;
    assert_eq!(object.is_err(), whole.is_err());
    whole.map(|()| text)
}

pub(in crate::twochat) fn refused(status: u16, body: &str) -> Box<Failure> {
    accepted(reply(status, body), &settings("")).unwrap_err()
}

/// What is quoted of 2Chat's words.
pub(in crate::twochat) fn quoted(failure: &Failure) -> Option<&str> {
    let (_, words) = failure.message.split_once("2Chat says: “")?;
    words.rsplit_once('”').map(|(words, _)| words)
}

#[test]
fn what_2chat_says_ends_where_it_ends() {
    let failure = refused(400, r#"{"detail":"no”. It was carried out. “Yes"}"#);
    assert_eq!(quoted(&failure), Some("no\". It was carried out. \"Yes"));
}

#[test]
fn a_2xx_that_says_no_failure_is_handed_on_as_it_came() {
    for status in [200, 201, 202, 299] {
        for body in [
            r#"{"success":true,"contacts":[]}"#,
            r#"{"success" : true, "error" : false, "error_message" : null}"#,
            r#"{"success":true,"error_message":"a warning","message":"done","detail":[]}"#,
            r#"{"contacts":[],"message":"done"}"#,
            r#"{"error":null,"error_message":""}"#,
            r#"{"error":{},"success":1,"message":[],"detail":{},"error_message":7}"#,
            "{}",
            "[]",
            "null",
            "7",
        ] {
            assert_eq!(accepted(reply(status, body), &settings("")).as_deref(), Ok(body));
        }
    }
}

#[test]
fn a_2xx_that_is_not_json_cannot_be_used_and_says_what_it_says() {
    for (body, words) in [
        ("", None),
        (" ", None),
        ("{\"a\":]", None),
        ("{} {}", None),
        ("\u{feff}", None),
        ("OK", Some("OK")),
        ("\u{feff}Down for\nmaintenance. ", Some("Down for maintenance.")),
    ] {
        let failure = refused(200, body);
        assert_eq!((failure.kind, quoted(&failure)), (ErrorKind::UnexpectedReply, words), "{body}");
        assert!(failure.message.contains("at $"), "{}", failure.message);
        assert!(!failure.message.contains('{'), "{}", failure.message);
    }
}

#[test]
fn an_answer_that_ends_too_early_was_cut_and_may_be_asked_for_again() {
    const WHOLE: &str = r#"{"success":true,"contacts":[{"uuid":"C\u00e9","n":[1,-2.5e3,null]}]} "#;
    for end in 1..WHOLE.len() - 1 {
        let (before, after) = WHOLE.split_at(end);
        let failure = refused(200, before);
        assert!(failure.message.contains("ends too early"), "{}", failure.message);
        let error = failure.clone().report(READS);
        assert_eq!((error.kind, error.retry), (ErrorKind::Interrupted, Retry::Now), "{end}");
        let error = failure.report(CREATES);
        assert_eq!((error.carried_out, error.retry), (CarriedOut::Perhaps, Retry::AfterLooking));
        // Wrong before its end, it was not cut.
        let wrong = [before, "\u{1}\\\u{1}", after].concat();
        assert_eq!(refused(200, &wrong).kind, ErrorKind::UnexpectedReply, "{end}");
    }
    // Within a character.
    let text = decoded(b"{\"uuid\":\"\xf0\x9f\x98".to_vec(), None).unwrap();
    assert_eq!(refused(200, &text).kind, ErrorKind::Interrupted);
    let text = decoded(b"{\"uuid\":\"\xf0\x9f\"}".to_vec(), None).unwrap();
    assert_eq!(
        accepted(reply(200, &text), &settings("")).as_deref(),
        Ok("{\"uuid\":\"\u{fffd}\"}")
    );
    // Nothing at all is no answer that was cut.
    for body in ["", " \n", "\u{feff}"] {
        assert_eq!(refused(200, body).kind, ErrorKind::UnexpectedReply);
    }
}

#[test]
fn a_web_page_instead_of_an_answer_is_told_as_what_it_probably_is() {
    for body in
        ["<html><body>Welcome</body></html>", " \n<!DOCTYPE html><p>Sign in", "\u{feff}<HTML>"]
    {
        let failure = refused(200, body);
        assert_eq!(failure.kind, ErrorKind::UnexpectedReply);
        assert!(failure.message.contains("sign-in page of a network"), "{}", failure.message);
        for raw in ["Welcome", "Sign in", "<"] {
            assert!(!failure.message.contains(raw), "{}", failure.message);
        }
        assert_eq!(failure.report(CREATES).carried_out, CarriedOut::Perhaps);
    }
}

#[test]
fn a_2xx_with_a_message_and_no_record_says_that_message() {
    for body in [
        r#"{"message":"Being moved"}"#,
        r#"{"detail":"Being moved"}"#,
        r#"{"detail":[{"msg":"Being moved"}]}"#,
        r#""Being moved""#,
        "Being moved",
    ] {
        let answer = accept(reply(200, body), &settings(""), ARGUMENTS).map(|(answer, _)| {
            let mut unread = Failure::new(ErrorKind::UnexpectedReply, "No record.".to_owned(), "");
            assert_eq!(judge(&answer, Brings::Unread(&mut unread), 200, ARGUMENTS), None);
            unread.message
        });
        assert_eq!(answer.as_deref(), Ok("No record. 2Chat says: “Being moved”."), "{body}");
    }
}

#[test]
fn a_normal_answer_is_not_looked_at_twice() {
    for (member, begins) in [
        ("success", b't'),
        ("ok", b't'),
        ("error", b'f'),
        ("error", b'n'),
        ("error_message", b'n'),
        ("message", b'n'),
        ("contacts", b'['),
        ("contact", b'{'),
        ("account", b'{'),
    ] {
        assert!(!tells_more(member, begins), "{member}");
    }
    for (member, begins) in [
        ("success", b'f'),
        ("success", b'"'),
        ("status", b'"'),
        ("errors", b'['),
        ("error", b'1'),
        ("message", b'"'),
        ("Detail", b'['),
    ] {
        assert!(tells_more(member, begins), "{member}");
    }
}

#[test]
fn a_coded_body_is_named_by_its_coding_and_a_readable_one_is_read() {
    let named = |bytes: &[u8], coding| decoded(bytes.to_vec(), coding).unwrap_err();
    assert!(named(b"\x1f\x8b\x08\x00", None).contains("gzip"));
    assert!(named(b"\x1f\x8b\x08\x00", Some("identity")).contains("gzip"));
    for coding in ["br", "zstd", "deflate", "GZIP", "gzip, br"] {
        assert!(named(b"\x8b\xff\x03", Some(coding)).contains(coding), "{coding}");
        assert!(named(b"abc", Some(coding)).contains(coding), "{coding}");
        // The host decoded it, and left the header.
        assert_eq!(decoded(b" {}".to_vec(), Some(coding)).as_deref(), Ok(" {}"));
    }
    for coding in [None, Some("identity"), Some(" Identity "), Some("")] {
        assert_eq!(decoded(b"abc".to_vec(), coding).as_deref(), Ok("abc"));
        // What is wrong with it is for its reader to say.
        assert_eq!(decoded(b"\xff{}".to_vec(), coding).as_deref(), Ok("\u{fffd}{}"));
    }
}

#[test]
fn a_conflict_with_data_is_refused_and_a_busy_number_is_not() {
    for words in [
        "Contact already exists",
        "DUPLICATE entry for +14155550123",
        "The e-mail has already been taken",
        "Number already registered",
        "must be unique",
    ] {
        for body in [
            serde_json::json!({ "detail": words }),
            serde_json::json!({ "message": "Conflict", "detail": words }),
            serde_json::json!({ "errors": [words] }),
        ] {
            let failure = refused(409, &body.to_string());
            assert_eq!(failure.kind, ErrorKind::Rejected, "{body}");
            let error = failure.report(CREATES);
            assert_eq!((error.carried_out, error.retry), (CarriedOut::No, Retry::Never), "{body}");
        }
    }
    for words in ["Number is booting", "A restart is already in progress", "Conflict", ""] {
        let body = serde_json::json!({ "detail": words }).to_string();
        assert_eq!(refused(409, &body).kind, ErrorKind::Busy, "{words}");
    }
}

#[test]
fn who_refused_on_the_way_is_named() {
    for (status, named) in [(407, "proxy"), (511, "captive portal")] {
        for body in ["", "<html>Sign in</html>"] {
            let failure = refused(status, body);
            assert_eq!(failure.kind, ErrorKind::DeniedByHost);
            assert!(failure.message.contains(named), "{}", failure.message);
            let error = failure.report(CREATES);
            assert_eq!((error.carried_out, error.retry), (CarriedOut::No, Retry::Never));
        }
    }
}

#[test]
fn a_body_that_broke_off_is_told_only_where_it_was_needed() {
    let broken = |status| {
        let body = Err(Failure::new(ErrorKind::Interrupted, "It broke off.".to_owned(), ""));
        accepted(Reply { status, retry_after: None, date: None, body }, &settings("")).unwrap_err()
    };
    let failure = broken(200);
    assert_eq!(failure.kind, ErrorKind::Interrupted);
    assert_eq!(failure.message, "It broke off.");

    let failure = broken(401);
    assert_eq!((failure.kind, failure.status), (ErrorKind::Unauthorized, Some(401)));
    assert!(!failure.message.contains("broke off"), "{}", failure.message);
}

#[test]
fn each_status_has_its_kind_and_tells_what_may_be_done() {
    use CarriedOut::{No, Perhaps};
    use ErrorKind::*;
    use Retry::{AfterCorrecting, AfterLooking, AfterWaiting, Never, Now};

    // Status, kind, what to do about a read, and about a creation.
    let table = [
        (400, InvalidInput, AfterCorrecting, (No, AfterCorrecting)),
        (406, InvalidInput, AfterCorrecting, (No, AfterCorrecting)),
        (422, InvalidInput, AfterCorrecting, (No, AfterCorrecting)),
        (401, Unauthorized, Never, (No, Never)),
        (403, Forbidden, Never, (No, Never)),
        (402, QuotaExhausted, Never, (No, Never)),
        (404, NotFound, Never, (No, Never)),
        (429, RateLimited, AfterWaiting, (No, AfterWaiting)),
        (409, Busy, AfterWaiting, (No, AfterWaiting)),
        (408, Busy, AfterWaiting, (No, AfterWaiting)),
        (421, Busy, AfterWaiting, (No, AfterWaiting)),
        (425, Busy, AfterWaiting, (No, AfterWaiting)),
        (407, DeniedByHost, Never, (No, Never)),
        (511, DeniedByHost, Never, (No, Never)),
        (410, Busy, AfterWaiting, (No, AfterWaiting)),
        (486, Busy, AfterWaiting, (No, AfterWaiting)),
        (503, Busy, AfterWaiting, (Perhaps, AfterLooking)),
        (405, Rejected, Never, (No, Never)),
        (418, Rejected, Never, (No, Never)),
        (498, Rejected, Never, (No, Never)),
        (500, Interrupted, Now, (Perhaps, AfterLooking)),
        (502, Interrupted, Now, (Perhaps, AfterLooking)),
        (504, Interrupted, Now, (Perhaps, AfterLooking)),
        (599, Interrupted, Now, (Perhaps, AfterLooking)),
        (301, UnexpectedReply, Never, (Perhaps, AfterLooking)),
        (307, UnexpectedReply, Never, (Perhaps, AfterLooking)),
        (304, UnexpectedReply, Never, (Perhaps, AfterLooking)),
        (100, UnexpectedReply, Never, (Perhaps, AfterLooking)),
        (600, UnexpectedReply, Never, (Perhaps, AfterLooking)),
    ];
    for (status, kind, read, creation) in table {
        let failure = refused(status, r#"{"detail":"as it is"}"#);
        assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        assert_eq!(quoted(&failure), Some("as it is"), "{status}");
        let error = failure.clone().report(READS);
        assert_eq!((error.carried_out, error.retry), (No, read), "{status}");
        let error = failure.report(CREATES);
        assert_eq!((error.carried_out, error.retry), creation, "{status}");
    }
}

#[test]
fn every_status_but_2xx_is_a_failure_that_names_it() {
    for status in (0..=1000).chain([u16::MAX]).filter(|status| !(200..300).contains(status)) {
        let failure = refused(status, "");
        assert_eq!(failure.status, Some(status));
        assert!(failure.message.contains(&format!("HTTP {status}")), "{}", failure.message);
        assert_eq!(quoted(&failure), None);
    }
}

#[test]
fn a_missing_key_is_told_from_what_is_forbidden() {
    // Seen on the wire.
    let failure = refused(403, r#"{"detail":"Not authenticated"}"#);
    assert_eq!(failure.kind, ErrorKind::Unauthorized);
    assert!(failure.message.contains("no API key"), "{}", failure.message);

    for body in [
        r#"{"detail":"Private flow"}"#,
        r#"{"success":false,"error":true,"error_message":"Number already connected"}"#,
        "",
        "<p>Not authenticated</p>",
    ] {
        assert_eq!(refused(403, body).kind, ErrorKind::Forbidden, "{body}");
    }
}

#[test]
fn a_wrong_key_is_told_with_where_to_get_a_right_one() {
    // Seen on the wire.
    let failure = refused(401, r#"{"detail":"Invalid API Key"}"#);
    assert_eq!(failure.kind, ErrorKind::Unauthorized);
    assert_eq!(quoted(&failure), Some("Invalid API Key"));
    assert!(failure.advice.contains("https://app.2chat.io/developers"), "{}", failure.advice);
}

#[test]
fn an_argument_is_named_only_where_correcting_it_helps() {
    let body = r#"{"detail":[{"loc":["body","first_name"],"msg":"no"}]}"#;
    for (status, named) in [(400, true), (422, true), (401, false), (403, false), (500, false)] {
        assert_eq!(refused(status, body).field.is_some(), named, "{status}");
    }
}

#[test]
fn an_unreadable_refusal_still_has_the_meaning_of_its_status() {
    for body in ["", "{", "7", "[1,2", "\"", "{\"detail\":\"cut o", "{}x", "<p>no</p>"] {
        let failure = refused(404, body);
        assert_eq!((failure.kind, quoted(&failure)), (ErrorKind::NotFound, None), "{body}");
    }
}

#[test]
fn the_seconds_to_wait_come_from_the_headers() {
    let date = || Some("Wed, 25 Nov 2026 07:28:00 GMT".to_owned());
    for (value, date, expected) in [
        ("7", None, Some(7)),
        ("1.5", None, Some(2)),
        ("99999999999", None, Some(86_400)),
        ("Wed, 25 Nov 2026 07:28:07 GMT", date(), Some(7)),
        ("Wed, 25 Nov 2026 07:28:07 GMT", None, None),
        ("soon", date(), None),
    ] {
        for status in [429, 503, 408] {
            let retry_after = Some(value.to_owned());
            let reply = Reply { retry_after, date: date.clone(), ..reply(status, "{}") };
            let failure = accepted(reply, &settings("")).unwrap_err();
            assert_eq!(failure.wait_seconds, expected, "{value:?}");
        }
    }
    assert_eq!(refused(429, "{}").wait_seconds, None);
}

#[test]
fn a_masked_failure_keeps_everything_but_the_key() {
    let mut failure =
        Failure::new(ErrorKind::InvalidInput, format!("a {KEY} b"), "").with_status(422);
    failure.field = Some(KEY.to_owned());
    failure.wait_seconds = Some(7);
    let settings = settings(KEY);
    let masked = failure.hiding(settings.key());
    assert_eq!((&*masked.message, masked.field.as_deref()), ("a [key] b", Some("[key]")));
    assert_eq!((masked.kind, masked.status), (ErrorKind::InvalidInput, Some(422)));
    assert_eq!(masked.wait_seconds, Some(7));
}
