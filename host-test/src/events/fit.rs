//! Can the rules of a policy be followed? What can never be is told before anything is
//! received: an event that there is not, a path or a value that no event has, a call that
//! its persona may not make by itself, a program or a secret that is not there.

use std::path::Path;

use host::{
    client::Routed,
    engine::{Connector, Limits, Outlet},
    policy::{Deed, Misfit, Persona, Policy, Rule},
    post::Mailbox,
    suggest,
    tools::Tool,
};
use mock::{EVENTS, sample};
use serde_json::{Map, Value, json};

use super::{forward::Signing, reading::READ};
use crate::{constants::LIST, sync::there::COMPARED};

/// A sentence for each field of the rules that cannot be followed. Events with one of the
/// names that are received are there, whoever else knows of them.
pub(crate) async fn misfits(
    policy: &Policy,
    connector: &Connector,
    received: &[String],
) -> Vec<String> {
    let (tools, event) = (&Tool::all_of(connector), Tool::bare_result(connector, READ));
    let mut told = Vec::new();
    for (name, rule) in policy.rules() {
        let found = [
            of_events(rule, received),
            of_call(rule, policy, tools),
            of_shapes(rule, tools, event.as_ref()),
            of_machine(rule, policy.folder()).await.err().into_iter().collect(),
        ];
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        if found.is_empty() {
            found.extend(of_constants(rule, connector).await);
        }
        told.extend(found.into_iter().map(|misfit| self::told(policy, name, &misfit)));
    }
    told
}

/// What cannot be followed of the rule of this name, with its line.
pub(crate) fn told(policy: &Policy, name: &str, (keys, why): &Misfit) -> String {
    let keys = keys.iter().map(String::as_str);
    policy.told(&["rules", name].into_iter().chain(keys).collect::<Vec<_>>(), why)
}

pub(crate) fn at(field: &str, why: String) -> Misfit {
    (vec![field.to_owned()], why)
}

fn of_events(rule: &Rule, received: &[String]) -> Vec<Misfit> {
    let is_known = |name: &&String| EVENTS.contains(&name.as_str()) || received.contains(name);
    let unknown = rule.on().iter().filter(|name| !is_known(name));
    let told = unknown.map(|name| at("on", suggest::unknown("event", name, &EVENTS, "2Chat has")));
    told.collect()
}

/// Whether the persona may make the call with nobody there to be asked.
fn of_call(rule: &Rule, policy: &Policy, tools: &[Tool]) -> Vec<Misfit> {
    let Deed::Call { persona: name, action } = rule.deed() else { return Vec::new() };
    let Some(tool) = tools.iter().find(|tool| tool.name == action) else {
        let known: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        return vec![at("call", suggest::unknown("action", action, &known, "this component has"))];
    };
    // A persona that there is not is told where the policy is read.
    let Some(persona) = policy.personas().get(name) else { return Vec::new() };
    let connection = policy.connections().get(&persona.connection);
    if persona.revoked {
        return vec![at("persona", format!("the persona `{name}` is revoked"))];
    }
    if connection.is_some_and(|connection| connection.revoked) {
        let connection = &persona.connection;
        let why = format!("the connection `{connection}` of the persona `{name}` is revoked");
        return vec![at("persona", why)];
    }
    let list = rule.unless_listed().map(|_| tools.iter().find(|tool| tool.name == LIST));
    let mut found: Vec<_> = [Some(tool), list.flatten()]
        .into_iter()
        .flatten()
        .filter_map(|tool| may_not(name, persona, tool).map(|why| at("persona", why)))
        .collect();
    if let Some(list) = list {
        let masked = persona.mask.iter().find(|field| COMPARED.contains(&field.as_str()));
        let why = match (list, masked) {
            (None, _) => Some(format!("this component has no `{LIST}`")),
            (_, Some(field)) => Some(format!(
                "the persona `{name}` does not see `{field}`, by which people are told apart: take \
                 it out of its `mask`"
            )),
            _ => None,
        };
        found.extend(why.map(|why| at("unless-listed", why)));
    }
    found
}

