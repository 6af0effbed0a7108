//! What the test file of an action tells, for the tests that go through all of them.
//!
//! They call the actions in the order of their names, several against one mock: the
//! arguments must hold after what the actions before it did.

use serde_json::{Value, json};

/// An action as its test file knows it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// Arguments that are taken.
    pub(crate) arguments: Value,
    /// The record of the contract that holds them, if there are any.
    pub(crate) record: Option<&'static str>,
    /// What a call does, in the word of the contract.
    pub(crate) effect: &'static str,
    /// Whether a second call does no more than the first.
    pub(crate) repeatable: bool,
    /// An answer of 2Chat that is read whole, in the shape of its documentation.
    pub(crate) answer: Value,
    /// The answer whose reading has a budget.
    pub(crate) budgeted: Value,
    /// What the mock gives: a place in the result, and what stands there.
    pub(crate) gives: (&'static str, Value),
}

/// A page of contacts in the documented shape.
pub(crate) fn page(rows: usize) -> Value {
    let row = |n: usize| {
        json!({
            "id": n, "uuid": format!("CON{n:08}-44f5-4ca2-9eae-fd33b124097a"),
            "first_name": "Augusta", "last_name": "Lovelace",
            "channel_uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
            "profile_pic_url": format!("https://example.com/pictures/{n}.jpeg"),
            "details": [
                {"id": n, "value": "+14155550123", "type": "WAPH", "created_at": "2025-03-03T18:43:51Z", "updated_at": "2025-03-30T08:30:12Z"},
                {"id": n + 1, "value": "ada@example.com", "type": "E", "created_at": "2025-03-03T18:43:51Z"},
            ],
        })
    };
    json!({"success": true, "page": 0, "count": rows, "contacts": (0..rows).map(row).collect::<Vec<_>>()})
}

/// The answer about the account, which two actions ask for.
pub(crate) fn info() -> Value {
    json!({"success": true, "account": {
        "name": "Example Ltd", "uuid": "ACC91be87af-5a29-4034-b599-342f2aeb5d52", "on_trial": false,
        "blocked": false, "block_reason": "None", "created_at": "2022-04-21T21:55:37Z",
        "expires_at": "2024-08-31T19:11:08Z",
    }, "limits": {"requests_per_minute": 80}, "usage": {
        "api_request_count": 77112, "max_api_request_count": 500_000,
        "number_check_count": 430_542, "max_number_check_count": 500_000,
    }})
}

/// A channel of the documentation.
pub(crate) const CHANNEL: &str = "WPN66037eca-9ad1-4c96-9eff-526a90a48c77";
