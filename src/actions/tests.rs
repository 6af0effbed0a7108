//! What the actions make of replies that say yes, no, or both.
//!
//! The shapes are those of common servers and gateways; the words are our own.

use super::*;
use crate::contract::{
    CarriedOut, Contact, ContactPage, ContactQuery, DetailKind, ErrorKind, NewContact,
    NewContactDetail, Retry, UsageInfo, Verdict,
};

mod words;

fn reply<A: Action>(input: A::Input, status: u16, body: &str) -> Result<A::Output> {
    let reply = Reply { status, retry_after: None, date: None, body: Ok(body.to_owned()) };
    result_of(A::build(input)?, reply, &Settings::from_variables([])?)
}

fn create(status: u16, body: &str) -> Result<Contact> {
    let value = "+14155550123".to_owned();
    let contact = NewContact {
        first_name: "Ada".to_owned(),
        last_name: None,
        profile_pic_url: None,
        channel_uuid: None,
        details: vec![NewContactDetail { kind: DetailKind::Phone, value }],
    };
    reply::<CreateContact>(contact, status, body)
}

fn list(body: &str) -> Result<ContactPage> {
    let query = ContactQuery { channel_uuid: None, page_number: None, results_per_page: None };
    reply::<ListContacts>(query, 200, body)
}

fn usage(body: &str) -> Result<UsageInfo> {
    reply::<GetApiUsageInfo>((), 200, body)
}

fn verdict(status: u16, body: &str) -> Option<Verdict> {
    reply::<TestApiKey>((), status, body).ok().map(|check| check.verdict)
}

