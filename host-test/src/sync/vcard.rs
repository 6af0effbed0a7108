//! What stands in cards of address books, of versions 2.1, 3.0 and 4.0?
//!
//! Cards are parted here, so that a broken one takes no other along.

use std::borrow::Cow;

use calcard::{
    common::IanaType,
    vcard::{VCard, VCardEntry, VCardProperty, VCardType},
};
use encoding_rs::Encoding;

use super::{
    headers::machine,
    source::{Row, Table},
};

/// The bytes with each line in UTF-8 that says which letters it has, and with no letter
/// parted by a line that goes on in the next. Lines stay where they are.
pub(crate) fn readable(bytes: Vec<u8>) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = in_utf_8(line);
        // The rest of a letter stands behind the blank by which a line goes on.
        let rest = match line.split_first() {
            Some((b' ' | b'\t', rest)) => rest.iter().take_while(|it| is_rest(**it)).count(),
            _ => 0,
        };
        match lines.last_mut().filter(|before| rest > 0 && !before.is_ascii()) {
            Some(before) => {
                let end = before.iter().rposition(|it| !matches!(it, b'\r' | b'\n'));
                let end = end.map_or(0, |end| end + 1);
                before.splice(end..end, line.iter().skip(1).take(rest).copied());
                let blank = line.first().copied();
                lines.push(blank.into_iter().chain(line.into_iter().skip(1 + rest)).collect());
            }
            None => lines.push(line),
        }
    }
    lines.concat()
}

/// Whether a byte is one of a letter of several, but not its first.
fn is_rest(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// The line in UTF-8, where it says that it has other letters, as version 2.1 may.
fn in_utf_8(line: &[u8]) -> Vec<u8> {
    let head = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_uppercase();
    let named = head.split(';').find_map(|parameter| parameter.strip_prefix("CHARSET="));
    let encoding = named.and_then(|name| Encoding::for_label(name.trim_matches('"').as_bytes()));
    match encoding.filter(|_| std::str::from_utf8(line).is_err()) {
        Some(encoding) => encoding.decode_without_bom_handling(line).0.into_owned().into_bytes(),
        None => line.to_vec(),
    }
}

/// Reads the cards.
pub(crate) fn read(text: &str) -> Table {
    let of_old_macs = text.contains('\r') && !text.contains('\n');
    let text = &*if of_old_macs { Cow::Owned(text.replace('\r', "\n")) } else { text.into() };

    let mut table = Table::default();
    let mut card: Option<(u64, String)> = None;
    let mut outside: Option<(u64, u64)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let word = line.trim().to_ascii_uppercase();
        if word == "BEGIN:VCARD" {
            table.rows.extend(outside.take().map(unread));
        } else if card.is_none() && !word.is_empty() {
            outside = Some((outside.map_or(number, |(first, _)| first), number));
        }
        if word == "BEGIN:VCARD"
            && let Some((line, _)) = card.replace((number, String::new()))
        {
            table.rows.push(endless(line));
        }
        if let Some((_, text)) = &mut card {
            text.push_str(&with_named_encoding(line));
            text.push_str("\r\n");
        }
        if word == "END:VCARD"
            && let Some((line, text)) = card.take()
        {
            let cells = cells(&mut table, &text);
            table.rows.push(Row { line, cells });
        }
    }
    table.rows.extend(card.map(|(line, _)| endless(line)));
    table.rows.extend(outside.map(unread));
    table
}

/// The line with the name of its encoding's parameter, which version 2.1 leaves out.
fn with_named_encoding(line: &str) -> String {
    let Some((head, value)) = line.split_once(':') else { return line.to_owned() };
    let parameter = |parameter: &str| match parameter.to_ascii_uppercase().as_str() {
        "QUOTED-PRINTABLE" | "BASE64" => format!("ENCODING={parameter}"),
        _ => parameter.to_owned(),
    };
    let head = head.split(';').map(parameter).collect::<Vec<_>>().join(";");
    format!("{head}:{value}")
}