/// Why the persona may not call this by itself, if it may not.
fn may_not(name: &str, persona: &Persona, tool: &Tool) -> Option<String> {
    let action = &tool.name;
    if persona.asks(action) {
        return Some(format!(
            "the persona `{name}` has to ask a person for each call of `{action}`, and nobody is \
             there when an event comes: name a persona that has it in `actions` and not in `ask`"
        ));
    }
    let why = format!("the persona `{name}` may not call `{action}`: add it to its `actions`");
    (!persona.may(tool)).then_some(why)
}

/// Whether what it hands on to is there: its program, or an address and what signs.
async fn of_machine(rule: &Rule, folder: &Path) -> Result<(), Misfit> {
    match rule.deed() {
        Deed::Call { .. } => Ok(()),
        Deed::Run => {
            let (program, _) =
                rule.program().ok_or_else(|| at("run", "it names no program".to_owned()))?;
            program.can_be_run().map_err(|why| at("run", why))
        }
        Deed::Forward => {
            let (mailbox, secret) = posted(rule, folder)?;
            let allowed = "; `private-addresses = true` allows those of your own network";
            let would_help = mailbox.clone().with_private_addresses().can_be_reached().is_ok();
            let advice = if would_help { allowed } else { "" };
            let reached = mailbox.can_be_reached();
            reached.map_err(|why| at("forward", format!("{why}{advice}")))?;
            secret.signer().await.map(|_| ()).map_err(|why| at("secret", why))
        }
    }
}

/// Where a rule forwards to, and where what signs is.
pub(crate) fn posted(rule: &Rule, folder: &Path) -> Result<(Mailbox, Signing), Misfit> {
    let mailbox = rule.mailbox().ok_or_else(|| at("forward", "it names no url".to_owned()))?;
    let (mailbox, secret) = mailbox.map_err(|why| at("proxy", why))?;
    Ok((mailbox, Signing::From(secret.clone(), folder.to_owned())))
}

fn of_shapes(rule: &Rule, tools: &[Tool], event: Option<&Map<String, Value>>) -> Vec<Misfit> {
    let Some(event) = event else { return Vec::new() };
    let takes = match rule.deed() {
        Deed::Call { action, .. } => tools.iter().find(|tool| tool.name == action),
        Deed::Run | Deed::Forward => None,
    };
    rule.misfits(event, takes.map(|tool| &tool.input_schema))
}

/// What the action itself refuses, before it sends anything, of what stands in the rule as it
/// is: asked with the values of an event as 2Chat reports it.
async fn of_constants(rule: &Rule, connector: &Connector) -> Option<Misfit> {
    let Deed::Call { action, .. } = rule.deed() else { return None };
    let name = rule.on().first().map(String::as_str).or(EVENTS.first().copied())?;
    let ask = async |action, arguments: Value| {
        let (nowhere, limits) = (Outlet::closed(), Limits::default());
        Some(connector.call(action, &arguments, nowhere, limits).await.ok()?.result)
    };
    let event = ask(READ, json!({ "event-name": name, "body": sample(name)? })).await?.ok()?;
    let error = ask(action, rule.filled(&event).ok()?).await?.err()?;
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let field = text("field").filter(|_| text("kind") == Some("invalid-input"))?;
    let keys: Vec<_> = field.split(['.', '[', ']']).filter(|key| !key.is_empty()).collect();
    let (first, rest) = keys.split_first()?;
    let step = |value: &Value, key: &&str| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?).cloned(),
        other => other.get(*key).cloned(),
    };
    let given = rule.arguments().get(*first).cloned();
    let given = rest.iter().try_fold(given?, |value, key| step(&value, key))?;
    let why = text("message")?.trim_start_matches(field).trim_start_matches(": ").to_owned();
    let keys = ["arguments"].iter().chain(&keys).map(|key| (*key).to_owned()).collect();
    // What is of the event may be another the next time.
    let is_constant = match &given {
        Value::Object(members) => members.contains_key("literal"),
        given => !given.is_array(),
    };
    is_constant.then_some((keys, why))
}
