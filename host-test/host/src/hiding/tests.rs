//! What is hidden, and what is not, whatever the form.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn masked(mut value: Value, masks: &[&str]) -> Value {
    Hiding::of(None, &names(masks)).hide(&mut value);
    value
}

fn hidden(mut value: Value) -> Value {
    let key = Secret::new("canary-7f3a").unwrap();
    Hiding::of(Some(&key), &[]).hide(&mut value);
    value
}

#[test]
fn a_mask_hides_every_member_of_its_name_and_nothing_else() {
    let value = json!({
        "name": "Ada",
        "url": "https://example.com/?token=1",
        "inner": [{ "url": "x", "other": "x" }, [{ "url": ["a", { "b": 1 }] }]],
        "absent": { "url": null },
        "text": "[{\"url\": 1, \"b\": 2}]",
        "plain": "[1]",
        "prose": "the url is [not] here",
    });
    let expected = json!({
        "name": "Ada",
        "url": "[masked]",
        "inner": [{ "url": "[masked]", "other": "x" }, [{ "url": "[masked]" }]],
        "absent": { "url": null },
        "text": "[{\"url\":\"[masked]\",\"b\":2}]",
        "plain": "[1]",
        "prose": "the url is [not] here",
    });
    assert_eq!(masked(value, &["url"]), expected);
}

#[test]
fn a_name_is_known_in_every_spelling() {
    for name in ["hook-url", "hook_url", "Hook-URL", "HOOK_URL", "hook\\u005furl", "\\u0068ook-url"]
    {
        let text = format!("{{\"{name}\": \"https://example.com/secret\"}}");
        let shown = masked(json!(text), &["hook-url"]).to_string();
        assert!(!shown.contains("secret"), "{name}: {shown}");
    }
    assert_eq!(masked(json!({ "hook_url": "x" }), &["hook-url"]), json!({ "hook_url": MASK }));
}

#[test]
fn what_only_a_lenient_reader_takes_for_json_is_hidden_whole() {
    let deep = format!("{}{{\"url\":\"secret\"}}{}", "[".repeat(2000), "]".repeat(2000));
    for text in [
        r#"{"url": "secret",}"#,
        r#"{"a": 1e999, "url": "secret"}"#,
        r#"{"a": "\ud800", "url": "secret"}"#,
        r#"{'url': 'secret'}"#,
        r#"{url: "secret"}"#,
        r#"{"url" : "secret" // a comment
           }"#,
        r#"callback({"url": "secret"})"#,
        r#"data: {"url": "secret"}"#,
        r#"{"a":1}{"url": "secret"} x"#,
        "url=secret&a=1",
        &deep,
    ] {
        assert_eq!(masked(json!(text), &["url"]), json!(MASK), "{text}");
    }
}

#[test]
fn json_lines_and_a_byte_order_mark_are_read_as_what_they_are() {
    let lines = "{\"url\":\"secret\",\"a\":1}\n{\"url\":null}\n[2]";
    let expected = "{\"url\":\"[masked]\",\"a\":1}\n{\"url\":null}\n[2]";
    assert_eq!(masked(json!(lines), &["url"]), json!(expected));
    let marked = "\u{FEFF}{\"url\":\"secret\"}";
    assert_eq!(masked(json!(marked), &["url"]), json!("{\"url\":\"[masked]\"}"));
    let quoted = json!(json!({ "url": "secret" }).to_string()).to_string();
    let shown = masked(json!(quoted), &["url"]);
    assert_eq!(shown, json!("\"{\\\"url\\\":\\\"[masked]\\\"}\""));
}

/// JSON inside a text inside JSON, so many times.
fn nested(layers: usize) -> String {
    let mut text = json!({ "url": "secret" }).to_string();
    for _ in 0..layers {
        text = json!({ "a": text }).to_string();
    }
    text
}

#[test]
fn layers_are_looked_through_and_too_many_hidden_whole() {
    for layers in [0, 1, 3, 6, 12, 19] {
        let shown = masked(json!(nested(layers)), &["url"]).to_string();
        assert!(!shown.contains("secret") && shown.contains("masked"), "{layers}: {shown}");
        assert_eq!(layers <= 6, shown.contains("url"), "{layers}: {shown}");
    }
}

