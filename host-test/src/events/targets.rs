//! Who is to hear of events? Whoever flags name, and whoever the rules of the policy do.

use std::{
    env,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use host::{
    access::Access,
    calls::Calls,
    client::{Client, Routed},
    engine::Connector,
    files,
    hex::hex,
    policy::{Deed, Misfit, Policy, Rule},
    post::Mailbox,
    program::Program,
    secret::Secret,
    suggest,
};
use ring::digest::{SHA256, digest};

use super::{
    calling::Calling,
    filter::Filter,
    fit,
    forward::{Forward, Signing},
    handing_on::{Kind, Target},
    listing::Listing,
    running::Running,
};
use crate::{exit::CommandError, terminal};

/// The secret that flags sign with, where no file is named.
pub(crate) const SECRET: &str = "TWOCHAT_FORWARD_SECRET";
/// So many bytes are read of a secret.
const MOST: u64 = 4096;
/// So long a program of the flags may take.
const TIME: Duration = Duration::from_secs(30);

/// What flags name.
#[derive(clap::Args)]
pub(crate) struct TargetArguments {
    /// Forward every event to this url by a signed POST (Standard Webhooks); may be given
    /// more than once
    ///
    /// A name before it, as in office=https://example.com/hook, tells it from others at the
    /// same server. The secret is read from --forward-secret, or from TWOCHAT_FORWARD_SECRET.
    /// It is whsec_ and random bytes in base64.
    #[arg(long, value_name = "[NAME=]URL")]
    forward: Vec<String>,
    /// File with the secret that forwarded events are signed with
    #[arg(long, value_name = "FILE", requires = "forward")]
    forward_secret: Option<PathBuf>,
    /// Run this program for every event, with the event as JSON on its standard input; may
    /// be given more than once
    #[arg(long, value_name = "PROGRAM")]
    run: Vec<PathBuf>,
}

/// What the targets of a policy's rules are made of.
pub(crate) struct Makings {
    pub(crate) connector: Connector,
    pub(crate) client: Client,
    /// The policy's file, and what its personas may do.
    pub(crate) file: PathBuf,
    pub(crate) access: Access,
    /// The names of the events that are received.
    pub(crate) received: Vec<String>,
}

impl TargetArguments {
    /// The flag by which others are sent something, if it is there.
    pub(crate) fn posting(&self) -> Option<&'static str> {
        (!self.forward.is_empty()).then_some("--forward")
    }

    /// The targets that are named here.
    pub(crate) async fn targets(self, client: &Client) -> Result<Vec<Target>, CommandError> {
        let mut targets = Vec::new();
        for named in &self.forward {
            let (own, url) = name_and_url(named);
            let unusable = |why: String| CommandError::Misuse(format!("--forward: {why}"));
            let mailbox = Mailbox::at(url).map_err(|why| unusable(why.to_owned()))?;
            mailbox.can_be_reached().map_err(unusable)?;
            let mailbox = mailbox.with_proxy_of_environment().map_err(unusable)?;
            let (secret, place) = secret(self.forward_secret.as_deref())?;
            let secret = Signing::With(secret);
            let misuse = |why| CommandError::Misuse(format!("{place}: {why}"));
            secret.signer().await.map_err(misuse)?;
            // What tells it from another at the same server shows nothing of its url.
            let mut told = hex(digest(&SHA256, url.as_bytes()));
            told.truncate(8);
            let name = own.map_or_else(|| format!("{mailbox}#{told}"), str::to_owned);
            let kind = Kind::Forward(Box::new(Forward { mailbox, client: client.clone(), secret }));
            targets.push(Target { name, filter: Filter::All, kind });
        }
        for program in &self.run {
            let program = std::path::absolute(program).map_err(|error| {
                CommandError::Misuse(format!("--run {}: {error}", program.display()))
            })?;
            let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
            let name = program.display().to_string();
            let program = Program::new(vec![name.clone()]);
            let unusable = |why| CommandError::Misuse(format!("--run: {why}"));
            program.can_be_run().map_err(unusable)?;
            let kind = Kind::Run(Running { program, folder, time: TIME });
            targets.push(Target { name, filter: Filter::All, kind });
        }
        Ok(targets)
    }
}

/// The name of a target that has one, and its url.
fn name_and_url(text: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !name.is_empty() && name.bytes().all(is_plain)
    };
    match text.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, url)) => (Some(name), url),
        None => (None, text),
    }
}

