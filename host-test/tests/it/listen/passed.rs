//! Why an event was not handed on can be seen, for each who might have heard of it.

use serde_json::{Value, json};

use crate::support::{
    reacting::{Reacting, conversation},
    receiver::{EVENT, until},
};

/// One rule whose condition is not met, one for other events, one that has its event already,
/// and one that hears of all.
fn rules(reacting: &Reacting) -> String {
    let program = reacting.program("hears", "exit 0");
    let run = format!("run = [\"{}\"]", program.display());
    format!(
        "[rules.api]\n{run}\nwhen = {{ author = \"api\" }}\n\
         [rules.named]\n{run}\nhas = [\"contact.last-name\"]\n\
         [rules.calls]\n{run}\non = [\"call.status.update\", \"call.incoming.completed\"]\n\
         [rules.once]\n{run}\nonce-per = \"phone-number\"\n\
         [rules.all]\n{run}\n"
    )
}

fn told(event: &Value) -> Vec<(&str, &str)> {
    let rows = event["not-handed-on"].as_array().unwrap();
    rows.iter().map(|it| (it["target"].as_str().unwrap(), it["why"].as_str().unwrap())).collect()
}

#[test]
fn each_target_that_did_not_hear_of_an_event_is_shown_with_the_reason() {
    let reacting = Reacting::of("passed", "http://127.0.0.1:1/open", "");
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting.write(&format!("{text}{}", rules(&reacting)));
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    let mut other = conversation(1);
    other["uuid"] = json!("MSG00000099-04f6-449e-acf5-42fc6875ba94");
    other["id"] = other["uuid"].clone();
    for event in [conversation(1), other] {
        receiver.post(&path, event.to_string());
    }
    until(|| (reacting.count("done") == 3).then_some(()));
    let first = reacting.events(&["show", "1"]).result();
    let conditions = [
        ("api", "when: its `author` is not \"api\""),
        ("calls", "on: it is for call.status.update, call.incoming.completed"),
        ("named", "has: the event has no `contact.last-name`"),
    ];
    assert_eq!(told(&first), conditions);
    let once = ("once", "skipped: event 1 stands for it, with the same `phone-number`");
    // It waited for what became of the first.
    let second = until(|| {
        let second = reacting.events(&["show", "2"]).result();
        (told(&second).len() > conditions.len()).then_some(second)
    });
    assert_eq!(told(&second), [&conditions[..], &[once]].concat());
    assert_eq!(second["handed-on"][0]["target"], "all");
}

#[test]
fn a_dry_run_says_it_of_each_target_and_a_table_where_nobody_heard() {
    let reacting = Reacting::of("passed-dry", "http://127.0.0.1:1/open", "");
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting.write(&format!("{text}{}", rules(&reacting)));
    let receiver = reacting.receives(&["--dry-run"]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    for line in [
        "passes   api  when: its `author` is not \"api\"",
        "passes   named  has: the event has no `contact.last-name`",
        "passes   calls  on: it is for call.status.update",
        "would    all  run ",
    ] {
        receiver.says(line);
    }
    let shown = reacting.events(&["show", "1"]).result();
    assert!(told(&shown).contains(&("all", "--dry-run: nothing is done")), "{shown}");
    drop(receiver);
    reacting.write(&format!("{text}{}", rules(&reacting).split("[rules.calls]").next().unwrap()));
    let receiver = reacting.receives(&[]);
    receiver.post(&path, conversation(2).to_string());
    let words = || {
        let table = reacting.events(&[]);
        let words = table.output().split_whitespace().collect::<Vec<_>>().join(" ");
        let told = "api: when: its `author` is not \"api\"; named: has: the event has no";
        (words.matches(told).count() == 2).then_some(())
    };
    until(words);
}
