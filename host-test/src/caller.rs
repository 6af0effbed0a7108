//! On whose behalf are calls made? That of a persona of a policy, or of the owner of
//! the key in the environment.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use host::{
    access::{Access, Owner},
    client::{Client, Routed},
    engine::Connector,
    gate::Connection,
    log::Log,
    policy::Policy,
    secret::Secret,
    suggest,
    vendor::Vendor,
};

use crate::{
    authority,
    constants::{APPLICATION, KEY_PLACE},
    exit::CommandError,
    terminal,
};

/// Who calls, as flags say it.
#[derive(clap::Args)]
pub(crate) struct CallerArguments {
    /// Policy to follow, instead of the one in your configuration folder
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,
    /// Persona of the policy to call as, instead of its default
    #[arg(long, value_name = "NAME", global = true)]
    persona: Option<String>,
    /// Write the call down in this file, else in that of TWOCHAT_AUDIT, or do not
    /// make it; a policy itself says where
    #[arg(long, value_name = "FILE", global = true)]
    audit: Option<PathBuf>,
    /// Do only what changes nothing: other actions are refused, and nothing but GET leaves
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
}

impl CallerArguments {
    /// What the caller may do with this connector: what its policy says, or without
    /// one everything over the connection of the environment.
    pub(crate) fn access(self, connector: &Connector) -> Result<Access, CommandError> {
        self.access_or(connector, |why| Err(CommandError::Refused(why)))
    }

    /// The same where it is no fault that nobody gave a key: then nothing leaves. `told`
    /// hears what to do about it.
    pub(crate) fn access_or(
        self,
        connector: &Connector,
        told: impl FnOnce(String) -> Result<(), CommandError>,
    ) -> Result<Access, CommandError> {
        if let Some(file) = policy(self.policy) {
            if !Policy::is_there(&file) {
                told(no_policy(&file))?;
            }
            if self.audit.is_some() {
                let why = "--audit has no meaning here: calls are written down where the policy";
                return Err(CommandError::Misuse(format!("{why} {} says", file.display())));
            }
            self.persona.as_deref().map(|name| is_known(name, &file)).transpose()?;
            let vendor = authority::without_a_word(connector)?;
            let stated = authority::of_its_own(connector.docs())?;
            let access = Access::of_persona(file, self.persona, vendor).only_if_made_for(stated);
            return Ok(access.only_reading(self.read_only));
        }
        if self.persona.is_some() {
            let own = Policy::of_user(APPLICATION).map_or_else(String::new, |file| {
                format!(", and there is none at {}", file.display())
            });
            return Err(CommandError::Misuse(format!("--persona needs a policy{own}")));
        }
        let log = self.audit.or_else(|| {
            env::var_os("TWOCHAT_AUDIT").filter(|file| !file.is_empty()).map(PathBuf::from)
        });
        // Better now than at the first call.
        log.as_deref().map(can_be_written).transpose()?;
        if let Some(stated) = authority::of_its_own(connector.docs())? {
            return Err(CommandError::Refused(another(&stated)));
        }
        let vendor = authority::without_a_word(connector)?;
        let mut connection = from_environment(&vendor)?;
        if connection.key().is_none() && connector.reaches_out() {
            connection = connection.closed(&no_key_here()?);
            told(without_key()?)?;
        }
        let connection = Arc::new(connection);
        let until = Policy::of_user(APPLICATION);
        Ok(Access::Owner(Owner { connection, name: None, log, until, only_reads: self.read_only }))
    }
}

impl CallerArguments {
    /// The policy that is followed, if there is one.
    pub(crate) fn policy_file(&self) -> Option<PathBuf> {
        policy(self.policy.clone())
    }
}

impl CallerArguments {
    /// The same for a server: whoever starts it may not be there to read why it ended, so it
    /// serves without a key as well, and each call says what is missing.
    pub(crate) fn access_of_server(self, connector: &Connector) -> Result<Access, CommandError> {
        self.access_or(connector, |why| {
            terminal::say(&format!("twochat: {why}. Until then no call is sent."));
            Ok(())
        })
    }
}

/// Who may call a server.
pub(crate) enum Callers {
    /// Whoever reaches it.
    All(Access),
    /// Whoever shows the token of a persona of this policy.
    ByToken(PathBuf, Access),
}

impl CallerArguments {
    /// The same as `access` for a server that many may reach: with a policy and no word of
    /// a persona, each shows whose calls it makes.
    pub(crate) fn callers(self, connector: &Connector) -> Result<Callers, CommandError> {
        let file = policy(self.policy.clone()).filter(|_| self.persona.is_none());
        let access = self.access_of_server(connector)?;
        Ok(match file {
            Some(file) => Callers::ByToken(file, access),
            None => Callers::All(access),
        })
    }
}

