//! `--all --to FILE`: that a broken export goes on where it broke, and that no
//! file is touched that is not the beginning of this very export.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock};
use serde_json::Value;

use super::{Adder, FORMS, assert_whole, pages, uuids, wait_for_requests};
use crate::support::shell::{Run, asking, command, folder, run, twochat_with};

const CONTACTS: usize = 700;

/// The file in which an export notes how far it came.
fn beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.resume", file.display()))
}

/// Small pages, so that there is time to break it.
fn arguments<'a>(form: &'a str, file: &'a Path) -> [&'a str; 8] {
    let file = file.to_str().unwrap();
    let size = r#"{"results-per-page": 10}"#;
    ["call", "list-contacts", size, "--all", "--output", form, "--to", file]
}

fn export(twochat: &Mock, form: &str, file: &Path) -> Run {
    run(&arguments(form, file), &asking(&twochat.base_url()))
}

/// An export that waits for a page which the mock does not give.
fn hanging(twochat: &Mock, form: &str, file: &Path) -> Killed {
    let before = twochat.requests().len();
    let mut command = command(&arguments(form, file), &asking(&twochat.base_url()));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_requests(twochat, before + 3);
    twochat.switch_on(Fault::Hang);
    let patience = Instant::now() + Duration::from_secs(30);
    while twochat.exchanges().last().is_none_or(|last| last.reply.is_some()) {
        assert!(Instant::now() < patience, "it was through before it hung");
        thread::sleep(Duration::from_millis(2));
    }
    Killed(child)
}

/// A process that is ended when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // SIGKILL, which gives it no time for anything.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Leaves behind what an export does that was killed in the middle.
fn break_off(twochat: &Mock, form: &str, file: &Path) {
    drop(hanging(twochat, form, file));
    twochat.switch_off(Fault::Hang);
    assert!(file.exists() && beside(file).exists());
}

fn append(file: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(file).unwrap().write_all(bytes).unwrap();
}

/// The file as it is and what is noted beside it.
fn both(file: &Path) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    (fs::read(file).ok(), fs::read(beside(file)).ok())
}

#[tokio::test]
async fn an_export_that_was_killed_goes_on_and_ends_as_if_nothing_had_been() {
    let folder = folder("pages-killed");
    for form in FORMS {
        let twochat = twochat_with(CONTACTS).await;
        let unbroken = folder.join(format!("unbroken.{form}"));
        assert_eq!(export(&twochat, form, &unbroken).output(), "");
        let unbroken = fs::read_to_string(unbroken).unwrap();
        assert_whole(&unbroken, form, CONTACTS);

        let half = format!("{}\n{{\"uuid\": \"CON", unbroken.lines().nth(1).unwrap());
        for (name, rubbish) in
            [("plain", ""), ("half", &unbroken[1..60]), ("rows", &half), ("bytes", "\0\u{7f}\n\n")]
        {
            let file = folder.join(format!("{name}.{form}"));
            break_off(&twochat, form, &file);
            append(&file, rubbish.as_bytes());
            let before = pages(&twochat).len();
            assert_eq!(export(&twochat, form, &file).output(), "");
            assert!(pages(&twochat)[before] > 0, "{name}: it began anew");
            assert_eq!(fs::read_to_string(&file).unwrap(), unbroken, "{name} as {form}");
            assert!(!beside(&file).exists(), "{name} as {form}");
        }
    }
}

#[tokio::test]
async fn contacts_added_between_two_parts_of_an_export_double_no_row() {
    let folder = folder("pages-between");
    for form in FORMS {
        let twochat = twochat_with(CONTACTS).await;
        twochat.switch_on(Fault::NewestFirst);
        let file = folder.join(form);
        break_off(&twochat, form, &file);
        let mut adder = Adder::to(&twochat);
        (0..150).for_each(|_| adder.add());
        assert_eq!(export(&twochat, form, &file).output(), "");
        assert_whole(&fs::read_to_string(&file).unwrap(), form, CONTACTS);
    }
}

#[tokio::test]
async fn an_export_that_met_an_error_goes_on_when_it_is_called_again() {
    let folder = folder("pages-refused");
    for form in FORMS {
        let twochat = twochat_with(CONTACTS).await;
        let file = folder.join(form);
        break_off(&twochat, form, &file);
        twochat.switch_on(Fault::Status(402));
        let stopped = export(&twochat, form, &file);
        assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(1), ""), "{stopped:?}");
        let (advice, error) = stopped.stderr.split_once('\n').unwrap();
        assert!(advice.starts_with("twochat: stopped at page "), "{advice}");
        assert!(advice.ends_with(" rows; the same call goes on from there"), "{advice}");
        assert_eq!(error.parse::<Value>().unwrap()["kind"], "quota-exhausted", "{error}");
        twochat.clear();
        assert_eq!(export(&twochat, form, &file).output(), "");
        assert_whole(&fs::read_to_string(&file).unwrap(), form, CONTACTS);
    }
}

