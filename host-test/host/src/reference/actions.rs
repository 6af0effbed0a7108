//! How is an action shown? With what it does, takes and gives, and with a call of it.

use std::collections::HashSet;

use maud::{Markup, html};
use wit_parser::{Function, Type, TypeDefKind};

use super::{
    Contract, anchor_of, examples::Call, gist, inline, members, only_record, outcome, prose,
};
use crate::{
    docs::{Doc, Effect},
    engine::Action,
    tools,
};

/// So many fields of a result are named beside it.
const NAMED: usize = 16;

/// What docs say of an action, its effect apart from the prose.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    title: Option<String>,
    effect: Option<String>,
    repeating: Option<String>,
    known: Option<Effect>,
    is_repeatable: bool,
}

impl Said {
    pub(super) fn of(function: Option<&Function>) -> Self {
        let Some(function) = function else { return Self::default() };
        let doc = Doc::read(Some(&function.docs));
        let (effects, text): (Vec<_>, Vec<_>) =
            doc.text.split("\n\n").partition(|paragraph| paragraph.starts_with("Effect: "));
        let effect = effects.first().and_then(|effect| effect.strip_prefix("Effect: "));
        let (effect, repeating) = match effect.map(|said| said.split_once("Repeating: ")) {
            Some(Some((effect, repeating))) => (Some(effect), Some(repeating.to_owned())),
            _ => (effect, None),
        };
        Self {
            text: text.join("\n\n"),
            title: doc.title,
            effect: effect.map(|effect| effect.trim().trim_end_matches('.').to_owned()),
            repeating,
            known: doc.effect,
            is_repeatable: doc.repeatable,
        }
    }

    /// In a word each, whether it changes anything, and whether to repeat it.
    pub(super) fn tags(&self) -> Markup {
        let (word, style) = match self.known {
            Some(Effect::Reads) => ("reads", "tag good"),
            Some(Effect::Creates) => ("creates", "tag more"),
            Some(Effect::Changes) => ("changes", "tag bad"),
            Some(Effect::Deletes) => ("deletes", "tag bad"),
            None => return html! { span.tag { "effect not said" } },
        };
        let repeating = if self.is_repeatable { "safe to repeat" } else { "not safe to repeat" };
        html! { span class=(style) { (word) } " " span.tag { (repeating) } }
    }
}