/// Whether a secret may be taken from a file, and nobody else can put another in its place.
/// One that is not there is told where it is read.
fn is_kept_from_others(file: &Path) -> Result<(), CommandError> {
    let unusable = |why: String| {
        CommandError::Misuse(format!("--forward-secret {} is not used: {why}", file.display()))
    };
    files::way(file).map_err(unusable)?;
    match fs::metadata(file) {
        Ok(it) if it.is_file() && !files::may_hold_a_secret(&it) => {
            Err(unusable(format!("others can read or write it, `chmod 600 {}`", file.display())))
        }
        _ => Ok(()),
    }
}

/// The secret in a file, or in the environment, and where that is.
fn secret(file: Option<&Path>) -> Result<(Secret, String), CommandError> {
    let (text, place) = match file {
        Some(file) => {
            is_kept_from_others(file)?;
            // More than a secret can have is none, and what never ends is not read to its end.
            let read = |file: File| {
                let mut text = String::new();
                file.take(MOST).read_to_string(&mut text).map(|_| text)
            };
            let text = File::open(file).and_then(read);
            (text.ok(), format!("--forward-secret {}", file.display()))
        }
        None => (env::var(SECRET).ok(), SECRET.to_owned()),
    };
    let none = || format!("--forward needs a secret to sign with, and {place} cannot be read");
    let text = text.ok_or_else(|| CommandError::Misuse(none()))?;
    let secret = Secret::new(&text);
    let secret = secret.map_err(|why| CommandError::Misuse(format!("{place}: {why}")))?;
    Ok((secret, place))
}

impl Makings {
    /// The targets of the rules as the file has them now.
    pub(crate) async fn targets(&self) -> Result<Vec<Target>, CommandError> {
        let policy = Policy::read(&self.file).map_err(CommandError::Misuse)?;
        let misfits = fit::misfits(&policy, &self.connector, &self.received).await;
        if !misfits.is_empty() {
            return Err(CommandError::Misuse(misfits.join("\ntwochat: ")));
        }
        let mut targets = Vec::new();
        for (name, rule) in policy.rules() {
            let wrong = |misfit| CommandError::Misuse(fit::told(&policy, name, &misfit));
            let kind = self.kind(name, rule, policy.folder()).map_err(wrong)?;
            let filter = Filter::Rule(Box::new(rule.clone()));
            targets.push(Target { name: name.clone(), filter, kind });
        }
        Ok(targets)
    }

    /// Says which rules wait for what does not come.
    pub(crate) fn warn_of(&self, targets: &[Arc<Target>]) {
        let events: Vec<_> = self.received.iter().map(String::as_str).collect();
        for target in targets {
            for name in target.filter.names() {
                if !self.received.contains(name) {
                    let why = suggest::unknown("url for", name, &events, "there are those for");
                    terminal::say(&format!("twochat: rules.{}.on: {why}", target.name));
                }
            }
        }
    }

    /// What handing on by a rule that fits means.
    fn kind(&self, name: &str, rule: &Rule, folder: &Path) -> Result<Kind, Misfit> {
        match rule.deed() {
            Deed::Call { persona, action } => {
                let (connector, client) = (self.connector.clone(), self.client.clone());
                let calls = Calls::new(connector, client, self.access.as_persona(persona));
                let may = calls.tools().map_err(|why| fit::at("persona", why.to_string()))?;
                if !may.iter().any(|tool| tool.name == *action) {
                    let why = format!(
                        "`{action}` may change something, and by --read-only nothing is changed"
                    );
                    return Err(fit::at("call", why));
                }
                let (rule_name, action) = (name.to_owned(), action.to_owned());
                let template = rule.clone();
                let none = || fit::at("unless-listed", "no list".to_owned());
                let listing = match rule.unless_listed() {
                    Some(path) => Some(Listing::of(path, &calls).ok_or_else(none)?),
                    None => None,
                };
                let calling = Calling { calls, rule: rule_name, action, template, listing };
                Ok(Kind::Call(Box::new(calling)))
            }
            Deed::Run => {
                let none = || fit::at("run", "it names no program".to_owned());
                let (program, seconds) = rule.program().ok_or_else(none)?;
                let time = Duration::from_secs(seconds);
                Ok(Kind::Run(Running { program, folder: folder.to_owned(), time }))
            }
            Deed::Forward if self.access.only_reads() => {
                let why = "it is a POST, and by --read-only nothing but GET leaves";
                Err(fit::at("forward", why.to_owned()))
            }
            Deed::Forward => {
                let (mailbox, secret) = fit::posted(rule, folder)?;
                let client = self.client.clone();
                Ok(Kind::Forward(Box::new(Forward { mailbox, client, secret })))
            }
        }
    }
}
