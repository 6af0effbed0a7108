//! Who may do what, over which connection? One TOML file, written by its owner.
//!
//! Holds no secret, only where one is kept. A connection is an origin with its
//! secret and its limits; a persona is somebody on whose behalf calls are made,
//! with the actions that it may call over one connection, those that it may call only
//! when a person says yes to the very call, and the fields that it does not see.
//!
//! ```toml
//! default-persona = "assistant"
//!
//! [audit]
//! file = "audit.jsonl"          # paths start from this file's folder
//! redact = ["value"]            # fields that are not written down
//!
//! [connections.work]
//! base-url = "https://api.example.com/v1"   # the vendor's own, if it is left out
//! key-header = "x-api-key"      # the header that gets the key, so too
//! secret = { age = "work.age", identity = "identity.txt" }
//! # or { env = "NAME" }, or { command = ["/usr/bin/pass", "show", "work"] }
//! methods = ["GET"]             # nothing else leaves
//! private-addresses = false     # whether it may lead into a network of its own
//! at-once = 16                  # requests under way at the same time
//! requests-per-call = 8
//! reply-bytes = 8388608
//! proxy = "http://user:password@proxy.example.com:3128"   # or "environment", or false
//! ca = "authority.pem"          # authorities that are trusted beside the system's
//! revoked = false
//!
//! [personas.assistant]
//! connection = "work"
//! actions = ["list-contacts"]
//! ask = ["create-contact"]      # a person says yes to each call; also if it stands above
//! toolsets = ["actions"]        # or all actions of an interface
//! mask = ["value"]              # fields that it does not see
//! show = ["hook-url"]           # fields that are sensitive, but it does see
//! token-sha256 = "9f86d0..."    # of the token that it shows where it calls over HTTP
//! revoked = false
//! ```
//!
//! What is done about events is in [`Rule`].

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderName, Method};
use serde::Deserialize;

use crate::{
    client::Routed,
    files,
    gate::{self, Bounds, Connection, METHODS},
    token::Fingerprint,
    vault::Source,
    vendor::Vendor,
};

mod edit;
mod forms;
mod network;
mod persona;
mod reading;
mod rules;

pub use self::edit::{Change, begin, change, connect};
use self::network::{Authorities, Through};
pub use self::persona::Persona;
use self::reading::in_field;
pub use self::rules::{Deed, Misfit, Rule};

/// A policy file may have so many bytes.
const LIMIT: u64 = 1 << 20;
/// The log of calls, where the policy names none.
const AUDIT: &str = "audit.jsonl";

/// A policy as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    default_persona: Option<String>,
    #[serde(default)]
    audit: Audit,
    #[serde(default)]
    connections: BTreeMap<String, Entry>,
    #[serde(default)]
    personas: BTreeMap<String, Persona>,
    #[serde(default)]
    rules: BTreeMap<String, Rule>,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    text: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Audit {
    file: Option<PathBuf>,
    #[serde(default)]
    redact: Vec<String>,
}

/// A connection: where it goes, where its secret is kept, what it takes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    base_url: Option<String>,
    key_header: Option<String>,
    /// Where the key is kept.
    pub secret: Source,
    /// Whether it has ended.
    #[serde(default)]
    pub revoked: bool,
    methods: Option<Vec<String>>,
    #[serde(default)]
    private_addresses: bool,
    at_once: Option<usize>,
    requests_per_call: Option<u32>,
    reply_bytes: Option<u64>,
    #[serde(default)]
    proxy: Through,
    ca: Option<Authorities>,
}

impl Policy {
    /// Where the user's own policy is: `policy.toml` in the folder of the application in
    /// `$XDG_CONFIG_HOME`, or in `~/.config`.
    #[must_use]
    pub fn of_user(application: &str) -> Option<PathBuf> {
        use etcetera::BaseStrategy;
        let base = etcetera::choose_base_strategy().ok()?.config_dir();
        Some(base.join(application).join("policy.toml"))
    }

