//! `twochat connect`, `connections` and `revoke`: the connections of a policy.
//!
//! Knows one action by name, the one that tells whether a key works.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use host::{
    access::{self, Access, Owner},
    calls::{Call, Calls},
    engine::Limits,
    policy::{self, Change, Entry, Policy, begin, change},
    retry::{Patience, TRIES},
    tools::Tool,
    vendor::Vendor,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::{Value, json};

use crate::{
    authority,
    caller::{self, client},
    component::ComponentArguments,
    constants::APPLICATION,
    events::fit,
    exit::{CommandError, EXIT_CODES},
    form::{FormArguments, Format},
    input, output, terminal,
};

/// The action that tells whether a key works.
const TEST: &str = "test-api-key";
/// A name may have so many letters.
const NAME_LIMIT: usize = 60;
/// More than any key has.
const KEY_LIMIT: u64 = 64 * 1024;

const POLICY: &str = "\
A policy is a TOML file that says which persona may call which actions over which \
connection. `twochat connect NAME` begins one, in ~/.config/twochat/policy.toml unless \
--policy names another; personas are written into it by hand:

  [personas.assistant]
  connection = \"work\"
  actions = [\"list-contacts\"]
  ask = [\"create-contact\"]

Each call of what stands in `ask` waits for a person's yes. What else can stand there (masks, \
limits, a proxy, the log) is in host-test/README.md of the sources, and the whole of it in \
host-test/host/src/policy.rs.";

/// How a rule of the policy looks, for whoever writes the first one.
pub(crate) const RULE: &str = "\
A rule of the policy says what is done about an event. `from` takes what stands at that path of \
the event, as `twochat events show ID` prints its content; nothing is pasted into texts:

  [rules.new-contact]
  on = \"whatsapp.conversation.new\"
  has = [\"phone-number\"]
  persona = \"assistant\"
  call = \"create-contact\"
  arguments.first-name = { from = \"contact.first-name\", or = \"Unknown\" }
  arguments.details = [{ kind = \"phone\", value = { from = \"phone-number\" } }]

Instead of `call` with a persona, `run` names a program, and `forward` a url. More, with an \
example to try, is in `React to events` of host-test/README.md of the sources, and the whole of \
it in host-test/host/src/policy/rules.rs.";

/// Store a connection's key, once 2Chat has said that it works.
///
/// The key is read from the terminal without being shown, or from standard
/// input. It is encrypted with age, beside the policy, for an identity that only
/// you can read. A connection that is new is added to the policy; one that was
/// revoked goes on.
#[derive(clap::Args)]
#[command(after_help = format!("{POLICY}\n\n{EXIT_CODES}"))]
pub(crate) struct Connect {
    /// Its name in the policy
    name: String,
    /// Where a new connection goes, instead of to TWOCHAT_BASE_URL or else to
    /// https://api.p.2chat.io/open
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Policy to change, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    component: ComponentArguments,
}

/// List the connections of the policy, as a table unless --output says otherwise.
#[derive(clap::Args)]
#[command(after_help = format!("{POLICY}\n\n{RULE}\n\n{EXIT_CODES}"))]
pub(crate) struct List {
    /// Policy to read, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Judge every persona as a call would, and every rule as `listen` would, and read each
    /// key and what signs; nothing is sent
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    component: ComponentArguments,
    #[command(flatten)]
    form: FormArguments,
}

/// End a connection, a persona, or a persona's token: calls are refused from now on.
///
/// Running agents need no restart. What ended goes on after `twochat connect
/// NAME`, or once its `revoked` is deleted in the policy; `twochat token NAME` makes
/// another token.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Revoke {
    /// The connection to end
    #[arg(required_unless_present_any = ["persona", "token"], conflicts_with_all = ["persona", "token"])]
    name: Option<String>,
    /// The persona to end, instead of a connection
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    persona: Option<String>,
    /// The persona whose token to end, instead of a connection
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// Policy to change, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(crate) async fn connect(arguments: Connect) -> Result<(), CommandError> {
    let Connect { name, base_url, policy, component } = arguments;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > NAME_LIMIT || !name.chars().all(fits) {
        let expected = format!("expected up to {NAME_LIMIT} letters, digits, - and _");
        return Err(CommandError::Misuse(format!("`{name}` cannot be a name: {expected}")));
    }
    let file = policy.or_else(|| Policy::of_user(APPLICATION)).ok_or_else(|| {
        CommandError::Misuse("you have no home folder: name a policy with --policy".to_owned())
    })?;
    let policy = begin(&file, &name).map_err(CommandError::Misuse)?;
    let known = policy.connections().get(&name).cloned();
    let connector = component.load()?;
    let (vendor, asks) =
        (authority::without_a_word(&connector)?, authority::of_its_own(connector.docs())?);
    // What is exported is meant for the built-in one.
    let exported = if asks.is_none() { caller::base_url()? } else { None };
    let usual = asks.as_ref().map_or(&vendor.base_url, |stated| &stated.base_url);
    let url = base_url.as_ref().or(exported.as_ref()).unwrap_or(usual);
    let line = known.clone().unwrap_or_else(|| Entry::new(&name, url, asks.as_ref()));
    if base_url.as_ref().is_some_and(|url| line.base_url(&vendor) != url) {
        let (file, goes) = (file.display(), line.base_url(&vendor));
        return Err(CommandError::Misuse(format!(
            "`{name}` goes to {goes}; change its base-url in {file}"
        )));
    }
    if let Some(stated) = asks.as_ref().filter(|stated| !line.is_made_for(stated)) {
        let (file, header) = (file.display(), &stated.key_header);
        return Err(CommandError::Misuse(format!(
            "`{name}` in {file} was not made for this component, which wants its key in the \
             header {header}: take another name"
        )));
    }
    line.secret.keeps().map_err(|why| {
        CommandError::Misuse(format!("`{name}` cannot be connected by this command: {why}"))
    })?;
    if known.is_none() && line.secret.is_taken(policy.folder()) {
        let (secret, folder) = (&line.secret, policy.folder().display());
        return Err(CommandError::Misuse(format!(
            "{secret} in {folder} holds another connection's key: take another name, or delete it"
        )));
    }
    let connection = line.connection(&vendor).map_err(CommandError::Misuse)?;
    let goes = goes_to(line.base_url(&vendor), asks.as_ref().filter(|_| known.is_none()));
    if terminal::is_typed() {
        terminal::say(&format!("`{name}` goes to {goes}"));
    }
    let key = key().await?;
    let secret = caller::key_in(&key)
        .map_err(|why| CommandError::Misuse(format!("{why}; nothing was sent")))?;

    let connection = Arc::new(connection.with_key(secret));
    let (name_of, log) = (Some(name.clone()), Some(policy.audit()));
    let access =
        Access::Owner(Owner { connection, name: name_of, log, until: None, only_reads: false });
    let calls = Calls::new(connector, client()?, access);
    let verdict = test(&calls).await?;

    let others: Vec<_> = match line.secret.makes_identity(policy.folder()) {
        true => policy
            .connections()
            .iter()
            .filter(|(other, line)| **other != name && line.secret.is_taken(policy.folder()))
            .map(|(other, _)| other.as_str())
            .collect(),
        false => Vec::new(),
    };
    let store = || line.secret.store(policy.folder(), key.trim());
    policy::connect(policy.file(), &name, url, asks.as_ref(), known.as_ref(), store)
        .map_err(CommandError::Host)?;
    if !others.is_empty() {
        let others = others.join(", ");
        terminal::say(&format!(
            "twochat: the identity was gone, and another was made: connect {others} again"
        ));
    }
    output::text(&summary(&name, &line, &goes, &verdict, &policy))
}

/// Where requests go; of a component that asks for more than the built-in one, how as well.
fn goes_to(url: &str, asks: Option<&Vendor>) -> String {
    let Some(asks) = asks else { return url.to_owned() };
    let methods: Vec<_> = asks.methods.iter().map(|method| method.as_str()).collect();
    format!("{url}, {}, the key in the header {}", methods.join(" and "), asks.key_header)
}

/// What was done, and what may be done next.
fn summary(name: &str, line: &Entry, goes: &str, verdict: &str, policy: &Policy) -> String {
    let (file, folder) = (policy.file().display(), policy.folder().display());
    let secret = &line.secret;
    let mut text =
        format!("{verdict}\nconnected: {name} ({goes}), its key in {secret} in {folder}\n");
    if !policy.personas().values().any(|persona| persona.connection == name) {
        text += &format!(
            "No persona uses it yet. In {file}, one looks like this:\n\n\
             [personas.assistant]\nconnection = \"{name}\"\nactions = [\"{TEST}\"]\n"
        );
    }
    text
}

/// What 2Chat says of the key. Only one that it knows is stored.
async fn test(calls: &Calls) -> Result<String, CommandError> {
    let patience = Patience::new(TRIES, Limits::default().time);
    let nothing = json!({});
    if calls.offered().iter().all(|tool| tool.name != TEST) {
        return Ok(format!("untested: the component has no action {TEST}"));
    }
    let called = calls.make(Call::new(TEST, &nothing), patience, |_, _| {}).await;
    let outcome = called.map_err(|why| {
        CommandError::Host(format!("the key could not be tested, and was not stored: {why}"))
    })?;
    let unstored = |error: &Value| {
        terminal::say("twochat: the key was not stored");
        CommandError::Action(error.clone())
    };
    let result = outcome.result.map_err(|error| unstored(&error))?;
    let text = |key: &str| result.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match (text("verdict").as_str(), text("message")) {
        ("invalid", _) => Err(unstored(&result)),
        (verdict, message) => Ok(format!("{verdict}: {message}")),
    }
}

pub(crate) async fn list(arguments: List) -> Result<(), CommandError> {
    let form = arguments.form.form(Format::Table, Format::Table, false)?;
    let file = caller::known_policy(arguments.policy)?;
    let policy = read(&file)?;
    let (mut rows, mut unready) = (Vec::new(), 0);
    let vendor = authority::built_in()?;
    for (name, line) in policy.connections() {
        let personas = policy.personas().iter().filter(|(_, persona)| persona.connection == *name);
        let personas: Vec<_> = personas
            .map(|(name, persona)| match persona.revoked {
                true => format!("{name} (revoked)"),
                false => name.clone(),
            })
            .collect();
        let state = match line.revoked {
            true => "revoked".to_owned(),
            false if !arguments.check => "in use".to_owned(),
            false => match line.secret.read(policy.folder()).await {
                Ok(_) => "ready".to_owned(),
                Err(why) => {
                    unready += 1;
                    why
                }
            },
        };
        rows.push(json!({
            "name": name,
            "base-url": line.base_url(&vendor),
            "secret": line.secret.to_string(),
            "state": state,
            "personas": personas.join(", "),
        }));
    }
    let columns = ["name", "base-url", "secret", "state", "personas"];
    output::rows("connections", rows, &columns, &["secret", "base-url"], &form)?;
    if arguments.check {
        let connector = arguments.component.load()?;
        let tools = Tool::all_of(&connector);
        let mut misfits = access::check(&file, &tools).map_err(CommandError::Misuse)?;
        misfits.extend(fit::misfits(&policy, &connector, &[]).await);
        misfits.iter().for_each(|why| terminal::say(&format!("twochat: {why}")));
        if !misfits.is_empty() {
            let count = misfits.len();
            return Err(CommandError::Refused(format!(
                "what the policy says cannot be followed; places to correct: {count}"
            )));
        }
    }
    match unready {
        0 => Ok(()),
        unready => Err(CommandError::Host(format!("keys that cannot be read: {unready}"))),
    }
}

pub(crate) fn revoke(arguments: &Revoke) -> Result<(), CommandError> {
    let file = caller::known_policy(arguments.policy.clone())?;
    let text = match (&arguments.name, &arguments.persona, &arguments.token) {
        (Some(name), ..) => {
            let policy = changed(&file, Change::Revoke(name))?;
            let line = policy.connections().get(name);
            let kept = line.map(|line| format!(", and is still kept in {}", line.secret));
            format!(
                "revoked: {name}. Calls over it are refused from now on. Its key works until it is \
                 ended at 2Chat{}.\n",
                kept.unwrap_or_default()
            )
        }
        (None, Some(name), _) => {
            let policy = changed(&file, Change::RevokePersona(name))?;
            format!(
                "revoked: the persona {name}. Its calls are refused from now on, until its \
                 `revoked` is deleted in {}.\n",
                policy.file().display()
            )
        }
        (None, None, Some(name)) => {
            changed(&file, Change::RevokeToken(name))?;
            format!("revoked: the token of {name}. What shows it is refused from now on.\n")
        }
        (None, None, None) => return Ok(()),
    };
    output::text(&text)
}

fn read(file: &Path) -> Result<Policy, CommandError> {
    Policy::read(file).map_err(CommandError::Misuse)
}

fn changed(file: &Path, to: Change<'_>) -> Result<Policy, CommandError> {
    change(file, to).map_err(CommandError::Misuse)
}

/// The key, from the terminal or from standard input.
async fn key() -> Result<String, CommandError> {
    let unread =
        |error: io::Error| CommandError::Misuse(format!("the key cannot be read: {error}"));
    if !terminal::is_typed() {
        let bytes = input::standard(KEY_LIMIT).await.map_err(unread)?;
        let text = String::from_utf8(bytes).map_err(|error| unread(io::Error::other(error)))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    let _echo = Echo::now().map_err(unread)?;
    let typed = || rpassword::prompt_password("Key of the 2Chat account (not shown): ");
    input::aside(typed).await.map_err(unread)
}

/// How the terminal shows what is typed. The prompt changes that, and Ctrl-C may end
/// the command before it is changed back.
struct Echo(Termios);

impl Echo {
    fn now() -> io::Result<Self> {
        Ok(Self(tcgetattr(io::stdin())?))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Whoever types next wants to see it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
