//! Who stands in a row? A name and ways to reach somebody, or why it is nobody.

use rlibphonenumber::enums::Region;
use serde_json::{Map, Value, json};

use super::{
    columns::Columns,
    headers::{self, Field},
    numbers,
    source::{Row, Table},
};

/// Where names and addresses are parted within a cell.
const BETWEEN: [char; 5] = [',', ';', '\n', '\r', '|'];

/// Somebody to be created.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    first_name: String,
    last_name: Option<String>,
    picture: Option<String>,
    pub(crate) ways: Vec<Way>,
}

/// A way to reach somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    kind: &'static str,
    value: String,
}

/// A person, and what was left out.
pub(crate) type Read = (Person, Vec<String>);

impl Person {
    /// The person of a row.
    pub(crate) fn of(
        row: &Row,
        table: &Table,
        columns: &Columns,
        country: Option<Region>,
    ) -> Result<Read, String> {
        let cells = row.cells.as_ref().map_err(Clone::clone)?;
        let mut reading = Reading { country, ..Reading::default() };
        for (column, cell) in cells {
            if let Some(field) = columns.field(*column) {
                let name = table.columns.get(*column).map_or("", String::as_str);
                reading.take(field, name, cell);
            }
        }
        reading.end()
    }

    pub(crate) fn name(&self) -> String {
        let last = self.last_name.as_deref().unwrap_or_default();
        format!("{} {last}", self.first_name).trim().to_owned()
    }

    /// What somebody is known by: numbers and e-mail addresses; whoever has none, by name
    /// and address.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.ways.iter().filter_map(Way::key).collect();
        if keys.is_empty() {
            let addresses = self.ways.iter().map(|way| address_key(&self.name(), &way.value));
            keys.extend(addresses);
        }
        keys
    }

    /// The arguments of the action that creates somebody.
    pub(crate) fn arguments(&self) -> Value {
        let way = |way: &Way| json!({ "kind": way.kind, "value": way.value });
        let mut arguments = Map::new();
        let mut add = |name: &str, value: Value| {
            arguments.insert(name.to_owned(), value);
        };
        add("first-name", self.first_name.clone().into());
        self.last_name.clone().into_iter().for_each(|name| add("last-name", name.into()));
        self.picture.clone().into_iter().for_each(|url| add("profile-pic-url", url.into()));
        add("details", self.ways.iter().map(way).collect());
        Value::Object(arguments)
    }

    /// Takes over those ways that nobody is known by yet.
    pub(crate) fn join(&mut self, other: &Self, is_free: impl Fn(&str) -> bool) {
        for way in &other.ways {
            let is_new = match way.key() {
                Some(key) => is_free(&key),
                None => !self.ways.contains(way),
            };
            if is_new {
                self.ways.push(way.clone());
            }
        }
    }
}

impl Way {
    /// What somebody is known by through it.
    pub(crate) fn key(&self) -> Option<String> {
        key_of(self.kind, &self.value)
    }
}

/// What somebody is known by, who has this detail.
pub(crate) fn key_of(kind: &str, value: &str) -> Option<String> {
    match kind {
        "phone" | "whatsapp-phone" => Some(numbers::key(value)),
        "email" => Some(value.trim().to_lowercase()),
        _ => None,
    }
}