    /// Whether there is a policy; one that cannot be looked at is not passed over.
    #[must_use]
    pub fn is_there(file: &Path) -> bool {
        match fs::symlink_metadata(file) {
            Err(error) => {
                !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
            Ok(_) => true,
        }
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// A sentence that names the file, and the line and the field that are wrong;
    /// or that others may write to it.
    pub fn read(file: &Path) -> Result<Self, String> {
        Self::read_before(file, None)
    }

    /// The same of a file in which a connection is still to come: personas may name it.
    fn read_before(file: &Path, to_come: Option<&str>) -> Result<Self, String> {
        let (file, text) = text(file)?;
        Self::of(&text, &file, to_come).map_err(|why| format!("{}: {why}", file.display()))
    }

    /// The policy of a text that stands in this file, with what its paths lead to.
    fn of(text: &str, file: &Path, to_come: Option<&str>) -> Result<Self, String> {
        let (file, stands) = (file.to_owned(), text.to_owned());
        let mut policy = Self { file, text: stands, ..Self::parse_before(text, to_come)? };
        let folder = policy.folder().to_owned();
        for (name, entry) in &mut policy.connections {
            if let Some(Err(why)) = entry.ca.as_mut().map(|ca| ca.read(&folder)) {
                return Err(in_field(text, &["connections", name, "ca"], &why));
            }
        }
        for (name, rule) in &mut policy.rules {
            if let Err((field, why)) = rule.read(&folder) {
                return Err(in_field(text, &["rules", name, field], &why));
            }
        }
        Ok(policy)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_before(text, None)
    }

    fn parse_before(text: &str, to_come: Option<&str>) -> Result<Self, String> {
        let policy: Self = reading::read(text)?;
        match policy.fault(to_come) {
            Some((path, why)) => Err(in_field(text, &path, &why)),
            None => Ok(policy),
        }
    }

    /// The first field that cannot be followed, and why.
    fn fault(&self, to_come: Option<&str>) -> Option<(Vec<&str>, String)> {
        let of_entries = || {
            self.connections.iter().find_map(|(name, entry)| {
                let (field, why) = entry.fault()?;
                Some((vec!["connections", name, field], why))
            })
        };
        let of_personas = || {
            self.personas.iter().find_map(|(name, persona)| {
                let wanted = &persona.connection;
                let known = named(self.connections.keys());
                let why = format!("there is no connection `{wanted}`; {known}");
                let is_there = self.connections.contains_key(wanted);
                (!is_there && to_come != Some(wanted))
                    .then(|| (vec!["personas", name, "connection"], why))
            })
        };
        let of_the_default = || {
            let name = self.default_persona.as_ref()?;
            let known = named(self.personas.keys());
            let why = format!("there is no persona `{name}`; {known}");
            (!self.personas.contains_key(name)).then(|| (vec!["default-persona"], why))
        };
        let of_tokens = || {
            let mut owners = BTreeMap::new();
            self.personas.iter().find_map(|(name, persona)| {
                let owner = owners.insert(persona.token_sha256?.to_string(), name)?;
                let why = format!("the persona `{owner}` has the same: each needs its own");
                Some((vec!["personas", name, "token-sha256"], why))
            })
        };
        let of_rules = || {
            self.rules.iter().find_map(|(name, rule)| {
                let unknown = rule.persona().filter(|name| !self.personas.contains_key(*name));
                let known = || named(self.personas.keys());
                let unknown = unknown
                    .map(|name| ("persona", format!("there is no persona `{name}`; {}", known())));
                let nameless = name
                    .trim()
                    .is_empty()
                    .then(|| ("", "a rule needs a name, such as [rules.thank]".to_owned()));
                let (field, why) = nameless.or_else(|| rule.fault()).or(unknown)?;
                let path = ["rules", name, field].into_iter().filter(|part| !part.is_empty());
                Some((path.collect(), why))
            })
        };
        let of_others = of_entries().or_else(of_personas).or_else(of_the_default);
        of_others.or_else(of_tokens).or_else(of_rules)
    }

    /// What is wrong with a field, in which file and line it is.
    #[must_use]
    pub fn told(&self, path: &[&str], why: &str) -> String {
        format!("{}: {}", self.file.display(), in_field(&self.text, path, why))
    }

    /// The file, by its full name.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder from which its paths start.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// The log of calls.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.folder().join(self.audit.file.as_deref().unwrap_or(Path::new(AUDIT)))
    }

    /// The fields that are not written down.
    #[must_use]
    pub fn redacted(&self) -> &[String] {
        &self.audit.redact
    }

    /// The connections by name.
    #[must_use]
    pub fn connections(&self) -> &BTreeMap<String, Entry> {
        &self.connections
    }

    /// The personas by name.
    #[must_use]
    pub fn personas(&self) -> &BTreeMap<String, Persona> {
        &self.personas
    }

    /// What is done about events, by name.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<String, Rule> {
        &self.rules
    }

