//! Does a call change nothing? Its tool must say so, and the gate holds it to that.

use std::sync::Arc;

use http::Method;

use super::Permit;
use crate::tools::Tool;

/// Whether the tool says that it changes nothing.
pub(super) fn is_reading(tool: &Tool) -> bool {
    tool.annotations.read_only_hint == Some(true)
}

/// The permit narrowed to what reads, also where the tool does not do what it says.
pub(super) fn only(permit: Permit, action: &str, tools: &[Tool]) -> Result<Permit, String> {
    if !tools.iter().any(|tool| tool.name == action && is_reading(tool)) {
        return Err(format!(
            "`{action}` may change something, and only what reads is allowed here (read-only)"
        ));
    }
    let mut methods = permit.connection.methods().to_vec();
    methods.retain(|method| *method == Method::GET);
    let connection = (*permit.connection).clone().with_methods(methods);
    Ok(Permit { connection: Arc::new(connection), ..permit })
}
