//! Guests that let the host work: what it does for them takes of their time, and of
//! nobody else's.

use std::sync::LazyLock;

use host::engine::{Connector, Host};

use super::{LOW, TIMED, frame::guest as framed, stopped};

/// A host whose operator allows more than a connector needs.
static GENEROUS: LazyLock<Host> =
    LazyLock::new(|| Host::new().unwrap().allowing(vec!["wasi:random".into(), "wasi:cli".into()]));

/// A guest that has random bytes and standard output, and does this.
fn guest(body: &str) -> Connector {
    let text = format!(
        r#"(component
            (import "wasi:random/random@0.2.0" (instance $random
                (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
            (core module $memory (memory (export "memory") 800)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
            (core instance $memory (instantiate $memory))
            (alias core export $memory "memory" (core memory $shared))
            (alias core export $memory "realloc" (core func $realloc))
            (core func $random (canon lower (func $random "get-random-bytes")
                (memory $shared) (realloc $realloc)))
            (core module $code
                (import "host" "random" (func $random (param i64 i32)))
                (func (export "run") (result i32) {body} (i32.const 0)))
            (core instance $code (instantiate $code
                (with "host" (instance (export "random" (func $random))))))
            (func $run (result u32) (canon lift (core func $code "run")))
            (instance $actions (export "run" (func $run)))
            (export "a:b/actions" (instance $actions)))"#
    );
    GENEROUS.load(&wat::parse_str(text).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn a_guest_that_only_lets_the_host_work_is_stopped_in_time() {
    // One after another, so that no step of its own comes at which it would be looked
    // at; each hands 4 MB over.
    let call = "(call $append (local.get 0) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 4000000) (i32.const 59000000))";
    let content = format!(
        r#"(func (export "run") (param i32 i32) (result i32)
            (drop (memory.grow (i32.const 910)))
            (local.set 0 (call $new-fields))
            {} (i32.const 0))"#,
        call.repeat(200)
    );
    let error = stopped(&framed(&content), TIMED).await;
    assert_eq!(error, "the component was stopped: it took longer than 1s");
}

#[tokio::test]
async fn a_guest_gets_few_random_bytes_at_once() {
    let calls = "(call $random (i64.const 65537) (i32.const 0))";
    let error = stopped(&guest(calls), LOW).await;
    assert!(error.contains("exceeds limit 65536"), "{error}");
}
