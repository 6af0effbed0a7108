//! Events are forwarded, and programs are run for them, until they are done or parked.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::support::{
    raw::{Raw, Step, Steps},
    reacting::{Reacting, conversation},
    receiver::{EVENT, looked_into, until},
    shell::run,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn answers(status: &str) -> Steps {
    vec![Step::Send(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into())]
}

fn forwarding(test: &str, office: &Raw) -> Reacting {
    let url = office.base_url();
    let rules = format!(
        "[rules.office]\nforward = \"{url}?token=hidden\"\nsecret = {{ command = \
         [\"/bin/echo\", \"{SECRET}\"] }}\n"
    );
    Reacting::of(test, "http://127.0.0.1:1/open", &rules)
}

/// What a receiver makes of a forwarded message: its id, and what it says.
fn opened(request: &str) -> (String, Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: HeaderMap = headers
        .map(|(name, value)| {
            let name: HeaderName = name.to_lowercase().parse().unwrap();
            (name, value.parse::<HeaderValue>().unwrap())
        })
        .collect();
    Webhook::new(SECRET).unwrap().verify(body.as_bytes(), &headers).unwrap();
    (headers["webhook-id"].to_str().unwrap().to_owned(), body.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_forwarded_signed_and_with_the_same_id_until_it_is_taken() {
    let office = Raw::in_turn(vec![
        answers("503 x\r\nretry-after: 1"),
        answers("302 x\r\nlocation: /"),
        answers("204 x"),
    ])
    .await;
    let reacting = forwarding("forward", &office);
    let receiver = reacting.receives(&[]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    let requests: Vec<_> = office.requests().iter().map(|request| opened(request)).collect();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| *request == requests[0]), "{requests:?}");
    let (id, message) = &requests[0];
    assert_eq!(message["id"], **id);
    assert_eq!((&message["type"], &message["data"]["name"]), (&EVENT.into(), &EVENT.into()));
    assert_eq!(message["data"]["phone-number"], "+14155550001");
    let body: Value = message["body"].as_str().unwrap().parse().unwrap();
    assert_eq!(body, conversation(1));
    let said = receiver.said();
    assert!(said.contains("302, and redirects are not followed"), "{said}");
    assert!(!said.contains("hidden") && !said.contains(SECRET), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_410_gets_nothing_more_until_that_is_asked_for() {
    let office = Raw::in_turn(vec![answers("410 x"), answers("200 x")]).await;
    let reacting = forwarding("gone", &office);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    receiver.says("it gets nothing more");
    receiver.post(&path, conversation(2).to_string());
    until(|| (reacting.count("parked") == 2).then_some(()));
    assert_eq!(office.requests().len(), 1);
    let again = reacting.events(&["replay", "--target", "office"]);
    assert_eq!(again.result()["handed-on-again"], 2);
    receiver.post(&path, conversation(3).to_string());
    until(|| (reacting.count("done") == 3).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_when_a_target_ended_is_parked_with_the_same_reason() {
    let slow = |seconds, status| {
        [vec![Step::Pause(Duration::from_secs(seconds))], answers(status)].concat()
    };
    let office = Raw::in_turn(vec![slow(3, "500 x"), slow(1, "410 x"), slow(4, "503 x")]).await;
    let reacting = forwarding("gone-meanwhile", &office);
    let receiver = reacting.receives(&[]);
    let path = receiver.path(EVENT);
    for number in 1..=3 {
        receiver.post(&path, conversation(number).to_string());
    }
    until(|| (office.requests().len() == 3).then_some(()));
    receiver.says("it gets nothing more");
    until(|| (reacting.count("parked") == 3).then_some(()));
    let parked = reacting.events(&["--state", "parked", "--output", "json"]).result();
    for row in parked["events"].as_array().unwrap() {
        assert_eq!(row["handed-on"][0]["error"], "it answered 410, so it wants no more", "{row}");
    }
    // Nor does what a crash cut off go on.
    receiver.kill();
    let cut = "UPDATE outbox SET state = 'begun' WHERE event = 1";
    looked_into(&reacting.store()).execute(cut, []).unwrap();
    let receiver = reacting.receives(&[]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((reacting.count("parked"), office.requests().len()), (3, 3), "{}", receiver.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_by_a_flag_is_signed_and_goes_to_no_address_that_is_private() {
    let office = Raw::replying(answers("200 x")).await;
    let reacting = Reacting::of("flag", "http://127.0.0.1:1/open", "");
    let secret = reacting.file("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let (url, secret) = (office.base_url(), secret.to_str().unwrap().to_owned());
    let words = ["--forward", &url, "--forward-secret", &secret];
    let mode = |mode| fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o644, 0o640, 0o602] {
        mode(open);
        let open = reacting.fails_with(&words);
        assert!(open.message(2).contains("others can read or write it, `chmod 600 "), "{open:?}");
    }
    // As a container is given one.
    mode(0o444);
    let receiver = reacting.receives(&words);
    let path = receiver.path(EVENT);
    receiver.post(&path, conversation(1).to_string());
    until(|| (reacting.count("done") == 1).then_some(()));
    assert_eq!(opened(&office.requests()[0]).1["type"], EVENT);
    drop(receiver);
    let private = ["--forward", "https://10.0.0.1/hook?token=hidden", "--forward-secret", &secret];
    let refused = reacting.fails_with(&private);
    let why = refused.message(2);
    assert!(why.contains("10.0.0.1 is no address that the target may have"), "{why}");
    assert!(!why.contains("hidden"), "{why}");
    let words = ["listen", "--event", EVENT, "--forward", &url, "--store", "unused"];
    let unsigned = run(&words, &[]);
    assert!(unsigned.message(2).contains("needs a secret to sign with"), "{unsigned:?}");
    let short = run(&words, &[("TWOCHAT_FORWARD_SECRET", "whsec_short123")]);
    assert!(short.message(2).contains("24 to 64 random bytes"), "{short:?}");
}

#[test]
fn a_program_gets_each_event_and_what_it_refuses_is_parked_with_its_last_words() {
    let reacting = Reacting::of("run", "http://127.0.0.1:1/open", "");
    let kept = reacting.file("kept");
    let good = reacting.program("good", &format!("cat >> {}", kept.display()));
    let bad = reacting.program("bad", "echo first >&2; echo no room here >&2; exit 7");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let receiver = reacting.receives(&["--run", good, "--run", bad, "--tries", "2"]);
    let path = receiver.path(EVENT);
    for number in 1..=3 {
        receiver.post(&path, conversation(number).to_string());
    }
    until(|| (reacting.count("done") == 3 && reacting.count("parked") == 3).then_some(()));
    let text = fs::read_to_string(&kept).unwrap();
    let mut ids: Vec<_> = text
        .lines()
        .map(|line| {
            let message: Value = line.parse().unwrap();
            message["data"]["key"].as_str().unwrap().to_owned()
        })
        .collect();
    ids.sort();
    assert_eq!(
        ids,
        [1, 2, 3].map(|number| conversation(number)["uuid"].as_str().unwrap().to_owned())
    );
    let listed = reacting.events(&["list", "--state", "parked", "--output", "json"]);
    let listed = listed.result();
    let why = listed["events"][0]["handed-on"].as_array().unwrap();
    let why = why.iter().find(|entry| entry["state"] == "parked").unwrap();
    assert_eq!(why["tries"], 2);
    let why = why["error"].as_str().unwrap();
    assert!(why.contains("exit status: 7: first no room here; that was the last of 2 tries"));
    fs::write(bad, "#!/bin/sh\nexit 0\n").unwrap();
    let again = reacting.events(&["replay", "--number", "+14155550002"]);
    assert_eq!(again.result()["handed-on-again"], 1, "{again:?}");
    until(|| (reacting.count("done") == 4).then_some(()));
    assert_eq!(reacting.count("parked"), 2);
}

#[test]
fn whoever_ends_it_hears_what_it_waits_for_and_need_not_wait() {
    let reacting = Reacting::of("hangs", "http://127.0.0.1:1/open", "");
    let program = reacting.program("hangs", "exec sleep 60");
    let program = program.to_str().unwrap();
    let receiver = reacting.receives(&["--run", program]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("begun") == 1).then_some(()));
    receiver.interrupt();
    receiver.says(&format!("for what is under way: event 1 to {program}; another Ctrl-C ends it"));
    let begun = Instant::now();
    let (status, said) = receiver.ended();
    assert!(status.code() == Some(130) && begun.elapsed().as_secs() < 8, "{status}: {said}");
}
