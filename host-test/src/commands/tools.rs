//! `twochat tools`: the actions as tools, for whoever builds on them.

use host::{imports::Outline, reference, tools::Tool, vendor::Vendor};
use serde_json::json;

use crate::{
    component::{ComponentArguments, digest},
    exit::{CommandError, EXIT_CODES},
    manifest::Manifest,
    output,
    toolsets::{ToolsetArguments, usual},
};

/// Print the actions as tools: name, description, JSON Schemas, hints.
///
/// The form is that of `tools/list` in the Model Context Protocol. All of it is
/// read from the component: its types, and the docs of the WIT package that it
/// carries. What an error of an action looks like, --wit and --reference show.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    component: ComponentArguments,
    #[command(flatten)]
    toolsets: ToolsetArguments,
    /// Print the WIT package that the component carries instead
    #[arg(long, group = "instead")]
    wit: bool,
    /// Print the authority that the component asks for instead: where it sends requests,
    /// by which methods, how it gets the key, and its settings
    #[arg(long, group = "instead")]
    authority: bool,
    /// Print the contract as a page to read instead, in HTML: what the component asks for,
    /// each action with its errors, each type
    #[arg(long, group = "instead")]
    reference: bool,
    /// Print the manifest for a host of others instead, made of the authority that the
    /// component asks for
    #[arg(long, value_name = "HOST", group = "instead")]
    manifest: Option<Manifest>,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), CommandError> {
    let (connector, bytes) = arguments.component.load_with_bytes(1)?;
    if arguments.wit {
        let wit = connector.docs().wit();
        if wit.is_empty() {
            return Err(CommandError::Host("the component carries no WIT package".to_owned()));
        }
        return output::text(wit);
    }
    if arguments.authority || arguments.manifest.is_some() {
        let stated = Vendor::stated(connector.docs()).map_err(CommandError::Host)?;
        return match arguments.manifest {
            Some(manifest) => output::text(&manifest.text(&stated, &outlined(&bytes)?)),
            None => output::json(&stated.statement()),
        };
    }
    if arguments.reference {
        let page = reference::page(&connector, &outlined(&bytes)?, &digest(&bytes), bytes.len());
        return output::text(&page);
    }
    let mut tools = Tool::all_of(&connector);
    let toolsets = arguments.toolsets.asked(&tools)?.unwrap_or_else(usual);
    tools.retain(|tool| toolsets.contains(&tool.toolset));
    output::json(&json!({ "tools": tools }))
}

fn outlined(bytes: &[u8]) -> Result<Outline, CommandError> {
    Outline::of(bytes).map_err(CommandError::Host)
}
