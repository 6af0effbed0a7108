//! What a refusal is called is told by its words, wherever they stand.

use super::*;

/// A reply in each of the shapes in which words come.
fn shapes(words: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(words).to_string();
    let mut shapes = vec![words.to_owned(), quoted.clone()];
    for shape in [
        r#"{"success":false,"message":W}"#,
        r#"{"success":false,"error":true,"error_message":W}"#,
        r#"{"detail":W}"#,
        r#"{"Message":W}"#,
        r#"{"msg":W,"code":"X1"}"#,
        r#"{"error":W}"#,
        r#"{"error":{"code":"X1","message":W}}"#,
        r#"{"error":"X1","error_description":W}"#,
        r#"{"fault":{"faultstring":W,"detail":{"errorcode":"X1"}}}"#,
        r#"{"errors":[{"detail":W}]}"#,
        r#"{"errors":[W]}"#,
        r#"{"data":{"message":W},"success":false}"#,
        r#"{"data":W,"success":false}"#,
        r#"{"data":[{"code":"X1","message":W}],"success":false}"#,
        r#"[W]"#,
        r#"[{"message":W,"errorCode":"X1"}]"#,
        r#"{"title":"No","detail":W}"#,
        r#"{"status":"error","description":W}"#,
        r#"{"status":"error","reason":W}"#,
        r#"{"status":W}"#,
    ] {
        shapes.push(shape.replace('W', &quoted));
    }
    shapes
}

#[test]
fn words_that_decide_about_the_key_are_a_verdict_in_every_shape() {
    use Verdict::{Blocked, Invalid, QuotaExhausted};
    for (words, expected) in [
        ("Invalid API key", Invalid),
        ("Missing API key", Invalid),
        ("The API key is missing", Invalid),
        ("API key revoked", Invalid),
        ("API key has expired", Invalid),
        ("API-Key not found", Invalid),
        ("This key does not exist", Invalid),
        ("Not authenticated", Invalid),
        ("Your API key was disabled", Invalid),
        ("X-User-API-Key header is required", Invalid),
        ("INVALID_API_KEY", Invalid),
        ("Trial expired", QuotaExhausted),
        ("Your trial has ended", QuotaExhausted),
        ("No API credits left", QuotaExhausted),
        ("Insufficient balance", QuotaExhausted),
        ("API quota exceeded", QuotaExhausted),
        ("Account blocked", Blocked),
        ("Your account has been suspended", Blocked),
        ("This account is disabled", Blocked),
        ("User is banned", Blocked),
        ("ACCOUNT_SUSPENDED", Blocked),
        ("Bad token", Invalid),
        ("Your API key is no longer valid", Invalid),
        ("This key belongs to nobody", Invalid),
        ("Your plan has lapsed", QuotaExhausted),
        ("You have 0 credits", QuotaExhausted),
        ("You used all of your credits", QuotaExhausted),
        ("This workspace is on hold", Blocked),
        ("Your account was cancelled", Blocked),
    ] {
        for body in shapes(words) {
            for status in [200, 401, 403] {
                assert_eq!(verdict(status, &body), Some(expected), "{status} {body}");
            }
        }
    }
}

#[test]
fn a_refusal_of_something_else_is_no_verdict() {
    for words in [
        "Your IP is blocked",
        "IP not allowed for this API key: invalid",
        "Unknown IP address for this API key",
        "The WAF has blocked your account",
        "Your account is closed to this country",
        "Request blocked by the firewall (WAF)",
        "Access denied",
        "Forbidden",
        "The API key has no permission for this",
        "Private flow",
        "Number already connected",
        "Not available in your country",
        "Browser blocked by the company",
        "This site is blocked for your organisation",
        "User agent banned",
        "CSRF token missing",
        "Failed to verify the API key: the database is away",
        "Token check timed out",
        "Authentication is temporarily not possible: key store missing",
        "The credit service is overloaded",
        "Subscription check got no response",
        "Requests per minute of the plan exceeded",
        "Accounts are locked for maintenance",
        "The account is not blocked, its rate is over the limit",
    ] {
        for body in shapes(words) {
            assert_eq!(verdict(403, &body), None, "{body}");
            assert_eq!(verdict(200, &body), None, "{body}");
        }
    }
    for status in [429, 500, 503, 409] {
        for words in ["API quota exceeded", "Invalid API key"] {
            assert_eq!(verdict(status, &shapes(words)[2]), None, "{status} {words}");
        }
    }
}

#[test]
fn a_refused_key_or_account_is_of_its_kind_in_every_action() {
    for (status, words, kind) in [
        (403, "Invalid API key", ErrorKind::Unauthorized),
        (402, "API key revoked", ErrorKind::Unauthorized),
        (401, "Trial expired", ErrorKind::QuotaExhausted),
        (403, "No credits left", ErrorKind::QuotaExhausted),
        (401, "Account suspended", ErrorKind::Forbidden),
        (402, "Account suspended", ErrorKind::Forbidden),
        (403, "Private flow", ErrorKind::Forbidden),
        (422, "Invalid key in the body", ErrorKind::InvalidInput),
    ] {
        for body in shapes(words) {
            assert_eq!(create(status, &body).unwrap_err().kind, kind, "{status} {body}");
        }
    }
}

