//! What is hidden in a text? The key, and where the text is JSON, or holds JSON in its
//! texts, members of the names that are not to be seen.
//!
//! Whatever may be JSON to some reader and cannot be read here is hidden whole, if it
//! says anything that is to be hidden.

use struson::{
    reader::{JsonReader, JsonStreamReader, ReaderSettings, ValueType},
    writer::{JsonStreamWriter, JsonWriter, WriterSettings},
};

use super::{Hiding, MASK, plain};

/// JSON inside a text inside JSON, and so on: so many times.
const LAYERS: usize = 8;
/// Objects and lists within each other, in the JSON of one text.
const DEPTH: u32 = 1000;

impl Hiding<'_> {
    /// What is shown in place of a text, if it is not the text itself.
    pub(crate) fn hidden_in_text(&mut self, text: &str) -> Option<String> {
        self.hidden_in_layer(text, 0)
    }

    fn hidden_in_layer(&mut self, text: &str, layer: usize) -> Option<String> {
        let masked = || Some(MASK.to_owned());
        let Some(left) = self.left.checked_sub(text.len()) else { return masked() };
        self.left = left;
        let shown = self.key.filter(|key| key.may_be_in(text)).map(|key| key.hide_in(text));
        let text = shown.as_deref().unwrap_or(text);
        // Nothing more can be hidden where nothing is escaped and no name stands before a
        // value.
        let names_a_value = self.has_names() && text.contains([':', '=']) && self.says_a_name(text);
        if !text.contains('\\') && !names_a_value {
            return shown;
        }
        let Some(bare) = unescaped(text) else { return masked() };
        let says_the_key = self.key.is_some_and(|key| key.is_in(&bare));
        // Readers pass over much between a name and its value.
        let is_said = may_be_json(&bare) && self.says_a_name(&bare);
        if !says_the_key && !is_said && !self.has_a_member(&bare) {
            return shown;
        }
        self.rewritten(text, layer).or_else(masked)
    }

    /// Whether one of the names stands anywhere in the text, whatever stands between its
    /// letters.
    fn says_a_name(&self, text: &str) -> bool {
        !self.names.is_empty() && {
            let text = letters(text);
            self.names.iter().any(|name| text.contains(&letters(name)))
        }
    }

    /// Whether one of the names stands where a lenient reader takes it for a member's.
    fn has_a_member(&self, bare: &str) -> bool {
        let bare = plain(bare);
        self.names.iter().any(|name| {
            bare.match_indices(name.as_str()).any(|(at, name)| {
                let rest = bare.get(at + name.len()..).unwrap_or_default();
                let rest = rest.trim_start_matches(['"', '\'', '`']).trim_start();
                rest.starts_with([':', '='])
            })
        })
    }

    /// The text, which is JSON, with all of it hidden; `None` if it is none.
    fn rewritten(&mut self, text: &str, layer: usize) -> Option<String> {
        let plain = text.trim_start_matches('\u{FEFF}');
        if layer == LAYERS || !plain.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        let settings = ReaderSettings {
            // As a list of lines has several.
            allow_multiple_top_level: true,
            track_path: false,
            max_nesting_depth: Some(DEPTH),
            ..ReaderSettings::default()
        };
        let reader = JsonStreamReader::new_custom(plain.as_bytes(), settings);
        let settings = WriterSettings {
            multi_top_level_value_separator: Some("\n".to_owned()),
            ..WriterSettings::default()
        };
        let mut written = Vec::new();
        let writer = JsonStreamWriter::new_custom(&mut written, settings);
        self.copy(reader, writer, layer).ok()?;
        String::from_utf8(written).ok()
    }

    /// Copies JSON, token by token, and hides on the way.
    fn copy(
        &mut self,
        mut reader: impl JsonReader,
        mut writer: impl JsonWriter,
        layer: usize,
    ) -> Result<(), Box<dyn std::error::Error>> {
        // For each object and list around the next token, whether it is an object.
        let mut around: Vec<bool> = Vec::new();
        let mut begun = false;
        loop {
            let is_object = around.last().copied();
            if (begun || is_object.is_some()) && !reader.has_next()? {
                match is_object {
                    Some(true) => (reader.end_object()?, writer.end_object()?),
                    Some(false) => (reader.end_array()?, writer.end_array()?),
                    None => break,
                };
                around.pop();
                continue;
            }
            begun = true;
            if is_object == Some(true) && self.copy_name(&mut reader, &mut writer, layer)? {
                continue;
            }
            match reader.peek()? {
                ValueType::Object => {
                    reader.begin_object()?;
                    writer.begin_object()?;
                    around.push(true);
                }
                ValueType::Array => {
                    reader.begin_array()?;
                    writer.begin_array()?;
                    around.push(false);
                }
                ValueType::String => {
                    let text = reader.next_string()?;
                    let shown = self.hidden_in_layer(&text, layer + 1);
                    writer.string_value(shown.as_ref().unwrap_or(&text))?;
                }
                ValueType::Number => {
                    writer.number_value_from_string(reader.next_number_as_str()?)?
                }
                ValueType::Boolean => writer.bool_value(reader.next_bool()?)?,
                ValueType::Null => {
                    reader.next_null()?;
                    writer.null_value()?;
                }
            }
        }
        reader.consume_trailing_whitespace()?;
        writer.finish_document()?;
        Ok(())
    }

    /// Copies a member's name, and says whether its value was hidden as well.
    fn copy_name(
        &mut self,
        reader: &mut impl JsonReader,
        writer: &mut impl JsonWriter,
        layer: usize,
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let name = reader.next_name_owned()?;
        let shown = self.hidden_in_layer(&name, layer + 1);
        writer.name(shown.as_ref().unwrap_or(&name))?;
        let hidden = self.names(&name) && reader.peek()? != ValueType::Null;
        if hidden {
            reader.skip_value()?;
            writer.string_value(MASK)?;
        }
        Ok(hidden)
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn may_be_json(text: &str) -> bool {
    text.trim_start_matches('\u{FEFF}').trim_start().starts_with(['{', '[', '"', '\'', '/', '#'])
}

/// The text with all that is escaped in it written out, layer by layer, as the most
/// lenient reader would; `None` if there are too many layers.
fn unescaped(text: &str) -> Option<String> {
    let mut bare = text.to_owned();
    for _ in 0..=LAYERS {
        if !bare.contains('\\') {
            return Some(bare);
        }
        bare = without_escapes(&bare);
    }
    None
}

/// `u{68}…` as its character and the rest.
fn in_braces(escaped: &str) -> Option<(char, &str)> {
    let (digits, rest) = escaped.get(1..)?.strip_prefix('{')?.split_once('}')?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, rest))
}

