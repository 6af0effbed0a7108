//! May this call be made, over which connection, and who gets to see what?
//!
//! Decided anew for each call, from the policy file and the vault as they are
//! then: what is revoked is refused, and a key that was replaced is used, from
//! the next call on. An owner without a policy may do everything over the one
//! connection of the environment.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use crate::{
    egress::{Connection, Secret},
    engine::Connector,
    policy::{Line, Persona, Policy},
    tools::Tool,
};

/// Who makes the calls.
#[derive(Debug)]
pub enum Access {
    /// The owner of the key, over this connection.
    Owner {
        /// The one connection.
        connection: Arc<Connection>,
        /// Its name, if it has one.
        name: Option<String>,
        /// Where calls are written down, if they are.
        log: Option<PathBuf>,
        /// The policy that ends this, once there is one.
        until: Option<PathBuf>,
    },
    /// A persona of a policy.
    Persona {
        /// The policy.
        file: PathBuf,
        /// Its name; the policy's default if there is none.
        name: Option<String>,
        /// The connections by name, as they were last: their bounds hold for all
        /// calls together.
        known: Mutex<BTreeMap<String, (Line, Connection)>>,
    },
}

/// On whose behalf a call is made, and where it goes.
#[derive(Clone, Debug)]
pub struct Caller {
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
    pub caller: Caller,
    /// Where it is to be written down, if it is.
    pub log: Option<PathBuf>,
    /// The fields that are not written down.
    pub redacted: Vec<String>,
    /// The key to hide, which is at hand for some calls that are refused as well.
    pub key: Option<Secret>,
    /// The way out, or why there is none.
    pub permit: Result<Permit, String>,
}

/// What a component offers to those who call it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its actions.
    pub tools: Vec<Tool>,
    /// The fields of its results that are not for everybody to see, and not to be
    /// written down. Only texts: a mask in another place would break the result.
    pub sensitive: Vec<String>,
}

impl Offer {
    /// What the connector offers, as it says of itself.
    #[must_use]
    pub fn of(connector: &Connector) -> Self {
        let tools = Tool::all_of(connector);
        let mut sensitive = connector.docs().sensitive();
        sensitive.retain(|field| is_text(&tools, field).is_ok());
        Self { tools, sensitive }
    }
}

/// The way out for one call.
#[derive(Debug)]
pub struct Permit {
    /// The connection, with its key.
    pub connection: Arc<Connection>,
    /// The fields that the caller does not see.
    pub masked: Vec<String>,
}

impl Access {
    /// A persona of a policy file.
    #[must_use]
    pub fn of_persona(file: PathBuf, name: Option<String>) -> Self {
        Self::Persona { file, name, known: Mutex::default() }
    }

    /// The tools that the caller may call.
    ///
    /// # Errors
    /// A sentence that says why there are none: a policy that is broken, or does
    /// not fit the tools, or revokes the caller.
    pub fn tools<'a>(&self, offer: &'a Offer) -> Result<Vec<&'a Tool>, String> {
        let tools = offer.tools.iter();
        let (file, name) = match self {
            Self::Owner { until, .. } => return ended(until).map(|()| tools.collect()),
            Self::Persona { file, name, .. } => (file, name),
        };
        let policy = Policy::read(file)?;
        let (persona, _) = fitting(&policy, name.as_deref(), &offer.tools)?;
        Ok(tools.filter(|tool| persona.actions.contains(&tool.name)).collect())
    }

    /// On whose behalf calls are made now.
    ///
    /// # Errors
    /// If there is no policy that says it; a sentence says why.
    pub fn caller(&self) -> Result<Caller, String> {
        match self {
            Self::Owner { connection, name, .. } => Ok(Caller {
                persona: None,
                connection: name.clone(),
                server: Some(connection.base_url().to_owned()),
            }),
            Self::Persona { file, name, .. } => Ok(caller(&Policy::read(file)?, name.as_deref())),
        }
    }

    /// Decides on a call of the action.
    ///
    /// # Errors
    /// If there is no policy to decide by; a sentence says why.
    pub async fn decide(&self, action: &str, offer: &Offer) -> Result<Decision, String> {
        let (file, name, known) = match self {
            Self::Owner { connection, log, until, .. } => {
                ended(until)?;
                return Ok(Decision {
                    caller: self.caller()?,
                    log: log.clone(),
                    redacted: Vec::new(),
                    key: connection.key().cloned(),
                    permit: Ok(Permit { connection: Arc::clone(connection), masked: Vec::new() }),
                });
            }
            Self::Persona { file, name, known } => (file, name.as_deref(), known),
        };
        let policy = Policy::read(file)?;
        let caller = caller(&policy, name);
        let permit = permit(&policy, name, known, action, offer).await;
        let key = match &permit {
            Ok(permit) => permit.connection.key().cloned(),
            Err(_) => {
                let line =
                    caller.connection.as_ref().and_then(|name| policy.connections().get(name));
                match line {
                    Some(line) => line.secret.at_hand(policy.folder()).await,
                    None => None,
                }
            }
        };
        let (log, redacted) = (Some(policy.audit()), policy.redacted().to_vec());
        Ok(Decision { caller, log, redacted, key, permit })
    }
}