#[test]
fn an_account_that_is_blocked_in_any_way_to_say_so_is_blocked() {
    for blocked in
        ["true", "1", "\"Y\"", "\"y\"", "\"true\"", "\"Yes\"", "\"1\"", "1.0", "\" on \""]
    {
        let body = format!(r#"{{"account":{{"uuid":"ACC1","blocked":{blocked}}}}}"#);
        assert_eq!(verdict(200, &body), Some(Verdict::Blocked), "{blocked}");
    }
    for blocked in ["false", "0", "\"N\"", "\"no\"", "null", "\"\""] {
        let body = format!(r#"{{"account":{{"uuid":"ACC1","blocked":{blocked}}}}}"#);
        assert_eq!(verdict(200, &body), Some(Verdict::Valid), "{blocked}");
    }
}

#[test]
fn a_conflict_that_only_a_code_tells_is_one_of_data() {
    for code in [
        "DUPLICATE",
        "ALREADY_EXISTS",
        "contact_exists",
        "conflict",
        "DuplicateContact",
        "CONFLICT",
    ] {
        for body in [
            format!(r#"{{"code":"{code}"}}"#),
            format!(r#"{{"code":"{code}","message":"Conflict"}}"#),
            format!(r#"{{"success":false,"error_code":"{code}"}}"#),
            format!(r#"{{"error":{{"code":"{code}"}}}}"#),
            format!(r#"{{"error":{{"type":"{code}","message":"No."}}}}"#),
            format!(r#"{{"errors":[{{"code":"{code}","field":"value"}}]}}"#),
        ] {
            let error = create(409, &body).unwrap_err().report(CreateContact::PROMISE);
            assert_eq!((error.kind, error.retry), (ErrorKind::Rejected, Retry::Never), "{body}");
            assert_eq!(error.carried_out, CarriedOut::No, "{body}");
        }
    }
    for body in [
        "",
        "{}",
        r#"{"message":"Conflict","statusCode":409}"#,
        r#"{"status":409,"error":"Conflict"}"#,
        r#"{"code":"NUMBER_BUSY"}"#,
        r#"{"code":"conflict","message":"The number is starting"}"#,
        r#"{"code":"ALREADY_RUNNING"}"#,
    ] {
        assert_eq!(create(409, body).unwrap_err().kind, ErrorKind::Busy, "{body}");
    }
}

#[test]
fn a_status_of_not_now_whose_words_tell_of_something_done_leaves_it_open() {
    let told = |status, body: &str| {
        let error = create(status, body).unwrap_err().report(CreateContact::PROMISE);
        (error.carried_out, error.retry)
    };
    for status in [408, 409, 410, 425, 429, 486] {
        for body in [
            r#"{"message":"Your request was already processed"}"#,
            r#"{"error":"2 rows affected, channel busy"}"#,
            r#"{"detail":"Imported; the phone is still starting"}"#,
            r#"{"message":"It is in the directory, but the number is booting"}"#,
            r#"{"created":true,"message":"The channel is connecting"}"#,
            r#"{"success":true,"message":"The channel is connecting"}"#,
        ] {
            let expected = (CarriedOut::Perhaps, Retry::AfterLooking);
            assert_eq!(told(status, body), expected, "{status} {body}");
        }
        let waits = r#"{"message":"It could not be processed, the number is starting"}"#;
        assert_eq!(told(status, waits), (CarriedOut::No, Retry::AfterWaiting), "{status}");
    }
    // Where the status says that it was refused, such words are about something else.
    let refused = r#"{"message":"Only mobile numbers are accepted"}"#;
    assert_eq!(told(422, refused), (CarriedOut::No, Retry::AfterCorrecting));
    for data in ["This number belongs to Eva", "The address is in use", "Added twice"] {
        let error = create(409, &serde_json::json!({ "message": data }).to_string());
        assert_eq!(error.unwrap_err().kind, ErrorKind::Rejected, "{data}");
    }
}

#[test]
fn a_refusal_for_now_is_known_by_its_words_under_other_statuses_too() {
    for (status, words) in [
        (403, "You have exceeded a secondary rate limit"),
        (403, "rateLimitExceeded"),
        (400, "ThrottlingException: slower"),
        (420, "Too many attempts"),
    ] {
        let failure = create(status, &serde_json::json!({ "message": words }).to_string());
        let failure = failure.unwrap_err();
        assert_eq!((failure.kind, failure.status), (ErrorKind::RateLimited, Some(status)));
    }
    let other = create(403, r#"{"message":"The maintenance of contacts is not allowed"}"#);
    assert_eq!(other.unwrap_err().kind, ErrorKind::Forbidden);
}
