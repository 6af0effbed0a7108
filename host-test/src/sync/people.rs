//! Who stands in a row? A name and ways to reach somebody, or why it is nobody.

use host::seen;
use rlibphonenumber::enums::Region;
use serde_json::{Map, Value, json};

use super::{
    columns::Columns,
    headers::{self, Field},
    numbers,
    source::{Row, Table},
};
use crate::paint::cut;

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
    pub(crate) value: String,
    /// What somebody is known by through it. Kept, as it takes a hundred times longer to be
    /// found than to be compared.
    key: Option<String>,
}

/// So many characters of a cell are shown.
const SHOWN: usize = 80;

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
        for (place, (column, cell)) in cells.iter().enumerate() {
            if let Some(field) = columns.field(*column) {
                let name = table.columns.get(*column).map_or("", String::as_str);
                if let Some(machine) = labelled_machine(columns, cells, place) {
                    let why = format!("{} is left out, as it is a {machine}", short(name));
                    reading.left_out.push(why);
                } else {
                    reading.take(field, name, cell);
                }
            }
        }
        reading.end()
    }

    pub(crate) fn name(&self) -> String {
        let last = self.last_name.as_deref().unwrap_or_default();
        format!("{} {last}", self.first_name).trim().to_owned()
    }

    /// The numbers among what somebody is known by.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = String> {
        self.ways.iter().filter(|way| way.kind != "email").filter_map(|way| way.key.clone())
    }

    /// What somebody is known by: numbers and e-mail addresses; whoever has none, by name
    /// and address.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.ways.iter().filter_map(|way| way.key.clone()).collect();
        if keys.is_empty() {
            let addresses = self.ways.iter().map(|way| address_key(&self.name(), &way.value));
            keys.extend(addresses);
        }
        keys
    }

    /// By what, with its name, a row is of the same person as another.
    pub(crate) fn known_with_name(&self) -> Vec<String> {
        let name = spelled(&self.name()).join(" ");
        let key = |way: &Way| match &way.key {
            Some(key) => format!("{key}\n{name}"),
            None => address_key(&name, &way.value),
        };
        self.ways.iter().map(key).collect()
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

    /// Takes over those ways that this one does not have, and gives their values.
    pub(crate) fn join(&mut self, other: &Self) -> Vec<String> {
        let mut added = Vec::new();
        for way in &other.ways {
            if !self.ways.iter().any(|known| known.is_the_same(way)) {
                added.push(way.value.clone());
                self.ways.push(way.clone());
            }
        }
        added
    }
}

/// What somebody is known by; beside a name, where others have it as well.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) by: String,
    pub(crate) name: Option<String>,
}

impl Key {
    /// What one alone has.
    pub(crate) fn own(by: String) -> Self {
        Self { by, name: None }
    }

    /// In one text.
    pub(crate) fn text(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("\n{}", words(name).join(" ")));
        format!("{}{}", self.by, name.unwrap_or_default())
    }
}

/// Whether two names are spelled the same, but for case, accents, signs and the order of
/// words.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    spelled(one) == spelled(other)
}

/// The words of a name, which are the same in every spelling of it.
pub(crate) fn spelled(name: &str) -> Vec<String> {
    let mut words = words(name);
    words.sort_unstable();
    words
}

