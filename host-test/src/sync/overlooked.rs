//! Which columns are left out although people can be reached by what stands in them?
//!
//! What stands in another column of its row as well is not lost, and so does not count.

use std::collections::HashSet;

use rlibphonenumber::enums::Region;

use super::{
    columns::Columns,
    headers::{Field, is_code, is_id, machine},
    numbers,
    people::emails,
    source::Table,
};

/// So many rows tell what a column holds.
const LOOKED_AT: usize = 1000;
/// So many digits a number has that says neither its country nor its area.
const BARE: std::ops::RangeInclusive<usize> = 9..=15;

/// A column that is left out, and what it seems to hold.
pub(crate) struct Overlooked {
    name: String,
    /// None is right for what belongs before a number of another column.
    field: Option<&'static str>,
    words: &'static str,
}

impl Overlooked {
    /// How it is mapped.
    pub(crate) fn map(&self) -> Option<String> {
        self.field.map(|field| format!("--map \"{}={field}\"", self.name))
    }

    /// What is wrong, and what helps.
    pub(crate) fn told(&self) -> String {
        let Self { name, words, .. } = self;
        let helps = match self.map() {
            Some(map) => format!("{map} takes them"),
            None => "write them before the numbers, in one column".to_owned(),
        };
        format!(
            "column \"{name}\" would be left out, and most of its cells are {words}: {helps}, \
             --map \"{name}=ignore\" leaves them out"
        )
    }
}

/// The columns that nobody said to leave out, of which most cells would be lost.
pub(crate) fn columns(
    table: &Table,
    columns: &Columns,
    country: Option<Region>,
) -> Vec<Overlooked> {
    let mut cells = vec![[0_usize; 4]; table.columns.len()];
    for row in table.rows.iter().filter_map(|row| row.cells.as_ref().ok()).take(LOOKED_AT) {
        let taken =
            row.iter().filter(|(column, _)| columns.field(*column).is_some_and(Field::is_way));
        let has_bare = taken.clone().any(|(_, cell)| is_bare(cell));
        let taken: HashSet<_> = taken.flat_map(|(_, cell)| ways(cell, country)).collect();
        for (column, cell) in row {
            let name = table.columns.get(*column).map_or("", String::as_str);
            let Some([filled, phones, addresses, codes]) = cells.get_mut(*column) else { continue };
            if columns.field(*column).is_some()
                || columns.is_told(*column)
                || machine(name).is_some()
            {
                continue;
            }
            *filled += 1;
            *codes += usize::from(has_bare && is_code(name) && is_code_of_country(cell));
            let ways = ways(cell, country);
            if ways.is_empty() || ways.iter().all(|way| taken.contains(way)) {
                continue;
            }
            *addresses += usize::from(cell.contains('@'));
            let is_bare = cell.chars().all(|it| it.is_ascii_digit()) && !cell.starts_with('0');
            let is_phone =
                !cell.contains('@') && !(is_bare && (is_id(name) || !BARE.contains(&cell.len())));
            *phones += usize::from(is_phone);
        }
    }
    let mut overlooked = Vec::new();
    for (name, [filled, phones, addresses, codes]) in table.columns.iter().zip(cells) {
        let found = [
            (phones, Some("phone"), "phone numbers"),
            (addresses, Some("email"), "e-mail addresses"),
            (codes, None, "codes of countries, which the numbers beside them are without"),
        ];
        let found = found.into_iter().find(|(count, ..)| count * 2 > filled);
        overlooked.extend(found.map(|(_, field, words)| Overlooked {
            name: name.clone(),
            field,
            words,
        }));
    }
    overlooked
}

/// Whether it holds a number that does not say its country.
fn is_bare(cell: &str) -> bool {
    let cell = cell.trim_start_matches(['(', ' ', '\'']);
    cell.starts_with(|it: char| it.is_ascii_digit()) && !cell.starts_with("00")
}

/// Whether it is written as the code of a country: `49`, `+49` or `0049`.
fn is_code_of_country(cell: &str) -> bool {
    let code = cell.trim().trim_start_matches(['+', '0']);
    (1..=3).contains(&code.len()) && code.chars().all(|it| it.is_ascii_digit())
}

/// The numbers of a cell that holds nothing else, or its e-mail addresses.
fn ways(cell: &str, country: Option<Region>) -> Vec<String> {
    if cell.contains('@') {
        return emails(cell)
            .into_iter()
            .filter_map(Result::ok)
            .map(|it| it.to_lowercase())
            .collect();
    }
    if is_date(cell) {
        return Vec::new();
    }
    let numbers = numbers::numbers(cell, country).into_iter();
    let numbers =
        numbers.map(|number| number.ok().map(|number| number.e164)).collect::<Option<_>>();
    numbers.unwrap_or_else(|| {
        // Without its country nobody knows which number it is, and yet it is one.
        let signs = |it: char| it.is_ascii_digit() || " ()-./".contains(it);
        let digits = cell.chars().filter(char::is_ascii_digit).count();
        let is_local = country.is_none()
            && cell.starts_with(['0', '('])
            && cell.chars().all(signs)
            && BARE.contains(&digits);
        is_local.then(|| cell.to_owned()).into_iter().collect()
    })
}

