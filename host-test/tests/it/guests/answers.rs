//! Guests that answer with too much, or with what is no answer.

use std::time::{Duration, Instant};

use host_test::engine::{CallError, Limits, LoadError, Outcome};
use serde_json::json;

use super::{
    LOW,
    frame::{Guest, giving},
    run_with,
    server::{Manner, Server},
    stopped,
};
use crate::support::LOADED;

const SIZE: &str =
    "the component was stopped: it asked for more memory or larger tables than it may have";
const TOO_MUCH: &str = "the component trapped: too much data";

/// The result lies at 256: what `body` puts there.
fn answering(ty: &str, body: &str) -> host_test::engine::Connector {
    giving(ty, &format!(r#"(func (export "run") (result i32) {body} (i32.const 256))"#))
}

/// A text or list of so many items that begins there.
fn at(pointer: i64, items: i64) -> String {
    format!(
        "(i32.store (i32.const 256) (i32.const {pointer}))
        (i32.store (i32.const 260) (i32.const {items}))"
    )
}

const MOST: &str = "(drop (memory.grow (i32.const 1022)))";

async fn answer(
    guest: &host_test::engine::Connector,
    limits: Limits,
) -> Result<Outcome, CallError> {
    let server = Server::start(Manner::Silent).await;
    run_with(guest, &json!({}), &server, limits).await
}

async fn trap(guest: &host_test::engine::Connector) -> String {
    match answer(guest, LOW).await {
        Err(CallError::Trap(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_text_is_no_longer_than_the_memory() {
    let begun = Instant::now();
    let most = answering("string", &(MOST.to_owned() + &at(0, 60_000_000)));
    let r = answer(&most, LOW).await;
    println!(
        "60 MB string {:?} {:?}",
        r.map(|o| o.result.unwrap().as_str().unwrap().len()),
        begun.elapsed()
    );
    println!("{}", trap(&answering("string", &at(0, 100_000_000))).await);
    let begun = Instant::now();
    println!(
        "{}",
        stopped(&answering("(list u8)", &(MOST.to_owned() + &at(0, 10_000_000))), LOW).await
    );
    println!("10M {:?}", begun.elapsed());
    let begun = Instant::now();
    let r = answer(&answering("(list u8)", &(MOST.to_owned() + &at(0, 3_000_000))), LOW).await;
    println!(
        "3M {:?}: {:?}",
        r.map(|o| o.result.unwrap().as_array().unwrap().len()),
        begun.elapsed()
    );
    let _ = (SIZE, TOO_MUCH, Duration::ZERO, &LOADED.0);
    let _: Option<(LoadError, Guest)> = None;
}
