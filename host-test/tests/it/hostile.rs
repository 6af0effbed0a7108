//! No reply, however broken, huge, deep or wrong, makes the component trap or
//! ask twice: it ends in a result or in one typed error that names the place.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::Bytes;
use host::engine::Limits;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    actions,
    support::{
        Caller, LOADED,
        hook::Hook,
        known::Known,
        known_of, new_contact, policy,
        raw::{Raw, Step, Steps},
    },
};

type Policy = (&'static str, &'static str, &'static str);

/// What a failure means to a call that reads, and to one that does not only read.
type Policies = (Policy, Policy);

const INTERRUPTED: Policies =
    (("interrupted", "no", "now"), ("interrupted", "perhaps", "after-looking"));
const UNEXPECTED: Policies =
    (("unexpected-reply", "no", "never"), ("unexpected-reply", "perhaps", "after-looking"));
const REFUSED: Policies =
    (("invalid-input", "no", "after-correcting"), ("invalid-input", "no", "after-correcting"));

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn send(bytes: impl Into<Bytes>) -> Step {
    Step::Send(bytes.into())
}

/// Lets a server fail a reading call and a creation, each over a connection of
/// its own, and gives how long the longer one took.
async fn prove(name: &str, server: &Raw, limits: Limits, expected: Policies) -> Duration {
    let mut longest = Duration::ZERO;
    for (action, arguments, expected) in
        [("list-contacts", json!({}), expected.0), ("create-contact", new_contact(), expected.1)]
    {
        let mut caller = Caller::to(&server.base_url(), Some("mock-key"));
        caller.limits = limits;
        let begun = Instant::now();
        let error = caller.call(action, arguments).await.expect_err(name);
        longest = longest.max(begun.elapsed());
        assert_eq!(policy(&error), expected, "{name}: {error}");
    }
    assert_eq!((server.connections(), server.requests().len()), (2, 2), "{name}: sent once");
    longest
}

#[tokio::test]
async fn a_reply_that_is_cut_garbled_or_reset_is_interrupted_and_asked_for_once() {
    let short = Duration::from_millis(20);
    let cases: Vec<(&str, Steps)> = vec![
        ("closed before the head", vec![Step::Close]),
        ("reset before the head", vec![Step::Reset]),
        ("half a status line", vec![send("HTTP/1.1 2"), Step::Close]),
        ("half a head", vec![send("HTTP/1.1 200 OK\r\ncontent-le"), Step::Close]),
        (
            "half a head, then reset",
            vec![send("HTTP/1.1 200 OK\r\nx"), Step::Pause(short), Step::Reset],
        ),
        ("another protocol", vec![send("220 mail.example.com ready\r\n"), Step::Close]),
        ("bytes", vec![send(&b"\0\x01\xff\xfe\r\n\r\n\x80"[..]), Step::Close]),
        ("a body without a head", vec![send(r#"{"contacts":[]}"#), Step::Close]),
        (
            "two lengths",
            vec![
                send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}"),
                Step::Close,
            ],
        ),
        (
            "a length that is none",
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}"), Step::Close],
        ),
        (
            "a length beyond all numbers",
            vec![
                send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}"),
                Step::Close,
            ],
        ),
        (
            "a head without end",
            vec![
                send("HTTP/1.1 200 OK\r\nx: "),
                Step::Repeat(1000, "a".repeat(50_000).into()),
                Step::Close,
            ],
        ),
        (
            "headers without end",
            vec![
                send("HTTP/1.1 200 OK\r\n"),
                Step::Repeat(100_000, "x: y\r\n".into()),
                Step::Close,
            ],
        ),
        ("no byte of the body", vec![send(HEAD), Step::Close]),
        ("cut in the body", vec![send(HEAD), send(r#"{"contacts":[]"#), Step::Close]),
        (
            "cut after what would do",
            vec![send(HEAD), send(r#"{"contacts":[],"contact":{"uuid":"CON1"}}"#), Step::Close],
        ),
        ("reset after the head", vec![send(HEAD), Step::Pause(short), Step::Reset]),
        ("reset in the body", vec![send(HEAD), send("{"), Step::Pause(short), Step::Reset]),
        ("cut in a chunk", vec![send(CHUNKED), send("ff\r\n{\"contacts\":["), Step::Close]),
        ("cut between chunks", vec![send(CHUNKED), send("2\r\n{}\r\n"), Step::Close]),
        (
            "a chunk without a size",
            vec![send(CHUNKED), send("size\r\n{}\r\n0\r\n\r\n"), Step::Close],
        ),
        (
            "a chunk beyond all sizes",
            vec![send(CHUNKED), send("ffffffffffffffffff\r\n{}"), Step::Close],
        ),
    ];
    for (name, steps) in cases {
        prove(name, &Raw::replying(steps).await, Limits::default(), INTERRUPTED).await;
    }
}

#[tokio::test]
async fn a_reply_that_comes_whole_in_odd_pieces_is_read() {
    let body = r#"{"contacts":[],"contact":{"uuid":"CON1"}}"#;
    let chunks: String = body.chars().map(|c| format!("1;x=y\r\n{c}\r\n")).collect();
    for steps in [
        vec![
            send("HTTP/1.1 100 Continue\r\n\r\n".repeat(5)),
            send(format!("{CHUNKED}{chunks}0\r\n\r\n")),
        ],
        vec![send(format!("HTTP/1.1 200\r\n\r\n{body}")), Step::Close],
        vec![
            send(format!("HTTP/1.0 201 \r\ncontent-length:{}\r\n\r\n{body} and more", body.len())),
            Step::Close,
        ],
    ] {
        let server = Raw::replying(steps).await;
        let caller = Caller::to(&server.base_url(), None);
        let page = caller.call("list-contacts", json!({})).await.unwrap();
        assert_eq!(page["contacts"], json!([]));
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_interrupted_within_the_time_of_the_call() {
    assert!(Limits::default().time <= Duration::from_secs(60));
    LazyLock::force(&LOADED);
    let limits = Limits { time: Duration::from_secs(3), ..Limits::default() };
    let often = Duration::from_millis(20);
    let drip = |bytes: &'static str| Step::Drip(bytes.into(), often);
    let mut cases = JoinSet::new();
    for (name, steps) in [
        ("hangs before the head", vec![Step::Hang]),
        ("hangs in the head", vec![send("HTTP/1.1 200 OK\r\nx-"), Step::Hang]),
        ("hangs after the head", vec![send(HEAD), Step::Hang]),
        ("hangs in the body", vec![send(HEAD), send("{\"contacts\":["), Step::Hang]),
        ("hangs in a chunk", vec![send(CHUNKED), send("ff\r\n{"), Step::Hang]),
        ("hangs before the last chunk", vec![send(CHUNKED), send("2\r\n{}\r\n"), Step::Hang]),
        ("drips a head", vec![send("HTTP/1.1 200 OK\r\nx: "), drip("y")]),
        ("drips interim replies", vec![drip("HTTP/1.1 100 Continue\r\n\r\n")]),
        ("drips a body", vec![send(HEAD), drip(" ")]),
        ("drips chunks", vec![send(CHUNKED), drip("1\r\n \r\n")]),
    ] {
        cases.spawn(async move {
            let server = Raw::replying(steps).await;
            let took = prove(name, &server, limits, INTERRUPTED).await;
            assert!(took < limits.time, "{name}: {took:?}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_request_on_a_connection_that_was_kept_is_not_sent_again_when_it_is_cut() {
    for end in [Step::Close, Step::Reset] {
        let body = r#"{"contact":{"uuid":"CON1"}}"#;
        let good = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let server = Raw::in_turn(vec![vec![send(good)], vec![end]]).await;
        let caller = Caller::to(&server.base_url(), None);
        caller.call("create-contact", new_contact()).await.unwrap();
        let error = caller.call("create-contact", new_contact()).await.unwrap_err();
        assert_eq!(policy(&error), INTERRUPTED.1, "{error}");
        assert_eq!((server.connections(), server.requests().len()), (1, 2));
    }
}

#[tokio::test]
async fn a_reply_of_50_mb_is_refused_at_any_status() {
    let filling = || Step::Repeat(1000, " ".repeat(50_000).into());
    let head =
        |status: u16, framing: &str| send(format!("HTTP/1.1 {status} X\r\n{framing}\r\n\r\n"));
    let chunk = format!("c350\r\n{}\r\n", " ".repeat(50_000));
    for (status, expected) in
        [(200, UNEXPECTED), (422, REFUSED), (500, INTERRUPTED), (302, UNEXPECTED)]
    {
        for (name, steps) in [
            ("length", vec![head(status, "content-length: 50000000"), filling(), Step::Close]),
            (
                "chunks",
                vec![
                    head(status, "transfer-encoding: chunked"),
                    Step::Repeat(1000, chunk.clone().into()),
                    send("0\r\n\r\n"),
                ],
            ),
            ("until closed", vec![head(status, "connection: close"), filling(), Step::Close]),
        ] {
            let server = Raw::replying(steps).await;
            let name = format!("{status} {name}");
            prove(&name, &server, Limits::default(), expected).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere =
        Raw::replying(vec![send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")]).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [
            &elsewhere.base_url(),
            "/open/info",
            "//example.com/",
            "/open/contacts",
            "",
            "file:///",
        ] {
            let reply = format!(
                "HTTP/1.1 {status} X\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\ncontent-length: 0\r\n\r\n"
            );
            let server = Raw::replying(vec![send(reply)]).await;
            prove(&format!("{status} {location}"), &server, Limits::default(), UNEXPECTED).await;
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// An action with what it takes, and an answer that is read whole.
type Example = (&'static str, Value, Value);

/// What each action takes and answers.
fn examples() -> Vec<Example> {
    let known = actions::all().into_iter();
    known.map(|Known { name, arguments, answer, .. }| (name, arguments, answer)).collect()
}

/// Every place in an answer, itself first.
fn places(value: &Value, at: &str) -> Vec<String> {
    let mut found = vec![at.to_owned()];
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.extend(places(value, &format!("{at}.{name}")));
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                found.extend(places(value, &format!("{at}[{index}]")));
            }
        }
        _ => {}
    }
    found
}

#[derive(Clone, Copy)]
enum Change<'t> {
    Replace(&'t str),
    /// This many instead of one.
    Times(usize),
}

/// The answer as text, changed at one place.
fn changed(value: &Value, at: &str, place: &str, change: Change<'_>) -> String {
    let inside = |value: &Value, here: String, name: String| {
        let times = match change {
            Change::Times(times) if here == place => times,
            _ => 1,
        };
        std::iter::repeat_n(name + &changed(value, &here, place, change), times)
    };
    match (value, change) {
        (_, Change::Replace(text)) if at == place => text.to_owned(),
        (Value::Object(members), _) => {
            let members = members.iter().flat_map(|(name, value)| {
                inside(value, format!("{at}.{name}"), format!("\"{name}\":"))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        (Value::Array(items), _) => {
            let items = items
                .iter()
                .enumerate()
                .flat_map(|(index, value)| inside(value, format!("{at}[{index}]"), String::new()));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        (value, _) => value.to_string(),
    }
}

/// Answers a call once; an error is about the answer and names this place or
/// one inside it.
async fn read((action, arguments, _): &Example, body: &str, place: &str) -> Result<Value, Value> {
    let hook = Hook::replying(200, body.to_owned());
    let result = hook.call(action, arguments.clone()).await;
    hook.only();
    let shown = &body[..body.len().min(500)];
    if let Err(error) = &result {
        let reads = known_of(action).effect == "reads";
        let expected = if reads { UNEXPECTED.0 } else { UNEXPECTED.1 };
        assert_eq!(policy(error), expected, "{action} {shown}: {error}");
        let message = error["message"].as_str().unwrap();
        let named = message.strip_prefix("2Chat's answer cannot be read at ");
        let named = named.unwrap_or_else(|| panic!("{action} {shown}: {error}"));
        assert!(named.starts_with(place), "{action} {place} {shown}: {error}");
    }
    result
}

#[tokio::test]
async fn any_value_at_any_place_is_a_result_or_an_error_that_names_the_place() {
    let mut all_results = 0;
    for example in &examples() {
        let (mut results, mut errors) = (0, 0);
        for place in places(&example.2, "$") {
            for value in
                ["null", "true", "5", "-1", "1.5", "\"text\"", "[]", "{}", "[[]]", "{\"a\":1}"]
            {
                // That would be a no.
                if (place.as_str(), value) == ("$.success", "-1") {
                    continue;
                }
                let body = changed(&example.2, "$", &place, Change::Replace(value));
                match read(example, &body, &place).await {
                    Ok(_) => results += 1,
                    Err(_) => errors += 1,
                }
            }
        }
        // An answer that says nothing but success has few places.
        assert!(results > 0 && errors > 5, "{}: {results} {errors}", example.0);
        all_results += results;
    }
    assert!(all_results > 100, "{all_results}");
}

#[tokio::test]
async fn a_member_may_be_missing_or_come_twice_anywhere() {
    for example in &examples() {
        let whole = read(example, &example.2.to_string(), "$").await.unwrap();
        for place in places(&example.2, "$") {
            let missing = changed(&example.2, "$", &place, Change::Times(0));
            let _ = read(example, &missing, &place).await;
            let twice = changed(&example.2, "$", &place, Change::Times(2));
            let twice = read(example, &twice, "no error").await.unwrap();
            // An item or a parameter that comes twice is there twice.
            if !place.ends_with(']') && !place.contains(".hook_params.") {
                assert_eq!(twice, whole, "{} {place}", example.0);
            }
        }
    }
}

#[tokio::test]
async fn a_number_out_of_range_spoils_nothing_and_the_largest_is_exact() {
    let many = "9".repeat(400);
    let whole =
        ["18446744073709551616", "-1", "1e400", "-1e400", "1e-400", "1.5", "1.0", "1e2", &many];
    let seconds = ["18446744073709551616", "-1", "-1.5", "1e400", "1e2", "253402300800", &many];
    let no_json = ["01", "+1", "0x10", ".5", "1.", "-", "1e", "1_000"];
    for example in &examples() {
        for place in places(&example.2, "$") {
            let was = example.2.pointer(&place[1..].replace(['.', '['], "/").replace(']', ""));
            if !was.is_some_and(Value::is_number) {
                continue;
            }
            let is_time = place.ends_with("_at");
            let numbers = if is_time { &seconds[..] } else { &whole[..] };
            for number in numbers {
                let body = changed(&example.2, "$", &place, Change::Replace(number));
                read(example, &body, &place).await.expect("nothing depends on a number");
            }
            for number in no_json {
                let body = changed(&example.2, "$", &place, Change::Replace(number));
                read(example, &body, "$").await.unwrap_err();
            }
            let body = changed(&example.2, "$", &place, Change::Replace("18446744073709551615"));
            let result = read(example, &body, &place).await;
            // As a limit it is none.
            let is_limit = place.contains("max_") || place.ends_with("_per_minute");
            let kept = example.0 != "test-api-key" && !is_time && !is_limit;
            if let Some(result) = result.ok().filter(|_| kept) {
                assert!(result.to_string().contains("18446744073709551615"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_read_within_a_string_and_refused_outside() {
    for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"] {
        for (action, arguments, answer) in examples() {
            for marker in ["ACC9", "CON", "WHK", "true", "}"] {
                let text = answer.to_string();
                let Some(at) = text.find(marker) else { continue };
                let body = [&text.as_bytes()[..at], bad, &text.as_bytes()[at..]].concat();
                let hook = Hook::replying(200, body.clone());
                let outcome = hook.call(action, arguments.clone()).await;
                if ["true", "}"].contains(&marker) {
                    let error = outcome.unwrap_err();
                    assert_eq!(error["kind"], "unexpected-reply", "{error}");
                    assert!(error["message"].as_str().unwrap().contains("not JSON"), "{error}");
                } else if action.starts_with("list") {
                    // Such a uuid does not tell its row from others.
                    assert_eq!(outcome.unwrap()["skipped"]["count"], 1, "{action} {marker}");
                } else {
                    assert!(outcome.unwrap().to_string().contains('\u{fffd}'), "{action} {marker}");
                }
                let error = Hook::replying(404, body).call(action, arguments.clone()).await;
                assert_eq!(error.unwrap_err()["kind"], "not-found");
            }
        }
    }
}

/// Lists or objects inside each other, 60,000 levels deep.
fn deep() -> [String; 3] {
    let nested = |open: &str, inside: &str, close: &str| {
        [&open.repeat(60_000), inside, &close.repeat(60_000)].concat()
    };
    [nested("[", "", "]"), nested("{\"a\":", "1", "}"), nested("[{\"details\":", "null", "}]")]
}

#[tokio::test]
async fn sixty_thousand_levels_are_a_result_or_an_error_wherever_they_stand() {
    let [lists, objects, both] = deep();
    for example in &examples() {
        let (action, arguments, answer) = example;
        // What takes no arguments has none to correct.
        let takes_any = matches!(*action, "create-contact" | "list-contacts");
        let refused = if takes_any { REFUSED.0 } else { ("rejected", "no", "never") };
        for deep in [&lists, &objects, &both] {
            read(example, deep, "$").await.unwrap_err();
            let half = deep[..deep.len() / 2].to_owned();
            let cut = Hook::replying(200, half).call(action, arguments.clone()).await;
            assert_eq!(cut.unwrap_err()["kind"], "interrupted");
            let beside = answer.to_string().replacen('{', &format!("{{\"later\":{deep},"), 1);
            let whole = read(example, &answer.to_string(), "$").await.unwrap();
            assert_eq!(read(example, &beside, "no error").await.unwrap(), whole);

            for member in ["success", "error", "error_message", "message", "detail"] {
                let body = answer.to_string().replacen('{', &format!("{{\"{member}\":{deep},"), 1);
                let _ = read(example, &body, "$").await;
                let hook = Hook::replying(422, body);
                let error = hook.call(action, arguments.clone()).await.unwrap_err();
                // A creation that brings its contact along may have created it.
                let open = ("invalid-input", "perhaps", "after-looking");
                let expected = if *action == "create-contact" { open } else { refused };
                assert_eq!(policy(&error), expected, "{member}: {error}");
            }
            for complaint in
                ["[D]", "[{\"msg\":D}]", "[{\"loc\":D,\"msg\":\"No.\"}]", "[{\"loc\":[\"a\",D]}]"]
            {
                let body = format!("{{\"detail\":{}}}", complaint.replace('D', deep));
                let hook = Hook::replying(422, body);
                let error = hook.call(action, arguments.clone()).await.unwrap_err();
                assert_eq!(policy(&error), refused, "{complaint}: {error}");
            }
        }
        for place in places(answer, "$") {
            let body = changed(answer, "$", &place, Change::Replace(&lists));
            let _ = read(example, &body, &place).await;
        }
    }
    for deep in [lists, objects, both] {
        let body =
            json!([{"uuid": "W", "event_name": "e", "hook_url": "u", "hook_params": {"d": 0}}]);
        let body = body.to_string().replace(":0", &format!(":{deep}"));
        let given =
            Hook::replying(200, body).call("list-webhook-subscriptions", json!({})).await.unwrap();
        assert!(given["subscriptions"][0]["hook-params"][0]["value"] == deep.as_str());
    }
}
