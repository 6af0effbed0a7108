//! A component of every type that has a JSON form, and of no vendor: what the
//! host does for it, it does for any.

use std::sync::LazyLock;

use host::engine::{CallError, Connector, Host, Limits, Outcome};
use serde_json::{Value, json};
use wasmtime_wasi_http::Error;

use super::{hook::Hook, twochat::host_of_any_route};

pub(crate) static HOST: LazyLock<Host> = LazyLock::new(host_of_any_route);

/// A component that gives back what it is given. Arguments this long lie in
/// memory, and so does such a result: the pointer to one is that to the other.
pub(crate) static EVERYTHING: LazyLock<Connector> = LazyLock::new(|| load(EVERYTHING_WAT));

pub(crate) const EVERYTHING_WAT: &str = r#"(component
    (type $color' (enum "red" "dark-green"))
    (export $color "color" (type $color'))
    (type $rights' (flags "read" "write" "share"))
    (export $rights "rights" (type $rights'))
    (type $shape' (variant (case "dot") (case "line" u32) (case "named" (option string))))
    (export $shape "shape" (type $shape'))
    (type $inner' (record (field "name" string) (field "tags" (option (list string)))))
    (export $inner "inner" (type $inner'))
    (type $everything' (record
        (field "u8" u8) (field "u16" u16) (field "u32" u32) (field "u64" u64)
        (field "s8" s8) (field "s16" s16) (field "s32" s32) (field "s64" s64)
        (field "f32" f32) (field "f64" f64) (field "yes" bool) (field "letter" char)
        (field "text" string) (field "grid" (list (list u16)))
        (field "pair" (tuple u8 string)) (field "color" $color) (field "rights" $rights)
        (field "shape" $shape) (field "outcome" (result u8 (error string)))
        (field "bare" (result)) (field "maybe" (option u32)) (field "inner" (list $inner))))
    (export $everything "everything" (type $everything'))

    (core module $code
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $next
                (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get 3))))
        (func (export "echo") (param i32) (result i32) (local.get 0))
        (func (export "remind") (param i32 i32 i32 i32))
        (func (export "fail") (result i32) (i32.const 1)))
    (core instance $code (instantiate $code))
    (alias core export $code "memory" (core memory $memory))
    (alias core export $code "realloc" (core func $realloc))
    (func $echo (param "value" $everything) (result $everything)
        (canon lift (core func $code "echo") (memory $memory) (realloc (func $realloc))))
    (func $remind (param "minutes" u8) (param "about" (option string))
        (canon lift (core func $code "remind") (memory $memory) (realloc (func $realloc))))
    (func $fail (result (result)) (canon lift (core func $code "fail")))
    (instance $actions
        (export "echo" (func $echo)) (export "remind" (func $remind)) (export "fail" (func $fail)))
    (export "test:load/actions" (instance $actions)))"#;

pub(crate) fn load(text: &str) -> Connector {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    HOST.load(&bytes).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) async fn call(action: &str, arguments: Value) -> Result<Outcome, CallError> {
    call_of(&EVERYTHING, action, arguments).await
}

pub(crate) async fn call_of(
    connector: &Connector,
    action: &str,
    arguments: Value,
) -> Result<Outcome, CallError> {
    let outlet = || Hook::failing(|| Error::HttpRequestDenied).outlet();
    let limits = Limits::default();
    let outcome = connector.call(action, &arguments, outlet(), limits).await?;
    // Written as text, it says the same.
    let text = connector.instance(limits).call_as(action, &arguments, outlet()).await?.result;
    let read = text.map(|text: String| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(read, outcome.result);
    Ok(outcome)
}

/// What comes back from the component that gives back what it is given.
pub(crate) async fn echo(arguments: Value) -> Value {
    call("echo", arguments).await.unwrap().result.unwrap()
}

pub(crate) fn everything() -> Value {
    json!({
        "u8": 8, "u16": 16, "u32": 32, "u64": 64, "s8": -8, "s16": -16, "s32": -32, "s64": -64,
        "f32": 0.5, "f64": 0.1, "yes": true, "letter": "é", "text": "a\n“b”",
        "grid": [[1, 2], [], [65535]], "pair": [7, "seven"], "color": "dark-green",
        "rights": ["read", "share"], "shape": { "line": 3 }, "outcome": { "err": "no" },
        "bare": "ok", "maybe": 5,
        "inner": [{ "name": "x", "tags": ["y", ""] }, { "name": "" }],
    })
}
