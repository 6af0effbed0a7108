//! Types that nobody thought of: made up at random, as components that give
//! back what they are given, with values of them and with values gone wrong.

use std::fmt::Write;

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

/// The names of all fields, cases, labels and flags, so that what fits one
/// place looks as if it fitted others.
const NAMES: [&str; 4] = ["a", "b", "c", "d-e"];
/// Makes a record too long for registers, so that its pointer goes in and out.
const PADDING: usize = 17;

/// A type that has a JSON form.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Plain(&'static str),
    List(Box<Shape>),
    Option(Box<Shape>),
    Tuple(Vec<Shape>),
    Record(Vec<Shape>),
    Variant(Vec<Option<Shape>>),
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    Enum(usize),
    Flags(usize),
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let plain = prop::sample::select(vec![
        "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "bool", "char",
        "string",
    ]);
    let leaf = prop_oneof![
        5 => plain.prop_map(Shape::Plain),
        1 => (1..=NAMES.len()).prop_map(Shape::Enum),
        1 => (1..=NAMES.len()).prop_map(Shape::Flags),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..=NAMES.len());
        let payload = || prop::option::of(inner.clone());
        let boxed = || payload().prop_map(|payload| payload.map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|item| Shape::List(item.into())),
            inner.clone().prop_map(|inner| match inner {
                Shape::Option(_) => inner,
                inner => Shape::Option(inner.into()),
            }),
            some().prop_map(Shape::Tuple),
            some().prop_map(Shape::Record),
            prop::collection::vec(payload(), 1..=NAMES.len()).prop_map(Shape::Variant),
            (boxed(), boxed()).prop_map(|(ok, err)| Shape::Result(ok, err)),
        ]
    })
}

impl Shape {
    /// A component with the action `echo`, of a record with this as `it`.
    pub(super) fn component(&self) -> String {
        let mut types = String::new();
        let it = self.declare(&mut types);
        let padding = vec!["u8"; PADDING].join(" ");
        format!(
            r#"(component {types}
            (type $all' (record (field "it" {it}) (field "padding" (tuple {padding}))))
            (export $all "all" (type $all'))
            (core module $code
                (memory (export "memory") 2)
                (global $next (mut i32) (i32.const 1024))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (global.set $next
                        (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.get $next)
                    (global.set $next (i32.add (global.get $next) (local.get 3))))
                (func (export "echo") (param i32) (result i32) (local.get 0)))
            (core instance $code (instantiate $code))
            (alias core export $code "memory" (core memory $memory))
            (alias core export $code "realloc" (core func $realloc))
            (func $echo (param "value" $all) (result $all)
                (canon lift (core func $code "echo") (memory $memory) (realloc (func $realloc))))
            (instance $actions (export "echo" (func $echo)))
            (export "any:thing/actions" (instance $actions)))"#
        )
    }

    /// How the type is referred to, after what must be declared before.
    fn declare(&self, types: &mut String) -> String {
        let labels = |count: &usize| format!("\"{}\"", NAMES[..*count].join("\" \""));
        let definition = match self {
            Self::Plain(name) => return (*name).to_owned(),
            Self::List(item) => return format!("(list {})", item.declare(types)),
            Self::Option(inner) => return format!("(option {})", inner.declare(types)),
            Self::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| item.declare(types)).collect();
                return format!("(tuple {})", items.join(" "));
            }
            Self::Result(ok, err) => {
                let ok = ok.as_ref().map(|ok| ok.declare(types)).unwrap_or_default();
                let err = err.as_ref().map(|err| format!("(error {})", err.declare(types)));
                return format!("(result {ok} {})", err.unwrap_or_default());
            }
            Self::Record(fields) => {
                fields.iter().zip(NAMES).fold("record".to_owned(), |record, (field, name)| {
                    format!("{record} (field \"{name}\" {})", field.declare(types))
                })
            }
            Self::Variant(cases) => {
                cases.iter().zip(NAMES).fold("variant".to_owned(), |variant, (case, name)| {
                    let payload = case.as_ref().map(|case| case.declare(types));
                    format!("{variant} (case \"{name}\" {})", payload.unwrap_or_default())
                })
            }
            Self::Enum(count) => format!("enum {}", labels(count)),
            Self::Flags(count) => format!("flags {}", labels(count)),
        };
        let name = format!("t{}", types.matches("export").count());
        write!(types, "(type ${name}' ({definition})) (export ${name} \"{name}\" (type ${name}'))")
            .unwrap();
        format!("${name}")
    }

