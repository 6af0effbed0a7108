//! What belongs into each field of a policy? Told, with an example, where something else
//! stands there.

use toml_edit::Key;

use crate::suggest;

/// A field, what it holds, and an example.
type Form = (&'static str, &'static str, &'static str);

const TEXTS: &str = "a list of texts";
const YES_OR_NO: &str = "true or false";
const NUMBER: &str = "a whole number";
const PROXY: &str = "the url of a proxy, \"environment\", \"none\" or false";

const TOP: [Form; 5] = [
    ("default-persona", "the name of a persona", "\"assistant\""),
    ("audit", "a table", "{ file = \"audit.jsonl\" }"),
    ("connections", "tables with a name each", "[connections.work]"),
    ("personas", "tables with a name each", "[personas.assistant]"),
    ("rules", "tables with a name each", "[rules.bell]"),
];
const AUDIT: [Form; 2] = [
    ("file", "the path of a file", "\"audit.jsonl\""),
    ("redact", "a list of fields", "[\"value\"]"),
];
const CONNECTION: [Form; 11] = [
    ("base-url", "a url", "\"https://api.example.com/v1\""),
    ("key-header", "the name of a header", "\"x-api-key\""),
    ("secret", "where the key is kept", "{ env = \"WORK_KEY\" }"),
    ("revoked", YES_OR_NO, "true"),
    ("methods", TEXTS, "[\"GET\"]"),
    ("private-addresses", YES_OR_NO, "true"),
    ("at-once", NUMBER, "16"),
    ("requests-per-call", NUMBER, "8"),
    ("reply-bytes", NUMBER, "8388608"),
    ("proxy", PROXY, "\"http://proxy.example.com:3128\""),
    ("ca", "the path of a file", "\"authority.pem\""),
];
const PERSONA: [Form; 8] = [
    ("connection", "the name of a connection", "\"work\""),
    ("actions", "a list of actions", "[\"list-things\"]"),
    ("toolsets", "a list of toolsets", "[\"actions\"]"),
    ("ask", "a list of actions", "[\"create-thing\"]"),
    ("mask", "a list of fields", "[\"value\"]"),
    ("show", "a list of fields", "[\"url\"]"),
    ("token-sha256", "the SHA-256 of a token, as `token` prints it", "\"9f86d081…\""),
    ("revoked", YES_OR_NO, "true"),
];
const RULE: [Form; 15] = [
    ("on", "the name of an event, or a list of them", "\"message.received\""),
    (
        "when",
        "a table of paths of the event, with what is to stand there",
        "{ direction = \"incoming\" }",
    ),
    ("has", "a list of paths of the event", "[\"phone-number\"]"),
    ("once-per", "a path of the event", "\"phone-number\""),
    ("unless-listed", "a path of the event", "\"phone-number\""),
    ("call", "the name of an action", "\"create-thing\""),
    ("persona", "the name of a persona", "\"assistant\""),
    (
        "arguments",
        "a table of what the action takes",
        "{ first-name = { from = \"by.first-name\" } }",
    ),
    ("run", "a list: the whole path of a program, then its arguments", "[\"/usr/local/bin/bell\"]"),
    ("seconds", NUMBER, "30"),
    ("forward", "a url", "\"https://office.example.com/events\""),
    ("secret", "where what signs is kept", "{ env = \"OFFICE_SECRET\" }"),
    ("private-addresses", YES_OR_NO, "true"),
    ("proxy", PROXY, "\"http://proxy.example.com:3128\""),
    ("ca", "the path of a file", "\"authority.pem\""),
];

/// The fields of the table that this path leads to, if it is one of those that have fields.
fn fields(table: &[String]) -> Option<&'static [Form]> {
    let names: Vec<_> = table.iter().map(String::as_str).collect();
    Some(match names.as_slice() {
        [] => &TOP,
        ["audit"] => &AUDIT,
        ["connections", _] => &CONNECTION,
        ["personas", _] => &PERSONA,
        ["rules", _] => &RULE,
        _ => return None,
    })
}

/// What belongs to the end of this path, or there where a part of it does.
fn expected(path: &[String]) -> Option<String> {
    let found = (0..path.len()).rev().find_map(|depth| {
        let (table, rest) = path.split_at_checked(depth)?;
        let name = rest.first()?;
        fields(table)?.iter().find(|(field, ..)| field == name)
    });
    match (path, found?) {
        ([kind, name], (_, _, example)) if example.starts_with(&format!("[{kind}.")) => {
            Some(format!("a table of its own, such as [{kind}.{}]", Key::new(name)))
        }
        (_, (_, what, example)) if example.starts_with('[') && what.starts_with("tables") => {
            Some(format!("{what}, such as {example}"))
        }
        (_, (field, what, example)) => Some(format!("{what}, such as {field} = {example}")),
    }
}

