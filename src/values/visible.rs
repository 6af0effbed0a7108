//! Which characters of a text cannot be seen, and which of these does it need?
//!
//! What cannot be seen makes two texts look alike that are not, and hides words
//! from people. Scripts and emoji need some of it all the same: joiners between
//! letters of Persian or Malayalam, selectors behind a symbol, the letters of
//! three flags.

use core::ops::RangeInclusive;

use crate::text::{hex, push};

type Ranges = [RangeInclusive<u32>];

/// What shows nothing: by Unicode to be ignored where it is not known, the
/// marks of direction and of lines, what is drawn blank, and no characters.
const UNSEEN: &Ranges = &[
    0xAD..=0xAD,
    0x34F..=0x34F,
    0x61C..=0x61C,
    0x115F..=0x1160,
    0x17B4..=0x17B5,
    0x180B..=0x180F,
    0x200B..=0x200F,
    0x2028..=0x202E,
    0x2060..=0x206F,
    0x2800..=0x2800,
    0x3164..=0x3164,
    0xFE00..=0xFE0F,
    0xFEFF..=0xFEFF,
    0xFFA0..=0xFFA0,
    0xFFF0..=0xFFFB,
    0xFFFE..=0xFFFF,
    0x1BCA0..=0x1BCA3,
    0x1D173..=0x1D17A,
    0xE0000..=0xE0FFF,
];

/// Behind which a joiner has a meaning: scripts whose letters join, and emoji.
const JOINING: &Ranges = &[
    0x600..=0x10FF,
    0x1200..=0x1CFF,
    0x2190..=0x27BF,
    0x2900..=0x2BFF,
    0xA800..=0xABFF,
    0xFB50..=0xFDFF,
    0xFE0F..=0xFE0F,
    0xFE70..=0xFEFC,
    0x10A00..=0x11FFF,
    0x1E900..=0x1E95F,
    0x1F000..=0x1FAFF,
];

/// What makes of a black flag that of England, Scotland or Wales. Other such
/// letters behind it would be shown by nobody.
const FLAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

fn is_in(ranges: &Ranges, c: char) -> bool {
    ranges.iter().any(|range| range.contains(&u32::from(c)))
}

/// Whether the character shows nothing of itself.
pub(crate) fn is_unseen(c: char) -> bool {
    // Most of what comes.
    if c < '\u{AD}' { c.is_control() } else { is_in(UNSEEN, c) }
}

/// Whether all of the text can be seen, or is needed by what can.
pub(super) fn is_seen(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '🏴' {
            let rest = chars.as_str();
            chars = FLAGS.iter().find_map(|it| rest.strip_prefix(it)).unwrap_or(rest).chars();
        }
        let next = chars.clone().next().unwrap_or(' ');
        let needed = match c {
            // The end of a word takes one in scripts, and none in emoji.
            '\u{200D}' => {
                is_in(JOINING, before)
                    && (matches!(before, '\u{600}'..='\u{1CFF}')
                        || !(is_unseen(next) || next.is_whitespace()))
            }
            '\u{200C}' => is_in(JOINING, before) && !is_unseen(next) && !next.is_whitespace(),
            '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
                matches!(before, '0'..='9' | '#' | '*' | '©' | '®' | '\u{2030}'..)
                    && !is_unseen(before)
            }
            // The selectors of Mongolian.
            '\u{180B}'..='\u{180F}' => matches!(before, '\u{1810}'..='\u{18AF}'),
            c => !is_unseen(c),
        };
        if !needed {
            return false;
        }
        before = c;
    }
    true
}

/// The text with what cannot be seen shown by its code point.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if is_unseen(c) {
            let code = u32::from(c);
            shown.push_str("U+");
            hex(&mut shown, code, if code > 0xFFFF { 5 } else { 4 });
        } else {
            push(&mut shown, c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_and_is_not_needed_is_found() {
        for c in [
            '\0',
            '\n',
            '\u{7F}',
            '\u{85}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{202E}',
            '\u{2028}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFF9}',
            '\u{FFFF}',
            '\u{E0041}',
            '\u{E0101}',
            '\u{E007F}',
        ] {
            for text in [format!("Ada{c}"), format!("{c}Ada"), format!("A{c}da"), c.to_string()] {
                assert!(!is_seen(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn what_scripts_and_emoji_need_passes() {
        for text in [
            "Ada Lovelace-O’Hara",
            "Zoë",
            "Ångström",
            "艾达",
            "山田\u{3000}太郎",
            "Аda",
            "محمد",
            // A joiner that keeps letters apart, in Persian, and at an end.
            "می\u{200C}خواهم",
            "علی\u{200C}رضا",
            "ه\u{200D}",
            // In Sinhala and Malayalam.
            "ශ\u{0DCA}\u{200D}රී",
            "അവന\u{0D4D}\u{200D}",
            "क\u{94D}\u{200C}ष",
            "👩\u{200D}💻",
            "❤\u{FE0F}\u{200D}🔥",
            "🏳\u{FE0F}\u{200D}🌈",
            "👍🏽",
            "☎\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "©\u{FE0F}",
            "👨\u{200D}👩\u{200D}👧\u{200D}👦",
            "👩🏽\u{200D}⚕\u{FE0F}",
            "👨🏿\u{200D}❤\u{FE0F}\u{200D}💋\u{200D}👨🏿",
            "🙂\u{200D}↔\u{FE0F}",
            "👁\u{FE0F}\u{200D}🗨\u{FE0F}",
            "🏴\u{200D}☠\u{FE0F}",
            "#\u{FE0F}\u{20E3}*\u{20E3}",
            "🇬🇧🏴",
            // England, Scotland, Wales.
            "Ada 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Ada",
            "🏴\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}🏴",
            "葛\u{E0100}城",
            "ᠮᠣᠩ\u{180B}",
        ] {
            assert!(is_seen(text), "{text:?}");
        }
        for text in [
            "👩\u{200D}",
            "👩\u{200D} ",
            "ا\u{200C}",
            "ا\u{200D}\u{200D}",
            "\u{200D}👩",
            "艾\u{200D}达",
            "❤\u{FE0F}\u{FE0F}",
            "é\u{FE0F}",
            " \u{FE0F}",
            // Letters of a flag without one, cut short, doubled, or of no flag.
            "A\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🏳\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}\u{E007F}",
            "🏴\u{E0068}\u{E0069}\u{E007F}",
            "🏴\u{E007F}",
            "🏴\u{FE0F}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        ] {
            assert!(!is_seen(text), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown_by_its_code_point() {
        assert_eq!(shown("A\u{200B}da\0\u{E0041}\n"), "AU+200BdaU+0000U+E0041U+000A");
        assert_eq!(shown("Zoë 😀"), "Zoë 😀");
    }
}
