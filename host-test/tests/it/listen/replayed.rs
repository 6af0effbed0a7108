//! What is handed on again where many are meant, and what is told of the rest.

use mock::{Fault, Mock};
use serde_json::json;

use crate::support::{
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, until},
    shell::twochat_with,
};

fn made(twochat: &Mock) -> usize {
    twochat.requests().iter().filter(|it| it.method == "POST").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_carried_out_is_done_again_only_by_its_id() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("replay-perhaps", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    twochat.switch_on(Fault::AnswerLost);
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    twochat.clear();
    twochat.switch_on(Fault::Status(422));
    receiver.post(&path, conversation(2).to_string());
    until(|| (reacting.count("parked") == 2).then_some(()));
    twochat.clear();
    for words in [&["--parked"][..], &["--target", "new-contact"], &["--name", EVENT]] {
        let left = reacting.events(&[&["replay"], words].concat());
        assert_eq!(left.told_result()["left"], 1, "{left:?}");
        let told = "may have been carried out, and left so: 1; look whether it was, and where not, \
                    replay it by its id, such as `twochat events replay 1`";
        assert!(left.stderr.contains(told), "{left:?}");
    }
    until(|| (reacting.count("done") == 1).then_some(()));
    assert_eq!((made(&twochat), reacting.count("parked")), (3, 1));
    assert_eq!(reacting.events(&["replay", "1"]).result()["handed-on-again"], 1);
    until(|| (reacting.count("done") == 2).then_some(()));
    assert_eq!(made(&twochat), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_before_anybody_knows_is_not_shown_as_done() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("replay-pruned", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&[]);
    twochat.switch_on(Fault::AnswerLost);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    twochat.clear();
    reacting.events(&["prune", "--before", "now", "--parked"]).result();
    let shown = reacting.events(&["show", "1"]).result();
    let entry = &shown["handed-on"][0];
    assert_eq!(entry["state"], "pruned", "{shown}");
    assert!(entry["error"].as_str().unwrap().starts_with("it may have been carried out"));
    // It still stands for those that come.
    let mut other = conversation(1);
    other["uuid"] = json!("MSG00000099-04f6-449e-acf5-42fc6875ba94");
    other["id"] = other["uuid"].clone();
    receiver.post(&receiver.path(EVENT), other.to_string());
    receiver.says("skipped: event 1 stands for it");
    let nothing = reacting.events(&["replay", "1"]);
    assert_eq!(nothing.told_result()["handed-on-again"], 0);
    assert!(nothing.stderr.contains("nothing to hand on again of 1: pruned"), "{nothing:?}");
    let nothing = reacting.events(&["replay", "--parked", "--name", EVENT]);
    assert!(nothing.stderr.contains("1: skipped, as another event stands"), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_is_done_once_and_what_it_left_is_handed_on_together() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("replay-dry", &twochat.base_url(), CONTACT);
    let receiver = reacting.receives(&["--dry-run"]);
    let path = receiver.path(EVENT);
    let mut other = conversation(1);
    other["uuid"] = json!("MSG00000099-04f6-449e-acf5-42fc6875ba94");
    other["id"] = other["uuid"].clone();
    for event in [conversation(1), other, conversation(2)] {
        receiver.post(&path, event.to_string());
    }
    receiver.says("+14155550002");
    let said = receiver.said();
    let skipped =
        "new-contact  skipped: event 1 stands for it, with the same `phone-number` (event 2)";
    assert!(said.contains(skipped) && said.matches("call create-contact").count() == 2, "{said}");
    drop(receiver);
    let parked = reacting.events(&["replay", "--parked"]);
    assert_eq!(parked.told_result()["read-again"], 0);
    assert!(parked.stderr.contains("3: only read by --dry-run"), "{parked:?}");
    let receiver = reacting.receives(&[]);
    assert_eq!(reacting.events(&["replay", "--state", "read"]).result()["read-again"], 3);
    until(|| (reacting.count("done") == 2).then_some(()));
    receiver.says("skipped: event 1 stands for it");
    assert_eq!(made(&twochat), 2);
    let again = reacting.events(&["replay", "--since", "today"]);
    assert_eq!(again.told_result()["read-again"], 0);
    assert!(again.stderr.contains("2: done; replayed by its id, it is done again"), "{again:?}");
    let number =
        reacting.events(&["--number", "+1 (415) 555-0002", "--columns", "id", "--output", "csv"]);
    assert_eq!(number.output().lines().collect::<Vec<_>>(), ["id", "3"]);
}
