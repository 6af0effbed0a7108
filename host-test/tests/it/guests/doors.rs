//! Guests that try every door but the one that is open, and look for the key.

use std::collections::BTreeMap;

use host::engine::{CallError, Connector};
use serde_json::{Value, json};

use super::{
    CLIENT, KEY, LOW,
    frame::{Guest, guest},
    run,
    server::Server,
};
use crate::support::{
    Caller,
    raw::{Raw, Step},
};

const DENIED: u64 = 1015;
const NO_URL: u64 = 1019;
const NO_PROTOCOL: u64 = 1035;
const NO_SYNTAX: u64 = 2000;
const FORBIDDEN: u64 = 2001;
const TOO_BIG: &str = "total size of fields exceeds limit";
const NOT_SET: [u64; 4] = [3001, 3002, 3003, 3004];

/// The number of a method or scheme that is a word of its own.
const OTHER_METHOD: u32 = 9;
const OTHER_SCHEME: u32 = 2;

/// Asks as it is told. Gives the status of the reply, 1000 and the number of
/// the error, 2000 and what is wrong with the header, or 3000 and which part of
/// the request was not taken.
fn asking() -> Connector {
    let types = r#"(param "method" u32) (param "word" string)
        (param "scheme" u32) (param "other" string) (param "authority" string)
        (param "path" string) (param "header" string) (param "value" string) (result u32)"#;
    let content = r#"(func (export "run")
        (param $method i32) (param $word i32) (param $word-length i32)
        (param $scheme i32) (param $other i32) (param $other-length i32)
        (param $authority i32) (param $authority-length i32)
        (param $path i32) (param $path-length i32)
        (param $header i32) (param $header-length i32)
        (param $value i32) (param $value-length i32) (result i32)
        (local $fields i32) (local $request i32)
        (local.set $fields (call $new-fields))
        (if (local.get $header-length) (then
            (call $append (local.get $fields) (local.get $header) (local.get $header-length)
                (local.get $value) (local.get $value-length) (i32.const 256))
            (if (i32.load8_u (i32.const 256))
                (then (return (i32.add (i32.const 2000) (i32.load8_u (i32.const 257))))))))
        (local.set $request (call $new-request (local.get $fields)))
        (if (call $set-method (local.get $request) (local.get $method)
            (local.get $word) (local.get $word-length)) (then (return (i32.const 3001))))
        (if (call $set-scheme (local.get $request) (i32.const 1) (local.get $scheme)
            (local.get $other) (local.get $other-length)) (then (return (i32.const 3002))))
        (if (call $set-authority (local.get $request) (i32.const 1)
            (local.get $authority) (local.get $authority-length))
            (then (return (i32.const 3003))))
        (if (call $set-path (local.get $request) (i32.const 1)
            (local.get $path) (local.get $path-length)) (then (return (i32.const 3004))))
        (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 256))
        (if (i32.load8_u (i32.const 256))
            (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 264))))))
        (local.set $request (call $wait (i32.load (i32.const 264))))
        (if (i32.ge_u (local.get $request) (i32.const 1000)) (then (return (local.get $request))))
        (call $status (local.get $request)))"#;
    Guest { types, content }.load()
}

/// Guests that ask, each in its own way, of one server.
struct Doors {
    server: Server,
    guest: Connector,
    caller: Caller,
}

impl Doors {
    async fn new() -> Self {
        let server = Server::replying("", "{}").await;
        let caller = Caller::to(&server.base_url(), Some(KEY)).trusting(CLIENT.clone());
        Self { server, guest: asking(), caller }
    }

    /// Asks for what is allowed, but for what is changed.
    async fn try_ask(&self, change: Value) -> Result<u64, CallError> {
        let mut arguments = json!({
            "method": 0, "word": "", "scheme": 0, "other": "", "header": "", "value": "",
            "authority": self.server.authority(), "path": "/open/contacts",
        });
        for (name, value) in change.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        let outlet = self.caller.connection.outlet(&CLIENT);
        let outcome = self.guest.call("run", &arguments, outlet, LOW).await?;
        Ok(outcome.result.unwrap().as_u64().unwrap())
    }

    async fn ask(&self, change: Value) -> u64 {
        self.try_ask(change).await.unwrap()
    }

    /// Proves that nothing came through, and that the right door is open.
    async fn hold(self) {
        self.server.is_left_alone().await;
        assert_eq!(self.server.bytes(), 0);
        assert_eq!(self.ask(json!({})).await, 200);
        assert_eq!(self.server.requests(), 1);
    }
}

