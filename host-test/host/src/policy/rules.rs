//! What is done about an event? Rules say it, each of one kind: a persona calls an action, a
//! program is run, or the event is forwarded.
//!
//! ```toml
//! [rules.thank]
//! on = "thing.made"                    # or a list of them; without it, all events
//! when = { by.name = "Ada" }           # what stands at these paths of the event
//! has = ["number"]                     # what it must have
//! once-per = "number"                  # one event of each number, and no other
//! persona = "assistant"
//! call = "send"
//! unless-listed = "number"             # not for somebody who is listed with it already
//! arguments.to = { from = "number" }   # what stands at this path of the event
//! arguments.name = { from = "by.name", or = "friend" }
//! arguments.note = { from = "note", optional = true }
//!
//! [rules.bell]
//! run = ["/usr/local/bin/bell"]        # gets the event as JSON on its standard input
//! seconds = 30
//!
//! [rules.office]
//! forward = "https://office.example.com/events"
//! secret = { env = "OFFICE_SECRET" }   # what the message is signed with
//! private-addresses = false
//! ```
//!
//! Arguments are built from values, never from pieces of text: what somebody wrote into an
//! event stays the value that it is.

use std::{fmt, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::fits::Misfit;
use super::network::{Authorities, Through};
use crate::{client::Routed, post::Mailbox, program::Program, vault::Source};

mod fits;
mod guessed;

/// A program may take so many seconds.
const SECONDS: u64 = 30;
/// And so many if the rule says so.
const MOST_SECONDS: u64 = 600;
/// What may stand where a value is taken from the event.
const FORMS: &str = "expected { from = \"path\" }, with `or = VALUE` or `optional = true` beside; \
                     a record with such a field is written { literal = { ... } }";

/// A rule: which events, and what is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    on: Option<Names>,
    #[serde(default)]
    when: Map<String, Value>,
    #[serde(default)]
    has: Vec<String>,
    once_per: Option<String>,
    unless_listed: Option<String>,
    call: Option<String>,
    persona: Option<String>,
    #[serde(default)]
    arguments: Map<String, Value>,
    run: Option<Vec<String>>,
    seconds: Option<u64>,
    forward: Option<Hidden>,
    secret: Option<Source>,
    #[serde(default)]
    private_addresses: bool,
    #[serde(default)]
    proxy: Through,
    ca: Option<Authorities>,
}

/// A url that may hold a secret.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

/// One name, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// A persona calls an action.
    Call {
        /// Who.
        persona: &'a str,
        /// The action.
        action: &'a str,
    },
    /// A program is run.
    Run,
    /// The event is forwarded.
    Forward,
}

impl Rule {
    /// The names of the events that it is for; none: all.
    #[must_use]
    pub fn on(&self) -> &[String] {
        self.on.as_ref().map_or(&[], Names::all)
    }

