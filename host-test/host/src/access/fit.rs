//! Does a policy fit the tools? What it names has to be there, and what it masks has
//! to be a text.

use serde_json::{Map, Value};

use crate::{policy::Persona, tools::Tool};

/// Whether all that a persona names is there.
pub(super) fn persona(name: &str, persona: &Persona, tools: &[Tool]) -> Result<(), String> {
    let Persona { actions, toolsets, mask, show, .. } = persona;
    let is_action = |name: &&String| tools.iter().any(|tool| tool.name == **name);
    if let Some(action) = actions.iter().find(|name| !is_action(name)) {
        let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let known = known.join(", ");
        let why = format!("there is no action `{action}`; there are {known}");
        return Err(format!("personas.{name}.actions: {why}"));
    }
    let is_toolset = |name: &&String| tools.iter().any(|tool| tool.toolset == **name);
    if let Some(toolset) = toolsets.iter().find(|name| !is_toolset(name)) {
        let mut known: Vec<_> = tools.iter().map(|tool| tool.toolset.as_str()).collect();
        known.dedup();
        let known = known.join(", ");
        let why = format!("there is no toolset `{toolset}`; there are {known}");
        return Err(format!("personas.{name}.toolsets: {why}"));
    }
    for (key, fields) in [("mask", mask), ("show", show)] {
        for field in fields {
            if let Err(why) = is_text(tools, field) {
                let why = format!("`{field}` cannot be masked: {why}");
                return Err(format!("personas.{name}.{key}: {why}"));
            }
        }
    }
    Ok(())
}

/// Whether all fields that are not written down are there.
pub(super) fn redaction(redacted: &[String], tools: &[Tool]) -> Result<(), String> {
    let is_somewhere = |field: &&String| {
        let mut schemas = tools.iter().flat_map(|tool| [&tool.input_schema, &tool.output_schema]);
        schemas.any(|schema| !members(schema, field).is_empty())
    };
    match redacted.iter().find(|field| !is_somewhere(field)) {
        Some(field) => Err(format!("audit.redact: no action takes or gives `{field}`")),
        None => Ok(()),
    }
}

/// Whether the field is always any text in what the tools give.
pub(super) fn is_text(tools: &[Tool], field: &str) -> Result<(), &'static str> {
    let given: Vec<_> = tools.iter().flat_map(|tool| members(&tool.output_schema, field)).collect();
    let is_text = |schema: &&Value| {
        let is_string = schema.get("type").is_some_and(|of_type| of_type == "string");
        is_string && schema.get("enum").is_none()
    };
    match given.as_slice() {
        [] => Err("no action gives it"),
        given if given.iter().all(is_text) => Ok(()),
        _ => Err("it is no text"),
    }
}

/// The schemas of all members of this name, however deep.
fn members<'a>(schema: &'a Map<String, Value>, name: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut left: Vec<_> = schema.iter().collect();
    while let Some((key, schema)) = left.pop() {
        if let (true, Some(member)) = (key == "properties", schema.get(name)) {
            found.push(member);
        }
        match schema {
            Value::Object(inside) => left.extend(inside),
            Value::Array(inside) => left.extend(inside.iter().map(|schema| (key, schema))),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
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
}
