//! The outgoing gate: what may leave and what may not, where the key goes,
//! how connections are kept, and what stops a call that uses too much.

mod headers;

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use host::{
    client::Client,
    engine::{CallError, Connector, Limits, Outlet},
    gate::Connection,
    secret::Secret,
};
use http::{HeaderName, Request};
use http_body_util::{BodyExt, Empty};
use mock::{DEFAULT_KEY, Fault, Mock, Received, Reply};
use serde_json::{Value, json};
use wasmtime_wasi_http::Error;

use crate::support::{
    Caller, LOADED, every_action,
    hook::Hook,
    known_of, mock, mock_with, new_contact, outcome, policy,
    raw::{Raw, Step},
    twochat,
};

const MINUTE: Duration = Duration::from_secs(60);
const DENIED: (&str, &str, &str) = ("denied-by-host", "no", "never");
const KEY: HeaderName = HeaderName::from_static("x-user-api-key");

static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(&[]).unwrap());

/// An action that never comes to its end.
static BUSY: LazyLock<Connector> = LazyLock::new(|| {
    let text = r#"(component
        (core module $code (func (export "spin") (loop (br 0))))
        (core instance $code (instantiate $code))
        (func $spin (canon lift (core func $code "spin")))
        (instance $actions (export "spin" (func $spin)))
        (export "test:limits/actions" (instance $actions)))"#;
    LOADED.0.load(&wat::parse_str(text).unwrap()).unwrap()
});

fn connection(base: &str, key: Option<&str>) -> Arc<Connection> {
    let key = key.map(|key| Secret::new(key).unwrap());
    Arc::new(Connection::new(&twochat(), base, key).unwrap())
}

fn soon() -> tokio::time::Instant {
    tokio::time::Instant::now() + MINUTE
}

fn gate_of(connection: &Arc<Connection>) -> Box<dyn wasmtime_wasi_http::WasiHttpHooks> {
    (connection.outlet(&CLIENT).gate)(soon())
}

/// Puts a request to the gate that no connector would make: the status of the
/// reply, or why there is none.
async fn ask(to: &Arc<Connection>, method: &str, url: &str) -> Result<u16, Error> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().method(method).uri(url).header(KEY, "of-the-guest");
    let mut gate = gate_of(to);
    let rest = Box::new(async { Ok(()) });
    let sent = Box::into_pin(gate.send_request(request.body(body).unwrap(), None, rest)).await;
    sent.map(|(response, _)| response.status().as_u16())
}

/// Calls with settings of the guest's own behind the gate of a connection.
async fn call_with(
    environment: &[(&str, &str)],
    connection: &Arc<Connection>,
    action: &str,
) -> Result<Value, Value> {
    let environment = environment.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let gate = connection.outlet(&CLIENT).gate;
    let arguments = known_of(action).arguments;
    outcome(action, arguments, Outlet { environment, gate }, Limits::default()).await.result
}

/// The values of all key headers.
fn keys_of(request: &Received) -> Vec<&str> {
    let keys = request.headers.iter().filter(|(name, _)| KEY == name.as_str());
    keys.map(|(_, value)| value.as_str()).collect()
}

fn page() -> Step {
    let body = r#"{"success":true,"page":0,"count":0,"contacts":[]}"#;
    let length = body.len();
    Step::Send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into())
}

