//! The largest replies that the component takes, made of the smallest parts
//! there are, end within the host's usual limits of memory and fuel.

use serde_json::Value;

use crate::support::{every_action, hook::Hook, known_of};

/// The component's own limit, pinned by the first test.
const LARGEST: usize = 2 << 20;

/// Most memory for any reply: the reply itself, its records as they are read, and once
/// more as they are given to the host.
const MEMORY: usize = 31_000_000;

/// In the hands of the component, which then looks for it in all it reads.
const KEY: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

/// A list of as many of what `part` gives for 0, 1 and so on as there is room.
fn filled(before: &str, part: impl Fn(usize) -> String, after: &str) -> String {
    let mut body = before.to_owned();
    for number in 0.. {
        let part = part(number);
        if body.len() + 1 + part.len() + after.len() > LARGEST {
            break;
        }
        if number > 0 {
            body.push(',');
        }
        body.push_str(&part);
    }
    body + after
}

fn list(before: &str, part: &str, after: &str) -> String {
    filled(before, |_| part.to_owned(), after)
}

/// A text as long as there is room.
fn text(before: &str, part: &str, after: &str) -> String {
    let times = (LARGEST - before.len() - after.len()) / part.len();
    [before, &part.repeat(times), after].concat()
}

/// Carries out a call that is answered with this, and tells what it took. A
/// limit that is exceeded ends the test, with the name as the last line.
async fn call(action: &str, hook: Hook, name: &str) -> Result<Value, Value> {
    eprintln!("{action}: {name}");
    let arguments = known_of(action).arguments;
    let hook = hook.with_variable("TWOCHAT_API_KEY", KEY);
    let outcome = hook.outcome(action, arguments).await;
    hook.only();
    eprintln!("  {} KiB of memory, {} M of fuel", outcome.memory >> 10, outcome.fuel / 1_000_000);
    assert!(outcome.memory <= MEMORY);
    outcome.result
}

async fn read(action: &str, body: String) -> Result<Value, Value> {
    assert!((LARGEST - 100..=LARGEST).contains(&body.len()), "{}", body.len());
    let name = body.chars().take(80).collect::<String>();
    call(action, Hook::replying(200, body), &name).await
}

/// Webhooks with these parameters around the filling.
const PARAMS: &str = r#"[{"uuid":"W","event_name":"","hook_url":"","hook_params":{"#;

#[tokio::test]
async fn one_byte_more_than_the_largest_reply_is_too_large() {
    for (action, _) in every_action() {
        let mut body = text("{}", " ", "");
        assert_eq!(body.len(), LARGEST);
        let fits = read(action, body.clone()).await.unwrap_err();
        assert!(!fits["message"].as_str().unwrap().contains("larger than"), "{fits}");
        body.push(' ');
        let error = call(action, Hook::replying(200, body), "too large").await.unwrap_err();
        assert_eq!(error["kind"], "unexpected-reply");
        assert!(error["message"].as_str().unwrap().contains("larger than 2 MiB"), "{error}");
    }
}

