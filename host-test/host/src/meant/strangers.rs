//! What is a member that an action does not have?
//!
//! | the member | example | what happens |
//! | --- | --- | --- |
//! | is a client's own, by its words | `wait_for_previous`, `toolCallId` | passed over |
//! | names another tool, and the action changes something | `tool: "delete-contact"` | refused |
//! | asks for something else than the action does | `dry_run`, `offset`, `upsert` | refused |
//! | asks for so many, where a field has a maximum | `limit` | refused: "did you mean" |
//! | resembles a field, or a word of one, by letters, words or description | `phone_number` | refused: "did you mean" |
//! | is of the rows that an action gives, somebody's number, or what people look for | `phone`, `full_name`, `keyword` | refused: nothing looks for it |
//! | is of the action's own subject, or of its result | `contacts`, `next-page` | refused |
//! | holds one that is refused | `input: {"page": 1}` | refused, with its place |
//! | holds the arguments, or what looks like data, and the action changes something | `mobile` | refused |
//! | anything else | `x` | passed over, and told |
//!
//! Refused is what would be missed: somebody is told of it before anything is sent.

use regex_lite::Regex;
use serde_json::Value;

use super::{
    Members, is_empty, is_of_json, is_readable,
    known::{AROUND, CALLED, HOW_MANY, OTHERWISE, OWN, SMALL, SOUGHT, WHEN, WRAPPERS},
    of_one_type, of_text, plain, properties, shortened, words,
};
use crate::{fields::FIELDS, tools::Tool};

/// So often arguments may stand within another member.
const LEVELS: usize = 3;
/// How alike a member must be to one of the schema's, from 0 to 1, to be a mistake.
const ALIKE: f64 = 0.82;
/// And to be surely that one misspelt.
const MISSPELT: f64 = 0.93;
/// The arguments themselves, where they all stand within one member that is not theirs, and
/// what stands beside it; besides, the names of what stands around a whole call.
pub(super) fn unwrapped(given: Members, tool: &Tool) -> (Members, Vec<String>) {
    let (mut given, mut around) = (given, Vec::new());
    for _ in 0..LEVELS {
        let Some((arguments, names)) = opened(&given, tool) else { break };
        given = arguments;
        around.extend(names);
    }
    (given, around)
}

/// What stands within the one member that holds arguments, or another such member.
fn opened(given: &Members, tool: &Tool) -> Option<(Members, Vec<String>)> {
    let strangers = Strangers::of(tool);
    let is_around = |name: &str| words(name).iter().all(|it| AROUND.contains(&it.as_str()));
    let says_nothing = |value: &Value| is_empty(value) || strangers.names_the_tool(value);
    let is_beside =
        |(name, value): &(&String, &Value)| is_own(name) || is_around(name) || says_nothing(value);
    let mut inner = given.iter().filter(|member| !is_beside(member));
    let mut only = inner.next().filter(|_| inner.next().is_none());
    // A client's own word may be what the arguments stand in.
    if only.is_none() && given.iter().all(|member| is_beside(&member)) {
        let mut holding = given.iter().filter(|(_, value)| strangers.arguments_in(value).is_some());
        only = holding.next().filter(|_| holding.next().is_none());
    }
    let (wrapper, value) = only.filter(|(name, _)| strangers.is_wrapper(name))?;
    if given.keys().any(|name| strangers.is_field(name)) {
        return None;
    }
    let holds_another = |within: &Members| within.keys().any(|name| strangers.is_wrapper(name));
    let mut arguments = strangers.arguments_in(value).or_else(|| {
        match of_text(value.clone(), Value::is_object) {
            Value::Object(within) => Some(within).filter(holds_another),
            _ => None,
        }
    })?;
    let beside = given.iter().filter(|(name, value)| *name != wrapper && !says_nothing(value));
    let (around, beside): (Vec<_>, Vec<_>) =
        beside.partition(|(name, _)| is_around(name) || arguments.contains_key(*name));
    for (name, value) in beside {
        arguments.insert(name.clone(), value.clone());
    }
    Some((arguments, around.into_iter().map(|(name, _)| shortened(name)).collect()))
}

/// Whether the member says what is called.
fn names_one(name: &str) -> bool {
    words(name).iter().all(|word| CALLED.contains(&word.as_str()))
}

/// Whether a client calls something of its own so.
fn is_own(name: &str) -> bool {
    words(name).iter().any(|word| OWN.contains(&word.as_str()))
}

/// The members that an action does not have.
pub(super) struct Strangers<'t>(&'t Tool);