/// The policy to follow: this one, or the user's own if there is one.
pub(crate) fn policy(file: Option<PathBuf>) -> Option<PathBuf> {
    file.or_else(|| Policy::of_user(APPLICATION).filter(|file| Policy::is_there(file)))
}

/// The policy that there has to be.
pub(crate) fn known_policy(file: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    if let Some(file) = file.as_ref().filter(|file| !Policy::is_there(file)) {
        return Err(CommandError::Misuse(no_policy(file)));
    }
    policy(file).ok_or_else(|| {
        let place = Policy::of_user(APPLICATION)
            .map_or_else(String::new, |file| format!(" at {}", file.display()));
        CommandError::Misuse(format!("there is no policy{place}: `twochat connect` begins one"))
    })
}

/// What to do about a policy that is named and not there.
fn no_policy(file: &Path) -> String {
    let file = file.display();
    format!("there is no policy {file}: `twochat connect NAME --policy {file}` begins one")
}

/// Whether a policy that can be read has this persona. One that cannot is judged when
/// it is followed.
fn is_known(persona: &str, file: &Path) -> Result<(), CommandError> {
    let Ok(policy) = Policy::read(file) else { return Ok(()) };
    let known: Vec<_> = policy.personas().keys().map(String::as_str).collect();
    match suggest::nearest(persona, known.iter().copied()) {
        Some(meant) if meant != persona => {
            let why = suggest::unknown("persona", persona, &known, "there are");
            Err(CommandError::Refused(format!("{}: {why}", policy.file().display())))
        }
        _ => Ok(()),
    }
}

/// What to do about a key that nobody gave.
fn without_key() -> Result<String, CommandError> {
    let setting = authority::key_setting()?;
    Ok(format!(
        "there is no key and no policy: set {setting} to the key of your 2Chat account, or \
         store it once with `twochat connect NAME`. The key is shown at {KEY_PLACE}"
    ))
}

/// What to tell whoever calls a server that has no key.
fn no_key_here() -> Result<String, CommandError> {
    let setting = authority::key_setting()?;
    Ok(format!(
        "this server has no key: the user must set {setting} to the key of the 2Chat account in \
         the settings that start it, and start it again. The key is shown at {KEY_PLACE}"
    ))
}

/// What to do about a component that asks for more than the built-in one.
fn another(stated: &Vendor) -> String {
    let methods: Vec<_> = stated.methods.iter().map(|method| method.as_str()).collect();
    format!(
        "the component asks for {} to {}, with the key in the header {}, and there is no policy \
         that lets it: `twochat connect NAME --component FILE` begins one",
        methods.join(", "),
        stated.base_url,
        stated.key_header,
    )
}

/// The connection that the environment asks for.
fn from_environment(vendor: &Arc<Vendor>) -> Result<Connection, CommandError> {
    let broken =
        |name: &str, why: &str| CommandError::Misuse(format!("{name} cannot be used: {why}"));
    let setting = authority::key_setting()?;
    let key = variable(setting)?
        .map(|key| key_in(&key))
        .transpose()
        .map_err(|why| broken(setting, &why))?;
    let base = base_url()?.unwrap_or_else(|| vendor.base_url.clone());
    let setting = authority::base_url_setting()?;
    let connection = Connection::new(vendor, &base, key).map_err(|why| broken(setting, why))?;
    connection.with_proxy_of_environment().map_err(CommandError::Misuse)
}

/// The key that somebody wrote, or what is wrong with it, without showing it.
pub(crate) fn key_in(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    let is_in = |open, close| text.starts_with(open) && text.ends_with(close);
    if text == "..." || text.contains('…') || is_in('<', '>') || is_in('[', ']') {
        return Err(format!(
            "that is a placeholder: put the key of your account there, which is shown at \
             {KEY_PLACE}"
        ));
    }
    Secret::new(text).map_err(str::to_owned)
}

/// Where the environment says that 2Chat is, if it does.
pub(crate) fn base_url() -> Result<Option<String>, CommandError> {
    variable(authority::base_url_setting()?)
}

/// The variable without the white space around it, if anything is left.
fn variable(name: &str) -> Result<Option<String>, CommandError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(CommandError::Misuse(format!("{name} cannot be used: it is not Unicode text")))
        }
    }
}

/// Whether calls can be written down there.
fn can_be_written(log: &Path) -> Result<(), CommandError> {
    Log::open(log).map(|_| ()).map_err(|error| {
        CommandError::NotMade(format!("the log {} cannot be used: {error}", log.display()))
    })
}

/// What sends requests, with the certificates that this machine trusts.
pub(crate) fn client() -> Result<Client, CommandError> {
    Client::new(&[]).map_err(|error| CommandError::Host(format!("no TLS on this machine: {error}")))
}