#[tokio::test]
async fn only_requests_below_the_base_url_with_an_allowed_method_leave() {
    let twochat = mock().await;
    twochat.answer_with(Reply::json(200, json!({})));
    let base = twochat.base_url();
    let origin = base.strip_suffix("/open").unwrap();
    let port = origin.rsplit(':').next().unwrap();
    let allowed = connection(&base, Some(DEFAULT_KEY));
    // The first of them is empty.
    let paths = " / /open /openx /openx/contacts /OPEN/contacts //open/contacts /other/contacts \
        /open/../admin /open/..;/admin /open/%252e%252e/admin /open/contacts/.. /open/./contacts /open/. /open/%2e%2e/admin \
        /open/%2E%2E/admin /open/.%2e/admin /open/%2e /%6fpen/x /open/..%2fadmin /open%2fcontacts \
        /open/a%2Fb /open/..%5cadmin /open/..\\admin";
    let mut refused: Vec<_> =
        paths.split(' ').map(|path| ("GET", format!("{origin}{path}"))).collect();
    refused.extend(
        [
            format!("http://localhost:{port}/open/contacts"),
            format!("http://127.0.0.2:{port}/open/contacts"),
            format!("http://127.1:{port}/open/contacts"),
            "http://127.0.0.1:1/open/contacts".to_owned(),
            "http://127.0.0.1/open/contacts".to_owned(),
            format!("https://127.0.0.1:{port}/open/contacts"),
            format!("ftp://127.0.0.1:{port}/open/contacts"),
            format!("http://user@127.0.0.1:{port}/open/contacts"),
            format!("http://user:word@127.0.0.1:{port}/open/contacts"),
            format!("http://127.0.0.1:{port}@example.com/open/contacts"),
            "http://example.com/open/contacts".to_owned(),
            "/open/contacts".to_owned(),
        ]
        .map(|url| ("GET", url)),
    );
    let methods = ["HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "PURGE"];
    refused.extend(methods.map(|method| (method, format!("{base}/contacts"))));

    for (method, url) in refused {
        let answer = ask(&allowed, method, &url).await;
        assert!(matches!(answer, Err(Error::HttpRequestDenied)), "{method} {url}: {answer:?}");
    }
    assert_eq!(twochat.requests(), []);

    let urls = ["/contacts", "/", "/contacts?next=/../admin", "/a/b/c", "/a..b/.c/...", "/%41"];
    for (method, url) in urls.map(|path| ("GET", path)).into_iter().chain([("POST", "/contacts")]) {
        let url = format!("{base}{url}");
        assert_eq!(ask(&allowed, method, &url).await.unwrap(), 200, "{method} {url}");
    }
    assert_eq!(twochat.requests().len(), urls.len() + 1);
    for request in twochat.requests() {
        assert_eq!(keys_of(&request), [DEFAULT_KEY]);
    }
}

#[tokio::test]
async fn a_host_is_the_same_in_capitals_and_a_port_the_same_unsaid() {
    let twochat = mock().await;
    let base = twochat.base_url().replace("127.0.0.1", "localhost");
    let url = base.replace("localhost", "LocalHost") + "/info";
    assert_eq!(ask(&connection(&base, Some(DEFAULT_KEY)), "GET", &url).await.unwrap(), 200);

    // Past the gate if the name is looked up.
    let unknown = connection("https://name.invalid/open", None);
    for (url, passes) in [
        ("https://name.invalid:443/open/info", true),
        ("https://NAME.invalid/open/info", true),
        ("https://name.invalid:444/open/info", false),
        ("http://name.invalid:443/open/info", false),
        ("https://name.invalid./open/info", false),
    ] {
        let answer = ask(&unknown, "GET", url).await;
        let looked_up = matches!(answer, Err(Error::DnsError { .. }));
        assert_eq!(looked_up, passes, "{url}: {answer:?}");
        assert!(looked_up || matches!(answer, Err(Error::HttpRequestDenied)), "{url}: {answer:?}");
    }
}

#[tokio::test]
async fn a_guest_that_is_told_to_go_elsewhere_is_denied() {
    let (here, elsewhere) = (mock().await, mock().await);
    let connection = connection(&here.base_url(), Some(DEFAULT_KEY));
    let origin = here.base_url().replace("/open", "");
    for base in [
        elsewhere.base_url(),
        here.base_url().replace("127.0.0.1", "localhost"),
        here.base_url().replace("http:", "https:"),
        "https://api.p.2chat.io/open".to_owned(),
        "https://127.0.0.1/open".to_owned(),
        origin.clone(),
        format!("{origin}/openx"),
        format!("{origin}/open/.."),
        format!("{origin}/open/%2e%2e"),
        format!("{origin}/open%2f"),
    ] {
        for action in ["list-contacts", "create-contact"] {
            let error = call_with(&[("TWOCHAT_BASE_URL", &base)], &connection, action).await;
            assert_eq!(policy(&error.unwrap_err()), DENIED, "{action} at {base}");
        }
    }
    assert_eq!((here.requests(), elsewhere.requests()), (vec![], vec![]));
}

#[tokio::test]
async fn the_key_of_the_host_arrives_and_never_the_guests_own() {
    let twochat = mock().await;
    let base = twochat.base_url();
    let guest = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "of-the-guest")];
    let injecting = connection(&base, Some(DEFAULT_KEY));
    for (action, _) in every_action() {
        call_with(&guest, &injecting, action).await.unwrap();
    }
    for request in twochat.requests() {
        assert_eq!(keys_of(&request), [DEFAULT_KEY]);
        assert!(!format!("{:?}{}", request.query, request.body).contains("of-the-guest"));
    }
    let forbids =
        |connection: &Arc<Connection>| gate_of(connection).forbidden_header_filter()(&KEY);
    assert!(forbids(&injecting));

    // A host that holds no key leaves the header to the guest.
    let bare = connection(&base, None);
    assert!(!forbids(&bare));
    let guest = [guest[0], ("TWOCHAT_API_KEY", DEFAULT_KEY)];
    call_with(&guest, &bare, "list-contacts").await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_key_along() {
    let (here, elsewhere) = (mock().await, mock().await);
    here.answer_with(Reply::new(307, "").with_header("location", elsewhere.base_url()));
    let error = Caller::of(&here).call("list-contacts", json!({})).await.unwrap_err();
    assert_eq!(error["kind"], "unexpected-reply");
    assert_eq!((here.requests().len(), elsewhere.requests().len()), (1, 0));
}