    /// The name of the persona whose token this is.
    #[must_use]
    pub fn shown_by(&self, token: &Fingerprint) -> Option<&str> {
        let is_known =
            |persona: &Persona| persona.token_sha256.is_some_and(|known| known.is_that_of(token));
        // All are looked at, so that the time does not tell which it is.
        self.personas.iter().fold(
            None,
            |found, (name, persona)| {
                if is_known(persona) { Some(name.as_str()) } else { found }
            },
        )
    }

    /// The name of the persona that is meant: this one, or the default.
    #[must_use]
    pub fn persona_name<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        asked.or(self.default_persona.as_deref())
    }

    /// The persona, and its connection.
    ///
    /// # Errors
    /// A sentence that says why there is none, or none any more.
    pub fn grant(&self, asked: Option<&str>) -> Result<(&Persona, &Entry), String> {
        let file = self.file.display();
        let known = || named(self.personas.keys());
        if self.personas.is_empty() {
            return Err(format!("{file} has no persona yet: write one into it"));
        }
        let Some(name) = self.persona_name(asked) else {
            let why = format!("{file} has no default-persona");
            return Err(format!("{why}: name one with --persona; {}", known()));
        };
        let Some(persona) = self.personas.get(name) else {
            return Err(format!("{file} has no persona `{name}`; {}", known()));
        };
        let Some(line) = self.connections.get(&persona.connection) else {
            return Err(format!("{file} has no connection `{}`", persona.connection));
        };
        if persona.revoked {
            return Err(format!("the persona `{name}` is revoked in {file}"));
        }
        if line.revoked {
            let connection = &persona.connection;
            return Err(format!("the connection `{connection}` is revoked in {file}"));
        }
        Ok((persona, line))
    }
}

impl Entry {
    /// A connection of this name, its key kept beside the policy, and through the
    /// environment's proxy where one is named for its server now.
    #[must_use]
    pub fn new(name: &str, base_url: &str, asks: Option<&Vendor>) -> Self {
        let methods = |vendor: &Vendor| vendor.methods.iter().map(ToString::to_string).collect();
        Self {
            base_url: Some(base_url.to_owned()),
            key_header: asks.map(|vendor| vendor.key_header.to_string()),
            secret: Source::beside(name),
            revoked: false,
            methods: asks.map(methods),
            private_addresses: false,
            at_once: None,
            requests_per_call: None,
            reply_bytes: None,
            proxy: Through::as_now(base_url),
            ca: None,
        }
    }

