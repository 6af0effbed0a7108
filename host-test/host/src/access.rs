//! May this call be made, over which connection, and who gets to see what?
//!
//! Decided anew for each call, from the policy file and the vault as they are
//! then: what is revoked is refused, and a key that was replaced is used, from
//! the next call on. An owner without a policy may do everything over the one
//! connection that it brings.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use crate::{
    engine::Connector,
    gate::Connection,
    policy::{Entry, Persona, Policy},
    secret::Secret,
    tools::Tool,
    vendor::Vendor,
};

mod fit;
mod reading;

/// Who makes the calls.
#[derive(Clone, Debug)]
pub enum Access {
    /// The owner of the key.
    Owner(Owner),
    /// A persona of a policy.
    Persona(OfPolicy),
}

/// The owner of a key, who may do everything over one connection.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The connection, with its key.
    pub connection: Arc<Connection>,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where calls are written down, if they are.
    pub log: Option<PathBuf>,
    /// The policy that ends this, once there is one.
    pub until: Option<PathBuf>,
    /// Whether only what changes nothing may be done.
    pub only_reads: bool,
}

/// A persona of a policy file, which is read anew for each call.
#[derive(Clone, Debug)]
pub struct OfPolicy {
    file: PathBuf,
    /// The policy's default if there is none.
    persona: Option<String>,
    vendor: Arc<Vendor>,
    /// What a component states that is not of this vendor: only what was made for it is
    /// its connection.
    stated: Option<Vendor>,
    /// The connections by name, as they were last: their bounds hold for all
    /// calls together.
    connections: Arc<Mutex<BTreeMap<String, (Entry, Connection)>>>,
    /// Whether only what changes nothing may be done, whatever the policy allows.
    only_reads: bool,
}

/// On whose behalf a call is made, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct OnBehalf {
    /// The persona, if it is not the owner.
    pub persona: Option<String>,
    /// The name of the connection, if it has one.
    pub connection: Option<String>,
    /// Where the connection goes, if there is one.
    pub server: Option<String>,
}

/// What was decided on one call.
#[derive(Debug)]
pub struct Decision {
    /// On whose behalf.
    pub on_behalf: OnBehalf,
    /// Where it is to be written down, if it is.
    pub log: Option<PathBuf>,
    /// The fields that are not written down.
    pub redacted: Vec<String>,
    /// The key to hide, which is at hand for some calls that are refused as well.
    pub key: Option<Secret>,
    /// The way out, or why there is none.
    pub permit: Result<Permit, String>,
}

/// The way out for one call.
#[derive(Debug)]
pub struct Permit {
    /// The connection, with its key.
    pub connection: Arc<Connection>,
    /// The fields that the caller does not see.
    pub masked: Vec<String>,
    /// Whether a person must say yes first.
    pub asks: bool,
}

/// What a component offers to those who call it. Its tools are made when they are asked
/// for, which takes a while.
pub struct Offer {
    connector: Connector,
    tools: OnceLock<Arc<[Tool]>>,
    sensitive: OnceLock<Vec<String>>,
    /// The toolsets that are offered. None: all of them.
    pub toolsets: Option<Vec<String>>,
}

impl Offer {
    /// What the connector offers, as it says of itself.
    #[must_use]
    pub fn of(connector: &Connector) -> Self {
        let (tools, sensitive) = (OnceLock::new(), OnceLock::new());
        Self { connector: connector.clone(), tools, sensitive, toolsets: None }
    }

    /// Its actions.
    #[must_use]
    pub fn tools(&self) -> &Arc<[Tool]> {
        self.tools.get_or_init(|| Tool::all_of(&self.connector).into())
    }

    /// The fields of its results that are not for everybody to see, and not to be
    /// written down. Only texts: a mask in another place would break the result.
    #[must_use]
    pub fn sensitive(&self) -> &[String] {
        self.sensitive.get_or_init(|| {
            let mut sensitive = self.connector.docs().sensitive();
            sensitive.retain(|field| fit::is_text(self.tools(), field).is_ok());
            sensitive
        })
    }

    /// What is wrong with calling the action, if it is not of a toolset that is offered.
    fn refuses(&self, action: &str) -> Option<String> {
        let toolsets = self.toolsets.as_ref()?;
        let action = self.connector.actions().iter().find(|it| it.name == action)?;
        let why = format!(
            "`{}` is one of the toolset `{}`, and here are only those of {}",
            action.name,
            action.toolset,
            toolsets.join(", ")
        );
        (!toolsets.contains(&action.toolset)).then_some(why)
    }
}

impl Access {
    /// The owner of the key of a connection, whose calls nobody writes down.
    #[must_use]
    pub fn of_owner(connection: Connection) -> Self {
        let connection = Arc::new(connection);
        Self::Owner(Owner { connection, name: None, log: None, until: None, only_reads: false })
    }