/// `x68…` or `150…`, which is octal, as its character and the rest.
fn short_escape(escaped: &str) -> Option<(char, &str)> {
    let (digits, radix, length) = match escaped.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 2),
        None => (escaped, 8, 3),
    };
    let (digits, rest) = digits.split_at_checked(length)?;
    Some((char::from_u32(u32::from_str_radix(digits, radix).ok()?)?, rest))
}

fn without_escapes(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        bare.push_str(before);
        let mut after = escaped.chars();
        match after.next() {
            Some('u' | 'U') => {
                if let Some((c, left)) = in_braces(escaped) {
                    bare.push(c);
                    rest = left;
                    continue;
                }
                let digits = escaped.get(1..5);
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                if let (Some(c), Some(left)) = (code.and_then(char::from_u32), escaped.get(5..)) {
                    bare.push(c);
                    rest = left;
                    continue;
                }
            }
            Some('x' | 'X' | '0'..='7') => {
                if let Some((c, left)) = short_escape(escaped) {
                    bare.push(c);
                    rest = left;
                    continue;
                }
            }
            Some('n' | 'r' | 't' | 'b' | 'f') => bare.push(' '),
            Some(c) => bare.push(c),
            None => {}
        }
        rest = after.as_str();
    }
    bare.push_str(rest);
    bare
}
