//! Which numbers stand in a cell? In E.164, or why not.
//!
//! Address books hold numbers in every form. What could be another number than was meant
//! is refused: nobody is written to by a guess.

use rlibphonenumber::{
    PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat,
    PhoneNumberType::{FixedLine, FixedLineOrMobile, Mobile},
    enums::Region,
};

use super::people::short;

/// What a text was understood as.
type Parsed = Result<PhoneNumber, ParseError>;

/// So many digits 2Chat takes.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// The longest extension.
const EXTENSION: usize = 7;
/// So many digits a number has at least, whose area stands before a stroke.
const AFTER_STROKE: usize = 4;
/// So many digits an area has at most, with the code of its country.
const AREA: usize = 6;

/// A number, and the extension that stood after it.
#[derive(Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) e164: String,
    pub(crate) extension: Option<String>,
}

/// The country that a number without one is of.
pub(crate) fn country(code: &str) -> Result<Region, String> {
    let region = Region::try_from(code.to_uppercase().as_str()).ok();
    let known = region.filter(|it| PHONE_NUMBER_UTIL.get_supported_regions().any(|one| one == *it));
    known.ok_or_else(|| format!("expected the two letters of a country, such as PY, not {code}"))
}

/// The numbers of a cell, each or why it is none.
pub(crate) fn numbers(cell: &str, country: Option<Region>) -> Vec<Result<Number, String>> {
    let cell = cleaned(cell);
    // Its decimal comma parts nothing.
    let pieces = if is_shortened(&cell) { vec![cell.clone()] } else { pieces(&cell) };
    pieces.iter().flat_map(|piece| several(piece, country)).collect()
}

/// The numbers of a piece, of which it may have several with nothing but a space or a stroke
/// between: only where it is no number as a whole, and each part is one.
fn several(piece: &str, country: Option<Region>) -> Vec<Result<Number, String>> {
    let whole = number(piece, country);
    let is_one = !may_be_several(piece, country);
    if whole.is_ok() && is_one {
        return vec![whole];
    }
    let with_plus = piece.replace(" +", "\n+");
    let ways: [Vec<&str>; 3] = [
        piece.split('/').collect(),
        with_plus.split('\n').collect(),
        piece.split_whitespace().collect(),
    ];
    let parted = ways.iter().filter(|parts| parts.len() > 1).find_map(|parts| {
        let numbers = parts.iter().map(|part| number(part.trim(), country));
        numbers.collect::<Result<Vec<_>, _>>().ok()
    });
    let whole = whole.and_then(|number| match is_one {
        true => Ok(number),
        false => Err(format!(
            "`{}` may be several numbers, or one with an extension: write each whole, and an \
             extension as ext. 5",
            short(piece)
        )),
    });
    parted.map_or_else(|| vec![whole], |numbers| numbers.into_iter().map(Ok).collect())
}

/// Whether a stroke may part more than an area from a number: it stands between spaces and
/// after too many digits for an area, after what is a number by itself, or before too few
/// digits.
fn may_be_several(piece: &str, country: Option<Region>) -> bool {
    let Some((before, after)) = piece.rsplit_once('/') else { return false };
    let is_spaced = piece.contains(" /") || piece.contains("/ ");
    is_spaced && digits(before).len() > AREA
        || digits(after).len() < AFTER_STROKE
        || number(before, country).is_ok()
}

/// What a number is known by, in whatever form somebody stored it.
pub(crate) fn key(stored: &str) -> String {
    let stored = cleaned(stored);
    match number(&stored, None) {
        Ok(number) => number.e164,
        Err(_) => as_of_today("+".to_owned() + &digits(&stored)),
    }
}

fn number(text: &str, country: Option<Region>) -> Result<Number, String> {
    let shown = short(text);
    let refused = |why: &str| Err(format!("`{shown}` is no number: {why}"));
    let exact = exact(text);
    if exact.is_none() && is_shortened(text) {
        return refused(
            "a spreadsheet shortened it, and digits are lost; format its column as text and \
             export it again",
        );
    }
    let plain = exact.as_deref().unwrap_or(text);
    let plain = without_decimals(plain).unwrap_or(plain);
    if has_decimals(plain) {
        return refused("a spreadsheet made a decimal of it; write it without the point");
    }
    if has_letters(plain) {
        return refused("it has letters; write its digits");
    }
    let is_whole = is_international(plain);
    let parsed = match country {
        Some(country) if begins_with_zeros(plain) => behind_zeros(plain, country)?,
        _ if is_whole => PhoneNumber::parse(as_of_today(with_plus(plain)), None),
        Some(country) => national(plain, country)?,
        None => {
            return refused(
                "its country is not known; give --country, or write it with + and its code",
            );
        }
    };
    let Ok(parsed) = parsed else { return refused("no country has such numbers") };
    let e164 = parsed.to_string();
    if !parsed.is_valid() || !DIGITS.contains(&e164.len().saturating_sub(1)) {
        return Err(match country.filter(|_| !is_whole) {
            Some(country) => format!("`{shown}` is no number of {}", country.as_region_str()),
            None => format!(
                "`{shown}` is no number: {e164} has too many or too few digits, or a \
                             beginning that its country does not have"
            ),
        });
    }
    // Behind the code 1 no number has a 1: the zeros are another way out of a country.
    let doubled = format!("1{}", digits(&e164));
    if country.is_none() && begins_with_zeros(plain) && digits(plain).contains(&doubled) {
        return refused("it has a 1 too many; write it with + and the code of its country");
    }
    Ok(Number { e164, extension: parsed.extension.filter(|it| !it.is_empty()) })
}

