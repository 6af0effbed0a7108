//! Where a field is looked for.

use serde_json::json;

use super::*;

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
