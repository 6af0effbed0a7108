//! The gate keeps time even for a guest that asks for none: every wait ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use host::{client::Client, gate::Connection};
use http::Request;
use http_body_util::{BodyExt, Empty};
use wasmtime_wasi_http::{Error, RequestOptions};

use crate::support::{
    raw::{Raw, Step},
    twochat,
};

/// How an exchange with a server that does these steps ends, for a guest with
/// these options, in a call of this length, that reads after a pause.
async fn ending(steps: Vec<Step>, options: RequestOptions, call: Duration, pause: u64) -> Error {
    let server = Raw::replying(steps).await;
    let connection = Arc::new(Connection::new(&twochat(), &server.base_url(), None).unwrap());
    let client = Client::new(&[]).unwrap();
    let mut gate = (connection.outlet(&client).gate)(tokio::time::Instant::now() + call);
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::builder().uri(format!("{}/info", server.base_url())).body(body).unwrap();
    let sent = gate.send_request(request, Some(options), Box::new(async { Ok(()) }));
    let mut body = match Box::into_pin(sent).await {
        Err(error) => return error,
        Ok((response, _)) => response.into_body(),
    };
    tokio::time::sleep(Duration::from_millis(pause)).await;
    loop {
        match body.frame().await {
            Some(Err(error)) => return error,
            Some(Ok(_)) => {}
            None => panic!("the reply came to its end"),
        }
    }
}

#[tokio::test]
async fn every_wait_for_a_server_ends() {
    let head = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n{");
    let head = Step::Send(head);
    let flood = Step::Repeat(160, " ".repeat(50_000).into());
    let short = Some(Duration::from_millis(100));
    let none = RequestOptions::default();
    let minute = Duration::from_secs(60);
    for (steps, options, call, pause) in [
        (vec![Step::Hang], RequestOptions { first_byte_timeout: short, ..none }, minute, 0),
        (
            vec![head.clone(), Step::Hang],
            RequestOptions { between_bytes_timeout: short, ..none },
            minute,
            0,
        ),
        (vec![Step::Hang], none, Duration::from_millis(400), 0),
        // The reply is there in time, and the guest is not.
        (vec![head, flood], none, Duration::from_millis(400), 500),
    ] {
        let begun = Instant::now();
        let error = ending(steps, options, call, pause).await;
        assert!(matches!(error, Error::HttpResponseTimeout), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
