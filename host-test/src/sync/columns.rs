//! Which column holds what? What `--map` says, and else what its name means: the usual
//! names of exports, in several languages.

use std::collections::HashSet;

use host::suggest;
use rlibphonenumber::enums::Region;

use super::{
    headers::{Field, has_street, is_family_name, is_label_of, meaning},
    overlooked,
    people::short,
    source::Table,
};
use crate::exit::CommandError;

/// What a mapping can name. `ignore` leaves a column out.
const FIELDS: [(&str, Option<Field>); 10] = [
    ("first-name", Some(Field::FirstName)),
    ("last-name", Some(Field::LastName)),
    ("name", Some(Field::Name)),
    ("company", Some(Field::Company)),
    ("phone", Some(Field::Phone)),
    ("whatsapp-phone", Some(Field::WhatsappPhone)),
    ("email", Some(Field::Email)),
    ("address", Some(Field::Address)),
    ("profile-pic-url", Some(Field::Picture)),
    ("ignore", None),
];

/// What each column holds.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    fields: Vec<Option<Field>>,
    /// Those that were told, also that they are to be left out.
    told: HashSet<usize>,
    /// Where it is told of each which of several it is.
    labels: Vec<Option<usize>>,
}

impl Columns {
    /// What `told` says of columns, each as `COLUMN=FIELD`, and for the others what their
    /// names mean.
    pub(crate) fn of(
        table: &Table,
        told: &[String],
        country: Option<Region>,
    ) -> Result<Self, CommandError> {
        let names = &table.columns;
        let mut fields = found(names);
        let mut seen = HashSet::new();
        for told in told {
            let (column, field) = told.rsplit_once('=').ok_or_else(|| {
                misuse(format!("--map {told}: expected COLUMN=FIELD, such as \"Mobile=phone\""))
            })?;
            let (column, field) = (column.trim(), field.trim());
            let known: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
            let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == field) else {
                let why = suggest::unknown("field", field, &known, "there are");
                return Err(misuse(format!("--map {told}: {why}")));
            };
            let places = places(names, column);
            if places.is_empty() {
                let mut known: Vec<_> = names.iter().map(String::as_str).collect();
                known.dedup();
                let why = suggest::unknown("column", column, &known, "there are");
                return Err(misuse(format!("--map {told}: {why}")));
            }
            for place in places {
                if !seen.insert(place) {
                    return Err(misuse(format!("--map {told}: this column is mapped twice")));
                }
                if let Some(known) = fields.get_mut(place) {
                    known.clone_from(field);
                }
            }
        }
        let columns = Self { fields, told: seen, labels: labels(names) };
        let overlooked = overlooked::columns(table, &columns, country);
        if !columns.fields.iter().flatten().any(Field::is_way) {
            let example =
                overlooked.iter().find_map(|one| one.map()).map(|map| format!(", such as {map}"));
            return Err(misuse(format!(
                "no column is known to hold a number, an e-mail address or an address; say by \
                 --map which does{}. There are {}",
                example.unwrap_or_default(),
                names.iter().map(|name| short(name)).collect::<Vec<_>>().join(", ")
            )));
        }
        if !columns.fields.iter().flatten().any(Field::is_name) {
            return Err(misuse(nameless(table, &columns)));
        }
        if overlooked.is_empty() {
            return Ok(columns);
        }
        let told = overlooked.iter().map(|one| one.told()).collect::<Vec<_>>();
        Err(misuse(format!("{}. Nothing was created", told.join("; "))))
    }

    /// Whether a column is to be left out because somebody said so.
    pub(crate) fn is_told(&self, column: usize) -> bool {
        self.told.contains(&column)
    }

    /// The column whose cells tell which of several this one's are.
    pub(crate) fn label(&self, column: usize) -> Option<usize> {
        self.labels.get(column).copied().flatten()
    }

    pub(crate) fn field(&self, column: usize) -> Option<&Field> {
        self.fields.get(column).and_then(Option::as_ref)
    }

    /// Which column holds what, in words, and which are left out.
    pub(crate) fn told(&self, names: &[String]) -> Vec<String> {
        let shown = |field: &Field| match field {
            Field::AddressPart(_) => "address",
            field => {
                let known = FIELDS.iter().find(|(_, known)| known.as_ref() == Some(field));
                known.map_or("ignore", |(name, _)| *name)
            }
        };
        let (mut used, mut unused) = (Vec::new(), Vec::new());
        for ((name, field), place) in names.iter().zip(&self.fields).zip(1..) {
            let name = if name.is_empty() {
                &format!("column {place} (without a name)")
            } else {
                &short(name)
            };
            match field {
                Some(field) if name == shown(field) => used.push(name.clone()),
                Some(field) => used.push(format!("{name} is {}", shown(field))),
                None => unused.push(name.clone()),
            }
        }
        let mut lines = Vec::new();
        if !names.is_empty() {
            lines.push(format!("columns: {}", used.join(", ")));
        }
        if !unused.is_empty() {
            lines.push(format!("left out: {}", unused.join(", ")));
        }
        lines
    }
}

