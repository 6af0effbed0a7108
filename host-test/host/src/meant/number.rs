//! Which number was meant?

use regex_lite::Regex;
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

/// The phone number without what people put between its digits, if that is of the form that
/// there is and the text is not.
///
/// A second group that begins with 0, in brackets or not, is left: whether such a 0 is to be
/// dialled hangs on the country.
pub(super) fn phone_number(text: &str, schema: &Map<String, Value>) -> Option<String> {
    let form = schema.get("pattern").and_then(Value::as_str)?;
    let form = Regex::new(form).ok().filter(|form| !form.is_match(text))?;
    let international = text.strip_prefix('+').filter(|rest| !rest.contains(is_no_sign))?;
    let mut groups = international.split(is_between).filter(|group| !group.is_empty());
    let country = groups.next()?;
    let national: Vec<_> = groups.collect();
    let is_clear = national.first().is_some_and(|first| !first.starts_with('0'));
    let number = format!("+{country}{}", national.concat());
    (is_clear && form.is_match(&number)).then_some(number)
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_no_sign(c: char) -> bool {
    !c.is_ascii_digit() && !is_between(c)
}

/// Whether a text may be a number with points between its thousands.
fn is_grouped(text: &str) -> bool {
    let text = text.trim();
    text.rsplit_once('.').is_some_and(|(_, behind)| behind.len() == 3)
}
