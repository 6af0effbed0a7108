//! Which argument do words complain about? Named as the contract spells it.
//!
//! `["body", "contact_detail", 1, "value"]` and `contact_detail[1].value` are both
//! `details[1].value`. What the action does not take is no argument.

use super::meaning::any;
use crate::{
    error::{FIELD_LIMIT, Result},
    json::Value,
    text::{concat, number, one_line, push},
};

/// The arguments of an action.
pub(crate) struct Arguments {
    /// The contract's names, which bars part.
    pub(crate) names: &'static str,
    /// 2Chat's names, of them or of their members, that differ from the contract's in
    /// more than hyphens.
    pub(crate) spellings: &'static [(&'static str, &'static str)],
}

impl Arguments {
    pub(crate) const NONE: Self = Self { names: "", spellings: &[] };
}

/// The path in a text, or in a list of steps.
pub(super) fn path(value: Value<'_, '_>) -> Result<String> {
    if !value.is_list() {
        return Ok(value.text()?.unwrap_or_default());
    }
    let mut path = String::new();
    value.list(&mut |step| {
        if path.len() <= FIELD_LIMIT {
            path.push_str(&step.text()?.unwrap_or_default());
            push(&mut path, '.');
        }
        Ok(())
    })?;
    Ok(path)
}

/// The path as the contract spells it, and whether it leads to an argument.
pub(super) fn spelled(path: &str, arguments: &Arguments) -> (String, bool) {
    const AROUND: &str = "$|body|query|path|data|contact";
    let (mut spelled, mut is_argument) = (String::new(), false);
    let path = one_line(path, FIELD_LIMIT);
    for step in path.split(&['.', '/', '[', ']'][..]) {
        let is_first = spelled.is_empty();
        if step.is_empty() || (is_first && any(AROUND, &|it| it == step)) {
            continue;
        }
        if number(step).is_some() {
            // Of a list that is not named.
            if !is_first {
                spelled.push_str(&concat(&["[", step, "]"]));
            }
            continue;
        }
        let ours = arguments.spellings.iter().find(|(theirs, _)| *theirs == step);
        let ours = ours.map_or_else(|| step.replace('_', "-"), |(_, ours)| (*ours).to_owned());
        if is_first {
            is_argument = any(arguments.names, &|name| name == ours);
        } else {
            push(&mut spelled, '.');
        }
        spelled.push_str(&ours);
    }
    (spelled, is_argument)
}
