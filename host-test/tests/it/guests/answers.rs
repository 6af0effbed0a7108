//! Guests that answer with too much, or with what is no answer.

use std::fmt::Write;

use host::engine::{CallError, Connector, Outcome};
use serde_json::{Value, json};

use super::{
    LOW,
    frame::giving,
    run_with,
    server::{Manner, Server},
};
use crate::support::LOADED;

const SIZE: &str =
    "the component was stopped: it asked for more memory or larger tables than it may have";
const OUTSIDE: &str = "out of bounds of memory";
const TOO_MUCH: &str = "more data than is copied for a call";

/// Where a list or text may lie: nothing else does from here on.
const FREE: u32 = 131_072;
const ALL_MEMORY: &str = "(drop (memory.grow (i32.const 1022)))";

/// A guest whose result lies at 256, where `body` puts it.
fn answering(ty: &str, body: &str) -> Connector {
    giving(ty, &format!(r#"(func (export "run") (result i32) {body} (i32.const 256))"#))
}

/// Puts a list or text of so many items there, which begins there.
fn list(at: u32, begin: u32, items: u32) -> String {
    format!(
        "(i32.store (i32.const {at}) (i32.const {begin}))
        (i32.store (i32.const {}) (i32.const {items}))",
        at + 4
    )
}

async fn answer(guest: &Connector) -> Result<Outcome, CallError> {
    let server = Server::start(Manner::Silent).await;
    run_with(guest, &json!({}), &server, LOW).await
}

async fn given(ty: &str, body: &str) -> Value {
    answer(&answering(ty, body)).await.unwrap().result.unwrap()
}

async fn refused(ty: &str, body: &str, why: &str) {
    match answer(&answering(ty, body)).await {
        Err(error) => assert!(error.to_string().contains(why), "{ty}: {error}"),
        Ok(outcome) => panic!("{ty}: {} bytes", outcome.result.unwrap().to_string().len()),
    }
}

/// A list of lists of lists, so many levels deep, with so many items in each,
/// which are all the same one.
fn nested(levels: u32, items: u32) -> (String, String) {
    let ty = format!("{}u8{}", "(list ".repeat(levels as usize), ")".repeat(levels as usize));
    let begin = |level: u32| 4096 + level * items * 8;
    let mut body = list(256, begin(0), items);
    for level in 0..levels - 1 {
        for item in 0..items {
            write!(body, "{}", list(begin(level) + item * 8, begin(level + 1), items)).unwrap();
        }
    }
    (ty, body)
}

#[tokio::test]
async fn a_text_of_a_hundred_megabytes_is_never_made() {
    refused("string", "(drop (memory.grow (i32.const 1600))) (unreachable)", SIZE).await;
    refused("string", &list(256, 0, 100_000_000), OUTSIDE).await;
    let most = given("string", &(ALL_MEMORY.to_owned() + &list(256, FREE, 60_000_000))).await;
    assert_eq!(most.as_str().unwrap().len(), 60_000_000);
}

#[tokio::test]
async fn ten_million_items_are_too_many() {
    let many = |items| ALL_MEMORY.to_owned() + &list(256, FREE, items);
    for ty in ["(list u8)", "(list bool)", "(list (tuple u8 u8))", "(list (option u8))"] {
        refused(ty, &many(10_000_000), TOO_MUCH).await;
    }
    // What is smaller in the guest than in the host counts as in the host.
    refused("(list u8)", &many(3_000_000), TOO_MUCH).await;
    assert_eq!(given("(list u8)", &many(100_000)).await.as_array().unwrap().len(), 100_000);
}

#[tokio::test]
async fn the_same_text_a_thousand_times_is_a_thousand_texts() {
    let fill = format!(
        "{ALL_MEMORY}
        (loop $again
            (i32.store (i32.add (global.get $next) (i32.const 65536)) (i32.const 1000000))
            (i32.store offset=4 (i32.add (global.get $next) (i32.const 65536)) (i32.const 1000000))
            (global.set $next (i32.add (global.get $next) (i32.const 8)))
            (br_if $again (i32.lt_u (global.get $next) (i32.const 73536))))"
    );
    for ty in ["(list string)", "(list (list u8))"] {
        refused(ty, &(fill.clone() + &list(256, FREE, 1000)), TOO_MUCH).await;
    }
    let few = given("(list string)", &(fill + &list(256, FREE, 3))).await;
    assert_eq!(
        few.as_array().unwrap().iter().map(|text| text.as_str().unwrap().len()).sum::<usize>(),
        3_000_000
    );
}

#[tokio::test]
async fn a_nest_is_as_deep_as_its_type_and_no_larger_than_the_memory() {
    let (ty, body) = nested(60, 1);
    let deep = given(&ty, &body).await.to_string();
    assert_eq!(deep, format!("{}0{}", "[".repeat(60), "]".repeat(60)));
    let (ty, body) = nested(40, 2);
    refused(&ty, &body, TOO_MUCH).await;
    let (ty, body) = nested(4, 1000);
    refused(&ty, &body, TOO_MUCH).await;
}

#[tokio::test]
async fn what_is_no_value_is_no_answer() {
    let bytes =
        |byte: u32| format!("(memory.fill (i32.const 1024) (i32.const {byte}) (i32.const 64))");
    for (ty, body, why) in [
        ("string", bytes(255) + &list(256, 1024, 10), "invalid utf-8"),
        ("string", bytes(0xC3) + &list(256, 1024, 1), "utf-8"),
        ("string", list(256, FREE, 1), OUTSIDE),
        ("string", list(256, u32::MAX, 1), OUTSIDE),
        ("string", list(256, 1, u32::MAX), OUTSIDE),
        ("string", list(256, FREE - 1, 2), OUTSIDE),
        ("(list u64)", list(256, 1024, u32::MAX), OUTSIDE),
        ("(list u64)", list(256, 1024, 1 << 29), OUTSIDE),
        ("(list u32)", list(256, 1025, 1), "not aligned"),
        ("(list string)", bytes(255) + &list(256, 1024, 1), OUTSIDE),
        ("(list char)", bytes(255) + &list(256, 1024, 1), "char"),
        ("(option u8)", "(i32.store8 (i32.const 256) (i32.const 2))".to_owned(), "discriminant"),
        (
            "(result u8 (error u8))",
            "(i32.store8 (i32.const 256) (i32.const 9))".to_owned(),
            "discriminant",
        ),
    ] {
        refused(ty, &body, why).await;
    }
    for (at, why) in [(-1, OUTSIDE), (131_072, OUTSIDE), (131_068, OUTSIDE), (257, "not aligned")] {
        let elsewhere = format!(r#"(func (export "run") (result i32) (i32.const {at}))"#);
        let error = answer(&giving("string", &elsewhere)).await.unwrap_err().to_string();
        assert!(error.contains(why) || error.contains("pointer"), "{at}: {error}");
    }
    let surrogate = r#"(func (export "run") (result i32) (i32.const 0xD800))"#;
    let error = answer(&giving("char", surrogate)).await.unwrap_err().to_string();
    assert!(error.contains("char"), "{error}");
}

#[test]
fn a_type_that_is_too_deep_is_not_loaded() {
    let mut types = "(type $0 (list u8))".to_owned();
    for level in 1..2000 {
        write!(types, "(type ${level} (list ${}))", level - 1).unwrap();
    }
    let text = format!(
        r#"(component {types}
            (core module $code (memory (export "memory") 1)
                (func (export "run") (result i32) (i32.const 0)))
            (core instance $code (instantiate $code))
            (alias core export $code "memory" (core memory $memory))
            (func $run (result $1999) (canon lift (core func $code "run") (memory $memory)))
            (instance $actions (export "run" (func $run)))
            (export "x:y/actions" (instance $actions)))"#
    );
    let error = LOADED.0.load(&wat::parse_str(text).unwrap()).err().unwrap().to_string();
    assert!(error.contains("nest"), "{error}");
}
