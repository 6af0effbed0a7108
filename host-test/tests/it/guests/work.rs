//! Guests that work, call themselves or grow without end.

use host::engine::Limits;

use super::{
    LOW, TIMED,
    frame::guest,
    run,
    server::{Manner, Server},
    stopped,
};
use crate::support::LOADED;

const FUEL: &str = "the component was stopped: it used up its fuel";
const TIME: &str = "the component was stopped: it took longer than 1s";
const SIZE: &str =
    "the component was stopped: it asked for more memory or larger tables than it may have";

fn running(body: &str) -> String {
    format!(r#"(func (export "run") (param i32 i32) (result i32) {body})"#)
}

#[tokio::test]
async fn a_guest_that_loops_for_ever_uses_up_its_fuel_or_its_time() {
    let endless = guest(&running("(loop $again (br $again)) (unreachable)"));
    assert_eq!(stopped(&endless, LOW).await, FUEL);
    assert_eq!(stopped(&endless, TIMED).await, TIME);
}

#[tokio::test]
async fn a_guest_that_never_comes_to_its_beginning_is_stopped_as_well() {
    let start = "(func $start (loop $again (br $again))) (start $start)";
    let endless = guest(&(start.to_owned() + &running("(i32.const 0)")));
    assert_eq!(stopped(&endless, LOW).await, FUEL);
    assert_eq!(stopped(&endless, TIMED).await, TIME);
}

#[tokio::test]
async fn a_guest_of_few_long_steps_is_stopped_in_time() {
    // To fill 60 MB is one instruction.
    let long = guest(&running(
        "(drop (memory.grow (i32.const 900)))
        (loop $again
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 58000000))
            (br $again))
        (unreachable)",
    ));
    assert_eq!(stopped(&long, TIMED).await, TIME);
}

#[tokio::test]
async fn a_guest_that_calls_itself_without_end_traps() {
    let deep = "(func $deep (param i32) (result i32)
        (i32.add (i32.const 1) (call $deep (local.get 0))))";
    let deep = guest(&(deep.to_owned() + &running("(call $deep (i32.const 1))")));
    let error = stopped(&deep, LOW).await;
    assert_eq!(error, "the component trapped: wasm trap: call stack exhausted");
}

#[tokio::test]
async fn a_guest_that_gives_up_traps() {
    let error = stopped(&guest(&running("(unreachable)")), LOW).await;
    assert_eq!(error, "the component trapped: wasm trap: wasm `unreachable` instruction executed");
}

#[tokio::test]
async fn memory_ends_in_one_go_and_in_small_steps() {
    let at_once =
        "(if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then (unreachable)))
        (i32.const 0)";
    assert_eq!(stopped(&guest(&running(at_once)), LOW).await, SIZE);
    let in_steps = "(loop $again
            (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (unreachable)";
    assert_eq!(stopped(&guest(&running(in_steps)), LOW).await, SIZE);
    let stubborn = "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)";
    let little = Limits { fuel: 100_000, ..LOW };
    assert_eq!(stopped(&guest(&running(stubborn)), little).await, FUEL);

    // One that takes no for an answer may go on with what it has.
    let modest = "(loop $again
            (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size)";
    let server = Server::start(Manner::Silent).await;
    let outcome = run(&guest(&running(modest)), &server, LOW).await.unwrap();
    assert_eq!((outcome.result.unwrap(), outcome.memory), (1024.into(), 64 << 20));
}

#[tokio::test]
async fn tables_end() {
    let growing = "(table $table 0 funcref)";
    let by = |entries: u32| {
        let body = format!(
            "(loop $again (br_if $again (i32.ne (i32.const -1)
                (table.grow $table (ref.null func) (i32.const {entries})))))
            (unreachable)"
        );
        guest(&(growing.to_owned() + &running(&body)))
    };
    for entries in [1, 1000, 1_000_000] {
        assert_eq!(stopped(&by(entries), LOW).await, SIZE);
    }
}

#[tokio::test]
async fn memories_and_tables_are_few() {
    for part in ["(memory 1)", "(memory 0)", "(table 0 funcref)"] {
        let few = guest(&(part.repeat(30) + &running("(i32.const 7)")));
        let server = Server::start(Manner::Silent).await;
        assert_eq!(run(&few, &server, LOW).await.unwrap().result.unwrap(), 7);
        let many = guest(&(part.repeat(80) + &running("(i32.const 7)")));
        let error = stopped(&many, LOW).await;
        assert!(error.contains("too high"), "{error}");
    }
}

#[tokio::test]
async fn what_a_collector_holds_is_memory_too() {
    let kept = "(type $bytes (array i8))
        (type $list (struct (field (ref null $list)) (field (ref $bytes))))
        (global $list (mut (ref null $list)) (ref.null $list))";
    let body = "(loop $again
            (global.set $list (struct.new $list (global.get $list)
                (array.new_default $bytes (i32.const 1000000))))
            (br $again))
        (unreachable)";
    let error = stopped(&guest(&(kept.to_owned() + &running(body))), TIMED).await;
    assert_eq!(error, SIZE);
    let at_once = "(type $bytes (array i8))";
    let body = "(array.len (array.new_default $bytes (i32.const 500000000)))";
    let error = stopped(&guest(&(at_once.to_owned() + &running(body))), TIMED).await;
    assert_eq!(error, SIZE);
}

#[tokio::test]
async fn memory_that_no_limit_holds_for_is_not_given() {
    // Shared between threads, which could also be made to wait for ever.
    let shared = r#"(component
        (core module $code (memory 1 60000 shared)
            (func (export "run") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0)
                (i64.const -1)))))
        (core instance $code (instantiate $code))
        (func $run (canon lift (core func $code "run")))
        (instance $actions (export "run" (func $run)))
        (export "x:y/actions" (instance $actions)))"#;
    match LOADED.0.load(&wat::parse_str(shared).unwrap()) {
        Err(error) => assert!(error.to_string().contains("shared"), "{error}"),
        Ok(guest) => {
            let error = stopped(&guest, TIMED).await;
            assert!(error.contains("shared"), "{error}");
        }
    }
}
