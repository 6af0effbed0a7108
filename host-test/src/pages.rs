//! `--all`: every page of an action that has pages, as one stream of rows.
//!
//! Rows leave page by page, each of them once; of those that left only the uuid is
//! remembered. A page is the last if it is empty, if it names no next one, or if pages
//! bring nothing new any more: a short page proves nothing by itself. A page that is
//! refused is the end where a count or the refusal itself says so; where it gives no
//! reason, after a short page, it is taken for the end, and that is said.

use std::{collections::HashSet, time::Duration};

use host::{
    asking::Ask,
    calls::{Call, Calls, Source},
    hiding::MASK,
    retry::Patience,
    tools::Tool,
};
use serde_json::{Map, Value};

use crate::{
    about::About,
    asking::Terminal,
    destination::Destination,
    exit::CommandError,
    export::{Export, Reader},
    form::{Form, Format},
    output,
    page::{Page, Row},
    paging::{self, PAGE, PAGE_SIZE, Paging, WARNING},
    paint::visible,
    progress::Progress,
    rows::KEY,
    singer::Stream,
    skipped::Skipped,
    spread::Kinds,
    terminal,
};

/// So often a page is asked for again, when its error says that it may be.
pub(crate) const TRIES: usize = 8;
/// The longest that a page is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// So many pages in a row may bring nothing new, as rows that are added while one
/// reads can shift pages; more of them are the end.
const NOTHING_NEW: usize = 20;
/// So often in a row the same page may come again; a server that gives its last page
/// for ever is left then.
const REPEATED: usize = 2;

/// Why rows may be missing; nothing where none are.
#[derive(Default)]
pub(crate) struct Doubts {
    /// Each reason, in words.
    pub(crate) words: Vec<String>,
    /// Pages of so many rows would tell whether the server gives no more of them.
    pub(crate) sure_size: Option<u64>,
}

/// What somebody wants of all pages.
pub(crate) struct Wanted {
    pub(crate) arguments: Map<String, Value>,
    pub(crate) prompt: Option<String>,
    pub(crate) form: Form,
    pub(crate) to: Destination,
    pub(crate) tries: usize,
}

/// Goes through all pages, and gives why rows may be missing.
pub(crate) async fn run(
    calls: &Calls,
    tool: &Tool,
    paging: &Paging,
    kinds: &Kinds<'_>,
    wanted: Wanted,
) -> Result<Doubts, CommandError> {
    let mut walk = Walk::begin(calls, tool, paging, kinds, wanted).await?;
    loop {
        let page = match walk.ask().await {
            Err(CommandError::Action(error)) if walk.refuses_the_page(&error) => {
                if walk.is_through(&error) {
                    if walk.export.end()? == Reader::Gone {
                        return Ok(Doubts::default());
                    }
                    break;
                }
                walk.say_what_may_be_missing();
                return Err(CommandError::Action(error));
            }
            asked => asked?,
        };
        match walk.take(&page)? {
            Step::To(next) => walk.page = next,
            Step::End => break,
            Step::NobodyReads => return Ok(Doubts::default()),
        }
    }
    Ok(walk.end())
}

/// How a server says that a page is past the last, and how that one may not be had.
const NO_SUCH_PAGE: [&str; 12] = [
    "invalid page",
    "no such page",
    "out of range",
    "out of bounds",
    "no more",
    "past the last",
    "beyond the last",
    "after the last",
    "page does not exist",
    "page doesn't exist",
    "page contains no results",
    "no results",
];
const NOT_ALLOWED: [&str; 8] =
    ["plan", "limit", "allow", "only", "must", "fail", "expired", "could not"];

/// What comes after a page.
enum Step {
    To(u64),
    End,
    NobodyReads,
}

