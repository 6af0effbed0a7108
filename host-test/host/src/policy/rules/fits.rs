//! Can a rule ever do what it says? Judged by the schemas of what it speaks of: the event,
//! and what its action takes.

use serde_json::{Map, Value, json};

use super::{Rule, Template, guessed, wanted};
use crate::{
    possible::{at, choices, kinds, may_be, may_be_reached_by, may_go, members},
    suggest,
};

/// What the paths of a rule start from.
pub(super) const WHOLE: &str = "an event";

/// A field of a rule, by the keys that lead to it, and why it can never be followed.
pub type Misfit = (Vec<String>, String);

impl Rule {
    /// What of it can never be, where an event is of this schema and its action takes this.
    #[must_use]
    pub fn misfits(
        &self,
        event: &Map<String, Value>,
        takes: Option<&Map<String, Value>>,
    ) -> Vec<Misfit> {
        let event = Value::Object(event.clone());
        let mut found = Vec::new();
        let mut add = |keys: &[&str], judged: Result<(), String>| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            found.extend(judged.err().map(|why| (keys, why)));
        };
        for (keys, value) in wanted(&self.when) {
            let places = at(&event, &keys.join("."), WHOLE);
            let judged = places.and_then(|places| may_be(&places, value));
            add(&[&["when"], &keys[..]].concat(), judged);
        }
        for (place, path) in self.has.iter().enumerate() {
            add(&["has", &place.to_string()], at(&event, path, WHOLE).map(|_| ()));
        }
        if let Some(path) = &self.once_per {
            add(&["once-per"], at(&event, path, WHOLE).map(|_| ()));
        }
        if let Some(path) = &self.unless_listed {
            let text = json!({ "type": "string" });
            let judged = at(&event, path, WHOLE).and_then(|places| {
                may_go(&places, &[&text])?;
                let is_name = path.rsplit(['.', '-']).next() == Some("name");
                match !is_name && may_be_reached_by(&places) {
                    true => Ok(()),
                    false => Err(format!(
                        "`{path}` is no phone number and no e-mail address, and by nothing else \
                         people are told apart"
                    )),
                }
            });
            add(&["unless-listed"], judged);
        }
        if let Some(takes) = takes {
            let mut keys = vec!["arguments".to_owned()];
            let takes = Value::Object(takes.clone());
            fills(&mut keys, &self.arguments, &[&takes], &event, &mut found);
        }
        found
    }
}

/// Judges what is filled in at a place of an action's arguments.
fn fill(
    keys: &mut Vec<String>,
    template: &Value,
    places: &[&Value],
    event: &Value,
    found: &mut Vec<Misfit>,
) {
    let judged = match Template::of(template) {
        // What has no meaning is told where the policy is read.
        Err(_) => Ok(()),
        // What is written as a literal is meant as it stands.
        Ok(Template::Literal(Value::String(text)))
            if template.is_string()
                && let Some(why) = guessed::text(text, event) =>
        {
            Err(why)
        }
        Ok(Template::Literal(value)) => may_be(places, value).and_then(|()| match value {
            Value::Array(items) => bounds(places, items.len()),
            _ => Ok(()),
        }),
        Ok(Template::From { path, or, .. }) => {
            let goes = at(event, path, WHOLE).and_then(|from| may_go(&from, places));
            let guessed = or.and_then(Value::as_str).and_then(|or| guessed::text(or, event));
            let goes = goes.and_then(|()| guessed.map_or(Ok(()), Err));
            goes.and_then(|()| or.map_or(Ok(()), |or| may_be(places, or)))
        }
        Ok(Template::Members(members)) => match guessed_record(members, places, event) {
            Some(why) => Err(why),
            None => return fills(keys, members, places, event, found),
        },
        Ok(Template::Items(items)) => {
            let lists: Vec<_> = places.iter().filter_map(|place| place.get("items")).collect();
            let inside: Vec<_> = lists.iter().flat_map(|items| choices(items)).collect();
            for (place, item) in items.iter().enumerate().filter(|_| !inside.is_empty()) {
                keys.push(place.to_string());
                fill(keys, item, &inside, event, found);
                keys.pop();
            }
            may_be(places, template).and_then(|()| bounds(places, items.len()))
        }
    };
    found.extend(judged.err().map(|why| (keys.clone(), why)));
}