#[tokio::test]
async fn a_file_that_is_not_the_beginning_of_this_export_is_left_as_it_is() {
    let folder = folder("pages-foreign");
    let twochat = twochat_with(CONTACTS).await;
    let base = twochat.base_url();
    let broken = folder.join("rows");
    break_off(&twochat, "jsonl", &broken);
    let (rows, noted) = both(&broken);
    let (rows, noted) = (rows.unwrap(), noted.unwrap());
    let another = |name: &str| {
        let mut another: Value = serde_json::from_slice(&noted).unwrap();
        another["about"]["asked"][name] = "another".into();
        another.to_string().into_bytes()
    };
    let [action, persona, connection] =
        ["the action", "the persona", "the connection"].map(another);
    let earlier = noted.strip_prefix(b"{\"about\":").unwrap();
    let earlier = [b"{\"about\":{},\"was\":", earlier].concat();

    let elsewhere = base.replace("127.0.0.1", "localhost");
    let asked = twochat.requests().len();
    type Case<'a> = (&'a str, Option<&'a [u8]>, Option<&'a [u8]>, &'a [&'a str], &'a str, &'a str);
    let cases: [Case; 13] = [
        (
            "finished",
            Some(&rows),
            None,
            &[],
            &base,
            "it exists already and is no export that broke",
        ),
        (
            "action",
            Some(&rows),
            Some(&action),
            &[],
            &base,
            "another export: the action was \"another\" and is \"list-contacts\"; make the same call",
        ),
        ("persona", Some(&rows), Some(&persona), &[], &base, "\"another\" and is not given"),
        ("connection", Some(&rows), Some(&connection), &[], &base, "\"another\" and is not given"),
        (
            "size",
            Some(&rows),
            Some(&noted),
            &["--results-per-page", "50"],
            &base,
            "another export: results-per-page was 10 and is 50; make the same call as then, delete",
        ),
        ("page", Some(&rows), Some(&noted), &["--page-number", "1"], &base, "not given and is 1"),
        ("form", Some(&rows), Some(&noted), &[], &base, "--output was \"jsonl\" and is \"csv\""),
        ("server", Some(&rows), Some(&noted), &[], &elsewhere, "the server was \"http://127"),
        ("garbage", Some(&rows), Some(b"{\"about\": 1"), &[], &base, "garbage to start anew"),
        ("half", Some(&rows), Some(&noted[..noted.len() / 2]), &[], &base, "it is broken, or"),
        ("earlier", Some(&rows), Some(&earlier), &[], &base, "earlier to start anew"),
        ("short", Some(&rows[1..90]), Some(&noted), &[], &base, "it is shorter than "),
        ("gone", None, Some(&noted), &[], &base, "No such file"),
    ];
    for (name, rows, noted, more, base, why) in cases {
        let file = folder.join(name);
        if let Some(rows) = rows {
            fs::write(&file, rows).unwrap();
        }
        if let Some(noted) = noted {
            fs::write(beside(&file), noted).unwrap();
        }
        let before = both(&file);
        let form = if name == "form" { "csv" } else { "jsonl" };
        let all = arguments(form, &file);
        let refused = run(&[&all[..], more].concat(), &asking(base));
        let message = refused.message(2);
        assert!(message.contains(why) && message.contains(name), "{name}: {message}");
        assert_eq!(both(&file), before, "{name}");
    }
    assert_eq!(twochat.requests().len(), asked);
}

#[tokio::test]
async fn rows_of_another_key_are_not_put_behind_those_of_the_first() {
    let folder = folder("pages-key");
    let twochat = twochat_with(CONTACTS).await;
    let file = folder.join("rows");
    break_off(&twochat, "jsonl", &file);
    let (before, asked) = (both(&file), twochat.requests().len());
    let noted = String::from_utf8(before.1.clone().unwrap()).unwrap();
    assert!(!noted.contains("canary") && noted.contains("salt"), "{noted}");
    let base = twochat.base_url();
    let another = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "another-key")];
    let refused = run(&arguments("jsonl", &file), &another);
    let why = refused.message(2);
    assert!(why.contains("its key was another, and what comes of two accounts is not"), "{why}");
    assert!(why.contains("use that key again, delete it and "), "{why}");
    assert_eq!((both(&file), twochat.requests().len()), (before, asked));
    assert_eq!(export(&twochat, "jsonl", &file).output(), "");
    assert_whole(&fs::read_to_string(&file).unwrap(), "jsonl", CONTACTS);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_refused_before_anything_is_sent() {
    let folder = folder("pages-nowhere");
    let plain = folder.join("plain");
    fs::write(&plain, "").unwrap();
    let twochat = twochat_with(1).await;
    for file in [folder.join("no/such/rows"), plain.join("rows"), "/proc/rows".into()] {
        let refused = export(&twochat, "csv", &file);
        assert!(refused.message(2).starts_with(file.to_str().unwrap()), "{refused:?}");
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_call_that_was_refused_leaves_no_file_in_the_way_of_the_corrected_one() {
    let folder = folder("pages-corrected");
    let twochat = twochat_with(150).await;
    for (code, size) in [(1, "1000"), (2, "many")] {
        let file = folder.join(size);
        let arguments = arguments("jsonl", &file);
        let wrong = [&arguments[..], &["--results-per-page", size]].concat();
        let refused = run(&wrong, &asking(&twochat.base_url()));
        assert_eq!((refused.code, refused.stderr.lines().count()), (Some(code), 1), "{refused:?}");
        assert_eq!(both(&file), (None, None));
        assert_eq!(export(&twochat, "jsonl", &file).output(), "");
        assert_eq!(uuids(&fs::read_to_string(&file).unwrap(), "jsonl").len(), 150);
    }
}

#[tokio::test]
async fn two_calls_never_write_to_one_file() {
    let folder = folder("pages-twice");
    let file = folder.join("rows");
    let twochat = twochat_with(CONTACTS).await;
    let first = hanging(&twochat, "jsonl", &file);
    let before = both(&file);
    // What hangs goes on hanging.
    twochat.switch_off(Fault::Hang);
    let second = export(&twochat, "jsonl", &file);
    assert!(second.message(2).ends_with("rows: another call is writing to it"), "{second:?}");
    assert_eq!(both(&file), before);
    drop(first);
    assert_eq!(export(&twochat, "jsonl", &file).output(), "");
    assert_whole(&fs::read_to_string(&file).unwrap(), "jsonl", CONTACTS);
}
