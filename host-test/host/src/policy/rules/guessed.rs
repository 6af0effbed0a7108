//! Was a value of the event meant, and written as other tools write it? What looks so is no
//! name that anybody has, and would be taken for one.

use serde_json::{Map, Value};

use super::fits::WHOLE;
use crate::possible::at;

/// What stands around a value in the templates of other tools.
const MARKS: [(&str, &str); 4] = [("{{", "}}"), ("${", "}"), ("<%", "%>"), ("{", "}")];
/// What stands for a path of the event that is not known.
const PATH: &str = "path";

/// Why a text is surely not meant as it stands, if it looks like a template, or is a path of
/// an event by itself.
pub(super) fn text(text: &str, event: &Value) -> Option<String> {
    let is_path = text.contains('.') && at(event, text, WHOLE).is_ok();
    let inside = if is_path { text } else { inside(text)? };
    Some(format!(
        "a value of the event is never pasted into a text: write {}, or {{ literal = \"...\" }} \
         where the very text is meant",
        from(inside, event)
    ))
}

/// The same of a record, if its only member is none that there can be, and names a path.
pub(super) fn record(members: &Map<String, Value>, event: &Value) -> Option<String> {
    let (name, path) = members.iter().next().filter(|_| members.len() == 1)?;
    let path = path.as_str()?;
    let known = known(inside(path).unwrap_or(path), event)?;
    Some(format!("`{name}` takes nothing from the event: write {}", from(&known, event)))
}

fn from(path: &str, event: &Value) -> String {
    format!("{{ from = \"{}\" }}", known(path, event).unwrap_or_else(|| PATH.to_owned()))
}

/// What stands between the marks of a template.
fn inside(text: &str) -> Option<&str> {
    let is_of_path =
        |text: &str| text.chars().all(|it| it.is_alphanumeric() || "._-$".contains(it));
    let begins = |text: &str| text.starts_with(|it: char| it.is_alphabetic() || it == '.');
    let marked = MARKS.iter().find_map(|(begin, end)| {
        let (inside, _) = text.split_once(begin)?.1.split_once(end)?;
        (*begin != "{" || (!inside.is_empty() && is_of_path(inside))).then_some(inside)
    });
    marked.or_else(|| {
        let path = text.trim().strip_prefix('$')?;
        (begins(path) && is_of_path(path)).then_some(path)
    })
}

/// The path of an event that this is but for how it is spelled, or for what stands before it.
fn known(path: &str, event: &Value) -> Option<String> {
    let plain: String = path.split('|').next()?.replace('_', "-");
    let signs = |it: char| !it.is_alphanumeric();
    let mut path = plain.trim_matches(signs);
    loop {
        if at(event, path, WHOLE).is_ok() {
            return Some(path.to_owned());
        }
        path = path.split_once('.')?.1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        let text = json!({ "type": "string" });
        json!({ "type": "object", "properties": { "phone-number": text, "name": text,
            "by": { "type": "object", "properties": { "first-name": text } } } })
    }

    #[test]
    fn a_text_that_looks_like_a_template_is_told_as_the_path_that_it_means() {
        for (written, path) in [
            ("{{by.first-name}}", "by.first-name"),
            ("{{ by.first_name | upper }}", "by.first-name"),
            ("={{ $json.body.by.first-name }}", "by.first-name"),
            ("Hello {{name}}!", "name"),
            ("$event.phone-number", "phone-number"),
            ("$.by.first-name", "by.first-name"),
            ("${event.name}", "name"),
            ("{event.name}", "name"),
            ("<%= event.name %>", "name"),
            ("by.first-name", "by.first-name"),
            ("{{customer}}", PATH),
        ] {
            let why = text(written, &event()).unwrap_or_default();
            assert!(
                why.contains(&format!("write {{ from = \"{path}\" }}, or")),
                "{written}: {why}"
            );
        }
        for plain in
            ["name", "phone-number", "$5", "{\"a\": 1}", "{}", "a {b c} d", "5 < 6 %>", "by.x"]
        {
            assert_eq!(text(plain, &event()), None, "{plain}");
        }
    }

    #[test]
    fn a_record_with_a_path_alone_is_told_as_what_it_means() {
        let why = |template: Value| record(template.as_object().unwrap(), &event());
        for path in ["phone-number", "event.phone-number", "{{phone-number}}"] {
            let why = why(json!({ "event": path })).unwrap();
            assert!(why.ends_with("write { from = \"phone-number\" }"), "{why}");
        }
        assert_eq!(why(json!({ "event": "x" })), None);
        assert_eq!(why(json!({ "event": "name", "b": 1 })), None);
    }
}
