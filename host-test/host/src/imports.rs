//! What does a component import and export, as its bytes say, and what of that is it
//! given?
//!
//! A connector needs HTTP, its streams and its environment. Whatever else a component
//! imports the operator allows by name, or it is not loaded. An import of types alone
//! asks for nothing.

use std::collections::BTreeMap;

use wasmparser::{
    ComponentName, KnownCustom, Parser, Payload, Validator,
    component_types::{ComponentEntityType, ComponentItem},
};

/// What a connector may import, each without its version; a package ends in a slash.
const OF_A_CONNECTOR: [&str; 4] =
    ["wasi:cli/environment", "wasi:http/outgoing-handler", "wasi:http/types", "wasi:io/"];

/// The titles of a component's standard metadata, beside its name; each a line of text.
pub const METADATA: [&str; 7] =
    ["version", "description", "authors", "licenses", "source", "homepage", "revision"];
/// Components may hold each other over so many levels.
const DEEPEST: usize = 50;
/// A line of it may have so many bytes.
const LONGEST: usize = 1_000;

/// An interface that a component imports or exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, with the version.
    pub name: String,
    /// Its functions; none: it holds types alone.
    pub functions: Vec<String>,
}

/// What a component says of itself in the form that a host links.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Its name in the metadata, if it has one.
    pub name: Option<String>,
    /// What else stands there, by its title: see [`METADATA`].
    pub metadata: BTreeMap<&'static str, String>,
    /// What it imports.
    pub imports: Vec<Interface>,
    /// What it exports.
    pub exports: Vec<Interface>,
}

/// Whether a component is given what it imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// It is.
    Given,
    /// It asks for types alone.
    TypesOnly,
    /// It is not, unless the operator allows it by name.
    NotGiven,
}

impl Given {
    /// What becomes of an import, where these are allowed beside those of a connector:
    /// interfaces, or whole packages, with or without a version.
    #[must_use]
    pub fn of(import: &str, has_functions: bool, allowed: &[String]) -> Self {
        let name = import.split('@').next().unwrap_or_default();
        let is_usual = OF_A_CONNECTOR.iter().any(|usual| {
            if usual.ends_with('/') { name.starts_with(usual) } else { name == *usual }
        });
        let is_allowed = allowed.iter().any(|allowed| {
            let rest = import.strip_prefix(allowed.as_str());
            !allowed.is_empty()
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@']))
        });
        match has_functions {
            false => Self::TypesOnly,
            true if is_usual || is_allowed => Self::Given,
            true => Self::NotGiven,
        }
    }
}

impl Outline {
    /// What it says of itself in words alone, which takes no time: name and metadata.
    #[must_use]
    pub fn named(component: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::ComponentName(names) => {
                        outline.name = names.into_iter().flatten().find_map(|name| match name {
                            ComponentName::Component { name, .. } if name.len() <= LONGEST => {
                                Some(name.to_owned())
                            }
                            _ => None,
                        });
                    }
                    _ => {
                        let title = METADATA.into_iter().find(|title| *title == section.name());
                        let text = std::str::from_utf8(section.data());
                        let text = text.ok().filter(|text| text.len() <= LONGEST);
                        outline.metadata.extend(title.zip(text.map(str::to_owned)));
                    }
                },
                _ => {}
            }
        }
        outline
    }

    /// Reads it out of a component's bytes.
    ///
    /// # Errors
    /// If they are no component that is sound.
    pub fn of(component: &[u8]) -> Result<Self, String> {
        if !Parser::is_component(component) {
            let is_module = Parser::is_core_wasm(component);
            let what = if is_module { "a core module" } else { "no WebAssembly at all" };
            return Err(format!("it is {what}"));
        }
        if is_nested(component) {
            return Err(format!("it holds components in each other, over {DEEPEST} deep"));
        }
        let types = Validator::new().validate_all(component).map_err(|error| {
            let first = error.message().lines().next().unwrap_or_default();
            format!("{first}, at byte {}", error.offset())
        })?;
        let interface = |name: &str, item: Option<&ComponentItem>| {
            let functions = match item.map(|item| item.ty) {
                Some(ComponentEntityType::Instance(id)) => {
                    let types = types.as_ref();
                    let items = types.get(id).map(|instance| &instance.exports);
                    let items = items.into_iter().flatten();
                    items
                        .filter(|(_, item)| is_function(item))
                        .map(|(name, _)| name.clone())
                        .collect()
                }
                Some(ComponentEntityType::Type { .. }) | None => Vec::new(),
                Some(_) => vec![name.to_owned()],
            };
            Interface { name: name.to_owned(), functions }
        };
        let mut outline = Self::named(component);
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                Payload::ComponentImportSection(section) => {
                    for import in section.into_iter().flatten() {
                        let name = import.name.name;
                        let item = types.component_item_for_import(name);
                        outline.imports.push(interface(name, item));
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section.into_iter().flatten() {
                        let name = export.name.name;
                        let item = types.component_item_for_export(name);
                        outline.exports.push(interface(name, item));
                    }
                }
                _ => {}
            }
        }
        Ok(outline)
    }
}

