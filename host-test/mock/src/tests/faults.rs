//! Does each switch do what its line says, and stop when it is switched off?
//!
//! Asks over the same socket as the tests of the working server.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn a_forced_status_carries_the_envelope_and_ends_when_switched_off() {
    let mock = start(Options::default()).await;
    for status in [400, 402, 404, 406, 409, 410, 422, 429, 486, 500, 503, 504] {
        let fault = Fault::Status(status);
        mock.switch_on(fault);
        let answer = get(&mock, "/open/info");
        assert_eq!((answer.status, &answer.json()["success"]), (status, &json!(false)));
        assert_eq!(ask(&mock, "GET /open/info", "", "").status, 403, "the key comes first");
        mock.switch_off(fault);
    }
    assert_eq!(get(&mock, "/open/info").status, 200);
}

#[tokio::test]
async fn of_two_forced_replies_the_one_switched_on_last_shows() {
    let mock = with_faults(&[Fault::Status(409), Fault::Html504]).await;
    let page = get(&mock, "/open/info");
    assert_eq!(page.status, 504);
    assert!(page.head.contains("content-type: text/html") && page.body.contains("<html>"));
    mock.switch_on(Fault::Status(409));
    assert_eq!(get(&mock, "/open/info").status, 409);
}

#[tokio::test]
async fn a_success_that_is_none_creates_nothing() {
    let mock = with_faults(&[Fault::SuccessFalse]).await;
    let ada =
        json!({"first_name": "Ada", "contact_detail": [{"type": "A", "value": "1 Example St"}]});
    let answer = create(&mock, &ada);
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(false)));
    mock.clear();
    assert_eq!(ids(&get(&mock, "/open/contacts")), [1, 2, 3]);
}

#[tokio::test]
async fn faults_of_the_info_show_without_refusing_calls() {
    let mock = with_faults(&[Fault::AccountBlocked, Fault::QuotaUsedUp]).await;
    let body = get(&mock, "/open/info").json();
    assert_eq!(body["account"]["blocked"], true);
    assert!(body["account"]["block_reason"].is_string());
    assert_eq!(body["usage"]["api_request_count"], body["usage"]["max_api_request_count"]);
    mock.switch_on(Fault::UsageMissing);
    assert_eq!(keys(&get(&mock, "/open/info").json()), ["success", "account", "limits"]);
}

#[tokio::test]
async fn faults_of_the_lists_combine() {
    let mock = start(Options::default()).await;
    let plain = get(&mock, "/open/webhooks").json();
    let row = ["uuid", "event_name", "channel_uuid", "hook_url", "hook_params", "created_at"];
    assert_eq!(keys(&plain["webhooks"][0]), row);

    mock.switch_on(Fault::WebhookIds);
    mock.switch_on(Fault::BareWebhooks);
    let bare = get(&mock, "/open/webhooks").json();
    assert_eq!(bare.as_array().unwrap().len(), 2);
    assert_eq!(keys(&bare[1]), [&row[..], &["id", "account_id"]].concat());

    mock.switch_on(Fault::NullNames);
    let contact = &get(&mock, "/open/contacts").json()["contacts"][0];
    assert_eq!((&contact["first_name"], &contact["last_name"]), (&Value::Null, &Value::Null));

    mock.switch_on(Fault::EmptyLists);
    assert_eq!(get(&mock, "/open/webhooks").body, "[]");
    let none = get(&mock, "/open/contacts?page_number=2").body;
    assert_eq!(none, r#"{"success":true,"page":2,"count":0,"contacts":[]}"#);
}

#[test]
fn every_fault_is_found_by_its_own_name() {
    for (fault, description) in Fault::all() {
        let name = fault.to_string();
        assert_eq!(name.parse(), Ok(*fault));
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert!(!description.is_empty() && !description.contains('\n'));
    }
    assert_eq!("status-451".parse(), Ok(Fault::Status(451)));
}

#[test]
fn an_unknown_fault_is_named_together_with_those_there_are() {
    for name in ["status-200", "status-", "Hang", ""] {
        let error = name.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?}")) && error.contains("html-504, "), "{error}");
    }
}

#[tokio::test]
async fn a_hanging_server_answers_nothing_and_ends_when_dropped() {
    let mock = with_faults(&[Fault::Hang]).await;
    let mut stream = connect(&mock);
    stream.write_all(b"GET /open/info HTTP/1.1\r\nhost: mock\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let waiting = stream.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(waiting, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waiting}");
    assert_eq!(mock.requests().len(), 1);

    let (address, start) = (mock.address, Instant::now());
    drop(mock);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_behind_what_was_created() {
    let mock = with_faults(&[Fault::AnswerLost]).await;
    let ada =
        json!({"first_name": "Ada", "contact_detail": [{"type": "A", "value": "1 Example St"}]});
    assert_eq!(create(&mock, &ada).status, 504);
    assert_eq!(ids(&get(&mock, "/open/contacts")), [1, 2, 3, 4]);
    mock.switch_on(Fault::CreationLost);
    assert_eq!(create(&mock, &ada).status, 504);
    assert_eq!(ids(&get(&mock, "/open/contacts")), [1, 2, 3, 4]);
}
