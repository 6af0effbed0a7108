//! From 2Chat to a contact in 2Chat: events are subscribed below a public url, delivered,
//! and answered; and what was subscribed is ended.

use std::{fs, net::TcpListener};

use mock::{Mock, sample};
use serde_json::Value;

use crate::support::{
    reacting::Reacting,
    receiver::{EVENT, Receiver, number, until},
    shell::{CANARY, Run, run, twochat_with},
};

const USE: &str = include_str!("../../../README.md");
/// A number of the mock's account.
const NUMBER: &str = "+14155550100";

/// The persona and the rule that the README shows.
fn shown() -> &'static str {
    let section = USE.split_once("\n## React to events\n").unwrap().1;
    section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

/// An address that is free, and the url of it.
fn free() -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("http://{address}");
    (address, url)
}

fn subscribed(reacting: &Reacting, address: &str, url: &str, words: &[&str]) -> Receiver {
    let own =
        ["--listen", address, "--public-url", url, "--number", NUMBER, "--persona", "receiver"];
    reacting.receives(&[&own[..], words].concat())
}

/// The subscriptions of the event that stand, each with its url.
async fn standing(reacting: &Reacting) -> Vec<(String, String)> {
    let policy = reacting.file("policy.toml");
    let words = ["call", "list-webhook-subscriptions", "--persona", "receiver", "--policy"];
    let words = [&words[..], &[policy.to_str().unwrap()]].concat();
    let listed = run(&words, &[("WORK_KEY", CANARY)]).result();
    let rows = listed["subscriptions"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["event-name"] == EVENT);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.map(|row| (text(row, "uuid"), text(row, "hook-url"))).collect()
}

fn created(twochat: &Mock) -> usize {
    let asked = twochat.requests();
    asked.iter().filter(|it| (&*it.method, &*it.path) == ("POST", "/open/contacts")).count()
}

fn removed(reacting: &Reacting) -> Run {
    removed_of(reacting, &[])
}