/// The number that a text without a plus is, or why nobody can tell. It may be one of the
/// country, or begin with the code of any.
fn national(text: &str, country: Region) -> Result<Parsed, String> {
    let of_country = PhoneNumber::parse(text, Some(country));
    let digits_first = text.strip_prefix("tel:").unwrap_or(text);
    let whole = PhoneNumber::parse(as_of_today(format!("+{digits_first}")), None);
    let Some(whole) = whole.ok().filter(PhoneNumber::is_valid) else { return Ok(of_country) };
    match of_country {
        Ok(parsed) if parsed.is_valid() => {
            let is_one = parsed.to_string() == whole.to_string();
            if !is_one && (lacks_prefix(text, &parsed) || is_unusual(text, &parsed, country)) {
                return Err(either(text, &parsed, country, &whole));
            }
            Ok(Ok(parsed))
        }
        _ if PHONE_NUMBER_UTIL.get_country_code_for_region(country) == Some(whole.country_code) => {
            Ok(Ok(whole))
        }
        // A digit too many can make it a number of another country.
        _ => Err(format!(
            "`{}` is no number of {}; if it is {whole}, write it with +",
            short(text),
            country.as_region_str()
        )),
    }
}

/// The number that a text with zeros in front is, or why nobody can tell: two of them stand
/// for a plus, but from some countries the way out is another, such as 0011 or 009.
fn behind_zeros(text: &str, country: Region) -> Result<Parsed, String> {
    let valid = |parsed: Parsed| parsed.ok().filter(PhoneNumber::is_valid);
    let whole = PhoneNumber::parse(as_of_today(with_plus(text)), None);
    match (valid(PhoneNumber::parse(text, Some(country))), valid(whole.clone())) {
        (Some(own), Some(whole)) if own.to_string() != whole.to_string() => {
            Err(either(text, &own, country, &whole))
        }
        (Some(own), _) => Ok(Ok(own)),
        (None, _) => Ok(whole),
    }
}

/// That a text may be either number.
fn either(text: &str, own: &PhoneNumber, country: Region, whole: &PhoneNumber) -> String {
    let (shown, region) = (short(text), country.as_region_str());
    format!(
        "`{shown}` may be {own}, of {region}, or {whole}: write it with + and the code of its country"
    )
}

/// Whether a text without any prefix is longer or shorter than numbers of people in the
/// country usually are.
fn is_unusual(text: &str, parsed: &PhoneNumber, country: Region) -> bool {
    let number = parsed.get_national_significant_number();
    let kind = parsed.get_type();
    let is_of_people = matches!(kind, FixedLine | Mobile | FixedLineOrMobile);
    let usual = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, kind);
    let length = usual.ok().filter(|_| is_of_people);
    let length = length.map(|usual| usual.get_national_significant_number().len());
    digits(text) == number && length != Some(number.len())
}

/// Whether a text is without what the country writes in front of such a number, as the 0 of
/// Germany.
fn lacks_prefix(text: &str, parsed: &PhoneNumber) -> bool {
    let number = parsed.get_national_significant_number();
    let written = digits(&parsed.format_as(PhoneNumberFormat::National));
    digits(text).starts_with(&number) && !written.starts_with(&number)
}

/// Whether it says its country: by a plus, or by the zeros that stand for it.
fn is_international(text: &str) -> bool {
    let text = text.trim_start_matches(['(', ' ']);
    let text = text.strip_prefix("tel:").unwrap_or(text).trim_start_matches(['(', ' ']);
    text.starts_with('+') || text.starts_with("00") || text.contains("phone-context=+")
}

fn begins_with_zeros(text: &str) -> bool {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    text.trim_start_matches(['(', ' ']).starts_with("00") && !text.contains("phone-context=+")
}

/// The same with a plus where two zeros stand for it, once or beside it.
fn with_plus(text: &str) -> String {
    let Some(place) = text.find(|it: char| it.is_numeric() || it == '+') else {
        return text.to_owned();
    };
    let (before, number) = text.split_at_checked(place).unwrap_or_default();
    let rest = number.trim_start_matches(['+', ' ', '(']);
    match rest.strip_prefix("00") {
        Some(rest) => format!("+{}", rest.trim_start_matches([' ', ')', '-'])),
        None => format!("{before}{number}"),
    }
}

