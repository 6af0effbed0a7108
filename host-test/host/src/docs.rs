//! What does a component say of itself? The docs of its WIT package.
//!
//! A component's types carry no docs, so a connector brings its WIT package
//! along, gzipped in a custom section. What stands there is a stranger's text:
//! it is bounded, it describes and decides nothing of itself, and a component without it
//! works as well, only undescribed.
//!
//! Docs are prose, with a few fixed forms that start a line:
//!
//! | form | of | meaning |
//! | --- | --- | --- |
//! | `Title: Create contact` | function | its name for people |
//! | `Effect: reads.` | function | or `creates`, `changes`, `deletes` |
//! | `Repeating: safe` | function | a second call does no more than the first; stands behind `Effect:` |
//! | `Limits: 1..100` | field | bounds of a number, or of a text's or list's length; either end may be open |
//! | `Pattern: ^(WPN\|WAN)[0-9]{8}$` | field | the form of a text: an expression in the plain part of ECMA-262 that `pattern.rs` tells |
//! | `Example: "Ada"` | field | a value, as JSON |
//! | `Fields: on request` | field | a model gets it only if it asks; `always`: also if it asks for others, see [`Fields`](crate::fields::Fields) |
//! | `Sensitive: …` | field | not for everybody to see; also part of the prose |
//! | `Origin: https://api.example.com` | world | with `Path:`, `Methods:`, `Key header:`, `Key setting:` and `Base URL setting:` the authority it asks for, see [`Vendor`](crate::vendor::Vendor) |

use std::{collections::HashMap, io::Read};

use flate2::read::GzDecoder;
use serde_json::{Number, Value};
use wasmparser::{Parser, Payload};
use wit_parser::{
    AstItem, Function, IndexMap, Interface, Type, TypeDef, TypeDefKind, UnresolvedPackage,
    UnresolvedPackageGroup, World, WorldItem, WorldKey,
};

mod pattern;

/// The custom section, in the component or in a module of it.
pub const SECTION: &str = "wit-package.gz";
/// A package may have so many bytes.
const LIMIT: u64 = 512 * 1024;
/// The docs of one item may have so many bytes, and its example. They are
/// written out wherever the item is used.
const TEXT: usize = 4_000;
const EXAMPLE: usize = 500;
/// So many names are followed from one to the next.
const NAMES: usize = 16;
/// What begins the docs' line of a field that is not for everybody to see.
const SENSITIVE: &str = "Sensitive: ";
/// The interface that holds a connector's actions. Further interfaces that it exports from
/// the same package are further toolsets, for those who ask for them.
pub const ACTIONS: &str = "actions";

/// The WIT package that a component brings along, if it does.
#[derive(Default)]
pub struct Docs {
    wit: String,
    package: Option<UnresolvedPackage>,
}

impl Docs {
    /// Reads the docs out of a component's bytes; what cannot be read is no docs.
    #[must_use]
    pub fn of(component: &[u8]) -> Self {
        let sections = Parser::new(0).parse_all(component).map_while(Result::ok);
        let packed = sections.into_iter().find_map(|payload| match payload {
            Payload::CustomSection(section) if section.name() == SECTION => Some(section.data()),
            _ => None,
        });
        let Some(packed) = packed else { return Self::default() };
        let mut wit = String::new();
        match GzDecoder::new(packed).take(LIMIT + 1).read_to_string(&mut wit) {
            Ok(_) if wit.len() as u64 <= LIMIT => Self::from_wit(wit),
            _ => Self::default(),
        }
    }

    pub(crate) fn from_wit(wit: String) -> Self {
        match UnresolvedPackageGroup::parse("package.wit", &wit) {
            Ok(group) => Self { package: Some(group.main), wit },
            Err(_) => Self::default(),
        }
    }

    /// The text of the WIT package. Empty: the component brings none.
    #[must_use]
    pub fn wit(&self) -> &str {
        &self.wit
    }

    /// What there is to know before any action of these toolsets is called, and whether none
    /// of them touches what is there.
    #[must_use]
    pub fn about(&self, toolsets: &[&str]) -> String {
        let toolsets: Vec<_> = toolsets.iter().filter_map(|name| self.toolset(name)).collect();
        let texts: Vec<_> = toolsets.iter().map(|it| Doc::read(Some(&it.docs)).text).collect();
        let functions = toolsets.iter().flat_map(|toolset| toolset.functions.values());
        let mut effects = functions.map(|it| Doc::read(Some(&it.docs)).effect);
        let mut about = texts.join("\n\n");
        if !toolsets.is_empty()
            && effects.all(|it| matches!(it, Some(Effect::Reads | Effect::Creates)))
        {
            about.push_str(" Nothing here is for changing or deleting what is there.");
        }
        about
    }

