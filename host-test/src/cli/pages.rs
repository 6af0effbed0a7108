//! `--all`: every page of an action that has pages, as one stream of rows.
//!
//! An action has pages if it takes `page-number`, gives `next-page`, and has
//! one list of records that each carry a `uuid`: that is the contract's way to
//! say so. Rows leave page by page, each of them once; of those that left only
//! the uuid is remembered.

use std::{collections::HashSet, io::IsTerminal, path::PathBuf, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use host_test::tools::Tool;
use serde_json::{Map, Value, json};

use super::{
    connector::Session,
    export::Export,
    output::{Format, Rows, list_of_records},
    paint::visible,
};
use crate::Failure;

const PAGE: &str = "page-number";
const PAGE_SIZE: &str = "results-per-page";
const NEXT: &str = "next-page";
pub(crate) const KEY: &str = "uuid";

/// So often a page is asked for again, when its error says that it may be.
const PATIENCE: usize = 8;
/// The longest wait that is sat out.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

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

pub(crate) async fn run(
    session: &Session,
    tool: &Tool,
    mut arguments: Map<String, Value>,
    paging: &Paging,
    format: Option<Format>,
    file: Option<PathBuf>,
) -> Result<(), Failure> {
    let format = format.unwrap_or(Format::Jsonl);
    let misuse = |why: String| Err(Failure::Misuse(why));
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
    let about = json!({
        "action": tool.name,
        "arguments": arguments,
        "server": session.connection.base_url(),
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
    loop {
        arguments.insert(PAGE.to_owned(), page.into());
        progress.show(&format!("{} rows, reading page {page}", export.written()));
        let result = match patient(session, &tool.name, &arguments, &mut progress).await {
            Ok(result) => result,
            Err(failure) => {
                progress.clear();
                if export.written() > 0 {
                    eprintln!("twochat: {}", visible(&export.how_to_go_on(page)));
                }
                export.give_up();
                return Err(failure);
            }
        };
        let next = result.get(NEXT).and_then(Value::as_u64);
        let rows = result.get(&paging.rows).and_then(Value::as_array);
        for row in rows.into_iter().flatten() {
            let key = row.get(KEY).and_then(Value::as_str).unwrap_or_default();
            if seen.insert(Box::<str>::from(key)) {
                export.write(row)?;
            }
        }
        if export.page_ends(next)? == Reader::Gone {
            return Ok(());
        }
        match next {
            Some(next) if next > page => page = next,
            Some(next) => {
                progress.clear();
                return Err(Failure::Host(format!(
                    "page {page} names page {next} as the next, which would never end"
                )));
            }
            None => break,
        }
    }
    progress.clear();
    progress.say(&export.summary());
    Ok(())
}

/// Whether somebody still reads the rows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// Asks for a page, and again for as long as the error allows it: a wait that
/// the vendor names is kept, else each is longer than the one before.
async fn patient(
    session: &Session,
    action: &str,
    arguments: &Map<String, Value>,
    progress: &mut Progress,
) -> Result<Value, Failure> {
    let waits = ExponentialBuilder::default().with_jitter().with_max_times(PATIENCE);
    let mut waits = waits.with_max_delay(Duration::from_secs(60)).build();
    loop {
        let outcome = session.call(action, &arguments.clone().into()).await?;
        let error = match outcome.result {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        let may_repeat = matches!(text("retry"), "after-waiting" | "now");
        let asked = error.get("wait-seconds").and_then(Value::as_u64).map(Duration::from_secs);
        let wait = waits.next().filter(|_| may_repeat).map(|wait| asked.unwrap_or(wait));
        let Some(wait) = wait.filter(|wait| *wait <= LONGEST_WAIT) else {
            return Err(Failure::Action(error.to_string()));
        };
        progress.show(&format!("{}: waiting {} s", text("kind"), wait.as_secs().max(1)));
        tokio::time::sleep(wait).await;
    }
}

/// One line that changes, on a terminal alone.
struct Progress {
    shown: bool,
    wanted: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shown: false, wanted: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, line: &str) {
        if self.wanted {
            eprint!("\r\x1b[2K{}", visible(line));
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[2K");
        }
    }

    fn say(&self, line: &str) {
        if self.wanted {
            eprintln!("{}", visible(line));
        }
    }
}
