//! How does an action present itself to a model? As a tool: name, title,
//! description, schemas and hints.
//!
//! All of it is read from the component. The form is that of the Model Context
//! Protocol.

use serde::Serialize;
use serde_json::{Map, Value};
use wasmtime::component::Type;
use wit_parser::TypeDefKind;

use crate::{
    docs::{Doc, Docs, Effect},
    engine::{Action, Connector},
    schema::{self, Side},
};

/// What is told of an action that must not be carried out twice.
const LOOK_FIRST: &str = "\n\nIf it fails and may have been carried out, look whether it was before you \
                          call again.";

/// An action as a tool.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The action's name.
    pub name: String,
    /// The interface that it is a function of. No client knows a place for it.
    #[serde(skip)]
    pub toolset: String,
    /// Its name for people.
    pub title: String,
    /// What it does, when to use it, and what it changes. Empty: the component
    /// does not say.
    pub description: String,
    /// The object of arguments.
    pub input_schema: Map<String, Value>,
    /// The result.
    pub output_schema: Map<String, Value>,
    /// The action's error. None: it has none. No client knows a place for it.
    #[serde(skip)]
    pub error_schema: Option<Map<String, Value>>,
    /// What a call does to the world.
    pub annotations: Hints,
}

/// What a call does to the world, as the component says of itself.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hints {
    /// Changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// Changes or deletes what is there, not only adds to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// A repeated call does no more than the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// Reaches out to systems beyond this machine: the component imports HTTP.
    pub open_world_hint: bool,
}

impl Tool {
    /// The tools of a connector, one for each action.
    #[must_use]
    pub fn all_of(connector: &Connector) -> Vec<Self> {
        let actions = connector.actions().iter();
        actions.map(|action| Self::of(action, connector.docs(), connector.reaches_out())).collect()
    }

    /// The tool of one action, if there is such a one.
    #[must_use]
    pub fn of_action(connector: &Connector, name: &str) -> Option<Self> {
        let action = connector.actions().iter().find(|action| action.name == name)?;
        Some(Self::of(action, connector.docs(), connector.reaches_out()))
    }

    fn of(action: &Action, docs: &Docs, reaches_out: bool) -> Self {
        let known = docs.function(&action.toolset, &action.name);
        let doc = Doc::read(known.map(|known| &known.docs));
        let effect = doc.effect;
        let annotations = Hints {
            read_only_hint: effect.map(|effect| effect == Effect::Reads),
            destructive_hint: effect
                .map(|effect| matches!(effect, Effect::Changes | Effect::Deletes)),
            idempotent_hint: effect.map(|_| doc.repeatable),
            open_world_hint: reaches_out,
        };
        let result = known.and_then(|known| known.result);
        let (output_schema, error_schema) =
            results(action.result.as_ref(), result, docs, Side::Given);
        let is_once = !doc.repeatable && effect.is_some_and(|effect| effect != Effect::Reads);
        let advice = if is_once && advises(error_schema.as_ref()) { LOOK_FIRST } else { "" };
        Self {
            name: action.name.clone(),
            toolset: action.toolset.clone(),
            title: doc.title.unwrap_or_else(|| title(&action.name)),
            description: doc.text + advice,
            input_schema: input(action, known, docs),
            output_schema,
            error_schema,
            annotations,
        }
    }

    /// The result of a connector's action as it comes out, with the forms of its texts.
    #[must_use]
    pub fn bare_result(connector: &Connector, action: &str) -> Option<Map<String, Value>> {
        let action = connector.actions().iter().find(|it| it.name == action)?;
        let docs = connector.docs();
        let result = docs.function(&action.toolset, &action.name).and_then(|known| known.result);
        Some(results(action.result.as_ref(), result, docs, Side::Bare).0)
    }

    /// Whether its errors say what to do next: whether and when to repeat the call.
    #[must_use]
    pub fn errors_advise(&self) -> bool {
        advises(self.error_schema.as_ref())
    }
}

fn advises(error: Option<&Map<String, Value>>) -> bool {
    error.and_then(|error| error.get("properties")?.get("retry")).is_some()
}

/// The schema of the arguments, as `json::arguments` reads them.
fn input(action: &Action, known: Option<&wit_parser::Function>, docs: &Docs) -> Map<String, Value> {
    let of =
        |name: &str| known?.params.iter().find(|param| param.name == name).map(|param| param.ty);
    if let [(name, ty @ Type::Record(_))] = action.params.as_slice() {
        return whole(ty, of(name), docs, Side::Taken);
    }
    let members = action.params.iter();
    let members = members.map(|(name, ty)| (name.clone(), ty.clone(), of(name), Doc::default()));
    schema::object(members, docs, Side::Taken)
}

/// The schemas of the result and of the error.
fn results(
    ty: Option<&Type>,
    wit: Option<wit_parser::Type>,
    docs: &Docs,
    side: Side,
) -> (Map<String, Value>, Option<Map<String, Value>>) {
    let given = |ty: Option<Type>, wit| match ty {
        Some(ty) => whole(&ty, wit, docs, side),
        None => Map::from_iter([("type".to_owned(), "null".into())]),
    };
    let Some(Type::Result(result)) = ty else { return (given(ty.cloned(), wit), None) };
    let (ok, err) = match docs.kind(wit) {
        Some(TypeDefKind::Result(known)) => (known.ok, known.err),
        _ => (None, None),
    };
    (given(result.ok(), ok), Some(given(result.err(), err)))
}

/// The schema of all that is taken or given: what a record is, the action tells.
fn whole(ty: &Type, wit: Option<wit_parser::Type>, docs: &Docs, side: Side) -> Map<String, Value> {
    let mut schema = schema::value(ty, wit, docs, side);
    if matches!(ty, Type::Record(_)) {
        schema.shift_remove("description");
    }
    schema
}

/// `list-contacts` is "List contacts".
pub(crate) fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}
