//! How is a component value written as JSON, and JSON read as one?
//!
//! Driven by the component's own types; knows no action and no field.
//!
//! | type | JSON |
//! | --- | --- |
//! | record | object; an option without a value has no member, or `null` when read |
//! | list, tuple | array |
//! | enum | the label as a string |
//! | variant | its label, or `{"label": payload}` if the case has one |
//! | result | the same, with the labels `ok` and `err` |
//! | option elsewhere than in a record | the value, or `null` |
//! | flags | array of labels, each at most once |
//! | char, string | string |
//! | numbers of any width, bool | number, `true` or `false`; a float without a JSON form is `null` |
//!
//! Names are those of the WIT file, hyphens included. Resources, handles,
//! futures and streams have no JSON form, nor has an option of an option.

use std::collections::HashSet;

use serde_json::{Map, Value};
use wasmtime::component::{Type, Val};

use crate::hiding::Hiding;

mod text;

/// Below this, 2 to the 53rd, every whole number is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a JSON value is no value of the type: the place and what was expected.
pub type Refusal = String;

/// So many parts (types, fields, labels) the actions of a component may have in
/// all. A type may name another many times, so that few bytes make billions.
pub const PARTS: usize = 20_000;

/// The first type in `ty` that has no JSON form, in words. Takes the parts of
/// the type from those that are left.
#[must_use]
pub fn without_form(ty: &Type, left: &mut usize) -> Option<&'static str> {
    // A long name is written out as often as a short one.
    let of = |name: &str| 1 + name.len() / 100;
    let parts = match ty {
        Type::Record(record) => record.fields().map(|field| of(field.name)).sum(),
        Type::Enum(labels) => labels.names().map(of).sum(),
        Type::Flags(labels) => labels.names().map(of).sum(),
        Type::Variant(variant) => variant.cases().map(|case| of(case.name)).sum(),
        _ => 1,
    };
    let Some(rest) = left.checked_sub(parts) else { return Some("a type of too many parts") };
    *left = rest;
    match ty {
        Type::Option(option) if matches!(option.ty(), Type::Option(_)) => {
            Some("an option of an option")
        }
        Type::Own(_) | Type::Borrow(_) => Some("a resource"),
        Type::Future(_) | Type::Stream(_) => Some("a future or stream"),
        Type::ErrorContext => Some("an error context"),
        Type::Map(_) | Type::FixedLengthList(_) => Some("a map or list of fixed length"),
        Type::List(list) => without_form(&list.ty(), left),
        Type::Option(option) => without_form(&option.ty(), left),
        Type::Record(record) => record.fields().find_map(|field| without_form(&field.ty, left)),
        Type::Tuple(tuple) => tuple.types().find_map(|ty| without_form(&ty, left)),
        Type::Variant(variant) => {
            variant.cases().find_map(|case| without_form(case.ty.as_ref()?, left))
        }
        Type::Result(result) => {
            [result.ok(), result.err()].into_iter().flatten().find_map(|ty| without_form(&ty, left))
        }
        _ => None,
    }
}

/// Reads a function's arguments.
///
/// A single parameter that is a record takes its fields from the object
/// itself; otherwise the object's keys are the names of the parameters.
pub fn arguments(json: &Value, params: &[(String, Type)]) -> Result<Vec<Val>, Refusal> {
    if let [(_, ty @ Type::Record(_))] = params {
        return Ok(vec![read(json, ty, "")?]);
    }
    fields(json, params.iter().map(|(name, ty)| (name.as_str(), ty.clone())), "")
        .map(|fields| fields.into_iter().map(|(_, value)| value).collect())
}