/// Whether there is a policy by now, so that nobody acts without one any more.
fn ended(until: &Option<PathBuf>) -> Result<(), String> {
    match until {
        Some(file) if Policy::is_there(file) => {
            let file = file.display();
            Err(format!("there is a policy by now, {file}: start this again to follow it"))
        }
        _ => Ok(()),
    }
}

fn caller(policy: &Policy, name: Option<&str>) -> Caller {
    let persona = policy.persona_name(name).map(str::to_owned);
    let of_persona = persona.as_ref().and_then(|name| policy.personas().get(name));
    let connection = of_persona.map(|persona| persona.connection.clone());
    let line = connection.as_ref().and_then(|name| policy.connections().get(name));
    let server = line.map(|line| line.base_url().to_owned());
    Caller { persona, connection, server }
}

/// What the policy grants, if it fits the tools. A field that is misspelt there
/// would else be shown to everybody.
fn fitting<'a>(
    policy: &'a Policy,
    name: Option<&str>,
    tools: &[Tool],
) -> Result<(&'a Persona, &'a Line), String> {
    let granted = policy.grant(name)?;
    let name = policy.persona_name(name).unwrap_or_default();
    let wrong =
        |field: String, why: String| Err(format!("{}: {field}: {why}", policy.file().display()));
    let Persona { actions, mask, show, .. } = granted.0;
    if let Some(action) = actions.iter().find(|name| !tools.iter().any(|tool| tool.name == **name))
    {
        let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let known = known.join(", ");
        let why = format!("there is no action `{action}`; there are {known}");
        return wrong(format!("personas.{name}.actions"), why);
    }
    for (key, fields) in [("mask", mask), ("show", show)] {
        for field in fields {
            if let Err(why) = is_text(tools, field) {
                let why = format!("`{field}` cannot be masked: {why}");
                return wrong(format!("personas.{name}.{key}"), why);
            }
        }
    }
    let is_somewhere = |field: &&String| {
        let mut schemas = tools.iter().flat_map(|tool| [&tool.input_schema, &tool.output_schema]);
        schemas.any(|schema| !members(schema, field).is_empty())
    };
    match policy.redacted().iter().find(|field| !is_somewhere(field)) {
        Some(field) => {
            let why = format!("no action takes or gives `{field}`");
            wrong("audit.redact".to_owned(), why)
        }
        None => Ok(granted),
    }
}

async fn permit(
    policy: &Policy,
    name: Option<&str>,
    known: &Mutex<BTreeMap<String, (Line, Connection)>>,
    action: &str,
    offer: &Offer,
) -> Result<Permit, String> {
    let (persona, line) = fitting(policy, name, &offer.tools)?;
    if !persona.actions.iter().any(|allowed| allowed == action) {
        let name = policy.persona_name(name).unwrap_or_default();
        let allowed = match persona.actions.join(", ") {
            none if none.is_empty() => "none".to_owned(),
            actions => actions,
        };
        let file = policy.file().display();
        return Err(format!(
            "the persona `{name}` may not call `{action}`: {file} allows it {allowed}"
        ));
    }
    let key = line.secret.read(policy.folder()).await?;
    let connection = {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&persona.connection) {
            Some((same, connection)) if same == line => connection.clone(),
            _ => {
                let made = line.connection().map_err(str::to_owned)?;
                known.insert(persona.connection.clone(), (line.clone(), made.clone()));
                made
            }
        }
    };
    let hidden = offer.sensitive.iter().filter(|field| !persona.show.contains(field));
    let masked = persona.mask.iter().chain(hidden).cloned().collect();
    Ok(Permit { connection: Arc::new(connection.with_key(key)), masked })
}

/// Whether the field is always any text in what the tools give.
fn is_text(tools: &[Tool], field: &str) -> Result<(), &'static str> {
    let given: Vec<_> = tools.iter().flat_map(|tool| members(&tool.output_schema, field)).collect();
    let is_text = |schema: &&Value| {
        let is_string = schema.get("type").is_some_and(|of_type| of_type == "string");
        is_string && schema.get("enum").is_none()
    };
    match given.as_slice() {
        [] => Err("no action gives it"),
        given if given.iter().all(is_text) => Ok(()),
        _ => Err("it is no text"),
    }
}

/// The schemas of all members of this name, however deep.
fn members<'a>(schema: &'a Map<String, Value>, name: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut left: Vec<_> = schema.iter().collect();
    while let Some((key, schema)) = left.pop() {
        if let (true, Some(member)) = (key == "properties", schema.get(name)) {
            found.push(member);
        }
        match schema {
            Value::Object(inside) => left.extend(inside),
            Value::Array(inside) => left.extend(inside.iter().map(|schema| (key, schema))),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests;
