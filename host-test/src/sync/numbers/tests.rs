//! Numbers in the forms that address books hold.

use super::*;

/// The numbers of a cell, and what is wrong with those that are none.
fn read(cell: &str, code: &str) -> Vec<String> {
    let country = Some(code).filter(|code| !code.is_empty()).map(|code| country(code).unwrap());
    let shown = |number: Result<Number, String>| match number {
        Ok(Number { e164, extension: None }) => e164,
        Ok(Number { e164, extension: Some(extension) }) => format!("{e164} ext {extension}"),
        Err(why) => why,
    };
    numbers(cell, country).into_iter().map(shown).collect()
}

#[test]
fn a_number_is_known_in_every_form_that_address_books_hold() {
    for (cell, country) in [
        ("+595 981 222-333", ""),
        ("00595981222333", ""),
        ("00 (595) 981 222333", "US"),
        ("+00595 981 222 333", ""),
        ("(+595) 981.222.333", ""),
        ("+595 (0)981 222 333", ""),
        ("(0981) 222 333", "PY"),
        ("0981222333", "py"),
        ("981222333", "PY"),
        ("595981222333", "PY"),
        ("595981222333.0", "PY"),
        ("'+595981222333", ""),
        ("’+595981222333", ""),
        ("=\"+595981222333\"", ""),
        ("=“+595981222333”", ""),
        ("\u{202a}+595\u{a0}981\u{202f}222\u{2011}333\u{202c}", ""),
        ("\u{200e}+595981222333\u{feff}", ""),
        ("＋５９５　９８１２２２３３３", ""),
        ("٠٩٨١٢٢٢٣٣٣", "PY"),
        ("tel:+595-981-222-333", ""),
        ("TEL:+595981222333", ""),
        ("+595981222333;", ""),
        ("+595981222333,", ""),
    ] {
        assert_eq!(read(cell, country), ["+595981222333"], "{cell}");
    }
    assert_eq!(read("+39 06 698 1234", ""), ["+39066981234"], "a zero that belongs to it");
    assert_eq!(read("011 15 1234-5678", "AR"), ["+5491112345678"]);
    assert_eq!(read("+54 9 11 1234 5678", ""), ["+5491112345678"]);
    for mexican in ["+52 1 55 1234 5678", "0052 1 55 1234 5678", "+52 55 1234 5678"] {
        assert_eq!(read(mexican, ""), ["+525512345678"], "{mexican}");
    }
    assert_eq!(key("5215512345678"), key("+525512345678"));
    assert_eq!(read("01144 20 7946 0958", "US"), ["+442079460958"]);
}

#[test]
fn a_number_that_may_be_of_two_countries_is_refused_with_both() {
    for (cell, country, of_country, whole) in [
        ("491711234589", "DE", "+49491711234589", "+491711234589"),
        ("49 171 1234589", "DE", "+49491711234589", "+491711234589"),
        ("tel:491711234589", "DE", "+49491711234589", "+491711234589"),
        ("447911123456", "DE", "+49447911123456", "+447911123456"),
        ("595981222333", "DE", "+49595981222333", "+595981222333"),
        ("436641234567", "DE", "+49436641234567", "+436641234567"),
        ("5511912345678", "DE", "+495511912345678", "+5511912345678"),
    ] {
        let [read] = read(cell, country).try_into().unwrap();
        let both = format!("may be {of_country}, of {country}, or {whole}: write it with +");
        assert!(read.contains(&both), "{cell}: {read}");
    }
    for (cell, country, expected) in [
        ("0491711234589", "DE", "+49491711234589"),
        ("493012345678", "DE", "+493012345678"),
        ("030901820", "DE", "+4930901820"),
        ("436641234567", "AT", "+436641234567"),
        ("393331234567", "IT", "+393331234567"),
        ("34612345678", "ES", "+34612345678"),
        ("612345678", "ES", "+34612345678"),
        ("4155550123", "US", "+14155550123"),
        ("14155550123", "US", "+14155550123"),
        ("11912345678", "BR", "+5511912345678"),
        ("51987654321", "BR", "+5551987654321"),
        ("5551987654321", "BR", "+5551987654321"),
        ("8 495 123-45-67", "RU", "+74951234567"),
    ] {
        assert_eq!(read(cell, country), [expected], "{cell} of {country}");
    }
    let one_too_many = read("41555501234", "US");
    assert!(one_too_many[0].contains("no number of US; if it is +41555501234"));
}

#[test]
fn the_way_out_of_a_country_is_its_own_or_the_number_is_refused() {
    for (cell, country, expected) in [
        ("009 1 212 555 0123", "NG", ""),
        ("009 64 21 123 4567", "NG", ""),
        ("0011 65 9234 5678", "AU", ""),
        ("001 65 9234 5678", "HK", ""),
        ("001 47 479 12 345", "SG", ""),
        ("0011 1 212-555-0123", "AU", "+12125550123"),
        ("0011 354 611 1234", "AU", ""),
        ("0021 1 212 555 0123", "BR", "+12125550123"),
        ("00 44 7911 123456", "DE", "+447911123456"),
        ("(00) 44 7911 123456", "US", "+447911123456"),
        ("010 44 7911 123456", "JP", "+447911123456"),
        ("0011 354 611 1234", "", ""),
        ("00 1 415 555 0123", "", "+14155550123"),
    ] {
        let [read] = read(cell, country).try_into().unwrap();
        match expected {
            "" => assert!(read.contains("write it with +"), "{cell} of {country}: {read}"),
            _ => assert_eq!(read, expected, "{cell} of {country}"),
        }
    }
}

