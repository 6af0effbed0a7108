//! What comes of answers that stay out, of refusals, of an account's limit, and of a
//! policy.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use mock::{Fault, Mock, Options};

use super::{assert_once, counts, creations, file, journal, people, summary};
use crate::support::{
    raw::{Raw, Step},
    shell::{CANARY, asking, folder, run, twochat_with},
};

#[tokio::test]
async fn whoever_was_created_without_an_answer_is_found_and_not_created_again() {
    let twochat = twochat_with(0).await;
    let file = file("lost", "people.csv", people(5));
    twochat.switch_on(Fault::AnswerLost);
    let first = summary(&twochat, &file, &[], 1);
    assert_eq!(counts(&first), "3 created, 2 not-sent", "after three in a row nobody is tried");
    assert!(!journal(&file).exists());
    twochat.clear();
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "2 created, 3 there");
    assert_eq!(creations(&twochat), 5);
    assert_once(&twochat, 5);
}

#[tokio::test]
async fn who_was_not_created_and_has_no_answer_is_looked_for_before_it_is_sent_again() {
    let twochat = twochat_with(0).await;
    let file = file("open", "people.csv", people(2));
    twochat.switch_on(Fault::CreationLost);
    let first = summary(&twochat, &file, &[], 1);
    assert_eq!((counts(&first).as_str(), creations(&twochat)), ("2 open", 4));
    // Between the two times that each was sent, it was looked twice.
    let methods: Vec<_> = twochat
        .requests()
        .into_iter()
        .filter(|request| request.path == "/open/contacts")
        .map(|request| request.method)
        .collect();
    assert_eq!(methods, ["GET", "POST", "POST", "GET", "GET", "POST", "POST"]);
    assert!(journal(&file).exists());
    twochat.clear();
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "2 created");
    assert!(!journal(&file).exists());
    assert_once(&twochat, 2);
}

#[tokio::test]
async fn a_refused_row_stops_nobody_and_a_bad_key_everybody() {
    let twochat = twochat_with(0).await;
    let rows = "name,email,phone\nAda,ada@example..com,\nBob,,+595981222332\n";
    let file = file("refused", "people.csv", rows);
    let first = summary(&twochat, &file, &[], 1);
    assert_eq!(counts(&first), "1 created, 1 failed", "{first}");
    assert_eq!(first["rows"][0]["error"]["kind"], "invalid-input", "{first}");

    let base = twochat.base_url();
    let another = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "another-key")];
    let refused = run(&["sync", file.to_str().unwrap(), "--yes"], &another);
    assert_eq!(refused.error()["kind"], "unauthorized");
    assert!(!journal(&file).exists(), "nobody was sent");

    let file = self::file("spent", "people.csv", people(3));
    let spent = Options { contacts: 0, max_api_requests: 3, ..Options::default() };
    let twochat = Mock::start(Options { key: CANARY.to_owned(), ..spent }).await.unwrap();
    // One for the list, one for the limit, one for the first.
    let first = summary(&twochat, &file, &[], 1);
    assert_eq!(counts(&first), "1 created, 1 failed, 1 not-sent", "{first}");
    assert!(first["rows"][2]["why"].as_str().unwrap().contains("quota-exhausted"), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_not_all_who_are_there_can_be_seen_is_told_before_anybody_is_created() {
    let page = |rows: &str| {
        let body = format!(r#"{{"success":true,"contacts":[{rows}]}}"#);
        let length = body.len();
        vec![Step::Send(format!("HTTP/1.1 200 x\r\ncontent-length: {length}\r\n\r\n{body}").into())]
    };
    let known = r#"{"uuid":"CON1","details":[]}"#;
    for (rows, is_told) in [(format!("{known},7"), true), (known.to_owned(), false)] {
        let twochat = Raw::in_turn(vec![page(&rows), page("")]).await;
        let file = file("seen", "people.csv", people(1));
        let words = ["sync", file.to_str().unwrap(), "--dry-run"];
        let run = run(&words, &asking(&twochat.base_url()));
        let told = "who is created may be there already: 1 record could not be read";
        assert_eq!(run.stderr.contains(told), is_told, "{run:?}");
    }
}

#[tokio::test]
async fn calls_are_spaced_as_the_account_allows() {
    let options = Options { contacts: 0, requests_per_minute: 300, ..Options::default() };
    let twochat = Mock::start(Options { key: CANARY.to_owned(), ..options }).await.unwrap();
    let file = file("paced", "people.csv", people(11));
    let begun = Instant::now();
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "11 created");
    // The first leaves at once, and each of ten others a fifth of a second later.
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_is_over_the_limit_waits_as_it_is_told() {
    let twochat = twochat_with(0).await;
    let file = file("waits", "people.csv", people(2));
    twochat.switch_on(Fault::Status(429));
    twochat.switch_on(Fault::RetryAfter);
    let begun = Instant::now();
    let summary = std::thread::scope(|scope| {
        let running = scope.spawn(|| summary(&twochat, &file, &[], 0));
        while twochat.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        twochat.clear();
        running.join().unwrap()
    });
    assert_eq!(counts(&summary), "2 created");
    assert!(begun.elapsed() >= Duration::from_secs(7), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_persona_may_no_more_than_its_policy_says_and_what_it_did_is_in_the_log() {
    let twochat = twochat_with(0).await;
    let folder = folder("sync-policy");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let (policy, people_file) = (folder.join("policy.toml"), folder.join("people.csv"));
    fs::write(&people_file, people(2)).unwrap();
    let persona =
        |name: &str, more: &str| format!("[personas.{name}]\nconnection = \"work\"\n{more}\n");
    let text = format!(
        "[connections.work]\nbase-url = \"{}\"\nsecret = {{ env = \"WORK_KEY\" }}\n{}{}{}\
         [audit]\nfile = \"log.jsonl\"\n",
        twochat.base_url(),
        persona("reader", "actions = [\"list-contacts\"]"),
        persona("blind", "actions = [\"create-contact\", \"list-contacts\"]\nmask = [\"value\"]"),
        persona("writer", "actions = [\"create-contact\", \"list-contacts\"]"),
    );
    fs::write(&policy, text).unwrap();
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o600)).unwrap();
    let sync = |persona: &str| {
        let words = ["sync", people_file.to_str().unwrap(), "--yes", "--policy"];
        let words = [&words[..], &[policy.to_str().unwrap(), "--persona", persona]].concat();
        run(&words, &[("WORK_KEY", CANARY)])
    };
    let refused = sync("reader");
    assert!(refused.message(2).contains("create-contact"), "{refused:?}");
    assert_eq!(twochat.requests(), []);
    let done = sync("writer");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_once(&twochat, 2);
    let blind = sync("blind");
    assert!(blind.message(2).contains("does not see `value`"), "{blind:?}");
    assert_eq!(creations(&twochat), 2);
    let log = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let made = |line: &&str| line.contains("\"started\"") && line.contains("+5959810000");
    assert_eq!(log.lines().filter(made).count(), 2, "{log}");
}
