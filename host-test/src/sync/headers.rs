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
    /// Whether it is a way to reach somebody.
    pub(crate) fn is_way(&self) -> bool {
        use Field::{Address, AddressPart, Email, Phone, WhatsappPhone};
        matches!(self, Phone | WhatsappPhone | Email | Address | AddressPart(_))
    }
}

/// What columns are called where they hold it: without numbers, accents, and the words
/// that tell only which of several it is.
const NAMES: [(Field, &[&str]); 9] = [
    (
        Field::FirstName,
        &[
            "first name",
            "firstname",
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
    (
        Field::WhatsappPhone,
        &[
            "whatsapp",
            "whatsapp phone",
            "whats app",
            "wa",
            "telefono whatsapp",
            "celular whatsapp",
            "wa id",
        ],
    ),
    (
        Field::Phone,
        &[
            "phone",
            "phones",
            "mobile",
            "mobile phone",
            "cell",
            "cell phone",
            "cellphone",
            "company phone",
            "car phone",
            "telephone",
            "tel",
            "msisdn",
            "telefono",
            "telefonos",
            "telefono movil",
            "telefono celular",
            "telefono fijo",
            "movil",
            "celular",
            "telefon",
            "mobiltelefon",
            "mobil",
            "handy",
            "telefone",
            "telemovel",
            "portable",
            "telephone portable",
            "telephone mobile",
            "cellulare",
            "telefono cellulare",
        ],
    ),
    (
        Field::Email,
        &[
            "email",
            "e mail",
            "emails",
            "email address",
            "e mail address",
            "mail",
            "correo",
            "correo electronico",
            "direccion de correo electronico",
            "e mail adresse",
            "courriel",
            "adresse e mail",
            "adresse email",
            "endereco de email",
            "posta elettronica",
        ],
    ),
    (
        Field::Address,
        &[
            "address",
            "postal address",
            "mailing address",
            "address formatted",
            "direccion",
            "domicilio",
            "adresse",
            "anschrift",
            "endereco",
            "indirizzo",
        ],
    ),
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

/// Words that tell only which of several it is.
const WHICH: [&str; 17] = [
    "home",
    "work",
    "business",
    "other",
    "primary",
    "main",
    "private",
    "personal",
    "number",
    "value",
    "numero",
    "nummer",
    "principal",
    "privat",
    "geschaftlich",
    "trabajo",
    "casa",
];

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
    let plain = plain(name);
    let without: Vec<_> = plain.split(' ').filter(|word| !WHICH.contains(word)).collect();
    let without = without.join(" ");
    let named = |wanted: &str| {
        let mut fields = NAMES.iter().filter(|(_, names)| names.contains(&wanted));
        fields.next().map(|(field, _)| field.clone())
    };
    // A bare `Number` or `Home` means nothing.
    named(&plain).or_else(|| named(&without)).or_else(|| {
        let (_, part) = part_of(&plain)?;
        Some(Field::AddressPart(plain.strip_suffix(part)?.trim().to_owned() + &numbers(name)))
    })
}

/// The part that a column's name ends in.
fn part_of(plain: &str) -> Option<(usize, &'static str)> {
    let before = |part: &str| {
        let rest = plain.strip_suffix(part)?.trim();
        let known = ["", "address", "adresse", "direccion"];
        let is_known = rest.split(' ').all(|it| known.contains(&it) || WHICH.contains(&it));
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
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
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