#[tokio::test]
async fn an_address_that_is_not_public_is_denied_and_not_connected_to() {
    let server = Raw::replying(vec![page()]).await;
    let hosts = "[::ffff:127.0.0.1] 10.0.0.1 192.168.0.1 172.16.0.1 169.254.169.254 100.64.0.1 \
        0.0.0.0 [::] [fe80::1] [fd00::1] [::ffff:10.0.0.1] [64:ff9b::7f00:1]";
    for host in hosts.split(' ') {
        let base = format!("https://{host}:{}/open", server.port());
        let denied = connection(&base, Some(DEFAULT_KEY));
        let answer = ask(&denied, "GET", &format!("{}/info", told(&denied))).await;
        assert!(matches!(answer, Err(Error::DestinationIpProhibited)), "{base}: {answer:?}");
        let error = Caller::to(&base, Some(DEFAULT_KEY)).call("test-api-key", json!({})).await;
        assert_eq!(policy(&error.unwrap_err()), DENIED, "{base}");
    }
    assert_eq!(server.connections(), 0);
}

/// The base url as the guest is told it, in the spelling of the connection.
fn told(connection: &Arc<Connection>) -> String {
    connection.outlet(&CLIENT).environment[0].1.clone()
}

#[tokio::test]
async fn a_public_name_that_stands_for_this_machine_is_denied() {
    // Whether a machine's own name stands for a loopback address is its own
    // affair; where it does not, and without a name server of our own, the
    // resolver cannot be shown such a name.
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_lowercase();
    let Ok(found) = tokio::net::lookup_host((name.as_str(), 0)).await else { return };
    let local = found.into_iter().all(|address| address.ip().is_loopback());
    if name.is_empty() || name == "localhost" || !local {
        return;
    }
    let server = Raw::replying(vec![page()]).await;
    let base = format!("https://{name}:{}/open", server.port());
    let error = Caller::to(&base, Some(DEFAULT_KEY)).call("list-contacts", json!({})).await;
    assert_eq!(policy(&error.unwrap_err()), DENIED);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_nobody_knows_and_a_port_that_nobody_serves_are_unreachable() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}/open", closed.local_addr().unwrap());
    drop(closed);
    for (base, why) in [("https://name.invalid/open", "name"), (refused.as_str(), "refused")] {
        for (action, arguments) in every_action() {
            let caller = Caller::to(base, Some(DEFAULT_KEY));
            let error = caller.call(action, arguments).await.unwrap_err();
            assert_eq!(policy(&error), ("unreachable", "no", "now"), "{base}: {error}");
            assert!(error["message"].as_str().unwrap().contains(why), "{error}");
        }
    }
}

