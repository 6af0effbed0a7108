//! What docs add to tools, and what docs of a stranger cannot do to them.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use host::{engine::Connector, tools::Tool};
use serde_json::{Value, json};

use super::{doubling, now, schemas_of, tool, validator};
use crate::support::{
    described::{WIT, edited, gzip, with_docs},
    everything::{EVERYTHING, EVERYTHING_WAT, HOST, call_of, everything},
};

fn carrying(section: &[u8]) -> Connector {
    let bytes = with_docs(wat::parse_str(EVERYTHING_WAT).unwrap(), section);
    HOST.load(&bytes).unwrap_or_else(|error| panic!("{error}"))
}

fn saying(wit: &str) -> Connector {
    let connector = carrying(&gzip(wit.as_bytes()));
    assert_eq!(connector.docs().wit(), wit, "it is no WIT");
    connector
}

fn input(connector: &Connector, action: &str) -> Value {
    json!(tool(connector, action).input_schema)
}

/// The schema without what docs may add to it.
fn bare(schema: &Value) -> Value {
    const ADDED: [&str; 9] = [
        "description",
        "pattern",
        "examples",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    ];
    match schema {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !ADDED.contains(&&***name));
            members
                .map(|(name, member)| (name.clone(), bare(member)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

/// Whatever the docs, the component is what it is: it was loaded, its schemas
/// are valid and of its own shape, and it can be called.
fn unharmed(connector: &Connector) {
    assert_eq!(schemas_of(connector), 7);
    for (tool, own) in Tool::all_of(connector).iter().zip(Tool::all_of(&EVERYTHING)) {
        assert_eq!(tool.name, own.name);
        assert_eq!(bare(&json!(tool.input_schema)), bare(&json!(own.input_schema)));
        assert_eq!(bare(&json!(tool.output_schema)), bare(&json!(own.output_schema)));
        assert_eq!(
            tool.error_schema.clone().map(|schema| bare(&schema.into())),
            own.error_schema.map(|schema| bare(&schema.into()))
        );
    }
    let echoed = now(call_of(connector, "echo", everything())).unwrap().result;
    assert_eq!(echoed, Ok(everything()));
}

/// As `unharmed`, and as if there were no docs at all.
fn without_docs(section: &[u8]) {
    let started = Instant::now();
    let connector = carrying(section);
    unharmed(&connector);
    assert_eq!((connector.docs().wit(), &*connector.docs().about(&["actions"])), ("", ""));
    let tools = |connector| serde_json::to_value(Tool::all_of(connector)).unwrap();
    assert_eq!(tools(&connector), tools(&EVERYTHING));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn docs_become_titles_descriptions_and_hints() {
    let said = saying(WIT);
    unharmed(&said);
    assert_eq!(
        said.docs().about(&["actions"]),
        "What can be done with things.\n\nTwo paragraphs of it."
    );
    let [echo, remind, fail] = ["echo", "remind", "fail"].map(|name| tool(&said, name));
    assert_eq!(echo.title, "Echo of all");
    assert_eq!(
        echo.description,
        "Give a thing back.\n\nEffect: reads. Repeating: safe, it costs nothing."
    );
    assert_eq!((&*remind.title, &*fail.title), ("Reminder", "Fail"));
    assert_eq!(fail.description, "");
    let undescribed = json!({ "openWorldHint": false });
    assert_eq!(json!(fail.annotations), undescribed);
    assert_eq!(json!(echo.input_schema)["description"], "All there is.");
}

#[test]
fn hints_follow_from_what_the_effect_is_said_to_be() {
    let effect = "/// Effect: creates. Repeating: not safe, it reminds twice.";
    for (line, reads, destroys, repeatable) in [
        ("/// Effect: reads.", true, false, false),
        ("/// Effect: reads. Repeating: safe.", true, false, true),
        (effect, false, false, false),
        ("/// Effect: creates. Repeating: safe", false, false, true),
        ("/// Effect: changes. Repeating: safe", false, true, true),
        ("/// Effect: deletes.", false, true, false),
    ] {
        let hints = tool(&saying(&edited(effect, line)), "remind").annotations;
        let expected = json!({
            "readOnlyHint": reads, "destructiveHint": destroys, "idempotentHint": repeatable,
            "openWorldHint": false,
        });
        assert_eq!(json!(hints), expected, "{line}");
    }
    for line in ["/// Effect: wonders.", "/// The Effect: reads.", "/// Repeating: safe"] {
        let hints = tool(&saying(&edited(effect, line)), "remind").annotations;
        assert_eq!(json!(hints), json!({ "openWorldHint": false }), "{line}");
    }
}

#[test]
fn limits_bound_numbers_texts_and_lists_and_may_be_open() {
    let said = saying(WIT);
    let all = &input(&said, "echo")["properties"];
    for (field, low, high) in [
        ("u8", json!({ "minimum": 1 }), json!({ "maximum": 100 })),
        ("u16", json!({ "minimum": 10 }), json!({ "maximum": null })),
        ("u32", json!({ "minimum": null }), json!({ "maximum": 10 })),
        ("f32", json!({ "minimum": -0.5 }), json!({ "maximum": 0.5 })),
        ("text", json!({ "minLength": null }), json!({ "maxLength": 2000 })),
        ("grid", json!({ "minItems": 1 }), json!({ "maxItems": 50 })),
        ("maybe", json!({ "minimum": 2 }), json!({ "maximum": 5 })),
    ] {
        for end in [low, high] {
            let (bound, limit) = end.as_object().unwrap().iter().next().unwrap();
            assert_eq!(all[field][bound], *limit, "{field}: {}", all[field]);
        }
    }
    assert_eq!(all["shape"]["anyOf"][1]["properties"]["line"]["maximum"], 9);
    for (field, example) in
        [("u8", json!(7)), ("text", json!("word")), ("grid", json!([[1]])), ("color", json!("red"))]
    {
        assert_eq!(all[field]["examples"], json!([example]), "{field}");
    }
    assert_eq!(all["u64"], input(&EVERYTHING, "echo")["properties"]["u64"]);
}

#[test]
fn a_pattern_is_the_form_of_a_text_that_is_taken_and_may_be_blank_where_it_may_be_absent() {
    let of = |tool: Tool| [tool.input_schema, tool.output_schema].map(Value::from);
    let line = "    /// Limits: 0..2000";
    let said = saying(&edited(line, "    /// Pattern: ^[a-z]{4}$"));
    unharmed(&said);
    let [taken, given] = of(tool(&said, "echo"));
    assert_eq!(taken["properties"]["text"]["pattern"], "^[a-z]{4}$");
    // The host may have masked it.
    assert_eq!(given["properties"]["text"].get("pattern"), None);

    let said = saying(&edited("  /// Limits: 1..80", "  /// Pattern: ^(a|b)$"));
    let [taken, _] = of(tool(&said, "remind"));
    let about = &taken["properties"]["about"];
    assert_eq!(about["pattern"], "^$|^(a|b)$");
    let about = validator(about.as_object().unwrap());
    assert!(["", "a", "b"].iter().all(|text| about.is_valid(&json!(text))));
    assert!(["ab", " ", "a\n", "xb"].iter().all(|text| !about.is_valid(&json!(text))));

    for (line, odd) in [
        (line, "^(a+)+$"),
        (line, "^[a"),
        (line, "a"),
        ("    yes: bool,", "^a$"),
        ("    letter: char,", "^a$"),
        ("    color: color,", "^a$"),
    ] {
        let field = line.strip_prefix("    /// Limits: 0..2000").map_or(line, |_| "");
        let said = saying(&edited(line, &format!("    /// Pattern: {odd}\n{field}")));
        unharmed(&said);
        assert!(!input(&said, "echo").to_string().contains("pattern"), "{line} {odd}");
    }
}

#[test]
fn words_say_what_each_of_them_means() {
    let said = saying(WIT);
    let all = &input(&said, "echo")["properties"];
    assert_eq!(all["color"]["description"], "Its color.\n`red`: As blood.");
    assert_eq!(all["rights"]["description"], "What may be done.");
    assert_eq!(all["rights"]["items"]["description"], "`read`: To look.\n`share`: To give away.");
    assert_eq!(all["shape"]["description"], "A shape.");
    let cases = &all["shape"]["anyOf"];
    assert_eq!(cases[0]["description"], "`dot`: No length at all.");
    assert_eq!(cases[1]["properties"]["line"]["description"], "From here to there.");
    assert_eq!(cases[2]["properties"]["named"].get("description"), None);
}

#[test]
fn docs_of_a_name_are_followed_to_what_it_stands_for() {
    let said = saying(WIT);
    let remind = &input(&said, "remind")["properties"];
    assert_eq!(
        remind["minutes"],
        json!({
            "type": "integer", "minimum": 1, "maximum": 240, "examples": [15],
            "description": "A time in minutes.",
        })
    );
    let subject = json!({
        "type": "string", "minLength": 1, "maxLength": 80,
        "description": "A few words.",
    });
    assert_eq!(remind["about"], subject);

    let tag = json!({
        "type": "string", "minLength": 1, "maxLength": 20,
        "description": "A word.",
    });
    let echo = tool(&said, "echo");
    for (side, schema) in [("taken", echo.input_schema), ("given", echo.output_schema)] {
        let all = &json!(schema)["properties"];
        assert_eq!(all["inner"]["items"]["description"], "A part.", "{side}");
        let inner = &all["inner"]["items"]["properties"];
        assert_eq!(inner["name"]["description"], "Its name.", "{side}");
        assert_eq!(inner["tags"]["items"], tag, "{side}");
        assert_eq!(all["pair"]["items"]["anyOf"][0]["maximum"], 240, "{side}");
        assert_eq!(all["pair"]["items"]["anyOf"][1], tag, "{side}");
        assert_eq!(all["outcome"]["anyOf"][1]["properties"]["err"], tag, "{side}");
        assert_eq!(all["maybe"]["description"], "Maybe a number.", "{side}");
        assert_eq!(all["maybe"]["maximum"], 5, "{side}");
    }
}

#[test]
fn a_section_that_holds_no_docs_is_as_none() {
    without_docs(b"");
    without_docs(WIT.as_bytes());
    without_docs(&[0xFF; 1000]);
    without_docs(&gzip(b""));
    without_docs(&gzip(b"\0asm\x0d\0\x01\0"));
    without_docs(&gzip(b"interface actions { echo: func("));
    without_docs(&gzip(b"\xFF\xFE not UTF-8"));
    without_docs(&gzip(&WIT.as_bytes()[..WIT.len() / 2]));
    without_docs(&gzip(WIT.as_bytes())[..200]);
}

#[test]
fn a_section_that_unpacks_without_end_is_as_none() {
    let zeros = vec![0; 1 << 20];
    without_docs(&gzip(&zeros));
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let mut megabyte = || {
        let packed_before = packed.get_ref().len();
        packed.write_all(&zeros).unwrap();
        packed.flush().unwrap();
        packed.get_ref()[packed_before..].to_vec()
    };
    // Every megabyte but the first is packed alike: here are four thousand.
    without_docs(&[megabyte(), megabyte().repeat(4_000)].concat());
    // All that is read before the end would be docs by itself.
    without_docs(&gzip(format!("{WIT}{}", "// nothing\n".repeat(200_000)).as_bytes()));
}

#[test]
fn nesting_without_end_is_as_no_docs() {
    for open in ["list<", "tuple<", "option<", "result<", "result<_, "] {
        // As deep as goes into a package that is not too large already.
        let deep = open.repeat(500_000 / open.len());
        let deep = format!("package a:b; interface actions {{ type deep = {deep}");
        without_docs(&gzip(deep.as_bytes()));
        let [deep, close] = [open, ">"].map(|text| text.repeat(500_000 / (open.len() + 1)));
        let deep = format!("package a:b; interface actions {{ type deep = {deep}u8{close}; }}");
        without_docs(&gzip(deep.as_bytes()));
    }
    without_docs(&gzip("/*".repeat(200_000).as_bytes()));
    without_docs(&gzip("package a:b { ".repeat(30_000).as_bytes()));
}

#[test]
fn types_that_stand_upon_each_other_a_thousandfold_are_followed_in_bounded_time() {
    let tower = |of: fn(usize) -> String| {
        let types: String =
            (1..10_000).map(|n| format!("  type t{n} = {};\n", of(n - 1))).collect();
        let actions = WIT
            .replace("  type span = u8;", &format!("  type t0 = u8;\n{types}  type span = t9999;"));
        let started = Instant::now();
        unharmed(&saying(&actions));
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    };
    tower(|n| format!("t{n}"));
    tower(|n| format!("list<t{n}>"));
    tower(|n| format!("tuple<t{n}, t{n}>"));
}

#[test]
fn docs_of_other_types_than_the_component_has_change_no_shape() {
    for (line, by) in [
        ("    %u8: u8,", "    %u8: inner,"),
        ("    %u8: u8,", "    number: u8,"),
        ("    %u16: u16,", "    %u16: list<color>,"),
        ("    %u32: u32,", "    %u32: option<u32>,"),
        ("    yes: bool,", "    yes: future<shape>,"),
        ("    color: color,", "    color: rights,"),
        ("    rights: rights,", "    rights: shape,"),
        ("    shape: shape,", "    shape: color,"),
        ("    pair: tuple<span, tag>,", "    pair: tuple<tag>,"),
        ("    pair: tuple<span, tag>,", "    pair: tuple<tag, span, inner>,"),
        ("    maybe: perhaps,", "    maybe: u32,"),
        ("    inner: list<inner>,", "    inner: inner,"),
        ("    tags: option<list<tag>>,", "    tags: tag,"),
        ("    red,", "    blue,"),
        ("    line(u32),", "    line(inner),"),
        ("    named(option<string>),", "    dotted(string), named,"),
        ("    outcome: result<u8, tag>,", "    outcome: result<inner, span>,"),
        ("(value: everything) -> everything;", "(value: minutes) -> result<minutes>;"),
        ("(minutes: minutes, about: option<subject>);", "(about: minutes) -> minutes;"),
        (
            "  fail: func() -> result;",
            "  fail: func(it: everything) -> result<everything, minutes>;",
        ),
    ] {
        unharmed(&saying(&edited(line, by)));
    }
    let foreign = "package test:load; interface actions { use a:b/c.{d}; echo: func(value: d); }";
    unharmed(&saying(foreign));
    let handle = edited("interface things {", "interface things { resource file;");
    unharmed(&saying(&handle.replace("    yes: bool,", "    yes: own<file>,")));
}

#[test]
fn limits_only_narrow_what_the_component_takes_and_leave_something() {
    let own = input(&EVERYTHING, "echo");
    for (field, line, limits) in [
        ("u8", "    /// Limits: 1..100", "5..1"),
        ("u8", "    /// Limits: 1..100", "x..y"),
        ("u8", "    /// Limits: 1..100", ".."),
        ("u8", "    /// Limits: 1..100", "1"),
        ("u8", "    /// Limits: 1..100", "-5..1000"),
        ("u8", "    /// Limits: 1..100", "300..400"),
        ("u8", "    /// Limits: 1..100", "0.5..1e400"),
        ("u8", "    /// Limits: 1..100", "0.5..0.6"),
        ("u16", "    /// Limits: 10..", "99999..99999999999999999999999999"),
        ("f32", "    /// Limits: -0.5..0.5", "-1e300..1e300"),
        ("f32", "    /// Limits: -0.5..0.5", "NaN..inf"),
        ("text", "    /// Limits: 0..2000", "-1..1.5"),
        ("text", "    /// Limits: 0..2000", "2..1"),
        ("grid", "    /// Limits: 1..50", "-3..-1"),
        ("grid", "    /// Limits: 1..50", "0.1..0.2"),
        ("letter", "    letter: char,", "0..9"),
        ("letter", "    letter: char,", "2..9"),
        ("yes", "    yes: bool,", "1..2"),
        ("pair", "    pair: tuple<span, tag>,", "1..9"),
        ("color", "    color: color,", "9..10"),
        ("rights", "    rights: rights,", "9.."),
    ] {
        let undescribed = if line.contains("///") { "" } else { &*format!("{field}: bool,") };
        let by = format!("    /// Limits: {limits}\n    {undescribed}");
        let said = saying(&edited(line, &by));
        unharmed(&said);
        let of_shape = |schema: &Value| {
            let mut field = schema["properties"][field].clone();
            for added in ["description", "examples"] {
                field.as_object_mut().unwrap().remove(added);
            }
            field
        };
        assert_eq!(of_shape(&input(&said, "echo")), of_shape(&own), "{field} {by}");
    }
}

#[test]
fn docs_are_bounded_however_often_their_type_is_used() {
    let words = format!("/// {}\n", "word ".repeat(10)).repeat(3_000);
    let [long, longer] =
        [1_000, 60_000].map(|length| format!("/// Example: {}\n", json!("x".repeat(length))));
    for docs in [&words, &long, &longer, &format!("{words}{long}"), &"///\n".repeat(50_000)] {
        let wit = format!(
            "package a:b; interface actions {{
               {docs} record t0 {{ {docs} a: bool }}
               record t1 {{ a: t0, b: t0 }} record t2 {{ a: t1, b: t1 }} record t3 {{ a: t2, b: t2 }}
               odd: func(it: list<t3>);
             }}"
        );
        let component = wat::parse_str(doubling(3)).unwrap();
        let connector = HOST.load(&with_docs(component, &gzip(wit.as_bytes()))).unwrap();
        assert_eq!(connector.docs().wit(), wit);
        let schema = input(&connector, "odd").to_string();
        assert!(!schema.contains("examples"), "{schema}");
        assert!((500..8 * 2 * 5_000).contains(&schema.len()), "{} bytes", schema.len());
    }
}
