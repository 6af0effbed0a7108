//! `twochat digest`: what happened, in a page, for whoever was away.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;
use host::{access::Offer, calls::Calls};
use jiff::Timestamp;

use crate::{
    caller::{CallerArguments, client},
    component::ComponentArguments,
    digest::{
        Digest,
        asked::Asking,
        handing,
        heard::Heard,
        mail, markdown, page, received,
        span::{self, Span},
        text::sentence,
    },
    events::store,
    exit::{CommandError, EXIT_CODES},
    output,
};

/// Sum up what happened: conversations, messages, orders, missed calls, new contacts,
/// credits.
///
/// What was reported is read from the store of `twochat listen`, the rest is asked of 2Chat,
/// on behalf of a persona where there is a policy: fields that it does not see are masked
/// here too. An event is of the time at which it happened, else of that at which it came, and
/// never of one after that.
/// Whatever is missing is said in the summary itself.
///
/// It costs one API credit, and for the contacts that were added one per 100 contacts of
/// the account and one for the end.
#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{SHAPE}\n\n{EXIT_CODES}\n\n{INCOMPLETE}"))]
pub(crate) struct Arguments {
    /// From here on: today, yesterday, 7d, 12h, a day such as 2026-11-25, or a time such as
    /// 2026-11-25T08:00 [without it: the whole of yesterday]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this, in the same forms: a day ends it where that day begins [without it: now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The zone whose days and hours are meant, such as America/Asuncion, instead of that of
    /// the system
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The form of the summary [without it: markdown; mail with --mail-to]
    #[arg(long, value_name = "FORM")]
    output: Option<Form>,
    /// Hand it on to this command of the shell, on its standard input, and show what that
    /// writes; it does not see the settings of twochat
    #[arg(long, value_name = "COMMAND", value_parser = a_command)]
    to: Option<String>,
    /// End that command after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "to",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    to_time: u64,
    /// Recipient of the mail; may be given more than once
    #[arg(long, value_name = "ADDRESS", value_parser = mail::address)]
    mail_to: Vec<String>,
    /// Sender of the mail [without it: the first recipient]
    #[arg(long, value_name = "ADDRESS", requires = "mail_to", value_parser = mail::address)]
    mail_from: Option<String>,
    /// Subject of the mail [without it: the span, and how much there was]
    #[arg(long, value_name = "TEXT", requires = "mail_to")]
    subject: Option<String>,
    /// Leave out the contacts that were added, and what they cost
    #[arg(long)]
    no_contacts: bool,
    /// Ask nothing of 2Chat: tell of the store alone
    #[arg(long)]
    no_api: bool,
    /// The store, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    component: ComponentArguments,
    #[command(flatten)]
    caller: CallerArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Form {
    /// All of it, in the shape below
    Json,
    /// Text, for people and for models
    Markdown,
    /// A page that needs nothing but itself
    Html,
    /// A whole message, as text and as a page, for sendmail -t, msmtp -t or curl
    Mail,
}

/// A command that does something.
fn a_command(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Err("expected a command, such as 'msmtp -t'");
    }
    Ok(text.to_owned())
}

const EXAMPLES: &str = "\
Examples:
  twochat digest
  twochat digest --since 7d --no-contacts --output html > week.html
  twochat digest --to 'llm \"Who waits for an answer?\"'
  twochat digest --mail-to me@example.com --to 'msmtp -t'";

const SHAPE: &str = "\
The shape of JSON; what is not known is null, also a count for which nobody listens; amounts
are decimal numbers as text:
  title, since, until, time-zone, account, credits-spent, missing: [], warnings: []
  events: null without a store, else
    conversations: begun, first-ever
    messages: incoming, outgoing, either-way, chats, by-hour: 24 × {incoming, outgoing}
    busiest-chats: up to 8 × {name, number, chat-id, is-group, incoming, outgoing, messages}
    orders: count, sums: [{currency, sum}], without-sum
    calls: missed, unclear
    not-sent, group-changes, number-changes, others
    kept-back: unread, unread-parts, late, ahead, not-yet-read, waiting, parked
  contacts: added, names: up to 10, without-time, unread
  credits: used, limit, left";

