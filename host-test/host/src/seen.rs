//! What of a text that strangers chose does a model get? What a person would see of it.
//!
//! Characters that nobody sees hide words from the person and tell them to the model.
//! Kept are those without which a script or an emoji looks different: joiners between
//! letters that join, selectors behind a symbol, the letters of three flags.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier,
        ExtendedPictographic, GeneralCategory, JoiningType,
    },
};
use serde_json::Value;

/// What makes of a black flag that of England, Scotland or Wales.
const FLAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

/// Takes out of every text what nobody sees; says in how many there was any.
#[must_use]
pub fn only_seen(value: &mut Value) -> usize {
    match value {
        Value::String(text) => seen(text).map_or(0, |seen| {
            *text = seen;
            1
        }),
        Value::Array(items) => items.iter_mut().map(only_seen).sum(),
        Value::Object(members) => members.values_mut().map(only_seen).sum(),
        _ => 0,
    }
}

/// The text without what nobody sees; `None`: there is nothing of it.
#[must_use]
pub fn seen(text: &str) -> Option<String> {
    // Most of what comes.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return None;
    }
    let mut seen = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\r' if rest.starts_with('\n') => {}
            // A word must not run into the next.
            '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => seen.push('\n'),
            c if !is_unseen(c) || is_needed(c, &seen, rest) => seen.push(c),
            _ => {}
        }
        if c == '🏴'
            && let Some(flag) = FLAGS.iter().find(|flag| rest.starts_with(**flag))
        {
            seen.push_str(flag);
            rest = rest.get(flag.len()..).unwrap_or_default();
        }
    }
    (seen != text).then_some(seen)
}

/// Whether the character shows nothing of itself, or nobody knows what.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    if matches!(c, ' '..='~' | '\n' | '\t') {
        return false;
    }
    let is_of_no_meaning = match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::Control
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate => true,
        // Those that stand before digits are drawn.
        GeneralCategory::Format => !matches!(
            c,
            '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}'
                | '\u{110BD}' | '\u{110CD}'
        ),
        // An emoji may be younger than what is known here.
        GeneralCategory::Unassigned => !is_picture(c),
        _ => false,
    };
    is_of_no_meaning
        || matches!(c, '\u{2800}' | '\u{FFFC}' | '\u{16FE4}' | '\u{1D159}')
        || matches!(c, '\u{13430}'..='\u{13455}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether what is seen around the character looks different without it.
fn is_needed(c: char, before: &str, after: &str) -> bool {
    let next = after.chars().next().unwrap_or(' ');
    let Some(last) = before.chars().next_back() else { return false };
    match c {
        '\u{FE0E}' | '\u{FE0F}' => {
            let is_of_a_key = last.is_ascii();
            is_emoji(last) && (!is_of_a_key || next == '\u{20E3}')
        }
        '\u{200D}' => {
            let is_emoji = is_picture(last) || last == '\u{FE0F}' || is_skin(last);
            is_emoji && is_picture(next) || is_virama(last) || joins_on(before)
        }
        '\u{200C}' => is_virama(last) && next.is_alphabetic() || joins_on(before) && joins(next),
        _ => false,
    }
}

fn is_emoji(c: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(c)
}

fn is_picture(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

fn is_skin(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

fn is_virama(c: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(c);
    class == CanonicalCombiningClass::Virama
}

/// Whether the last letter would join a next one.
fn joins_on(before: &str) -> bool {
    let types = CodePointMapData::<JoiningType>::new();
    // What was kept before, a joiner among it, counts no second time.
    let last = before.chars().rev().find(|c| {
        types.get(*c) != JoiningType::Transparent || matches!(c, '\u{200C}' | '\u{200D}')
    });
    let last = last.map(|last| types.get(last));
    matches!(last, Some(JoiningType::DualJoining | JoiningType::LeftJoining))
}

/// Whether the letter would join one before it.
fn joins(c: char) -> bool {
    let joining = CodePointMapData::<JoiningType>::new().get(c);
    matches!(joining, JoiningType::DualJoining | JoiningType::RightJoining)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out() {
        let unseen = "\0\u{1B}\u{7F}\u{9B}\u{AD}\u{34F}\u{61C}\u{115F}\u{17B4}\u{180B}\
             \u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{202E}\u{2060}\u{2064}\
             \u{2066}\u{206F}\u{2800}\u{3164}\u{FE00}\u{FE0F}\u{FEFF}\u{FFA0}\
             \u{FFF9}\u{FFFF}\u{1D173}\u{E0001}\u{E0041}\u{E007F}\u{E0101}\
             \u{10FFFE}\u{1D159}\u{16FE4}\u{13430}\u{FFFC}\u{E000}\u{F0000}\u{378}\
             \u{FDD0}";
        for c in unseen.chars() {
            for text in ["Ada#", "#Ada", "A#da", "A##da", "Zoë#1", "艾#达", "1#2", "م # م"] {
                let hidden = text.replace('#', &c.to_string());
                let expected = text.replace('#', "");
                assert_eq!(seen(&hidden).as_deref(), Some(&*expected), "U+{:X}", u32::from(c));
            }
        }
        // A secret, a byte a selector, behind an emoji and a letter.
        let hidden = "😀\u{FE0F}\u{FE0E}\u{FE01}\u{E0110}\u{E0120} é\u{FE0F}";
        assert_eq!(seen(hidden).as_deref(), Some("😀\u{FE0F} é"));
        let joined = "م\u{200D}\u{200C}\u{200D}\u{200D}\u{200C}ن";
        assert_eq!(seen(joined).as_deref(), Some("م\u{200D}ن"));
        assert_eq!(seen("👩\u{200D}\u{200D}👩").as_deref(), Some("👩\u{200D}👩"));
        assert_eq!(seen("a\r\nb\rc\u{2028}d\u{85}e").as_deref(), Some("a\nb\nc\nd\ne"));
    }

    #[test]
    fn what_scripts_and_emoji_need_stays() {
        for text in [
            "Ada Lovelace-O’Hara",
            "Zoë\n\t",
            "山田\u{3000}太郎",
            "محمد",
            "می\u{200C}خواهم",
            "علی\u{200C}رضا",
            "ه\u{200D}",
            "ශ\u{0DCA}\u{200D}රී",
            "അവന\u{0D4D}\u{200D}",
            "क\u{94D}\u{200C}ष",
            "👩\u{200D}💻",
            "❤\u{FE0F}\u{200D}🔥",
            "☎\u{FE0F}",
            "☎\u{FE0E}",
            "1\u{FE0F}\u{20E3}",
            "©\u{FE0F}",
            "👩🏽\u{200D}⚕\u{FE0F}",
            "🏴\u{200D}☠\u{FE0F}",
            "👨🏿\u{200D}❤\u{FE0F}\u{200D}💋\u{200D}👨🏿",
            "🙂\u{200D}↔\u{FE0F}",
            "🇬🇧🏴",
            "\u{600}٣",
            "Ada 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}!",
        ] {
            assert_eq!(seen(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_text_of_a_value_is_gone_through_and_counted() {
        let hidden = |text: &str| format!("{text}\u{E0041}\u{E0042}");
        let mut value = serde_json::json!({ "a": [hidden("x"), { "b": hidden("y") }], "c": "z",
            "d": 1 });
        assert_eq!(only_seen(&mut value), 2);
        assert_eq!(value, serde_json::json!({ "a": ["x", { "b": "y" }], "c": "z", "d": 1 }));
    }
}