    /// What it does.
    #[must_use]
    pub fn deed(&self) -> Deed<'_> {
        match (&self.call, &self.persona, &self.run) {
            (Some(action), Some(persona), _) => Deed::Call { persona, action },
            (_, _, Some(_)) => Deed::Run,
            _ => Deed::Forward,
        }
    }

    /// Why an event of this name is none that it is for; `None` where it is. What stands in
    /// the event is not told.
    #[must_use]
    pub fn passes(&self, name: &str, event: &Value) -> Option<String> {
        let names = self.on();
        if !names.is_empty() && names.iter().all(|on| on != name) {
            return Some(format!("on: it is for {}", names.join(", ")));
        }
        if let Some(path) = self.has.iter().find(|path| at(event, path).is_none()) {
            return Some(format!("has: the event has no `{path}`"));
        }
        wanted(&self.when).iter().find_map(|(keys, value)| {
            let path = keys.join(".");
            match at(event, &path) {
                Some(found) if found == *value => None,
                Some(_) => Some(format!("when: its `{path}` is not {value}")),
                None => Some(format!("when: the event has no `{path}`")),
            }
        })
    }

    /// The path of what it is done once for.
    #[must_use]
    pub fn once_per(&self) -> Option<&str> {
        self.once_per.as_deref()
    }

    /// The path of what nobody may be listed with already, if it is only done then.
    #[must_use]
    pub fn unless_listed(&self) -> Option<&str> {
        self.unless_listed.as_deref()
    }

    /// What stands there in an event.
    #[must_use]
    pub fn listed<'a>(&self, event: &'a Value) -> Option<&'a str> {
        at(event, self.unless_listed()?)?.as_str()
    }

    /// What it is done once for, if for anything.
    #[must_use]
    pub fn once(&self, event: &Value) -> Option<String> {
        at(event, self.once_per.as_deref()?).map(Value::to_string)
    }

    /// The arguments of its call for this event.
    ///
    /// # Errors
    /// A sentence that names what the event does not have.
    pub fn filled(&self, event: &Value) -> Result<Value, String> {
        let members = self.arguments.iter().filter_map(|(name, template)| {
            Some(fill(template, event).transpose()?.map(|value| (name.clone(), value)))
        });
        members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
    }

    /// What its call takes, as it is written.
    #[must_use]
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// Its program, and the seconds that it may take.
    #[must_use]
    pub fn program(&self) -> Option<(Program, u64)> {
        let program = Program::new(self.run.clone()?);
        Some((program, self.seconds.unwrap_or(SECONDS)))
    }

    /// Where it forwards to, and where the secret is kept that it signs with.
    ///
    /// # Errors
    /// If the proxy of the environment cannot be used.
    pub fn mailbox(&self) -> Option<Result<(Mailbox, &Source), String>> {
        let (url, secret) = (&self.forward.as_ref()?.0, self.secret.as_ref()?);
        let lead = |url: &str| {
            let mut mailbox = Mailbox::at(url)?;
            if self.private_addresses {
                mailbox = mailbox.with_private_addresses();
            }
            if let Some(ca) = &self.ca {
                mailbox = mailbox.with_authorities(ca.certificates());
            }
            Ok((self.proxy.lead(mailbox)?, secret))
        };
        Some(lead(url))
    }

    /// Reads what its paths lead to, from this folder on.
    pub(super) fn read(&mut self, folder: &Path) -> Result<(), (&'static str, String)> {
        self.ca.as_mut().map_or(Ok(()), |ca| ca.read(folder)).map_err(|why| ("ca", why))
    }

    /// The first field that cannot be followed, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let deeds = [
            ("call", self.call.is_some()),
            ("run", self.run.is_some()),
            ("forward", self.forward.is_some()),
        ];
        let named: Vec<_> = deeds.iter().filter(|(_, is_named)| *is_named).collect();
        let [(deed, _)] = named.as_slice() else {
            let at = named.get(1).map_or("", |(name, _)| name);
            return Some((at, "expected one of `call`, `run` and `forward`".to_owned()));
        };
        // What belongs to another kind was meant for something.
        let belongs = [
            ("persona", "call", self.persona.is_some()),
            ("arguments", "call", !self.arguments.is_empty()),
            ("unless-listed", "call", self.unless_listed.is_some()),
            ("seconds", "run", self.seconds.is_some()),
            ("secret", "forward", self.secret.is_some()),
            ("private-addresses", "forward", self.private_addresses),
            ("proxy", "forward", self.proxy != Through::None),
            ("ca", "forward", self.ca.is_some()),
        ];
        if let Some((field, of, _)) = belongs.iter().find(|(_, of, is)| *is && of != deed) {
            return Some((field, format!("it has a meaning beside `{of}` alone")));
        }
        let missing = [
            ("call", "persona", self.persona.is_none()),
            ("forward", "secret", self.secret.is_none()),
        ];
        if let Some((of, field, _)) = missing.iter().find(|(of, _, is)| *is && of == deed) {
            return Some((of, format!("it needs `{field}` beside")));
        }
        if self.on.is_some() && self.on().is_empty() {
            let why = "it names no event: name one or several, or leave `on` out for all of them";
            return Some(("on", why.to_owned()));
        }
        if let Some(why) = self.arguments.values().find_map(misfit) {
            return Some(("arguments", why));
        }
        if let Some(Err(why)) = self.run.clone().map(|run| Program::new(run).check()) {
            return Some(("run", why));
        }
        if !self.seconds.is_none_or(|seconds| (1..=MOST_SECONDS).contains(&seconds)) {
            return Some(("seconds", format!("expected 1 to {MOST_SECONDS}")));
        }
        if let Some(Err(why)) = self.forward.as_ref().map(|url| Mailbox::at(&url.0)) {
            return Some(("forward", format!("it cannot be used: {why}")));
        }
        if let Some(Err(why)) = self.secret.as_ref().map(Source::check) {
            return Some(("secret", why));
        }
        self.proxy.fault().map(|why| ("proxy", why))
    }

    /// The persona that it names, if it names one.
    pub(super) fn persona(&self) -> Option<&str> {
        self.persona.as_deref()
    }
}