impl Contract<'_> {
    pub(super) fn action(&self, action: &Action) -> Markup {
        let (declared, anchor) = (self.declared(action), anchor_of(action));
        let said = Said::of(declared);
        let title = said.title.clone().unwrap_or_else(|| tools::title(&action.name));
        html! {
            article id=(anchor) {
                h3 { a href={ "#" (anchor) } { (title) } " " code { (action.name) } }
                @match declared {
                    Some(known) => (self.described(known, &said, &anchor)),
                    None if self.docs.function(&action.toolset, &action.name).is_some() => {
                        p.warning {
                            "The docs tell of other types than this action has, so nothing of \
                             them is shown."
                        }
                    }
                    None => p.warning { "The file does not say what this action does." }
                }
            }
        }
    }

    fn described(&self, known: &Function, said: &Said, anchor: &str) -> Markup {
        let (ok, err) = outcome(known, self.docs);
        html! {
            (prose(&said.text))
            dl.pairs {
                @if let Some(effect) = &said.effect { dt { "Effect" } dd { (inline(effect)) } }
                @if let Some(how) = &said.repeating { dt { "Repeating" } dd { (inline(how)) } }
                dt { "In WIT" }
                dd { code.wit { (self.signature(known)) } }
            }
            h4 { "Takes" }
            (self.taken(known, anchor))
            h4 { "Gives" }
            (self.given(ok))
            @if err.is_some() { h4 { "Fails with" } (self.given(err)) }
            (self.calls(known))
        }
    }

    fn signature(&self, known: &Function) -> Markup {
        html! {
            (known.name) ": func("
            @for (number, param) in known.params.iter().enumerate() {
                @if number > 0 { ", " }
                (param.name) ": " (self.ty(param.ty))
            }
            ")"
            @if let Some(result) = known.result { " -> " (self.ty(result)) }
        }
    }

    fn taken(&self, known: &Function, of_action: &str) -> Markup {
        let record = only_record(known, self.docs);
        let input = record.and_then(|ty| self.definition(ty));
        let is_here = |(action, id): &(String, _)| *action == known.name && Some(*id) == input;
        let Some(ty) = record else {
            return self.params(known, of_action);
        };
        if !self.inputs.iter().any(is_here) {
            return html! { p { (self.ty(ty)) } };
        }
        let anchor = input.and_then(|id| self.anchor(id));
        let about = input.and_then(|id| self.type_of(id)).map(|definition| &definition.docs);
        html! {
            div id=[anchor.as_deref()] {
                (prose(&Doc::read(about).text))
                dl.fields {
                    @for (name, ty, docs) in members(known, self.docs) {
                        (self.field(anchor.as_deref().unwrap_or_default(), name, Some(ty), docs))
                    }
                }
            }
        }
    }

    fn params(&self, known: &Function, anchor: &str) -> Markup {
        html! {
            @if known.params.is_empty() { p { "Nothing." } }
            @else {
                dl.fields {
                    @for (name, ty, docs) in members(known, self.docs) {
                        (self.field(anchor, name, Some(ty), docs))
                    }
                }
            }
        }
    }

    /// A type, what it is, and what it holds.
    fn given(&self, ty: Option<Type>) -> Markup {
        let Some(ty) = ty else { return html! { p { "Nothing." } } };
        let about = self.definition(ty).and_then(|id| self.type_of(id));
        let about = Doc::read(about.map(|definition| &definition.docs)).text;
        let fields = match self.docs.kind(Some(ty)) {
            Some(TypeDefKind::Record(record)) => record.fields.as_slice(),
            _ => &[],
        };
        let anchor = self.definition(ty).and_then(|id| self.anchor(id)).unwrap_or_default();
        html! {
            p {
                code { (self.ty(ty)) }
                @if !about.is_empty() { ": " (inline(gist(&about))) "." }
                @if !fields.is_empty() {
                    " It has "
                    @for (number, field) in fields.iter().take(NAMED).enumerate() {
                        @if number > 0 { ", " }
                        a href={ "#" (anchor) "." (field.name) } { code { (field.name) } }
                    }
                    @if fields.len() > NAMED { ", and more" }
                    "."
                }
            }
        }
    }

    /// A call with what is required, and one with all that has an example.
    fn calls(&self, known: &Function) -> Markup {
        let call = |whole| {
            let call = Call::of(known, self.docs, whole)?;
            self.connector.check(&known.name, &call.json).is_ok().then_some(call)
        };
        let calls = [("With what it needs", call(false)), ("With all that it takes", call(true))];
        let mut calls: Vec<_> =
            calls.into_iter().filter_map(|(what, call)| Some((what, call?))).collect();
        calls.dedup_by(|(_, one), (_, other)| one.json == other.json);
        html! {
            @if !calls.is_empty() && !known.params.is_empty() {
                h4 { "Example, as JSON and in WIT" }
                @for (what, call) in calls {
                    figure {
                        figcaption { (what) }
                        pre { code { (format!("{:#}", call.json)) } }
                        pre { code { (call.wit) } }
                    }
                }
            }
        }
    }

    /// What the docs promise, and the file does not have.
    pub(super) fn only_in_docs(&self, toolset: &str) -> Markup {
        let actions = self.of_toolset(toolset);
        let there: HashSet<_> = actions.map(|action| action.name.as_str()).collect();
        let known = self.docs.toolset(toolset).into_iter().flat_map(|it| it.functions.keys());
        let missing: Vec<_> = known.filter(|name| !there.contains(name.as_str())).collect();
        html! {
            @if !missing.is_empty() {
                p.warning {
                    "Only in its docs, and not in the file: "
                    @for (number, name) in missing.iter().enumerate() {
                        @if number > 0 { ", " }
                        code { (name) }
                    }
                    "."
                }
            }
        }
    }
}
