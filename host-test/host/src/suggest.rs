//! Which of the names that there are was meant?

/// How alike two names must be, from 0 to 1.
const ALIKE: f64 = 0.8;

/// The known name that is most like this one, if any is.
#[must_use]
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = known.into_iter().map(|name| (strsim::jaro_winkler(wanted, name), name));
    let best = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}

/// There is no such thing; what was meant, and what there is.
#[must_use]
pub fn unknown(what: &str, wanted: &str, known: &[&str], there_are: &str) -> String {
    let names = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let there_are = match (there_are, known) {
        ("there are", [_]) => "there is only",
        _ => there_are,
    };
    match nearest(wanted, known.iter().copied()) {
        Some(meant) => {
            let there_are = capital(there_are);
            format!("there is no {what} `{wanted}`; did you mean `{meant}`? {there_are} {names}")
        }
        None => format!("there is no {what} `{wanted}`; {there_are} {names}"),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let known = ["create-thing", "list-things", "test-key"];
        assert_eq!(nearest("list-thing", known), Some("list-things"));
        assert_eq!(nearest("lits-things", known), Some("list-things"));
        assert_eq!(nearest("nothing", known), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn what_is_unknown_is_told_with_what_there_is() {
        let text = unknown("column", "tmie", &["time", "end"], "there are");
        assert_eq!(text, "there is no column `tmie`; did you mean `time`? There are time, end");
        let text = unknown("column", "zzz", &["time"], "there are");
        assert_eq!(text, "there is no column `zzz`; there is only time");
    }
}