    /// Arguments of `echo` that fit, in the one form in which they come back.
    pub(super) fn arguments(&self) -> BoxedStrategy<Value> {
        self.member().prop_map(wrapped).boxed()
    }

    fn member(&self) -> BoxedStrategy<Option<Value>> {
        match self {
            Self::Option(inner) => prop::option::of(inner.value()).boxed(),
            other => other.value().prop_map(Some).boxed(),
        }
    }

    fn value(&self) -> BoxedStrategy<Value> {
        match self {
            Self::Plain(name) => plain(name),
            Self::List(item) => {
                prop::collection::vec(item.value(), 0..4).prop_map(Value::Array).boxed()
            }
            Self::Option(inner) => prop_oneof![Just(Value::Null), inner.value()].boxed(),
            Self::Tuple(items) => {
                let items: Vec<_> = items.iter().map(Self::value).collect();
                items.prop_map(Value::Array).boxed()
            }
            Self::Record(fields) => {
                let fields: Vec<_> = fields.iter().map(Self::member).collect();
                fields
                    .prop_map(|fields| {
                        let present = fields.into_iter().zip(NAMES);
                        let present = present.filter_map(|(value, name)| {
                            value.map(|value| (name.to_owned(), value))
                        });
                        Value::Object(present.collect())
                    })
                    .boxed()
            }
            Self::Variant(cases) => {
                choice(cases.iter().zip(NAMES).map(|(case, name)| (name, case.as_ref())).collect())
            }
            Self::Result(ok, err) => choice(vec![("ok", ok.as_deref()), ("err", err.as_deref())]),
            Self::Enum(count) => {
                prop::sample::select(&NAMES[..*count]).prop_map(Value::from).boxed()
            }
            Self::Flags(count) => prop::sample::subsequence(NAMES[..*count].to_vec(), 0..=*count)
                .prop_map(Value::from)
                .boxed(),
        }
    }
}

/// The arguments of `echo` with this as `it`.
pub(super) fn wrapped(it: Option<Value>) -> Value {
    match it {
        Some(it) => json!({ "it": it, "padding": vec![0; PADDING] }),
        None => json!({ "padding": vec![0; PADDING] }),
    }
}

