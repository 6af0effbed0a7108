//! How a request is made from a call, and how every kind of reply reads.
//!
//! The shapes of failures are those of 2Chat's documentation and skill files,
//! and two that others saw on the wire; the words in them are our own.

use proptest::prelude::*;

use super::*;
use crate::text::find;
use crate::{
    contract::{CarriedOut, Retry},
    effect::{Effect, Promise},
};

const READS: Promise = Promise { effect: Effect::Reads, repeatable: true };
const CREATES: Promise = Promise { effect: Effect::Creates, repeatable: false };

const KEY: &str = "UAK0c9f1d8e-1111-4222-8333-444455556666";
/// What must not show either, lest a part of the key escape.
const KEY_START: &str = "UAK0c9f";

/// As `create-contact` has them.
const SPELLINGS: &[Spelling] = &[("contact_detail", "details"), ("type", "kind")];

fn settings(variables: &[(&str, &str)]) -> Settings {
    from_variables(variables).unwrap()
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Settings> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Settings::from_variables(variables.iter().map(owned))
}

fn with_key() -> Settings {
    settings(&[("TWOCHAT_API_KEY", KEY)])
}

fn header<'r>(request: &'r Request, sought: &str) -> Vec<&'r str> {
    let named = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(sought));
    named.map(|(_, value)| core::str::from_utf8(value).unwrap()).collect()
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: Ok(body.to_owned()) }
}

/// The text of an accepted reply, to a host with these settings.
fn accepted(reply: Reply, settings: &Settings) -> Result<String> {
    let status = reply.status;
    let answer = accept(reply, settings, SPELLINGS)?;
    // As an action reads it, and as one that reads no object.
    let read = json::read(&answer, |value| value.object(&mut |_, _| Ok(())));
    let confirmed = confirm(&answer, read.is_ok(), status, SPELLINGS);
    let read = json::read(&answer, |value| value.json_text());
    assert_eq!(confirmed.is_ok(), confirm(&answer, read.is_ok(), status, SPELLINGS).is_ok());
    confirm(&answer, read.is_ok(), status, SPELLINGS)?;
    read
}

fn refused(status: u16, body: &str) -> Box<Failure> {
    accepted(reply(status, body), &settings(&[])).unwrap_err()
}

/// What is quoted of 2Chat's words.
fn quoted(failure: &Failure) -> Option<&str> {
    let (_, words) = failure.message.split_once("2Chat says: “")?;
    words.rsplit_once('”').map(|(words, _)| words)
}

#[test]
fn without_settings_calls_go_to_2chat_and_unsigned() {
    let request = sign(Call::get("/info"), &settings(&[]));
    assert_eq!((request.method, request.https), (Method::Get, true));
    assert_eq!(request.authority, "api.p.2chat.io");
    assert_eq!(request.path_and_query, "/open/info");
    assert_eq!(header(&request, "x-user-api-key"), [""; 0]);
}

#[test]
fn blank_settings_and_those_of_others_count_as_none() {
    for variables in [
        &[("TWOCHAT_BASE_URL", ""), ("TWOCHAT_API_KEY", "")][..],
        &[("TWOCHAT_BASE_URL", " \n"), ("TWOCHAT_API_KEY", "\t ")],
        &[("PATH", "/bin"), ("API_KEY", "other"), ("twochat_api_key", "other")],
        &[("TWOCHAT_API_KEY ", "other"), ("TWOCHAT_BASE_URL_2", "http://evil.example")],
    ] {
        let request = sign(Call::get("/info"), &settings(variables));
        assert!(request == sign(Call::get("/info"), &settings(&[])), "{variables:?}");
    }
}