/// Whether one of two names may be the other in short: `Ada`, `Ada L.` and `Ada Lovelace`.
pub(crate) fn may_be_same_name(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    let (short, mut long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let is_initial = |one: &str, of: &str| one.chars().count() == 1 && of.starts_with(one);
    short.iter().all(|word| {
        let is_it = |it: &String| it == word || is_initial(word, it) || is_initial(it, word);
        let place = long.iter().position(is_it);
        place.map(|place| long.remove(place)).is_some()
    })
}

/// The words of a text, by which spellings of it are compared.
fn words(text: &str) -> Vec<String> {
    let letters = text.chars().flat_map(char::to_lowercase).map(headers::without_accent);
    let letters: String = letters.map(|it| if it.is_alphanumeric() { it } else { ' ' }).collect();
    letters.split_whitespace().map(str::to_owned).collect()
}

impl Way {
    fn new(kind: &'static str, value: String) -> Self {
        let key = key_of(kind, &value);
        Self { kind, value, key }
    }

    /// Whether it is the same number, address or place, of whatever kind it is said to be.
    fn is_the_same(&self, other: &Self) -> bool {
        match &self.key {
            Some(key) => other.key.as_ref() == Some(key),
            None => self == other,
        }
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
    format!("{}\n{}", words(name).join(" "), words(address).join(" "))
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
        if cell.contains(char::REPLACEMENT_CHARACTER) {
            self.wrong.push(format!(
                "{} `{}` has letters that cannot be read",
                short(column),
                short(&one_line(cell))
            ));
            return;
        }
        let left_out = &mut self.left_out;
        let mut first = |known: &mut String| {
            let name = one_line(cell);
            if known.is_empty() {
                *known = name;
            } else if *known != name {
                let [column, name, known] = [column, &name, known].map(short);
                left_out.push(format!("{column} `{name}` is left out, as there is `{known}`"));
            }
        };
        match field {
            Field::FirstName => first(&mut self.first),
            Field::LastName => first(&mut self.last),
            Field::Name => first(&mut self.whole),
            Field::Company if self.company.is_empty() => self.company = one_line(cell),
            Field::Company => {}
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
        for email in emails(cell) {
            match email {
                Ok(email) => self.add("email", email),
                Err(why) => self.wrong.push(why),
            }
        }
    }

    /// One detail for a number: where one of them is of WhatsApp, that one.
    fn add(&mut self, kind: &'static str, value: String) {
        let way = Way::new(kind, value);
        match self.ways.iter_mut().find(|known| known.is_the_same(&way)) {
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
        let Self { first, last, whole, company, picture, ways, mut left_out, wrong, .. } = self;
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        if ways.is_empty() {
            return Err("it has no number, no e-mail address and no address".to_owned());
        }
        let (first_name, last_name) = match (first.is_empty(), last.is_empty()) {
            (false, false) => (first, Some(last)),
            (false, true) => {
                let last = beside(&first, &whole);
                if last.is_none() && words(&whole).iter().any(|it| !words(&first).contains(it)) {
                    let [whole, first] = [&whole, &first].map(|name| short(name));
                    left_out.push(format!("the name `{whole}` is left out, as there is `{first}`"));
                }
                (first, last)
            }
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

/// The family name that stands beside this first name: the rest of the whole name, or all
/// of it, where it is one other word.
fn beside(first: &str, whole: &str) -> Option<String> {
    let (known, all) = (words(first), words(whole));
    let rest = match whole.get(..first.len()) {
        Some(start) if words(start) == known && all.starts_with(&known) => {
            whole.get(first.len()..)?
        }
        _ if all.len() == 1 && !known.contains(all.first()?) => whole,
        _ => return None,
    };
    Some(rest.trim().to_owned()).filter(|rest| !words(rest).is_empty())
}

/// By what nobody can be called, if the label of this cell says that it is of such. Where a
/// column has several, each has its own in that order.
fn labelled_machine(
    columns: &Columns,
    cells: &[(usize, String)],
    place: usize,
) -> Option<&'static str> {
    let of = |column| cells.iter().enumerate().filter(move |(_, (it, _))| *it == column);
    let (column, _) = cells.get(place)?;
    let label = columns.label(*column)?;
    let turn = of(*column).position(|(it, _)| it == place)?;
    let (_, (_, text)) = of(label).nth(turn)?;
    headers::machine(text).filter(|_| of(label).count() == of(*column).count())
}

/// The e-mail addresses of a cell, each or why it is none.
pub(crate) fn emails(cell: &str) -> Vec<Result<String, String>> {
    let cell = cell.replace(":::", "\n");
    let email = |text: &str| {
        let text = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
        let text = one_line(text.strip_prefix("mailto:").unwrap_or(text));
        match text.split_once('@') {
            Some((user, host))
                if !user.is_empty()
                    && host.contains('.')
                    && !host.contains('@')
                    && !text.contains(char::is_whitespace) =>
            {
                Ok(text)
            }
            _ => Err(format!("`{}` is no e-mail address", short(&text))),
        }
    };
    cell.split(BETWEEN).map(str::trim).filter(|it| !it.is_empty()).map(email).collect()
}

/// What is shown of a cell.
pub(crate) fn short(cell: &str) -> String {
    cut(cell, SHOWN)
}

/// The words of a cell on one line, without what nobody sees.
pub(crate) fn one_line(cell: &str) -> String {
    // Without a space in its place, the end of a line would join two words.
    let cell = cell.replace(|it: char| it.is_ascii_control(), " ");
    let seen = seen::seen(&cell).unwrap_or(cell);
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_in_any_spelling_and_may_be_one_in_short() {
        for (one, other) in [
            ("Ada Lovelace", "LOVELACE, Ada"),
            ("María Gómez", "maria gomez"),
            ("Firm 2", "firm-2"),
        ] {
            assert!(is_same_name(one, other) && may_be_same_name(one, other), "{one}");
        }
        for (one, other) in
            [("Ada", "Ada Lovelace"), ("Ada L.", "Lovelace Ada"), ("A. L.", "Ada Love")]
        {
            assert!(!is_same_name(one, other), "{one}");
            assert!(may_be_same_name(one, other) && may_be_same_name(other, one), "{one}");
        }
        for (one, other) in [("Mum", "Dad"), ("Mum Gómez", "Dad Gómez"), ("Sales 1", "Sales 2")] {
            assert!(!may_be_same_name(one, other), "{one}");
        }
    }

    #[test]
    fn the_rest_of_a_whole_name_is_the_family_s() {
        for (first, whole, expected) in [
            ("Ada", "Ada Lovelace", Some("Lovelace")),
            ("María José", "maria jose Gómez Ruiz", None),
            ("Maria Jose", "maria jose Gómez Ruiz", Some("Gómez Ruiz")),
            ("Ada", "Lovelace", Some("Lovelace")),
            ("Ada", "Ada", None),
            ("Ada", "Adams", Some("Adams")),
            ("Ada", "Dr. Ada Lovelace", None),
            ("Ada", "", None),
        ] {
            assert_eq!(beside(first, whole).as_deref(), expected, "{first}, {whole}");
        }
    }

    #[test]
    fn a_name_is_what_is_seen_of_it() {
        for name in ["\u{200e}David", "David\n", "\tDavid", "Da\u{ad}vid", "\u{2063}David\u{e0001}"]
        {
            assert_eq!(one_line(name), "David", "{name:?}");
        }
        assert_eq!(one_line("David\nLee\u{a0}X"), "David Lee X");
        assert_eq!(one_line("\u{200e}\u{ad}"), "");
    }
}
