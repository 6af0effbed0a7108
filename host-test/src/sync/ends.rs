//! How does each row end, and how is that told?

use std::collections::{BTreeMap, HashSet};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::people::short;
use crate::{
    digest,
    exit::CommandError,
    output,
    paint::{cut, visible},
    terminal,
};

/// So many rows of a kind the plan shows.
const SHOWN: usize = 5;
/// So many rows that did not go through are told on a terminal or in a log.
const TOLD: usize = 50;

/// So many characters are said of a row, of which one cell may say much.
const OF_A_ROW: usize = 1000;

/// How the summary is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// One object: how many rows of each end, and each row with its end
    Json,
}

/// How a row ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// It is to be created.
    New,
    /// It was, and has this uuid.
    Created(String),
    /// Somebody with a number or address of it is there already.
    There,
    /// The row in this line has a number or address of it.
    Double(u64),
    /// Nobody can be made of it.
    Unusable(String),
    /// It was refused, and surely not created.
    Failed(Value),
    /// Whether it was created is not known.
    Open(String),
    /// It was not tried.
    NotSent(String),
}

/// A row with its end.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) line: u64,
    pub(crate) name: String,
    pub(crate) end: End,
    /// The numbers and addresses that are to be created.
    pub(crate) ways: Vec<String>,
    /// What else is to be said of it.
    pub(crate) notes: Vec<String>,
}

/// All ends, in the order in which they are told: the word of programs, that of people.
const ENDS: [(&str, &str); 8] = [
    ("new", "to be created"),
    ("created", "created"),
    ("there", "there already"),
    ("double", "double in the file"),
    ("unusable", "not usable"),
    ("failed", "refused"),
    ("open", "left open"),
    ("not-sent", "not sent"),
];

impl End {
    fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Created(_) => "created",
            Self::There => "there",
            Self::Double(_) => "double",
            Self::Unusable(_) => "unusable",
            Self::Failed(_) => "failed",
            Self::Open(_) => "open",
            Self::NotSent(_) => "not-sent",
        }
    }

    /// Whether nothing is left to be done about it.
    pub(crate) fn is_dealt_with(&self) -> bool {
        !matches!(self, Self::New | Self::Failed(_) | Self::Open(_) | Self::NotSent(_))
    }

    /// Whether nobody knows how it ended.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    fn went_through(&self) -> bool {
        matches!(self, Self::New | Self::Created(_) | Self::There | Self::Double(_))
    }

    fn why(&self) -> Option<String> {
        match self {
            Self::Unusable(why) | Self::Open(why) | Self::NotSent(why) => Some(why.clone()),
            Self::Failed(error) => {
                let message = error.get("message").and_then(Value::as_str);
                Some(message.map_or_else(|| error.to_string(), str::to_owned))
            }
            Self::Double(line) => Some(format!("as line {line}")),
            _ => None,
        }
    }
}

/// The numbers and addresses, each as it is shown.
fn listed(ways: &[String]) -> String {
    ways.iter().map(|way| short(way)).collect::<Vec<_>>().join(", ")
}

impl Entry {
    pub(crate) fn of(line: u64) -> Self {
        Self { line, name: String::new(), end: End::New, ways: Vec::new(), notes: Vec::new() }
    }

    /// Tells what its row adds to that of which it is a double.
    pub(crate) fn adds(&mut self, ways: &[String]) {
        if !ways.is_empty() {
            self.notes.push(format!("adds {} to it", listed(ways)));
        }
    }

    fn told(&self) -> String {
        self.told_with(&[])
    }

    fn told_with(&self, ways: &[String]) -> String {
        let name = Some(&self.name).filter(|name| !name.is_empty());
        let name = name.map(|name| format!(" {}", short(name))).unwrap_or_default();
        let ways = Some(listed(ways)).filter(|ways| self.end == End::New && !ways.is_empty());
        let why = self.end.why().or(ways).into_iter().chain(self.notes.iter().cloned());
        let why = cut(&why.collect::<Vec<_>>().join("; "), OF_A_ROW);
        let between = if why.is_empty() { "" } else { ": " };
        visible(&format!("line {}{name}{between}{why}", self.line))
    }