/// The way through the pages. What shows its progress ends before the export speaks.
struct Walk<'a> {
    calls: &'a Calls,
    tool: &'a Tool,
    paging: &'a Paging,
    arguments: Map<String, Value>,
    prompt: Option<String>,
    source: Source,
    tries: usize,
    asker: Terminal,
    progress: Progress,
    export: Export,
    page: u64,
    /// The keys of the rows that left.
    seen: HashSet<Box<str>>,
    /// The keys of the page before.
    before: Vec<Box<str>>,
    /// How many pages in a row brought nothing new, and were the page before again.
    nothing_new: usize,
    repeated: usize,
    /// Whether that was taken for the end, or that a page was refused.
    is_fruitless: bool,
    is_refused: bool,
    /// How many rows there are in all, if a page told. Beginning elsewhere than with
    /// the first, it does not see all.
    total: Option<u64>,
    sees_all: bool,
    skipped: Skipped,
    /// What pages said is wrong with them.
    warnings: Vec<String>,
    /// Whether the page before, if there is one, held fewer rows than a page can, and
    /// whether one did after which others came.
    was_short: Option<bool>,
    is_capped: bool,
    /// The most rows that a page held.
    largest: u64,
}

impl<'a> Walk<'a> {
    async fn begin(
        calls: &'a Calls,
        tool: &'a Tool,
        paging: &'a Paging,
        kinds: &Kinds<'_>,
        wanted: Wanted,
    ) -> Result<Self, CommandError> {
        let Wanted { mut arguments, prompt, form, to, tries } = wanted;
        if !matches!(form.format, Format::Jsonl | Format::Csv | Format::Singer) {
            let why = "--all writes rows as they come: use --output jsonl, csv or singer";
            return Err(CommandError::Misuse(why.to_owned()));
        }
        // The fewer pages, the fewer calls are spent.
        if let (false, Some(largest)) = (arguments.contains_key(PAGE_SIZE), &paging.largest) {
            arguments.insert(PAGE_SIZE.to_owned(), largest.clone());
        }
        let rows = output::rows_of(&tool.output_schema, &form, kinds)?;
        let stream = Stream::of(tool).filter(|_| form.format == Format::Singer);
        if stream.is_some() && matches!(to, Destination::File(_)) {
            let why = "messages of Singer go to a target: leave --to out, and pipe them there";
            return Err(CommandError::Misuse(why.to_owned()));
        }
        if matches!(to, Destination::File(_)) && !rows.names().iter().any(|name| name == KEY) {
            let why = format!("--to needs {KEY} among --columns: it tells rows apart");
            return Err(CommandError::Misuse(why));
        }
        let first_page = first_page(&arguments)?;
        let all = Value::Object(arguments.clone());
        let asker = Terminal::for_all_pages();
        let (prompt_of, asks) = (prompt.as_deref(), Some(&asker as &dyn Ask));
        let call = Call { prompt: prompt_of, asker: asks, ..Call::new(&tool.name, &all) };
        let source = calls.source(call).await?;
        let about =
            About { action: &tool.name, arguments: &arguments, form: &form, source: &source };
        let mut export = Export::open(to, &about, first_page, rows, stream).await?;
        let mut seen = HashSet::new();
        let earlier = export.begin(&mut seen)?;
        let progress = Progress::of_rows(export.written());
        let was_short = earlier.as_ref().map(|earlier| earlier.was_short);
        let (page, total, skipped) = match earlier {
            Some(earlier) => (earlier.next_page, earlier.total, Skipped::before(earlier.skipped)),
            None => (first_page, None, Skipped::default()),
        };
        Ok(Self {
            calls,
            tool,
            paging,
            arguments,
            prompt,
            source,
            tries,
            asker,
            progress,
            export,
            page,
            seen,
            before: Vec::new(),
            nothing_new: 0,
            repeated: 0,
            is_fruitless: false,
            is_refused: false,
            total,
            sees_all: first_page == 0,
            skipped,
            warnings: Vec::new(),
            was_short,
            is_capped: false,
            largest: 0,
        })
    }

    /// Asks for the page.
    async fn ask(&mut self) -> Result<String, CommandError> {
        self.export.asks_for(self.page);
        self.progress.asks_for(self.export.written(), self.page);
        self.arguments.insert(PAGE.to_owned(), self.page.into());
        let arguments = Value::Object(self.arguments.clone());
        let (prompt, source) = (self.prompt.as_deref(), Some(&self.source));
        let asker = Some(&self.asker as &dyn Ask);
        let call = Call { prompt, source, asker, ..Call::new(&self.tool.name, &arguments) };
        let patience = Patience::new(self.tries, LONGEST_WAIT);
        let waits = |error: &Value, wait| self.progress.waits(error, wait);
        let outcome = self.calls.make_as(call, patience, waits).await?;
        outcome.result.map_err(CommandError::Action)
    }