#[test]
fn a_base_url_moves_every_call() {
    for (base, expected) in [
        ("http://127.0.0.1:8080/open", (false, "127.0.0.1:8080", "/open/info")),
        (" https://twochat.example/a/b/ \n", (true, "twochat.example", "/a/b/info")),
        ("https://twochat.example", (true, "twochat.example", "/info")),
    ] {
        let request = sign(Call::get("/info"), &settings(&[("TWOCHAT_BASE_URL", base)]));
        let address = (request.https, &*request.authority, &*request.path_and_query);
        assert_eq!(address, expected, "{base}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_named_and_not_shown() {
    for (setting, value) in [
        ("TWOCHAT_BASE_URL", "http://evil-secret.example"),
        ("TWOCHAT_BASE_URL", "https://user:secret@twochat.example"),
        ("TWOCHAT_BASE_URL", "https://twochat.example?key=secret"),
        ("TWOCHAT_BASE_URL", "secret"),
        ("TWOCHAT_API_KEY", "secret\r\nx-evil: 1"),
    ] {
        let failure = from_variables(&[("PATH", "/bin"), (setting, value)]).unwrap_err();
        assert_eq!((failure.kind, failure.status), (ErrorKind::Misconfigured, None), "{value}");
        assert!(failure.message.contains(setting), "{}", failure.message);
        assert!(failure.message.contains("Expected"), "{}", failure.message);
        assert!(!failure.message.contains("secret"), "{}", failure.message);
    }
}

#[test]
fn the_key_is_in_its_header_and_nowhere_else() {
    let call = Call::post("/contacts", &"Ada").unwrap();
    let request = sign(call, &settings(&[("TWOCHAT_API_KEY", &[" ", KEY, "\n"].concat())]));
    assert_eq!(header(&request, "x-user-api-key"), [KEY]);

    let holds_key = |bytes: &[u8]| find(&String::from_utf8_lossy(bytes), KEY).is_some();
    assert_eq!(request.headers.iter().filter(|(_, value)| holds_key(value)).count(), 1);
    assert!(!request.path_and_query.contains(KEY) && !request.authority.contains(KEY));
    assert!(!request.body.as_deref().is_some_and(holds_key));
}

#[test]
fn the_debug_text_of_settings_does_not_show_the_key() {
    assert!(!format!("{:?}", with_key()).contains(KEY));
}

#[test]
fn a_get_or_a_delete_asks_for_json_and_has_no_body() {
    for (call, method) in
        [(Call::get("/webhooks"), Method::Get), (Call::delete("/webhooks"), Method::Delete)]
    {
        let request = sign(call, &with_key());
        assert_eq!((request.method, &*request.path_and_query), (method, "/open/webhooks"));
        assert_eq!(header(&request, "accept"), ["application/json"]);
        assert!(header(&request, "user-agent")[0].starts_with("twochat-connector/0."));
        assert_eq!(request.body, None);
        for name in ["content-type", "content-length", "host", "connection", "transfer-encoding"] {
            assert_eq!(header(&request, name), [""; 0], "{name}");
        }
    }
}

#[test]
fn a_body_tells_the_exact_length_of_its_json() {
    type Make = fn(&str, &String) -> Result<Call>;
    let methods: [(Method, Make); 3] =
        [(Method::Post, Call::post), (Method::Put, Call::put), (Method::Patch, Call::patch)];
    let texts = ["", "Ada", "é艾\u{1f600}\"\\\n"].map(str::to_owned);
    for (text, (method, make)) in
        texts.into_iter().flat_map(|text| methods.map(|it| (text.clone(), it)))
    {
        let request = sign(make("/contacts", &text).unwrap(), &settings(&[]));
        let body = request.body.clone().unwrap();
        assert_eq!((request.method, &*request.path_and_query), (method, "/open/contacts"));
        assert_eq!(serde_json::from_slice::<String>(&body).unwrap(), text);
        assert_eq!(header(&request, "content-type"), ["application/json"]);
        assert_eq!(header(&request, "content-length"), [body.len().to_string()]);
        assert_eq!(header(&request, "host"), [""; 0]);
    }
}

#[test]
fn what_has_a_meaning_in_a_query_is_escaped() {
    let query = vec![
        ("a", "+14155550123".to_owned()),
        ("b", "x&y=z #?/%".to_owned()),
        ("c", "é\r\n".to_owned()),
        ("d", String::new()),
        ("e", "A-z.0_~".to_owned()),
    ];
    let request = sign(Call { query, ..Call::get("/contacts") }, &settings(&[]));
    assert_eq!(
        request.path_and_query,
        "/open/contacts?a=%2B14155550123&b=x%26y%3Dz%20%23%3F%2F%25&c=%C3%A9%0D%0A&d=&e=A-z.0_~"
    );
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
            assert_eq!(accepted(reply(status, body), &settings(&[])).as_deref(), Ok(body));
        }
    }
}

