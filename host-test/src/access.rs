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
    egress::Connection,
    policy::{Line, Policy},
    tools::Tool,
};

/// What stands where a text was that is not to be seen.
const MASK: &str = "[masked]";

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
    /// The fields of results that are not written down.
    pub sensitive: Vec<String>,
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
    pub fn tools<'a>(&self, tools: &'a [Tool]) -> Result<Vec<&'a Tool>, String> {
        self.check(tools)?;
        let Self::Persona { file, name, .. } = self else { return Ok(tools.iter().collect()) };
        let policy = Policy::read(file)?;
        let (persona, _) = policy.grant(name.as_deref())?;
        Ok(tools.iter().filter(|tool| persona.actions.contains(&tool.name)).collect())
    }

    /// Whether what the policy says of the caller fits these tools.
    ///
    /// # Errors
    /// A sentence that names the field that does not.
    pub fn check(&self, tools: &[Tool]) -> Result<(), String> {
        let Self::Persona { file, name, .. } = self else { return Ok(()) };
        let policy = Policy::read(file)?;
        let name = policy.persona_name(name.as_deref()).unwrap_or_default();
        // One that is unknown or revoked is refused when it calls.
        let Some(persona) = policy.personas().get(name) else { return Ok(()) };
        let wrong = |field: &str, why: String| {
            Err(format!("{}: personas.{name}.{field}: {why}", policy.file().display()))
        };
        for action in &persona.actions {
            if !tools.iter().any(|tool| tool.name == *action) {
                let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
                let known = known.join(", ");
                return wrong(
                    "actions",
                    format!("there is no action `{action}`; there are {known}"),
                );
            }
        }
        for field in persona.mask.iter().chain(&persona.show) {
            let given: Vec<_> =
                tools.iter().flat_map(|tool| members(&tool.output_schema, field)).collect();
            let is_text = |schema: &&Value| {
                let is_string = schema.get("type").is_some_and(|of_type| of_type == "string");
                is_string && schema.get("enum").is_none()
            };
            if given.is_empty() || !given.iter().all(is_text) {
                let key = if persona.mask.contains(field) { "mask" } else { "show" };
                let why = if given.is_empty() { "no action gives it" } else { "it is no text" };
                return wrong(key, format!("`{field}` cannot be masked: {why}"));
            }
        }
        Ok(())
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

    /// Decides on a call of the action. `sensitive` are the fields of results that
    /// a component's docs say are; personas see them only where the policy says so.
    ///
    /// # Errors
    /// If there is no policy to decide by; a sentence says why.
    pub async fn decide(&self, action: &str, sensitive: &[String]) -> Result<Decision, String> {
        let (file, name, known) = match self {
            Self::Owner { connection, log, .. } => {
                return Ok(Decision {
                    caller: self.caller()?,
                    log: log.clone(),
                    redacted: Vec::new(),
                    sensitive: sensitive.to_vec(),
                    permit: Ok(Permit { connection: Arc::clone(connection), masked: Vec::new() }),
                });
            }
            Self::Persona { file, name, known } => (file, name.as_deref(), known),
        };
        let policy = Policy::read(file)?;
        Ok(Decision {
            caller: caller(&policy, name),
            log: Some(policy.audit()),
            redacted: policy.redacted().to_vec(),
            sensitive: sensitive.to_vec(),
            permit: permit(&policy, name, known, action, sensitive).await,
        })
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

async fn permit(
    policy: &Policy,
    name: Option<&str>,
    known: &Mutex<BTreeMap<String, (Line, Connection)>>,
    action: &str,
    sensitive: &[String],
) -> Result<Permit, String> {
    let (persona, line) = policy.grant(name)?;
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
    let hidden = sensitive.iter().filter(|field| !persona.show.contains(field));
    let masked = persona.mask.iter().chain(hidden).cloned().collect();
    Ok(Permit { connection: Arc::new(connection.with_key(key)), masked })
}

/// Puts a mask in the place of every value that a member of such a name has.
pub fn mask(value: &mut Value, names: &[String]) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !names.contains(name) {
                    mask(value, names);
                } else if !value.is_null() {
                    *value = MASK.into();
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, names)),
        _ => {}
    }
}

/// Masks an error, or its message, where it speaks of such a field and may
/// repeat what stands there.
pub fn mask_error(error: &mut Value, names: &[String]) {
    mask(error, names);
    let speaks = |place: &str| {
        let mut words = place.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        words.any(|word| names.iter().any(|name| name == word))
    };
    match error {
        // Its place, a colon, and what is wrong there.
        Value::String(text) if text.split(':').next().is_some_and(speaks) => *error = MASK.into(),
        error if error.get("field").and_then(Value::as_str).is_some_and(speaks) => {
            if let Some(message) = error.get_mut("message") {
                *message = MASK.into();
            }
        }
        _ => {}
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