const INCOMPLETE: &str = "\
A summary in which something is missing that was asked for is written and handed on all the
same, and ends with 1; so does one that could not be handed on.";

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let form = arguments.form()?;
    let now = Timestamp::now();
    let zone = span::zone(arguments.time_zone.as_deref()).map_err(CommandError::Misuse)?;
    let span = Span::named(arguments.since.as_deref(), arguments.until.as_deref(), zone, now);
    let span = span.map_err(CommandError::Misuse)?;
    let Arguments { store, no_api, no_contacts, component, caller, .. } = arguments;

    let connector = component.load()?;
    // Without a policy nothing is masked, and nobody has to be asked.
    let acts = !no_api || caller.policy_file().is_some();
    let access = acts.then(|| caller.access(&connector)).transpose()?;
    let masked = access.as_ref().map(|access| access.masked(&Offer::of(&connector)));
    let masked = masked.transpose().map_err(CommandError::Refused)?.unwrap_or_default();
    let calls = match access.filter(|_| !no_api) {
        Some(access) => Some(Calls::new(connector, client()?, access)),
        None => None,
    };
    let mut digest = Digest::of(&span);
    let mut failed = received(&mut digest, store, &span, &masked, calls.is_none())?;
    failed.extend(asked(&mut digest, calls.as_ref(), &span, no_contacts).await);
    let failed: Vec<_> = failed.iter().map(|why| sentence(why)).collect();
    digest.missing.splice(0..0, failed.iter().cloned());

    let text = match form {
        Form::Json => serde_json::to_string(&digest).unwrap_or_default() + "\n",
        Form::Markdown => markdown::written(&digest),
        Form::Html => page::written(&digest),
        Form::Mail => {
            let from = arguments.mail_from.or(arguments.mail_to.first().cloned());
            let subject = arguments.subject.map(|subject| sentence(&subject));
            let subject = subject.unwrap_or_else(|| mail::subject(&digest));
            let (to, from) = (arguments.mail_to, from.unwrap_or_default());
            mail::written(&digest, mail::Envelope { to, from, subject }, now)
        }
    };
    match arguments.to {
        None => output::text(&text)?,
        Some(line) => {
            let time = Duration::from_secs(arguments.to_time);
            let handed = handing::to(&line, &text, time).await;
            handed.map_err(|why| CommandError::Unfinished(format!("not handed on: {why}")))?;
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(CommandError::Unfinished(format!("something is missing. {}", failed.join(" "))))
}

impl Arguments {
    fn form(&self) -> Result<Form, CommandError> {
        let is_mail = !self.mail_to.is_empty();
        let form = self.output.unwrap_or(if is_mail { Form::Mail } else { Form::Markdown });
        if is_mail == (form == Form::Mail) {
            return Ok(form);
        }
        let why = "a mail needs --mail-to, and --mail-to a mail: leave --output out, or say mail";
        Err(CommandError::Misuse(why.to_owned()))
    }
}

/// Adds what was reported; `alone` where nothing else is told. Gives what failed.
fn received(
    digest: &mut Digest,
    named: Option<PathBuf>,
    span: &Span,
    masked: &[String],
    alone: bool,
) -> Result<Vec<String>, CommandError> {
    let is_named = named.is_some();
    let file = store::named(named)?;
    if !is_named && !file.exists() {
        let why = format!(
            "there is no store {}: `twochat listen` begins one, and --store names another",
            file.display()
        );
        if alone {
            return Err(CommandError::Misuse(format!(
                "there is nothing to tell: {why}, and nothing is asked because of --no-api"
            )));
        }
        digest.missing.push(format!("All that was reported: {why}."));
        return Ok(Vec::new());
    }
    let why = match store::beside(&file) {
        Ok(store) => match Heard::of(&store, &file, span)
            .and_then(|heard| Ok((received::figures(&store, span, masked, &heard)?, heard)))
        {
            Ok((figures, heard)) => {
                digest.missing.extend(heard.missing(&figures, span));
                digest.events = Some(figures);
                return Ok(Vec::new());
            }
            Err(error) => format!("the store cannot be read: {error}"),
        },
        Err(CommandError::Host(why)) => why,
        Err(other) => return Err(other),
    };
    Ok(vec![format!("All that was reported: {why}")])
}

/// Adds what the account says of itself. Gives what failed.
async fn asked(
    digest: &mut Digest,
    calls: Option<&Calls>,
    span: &Span,
    no_contacts: bool,
) -> Vec<String> {
    let mut failed = Vec::new();
    let Some(calls) = calls else {
        digest.missing.push("Contacts added and credits: not asked for (--no-api).".to_owned());
        return failed;
    };
    let mut asking = Asking::of(calls);
    match asking.credits().await {
        Ok((account, credits)) => (digest.account, digest.credits) = (account, Some(credits)),
        Err(why) => failed.push(format!("Credits: {why}")),
    }
    if no_contacts {
        digest.missing.push("Contacts added: not asked for (--no-contacts).".to_owned());
    } else {
        match asking.added(span).await {
            Ok(added) => digest.contacts = Some(added),
            Err(why) => failed.push(format!("Contacts added: {why}")),
        }
    }
    (digest.credits_spent, digest.warnings) = (asking.spent, asking.warnings);
    failed
}
