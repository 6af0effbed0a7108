//! What does an agent find to read? The contract of the tools that it is offered.
//!
//! A tool that the caller may not call is not in it.

use std::fmt::Write;

use host::{meant::tool_meant, tools::Tool};
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::server::listed;

/// The whole of it.
pub(super) const CONTRACT: &str = "twochat://contract";
/// One function of it.
const OF_A_FUNCTION: &str = "twochat://contract/{function}";
const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";

pub(super) fn contract() -> Resource {
    Resource::new(CONTRACT, "contract")
        .with_title("How to use these tools")
        .with_description(
            "What holds for all tools, and what each does, takes, gives and fails with",
        )
        .with_mime_type(MARKDOWN)
}

pub(super) fn of_a_function() -> ResourceTemplate {
    ResourceTemplate::new(OF_A_FUNCTION, "function")
        .with_title("One function")
        .with_description("A tool as it is listed, with the schema of its errors as `errorSchema`")
        .with_mime_type(JSON)
}

/// What is there, if anything is.
pub(super) fn read(
    about: &str,
    uri: &str,
    tools: &[&Tool],
    server: &str,
) -> Option<ReadResourceResult> {
    let (text, of_type) = match uri.strip_prefix(CONTRACT)?.strip_prefix('/') {
        None if uri == CONTRACT => (page(about, tools), MARKDOWN),
        None => return None,
        Some(name) => {
            let names = tools.iter().map(|tool| &*tool.name);
            let name = tool_meant(name, names, server)?;
            let tool = tools.iter().find(|tool| tool.name == name)?;
            (function(tool)?, JSON)
        }
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(of_type);
    Some(ReadResourceResult::new(vec![contents]))
}

fn page(about: &str, tools: &[&Tool]) -> String {
    let mut page = "# How to use these tools\n".to_owned();
    if !about.is_empty() {
        page += &format!("\n{about}\n");
    }
    for tool in tools {
        let schemas = [
            ("Takes", Some(&tool.input_schema)),
            ("Gives", Some(&tool.output_schema)),
            ("Fails with", tool.error_schema.as_ref()),
        ];
        let (title, name) = (&tool.title, &tool.name);
        // Writing to a text does not fail.
        let _ = write!(page, "\n## {title} (`{name}`)\n\n{}\n", tool.description);
        for (what, schema) in schemas {
            let Some(schema) = schema else { continue };
            let _ = write!(page, "\n{what}:\n\n```json\n{:#}\n```\n", json!(schema));
        }
    }
    page
}

fn function(tool: &Tool) -> Option<String> {
    let mut function = serde_json::to_value(listed(tool)).ok()?;
    if let (Some(members), Some(schema)) = (function.as_object_mut(), &tool.error_schema) {
        members.insert("errorSchema".to_owned(), json!(schema));
    }
    Some(format!("{function:#}"))
}