#[test]
fn a_bare_number_of_an_unusual_length_may_be_one_of_another_country() {
    for (cell, country) in
        [("33612345678", "LU"), ("33612345678", "IT"), ("96550012345", "CZ"), ("33612345678", "DE")]
    {
        let [read] = read(cell, country).try_into().unwrap();
        assert!(read.contains("may be") && read.contains("write it with +"), "{cell}: {read}");
    }
    for (cell, country, expected) in [
        ("3361234567", "IT", "+393361234567"),
        ("621123456", "LU", "+352621123456"),
        ("601123456", "CZ", "+420601123456"),
        ("27123456", "LU", "+35227123456"),
    ] {
        assert_eq!(read(cell, country), [expected], "{cell} of {country}");
    }
}

#[test]
fn a_stroke_parts_numbers_unless_it_stands_after_an_area() {
    for cell in ["030/901820", "+49 30/901820", "030/90 18-20", "030 / 901820", "+49 30 / 901820"] {
        assert_eq!(read(cell, "DE"), ["+4930901820"], "{cell}");
    }
    for cell in [
        "+49 30 901855 / 56",
        "+49 40 1234 / 5678",
        "+49 30 901855/56",
        "+49 30 901855/5678",
        "030/901855/56",
    ] {
        let [read] = read(cell, "DE").try_into().unwrap();
        assert!(read.contains("may be several numbers"), "{cell}: {read}");
    }
}

#[test]
fn what_a_spreadsheet_wrote_is_read_where_no_digit_is_lost() {
    for cell in ["4.36641234567E11", "4,36641234567E+11", "436641234567E0", "436641234567.00"] {
        assert_eq!(read(cell, "AT"), ["+436641234567"], "{cell}");
    }
    assert_eq!(read("5.95981222333E+11", "PY"), ["+595981222333"]);
    for cell in ["4930901846.50", "+4930901846.5", "5.959812223331E+11"] {
        let [read] = read(cell, "DE").try_into().unwrap();
        assert!(read.contains("a spreadsheet"), "{cell}: {read}");
    }
    assert_eq!(read("06 12 34 56 78", "FR"), read("06.12.34.56.78", "FR"));
}

#[test]
fn an_extension_is_told_and_parts_nothing() {
    for cell in [
        "tel:+1-415-555-0123;ext=5",
        "+1 415 555 0123 ext. 5",
        "+1 415 555 0123 x5",
        "+1 (415) 555-0123,,5",
        "+14155550123;ext=5",
        "+1 415 555 0123 #5",
    ] {
        assert_eq!(read(cell, ""), ["+14155550123 ext 5"], "{cell}");
    }
}

#[test]
fn several_numbers_in_a_cell_are_several() {
    let both = ["+595981222333", "+14155550123"];
    for between in [" ::: ", ";", ", ", "\n", "\r\n", " | "] {
        assert_eq!(read(&both.join(between), ""), both, "{between}");
    }
    for between in [" ", " / ", "/", "  "] {
        assert_eq!(read(&both.join(between), ""), both, "{between}");
    }
    let local = ["+595981222333", "+595981222334"];
    for cell in ["0981222333 0981222334", "0981 222 333 / 0981 222 334", "0981222333/0981222334"] {
        assert_eq!(read(cell, "PY"), local, "{cell}");
    }
    let three = read("tel:+14155550123;ext=5; +595981222333 ::: 12", "");
    assert_eq!(three[..2], ["+14155550123 ext 5", "+595981222333"]);
    assert!(three[2].contains("--country"), "{three:?}");
}

#[test]
fn what_could_be_another_number_is_refused_with_the_reason() {
    for (cell, country, why) in [
        ("5.95981E+11", "PY", "shortened"),
        ("5,95981E+11", "", "shortened"),
        ("+1 800 FLOWERS", "", "letters"),
        ("0800-TAXI", "PY", "letters"),
        ("home: 0981222333", "PY", "letters"),
        ("0981 222 333", "", "--country"),
        ("595981222333", "", "--country"),
        ("+59598122233", "", "digits"),
        ("+595981222333444", "", ""),
        ("911", "US", "of US"),
        ("555-0123", "US", "of US"),
        ("*144#", "PY", ""),
        ("+", "", ""),
        ("n/a", "PY", "letters"),
        ("+999 12345678", "", ""),
    ] {
        let [read] = read(cell, country).try_into().unwrap();
        assert!(read.contains("is no number") && read.contains(why), "{cell}: {read}");
    }
    assert_eq!(read(" ; ,\n", ""), [""; 0]);
}

#[test]
fn stored_numbers_are_known_by_their_digits() {
    for stored in ["+595 981 222333", "595981222333", "00595981222333"] {
        assert_eq!(key(stored), "+595981222333", "{stored}");
    }
    assert_eq!(key("12 34"), "+1234");
    assert!(country("XX").is_err() && country("").is_err() && country("PYG").is_err());
}
