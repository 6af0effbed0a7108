//! Every row of the table of errors: kind, whether it was carried out, and
//! whether to repeat, for a call that reads and for one that creates.

use bytes::Bytes;
use serde_json::{Value, json};
use wasmtime_wasi_http::Error;

use crate::{
    actions,
    support::{every_action, hook::Hook, known::Known, new_contact, policy},
};

type Policy = (&'static str, &'static str, &'static str);

async fn errors(hook: &Hook) -> (Value, Value) {
    let read = hook.call("list-contacts", json!({})).await.unwrap_err();
    let created = hook.call("create-contact", new_contact()).await.unwrap_err();
    assert_eq!(hook.seen().len(), 2, "each failed call is sent exactly once");
    (read, created)
}

/// A failing exchange, what it means to a read, and what to a creation.
async fn prove(name: &str, hook: Hook, read: Policy, created: Policy) {
    let (read_error, create_error) = errors(&hook).await;
    assert_eq!(policy(&read_error), read, "{name}: {read_error}");
    assert_eq!(policy(&create_error), created, "{name}: {create_error}");
}

#[tokio::test]
async fn every_status_lands_in_its_kind() {
    const NO_NEVER: fn(&'static str) -> Policy = |kind| (kind, "no", "never");
    const WAIT: fn(&'static str) -> Policy = |kind| (kind, "no", "after-waiting");
    const PERHAPS: fn(&'static str) -> Policy = |kind| (kind, "perhaps", "after-looking");
    const CORRECT: Policy = ("invalid-input", "no", "after-correcting");
    const RETRY: Policy = ("interrupted", "no", "now");
    for (status, read, created) in [
        (400, CORRECT, CORRECT),
        (406, CORRECT, CORRECT),
        (422, CORRECT, CORRECT),
        (401, NO_NEVER("unauthorized"), NO_NEVER("unauthorized")),
        (403, NO_NEVER("forbidden"), NO_NEVER("forbidden")),
        (402, NO_NEVER("quota-exhausted"), NO_NEVER("quota-exhausted")),
        (404, NO_NEVER("not-found"), NO_NEVER("not-found")),
        (429, WAIT("rate-limited"), WAIT("rate-limited")),
        (409, WAIT("busy"), WAIT("busy")),
        (410, WAIT("busy"), WAIT("busy")),
        (486, WAIT("busy"), WAIT("busy")),
        (503, WAIT("busy"), PERHAPS("busy")),
        (405, NO_NEVER("rejected"), NO_NEVER("rejected")),
        (418, NO_NEVER("rejected"), NO_NEVER("rejected")),
        (451, NO_NEVER("rejected"), NO_NEVER("rejected")),
        (407, NO_NEVER("denied-by-host"), NO_NEVER("denied-by-host")),
        (511, NO_NEVER("denied-by-host"), NO_NEVER("denied-by-host")),
        (408, WAIT("busy"), WAIT("busy")),
        (421, WAIT("busy"), WAIT("busy")),
        (425, WAIT("busy"), WAIT("busy")),
        (500, RETRY, PERHAPS("interrupted")),
        (502, RETRY, PERHAPS("interrupted")),
        (504, RETRY, PERHAPS("interrupted")),
        (599, RETRY, PERHAPS("interrupted")),
        (301, NO_NEVER("unexpected-reply"), PERHAPS("unexpected-reply")),
        (302, NO_NEVER("unexpected-reply"), PERHAPS("unexpected-reply")),
        (308, NO_NEVER("unexpected-reply"), PERHAPS("unexpected-reply")),
        (600, NO_NEVER("unexpected-reply"), PERHAPS("unexpected-reply")),
        (999, NO_NEVER("unexpected-reply"), PERHAPS("unexpected-reply")),
    ] {
        let hook =
            Hook::replying(status, r#"{"success":false,"error":true,"error_message":"No."}"#);
        let (read_error, create_error) = errors(&hook).await;
        for (error, expected) in [(read_error, read), (create_error, created)] {
            assert_eq!(policy(&error), expected, "{status}: {error}");
            assert_eq!(error["status"], status);
            assert!(error["message"].as_str().unwrap().contains("“No.”"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_403_of_a_missing_key_is_told_from_other_403s() {
    let missing = Hook::replying(403, r#"{"detail":"Not authenticated"}"#);
    let never = ("unauthorized", "no", "never");
    prove("no key", missing, never, never).await;
    let other = Hook::replying(403, r#"{"detail":"Private flow"}"#);
    let never = ("forbidden", "no", "never");
    prove("other", other, never, never).await;
}

#[tokio::test]
async fn a_success_that_says_it_failed_is_rejected_whatever_stands_beside_it() {
    for body in [
        r#"{"success":false}"#,
        r#"{"success":false,"error":true,"error_message":"No."}"#,
        r#"{"error":true,"error_message":"No."}"#,
        r#"{"error":"No."}"#,
        r#"{"contacts":[],"contact":{"uuid":"CON1"},"success":false}"#,
    ] {
        let hook = Hook::replying(200, body);
        let (read, created) =
            (("rejected", "no", "never"), ("rejected", "perhaps", "after-looking"));
        prove(body, hook, read, created).await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_unexpected() {
    for body in
        ["", "null", "5", "<html></html>", "{]", "{}", "[]x", r#"{"contacts":7}"#, "\u{feff}{}"]
    {
        let read = ("unexpected-reply", "no", "never");
        let created = ("unexpected-reply", "perhaps", "after-looking");
        prove(body, Hook::replying(200, body), read, created).await;
    }
    let invalid = Hook::replying(200, Bytes::from_static(b"{\"contacts\":[\xff]}"));
    let (read, created) =
        (("unexpected-reply", "no", "never"), ("unexpected-reply", "perhaps", "after-looking"));
    prove("invalid UTF-8", invalid, read, created).await;
}

#[tokio::test]
async fn every_code_of_the_host_lands_in_its_kind() {
    const UNREACHABLE: (Policy, Policy) = {
        let policy = ("unreachable", "no", "now");
        (policy, policy)
    };
    const LIMITED: (Policy, Policy) = {
        let policy = ("rate-limited", "no", "after-waiting");
        (policy, policy)
    };
    const DENIED: (Policy, Policy) = {
        let policy = ("denied-by-host", "no", "never");
        (policy, policy)
    };
    const INTERRUPTED: (Policy, Policy) =
        (("interrupted", "no", "now"), ("interrupted", "perhaps", "after-looking"));
    const UNEXPECTED: (Policy, Policy) =
        (("unexpected-reply", "no", "never"), ("unexpected-reply", "perhaps", "after-looking"));
    type Case = (fn() -> Error, (Policy, Policy));
    let cases: Vec<Case> = vec![
        (|| Error::DnsTimeout, UNREACHABLE),
        (|| Error::DnsError { rcode: None, info_code: None }, UNREACHABLE),
        (|| Error::DestinationNotFound, UNREACHABLE),
        (|| Error::DestinationUnavailable, UNREACHABLE),
        (|| Error::DestinationIpUnroutable, UNREACHABLE),
        (|| Error::ConnectionRefused, UNREACHABLE),
        (|| Error::TlsCertificateError, DENIED),
        (|| Error::ConnectionLimitReached, LIMITED),
        (|| Error::ConnectionTimeout, INTERRUPTED),
        (|| Error::TlsProtocolError, INTERRUPTED),
        (|| Error::TlsAlertReceived { alert_id: None, alert_message: None }, INTERRUPTED),
        (|| Error::HttpRequestDenied, DENIED),
        (|| Error::DestinationIpProhibited, DENIED),
        (|| Error::ConfigurationError, DENIED),
        (|| Error::HttpRequestMethodInvalid, DENIED),
        (|| Error::HttpRequestUriInvalid, DENIED),
        (|| Error::HttpRequestUriTooLong, DENIED),
        (|| Error::HttpRequestHeaderSectionSize(None), DENIED),
        (|| Error::HttpRequestHeaderSize { field_name: None, field_size: None }, DENIED),
        (|| Error::HttpResponseHeaderSectionSize(Some(1)), UNEXPECTED),
        (|| Error::HttpResponseBodySize(Some(1)), UNEXPECTED),
        (|| Error::HttpResponseTrailerSectionSize(None), UNEXPECTED),
        (|| Error::HttpResponseTransferCoding(None), UNEXPECTED),
        (|| Error::HttpResponseContentCoding(Some("br".into())), UNEXPECTED),
        (|| Error::ConnectionTerminated, INTERRUPTED),
        (|| Error::ConnectionReadTimeout, INTERRUPTED),
        (|| Error::ConnectionWriteTimeout, INTERRUPTED),
        (|| Error::HttpRequestLengthRequired, INTERRUPTED),
        (|| Error::HttpRequestBodySize(None), INTERRUPTED),
        (|| Error::HttpRequestTrailerSectionSize(None), INTERRUPTED),
        (|| Error::HttpResponseIncomplete, INTERRUPTED),
        (|| Error::HttpResponseTimeout, INTERRUPTED),
        (|| Error::HttpUpgradeFailed, INTERRUPTED),
        (|| Error::HttpProtocolError, INTERRUPTED),
        (|| Error::LoopDetected, INTERRUPTED),
        (|| Error::InternalError(None), INTERRUPTED),
    ];
    for (error, (read, created)) in cases {
        let name = error().to_string();
        prove(&name, Hook::failing(error), read, created).await;
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_interrupted_unless_its_status_says_more() {
    let cut = |status| {
        let pieces: Vec<Result<Bytes, fn() -> Error>> =
            vec![Ok("{\"contacts\":".into()), Err(|| Error::ConnectionTerminated)];
        Hook::in_pieces(status, pieces)
    };
    let interrupted = (("interrupted", "no", "now"), ("interrupted", "perhaps", "after-looking"));
    prove("cut", cut(200), interrupted.0, interrupted.1).await;
    let refused = ("unauthorized", "no", "never");
    prove("cut 401", cut(401), refused, refused).await;
    // Some hosts tell nothing of the cut: the bytes do.
    for body in
        [&b"{"[..], b"{\"contacts\":[{\"uuid\":\"CON1\"}", b"[", b"{\"contacts\":[{\"a\":\"\xc3"]
    {
        let hook = Hook::replying(200, Bytes::from_static(body));
        prove("cut unsaid", hook, interrupted.0, interrupted.1).await;
    }
}

#[tokio::test]
async fn retry_after_is_passed_on_in_seconds_where_waiting_helps() {
    for (status, header, expected) in [
        (429, "7", json!(7)),
        (503, " 120 ", json!(120)),
        (409, "0", json!(0)),
        (429, "soon", Value::Null),
        (429, "-1", Value::Null),
        (429, "1.5", json!(2)),
        (429, "99999999999999999999", json!(86_400)),
        (500, "7", json!(7)),
        (502, "7", json!(7)),
        (504, "7", json!(7)),
        (504, "Wednesday, 25-Nov-26 07:28:07 GMT", json!(7)),
        (503, "Wed Nov 25 07:28:07 2026", json!(7)),
        (402, "7", Value::Null),
    ] {
        let hook = Hook::replying(status, "{}")
            .with_header("date", "Wed, 25 Nov 2026 07:28:00 GMT")
            .with_header("retry-after", header);
        let error = hook.call("list-contacts", json!({})).await.unwrap_err();
        assert_eq!(error["wait-seconds"], expected, "{status} {header}: {error}");
        let waits = if expected.is_null() { &error["retry"] } else { &json!("after-waiting") };
        assert_eq!(&error["retry"], waits, "{status} {header}: {error}");
    }
    let hook = Hook::replying(503, "{}").with_header("retry-after", "7");
    let error = hook.call("create-contact", new_contact()).await.unwrap_err();
    assert_eq!(error["wait-seconds"], 7, "so long before looking: {error}");
}

#[tokio::test]
async fn an_argument_that_2chat_refuses_is_named_as_the_contract_spells_it() {
    let body = json!({"detail": [
        {"loc": ["body", "contact_detail", 1, "value"], "msg": "not E.164", "type": "value_error"},
        {"loc": ["body", "first_name"], "msg": "too short", "type": "value_error"},
    ]});
    let hook = Hook::replying(422, body.to_string());
    let error = hook.call("create-contact", new_contact()).await.unwrap_err();
    assert_eq!(error["field"], "details[1].value", "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("“details[1].value: not E.164; first-name: too short”"),
        "{error}"
    );
}

#[tokio::test]
async fn what_does_not_only_read_may_have_happened_after_a_504_or_a_cut() {
    for Known { name, arguments, effect, .. } in actions::all() {
        let cut = Hook::failing(|| Error::ConnectionTerminated);
        for hook in [Hook::replying(504, "{}"), cut] {
            let error = hook.call(name, arguments.clone()).await.unwrap_err();
            let expected = if effect == "reads" { "no" } else { "perhaps" };
            assert_eq!(error["carried-out"], expected, "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn what_a_server_on_the_way_says_of_a_client_that_did_not_wait_leaves_it_open() {
    for status in [460, 499] {
        let error = Hook::replying(status, "{}").call("create-contact", new_contact()).await;
        let error = error.unwrap_err();
        assert_eq!(policy(&error), ("rejected", "perhaps", "after-looking"), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_page_of_html_is_never_quoted() {
    for status in [200, 404, 500, 504] {
        let hook = Hook::replying(status, "<!DOCTYPE html><html><body>Bad Gateway</body></html>");
        for (action, arguments) in every_action() {
            let error = hook.call(action, arguments).await.unwrap_err();
            let message = error["message"].as_str().unwrap();
            assert!(!message.contains("Bad Gateway") && !message.contains('<'), "{error}");
        }
    }
}
