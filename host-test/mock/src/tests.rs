//! Does the server, seen from a socket, behave as it says it does?
//!
//! Speaks HTTP by hand over a blocking socket: nothing between test and mock
//! may mend or hide what is on the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

mod faults;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn connect(mock: &Mock) -> TcpStream {
    let stream = TcpStream::connect(mock.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn ask(mock: &Mock, line: &str, headers: &str, body: &str) -> Answer {
    let mut stream = connect(mock);
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n{headers}\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn get(mock: &Mock, target: &str) -> Answer {
    ask(mock, &format!("GET {target}"), "X-User-API-Key: mock-key\r\n", "")
}

fn create(mock: &Mock, contact: &Value) -> Answer {
    let headers = "X-User-API-Key: mock-key\r\ncontent-type: application/json\r\n";
    ask(mock, "POST /open/contacts", headers, &contact.to_string())
}

async fn start(options: Options) -> Mock {
    Mock::start(options).await.unwrap()
}

async fn with_faults(faults: &[Fault]) -> Mock {
    start(Options { faults: faults.to_vec(), ..Options::default() }).await
}

fn ids(answer: &Answer) -> Vec<u64> {
    let body = answer.json();
    let rows = body["contacts"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_missing_and_a_wrong_key_are_refused_in_the_gateways_words_before_the_path_matters() {
    let mock = start(Options::default()).await;
    for path in ["/open/info", "/open/nowhere"] {
        let line = format!("GET {path}");
        let missing = ask(&mock, &line, "", "");
        let empty = ask(&mock, &line, "X-User-API-Key:\r\n", "");
        let wrong = ask(&mock, &line, "X-User-API-Key: another\r\n", "");
        let told = [missing, empty, wrong].map(|answer| (answer.status, answer.body));
        let no_key = (403, r#"{"detail":"Not authenticated"}"#.to_owned());
        let bad_key = (401, r#"{"detail":"Invalid API Key"}"#.to_owned());
        assert_eq!(told, [no_key.clone(), no_key, bad_key]);
    }
}

#[tokio::test]
async fn another_key_can_be_asked_for() {
    let mock = start(Options { key: "other".to_owned(), ..Options::default() }).await;
    assert_eq!(get(&mock, "/open/info").status, 401);
    assert_eq!(ask(&mock, "GET /open/info", "x-user-api-key: other\r\n", "").status, 200);
}

#[tokio::test]
async fn the_info_has_the_documented_keys_in_order_and_counts_calls() {
    let mock = start(Options { requests_per_minute: 9, ..Options::default() }).await;
    get(&mock, "/open/webhooks");
    let answer = get(&mock, "/open/info");
    let body = answer.json();

    assert!(answer.head.contains("content-type: application/json"));
    assert_eq!(keys(&body), ["success", "account", "limits", "usage"]);
    let account = ["name", "uuid", "on_trial", "blocked", "created_at", "expires_at"];
    assert_eq!(keys(&body["account"]), account);
    assert_eq!(body["limits"]["requests_per_minute"], 9);
    assert_eq!(body["usage"]["api_request_count"], 2);
    assert_eq!(body["usage"]["max_api_request_count"], 500_000);
}

#[tokio::test]
async fn a_created_contact_is_answered_with_seconds_and_listed_last_with_iso_times() {
    let mock = start(Options::default()).await;
    let answer = create(
        &mock,
        &json!({
            "first_name": "Emmy",
            "channel_uuid": CHANNELS[1],
            "contact_detail": [
                {"type": "WAPH", "value": "+14155550142"},
                {"type": "E", "value": "emmy@example.com"},
            ],
        }),
    );
    let contact = &answer.json()["contact"];

    assert_eq!(answer.status, 201);
    let common = ["uuid", "first_name", "last_name", "channel_uuid", "profile_pic_url", "details"];
    assert_eq!(keys(contact), common);
    assert_eq!(keys(&contact["details"][0]), ["id", "value", "type", "created_at", "updated_at"]);
    assert!(contact["details"][0]["created_at"].is_u64());
    assert_eq!(contact["details"][1]["updated_at"], 0);
    assert_eq!(contact["last_name"], Value::Null);

    let listed =
        &get(&mock, "/open/contacts?page_number=0&results_per_page=100").json()["contacts"];
    let last = listed.as_array().unwrap().last().unwrap();
    assert_eq!(keys(last), [&["id"], &common[..]].concat());
    assert_eq!((&last["id"], &last["uuid"]), (&json!(4), &contact["uuid"]));
    assert_eq!(keys(&last["details"][1]), ["id", "value", "type", "created_at"]);
    assert!(last["details"][0]["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(last["details"][1]["id"], contact["details"][1]["id"]);
}

#[tokio::test]
async fn creating_twice_makes_two_contacts() {
    let mock = start(Options::default()).await;
    let ada =
        json!({"first_name": "Ada", "contact_detail": [{"type": "A", "value": "1 Example St"}]});
    let [first, second] = [(); 2].map(|()| create(&mock, &ada).json()["contact"]["uuid"].clone());
    assert_ne!(first, second);
    assert_eq!(ids(&get(&mock, "/open/contacts")), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn each_value_that_is_wrong_is_named_with_its_place_and_nothing_is_stored() {
    let mock = start(Options::default()).await;
    let places = |contact: Value| {
        let answer = create(&mock, &contact);
        assert_eq!(answer.status, 422);
        let body = answer.json();
        let complaints = body["detail"].as_array().unwrap();
        assert_eq!(keys(&complaints[0]), ["loc", "msg", "type"]);
        complaints.iter().map(|complaint| complaint["loc"].clone()).collect::<Vec<_>>()
    };
    let good = json!({"type": "PH", "value": "+14155550123"});

    assert_eq!(
        places(json!({"first_name": "Ada", "contact_details": [good]})),
        [json!(["body", "contact_detail"])]
    );
    assert_eq!(
        places(json!({"contact_detail": [], "channel_uuid": "DID1", "last_name": 1})),
        [
            json!(["body", "first_name"]),
            json!(["body", "last_name"]),
            json!(["body", "channel_uuid"]),
            json!(["body", "contact_detail"]),
        ]
    );
    let details = json!([good, {"type": "WAPH", "value": "415555"}, {"type": "X"}, "?"]);
    assert_eq!(
        places(json!({"first_name": "Ada", "contact_detail": details})),
        [
            json!(["body", "contact_detail", 1, "value"]),
            json!(["body", "contact_detail", 2, "type"]),
            json!(["body", "contact_detail", 2, "value"]),
            json!(["body", "contact_detail", 3]),
        ]
    );
    assert_eq!(ids(&get(&mock, "/open/contacts")), [1, 2, 3]);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_bad_request() {
    let mock = start(Options::default()).await;
    let answer = ask(&mock, "POST /open/contacts", "x-user-api-key: mock-key\r\n", "{first_name");
    assert_eq!((answer.status, &answer.json()["success"]), (400, &json!(false)));
}

#[tokio::test]
async fn pages_start_at_zero_echo_their_number_and_end_empty() {
    let mock = start(Options { contacts: 5, ..Options::default() }).await;
    let page = |n: u64| get(&mock, &format!("/open/contacts?page_number={n}&results_per_page=2"));

    let seen = [0, 1, 2, 3].map(|n| {
        let answer = page(n);
        let body = answer.json();
        (ids(&answer), body["page"].as_u64().unwrap(), body["count"].as_u64().unwrap())
    });

    assert_eq!(seen, [(vec![1, 2], 0, 2), (vec![3, 4], 1, 2), (vec![5], 2, 1), (vec![], 3, 0)]);
    mock.switch_on(Fault::CountIsTotal);
    assert_eq!(page(2).json()["count"], 5);
}

#[tokio::test]
async fn paging_out_of_range_is_refused_with_the_place_in_the_query() {
    let mock = start(Options::default()).await;
    for (query, name) in [
        ("results_per_page=0", "results_per_page"),
        ("results_per_page=101", "results_per_page"),
        ("results_per_page=", "results_per_page"),
        ("page_number=-1", "page_number"),
        ("page_number=one", "page_number"),
    ] {
        let answer = get(&mock, &format!("/open/contacts?{query}"));
        let place = &answer.json()["detail"][0]["loc"];
        assert_eq!((answer.status, place), (422, &json!(["query", name])), "{query}");
    }
    assert_eq!(get(&mock, "/open/contacts?results_per_page=100").status, 200);
}

#[tokio::test]
async fn the_channel_filter_pages_through_one_channel_only() {
    let mock = start(Options { contacts: 7, ..Options::default() }).await;
    let of = |channel: &str, page: u64| {
        let query = format!("channel_uuid={channel}&page_number={page}&results_per_page=2");
        get(&mock, &format!("/open/contacts?{query}"))
    };
    let (first, rest) = (of(CHANNELS[0], 0), of(CHANNELS[0], 1));
    assert_eq!((ids(&first), ids(&rest)), (vec![1, 4], vec![7]));
    assert_eq!(first.json()["contacts"][1]["channel_uuid"], CHANNELS[0]);
    assert_eq!(ids(&of(CHANNELS[1], 0)), [2, 5]);
    assert_eq!(ids(&of("WPNunknown", 0)), [0; 0]);
    mock.switch_on(Fault::CountIsTotal);
    assert_eq!(of(CHANNELS[0], 1).json()["count"], 3);
}

#[tokio::test]
async fn calls_over_the_rate_limit_are_refused_and_say_when_if_told_to() {
    let mock = start(Options { requests_per_minute: 2, ..Options::default() }).await;
    let statuses = [(); 3].map(|()| get(&mock, "/open/webhooks").status);
    assert_eq!(statuses, [200, 200, 429]);

    let plain = get(&mock, "/open/webhooks");
    assert_eq!(keys(&plain.json()), ["success", "error", "error_message"]);
    assert!(!plain.head.contains("retry-after"));
    mock.switch_on(Fault::RetryAfter);
    assert!(get(&mock, "/open/webhooks").head.contains("retry-after: 7"));
}

#[tokio::test]
async fn calls_after_the_last_credit_are_refused() {
    let spent = Options { api_requests_used: 4, max_api_requests: 5, ..Options::default() };
    let mock = start(spent).await;
    assert_eq!(get(&mock, "/open/info").json()["usage"]["api_request_count"], 5);
    let refused = get(&mock, "/open/info");
    assert_eq!((refused.status, &refused.json()["error"]), (402, &json!(true)));
}

#[tokio::test]
async fn what_is_not_a_route_is_not_found() {
    let mock = start(Options::default()).await;
    let key = "x-user-api-key: mock-key\r\n";
    for line in ["GET /info", "GET /open/contacts/", "DELETE /open/contacts", "POST /open/info"] {
        let answer = ask(&mock, line, key, "");
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"detail":"Not Found"}"#));
    }
}

#[tokio::test]
async fn a_scripted_reply_goes_to_every_request_until_cleared() {
    let mock = with_faults(&[Fault::Hang]).await;
    let reply = Reply::json(203, json!({"a": 1})).with_header("x-seen", "yes");
    mock.answer_with(reply.with_header("Content-Type", "text/plain"));
    let answer = ask(&mock, "PATCH /anything", "", "");
    assert_eq!((answer.status, answer.body.as_str()), (203, r#"{"a":1}"#));
    assert!(
        answer.head.contains("x-seen: yes") && answer.head.contains("content-type: text/plain")
    );
    assert_eq!(answer.head.matches("content-type").count(), 1);
    mock.clear();
    assert_eq!(get(&mock, "/open/info").status, 200);
}

#[tokio::test]
async fn a_scripted_reply_that_is_no_http_is_said_aloud() {
    let mock = start(Options::default()).await;
    mock.answer_with(Reply::new(200, "").with_header("x", "a\nb"));
    assert_eq!(get(&mock, "/open/info").status, 500);
}

#[tokio::test]
async fn what_arrived_is_kept_decoded_and_debug_hides_the_key() {
    let mock = start(Options::default()).await;
    get(&mock, "/open/contacts?channel_uuid=a%2Bb+c&page_number=0&page_number=1");
    ask(&mock, "POST /else%20where", "X-User-API-Key: secret-value\r\n", "{\"a\":1}");

    let [first, second] = &mock.requests()[..] else { panic!("two requests were sent") };
    assert_eq!((first.method.as_str(), first.path.as_str()), ("GET", "/open/contacts"));
    assert_eq!(first.query[0], ("channel_uuid".to_owned(), "a+b c".to_owned()));
    assert_eq!(first.query_value("page_number"), Some("1"));
    assert_eq!((second.path.as_str(), second.json()), ("/else%20where", Some(json!({"a": 1}))));
    assert_eq!(second.header("X-User-Api-Key"), Some("secret-value"));
    let shown = format!("{second:?}");
    assert!(shown.contains("x-user-api-key") && !shown.contains("secret-value"), "{shown}");
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let mock = start(Options::default()).await;
    let again = Options { port: mock.address.port(), ..Options::default() };
    assert_eq!(Mock::start(again).await.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_there_is_not_or_that_has_no_sample_is_told_with_those_that_have() {
    let mock = start(Options::default()).await;
    let report = |event: &str| {
        ask(&mock, &format!("POST /mock/events/{event}"), "X-User-API-Key: mock-key\r\n", "")
    };
    for (event, told) in [
        ("whatsapp.conversation.nwe", "There is no event whatsapp.conversation.nwe"),
        ("whatsapp.call.made", "There is no sample of whatsapp.call.made: post a body"),
    ] {
        let answer = report(event);
        assert_eq!(answer.status, 404);
        assert!(answer.body.contains(told), "{}", answer.body);
        assert!(answer.body.contains("whatsapp.conversation.new,"), "{}", answer.body);
    }
    let nobody = report("whatsapp.conversation.new").json();
    assert_eq!(nobody["delivered"], json!([]));
    assert!(nobody["note"].as_str().unwrap().contains("nobody has subscribed"), "{nobody}");
}