#[tokio::test]
async fn no_method_but_those_of_the_connection_leaves() {
    let doors = Doors::new().await;
    for method in [1, 5, 6, 7] {
        assert_eq!(doors.ask(json!({ "method": method })).await, DENIED, "{method}");
    }
    for word in ["HEAD", "CONNECT", "get", "PURGE", "GETT"] {
        let asked = json!({ "method": OTHER_METHOD, "word": word });
        assert_eq!(doors.ask(asked).await, DENIED, "{word}");
    }
    for word in ["", "GET /", "GET\r\n", "G\0T", &"A".repeat(2000)] {
        let asked = json!({ "method": OTHER_METHOD, "word": word });
        assert_eq!(doors.ask(asked).await, NOT_SET[0], "{word}");
    }
    doors.hold().await;
}

#[tokio::test]
async fn no_other_server_is_reached() {
    let doors = Doors::new().await;
    let here = doors.server.authority();
    let port = here.rsplit(':').next().unwrap();
    for authority in [
        "127.0.0.1:1".to_owned(),
        "127.0.0.1".to_owned(),
        format!("127.0.0.2:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("0.0.0.0:{port}"),
        format!("2130706433:{port}"),
        format!("127.1:{port}"),
        format!("0x7f.1:{port}"),
        format!("user@{here}"),
        format!("user:word@{here}"),
        format!("@{here}"),
        format!("{here}@example.com"),
        format!("example.com@{here}"),
        "169.254.169.254".to_owned(),
        "example.com".to_owned(),
    ] {
        let code = doors.ask(json!({ "authority": authority })).await;
        assert!([DENIED, NO_URL, NOT_SET[2]].contains(&code), "{authority}: {code}");
    }
    for authority in [
        String::new(),
        format!("{here}/x"),
        format!("{here} "),
        format!("{here}\r\nx: y"),
        format!("{here}#"),
        format!("{here}\\x"),
        "a".repeat(2000),
    ] {
        let code = doors.ask(json!({ "authority": authority })).await;
        assert!([NO_URL, NO_PROTOCOL, NOT_SET[2]].contains(&code), "{authority}: {code}");
    }
    assert_eq!(doors.ask(json!({ "scheme": 1 })).await, DENIED);
    for other in ["ftp", "file", "ws", "data", "http+unix", "", "h t", &"a".repeat(2000)] {
        let code = doors.ask(json!({ "scheme": OTHER_SCHEME, "other": other })).await;
        assert!([NO_PROTOCOL, NOT_SET[1]].contains(&code), "{other}: {code}");
    }
    doors.hold().await;
}

#[tokio::test]
async fn no_path_outside_the_base_url_leaves() {
    let doors = Doors::new().await;
    for path in [
        "",
        "/",
        "/open",
        "/openx",
        "/admin",
        "//open/contacts",
        "/open/../admin",
        "/open/..",
        "/open/%2e%2e/admin",
        "/open/..%2fadmin",
        "/OPEN/contacts",
        "?x=/open/",
        "/open/.",
        "/open\\..\\admin",
    ] {
        assert_eq!(doors.ask(json!({ "path": path })).await, DENIED, "{path}");
    }
    let long = "/open/".to_owned() + &"a".repeat(10_000_000);
    for path in [
        "open/contacts",
        "http://example.com/open/contacts",
        "/open/contacts HTTP/1.1\r\nx: y",
        "/open/a b",
        "/open/\0",
        &long,
    ] {
        let code = doors.ask(json!({ "path": path })).await;
        assert!([DENIED, NO_URL, NOT_SET[3]].contains(&code), "{:.60}: {code}", path);
    }
    doors.hold().await;
}

#[tokio::test]
async fn no_header_of_the_host_is_the_guests_to_set() {
    let doors = Doors::new().await;
    for name in [
        "X-User-API-Key",
        "x-user-api-KEY",
        "x-user-api-key",
        "X-USER-API-KEY",
        "host",
        "Host",
        "Connection",
        "keep-alive",
        "Proxy-Authorization",
        "proxy-authenticate",
        "Proxy-Connection",
        "Transfer-Encoding",
        "Upgrade",
        "HTTP2-Settings",
        "x_user_api_key",
        "X-User_Api-Key",
        "TE",
        "Trailer",
        "Expect",
    ] {
        let code = doors.ask(json!({ "header": name, "value": "of-the-guest" })).await;
        assert_eq!(code, FORBIDDEN, "{name}");
    }
    for (name, value) in [
        ("x", "a\r\nhost: elsewhere"),
        ("x", "a\n"),
        ("x", "\r"),
        ("x", "a\0"),
        ("x y", ""),
        ("x:", ""),
        ("x-user-api-key ", "of-the-guest"),
        (" x-user-api-key", "of-the-guest"),
        ("x\r\nx-user-api-key", "of-the-guest"),
        ("ｘ-user-api-key", "of-the-guest"),
        ("content-length", "-1"),
        ("content-length", "+1"),
        ("content-length", "1, 2"),
    ] {
        let code = doors.ask(json!({ "header": name, "value": value })).await;
        assert_eq!(code, NO_SYNTAX, "{name:?}: {value:?}");
    }
    let code = doors.ask(json!({ "header": "content-length", "value": "5" })).await;
    assert!((1000..2000).contains(&code), "{code}");
    doors.hold().await;
}

#[tokio::test]
async fn headers_are_neither_long_nor_many() {
    let doors = Doors::new().await;
    for length in [200_000, 10_000_000] {
        let long = doors.try_ask(json!({ "header": "x", "value": "y".repeat(length) })).await;
        assert!(matches!(&long, Err(CallError::Trap(why)) if why == TOO_BIG), "{long:?}");
        let long = doors.ask(json!({ "header": "x".repeat(length), "value": "y" })).await;
        assert_eq!(long, NO_SYNTAX);
    }
    doors.hold().await;

    // A hundred thousand of the same name, and of a name each.
    for letters in [1, 26] {
        let write = |place: u32, divisor: u32| {
            format!(
                "(i32.store8 (i32.const {}) (i32.add (i32.const 97) (i32.rem_u
                    (i32.div_u (local.get $n) (i32.const {divisor})) (i32.const {letters}))))",
                1024 + place
            )
        };
        let many = guest(&format!(
            r#"(func (export "run") (param i32 i32) (result i32)
                (local $fields i32) (local $n i32)
                (local.set $fields (call $new-fields))
                (loop $again
                    {} {} {} {}
                    (call $append (local.get $fields) (i32.const 1024) (i32.const 4)
                        (i32.const 1024) (i32.const 1) (i32.const 256))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $n) (i32.const 100000))))
                (local.get $n))"#,
            write(0, 1),
            write(1, 26),
            write(2, 26 * 26),
            write(3, 26 * 26 * 26),
        ));
        let server = Server::replying("", "{}").await;
        let error = run(&many, &server, LOW).await.unwrap_err();
        assert!(matches!(&error, CallError::Trap(why) if why == TOO_BIG), "{error}");
        assert_eq!(server.bytes(), 0);
    }
}