#[test]
fn a_2xx_that_says_it_failed_is_rejected_whatever_stands_beside() {
    for (body, words) in [
        (r#"{"success":false}"#, None),
        (r#"{"success" : false , "contacts":[{"uuid":"CON1"}]}"#, None),
        (r#"{"contact":{"uuid":"CON1"},"success":false,"error_message":"No."}"#, Some("No.")),
        (r#"{"error":true,"error_message":"Number is offline"}"#, Some("Number is offline")),
        (r#"{"success":true,"error":true,"message":"Half done"}"#, Some("Half done")),
        (r#"{"error_message":"Number is offline"}"#, Some("Number is offline")),
        (r#"{"error":"Number is offline"}"#, Some("Number is offline")),
        (r#"{"success":false,"detail":"Not now"}"#, Some("Not now")),
    ] {
        let failure = refused(200, body);
        assert_eq!((failure.kind, failure.status), (ErrorKind::Rejected, Some(200)), "{body}");
        assert_eq!(quoted(&failure), words, "{body}");
        assert_eq!(failure.report(CREATES).carried_out, CarriedOut::Perhaps);
    }
}

#[test]
fn a_2xx_that_is_not_json_cannot_be_used_and_is_not_quoted() {
    for body in
        ["", " ", "OK", "<html><body>Welcome</body></html>", "{\"a\":", "{} {}", "\u{feff}{}"]
    {
        let failure = refused(200, body);
        assert_eq!(failure.kind, ErrorKind::UnexpectedReply);
        assert!(failure.message.contains("at $"), "{}", failure.message);
        for raw in ["OK", "Welcome", "<", "{"] {
            assert!(!failure.message.contains(raw), "{}", failure.message);
        }
    }
}

#[test]
fn a_body_that_broke_off_is_told_only_where_it_was_needed() {
    let broken = |status| {
        let body = Err(Failure::new(ErrorKind::Interrupted, "It broke off.".to_owned(), ""));
        accepted(Reply { status, retry_after: None, body }, &settings(&[])).unwrap_err()
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
        (410, Busy, AfterWaiting, (No, AfterWaiting)),
        (486, Busy, AfterWaiting, (No, AfterWaiting)),
        (503, Busy, AfterWaiting, (Perhaps, AfterLooking)),
        (405, Rejected, Never, (No, Never)),
        (418, Rejected, Never, (No, Never)),
        (499, Rejected, Never, (No, Never)),
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
        "Not authenticated",
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
fn words_are_found_in_every_shape_in_which_2chat_gives_them() {
    for (body, words) in [
        // The gateway's, seen on the wire.
        (r#"{"detail":"Unknown number"}"#, "Unknown number"),
        (r#"{"detail":[{"loc":["body","a"],"msg":"too short","type":"x"}]}"#, "too short"),
        (r#"{"detail":[{"msg":"too short"},{"msg":"too long"}]}"#, "too short; too long"),
        // The application's, from the skill files.
        (r#"{"success":false,"error":true,"error_message":"Unknown number"}"#, "Unknown number"),
        (r#"{"error":true,"error_message":"Unknown number","error_code":7}"#, "Unknown number"),
        // Promised by the page of response codes.
        (r#"{"message":"Unknown number"}"#, "Unknown number"),
        // In no documentation.
        (r#"{"error":"Unknown number"}"#, "Unknown number"),
        (r#" {"detail" : " Unknown\r\nnumber "} "#, "Unknown  number"),
        (r#"{"det\u0061il":"Unknown \u00fc \ud83d\ude00"}"#, "Unknown ü 😀"),
    ] {
        assert_eq!(quoted(&refused(422, body)), Some(words), "{body}");
    }
}

#[test]
fn the_words_of_the_application_come_before_those_of_the_gateway() {
    let members = [
        r#""error":"reason""#,
        r#""detail":[{"msg":"complaint"}]"#,
        r#""detail":"detail""#,
        r#""message":"message""#,
        r#""error_message":"error message""#,
    ];
    for (count, expected) in ["reason", "complaint", "detail", "message", "error message"]
        .into_iter()
        .enumerate()
        .map(|(i, expected)| (i + 1, expected))
    {
        let body = ["{", &members[..count].join(","), "}"].concat();
        assert_eq!(quoted(&refused(400, &body)), Some(expected), "{body}");
    }
}

#[test]
fn a_member_of_a_strange_type_is_passed_over() {
    for strange in
        ["null", "true", "7", "-1.5e3", "[]", "{}", "[[7]]", r#"{"a":["b"]}"#, "\"\"", "\" \""]
    {
        for member in ["success", "error", "error_message", "message"] {
            let body = format!(r#"{{"{member}":{strange},"detail":"the words"}}"#);
            assert_eq!(quoted(&refused(400, &body)), Some("the words"), "{body}");
        }
        let body = format!(r#"{{"detail":{strange},"error":"the words"}}"#);
        assert_eq!(quoted(&refused(400, &body)), Some("the words"), "{body}");
        for member in ["msg", "type", "input"] {
            let body = format!(r#"{{"detail":[{{"{member}":{strange}}},{strange},"text"]}}"#);
            let failure = refused(422, &body);
            assert_eq!((quoted(&failure), failure.field.as_deref()), (None, None), "{body}");
        }
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
        (r#"["body","query"]"#, Some("query")),
        (r#"["first_name"]"#, Some("first-name")),
        (r#"["body"]"#, None),
        ("[]", None),
        (r#""body""#, None),
        ("null", None),
    ] {
        let body = format!(r#"{{"detail":[{{"loc":{loc},"msg":"field required"}}]}}"#);
        let failure = refused(422, &body);
        assert_eq!(failure.field.as_deref(), field, "{loc}");
        assert_eq!(quoted(&failure), Some("field required"), "{loc}");
    }
}

#[test]
fn an_argument_is_named_only_where_correcting_it_helps() {
    let body = r#"{"detail":[{"loc":["body","first_name"],"msg":"no"}]}"#;
    for (status, named) in [(400, true), (422, true), (401, false), (403, false), (500, false)] {
        assert_eq!(refused(status, body).field.is_some(), named, "{status}");
    }
}

#[test]
fn a_page_for_browsers_is_never_quoted() {
    let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>";
    for body in [
        page.to_owned(),
        "<html>\n<body>Bad Gateway".to_owned(),
        "Bad Gateway".to_owned(),
        format!("{page}{{\"detail\":\"Bad Gateway\"}}"),
        serde_json::json!({ "detail": page }).to_string(),
        serde_json::json!({ "error": "Bad Gateway</b>" }).to_string(),
        serde_json::json!({ "message": page, "success": false }).to_string(),
        serde_json::json!({ "detail": [{ "msg": page, "loc": ["body"] }] }).to_string(),
    ] {
        for status in [200, 404, 502] {
            if let Err(failure) = accepted(reply(status, &body), &settings(&[])) {
                assert!(!failure.message.contains("Bad Gateway"), "{}", failure.message);
                assert!(!failure.message.contains('<'), "{}", failure.message);
            }
        }
    }
}

#[test]
fn markup_in_one_member_does_not_hide_the_words_of_another() {
    let body = r#"{"error_message":"<html></html>","detail":"the words"}"#;
    assert_eq!(quoted(&refused(500, body)), Some("the words"));
}

#[test]
fn an_unreadable_refusal_still_has_the_meaning_of_its_status() {
    for body in ["", "{", "nope", "[1,2", "\"Not authenticated\"", "{\"detail\":\"cut o", "{}x"] {
        let failure = refused(404, body);
        assert_eq!((failure.kind, quoted(&failure)), (ErrorKind::NotFound, None), "{body}");
    }
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
fn the_seconds_to_wait_are_read_where_they_are_seconds() {
    for (value, expected) in [
        ("7", Some(7)),
        (" 30 ", Some(30)),
        ("0", Some(0)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("99999999999999999999999999", None),
        ("-1", None),
        ("1.5", None),
        ("7s", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        for status in [429, 503] {
            let reply = Reply { retry_after: Some(value.to_owned()), ..reply(status, "{}") };
            let failure = accepted(reply, &settings(&[])).unwrap_err();
            assert_eq!(failure.wait_seconds, expected, "{value:?}");
        }
    }
    assert_eq!(refused(429, "{}").wait_seconds, None);
}

#[test]
fn a_key_that_2chat_repeats_is_hidden() {
    let settings = with_key();
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
    let settings = settings(&[("TWOCHAT_API_KEY", "key/with\"signs")]);
    for key in [r#"key\/with\"signs"#, r#"\u006bey/with\u0022signs"#] {
        let body = format!(r#"{{"detail":"Unknown key {key}"}}"#);
        let failure = accepted(reply(401, &body), &settings).unwrap_err();
        assert_eq!(quoted(&failure), Some("Unknown key [key]"));
    }
}

#[test]
fn a_masked_failure_keeps_everything_but_the_key() {
    let mut failure =
        Failure::new(ErrorKind::InvalidInput, format!("a {KEY} b"), "").with_status(422);
    failure.field = Some(KEY.to_owned());
    failure.wait_seconds = Some(7);
    let settings = with_key();
    let masked = failure.hiding(settings.key());
    assert_eq!((&*masked.message, masked.field.as_deref()), ("a [key] b", Some("[key]")));
    assert_eq!((masked.kind, masked.status), (ErrorKind::InvalidInput, Some(422)));
    assert_eq!(masked.wait_seconds, Some(7));
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
            let reply = Reply { status, retry_after: retry_after.clone(), body: Ok(body.clone()) };
            match accepted(reply, &settings(&[])) {
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
    fn any_argument_comes_back_from_the_query_as_it_went_in(value in "(?s).{0,40}") {
        let query = vec![("q", value.clone()), ("r", "end".to_owned())];
        let request = sign(Call { query, ..Call::get("/contacts") }, &settings(&[]));
        let escaped = request.path_and_query.strip_prefix("/open/contacts?q=").unwrap();
        let escaped = escaped.strip_suffix("&r=end").unwrap();
        let mut bytes = Vec::new();
        let mut rest = escaped.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = core::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            } else {
                prop_assert!(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
                bytes.push(byte);
            }
        }
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), value);
    }

    #[test]
    fn a_repeated_key_never_leaves_in_a_failure(
        secret in "UAK[a-f0-9-]{8,36}",
        words in "[a-z ]{0,500}",
        status in prop::sample::select(vec![200, 400, 401, 403, 422, 500]),
    ) {
        let settings = settings(&[("TWOCHAT_API_KEY", &secret)]);
        let body = serde_json::json!({
            "success": false,
            "detail": format!("{words}{secret}{words}"),
        });
        let failure =
            accepted(reply(status, &body.to_string()), &settings).unwrap_err();
        prop_assert!(!failure.message.contains("UAK"), "{}", failure.message);
    }
}
