//! What does the host know of a failure that the guest could not be told?
//!
//! A guest hears a code of `wasi:http`, which has no words: not which rule refused its
//! request, nor which authority is missing, nor for how long it is held back. The gate
//! notes that, and here it comes into the error.

use serde_json::Value;

use crate::gate::Traffic;

/// Adds to an error that says that nothing was carried out why the host did not let
/// its request out, and for how long, if that was the cause.
pub(super) fn add_what_the_host_knows(error: &mut Value, traffic: &Traffic) {
    if error.get("carried-out").and_then(Value::as_str) != Some("no") {
        return;
    }
    if let Some(reason) = traffic.reason()
        && let Some(Value::String(message)) = error.get_mut("message")
    {
        let end = if reason.ends_with(['.', '…']) { "" } else { "." };
        message.push_str(&format!(" The reason: {reason}{end}"));
    }
    let waits = error.get("retry").and_then(Value::as_str) == Some("after-waiting");
    if let (true, Some(seconds), Some(members)) =
        (waits, traffic.wait_seconds(), error.as_object_mut())
    {
        let known = members.entry("wait-seconds").or_insert(Value::Null);
        if known.is_null() {
            *known = seconds.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn added(mut error: Value, traffic: &Traffic) -> Value {
        add_what_the_host_knows(&mut error, traffic);
        error
    }

    #[test]
    fn the_hosts_own_words_stand_after_the_guests() {
        let traffic = Traffic::default();
        let error = json!({ "message": "It did not leave.", "carried-out": "no" });
        assert_eq!(added(error.clone(), &traffic), error);
        traffic.kept("the\tproxy\n p:1: \u{1b}no");
        let message = added(error, &traffic);
        assert_eq!(message["message"], "It did not leave. The reason: the proxy p:1: no.");
        traffic.kept(&"long ".repeat(1000));
        let error = json!({ "message": "", "carried-out": "no" });
        let message = added(error, &traffic).to_string();
        assert!(message.contains('…') && message.len() < 600, "{message}");
    }

    #[test]
    fn what_may_have_been_carried_out_and_what_is_no_error_stay_as_they_are() {
        let traffic = Traffic::default();
        traffic.held_back("no more", 7);
        for error in [
            json!({ "message": "Cut.", "carried-out": "perhaps", "retry": "after-waiting" }),
            json!({ "message": "Cut.", "retry": "after-waiting" }),
            json!({ "carried-out": "no", "message": 1 }),
            json!("Cut."),
            json!(null),
        ] {
            assert_eq!(added(error.clone(), &traffic), error);
        }
    }

    #[test]
    fn the_seconds_of_the_hosts_own_limit_stand_where_nobody_else_said_any() {
        let traffic = Traffic::default();
        let seconds = |retry: &str, known: Value, traffic: &Traffic| {
            let error = json!({ "carried-out": "no", "retry": retry, "wait-seconds": known });
            added(error, traffic)["wait-seconds"].clone()
        };
        assert_eq!(seconds("after-waiting", Value::Null, &traffic), Value::Null);
        traffic.held_back("no more", 7);
        assert_eq!(seconds("after-waiting", Value::Null, &traffic), 7);
        assert_eq!(seconds("after-waiting", json!(9), &traffic), 9);
        assert_eq!(seconds("now", Value::Null, &traffic), Value::Null);
        let without = json!({ "carried-out": "no", "retry": "after-waiting" });
        assert_eq!(added(without, &traffic)["wait-seconds"], 7);
    }
}