    /// The docs of its world; where there are several, of the first.
    pub(crate) fn world(&self) -> &str {
        let world = self.package.iter().flat_map(|package| package.worlds.iter()).next();
        world.and_then(|(_, world)| world.docs.contents.as_deref()).unwrap_or_default()
    }

    /// What the worlds of the package import, by full names.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        self.of_worlds(|world| &world.imports).into_iter().map(|(name, _)| name).collect()
    }

    /// The interfaces that its worlds export.
    #[must_use]
    pub fn exports(&self) -> Vec<crate::imports::Interface> {
        let exported = self.of_worlds(|world| &world.exports).into_iter();
        let named = exported.map(|(name, interface)| {
            let functions = interface.map(|it| it.functions.keys().cloned().collect());
            crate::imports::Interface { name, functions: functions.unwrap_or_default() }
        });
        named.collect()
    }

    /// What worlds import or export, by full names.
    fn of_worlds(
        &self,
        items: fn(&World) -> &IndexMap<WorldKey, WorldItem>,
    ) -> Vec<(String, Option<&Interface>)> {
        let Some(package) = &self.package else { return Vec::new() };
        let foreign = package.foreign_deps.iter().flat_map(|(package, items)| {
            items.iter().filter_map(move |(name, (item, _))| match item {
                AstItem::Interface(id) => Some((*id, package.interface_id(name))),
                _ => None,
            })
        });
        let foreign: HashMap<_, _> = foreign.collect();
        let keys = package.worlds.iter().flat_map(|(_, world)| items(world).keys());
        let named = keys.map(|key| match key {
            WorldKey::Name(name) => (name.clone(), None),
            WorldKey::Interface(id) => {
                let foreign = foreign.get(id).cloned();
                let interface = package.interfaces.get(*id);
                let own = interface.and_then(|it| it.name.as_deref());
                let own = own.map(|name| package.name.interface_id(name));
                (foreign.or(own).unwrap_or_default(), interface)
            }
        });
        named.collect()
    }

    /// The function as the WIT package declares it.
    pub(crate) fn function(&self, toolset: &str, name: &str) -> Option<&Function> {
        self.toolset(toolset)?.functions.get(name)
    }

    /// The fields whose docs say that they are sensitive.
    #[must_use]
    pub fn sensitive(&self) -> Vec<String> {
        let types = self.package.iter().flat_map(|package| package.types.iter());
        let fields = types.filter_map(|(_, definition)| match &definition.kind {
            TypeDefKind::Record(record) => Some(&record.fields),
            _ => None,
        });
        let fields = fields.flatten().filter(|field| is_sensitive(&field.docs));
        fields.map(|field| field.name.clone()).collect()
    }

    /// What was read, if anything was.
    pub(crate) fn package(&self) -> Option<&UnresolvedPackage> {
        self.package.as_ref()
    }

    /// The interface of this name.
    pub(crate) fn toolset(&self, name: &str) -> Option<&Interface> {
        let interfaces = self.package.as_ref()?.interfaces.iter();
        interfaces.map(|(_, interface)| interface).find(|it| it.name.as_deref() == Some(name))
    }

    /// What a type's name stands for: other names, and at last a definition.
    pub(crate) fn names(&self, ty: Option<Type>) -> Vec<&TypeDef> {
        let mut names = Vec::new();
        let (Some(package), mut next) = (&self.package, ty) else { return names };
        while let Some(Type::Id(id)) = next
            && let Some(definition) = package.types.get(id)
            && names.len() < NAMES
        {
            names.push(definition);
            next = match definition.kind {
                TypeDefKind::Type(other) => Some(other),
                _ => None,
            };
        }
        names
    }

    /// What a type is in the end.
    pub(crate) fn kind(&self, ty: Option<Type>) -> Option<&TypeDefKind> {
        self.names(ty).last().map(|definition| &definition.kind)
    }
}

/// Whether an item's docs, however long, say that it is not for everybody to see.
pub(crate) fn is_sensitive(docs: &wit_parser::Docs) -> bool {
    let mut lines = docs.contents.iter().flat_map(|docs| docs.lines());
    lines.any(|line| line.trim().starts_with(SENSITIVE))
}