/// Where columns of this name stand: spelled exactly so, or else in any case.
fn places(names: &[String], wanted: &str) -> Vec<usize> {
    let all = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.iter().enumerate().filter(|(_, name)| is_it(name)).map(|(place, _)| place).collect()
    };
    let exact = all(&|name| name == wanted);
    if exact.is_empty() { all(&|name| name.to_lowercase() == wanted.to_lowercase()) } else { exact }
}

/// Where the label of each column stands, if it has one.
fn labels(names: &[String]) -> Vec<Option<usize>> {
    let label = |name: &String| names.iter().position(|label| is_label_of(label, name));
    names.iter().map(label).collect()
}

/// What the names of the columns mean.
fn found(names: &[String]) -> Vec<Option<Field>> {
    let mut fields: Vec<_> = names.iter().map(|name| meaning(name)).collect();
    let has =
        |fields: &[Option<Field>], field: &Field| fields.iter().flatten().any(|it| it == field);
    let (has_first, has_last) = (has(&fields, &Field::FirstName), has(&fields, &Field::LastName));
    for (name, field) in names.iter().zip(&mut fields) {
        if *field == Some(Field::Name) {
            // Beside the other part of a name, it is a part as well.
            match (has_first, has_last) {
                (false, true) => *field = Some(Field::FirstName),
                (true, false) if is_family_name(name) => *field = Some(Field::LastName),
                _ => {}
            }
        }
    }
    // Parts are an address only together with a street, and where it does not stand whole.
    let streets: HashSet<_> = names
        .iter()
        .zip(&fields)
        .filter(|(name, field)| matches!(field, Some(Field::AddressPart(_))) && has_street(name))
        .filter_map(|(_, field)| field.clone().map(|field| format!("{field:?}")))
        .collect();
    let is_whole = has(&fields, &Field::Address);
    for field in &mut fields {
        let is_part = matches!(field, Some(Field::AddressPart(_)));
        let known = field.as_ref().map(|field| format!("{field:?}")).unwrap_or_default();
        if is_part && (is_whole || !streets.contains(&known)) {
            *field = None;
        }
    }
    fields
}

/// What helps where nobody can be called by anything that is known.
fn nameless(table: &Table, columns: &Columns) -> String {
    let holds_names = |place: usize| {
        let rows = table.rows.iter().filter_map(|row| row.cells.as_ref().ok());
        let cells = rows.flatten().filter(|(column, _)| *column == place).map(|(_, cell)| cell);
        let (filled, names) = cells.fold((0_usize, 0_usize), |(filled, names), cell| {
            let is_name = cell.chars().any(char::is_alphabetic)
                && !cell.contains(|it: char| it.is_ascii_digit() || "@/\\".contains(it));
            (filled + 1, names + usize::from(is_name))
        });
        columns.field(place).is_none() && !columns.is_told(place) && names * 2 > filled
    };
    let all = || table.columns.iter().enumerate();
    let example = all().find(|(place, name)| !name.is_empty() && holds_names(*place));
    let example = example.map(|(_, name)| format!(", such as --map \"{}=name\"", short(name)));
    format!(
        "no column is known to hold a name; say by --map which does{}. There are {}",
        example.unwrap_or_default(),
        table.columns.iter().map(|name| short(name)).collect::<Vec<_>>().join(", ")
    )
}

