//! `twochat call` and its kin: that arguments mean the same however a shell
//! gives them, that a wrong one sends nothing, and that help is the contract's.

mod components;
mod output;

use std::{collections::HashMap, fs};

use mock::Received;
use serde_json::{Map, Value, json};

use crate::{
    actions,
    support::{
        known::Known,
        root,
        shell::{CANARY, asking, ended, fed, folder, output, program, run, twochat_with},
    },
};

/// The actions as `twochat tools` prints them.
fn tools() -> Vec<Value> {
    let tools = run(&["tools"], &[]).result();
    tools["tools"].as_array().unwrap().clone()
}

/// The flags that an action should have, with the schemas of their fields.
fn fields(tool: &Value) -> Map<String, Value> {
    tool["inputSchema"]["properties"].as_object().cloned().unwrap_or_default()
}

fn help(arguments: &[&str]) -> String {
    run(arguments, &[]).output().to_owned()
}

/// The text without the line breaks of the width at hand.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The docs of each item of a file of the contract, by the item's first word
/// and the name of the record or enum around it.
fn docs(file: &str) -> HashMap<(String, String), Vec<String>> {
    let path = root().join("wit").join(file);
    let (mut found, mut lines, mut around) = (HashMap::new(), Vec::new(), String::new());
    for line in fs::read_to_string(path).unwrap().lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            lines.push(doc.trim().to_owned());
            continue;
        }
        let word = |n: usize| line.split([' ', ':', ',']).nth(n).unwrap_or_default().to_owned();
        if line.starts_with("record ") {
            around = word(1);
        }
        found.insert((around.clone(), word(0)), std::mem::take(&mut lines));
    }
    found
}

/// The one request that this call sends, as the mock reads it.
async fn sent(words: &[&str], input: &str) -> Received {
    let twochat = twochat_with(3).await;
    let words = [&["call"], words].concat();
    fed(&words, &asking(&twochat.base_url()), input.as_bytes().to_vec()).result();
    let mut requests = twochat.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let mut request = requests.pop().unwrap();
    request.headers.retain(|(name, _)| name != "host");
    request
}

#[test]
fn each_field_of_each_action_has_a_flag_with_the_docs_of_the_contract() {
    let contract = docs("types.wit");
    for Known { name: action, record, .. } in actions::all() {
        let tool = tools().into_iter().find(|tool| tool["name"] == action).unwrap();
        let help = unwrapped(&help(&["call", action, "--help"]));
        let record = record.unwrap_or("none");
        let fields = fields(&tool);
        let of_record = |(around, name): &&(String, String)| {
            around == record && !["", "record", "enum", "}"].contains(&name.as_str())
        };
        let all = contract.keys().filter(of_record).count();
        assert_eq!(all, fields.len(), "{action} takes all that {record} has");
        for field in fields.keys() {
            let docs = &contract[&(record.to_owned(), field.clone())];
            let fixed =
                |line: &String| line.starts_with("Limits: ") || line.starts_with("Example: ");
            // For programs: what it means stands in the prose.
            let is_prose = |line: &&String| !fixed(line) && !line.starts_with("Pattern: ");
            let prose: Vec<_> = docs.iter().filter(is_prose).cloned().collect();
            assert!(help.contains(&format!("--{field} <")), "{action} {field}: {help}");
            assert!(help.contains(&prose.join(" ")), "{action} {field}: {help}");
            for line in docs.iter().filter(|line| fixed(line)) {
                let (form, value) = line.split_once(": ").unwrap();
                let value = match value.parse::<Value>() {
                    Ok(Value::String(text)) => text,
                    Ok(value) => value.to_string(),
                    Err(_) => value.to_owned(),
                };
                let shown = format!("[{}: {value}]", form.to_lowercase());
                assert!(help.contains(&shown), "{action} {field} lacks {shown}: {help}");
            }
        }
        let required = tool["inputSchema"]["required"].as_array().map_or(0, Vec::len);
        assert_eq!(help.matches("[required]").count(), required, "{action}: {help}");
    }
}

#[test]
fn each_word_that_a_field_can_be_has_a_line_of_its_own() {
    for flag in ["--help", "-h"] {
        let help = help(&["call", "subscribe", flag]);
        let lines: Vec<_> = help.lines().map(str::trim).collect();
        assert!(lines.contains(&"`hour`: An hour.") && lines.contains(&"`day`: A day."), "{help}");
        assert!(!help.contains(char::REPLACEMENT_CHARACTER), "{help}");
    }
}

