//! Which headers of a guest leave?

use http::Request;
use http_body_util::{BodyExt, Empty};
use mock::DEFAULT_KEY;
use wasmtime_wasi_http::Error;

use super::{connection, gate_of};
use crate::support::mock;

#[tokio::test]
async fn only_headers_of_the_list_leave() {
    let twochat = mock().await;
    let allowed = connection(&twochat.base_url(), Some(DEFAULT_KEY));
    let ask = async |name: &str| {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let url = format!("{}/contacts", twochat.base_url());
        let request = Request::builder().uri(url).header(name, "1").body(body).unwrap();
        let rest = Box::new(async { Ok(()) });
        Box::into_pin(gate_of(&allowed).send_request(request, None, rest)).await.map(drop)
    };
    for name in [
        "x-http-method-override",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-host",
        "forwarded",
        "transfer_encoding",
        "x.user.api.key",
        "authorization",
        "cookie",
        "range-unit",
    ] {
        assert!(matches!(ask(name).await, Err(Error::HttpRequestDenied)), "{name}");
    }
    assert_eq!(twochat.requests(), []);
    for name in ["accept", "user-agent", "if-none-match", "idempotency-key"] {
        ask(name).await.unwrap();
    }
}
