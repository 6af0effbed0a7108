//! A policy that changes while events come: its rules are followed as they stand in the file,
//! and while they cannot be, nothing is lost.

use std::fs;

use mock::Mock;
use serde_json::{Value, json};

use crate::support::{
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, Receiver, until},
    shell::twochat_with,
};

const READ_AGAIN: &str = "the policy was read again; handed on to ";

fn created(twochat: &Mock) -> usize {
    twochat.requests().iter().filter(|it| it.method == "POST").count()
}

fn policy(reacting: &Reacting) -> String {
    fs::read_to_string(reacting.file("policy.toml")).unwrap()
}

/// What becomes of a delivery while the policy is so, and when it is right again.
async fn waits_for_the_right_policy(test: &str, from: &str, to: &str, told: &str) {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of(test, &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let (path, right) = (receiver.path(EVENT), policy(&reacting));
    let broken = right.replacen(from, to, 1);
    assert_ne!(broken, right);
    reacting.write(&broken);
    // At once: before the change was looked for.
    assert_eq!(receiver.post(&path, conversation(1).to_string()).status, 200);
    receiver.says(told);
    receiver.says("until the policy can be followed");
    assert_eq!(receiver.post(&path, conversation(2).to_string()).status, 200);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!((created(&twochat), reacting.count("parked")), (0, 0));
    assert_eq!(reacting.listed()[1]["state"], "new");
    reacting.write(&right);
    receiver.says(&format!("{READ_AGAIN}new-contact"));
    until(|| (reacting.count("done") == 2).then_some(()));
    assert_eq!(created(&twochat), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_policy_is_no_toml_is_answered_once_it_is_right() {
    waits_for_the_right_policy("broken", "[personas.writer]", "[personas.writer", "line 7: ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_a_rule_can_never_be_followed_is_answered_once_it_is_right() {
    let told = "line 17: rules.new-contact.has.0: there is no field";
    waits_for_the_right_policy("unfit", "[\"phone-number\"]", "[\"number\"]", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_persona_may_not_answer_is_answered_once_it_may() {
    let told = "the persona `writer` may not call `create-contact`";
    waits_for_the_right_policy("narrow", "[\"create-contact\"]", "[\"list-contacts\"]", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_persona_is_revoked_is_answered_once_it_is_not() {
    let told = "the persona `writer` is revoked";
    waits_for_the_right_policy("revoked", "actions = [", "revoked = true\nactions = [", told).await;
}

#[test]
fn rules_are_those_of_the_file_as_it_is_and_what_waits_for_one_that_is_gone_is_parked() {
    let reacting = Reacting::of("changed", "http://127.0.0.1:1/open", "");
    let base = policy(&reacting);
    let heard = |name: &str| {
        let kept = reacting.file(name);
        let program =
            reacting.program(&format!("{name}.sh"), &format!("cat >> {}", kept.display()));
        format!("[rules.{name}]\nrun = [\"{}\"]\n", program.display())
    };
    let keys = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(reacting.file(name)).unwrap_or_default();
        text.lines()
            .map(|line| line.parse::<Value>().unwrap()["data"]["phone-number"].clone())
            .collect()
    };
    let fails = reacting.program("fails.sh", "exit 1");
    let (one, other) = (heard("one"), heard("other"));
    let never = format!("[rules.never]\nrun = [\"{}\"]\n", fails.display());
    reacting.write(&format!("{base}{one}{never}"));
    let receiver: Receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    until(|| (keys("one").len() == 1 && reacting.count("waiting") == 1).then_some(()));
    reacting.write(&format!("{base}{other}"));
    receiver.says("1 event for never is parked, since there is no such target");
    receiver.says(&format!("{READ_AGAIN}other"));
    receiver.post(&path, conversation(2).to_string());
    until(|| (keys("other").len() == 1).then_some(()));
    assert_eq!(
        (keys("one"), keys("other")),
        (vec![json!("+14155550001")], vec![json!("+14155550002")])
    );
    let parked = reacting.events(&["list", "--state", "parked", "--output", "json"]).result();
    assert_eq!(parked["events"][0]["id"], 1, "{parked}");
    let (status, said) = receiver.ended();
    assert!(status.success(), "{said}");
}

#[test]
fn what_is_handed_on_by_flags_goes_on_while_the_policy_is_broken() {
    let reacting = Reacting::of("flags-on", "http://127.0.0.1:1/open", "");
    let tries = reacting.file("tries");
    let script = format!("echo x >> {0}; [ $(wc -l < {0}) -gt 3 ]", tries.display());
    let program = reacting.program("third.sh", &script);
    let receiver = reacting.receives(&["--run", program.to_str().unwrap()]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| tries.exists().then_some(()));
    let right = policy(&reacting);
    reacting.write("broken");
    receiver.says("until the policy can be followed");
    until(|| (reacting.count("done") == 1).then_some(()));
    reacting.write(&right);
    receiver.says(READ_AGAIN);
}
