//! The schemas of the connector's tools, held against every value that any test
//! passes in or gets out.

use std::{collections::HashMap, sync::LazyLock};

use host::{fields::Fields, tools::Tool};
use jsonschema::Validator;
use serde_json::{Map, Value};

use super::LOADED;

/// The schemas of an action, ready to judge.
pub(crate) struct Schemas {
    pub(crate) input: Validator,
    pub(crate) output: Validator,
    pub(crate) error: Validator,
}

/// What is offered unless more is asked for.
pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| of_toolset("actions"));

/// What is offered about events to those who ask for it.
pub(crate) static EVENT_TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| of_toolset("events"));

fn of_toolset(toolset: &str) -> Vec<Tool> {
    let mut tools = Tool::all_of(&LOADED.1);
    tools.retain(|tool| tool.toolset == toolset);
    tools
}

/// What is told of the member that a result has for what there is to know of it.
const NOTES: &str = r#"{ "type": "array", "items": { "type": "string" },
    "description": "What to know of this answer." }"#;

/// The same in the form for models.
pub(crate) static FOR_MODELS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    let for_models = |mut tool: Tool| {
        if let Some(fields) = Fields::of(&tool, LOADED.1.docs()) {
            fields.offer(&mut tool);
        }
        let results = tool.output_schema["properties"].as_object_mut().unwrap();
        results.insert("notes".to_owned(), NOTES.parse().unwrap());
        tool
    };
    TOOLS.iter().cloned().map(for_models).collect()
});

static SCHEMAS: LazyLock<HashMap<String, Schemas>> =
    LazyLock::new(|| all_of(TOOLS.iter().chain(&*EVENT_TOOLS)));
static OF_MODELS: LazyLock<HashMap<String, Schemas>> = LazyLock::new(|| all_of(FOR_MODELS.iter()));

fn all_of<'t>(tools: impl Iterator<Item = &'t Tool>) -> HashMap<String, Schemas> {
    let schemas = |tool: &Tool| Schemas {
        input: validator(&tool.input_schema),
        output: validator(&tool.output_schema),
        error: validator(tool.error_schema.as_ref().unwrap()),
    };
    tools.map(|tool| (tool.name.clone(), schemas(tool))).collect()
}

pub(crate) fn of(action: &str) -> &'static Schemas {
    &SCHEMAS[action]
}

/// A validator for the schema, which is one that every client takes. It is held closed:
/// the schema says all that there is.
pub(crate) fn validator(schema: &Map<String, Value>) -> Validator {
    let schema = Value::Object(schema.clone());
    plain(&schema);
    jsonschema::draft7::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft7::new(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft202012::new(&closed(schema)).unwrap_or_else(|error| panic!("{error}"))
}

/// What any client knows beside a type, of each type.
const WORDS: [(&str, &[&str]); 6] = [
    ("object", &["properties", "required"]),
    ("array", &["items", "minItems", "maxItems"]),
    ("string", &["enum", "pattern", "minLength", "maxLength"]),
    ("integer", &["minimum", "maximum"]),
    ("number", &["minimum", "maximum"]),
    ("", &["anyOf"]),
];

/// Holds the rules without which some client refuses a schema, or crashes on it.
fn plain(schema: &Value) {
    let members = schema.as_object().unwrap_or_else(|| panic!("{schema} is no object"));
    let ty = members.get("type").map_or("", |ty| ty.as_str().unwrap_or("several types"));
    let words = WORDS.iter().find(|(of, _)| *of == ty).map_or(&[][..], |(_, words)| *words);
    for word in members.keys() {
        let is_known = ["type", "description", "examples"].contains(&word.as_str());
        assert!(is_known || words.contains(&word.as_str()), "{word} of {ty:?}: {schema}");
    }
    match ty {
        "object" => schema["properties"].as_object().unwrap().values().for_each(plain),
        "array" => plain(&schema["items"]),
        "" => {
            let choices = schema["anyOf"].as_array().unwrap();
            assert!(choices.len() > 1, "{schema}");
            choices.iter().for_each(plain);
        }
        "string" | "integer" | "number" | "boolean" | "null" => {}
        other => panic!("{other}: {schema}"),
    }
    let widths = [8, 16, 32, 64].map(|bits| 2_f64.powi(bits));
    let widths = widths.map(|width| [width - 1.0, width / 2.0 - 1.0, -width / 2.0]).concat();
    for end in ["minimum", "maximum"].into_iter().filter_map(|end| schema[end].as_f64()) {
        let is_width = widths.contains(&end) || end.abs() == f64::from(f32::MAX);
        assert!(!is_width, "the width of a number: {schema}");
    }
}

/// The schema that takes no member but its own.
fn closed(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let is_object = members.get("type").is_some_and(|ty| ty == "object");
            let mut members: Map<_, _> =
                members.into_iter().map(|(name, member)| (name, closed(member))).collect();
            if is_object {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.into()
        }
        Value::Array(items) => items.into_iter().map(closed).collect(),
        other => other,
    }
}

/// The value as a client writes it, which leaves out what `null` stands for in a member
/// that may be absent.
pub(crate) fn without_null(value: &Value, schema: &Value) -> Value {
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut choices = choices.iter().map(|choice| (choice, without_null(value, choice)));
        let fit = choices.find(|(choice, value)| {
            jsonschema::draft202012::new(&closed((*choice).clone())).unwrap().is_valid(value)
        });
        return fit.map_or_else(|| value.clone(), |(_, value)| value);
    }
    match value {
        Value::Object(members) => {
            let is_needed = |name: &String| {
                let needed = schema["required"].as_array().into_iter().flatten();
                needed.filter_map(Value::as_str).any(|needed| needed == name)
            };
            let is_known = |name: &String| schema["properties"].get(name).is_some();
            let written = members
                .iter()
                .filter(|(name, value)| !value.is_null() || !is_known(name) || is_needed(name));
            let written = written.map(|(name, value)| {
                (name.clone(), without_null(value, &schema["properties"][name]))
            });
            Value::Object(written.collect())
        }
        Value::Array(items) => {
            items.iter().map(|item| without_null(item, &schema["items"])).collect()
        }
        other => other.clone(),
    }
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
        let mut tools = TOOLS.iter().chain(&*EVENT_TOOLS);
        let tool = tools.find(|tool| tool.name == action).unwrap();
        let written = without_null(arguments, &tool.input_schema.clone().into());
        fits(&of(action).input, action, &written);
    }
}

/// What a model passes and gets is as the schemas say that it is shown.
pub(crate) fn hold_for_models(action: &str, arguments: &Value, given: &Value) {
    fits(&OF_MODELS[action].input, action, arguments);
    fits(&OF_MODELS[action].output, action, given);
}

/// What is given is as the schemas say.
pub(crate) fn gives(action: &str, result: &Result<Value, Value>) {
    match result {
        Ok(result) => fits(&of(action).output, action, result),
        Err(error) => fits(&of(action).error, action, error),
    }
}