#[tokio::test]
async fn many_contacts_as_small_as_can_be_fit_the_limits() {
    let body = list(r#"{"contacts":["#, r#"{"uuid":"C"}"#, "]}");
    read("list-contacts", body).await.unwrap();
}

#[tokio::test]
async fn many_contacts_that_are_all_different_fit_the_limits() {
    let body = filled(r#"{"contacts":["#, |n| format!(r#"{{"uuid":"{n:x}"}}"#), "]}");
    read("list-contacts", body).await.unwrap();
}

#[tokio::test]
async fn many_details_as_small_as_can_be_fit_the_limits() {
    let before = r#"{"contact":{"uuid":"C","details":["#;
    let body = list(before, r#"{"type":"E","value":"x"}"#, "]}}");
    read("create-contact", body).await.unwrap();
}

#[tokio::test]
async fn many_webhooks_as_small_as_can_be_fit_the_limits() {
    let body = list("[", r#"{"uuid":"W","event_name":"","hook_url":""}"#, "]");
    read("list-webhook-subscriptions", body).await.unwrap();
}

#[tokio::test]
async fn many_parameters_as_small_as_can_be_fit_the_limits() {
    read("list-webhook-subscriptions", list(PARAMS, r#""":0"#, "}}]")).await.unwrap();
}

#[tokio::test]
async fn texts_as_long_as_can_be_fit_the_limits() {
    for part in ["x", r"\n", r"\u0001", "é"] {
        let body = text(r#"{"contact":{"uuid":"C"#, part, r#""}}"#);
        read("create-contact", body).await.unwrap();
        let body = text(r#"{"account":{""#, part, r#"":0}}"#);
        read("test-api-key", body).await.unwrap_err();
        let body = text(&format!("{PARAMS}\""), part, r#"":[]}}]"#);
        read("list-webhook-subscriptions", body).await.unwrap();
    }
}

#[tokio::test]
async fn much_that_is_passed_over_fits_the_limits() {
    for part in ["[]", "0", r#""""#] {
        read("list-contacts", list("[", part, "]")).await.unwrap_err();
        read("list-contacts", list(r#"{"contacts":[],"later":["#, part, "]}")).await.unwrap();
    }
    read("list-contacts", list(r#"{"contacts":[],"#, r#""":0"#, "}")).await.unwrap();
    read("list-contacts", list(r#"{"contacts":[],"#, r#""message":"""#, "}")).await.unwrap();
    for part in ["[", r#"{"":"#] {
        read("list-contacts", text(r#"{"contacts":[],"later":"#, part, "")).await.unwrap_err();
    }
}

#[tokio::test]
async fn refusals_with_many_complaints_and_long_words_fit_the_limits() {
    for body in [
        list(r#"{"detail":["#, r#"{"msg":"x"}"#, "]}"),
        list(r#"{"detail":["#, r#"{"msg":""}"#, "]}"),
        list(r#"{"detail":["#, r#"{"loc":[]}"#, "]}"),
        list(r#"{"errors":{"#, r#""":0"#, "}}"),
        list(r#"{"errors":{"#, r#""code":"x""#, "}}"),
        list("{", r#""":0"#, "}"),
        list("{", r#""ok":1"#, "}"),
        list("{", r#""code":"x""#, "}"),
        list("{", r#""error":"x""#, "}"),
        list("{", r#""data":{}"#, "}"),
        list("[", r#""x""#, "]"),
        list("[", "{}", "]"),
        list(r#"{"detail":[{"loc":["a","#, "0", "]}]}"),
        list(r#"{"detail":[{"loc":["a","#, r#""""#, "]}]}"),
        text(r#"{"detail":[{"loc":[""#, "_", r#""]}]}"#),
        text(r#"{"detail":[{"msg":""#, "x", r#""}]}"#),
        text(r#"{"error_message":""#, r"\u0000", r#""}"#),
        text(r#"{"message":""#, " ", r#""}"#),
        text(r#"{"detail":""#, "<", r#""}"#),
    ] {
        let name = body.chars().take(80).collect::<String>();
        let error = call("create-contact", Hook::replying(422, body), &name).await.unwrap_err();
        assert_eq!(error["kind"], "invalid-input");
    }
}

#[tokio::test]
async fn texts_that_nearly_are_or_are_the_key_again_and_again_fit_the_limits() {
    for part in [&KEY[1..], &KEY[..KEY.len() - 1], KEY] {
        for body in [
            text(r#"{"message":""#, part, r#"","contact":{"uuid":"C"}}"#),
            text(r#"{"contact":{"uuid":""#, part, r#""}}"#),
        ] {
            read("create-contact", body).await.unwrap();
        }
        let body = text(&format!("{PARAMS}\"a\":[\""), part, r#""]}}]"#);
        read("list-webhook-subscriptions", body).await.unwrap();
    }
}
