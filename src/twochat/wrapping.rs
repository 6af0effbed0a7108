//! Where in a reply does the answer stand? In its wrapping, if it has one.
//!
//! Gateways put an answer into `data` or the like, or into a list of one. What
//! is in there is read as if it stood alone.

use crate::{error::Result, json::Value};

/// How many wrappings may lie in each other.
const DEPTH: u32 = 3;

/// Whether a member of this name holds the answer and tells nothing itself.
pub(crate) fn is_wrapping(name: &str) -> bool {
    matches!(name, "data" | "result" | "results" | "response" | "payload" | "items")
}

/// Reads an object, member by member, with those of a wrapping in its place;
/// of a list its first item. What is neither is passed over, and then it gives
/// `false`.
pub(crate) fn members<'t>(
    value: Value<'t, '_>,
    member: &mut dyn FnMut(&str, Value<'t, '_>) -> Result<()>,
) -> Result<bool> {
    unwrapped(value, DEPTH, member)
}

fn unwrapped<'t>(
    value: Value<'t, '_>,
    depth: u32,
    member: &mut dyn FnMut(&str, Value<'t, '_>) -> Result<()>,
) -> Result<bool> {
    if value.is_list() && depth > 0 {
        let (mut is_first, mut is_object) = (true, false);
        value.list(&mut |item| {
            if core::mem::take(&mut is_first) {
                is_object = unwrapped(item, depth - 1, member)?;
            }
            Ok(())
        })?;
        return Ok(is_object);
    }
    value.object(&mut |key, value| {
        if depth > 0 && value.is_object() && is_wrapping(key) {
            return unwrapped(value, depth - 1, member).map(drop);
        }
        member(key, value)
    })
}