fn endless(line: u64) -> Row {
    Row { line, cells: Err("the card does not end: END:VCARD is missing".to_owned()) }
}

fn unread((line, last): (u64, u64)) -> Row {
    let to = if last > line { format!(" to line {last}") } else { String::new() };
    Row { line, cells: Err(format!("it is of no card{to}: BEGIN:VCARD is missing")) }
}

fn cells(table: &mut Table, text: &str) -> Result<Vec<(usize, String)>, String> {
    let card = VCard::parse(text).map_err(|_| "it is no card that can be read".to_owned())?;
    let mut cells = Vec::new();
    let mut add = |name: &str, value: String| {
        let column = table.column(name);
        if !value.trim().is_empty() {
            cells.push((column, value));
        }
    };
    for entry in &card.entries {
        let parts = parts(entry);
        let part = |place: usize| parts.get(place).cloned().unwrap_or_default();
        match &entry.name {
            VCardProperty::Fn => add("name", parts.join(", ")),
            VCardProperty::N => {
                add("last-name", part(0));
                add("first-name", [part(1), part(2)].join(" ").trim().to_owned());
            }
            VCardProperty::Org => add("company", part(0)),
            VCardProperty::Tel => add(number_column(entry, label(&card, entry)), parts.join(",")),
            VCardProperty::Email => add("email", part(0)),
            VCardProperty::Adr => add("address", address(&parts)),
            // A picture that is in the card itself has no url.
            VCardProperty::Photo => add("profile-pic-url", part(0)),
            VCardProperty::Impp => match whatsapp(entry, &part(0)) {
                Some(number) => add("whatsapp-phone", number.to_owned()),
                // Names of other services reach nobody here, which is told.
                None => add("impp", part(0)),
            },
            VCardProperty::Other(name) if name.to_ascii_uppercase().contains("WHATSAPP") => {
                add("whatsapp-phone", part(0));
            }
            _ => {}
        }
    }
    Ok(cells)
}

/// The parts of a value, such as those of a name; several texts of one part are one.
fn parts(entry: &VCardEntry) -> Vec<String> {
    let texts = entry.values.iter().map(|value| match value {
        calcard::vcard::VCardValue::Component(texts) => texts.join(" "),
        other => other.as_text().unwrap_or_default().to_owned(),
    });
    texts.map(|text| text.trim().to_owned()).collect()
}

/// What somebody called it, as `item1.X-ABLabel` does `item1.TEL`.
fn label<'a>(card: &'a VCard, of: &VCardEntry) -> &'a str {
    let is_it = |it: &&VCardEntry| {
        it.group.is_some()
            && it.group == of.group
            && it.name.as_str().to_ascii_uppercase().ends_with("ABLABEL")
    };
    let label = card.entries.iter().find(is_it).and_then(|label| label.values.first()?.as_text());
    label.unwrap_or_default()
}

/// Where a number belongs: one of a fax or a pager reaches nobody.
fn number_column(entry: &VCardEntry, label: &str) -> &'static str {
    if let Some(machine) = machine(label) {
        return machine;
    }
    let types = entry.params.iter().filter_map(|param| param.value.as_type());
    let is_whatsapp = label.to_lowercase().contains("whatsapp");
    let mut column = if is_whatsapp { "whatsapp-phone" } else { "phone" };
    for named in types {
        match named {
            IanaType::Iana(VCardType::Fax) => return "fax",
            IanaType::Iana(VCardType::Pager) => return "pager",
            IanaType::Other(name) if name.to_lowercase().contains("whatsapp") => {
                column = "whatsapp-phone";
            }
            _ => {}
        }
    }
    column
}