/// Where something is wrong and what, after what serde says of this path.
pub(super) fn misfit(mut path: Vec<String>, said: &str) -> (Vec<String>, String) {
    // As the only member of a table a date is read.
    path.pop_if(|last| last.starts_with("$__toml"));
    let named = |beginning: &str| {
        let name = said.strip_prefix(beginning)?.split('`').next()?;
        (!name.starts_with("$__toml")).then_some(name)
    };
    if let Some(name) = named("unknown field `") {
        path.pop_if(|last| last == name);
        let known = fields(&path).unwrap_or_default();
        let known: Vec<_> = known.iter().map(|(field, ..)| *field).collect();
        let is_misplaced = !path.is_empty() && TOP.iter().any(|(field, ..)| *field == name);
        path.push(name.to_owned());
        return match is_misplaced {
            // What stands below a table's name is of that table, also where a blank line is
            // between.
            true => (
                path,
                "it stands below a [table], and so is of that: move this line to the top of the \
                 file, above the first [table]"
                    .to_owned(),
            ),
            false => (path, suggest::unknown("field", name, &known, "there are")),
        };
    }
    if let Some(name) = named("missing field `") {
        path.push(name.to_owned());
        let expected = expected(&path).map(|expected| format!(": {expected}"));
        return (path, format!("it is missing{}", expected.unwrap_or_default()));
    }
    // Types with words of their own say what belongs there.
    let own = said.starts_with("expected ").then(|| said.to_owned());
    let why = own.or_else(|| Some(format!("expected {}", expected(&path)?)));
    (path, why.unwrap_or_else(|| said.to_owned()))
}

/// What is said of a field that stands there a second time.
pub(super) fn twice(path: &[String]) -> String {
    let why = format!("{}: it stands there twice: keep one of them", path.join("."));
    let is_a_table = path.len() < 3;
    match expected(path).filter(|_| !is_a_table) {
        Some(expected) => format!("{why}. Expected {expected}"),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::reading::read, *};
    use crate::policy::Policy;

    fn why(text: &str) -> String {
        read::<Policy>(text).err().unwrap_or_default()
    }

    /// Each table that has fields, as its header names it, with what it needs.
    fn tables() -> [(&'static str, &'static str, &'static [Form]); 5] {
        [
            ("", "", &TOP),
            ("[audit]", "", &AUDIT),
            ("[connections.a]", "secret = { env = \"K\" }", &CONNECTION),
            ("[personas.a]", "connection = \"a\"", &PERSONA),
            ("[rules.a]", "", &RULE),
        ]
    }

    #[test]
    fn every_field_has_a_form_whose_example_is_taken() {
        for (header, needs, forms) in tables() {
            // As serde lists them, which knows no others.
            let none = format!("{header}\nnone = 1");
            let error = toml_edit::de::from_str::<Policy>(&none).unwrap_err().to_string();
            let (_, listed) = error
                .split_once("expected one of ")
                .unwrap_or_else(|| error.split_once("expected ").unwrap());
            let listed: Vec<_> = listed.split('`').skip(1).step_by(2).collect();
            let known: Vec<_> = forms.iter().map(|(field, ..)| *field).collect();
            assert_eq!(listed, known, "{header}");
            for (field, _, example) in forms {
                if example.starts_with('[') && header.is_empty() {
                    continue;
                }
                let needs = if needs.starts_with(field) { "" } else { needs };
                let written = format!("{header}\n{needs}\n{field} = {example}");
                let is_of_a_token = *field == "token-sha256";
                assert_eq!(
                    why(&written).is_empty(),
                    !is_of_a_token,
                    "{written}: {}",
                    why(&written)
                );
            }
        }
    }

    #[test]
    fn what_is_of_a_wrong_type_is_told_by_its_field_with_what_belongs_there() {
        for (header, needs, forms) in tables() {
            let path = header.trim_matches(['[', ']']);
            for (field, ..) in forms {
                let needs = if needs.starts_with(field) { "" } else { needs };
                let dot = if path.is_empty() { "" } else { "." };
                let wrong = ["1979-05-27", "[[\"canary\"]]"]
                    .map(|wrong| why(&format!("{header}\n{needs}\n{field} = {wrong}")));
                let said = wrong.into_iter().find(|said| !said.is_empty()).unwrap_or_default();
                let expected = format!("line 3: {path}{dot}{field}");
                assert!(said.starts_with(&expected) && said.contains(": expected "), "{said}");
                assert!(!said.contains("canary") && !said.contains("sequence"), "{said}");
                let has_example = said.contains(", such as ") || said.contains("{ env = ");
                assert!(has_example || *field == "proxy", "{said}");
            }
        }
        for (text, expected) in [
            ("[rules]\nr = 1", "line 2: rules.r: expected a table of its own, such as [rules.r]"),
            ("rules = 1", "line 1: rules: expected tables with a name each, such as [rules.bell]"),
            ("[rules.r]\nrun = [\"/bin/a\", 1]", "line 2: rules.r.run.1: expected a list: the "),
        ] {
            assert!(why(text).starts_with(expected), "{}", why(text));
        }
    }
}