/// What somebody is known by, who has nothing but an address.
pub(crate) fn address_key(name: &str, address: &str) -> String {
    let words = |text: &str| {
        let letters = text.replace(|it: char| !it.is_alphanumeric(), " ").to_lowercase();
        letters.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    format!("{}\n{}", words(name), words(address))
}

/// What was found in a row so far.
#[derive(Default)]
struct Reading {
    country: Option<Region>,
    first: String,
    last: String,
    whole: String,
    company: String,
    picture: Option<String>,
    ways: Vec<Way>,
    parts: Vec<(String, usize, String)>,
    left_out: Vec<String>,
    wrong: Vec<String>,
}

impl Reading {
    fn take(&mut self, field: &Field, column: &str, cell: &str) {
        let first = |known: &mut String| {
            if known.is_empty() {
                *known = one_line(cell);
            }
        };
        match field {
            Field::FirstName => first(&mut self.first),
            Field::LastName => first(&mut self.last),
            Field::Name => first(&mut self.whole),
            Field::Company => first(&mut self.company),
            Field::Phone => self.take_numbers("phone", cell),
            Field::WhatsappPhone => self.take_numbers("whatsapp-phone", cell),
            Field::Email => self.take_emails(cell),
            Field::Address => {
                let address = cell.replace(":::", "\n");
                let lines: Vec<_> =
                    address.lines().map(one_line).filter(|it| !it.is_empty()).collect();
                if !lines.is_empty() {
                    self.add("address", lines.join("\n"));
                }
            }
            Field::AddressPart(of) => {
                self.parts.push((of.clone(), headers::part(column), one_line(cell)));
            }
            Field::Picture => {
                let url = cell.split([' ', '\n']).map(str::trim).find(|it| {
                    let it = it.to_lowercase();
                    it.starts_with("https://") || it.starts_with("http://")
                });
                self.picture = self.picture.take().or_else(|| url.map(str::to_owned));
            }
        }
    }

    fn take_numbers(&mut self, kind: &'static str, cell: &str) {
        for number in numbers::numbers(cell, self.country) {
            match number {
                Ok(number) => {
                    if let Some(extension) = &number.extension {
                        let why =
                            format!("the extension {extension} of {} is left out", number.e164);
                        self.left_out.push(why);
                    }
                    self.add(kind, number.e164);
                }
                Err(why) => self.wrong.push(why),
            }
        }
    }

    fn take_emails(&mut self, cell: &str) {
        let cell = cell.replace(":::", "\n");
        for text in cell.split(BETWEEN).map(str::trim).filter(|it| !it.is_empty()) {
            let text = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
            let text = one_line(text.strip_prefix("mailto:").unwrap_or(text));
            match text.split_once('@') {
                Some((user, host))
                    if !user.is_empty()
                        && host.contains('.')
                        && !host.contains('@')
                        && !text.contains(char::is_whitespace) =>
                {
                    self.add("email", text);
                }
                _ => self.wrong.push(format!("`{text}` is no e-mail address")),
            }
        }
    }

    /// One detail for a number: where one of them is of WhatsApp, that one.
    fn add(&mut self, kind: &'static str, value: String) {
        let way = Way { kind, value };
        let is_it = |known: &&mut Way| match way.key() {
            Some(key) => known.key() == Some(key),
            None => **known == way,
        };
        match self.ways.iter_mut().find(is_it) {
            Some(known) if kind == "whatsapp-phone" => known.kind = kind,
            Some(_) => {}
            None => self.ways.push(way),
        }
    }

    fn end(mut self) -> Result<Read, String> {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        for address in parts.chunk_by(|one, other| one.0 == other.0) {
            // Without a street a letter finds nobody.
            if address.iter().any(|(_, part, _)| *part == 0) {
                let parts = address.iter().map(|(.., text)| text.as_str());
                self.add("address", parts.collect::<Vec<_>>().join(", "));
            }
        }
        let Self { first, last, whole, company, picture, ways, left_out, wrong, .. } = self;
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        if ways.is_empty() {
            return Err("it has no number, no e-mail address and no address".to_owned());
        }
        let (first_name, last_name) = match (first.is_empty(), last.is_empty()) {
            (false, false) => (first, Some(last)),
            (false, true) => (first, None),
            (true, _) if !whole.is_empty() => (whole, None),
            (true, false) => (last, None),
            (true, true) => (company, None),
        };
        if first_name.is_empty() {
            return Err("it has no name".to_owned());
        }
        Ok((Person { first_name, last_name, picture, ways }, left_out))
    }
}

/// The words of a cell, without marks of direction.
fn one_line(cell: &str) -> String {
    let is_mark = |it: char| matches!(it, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let cell = cell.replace(is_mark, "").replace(char::is_control, " ");
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}