/// Whether there are components in components over so many levels, which takes long to
/// judge and is of no use.
fn is_nested(component: &[u8]) -> bool {
    let mut depth = 0_usize;
    Parser::new(0).parse_all(component).map_while(Result::ok).any(|payload| {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Whether the item does anything: types do not.
fn is_function(item: &ComponentItem) -> bool {
    !matches!(item.ty, ComponentEntityType::Type { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_given_what_it_needs_and_the_rest_by_name_alone() {
        let given = |import: &str, allowed: &[&str]| {
            let allowed: Vec<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
            Given::of(import, true, &allowed)
        };
        for usual in ["wasi:http/types@0.2.0", "wasi:io/streams@0.2.3", "wasi:cli/environment"] {
            assert_eq!(given(usual, &[]), Given::Given, "{usual}");
        }
        for more in ["wasi:cli/stdout@0.2.0", "wasi:iota/x", "wasi:http/typesetting@0.2.0", "x"] {
            assert_eq!(given(more, &[]), Given::NotGiven, "{more}");
            assert_eq!(given(more, &["", "wasi", "wasi:c", "wasi:http/types"]), Given::NotGiven);
        }
        for allowed in ["wasi:cli", "wasi:cli/stdout", "wasi:cli/stdout@0.2.0"] {
            assert_eq!(given("wasi:cli/stdout@0.2.0", &[allowed]), Given::Given, "{allowed}");
        }
        assert_eq!(Given::of("odd:thing/types", false, &[]), Given::TypesOnly);
    }

    #[test]
    fn imports_and_exports_are_read_from_the_file_itself() {
        let bytes = wat::parse_str(
            r#"(component
                (import "wasi:random/random@0.2.0" (instance (export "next" (func (result u64)))))
                (import "odd:thing/types" (instance (export "t" (type (sub resource)))))
                (component $inside (import "not:mine/f" (func)))
                (core module $code (func (export "f")))
                (core instance $code (instantiate $code))
                (func $f (canon lift (core func $code "f")))
                (instance $actions (export "go" (func $f)))
                (export "a:b/actions" (instance $actions)))"#,
        );
        let outline = Outline::of(&bytes.unwrap()).unwrap();
        let interface = |name: &str, functions: &[&str]| Interface {
            name: name.to_owned(),
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
        };
        let expected =
            [interface("wasi:random/random@0.2.0", &["next"]), interface("odd:thing/types", &[])];
        assert_eq!(outline.imports, expected);
        assert_eq!(outline.exports, [interface("a:b/actions", &["go"])]);
        assert!(Outline::of(b"nothing").is_err());
        let nested =
            |levels: usize| format!("{}{}", "(component".repeat(levels), ")".repeat(levels));
        assert!(Outline::of(&wat::parse_str(nested(50)).unwrap()).is_ok());
        let why = Outline::of(&wat::parse_str(nested(60)).unwrap()).unwrap_err();
        assert_eq!(why, "it holds components in each other, over 50 deep");
    }
}
