//! For whom is something done once, where it was not done? For the next, unless it may have
//! been done; and nobody is passed over without a word.

use std::fs;

use bytes::Bytes;
use mock::Fault;
use serde_json::{Value, json};

use crate::support::{
    raw::{Raw, Step, Steps},
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, until},
    shell::twochat_with,
};

/// The same conversation, told by another event.
fn another() -> Value {
    let mut other = conversation(1);
    other["uuid"] = json!("MSG00000099-04f6-449e-acf5-42fc6875ba94");
    other["id"] = other["uuid"].clone();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_surely_not_carried_out_leaves_its_number_to_the_next_event() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("once-free", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    twochat.switch_on(Fault::Status(402));
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    twochat.clear();
    receiver.post(&path, another().to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    // From now on the second stands for both.
    let again = reacting.events(&["replay", "--parked"]);
    assert_eq!(again.result()["handed-on-again"], 1, "{again:?}");
    until(|| (reacting.count("done") == 2).then_some(()));
    let first = reacting.events(&["show", "1"]).result();
    assert_eq!(first["handed-on"][0]["note"], "skipped: event 2 stands for it", "{first}");
    let skipped = reacting.events(&["--state", "skipped", "--columns", "id", "--output", "csv"]);
    assert_eq!(skipped.output().lines().collect::<Vec<_>>(), ["id", "1"]);
    let made = twochat.requests().iter().filter(|it| it.method == "POST").count();
    assert_eq!(made, 2, "the one that was refused, and the one that was not");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_may_have_been_carried_out_the_next_event_is_told_as_skipped() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("once-perhaps", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&["--run", "/bin/true"]);
    let path = receiver.path(EVENT);
    twochat.switch_on(Fault::Status(504));
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    twochat.clear();
    receiver.post(&path, another().to_string());
    receiver.says("new-contact  skipped: event 1 stands for it");
    until(|| (reacting.count("done") == 2).then_some(()));
    let table = reacting.events(&["--last", "1", "--columns", "handed-on,reason"]);
    let words = table.output().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("new-contact: skipped"), "{words}");
    assert!(words.contains("event 1 stands for it"), "{words}");
    for (target, expected) in [(None, 1), (Some("new-contact"), 1), (Some("/bin/true"), 0)] {
        let target = target.map(|target| ["--target", target]);
        let words =
            [&["--state", "skipped", "--output", "jsonl"], target.as_slice().as_flattened()];
        let found = reacting.events(&words.concat());
        let ids: Vec<Value> = found.output().lines().map(|it| it.parse().unwrap()).collect();
        assert_eq!(ids.len(), expected, "{target:?}");
        assert!(ids.iter().all(|it| it["id"] == 2), "{ids:?}");
    }
}

fn answers(status: &str, body: &str) -> Steps {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    vec![Step::Send(Bytes::from(answer))]
}

const CREATED: &str = r#"{"success":true,"contact":{"uuid":"CON2226e836-36dc-4103-b2a2-6307749cf390","first_name":"Ada","details":[]}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_waits_for_what_becomes_of_the_first_and_is_handed_on_where_that_is_refused() {
    let busy = answers("429 x\r\nretry-after: 3", "{}");
    let twochat = Raw::in_turn(vec![busy, answers("402 x", "{}"), answers("201 x", CREATED)]).await;
    let reacting = Reacting::of("once-waits", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    until(|| (!twochat.requests().is_empty()).then_some(()));
    receiver.post(&path, another().to_string());
    until(|| (reacting.count("waiting") == 1).then_some(()));
    until(|| (reacting.count("parked") == 1 && reacting.count("done") == 1).then_some(()));
    let of = |id: &str| reacting.events(&["show", id]).result()["handed-on"][0].clone();
    let (first, second) = (of("1"), of("2"));
    assert_eq!((&first["state"], &second["state"]), (&json!("parked"), &json!("done")));
    assert_eq!(second.get("note"), None, "{second}");
    assert_eq!(twochat.requests().len(), 3);
}

#[test]
fn an_event_that_waits_for_the_first_waits_over_a_restart_and_is_skipped_where_that_is_done() {
    let reacting = Reacting::of("once-restart", "http://127.0.0.1:1/open", "");
    let (may, ran) = (reacting.file("may"), reacting.file("ran"));
    let script = format!("[ -e '{}' ] && echo >> '{}'", may.display(), ran.display());
    let program = reacting.program("p", &script);
    let text = fs::read_to_string(reacting.file("policy.toml")).unwrap();
    let rule = "once-per = \"phone-number\"";
    reacting.write(&format!("{text}[rules.p]\nrun = [\"{}\"]\n{rule}\n", program.display()));
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("waiting") == 1).then_some(()));
    receiver.post(&path, another().to_string());
    let second = || reacting.events(&["show", "2"]).result()["handed-on"][0].clone();
    until(|| (second()["error"] == "it waits for what becomes of event 1").then_some(()));
    assert_eq!((&second()["state"], &second()["tries"]), (&json!("waiting"), &json!(0)));
    receiver.kill();
    fs::write(may, "").unwrap();
    let _receiver = reacting.receives(&[]);
    let passed = until(|| {
        let shown = reacting.events(&["show", "2"]).result();
        shown["not-handed-on"][0]["why"].as_str().map(str::to_owned)
    });
    assert_eq!(passed, "skipped: event 1 stands for it, with the same `phone-number`");
    assert_eq!((second(), reacting.count("done")), (Value::Null, 1));
    assert_eq!(fs::read_to_string(ran).unwrap().lines().count(), 1);
}
