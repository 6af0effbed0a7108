//! Which number was meant?

use serde_json::{Map, Number, Value};

use super::shown;

/// The number, if it is one within its bounds.
pub(super) fn number(
    given: Value,
    schema: &Map<String, Value>,
    whole: bool,
    place: &str,
) -> Result<Value, String> {
    let read = match &given {
        Value::Null => return Ok(given),
        Value::Number(number) => Some(number.clone()),
        // Three digits may stand behind a point for thousands.
        Value::String(text) if !(whole && is_grouped(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let expected = || {
        let what = if whole { "a whole number" } else { "a number" };
        let expected = match (schema.get("minimum"), schema.get("maximum")) {
            (Some(least), Some(most)) => format!(" from {least} to {most}"),
            (Some(least), None) => format!(" of at least {least}"),
            (None, Some(most)) => format!(" of at most {most}"),
            (None, None) => String::new(),
        };
        Err(format!("{place}: {} cannot be used; expected {what}{expected}", shown(&given)))
    };
    let Some(mut read): Option<Number> = read else { return expected() };
    #[expect(clippy::cast_possible_truncation, reason = "it was looked at before")]
    if whole
        && let Some(float) = read.as_f64().filter(|_| read.is_f64())
        && float.fract() == 0.0
        && float.abs() < 9_007_199_254_740_992.0
    {
        read = (float as i64).into();
    }
    let found = read.as_f64().unwrap_or_default();
    let is_out = bound("minimum").is_some_and(|least| found < least)
        || bound("maximum").is_some_and(|most| found > most);
    if is_out || whole && read.is_f64() {
        return expected();
    }
    Ok(Value::Number(read))
}

/// Whether a text may be a number with points between its thousands.
fn is_grouped(text: &str) -> bool {
    let text = text.trim();
    text.rsplit_once('.').is_some_and(|(_, behind)| behind.len() == 3)
}
