//! How does a shell write an action's arguments? A flag for each field, made
//! from the action's schema, and help made from its docs.

use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use host::{doubles::doubled, tools::Tool};
use serde_json::{Map, Value};

use crate::{input::without_mark, paint::visible};

/// How a flag's text becomes JSON.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// The text itself.
    Text,
    /// JSON, or text if it is none.
    Json,
    /// One text, or several by repeating the flag.
    Texts,
    /// One JSON value, or several by repeating the flag.
    Jsons,
}

/// The subcommand of an action: its flags, with help from its docs. `reserved`
/// are the host's own flags, which a field of the same name cannot take.
pub(crate) fn command(tool: &Tool, reserved: &[&str]) -> Command {
    let (about, _) = tool.description.split_once("\n\n").unwrap_or((&tool.description, ""));
    let mut command = Command::new(tool.name.clone())
        .about(cleaned(about.trim_end_matches('.')))
        .long_about(cleaned(&tool.description));
    for (name, schema) in fields(tool).filter(|(name, _)| !reserved.contains(&name.as_str())) {
        command = command.arg(flag(name, schema, is_required(tool, name)));
    }
    command.after_long_help(example(tool))
}

/// A stranger's text of several lines, without anything that would steer a terminal.
fn cleaned(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// The arguments that the flags give.
pub(crate) fn arguments(tool: &Tool, matches: &ArgMatches) -> Map<String, Value> {
    let mut arguments = Map::new();
    for (name, schema) in fields(tool) {
        // A field whose name is reserved has no flag.
        let Ok(Some(texts)) = matches.try_get_many::<String>(name) else { continue };
        let shape = shape(schema);
        let mut values: Vec<_> = texts.map(|text| value(text, shape)).collect();
        let value = match (shape, values.as_slice()) {
            // A whole list at once is as good as its items one by one.
            (Shape::Jsons, [Value::Array(_)]) => values.pop(),
            (Shape::Texts | Shape::Jsons, _) => Some(Value::Array(values)),
            _ => values.pop(),
        };
        arguments.insert(name.clone(), value.unwrap_or_default());
    }
    arguments
}

fn fields(tool: &Tool) -> impl Iterator<Item = (&String, &Value)> {
    tool.input_schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn is_required(tool: &Tool, field: &str) -> bool {
    let required = tool.input_schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|name| name == field))
}

fn flag(name: &str, schema: &Value, required: bool) -> Arg {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut help = text("description").to_owned();
    if let Some(members) = schema.pointer("/items/properties").and_then(Value::as_object) {
        let members: Vec<_> = members.iter().map(member).collect();
        help =
            format!("{help} One object, or several by repeating the flag: {}", members.join(", "));
    }
    if let Some(limits) = limits(schema) {
        help = format!("{help} [limits: {limits}]");
    }
    if let Some(example) = schema.pointer("/examples/0") {
        let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        help = format!("{help} [example: {example}]");
    }
    if required {
        help.push_str(" [required]");
    }
    let shape = shape(schema);
    let repeated = matches!(shape, Shape::Texts | Shape::Jsons);
    let flag = Arg::new(name.to_owned())
        .long(name.to_owned())
        .help(cleaned(help.trim()))
        .allow_negative_numbers(true)
        .action(if repeated { ArgAction::Append } else { ArgAction::Set });
    let words = schema.get("enum").and_then(Value::as_array);
    match (words, shape) {
        (Some(words), _) => {
            let words = words.iter().filter_map(Value::as_str).map(str::to_owned);
            flag.value_parser(PossibleValuesParser::new(words.collect::<Vec<_>>()))
        }
        _ if is(schema, "boolean") => {
            flag.value_parser(PossibleValuesParser::new(["true", "false"]))
        }
        _ if is(schema, "integer") || is(schema, "number") => flag.value_name("N"),
        (None, Shape::Text | Shape::Texts) => flag.value_name("TEXT"),
        _ => flag.value_name("JSON"),
    }
}

/// A member of an object in a list, with the words that it may be.
fn member((name, schema): (&String, &Value)) -> String {
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let words: Vec<_> = words.filter_map(Value::as_str).collect();
    if words.is_empty() { name.clone() } else { format!("{name} ({})", words.join(", ")) }
}

/// The bounds, as the contract writes them.
fn limits(schema: &Value) -> Option<String> {
    let bound = |keys: [&str; 3]| {
        keys.iter().find_map(|key| schema.get(key)).map(ToString::to_string).unwrap_or_default()
    };
    let least = bound(["minimum", "minLength", "minItems"]);
    let most = bound(["maximum", "maxLength", "maxItems"]);
    (!least.is_empty() || !most.is_empty()).then(|| format!("{least}..{most}"))
}

/// A call that works, from the examples of the fields that it needs. Each of
/// several flags has a line of its own: help is wrapped, and a command that is
/// broken anywhere else is no command.
fn example(tool: &Tool) -> String {
    let required: Vec<_> = fields(tool).filter(|(name, _)| is_required(tool, name)).collect();
    let flags: Option<Vec<_>> = if required.is_empty() {
        Some(fields(tool).last().into_iter().filter_map(written).collect())
    } else {
        required.into_iter().map(written).collect()
    };
    let Some(flags) = flags.map(|flags| flags.concat()) else { return String::new() };
    let between = if flags.len() > 1 { " \\\n    " } else { " " };
    let words = [format!("Example:\n  twochat call {}", tool.name)].into_iter().chain(flags);
    words.collect::<Vec<_>>().join(between)
}

/// The flags by which a shell writes the example of a field, if it has one.
fn written((name, schema): (&String, &Value)) -> Option<Vec<String>> {
    let example = schema.pointer("/examples/0")?;
    let values = match (shape(schema), example) {
        (Shape::Texts | Shape::Jsons, Value::Array(items)) => items.clone(),
        _ => vec![example.clone()],
    };
    let flags = values.iter().map(|value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("--{name} {}", word(&visible(&text)))
    });
    Some(flags.collect())
}

/// Why arguments do not fit, with an example where a field is missing, or is no text and was
/// given as one.
pub(crate) fn with_example(tool: &Tool, why: String) -> String {
    let name = why.split([':', '[', '.']).next().unwrap_or_default();
    let field = fields(tool).find(|(field, _)| *field == name);
    let is_json = |schema| matches!(shape(schema), Shape::Json | Shape::Jsons);
    let is_bare = |schema| {
        let of_it = ["expected an object", "expected an array"];
        is_json(schema) && of_it.iter().any(|end| why.ends_with(end))
    };
    let needs = field.filter(|(_, schema)| why.ends_with("it is missing") || is_bare(schema));
    match needs.and_then(written) {
        Some(flags) => format!("{why}; for example {}", flags.join(" ")),
        None => why,
    }
}

/// The text as one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.@_:/".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn shape(schema: &Value) -> Shape {
    let items = schema.get("items").unwrap_or(&Value::Null);
    if is(schema, "string") {
        Shape::Text
    } else if is(schema, "array") {
        if is(items, "string") { Shape::Texts } else { Shape::Jsons }
    } else {
        Shape::Json
    }
}

fn is(schema: &Value, ty: &str) -> bool {
    schema.get("type").is_some_and(|own| own == ty)
}

fn value(text: &str, shape: Shape) -> Value {
    match shape {
        Shape::Text | Shape::Texts => text.into(),
        Shape::Json | Shape::Jsons => {
            let read = serde_json::from_str(without_mark(text)).ok();
            // Whichever of two was meant, the action's schema refuses a text here.
            read.filter(|_| doubled(text.as_bytes()).is_none()).unwrap_or_else(|| text.into())
        }
    }
}