#[test]
fn the_actions_are_introduced_in_the_words_of_the_contract() {
    let contract = docs("actions.wit");
    let list = unwrapped(&help(&["call", "--help"]));
    for tool in tools() {
        let action = tool["name"].as_str().unwrap();
        let docs = &contract[&(String::new(), action.to_owned())];
        let paragraphs: Vec<String> =
            docs.split(String::is_empty).map(|lines| lines.join(" ")).collect();
        let first = paragraphs[0].trim_end_matches('.');
        assert!(list.contains(&format!("{action} {first}")), "{action}: {list}");
        let help = unwrapped(&help(&["call", action, "--help"]));
        let (last, others) = paragraphs.split_last().unwrap();
        for paragraph in others {
            assert!(help.contains(paragraph), "{paragraph}: {help}");
        }
        let (title, effect) = last.split_once(" Effect: ").unwrap();
        assert!(help.contains(&format!("Effect: {effect}")), "{effect}: {help}");
        assert!(!help.contains(title), "{title}");
    }
}

#[tokio::test]
async fn the_examples_of_the_help_work_as_they_are_pasted_into_a_shell() {
    let folder = folder("flags-pasted");
    let mut examples = vec![help(&["call", "--help"])];
    for tool in tools() {
        examples.push(help(&["call", tool["name"].as_str().unwrap(), "--help"]));
        // As wide as a terminal is at the least.
        let mut narrow = program("twochat", &[("COLUMNS", "80")]);
        narrow.args(["call", tool["name"].as_str().unwrap(), "--help"]);
        examples.push(ended(output(&mut narrow)).output().to_owned());
    }
    for help in examples {
        let start = help.rfind("Example").unwrap_or_else(|| panic!("{help}"));
        let lines = help[start..].lines().skip(1).take_while(|line| line.starts_with("  "));
        let example = lines.collect::<Vec<_>>().join("\n");
        let twochat = twochat_with(3).await;
        let mut shell = program("sh", &asking(&twochat.base_url()));
        shell.current_dir(&folder).args(["-euc", &example]);
        let ran = ended(output(&mut shell));
        assert!(!ran.output().is_empty(), "{example}");
        let calls = example.matches("twochat call ").count();
        assert!(calls > 0 && twochat.requests().len() >= calls, "{example}");
        let _ = fs::remove_file(folder.join("contacts.csv"));
    }
}

#[tokio::test]
async fn text_file_standard_input_and_flags_give_the_same_request() {
    let folder = folder("flags-forms");
    let picture = "https://example.com/ada.jpeg";
    let channel = "WPN00000001-9ad1-4c96-9eff-526a90a40000";
    let details = json!([
        { "kind": "phone", "value": "+14155550123" },
        { "kind": "address", "value": "1 \"Quoted\" Street,\nO'Town ÄÖ" },
    ]);
    let (one, two, both) = (details[0].to_string(), details[1].to_string(), details.to_string());
    let contact = json!({
        "first-name": "-Ada 1", "last-name": "null", "profile-pic-url": picture,
        "channel-uuid": channel, "details": details,
    });
    let page = json!({ "channel-uuid": channel, "page-number": 4, "results-per-page": 7 });
    let some = ["--last-name", "null", "--profile-pic-url", picture, "--channel-uuid", channel];
    let contact_flags = |details: &[&'static str], values: &[&str]| -> Vec<String> {
        let mut flags: Vec<_> = some.iter().map(|word| (*word).to_owned()).collect();
        flags.push("--first-name=-Ada 1".to_owned());
        for (flag, value) in details.iter().zip(values) {
            flags.extend([(*flag).to_owned(), (*value).to_owned()]);
        }
        flags
    };
    let page_flags = ["--page-number", "4", "--channel-uuid", channel, "--results-per-page=7"];
    for (action, arguments, flags) in [
        ("create-contact", &contact, contact_flags(&["--details"; 2], &[&one, &two])),
        ("create-contact", &contact, contact_flags(&["--details"], &[&both])),
        ("list-contacts", &page, page_flags.map(str::to_owned).to_vec()),
    ] {
        let text = arguments.to_string();
        let file = folder.join("arguments.json");
        fs::write(&file, format!("{arguments:#}\n")).unwrap();
        let file = format!("@{}", file.display());
        let expected = sent(&[action, &text], "").await;
        assert_eq!(sent(&[action, &file], "").await, expected);
        assert_eq!(sent(&[action, "-"], &text).await, expected);
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        assert_eq!(sent(&[&[action], &flags[..]].concat(), "").await, expected, "{flags:?}");
        if action == "create-contact" {
            assert_eq!(expected.json().unwrap()["first_name"], "-Ada 1");
            assert_eq!(expected.json().unwrap()["last_name"], "null");
        } else {
            assert_eq!(expected.query_value("results_per_page"), Some("7"));
        }
    }
}

