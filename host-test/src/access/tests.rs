//! What a mask hides.

use serde_json::json;

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_mask_hides_every_member_of_its_name_and_nothing_else() {
    let mut value = json!({
        "name": "Ada",
        "url": "https://example.com/?token=1",
        "inner": [{ "url": "x", "other": "x" }, [{ "url": ["a", { "b": 1 }] }]],
        "absent": { "url": null },
    });
    mask(&mut value, &names(&["url"]));
    assert_eq!(
        value,
        json!({
            "name": "Ada",
            "url": "[masked]",
            "inner": [{ "url": "[masked]", "other": "x" }, [{ "url": "[masked]" }]],
            "absent": { "url": null },
        })
    );
}

#[test]
fn an_error_on_a_masked_field_does_not_repeat_it() {
    let told = |error: Value, hidden: &[&str]| {
        let mut error = error;
        mask_error(&mut error, &names(hidden));
        error
    };
    let error =
        json!({ "kind": "invalid-input", "field": "details[1].value", "message": "found 42" });
    let masked =
        json!({ "kind": "invalid-input", "field": "details[1].value", "message": "[masked]" });
    assert_eq!(told(error.clone(), &["value"]), masked);
    assert_eq!(told(error.clone(), &["details"]), masked);
    assert_eq!(told(error.clone(), &["val", "tails", "kind-of"]), error);
    assert_eq!(told(json!("details[0].value: 42 cannot be used"), &["value"]), "[masked]");
    assert_eq!(told(json!("stopped: the value"), &["value"]), "stopped: the value");
}

#[test]
fn members_of_a_name_are_found_however_deep() {
    let schema = json!({ "type": "object", "properties": {
        "url": { "type": "string" },
        "rows": { "type": "array", "items": { "properties": { "url": { "type": "integer" } } } },
        "or": { "anyOf": [{ "properties": { "url": { "enum": ["a"] } } }, { "const": "url" }] },
    } });
    let found = members(schema.as_object().unwrap(), "url");
    assert_eq!(found.len(), 3);
    assert!(members(schema.as_object().unwrap(), "none").is_empty());
}
