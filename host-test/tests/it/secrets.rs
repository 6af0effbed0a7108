//! A canary key appears in no result, error, url or log, whatever 2Chat says.

use mock::{Fault, Mock, Options, Received, Reply};
use serde_json::{Value, json};

use crate::support::{Caller, every_action, hook::Hook};

const CANARY: &str = "UAKcanary00-1111-4222-8333-444455556666";

/// Everything a request shows but the one header that is meant to hold the key.
fn shown(request: &Received) -> String {
    let others = request.headers.iter().filter(|(name, _)| name != "x-user-api-key");
    let headers: String = others.map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!(
        "{} {} {:?}\n{headers}{}\n{request:?}",
        request.method, request.path, request.query, request.body
    )
}

/// What comes back, in every way it might be shown.
fn told(outcome: &Result<Value, Value>) -> String {
    format!("{outcome:?} {}", outcome.as_ref().unwrap_or_else(|error| error))
}

/// Answers that hold the key wherever an answer can hold text: as it is, far
/// back in a long text, and in escapes.
fn echoes() -> Vec<String> {
    let escaped: String = CANARY.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let mut echoes = Vec::new();
    for key in [
        CANARY.to_owned(),
        format!("{}{CANARY} tail", "x".repeat(380)),
        format!("{}{CANARY}", "x".repeat(40)),
        escaped,
    ] {
        let shapes = [
            json!({ "detail": "K" }),
            json!({ "message": "K" }),
            json!({ "error": "K" }),
            json!({ "success": false, "error": true, "error_message": "K" }),
            json!({ "detail": [{ "loc": ["body", "K"], "msg": "K" }] }),
            json!({ "contact": { "uuid": "K", "first_name": "K", "details": [{ "type": "K", "value": "K" }] } }),
            json!({ "contacts": [{ "uuid": "K", "last_name": "K", "details": [{ "type": "K", "value": "K" }] }] }),
            json!({ "webhooks": [{ "uuid": "K", "event_name": "K", "hook_url": "K",
                "hook_params": { "K": "K", "nested": ["K", { "K": "K" }] } }] }),
            json!({ "account": { "uuid": "K", "name": "K", "blocked": true, "block_reason": "K" } }),
            json!({ "contacts": { "K": "K" }, "account": { "K": 5 }, "webhooks": 5 }),
            json!({ "contacts": [{ "K": {}, "uuid": { "K": 1 } }] }),
        ];
        echoes.extend(shapes.map(|shape| shape.to_string().replace('K', &key)));
    }
    echoes
}

/// Whether the text holds the key, or JSON that stands for it.
fn holds_key(text: &str) -> bool {
    let unescaped: String = text
        .replace("\\\\u", "\\u")
        .split("\\u")
        .enumerate()
        .map(|(n, part)| {
            let code = part.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            match code.and_then(char::from_u32).filter(|_| n > 0) {
                Some(c) => format!("{c}{}", &part[4..]),
                None => part.to_owned(),
            }
        })
        .collect();
    text.contains("UAKcanary00") || unescaped.contains("UAKcanary00")
}