#[tokio::test]
async fn flags_come_on_top_of_json() {
    let text = r#"{"first-name": "Grace", "last-name": "Hopper",
        "details": [{"kind": "phone", "value": "+14155550100"}]}"#;
    for words in [
        [text, "--first-name", "Ada", "--details", r#"{"kind": "email", "value": "a@b.example"}"#],
        [
            "--first-name",
            "Ada",
            "--details",
            r#"[{"kind": "email", "value": "a@b.example"}]"#,
            text,
        ],
    ] {
        let call = [&["create-contact"], &words[..]].concat();
        let body = sent(&call, "").await.json().unwrap();
        assert_eq!((&body["first_name"], &body["last_name"]), (&json!("Ada"), &json!("Hopper")));
        assert_eq!(body["contact_detail"].as_array().unwrap().len(), 1, "{body}");
        assert!(body.to_string().contains("a@b.example"), "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_one_message_and_nothing_is_sent() {
    let twochat = twochat_with(3).await;
    let (base, folder) = (twochat.base_url(), folder("flags-refused"));
    let settings = asking(&base);
    let missing = format!("@{}", folder.join("missing").display());
    let directory = format!("@{}", folder.display());
    let bytes = folder.join("bytes");
    fs::write(&bytes, b"{\"first-name\": \"\xff\"}").unwrap();
    let bytes = format!("@{}", bytes.display());
    for (words, start) in [
        (&["list-contacts", "--page-number", "two"][..], "page-number: \"two\" cannot be used; "),
        (&["list-contacts", "--page-number", "-1"], "page-number: -1 cannot be used; "),
        (&["list-contacts", "--page-number", "1.5"], "page-number: 1.5 cannot be used; "),
        (&["create-contact", "--first-name", "Ada"], "details: it is missing"),
        (&["create-contact", "--details", "[]"], "first-name: it is missing"),
        (&["create-contact", "--first-name", "A", "--details", "x"], "details[0]: \"x\" cannot"),
        (
            &[
                "create-contact",
                "--first-name",
                "A",
                "--details",
                r#"{"kind": "fax", "value": "1"}"#,
            ],
            "details[0].kind: \"fax\" cannot be used; expected one of email, address, phone, ",
        ),
        (&["nothing"], "there is no action `nothing`; this component has create-contact, "),
        (&["nothing", "--help"], "there is no action `nothing`; this component has "),
        (&["list-contacts", "7"], "the arguments are no JSON object; expected such as {"),
        (&["list-contacts", "null"], "the arguments are no JSON object; "),
        (&["list-contacts", "page=1"], "the arguments are not JSON: "),
        (&["list-contacts", ""], "the arguments are not JSON: "),
        (&["list-contacts", "-"], "the arguments are not JSON: "),
        (&["list-contacts", &missing], &format!("{} cannot be read: No such file", &missing[1..])),
        (&["list-contacts", &directory], &format!("{} cannot be read: Is a dir", &directory[1..])),
        (&["create-contact", &bytes], &format!("{} is no text: ", &bytes[1..])),
    ] {
        let refused = run(&[&["call"], words].concat(), &settings);
        assert!(refused.message(2).starts_with(start), "{words:?}: {refused:?}");
    }
    for (words, start) in [
        (&["list-contacts", "--page", "1"][..], "unexpected argument '--page' found"),
        (&["test-api-key", "--key", CANARY], "unexpected argument '--key' found"),
        (&["list-contacts", "{}", "{}"], "unexpected argument '{}' found"),
        (&["list-contacts", "--page-number"], "a value is required for '--page-number <N>'"),
        (&["list-contacts", "--page-number=1", "--page-number=2"], "the argument '--page-number"),
        (&["list-contacts", "--output", "xml"], "invalid value 'xml' for '--output <FORM>'"),
    ] {
        let refused = run(&[&["call"], words].concat(), &settings);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.stderr.starts_with(&format!("error: {start}")), "{refused:?}");
        assert_eq!(refused.stderr.matches("error:").count(), 1, "{refused:?}");
    }
    // One byte more than is taken, and characters of which the limit cuts one.
    for input in [" ".repeat((16 << 20) + 1), "é".repeat(9 << 20)] {
        let refused = fed(&["call", "list-contacts", "-"], &settings, input.into_bytes());
        let expected = "standard input is larger than 16 MiB, more than any arguments are";
        assert_eq!(refused.message(2), expected);
    }
    assert_eq!(twochat.requests(), []);
    let most = format!("{{}}{}", " ".repeat((16 << 20) - 2)).into_bytes();
    fed(&["call", "list-contacts", "-"], &settings, most).result();
}

#[test]
fn help_on_call_leads_to_the_actions() {
    for arguments in [&["help", "call"][..], &["call", "--help"]] {
        let help = help(arguments);
        assert!(help.contains("Usage: twochat call [OPTIONS] <ACTION>"), "{help}");
        assert!(!help.contains("REST"), "{help}");
    }
    assert!(help(&["help", "call"]).contains("`twochat call --help`"));
}
