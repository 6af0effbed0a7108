//! `twochat sync`: people of another tool's file, each of them once in 2Chat.
//!
//! First it is shown what would be done. Whoever is there already stays as they are:
//! nothing is changed, and nothing is deleted.

use std::{
    collections::HashSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use host::{
    access::{Access, Offer, Permit},
    calls::{Call, Calls},
    tools::Tool,
};
use rlibphonenumber::enums::Region;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    caller::{CallerArguments, client},
    component::ComponentArguments,
    constants::{CREATE, LIST},
    exit::{CommandError, EXIT_CODES},
    input,
    interrupt::Advice,
    output,
    paint::visible,
    sync::{
        columns::Columns,
        ends::{self, Entry, Output},
        journal::Journal,
        making::{Maker, SHOWS_AFTER},
        numbers,
        plan::Plan,
        source::{Form, Source, Table},
        there::There,
    },
    terminal,
};

/// Create the people of another tool's file in 2Chat, each of them once
///
/// FILE is CSV, JSON Lines or vCard, as its name ends; - reads the messages of a Singer
/// tap. Columns are known by the words that usual exports use (Google Contacts, Outlook,
/// HubSpot, in several languages), or told by --map; one that would be left out although
/// most of its cells are numbers or e-mail addresses stops the run. Numbers come in any
/// form; those without a country need --country. What could be another number than was
/// meant is not used.
///
/// First all that 2Chat has is listed (an API credit per 100 contacts) and the plan is
/// shown: who is to be created with which numbers and addresses, who is there already by
/// number or e-mail address, which rows are doubles and what they add, and which cannot be
/// used and why. Rows of one name with a number or address in common are one person;
/// another name with a number of its own is somebody else, also where both have another in
/// common; where that cannot be told, the row is not used. Then, asked or with --yes, those
/// who are missing are created, for a credit each, as fast as the account allows. Nobody
/// who is there is changed.
///
/// It can be ended at any moment: the same call goes on, and creates nobody twice. What was
/// sent stands in FILE.sync until all is done.
#[derive(clap::Args)]
#[command(verbatim_doc_comment, after_help = after_help())]
pub(crate) struct Arguments {
    /// CSV (.csv, .tsv), JSON Lines (.jsonl) or vCard (.vcf); - for a Singer tap
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The form of the file, where its name does not tell
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// What a column holds, such as "Mobile=phone"; may be given more than once
    ///
    /// Fields are first-name, last-name, name (the whole of it), company (for whom has no
    /// other name), phone, whatsapp-phone, email, address, profile-pic-url, and ignore, which
    /// leaves it out.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// The country of numbers that do not say theirs, such as PY
    #[arg(long, value_name = "CC", value_parser = numbers::country)]
    country: Option<Region>,
    /// Show what would be done, and do nothing
    ///
    /// It ends with 0, also where rows are not usable: nothing was to go through.
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(long, short, conflicts_with = "dry_run")]
    yes: bool,
    /// Where it is noted what was sent, instead of FILE.sync
    ///
    /// For a tap it is twochat.sync, in the current folder.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// How to write the summary
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// What it is done for, to be written down with each call
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    #[command(flatten, next_help_heading = "Options of the host")]
    caller: CallerArguments,
    #[command(flatten)]
    component: ComponentArguments,
}

fn after_help() -> String {
    format!(
        "Examples:\n  twochat sync people.csv --country PY --dry-run\n  \
         twochat sync people.csv --map \"Contact person=name\" --map \"Mobile=whatsapp-phone\"\n  \
         twochat sync iCloud.vcf --yes --output json\n  \
         tap-csv --config tap.json | twochat sync - --yes > state.jsonl\n\n{EXIT_CODES}"
    )
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let source = Source::of(arguments.file.clone());
    source.is_there()?;
    let form = source.form(arguments.format)?;
    can_go_on(&arguments, &source)?;
    let table = source.read(form).await?;
    // A tap that has nothing to say may send no more than its state, and nothing be read of
    // any line.
    let columns = match table.columns.is_empty() {
        true => Columns::default(),
        false => Columns::of(&table, &arguments.map, arguments.country)?,
    };
    let mut plan = Plan::of(&table, &columns, arguments.country);
    let told = Told { is_beside: form == Form::Singer, output: arguments.output };

    let connector = arguments.component.load()?;
    let policy = arguments.caller.policy_file();
    let access = arguments.caller.access(&connector)?;
    // A plan asks for no more than the list.
    let asked = if arguments.dry_run { LIST } else { CREATE };
    let offer = Offer::of(&connector);
    for action in [LIST, asked] {
        needs_no_yes(action, &access, &offer, policy.as_deref()).await?;
    }
    let calls = Calls::new(connector, client()?, access);
    let prompt = arguments.prompt.as_deref();
    tool(&calls, CREATE)?;
    let list = tool(&calls, LIST)?;
    let nobody = json!({});
    let account = calls.source(Call { prompt, ..Call::new(asked, &nobody) }).await?;
    let path = arguments.journal.unwrap_or_else(|| beside(&source));
    let mut journal = Journal::open(path, &account, !arguments.dry_run)?;

    let goes_on = "twochat: the same call goes on from there, and creates nobody twice";
    let _advice = (!arguments.dry_run).then_some(Advice(goes_on, None));
    let mut there = There::look(&calls, list, prompt).await?;
    plan.compare(&there, &journal);
    // What was sent and has no answer may show only now.
    let since = plan.people.iter().filter_map(|it| journal.sent_since(&it.known_by())).min();
    if let Some(since) = since {
        sleep(SHOWS_AFTER.saturating_sub(since)).await;
        there = There::look(&calls, list, prompt).await?;
        plan.compare(&there, &journal);
    }
    if let Some(doubt) = there.doubt().filter(|_| !plan.people.is_empty()) {
        terminal::say(&format!(
            "twochat: not all who are in 2Chat can be seen, so who is created may be there already: \
             {doubt}"
        ));
    }
    drop(there);

    let about = columns.told(&table.columns);
    let shown = told.plan(&plan, &table, &about, arguments.dry_run)?;
    if arguments.dry_run {
        return Ok(());
    }
    let mut states = States { table: &table, next: 0, frontier: 0 };
    if plan.people.is_empty() || arguments.yes || confirmed(plan.people.len()).await? {
        let mut maker =
            Maker { calls: &calls, source: &account, list, prompt, journal: &mut journal };
        let made = if plan.people.is_empty() {
            states.say(&plan.entries)
        } else {
            maker.make_all(&mut plan, |entries| states.say(entries)).await
        };
        ends::summary(&plan.entries, &shown, arguments.output, told.is_beside)?;
        if made.is_err() || plan.entries.iter().any(|entry| entry.end.is_open()) {
            let path = journal.path().display();
            terminal::say(&format!(
                "twochat: what was sent is noted in {path}; the same call goes on from there"
            ));
        } else {
            journal.end()?;
        }
        made?;
        return match ends::left(&plan.entries) {
            Some(left) => Err(CommandError::Unfinished(left)),
            None => Ok(()),
        };
    }
    journal.end()?;
    Err(CommandError::Misuse("it was not confirmed, and nobody was created".to_owned()))
}

