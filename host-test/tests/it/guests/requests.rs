//! Guests that ask too much of a server, or keep what they were given.

use std::time::Duration;

use host::engine::{CallError, Connector, Limits};
use serde_json::json;

use super::{
    LOW, TIMED,
    frame::guest,
    run,
    server::{Manner, Server},
};

/// What one call may send.
const PER_CALL: usize = 8;
const DENIED: u32 = 1015;
const TIMED_OUT: u32 = 1033;
const RESOURCES: &str = "the component was stopped: it held more resources than it may";
const MEMORY: &str =
    "the component was stopped: it asked for more memory or larger tables than it may have";

fn asking(body: &str) -> Connector {
    guest(&format!(
        r#"(func (export "run") (param $to i32) (param $length i32) (result i32)
            (local $n i32) (local $reply i32) (local $response i32) (local $input i32)
            (local $request i32) (local $out i32) (local $output i32) (local $mark i32)
            {body})"#
    ))
}

async fn limit(body: &str, server: &Server, limits: Limits) -> String {
    let error = run(&asking(body), server, limits).await.unwrap_err();
    assert!(matches!(error, CallError::Limit(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn of_a_thousand_requests_at_once_few_leave_and_none_goes_on() {
    let server = Server::start(Manner::Silent).await;
    let greedy = "(loop $again
            (drop (call $send (call $get (local.get $to) (local.get $length))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
        (call $wait (call $send (call $get (local.get $to) (local.get $length))))";
    assert_eq!(limit(greedy, &server, LOW).await, RESOURCES);
    assert!(server.requests() <= PER_CALL, "{}", server.requests());

    // Within the limit of what it may hold, so that all have time to leave.
    let outcome = run(&asking(&greedy.replace("1000", "40")), &server, LOW).await.unwrap();
    assert_eq!(outcome.result.unwrap(), DENIED);
    assert_eq!(outcome.resources_left, 40);
    assert!(server.requests() <= 2 * PER_CALL, "{}", server.requests());
}

#[tokio::test]
async fn requests_one_after_the_other_end_at_their_number() {
    let server = Server::replying("", "{}").await;
    let denied_for_ever = "(loop $again
            (local.set $n (call $wait (call $send (call $get (local.get $to) (local.get $length)))))
            (if (i32.lt_u (local.get $n) (i32.const 1000))
                (then (call $drop-response (local.get $n))))
            (br $again))
        (unreachable)";
    assert_eq!(
        limit(denied_for_ever, &server, TIMED).await,
        "the component was stopped: it took longer than 1s"
    );
    assert_eq!(server.requests(), PER_CALL);
    let error = limit(denied_for_ever, &server, Limits { fuel: 10_000, ..LOW }).await;
    assert_eq!(error, "the component was stopped: it used up its fuel");
    assert_eq!(server.requests(), 2 * PER_CALL);
}

const GET: &str = "(local.set $response (call $wait
    (call $send (call $get (local.get $to) (local.get $length)))))";

#[tokio::test]
async fn a_body_that_is_not_read_is_not_sent_for_long() {
    let server = Server::start(Manner::Endless).await;
    let lazy = format!("{GET} (drop (call $body (local.get $response))) (i32.const 3)");
    let outcome = run(&asking(&lazy), &server, LOW).await.unwrap();
    assert_eq!((outcome.result.unwrap(), outcome.resources_left), (json!(3), 3));
    // Nor while the guest is at it.
    let busy = lazy.replace("(i32.const 3)", "(loop $again (br $again)) (i32.const 3)");
    let error = limit(&busy, &server, TIMED).await;
    assert_eq!(error, "the component was stopped: it took longer than 1s");
}

fn reading(bytes: u32, mark: &str) -> String {
    format!(
        "{GET}
        (local.set $input (call $body (local.get $response)))
        (local.set $mark (global.get $next))
        (block $end (loop $again
            {mark}
            (call $read (local.get $input) (i64.const {bytes}) (i32.const 256))
            (br_if $end (i32.load8_u (i32.const 256)))
            (local.set $n (i32.add (local.get $n) (i32.load (i32.const 264))))
            (br $again)))
        (local.get $n)"
    )
}

const REUSING: &str = "(global.set $next (local.get $mark))";

#[tokio::test]
async fn a_body_read_byte_by_byte_takes_no_longer_than_it_may() {
    let server = Server::start(Manner::Endless).await;
    let outcome = run(&asking(&reading(1, REUSING)), &server, TIMED).await.unwrap();
    assert!(outcome.result.unwrap().as_u64() > Some(100));
    let deaf = reading(1, REUSING).replace("(br_if $end (i32.load8_u (i32.const 256)))", "");
    let error = limit(&deaf, &server, Limits { resources: 1_000_000, ..TIMED }).await;
    assert_eq!(error, "the component was stopped: it took longer than 1s");
}

#[tokio::test]
async fn a_body_without_end_has_one_for_the_guest() {
    let server = Server::start(Manner::Endless).await;
    let patient = Limits { time: Duration::from_secs(20), ..LOW };
    let outcome = run(&asking(&reading(1 << 20, REUSING)), &server, patient).await.unwrap();
    let read = outcome.result.unwrap().as_u64().unwrap();
    assert!((7 << 20..=8 << 20).contains(&read), "{read}");
    let little = Limits { memory: 4 << 20, ..LOW };
    assert_eq!(limit(&reading(1 << 20, ""), &server, little).await, MEMORY);
}

#[tokio::test]
async fn what_is_never_dropped_is_reported_or_refused() {
    let server = Server::start(Manner::Silent).await;
    let making = |count: u32| {
        format!(
            "(loop $again
                (drop (call $new-fields))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const {count}))))
            (local.get $n)"
        )
    };
    let outcome = run(&asking(&making(60)), &server, LOW).await.unwrap();
    assert_eq!(outcome.resources_left, 60);
    assert_eq!(limit(&making(70), &server, LOW).await, RESOURCES);
    assert_eq!(server.bytes(), 0);
}

