//! The limits of a call hold for the instance as a whole, whatever it is made of.

use host::engine::{CallError, Host, Limits, Outcome};
use serde_json::json;

use crate::support::{LOADED, hook::Hook};

#[test]
fn every_limit_is_on_by_default() {
    let Limits { fuel, memory, table, resources, time } = Limits::default();
    assert!(fuel <= 2_000_000_000 && memory <= 64 << 20 && table <= 10_000 && resources <= 64);
    assert!(time.as_secs() <= 60);
}

/// Calls an action of a component made of `parts` modules with this content.
async fn call(parts: usize, content: &str) -> Result<Outcome, CallError> {
    call_in(&LOADED.0, parts, content).await
}

async fn call_in(host: &Host, parts: usize, content: &str) -> Result<Outcome, CallError> {
    let modules: String = (0..parts)
        .map(|n| format!("(core module $m{n} {content}) (core instance (instantiate $m{n}))"))
        .collect();
    let text = format!(
        r#"(component {modules}
            (core module $code (func (export "rest")))
            (core instance $code (instantiate $code))
            (func $rest (canon lift (core func $code "rest")))
            (instance $actions (export "rest" (func $rest)))
            (export "test:limits/actions" (instance $actions)))"#
    );
    let connector = host.load(&wat::parse_str(text).unwrap()).unwrap();
    let outlet = Hook::replying(200, "").outlet();
    connector.call("rest", &json!({}), outlet, Limits::default()).await
}

/// 40 of the 64 MiB that a call may have.
const MEMORY: &str = "(memory 640)";
/// Half of that.
const MEMORY_OF_20: &str = "(memory 320)";
/// 6,000 of the 10,000 entries that its tables may have.
const TABLE: &str = "(table 6000 funcref)";

#[tokio::test]
async fn memories_count_together() {
    assert_eq!(call(1, MEMORY).await.unwrap().memory, 40 << 20);
    let error = call(2, MEMORY).await.unwrap_err();
    assert!(matches!(&error, CallError::Limit(what) if what.contains("memory")), "{error}");
}

#[tokio::test]
async fn tables_count_together() {
    call(1, TABLE).await.unwrap();
    let error = call(2, TABLE).await.unwrap_err();
    assert!(matches!(&error, CallError::Limit(what) if what.contains("tables")), "{error}");
}

#[tokio::test]
async fn a_component_of_very_many_parts_is_not_run() {
    call(40, "(memory 1)").await.unwrap();
    call(80, "(memory 1)").await.unwrap_err();
}

#[tokio::test]
async fn a_host_for_one_call_makes_any_and_several_one_after_another() {
    let host = Host::for_calls(1).unwrap();
    call_in(&host, 40, "(memory 1) (table 1 funcref)").await.unwrap();
    let (one, other) = tokio::join!(call_in(&host, 2, MEMORY_OF_20), call_in(&host, 1, MEMORY));
    assert_eq!((one.unwrap().memory, other.unwrap().memory), (40 << 20, 40 << 20));
}
