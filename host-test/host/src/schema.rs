//! Which JSON does a component's type take or give? Its JSON Schema (2020-12).
//!
//! The shape comes from the component's own types, as `json` reads and writes
//! them; descriptions, limits and examples come from its docs. Docs can only
//! narrow a shape, by `Limits:`, and never change it. Nothing is shared by
//! reference: every schema stands alone, as models read it best.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value, json};
use wasmtime::component::{Type, types};
use wit_parser::TypeDefKind;

use crate::docs::{Doc, Docs};

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    /// Into the component: a member of an absent option may be `null`.
    Taken,
    /// Out of the component: an absent option has no member.
    Given,
}

/// The schema of an object with these members.
pub(crate) fn object(
    members: impl Iterator<Item = (String, Type, Option<wit_parser::Type>, Doc)>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, ty, wit, doc) in members {
        let optional = matches!(ty, Type::Option(_));
        let schema = match &ty {
            Type::Option(option) if side == Side::Given => {
                described(&option.ty(), inner(wit, docs), docs, side, named(wit, docs, doc))
            }
            ty => described(ty, wit, docs, side, doc),
        };
        properties.insert(name.clone(), schema.into());
        if !optional {
            required.push(name);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// The schema of a value.
pub(crate) fn value(
    ty: &Type,
    wit: Option<wit_parser::Type>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    described(ty, wit, docs, side, Doc::default())
}

/// The schema of a value at a place that has docs of its own, which say more
/// than those of its type.
fn described(
    ty: &Type,
    wit: Option<wit_parser::Type>,
    docs: &Docs,
    side: Side,
    place: Doc,
) -> Map<String, Value> {
    let doc = named(wit, docs, place);
    if let Type::Option(option) = ty {
        let mut schema = described(&option.ty(), inner(wit, docs), docs, side, doc);
        allow_null(&mut schema);
        return schema;
    }
    let mut schema = of_kind(ty, docs.kind(wit), docs, side);
    annotate(&mut schema, doc);
    schema
}

/// The schema of a value of this kind, which the docs know as `kind`.
fn of_kind(ty: &Type, kind: Option<&TypeDefKind>, docs: &Docs, side: Side) -> Map<String, Value> {
    match ty {
        Type::Record(ty) => record(ty, kind, docs, side),
        Type::List(ty) => list(ty, kind, docs, side),
        Type::Tuple(ty) => tuple(ty, kind, docs, side),
        Type::Enum(labels) => words(labels.names(), &cases_of_enum(kind)),
        Type::Flags(labels) => flags(labels, kind),
        Type::Variant(ty) => variant(ty, kind, docs, side),
        Type::Result(ty) => result(ty, kind, docs, side),
        other => from(plain(other, side)),
    }
}

fn record(
    ty: &types::Record,
    kind: Option<&TypeDefKind>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let documented = match kind {
        Some(TypeDefKind::Record(record)) => record.fields.as_slice(),
        _ => &[],
    };
    let members = ty.fields().map(|field| {
        let known = documented.iter().find(|known| known.name == field.name);
        let doc = Doc::read(known.map(|known| &known.docs));
        (field.name.to_owned(), field.ty, known.map(|known| known.ty), doc)
    });
    object(members, docs, side)
}

fn list(
    ty: &types::List,
    kind: Option<&TypeDefKind>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let item = match kind {
        Some(TypeDefKind::List(item)) => Some(*item),
        _ => None,
    };
    from(json!({ "type": "array", "items": value(&ty.ty(), item, docs, side) }))
}

fn tuple(
    ty: &types::Tuple,
    kind: Option<&TypeDefKind>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let known = match kind {
        Some(TypeDefKind::Tuple(tuple)) => tuple.types.as_slice(),
        _ => &[],
    };
    let known = known.iter().copied().map(Some).chain(std::iter::repeat(None));
    let items: Vec<_> =
        ty.types().zip(known).map(|(ty, wit)| value(&ty, wit, docs, side)).collect();
    let count = items.len();
    from(json!({ "type": "array", "prefixItems": items, "items": false, "minItems": count }))
}

fn cases_of_enum(kind: Option<&TypeDefKind>) -> Vec<(&str, &wit_parser::Docs)> {
    match kind {
        Some(TypeDefKind::Enum(known)) => {
            known.cases.iter().map(|case| (case.name.as_str(), &case.docs)).collect()
        }
        _ => Vec::new(),
    }
}

fn flags(labels: &types::Flags, kind: Option<&TypeDefKind>) -> Map<String, Value> {
    let documented: Vec<_> = match kind {
        Some(TypeDefKind::Flags(known)) => {
            known.flags.iter().map(|flag| (flag.name.as_str(), &flag.docs)).collect()
        }
        _ => Vec::new(),
    };
    let items = words(labels.names(), &documented);
    from(json!({ "type": "array", "items": items, "uniqueItems": true }))
}

fn variant(
    ty: &types::Variant,
    kind: Option<&TypeDefKind>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let known = match kind {
        Some(TypeDefKind::Variant(known)) => known.cases.as_slice(),
        _ => &[],
    };
    let documented: Vec<_> = known.iter().map(|case| (case.name.as_str(), &case.docs)).collect();
    let cases = ty.cases().map(|case| {
        let wit = known.iter().find(|known| known.name == case.name);
        (case.name, case.ty, wit.and_then(|known| known.ty))
    });
    choice(cases, &documented, docs, side)
}

fn result(
    ty: &types::ResultType,
    kind: Option<&TypeDefKind>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let (ok, err) = match kind {
        Some(TypeDefKind::Result(known)) => (known.ok, known.err),
        _ => (None, None),
    };
    let cases = [("ok", ty.ok(), ok), ("err", ty.err(), err)];
    choice(cases.into_iter(), &[], docs, side)
}

/// What is said at a place, and where it says nothing, of the type's names.
pub(crate) fn named(wit: Option<wit_parser::Type>, docs: &Docs, place: Doc) -> Doc {
    let names = docs.names(wit).into_iter().map(|name| Doc::read(Some(&name.docs)));
    names.fold(place, Doc::or)
}

/// What an option in the docs is an option of.
fn inner(wit: Option<wit_parser::Type>, docs: &Docs) -> Option<wit_parser::Type> {
    match docs.kind(wit)? {
        TypeDefKind::Option(inner) => Some(*inner),
        _ => None,
    }
}

fn plain(ty: &Type, side: Side) -> Value {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::U8 => whole(u8::MIN, u8::MAX),
        Type::U16 => whole(u16::MIN, u16::MAX),
        Type::U32 => whole(u32::MIN, u32::MAX),
        Type::U64 => whole(u64::MIN, u64::MAX),
        Type::S8 => whole(i8::MIN, i8::MAX),
        Type::S16 => whole(i16::MIN, i16::MAX),
        Type::S32 => whole(i32::MIN, i32::MAX),
        Type::S64 => whole(i64::MIN, i64::MAX),
        // What is no number, or has no end, is written as `null`.
        Type::Float32 | Type::Float64 if side == Side::Given => {
            json!({ "type": ["number", "null"] })
        }
        Type::Float32 => json!({ "type": "number", "minimum": f32::MIN, "maximum": f32::MAX }),
        Type::Float64 => json!({ "type": "number" }),
        Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Type::String => json!({ "type": "string" }),
        // Refused when the component was loaded.
        _ => json!(false),
    }
}

fn whole<N: Into<Value>>(least: N, most: N) -> Value {
    let (least, most) = (least.into(), most.into());
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

type Documented<'a> = [(&'a str, &'a wit_parser::Docs)];

/// One of these labels, with what each of them means.
fn words<'a>(
    labels: impl Iterator<Item = &'a str>,
    documented: &Documented<'_>,
) -> Map<String, Value> {
    let labels: Vec<_> = labels.collect();
    let meanings = labels.iter().filter_map(|label| {
        let (_, docs) = documented.iter().find(|(name, _)| name == label)?;
        let doc = Doc::read(Some(docs));
        (!doc.text.is_empty()).then(|| format!("`{label}`: {}", doc.text))
    });
    let meanings: Vec<_> = meanings.collect();
    let mut schema = from(json!({ "type": "string", "enum": labels }));
    if !meanings.is_empty() {
        schema.insert("description".to_owned(), meanings.join("\n").into());
    }
    schema
}

/// A label as a string, or an object with the label as its one member.
fn choice<'a>(
    cases: impl Iterator<Item = (&'a str, Option<Type>, Option<wit_parser::Type>)>,
    documented: &Documented<'_>,
    docs: &Docs,
    side: Side,
) -> Map<String, Value> {
    let (mut bare, mut choices) = (Vec::new(), Vec::new());
    for (label, ty, wit) in cases {
        let Some(ty) = ty else {
            bare.push(label);
            continue;
        };
        let known = documented.iter().find(|(name, _)| *name == label);
        let doc = Doc::read(known.map(|(_, docs)| *docs));
        let payload = described(&ty, wit, docs, side, doc);
        choices.push(json!({
            "type": "object",
            "properties": { label: payload },
            "required": [label],
            "additionalProperties": false,
        }));
    }
    if !bare.is_empty() {
        choices.insert(0, words(bare.into_iter(), documented).into());
    }
    match choices.as_mut_slice() {
        [Value::Object(only)] => std::mem::take(only),
        _ => from(json!({ "oneOf": choices })),
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        choices.push(json!({ "type": "null" }));
        return;
    }
    if let Some(ty @ Value::String(_)) = schema.get_mut("type") {
        *ty = json!([ty, "null"]);
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
}

/// Adds what the docs say, before the meanings of labels.
fn annotate(schema: &mut Map<String, Value>, doc: Doc) {
    if !doc.text.is_empty() {
        let mut text = doc.text;
        if let Some(Value::String(meanings)) = schema.get("description") {
            text.push('\n');
            text.push_str(meanings);
        }
        schema.insert("description".to_owned(), text.into());
    }
    limit(schema, doc.limits);
    if let Some(example) = doc.example {
        schema.insert("examples".to_owned(), json!([example]));
    }
}

/// Narrows a number, or the length of a text or list. Limits that would widen
/// it, or leave nothing, are none.
fn limit(schema: &mut Map<String, Value>, (least, most): (Option<Number>, Option<Number>)) {
    // Where the words or the count are given, there is nothing left to limit.
    if ["enum", "prefixItems", "uniqueItems"].iter().any(|given| schema.contains_key(*given)) {
        return;
    }
    let is = |ty: &str| match schema.get("type") {
        Some(Value::String(only)) => only == ty,
        Some(Value::Array(some)) => some.iter().any(|one| one == ty),
        _ => false,
    };
    let (low, high, usable): (_, _, fn(&Number) -> bool) = if is("string") {
        ("minLength", "maxLength", Number::is_u64)
    } else if is("array") {
        ("minItems", "maxItems", Number::is_u64)
    } else if is("integer") {
        ("minimum", "maximum", |limit| !limit.is_f64())
    } else if is("number") {
        ("minimum", "maximum", |_| true)
    } else {
        return;
    };
    let narrower = |bound, limit: Option<Number>, side: Ordering| {
        let known = schema.get(bound).and_then(Value::as_number).cloned();
        let limit = limit.filter(usable);
        match (known, limit) {
            (Some(known), Some(limit))
                if limit.as_f64().partial_cmp(&known.as_f64()) != Some(side) =>
            {
                Some(known)
            }
            (known, limit) => limit.or(known),
        }
    };
    let least = narrower(low, least, Ordering::Greater);
    let most = narrower(high, most, Ordering::Less);
    let ends = (least.as_ref().and_then(Number::as_f64), most.as_ref().and_then(Number::as_f64));
    if matches!(ends, (Some(least), Some(most)) if least > most) {
        return;
    }
    for (bound, limit) in [(low, least), (high, most)] {
        if let Some(limit) = limit {
            schema.insert(bound.to_owned(), limit.into());
        }
    }
}

fn from(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        // Only a shape that was refused at load: nothing fits it.
        _ => Map::from_iter([("not".to_owned(), json!({}))]),
    }
}