fn read(json: &Value, ty: &Type, place: &str) -> Result<Val, Refusal> {
    let refuse = |expected: &str| Err(refusal(place, json, expected));
    match ty {
        Type::Bool => json.as_bool().map(Val::Bool).map_or_else(|| refuse("true or false"), Ok),
        Type::U8 => whole(json, place).map(Val::U8),
        Type::U16 => whole(json, place).map(Val::U16),
        Type::U32 => whole(json, place).map(Val::U32),
        Type::U64 => whole(json, place).map(Val::U64),
        Type::S8 => whole(json, place).map(Val::S8),
        Type::S16 => whole(json, place).map(Val::S16),
        Type::S32 => whole(json, place).map(Val::S32),
        Type::S64 => whole(json, place).map(Val::S64),
        #[expect(clippy::cast_possible_truncation, reason = "the type asks for the nearest f32")]
        Type::Float32 => json
            .as_f64()
            // A little more would round to the largest, and the schema ends there.
            .filter(|x| x.abs() <= f64::from(f32::MAX))
            .map(|x| Val::Float32(x as f32))
            .map_or_else(|| refuse("a number that fits into 32 bits"), Ok),
        Type::Float64 => json.as_f64().map(Val::Float64).map_or_else(|| refuse("a number"), Ok),
        Type::String => match json {
            Value::String(text) => Ok(Val::String(text.clone())),
            _ => refuse("text"),
        },
        Type::Char => {
            let mut chars = json.as_str().unwrap_or_default().chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(Val::Char(c)),
                _ => refuse("text of one character"),
            }
        }
        Type::Option(_) if json.is_null() => Ok(Val::Option(None)),
        Type::Option(option) => Ok(Val::Option(Some(Box::new(read(json, &option.ty(), place)?)))),
        Type::List(list) => items(json, place)?
            .iter()
            .enumerate()
            .map(|(index, item)| read(item, &list.ty(), &format!("{place}[{index}]")))
            .collect::<Result<_, _>>()
            .map(Val::List),
        Type::Tuple(tuple) => {
            let items = items(json, place)?;
            if items.len() != tuple.types().len() {
                return refuse(&format!("an array of {}", tuple.types().len()));
            }
            items
                .iter()
                .zip(tuple.types())
                .enumerate()
                .map(|(index, (item, ty))| read(item, &ty, &format!("{place}[{index}]")))
                .collect::<Result<_, _>>()
                .map(Val::Tuple)
        }
        Type::Record(record) => {
            fields(json, record.fields().map(|field| (field.name, field.ty)), place)
                .map(Val::Record)
        }
        Type::Enum(labels) => match json.as_str() {
            Some(label) if labels.names().any(|name| name == label) => {
                Ok(Val::Enum(label.to_owned()))
            }
            _ => refuse(&one_of(labels.names())),
        },
        Type::Flags(flags) => {
            let known = |label: &&str| flags.names().any(|name| name == *label);
            let labels = items(json, place)?.iter();
            let labels: Option<Vec<_>> =
                labels.map(|item| item.as_str().filter(known).map(str::to_owned)).collect();
            match labels {
                Some(labels) if labels.iter().collect::<HashSet<_>>().len() == labels.len() => {
                    Ok(Val::Flags(labels))
                }
                _ => refuse(&format!("a list of {}, each at most once", one_of(flags.names()))),
            }
        }
        Type::Variant(variant) => {
            let cases: Vec<_> = variant.cases().map(|case| (case.name, case.ty)).collect();
            let (label, payload) = choice(json, &cases, place)?;
            Ok(Val::Variant(label.to_owned(), payload))
        }
        Type::Result(result) => {
            let cases = [("ok", result.ok()), ("err", result.err())];
            let (label, payload) = choice(json, &cases, place)?;
            Ok(Val::Result(if label == "ok" { Ok(payload) } else { Err(payload) }))
        }
        _ => refuse("nothing: its type has no JSON form"),
    }
}

/// The label of one of the cases, and what stands behind it.
fn choice<'a>(
    json: &Value,
    cases: &[(&'a str, Option<Type>)],
    place: &str,
) -> Result<(&'a str, Option<Box<Val>>), Refusal> {
    let (label, payload) = match json {
        Value::Object(members) if members.len() == 1 => members
            .iter()
            .next()
            .map_or((None, None), |(label, value)| (Some(&**label), Some(value))),
        _ => (json.as_str(), None),
    };
    let case = cases.iter().find(|(name, _)| Some(*name) == label);
    match (case, payload) {
        (Some((name, None)), None) => Ok((name, None)),
        (Some((name, Some(ty))), Some(payload)) => {
            Ok((name, Some(Box::new(read(payload, ty, &inside(place, name))?))))
        }
        _ => {
            let forms = cases.iter().map(|(name, ty)| match ty {
                None => format!("\"{name}\""),
                Some(_) => format!("{{\"{name}\": …}}"),
            });
            Err(refusal(place, json, &one_of(forms)))
        }
    }
}

fn fields<'a>(
    json: &Value,
    fields: impl Iterator<Item = (&'a str, Type)>,
    place: &str,
) -> Result<Vec<(String, Val)>, Refusal> {
    let Value::Object(members) = json else {
        return Err(refusal(place, json, "an object"));
    };
    let fields: Vec<_> = fields.collect();
    if let Some(unknown) = members.keys().find(|key| !fields.iter().any(|(name, _)| name == key)) {
        let known = one_of(fields.iter().map(|(name, _)| *name));
        return Err(format!(
            "{}: there is no such field; expected {known}",
            inside(place, &short(unknown))
        ));
    }
    fields
        .into_iter()
        .map(|(name, ty)| {
            let value = match (members.get(name), &ty) {
                (None, Type::Option(_)) => Val::Option(None),
                (None, _) => return Err(format!("{}: it is missing", inside(place, name))),
                (Some(json), ty) => read(json, ty, &inside(place, name))?,
            };
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn items<'a>(json: &'a Value, place: &str) -> Result<&'a Vec<Value>, Refusal> {
    json.as_array().ok_or_else(|| refusal(place, json, "an array"))
}

fn whole<N: TryFrom<i128>>(json: &Value, place: &str) -> Result<N, Refusal> {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and bounded")]
    let number =
        json.as_i64().map(i128::from).or_else(|| json.as_u64().map(i128::from)).or_else(|| {
            // 5.0 is the same number as 5, where floats can tell it from its neighbours.
            let whole = json.as_f64().filter(|x| x.fract() == 0.0)?;
            let far = if whole > 0.0 { i128::MAX } else { i128::MIN };
            Some(if whole.abs() < EXACT { whole as i128 } else { far })
        });
    number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
        // How wide the type is, is nobody's business.
        let is_unsigned = N::try_from(-1).is_err();
        let expected = match number {
            Some(number) if number < 0 && is_unsigned => "a whole number of at least 0",
            Some(1..) => "a whole number that is smaller",
            Some(_) => "a whole number that is larger",
            None => "a whole number",
        };
        refusal(place, json, expected)
    })
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn one_of(names: impl Iterator<Item = impl Into<String>>) -> String {
    let names: Vec<String> = names.map(Into::into).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        names => format!("one of {}", names.join(", ")),
    }
}

