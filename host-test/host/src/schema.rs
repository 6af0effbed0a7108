//! Which JSON does a component's type take or give? Its JSON Schema.
//!
//! The shape comes from the component's own types, as `json` reads and writes
//! them; descriptions, limits, forms and examples come from its docs. Docs can only
//! narrow a shape, by `Limits:` and `Pattern:`, and never change it. Nothing is shared
//! by reference: every schema stands alone, as models read it best.
//!
//! Only words that every client knows are used, and that mean the same in each draft
//! since the seventh: a member has one type, and `anyOf` stands where a value may be of
//! several. So a schema takes all that `json` takes, and a little more, which `json`
//! then refuses in words: members that there are not, numbers that do not fit into
//! their type, two cases of a variant at once, a tuple in another order.

use serde_json::{Map, Number, Value, json};
use wasmtime::component::{Type, types};
use wit_parser::TypeDefKind;

use crate::docs::{Doc, Docs};

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    /// Into the component. Blank text in an optional member means nothing.
    Taken,
    /// Out of the component. The host may have put other text over a text, so that no
    /// form is promised.
    Given,
    /// Out of the component, as it gives it.
    Bare,
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
            Type::Option(option) => {
                let doc = named(wit, docs, doc);
                let mut schema = described(&option.ty(), inner(wit, docs), docs, side, doc);
                let form = schema.get_mut("pattern").filter(|_| side == Side::Taken);
                if let Some(Value::String(pattern)) = form {
                    *pattern = format!("^$|{pattern}");
                }
                schema
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
        return or_null(described(&option.ty(), inner(wit, docs), docs, side, doc));
    }
    let mut schema = of_kind(ty, docs.kind(wit), docs, side);
    annotate(&mut schema, ty, side, doc);
    // What is no number, or has no end, is written as `null`.
    if side != Side::Taken && matches!(ty, Type::Float32 | Type::Float64) {
        return or_null(schema);
    }
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
        other => from(plain(other)),
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
    let mut items = value(&ty.ty(), item, docs, side);
    if side != Side::Taken && matches!(ty.ty(), Type::Record(_)) {
        // What they are, the place of the list tells.
        items.shift_remove("description");
    }
    from(json!({ "type": "array", "items": items }))
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
    let items = ty.types().zip(known).map(|(ty, wit)| value(&ty, wit, docs, side).into());
    let items: Vec<Value> = items.collect();
    let count = items.len();
    let kinds: Vec<_> = items.iter().map(|item| item["type"].as_str().unwrap_or("any")).collect();
    let order = format!("In this order: {}.", kinds.join(", "));
    let mut different = Vec::new();
    for item in items {
        if !different.contains(&item) {
            different.push(item);
        }
    }
    let is_mixed = different.len() > 1;
    let items = any_of(different);
    let mut schema =
        from(json!({ "type": "array", "items": items, "minItems": count, "maxItems": count }));
    if is_mixed {
        schema.insert("description".to_owned(), order.into());
    }
    schema
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
    from(json!({ "type": "array", "items": items }))
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

fn plain(ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::S8
        | Type::S16
        | Type::S32
        | Type::S64 => json!({ "type": "integer" }),
        Type::Float32 | Type::Float64 => json!({ "type": "number" }),
        Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Type::String => json!({ "type": "string" }),
        // Refused when the component was loaded.
        _ => json!(false),
    }
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
        }));
    }
    if !bare.is_empty() {
        choices.insert(0, words(bare.into_iter(), documented).into());
    }
    any_of(choices)
}

/// One of these; a single one needs no choice.
fn any_of(mut choices: Vec<Value>) -> Map<String, Value> {
    match choices.as_mut_slice() {
        [Value::Object(only)] => std::mem::take(only),
        _ => from(json!({ "anyOf": choices })),
    }
}

/// The same, or nothing at a place where nothing cannot be left out.
fn or_null(mut schema: Map<String, Value>) -> Map<String, Value> {
    let nothing = json!({ "type": "null" });
    match schema.get_mut("anyOf") {
        Some(Value::Array(choices)) if choices.contains(&nothing) => schema,
        Some(Value::Array(choices)) => {
            choices.push(nothing);
            schema
        }
        _ => from(json!({ "anyOf": [schema, nothing] })),
    }
}

/// Adds what the docs say, before the meanings of labels.
fn annotate(schema: &mut Map<String, Value>, ty: &Type, side: Side, doc: Doc) {
    if !doc.text.is_empty() {
        let mut text = doc.text;
        if let Some(Value::String(meanings)) = schema.get("description") {
            text.push('\n');
            text.push_str(meanings);
        }
        schema.insert("description".to_owned(), text.into());
    }
    limit(schema, ty, doc.limits);
    if side == Side::Given {
        return;
    }
    if let (Type::String, Some(pattern)) = (ty, doc.pattern) {
        schema.insert("pattern".to_owned(), pattern.into());
    }
    if let Some(example) = doc.example {
        schema.insert("examples".to_owned(), json!([example]));
    }
}

/// Bounds a number, or the length of a text or list. Ends that narrow nothing, or leave
/// nothing, are none.
fn limit(schema: &mut Map<String, Value>, ty: &Type, limits: (Option<Number>, Option<Number>)) {
    let (low, high, from, to) = match ty {
        Type::String => ("minLength", "maxLength", 0.0, f64::MAX),
        Type::List(_) => ("minItems", "maxItems", 0.0, f64::MAX),
        number => {
            let Some((from, to)) = width(number) else { return };
            ("minimum", "maximum", from, to)
        }
    };
    let is_usable = |limit: &Number| match ty {
        Type::Float32 | Type::Float64 => true,
        Type::String | Type::List(_) => limit.is_u64(),
        _ => !limit.is_f64(),
    };
    let usable = |limit: Option<Number>| {
        let limit = limit.filter(is_usable)?;
        Some((limit.as_f64()?, limit))
    };
    let least = usable(limits.0).filter(|(least, _)| *least > from);
    let most = usable(limits.1).filter(|(most, _)| *most < to);
    let end = |limit: &Option<(f64, Number)>, end| limit.as_ref().map_or(end, |(limit, _)| *limit);
    if end(&least, from) > end(&most, to) {
        return;
    }
    for (bound, limit) in [(low, least), (high, most)] {
        if let Some((_, limit)) = limit {
            schema.insert(bound.to_owned(), limit.into());
        }
    }
}

/// The least and the most that fit into a number.
#[expect(clippy::cast_precision_loss, reason = "only limits far beyond are told apart wrongly")]
fn width(ty: &Type) -> Option<(f64, f64)> {
    Some(match ty {
        Type::U8 => (0.0, u8::MAX.into()),
        Type::U16 => (0.0, u16::MAX.into()),
        Type::U32 => (0.0, u32::MAX.into()),
        Type::U64 => (0.0, u64::MAX as f64),
        Type::S8 => (i8::MIN.into(), i8::MAX.into()),
        Type::S16 => (i16::MIN.into(), i16::MAX.into()),
        Type::S32 => (i32::MIN.into(), i32::MAX.into()),
        Type::S64 => (i64::MIN as f64, i64::MAX as f64),
        Type::Float32 => (f32::MIN.into(), f32::MAX.into()),
        Type::Float64 => (f64::MIN, f64::MAX),
        _ => return None,
    })
}

fn from(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        // Only a shape that was refused at load: nothing fits it.
        _ => Map::from_iter([("not".to_owned(), json!({}))]),
    }
}
