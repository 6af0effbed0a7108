//! What does the name of a column mean? Tools call what they export much the same, in
//! several languages.

/// What a column can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    FirstName,
    LastName,
    /// The whole name, where there are no parts of it.
    Name,
    /// A name for whom has no other.
    Company,
    Phone,
    WhatsappPhone,
    Email,
    Address,
    /// A part of the address of this name.
    AddressPart(String),
    Picture,
}

impl Field {
    /// Whether somebody can be called by it.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self, Self::FirstName | Self::LastName | Self::Name | Self::Company)
    }

    /// Whether it is a way to reach somebody.
    pub(crate) fn is_way(&self) -> bool {
        use Field::{Address, AddressPart, Email, Phone, WhatsappPhone};
        matches!(self, Phone | WhatsappPhone | Email | Address | AddressPart(_))
    }
}

/// What columns are called where they hold it, as a whole: without numbers, accents, and the
/// words that tell only which of several it is.
const NAMES: [(Field, &[&str]); 9] = [
    (
        Field::FirstName,
        &[
            "first name",
            "firstname",
            "forename",
            "voornaam",
            "given name",
            "vorname",
            "prenom",
            "primer nombre",
            "nombre de pila",
            "primeiro nome",
        ],
    ),
    (
        Field::LastName,
        &[
            "last name",
            "lastname",
            "family name",
            "surname",
            "achternaam",
            "nachname",
            "familienname",
            "nom de famille",
            "apellido",
            "apellidos",
            "sobrenome",
            "apelido",
            "cognome",
        ],
    ),
    (
        Field::Name,
        &[
            "name",
            "full name",
            "fullname",
            "display name",
            "contact name",
            "contact",
            "nombre",
            "nombre completo",
            "nome",
            "nome completo",
            "nom",
            "nom complet",
        ],
    ),
    (
        Field::Company,
        &[
            "company",
            "company name",
            "organization",
            "organization name",
            "organisation",
            "associated company",
            "empresa",
            "compania",
            "firma",
            "unternehmen",
            "societe",
            "entreprise",
            "azienda",
        ],
    ),
    (Field::WhatsappPhone, &["wa id", "whatsapp id"]),
    (Field::Phone, &["car phone", "company phone", "contact number", "contact no"]),
    (Field::Email, &["email id"]),
    (Field::Address, &["postal address", "mailing address", "address formatted"]),
    (
        Field::Picture,
        &[
            "photo",
            "photo url",
            "picture",
            "picture url",
            "avatar",
            "avatar url",
            "image url",
            "foto",
            "profile pic url",
        ],
    ),
];

/// What a word of a column's name tells of what it holds.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Whatsapp,
    Phone,
    /// A phone, and beside another word which of several.
    Mobile,
    Email,
    Address,
    /// Which of several it is.
    Which,
    /// The same, or nothing, beside one of those above; in a name of somebody it is more.
    Beside,
}

/// The words of which a name may be made, in any order. With any other it tells of something
/// else about it: `Phone Type`, `Email opt-in`.
const WORDS: [(Word, &str); 7] = [
    (Word::Whatsapp, "whatsapp wa"),
    (
        Word::Phone,
        "phone phones phonenumber telephone tel telnr telnummer fon iphone msisdn cell cellphone \
         mobilephone telefon telefonnummer mobiltelefon mobilnummer mobilfunk mobilfunknummer \
         mobilrufnummer handy handynummer rufnummer festnetz festnetznummer telefono telefonos tlf \
         celular cel cellulare telefone telemovel telefoon telefoonnummer gsm",
    ),
    (Word::Mobile, "mobile mobil movil portable mobiel"),
    (
        Word::Email,
        "email emails mail correo courriel messagerie elettronica emailadresse mailadresse \
         emailadres",
    ),
    (Word::Address, "address adresse anschrift direccion domicilio endereco indirizzo adres"),
    (
        Word::Which,
        "home work business other primary main private personal number value numero nummer principal \
         privat geschaftlich trabajo casa",
    ),
    (
        Word::Beside,
        "office contact alternate alternative secondary second landline num nr privates beruflich \
         dienstlich weiteres weitere zweites andere arbeit oficina particular laboral fijo otro \
         secundario travail bureau domicile fixe professionnel personnel autre lavoro ufficio fisso \
         altro trabalho fixo outro residencial comercial werk prive thuis zakelijk de del di do du \
         of la posta electronico electronica electronique eletronico",
    ),
];

fn word(wanted: &str) -> Option<Word> {
    let of = |(_, words): &&(Word, &str)| words.split(' ').any(|it| it == wanted);
    WORDS.iter().find(of).map(|(word, _)| *word)
}

