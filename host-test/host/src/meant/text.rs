//! Which text was meant?

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{plain, words};

/// So often a text may be the JSON text of another one.
pub(super) const ENCODED: usize = 3;
/// Words that say nothing of a kind beside another one.
const IDLE: [&str; 4] = ["address", "nr", "number", "type"];
/// What programs and models write where a text is missing, and what this host writes where
/// one is hidden. `Null` and `None` are somebody's names, but not in these letters.
const UNFILLED: [&str; 16] = [
    "undefined",
    "null",
    "None",
    "none",
    "(none)",
    "nil",
    "-",
    "TODO",
    "NaN",
    "N/A",
    "n/a",
    "#N/A",
    "string",
    "\"\"",
    "[masked]",
    "[key]",
];

/// Whether a template or a program wrote it where a text was missing, or it stands for one
/// that was hidden.
pub(super) fn is_unfilled(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix('=').unwrap_or(text);
    let within = |begin, end| text.strip_prefix(begin)?.strip_suffix(end);
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || " _-.$".contains(c))
    };
    UNFILLED.contains(&text)
        || text.eq_ignore_ascii_case("[object object]")
        || text.starts_with("$fromAI(")
        || within("{{", "}}").is_some()
        || within("${", "}").is_some()
        || [("{", "}"), ("<", ">")]
            .into_iter()
            .any(|(begin, end)| within(begin, end).is_some_and(is_name))
        || text.len() > 1 && text.bytes().all(|byte| byte == b'*')
}

/// One of the schema's words in another spelling, or the only one in which these words stand.
pub(super) fn word(text: &str, schema: &Map<String, Value>) -> Option<String> {
    let labels = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let labels: Vec<_> = labels.filter_map(Value::as_str).collect();
    let is = |text: &str| labels.iter().find(|label| plain(label) == plain(text)).copied();
    let given = words(text);
    let given: Vec<_> = given.iter().filter(|word| !IDLE.contains(&word.as_str())).collect();
    let given: Vec<_> = given.into_iter().map(String::as_str).collect();
    let stands_in = |label: &&&str| {
        let own = words(label);
        let has = |word: &str| own.iter().any(|own| own == word);
        // Names of products have their capitals anywhere.
        !given.is_empty() && (given.iter().all(|word| has(word)) || has(&given.concat()))
    };
    let mut like = labels.iter().filter(stands_in);
    let only = like.next().filter(|_| like.next().is_none()).copied();
    // What else stands there would be lost, or means the contrary.
    let is_named = text.starts_with(char::is_alphanumeric)
        && text.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
    is(text).or_else(|| is(&given.concat())).or(only).filter(|_| is_named).map(str::to_owned)
}

/// The text in the capitals in which its pattern takes it, as none of its own does.
pub(super) fn in_capitals(text: &str, schema: &Map<String, Value>) -> Option<String> {
    /// So many letters may stand in front that tell what it names.
    const PREFIX: usize = 4;
    let form = schema.get("pattern").and_then(Value::as_str)?;
    let form = Regex::new(form).ok().filter(|form| !form.is_match(text))?;
    let cased = |prefix| {
        let (before, behind) = text.split_at_checked(prefix)?;
        Some(before.to_uppercase() + &behind.to_lowercase()).filter(|text| form.is_match(text))
    };
    (0..=PREFIX).find_map(cased)
}

/// The text of an object or a list, out of a fence or of JSON text of it.
pub(super) fn inner(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..ENCODED {
        let bare = unfenced(text.trim());
        // Only a text is read: a tree of all else would be much larger.
        match serde_json::from_str::<String>(bare) {
            Ok(within) => text = within,
            _ if bare.len() < text.trim().len() => text = bare.to_owned(),
            _ => break,
        }
    }
    text
}

/// The text within a fence of Markdown, if it stands in one.
pub(super) fn unfenced(text: &str) -> &str {
    let within = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    within.map_or(text, |within| within.trim_start_matches(char::is_alphabetic).trim())
}
