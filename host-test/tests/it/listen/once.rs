//! For whom is something done once, where it was not done? For the next, unless it may have
//! been done; and nobody is passed over without a word.

use mock::Fault;
use serde_json::{Value, json};

use crate::support::{
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
}
