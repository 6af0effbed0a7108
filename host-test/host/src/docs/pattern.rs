//! Which patterns of a stranger's docs does every client read, and read alike?
//!
//! The plain part of ECMA-262: `^`, characters, classes such as `[0-9A-F]` and `[^+]`, groups
//! with `|`, the counts `?`, `{3}` and `{8,15}`, a backslash before a sign, once `[\s\S]*` at the
//! end of a group for whatever follows, `$`. Nothing else in it repeats without end, and nothing
//! depends on the reader's own idea of a digit.

/// A pattern may have so many bytes.
const LENGTH: usize = 200;
/// Any characters, however many, behind the bracket.
const WHATEVER: &str = r"\s\S]*";
/// The most of a count.
const TIMES: u32 = 1_000;

/// Whether the pattern is one of these.
pub(super) fn is_plain(pattern: &str) -> bool {
    let inside = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    pattern.len() <= LENGTH && inside.and_then(read).is_some()
}

/// Reads it to its end.
fn read(pattern: &str) -> Option<()> {
    let (mut chars, mut depth, mut may_repeat) = (pattern.chars(), 0_u32, false);
    let mut is_open = false;
    while let Some(c) = chars.next() {
        let is_whole = match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                // What has no end comes once.
                !is_open
            }
            // Outside of a group it would part `^` from `$`.
            '|' if depth > 0 => false,
            '?' if may_repeat => false,
            '{' if may_repeat => {
                let (count, rest) = chars.as_str().split_once('}')?;
                let (least, most) = count.split_once(',').unwrap_or((count, count));
                let (least, most) = (number(least)?, number(most)?);
                chars = (least <= most && most <= TIMES).then(|| rest.chars())?;
                false
            }
            '[' => {
                if let Some(rest) = chars.as_str().strip_prefix(WHATEVER) {
                    let is_last = rest.is_empty() || rest.starts_with([')', '|']);
                    chars = (is_last && !is_open).then(|| rest.chars())?;
                    (is_open, may_repeat) = (true, false);
                    continue;
                }
                let (class, rest) = chars.as_str().split_once(']')?;
                let class = class.strip_prefix('^').unwrap_or(class);
                chars = is_class(class).then(|| rest.chars())?;
                true
            }
            '\\' => is_sign(chars.next()?).then_some(true)?,
            c => is_itself(c).then_some(true)?,
        };
        may_repeat = is_whole;
    }
    (depth == 0).then_some(())
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// What has a meaning of its own unless a backslash stands before it.
fn is_sign(c: char) -> bool {
    r"^$\.*+?()[]{}|".contains(c)
}

fn is_itself(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && !is_sign(c)
}

/// Characters and ranges of letters or digits.
fn is_class(class: &str) -> bool {
    let mut chars = class.chars().peekable();
    while let Some(first) = chars.next() {
        if chars.next_if_eq(&'-').is_none() {
            if !(is_itself(first) || ".+".contains(first)) || first == '-' {
                return false;
            }
        } else if !chars.next().is_some_and(|last| is_range(first, last)) {
            return false;
        }
    }
    !class.is_empty()
}

fn is_range(first: char, last: char) -> bool {
    let of = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
    first <= last && of.iter().any(|is_one| is_one(&first) && is_one(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_client_reads_alike_is_plain() {
        for pattern in [
            "^$",
            "^a$",
            r"^\+[1-9][0-9]{7,14}$",
            "^(WPN|WAN)[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
            "^https?://[a-z.]{1,63}/$",
            "^(a|(b|c)?)$",
            r"^([+][1-9][0-9]{7,14}|([^+]|[+][A-Za-z])[\s\S]*)$",
            r"^a[\s\S]*$",
        ] {
            assert!(is_plain(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_some_client_reads_otherwise_or_not_at_all_is_not() {
        for pattern in [
            "",
            "^",
            "a",
            "^a",
            "a$",
            "^a|b$",
            "^(a$",
            "^a)$",
            "^[a$",
            "^[]$",
            "^[^]$",
            "^[^-a]$",
            r"^[\s\S]$",
            r"^[\s\S]*a$",
            r"^[\s\S]*{2}$",
            r"^([\s\S]*)([\s\S]*)$",
            r"^([\s\S]*){2}$",
            "^[z-a]$",
            "^[a-]$",
            "^[-a]$",
            "^[a-Z]$",
            "^a*$",
            "^a+$",
            "^a{2,}$",
            "^a{,2}$",
            "^a{3,2}$",
            "^a{9999}$",
            "^a{2}{2}$",
            "^a??$",
            "^?$",
            "^(?:a)$",
            "^(?=a)$",
            r"^\d$",
            r"^\$",
            r"^\-$",
            "^a.c$",
            "^a$b$",
            "^é$",
            "^\t$",
            "^]$",
            "^}$",
            r"^\/$",
            "^a{+2}$",
        ] {
            assert!(!is_plain(pattern), "{pattern}");
        }
        assert!(!is_plain(&format!("^{}$", "a".repeat(LENGTH))));
    }
}