/// Whether it is written as `2026-01-31`, or `31.01.2026`.
fn is_date(cell: &str) -> bool {
    let date = cell.split([' ', 'T']).next().unwrap_or_default();
    ['-', '.', '/'].iter().any(|sign| {
        let mut lengths: Vec<_> = date.split(*sign).map(str::len).collect();
        lengths.sort_unstable();
        matches!(lengths.as_slice(), [1..=2, 1..=2, 2 | 4])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::csv;

    fn looked(text: &str, told: &[&str], country: &str) -> String {
        let told: Vec<_> = told.iter().map(|it| (*it).to_owned()).collect();
        let country = numbers::country(country).ok();
        Columns::of(&csv::read(text), &told, country)
            .map_or_else(|why| why.to_string(), |_| String::new())
    }

    #[test]
    fn a_column_of_numbers_or_addresses_is_left_out_only_on_purpose() {
        for (column, cells, country, map) in [
            ("Durchwahl", ["+1 415 555 0123", "+1 415 555 0124", "none"], "", "Durchwahl=phone"),
            ("Emergency", ["0981 222 333", "(0981) 222334", ""], "", "Emergency=phone"),
            ("Emergency", ["0981222333", "981 222 334", ""], "PY", "Emergency=phone"),
            ("Wapp", ["595981222333", "595981222334", "x"], "PY", "Wapp=phone"),
            ("Login", ["ada@example.com", "<bob@example.com>", "-"], "", "Login=email"),
        ] {
            let [one, two, three] = cells;
            let text = format!("name,phone,{column}\nA,1,{one}\nB,2,{two}\nC,3,{three}\n");
            let why = looked(&text, &[], country);
            assert!(why.contains(&format!("--map \"{map}\" takes them")), "{column}: {why}");
            let ignored = format!("{column}=ignore");
            assert!(why.contains(&ignored), "{why}");
            assert_eq!(looked(&text, &[&ignored], country), "");
            assert_eq!(looked(&text, &[map], country), "");
        }
    }

    #[test]
    fn what_is_no_number_or_stands_elsewhere_in_its_row_is_left_out_without_a_word() {
        for (column, cells) in [
            ("Display", ["ada@example.com", "BOB@example.com"]),
            ("Fax", ["+595981222335", "+595981222336"]),
            ("Record ID", ["595981222333", "595981222334"]),
            ("Since", ["2026-01-31", "2026-02-01 10:00"]),
            ("Until", ["31.01.2026", "31/01/2026"]),
            ("Notes", ["call +595981222335", "-"]),
            ("Amount", ["1234.50", "99999999"]),
            ("Ask", ["+595981222339", "no"]),
        ] {
            let [one, two] = cells;
            let text = format!(
                "name,phone,email,{column}\nA,0981222331,ada@example.com,{one}\n\
                 B,0981222332,bob@example.com,{two}\n"
            );
            for country in ["PY", "DE", "FI"] {
                assert_eq!(looked(&text, &[], country), "", "{column} of {country}");
            }
        }
    }

    #[test]
    fn codes_of_countries_beside_bare_numbers_are_left_out_only_on_purpose() {
        for name in ["Country code", "Phone 1 - Country Code", "Ländervorwahl", "Dial code"] {
            let text = |one: &str| format!("name,{name},phone\nA,+49,{one}\nB,33,612345678\n");
            let why = looked(&text("1711234567"), &[], "DE");
            assert!(why.contains("codes of countries") && why.contains("in one column"), "{why}");
            assert_eq!(looked(&text("1711234567"), &[&format!("{name}=ignore")], "DE"), "");
        }
        for text in [
            "name,country code,phone\nA,49,+491711234567\nB,33,0033612345678\n",
            "name,country code,phone\nA,DE,1711234567\nB,FR,1711234568\n",
        ] {
            assert_eq!(looked(text, &[], "DE"), "", "{text}");
        }
    }

    #[test]
    fn where_no_column_is_known_one_that_looks_right_is_the_example_or_none() {
        let why = looked("who,what,reach\nAda,1,+595981222333\n", &[], "");
        assert!(
            why.contains("say by --map which does, such as --map \"reach=phone\". There"),
            "{why}"
        );
        let why = looked("who,what\nAda,1\n", &[], "");
        assert!(why.contains("say by --map which does. There are who, what"), "{why}");
    }
}