#[tokio::test]
async fn a_handle_of_nothing_of_something_else_or_used_twice_is_a_trap() {
    let server = Server::start(Manner::Silent).await;
    let request = "(local.set $request (call $get (local.get $to) (local.get $length)))";
    for (body, why) in [
        (
            "(local.set $n (call $new-fields)) (call $drop-fields (local.get $n))
            (call $drop-fields (local.get $n))"
                .to_owned(),
            "unknown handle index",
        ),
        ("(call $drop-reply (i32.const 12345))".to_owned(), "unknown handle index"),
        ("(call $drop-reply (i32.const 0))".to_owned(), "unknown handle index"),
        ("(call $block (i32.const -1))".to_owned(), "unknown handle index"),
        (
            "(drop (call $new-request (call $new-fields))) (call $drop-reply (i32.const 1))"
                .to_owned(),
            "used with the wrong type",
        ),
        ("(drop (call $send (call $new-fields)))".to_owned(), "used with the wrong type"),
        (
            format!(
                "{request} (drop (call $send (local.get $request)))
            (drop (call $send (local.get $request)))"
            ),
            "handle",
        ),
        (
            format!(
                "{request} (drop (call $send (local.get $request)))
            (call $drop-request (local.get $request))"
            ),
            "handle",
        ),
        (
            format!(
                "{request} (call $out (local.get $request) (i32.const 256))
            (call $drop-request (local.get $request))
            (call $output (i32.load (i32.const 260)) (i32.const 256))
            (call $drop-out (i32.load (i32.const 260)))"
            ),
            "handle",
        ),
    ] {
        let error = run(&asking(&(body.clone() + "(i32.const 0)")), &server, LOW).await;
        match error {
            Err(CallError::Trap(error)) => assert!(error.contains(why), "{body}: {error}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_guest_that_waits_for_ever_is_told_so_and_then_ended() {
    let server = Server::start(Manner::Silent).await;
    let waiting = format!("{GET} (local.get $response)");
    let outcome = run(&asking(&waiting), &server, LOW).await.unwrap();
    assert_eq!((outcome.result.unwrap(), outcome.resources_left), (json!(TIMED_OUT), 0));

    // One that polls very much of the same, again and again.
    let polling = "(local.set $reply (call $send (call $get (local.get $to) (local.get $length))))
        (local.set $n (call $subscribe (local.get $reply)))
        (drop (memory.grow (i32.const 16)))
        (local.set $mark (i32.const 131072))
        (loop $fill
            (i32.store (local.get $mark) (local.get $n))
            (local.set $mark (i32.add (local.get $mark) (i32.const 4)))
            (br_if $fill (i32.lt_u (local.get $mark) (i32.const 331072))))
        (loop $again
            (global.set $next (i32.const 600000))
            (call $poll (i32.const 131072) (i32.const 50000) (i32.const 256))
            (br $again))
        (unreachable)";
    let error = limit(polling, &server, TIMED).await;
    assert_eq!(error, "the component was stopped: it took longer than 1s");
}

/// Posts a body without end, in pieces of so many bytes, after as much work.
fn writing(bytes: u32, work: u32) -> String {
    format!(
        "(local.set $request (call $get (local.get $to) (local.get $length)))
        (drop (call $set-method (local.get $request) (i32.const 2) (i32.const 0) (i32.const 0)))
        (call $out (local.get $request) (i32.const 256))
        (local.set $out (i32.load (i32.const 260)))
        (call $output (local.get $out) (i32.const 256))
        (local.set $output (i32.load (i32.const 260)))
        (local.set $reply (call $send (local.get $request)))
        (loop $again
            (local.set $n (i32.const 0))
            (loop $work
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $work (i32.lt_u (local.get $n) (i32.const {work}))))
            (call $write (local.get $output) (i32.const 65536) (i32.const {bytes}) (i32.const 256))
            (br $again))
        (unreachable)"
    )
}

#[tokio::test]
async fn a_request_without_end_is_ended() {
    for (bytes, work) in [(4096, 0), (1, 0), (1, 3_000_000)] {
        let server = Server::start(Manner::Silent).await;
        let error = limit(&writing(bytes, work), &server, TIMED).await;
        assert_eq!(error, "the component was stopped: it took longer than 1s");
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn what_a_request_holds_is_bounded() {
    let server = Server::start(Manner::Silent).await;
    // 40 MB of `A`, as a method and as an authority.
    let hoarding = "(drop (memory.grow (i32.const 700)))
        (memory.fill (i32.const 131072) (i32.const 65) (i32.const 40000000))
        (local.set $request (call $new-request (call $new-fields)))
        (i32.add
            (i32.mul (i32.const 2) (call $set-method (local.get $request) (i32.const 9)
                (i32.const 131072) (i32.const 40000000)))
            (call $set-authority (local.get $request) (i32.const 1)
                (i32.const 131072) (i32.const 40000000)))";
    let outcome = run(&asking(hoarding), &server, LOW).await.unwrap();
    assert_eq!(outcome.result.unwrap(), 3);
}
