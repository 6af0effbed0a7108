//! Which authority does a connector ask for: where does it send requests, and how does
//! it get the key?
//!
//! A connector states it in the docs of its world. That is a stranger's word: whoever
//! follows it has decided to trust that file, or has shown it to somebody who did.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::{
    docs::Docs,
    gate::{self, METHODS},
};

/// A vendor's API: where it is, what is asked of it, and how it takes the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Vendor {
    /// Where the API is, path included, unless a connection says otherwise.
    pub base_url: String,
    /// The methods of requests to it.
    pub methods: Vec<Method>,
    /// The header in which it expects the key.
    pub key_header: HeaderName,
    /// The environment variable in which its connector looks for the key, where no host
    /// puts it in.
    pub key_setting: Option<Setting>,
    /// The environment variable in which its connector looks for another base url.
    pub base_url_setting: Option<Setting>,
}

/// An environment variable that a connector reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence or a few.
    pub meaning: String,
}

/// What stands behind a form may have so many bytes.
const LONGEST: usize = 1_000;
/// What begins the lines that state it.
const ORIGIN: &str = "Origin: ";
const PATH: &str = "Path: ";
const METHODS_OF_IT: &str = "Methods: ";
const KEY_HEADER: &str = "Key header: ";
const KEY_SETTING: &str = "Key setting: ";
const BASE_URL_SETTING: &str = "Base URL setting: ";
const FORMS: [&str; 6] = [ORIGIN, PATH, METHODS_OF_IT, KEY_HEADER, KEY_SETTING, BASE_URL_SETTING];

impl Vendor {
    /// An API of which nothing else is stated: its connector finds it by itself.
    #[must_use]
    pub fn new(base_url: &str, key_header: HeaderName) -> Self {
        let (base_url, methods) = (base_url.to_owned(), METHODS.to_vec());
        Self { base_url, methods, key_header, key_setting: None, base_url_setting: None }
    }

    /// What a component states in the docs of its world.
    ///
    /// # Errors
    /// A sentence that says what is missing there, stands there twice, or cannot be used.
    pub fn stated(docs: &Docs) -> Result<Self, String> {
        let stated = lines(docs.world())?;
        let line = |form: &str| stated.get(form).map(String::as_str);
        let needed = |form: &str| {
            line(form).ok_or_else(|| format!("the docs of its world do not say `{form}…`"))
        };
        let wrong = |form: &str, why: &str| {
            let found = stated.get(form).map(String::as_str).unwrap_or_default();
            format!("the docs of its world say `{form}{found}`: {why}")
        };
        let origin = needed(ORIGIN)?;
        let is_long = stated.iter().find(|(_, said)| said.len() > LONGEST);
        if let Some((form, _)) = is_long {
            return Err(format!("the docs of its world say too much behind `{form}`"));
        }
        let is_origin = |url: &Url| url.origin().ascii_serialization() == origin;
        if !Url::parse(origin).is_ok_and(|url| is_origin(&url) && is_plain(&url)) {
            let why = "expected a scheme and a host, such as https://api.example.com";
            return Err(wrong(ORIGIN, why));
        }
        let path = line(PATH).unwrap_or_default();
        let base_url = format!("{origin}{}", path.trim_end_matches('/'));
        if !path.is_empty() && !path.starts_with('/') {
            return Err(wrong(PATH, "expected it to begin with /"));
        }
        let (url, _) = gate::base_url(&base_url).map_err(|why| wrong(ORIGIN, why))?;
        // As it will be sent.
        if url.as_str().trim_end_matches('/') != base_url {
            return Err(wrong(PATH, "expected a path as it stands in a request"));
        }

        let methods = needed(METHODS_OF_IT)?.split(',').map(str::trim);
        let known = |name: &str| {
            METHODS.iter().chain([&Method::HEAD]).find(|it| it.as_str() == name).cloned()
        };
        let methods = methods.map(known).collect::<Option<Vec<_>>>();
        let methods =
            methods.ok_or_else(|| wrong(METHODS_OF_IT, "expected names such as `GET, POST`"))?;
        let key_header = needed(KEY_HEADER)?.parse().ok().filter(gate::may_hold_a_key);
        let key_header = key_header
            .ok_or_else(|| wrong(KEY_HEADER, "expected the name of a header of its own"))?;
        let setting = |form| {
            line(form).map(|said| Setting::read(said).map_err(|why| wrong(form, why))).transpose()
        };
        let (key_setting, base_url_setting) = (setting(KEY_SETTING)?, setting(BASE_URL_SETTING)?);
        Ok(Self { base_url, methods, key_header, key_setting, base_url_setting })
    }

    /// Whether a component states anything of the kind, be it well or not.
    #[must_use]
    pub fn is_stated(docs: &Docs) -> bool {
        let mut lines = docs.world().lines().map(|line| line.trim().to_lowercase());
        lines.any(|line| FORMS.iter().any(|form| line.starts_with(form.to_lowercase().trim())))
    }

    /// The same as JSON, for whoever sets up a host.
    #[must_use]
    pub fn statement(&self) -> Value {
        let url = Url::parse(&self.base_url).ok();
        let origin = url.as_ref().map(|url| url.origin().ascii_serialization());
        let methods: Vec<_> = self.methods.iter().map(Method::as_str).collect();
        let setting = |it: &Option<Setting>| {
            it.as_ref().map(|it| json!({ "name": it.name, "meaning": it.meaning }))
        };
        json!({
            "origin": origin,
            "path": url.as_ref().map(Url::path),
            "methods": methods,
            "key-header": self.key_header.as_str(),
            "key-setting": setting(&self.key_setting),
            "base-url-setting": setting(&self.base_url_setting),
        })
    }
}