/// What a name holds of which all words are known.
fn by_words(plain: &str) -> Option<Field> {
    // Before a word it would say that there is none.
    let plain = plain.strip_suffix(" no").unwrap_or(plain);
    let words = plain.split(' ').map(word).collect::<Option<Vec<_>>>()?;
    let has = |word: Word| words.contains(&word);
    let is_phone = has(Word::Phone) || has(Word::Mobile);
    match (has(Word::Whatsapp), has(Word::Email), has(Word::Address)) {
        (true, false, false) => Some(Field::WhatsappPhone),
        (false, true, _) if !has(Word::Phone) => Some(Field::Email),
        (false, false, true) if !is_phone => Some(Field::Address),
        (false, false, false) if is_phone => Some(Field::Phone),
        _ => None,
    }
}

/// By what nobody can be called, of which a name or a label tells.
pub(crate) fn machine(text: &str) -> Option<&'static str> {
    let known = [("fax", "fax"), ("telecop", "fax"), ("pager", "pager")];
    known.into_iter().find(|(word, _)| plain(text).contains(word)).map(|(_, it)| it)
}

/// Whether it holds the code of a country that belongs before each number of its row.
pub(crate) fn is_code(name: &str) -> bool {
    const CODES: [&str; 13] = [
        "country code",
        "country dial code",
        "country calling code",
        "phone country code",
        "dial code",
        "dialing code",
        "calling code",
        "phone code",
        "landervorwahl",
        "landesvorwahl",
        "codigo de pais",
        "codigo pais",
        "indicatif",
    ];
    let name = plain(&parted(name));
    CODES
        .iter()
        .any(|code| name == *code || name.strip_suffix(code).is_some_and(|it| it.ends_with(' ')))
}

/// Whether digits alone are something else there than a number to call.
pub(crate) fn is_id(name: &str) -> bool {
    let ids = ["id", "ids", "uid", "uuid", "vid", "key", "account", "konto", "date", "zip", "iban"];
    plain(&parted(name)).split(' ').any(|word| ids.contains(&word))
}

/// Whether one column tells which of several the other holds, as `Phone 2 - Type` does of
/// `Phone 2 - Value`.
pub(crate) fn is_label_of(label: &str, column: &str) -> bool {
    let words = |name: &str| {
        let signs = |it: char| !it.is_alphanumeric();
        name.to_lowercase().split(signs).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let (mut label, mut column): (Vec<String>, Vec<String>) = (words(label), words(column));
    let ends = |words: &[String], ends: &[&str]| {
        words.last().is_some_and(|word| ends.contains(&word.as_str()))
    };
    if !ends(&label, &["label", "type", "typ", "tipo", "kind", "etiqueta", "bezeichnung"]) {
        return false;
    }
    label.pop();
    if ends(&column, &["value", "number", "valor", "wert", "nummer"]) && label != column {
        column.pop();
    }
    label == column
}

/// The parts of an address, in the order in which a letter has them.
const PARTS: [(usize, &[&str]); 6] = [
    (0, &["street", "street address", "calle", "strasse", "rue", "rua"]),
    (1, &["city", "town", "ciudad", "stadt", "ort", "ville", "cidade"]),
    (2, &["state", "region", "state region", "province", "provincia", "bundesland", "estado"]),
    (
        3,
        &[
            "postal code",
            "zip",
            "zip code",
            "postcode",
            "codigo postal",
            "plz",
            "code postal",
            "cep",
        ],
    ),
    (4, &["country", "country region", "pais", "land", "pays"]),
    (5, &["po box", "apartado"]),
];

/// The place of a part within its address.
pub(crate) fn part(name: &str) -> usize {
    part_of(&plain(name)).map_or(PARTS.len(), |(place, _)| place)
}

/// Whether it is the part without which a letter finds nobody.
pub(crate) fn has_street(name: &str) -> bool {
    part(name) == 0
}

/// Whether it is a family name where it stands beside a given one.
pub(crate) fn is_family_name(name: &str) -> bool {
    plain(name) == "nom"
}

/// What a column of this name holds.
pub(crate) fn meaning(name: &str) -> Option<Field> {
    let named = |plain: &str| {
        let mut fields = NAMES.iter().filter(|(_, names)| names.contains(&plain));
        fields.next().map(|(field, _)| field.clone())
    };
    let without = |plain: &str| {
        let words: Vec<_> = plain.split(' ').filter(|it| word(it) != Some(Word::Which)).collect();
        words.join(" ")
    };
    // `phoneNumber` is two words, and `iPhone` one.
    [plain(&parted(name)), plain(name)].iter().find_map(|plain| {
        named(plain).or_else(|| by_words(plain)).or_else(|| named(&without(plain))).or_else(|| {
            let (_, part) = part_of(plain)?;
            Some(Field::AddressPart(plain.strip_suffix(part)?.trim().to_owned() + &numbers(name)))
        })
    })
}

/// The part that a column's name ends in.
fn part_of(plain: &str) -> Option<(usize, &'static str)> {
    let before = |part: &str| {
        let rest = plain.strip_suffix(part)?.trim();
        let known = ["", "address", "adresse", "direccion"];
        let is_known =
            rest.split(' ').all(|it| known.contains(&it) || word(it) == Some(Word::Which));
        is_known.then_some(())
    };
    let parts = PARTS.iter().flat_map(|(place, names)| names.iter().map(move |it| (*place, *it)));
    let fitting = parts.filter(|(_, part)| before(part).is_some());
    // `Street Address` ends in more than `Address` does.
    fitting.max_by_key(|(_, part)| part.len())
}

/// The digits in a name: they tell one address from the next.
fn numbers(name: &str) -> String {
    name.chars().filter(char::is_ascii_digit).collect()
}

/// Words in lower case without accents, signs and numbers.
fn plain(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_lowercase).map(without_accent);
    let letters: String = letters
        .map(|letter| if letter.is_alphabetic() { letter } else { ' ' })
        .collect::<String>()
        .replace('ß', "ss");
    let words = letters.split_whitespace().collect::<Vec<_>>().join(" ");
    // One word that is written as two.
    let joined =
        format!(" {words}").replace(" e mail", " email").replace(" whats app", " whatsapp");
    joined.trim().to_owned()
}