impl<'t> Strangers<'t> {
    pub(super) fn of(tool: &'t Tool) -> Self {
        Self(tool)
    }

    /// Whether somebody is told that it was passed over.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn is_told(&self, name: &str, value: &Value) -> Result<bool, String> {
        if let Some(other) = self.other_call(name, value) {
            let (name, own) = (shortened(name), &self.0.name);
            return Err(format!("{name}: this calls {own}, and not {}", shortened(other)));
        }
        if self.is_wrapper(name) {
            is_readable(&shortened(name), value)?;
        }
        let calls_this = self.names_the_tool(value) && names_one(name);
        if !is_own(name)
            && !calls_this
            && let Some(why) = self.refusal(name, value)
        {
            return Err(format!("{}: there is no such field{why}", shortened(name)));
        }
        self.would_be_missed(name, value)?;
        Ok(!(is_own(name) && name.starts_with('_')))
    }

    /// Looks at what stands within a member that may hold arguments, or that is nobody's.
    ///
    /// # Errors
    /// What of it is refused, with its place.
    fn would_be_missed(&self, name: &str, value: &Value) -> Result<(), String> {
        let is_clients = words(name).iter().all(|word| OWN.contains(&word.as_str()));
        let Value::Object(within) = of_text(value.clone(), Value::is_object) else {
            return Ok(());
        };
        if is_clients || within.keys().any(|inner| self.is_field(inner)) {
            return Ok(());
        }
        let place = |why: String| format!("{}.{why}", shortened(name));
        within
            .iter()
            .try_for_each(|(inner, value)| self.is_told(inner, value).map(drop).map_err(place))
    }

    /// The other tool that is called by this member, where this one changes something.
    fn other_call<'v>(&self, name: &str, value: &'v Value) -> Option<&'v str> {
        let changes = self.0.annotations.read_only_hint != Some(true);
        let is_told = !name.starts_with('_');
        // Tools have several words without a blank; somebody's name has not.
        let is_tools =
            |text: &&str| !text.trim().contains(char::is_whitespace) && words(text).len() > 1;
        let other =
            value.as_str().filter(|_| names_one(name) && changes && is_told).filter(is_tools)?;
        (!self.names_the_tool(value)).then_some(other)
    }

    /// Whether it is the tool's name, maybe behind that of its server.
    fn names_the_tool(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|value| plain(value).ends_with(&plain(&self.0.name)))
    }

    /// What there is instead.
    pub(super) fn there_are(&self) -> String {
        let own: Vec<_> = self.fields().map(|(own, _)| own).collect();
        match own.as_slice() {
            [] => "the action takes none".to_owned(),
            [one] => format!("there is only {one}"),
            _ => format!("there are {}", own.join(", ")),
        }
    }

    fn refusal(&self, name: &str, value: &Value) -> Option<String> {
        let there_are = || self.there_are();
        let given = words(name);
        if given.iter().any(|word| HOW_MANY.contains(&word.as_str()))
            && let Some(own) = self.bounded()
        {
            return Some(format!("; did you mean {own}?"));
        }
        let asks = |word: &str| OTHERWISE.contains(&word);
        let by_value = || {
            let is_mode = given.iter().any(|word| word == "mode");
            is_mode && words(value.as_str().unwrap_or_default()).iter().any(|word| asks(word))
        };
        if given.iter().any(|word| asks(word)) || asks(&plain(name)) || by_value() {
            return Some(format!(", and nothing here does what it asks for; {}", there_are()));
        }
        let is_given = properties(&self.0.output_schema).any(|(own, _)| plain(own) == plain(name));
        if is_given {
            return Some(format!("; it is one of the answer; {}", there_are()));
        }
        if let Some(like) = self.resembled(name, value) {
            return Some(format!("; {like}"));
        }
        let is_lost = || self.is_wrapper(name) && self.fields().next().is_some();
        if !value.is_object() && is_lost() || self.arguments_in(value).is_some() {
            return Some(format!("; give what it holds without it: {}", there_are()));
        }
        let changes = self.0.annotations.read_only_hint != Some(true);
        // Whose it is, in the words of whoever calls.
        let is_id = given.len() > 1 && given.last().is_some_and(|last| last == "id");
        if !changes && !is_id && self.is_sought(&given, value) {
            return Some(format!(
                ", and nothing here looks for it: read what there is, and compare; {}",
                there_are()
            ));
        }
        let is_subject =
            words(&self.0.name).iter().any(|own| given.iter().any(|it| related(own, it)));
        if is_subject || changes && !is_id && is_data(value) {
            return Some(format!(", so its value would be lost; {}", there_are()));
        }
        None
    }

    fn fields(&self) -> impl Iterator<Item = (&'t str, &'t Value)> {
        properties(&self.0.input_schema).map(|(own, of)| (own.as_str(), of))
    }

    /// The one number that has a maximum: how many are wanted.
    fn bounded(&self) -> Option<&'t str> {
        let has_most = |of: &Value| {
            let of = of.as_object().and_then(of_one_type);
            of.is_some_and(|of| of.contains_key("maximum"))
        };
        let mut fields = self.fields().filter(|(_, of)| has_most(of));
        fields.next().map(|(own, _)| own).filter(|_| fields.next().is_none())
    }

    fn is_field(&self, name: &str) -> bool {
        self.fields().any(|(own, _)| plain(own) == plain(name))
    }

    /// The object with fields of the action that this is, or its text, or a list of it.
    fn arguments_in(&self, value: &Value) -> Option<Members> {
        match of_text(value.clone(), |read| read.is_object() || read.is_array()) {
            Value::Object(within) => {
                within.keys().any(|name| self.is_field(name)).then_some(within)
            }
            Value::Array(items) => match items.as_slice() {
                [one @ Value::Object(_)] => self.arguments_in(one),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it can hold the arguments: it is called so, or after what the action is about.
    fn is_wrapper(&self, name: &str) -> bool {
        let (of_tool, name) = (words(&self.0.name), words(name));
        let is_known = |word: &String| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            WRAPPERS.contains(&word) || OWN.contains(&word)
        };
        let is_subject = |word: &String| of_tool.last() == Some(word);
        // What is a client's own by all of its words holds what is its own.
        let is_own = name.iter().all(|word| OWN.contains(&word.as_str()));
        name == of_tool || !is_own && name.iter().all(|it| is_known(it) || is_subject(it))
    }

    /// Whether it names something that the rows of the answer have, or what people look for, so
    /// that those with this value are wanted.
    fn is_sought(&self, given: &[String], value: &Value) -> bool {
        let is_there = match value {
            Value::String(text) => !text.trim().is_empty() && plain(text) != plain(&self.0.name),
            value => !value.is_null(),
        };
        let telling: Vec<_> = given.iter().filter(|word| !SMALL.contains(&word.as_str())).collect();
        let is_named = |it: &str| {
            let own = words(it);
            let has = |word: &String| {
                let single = word.strip_suffix('s').unwrap_or(word);
                own.iter().any(|own| own == word || own == single)
            };
            let is_all = own.len() == given.len() && given.iter().all(has);
            is_all || !telling.is_empty() && telling.iter().all(|word| has(word))
        };
        let is_reached_at = value.as_str().is_some_and(is_reached_at);
        let has_one_of = |known: &[&str]| given.iter().any(|word| known.contains(&word.as_str()));
        let is_given = !given.is_empty() && names_in(&self.0.output_schema, &is_named);
        let among_rows = || is_reached_at || is_given || has_one_of(&SOUGHT);
        is_there && (has_one_of(&WHEN) || self.gives_rows() && among_rows())
    }

    fn gives_rows(&self) -> bool {
        let is_record =
            |of: &Value| of.get("items").and_then(|row| row.get("properties")).is_some();
        properties(&self.0.output_schema).any(|(_, of)| is_record(of))
    }

    /// What it may stand for, in words; `None` if nothing.
    fn resembled(&self, name: &str, value: &Value) -> Option<String> {
        let given = words(name);
        let fields = || self.fields().filter(|(_, of)| can_be(value, of));
        let has_all = |all: &[String], some: &[String]| some.iter().all(|word| all.contains(word));
        let is_near = |own: &str| {
            let own = words(own);
            !given.is_empty() && has_all(&own, &given)
                || has_all(&given, &own) && given.len() == own.len() + 1
        };
        let spelt = |own: &str| strsim::jaro_winkler(&plain(own), &plain(name));
        let nearest = |alike: f64| {
            let like = fields().map(|(own, _)| (spelt(own), own));
            let best = like.max_by(|(one, _), (other, _)| one.total_cmp(other));
            best.filter(|(found, _)| *found >= alike).map(|(_, own)| own)
        };
        let near = || fields().map(|(own, _)| own).find(|own| is_near(own));
        // What is of a form that one field alone has belongs there.
        let of_form = |of: &Value| {
            let form = of.get("pattern").and_then(Value::as_str)?.strip_prefix("^$|")?;
            Regex::new(form).ok()?.is_match(value.as_str()?.trim()).then_some(())
        };
        let formed = || fields().find(|(_, of)| of_form(of).is_some()).map(|(own, _)| own);
        if let Some(own) = near().or_else(|| nearest(MISSPELT)).or_else(formed) {
            return Some(format!("did you mean {own}?"));
        }
        if let Some((place, word)) = chosen(&self.0.input_schema, &given, "") {
            return Some(format!("{word} is one of the words for {place}"));
        }
        let is_described = |own: &Value| {
            let text = own.get("description").and_then(Value::as_str).unwrap_or_default();
            let said = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
            !given.is_empty() && said.take(given.len()).eq(given.iter().cloned())
        };
        let shares =
            |own: &str| words(own).iter().any(|own| given.iter().any(|it| related(own, it)));
        let described = fields().find(|(_, of)| is_described(of));
        let like: Vec<_> = match described {
            Some((own, _)) => vec![own],
            None => fields().map(|(own, _)| own).filter(|own| shares(own)).collect(),
        };
        let like = if like.is_empty() { nearest(ALIKE).into_iter().collect() } else { like };
        Some(format!("did you mean {}?", like.join(" or "))).filter(|_| !like.is_empty())
    }
}

/// Whether a value of a field may be this one.
fn can_be(value: &Value, of: &Value) -> bool {
    let Some(of) = of.as_object().and_then(of_one_type) else { return true };
    let is = |name: &str| of.get("type").is_some_and(|ty| ty == name);
    match value {
        // Nobody counts as far as somebody's number.
        Value::Number(number) => !(is("integer") && has_a_number(&number.to_string())),
        Value::String(text) => {
            !(is("integer") && (has_a_number(text) || text.trim().starts_with('+')))
        }
        Value::Object(_) => is("object") || is("array") || is_of_json(of),
        _ => true,
    }
}

/// The place, and the word to choose there, that this is.
fn chosen(schema: &Members, given: &[String], place: &str) -> Option<(String, String)> {
    let is_chosen = |own: &str| own != FIELDS;
    properties(schema).filter(|(own, _)| is_chosen(own)).find_map(|(own, member)| {
        let member = of_one_type(member.as_object()?)?;
        let place = format!("{place}{own}");
        let labels = member.get("enum").and_then(Value::as_array).into_iter().flatten();
        let labels: Vec<_> = labels.filter_map(Value::as_str).collect();
        let shares =
            |label: &&&str| words(label).iter().any(|own| given.iter().any(|it| related(own, it)));
        let exact = labels.iter().find(|label| plain(label) == given.concat());
        if let Some(label) = exact.or_else(|| labels.iter().find(shares)) {
            return Some((place, (*label).to_owned()));
        }
        match member.get("items").and_then(Value::as_object) {
            Some(items) => chosen(items, given, &format!("{place}[].")),
            None => chosen(member, given, &format!("{place}.")),
        }
    })
}

/// Whether two words of names are forms of one: `phones`, `surname`, `picture` for `pic`.
fn related(own: &str, given: &str) -> bool {
    let (short, long) = if own.len() < given.len() { (own, given) } else { (given, own) };
    short.len() > 2 && !SMALL.contains(&short) && (long.starts_with(short) || long.ends_with(short))
}

/// Whether a member or a word to choose, anywhere in the schema, is one of these.
fn names_in(schema: &Members, is_it: &dyn Fn(&str) -> bool) -> bool {
    schema.iter().any(|(key, value)| match value {
        Value::Object(own) if key == "properties" && own.keys().any(|name| is_it(name)) => true,
        Value::Array(labels) if key == "enum" => {
            labels.iter().any(|it| it.as_str().is_some_and(is_it))
        }
        Value::Object(within) => names_in(within, is_it),
        Value::Array(several) => {
            several.iter().filter_map(Value::as_object).any(|within| names_in(within, is_it))
        }
        _ => false,
    })
}

/// Whether the text has as many digits as somebody's number.
fn has_a_number(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() > 6
}

/// Whether it is somebody's number or address.
fn is_reached_at(text: &str) -> bool {
    let text = text.trim();
    let is_number = text.starts_with('+') && has_a_number(text);
    let is_address = !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(who, at)| !who.is_empty() && at.contains('.'));
    is_number || is_address
}

/// Whether somebody's number, address or url stands there.
fn is_data(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let is_url = |scheme: &&str| text.trim().starts_with(*scheme);
            is_reached_at(text) || ["http://", "https://"].iter().any(is_url)
        }
        Value::Array(items) => items.iter().any(is_data),
        Value::Object(members) => members.values().any(is_data),
        _ => false,
    }
}