fn refusal(place: &str, json: &Value, expected: &str) -> Refusal {
    let place = if place.is_empty() { "the arguments" } else { place };
    format!("{place}: {} cannot be used; expected {expected}", short(&json.to_string()))
}

/// As much of what was given as tells which it was.
fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(60).collect();
    short.extend(chars.next().map(|_| '…'));
    short
}

/// What a function gave, not yet written. Without a value it is `null`.
pub struct Answer(pub(crate) Option<Val>);

/// A form in which what a function gave is written: as a tree, which is a [`Value`], or
/// as text, which is a [`String`] and takes less.
pub trait Form: Send + Sized + 'static {
    /// Writes it, without what is to be hidden.
    fn of(answer: Answer, hiding: Hiding<'_>) -> Self;

    /// The same as a tree.
    fn tree(&self) -> Value;
}

impl Form for Value {
    fn of(answer: Answer, hiding: Hiding<'_>) -> Self {
        let mut value = answer.0.map_or(Self::Null, write);
        hiding.hide(&mut value);
        value
    }

    fn tree(&self) -> Value {
        self.clone()
    }
}

impl Form for String {
    fn of(answer: Answer, mut hiding: Hiding<'_>) -> Self {
        answer.0.map_or_else(|| "null".to_owned(), |value| text::text(&value, &mut hiding))
    }

    fn tree(&self) -> Value {
        // What is too deep to be read stays a text.
        serde_json::from_str(self).unwrap_or_else(|_| self.clone().into())
    }
}

impl Answer {
    /// The whole number that a member is, if it is one.
    pub(crate) fn number(&self, member: &str) -> Option<u64> {
        let Some(Val::Record(fields)) = &self.0 else { return None };
        let mut value =
            fields.iter().find_map(|(name, value)| (name == member).then_some(value))?;
        while let Val::Option(Some(inner)) = value {
            value = inner;
        }
        match value {
            Val::U8(x) => Some((*x).into()),
            Val::U16(x) => Some((*x).into()),
            Val::U32(x) => Some((*x).into()),
            Val::U64(x) => Some(*x),
            Val::S8(x) => (*x).try_into().ok(),
            Val::S16(x) => (*x).try_into().ok(),
            Val::S32(x) => (*x).try_into().ok(),
            Val::S64(x) => (*x).try_into().ok(),
            _ => None,
        }
    }
}

/// Writes a value as a tree.
pub(crate) fn write(value: Val) -> Value {
    match value {
        Val::Bool(x) => x.into(),
        Val::S8(x) => x.into(),
        Val::U8(x) => x.into(),
        Val::S16(x) => x.into(),
        Val::U16(x) => x.into(),
        Val::S32(x) => x.into(),
        Val::U32(x) => x.into(),
        Val::S64(x) => x.into(),
        Val::U64(x) => x.into(),
        Val::Float32(x) => x.into(),
        Val::Float64(x) => x.into(),
        Val::Char(c) => c.to_string().into(),
        Val::String(text) | Val::Enum(text) => text.into(),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            items.into_iter().map(write).collect()
        }
        Val::Record(fields) => {
            let mut members = Map::with_capacity(fields.len());
            let present =
                fields.into_iter().filter(|(_, value)| !matches!(value, Val::Option(None)));
            members.extend(present.map(|(name, value)| (name, write(value))));
            members.into()
        }
        Val::Variant(label, None) => label.into(),
        Val::Variant(label, Some(payload)) => one(label, write(*payload)),
        Val::Option(inner) => inner.map_or(Value::Null, |inner| write(*inner)),
        Val::Result(result) => {
            let (label, payload) = match result {
                Ok(payload) => ("ok", payload),
                Err(payload) => ("err", payload),
            };
            match payload {
                Some(payload) => one(label.to_owned(), write(*payload)),
                None => label.into(),
            }
        }
        Val::Flags(labels) => labels.into_iter().map(Value::from).collect(),
        // Refused when the component was loaded.
        Val::Map(_) | Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            Value::Null
        }
    }
}

fn one(label: String, payload: Value) -> Value {
    Value::Object(Map::from_iter([(label, payload)]))
}
