//! `twochat events`: what was received, and what became of it.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    digest::span::milliseconds,
    events::{
        past::{self, Asked, Replayed, Which},
        pruning::{self, Pruned},
        reading::SKIPPED,
        store,
    },
    exit::{CommandError, EXIT_CODES},
    form::{Form, FormArguments, Format},
    output,
    sync::numbers,
    terminal,
};

/// Show the events that `twochat listen` received, and have them handed on again.
///
/// An event is `new` until it is read, then `read`, or a `double` of another with the same
/// name and key, or without a key the same body, or `unread` where it is nothing that can be
/// read; `pruned` ones are listed only by --state pruned. For each target it is `waiting`,
/// `begun`, `done`, `skipped` where another event stands for it, `parked` where trying again
/// helps nobody, or `pruned` where it was parked until then; the reason stands beside it. Why
/// others did not get it, `show` tells: which condition of a rule it did not meet, or which
/// event came first. A table shows the last hundred; JSON Lines and CSV have all, with what
/// they say and the bodies that came; `body-base64` has the bytes of one that is not UTF-8.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: List,
}

const EXAMPLES: &str = "\
Examples:
  twochat events --state parked
  twochat events list --since 2026-01-31 --output jsonl > january.jsonl
  twochat events show 17
  twochat events replay --parked
  twochat events prune --before 90d";

#[derive(Subcommand)]
enum What {
    /// List them, the oldest first; also without a word
    List(List),
    /// Show one with all that is known of it, as JSON
    Show(Show),
    /// Have what is parked handed on again, and what could not be read read again
    ///
    /// Named by its id, an event is read again too, for rules that are new, and handed on
    /// again also where that is done: forwarded, given to its program, or answered by its
    /// call; what waits is tried now. A rule with `once-per` that has done it is left so,
    /// unless --again says otherwise. What may have been carried out is handed on again only
    /// by its id: look first whether it was. What was only read by --dry-run is read again
    /// where it is narrowed, as by `--state read`. A `twochat listen` for the store does it,
    /// as soon as one runs.
    Replay(Replay),
    /// Delete what old events said
    ///
    /// Nothing is deleted by itself, unless `twochat listen --keep` says so. Events that came
    /// before the time that is named lose their bodies and all that they say, but not those
    /// that are still to be read or handed on, nor those that are parked, unless --parked
    /// takes them too. The name and key of each stay, by which it is known when it is delivered once more, and what rules with
    /// `once-per` have done. It may run beside `twochat listen`, which waits for it. The file
    /// is written anew, so that nothing of them is left in it; where that cannot be done yet,
    /// as somebody else is reading the store, that is told, and it ends with 3. Every night by
    /// cron:
    ///
    ///   15 4 * * * twochat events prune --before 90d
    #[command(verbatim_doc_comment)]
    Prune(Prune),
}

