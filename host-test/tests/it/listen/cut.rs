//! A call that is cut off is parked only where it may have been carried out; else the next
//! start makes it.

use std::{fs, time::Duration};

use bytes::Bytes;

use crate::support::{
    raw::{Raw, Step, Steps},
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, Receiver, number, until},
};

fn answers(status: &str, body: &str) -> Steps {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    vec![Step::Send(Bytes::from(answer))]
}

const CREATED: &str = r#"{"success":true,"contact":{"uuid":"CON2226e836-36dc-4103-b2a2-6307749cf390","first_name":"Ada","details":[]}}"#;

/// Begins, waits until so many requests came and what they may have done is known, and ends
/// it; then begins again.
fn cut(reacting: &Reacting, twochat: &Raw, count: usize, end: fn(Receiver)) -> Receiver {
    let receiver = reacting.receives(&[]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (twochat.requests().len() == count).then_some(()));
    let is_known = "SELECT count(*) FROM outbox WHERE state = 'begun' AND perhaps = 0";
    until(|| (number(&reacting.store(), is_known) == 1).then_some(()));
    end(receiver);
    reacting.receives(&[])
}

fn asked(receiver: Receiver) {
    let store = receiver.store.clone();
    let (status, said) = receiver.ended();
    assert!(status.success() && said.contains("waiting up to"), "{said}");
    assert_eq!(number(&store, "SELECT count(*) FROM outbox WHERE state = 'waiting'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_and_waits_to_be_made_again_is_made_at_the_next_start() {
    for (name, end) in [("cut-killed", Receiver::kill as fn(Receiver)), ("cut-asked", asked)] {
        let busy = answers("429 x\r\nretry-after: 20", "{}");
        let twochat = Raw::in_turn(vec![busy, answers("201 x", CREATED)]).await;
        let reacting = Reacting::of(name, &twochat.base_url(), CONTACT);
        let _receiver = cut(&reacting, &twochat, 1, end);
        until(|| (reacting.count("done") == 1).then_some(()));
        assert_eq!(twochat.requests().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_only_looked_is_made_at_the_next_start() {
    let rules = CONTACT.replace("persona =", "unless-listed = \"phone-number\"\npersona =");
    let none = answers("200 x", r#"{"success":true,"contacts":[]}"#);
    let slow = vec![Step::Pause(Duration::from_secs(60))];
    let twochat = Raw::in_turn(vec![slow, none, answers("201 x", CREATED)]).await;
    let reacting = Reacting::of("cut-looking", &twochat.base_url(), &rules);
    let text = fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting
        .write(&text.replace("[\"create-contact\"]", "[\"create-contact\", \"list-contacts\"]"));
    let _receiver = cut(&reacting, &twochat, 1, Receiver::kill);
    until(|| (reacting.count("done") == 1).then_some(()));
    let posts = twochat.requests().iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!((posts, twochat.requests().len()), (1, 3));
}
