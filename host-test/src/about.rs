//! What makes an export the same as an earlier one? What is asked for, of whom, in which
//! form, and with which key.
//!
//! What is noted of it lies beside the file. The key is not in it, only what it can be
//! known by.

use host::{
    calls::Source,
    secret::{Proof, Secret},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{exit::CommandError, form::Form};

/// An export that somebody wants.
pub(crate) struct About<'a> {
    pub(crate) action: &'a str,
    pub(crate) arguments: &'a Map<String, Value>,
    pub(crate) form: &'a Form,
    pub(crate) source: &'a Source,
}

/// What is noted of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Noted {
    /// By the names that it is told by.
    asked: Map<String, Value>,
    key: Option<Proof>,
}

impl About<'_> {
    pub(crate) fn noted(&self) -> Result<Noted, CommandError> {
        let key = self.source.key.as_ref().map(Proof::of).transpose();
        let key = key.map_err(|why| CommandError::Host(why.to_owned()))?;
        Ok(Noted { asked: self.asked(), key })
    }

    fn asked(&self) -> Map<String, Value> {
        let Form { format, columns, bom, spread } = self.form;
        let on_behalf = &self.source.on_behalf;
        let own = [
            ("the action", self.action.into()),
            ("the server", on_behalf.server.clone().into()),
            ("the connection", on_behalf.connection.clone().into()),
            ("the persona", on_behalf.persona.clone().into()),
            ("--output", format.name().into()),
            ("--columns", columns.clone().into()),
            ("--bom", (*bom).into()),
            ("--spread", (*spread).into()),
        ];
        let own = own.into_iter().map(|(name, value): (_, Value)| (name.to_owned(), value));
        own.chain(self.arguments.clone()).collect()
    }
}

impl Noted {
    /// Why what is wanted now is another export, and what would make it the same; `None`
    /// if it is the same.
    pub(crate) fn other_than(&self, now: &About<'_>) -> Option<String> {
        let (then, now, key) = (&self.asked, now.asked(), now.source.key.as_ref());
        let names = then.keys().chain(now.keys().filter(|name| !then.contains_key(*name)));
        let others = names.filter(|name| then.get(*name) != now.get(*name));
        let others: Vec<_> = others
            .map(|name| format!("{name} was {} and is {}", shown(then, name), shown(&now, name)))
            .collect();
        if !others.is_empty() {
            return Some(format!("{}; make the same call as then", others.join(", ")));
        }
        (!self.is_of(key)).then(|| {
            "its key was another, and what comes of two accounts is not put together; use that \
             key again"
                .to_owned()
        })
    }

    fn is_of(&self, key: Option<&Secret>) -> bool {
        match (&self.key, key) {
            (Some(proof), Some(key)) => proof.is_of(key),
            (None, None) => true,
            _ => false,
        }
    }
}

fn shown(asked: &Map<String, Value>, name: &str) -> String {
    match asked.get(name) {
        None | Some(Value::Null) => "not given".to_owned(),
        Some(value) => value.to_string(),
    }
}
