//! How does a connector present itself to people? As one HTML page: what it asks for, what
//! it does, and each type and error of it.
//!
//! All of it is read from the component: imports and digest from the file itself, the rest
//! from the docs that it carries. They are a stranger's word: they come escaped, and only
//! to actions that are as they say. The page needs nothing else, and runs nothing.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use wit_parser::{
    Function, Interface, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, UnresolvedPackage,
};

use crate::{
    docs::{Doc, Docs},
    engine::{Action, Connector},
    imports::{Given, Outline},
    tools,
    vendor::{self, Vendor},
};

mod actions;
mod agreement;
mod examples;
mod prose;
mod types;

use prose::{gist, inline, prose};

const STYLE: &str = include_str!("reference/page.css");
/// Whatever the docs hold, a reader's browser runs nothing and fetches nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page of a connector; `digest` is that of its file, of so many bytes.
#[must_use]
pub fn page(connector: &Connector, outline: &Outline, digest: &str, bytes: usize) -> String {
    let docs = connector.docs();
    let contract = Contract::of(connector);
    let package = docs.package();
    let name = package.map(|package| package.name.to_string()).or_else(|| outline.name.clone());
    let name = name.unwrap_or_else(|| "A connector without a name".to_owned());
    let about = Doc::read(package.map(|package| &package.docs)).text;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (contract.contents())
                main {
                    header {
                        h1 { (name) }
                        (prose(&about))
                        @if package.is_none() {
                            p.warning {
                                "This file carries no docs. What its actions do, what they take \
                                 and what their values mean, it does not say."
                            }
                        }
                        p.file { "sha256 " code { (digest) } " · " (bytes) " bytes" }
                    }
                    (contract.overview())
                    section id="_authority" {
                        h2 { "What it asks for" }
                        (authority(docs))
                        (imports(outline))
                    }
                    @for (number, toolset) in contract.toolsets().iter().enumerate() {
                        section id=[(number == 0).then_some("_actions")] {
                            h2 { (tools::title(toolset)) }
                            (prose(&Doc::read(docs.toolset(toolset).map(|it| &it.docs)).text))
                            @for action in contract.of_toolset(toolset) { (contract.action(action)) }
                            (contract.only_in_docs(toolset))
                        }
                    }
                    (contract.types_in("_errors", "Errors", ERRORS, &contract.errors))
                    (contract.types_in("_types", "Types", "", &contract.values))
                    footer {
                        p {
                            "Digest, size, imports and the types of actions are those of the \
                             file. All else is what the file says of itself."
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

const ERRORS: &str = "What an action gives in the place of a result.";

/// What the docs tell of the actions that are as they say.
struct Contract<'a> {
    connector: &'a Connector,
    docs: &'a Docs,
    /// Types with a name that are given or taken, but for those shown with an action.
    values: Vec<TypeId>,
    /// Those that only errors are made of.
    errors: Vec<TypeId>,
    /// Records that are all that an action takes, shown with the first that does.
    inputs: Vec<(String, TypeId)>,
}

impl<'a> Contract<'a> {
    fn of(connector: &'a Connector) -> Self {
        let (docs, inputs) = (connector.docs(), Vec::new());
        let mut contract = Self { connector, docs, values: Vec::new(), errors: Vec::new(), inputs };
        let (mut values, mut errors) = (BTreeSet::new(), BTreeSet::new());
        for action in connector.actions() {
            let Some(known) = contract.declared(action) else { continue };
            let (ok, err) = outcome(known, docs);
            let taken = known.params.iter().map(|param| param.ty);
            contract.reach(taken.chain(ok).collect(), &mut values);
            contract.reach(err.into_iter().collect(), &mut errors);
            let record = only_record(known, docs).and_then(|ty| contract.definition(ty));
            if let Some(id) = record
                && contract.inputs.iter().all(|(_, known)| *known != id)
            {
                contract.inputs.push((action.name.clone(), id));
            }
        }
        values.retain(|id| contract.inputs.iter().all(|(_, input)| input != id));
        errors.retain(|id| {
            !values.contains(id) && contract.inputs.iter().all(|(_, input)| input != id)
        });
        contract.values = contract.in_order(values);
        contract.errors = contract.in_order(errors);
        contract
    }

    /// Each once, that of the actions first.
    fn toolsets(&self) -> Vec<&'a str> {
        let actions = self.connector.actions().iter();
        let mut toolsets: Vec<_> = actions.map(|action| action.toolset.as_str()).collect();
        toolsets.dedup();
        toolsets
    }

    fn of_toolset(&self, toolset: &str) -> impl Iterator<Item = &'a Action> {
        self.connector.actions().iter().filter(move |action| action.toolset == toolset)
    }

    /// The action in the docs, where it is as they say.
    fn declared(&self, action: &Action) -> Option<&'a Function> {
        let known = self.docs.function(&action.toolset, &action.name)?;
        agreement::is_as_declared(action, known, self.docs).then_some(known)
    }

    fn package(&self) -> Option<&'a UnresolvedPackage> {
        self.docs.package()
    }

    fn type_of(&self, id: TypeId) -> Option<&'a TypeDef> {
        self.package()?.types.get(id)
    }

    /// Where a type with a name is declared: a `use` leads to it.
    fn definition(&self, ty: Type) -> Option<TypeId> {
        let Type::Id(mut id) = ty else { return None };
        let name = self.type_of(id)?.name.as_ref()?;
        while let TypeDefKind::Type(Type::Id(other)) = self.type_of(id)?.kind
            && self.type_of(other)?.name.as_ref() == Some(name)
        {
            id = other;
        }
        Some(id)
    }

    /// Adds the types with a name that these are made of.
    fn reach(&self, mut types: Vec<Type>, found: &mut BTreeSet<TypeId>) {
        let mut seen = BTreeSet::new();
        while let Some(ty) = types.pop() {
            let Type::Id(id) = ty else { continue };
            let (named, Some(definition)) = (self.definition(ty), self.type_of(id)) else {
                continue;
            };
            if seen.insert(id) {
                found.extend(named.filter(|id| self.anchor(*id).is_some()));
                types.extend(parts(&definition.kind));
            }
        }
    }

    /// As they stand in the docs.
    fn in_order(&self, types: BTreeSet<TypeId>) -> Vec<TypeId> {
        let place = |id: &TypeId| {
            let span = self.type_of(*id).map(|definition| definition.span);
            span.filter(|span| span.is_known()).map(|span| span.start())
        };
        let mut types: Vec<_> = types.into_iter().collect();
        types.sort_by_key(place);
        types
    }

    /// Where the page shows a type. Names of WIT have no dot and no underscore.
    fn anchor(&self, id: TypeId) -> Option<String> {
        let (package, definition) = (self.package()?, self.type_of(id)?);
        let owner = match definition.owner {
            TypeOwner::Interface(id) => self.interface(id)?.name.as_deref()?,
            TypeOwner::World(id) => package.worlds.get(id)?.name.as_str(),
            TypeOwner::None => return None,
        };
        let is_known = !matches!(definition.kind, TypeDefKind::Unknown);
        is_known.then_some(format!("{owner}.{}", definition.name.as_deref()?))
    }

    fn interface(&self, id: wit_parser::InterfaceId) -> Option<&'a Interface> {
        self.package()?.interfaces.get(id)
    }

    fn contents(&self) -> Markup {
        let types = |types: &[TypeId]| {
            let named = types
                .iter()
                .filter_map(|id| Some((self.anchor(*id)?, self.type_of(*id)?.name.clone()?)));
            html! {
                ol { @for (anchor, name) in named { li { a href={ "#" (anchor) } { (name) } } } }
            }
        };
        html! {
            nav aria-label="Contents" {
                ul {
                    li { a href="#_overview" { "Overview" } }
                    li { a href="#_authority" { "What it asks for" } }
                    li {
                        a href="#_actions" { "Actions" }
                        ol {
                            @for action in self.connector.actions() {
                                li { a href={ "#" (anchor_of(action)) } { (action.name) } }
                            }
                        }
                    }
                    @if !self.errors.is_empty() {
                        li { a href="#_errors" { "Errors" } (types(&self.errors)) }
                    }
                    @if !self.values.is_empty() {
                        li { a href="#_types" { "Types" } (types(&self.values)) }
                    }
                }
            }
        }
    }

    /// The actions, each on a line.
    fn overview(&self) -> Markup {
        let rows = self.connector.actions().iter().map(|action| (action, self.declared(action)));
        html! {
            section id="_overview" {
                h2 { "Overview" }
                dl.actions {
                    @for (action, known) in rows {
                        @let said = actions::Said::of(known);
                        dt {
                            a href={ "#" (anchor_of(action)) } { code { (action.name) } }
                            " " (said.tags())
                        }
                        dd { (inline(gist(&said.text))) }
                    }
                }
            }
        }
    }
}

