//! How is a type shown? With what it is made of, each name a link to its place.

use maud::{Markup, html};
use serde_json::Value;
use wit_parser::{Type, TypeDefKind, TypeId};

use super::{Contract, examples, prose};
use crate::docs::{self, Doc};

impl Contract<'_> {
    /// A section of the page.
    pub(super) fn types_in(&self, id: &str, title: &str, about: &str, types: &[TypeId]) -> Markup {
        let mut last = None;
        let mut docs_of = |id: TypeId| {
            let owner = self.type_of(id)?.owner;
            let is_other = last.replace(owner) != Some(owner);
            let wit_parser::TypeOwner::Interface(interface) = owner else { return None };
            let interface = self.interface(interface).filter(|_| is_other)?;
            Some(Doc::read(Some(&interface.docs)).text)
        };
        html! {
            @if !types.is_empty() {
                section id=(id) {
                    h2 { (title) }
                    @if !about.is_empty() { p { (about) } }
                    @for id in types {
                        @if about.is_empty() && let Some(about) = docs_of(*id) { (prose(&about)) }
                        (self.definition_of(*id))
                    }
                }
            }
        }
    }

    fn definition_of(&self, id: TypeId) -> Markup {
        let (Some(definition), Some(anchor)) = (self.type_of(id), self.anchor(id)) else {
            return html! {};
        };
        let kind = match &definition.kind {
            TypeDefKind::Type(_) => "another name",
            kind => kind.as_str(),
        };
        html! {
            article id=(anchor) {
                h3 {
                    a href={ "#" (anchor) } { code { (definition.name.as_deref().unwrap_or_default()) } }
                    " " span.kind { (kind) }
                }
                (prose(&Doc::read(Some(&definition.docs)).text))
                (self.made_of(&anchor, &definition.kind))
                (self.bounds(Type::Id(id), Doc::default()))
            }
        }
    }

    fn made_of(&self, anchor: &str, kind: &TypeDefKind) -> Markup {
        let rows: Vec<_> = match kind {
            TypeDefKind::Record(known) => {
                let fields = known.fields.iter();
                fields.map(|it| (&it.name, Some(it.ty), &it.docs)).collect()
            }
            TypeDefKind::Variant(known) => {
                let cases = known.cases.iter();
                cases.map(|it| (&it.name, it.ty, &it.docs)).collect()
            }
            TypeDefKind::Enum(known) => {
                known.cases.iter().map(|it| (&it.name, None, &it.docs)).collect()
            }
            TypeDefKind::Flags(known) => {
                known.flags.iter().map(|it| (&it.name, None, &it.docs)).collect()
            }
            TypeDefKind::Type(ty) => return html! { p { "For " code { (self.ty(*ty)) } "." } },
            kind => return html! { p { "Is " code { (self.ty_of(kind)) } "." } },
        };
        html! {
            dl.fields {
                @for (name, ty, docs) in rows { (self.field(anchor, name, ty, Some(docs))) }
            }
        }
    }

    /// A field, a parameter or a case.
    pub(super) fn field(
        &self,
        anchor: &str,
        name: &str,
        ty: Option<Type>,
        said: Option<&wit_parser::Docs>,
    ) -> Markup {
        let kind = self.docs.kind(ty);
        let is_optional = matches!(kind, Some(TypeDefKind::Option(_)));
        let shown = match (ty, kind) {
            (Some(Type::Id(id)), Some(TypeDefKind::Option(inner)))
                if self.type_of(id).is_some_and(|definition| definition.name.is_none()) =>
            {
                Some(*inner)
            }
            (ty, _) => ty,
        };
        let doc = Doc::read(said);
        html! {
            dt id={ (anchor) "." (name) } {
                a href={ "#" (anchor) "." (name) } { code { (name) } }
                @if let Some(ty) = shown { " " code.type { (self.ty(ty)) } }
                @if is_optional { " " span.tag { "optional" } }
                @if said.is_some_and(docs::is_sensitive) { " " span.tag.bad { "sensitive" } }
            }
            dd {
                (prose(&doc.text))
                @if let Some(ty) = ty { (self.bounds(ty, doc)) }
            }
        }
    }

    /// Limits and example of a value at a place.
    fn bounds(&self, ty: Type, place: Doc) -> Markup {
        let doc = examples::of(ty, self.docs, place);
        let limits = match doc.limits {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, Some(most)) => format!("up to {most}"),
            (None, None) => String::new(),
        };
        let json = doc.example.as_ref().map(Value::to_string);
        let ty = self.inside(ty);
        let wit = doc.example.and_then(|example| examples::wit(&example, ty, self.docs));
        html! {
            @if !limits.is_empty() || doc.pattern.is_some() || json.is_some() {
                p.bounds {
                    @if !limits.is_empty() { span { (self.limited(ty)) ": " (limits) } }
                    @if let Some(pattern) = &doc.pattern {
                        span { "Form: " code { (pattern) } }
                    }
                    @if let Some(json) = &json { span { "Example: " code { (json) } } }
                    @if let Some(wit) = wit.filter(|wit| json.as_ref() != Some(wit)) {
                        span { "in WIT: " code { (wit) } }
                    }
                }
            }
        }
    }

    /// What limits of such a value are of.
    fn limited(&self, ty: Type) -> &'static str {
        let ty = self.inside(ty);
        match self.docs.kind(Some(ty)) {
            Some(TypeDefKind::List(_)) => "Entries",
            Some(TypeDefKind::Type(Type::String)) => "Characters",
            None if ty == Type::String => "Characters",
            _ => "Limits",
        }
    }

    /// Of an option, what it is one of.
    fn inside(&self, ty: Type) -> Type {
        match self.docs.kind(Some(ty)) {
            Some(TypeDefKind::Option(inner)) => *inner,
            _ => ty,
        }
    }

    /// A type as WIT writes it.
    pub(super) fn ty(&self, ty: Type) -> Markup {
        let Type::Id(id) = ty else { return html! { (plain(ty)) } };
        let Some(definition) = self.type_of(id) else { return html! {} };
        let anchor = self.definition(ty).and_then(|id| self.anchor(id));
        match (&definition.name, anchor) {
            (Some(name), Some(anchor)) => html! { a href={ "#" (anchor) } { (name) } },
            (Some(name), None) => html! { (name) },
            (None, _) => self.ty_of(&definition.kind),
        }
    }

    /// A type without a name.
    fn ty_of(&self, kind: &TypeDefKind) -> Markup {
        let maybe = |ty: Option<Type>| ty.map_or_else(|| html! { "_" }, |ty| self.ty(ty));
        match kind {
            TypeDefKind::List(ty) => html! { "list<" (self.ty(*ty)) ">" },
            TypeDefKind::Option(ty) => html! { "option<" (self.ty(*ty)) ">" },
            TypeDefKind::Tuple(tuple) => html! {
                "tuple<"
                @for (number, ty) in tuple.types.iter().enumerate() {
                    @if number > 0 { ", " }
                    (self.ty(*ty))
                }
                ">"
            },
            TypeDefKind::Result(result) => match (result.ok, result.err) {
                (None, None) => html! { "result" },
                (Some(ok), None) => html! { "result<" (self.ty(ok)) ">" },
                (ok, Some(err)) => html! { "result<" (maybe(ok)) ", " (self.ty(err)) ">" },
            },
            // No action takes or gives another.
            other => html! { (other.as_str()) },
        }
    }
}

fn plain(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext | Type::Id(_) => "",
    }
}