/// What was meant by a record that can have no such member there.
fn guessed_record(given: &Map<String, Value>, places: &[&Value], event: &Value) -> Option<String> {
    let mut known = places.iter().filter_map(|place| members(place));
    let is_known = known.any(|known| given.keys().all(|name| known.contains_key(name)));
    guessed::record(given, event).filter(|_| !is_known)
}

/// Judges the members of a record: those that it has, and those that it needs.
fn fills(
    keys: &mut Vec<String>,
    given: &Map<String, Value>,
    places: &[&Value],
    event: &Value,
    found: &mut Vec<Misfit>,
) {
    let records = || places.iter().filter(|place| members(place).is_some());
    let has_all = |place: &&&Value| {
        members(place).is_some_and(|known| given.keys().all(|name| known.contains_key(name)))
    };
    let Some(record) = records().find(has_all).or_else(|| records().next()) else {
        found.push((keys.clone(), format!("expected {}, not a record", kinds(places))));
        return;
    };
    let known: Vec<_> =
        records().filter_map(|place| members(place)).flatten().map(|(name, _)| name).collect();
    let known: Vec<_> = known.iter().map(|name| name.as_str()).collect();
    for (name, template) in given {
        keys.push(name.clone());
        match members(record).and_then(|members| members.get(name)) {
            Some(place) => fill(keys, template, &choices(place), event, found),
            None => {
                found.push((keys.clone(), suggest::unknown("field", name, &known, "there are")));
            }
        }
        keys.pop();
    }
    let needed = record.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in needed.filter_map(Value::as_str) {
        let template = given.get(name).map(Template::of);
        match template {
            None => found.push((keys.clone(), format!("it needs `{name}`"))),
            Some(Ok(Template::From { path, or: None, is_optional: true })) => {
                let why = format!(
                    "it needs `{name}`, so that cannot be optional: write `or = VALUE` in its \
                     place, or `has = [\"{path}\"]` in the rule"
                );
                found.push(([&keys[..], &[name.to_owned()]].concat(), why));
            }
            Some(_) => {}
        }
    }
}