    /// A persona of a policy file.
    #[must_use]
    pub fn of_persona(file: PathBuf, persona: Option<String>, vendor: Arc<Vendor>) -> Self {
        let (stated, connections) = (None, Arc::default());
        Self::Persona(OfPolicy { file, persona, vendor, stated, connections, only_reads: false })
    }

    /// The same, but only for what changes nothing, whatever else is allowed: also for
    /// every other persona that it becomes.
    #[must_use]
    pub fn only_reading(mut self, only_reads: bool) -> Self {
        match &mut self {
            Self::Owner(owner) => owner.only_reads = only_reads,
            Self::Persona(persona) => persona.only_reads = only_reads,
        }
        self
    }

    /// Whether only what changes nothing may be done.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Owner(owner) => owner.only_reads,
            Self::Persona(persona) => persona.only_reads,
        }
    }

    /// The same for a component that states this of itself, which is not of the vendor:
    /// only a connection that was made for it is used.
    #[must_use]
    pub fn only_if_made_for(mut self, stated: Option<Vendor>) -> Self {
        if let Self::Persona(persona) = &mut self {
            persona.stated = stated;
        }
        self
    }

    /// The same for another persona of the policy: the bounds of a connection hold for the
    /// calls of both together. An owner without a policy is the only caller.
    #[must_use]
    pub fn as_persona(&self, name: &str) -> Self {
        match self {
            Self::Owner(owner) => Self::Owner(owner.clone()),
            Self::Persona(one) => {
                Self::Persona(OfPolicy { persona: Some(name.to_owned()), ..one.clone() })
            }
        }
    }

    /// The tools that the caller may call.
    ///
    /// # Errors
    /// A sentence that says why there are none: a policy that is broken, or does
    /// not fit the tools, or revokes the caller.
    pub fn tools<'a>(&self, offer: &'a Offer) -> Result<Vec<&'a Tool>, String> {
        let mut tools = match self {
            Self::Owner(owner) => {
                owner.still_without_policy().map(|()| offer.tools().iter().collect())
            }
            Self::Persona(caller) => caller.tools(offer),
        }?;
        tools.retain(|tool| offer.refuses(&tool.name).is_none());
        tools.retain(|tool| !self.only_reads() || reading::is_reading(tool));
        Ok(tools)
    }

    /// The fields that the caller does not see now, whatever shows them.
    ///
    /// # Errors
    /// As [`Access::tools`].
    pub fn masked(&self, offer: &Offer) -> Result<Vec<String>, String> {
        match self {
            Self::Owner(owner) => owner.still_without_policy().map(|()| Vec::new()),
            Self::Persona(caller) => {
                let policy = Policy::read(&caller.file)?;
                let (persona, _) = caller.grant(&policy, offer.tools())?;
                Ok(masked(persona, offer))
            }
        }
    }

    /// Decides on a call of the action.
    ///
    /// # Errors
    /// If there is no policy to decide by; a sentence says why.
    pub async fn decide(&self, action: &str, offer: &Offer) -> Result<Decision, String> {
        let mut decision = match self {
            Self::Owner(owner) => owner.decide(),
            Self::Persona(caller) => caller.decide(action, offer).await,
        }?;
        if let Some(why) = offer.refuses(action) {
            decision.permit = Err(why);
        }
        if self.only_reads() {
            let permit = decision.permit;
            decision.permit = permit.and_then(|it| reading::only(it, action, offer.tools()));
        }
        Ok(decision)
    }
}

impl Owner {
    fn on_behalf(&self) -> OnBehalf {
        let server = Some(self.connection.base_url().to_owned());
        OnBehalf { persona: None, connection: self.name.clone(), server }
    }

    fn decide(&self) -> Result<Decision, String> {
        self.still_without_policy()?;
        let connection = Arc::clone(&self.connection);
        Ok(Decision {
            on_behalf: self.on_behalf(),
            log: self.log.clone(),
            redacted: Vec::new(),
            key: connection.key().cloned(),
            permit: Ok(Permit { connection, masked: Vec::new(), asks: false }),
        })
    }

    /// Nobody acts without a policy any more once there is one.
    fn still_without_policy(&self) -> Result<(), String> {
        match &self.until {
            Some(file) if Policy::is_there(file) => {
                let file = file.display();
                Err(format!("there is a policy by now, {file}: start this again to follow it"))
            }
            _ => Ok(()),
        }
    }
}