/// With a space before each capital that follows a small letter.
fn parted(name: &str) -> String {
    let mut parted = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && parted.ends_with(char::is_lowercase) {
            parted.push(' ');
        }
        parted.push(letter);
    }
    parted
}

/// The letter as those write it who have no accents.
pub(crate) fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_number_or_an_address_is_known_by_its_words() {
        for (field, names) in [
            (
                Field::Phone,
                "Telefonnummer|Mobilnummer|Handynummer|Rufnummer|Telefon (mobil)|Weiteres Telefon|\
                 Telefon geschäftlich|Tel.-Nr.|Número de teléfono|Teléfono particular|\
                 Teléfono del trabajo|Particular: teléfono|Teléfono fijo|Numéro de téléphone|\
                 Téléphone (travail)|Téléphone (bureau)|Téléphone (domicile)|Tél. mobile|\
                 Phone (mobile)|Phone No.|phoneNumber|mobilePhone|MOBILE_PHONE|Phone 2|iPhone|\
                 Contact Number|Numero di telefono|Número de celular|Telefone comercial|\
                 Telefoonnummer|Mobile|Business Phone 2|Phone 1 - Value",
            ),
            (
                Field::WhatsappPhone,
                "Número de WhatsApp|WhatsApp|whatsapp-phone|Whats App Nr.|WhatsAppNumber|wa_id|\
                 WhatsApp (Mobil)",
            ),
            (
                Field::Email,
                "Adresse de messagerie|E-Mail-Adresse|E-mail 2 Address|eMail|Email (work)|Mail|\
                 Dirección de correo electrónico|Correo|Indirizzo di posta elettronica|\
                 Adresse e-mail|E-mailadres|emailAddress|Email ID",
            ),
            (Field::Address, "Home Address|Adresse (privat)|Dirección|Address 1 - Formatted|adres"),
        ] {
            for name in names.split('|') {
                assert_eq!(meaning(name), Some(field.clone()), "{name}");
            }
        }
    }

    #[test]
    fn what_tells_of_something_else_about_it_is_not_taken_for_it() {
        for name in "Phone Extension|Phone Type|Phone verified|Telephone consent|Email opt-in|\
                     Email status|Address Type|No Phone|No Email|Has phone|Phone 1 - Label|Home|\
                     Number|Nummer|Mobile App|Email phone|Correo postal|E-mail Display Name|\
                     IP address|Phone provider|Business Fax|Telefax|Faxnummer|Fax (privat)|\
                     Número de fax|Télécopie (bureau)|Fax mobile|Other Fax|Phone fax|Durchwahl"
            .split('|')
        {
            assert_eq!(meaning(name), None, "{name}");
        }
        for name in
            ["Business Fax", "Telefax", "Faxnummer", "Télécopie (bureau)", "HomeFax", "Pager"]
        {
            let expected = if name == "Pager" { "pager" } else { "fax" };
            assert_eq!(machine(name), Some(expected), "{name}");
        }
    }
}