/// Which events are meant.
#[derive(clap::Args)]
struct Filters {
    /// Only events of this name, such as whatsapp.message.received
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only those that came at this time or later: today, 7d, 12h, a day such as
    /// 2026-11-25, or a time such as 2026-11-25T08:00
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    since: Option<i64>,
    /// Only those that came before this time
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    until: Option<i64>,
    /// Only those that are so, or are so for some target
    #[arg(long)]
    state: Option<State>,
    /// Only those of this phone number
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    number: Option<String>,
    /// Only those for this target, which is a rule's name or as `events` shows it
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The store, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum State {
    New,
    Read,
    Double,
    Unread,
    Waiting,
    Begun,
    Done,
    Parked,
    Skipped,
    Pruned,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    filters: Filters,
    /// Only the last of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    last: Option<i64>,
    #[command(flatten)]
    form: FormArguments,
}

#[derive(clap::Args)]
struct Show {
    /// Its id, as the list has it
    id: i64,
    /// The store, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Replay {
    /// Those with these ids: for all their targets, also where they are done, and for rules
    /// that are new
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// Also what a rule with `once-per` has done already, by them or by an event before
    /// them: a call is made once more
    #[arg(long, requires = "ids", conflicts_with = "parked")]
    again: bool,
    /// All that is parked, but what may have been carried out
    #[arg(long)]
    parked: bool,
    #[command(flatten)]
    filters: Filters,
}

#[derive(clap::Args)]
struct Prune {
    /// What came before this time: 90d, or a day such as 2026-11-25
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    before: i64,
    /// Also what is parked, which is then never handed on
    #[arg(long)]
    parked: bool,
    /// The store, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

/// A table shows so many, unless it is asked for more.
const SHOWN: i64 = 100;
/// So many are written at once.
const PAGE: i64 = 500;
const IN_TABLE: &[&str] =
    &["id", "time", "event", "number", "state", "seen", "handed-on", "reason"];
/// What a narrow table leaves out, that which matters least first.
const SPARE: &[&str] = &["seen", "time", "number"];
const IN_OTHER_FORMS: &[&str] = &[
    "id",
    "time",
    "event",
    "place",
    "key",
    "number",
    "state",
    "seen",
    "last-seen",
    "reason",
    "handed-on",
    "not-handed-on",
    "content",
    "body",
    "body-base64",
];

pub(crate) fn run(arguments: Arguments) -> Result<(), CommandError> {
    match arguments.what.unwrap_or(What::List(arguments.list)) {
        What::List(list) => list.run(),
        What::Show(show) => show.run(),
        What::Replay(replay) => replay.run(),
        What::Prune(prune) => prune.run(),
    }
}

impl Filters {
    fn which(self, ids: Vec<i64>) -> Which {
        let Self { name, since, until, state, number, target, .. } = self;
        let number = number.map(|number| plain(&number));
        let state = state.and_then(|state| Some(state.to_possible_value()?.get_name().to_owned()));
        Which { ids, name, since, until, state, number, target }
    }
}

impl List {
    fn run(self) -> Result<(), CommandError> {
        let form = self.form.form(Format::Table, Format::Table, false)?;
        let store = opened(self.filters.store.clone())?;
        let which = self.filters.which(Vec::new());
        let usual = match form.format {
            Format::Table => Some(SHOWN),
            // One value, so all of it at once.
            Format::Json => Some(i64::MAX),
            Format::Jsonl | Format::Csv => None,
            Format::Singer => return Err(CommandError::Misuse(output::SINGER.to_owned())),
        };
        let is_found = |found: &[i64]| match found {
            [] => is_known(&store, &which),
            _ => Ok(()),
        };
        let is_whole = form.format != Format::Table;
        let rows = |ids: &[i64]| {
            let rows = ids.iter().map(|id| past::row(&store, *id, is_whole));
            rows.collect::<Result<Vec<_>, _>>().map_err(unread)
        };
        if let Some(last) = self.last.or(usual) {
            let found = past::last(&store, &which, last).map_err(unread)?;
            is_found(&found)?;
            return written(rows(&found)?, &form, true);
        }
        let mut found = past::ids(&store, &which, 0, PAGE).map_err(unread)?;
        is_found(&found)?;
        written(rows(&found)?, &form, true)?;
        while let Some(last) = found.last() {
            found = past::ids(&store, &which, *last, PAGE).map_err(unread)?;
            written(rows(&found)?, &form, false)?;
        }
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), CommandError> {
        let store = opened(self.store)?;
        let found = past::row(&store, self.id, true);
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Err(no_such(self.id)),
            found => output::json(&found.map_err(unread)?),
        }
    }
}

impl Replay {
    fn run(self) -> Result<(), CommandError> {
        let mut store = opened(self.filters.store.clone())?;
        let is_named = !self.ids.is_empty();
        let which = self.filters.which(self.ids);
        let is_narrowed = which.name.is_some()
            || which.number.is_some()
            || which.target.is_some()
            || which.state.is_some()
            || which.since.or(which.until).is_some();
        if !is_named && !self.parked && !is_narrowed {
            let why = "which? Give ids, --parked, or what narrows them, such as --target NAME";
            return Err(CommandError::Misuse(why.to_owned()));
        }
        is_known(&store, &which)?;
        for id in &which.ids {
            match past::row(&store, *id, false) {
                Err(rusqlite::Error::QueryReturnedNoRows) => return Err(no_such(*id)),
                found => found.map(|_| ()).map_err(unread)?,
            }
        }
        let what = match (is_named, self.parked, self.again) {
            (_, true, _) => Replayed::Parked,
            (false, ..) => Replayed::Left,
            (true, _, false) => Replayed::Done,
            (true, _, true) => Replayed::Again,
        };
        let at_rest = past::at_rest(&store, &which).map_err(unread)?;
        let asked = past::replay(&mut store, &which, what).map_err(unread)?;
        let Asked { handed_on, read, once, perhaps } = asked;
        if once > 0 {
            terminal::say(&format!(
                "twochat: done once, as their rules say `once-per`, and left so: {once}; --again \
                 does it once more"
            ));
        }
        if let Some(first) = perhaps.first() {
            let left = perhaps.len();
            terminal::say(&format!(
                "twochat: may have been carried out, and left so: {left}; look whether it was, \
                 and where not, replay it by its id, such as `twochat events replay {first}`"
            ));
        }
        let left = once + i64::try_from(perhaps.len()).unwrap_or(i64::MAX);
        // What is read again may be skipped again.
        let is_told = |why: &&String| if why.contains("skipped") { !self.again } else { read == 0 };
        if handed_on == 0 && left == 0 {
            for why in at_rest.iter().filter(is_told) {
                terminal::say(&format!("twochat: nothing to hand on again of {why}"));
            }
        }
        output::json(&json!({ "handed-on-again": handed_on, "read-again": read, "left": left }))
    }
}

impl Prune {
    fn run(self) -> Result<(), CommandError> {
        let file = store::named(self.store)?;
        let mut store = store::beside(&file)?;
        let Pruned { events, left } =
            pruning::prune(&mut store, self.before, self.parked).map_err(unread)?;
        let overwritten = pruning::overwrite(&store);
        output::json(&json!({ "pruned": events, "still-to-be-handed-on": left }))?;
        overwritten
    }
}

fn opened(file: Option<PathBuf>) -> Result<Connection, CommandError> {
    store::beside(&store::named(file)?)
}

/// A number as events have it, however people write it; what is none stays as it is.
fn plain(number: &str) -> String {
    let is_written = |it: char| it.is_ascii_digit() || "+ -./()\u{a0}".contains(it);
    let is_number =
        number.chars().all(is_written) && number.contains(|it: char| it.is_ascii_digit());
    if is_number { numbers::key(number) } else { number.to_owned() }
}

/// Whether something in the store could be meant, and nothing is misspelt.
fn is_known(store: &Connection, which: &Which) -> Result<(), CommandError> {
    let unknown = past::unknown(store, which).map_err(unread)?;
    unknown.map_or(Ok(()), |why| Err(CommandError::Misuse(why)))
}

fn no_such(id: i64) -> CommandError {
    CommandError::Misuse(format!("there is no event {id}; `twochat events` lists those there are"))
}

fn unread(error: rusqlite::Error) -> CommandError {
    CommandError::Host(format!("the store cannot be read: {error}"))
}

/// Writes rows; the head of a table or of CSV is before the first of them.
fn written(rows: Vec<Value>, form: &Form, is_first: bool) -> Result<(), CommandError> {
    let columns = if form.format == Format::Table { IN_TABLE } else { IN_OTHER_FORMS };
    let rows = match form.format {
        Format::Table => rows.into_iter().map(in_words).collect(),
        _ => rows,
    };
    if is_first {
        return output::rows("events", rows, columns, SPARE, form);
    }
    output::more_rows("events", rows, columns, form)
}

/// The row with what is handed on in words, and why something is parked, or goes to nobody
/// of those who wait for such events.
fn in_words(mut row: Value) -> Value {
    let entries = row.get("handed-on").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |entry: &Value, name: &str| {
        entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let passed = row.get("not-handed-on").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_skipped = |it: &Value| text(it, "why").starts_with(SKIPPED);
    let words = entries.iter().map(|it| format!("{}: {}", text(it, "target"), text(it, "state")));
    let skipped = passed.iter().filter(|it| is_skipped(it));
    let words = words.chain(skipped.map(|it| format!("{}: skipped", text(it, "target"))));
    let words = words.collect::<Vec<_>>().join("; ");
    let is_told =
        |it: &&Value| is_skipped(it) || entries.is_empty() && !text(it, "why").starts_with("on:");
    let passed = passed.iter().filter(is_told);
    let passed = passed.map(|it| format!("{}: {}", text(it, "target"), text(it, "why")));
    let reasons = entries.iter().flat_map(|it| [text(it, "error"), text(it, "note")]);
    let reasons = reasons.filter(|reason| !reason.is_empty());
    let reasons = reasons.chain(passed).collect::<Vec<_>>().join("; ");
    if let Some(row) = row.as_object_mut() {
        if !words.is_empty() {
            row.insert("handed-on".to_owned(), words.into());
        }
        if !reasons.is_empty() {
            row.insert("reason".to_owned(), reasons.into());
        }
    }
    row
}
