//! In which shapes words are heard, and what is never quoted.
//!
//! The shapes are those of 2Chat's documentation and skill files, two that
//! others saw on the wire, and those of common servers; the words are our own.

use proptest::prelude::*;

use crate::{
    contract::{CarriedOut, ErrorKind},
    twochat::replies::tests::{CREATES, KEY, accepted, quoted, refused, reply, settings},
};

/// What must not show, lest a part of the key escape.
const KEY_START: &str = "UAK0c9f";

#[test]
fn a_2xx_that_says_it_failed_is_rejected_whatever_stands_beside() {
    for (body, words) in [
        (r#"{"success":false}"#, None),
        (r#"{"success" : false , "contacts":[{"uuid":"CON1"}]}"#, None),
        (r#"{"contact":{"uuid":"CON1"},"success":false,"error_message":"No."}"#, Some("No.")),
        (r#"{"error":true,"error_message":"Number is offline"}"#, Some("Number is offline")),
        (r#"{"success":true,"error":true,"message":"Half done"}"#, Some("Half done")),
        (r#"{"error":"Number is offline"}"#, Some("Number is offline")),
        (r#"{"success":false,"detail":"Not now"}"#, Some("Not now")),
        // The many other ways to say no.
        (r#"{"success":0,"contacts":[]}"#, None),
        (r#"{"success":"False","contacts":[],"message":"Not now"}"#, Some("Not now")),
        (r#"{"success":"no"}"#, None),
        (r#"{"ok":false,"error":"suspended"}"#, Some("suspended")),
        (r#"{"status":"error","contacts":[],"message":"Not now"}"#, Some("Not now")),
        (r#"{"status":"FAILED"}"#, None),
        (r#"{"status":"fail","data":null}"#, None),
        (r#"{"status":false}"#, None),
        (r#"{"error":{"code":7,"message":"Not now"},"contacts":[]}"#, Some("Not now")),
        (r#"{"error":{"code":7}}"#, None),
        (r#"{"error":1}"#, None),
        (r#"{"error":"true","message":"Not now"}"#, Some("Not now")),
    ] {
        let failure = refused(200, body);
        assert_eq!((failure.kind, failure.status), (ErrorKind::Rejected, Some(200)), "{body}");
        assert_eq!(quoted(&failure), words, "{body}");
        assert_eq!(failure.report(CREATES).carried_out, CarriedOut::Perhaps);
    }
}

#[test]
fn words_are_found_in_every_shape_in_which_2chat_gives_them() {
    for (body, words) in [
        // The gateway's, seen on the wire.
        (r#"{"detail":"Unknown number"}"#, "Unknown number"),
        (r#"{"detail":[{"loc":["body","a"],"msg":"too short","type":"x"}]}"#, "a: too short"),
        (r#"{"detail":[{"msg":"too short"},{"msg":"too long"}]}"#, "too short; too long"),
        // The application's, from the skill files.
        (r#"{"success":false,"error":true,"error_message":"Unknown number"}"#, "Unknown number"),
        (r#"{"error":true,"error_message":"Unknown number","error_code":7}"#, "Unknown number"),
        // Promised by the page of response codes.
        (r#"{"message":"Unknown number"}"#, "Unknown number"),
        // In no documentation.
        (r#"{"error":"Unknown number"}"#, "Unknown number"),
        (r#" {"detail" : " Unknown\r\nnumber "} "#, "Unknown  number"),
        // Of common servers.
        (r#"{"detail":["too short","too long"]}"#, "too short; too long"),
        (r#"{"detail":{"message":"too short"}}"#, "too short"),
        (r#"{"detail":{"reason":"too short","code":7}}"#, "too short"),
        (r#"{"error":{"code":7,"message":"too short","type":"x"}}"#, "too short"),
        (r#"{"errors":["too short","too long"]}"#, "too short; too long"),
        (r#"{"errors":[{"message":"too short"},{"detail":"too long"}]}"#, "too short; too long"),
        (r#"{"errors":{"first_name":["too short"]}}"#, "first-name: too short"),
        (
            r#"{"errors":{"first_name":"too short","last_name":"x"}}"#,
            "first-name: too short; last-name: x",
        ),
        (r#"{"message":"Invalid.","errors":{"a":["b"]}}"#, "Invalid.; a: b"),
        (
            r#"{"type":"about:blank","title":"Bad","detail":"too short","status":422}"#,
            "Bad: too short",
        ),
        (r#"{"title":"too short"}"#, "too short"),
        (r#""too short""#, "too short"),
        ("too short", "too short"),
        (r#"{"det\u0061il":"Unknown \u00fc \ud83d\ude00"}"#, "Unknown ü 😀"),
    ] {
        assert_eq!(quoted(&refused(422, body)), Some(words), "{body}");
    }
}

#[test]
fn the_words_of_the_application_come_before_those_of_the_gateway() {
    let members = [
        r#""error":"reason""#,
        r#""detail":[{"msg":"detail"}]"#,
        r#""message":"message""#,
        r#""error_message":"the first""#,
    ];
    let all = "the first; message; detail; reason";
    for (at, expected) in
        ["reason", "detail; reason", "message; detail; reason", all].iter().enumerate()
    {
        let body = ["{", &members[..=at].join(","), "}"].concat();
        assert_eq!(quoted(&refused(400, &body)), Some(*expected), "{body}");
    }
}

#[test]
fn what_differs_is_told_once_each() {
    for (body, words) in [
        (r#"{"message":"Bad request","reason":"a landline"}"#, "Bad request; a landline"),
        (r#"{"error":"Bad request","details":["a landline"]}"#, "a landline; Bad request"),
        (r#"{"message":"a landline","error":"landline","detail":"a landline"}"#, "a landline"),
        (r#"{"message":"Invalid.","code":"E7","status":"declined"}"#, "Invalid."),
        (r#"{"text":"a landline"}"#, "a landline"),
        (r#"{"info":"No SMS","cause":"a landline"}"#, "No SMS; a landline"),
        (r#"{"message":"a landline","retry_after":"2.5","code":"409"}"#, "a landline"),
        (r#"{"message":"a landline","contact_detail":[{"value":"+1"}]}"#, "a landline"),
        (r#"{"params":[{"reason":"r"}]}"#, "params: r"),
    ] {
        assert_eq!(quoted(&refused(400, body)), Some(words), "{body}");
    }
    let body = r#"{"success":false,"message":"Not done","description":"a landline"}"#;
    assert_eq!(quoted(&refused(200, body)), Some("Not done; a landline"));
}

#[test]
fn a_member_of_a_strange_type_is_passed_over() {
    for strange in ["null", "true", "7", "-1.5e3", "[]", "{}", "[[7]]", "\"\"", "\" \"", "\"0\""] {
        for member in ["success", "error", "error_message", "message", "errors", "title"] {
            let body = format!(r#"{{"{member}":{strange},"detail":"the words"}}"#);
            assert_eq!(quoted(&refused(400, &body)), Some("the words"), "{body}");
        }
        let body = format!(r#"{{"detail":{strange},"error":"the words"}}"#);
        assert_eq!(quoted(&refused(400, &body)), Some("the words"), "{body}");
        for member in ["msg", "type", "input", "code", "other"] {
            let body = format!(r#"{{"detail":[{{"{member}":{strange}}},{strange}]}}"#);
            let failure = refused(422, &body);
            assert_eq!((quoted(&failure), failure.field.as_deref()), (None, None), "{body}");
        }
    }
}

#[test]
fn a_name_in_front_of_a_complaint_is_the_argument() {
    for body in [
        r#"{"errors":{"contact_detail":["too short"]}}"#,
        r#"{"detail":{"contact_detail":"too short","last_name":["x"]}}"#,
        r#"{"error":{"errors":{"contact_detail":["too short"]}}}"#,
    ] {
        let failure = refused(422, body);
        assert_eq!(failure.field.as_deref(), Some("details"), "{body}");
        assert!(quoted(&failure).unwrap().starts_with("details: too short"), "{body}");
    }
}

#[test]
fn a_refused_argument_is_named_as_the_contract_spells_it() {
    // The gateway's shape, as FastAPI documents it.
    for (loc, field) in [
        (r#"["body","contact_detail",1,"value"]"#, Some("details[1].value")),
        (r#"["body","contact_detail",0,"type"]"#, Some("details[0].kind")),
        (r#"["body","contact_detail"]"#, Some("details")),
        (r#"["body","first_name"]"#, Some("first-name")),
        (r#"["query","results_per_page"]"#, Some("results-per-page")),
        (r#"["path","channel_uuid"]"#, Some("channel-uuid")),
        (r#"["first_name"]"#, Some("first-name")),
        (r#"["body","first_name",7]"#, Some("first-name[7]")),
        (r#"["body"]"#, None),
        ("[]", None),
        (r#""body""#, None),
        ("null", None),
    ] {
        let body = format!(r#"{{"detail":[{{"loc":{loc},"msg":"field required"}}]}}"#);
        let failure = refused(422, &body);
        assert_eq!(failure.field.as_deref(), field, "{loc}");
        let named =
            field.map_or("field required".into(), |field| format!("{field}: field required"));
        assert_eq!(quoted(&failure), Some(&*named), "{loc}");
    }
}

#[test]
fn what_a_complaint_is_about_stands_in_front_of_it_however_it_is_named() {
    for (body, words, field) in [
        (
            r#"{"first_name":["Too long.","No digits."]}"#,
            "first-name: Too long.; No digits.",
            "first-name",
        ),
        (r#"{"contact_detail":[{},{"type":["Unknown."]}]}"#, "details: kind: Unknown.", "details"),
        (
            r#"{"errors":[{"field":"last_name","message":"No digits."}]}"#,
            "last-name: No digits.",
            "last-name",
        ),
        (
            r#"{"error":{"message":"bad","param":"contact_detail[2].value"}}"#,
            "details[2].value: bad",
            "details[2].value",
        ),
        (
            r#"{"errors":[{"property":"results-per-page","msg":"bad"},{"field":"x","msg":"odd"}]}"#,
            "results-per-page: bad; x: odd",
            "results-per-page",
        ),
        (r#"{"non_field_errors":["Both differ."]}"#, "non-field-errors: Both differ.", ""),
        // Paths of JSON, some of which look like what is beside words.
        (r#"{"errors":{"$.last_name":"bad"}}"#, "last-name: bad", "last-name"),
        (
            r#"{"errors":{"$.contact_detail[0].value":["bad"]}}"#,
            "details[0].value: bad",
            "details[0].value",
        ),
        (r#"{"errors":{"$.details":["bad"]}}"#, "details: bad", "details"),
        (r#"{"errors":{"$.a":"bad","$.input":["odd"]}}"#, "a: bad; input: odd", ""),
        (r#"{"errors":{"$":["bad"]}}"#, "bad", ""),
        // Not of this action.
        (r#"{"errors":{"timezone":["bad"]}}"#, "timezone: bad", ""),
        (r#"{"detail":[{"loc":["header","x-region"],"msg":"bad"}]}"#, "header.x-region: bad", ""),
        (r#"{"error":{"field":"type","message":"bad"}}"#, "kind: bad", ""),
    ] {
        let failure = refused(422, body);
        assert_eq!(quoted(&failure), Some(words), "{body}");
        assert_eq!(failure.field.unwrap_or_default(), field, "{body}");
    }
}

#[test]
fn a_page_for_browsers_is_never_quoted() {
    let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>";
    for body in [
        page.to_owned(),
        "<html>\n<body>Bad Gateway".to_owned(),
        "Bad Gateway ".repeat(100),
        "Bad Gateway <a href='x'>back</a>".to_owned(),
        serde_json::json!({ "errors": [{ "message": page }], "title": page }).to_string(),
        format!("{page}{{\"detail\":\"Bad Gateway\"}}"),
        serde_json::json!({ "detail": page }).to_string(),
        "<h1>Bad Gateway</h1>".to_owned(),
        serde_json::json!({ "error": "<title>Bad Gateway</title>" }).to_string(),
        serde_json::json!({ "message": page, "success": false }).to_string(),
        serde_json::json!({ "detail": [{ "msg": page, "loc": ["body"] }] }).to_string(),
    ] {
        for status in [200, 404, 502] {
            if let Err(failure) = accepted(reply(status, &body), &settings("")) {
                assert!(!failure.message.contains("Bad Gateway"), "{}", failure.message);
                assert!(!failure.message.contains('<'), "{}", failure.message);
            }
        }
    }
}

#[test]
fn words_with_markup_that_are_no_page_are_quoted() {
    for said in ["<b>Bad</b> number", "<p>Bad number", "Bad number</b>", "expected <first_name>"] {
        for body in [
            serde_json::json!({ "message": said }),
            serde_json::json!({ "detail": [{ "msg": said }] }),
            serde_json::json!({ "errors": [said] }),
        ] {
            assert_eq!(quoted(&refused(400, &body.to_string())), Some(said), "{body}");
        }
    }
}

#[test]
fn markup_in_one_member_does_not_hide_the_words_of_another() {
    let body = r#"{"error_message":"<html></html>","detail":"the words"}"#;
    assert_eq!(quoted(&refused(500, body)), Some("the words"));
}

#[test]
fn a_refusal_nested_without_end_is_read_without_end_of_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for member in ["detail", "error", "success", "message", "other"] {
            let deep = [&open.repeat(100_000), "1", &close.repeat(100_000)].concat();
            let body = format!(r#"{{"{member}":{deep},"error_message":"the words"}}"#);
            assert_eq!(quoted(&refused(400, &body)), Some("the words"), "{member}");
        }
    }
}

#[test]
fn words_and_field_are_bounded_and_advice_stays_whole() {
    let long = "é".repeat(100_000);
    for body in [
        serde_json::json!({ "detail": long }),
        serde_json::json!({ "detail": [{ "loc": ["body", long], "msg": long }] }),
    ] {
        let failure = refused(422, &body.to_string());
        assert!(quoted(&failure).unwrap().len() <= 400);
        let error = failure.report(CREATES);
        assert!(error.message.len() <= 1000 && error.message.ends_with("call again."));
        assert!(error.field.is_none_or(|field| field.len() <= 100));
    }
}

#[test]
fn a_key_that_2chat_repeats_is_hidden() {
    let settings = settings(KEY);
    for body in [
        format!(r#"{{"detail":"Unknown key {KEY}, really {KEY}"}}"#),
        format!(r#"{{"detail":[{{"loc":["header","{KEY}"],"msg":"bad {KEY}"}}]}}"#),
        format!(r#"{{"success":false,"error_message":"{}{KEY}"}}"#, "x".repeat(380)),
    ] {
        for status in [401, 422] {
            let failure = accepted(reply(status, &body), &settings).unwrap_err();
            assert!(!failure.message.contains(KEY_START), "{}", failure.message);
            assert!(!failure.field.as_deref().unwrap_or_default().contains(KEY_START));
        }
    }
}

#[test]
fn a_key_that_2chat_repeats_in_escapes_is_hidden_as_well() {
    let settings = settings("key/with\"signs");
    for key in [r#"key\/with\"signs"#, r#"\u006bey/with\u0022signs"#] {
        let body = format!(r#"{{"detail":"Unknown key {key}"}}"#);
        let failure = accepted(reply(401, &body), &settings).unwrap_err();
        assert_eq!(quoted(&failure), Some("Unknown key [key]"));
    }
}

/// Bodies made of the parts of which failures are made.
fn envelope_like() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\"",
        "\\",
        "\"success\":",
        "\"error\":",
        "\"error_message\":",
        "\"message\":",
        "\"detail\":",
        "\"loc\":",
        "\"msg\":",
        "true",
        "false",
        "null",
        "1",
        "-",
        "\"text\"",
        "\"</p>\"",
        "\"\\ud83d\"",
        "[{",
        "}]",
        "é",
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_reply_makes_the_reading_of_it_panic(
        status in any::<u16>(),
        retry_after in prop::option::of("(?s).{0,20}"),
        text in "(?s).{0,200}",
        soup in envelope_like(),
    ) {
        for body in [text, ["{", &soup, "}"].concat(), soup] {
            let mut reply = reply(status, &body);
            reply.retry_after = retry_after.clone();
            match accepted(reply, &settings("")) {
                Ok(accepted) => prop_assert_eq!(accepted, body),
                Err(failure) => {
                    let error = failure.report(CREATES);
                    prop_assert!(error.message.len() <= 1000);
                    prop_assert!(!error.message.contains(char::is_control));
                }
            }
        }
    }

    #[test]
    fn a_repeated_key_never_leaves_in_a_failure(
        secret in "UAK[a-f0-9-]{8,36}",
        words in "[a-z ]{0,500}",
        status in prop::sample::select(vec![200, 400, 401, 403, 422, 500]),
    ) {
        let settings = settings(&secret);
        let body = serde_json::json!({
            "success": false,
            "detail": format!("{words}{secret}{words}"),
        });
        let failure =
            accepted(reply(status, &body.to_string()), &settings).unwrap_err();
        prop_assert!(!failure.message.contains("UAK"), "{}", failure.message);
    }
}