/// Docs of one item, the fixed forms taken out of the prose.
#[derive(Debug, Default)]
pub(crate) struct Doc {
    /// The prose, paragraphs apart by an empty line, items of a list each on a line.
    pub(crate) text: String,
    pub(crate) title: Option<String>,
    pub(crate) effect: Option<Effect>,
    /// Whether a repeated call does no more than the first one.
    pub(crate) repeatable: bool,
    /// The least and the most.
    pub(crate) limits: (Option<Number>, Option<Number>),
    /// The form of a text.
    pub(crate) pattern: Option<String>,
    pub(crate) example: Option<Value>,
    pub(crate) comes: Comes,
}

/// When a model gets a field of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Comes {
    /// Unless it asks for others.
    #[default]
    Usually,
    /// Only if it asks for it.
    OnRequest,
    Always,
}

/// What a call does to the vendor's data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    Reads,
    Creates,
    Changes,
    Deletes,
}

impl Doc {
    pub(crate) fn read(docs: Option<&wit_parser::Docs>) -> Self {
        let contents = docs.and_then(|docs| docs.contents.as_deref()).unwrap_or_default();
        let mut doc = Self::default();
        let mut left = TEXT;
        for line in contents.lines().map(str::trim) {
            let Some(rest) = left.checked_sub(line.len() + 1) else { break };
            left = rest;
            if let Some(title) = line.strip_prefix("Title: ") {
                doc.title = Some(title.to_owned());
            } else if let Some((least, most)) =
                line.strip_prefix("Limits: ").and_then(|limits| limits.split_once(".."))
            {
                doc.limits = (least.parse().ok(), most.parse().ok());
            } else if let Some(pattern) =
                line.strip_prefix("Pattern: ").filter(|it| pattern::is_plain(it))
            {
                doc.pattern = Some(pattern.to_owned());
            } else if let Some(comes) = Comes::read(line) {
                doc.comes = comes;
            } else if let Some(Ok(example)) =
                line.strip_prefix("Example: ").map(serde_json::from_str)
                && line.len() <= EXAMPLE
            {
                doc.example = Some(example);
            } else {
                doc.effect = doc.effect.or_else(|| Effect::read(line));
                doc.repeatable |= line.contains("Repeating: safe");
                doc.add(line);
            }
        }
        doc.text.truncate(doc.text.trim_end().len());
        doc
    }

    /// Where the one says nothing, the other counts.
    pub(crate) fn or(self, other: Self) -> Self {
        let (least, most) = self.limits;
        Self {
            text: if self.text.is_empty() { other.text } else { self.text },
            limits: (least.or(other.limits.0), most.or(other.limits.1)),
            pattern: self.pattern.or(other.pattern),
            example: self.example.or(other.example),
            ..self
        }
    }

    /// Lines of a paragraph are joined, and those of a list's item; an empty one ends it.
    fn add(&mut self, line: &str) {
        if line.is_empty() {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("\n\n");
        } else {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push(if item(line).is_some() { '\n' } else { ' ' });
            }
            self.text.push_str(line);
        }
    }
}

/// What stands behind the mark of a list's item.
pub(crate) fn item(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

impl Comes {
    fn read(line: &str) -> Option<Self> {
        match line.strip_prefix("Fields: ")? {
            "on request" => Some(Self::OnRequest),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

impl Effect {
    fn read(line: &str) -> Option<Self> {
        let effect = line.strip_prefix("Effect: ")?;
        let is = |word| effect.starts_with(word);
        let known = [
            ("reads", Self::Reads),
            ("creates", Self::Creates),
            ("changes", Self::Changes),
            ("deletes", Self::Deletes),
        ];
        known.into_iter().find(|(word, _)| is(*word)).map(|(_, effect)| effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_nothing_is_said_while_every_action_says_so() {
        let about = |effect: &str| {
            let told = |name, effect| format!("  /// Effect: {effect}.\n  {name}: func();\n");
            let functions = told("look", "reads") + &told("touch", effect);
            let actions = format!("/// All.\ninterface actions {{\n{functions}}}\n");
            Docs::from_wit(format!("package a:b;\n{actions}")).about(&[ACTIONS])
        };
        let untouched = "All. Nothing here is for changing or deleting what is there.";
        assert_eq!(["creates", "reads"].map(about), [untouched; 2]);
        assert_eq!(["changes", "deletes", "unknown"].map(about), ["All."; 3]);
    }
}