fn misuse(why: String) -> CommandError {
    CommandError::Misuse(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str, told: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<_> = header.split(',').map(str::to_owned).collect();
        let told: Vec<_> = told.iter().map(|it| (*it).to_owned()).collect();
        let table = Table { columns: names.clone(), ..Table::default() };
        let columns = Columns::of(&table, &told, None).map_err(|error| error.to_string())?;
        let lines = columns.told(&names);
        let used = lines[0].strip_prefix("columns: ").unwrap();
        Ok(used.split(", ").map(str::to_owned).collect())
    }

    #[test]
    fn the_usual_exports_are_known() {
        for (header, expected) in [
            (
                "First Name,Last Name,Phonetic First Name,Organization Name,E-mail 1 - Label,\
                 E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,\
                 Address 1 - Formatted,Address 1 - Street,Photo",
                "First Name is first-name, Last Name is last-name, Organization Name is company, \
                 E-mail 1 - Value is email, Phone 1 - Value is phone, \
                 Address 1 - Formatted is address, Photo is profile-pic-url",
            ),
            (
                "Title,First Name,Last Name,Company,Business Street,Business City,\
                 Business Postal Code,Home City,Business Fax,Business Phone,Business Phone 2,\
                 Mobile Phone,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address",
                "First Name is first-name, Last Name is last-name, Company is company, \
                 Business Street is address, Business City is address, \
                 Business Postal Code is address, Business Phone is phone, \
                 Business Phone 2 is phone, Mobile Phone is phone, E-mail Address is email, \
                 E-mail 2 Address is email",
            ),
            (
                "Record ID,First Name,Last Name,Email,Phone Number,WhatsApp Phone Number,\
                 Contact owner,Country/Region",
                "First Name is first-name, Last Name is last-name, Email is email, \
                 Phone Number is phone, WhatsApp Phone Number is whatsapp-phone",
            ),
            (
                "Name,Given Name,Family Name,Phone 1 - Value",
                "Name is name, Given Name is first-name, Family Name is last-name, \
                 Phone 1 - Value is phone",
            ),
            (
                "Nombre,Apellidos,Teléfono móvil,Correo electrónico",
                "Nombre is first-name, Apellidos is last-name, Teléfono móvil is phone, \
              Correo electrónico is email",
            ),
            (
                "Vorname,Nachname,Straße,PLZ,Ort,Handy",
                "Vorname is first-name, Nachname is last-name, Straße is address, PLZ is address, \
              Ort is address, Handy is phone",
            ),
            ("Prénom,Nom,Portable", "Prénom is first-name, Nom is last-name, Portable is phone"),
            ("Nome,Celular", "Nome is name, Celular is phone"),
        ] {
            assert_eq!(columns(header, &[]).unwrap().join(", "), expected, "{header}");
        }
    }

    #[test]
    fn what_is_told_counts_before_what_a_name_means() {
        let told = ["Kontakt=name", "phone=whatsapp-phone", "Email=ignore"];
        let expected = ["Kontakt is name", "Phone is whatsapp-phone"];
        assert_eq!(columns("Kontakt,Phone,Email", &told).unwrap(), expected);
        assert_eq!(columns("a=b,Phone", &["a=b=name"]).unwrap(), ["a=b is name", "Phone is phone"]);
    }

    #[test]
    fn a_mapping_that_cannot_be_followed_says_what_there_is() {
        for (told, expected) in [
            (
                &["Mobil=phone"][..],
                "there is no column `Mobil`; did you mean `Mobile`? There are Name, Mobile",
            ),
            (&["Mobile=phon"], "there is no field `phon`; did you mean `phone`?"),
            (&["Mobile=phone", "mobile=email"], "this column is mapped twice"),
            (&["Mobile"], "expected COLUMN=FIELD"),
            (&["Mobile=ignore"], "no column is known to hold a number"),
        ] {
            let why = columns("Name,Mobile", told).unwrap_err();
            assert!(why.contains(expected), "{told:?}: {why}");
        }
    }
}
