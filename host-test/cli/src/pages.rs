//! `--all`: every page of an action that has pages, as one stream of rows.
//!
//! An action has pages if it takes `page-number`, gives `next-page`, and has
//! one list of records that each carry a `uuid`: that is the contract's way to
//! say so. Rows leave page by page, each of them once; of those that left only
//! the uuid is remembered.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use host::{
    calls::{Call, Calls},
    hiding::MASK,
    retry::Patience,
    tools::Tool,
};
use serde_json::{Map, Value, json};

use crate::{
    exit::CommandError,
    export::{Export, Reader},
    output::{Format, KEY, Rows, list_of_records},
    paint::visible,
    terminal,
};

const PAGE: &str = "page-number";
const PAGE_SIZE: &str = "results-per-page";
const NEXT: &str = "next-page";

/// So often a page is asked for again, when its error says that it may be.
pub(crate) const TRIES: usize = 8;
/// The longest that a page is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// So many pages in a row may bring nothing new, as contacts that are added
/// while one reads can shift pages; more of them would never end.
const BARREN: usize = 20;

/// What there is to know of an action that has pages.
pub(crate) struct Paging {
    /// The member that holds the rows.
    rows: String,
    /// The largest page, if the action lets the caller choose.
    largest: Option<Value>,
}

impl Paging {
    pub(crate) fn of(tool: &Tool) -> Option<Self> {
        let input = tool.input_schema.get("properties")?;
        let output = tool.output_schema.get("properties")?;
        let (rows, row) = list_of_records(&tool.output_schema)?;
        let has_key = row.get("properties")?.get(KEY).is_some();
        let pages = input.get(PAGE).is_some() && output.get(NEXT).is_some() && has_key;
        let largest = input.get(PAGE_SIZE).and_then(|size| size.get("maximum")).cloned();
        pages.then(|| Self { rows: rows.to_owned(), largest })
    }
}

/// What somebody wants of all pages.
pub(crate) struct Wanted {
    pub(crate) arguments: Map<String, Value>,
    pub(crate) prompt: Option<String>,
    pub(crate) format: Option<Format>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) tries: usize,
}

pub(crate) async fn run(
    calls: &Calls,
    tool: &Tool,
    paging: &Paging,
    wanted: Wanted,
) -> Result<(), CommandError> {
    let Wanted { mut arguments, prompt, format, file, tries } = wanted;
    let format = format.unwrap_or(Format::Jsonl);
    let misuse = |why: String| Err(CommandError::Misuse(why));
    if !matches!(format, Format::Jsonl | Format::Csv) {
        return misuse(
            "--all writes rows as they come: use --output jsonl or --output csv".to_owned(),
        );
    }
    // The fewer pages, the fewer calls are spent.
    if let (false, Some(largest)) = (arguments.contains_key(PAGE_SIZE), &paging.largest) {
        arguments.insert(PAGE_SIZE.to_owned(), largest.clone());
    }
    let rows = Rows::of(&tool.output_schema);
    let caller = calls.on_behalf()?;
    let about = json!({
        "action": tool.name,
        "arguments": arguments,
        "server": caller.server,
        "persona": caller.persona,
        "form": format!("{format:?}"),
    });
    let first_page = match arguments.get(PAGE) {
        None | Some(Value::Null) => 0,
        Some(page) => match page.as_u64() {
            Some(page) => page,
            None => {
                return misuse(format!("{PAGE}: {page} cannot be used; expected a whole number"));
            }
        },
    };
    let mut export = Export::open(file, about, first_page, format, rows)?;
    let mut seen = HashSet::new();
    let mut page = export.begin(&mut seen)?.unwrap_or(first_page);
    let mut progress = Progress::new();
    let mut barren = 0;
    loop {
        arguments.insert(PAGE.to_owned(), page.into());
        progress.show(&format!("{} rows, reading page {page}", export.written()));
        let page_of = Value::Object(arguments.clone());
        let waits = |error: &Value, wait| progress.show(&waiting(error, wait));
        let patience = Patience::new(tries, LONGEST_WAIT);
        let call = Call { action: &tool.name, arguments: &page_of, prompt: prompt.as_deref() };
        let called = calls.make(call, patience, waits).await;
        let ended = called.map_err(CommandError::from).and_then(|outcome| {
            outcome.result.map_err(|error| CommandError::Action(error.to_string()))
        });
        let result = match ended {
            Ok(result) => result,
            Err(failure) => {
                progress.clear();
                if export.written() > 0 {
                    terminal::say(&format!("twochat: {}", export.how_to_go_on(page)));
                }
                export.give_up();
                return Err(failure);
            }
        };
        let next = result.get(NEXT).and_then(Value::as_u64);
        let rows = result.get(&paging.rows).and_then(Value::as_array);
        let before = export.written();
        for row in rows.into_iter().flatten() {
            let key = row.get(KEY).and_then(Value::as_str).unwrap_or_default();
            if key == MASK {
                export.give_up();
                let why = format!("rows cannot be told apart where `{KEY}` is masked");
                return Err(CommandError::Host(format!("{why}: leave --all out")));
            }
            if seen.insert(Box::<str>::from(key)) {
                export.write(row)?;
            }
        }
        barren = if export.written() == before { barren + 1 } else { 0 };
        if export.page_ends(next)? == Reader::Gone {
            return Ok(());
        }
        match next {
            Some(next) if next > page && barren < BARREN => page = next,
            Some(next) => {
                progress.clear();
                return Err(CommandError::Host(format!(
                    "the pages never end: page {page} names page {next} as the next, and the \
                     last {barren} brought nothing new"
                )));
            }
            None => break,
        }
    }
    progress.clear();
    progress.say(&export.summary());
    Ok(())
}

/// What is waited for, and how long.
pub(crate) fn waiting(error: &Value, wait: Duration) -> String {
    let kind = error.get("kind").and_then(Value::as_str).unwrap_or("an error");
    format!("{kind}: waiting {} s", wait.as_secs_f64().ceil())
}

/// One line that changes, on a terminal alone.
pub(crate) struct Progress {
    shown: bool,
    wanted: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { shown: false, wanted: terminal::is_heard() }
    }

    pub(crate) fn show(&mut self, line: &str) {
        if self.wanted {
            terminal::say_raw(&format!("\r\x1b[2K{}", visible(line)));
            self.shown = true;
        }
    }

    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            terminal::say_raw("\r\x1b[2K");
        }
    }

    fn say(&self, line: &str) {
        if self.wanted {
            terminal::say(line);
        }
    }
}
