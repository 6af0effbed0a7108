//! Who may do what, and what does somebody not see?

use serde::Deserialize;

use crate::{token::Fingerprint, tools::Tool};

/// Somebody on whose behalf calls are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Persona {
    /// The name of its connection.
    pub connection: String,
    /// The actions that it may call.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The toolsets all of whose actions it may call.
    #[serde(default)]
    pub toolsets: Vec<String>,
    /// The actions that it may call only when a person says yes to the very call, whether
    /// or not they stand in `actions`.
    #[serde(default)]
    pub ask: Vec<String>,
    /// The fields that it does not see.
    #[serde(default)]
    pub mask: Vec<String>,
    /// The fields that are sensitive, but it does see.
    #[serde(default)]
    pub show: Vec<String>,
    /// What its token is known by, if it may call over HTTP.
    pub token_sha256: Option<Fingerprint>,
    /// Whether it has ended.
    #[serde(default)]
    pub revoked: bool,
}

impl Persona {
    /// Whether it may call the action, by its name or with all of its toolset, though
    /// maybe only with a person's yes.
    #[must_use]
    pub fn may(&self, tool: &Tool) -> bool {
        self.asks(&tool.name)
            || self.actions.contains(&tool.name)
            || self.toolsets.contains(&tool.toolset)
    }

    /// Whether a person must say yes to a call of the action.
    #[must_use]
    pub fn asks(&self, action: &str) -> bool {
        self.ask.iter().any(|asked| asked == action)
    }
}