/// The number of WhatsApp in the url of a messenger, such as `whatsapp:+14155550123`, or one of
/// a scheme of its own whose service is named beside.
fn whatsapp<'a>(entry: &VCardEntry, url: &'a str) -> Option<&'a str> {
    let (scheme, number) = url.split_once(':')?;
    let is_whatsapp = |text: &str| text.to_lowercase().contains("whatsapp");
    let named = entry.params.iter().filter_map(|param| param.value.as_text());
    let is_number = |text: &str| {
        text.contains(|it: char| it.is_ascii_digit())
            && text.chars().all(|it| it.is_ascii_digit() || " +-().".contains(it))
    };
    let is_one = is_whatsapp(scheme) || named.into_iter().any(is_whatsapp);
    (is_one && is_number(number)).then_some(number)
}

/// Post box, extension, street, town, region, code and country, as a letter has them.
fn address(parts: &[String]) -> String {
    let part = |place: usize| parts.get(place).map(String::as_str).unwrap_or_default();
    let town = [part(5), part(3)].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
    let lines = [part(0), part(1), part(2), &town.join(" "), part(4), part(6)];
    lines.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Result<Vec<String>, String>)> {
        let table = read(text);
        let named = |(column, cell): (usize, String)| format!("{}={cell}", table.columns[column]);
        let rows = table.rows.into_iter().map(|row| {
            (row.line, row.cells.map(|cells| cells.into_iter().map(named).collect::<Vec<_>>()))
        });
        rows.collect()
    }

    #[test]
    fn cards_of_all_versions_are_read() {
        let text = "BEGIN:VCARD\r\nVERSION:2.1\r\n\
            N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:G=C3=B3mez;Mar=C3=ADa;;;\r\n\
            FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Mar=C3=ADa =\r\nG=C3=B3mez\r\n\
            TEL;CELL:+595981222333\r\nTEL;WORK;FAX:+595981222334\r\n\
            PHOTO;BASE64;JPEG:AAAA\r\nORG;QUOTED-PRINTABLE:=41=42\r\nEND:VCARD\r\n\
            BEGIN:VCARD\nVERSION:3.0\nFN:Ada Love\n lace\nN:Lovelace;Ada;;;\n\
            item1.TEL;type=WhatsApp:+1 415 555 0123\nitem1.X-ABLabel:x\n\
            EMAIL;type=INTERNET:ada@example.com\nADR;type=HOME:;;1 Example Street;Springfield;;1234;UK\n\
            END:VCARD\n\
            begin:vcard\nVERSION:4.0\nFN:Bob\nTEL;VALUE=uri:tel:+1-415-555-0123;ext=5\n\
            PHOTO:https://example.com/bob.jpeg\nORG:Example\\, Inc;Sales\nend:vcard\n";
        let [one, two, three] = rows(text).try_into().unwrap();
        let cells = one.1.unwrap();
        for cell in [
            "last-name=Gómez",
            "first-name=María",
            "name=María Gómez",
            "phone=+595981222333",
            "company=AB",
        ] {
            assert!(cells.iter().any(|it| it == cell), "{cell}: {cells:?}");
        }
        assert!(!cells.iter().any(|it| it.starts_with("phone=") && it.ends_with("4")), "{cells:?}");
        let expected = [
            "name=Ada Lovelace",
            "last-name=Lovelace",
            "first-name=Ada",
            "whatsapp-phone=+1 415 555 0123",
            "email=ada@example.com",
            "address=1 Example Street, 1234 Springfield, UK",
        ];
        assert_eq!((two.0, two.1.unwrap()), (11, expected.map(str::to_owned).to_vec()));
        let expected = [
            "name=Bob",
            "phone=tel:+1-415-555-0123;ext=5",
            "profile-pic-url=https://example.com/bob.jpeg",
            "company=Example, Inc",
        ];
        assert_eq!(three.1.unwrap(), expected.map(str::to_owned).to_vec());
    }

    #[test]
    fn what_a_number_is_called_tells_where_it_belongs() {
        let text = "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nitem1.TEL:+14155550123\n\
            item1.X-ABLabel:_$!<HomeFax>!$_\nitem2.TEL;type=VOICE:+14155550124\n\
            item2.X-ABLabel:WhatsApp\nitem3.TEL:+14155550125\nitem3.X-ABLabel:_$!<Other>!$_\n\
            TEL:+14155550126\nTEL;TYPE=pager:+14155550127\nIMPP:whatsapp:+14155550128\n\
            IMPP;X-SERVICE-TYPE=WhatsApp:x-apple:14155550129\nIMPP:whatsapp:ada\n\
            IMPP;X-SERVICE-TYPE=Jabber:xmpp:1\nEND:VCARD\n";
        let expected = [
            "name=Ada",
            "fax=+14155550123",
            "whatsapp-phone=+14155550124",
            "phone=+14155550125",
            "phone=+14155550126",
            "pager=+14155550127",
            "whatsapp-phone=+14155550128",
            "whatsapp-phone=14155550129",
            "impp=whatsapp:ada",
            "impp=xmpp:1",
        ];
        assert_eq!(rows(text)[0].1.as_ref().unwrap(), &expected);
    }

    #[test]
    fn lines_outside_of_cards_are_told() {
        let card = "BEGIN:VCARD\nFN:Ada\nEND:VCARD\n";
        let rows = rows(&format!("Contacts\n{card}\nTEL:1\n\nx\n{card}END:VCARD\n"));
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 6, 9, 12]);
        let broken: Vec<_> = rows.iter().filter_map(|row| row.1.as_ref().err()).collect();
        assert!(broken[0].contains("it is of no card:") && broken[1].contains("no card to line 8"));
        assert_eq!(broken.len(), 3);
    }

    #[test]
    fn letters_are_what_a_line_says_and_none_is_parted_by_a_fold() {
        let cards = b"BEGIN:VCARD\r\nFN:J\xc3\xb6rg \xc3\x96l\r\nEND:VCARD\r\nBEGIN:VCARD\r\n\
            FN:Caf\xc3\r\n \xa9 Ole\r\nNOTE:\xe2\r\n\t\x82\xacx\r\nEND:VCARD\r\nBEGIN:VCARD\r\n\
            N;CHARSET=windows-1251:\xc8\xe2\xe0\xed;\r\nEND:VCARD\r\n";
        let text = String::from_utf8(readable(cards.to_vec())).unwrap();
        let found: Vec<_> = rows(&text).into_iter().map(|row| (row.0, row.1.unwrap())).collect();
        let expected = [(1, "name=J\u{f6}rg \u{d6}l"), (4, "name=Caf\u{e9} Ole")];
        assert_eq!(found[..2], expected.map(|(line, cell)| (line, vec![cell.to_owned()])));
        assert_eq!((found[2].0, &*found[2].1[0]), (10, "last-name=\u{418}\u{432}\u{430}\u{43d}"));
        let plain = "BEGIN:VCARD\nFN:A\n  b\nEND:VCARD".as_bytes().to_vec();
        assert_eq!(readable(plain.clone()), plain);
    }

    #[test]
    fn lines_of_old_macs_are_lines() {
        let rows = rows("BEGIN:VCARD\rVERSION:3.0\rFN:Ada\rEND:VCARD\r");
        assert_eq!(rows, [(1, Ok(vec!["name=Ada".to_owned()]))]);
    }

    #[test]
    fn a_broken_card_takes_no_other_along() {
        let text = "BEGIN:VCARD\nFN:Lost\nBEGIN:VCARD\nFN:Ada\nEND:VCARD\nBEGIN:VCARD\nFN:Late\n";
        let rows = rows(text);
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 3, 6]);
        assert!(rows[0].1.is_err() && rows[2].1.is_err());
        assert_eq!(rows[1].1.as_ref().unwrap(), &["name=Ada"]);
    }
}