#[test]
fn the_key_is_hidden_however_it_is_escaped() {
    for text in [
        "canary-7f3a",
        "a canary-7f3a and a canary-7f3a",
        r#"{"a":"\u0063anary-7f3a"}"#,
        r#"["{\"b\":\"canary\\u002d7f3a\"}"]"#,
        r#"{"\u0063anary-7f3a":1}"#,
        r#"{"a":"\u0063anary-7f3a",}"#,
        r"it is \u0063anary-7f3a",
    ] {
        let shown = hidden(json!({ "x": text })).to_string();
        assert!(!shown.contains("anary"), "{text}: {shown}");
    }
    assert_eq!(hidden(json!({ "canary-7f3a": [1] })), json!({ "[key]": [1] }));
    let untouched = json!({ "a": r#"{"b": "\u00e9", "c": 1.50}"# });
    assert_eq!(hidden(untouched.clone()), untouched);
}

#[test]
fn the_key_is_hidden_where_nobody_sees_what_stands_between_its_letters() {
    for text in [
        "c\u{200B}anary-7f3a",
        "can\u{AD}ary-7\u{FE0F}f3a and more",
        "ca\u{1b}nary-7f\0\u{8}3a",
        "canary-7f\u{E0041}\u{202E}3a",
        r#"{"a":"canary\u200b-7f3a"}"#,
        r#"{"ca\u0007nary-7f3a":1}"#,
    ] {
        let value = json!({ "x": text, text: [1] });
        let shown = hidden(value).to_string();
        assert!(shown.contains("[key]") && !shown.contains("3a"), "{text}: {shown}");
        let key = Secret::new("canary-7f3a").unwrap();
        let json = serde_json::to_string(text).unwrap();
        assert!(!Hiding::of(Some(&key), &[]).leaves(&json), "{json}");
    }
    let kept = json!({ "name": "👩\u{200D}💻 می\u{200C}خواهم \u{200B}canary" });
    assert_eq!(hidden(kept.clone()), kept);
}

#[test]
fn past_the_budget_a_text_is_hidden_whole() {
    let key = Secret::new("canary-7f3a").unwrap();
    let hiding = Hiding { left: 10, ..Hiding::of(Some(&key), &[]) };
    let mut value = json!(["12345678901", "12345"]);
    hiding.hide(&mut value);
    assert_eq!(value, json!([MASK, "12345"]));
}

#[test]
fn a_large_hostile_text_takes_little_time_and_no_stack() {
    let begun = std::time::Instant::now();
    let long = format!("{{\"url\":[{}1]}}", "1,".repeat(2 << 20));
    let shown = masked(json!({ "text": long }), &["url"]);
    assert_eq!(shown, json!({ "text": "{\"url\":\"[masked]\"}" }));
    let deep = "[".repeat(4 << 20) + "\"url\":";
    assert_eq!(masked(json!(deep), &["url"]), json!(MASK));
    let mut value = json!(1);
    for _ in 0..100_000 {
        value = Value::Array(vec![value]);
    }
    Hiding::of(None, &names(&["url"])).hide(&mut value);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    // Dropping it would recurse, and is not what is looked at here.
    std::mem::forget(value);
}

#[test]
fn what_a_redacted_member_held_is_left_out_elsewhere() {
    let given = json!({ "a": { "value": "+14155550123", "n": 1 }, "value": [123_456, "no"] });
    let texts = texts_in(&given, &names(&["value"]));
    assert_eq!(texts, ["+14155550123", "123456"]);
    let mut error = json!({ "message": "found \"+14155550123\", no 123456", "n": [5] });
    Redaction::of(&texts).redact(&mut error);
    assert_eq!(error, json!({ "message": "found \"[masked]\", no [masked]", "n": [5] }));
    assert_eq!(Redaction::of(&[]).redacted("as it is"), "as it is");
}

#[test]
fn a_members_name_is_a_text_as_any_other() {
    let name = r#"{"url":"secret"}"#;
    for value in [
        json!({ name: 1, "url=secret": 2 }),
        json!(json!({ name: 1 }).to_string()),
        json!({ "text": json!([{ "a": { "{'url': 'secret'}": 1 } }]).to_string(), "url": "" }),
    ] {
        let shown = masked(value, &["url"]).to_string();
        assert!(!shown.contains("secret") && shown.contains("masked"), "{shown}");
    }
    assert_eq!(
        masked(json!({ "a:url": 1, "a\\b": 2 }), &["url"]),
        json!({ "a:url": 1, "a\\b": 2 })
    );
}

#[test]
fn an_error_is_about_the_fields_on_its_way() {
    let error = json!({ "field": "details[1].value" });
    assert!(is_about(&error, &names(&["value"])) && is_about(&error, &names(&["Details"])));
    assert!(!is_about(&error, &names(&["val"])) && !is_about(&json!({}), &names(&["value"])));
}

proptest! {
    /// Whatever the text, what a strict reader finds in it is hidden.
    #[test]
    fn what_a_reader_finds_is_hidden(
        before in "[\\[{\"a:, \\\\]{0,6}",
        name in "(url|URL|\\\\u0075rl|u\\\\u0072l)",
        after in "[\\]}\"a:, ]{0,4}",
    ) {
        let text = format!("{before}{{\"{name}\":\"secret\"}}{after}");
        let shown = masked(json!(text.clone()), &["url"]);
        let shown = shown.as_str().unwrap();
        if let Ok(read) = serde_json::from_str::<Value>(shown) {
            prop_assert!(!read.to_string().contains("secret"), "{} -> {}", text, shown);
        }
    }

    #[test]
    fn any_text_is_hidden_in_without_a_fault(text in "(?s).{0,80}", layers in 0usize..3) {
        let mut text = text;
        for _ in 0..layers {
            text = json!({ "url": text, "a": [text] }).to_string();
        }
        masked(json!(text.clone()), &["url"]);
        hidden(json!(text));
    }
}

#[test]
fn a_member_is_hidden_from_every_reader_that_would_find_it() {
    for (before, after) in [
        (r#"{"hook_url"/* the url */:"#, "}"),
        ("{\"hook-url\" // so\n : ", "}"),
        ("{'Hook-Url'\u{feff}:", "}"),
        (r#"{"\x68ook-url":"#, "}"),
        (r#"{"hook\x2Durl":"#, "}"),
        (r#"{"\150ook-url":"#, "}"),
        (r#"{"\u{68}ook-url":"#, "}"),
        ("{\"hook\\\n-url\":", "}"),
        (r#"{["hook-url"]:"#, "}"),
        (r#"{"hook"+"-url":"#, "}"),
        ("// a note\n{\"hookUrl\":", ",}"),
        ("# a note\n[{hookUrl:", "},]"),
    ] {
        let text = format!("{before}\"secret-9\"{after}");
        let mut value = json!({ "text": text });
        Hiding::of(None, &["hook-url".to_owned()]).hide(&mut value);
        assert!(!value.to_string().contains("secret-9"), "{value}");
    }
    // What only speaks of it shows no value of it.
    let mut value = json!({ "text": "The hook url is kept for 7 days" });
    Hiding::of(None, &["hook-url".to_owned()]).hide(&mut value);
    assert_eq!(value["text"], "The hook url is kept for 7 days");
}

#[test]
fn of_more_texts_than_are_told_apart_nothing_is_shown_and_it_takes_no_time() {
    let texts: Vec<_> = (0..60_000).map(|n| format!("text {n}")).collect();
    let begun = std::time::Instant::now();
    let many = Redaction::of(&texts);
    let mut value = json!({ "all": texts, "number": 7 });
    many.redact(&mut value);
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    assert_eq!((&value["all"][7], &value["number"]), (&json!(MASK), &json!(7)));
    // The same one many times is one.
    let same = Redaction::of(&vec!["the same".to_owned(); 60_000]);
    assert_eq!(same.redacted("it is the same, is it"), format!("it is {MASK}, is it"));
    let long = Redaction::of(&["x".repeat(300 << 10)]);
    assert_eq!(long.redacted("anything"), MASK);
}