/// What stands at a path of an event, such as `by.name` or `parts.0`; what is null does
/// not stand there.
fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |value: &'a Value, part: &str| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    };
    path.split('.').try_fold(event, step).filter(|value| !value.is_null())
}

/// The paths of a table, also where they are written as tables within it, each as the keys
/// that lead there and with what is to stand there.
fn wanted(table: &Map<String, Value>) -> Vec<(Vec<&str>, &Value)> {
    let mut found = Vec::new();
    let mut left = vec![(Vec::new(), table)];
    while let Some((before, table)) = left.pop() {
        for (name, value) in table {
            let keys = [&before[..], &[name.as_str()]].concat();
            match value {
                Value::Object(inside) => left.push((keys, inside)),
                value => found.push((keys, value)),
            }
        }
    }
    found
}

/// What a template stands for.
enum Template<'a> {
    From { path: &'a str, or: Option<&'a Value>, is_optional: bool },
    Literal(&'a Value),
    Members(&'a Map<String, Value>),
    Items(&'a [Value]),
}

impl<'a> Template<'a> {
    fn of(value: &'a Value) -> Result<Self, String> {
        let members = match value {
            Value::Object(members) => members,
            Value::Array(items) => return Ok(Self::Items(items)),
            value => return Ok(Self::Literal(value)),
        };
        if let (Some(literal), 1) = (members.get("literal"), members.len()) {
            return Ok(Self::Literal(literal));
        }
        let Some(from) = members.get("from") else { return Ok(Self::Members(members)) };
        let (or, optional) = (members.get("or"), members.get("optional"));
        let known = 1 + usize::from(or.is_some()) + usize::from(optional.is_some());
        match (from.as_str(), optional.map(Value::as_bool)) {
            (Some(path), None | Some(Some(_))) if known == members.len() => {
                Ok(Self::From { path, or, is_optional: optional == Some(&Value::Bool(true)) })
            }
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// What a template is for this event; `None` where an optional one is not there.
fn fill(template: &Value, event: &Value) -> Result<Option<Value>, String> {
    Ok(Some(match Template::of(template)? {
        Template::Literal(value) => value.clone(),
        Template::From { path, or, is_optional } => match at(event, path).or(or) {
            Some(value) => value.clone(),
            None if is_optional => return Ok(None),
            None => return Err(format!("the event has no `{path}`")),
        },
        Template::Items(items) => {
            let filled = items.iter().filter_map(|item| fill(item, event).transpose());
            Value::Array(filled.collect::<Result<_, _>>()?)
        }
        Template::Members(members) => {
            let filled = members.iter().filter_map(|(name, value)| {
                Some(fill(value, event).transpose()?.map(|value| (name.clone(), value)))
            });
            Value::Object(filled.collect::<Result<_, _>>()?)
        }
    }))
}

/// Why a template cannot be followed, if it cannot.
fn misfit(template: &Value) -> Option<String> {
    match Template::of(template) {
        Err(why) => Some(why),
        Ok(Template::Items(items)) => items.iter().find_map(misfit),
        Ok(Template::Members(members)) => members.values().find_map(misfit),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(text: &str) -> Rule {
        let rule: Rule = toml_edit::de::from_str(text).unwrap();
        assert_eq!(rule.fault(), None);
        rule
    }

    fn event() -> Value {
        json!({ "name": "a.b", "number": "+14155550123", "note": null, "count": 2,
            "by": { "name": "Ada \", \"admin\": true" }, "parts": ["x", { "y": 1 }] })
    }

    #[test]
    fn arguments_are_built_from_values_and_never_from_text() {
        let rule = rule(
            r#"
            call = "send"
            persona = "p"
            [arguments]
            to = { from = "number" }
            name = { from = "by.name", or = "friend" }
            note = { from = "note", or = "none" }
            gone = { from = "gone", optional = true }
            list = [{ kind = "phone", value = { from = "number" } }, { from = "parts.1.y" }]
            plain = { literal = { from = "number" } }
            inside = { count = { from = "count" }, fixed = 1.5 }
            "#,
        );
        let expected = json!({
            "to": "+14155550123", "name": "Ada \", \"admin\": true", "note": "none",
            "list": [{ "kind": "phone", "value": "+14155550123" }, 1],
            "plain": { "from": "number" }, "inside": { "count": 2, "fixed": 1.5 },
        });
        assert_eq!(rule.filled(&event()), Ok(expected));
        let why = rule.filled(&json!({ "parts": [] })).unwrap_err();
        assert!(why.starts_with("the event has no `"), "{why}");
    }

    #[test]
    fn a_rule_is_for_the_events_that_it_names_and_that_are_as_it_says() {
        let is_for = |text: &str| {
            rule(&format!("{text}\nrun = [\"/bin/true\"]")).passes("a.b", &event()).is_none()
        };
        for text in [
            "",
            "on = \"a.b\"",
            "on = [\"x\", \"a.b\"]",
            "when = { count = 2, \"parts.0\" = \"x\" }",
            "when.parts.1.y = 1",
            "has = [\"number\", \"by.name\"]",
        ] {
            assert!(is_for(text), "{text}");
        }
        for text in [
            "on = \"a\"",
            "when = { count = \"2\" }",
            "when = { count = 2, number = \"+1\" }",
            "has = [\"number\", \"note\"]",
            "has = [\"parts.2\"]",
        ] {
            assert!(!is_for(text), "{text}");
        }
        let once = rule("run = [\"/bin/true\"]\nonce-per = \"number\"");
        assert_eq!(once.once(&event()).as_deref(), Some("\"+14155550123\""));
        assert_eq!(once.once(&json!({})), None);
    }

    #[test]
    fn a_url_that_is_forwarded_to_is_not_shown() {
        let text = "forward = \"https://example.com/secret\"\nsecret = { env = \"S\" }";
        let rule = rule(text);
        let (mailbox, _) = rule.mailbox().unwrap().unwrap();
        assert!(!format!("{rule:?} {mailbox}").contains("/secret"));
    }

    #[test]
    fn what_cannot_be_followed_is_told_by_its_field() {
        let call = "persona = \"p\"\ncall = \"send\"\n";
        for (text, field) in [
            (String::new(), ""),
            ("run = [\"/bin/true\"]\ncall = \"send\"".to_owned(), "run"),
            ("call = \"send\"".to_owned(), "call"),
            (format!("{call}seconds = 3"), "seconds"),
            (format!("{call}arguments.a = [{{ from = \"x\", to = 1 }}]"), "arguments"),
            (format!("{call}arguments.a = {{ from = 1 }}"), "arguments"),
            ("run = [\"true\"]".to_owned(), "run"),
            ("run = [\"/bin/true\"]\nseconds = 0".to_owned(), "seconds"),
            ("forward = \"https://example.com\"".to_owned(), "forward"),
            ("forward = \"http://example.com\"\nsecret = { env = \"S\" }".to_owned(), "forward"),
            ("run = [\"/bin/true\"]\nproxy = \"environment\"".to_owned(), "proxy"),
        ] {
            let rule: Rule = toml_edit::de::from_str(&text).unwrap();
            assert_eq!(rule.fault().map(|(field, _)| field), Some(field), "{text}");
        }
    }
}