    /// Takes in a page, and says what comes after it.
    fn take(&mut self, text: &str) -> Result<Step, CommandError> {
        let page = self.paging.page(text).map_err(unreadable)?;
        if self.sees_all {
            self.total = self.total.max(paging::total(&page.rest, page.rows.len()));
        }
        self.skipped.add_page(&page, self.page).map_err(unreadable)?;
        if let Some(warning) = page.rest.get(WARNING).and_then(Value::as_str) {
            let warning = format!("page {} warns: {}", self.page, visible(warning));
            self.progress.beside(|| terminal::say(&format!("twochat: {warning}")));
            self.warnings.push(warning);
        }
        if page.rows.iter().any(|row| *row.key == *MASK) {
            let why = format!("rows cannot be told apart where `{KEY}` is masked");
            return Err(CommandError::Host(format!("{why}: leave --all out")));
        }
        let next = self.next(&page)?;
        if self.export.is_watched() {
            let Self { progress, export, seen, .. } = self;
            let write = || write(&page.rows, seen, export);
            if progress.beside(write)? == Reader::Gone {
                return Ok(Step::NobodyReads);
            }
        } else if write(&page.rows, &mut self.seen, &mut self.export)? == Reader::Gone {
            return Ok(Step::NobodyReads);
        }
        self.before = page.rows.into_iter().map(|row| row.key).collect();
        let Self { progress, export, total, skipped, was_short, .. } = self;
        let was_short = was_short.unwrap_or_default();
        let ended = progress.beside(|| match next {
            Some(next) => export.page_is_done(next, *total, skipped.count(), was_short),
            None => export.end(),
        })?;
        Ok(match (ended, next) {
            (Reader::Gone, _) => Step::NobodyReads,
            (Reader::There, Some(next)) => Step::To(next),
            (Reader::There, None) => Step::End,
        })
    }

    /// The page after this one; `None` if this was the last.
    fn next(&mut self, page: &Page<'_>) -> Result<Option<u64>, CommandError> {
        let unread = Skipped::of(&page.rest);
        let keys = || page.rows.iter().map(|row| &row.key);
        let new = keys().filter(|key| !self.seen.contains(*key)).count() as u64;
        let came = self.export.written() + self.skipped.count() + new;
        // A total that is not reached knows better than a page that names no next one.
        let is_missing = self.total.is_some_and(|total| total > came);
        let next = paging::next_page(&page.rest).or(is_missing.then_some(self.page + 1));
        let Some(next) = next.filter(|_| !page.rows.is_empty() || unread > 0) else {
            return Ok(None);
        };
        self.note_size(page.rows.len() as u64 + unread);
        if next <= self.page {
            let why = format!("page {} names page {next} as the next", self.page);
            return Err(CommandError::Host(format!("the pages never end: {why}")));
        }
        let is_new = new > 0;
        let is_repeated = !page.rows.is_empty() && keys().eq(&self.before);
        self.nothing_new = if is_new { 0 } else { self.nothing_new + 1 };
        self.repeated = if is_repeated { self.repeated + 1 } else { 0 };
        self.is_fruitless = self.nothing_new >= NOTHING_NEW || self.repeated >= REPEATED;
        Ok((!self.is_fruitless).then_some(next))
    }

    /// Notes a page that holds rows, and fewer than were asked for, if one comes after it.
    fn note_size(&mut self, rows: u64) {
        let asked = self.arguments.get(PAGE_SIZE).and_then(Value::as_u64);
        self.is_capped |= self.was_short == Some(true) && rows > 0;
        self.largest = self.largest.max(rows);
        let is_full = self.is_capped && rows == self.largest;
        self.was_short = Some(asked.is_some_and(|asked| rows < asked) && !is_full);
    }

