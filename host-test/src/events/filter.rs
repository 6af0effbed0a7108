//! Of which events does a target hear? Of all, or of those that its rule is for.

use host::policy::Rule;
use serde_json::Value;

/// Of which.
pub(crate) enum Filter {
    All,
    Rule(Box<Rule>),
}

impl Filter {
    /// Why it does not hear of this one; `None` where it does.
    pub(crate) fn passes(&self, name: &str, event: &Value) -> Option<String> {
        match self {
            Self::All => None,
            Self::Rule(rule) => rule.passes(name, event),
        }
    }

    /// The events that it names; none: all.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Rule(rule) => rule.on(),
        }
    }

    /// The path of what it hears once for.
    pub(crate) fn once_per(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Rule(rule) => rule.once_per(),
        }
    }

    pub(crate) fn once(&self, event: &Value) -> Option<String> {
        match self {
            Self::All => None,
            Self::Rule(rule) => rule.once(event),
        }
    }
}