fn bounds(places: &[&Value], count: usize) -> Result<(), String> {
    let bound = |name: &str| places.iter().find_map(|place| place.get(name)?.as_u64());
    let count = count as u64;
    match (bound("minItems"), bound("maxItems")) {
        (Some(least), _) if count < least => Err(format!("it needs {least} at least")),
        (_, Some(most)) if count > most => Err(format!("it takes {most} at most")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misfits(text: &str) -> Vec<String> {
        let event = json!({ "type": "object", "properties": {
            "number": { "type": "string" },
            "at": { "type": "string", "examples": ["2025-03-03T18:43:51Z"] },
            "way": { "type": "string", "enum": ["in", "out"] },
            "by": { "type": "object", "properties": { "name": { "type": "string" } } },
        } });
        let takes = json!({ "type": "object", "required": ["to", "ways"], "properties": {
            "to": { "type": "string", "minLength": 1 },
            "count": { "type": "integer" },
            "ways": { "type": "array", "minItems": 1, "items": { "type": "object",
                "properties": {
                    "kind": { "type": "string", "enum": ["phone", "mail"] },
                    "value": { "type": "string" },
                },
                "required": ["kind", "value"] } },
        } });
        let rule: Rule = toml_edit::de::from_str(text).unwrap();
        let (event, takes) = (event.as_object().unwrap(), takes.as_object().unwrap());
        let misfits = rule.misfits(event, rule.call.as_ref().map(|_| takes));
        misfits.into_iter().map(|(keys, why)| format!("{}: {why}", keys.join("."))).collect()
    }

    const CALL: &str = "call = \"send\"\npersona = \"p\"\n\
                        arguments.to = { from = \"number\" }\n\
                        arguments.ways = [{ kind = \"phone\", value = { from = \"by.name\", or = \"x\" } }]\n";

    #[test]
    fn a_rule_whose_paths_and_values_can_be_fits() {
        let conditions = "when.way = \"in\"\nhas = [\"number\", \"by.name\"]\nonce-per = \"number\"\n\
                          unless-listed = \"number\"\n";
        assert_eq!(misfits(&format!("{conditions}{CALL}")), [] as [&str; 0]);
        let literal = CALL.replace("{ from = \"number\" }", "{ literal = \"{{number}}\" }");
        assert_eq!(misfits(&literal), [] as [&str; 0]);
        assert_eq!(misfits("run = [\"/bin/true\"]"), [] as [&str; 0]);
    }

    #[test]
    fn what_can_never_be_is_told_by_its_field() {
        for (from, to, expected) in [
            (
                "{ from = \"number\" }",
                "\"{{event.number}}\"",
                "arguments.to: a value of the event is never pasted into a text: write { from = \"number\" }",
            ),
            (
                "or = \"x\"",
                "or = \"$event.number\"",
                "arguments.ways.0.value: a value of the event is never pasted into a text",
            ),
            (
                "{ from = \"number\" }",
                "{ event = \"number\" }",
                "arguments.to: `event` takes nothing from the event: write { from = \"number\" }",
            ),
            (
                "call =",
                "when.way = \"inn\"\ncall =",
                "when.way: there is no value `inn`; did you mean `in`?",
            ),
            (
                "call =",
                "when.by = { nmae = \"A\" }\ncall =",
                "when.by.nmae: there is no field `nmae`; did you mean `name`?",
            ),
            ("call =", "when.by = true\ncall =", "when.by: expected a record, not true"),
            ("{ from = \"number\" }", "\"\"", "arguments.to: expected a text that is not empty"),
            (
                "from = \"number\"",
                "from = \"number\", or = \"\"",
                "arguments.to: expected a text that is not empty, not \"\"",
            ),
            (
                "[{ kind = \"phone\", value = { from = \"by.name\", or = \"x\" } }]",
                "{ literal = [] }",
                "arguments.ways: it needs 1 at least",
            ),
            (
                "call =",
                "unless-listed = \"by.name\"\ncall =",
                "unless-listed: `by.name` is no phone number and no e-mail address",
            ),
            ("call =", "unless-listed = \"at\"\ncall =", "unless-listed: `at` is no phone number"),
            (
                "call =",
                "unless-listed = \"way\"\ncall =",
                "unless-listed: `way` is no phone number",
            ),
            ("call =", "has = [\"way\", \"numbr\"]\ncall =", "has.1: there is no field `numbr`"),
            (
                "call =",
                "once-per = \"by.x\"\ncall =",
                "once-per: there is no field `x`; `by` can have name",
            ),
            ("from = \"number\"", "from = \"nubmer\"", "arguments.to: there is no field `nubmer`"),
            (
                "from = \"number\"",
                "from = \"by\"",
                "arguments.to: expected a text, and there stands a record",
            ),
            ("or = \"x\"", "or = 1", "arguments.ways.0.value: expected a text, not 1"),
            (
                "\"phone\"",
                "\"pohne\"",
                "arguments.ways.0.kind: there is no value `pohne`; did you mean `phone`?",
            ),
            (
                "kind =",
                "knid =",
                "arguments.ways.0.knid: there is no field `knid`; did you mean `kind`?",
            ),
            ("kind =", "knid =", "arguments.ways.0: it needs `kind`"),
            ("arguments.to = { from = \"number\" }", "", "arguments: it needs `to`"),
            (
                "arguments.to =",
                "arguments.count = 1.5\narguments.to =",
                "arguments.count: expected a whole number, not 1.5",
            ),
            (
                "arguments.to =",
                "arguments.count = { a = 1 }\narguments.to =",
                "arguments.count: expected a whole number, not a record",
            ),
            (
                "arguments.ways = [{ kind = \"phone\", value = { from = \"by.name\", or = \"x\" } }]",
                "arguments.ways = []",
                "arguments.ways: it needs 1 at least",
            ),
            (
                "arguments.ways = [{ kind = \"phone\", value = { from = \"by.name\", or = \"x\" } }]",
                "arguments.ways = { from = \"by.name\" }",
                "arguments.ways: expected a list, and there stands a text",
            ),
        ] {
            let text = CALL.replace(from, to);
            assert_ne!(text, CALL, "{from}");
            let found = misfits(&text);
            assert!(found.iter().any(|it| it.starts_with(expected)), "{to}: {found:?}");
        }
    }
}