    /// Whether the server has refused this very page, after it gave the one before.
    fn refuses_the_page(&self, error: &Value) -> bool {
        let is = |name: &str, word: &str| error.get(name).and_then(Value::as_str) == Some(word);
        let of_the_page = error.get("field").is_none_or(Value::is_null) || is("field", PAGE);
        let of_the_server = error.get("status").is_some_and(Value::is_number);
        let refused = is("kind", "not-found") || is("kind", "invalid-input");
        self.was_short.is_some() && refused && of_the_server && of_the_page
    }

    /// Whether the page before was the last: by a count, by the refusal, which says that
    /// there is no such page, or, where that gives no other reason, because it was short.
    fn is_through(&mut self, error: &Value) -> bool {
        let came = self.export.written() + self.skipped.count();
        if let Some(total) = self.total {
            return total <= came;
        }
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
        let reason = message.split_once('“').and_then(|(_, said)| said.split_once('”'));
        let reason = reason.map(|(said, _)| said.to_lowercase()).unwrap_or_default();
        let has = |words: &[&str]| words.iter().any(|words| reason.contains(words));
        let is_known = has(&NO_SUCH_PAGE) && !has(&NOT_ALLOWED);
        let is_about_it = !error.get("field").is_none_or(Value::is_null);
        let is_bare = matches!(reason.trim_matches('.'), "" | "not found");
        let is_likely = (is_bare || is_about_it) && !has(&NOT_ALLOWED);
        self.is_refused = !is_known && is_likely && self.was_short == Some(true);
        is_known || self.is_refused
    }

    fn say_what_may_be_missing(&self) {
        let Self { progress, export, skipped, total, page, .. } = self;
        let came = export.written() + skipped.count();
        let missing = match total.map(|total| total.saturating_sub(came)) {
            Some(missing) => format!("{missing} of the rows that were counted are missing"),
            None => "rows may be missing: nothing says that the page before was the last".into(),
        };
        progress.beside(|| terminal::say(&format!("twochat: page {page} is refused; {missing}")));
    }

    /// Says what is to be known of the whole, and gives why rows may be missing.
    fn end(self) -> Doubts {
        let Self { progress, export, skipped, total, page, nothing_new, is_fruitless, .. } = self;
        let is_refused = self.is_refused;
        let (is_capped, largest) = (self.is_capped && total.is_none(), self.largest);
        drop(progress);
        let mut told = skipped.told();
        let written = export.written();
        if is_fruitless {
            told.push(format!(
                "the last {nothing_new} pages brought nothing new, so page {page} is taken for the \
                 end"
            ));
        }
        if is_refused {
            told.push(format!(
                "page {page} is refused, and is taken for the end, as the one before it was short; \
                 nothing proves it"
            ));
        }
        if is_capped {
            told.push(format!(
                "pages before the last held fewer rows than were asked for: if the server allows \
                 no more, rows may be missing; --{PAGE_SIZE} {largest} makes sure"
            ));
        }
        if let Some(total) = total.filter(|total| *total > written + skipped.count()) {
            told.push(format!(
                "{total} rows were expected, {written} came: some may have been deleted or shifted \
                 meanwhile; run it again to be sure"
            ));
        }
        told.iter().for_each(|why| terminal::say(&format!("twochat: {why}")));
        export.say_without_column();
        if terminal::is_heard() {
            terminal::say(&export.summary());
        }
        let words = [self.warnings, told].concat();
        Doubts { words, sure_size: is_capped.then_some(largest) }
    }
}

/// The page to begin with.
fn first_page(arguments: &Map<String, Value>) -> Result<u64, CommandError> {
    match arguments.get(PAGE) {
        None | Some(Value::Null) => Ok(0),
        Some(page) => page.as_u64().ok_or_else(|| {
            CommandError::Misuse(format!("{PAGE}: {page} cannot be used; expected a whole number"))
        }),
    }
}

/// Writes the rows that did not leave yet.
fn write(
    rows: &[Row<'_>],
    seen: &mut HashSet<Box<str>>,
    export: &mut Export,
) -> Result<Reader, CommandError> {
    for row in rows {
        if seen.insert(row.key.clone()) && export.write(row)? == Reader::Gone {
            return Ok(Reader::Gone);
        }
    }
    Ok(Reader::There)
}

fn unreadable(error: serde_json::Error) -> CommandError {
    CommandError::Host(format!("the page cannot be read: {error}"))
}
