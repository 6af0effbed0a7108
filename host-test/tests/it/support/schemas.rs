//! The schemas of the connector's tools, held against every value that any test
//! passes in or gets out.

use std::{collections::HashMap, sync::LazyLock};

use host::tools::Tool;
use jsonschema::Validator;
use serde_json::{Map, Value};

use super::LOADED;

/// The schemas of an action, ready to judge.
pub(crate) struct Schemas {
    pub(crate) input: Validator,
    pub(crate) output: Validator,
    pub(crate) error: Validator,
}

pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| Tool::all_of(&LOADED.1));

static SCHEMAS: LazyLock<HashMap<String, Schemas>> = LazyLock::new(|| {
    let schemas = |tool: &Tool| Schemas {
        input: validator(&tool.input_schema),
        output: validator(&tool.output_schema),
        error: validator(tool.error_schema.as_ref().unwrap()),
    };
    TOOLS.iter().map(|tool| (tool.name.clone(), schemas(tool))).collect()
});

pub(crate) fn of(action: &str) -> &'static Schemas {
    &SCHEMAS[action]
}

/// A validator for the schema, which is itself a valid one.
pub(crate) fn validator(schema: &Map<String, Value>) -> Validator {
    let schema = Value::Object(schema.clone());
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn fits(validator: &Validator, what: &str, value: &Value) {
    if let Err(error) = validator.validate(value) {
        panic!("{what} {value}: {error} at {}", error.instance_path());
    }
}

/// What is given and taken is as the schemas say; arguments may differ only
/// where the component refuses them, before anything is sent.
pub(crate) fn hold(action: &str, arguments: &Value, result: &Result<Value, Value>) {
    gives(action, result);
    let refused = result.as_ref().is_err_and(|error| {
        let kind = error["kind"].as_str().unwrap();
        ["invalid-input", "misconfigured"].contains(&kind) && error.get("status").is_none()
    });
    if !refused {
        fits(&of(action).input, action, arguments);
    }
}

/// What is given is as the schemas say.
pub(crate) fn gives(action: &str, result: &Result<Value, Value>) {
    match result {
        Ok(result) => fits(&of(action).output, action, result),
        Err(error) => fits(&of(action).error, action, error),
    }
}