fn removed_of(reacting: &Reacting, more: &[&str]) -> Run {
    let (policy, store) = (reacting.file("policy.toml"), reacting.store());
    let words = ["listen", "--remove", "--persona", "receiver", "--policy"];
    let files = [policy.to_str().unwrap(), "--store", store.to_str().unwrap()];
    run(&[&words[..], &files, more].concat(), &[("WORK_KEY", CANARY)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_2chat_reports_twice_becomes_one_contact_as_the_readme_shows_it() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("subscribed", &twochat.base_url(), shown());
    let (address, url) = free();
    let receiver = subscribed(&reacting, &address, &url, &[]);
    let body = sample(EVENT).unwrap();
    for _ in 0..2 {
        let delivered = twochat.deliver(EVENT, &body).await;
        assert_eq!(delivered.len(), 1);
        assert_eq!(delivered[0].outcome, Ok(200));
    }
    until(|| (reacting.count("done") == 1).then_some(()));
    assert_eq!(created(&twochat), 1);
    let stands = standing(&reacting).await;
    let token = stands[0].1.strip_prefix(&format!("{url}/")).unwrap().to_owned();
    assert_eq!((stands.len(), token.len() > 64), (1, true));
    let (status, said) = receiver.ended();
    assert!(status.success() && said.contains("double"), "{said}");
    let log = fs::read_to_string(reacting.file("audit.jsonl")).unwrap();
    assert!(log.contains("\"subscribe\""), "{log}");
    assert!(!log.contains(&token) && !said.contains(&token), "{log} {said}");

    // What stands is left as it is, also where only its url tells whose it is.
    for forgotten in [false, true] {
        if forgotten {
            let forget = "UPDATE endpoints SET subscription = NULL, base = NULL";
            crate::support::receiver::looked_into(&reacting.store()).execute(forget, []).unwrap();
        }
        drop(subscribed(&reacting, &address, &url, &[]));
        assert_eq!(standing(&reacting).await, stands);
    }
    // Below another url there is another, and the old one ends.
    let (address, other) = free();
    let moved = subscribed(&reacting, &address, &format!("{other}/behind/"), &[]);
    let now = standing(&reacting).await;
    assert_eq!(now.len(), 1);
    assert!(now[0].1.starts_with(&format!("{other}/behind/hook_")) && now[0].0 != stands[0].0);
    assert_eq!(twochat.deliver(EVENT, &body).await[0].outcome, Ok(200));
    drop(moved);
    // So it is for those of earlier runs where no event is named.
    let (address, third) = free();
    let (policy, store) = (reacting.file("policy.toml"), reacting.store());
    let words = ["--listen", &address, "--public-url", &third, "--persona", "receiver"];
    let words = [&words[..], &["--policy", policy.to_str().unwrap()]].concat();
    let unnamed = Receiver::with(&store, &words, &[("WORK_KEY", CANARY)]);
    let now = standing(&reacting).await;
    assert!(now.len() == 1 && now[0].1.starts_with(&format!("{third}/hook_")), "{now:?}");
    assert_eq!(twochat.deliver(EVENT, &body).await[0].outcome, Ok(200));
    drop(unnamed);
    let none = reacting.file("none.sqlite");
    let words = [&["listen", "--store", none.to_str().unwrap()], &words[..]].concat();
    let (asked, nothing) = (twochat.requests().len(), run(&words, &[("WORK_KEY", CANARY)]));
    assert!(nothing.message(2).contains("there is nothing to receive"), "{nothing:?}");
    assert_eq!(twochat.requests().len(), asked);
    let ended = removed(&reacting);
    assert!(ended.code == Some(0) && ended.stderr.contains(EVENT), "{ended:?}");
    assert_eq!(standing(&reacting).await, []);
    assert_eq!(number(&reacting.store(), "SELECT count(*) FROM endpoints"), 0);
    assert_eq!(created(&twochat), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_subscribed_is_told_in_words_with_what_is_unknown() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("unknown", &twochat.base_url(), shown());
    let (policy, store) = (reacting.file("policy.toml"), reacting.store());
    let url = "https://hooks.example.com";
    for (event, number, told) in [
        ("whatsapp.conversation.nwe", NUMBER, "did you mean `whatsapp.conversation.new`?"),
        (EVENT, "+14155550199", "There is such an event, so it is the number"),
    ] {
        let words = ["listen", "--listen", "127.0.0.1:0", "--event", event, "--number", number];
        let more = ["--public-url", url, "--persona", "receiver", "--policy"];
        let files = [policy.to_str().unwrap(), "--store", store.to_str().unwrap()];
        let run = run(&[&words[..], &more, &files].concat(), &[("WORK_KEY", CANARY)]);
        let message = run.message(1);
        let begun = format!("{event} of {number} could not be subscribed: 2Chat does not know");
        assert!(message.starts_with(&begun) && message.contains(told), "{message}");
        assert_eq!(self::number(&store, "SELECT count(*) FROM endpoints"), 0);
    }
    // A url that was only shown was never subscribed.
    drop(reacting.receives(&["--persona", "receiver"]));
    let misspelt = removed_of(&reacting, &["--event", "whatsapp.conversation.nwe"]);
    assert!(misspelt.message(2).contains("did you mean `whatsapp.conversation.new`?"));
    let ended = removed(&reacting).stderr;
    assert!(ended.contains("ended: nothing") && ended.contains("now forgotten: "), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_temporary_ends_with_the_run_and_a_number_has_to_be_named() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("temporary", &twochat.base_url(), shown());
    let (address, url) = free();
    let receiver = subscribed(&reacting, &address, &url, &["--temporary"]);
    assert_eq!(standing(&reacting).await.len(), 1);
    let (status, said) = receiver.ended();
    assert!(status.success(), "{said}");
    assert_eq!(standing(&reacting).await, []);
    let (policy, store) = (reacting.file("policy.toml"), reacting.store());
    let url = "https://hooks.example.com";
    let words = ["listen", "--event", EVENT, "--public-url", url, "--listen", "127.0.0.1:0"];
    let files = ["--store", store.to_str().unwrap(), "--policy", policy.to_str().unwrap()];
    let nowhere = run(&[&words[..], &files].concat(), &[("WORK_KEY", CANARY)]);
    assert!(nowhere.message(2).contains("--number"), "{nowhere:?}");
    let wrong = ["listen", "--event", EVENT, "--number", "4155550100"];
    assert!(run(&wrong, &[]).stderr.contains("8 to 15 digits"));
}