/// Whether somebody can be asked, or need not be.
fn can_go_on(arguments: &Arguments, source: &Source) -> Result<(), CommandError> {
    if arguments.caller.read_only && !arguments.dry_run {
        let why = "--read-only creates nobody: add --dry-run to see what would be done";
        return Err(CommandError::Refused(why.to_owned()));
    }
    let can_ask = matches!(source, Source::File(_)) && terminal::is_typed() && terminal::is_heard();
    if arguments.dry_run || arguments.yes || can_ask {
        return Ok(());
    }
    Err(CommandError::Refused(
        "there is no terminal to ask on: --yes goes on without asking, --dry-run shows what would \
         be done"
            .to_owned(),
    ))
}

/// Whether an action can be called without a person's yes to each call: nobody would say it a
/// thousand times.
async fn needs_no_yes(
    action: &str,
    access: &Access,
    offer: &Offer,
    policy: Option<&Path>,
) -> Result<(), CommandError> {
    let decision = access.decide(action, offer).await.map_err(CommandError::Refused)?;
    let Ok(Permit { asks: true, .. }) = decision.permit else { return Ok(()) };
    let persona = decision.on_behalf.persona.unwrap_or_default();
    let policy = policy.map(|file| format!(" in {}", file.display())).unwrap_or_default();
    let shows = if action == CREATE { "; --dry-run shows what would be done" } else { "" };
    Err(CommandError::Refused(format!(
        "the persona `{persona}` has a person asked before each `{action}`, which `sync` does not \
         do: write it in `actions` instead of in `ask`{policy}, or name another by \
         --persona{shows}"
    )))
}

async fn confirmed(count: usize) -> Result<bool, CommandError> {
    terminal::say_styled(&format!("Create {count}, for an API credit each? [y/N] "));
    let answer = input::aside(|| {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.await.map_err(|error| CommandError::Host(error.to_string()))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn tool<'a>(calls: &'a Calls, name: &str) -> Result<&'a Tool, CommandError> {
    let found = calls.offered().iter().find(|tool| tool.name == name);
    found.ok_or_else(|| CommandError::Misuse(format!("the component has no action `{name}`")))
}

fn beside(source: &Source) -> PathBuf {
    match source {
        Source::Input => PathBuf::from("twochat.sync"),
        Source::File(path) => {
            let mut name = OsString::from(path.as_os_str());
            name.push(".sync");
            PathBuf::from(name)
        }
    }
}

/// How the way is told.
struct Told {
    /// Whether standard output is for something else.
    is_beside: bool,
    output: Output,
}

impl Told {
    /// Shows the plan, and gives what it said of rows.
    fn plan(
        &self,
        plan: &Plan,
        table: &Table,
        about: &[String],
        is_all: bool,
    ) -> Result<HashSet<String>, CommandError> {
        for note in &table.notes {
            terminal::say(&format!("twochat: {note}"));
        }
        if is_all && self.output == Output::Json {
            let shown = HashSet::new();
            ends::summary(&plan.entries, &shown, self.output, self.is_beside)?;
            return Ok(shown);
        }
        let lines = about.iter().map(|line| visible(line) + "\n").collect::<String>();
        let (told, shown) = ends::plan(&plan.entries);
        let text = lines + &told;
        if self.is_beside || self.output == Output::Json {
            terminal::say(text.trim_end());
        } else {
            output::text(&text)?;
        }
        Ok(shown)
    }
}

/// The states of a tap, which go on once all rows before them are dealt with.
struct States<'a> {
    table: &'a Table,
    /// The next state, and the first row that is not dealt with.
    next: usize,
    frontier: usize,
}

impl States<'_> {
    fn say(&mut self, entries: &[Entry]) -> Result<(), CommandError> {
        let rows = entries.iter().skip(self.frontier);
        self.frontier += rows.take_while(|entry| entry.end.is_dealt_with()).count();
        let mut last = None;
        while let Some((before, state)) = self.table.states.get(self.next)
            && *before <= self.frontier
        {
            (last, self.next) = (Some(state), self.next + 1);
        }
        last.map_or(Ok(()), |state| output::text(&format!("{state}\n")))
    }
}
