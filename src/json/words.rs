//! Which number does a word stand for, or does it say yes or no?

use crate::text::{self, with_digit};

/// The number that the text stands for, if it is whole, from 0 up and fits:
/// digits, maybe with a fraction and an exponent.
pub(crate) fn whole(text: &str) -> Option<u64> {
    if let Some(number) = text::number(text) {
        return Some(number);
    }
    let (mut number, mut point, mut exponent) = (0, false, 0);
    // How many digits stand behind the point, and how many zeros end them.
    let (mut after, mut zeros) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0' if point => zeros += 1,
            b'0'..=b'9' => {
                for digit in core::iter::repeat_n(0, zeros).chain([byte - b'0']) {
                    number = with_digit(number, digit)?;
                    after += u64::from(point);
                }
                zeros = 0;
            }
            b'.' if !point && at > 0 => point = true,
            b'e' | b'E' if at > 0 => {
                exponent = text::number(text.get(at + 1..)?.trim_start_matches('+'))?;
                break;
            }
            _ => return None,
        }
    }
    for _ in after..exponent.min(if number == 0 { after } else { u64::MAX }) {
        number = with_digit(number, 0)?;
    }
    (after <= exponent && !text.is_empty()).then_some(number)
}

/// What the word says, if it is one for yes or no.
pub(crate) fn truth(word: &str) -> Option<bool> {
    const WORDS: [&str; 12] =
        ["true", "1", "yes", "y", "on", "1.0", "false", "0", "no", "n", "off", "0.0"];
    let place = WORDS.iter().position(|known| word.eq_ignore_ascii_case(known))?;
    Some(place < 6)
}