    fn json(&self) -> Value {
        let mut row = json!({ "line": self.line, "end": self.end.word() });
        let mut add = |name: &str, value: Value| {
            if let Some(row) = row.as_object_mut() {
                row.insert(name.to_owned(), value);
            }
        };
        match &self.end {
            End::Created(uuid) => add("uuid", uuid.clone().into()),
            End::Double(line) => add("of-line", (*line).into()),
            End::Failed(error) => add("error", error.clone()),
            End::Unusable(why) | End::Open(why) | End::NotSent(why) => {
                add("why", why.clone().into());
            }
            End::New | End::There => {}
        }
        if !self.name.is_empty() {
            add("name", self.name.clone().into());
        }
        if !self.ways.is_empty() {
            add("details", self.ways.clone().into());
        }
        if !self.notes.is_empty() {
            add("notes", self.notes.clone().into());
        }
        row
    }
}

fn counts(entries: &[Entry]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        *counts.entry(entry.end.word()).or_default() += 1;
    }
    counts
}

/// How many rows there are of each end.
fn counted(entries: &[Entry]) -> String {
    let counts = counts(entries);
    let known = ENDS.iter().filter_map(|(word, told)| Some((counts.get(word)?, told)));
    let told: Vec<_> = known.map(|(count, told)| format!("{count} {told}")).collect();
    if told.is_empty() { "no rows".to_owned() } else { told.join(", ") }
}

/// What is going to happen: how many, and the first rows of each kind; and what that says of
/// rows.
pub(crate) fn plan(entries: &[Entry]) -> (String, HashSet<String>) {
    let mut lines = vec![format!("{}: {}", all(entries), counted(entries))];
    let mut shown = HashSet::new();
    for (word, told) in ENDS {
        let rows: Vec<_> = entries.iter().filter(|entry| entry.end.word() == word).collect();
        if rows.is_empty() {
            continue;
        }
        lines.push(format!("{told}:"));
        // What goes elsewhere than somebody may think is told in any case.
        let rest = rows.iter().skip(SHOWN).filter(|row| !row.notes.is_empty()).take(TOLD);
        let told: Vec<_> = rows.iter().take(SHOWN).chain(rest).collect();
        lines.extend(told.iter().map(|row| format!("  {}", row.told_with(&row.ways))));
        if rows.len() > told.len() {
            let more = rows.len() - told.len();
            lines.push(format!("  and {more} more; --output json shows all"));
        }
        shown.extend(told.iter().map(|row| row.told()));
    }
    (lines.join("\n") + "\n", shown)
}

/// Tells how it ended, but for what was shown of rows before. `is_beside` keeps standard
/// output for what else goes there.
pub(crate) fn summary(
    entries: &[Entry],
    shown: &HashSet<String>,
    output: Output,
    is_beside: bool,
) -> Result<(), CommandError> {
    if output == Output::Json {
        let mut all = serde_json::Map::new();
        let counts = counts(entries);
        for (word, _) in ENDS {
            all.insert(word.to_owned(), counts.get(word).copied().unwrap_or_default().into());
        }
        all.insert("rows".to_owned(), entries.iter().map(Entry::json).collect());
        let all = Value::Object(all);
        if is_beside {
            terminal::say(&all.to_string());
            return Ok(());
        }
        return output::json(&all);
    }
    let told = format!("{}\n", counted(entries));
    let is_told = |entry: &&Entry| !entry.end.went_through() || !entry.notes.is_empty();
    let rows = entries.iter().filter(is_told);
    let rows: Vec<_> = rows.filter(|entry| !shown.contains(&entry.told())).collect();
    for row in rows.iter().take(TOLD) {
        let (_, told) = ENDS.iter().find(|(word, _)| *word == row.end.word()).unwrap_or(&("", ""));
        terminal::say(&format!("twochat: {told}: {}", row.told()));
    }
    if rows.len() > TOLD {
        let more = rows.len() - TOLD;
        terminal::say(&format!("twochat: and {more} more; --output json tells all of them"));
    }
    if is_beside {
        terminal::say(told.trim_end());
        return Ok(());
    }
    output::text(&told)
}

/// How many rows did not go through, if any did not.
pub(crate) fn left(entries: &[Entry]) -> Option<String> {
    let left = entries.iter().filter(|entry| !entry.end.went_through()).count();
    (left > 0).then(|| format!("{left} of {} did not go through", all(entries)))
}

fn all(entries: &[Entry]) -> String {
    digest::counted(entries.len() as u64, "row", "rows")
}
