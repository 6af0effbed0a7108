//! Which toolsets are offered? That of the actions, unless further ones are asked for.

use host::{docs::ACTIONS, tools::Tool};

use crate::{exit::CommandError, suggest};

/// The toolsets, as flags say it.
#[derive(clap::Args)]
pub(crate) struct ToolsetArguments {
    /// Offer the actions of these toolsets alone, which are interfaces that the component
    /// exports, such as actions,events [without it: actions, and what the policy names]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    toolsets: Option<Vec<String>>,
}

impl ToolsetArguments {
    /// The toolsets that were asked for, if any were.
    pub(crate) fn asked(self, tools: &[Tool]) -> Result<Option<Vec<String>>, CommandError> {
        let mut known: Vec<_> = tools.iter().map(|tool| tool.toolset.as_str()).collect();
        known.dedup();
        let asked = self.toolsets.unwrap_or_default();
        match asked.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(CommandError::Misuse(suggest::unknown(
                "toolset",
                name,
                &known,
                "this component has",
            ))),
            None => Ok(Some(asked).filter(|asked| !asked.is_empty())),
        }
    }
}

/// What is offered to whom nobody grants more.
pub(crate) fn usual() -> Vec<String> {
    vec![ACTIONS.to_owned()]
}