fn anchor_of(action: &Action) -> String {
    format!("{}.{}", action.toolset, action.name)
}

/// What a function gives if it works, and if it fails.
fn outcome(function: &Function, docs: &Docs) -> (Option<Type>, Option<Type>) {
    match docs.kind(function.result) {
        Some(TypeDefKind::Result(result)) => (result.ok, result.err),
        _ => (function.result, None),
    }
}

/// The record that is all that a function takes: its fields are the arguments.
fn only_record(function: &Function, docs: &Docs) -> Option<Type> {
    let [param] = function.params.as_slice() else { return None };
    matches!(docs.kind(Some(param.ty)), Some(TypeDefKind::Record(_))).then_some(param.ty)
}

/// The arguments of a function, as JSON has them.
fn members<'a>(
    function: &'a Function,
    docs: &'a Docs,
) -> Vec<(&'a str, Type, Option<&'a wit_parser::Docs>)> {
    match docs.kind(only_record(function, docs)) {
        Some(TypeDefKind::Record(record)) => {
            let fields = record.fields.iter();
            fields.map(|field| (field.name.as_str(), field.ty, Some(&field.docs))).collect()
        }
        _ => {
            let params = function.params.iter();
            params.map(|param| (param.name.as_str(), param.ty, None)).collect()
        }
    }
}

