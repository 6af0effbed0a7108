//! A call that is made only when a person says yes to it: who is asked, what they see, and
//! what comes of each answer.

mod agents;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use host::{
    access::Access,
    asking::{Answer, Answering, Ask, Question},
    calls::{Call, Calls},
    client::Client,
    retry::Patience,
};
use mock::{Fault, Mock};
use serde_json::{Value, json};

use crate::support::{
    self, LOADED,
    shell::{CANARY, Run, answered_on_a_terminal, folder, run, twochat_with},
};

/// A folder with a policy of a clerk who may list, and is asked about before it creates.
struct Policy {
    file: PathBuf,
}

impl Policy {
    fn of(test: &str, twochat: &Mock) -> Self {
        let folder = folder(&format!("asking-{test}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let policy = Self { file: folder.join("policy.toml") };
        fs::write(folder.join("key"), CANARY).unwrap();
        policy.write(&format!(
            r#"default-persona = "clerk"

[connections.work]
base-url = "{}"
secret = {{ command = ["/bin/cat", "key"] }}

[personas.clerk]
connection = "work"
actions = ["list-contacts"]
ask = ["create-contact"]
"#,
            twochat.base_url()
        ));
        policy
    }

    fn write(&self, text: &str) {
        fs::write(&self.file, text).unwrap();
        fs::set_permissions(&self.file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn replace(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.file).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(&text.replace(from, to));
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn call(&self, words: &[&str]) -> Run {
        run(&[&["call", "--policy", self.path()], words].concat(), &[])
    }

    /// On a terminal, where this is typed when the question comes.
    fn typed(&self, words: &str, typed: &str) -> (Option<i32>, String) {
        let line = format!("twochat call --policy {} {words}", self.path());
        answered_on_a_terminal(&line, &[], typed.as_bytes())
    }

    /// How calls ended: the word of the answer, who gave it, and the kind of the error.
    fn ends(&self) -> Vec<(Value, Value, Value)> {
        let log = fs::read_to_string(self.file.with_file_name("audit.jsonl")).unwrap_or_default();
        let lines = log.lines().map(|line| line.parse::<Value>().unwrap());
        let ends = lines.filter(|line| line["event"] == "finished");
        ends.map(|end| {
            let consent = &end["consent"];
            (consent["by"].clone(), consent["answer"].clone(), end["error"]["kind"].clone())
        })
        .collect()
    }

    fn calls(&self) -> Calls {
        let access = Access::of_persona(self.file.clone(), None, support::twochat());
        Calls::new(LOADED.1.clone(), Client::new(&[]).unwrap(), access)
    }
}

const NEW: &str =
    r#"{"first-name": "Ada", "details": [{"kind": "phone", "value": "+14155550123"}]}"#;

fn new() -> Value {
    NEW.parse().unwrap()
}

fn end(by: &str, answer: &str, kind: Option<&str>) -> (Value, Value, Value) {
    (json!(by), json!(answer), json!(kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_at_the_terminal_sends_what_was_shown_and_anything_else_sends_nothing() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("terminal", &twochat);
    let words = format!("create-contact '{NEW}'");
    for (typed, word) in [("\n", "no"), ("n\n", "no"), ("yep\n", "no"), ("\u{4}", "cancelled")] {
        let (code, shown) = policy.typed(&words, typed);
        assert_eq!(code, Some(2), "{typed:?}: {shown}");
        assert!(shown.contains("called only when a person says yes to it"), "{shown}");
        assert!(shown.contains("Nothing was sent."), "{shown}");
        assert_eq!(policy.ends().pop(), Some(end("terminal", word, Some("refused"))));
    }
    assert_eq!(twochat.requests(), []);

    for typed in ["y\n", "YES\n"] {
        let (code, shown) = policy.typed(&words, typed);
        assert_eq!(code, Some(0), "{shown}");
        let question = [
            "May `create-contact` be called, with exactly these arguments?",
            "persona: clerk",
            "connection: work",
            &format!("server: {}", twochat.base_url()),
            "\"first-name\": \"Ada\"",
            "\"value\": \"+14155550123\"",
        ];
        for part in question {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert_eq!(policy.ends().pop(), Some(end("terminal", "yes", None)));
    }
    assert_eq!(twochat.requests().len(), 2);
    // What stands in `actions` is nobody's question.
    policy.call(&["list-contacts"]).result();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_at_the_terminal_cannot_steer_it_or_hide() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("steering", &twochat);
    // What has no form that everybody knows, the component takes; what steers, it refuses
    // before anybody is asked.
    let odd = r#"{"first-name": "A\ue000B\u0378", "details": [{"kind": "phone", "value": "+14155550123"}]}"#;
    let (code, shown) = policy.typed(&format!("create-contact '{odd}'"), "n\n");
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains(r#"A\ue000B\u0378"#), "{shown}");
    assert!(!shown.contains(['\u{e000}', '\u{378}']), "{shown:?}");
    let steering = odd.replace(r"\ue000", r"\u001b[2J\u202e");
    let (code, shown) = policy.typed(&format!("create-contact '{steering}'"), "");
    assert_eq!((code, shown.contains("May `")), (Some(1), false), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_the_question_sends_nothing_and_says_nothing_else() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("interrupted", &twochat);
    let (code, shown) = policy.typed(&format!("create-contact '{NEW}'"), "\u{3}");
    assert_eq!(code, Some(130), "{shown}");
    assert!(!shown.contains("may have been carried out"), "{shown}");
    assert_eq!(twochat.requests(), []);
    assert_eq!(policy.ends().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_answer_it_is_refused_with_what_to_do() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("nobody", &twochat);
    let refused = policy.call(&["create-contact", NEW]);
    let why = refused.message(2);
    assert!(why.contains("there is no terminal for it. Run this at one, or whoever"), "{why}");
    assert!(why.ends_with("Nothing was sent."), "{why}");
    assert_eq!(policy.ends(), [end("terminal", "nobody", Some("refused"))]);
    // Only one end of a terminal is none.
    let line =
        format!("twochat call --policy {} create-contact '{NEW}' 2>/dev/null", policy.path());
    let (code, _) = answered_on_a_terminal(&line, &[], b"y\n");
    assert_eq!(code, Some(2));
    // A host that says nothing of it has nobody.
    let arguments = new();
    let why = policy.calls().make_once(Call::new("create-contact", &arguments)).await.unwrap_err();
    assert!(why.to_string().contains("nobody can be asked here"), "{why}");
    assert_eq!(policy.ends().pop(), Some(end("nobody", "nobody", Some("refused"))));
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_one_question() {
    let twochat = twochat_with(250).await;
    let policy = Policy::of("pages", &twochat);
    policy.replace(
        "actions = [\"list-contacts\"]\nask = [\"create-contact\"]",
        "ask = [\"list-contacts\"]",
    );
    let (code, shown) = policy.typed("list-contacts --all", "n\n");
    assert_eq!((code, shown.matches("[y/N]").count()), (Some(2), 1), "{shown}");
    assert_eq!(twochat.requests(), []);
    let to = policy.file.with_file_name("contacts.csv");
    let (code, shown) = policy.typed(&format!("list-contacts --all --to {}", to.display()), "y\n");
    assert_eq!((code, shown.matches("[y/N]").count()), (Some(0), 1), "{shown}");
    assert!(shown.contains("and the same for all further pages"), "{shown}");
    assert_eq!(fs::read_to_string(to).unwrap().lines().count(), 251);
    assert!(twochat.requests().len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_mistyped_in_ask_is_told_with_its_line_and_what_was_meant() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("typo", &twochat);
    policy.replace("[\"create-contact\"]", "[\"create-contcat\"]");
    let fault = "line 10: personas.clerk.ask: there is no action `create-contcat`; did you mean \
                 `create-contact`? There are create-contact, ";
    let refused = policy.call(&["list-contacts"]);
    assert!(refused.message(2).contains(fault), "{refused:?}");
    let checked = run(&["connections", "--check", "--policy", policy.path()], &[]);
    assert!(checked.code == Some(2) && checked.stderr.contains(fault), "{checked:?}");
    policy.replace("ask =", "aks =");
    let refused = policy.call(&["list-contacts"]);
    assert!(
        refused.message(2).contains("line 10: personas.clerk.aks: there is no field `aks`"),
        "{refused:?}"
    );
}

/// Whoever answers like this, counts how often, and does something before.
struct Asked<'a> {
    answer: Answer,
    times: AtomicUsize,
    before: Box<dyn Fn() + Send + Sync + 'a>,
}

impl<'a> Asked<'a> {
    fn to(answer: Answer, before: impl Fn() + Send + Sync + 'a) -> Self {
        Self { answer, times: AtomicUsize::new(0), before: Box::new(before) }
    }
}

impl Ask for Asked<'_> {
    fn by(&self) -> &'static str {
        "window"
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> Answering<'a> {
        assert_eq!((question.action, question.arguments), ("create-contact", &new()));
        self.times.fetch_add(1, Relaxed);
        (self.before)();
        let answer = self.answer;
        Box::pin(async move {
            if answer == Answer::TimedOut {
                std::future::pending::<()>().await;
            }
            answer
        })
    }

    fn thinking(&self) -> Duration {
        Duration::from_millis(300)
    }
}

/// Why it is not made with this asker, or that it is.
async fn made(policy: &Policy, asker: &dyn Ask) -> Result<Value, String> {
    let arguments = new();
    let call = Call { asker: Some(asker), ..Call::new("create-contact", &arguments) };
    let patience = Patience::new(3, Duration::from_secs(20));
    let outcome = policy.calls().make(call, patience, |_, _| {}).await;
    outcome.map_err(|why| why.to_string())?.result.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_asks_in_its_own_way_and_has_each_answer_written_down() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("own", &twochat);
    for (answer, word) in [
        (Answer::No, "no"),
        (Answer::Unclear, "unclear"),
        (Answer::Cancelled, "cancelled"),
        (Answer::TimedOut, "timed-out"),
        (Answer::Gone, "gone"),
        (Answer::Awaited, "awaited"),
        (Answer::Nobody("look elsewhere"), "nobody"),
    ] {
        let why = made(&policy, &Asked::to(answer, || {})).await.unwrap_err();
        assert!(why.starts_with("`create-contact` is called only when a person says yes"), "{why}");
        assert_eq!(policy.ends().pop(), Some(end("window", word, Some("refused"))));
    }
    assert_eq!(twochat.requests(), []);
    made(&policy, &Asked::to(Answer::Yes, || {})).await.unwrap();
    assert_eq!(policy.ends().pop(), Some(end("window", "yes", None)));
    assert_eq!(twochat.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_somebody_thinks_is_decided_anew() {
    let twochat = twochat_with(1).await;
    for (test, from, to, expected) in [
        (
            "revoked",
            "[personas.clerk]\n",
            "[personas.clerk]\nrevoked = true\n",
            "`clerk` is revoked",
        ),
        ("taken", "ask = [\"create-contact\"]", "", "`clerk` may not call `create-contact`"),
        ("moved", "127.0.0.1", "localhost", "was changed since this began"),
        ("broken", "[personas.clerk]", "[personas", "line 7"),
    ] {
        let policy = Policy::of(test, &twochat);
        let asker = Asked::to(Answer::Yes, || policy.replace(from, to));
        let why = made(&policy, &asker).await.unwrap_err();
        assert!(why.contains(expected), "{test}: {why}");
        assert_eq!(policy.ends().pop(), Some(end("window", "yes", Some("refused"))), "{test}");
    }
    let policy = Policy::of("rekeyed", &twochat);
    let key = policy.file.with_file_name("key");
    let asker = Asked::to(Answer::Yes, || fs::write(&key, "another-key-of-another").unwrap());
    let why = made(&policy, &asker).await.unwrap_err();
    assert!(why.contains("was changed since this began"), "{why}");
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn further_tries_of_a_call_are_not_asked_about_and_the_thinking_costs_it_no_time() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("tries", &twochat);
    twochat.switch_on(Fault::Status(429));
    let asker = Asked::to(Answer::Yes, || std::thread::sleep(Duration::from_secs(3)));
    let arguments = new();
    let call = Call { asker: Some(&asker), ..Call::new("create-contact", &arguments) };
    let waits = |_: &Value, _| twochat.switch_off(Fault::Status(429));
    let patience = || Patience::new(3, Duration::from_secs(6));
    policy.calls().make(call, patience(), waits).await.unwrap().result.unwrap();
    assert_eq!((asker.times.into_inner(), twochat.requests().len()), (1, 2));

    // Where it is to be asked about only now, it is not tried again.
    let policy = Policy::of("later", &twochat);
    policy.replace(
        "actions = [\"list-contacts\"]\nask = [\"create-contact\"]",
        "actions = [\"create-contact\"]",
    );
    twochat.switch_on(Fault::Status(429));
    let waits = |_: &Value, _| policy.replace("actions =", "ask =");
    let call = Call::new("create-contact", &arguments);
    let outcome = policy.calls().make(call, patience(), waits).await.unwrap();
    assert_eq!(outcome.result.unwrap_err()["kind"], "rate-limited");
    assert_eq!(twochat.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_does_not_fit_or_cannot_be_read() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("misfit", &twochat);
    let asker = Asked::to(Answer::Yes, || {});
    let mut large = new();
    large["first-name"] = "A".repeat(20_000).into();
    for (arguments, expected) in
        [(json!({ "name": 1 }), "name"), (large, "more than 16 KiB, which no person reads")]
    {
        let call = Call { asker: Some(&asker), ..Call::new("create-contact", &arguments) };
        let why = policy.calls().make_once(call).await.unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
    assert_eq!((asker.times.into_inner(), twochat.requests()), (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_the_component_refuses_and_the_log_has_it_once() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("refused", &twochat);
    let asker = Asked::to(Answer::Yes, || {});
    let arguments =
        json!({ "first-name": "Ada", "details": [{ "kind": "phone", "value": "0415" }] });
    let call = Call { asker: Some(&asker), ..Call::new("create-contact", &arguments) };
    let error = policy.calls().make_once(call).await.unwrap().result.unwrap_err();
    assert_eq!((&error["kind"], &error["carried-out"]), (&json!("invalid-input"), &json!("no")));
    assert_eq!(policy.ends(), [(Value::Null, Value::Null, json!("invalid-input"))]);
    let log = fs::read_to_string(policy.file.with_file_name("audit.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    assert_eq!((asker.times.into_inner(), twochat.requests()), (0, vec![]));
}