fn choice(cases: Vec<(&'static str, Option<&Shape>)>) -> BoxedStrategy<Value> {
    let cases: Vec<_> = cases
        .into_iter()
        .map(|(label, payload)| match payload {
            None => Just(Value::from(label)).boxed(),
            Some(payload) => payload.value().prop_map(move |value| json!({ label: value })).boxed(),
        })
        .collect();
    prop::strategy::Union::new(cases).boxed()
}

fn plain(name: &str) -> BoxedStrategy<Value> {
    use prop::num::{f32, f64};
    match name {
        "u8" => ends(u8::MIN, u8::MAX, any::<u8>()),
        "u16" => ends(u16::MIN, u16::MAX, any::<u16>()),
        "u32" => ends(u32::MIN, u32::MAX, any::<u32>()),
        "u64" => ends(u64::MIN, u64::MAX, any::<u64>()),
        "s8" => ends(i8::MIN, i8::MAX, any::<i8>()),
        "s16" => ends(i16::MIN, i16::MAX, any::<i16>()),
        "s32" => ends(i32::MIN, i32::MAX, any::<i32>()),
        "s64" => ends(i64::MIN, i64::MAX, any::<i64>()),
        "f32" => ends(f32::MIN, f32::MAX, f32::NORMAL | f32::SUBNORMAL | f32::ZERO),
        "f64" => ends(f64::MIN, f64::MAX, f64::NORMAL | f64::SUBNORMAL | f64::ZERO),
        "bool" => any::<bool>().prop_map(Value::from).boxed(),
        "char" => any::<char>().prop_map(|c| c.to_string().into()).boxed(),
        "string" => any::<String>().prop_map(Value::from).boxed(),
        other => panic!("{other}"),
    }
}

fn ends<N>(least: N, most: N, any: impl Strategy<Value = N> + 'static) -> BoxedStrategy<Value>
where
    N: Clone + std::fmt::Debug + Into<Value> + 'static,
{
    prop_oneof![1 => Just(least), 1 => Just(most), 4 => any].prop_map(Into::into).boxed()
}

/// One thing done to a value, at one place in it.
#[derive(Clone, Debug)]
struct Fault {
    place: Index,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Replace(Value),
    Remove(Index),
    Add(&'static str, Value),
    Repeat(Index),
    Wrap(&'static str),
    Enclose,
    Float,
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let name = || prop::sample::select(vec!["a", "b", "ok", "other", "u8", "dot", "minutes"]);
    let kind = prop_oneof![
        5 => junk().prop_map(Kind::Replace),
        2 => any::<Index>().prop_map(Kind::Remove),
        2 => (name(), junk()).prop_map(|(name, value)| Kind::Add(name, value)),
        1 => any::<Index>().prop_map(Kind::Repeat),
        1 => name().prop_map(Kind::Wrap),
        1 => Just(Kind::Enclose),
        1 => Just(Kind::Float),
    ];
    let fault = (any::<Index>(), kind).prop_map(|(place, kind)| Fault { place, kind });
    prop::collection::vec(fault, 1..4)
}

/// The value with something done to it, after which it may fit or not.
pub(super) fn spoilt(value: Value) -> impl Strategy<Value = Value> {
    faults().prop_map(move |faults| {
        let mut value = value.clone();
        faults.into_iter().for_each(|fault| fault.befall(&mut value));
        value
    })
}

/// What looks like something, or stands just beyond an end.
fn junk() -> impl Strategy<Value = Value> {
    let powers = [7, 8, 15, 16, 31, 32, 63, 64].map(|bits| 1_i128 << bits);
    let whole = powers.iter().flat_map(|power| [*power, power - 1, -power, -power - 1]);
    // As a float, and there is no other way to write it, it is the least s64.
    let whole = whole.filter(|number| *number != i128::from(i64::MIN) - 1);
    let whole = whole.map(|number| serde_json::from_str(&number.to_string()).unwrap());
    // Neighbours of the largest f32: the least f64 above it, and one that would
    // be rounded down to it.
    let floats = [0.5, 5.0, -5.0, -0.0, 1e40, -1e300, 3.402_823_466_385_289e38, 3.402_823_5e38];
    let mut pool: Vec<Value> = whole.chain(floats.map(Value::from)).collect();
    pool.extend([
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(""),
        json!("a"),
        json!("b"),
        json!("ok"),
        json!("d-e"),
        json!("A"),
        json!("é"),
        json!("e\u{301}"),
        json!("\u{1F600}"),
        json!("ab"),
        json!([]),
        json!(["a"]),
        json!(["a", "a"]),
        json!(["a", "b"]),
        json!([null]),
        json!([1]),
        json!([1, 2]),
        json!({}),
        json!({ "a": null }),
        json!({ "a": 1 }),
        json!({ "a": 1, "b": 2 }),
        json!({ "b": "a" }),
        json!({ "ok": null }),
        json!({ "err": "a" }),
    ]);
    prop::sample::select(pool)
}

impl Fault {
    fn befall(self, value: &mut Value) {
        let place = self.place.index(count(value));
        let value = nth(value, &mut { place }).unwrap();
        match (self.kind, value) {
            (Kind::Replace(junk), value) => *value = junk,
            (Kind::Remove(which), Value::Object(members)) if !members.is_empty() => {
                let name = members.keys().nth(which.index(members.len())).unwrap().clone();
                members.remove(&name);
            }
            (Kind::Remove(which), Value::Array(items)) if !items.is_empty() => {
                items.remove(which.index(items.len()));
            }
            (Kind::Add(name, junk), Value::Object(members)) => {
                members.insert(name.to_owned(), junk);
            }
            (Kind::Add(_, junk), Value::Array(items)) => items.push(junk),
            (Kind::Repeat(which), Value::Array(items)) if !items.is_empty() => {
                items.push(items[which.index(items.len())].clone());
            }
            (Kind::Wrap(name), value) => {
                *value = Map::from_iter([(name.to_owned(), value.take())]).into();
            }
            (Kind::Enclose, value) => *value = json!([value.take()]),
            // A whole number beyond 2^53 would be refused as a float alone.
            (Kind::Float, value)
                if value.as_i64().is_some_and(|it| it.unsigned_abs() < 1 << 53) =>
            {
                *value = value.as_f64().into();
            }
            _ => {}
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The value at a place, counted from the outside.
fn nth<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, place)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, place)),
        _ => None,
    }
}
