//! What a start tells: what can never work is refused, and whoever gets nothing is named.

use std::{fs, fs::File, os::unix::fs::PermissionsExt, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    raw::{Raw, Step},
    reacting::{Reacting, conversation},
    receiver::{EVENT, until},
    shell::{self, command, on_a_terminal, run},
};

const SECRET: (&str, &str) = ("TWOCHAT_FORWARD_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const NOWHERE: &str = "http://127.0.0.1:1/open";

#[test]
fn what_waits_for_a_target_that_is_not_there_any_more_is_told_once_and_can_be_had_back() {
    let reacting = Reacting::of("gone-target", NOWHERE, "");
    let program = reacting.program("p", "exit 1");
    let program = program.to_str().unwrap();
    let receiver = reacting.receives(&["--run", program]);
    let path = receiver.path(EVENT);
    (1..=3).for_each(|number| drop(receiver.post(&path, conversation(number).to_string())));
    until(|| (reacting.count("waiting") == 3).then_some(()));
    receiver.kill();
    let receiver = reacting.receives(&[]);
    let said = receiver.said();
    assert!(said.contains(&format!("3 events for {program} are parked, since")), "{said}");
    assert!(said.contains(&format!("replay --target \"{program}\"")), "{said}");
    drop(receiver);
    let receiver = reacting.receives(&[]);
    assert!(!receiver.said().contains("are parked"), "{}", receiver.said());
    drop(receiver);
    fs::write(program, "#!/bin/sh\nexit 0\n").unwrap();
    let _receiver = reacting.receives(&["--run", program]);
    assert_eq!(reacting.events(&["replay", "--target", program]).result()["handed-on-again"], 3);
    until(|| (reacting.count("done") == 3).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_has_ended_is_told_at_the_next_start_with_how_it_begins_anew() {
    let answers = |status: &str| {
        vec![Step::Send(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into())]
    };
    let office = Raw::in_turn(vec![answers("410 x"), answers("200 x")]).await;
    let url = format!("office={}", office.base_url());
    let words = ["--forward", &url];
    let reacting = Reacting::of("ended", NOWHERE, "");
    let secret = reacting.file("secret");
    fs::write(&secret, SECRET.1).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let words = [&words[..], &["--forward-secret", secret.to_str().unwrap()]].concat();
    let receiver = reacting.receives(&words);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    receiver.says("to office: it answered 410");
    receiver.kill();
    let receiver = reacting.receives(&words);
    receiver.says("handed on to nobody");
    receiver.says("office has ended: it answered 410");
    receiver.says("`twochat events replay --target \"office\"` begins anew");
    reacting.events(&["replay", "--target", "office"]).result();
    until(|| (reacting.count("done") == 1).then_some(()));
}

#[test]
fn what_can_never_work_is_refused_at_the_start() {
    let reacting = Reacting::of("never", NOWHERE, "");
    let program = reacting.program("p", "exit 0");
    let plain = reacting.file("plain");
    fs::write(&plain, "").unwrap();
    let (name, folder) = (program.to_str().unwrap(), reacting.folder.to_str().unwrap());
    let words = |program: String| ["--run".to_owned(), program];
    for (words, expected) in [
        (words(format!("{name}-not")), "No such file"),
        (words(format!("{name} --flag")), "it takes no arguments: name a script"),
        (words(folder.to_owned()), "is no program, but a folder"),
        (words(plain.display().to_string()), "`chmod u+x"),
    ] {
        let words = words.each_ref().map(String::as_str);
        let refused = reacting.fails_with(&words);
        assert!(refused.message(2).contains(expected), "{refused:?}");
    }
    let twice = reacting.fails_with(&["--run", name, "--run", name]);
    assert!(twice.message(2).contains("two targets are called"), "{twice:?}");
    let rule = format!("[rules.p]\nrun = [\"{name}-not\"]\n");
    let reacting = Reacting::of("never-rule", NOWHERE, &rule);
    let refused = reacting.fails();
    assert!(refused.message(2).contains("rules.p.run: the program "), "{refused:?}");
}

#[test]
fn a_url_that_could_not_be_shown_is_an_error_and_is_made_anew() {
    let store = shell::folder("listen-unshown").join("events.sqlite");
    let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store"];
    let words = [&words[..], &[store.to_str().unwrap()]].concat();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ended = shell::ended(shell::waited(
        command(&words, &[]).stdout(full).stderr(Stdio::piped()).spawn().unwrap(),
    ));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("could not be shown, so there is none"), "{ended:?}");
    let receiver = crate::support::receiver::Receiver::with(&store, &["--event", EVENT], &[]);
    assert_eq!(receiver.post(&receiver.path(EVENT), "{}").status, 200);
}

#[test]
fn an_empty_store_that_an_earlier_start_left_is_begun_anew() {
    let reacting = Reacting::of("empty-store", NOWHERE, "");
    fs::write(reacting.store(), "").unwrap();
    fs::set_permissions(reacting.store(), fs::Permissions::from_mode(0o600)).unwrap();
    let none = reacting.events(&[]);
    assert!(none.message(2).contains("there is no store"), "{none:?}");
    let receiver = reacting.receives(&[]);
    assert_eq!(receiver.post(&receiver.path(EVENT), "{}").status, 200);
}

#[test]
fn a_script_that_nothing_reads_and_a_secret_without_an_end_are_refused_by_name() {
    let reacting = Reacting::of("unread-script", NOWHERE, "");
    let program = reacting.program("p", "exit 0");
    for (line, expected) in [("#!/bin/sh\r", "LF alone"), ("#!/no/such", "is not there")] {
        fs::write(&program, format!("{line}\nexit 0\n")).unwrap();
        let refused = reacting.fails_with(&["--run", program.to_str().unwrap()]);
        assert!(refused.message(2).contains(expected), "{refused:?}");
    }
    let url = ["--forward", "https://example.com/hook"];
    let endless = reacting.fails_with(&[&url[..], &["--forward-secret", "/dev/zero"]].concat());
    assert!(endless.message(2).contains("--forward-secret /dev/zero"), "{endless:?}");
}

#[test]
fn the_end_of_its_terminal_ends_it_as_it_is_asked_to_end() {
    let reacting = Reacting::of("hangup", NOWHERE, "");
    let receiver = reacting.receives(&[]);
    let id = Pid::from_raw(receiver.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::HUP).unwrap();
    until(|| (!reacting.file("events.sqlite-wal").exists()).then_some(()));
}

#[test]
fn a_store_in_a_folder_that_cannot_be_written_is_not_told_to_have_another_receiver() {
    let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store", "/proc/store"];
    let refused = run(&words, &[]);
    assert!(!refused.message(3).contains("one `twochat listen`"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_did_instead_of_answering_is_told_in_words() {
    let closes = vec![Step::Send("".into())];
    let talks = vec![Step::Send("SSH-2.0-x\r\n\r\n".into())];
    let office = Raw::in_turn(vec![closes, talks]).await;
    let rules = format!(
        "[rules.office]\nforward = \"{}\"\nsecret = {{ command = [\"/bin/echo\", \"{}\"] }}\n",
        office.base_url(),
        SECRET.1
    );
    let reacting = Reacting::of("words", NOWHERE, &rules);
    let receiver = reacting.receives(&[]);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    receiver.says("gave no answer: ");
    until(|| (office.requests().len() > 1).then_some(()));
    receiver.says("what came is no HTTP");
    let said = receiver.said();
    assert!(!said.contains("Protocol") && !said.contains("Terminated"), "{said}");
}

#[test]
fn a_terminal_sees_targets_beside_each_other_and_is_not_steered() {
    let reacting = Reacting::of("beside", NOWHERE, "");
    let (one, two) = (reacting.program("one", "exit 0"), reacting.program("two", "exit 0"));
    let words = ["--run", one.to_str().unwrap(), "--run", two.to_str().unwrap()];
    let receiver = reacting.receives(&words);
    receiver.post(&receiver.path(EVENT), conversation(1).to_string());
    until(|| (reacting.count("done") == 2).then_some(()));
    drop(receiver);
    let store = reacting.store();
    for more in ["", "--output csv", "--columns handed-on,reason"] {
        let line = format!("twochat events --store '{}' {more}", store.display());
        let shown = on_a_terminal(&line, &[]);
        assert!(!shown.contains('\u{fffd}') && shown.contains("done"), "{shown}");
    }
    let line = format!(
        "twochat digest --no-api --store '{}' --to 'printf \"\\033[31mred\\n\"'",
        store.display()
    );
    let shown = on_a_terminal(&line, &[]);
    assert!(shown.contains("red") && !shown.contains('\u{1b}'), "{shown:?}");
}