/// Whether its host is a name as names are, or an address: nothing that stands for many,
/// or for something else, where it is written down.
fn is_plain(url: &Url) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    match url.host() {
        Some(Host::Domain(name)) => name.chars().all(is_of_name),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

impl Setting {
    /// Its name, a full stop, and what it is for.
    fn read(said: &str) -> Result<Self, &'static str> {
        let (name, meaning) = said.split_once('.').unwrap_or((said, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("expected the name of an environment variable, then a full stop");
        }
        Ok(Self { name: name.to_owned(), meaning: meaning.trim().to_owned() })
    }
}

/// The lines of these forms, those of settings with the prose that goes on.
fn lines(docs: &str) -> Result<BTreeMap<&'static str, String>, String> {
    let mut found = BTreeMap::<_, String>::new();
    for (form, is_first, said) in marked(docs) {
        let Some(form) = form else { continue };
        if is_first && found.contains_key(form) {
            return Err(format!("the docs of its world say `{form}…` twice"));
        }
        let whole = found.entry(form).or_default();
        if !is_first {
            whole.push(' ');
        }
        whole.push_str(said.trim());
    }
    Ok(found)
}

/// The docs of a world without what it states in these forms.
pub(crate) fn without_forms(docs: &str) -> String {
    let prose = marked(docs).filter(|(form, ..)| form.is_none());
    prose.map(|(.., line)| line.to_owned() + "\n").collect()
}

/// Each line with the form that it is of, whether it begins it, and what it says.
fn marked(docs: &str) -> impl Iterator<Item = (Option<&'static str>, bool, &str)> {
    docs.lines().map(str::trim).scan(None, |last: &mut Option<&'static str>, line| {
        let begun = FORMS.into_iter().find_map(|form| Some((form, line.strip_prefix(form)?)));
        let goes_on = last.filter(|form| form.contains(" setting") && !line.is_empty());
        *last = begun.map(|(form, _)| form).or(goes_on);
        Some((*last, begun.is_some(), begun.map_or(line, |(_, said)| said)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(docs: &str) -> Result<Vendor, String> {
        let docs: String = docs.lines().map(|line| format!("/// {line}\n")).collect();
        Vendor::stated(&Docs::from_wit(format!("package a:b;\n{docs}world w {{}}\n")))
    }

    const WHOLE: &str = "A connector.\n\nOrigin: https://api.example.com:8443\nPath: /v1\n\
                         Methods: GET, DELETE\nKey header: X-Key\n\
                         Key setting: EXAMPLE_KEY. The key,\nif no host has it.\n\
                         Base URL setting: EXAMPLE_URL.\n\nNothing else.";

    #[test]
    fn what_a_world_states_is_read_and_told() {
        let vendor = stated(WHOLE).unwrap();
        assert_eq!(
            vendor.statement(),
            json!({
                "origin": "https://api.example.com:8443",
                "path": "/v1",
                "methods": ["GET", "DELETE"],
                "key-header": "x-key",
                "key-setting": { "name": "EXAMPLE_KEY", "meaning": "The key, if no host has it." },
                "base-url-setting": { "name": "EXAMPLE_URL", "meaning": "" },
            })
        );
        assert_eq!(vendor.base_url, "https://api.example.com:8443/v1");
        let fewer = WHOLE.replace(
            "Path: /v1
",
            "",
        );
        let fewer = stated(fewer.split_once("Key setting").unwrap().0).unwrap();
        assert_eq!((fewer.key_setting, fewer.base_url_setting), (None, None));
        assert_eq!(fewer.base_url, "https://api.example.com:8443");
    }

    #[test]
    fn what_cannot_be_followed_is_named() {
        for (from, to, why) in [
            ("Origin: https://api.example.com:8443", "", "do not say `Origin: …`"),
            ("https://api.example.com:8443", "https://a.example/x", "a scheme and a host"),
            ("https://api.example.com:8443", "https://u:p@a.example", "a scheme and a host"),
            ("https://api.example.com:8443", "https://*.example.com", "a scheme and a host"),
            ("https://api.example.com:8443", "https://{{x}}.example", "a scheme and a host"),
            ("https://api.example.com:8443", "http://a.example", "only on a loopback address"),
            ("https://api.example.com:8443", "ftp://a.example", "https"),
            ("Path: /v1", "Path: v1", "begin with /"),
            ("Path: /v1", "Path: /v1?x", "query"),
            ("GET, DELETE", "GET, CONNECT", "`GET, POST`"),
            ("GET, DELETE", "", "do not say `Methods: …`"),
            ("Key header: X-Key", "Key: X-Key", "do not say `Key header: …`"),
            ("X-Key", "Host", "name of a header"),
            ("X-Key", "transfer-encoding", "name of a header"),
            ("Path: /v1", "Path: /v\u{200b}1", "as it stands in a request"),
            ("Path: /v1", "Path: /v1/../x", "as it stands in a request"),
            ("X-Key", "X Key", "name of a header"),
            ("EXAMPLE_URL.", "EXAMPLE-URL.", "environment variable"),
            ("Path: /v1", "Path: /v1\nPath: /v2", "twice"),
        ] {
            let found = stated(&WHOLE.replace(from, to)).unwrap_err();
            assert!(found.contains(why), "{to}: {found}");
        }
        assert!(Vendor::stated(&Docs::default()).is_err());
    }
}