/// The answer with these members beside a whole contact, and the list beside rows.
fn beside_a_record(members: &str) -> [String; 2] {
    [r#""contact":{"uuid":"CON1"}"#, r#""contacts":[{"uuid":"CON1"}]"#]
        .map(|record| ["{", members, ",", record, "}"].concat())
}

#[test]
fn a_refusal_that_brings_the_contact_along_may_have_created_it() {
    let told = |status, body: &str| {
        let error = create(status, body).unwrap_err().report(CreateContact::PROMISE);
        (error.carried_out, error.retry)
    };
    for status in [400, 401, 402, 403, 408, 409, 410, 422, 424, 429, 486] {
        for body in [
            r#"{"message":"The channel is connecting","contact":{"uuid":"CON1"}}"#,
            r#"{"success":true,"contact":{"uuid":"CON1"}}"#,
            r#"{"success":false,"data":{"contact":{"uuid":"CON1"}}}"#,
        ] {
            let expected = (CarriedOut::Perhaps, Retry::AfterLooking);
            assert_eq!(told(status, body), expected, "{status} {body}");
        }
        let refused = r#"{"success":false,"message":"It is not possible now"}"#;
        assert_eq!(told(status, refused).0, CarriedOut::No, "{status}");
    }
}

#[test]
fn a_refusal_whose_words_say_that_it_was_stored_leaves_it_open() {
    let told = |status, words: &str| {
        let body = serde_json::json!({ "message": words }).to_string();
        let error = create(status, &body).unwrap_err().report(CreateContact::PROMISE);
        (error.carried_out, error.retry == Retry::AfterLooking)
    };
    for status in [400, 403, 404, 408, 409, 410, 422, 424, 425, 429, 486] {
        for words in [
            "Contact was stored, but its picture was not",
            "Already saved, try another",
            "The details were added and the channel is connecting",
            "Not synced yet: the record has been created",
            "Queued for the channel",
        ] {
            assert_eq!(told(status, words), (CarriedOut::Perhaps, true), "{status} {words}");
        }
        for words in [
            "The contact was not created",
            "It cannot be saved now",
            "Nothing was stored",
            "No record was added",
            "Failed: details unsaved",
            "A contact should be created by its owner",
        ] {
            assert_eq!(told(status, words), (CarriedOut::No, false), "{status} {words}");
        }
    }
}

#[test]
fn a_no_that_gives_a_status_means_what_that_status_does() {
    for (body, kind, retry) in [
        (r#"{"success":false,"code":404}"#, ErrorKind::NotFound, Retry::Never),
        (r#"{"ok":"no","status":"406"}"#, ErrorKind::InvalidInput, Retry::AfterCorrecting),
        (r#"{"error":{"statusCode":486}}"#, ErrorKind::Busy, Retry::AfterWaiting),
        (r#"{"errors":[{"status":"502","title":"x"}]}"#, ErrorKind::Interrupted, Retry::Now),
        (r#"{"http_status":429}"#, ErrorKind::RateLimited, Retry::AfterWaiting),
        (r#"{"success":0,"data":{"code":403}}"#, ErrorKind::Forbidden, Retry::Never),
        (
            r#"{"success":0,"message":"Slow down, please"}"#,
            ErrorKind::RateLimited,
            Retry::AfterWaiting,
        ),
        (r#"{"failed":1,"detail":"Overloaded"}"#, ErrorKind::Busy, Retry::AfterWaiting),
        // Of no failure, or of no status at all.
        (r#"{"success":false,"code":201}"#, ErrorKind::Rejected, Retry::Never),
        (r#"{"success":false,"code":4004}"#, ErrorKind::Rejected, Retry::Never),
    ] {
        let failure = list(body).unwrap_err();
        assert_eq!((failure.kind, failure.status), (kind, Some(200)), "{body}");
        assert_eq!(failure.report(ListContacts::PROMISE).retry, retry, "{body}");
        let error = create(200, body).unwrap_err().report(CreateContact::PROMISE);
        assert_eq!((error.carried_out, error.retry), (CarriedOut::Perhaps, Retry::AfterLooking));
    }
    // What says yes, or nothing, means no such thing.
    let page = list(r#"{"result":429,"success":true,"contacts":[{"uuid":"CON1"}]}"#).unwrap();
    assert_eq!(page.contacts.len(), 1);
    for (code, expected) in
        [(401, Verdict::Invalid), (402, Verdict::QuotaExhausted), (403, Verdict::Blocked)]
    {
        let message = if code == 403 { "Account suspended" } else { "No" };
        let body = format!(r#"{{"success":false,"code":{code},"message":"{message}"}}"#);
        assert_eq!(verdict(200, &body), Some(expected), "{body}");
    }
}

#[test]
fn the_seconds_to_wait_may_stand_in_the_body() {
    for (body, seconds) in [
        (r#"{"message":"Late","retry_after":11}"#, Some(11)),
        (r#"{"error":{"message":"Late","retryAfter":"1.2"}}"#, Some(2)),
        (r#"{"Retry-After":"40 seconds"}"#, Some(40)),
        (r#"{"retry_after":"later"}"#, None),
        (r#"{"retry_after":-3}"#, None),
    ] {
        assert_eq!(create(429, body).unwrap_err().wait_seconds, seconds, "{body}");
    }
    let reply = Reply {
        status: 503,
        retry_after: Some("5".to_owned()),
        date: None,
        body: Ok(r#"{"retry_after":60}"#.to_owned()),
    };
    let refused = result_of(TestApiKey, reply, &Settings::from_variables([]).unwrap()).unwrap_err();
    assert_eq!(refused.wait_seconds, Some(5));
}

#[test]
fn what_the_account_says_of_itself_is_the_finding_beside_any_refusal() {
    let blocked = r#"{"success":false,"message":"No","account":{"uuid":"ACC1","blocked":3}}"#;
    let spent = r#"{"success":false,"account":{"uuid":"ACC1"},
        "usage":{"api_request_count":"1,500","max_api_request_count":1500}}"#;
    for status in [200, 401, 403, 429] {
        assert_eq!(verdict(status, blocked), Some(Verdict::Blocked), "{status}");
        assert_eq!(verdict(status, spent), Some(Verdict::QuotaExhausted), "{status}");
    }
    // One that works is no reason to pass over the refusal.
    assert_eq!(verdict(200, r#"{"success":false,"account":{"uuid":"ACC1"}}"#), None);
    for (blocked, told) in [(r#""0000-00-00""#, true), ("{}", true), (r#""no""#, false)] {
        let body = format!(r#"{{"account":{{"uuid":"ACC1","blocked":{blocked}}}}}"#);
        let check = reply::<TestApiKey>((), 200, &body).unwrap();
        assert_eq!((check.verdict, check.warning.is_some()), (Verdict::Valid, told), "{blocked}");
    }
}

#[test]
fn a_plain_no_counts_even_beside_a_record() {
    for no in [
        r#""success":"error""#,
        r#""success":"Failed""#,
        r#""success":"n""#,
        r#""Success":false"#,
        r#""SUCCESS":"false""#,
        r#""isSuccess":0"#,
        r#""result":"error""#,
        r#""result":false"#,
        r#""status":"nok""#,
        r#""status":"Declined""#,
        r#""responseCode":"500""#,
        r#""isError":true"#,
        r#""err":"It is offline""#,
        r#""status":"KO""#,
        r#""status":"not_ok""#,
        r#""status":"Failure""#,
        r#""Status":"rejected""#,
        r#""status":422"#,
        r#""status":"500""#,
        r#""statusCode":401"#,
        r#""status_code":"403""#,
        r#""code":422"#,
        r#""code":4001"#,
        r#""code":-1"#,
        r#""code":"ERR_OFFLINE""#,
        r#""error_code":7"#,
        r#""errorCode":"E100""#,
        r#""type":"error""#,
        r#""errno":5"#,
        r#""err_code":"E5""#,
        r#""http_status":403"#,
        r#""ok":"nope""#,
        r#""success":-1"#,
        r#""error":true"#,
        r#""Error":"It is offline""#,
        r#""succeeded":false"#,
        r#""Successful":"no""#,
        r#""failed":true"#,
        r#""has_errors":1"#,
        r#""failure":"It is offline""#,
        r#""status":"Failed: it is offline""#,
        r#""status":"timeout""#,
        r#""result":"Bad Request""#,
        r#""success":true,"error":true"#,
        r#""success":true,"statusCode":500"#,
        r#""success":true,"data":{"success":false}"#,
    ] {
        let [contact, contacts] = beside_a_record(no);
        let kind = match no.split('"').find_map(|part| part.trim_matches(':').parse().ok()) {
            Some(500) => ErrorKind::Interrupted,
            Some(401) => ErrorKind::Unauthorized,
            Some(403) => ErrorKind::Forbidden,
            Some(422) => ErrorKind::InvalidInput,
            _ => ErrorKind::Rejected,
        };
        let listed = list(&contacts).unwrap_err();
        assert_eq!((listed.kind, listed.status), (kind, Some(200)), "{no}");
        if no.contains("true") && no.contains("success") {
            // What was made is there, and what else was said is a warning.
            assert!(create(201, &contact).unwrap().warning.is_some(), "{no}");
            continue;
        }
        let created = create(200, &contact).unwrap_err();
        assert_eq!((created.kind, created.status), (kind, Some(200)), "{no}");
        let error = create(201, &contact).unwrap_err().report(CreateContact::PROMISE);
        assert_eq!((error.carried_out, error.retry), (CarriedOut::Perhaps, Retry::AfterLooking));
    }
}

#[test]
fn what_says_no_error_is_none() {
    for member in ["error", "errors", "Error", "error_message", "error_code", "fault"] {
        for none in [
            "null",
            "false",
            "0",
            "\"\"",
            "\" \"",
            "[]",
            "{}",
            "\"none\"",
            "\"None\"",
            "\"null\"",
            "\"No error\"",
            "\"no_errors\"",
            "\"ok\"",
            "\"OK\"",
            "\"N/A\"",
            "\"0\"",
            "\"false\"",
            "\"success\"",
            "200",
            "[null]",
            r#"{"code":0,"message":"OK"}"#,
            r#"{"message":null}"#,
        ] {
            // A code is flat.
            if member != "error_code" || !none.starts_with(['[', '{']) {
                let [contact, contacts] = beside_a_record(&format!(r#""{member}":{none}"#));
                assert_eq!(create(200, &contact).map(|it| it.warning), Ok(None), "{contact}");
                assert_eq!(list(&contacts).unwrap().warning, None, "{contacts}");
            }
        }
    }
    for yes in [
        r#""status":"success""#,
        r#""status":"active""#,
        r#""status":200"#,
        r#""status":"201""#,
        r#""code":0"#,
        r#""code":false"#,
        r#""code":null"#,
        r#""code":"200""#,
        r#""code":"OK""#,
        r#""statusCode":201"#,
        r#""result":1"#,
        r#""result":"ok""#,
        r#""status":true"#,
        r#""status":null"#,
        r#""error_code":"00""#,
        r#""success":"Y""#,
        r#""type":"contact""#,
        r#""message":"Error-free""#,
        r#""status":"Kosovo""#,
        r#""status":"failover""#,
        r#""status":"No error""#,
        r#""type":"invalidated""#,
        r#""type":"error-free""#,
        r#""result":450"#,
        r#""success":512"#,
        r#""error":"No errors were found""#,
        r#""failed":0"#,
        r#""errno":0"#,
        r#""errors":"0 errors""#,
        r#""errors":[null,"",{},[]]"#,
        r#""error":"-""#,
        r#""result":"errors: 0""#,
        r#""status":"Invalid rows: 0""#,
        r#""http_status":201"#,
        r#""ok":"nopeus""#,
        r#""failure":null"#,
        r#""hasErrors":false"#,
    ] {
        let [contact, contacts] = beside_a_record(yes);
        assert!(create(200, &contact).is_ok(), "{yes}");
        assert_eq!(list(&contacts).unwrap().contacts.len(), 1, "{yes}");
    }
}

#[test]
fn errors_beside_a_result_are_a_warning_and_beside_nothing_a_no() {
    for (members, words) in [
        (r#""success":true,"errors":["Not synced"]"#, "Not synced"),
        (r#""errors":[{"message":"Not synced"}]"#, "Not synced"),
        (r#""success":true,"error_message":"Not synced""#, "Not synced"),
        (r#""success":"true","error":"Not synced""#, "Not synced"),
        (r#""status":"success","Error":{"code":7,"message":"Not synced"}"#, "Not synced"),
        (r#""success":true,"errors":{"last_name":["too long"]}"#, "last-name: too long"),
    ] {
        let [contact, contacts] = beside_a_record(members);
        assert_eq!(create(200, &contact).unwrap().warning.as_deref(), Some(words), "{members}");
        assert_eq!(list(&contacts).unwrap().warning.as_deref(), Some(words), "{members}");
        for body in [["{", members, "}"].concat(), ["{", members, r#","contact":{}}"#].concat()] {
            let failure = create(200, &body).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Rejected, "{body}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    for members in [r#""errors":["Not synced"]"#, r#""error_message":"Not synced""#] {
        for success in ["", r#""success":true,"#] {
            let body = ["{", success, members, r#","contacts":[]}"#].concat();
            assert_eq!(list(&body).unwrap_err().kind, ErrorKind::Rejected, "{body}");
        }
    }
}

#[test]
fn a_warning_is_told_wherever_it_stands() {
    for (members, words) in [
        (r#""warning":"Not synced""#, "Not synced"),
        (r#""Warnings":["Not synced",{"code":7,"message":"too long"}]"#, "Not synced; too long"),
        (r#""data":{"warnings":["Not synced"]}"#, "Not synced"),
        (r#""notice":"Not synced","errors":["too long"]"#, "too long; Not synced"),
    ] {
        let [contact, contacts] = beside_a_record(members);
        assert_eq!(create(200, &contact).unwrap().warning.as_deref(), Some(words), "{members}");
        assert_eq!(list(&contacts).unwrap().warning.as_deref(), Some(words), "{members}");
        let empty = ["{", members, r#","success":true,"contacts":[]}"#].concat();
        if !members.contains("errors") {
            assert_eq!(list(&empty).unwrap().warning.as_deref(), Some(words), "{members}");
        }
        let account = ["{", members, r#","account":{"uuid":"ACC1"}}"#].concat();
        assert_eq!(usage(&account).unwrap().warning.as_deref(), Some(words), "{members}");
        let check = reply::<TestApiKey>((), 200, &account).unwrap();
        assert_eq!((check.verdict, check.warning.as_deref()), (Verdict::Valid, Some(words)));
    }
    let long = format!(r#"{{"contact":{{"uuid":"C"}},"warning":"{}"}}"#, "é\\n".repeat(9_000));
    let warning = create(200, &long).unwrap().warning.unwrap();
    assert!(warning.len() <= 400 && warning.ends_with('…') && !warning.contains('\n'));
}

#[test]
fn a_creation_is_found_in_whatever_it_is_wrapped() {
    for body in [
        r#"{"success":true,"data":{"uuid":"CON1","first_name":"Ada"}}"#,
        r#"{"success":true,"data":{"contact":{"uuid":"CON1","first_name":"Ada"}}}"#,
        r#"{"data":{"result":{"contact":{"uuid":"CON1","first_name":"Ada"}}}}"#,
        r#"{"contact":[{"uuid":"CON1","first_name":"Ada"},{"uuid":"CON2"}]}"#,
        r#"{"result":{"uuid":"CON1","first_name":"Ada"}}"#,
        r#"{"result":[{"uuid":"CON1","first_name":"Ada"}]}"#,
        r#"{"contact":{"data":{"uuid":"CON1","first_name":"Ada"}}}"#,
        r#"[{"uuid":"CON1","first_name":"Ada"}]"#,
        r#"{"success":true,"contact_uuid":"CON1","first_name":"Ada"}"#,
        r#"{"uuid":"CON1","first_name":"Ada","status":"created"}"#,
        r#""{\"contact\":{\"uuid\":\"CON1\",\"first_name\":\"Ad\\u0061\"}}""#,
        " \"[{\\\"uuid\\\":\\\"CON1\\\",\\\"first_name\\\":\\\"Ada\\\"}]\"\n",
    ] {
        let contact = create(201, body).map_err(|failure| [body, &failure.message].concat());
        let contact = contact.unwrap();
        assert_eq!((&*contact.uuid, contact.first_name.as_deref()), ("CON1", Some("Ada")));
    }
    for body in [r#"{"data":{}}"#, r#"{"data":[]}"#, r#"{"result":null}"#, r#""{}""#, r#""{""#] {
        let kind = create(200, body).unwrap_err().kind;
        assert!(matches!(kind, ErrorKind::UnexpectedReply | ErrorKind::Interrupted), "{body}");
    }
    let deep = ["{\"data\":".repeat(100_000), "1".into(), "}".repeat(100_000)].concat();
    assert_eq!(create(200, &deep).unwrap_err().kind, ErrorKind::UnexpectedReply);
}

#[test]
fn a_list_and_an_account_are_found_in_their_wrapping() {
    for body in [
        r#"{"success":true,"data":{"contacts":[{"uuid":"CON1"}],"count":7}}"#,
        r#"{"success":true,"data":[{"uuid":"CON1"}],"count":7}"#,
        r#"{"result":{"contacts":[{"uuid":"CON1"}]},"count":7}"#,
        r#"{"count":7,"results":[{"uuid":"CON1"}]}"#,
        r#"{"data":{"items":[{"uuid":"CON1"}],"count":"7"}}"#,
        r#""{\"contacts\":[{\"uuid\":\"CON1\"}],\"count\":7}""#,
    ] {
        let page = list(body).map_err(|failure| [body, &failure.message].concat()).unwrap();
        assert_eq!(
            (page.contacts.len(), page.reported_count, page.next_page),
            (1, Some(7), Some(1))
        );
    }
    let skipped = list(r#"{"data":{"contacts":[{"uuid":"CON1"},{}]}}"#).unwrap().skipped.unwrap();
    assert_eq!(skipped.places, ["$.data.contacts[1]"]);
    for body in [
        r#"{"success":true,"data":{"account":{"uuid":"ACC1"},"limits":{"requests_per_minute":80}}}"#,
        r#"{"result":{"account":{"uuid":"ACC1"}},"data":{"limits":{"requests_per_minute":80}}}"#,
        r#"[{"account":[{"uuid":"ACC1"}],"limits":{"requests_per_minute":"80"}}]"#,
    ] {
        let info = usage(body).map_err(|failure| [body, &failure.message].concat()).unwrap();
        assert_eq!((&*info.account.uuid, info.requests_per_minute), ("ACC1", Some(80)), "{body}");
        assert_eq!(verdict(200, body), Some(Verdict::Valid), "{body}");
    }
}

#[test]
fn a_word_for_nothing_is_no_uuid() {
    let words = ["null", "None", "undefined", "NIL", "n/a", "-", "0", "[object Object]", "NaN"];
    let zeros = "00000000-0000-0000-0000-000000000000";
    let rows: Vec<_> = words.iter().chain([&zeros]).collect();
    let rows: Vec<_> = rows.iter().map(|uuid| serde_json::json!({ "uuid": uuid })).collect();
    let mut rows = serde_json::json!(rows);
    rows.as_array_mut().unwrap().push(serde_json::json!({ "uuid": "CON-none-0" }));
    let page = list(&serde_json::json!({ "success": true, "contacts": rows }).to_string()).unwrap();
    assert_eq!((page.contacts.len(), page.skipped.unwrap().count), (1, 10));
    let error = create(201, r#"{"success":true,"contact":{"uuid":"null","first_name":"Ada"}}"#);
    let error = error.unwrap_err().report(CreateContact::PROMISE);
    assert_eq!(error.carried_out, CarriedOut::Perhaps);
}

#[test]
fn what_comes_beside_an_empty_list_is_told() {
    for (members, words) in [
        (r#""meta":{"code":500,"state":"db"}"#, r#"meta: {"code":500,"state":"db"}"#),
        (r#""has_more":true,"total":230"#, "has_more: true; total: 230"),
        (r#""message":"Query timed out""#, r#"message: "Query timed out""#),
        (r#""_shards":{"failed":2}"#, r#"_shards: {"failed":2}"#),
    ] {
        let empty = ["{\"success\":true,\"contacts\":[],", members, "}"].concat();
        let told = ["it is empty, and beside it came ", words].concat();
        assert_eq!(list(&empty).unwrap().warning, Some(told));
        let full = ["{", members, ",\"success\":true,\"contacts\":[{\"uuid\":\"CON1\"}]}"].concat();
        assert_eq!(list(&full).unwrap().warning, None, "{members}");
    }
    for members in ["\"page\":3,\"count\":0", "\"error\":null,\"meta\":false,\"message\":\"\""] {
        let empty = ["{\"success\":true,\"contacts\":[],", members, "}"].concat();
        assert_eq!(list(&empty).unwrap().warning, None, "{members}");
    }
}

#[test]
fn a_number_that_is_none_never_loses_its_record() {
    for word in ["NaN", "Infinity", "-Infinity"] {
        let body = [r#"{"contacts":[{"id":"#, word, r#","uuid":"CON1","first_name":"Ada"}]}"#];
        let page = list(&body.concat()).unwrap();
        assert_eq!(
            (page.contacts[0].id, page.contacts[0].first_name.as_deref()),
            (None, Some("Ada"))
        );
    }
}

#[test]
fn a_contact_that_came_with_success_and_a_uuid_is_a_result_however_odd_the_rest() {
    for (odd, told) in [
        (r#""error_code":409"#, "it says that it failed"),
        (r#""error":true,"message":"The sync is late""#, "The sync is late"),
        (r#""code":429,"detail":"slow down""#, "slow down"),
        (r#""status":"failed""#, "failed"),
    ] {
        let body =
            ["{\"success\":true,", odd, ",\"contact\":{\"uuid\":\"CON9\",\"details\":7}}"].concat();
        let contact = create(201, &body).unwrap();
        let warning = contact.warning.unwrap_or_default();
        assert!(contact.uuid == "CON9" && warning.contains(told), "{odd}: {warning}");
    }
}