#[tokio::test]
async fn twenty_calls_one_after_another_share_one_connection() {
    let server = Raw::replying(vec![page()]).await;
    let caller = Caller::to(&server.base_url(), Some(DEFAULT_KEY));
    for _ in 0..20 {
        caller.call("list-contacts", json!({})).await.unwrap();
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 20));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced_unnoticed() {
    let server = Raw::replying(vec![page(), Step::Close]).await;
    let caller = Caller::to(&server.base_url(), Some(DEFAULT_KEY));
    for _ in 0..5 {
        caller.call("list-contacts", json!({})).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((server.connections(), server.requests().len()), (5, 5));
}

#[tokio::test]
async fn a_kept_connection_that_breaks_under_a_request_makes_it_arrive_once() {
    for end in [Step::Close, Step::Reset] {
        let server = Raw::in_turn(vec![vec![page()], vec![end.clone()], vec![page()]]).await;
        let caller = Caller::to(&server.base_url(), Some(DEFAULT_KEY));
        caller.call("list-contacts", json!({})).await.unwrap();
        let error = caller.call("create-contact", new_contact()).await.unwrap_err();
        assert_eq!(policy(&error), ("interrupted", "perhaps", "after-looking"), "{end:?}");
        assert_eq!((server.connections(), server.requests().len()), (1, 2), "{end:?}");
        // The broken connection is not used again.
        caller.call("list-contacts", json!({})).await.unwrap();
    }
}

#[test]
fn a_base_url_over_which_a_key_could_leak_is_refused_without_repeating_it() {
    for (base, why) in [
        ("http://canary.example/open", "only on a loopback address"),
        ("http://10.0.0.1/canary", "only on a loopback address"),
        ("http://localhost.canary.example/open", "only on a loopback address"),
        ("http://[::ffff:127.0.0.1]/canary", "only on a loopback address"),
        ("https://canary@api.p.2chat.io/open", "user info"),
        ("https://user:canary@api.p.2chat.io/open", "user info"),
        ("https://:canary@api.p.2chat.io/open", "user info"),
        ("https://api.p.2chat.io/open?key=canary", "a query or a fragment"),
        ("https://api.p.2chat.io/open#canary", "a query or a fragment"),
        ("ftp://canary.example/open", "not an http or https url"),
        ("file:///canary", "no host"),
        ("canary", "not an absolute url"),
        ("//canary.example/open", "not an absolute url"),
        ("https://can ary/open", "not an absolute url"),
        ("https://", "not an absolute url"),
        ("", "not an absolute url"),
    ] {
        let message = Connection::new(&twochat(), base, None).unwrap_err();
        assert!(message.contains(why), "{base}: {message}");
        assert!(!message.contains("canary"), "{base}: {message}");
    }
    for base in
        ["https://api.p.2chat.io", "http://127.0.0.1:1/open", "http://[::1]/", "http://LOCALHOST"]
    {
        Connection::new(&twochat(), base, None).unwrap();
    }
}

#[test]
fn a_secret_shows_nothing_of_itself() {
    let secret = Secret::new(" canary-key\n").unwrap();
    let connection =
        Connection::new(&twochat(), "https://api.p.2chat.io/open", Some(secret.clone())).unwrap();
    let shown = format!("{secret:?} {secret:#?} {connection:?} {:?}", connection.key());
    assert!(!shown.contains("canary"), "{shown}");
    for bad in [
        "",
        "  \t\n",
        "canary\nkey",
        "canary\0",
        "canary\u{7f}",
        "canary\u{1b}[0m",
        "canary\tkey",
        "canary\u{85}key",
    ] {
        let refusal = Secret::new(bad).unwrap_err();
        assert!(!refusal.contains("canar"), "{refusal}");
    }
}

#[test]
fn a_secret_is_hidden_wherever_it_stands_in_a_value() {
    let secret = Secret::new("canary-key").unwrap();
    let mut value = json!({
        "a": "canary-key",
        "b": ["x canary-key canary-key y", { "canary-key": { "c": "canary-key" } }],
        "canary-keys": 1, "d": [null, true, 1.5, ""], "e": "canary key",
    });
    host::hiding::Hiding::of(Some(&secret), &[]).hide(&mut value);
    let hidden = json!({
        "a": "[key]", "b": ["x [key] [key] y", { "[key]": { "c": "[key]" } }],
        "[key]s": 1, "d": [null, true, 1.5, ""], "e": "canary key",
    });
    assert_eq!(value, hidden);
}

async fn stopped(action: &str, mock: &Mock, limits: Limits) -> String {
    let connection = connection(&mock.base_url(), Some(DEFAULT_KEY));
    let outlet = connection.outlet(&CLIENT);
    // A gate that knows of no limit, so that the host's own is what stops.
    let gate = |_| (outlet.gate)(soon());
    let outlet = Outlet { environment: outlet.environment, gate: Box::new(gate) };
    match LOADED.1.call(action, &json!({}), outlet, limits).await {
        Err(CallError::Limit(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_that_uses_too_much_is_stopped_and_others_go_on() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    for fuel in [1, 30_000] {
        let limits = Limits { fuel, ..Limits::default() };
        assert_eq!(stopped("list-contacts", &twochat, limits).await, "used up its fuel");
        caller.call("list-contacts", json!({})).await.unwrap();
    }
    let hook = Hook::replying(200, r#"{"contacts":[]}"#);
    let least = hook.outcome("list-contacts", json!({})).await.memory;
    let limits = Limits { resources: 1, ..Limits::default() };
    assert!(stopped("list-contacts", &twochat, limits).await.contains("resources"));
    for memory in [0, least / 2] {
        let limits = Limits { memory, ..Limits::default() };
        assert!(stopped("list-contacts", &twochat, limits).await.contains("memory"));
    }
    // Enough to begin with, and not enough for the reply.
    let long = json!({ "success": true, "contacts": [], "x": "y".repeat(1_000_000) });
    twochat.answer_with(Reply::json(200, long));
    let limits = Limits { memory: least, ..Limits::default() };
    assert!(stopped("list-contacts", &twochat, limits).await.contains("memory"));
    caller.call("list-contacts", json!({})).await.unwrap();
}

#[tokio::test]
async fn a_guest_that_is_busy_for_ever_is_stopped_in_time_while_others_are_served() {
    let twochat = mock().await;
    let caller = Caller::of(&twochat);
    let begin = Instant::now();
    let spin = |fuel, time| {
        let outlet = Hook::failing(|| Error::HttpRequestDenied).outlet();
        let limits = Limits { fuel, time, ..Limits::default() };
        async move { BUSY.call("spin", &json!({}), outlet, limits).await.unwrap_err() }
    };
    let spinning = async { (spin(u64::MAX, Duration::from_secs(1)).await, begin.elapsed()) };
    let others = async {
        for _ in 0..10 {
            caller.call("list-contacts", json!({})).await.unwrap();
        }
        begin.elapsed()
    };
    // One thread carries all of it.
    let ((error, spun), served) = tokio::join!(spinning, others);
    assert_eq!(error.to_string(), "the component was stopped: it took longer than 1s");
    assert!((1..3).contains(&spun.as_secs()), "{spun:?}");
    assert!(served < spun, "{served:?} {spun:?}");
    let error = spin(1_000_000, MINUTE).await;
    assert_eq!(error.to_string(), "the component was stopped: it used up its fuel");
}

#[tokio::test]
async fn a_server_that_never_answers_is_interrupted_just_before_the_limit() {
    let (hanging, twochat) = (mock_with(&[Fault::Hang]).await, mock().await);
    let limits = Limits { time: Duration::from_millis(2500), ..Limits::default() };
    let mut slow = Caller::of(&hanging);
    slow.limits = limits;
    let caller = Caller::of(&twochat);
    let begin = Instant::now();
    let waiting = async {
        let (read, created) = tokio::join!(
            slow.call("list-contacts", json!({})),
            slow.call("create-contact", new_contact()),
        );
        assert_eq!(policy(&read.unwrap_err()), ("interrupted", "no", "now"));
        assert_eq!(policy(&created.unwrap_err()), ("interrupted", "perhaps", "after-looking"));
        begin.elapsed()
    };
    let others = async {
        caller.call("list-contacts", json!({})).await.unwrap();
        begin.elapsed()
    };
    let (waited, served) = tokio::join!(waiting, others);
    assert!(served < waited, "{served:?} {waited:?}");
    assert!(waited > Duration::from_millis(400) && waited < limits.time, "{waited:?}");
    assert_eq!(hanging.requests().len(), 2);
}

#[tokio::test]
async fn a_gate_that_waits_beyond_the_limit_does_not_hold_the_call() {
    let hanging = mock_with(&[Fault::Hang]).await;
    let begin = Instant::now();
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    assert_eq!(stopped("list-contacts", &hanging, limits).await, "took longer than 1s");
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_reply_that_never_ends_is_cut_off_in_time() {
    let drip = Step::Drip(Bytes::from_static(b" "), Duration::from_millis(50));
    let head = Step::Send(Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n"));
    let server = Raw::replying(vec![head, drip]).await;
    let limits = Limits { time: Duration::from_millis(2500), ..Limits::default() };
    let mut caller = Caller::to(&server.base_url(), None);
    caller.limits = limits;
    let begin = Instant::now();
    let error = caller.call("list-contacts", json!({})).await.unwrap_err();
    assert_eq!(policy(&error), ("interrupted", "no", "now"));
    assert!(begin.elapsed() < limits.time, "{:?}", begin.elapsed());
}