#[tokio::test]
async fn a_guest_that_holds_the_key_never_tells_it() {
    for status in [200, 201, 400, 401, 403, 422, 500] {
        for echo in echoes() {
            let hook = Hook::replying(status, echo.clone())
                .with_variable("TWOCHAT_API_KEY", &format!(" {CANARY}\n"));
            for (action, arguments) in every_action() {
                let told = told(&hook.call(action, arguments).await);
                assert!(!holds_key(&told), "{action} {status} {echo}: {told}");
            }
            for seen in hook.seen() {
                assert_eq!(seen.header("x-user-api-key"), Some(CANARY));
                assert!(!seen.url.contains(CANARY) && !seen.body.contains(CANARY));
                assert_eq!(
                    seen.headers.iter().filter(|(_, value)| value.contains(CANARY)).count(),
                    1
                );
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_was_given_as_an_argument_is_not_repeated() {
    let hook = Hook::replying(200, "{}").with_variable("TWOCHAT_API_KEY", CANARY);
    for arguments in [
        json!({ "first-name": "Ada", "details": [{ "kind": "phone", "value": CANARY }] }),
        json!({ "first-name": "Ada", "details": [{ "kind": "phone", "value": format!("{}{CANARY}", "x".repeat(30)) }] }),
        json!({ "first-name": "Ada", "channel-uuid": CANARY, "details": [{ "kind": "address", "value": "x" }] }),
    ] {
        let error = hook.call("create-contact", arguments).await.unwrap_err();
        assert_eq!(error["kind"], "invalid-input");
        assert!(!error.to_string().contains("UAKcanary"), "{error}");
    }
    assert!(hook.seen().is_empty());
}

#[tokio::test]
async fn a_guest_whose_host_signs_never_learns_the_key() {
    let options =
        Options { key: CANARY.to_owned(), requests_per_minute: 10_000, ..Options::default() };
    let twochat = Mock::start(options).await.unwrap();
    let caller = Caller::to(&twochat.base_url(), Some(CANARY));
    for fault in Fault::all().iter().map(|(fault, _)| *fault).filter(|fault| *fault != Fault::Hang)
    {
        twochat.clear();
        twochat.switch_on(fault);
        for (action, arguments) in every_action() {
            let told = told(&caller.call(action, arguments).await);
            assert!(!told.contains(CANARY), "{action} {fault}: {told}");
        }
    }
    for request in twochat.requests() {
        assert_eq!(request.header("x-user-api-key"), Some(CANARY));
        assert!(!shown(&request).contains(CANARY), "{}", shown(&request));
    }
}

#[tokio::test]
async fn the_host_hides_a_key_that_2chat_repeats() {
    let options =
        Options { key: CANARY.to_owned(), requests_per_minute: 10_000, ..Options::default() };
    let twochat = Mock::start(options).await.unwrap();
    let caller = Caller::to(&twochat.base_url(), Some(CANARY));
    let secret = caller.connection.key().unwrap();
    for status in [200, 401] {
        for echo in echoes() {
            twochat.answer_with(Reply::new(status, echo.clone()));
            for (action, arguments) in every_action() {
                let mut outcome = caller.call(action, arguments).await;
                match &mut outcome {
                    Ok(value) | Err(value) => {
                        host::hiding::Hiding::of(Some(secret), &[]).hide(value)
                    }
                }
                assert!(!holds_key(&told(&outcome)), "{action} {echo}: {}", told(&outcome));
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_unseen() {
    for key in ["UAK\ncanary", "UAK\u{0}canary", "UAK\u{7f}canary"] {
        let hook = Hook::replying(200, "{}").with_variable("TWOCHAT_API_KEY", key);
        for (action, arguments) in every_action() {
            let error = hook.call(action, arguments).await.unwrap_err();
            assert_eq!(error["kind"], "misconfigured", "{error}");
            assert!(!error.to_string().contains("canary"), "{error}");
            assert!(error["message"].as_str().unwrap().contains("TWOCHAT_API_KEY"), "{error}");
        }
        assert!(hook.seen().is_empty(), "nothing is sent");
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_told_before_an_argument_that_cannot() {
    let hook = Hook::replying(200, "{}").with_variable("TWOCHAT_API_KEY", "UAK\ncanary");
    let arguments = json!({ "channel-uuid": "UAK\ncanary" });
    let error = hook.call("list-contacts", arguments).await.unwrap_err();
    assert_eq!(error["kind"], "misconfigured", "{error}");
}

#[tokio::test]
async fn a_planted_base_url_gets_neither_the_key_nor_a_request() {
    for url in [
        "http://evil.example/open",
        "http://127.0.0.1.evil.example/open",
        "https://user:password@evil.example/open",
        "https://evil.example/open?x=",
        "ftp://127.0.0.1/open",
        "evil.example",
    ] {
        let hook = Hook::replying(200, "{}")
            .with_variable("TWOCHAT_API_KEY", CANARY)
            .with_variable("TWOCHAT_BASE_URL", url);
        let error = hook.call("test-api-key", json!({})).await.unwrap_err();
        assert_eq!(error["kind"], "misconfigured", "{url}: {error}");
        assert!(!error.to_string().contains("password"), "{error}");
        assert!(hook.seen().is_empty(), "{url}");
    }
}