/// Gives the headers of its own request before (0) or after (1) it was sent, or
/// those of the reply (2).
fn spy() -> Connector {
    let types = r#"(param "to" string) (param "which" u32)
        (result (list (tuple string (list u8))))"#;
    let content = r#"(func (export "run") (param i32 i32 i32) (result i32)
        (local $request i32) (local $headers i32)
        (local.set $request (call $get (local.get 0) (local.get 1)))
        (local.set $headers (call $headers (local.get $request)))
        (if (local.get 2)
            (then (local.set $request (call $wait (call $send (local.get $request))))))
        (if (i32.eq (local.get 2) (i32.const 2))
            (then (local.set $headers (call $reply-headers (local.get $request)))))
        (call $entries (local.get $headers) (i32.const 256))
        (i32.const 256))"#;
    Guest { types, content }.load()
}

/// Gives the body of a reply.
fn reader() -> Connector {
    let content = r#"(func (export "run") (param i32 i32) (result i32)
        (call $read (call $body (call $wait (call $send (call $get (local.get 0) (local.get 1)))))
            (i64.const 1000) (i32.const 256))
        (i32.const 260))"#;
    Guest { types: r#"(param "to" string) (result string)"#, content }.load()
}

#[tokio::test]
async fn the_key_is_not_in_what_a_guest_holds_even_where_the_server_repeats_it() {
    let headers = format!("X-User-API-Key: {KEY}\r\nx-echo: {KEY}\r\n");
    let length = KEY.len();
    let reply = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n{KEY}");
    let raw = Raw::replying(vec![Step::Send(reply.into())]).await;
    let caller = Caller::to(&raw.base_url(), Some(KEY));
    let to = format!("127.0.0.1:{}", raw.port());
    let spy = spy();
    let mut seen = Vec::new();
    for which in 0..3 {
        let outlet = caller.connection.outlet(&CLIENT);
        let arguments = json!({ "to": to, "which": which });
        let outcome = spy.call("run", &arguments, outlet, LOW).await.unwrap();
        let headers: Vec<(String, Vec<u8>)> =
            serde_json::from_value(outcome.result.unwrap()).unwrap();
        let text = |(name, value)| (name, String::from_utf8(value).unwrap());
        seen.push(headers.into_iter().map(text).collect::<BTreeMap<_, _>>());
    }
    assert_eq!((seen[0].len(), seen[1].len()), (0, 0), "{seen:?}");
    assert!(!seen[2].contains_key("x-user-api-key"), "{seen:?}");
    for request in raw.requests() {
        assert!(request.to_lowercase().contains(&format!("x-user-api-key: {KEY}")), "{request}");
    }

    let hidden = "*".repeat(KEY.len());
    assert_eq!(seen[2]["x-echo"], hidden);
    let outlet = caller.connection.outlet(&CLIENT);
    let outcome = reader().call("run", &json!({ "to": to }), outlet, LOW).await.unwrap();
    assert_eq!(outcome.result.unwrap(), hidden);
}
