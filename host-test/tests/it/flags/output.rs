//! `--output`: that each form holds the whole result, that a program gets every
//! byte of it, and a terminal none that would steer it.

use mock::Reply;
use serde_json::{Value, json};

use crate::support::{
    everything::{EVERYTHING_WAT, everything},
    shell::{asking, file, on_a_terminal, run, twochat_with},
};

const FORMS: [&str; 4] = ["json", "jsonl", "csv", "table"];

fn output(words: &[&str], form: &str, base: &str) -> String {
    run(&[&["call"], words, &["--output", form]].concat(), &asking(base)).output().to_owned()
}

/// The value at a dotted name, as a cell of CSV has it.
fn cell(row: &Value, name: &str) -> String {
    match name.split('.').try_fold(row, |value, key| value.get(key)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Every value in a row has its cell, and every cell the row's value.
fn assert_csv(csv: &str, rows: &[Value]) {
    let mut read = csv::Reader::from_reader(csv.as_bytes());
    let names = read.headers().unwrap().clone();
    let lines: Vec<_> = read.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), rows.len(), "{csv}");
    for (line, row) in lines.iter().zip(rows) {
        for (name, value) in names.iter().zip(line) {
            assert_eq!(value, cell(row, name), "{name}");
        }
        let members = row.as_object().unwrap().iter().flat_map(|(name, value)| match value {
            Value::Object(record) => record.keys().map(|key| format!("{name}.{key}")).collect(),
            _ => vec![name.clone()],
        });
        for member in members {
            assert!(names.iter().any(|name| name == member), "{member}: {names:?}");
        }
    }
}

#[tokio::test]
async fn a_page_has_a_row_for_each_contact_in_every_form() {
    let twochat = twochat_with(9).await;
    let form = |form| output(&["list-contacts"], form, &twochat.base_url());
    let page: Value = form("json").parse().unwrap();
    let rows = page["contacts"].as_array().unwrap();
    assert_eq!((rows.len(), &page["page-number"]), (9, &json!(0)));

    let lines: Vec<Value> = form("jsonl").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(&lines, rows);
    assert_csv(&form("csv"), rows);
    let table = form("table");
    for row in rows {
        let line = table.lines().find(|line| line.contains(row["uuid"].as_str().unwrap()));
        let line = line.unwrap_or_else(|| panic!("{row}: {table}"));
        for name in ["first-name", "last-name", "channel-uuid", "profile-pic-url"] {
            assert!(line.contains(&cell(row, name)), "{name}: {line}");
        }
        for detail in row["details"].as_array().unwrap() {
            let both = format!("{} {}", cell(detail, "kind"), cell(detail, "value"));
            assert!(table.contains(&both), "{both}: {table}");
        }
    }
}

#[tokio::test]
async fn a_single_record_is_one_row_with_dotted_columns() {
    let twochat = twochat_with(1).await;
    // Usage counts the calls themselves, so that no two answers are the same.
    for action in ["test-api-key", "get-api-usage-info"] {
        let form = |form| {
            let text = output(&[action], form, &twochat.base_url());
            let used = twochat.requests().len();
            text.replace(&format!("\"used\":{used},"), "\"used\":0,")
                .replace(&format!(",{used},500000,{},", 500_000 - used), ",0,500000,0,")
                .replace(&format!("\"left\":{}", 500_000 - used), "\"left\":0")
        };
        let record: Value = form("json").parse().unwrap();
        assert_eq!(form("jsonl").parse::<Value>().unwrap(), record);
        let csv = form("csv");
        assert_csv(&csv, std::slice::from_ref(&record));
        assert!(csv.lines().next().unwrap().contains("account.uuid,account.name"), "{csv}");
        let table = form("table");
        let line = table.lines().find(|line| line.contains("account.uuid")).unwrap();
        assert!(line.contains(record["account"]["uuid"].as_str().unwrap()), "{table}");
        assert!(!table.contains("block-reason"), "what is absent takes no room: {table}");
    }
}

/// Text that would clear a screen, name a window, hide or turn what follows.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}b\nc\rd\te\u{8}f\u{7f}g\u{9b}31mh\u{202e}i\u{2066}j\u{2028}k\u{200f}l\u{61c}m\"n,o'p";

/// What of it a terminal would not merely show.
fn steers(c: char) -> bool {
    HOSTILE.contains(c) && !c.is_ascii_graphic() && c != ' '
}

#[tokio::test]
async fn a_terminal_is_steered_by_no_form_and_a_program_gets_every_byte() {
    let twochat = twochat_with(0).await;
    let contact = json!({
        "uuid": "CON1", "first_name": HOSTILE, "last_name": HOSTILE, "profile_pic_url": HOSTILE,
        "details": [{ "id": 1, "type": HOSTILE, "value": HOSTILE }],
    });
    let reply = json!({ "success": true, "contacts": [contact] });
    twochat.answer_with(Reply::json(200, reply));
    let base = twochat.base_url();
    let list = ["list-contacts"];
    let rows = output(&list, "json", &base).parse::<Value>().unwrap()["contacts"].clone();
    assert_eq!(rows[0]["first-name"], HOSTILE, "it came all the way");
    assert_eq!(rows[0]["details"][0]["value"], HOSTILE, "it came all the way");
    assert_eq!(output(&list, "jsonl", &base).parse::<Value>().unwrap(), rows[0]);
    assert_csv(&output(&list, "csv", &base), rows.as_array().unwrap());
    // The same page for ever is told of beside the rows.
    let all = run(&["call", "list-contacts", "--all", "--output", "csv"], &asking(&base));
    assert_eq!(all.code, Some(0), "{all:?}");
    assert_csv(&all.stdout, rows.as_array().unwrap());

    let all = FORMS.map(|form| format!("--output {form}")).into_iter();
    let all = all.chain(["jsonl", "csv"].map(|form| format!("--all --output {form} 2>/dev/null")));
    for flags in all {
        let shown = on_a_terminal(&format!("twochat call list-contacts {flags}"), &asking(&base));
        assert!(shown.contains("CON1") && shown.contains('\u{fffd}'), "{flags}: {shown}");
        // The command's own colours, and the ends of lines.
        let plain = shown.replace("\u{1b}[36m", "").replace("\u{1b}[0m", "").replace("\r\n", "");
        let found: Vec<_> = plain.chars().filter(|c| steers(*c)).collect();
        assert!(found.is_empty(), "{flags}: {found:?} in {plain:?}");
    }

    let words = json!({ "success": false, "error": true, "error_message": HOSTILE });
    twochat.answer_with(Reply::json(400, words));
    let line = "twochat call list-contacts || test $? = 1";
    let shown = on_a_terminal(line, &asking(&base)).replace("\r\n", "");
    assert!(shown.contains("  kind  ") && !shown.contains(steers), "{shown:?}");
}

#[test]
fn a_text_that_looks_like_a_name_is_not_painted_as_one() {
    let component = file("flags-everything.wasm", &wat::parse_str(EVERYTHING_WAT).unwrap());
    let mut arguments = everything();
    arguments["inner"] = json!([{ "name": "x", "tags": ["\u{202e}tag\": ", "\u{9b}31m\": x"] }]);
    let arguments = file("flags-everything.json", arguments.to_string().as_bytes());
    let (component, arguments) = (component.display(), arguments.display());
    let line = format!("twochat call --component '{component}' echo '@{arguments}'");
    let shown = on_a_terminal(&line, &[]);
    assert!(shown.contains("tag"), "{shown}");
    let steering = shown.contains(['\u{202e}', '\u{9b}']);
    assert!(!steering, "{shown:?}");
}
