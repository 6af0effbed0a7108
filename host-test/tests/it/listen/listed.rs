//! Whoever is listed already is not made a second time by a rule that says so.

use mock::{Fault, Mock};
use serde_json::json;

use crate::support::{
    raw::{Raw, Step},
    reacting::{CONTACT, Reacting, conversation},
    receiver::{EVENT, until},
    shell::{CANARY, run, twochat_with},
};

fn asked(twochat: &Mock, method: &str) -> usize {
    twochat.requests().iter().filter(|it| it.method == method).count()
}

/// The rule, for a persona that may list.
fn reacting(test: &str, twochat: &Mock) -> Reacting {
    let rules = CONTACT.replace("persona =", "unless-listed = \"phone-number\"\npersona =");
    let reacting = Reacting::of(test, &twochat.base_url(), &rules);
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting
        .write(&text.replace("[\"create-contact\"]", "[\"create-contact\", \"list-contacts\"]"));
    reacting
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listed_with_the_number_already_stays_the_only_one() {
    let twochat = twochat_with(130).await;
    let known = json!({ "first-name": "Ada", "details": [
        { "kind": "email", "value": "ada@example.com" },
        { "kind": "phone", "value": "+14155550001" },
    ] });
    let reacting = reacting("listed", &twochat);
    let policy = reacting.file("policy.toml");
    let words =
        ["call", "create-contact", &known.to_string(), "--policy", policy.to_str().unwrap()];
    let made = run(&words, &[("WORK_KEY", CANARY)]).result();
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    for number in 1..=3 {
        receiver.post(&path, conversation(number).to_string());
    }
    until(|| (reacting.count("done") == 3).then_some(()));
    // Once before, and for two of three; all of them went by one look through all pages.
    assert_eq!(asked(&twochat, "POST"), 3);
    assert!(asked(&twochat, "GET") <= 4, "{}", asked(&twochat, "GET"));
    let told =
        format!("{} is listed with its `phone-number` already", made["uuid"].as_str().unwrap());
    let shown = reacting.events(&["show", "1"]).result();
    assert_eq!(
        (&shown["handed-on"][0]["state"], &shown["handed-on"][0]["note"]),
        (&json!("done"), &json!(told))
    );
    receiver.says(&format!("{told}, so nothing was done"));
    let second = reacting.events(&["show", "2"]).result();
    assert_eq!(second["handed-on"][0].get("note"), None, "{second}");
    // What was made meanwhile is known too.
    assert_eq!(reacting.events(&["replay", "2", "--again"]).result()["handed-on-again"], 1);
    receiver.says("CON00000084-36dc-4103-b2a2-000000000084 is listed");
    assert_eq!(asked(&twochat, "POST"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_made_while_it_cannot_be_seen_who_is_there() {
    let twochat = twochat_with(0).await;
    let reacting = reacting("unlisted", &twochat);
    let receiver = reacting.receives(&["--tries", "1"]);
    twochat.switch_on(Fault::Status(403));
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("parked") == 1).then_some(()));
    receiver.says("who is there already cannot be seen: ");
    assert_eq!(asked(&twochat, "POST"), 0);
    twochat.clear();
    reacting.events(&["replay", "--parked"]);
    until(|| (reacting.count("done") == 1).then_some(()));
    assert_eq!(asked(&twochat, "POST"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_made_while_not_all_who_are_there_can_be_seen() {
    let answers = |body: &str| {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 x\r\ncontent-length: {length}\r\n\r\n{body}");
        vec![Step::Send(answer.into())]
    };
    let page = |rows: &str| answers(&format!(r#"{{"success":true,"contacts":[{rows}]}}"#));
    let known = r#"{"uuid":"CON1","details":[{"type":"PH","value":"+14155550001"}]}"#;
    let unread = r#"{"uuid":"CON2","details":[{"type":"PH"}]}"#;
    for (name, pages, told) in [
        ("skipped", vec![page(&format!("{known},7")), page("")], "1 record could not be read"),
        ("parts", vec![page(&format!("{known},{unread}")), page("")], "1 entry of details"),
        ("repeated", vec![page(known)], "brought nothing new"),
    ] {
        let twochat = Raw::in_turn([&pages[..], &pages[..]].concat()).await;
        let rules = CONTACT.replace("persona =", "unless-listed = \"phone-number\"\npersona =");
        let reacting = Reacting::of(&format!("part-{name}"), &twochat.base_url(), &rules);
        let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
        let both = "[\"create-contact\", \"list-contacts\"]";
        reacting.write(&text.replace("[\"create-contact\"]", both));
        let receiver = reacting.receives(&["--tries", "1"]);
        // Whoever is seen is there.
        receiver.post(&receiver.path(EVENT), conversation(1).to_string());
        until(|| (reacting.count("done") == 1).then_some(()));
        receiver.post(&receiver.path(EVENT), conversation(2).to_string());
        until(|| (reacting.count("parked") == 1).then_some(()));
        let shown = reacting.events(&["show", "2"]).result();
        let why = shown["handed-on"][0]["error"].as_str().unwrap();
        assert!(why.starts_with("not all who are there already can be seen: "), "{why}");
        assert!(why.contains(told), "{why}");
        assert!(twochat.requests().iter().all(|it| it.starts_with("GET")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_smaller_pages_is_asked_for_those_and_then_all_are_seen() {
    let page = |names: &[&str]| {
        let rows = names.iter().map(|name| json!({ "uuid": name, "details": [] }));
        json!({ "success": true, "contacts": rows.collect::<Vec<_>>() }).to_string()
    };
    let answers = |body: String| {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 x\r\ncontent-length: {length}\r\n\r\n{body}");
        vec![Step::Send(answer.into())]
    };
    let created = r#"{"success":true,"contact":{"uuid":"CON1","details":[]}}"#;
    let pages = [page(&["a", "b"]), page(&["c"]), page(&[])];
    let all = [&pages[..], &pages[..], &[created.to_owned()]].concat();
    let twochat = Raw::in_turn(all.into_iter().map(answers).collect()).await;
    let rules = CONTACT.replace("persona =", "unless-listed = \"phone-number\"\npersona =");
    let reacting = Reacting::of("smaller-pages", &twochat.base_url(), &rules);
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    reacting
        .write(&text.replace("[\"create-contact\"]", "[\"create-contact\", \"list-contacts\"]"));
    let receiver = reacting.receives(&[]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    let asked = twochat.requests();
    assert!(asked.len() == 7 && asked[3].contains("results_per_page=2"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_looks_who_is_listed_needs_a_persona_that_may_and_sees_it() {
    let twochat = twochat_with(0).await;
    let reacting = reacting("may-list", &twochat);
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    for (from, to, expected) in [
        (", \"list-contacts\"]", "]", "persona: the persona `writer` may not call `list-contacts`"),
        (
            ", \"list-contacts\"]",
            "]\nask = [\"list-contacts\"]",
            "for each call of `list-contacts`",
        ),
        (
            ", \"list-contacts\"]",
            ", \"list-contacts\"]\nmask = [\"value\"]",
            "unless-listed: the persona `writer` does not see `value`",
        ),
        (
            "unless-listed = \"phone-number\"",
            "unless-listed = \"phone\"",
            "unless-listed: there is no field `phone`",
        ),
        (
            "unless-listed = \"phone-number\"",
            "unless-listed = \"contact\"",
            "unless-listed: expected a text",
        ),
        (
            "unless-listed = \"phone-number\"",
            "unless-listed = \"contact.first-name\"",
            "line 19: rules.new-contact.unless-listed: `contact.first-name` is no phone number",
        ),
        (
            "unless-listed = \"phone-number\"",
            "unless-listed = \"author\"",
            "unless-listed: `author` is no phone number and no e-mail address",
        ),
        (
            "or = \"Unknown\"",
            "or = \"\"",
            "arguments.first-name: expected a text that is not empty",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        reacting.write(&changed);
        let refused = reacting.fails();
        assert!(refused.message(2).contains(expected), "{expected}: {refused:?}");
    }
    reacting.write(&text);
    let dry = reacting.receives(&["--dry-run"]);
    dry.post(&dry.path(EVENT), conversation(1).to_string());
    dry.says(", unless its `phone-number` is listed");
    assert!(twochat.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_what_is_no_number_and_no_address_nobody_is_looked_for() {
    let twochat = twochat_with(3).await;
    let reacting = reacting("unlike", &twochat);
    let policy = reacting.file("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    reacting.write(&text.replace("= \"phone-number\"\npersona", "= \"message.text\"\npersona"));
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    for (number, said) in [(1, "Hello"), (2, "Good evening"), (3, "grace@example.com")] {
        let mut event = conversation(number);
        event["message"]["text"] = said.into();
        receiver.post(&path, event.to_string());
    }
    until(|| (reacting.count("parked") == 2 && reacting.count("done") == 1).then_some(()));
    let shown = reacting.events(&["show", "1"]).result();
    let why = shown["handed-on"][0]["error"].as_str().unwrap();
    assert!(why.starts_with("unless-listed: its `message.text` is no phone number"), "{why}");
    assert_eq!(asked(&twochat, "POST"), 1);
}
