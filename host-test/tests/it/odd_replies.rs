//! What the world really sends, through the built component: each odd reply is
//! read as what it plainly means, and what was lost is told.

use host::engine::Limits;
use serde_json::{Value, json};

use crate::support::{
    Caller,
    hook::Hook,
    known_of, new_contact, policy,
    raw::{Raw, Step},
};

/// What a result has at a JSON pointer; `null` is nothing at all.
type Expected = (&'static str, Value);

async fn result(action: &str, body: &[u8]) -> Value {
    let arguments = known_of(action).arguments;
    let result = Hook::replying(200, body.to_vec()).call(action, arguments).await;
    result.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(body)))
}

#[tokio::test]
async fn an_odd_reply_is_read_as_what_it_means() {
    let cases: Vec<(&str, &str, Vec<Expected>)> = vec![
        (
            "list-contacts",
            r#"{"contacts":[{"uuid":"CON1","id":"7","first_name":9},{"id":1},null,{"uuid":"CON2","details":[{"type":"E"}]}]}"#,
            vec![
                ("/contacts/0/id", json!(7)),
                ("/contacts/0/first-name", json!("9")),
                ("/contacts/1/unread-details", json!(1)),
                ("/skipped", json!({"count": 2, "places": ["$.contacts[1]", "$.contacts[2]"]})),
                ("/next-page", json!(1)),
            ],
        ),
        (
            "list-contacts",
            "\u{feff}{\"contacts\":{\"4\":{\"uuid\":\"CON1\",\"details\":null}},\"count\":\"90\"}",
            vec![
                ("/contacts/0/uuid", json!("CON1")),
                ("/reported-count", json!(90)),
                ("/skipped", Value::Null),
            ],
        ),
        (
            "list-contacts",
            r#"{"success":"true","contacts":null}"#,
            vec![("/contacts", json!([])), ("/next-page", Value::Null)],
        ),
        ("list-contacts", r#"[{"uuid":"CON1"}]"#, vec![("/contacts/0/uuid", json!("CON1"))]),
        (
            "create-contact",
            r#"{"success":1,"uuid":"CON1","details":{"0":{"value":5.0}},"id":-1}"#,
            vec![
                ("/uuid", json!("CON1")),
                ("/details/0/value", json!("5")),
                ("/details/0/kind", json!("")),
                ("/id", Value::Null),
            ],
        ),
        (
            "create-contact",
            r#"{"success":true,"data":{"uuid":"CON1"},"errors":[{"message":"Not synced"}]}"#,
            vec![("/uuid", json!("CON1")), ("/warning", json!("Not synced"))],
        ),
        (
            "create-contact",
            r#""{\"contact\":[{\"uuid\":\"CON1\"}],\"error\":\"none\"}""#,
            vec![("/uuid", json!("CON1")), ("/warning", Value::Null)],
        ),
        (
            "list-contacts",
            r#"{"result":{"contacts":[{"uuid":"CON1"},7]},"count":1,"Warnings":["Slow"]}"#,
            vec![
                ("/contacts/0/uuid", json!("CON1")),
                ("/skipped/places", json!(["$.result.contacts[1]"])),
                ("/next-page", json!(1)),
                ("/warning", json!("Slow")),
            ],
        ),
        (
            "list-webhook-subscriptions",
            r#"{"data":[{"uuid":"WHK1"}],"notice":"Moved"}"#,
            vec![("/subscriptions/0/uuid", json!("WHK1")), ("/warning", json!("Moved"))],
        ),
        (
            "get-api-usage-info",
            r#"{"data":{"account":[{"uuid":"ACC1"}]},"warning":"Nearly used up"}"#,
            vec![("/account/uuid", json!("ACC1")), ("/warning", json!("Nearly used up"))],
        ),
        (
            "test-api-key",
            r#"{"Success":"no","fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"x"}}}"#,
            vec![("/verdict", json!("invalid"))],
        ),
        (
            "test-api-key",
            r#"{"account":{"uuid":"ACC1","blocked":"Y"},"warning":"Unpaid"}"#,
            vec![("/verdict", json!("blocked")), ("/warning", json!("Unpaid"))],
        ),
        (
            "list-webhook-subscriptions",
            r#"{"webhooks":[{"uuid":"WHK1","hook_params":[],"hook_url":null},{"event_name":"e"}]}"#,
            vec![
                ("/subscriptions/0/hook-url", json!("")),
                ("/skipped/places", json!(["$.webhooks[1]"])),
            ],
        ),
        (
            "get-api-usage-info",
            r#"{"account":{"uuid":"ACC1","on_trial":"1"},"limits":{"requests_per_minute":"80"},
                "usage":{"api_request_count":"7","max_api_request_count":-1,
                "number_check_count":1e300,"max_number_check_count":50}}"#,
            vec![
                ("/account/on-trial", json!(true)),
                ("/requests-per-minute", json!(80)),
                ("/api-requests", json!({"used": 7})),
                ("/number-checks", json!({"limit": 50})),
            ],
        ),
        (
            "test-api-key",
            r#"{"success":true,"account":{"name":"Example"},"usage":{"api_request_count":9,"max_api_request_count":null}}"#,
            vec![("/verdict", json!("valid")), ("/account", Value::Null)],
        ),
        // Of two members of one name, the first that can be read.
        (
            "create-contact",
            r#"{"contact":{"uuid":" "},"contact":{"uuid":null,"uuid":"CON1","uuid":"CON2"},"contact":{"uuid":"CON3"}}"#,
            vec![("/uuid", json!("CON1"))],
        ),
        // Blank texts are none, and a uuid has nothing around it.
        (
            "list-webhook-subscriptions",
            r#"[{"uuid":" WHKAB-1\n","event_name":" ","channel_uuid":"","hook_url":" ","hook_params":{"a":" ","b":{}}}]"#,
            vec![
                ("/subscriptions/0/uuid", json!("WHKAB-1")),
                ("/subscriptions/0/event-name", json!("")),
                ("/subscriptions/0/channel-uuid", Value::Null),
                ("/subscriptions/0/hook-url", json!("")),
                (
                    "/subscriptions/0/hook-params",
                    json!([{"name": "a", "value": " "}, {"name": "b", "value": "{}"}]),
                ),
            ],
        ),
        // Whatever stands for one moment is that moment.
        (
            "list-contacts",
            r#"[{"uuid":"CON1","details":[
                {"value":"1","created_at":"2024-03-09T22:00:08.5+03:00","updated_at":1695230471123},
                {"value":"2","created_at":"2024-03-09 22:00:08-0300","updated_at":"1695230471"},
                {"value":"3","created_at":"2024-03-09t22:00:08z","updated_at":"2024-03-09"}]}]"#,
            vec![
                ("/contacts/0/details/0/created-at", json!("2024-03-09T19:00:08Z")),
                ("/contacts/0/details/0/updated-at", json!("2023-09-20T17:21:11Z")),
                ("/contacts/0/details/1/created-at", json!("2024-03-10T01:00:08Z")),
                ("/contacts/0/details/1/updated-at", json!("2023-09-20T17:21:11Z")),
                ("/contacts/0/details/2/created-at", json!("2024-03-09T22:00:08Z")),
                ("/contacts/0/details/2/updated-at", Value::Null),
            ],
        ),
        // A limit that was there is not said to be none.
        (
            "get-api-usage-info",
            r#"{"account":{"uuid":"ACC1"},"notice":"Late","usage":{"api_request_count":7,"max_api_request_count":"many","number_check_count":"1 200","max_number_check_count":"5,000"}}"#,
            vec![
                ("/api-requests", Value::Null),
                ("/warning", json!("It could not be read: max_api_request_count; Late")),
                ("/number-checks", json!({"used": 1200, "limit": 5000, "left": 3800})),
            ],
        ),
        // The account tells it best, also beside a no.
        (
            "test-api-key",
            r#"{"success":false,"account":{"uuid":"ACC1","blocked":"2026-11-02","block_reason":"Unpaid"}}"#,
            vec![("/verdict", json!("blocked")), ("/account/uuid", json!("ACC1"))],
        ),
        (
            "test-api-key",
            r#"{"ok":false,"http_status":402}"#,
            vec![("/verdict", json!("quota-exhausted")), ("/account", Value::Null)],
        ),
        // The list that has rows, and the details under their other name.
        (
            "list-contacts",
            r#"{"contacts":[],"data":{"contacts":[{"uuid":"CON1","contact_details":[{"value":"x"}],"details":[]}]}}"#,
            vec![("/contacts/0/details/0/value", json!("x")), ("/next-page", json!(1))],
        ),
        (
            "create-contact",
            r#"{"success":true,"message":"Stored, but not synced","contact":{"uuid":"CON1","warning":"Odd"}}"#,
            vec![("/uuid", json!("CON1")), ("/warning", json!("Odd; Stored, but not synced"))],
        ),
        (
            "create-contact",
            r#"{"success":true,"message":"Contact created","contact":{"uuid":"CON1"}}"#,
            vec![("/uuid", json!("CON1")), ("/warning", Value::Null)],
        ),
    ];
    for (action, body, expected) in cases {
        let result = result(action, body.as_bytes()).await;
        for (pointer, value) in expected {
            let found = result.pointer(pointer).cloned().unwrap_or(Value::Null);
            assert_eq!(found, value, "{pointer} of {body}: {result}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_cost_only_themselves_within_a_string() {
    let page = b"{\"contacts\":[{\"uuid\":\"CON1\",\"first_name\":\"Jos\xe9\",\"l\xff\":1,
        \"last_name\":\"a\0\n\\ud83d\"},{\"uuid\":\"CON2\"}]}";
    let found = result("list-contacts", page).await;
    assert_eq!(found["contacts"][0]["first-name"], "Jos\u{fffd}", "{found}");
    assert_eq!(found["contacts"][0]["last-name"], "a\0\n\u{fffd}", "{found}");
    assert_eq!(found["contacts"][1]["uuid"], "CON2", "{found}");
    let created =
        result("create-contact", b"{\"contact\":{\"x\":\"\xc3\",\"uuid\":\"CON1\"}}").await;
    assert_eq!(created["uuid"], "CON1");

    // Two uuids of which a character is lost may be two, and none of them is known.
    let page = b"[{\"uuid\":\"CON\xe8\"},{\"uuid\":\"CON\xe9\"},{\"uuid\":\"CON\\udc01\"},{\"uuid\":\"\xc3\xa9\"}]";
    let found = result("list-contacts", page).await;
    assert_eq!(found["skipped"], json!({"count": 3, "places": ["$[0]", "$[1]", "$[2]"]}));
    assert_eq!(found["contacts"][0]["uuid"], "é", "{found}");
    let created = result("create-contact", b"{\"contact\":{\"uuid\":\"CON\xe8\"}}").await;
    assert_eq!(created["uuid"], "CON\u{fffd}");

    let hook = Hook::replying(200, b"{\"contacts\":[\xff]}".to_vec());
    let error = hook.call("list-contacts", json!({})).await.unwrap_err();
    assert_eq!(error["kind"], "unexpected-reply");
    assert!(
        error["message"].as_str().unwrap().contains("at $.contacts[0]: it is not JSON"),
        "{error}"
    );
}

#[tokio::test]
async fn a_reply_that_says_no_or_is_none_says_why() {
    const REJECTED: [(&str, &str, &str); 2] =
        [("rejected", "no", "never"), ("rejected", "perhaps", "after-looking")];
    const AWAY: [(&str, &str, &str); 2] =
        [("busy", "no", "after-waiting"), ("busy", "perhaps", "after-looking")];
    const OFTEN: [(&str, &str, &str); 2] =
        [("rate-limited", "no", "after-waiting"), ("rate-limited", "perhaps", "after-looking")];
    const NO_ROWS: [(&str, &str, &str); 2] =
        [("rejected", "no", "never"), ("unexpected-reply", "perhaps", "after-looking")];
    const DONE: [(&str, &str, &str); 2] =
        [("busy", "no", "after-waiting"), ("busy", "perhaps", "after-looking")];
    const UNEXPECTED: [(&str, &str, &str); 2] =
        [("unexpected-reply", "no", "never"), ("unexpected-reply", "perhaps", "after-looking")];
    const REFUSED: [(&str, &str, &str); 2] =
        [("invalid-input", "no", "after-correcting"), ("invalid-input", "no", "after-correcting")];
    const TAKEN: [(&str, &str, &str); 2] = [("rejected", "no", "never"); 2];
    for (status, body, expected, words) in [
        (200, r#"{"success":"false","contacts":[],"message":"Not now"}"#, REJECTED, "“Not now”"),
        (200, r#"{"status":"failed","detail":{"msg":"Not now"}}"#, REJECTED, "“Not now”"),
        (200, r#"{"error":{"code":7,"message":"Not now"},"contacts":[]}"#, REJECTED, "“Not now”"),
        (200, r#"{"Status":"NOK","contact":{"uuid":"C"},"msg":"Not now"}"#, REJECTED, "“Not now”"),
        (200, r#"{"statusCode":503,"data":{"message":"Not now"}}"#, AWAY, "“Not now”"),
        (200, r#"{"error":{"code":"429","message":"Not now"}}"#, OFTEN, "that means 429). 2Chat"),
        (200, r#"{"ok":0,"message":"Throttled, not now"}"#, OFTEN, "“Throttled, not now”"),
        (200, r#"{"success":true,"error":"Not now","contacts":[]}"#, REJECTED, "“Not now”"),
        (200, r#"{"message":"Not now","contacts":[]}"#, NO_ROWS, "“Not now”"),
        (
            410,
            r#"{"message":"The contact was saved, its number is connecting"}"#,
            DONE,
            "was saved",
        ),
        (200, r#"{"success":true,"contacts":[],"errors":["Not now"]}"#, REJECTED, "“Not now”"),
        (200, r#"[{"errorCode":"X1","message":"Not now"}]"#, UNEXPECTED, "“Not now”"),
        (200, r#"{"message":"Not now"}"#, UNEXPECTED, "“Not now”"),
        (200, "Not now", UNEXPECTED, "“Not now”"),
        (200, "<html>Sign in</html>", UNEXPECTED, "sign-in page of a network"),
        (200, "\u{1f}\u{8b}", UNEXPECTED, "not JSON"),
        (422, r#"{"errors":{"first_name":["too short"]}}"#, REFUSED, "“first-name: too short”"),
        (400, r#"{"title":"Bad","detail":"too short"}"#, REFUSED, "“Bad: too short”"),
        (400, r#"{"error":"x","error_description":"too short"}"#, REFUSED, "“too short; x”"),
        (400, r#"{"last_name":["too short","odd"]}"#, REFUSED, "“last-name: too short; odd”"),
        (
            400,
            r#"{"message":"<5 characters","reason":"too short"}"#,
            REFUSED,
            "“<5 characters; too",
        ),
        (409, r#"{"detail":"It already exists"}"#, TAKEN, "already exists"),
        (409, r#"{"error":{"code":"CONTACT_EXISTS"}}"#, TAKEN, "“CONTACT_EXISTS”"),
    ] {
        let calls = [("list-contacts", json!({})), ("create-contact", new_contact())];
        for ((action, arguments), expected) in calls.into_iter().zip(expected) {
            let hook = Hook::replying(status, body);
            let error = hook.call(action, arguments).await.unwrap_err();
            assert_eq!(policy(&error), expected, "{body}: {error}");
            assert!(error["message"].as_str().unwrap().contains(words), "{body}: {error}");
        }
    }
}

#[tokio::test]
async fn words_about_the_key_decide_the_test_of_it_and_others_do_not() {
    for (status, words, verdict) in [
        (401, "API key revoked", Some("invalid")),
        (403, "Missing API key", Some("invalid")),
        (200, "Trial expired", Some("quota-exhausted")),
        (403, "Account suspended", Some("blocked")),
        (403, "Your IP address is blocked", None),
        (403, "Request blocked by the WAF", None),
    ] {
        for body in [json!({ "error": { "message": words } }).to_string(), words.to_owned()] {
            let checked = Hook::replying(status, body).call("test-api-key", json!({})).await;
            let found = checked.as_ref().map(|check| check["verdict"].as_str()).ok().flatten();
            assert_eq!(found, verdict, "{status} {words}: {checked:?}");
        }
    }
}

#[tokio::test]
async fn a_blank_family_name_is_not_sent_and_flags_are() {
    let flag = "Ada 🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";
    let hook = Hook::replying(201, r#"{"contact":{"uuid":"CON1"}}"#);
    let details = json!([{ "kind": "phone", "value": "+14155550123" }]);
    let contact = json!({ "first-name": flag, "last-name": " ", "details": details });
    hook.call("create-contact", contact).await.unwrap();
    let sent: Value = serde_json::from_str(&hook.only().body).unwrap();
    assert_eq!((&sent["first_name"], sent.get("last_name")), (&json!(flag), None));
}

#[tokio::test]
async fn a_coded_reply_is_named_and_no_coding_is_asked_for() {
    for (coding, body, named) in
        [("identity", &b"\x1f\x8b\x08\x00\xff"[..], "gzip"), ("br", b"\x8b\xff\x03", "br")]
    {
        let hook = Hook::replying(200, body.to_vec()).with_header("content-encoding", coding);
        let error = hook.call("list-contacts", json!({})).await.unwrap_err();
        assert_eq!(error["kind"], "unexpected-reply");
        assert!(error["message"].as_str().unwrap().contains(named), "{error}");
        assert_eq!(hook.only().header("accept-encoding"), Some("identity"));
    }
}

#[tokio::test]
async fn a_wait_until_a_date_is_counted_from_the_servers_own() {
    let hook = Hook::replying(429, "{}")
        .with_header("date", "Wed, 25 Nov 2026 07:28:00 GMT")
        .with_header("retry-after", "Wed, 25 Nov 2026 07:28:30 GMT");
    let error = hook.call("list-contacts", json!({})).await.unwrap_err();
    assert_eq!(error["wait-seconds"], 30, "{error}");
}

#[tokio::test]
async fn the_hosts_own_limit_is_told_as_that() {
    let hook = Hook::failing(|| wasmtime_wasi_http::Error::ConnectionLimitReached);
    let error = hook.call("create-contact", new_contact()).await.unwrap_err();
    assert_eq!(policy(&error), ("rate-limited", "no", "after-waiting"));
    assert!(error["message"].as_str().unwrap().contains("A limit of this program"), "{error}");
}

#[tokio::test]
async fn a_server_that_takes_twelve_seconds_is_waited_for() {
    let body = r#"{"contact":{"uuid":"CON1"}}"#;
    let reply = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let pause = Step::Pause(std::time::Duration::from_secs(12));
    let server = Raw::replying(vec![pause, Step::Send(reply.into())]).await;
    let mut caller = Caller::to(&server.base_url(), None);
    caller.limits = Limits::default();
    assert_eq!(caller.call("create-contact", new_contact()).await.unwrap()["uuid"], "CON1");
}

#[tokio::test]
async fn what_cannot_be_seen_is_refused_before_anything_is_sent() {
    for (first_name, number, shown) in [
        ("A\u{200B}da", "+14155550123", "U+200B"),
        ("Ada 🏴\u{E0068}\u{E0069}\u{E007F}", "+14155550123", "U+E0068"),
        ("Ada", "+1 415 555\u{2011}0123", "write +14155550123"),
    ] {
        let hook = Hook::replying(200, "{}");
        let contact = json!({
            "first-name": first_name,
            "details": [{ "kind": "phone", "value": number }],
        });
        let error = hook.call("create-contact", contact).await.unwrap_err();
        assert_eq!(policy(&error), ("invalid-input", "no", "after-correcting"));
        assert!(error["message"].as_str().unwrap().contains(shown), "{error}");
        assert!(hook.seen().is_empty());
    }
}

#[tokio::test]
async fn what_contradicts_itself_is_neither_lost_nor_done_twice() {
    let beside = r#"{"success":true,"contacts":[],"state":{"shards":"2 of 5"},"has_more":true}"#;
    let page = result("list-contacts", beside.as_bytes()).await;
    let warning = page["warning"].as_str().unwrap();
    assert!(warning.contains("2 of 5") && warning.contains("has_more: true"), "{page}");
    let none = r#"{"contacts":[{"uuid":"undefined"},{"uuid":"None"},{"uuid":"CON8","id":NaN}]}"#;
    let page = result("list-contacts", none.as_bytes()).await;
    assert_eq!(
        (&page["contacts"][0]["uuid"], &page["skipped"]["count"]),
        (&json!("CON8"), &json!(2))
    );
    let made =
        r#"{"success":true,"status":"partly failed","error":true,"contact":{"uuid":"CON8"}}"#;
    let contact = result("create-contact", made.as_bytes()).await;
    assert!(contact["uuid"] == "CON8" && contact["warning"].is_string(), "{contact}");

    let failed = async |status: u16, body: &str| {
        let hook = Hook::replying(status, body.as_bytes().to_vec());
        hook.call("create-contact", known_of("create-contact").arguments).await.unwrap_err()
    };
    for body in
        [r#"{"message":"3 rows affected, busy"}"#, r#"{"created":true,"detail":"starting"}"#]
    {
        let error = failed(409, body).await;
        assert_eq!(
            (&error["carried-out"], &error["retry"]),
            (&json!("perhaps"), &json!("after-looking")),
            "{body}"
        );
    }
    let error = failed(403, r#"{"message":"API rate limit exceeded for this token"}"#).await;
    assert_eq!(
        (&error["kind"], &error["retry"]),
        (&json!("rate-limited"), &json!("after-waiting"))
    );
}