/// The same in the form of today: WhatsApp once wrote a 1 after the code of Mexico, which no
/// number has there.
fn as_of_today(number: String) -> String {
    let old =
        digits(&number).strip_prefix("521").filter(|rest| rest.len() == 10).map(str::to_owned);
    let is_plain = number.starts_with('+') && !number.contains(|it: char| it.is_alphabetic());
    match old.filter(|_| is_plain) {
        Some(rest) => format!("+52{rest}"),
        None => number,
    }
}

/// Whether it has letters other than those before an extension.
fn has_letters(text: &str) -> bool {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    // Parameters of a `tel:` url have names.
    let (text, _) = text.split_once(';').unwrap_or((text, ""));
    let end = text.trim_end_matches(|it: char| it.is_numeric());
    let extension = text.len() - end.len();
    let end = end.trim_end_matches([' ', '.', ':', '=']).to_lowercase();
    let names = ["extension", "extn", "ext", "anexo", "interno", "int", "x", "доб"];
    let number = names.iter().find_map(|name| end.strip_suffix(name));
    match number.filter(|_| (1..=EXTENSION).contains(&extension)) {
        Some(number) => number.chars().any(char::is_alphabetic),
        None => text.chars().any(char::is_alphabetic),
    }
}

/// The digits of what is written as `4.91711234590E11`, where none is lost.
fn exact(text: &str) -> Option<String> {
    let (number, power) = text.split_once(['e', 'E']).filter(|_| is_shortened(text))?;
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let power: usize = power.trim_start_matches('+').parse().ok()?;
    let (digits, rest) = decimals.split_at_checked(power)?;
    let is_exact = !number.starts_with('-') && rest.chars().all(|it| it == '0');
    is_exact.then(|| format!("{whole}{digits}"))
}

/// Without the `.0` that a spreadsheet writes after a number.
fn without_decimals(text: &str) -> Option<&str> {
    let (number, _) = text.split_once('.').filter(|(_, rest)| matches!(*rest, "0" | "00"))?;
    number.chars().all(|it| it.is_ascii_digit()).then_some(number)
}

/// Whether it ends as the decimals of a number, and not as one in which points part groups.
fn has_decimals(text: &str) -> bool {
    let Some((number, decimals)) = text.split_once('.') else { return false };
    let number = number.strip_prefix('+').unwrap_or(number);
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|it| it.is_ascii_digit());
    is_number(number) && is_number(decimals) && decimals.len() <= 2
}

/// Whether it is written as `5.95981E+11`.
fn is_shortened(text: &str) -> bool {
    let Some((number, power)) = text.split_once(['e', 'E']) else { return false };
    let number = number.trim_start_matches(['+', '-']);
    let is_number = number.starts_with(|it: char| it.is_ascii_digit())
        && number.chars().all(|it| it.is_ascii_digit() || it == '.' || it == ',');
    let power = power.trim_start_matches('+');
    is_number && !power.is_empty() && power.chars().all(|it| it.is_ascii_digit())
}

/// The texts of several numbers. What tells of an extension parts nothing: `;ext=5`, and
/// the pauses of `,,5`.
fn pieces(cell: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut was_comma = false;
    let cell = cell.replace(":::", "\n");
    for piece in cell.split_inclusive([',', ';', '\n', '\r', '|']) {
        let text = piece.trim_end_matches([',', ';', '\n', '\r', '|']).trim();
        let ends_with = |sign: char| piece.ends_with(sign);
        let is_parameter = ["ext=", "isub=", "phone-context=", "postd="]
            .iter()
            .any(|name| text.to_lowercase().starts_with(name));
        match pieces.last_mut() {
            Some(last) if is_parameter => last.push_str(&format!(";{text}")),
            Some(last) if was_comma && text.is_empty() && ends_with(',') => last.push_str(",,"),
            Some(last) if last.ends_with(",,") => last.push_str(text),
            _ if text.is_empty() => {}
            _ => pieces.push(text.to_owned()),
        }
        was_comma = ends_with(',');
    }
    pieces.iter().map(|piece| piece.trim_end_matches(',').to_owned()).collect()
}

/// Without what nobody sees and what spreadsheets put around a number, with plain digits.
fn cleaned(cell: &str) -> String {
    let letters = cell.chars().filter_map(|letter| match letter {
        // Marks of direction, joiners, and others without a width.
        '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => None,
        '\n' | '\r' => Some(letter),
        letter if letter.is_whitespace() || letter.is_control() => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        letter => Some(letter),
    });
    let text: String = letters.collect();
    let quotes = ['"', '\'', '“', '”', '„', '’', '‘', '`', '´', ' '];
    let text = text.trim();
    let text = text.strip_prefix('=').unwrap_or(text).trim_matches(quotes);
    let is_url = text.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("tel:"));
    let number = if is_url { text.get(4..).unwrap_or_default() } else { text };
    if is_url { format!("tel:{number}") } else { number.to_owned() }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests;