/// The types that a type is made of.
fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Result(result) => [result.ok, result.err].into_iter().flatten().collect(),
        // No action takes or gives another.
        _ => Vec::new(),
    }
}

/// What its world states, in words if it cannot be read.
fn authority(docs: &Docs) -> Markup {
    let stated = Vendor::stated(docs);
    let said = vendor::without_forms(docs.world());
    let said = Doc::read(Some(&wit_parser::Docs { contents: Some(said) })).text;
    html! {
        (prose(&said))
        @match stated {
            Ok(vendor) => {
                @let methods = vendor.methods.iter().map(|it| it.as_str()).collect::<Vec<_>>();
                dl.pairs {
                    dt { "Requests to" } dd { code { (vendor.base_url) } }
                    dt { "By" } dd { (methods.join(", ")) }
                    dt { "Key" } dd { "in the header " code { (vendor.key_header) } }
                    @for setting in vendor.key_setting.iter().chain(&vendor.base_url_setting) {
                        dt { "Setting " code { (setting.name) } }
                        dd { (inline(&setting.meaning)) }
                    }
                }
            }
            Err(_) if !Vendor::is_stated(docs) => {
                p.warning { "Where it sends requests, and how it gets a key, it does not say." }
            }
            Err(why) => p.warning { "What it states cannot be used: " (why) "." }
        }
    }
}

/// What the file imports.
fn imports(outline: &Outline) -> Markup {
    let import = |import: &crate::imports::Interface| {
        let tag = match Given::of(&import.name, !import.functions.is_empty(), &[]) {
            Given::Given => html! { "as connectors need" },
            Given::TypesOnly => html! { "types only" },
            Given::NotGiven => html! { strong { "more than connectors need" } },
        };
        html! { li { code { (import.name) } " " span.tag { (tag) } } }
    };
    html! {
        h3 { "Imports" }
        @if outline.imports.is_empty() { p { "None: it reaches nothing outside of itself." } }
        ul.imports { @for it in &outline.imports { (import(it)) } }
    }
}