impl OfPolicy {
    fn tools<'a>(&self, offer: &'a Offer) -> Result<Vec<&'a Tool>, String> {
        let policy = Policy::read(&self.file)?;
        let (persona, _) = self.grant(&policy, offer.tools())?;
        Ok(offer.tools().iter().filter(|tool| persona.may(tool)).collect())
    }

    fn on_behalf(&self, policy: &Policy) -> OnBehalf {
        let persona = policy.persona_name(self.persona.as_deref()).map(str::to_owned);
        let of_persona = persona.as_ref().and_then(|name| policy.personas().get(name));
        let connection = of_persona.map(|persona| persona.connection.clone());
        let entry = connection.as_ref().and_then(|name| policy.connections().get(name));
        let server = entry.map(|entry| entry.base_url(&self.vendor).to_owned());
        OnBehalf { persona, connection, server }
    }

    async fn decide(&self, action: &str, offer: &Offer) -> Result<Decision, String> {
        let policy = Policy::read(&self.file)?;
        let on_behalf = self.on_behalf(&policy);
        let permit = self.permit(&policy, action, offer).await;
        let key = match &permit {
            Ok(permit) => permit.connection.key().cloned(),
            Err(_) => key_at_hand(&policy, on_behalf.connection.as_deref()).await,
        };
        let (log, redacted) = (Some(policy.audit()), policy.redacted().to_vec());
        Ok(Decision { on_behalf, log, redacted, key, permit })
    }

    async fn permit(&self, policy: &Policy, action: &str, offer: &Offer) -> Result<Permit, String> {
        let (persona, entry) = self.grant(policy, offer.tools())?;
        let of_persona = || offer.tools().iter().filter(|tool| persona.may(tool));
        if !of_persona().any(|allowed| allowed.name == action) {
            let allowed: Vec<_> = of_persona().map(|tool| tool.name.as_str()).collect();
            return Err(self.refusal(policy, &allowed, action));
        }
        if let Some(stated) = self.stated.as_ref().filter(|stated| !entry.is_made_for(stated)) {
            return Err(format!(
                "the connection `{}` was not made for this component, which wants its key in the \
                 header {}",
                persona.connection, stated.key_header
            ));
        }
        let key = entry.secret.read(policy.folder()).await?;
        let connection = self.connection(&persona.connection, entry)?.with_key(key);
        let (connection, masked) = (Arc::new(connection), masked(persona, offer));
        Ok(Permit { connection, masked, asks: persona.asks(action) })
    }

    /// What the policy grants, if it fits the tools. A field that is misspelt there
    /// would else be shown to everybody.
    fn grant<'a>(
        &self,
        policy: &'a Policy,
        tools: &[Tool],
    ) -> Result<(&'a Persona, &'a Entry), String> {
        let asked = self.persona.as_deref();
        let granted = policy.grant(asked)?;
        let name = policy.persona_name(asked).unwrap_or_default();
        fit::persona(name, granted.0, tools).map_err(|misfit| misfit.told_of(policy))?;
        fit::redaction(policy.redacted(), tools).map_err(|misfit| misfit.told_of(policy))?;
        Ok(granted)
    }

    /// The connection, without its key: the same for as long as its entry is.
    fn connection(&self, name: &str, entry: &Entry) -> Result<Connection, String> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        match connections.get(name) {
            Some((same, connection)) if same == entry => Ok(connection.clone()),
            _ => {
                let made = entry.connection(&self.vendor)?.with_name(name);
                connections.insert(name.to_owned(), (entry.clone(), made.clone()));
                Ok(made)
            }
        }
    }

    fn refusal(&self, policy: &Policy, allowed: &[&str], action: &str) -> String {
        let name = policy.persona_name(self.persona.as_deref()).unwrap_or_default();
        let allowed = match allowed {
            [] => "none".to_owned(),
            actions => actions.join(", "),
        };
        let file = policy.file().display();
        format!("the persona `{name}` may not call `{action}`: {file} allows it {allowed}")
    }
}

/// The fields that a persona does not see.
fn masked(persona: &Persona, offer: &Offer) -> Vec<String> {
    let hidden = offer.sensitive().iter().filter(|field| !persona.show.contains(field));
    persona.mask.iter().chain(hidden).cloned().collect()
}

/// The key of a connection where nobody else has to be asked for it.
async fn key_at_hand(policy: &Policy, connection: Option<&str>) -> Option<Secret> {
    let entry = policy.connections().get(connection?)?;
    entry.secret.at_hand(policy.folder()).await
}

/// Judges every persona of a policy as a call of it would be judged: a sentence for
/// each that does not fit the tools.
///
/// # Errors
/// If the policy cannot be read.
pub fn check(file: &Path, tools: &[Tool]) -> Result<Vec<String>, String> {
    let policy = Policy::read(file)?;
    let personas = policy.personas().iter();
    let fits = personas.map(|(name, persona)| fit::persona(name, persona, tools));
    let wrong = fits.chain([fit::redaction(policy.redacted(), tools)]).filter_map(Result::err);
    Ok(wrong.map(|misfit| misfit.told_of(&policy)).collect())
}
