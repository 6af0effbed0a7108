//! Does a policy fit the tools? What it names has to be there, and what it masks has
//! to be a text.

use serde_json::{Map, Value};

use crate::{
    policy::{Persona, Policy},
    suggest,
    tools::Tool,
};

/// A field of the policy that does not fit, and why.
pub(super) struct Misfit {
    path: Vec<String>,
    why: String,
}

impl Misfit {
    fn at(path: &[&str], why: String) -> Self {
        Self { path: path.iter().map(|key| (*key).to_owned()).collect(), why }
    }

    /// In words, with the file and the line.
    pub(super) fn told_of(self, policy: &Policy) -> String {
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        policy.told(&path, &self.why)
    }
}

/// Whether all that a persona names is there.
pub(super) fn persona(name: &str, persona: &Persona, tools: &[Tool]) -> Result<(), Misfit> {
    let Persona { actions, ask, toolsets, mask, show, .. } = persona;
    let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    for (key, actions) in [("actions", actions), ("ask", ask)] {
        if let Some(action) = actions.iter().find(|name| !known.contains(&name.as_str())) {
            let why = suggest::unknown("action", action, &known, "there are");
            return Err(Misfit::at(&["personas", name, key], why));
        }
    }
    let mut known: Vec<_> = tools.iter().map(|tool| tool.toolset.as_str()).collect();
    known.dedup();
    if let Some(toolset) = toolsets.iter().find(|name| !known.contains(&name.as_str())) {
        let why = suggest::unknown("toolset", toolset, &known, "there are");
        return Err(Misfit::at(&["personas", name, "toolsets"], why));
    }
    for (key, fields) in [("mask", mask), ("show", show)] {
        for field in fields {
            if let Err(why) = is_text(tools, field) {
                let why = format!("`{field}` cannot be masked: {why}");
                return Err(Misfit::at(&["personas", name, key], why));
            }
        }
    }
    Ok(())
}

/// Whether all fields that are not written down are there.
pub(super) fn redaction(redacted: &[String], tools: &[Tool]) -> Result<(), Misfit> {
    let is_somewhere = |field: &&String| {
        let mut schemas = tools.iter().flat_map(|tool| [&tool.input_schema, &tool.output_schema]);
        schemas.any(|schema| !members(schema, field).is_empty())
    };
    match redacted.iter().find(|field| !is_somewhere(field)) {
        Some(field) => {
            let why = format!("no action takes or gives `{field}`");
            Err(Misfit::at(&["audit", "redact"], why))
        }
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