    /// The first field that cannot be followed, and why.
    fn fault(&self) -> Option<(&'static str, String)> {
        if let Some(Err(why)) = self.base_url.as_deref().map(gate::base_url) {
            return Some(("base-url", format!("it cannot be used: {why}")));
        }
        let can_be = |name: &str| name.parse().is_ok_and(|name| gate::may_hold_a_key(&name));
        if !self.key_header.as_deref().is_none_or(can_be) {
            return Some(("key-header", "it is not the name of a header for a key".to_owned()));
        }
        if let Err(why) = self.secret.check() {
            return Some(("secret", why));
        }
        if let Some(why) = self.proxy.fault() {
            return Some(("proxy", why));
        }
        let known: Vec<_> = METHODS.iter().chain([&Method::HEAD]).map(Method::as_str).collect();
        let mut methods = self.methods.iter().flatten();
        if let Some(method) = methods.find(|method| !known.contains(&method.as_str())) {
            let known = known.join(", ");
            return Some(("methods", format!("`{method}` is none of {known}")));
        }
        let bounds = [
            ("at-once", self.at_once == Some(0)),
            ("requests-per-call", self.requests_per_call == Some(0)),
        ];
        let zero = bounds.into_iter().find(|(_, is_zero)| *is_zero);
        zero.map(|(field, _)| (field, "0 would let nothing pass".to_owned()))
    }

    /// Whether it was made for a component that states this of itself, and is not what a
    /// connection is without a word.
    #[must_use]
    pub fn is_made_for(&self, stated: &Vendor) -> bool {
        let header = self.key_header.as_deref().and_then(|name| name.parse::<HeaderName>().ok());
        header.as_ref() == Some(&stated.key_header)
    }

    /// Where it goes.
    #[must_use]
    pub fn base_url<'a>(&'a self, vendor: &'a Vendor) -> &'a str {
        self.base_url.as_deref().unwrap_or(&vendor.base_url)
    }

    /// The connection, without its key.
    ///
    /// # Errors
    /// If the base url cannot be used, or the proxy of the environment where that is
    /// asked for.
    pub fn connection(&self, vendor: &Arc<Vendor>) -> Result<Connection, String> {
        let usual = Bounds::default();
        let bounds = Bounds {
            at_once: self.at_once.unwrap_or(usual.at_once),
            per_call: self.requests_per_call.unwrap_or(usual.per_call),
            reply: self.reply_bytes.unwrap_or(usual.reply),
        };
        let mut vendor = Arc::clone(vendor);
        if let Some(Ok(header)) = self.key_header.as_deref().map(str::parse) {
            Arc::make_mut(&mut vendor).key_header = header;
        }
        let connection = Connection::new(&vendor, self.base_url(&vendor), None);
        let connection = connection.map_err(|why| format!("the base url cannot be used: {why}"))?;
        let mut connection = connection.with_bounds(bounds);
        if let Some(methods) = &self.methods {
            let methods = methods.iter().filter_map(|method| method.parse().ok());
            connection = connection.with_methods(methods.collect());
        }
        if let Some(ca) = &self.ca {
            connection = connection.with_authorities(ca.certificates());
        }
        if self.private_addresses {
            connection = connection.with_private_addresses();
        }
        self.proxy.lead(connection)
    }
}

/// The file by its full name, and its text, if only its owner can have written it.
fn text(file: &Path) -> Result<(PathBuf, String), String> {
    let unread = |error| format!("the policy {} cannot be read: {error}", file.display());
    let file = files::way(file)
        .map_err(|why| format!("the policy {} can be replaced by others: {why}", file.display()))?;
    let opened = files::open(&file).map_err(unread)?;
    let (metadata, name) = (opened.metadata().map_err(unread)?, file.display());
    if !files::is_of_ours_or_root(&metadata) {
        return Err(format!("the policy {name} belongs to another user, so it is not followed"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!("the policy {name} can be written by others: `chmod go-w {name}`"));
    }
    let bytes = files::read(&opened, LIMIT).map_err(unread)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("the policy {name} is not text"))?;
    Ok((file, text))
}

/// What names there are.
fn named<'a>(names: impl Iterator<Item = &'a String>) -> String {
    match names.map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => "there are none".to_owned(),
        [name] => format!("there is only {name}"),
        names => format!("there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
