//! HTTPS over a real socket: a certificate that fits lets the call through with
//! the key that was injected; anything else, and nothing is sent as HTTP.

use std::time::{Duration, Instant};

use host::{client::Client, engine::Limits};
use mock::{Mock, Options};
use rustls::pki_types::CertificateDer;
use serde_json::json;

use crate::support::{
    Caller,
    authority::Authority,
    new_contact, policy,
    raw::{Raw, Step},
};

const KEY: &str = "Key-0123456789abcdef-ABCDEF";

/// A reply that fits `list-contacts` and `create-contact`.
fn reply() -> Vec<Step> {
    let body = r#"{"success":true,"contacts":[],"contact":{"uuid":"CON1"}}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![Step::Send((head + body).into())]
}

fn caller(server: &Raw, trusted: &[CertificateDer<'static>]) -> Caller {
    let base_url = format!("https://localhost:{}/open", server.port());
    Caller::to(&base_url, Some(KEY)).trusting(Client::new(trusted).unwrap())
}

const UNREACHABLE: (&str, &str, &str) = ("unreachable", "no", "now");

/// A creation and a reading call that never got through.
async fn prove_unsent(name: &str, caller: &Caller, expected: (&str, &str, &str)) {
    for (action, arguments) in [("create-contact", new_contact()), ("list-contacts", json!({}))] {
        let error = caller.call(action, arguments).await.expect_err(name);
        assert_eq!(policy(&error), expected, "{name}: {error}");
        assert_eq!(error.get("status"), None, "{name}: {error}");
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_is_given_up() {
    let server = Raw::deaf(vec![Step::Hang]).await;
    let caller = caller(&server, &[]);
    let (begun, error) = (Instant::now(), caller.call("create-contact", new_contact()).await);
    let error = error.unwrap_err();
    assert_eq!(policy(&error), ("unreachable", "no", "now"), "{error}");
    assert!(
        error["message"].as_str().unwrap().contains("no connection to its address came about"),
        "{error}"
    );
    let took = begun.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(15)).contains(&took), "{took:?}");
    assert!(took < Limits::default().time);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_trusted_certificate_lets_the_call_through_with_the_exact_key() {
    let authority = Authority::new();
    let server = Raw::over_tls(authority.acceptor("localhost", 2040), reply()).await;
    let caller = caller(&server, &[authority.certificate()]);
    let page = caller.call("list-contacts", json!({})).await.unwrap();
    assert_eq!(page["contacts"], json!([]));
    let contact = caller.call("create-contact", new_contact()).await.unwrap();
    assert_eq!(contact["uuid"], "CON1");

    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        let keys: Vec<_> = request
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| name.eq_ignore_ascii_case("x-user-api-key"))
            .collect();
        assert_eq!(keys.len(), 1, "{request}");
        assert_eq!(keys[0].1, KEY);
        let host = format!("localhost:{}", server.port());
        assert!(request.to_lowercase().contains(&format!("\r\nhost: {host}\r\n")), "{request}");
    }
    assert!(requests[0].starts_with("GET /open/contacts?"), "{}", requests[0]);
    assert!(requests[1].starts_with("POST /open/contacts HTTP/1.1"), "{}", requests[1]);
    assert!(requests[1].ends_with('}'), "{}", requests[1]);
    assert_eq!(server.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_not_asked_again_and_nothing_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (name, acceptor, trusted) in [
        ("nobody trusted", authority.acceptor("localhost", 2040), vec![]),
        ("another trusted", authority.acceptor("localhost", 2040), vec![stranger.certificate()]),
        ("another name", authority.acceptor("127.0.0.1", 2040), vec![authority.certificate()]),
        (
            "a vendor's name",
            authority.acceptor("api.p.2chat.io", 2040),
            vec![authority.certificate()],
        ),
        ("expired", authority.acceptor("localhost", 2021), vec![authority.certificate()]),
    ] {
        let server = Raw::over_tls(acceptor, reply()).await;
        let caller = caller(&server, &trusted);
        prove_unsent(name, &caller, ("denied-by-host", "no", "never")).await;
        assert_eq!((server.connections(), server.requests().len()), (2, 0), "{name}");
        let error = caller.call("test-api-key", json!({})).await.unwrap_err();
        assert!(error["message"].as_str().unwrap().contains("certificate"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_means_unreachable() {
    let mock = Mock::start(Options::default()).await.unwrap();
    let base_url = mock.base_url().replacen("http:", "https:", 1);
    prove_unsent("plain HTTP", &Caller::to(&base_url, Some(KEY)), UNREACHABLE).await;
    assert_eq!(mock.requests().len(), 0);

    for (name, steps) in [
        ("closes at once", vec![Step::Close]),
        ("closes after the greeting", vec![Step::Read, Step::Close]),
        ("resets after the greeting", vec![Step::Read, Step::Reset]),
        ("garbage", vec![Step::Read, Step::Send("220 ready\r\n".into()), Step::Close]),
        (
            "half a record",
            vec![Step::Read, Step::Send("\x16\x03\x03\0\x7a\x02".into()), Step::Close],
        ),
        (
            "an alert",
            vec![Step::Read, Step::Send("\x15\x03\x03\0\x02\x02\x28".into()), Step::Close],
        ),
    ] {
        let server = Raw::deaf(steps).await;
        prove_unsent(name, &caller(&server, &[]), UNREACHABLE).await;
        assert_eq!(server.connections(), 2, "{name}: each call connects exactly once");
    }
}
