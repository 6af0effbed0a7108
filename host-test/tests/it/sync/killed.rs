//! That whoever is killed at any moment goes on, and creates nobody twice.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock};

use super::{assert_once, counts, creations, file, journal, people, summary, sync};
use crate::support::shell::{asking, command, twochat_with};

fn begun(twochat: &Mock, file: &Path) -> Child {
    let base = twochat.base_url();
    let mut command = command(&["sync", file.to_str().unwrap(), "--yes"], &asking(&base));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Lets nothing more be answered once so many were created.
fn hang_after(twochat: &Mock, created: usize) {
    while twochat.contacts() < created {
        thread::sleep(Duration::from_millis(1));
    }
    twochat.switch_on(Fault::Hang);
}

/// So many people, of whom a process is killed five times, at any moment: while it
/// begins, lists, waits or creates.
async fn killed_five_times(test: &str, count: usize) {
    let twochat = twochat_with(0).await;
    let file = file(test, "people.csv", people(count));
    // Of the clock: no two runs are alike, and what fails says where it was.
    let mut random = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    let mut kills = Vec::new();
    for part in 1..=5 {
        let before = twochat.contacts();
        let child = begun(&twochat, &file);
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // At the latest where a part of all is done.
        let until = before + 1 + (random as usize >> 8) % (count / 8);
        let patience = Instant::now() + Duration::from_secs(300);
        while twochat.contacts() < until {
            assert!(Instant::now() < patience, "kill {part} of {kills:?} never came");
            thread::sleep(Duration::from_millis(3));
        }
        thread::sleep(Duration::from_micros(u64::from(random >> 20)));
        killed(child);
        kills.push(twochat.contacts());
    }
    assert!(journal(&file).exists() && kills[4] < count, "{kills:?}");
    let last = summary(&twochat, &file, &[], 0);
    let created = last["created"].as_u64().unwrap();
    let there = last["there"].as_u64().unwrap();
    assert_eq!((created + there, there >= kills[4] as u64), (count as u64, true), "{kills:?}");
    assert_once(&twochat, count);
    assert!(!journal(&file).exists());
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), format!("{count} there"));
}

#[tokio::test]
async fn a_thousand_people_are_there_once_after_five_kills() {
    killed_five_times("killed", 1_000).await;
}

#[tokio::test]
#[ignore = "it takes minutes"]
async fn ten_thousand_people_are_there_once_after_five_kills() {
    killed_five_times("killed-many", 10_000).await;
}

#[tokio::test]
async fn who_was_being_sent_when_the_process_was_killed_is_looked_for_first() {
    let twochat = twochat_with(0).await;
    let file = file("unanswered", "people.csv", people(3));
    twochat.switch_on(Fault::AnswerLost);
    let child = begun(&twochat, &file);
    while twochat.contacts() < 1 {
        thread::sleep(Duration::from_millis(1));
    }
    killed(child);
    twochat.clear();
    let noted = fs::read_to_string(journal(&file)).unwrap();
    assert!(noted.contains("sending") && !noted.contains("59598"), "{noted}");
    assert!(!noted.contains("canary"), "{noted}");

    let before = twochat.contacts();
    let last = summary(&twochat, &file, &[], 0);
    assert_eq!(last["there"].as_u64().unwrap(), before as u64);
    assert_eq!(creations(&twochat), 3);
    assert_once(&twochat, 3);
}

#[tokio::test]
async fn a_row_that_the_list_does_not_show_yet_is_known_by_the_journal() {
    let twochat = twochat_with(0).await;
    let file = file("unlisted", "people.csv", people(200));
    let child = begun(&twochat, &file);
    hang_after(&twochat, 50);
    killed(child);
    twochat.clear();
    // As if the list took its time: who was created is in the journal alone.
    let noted = fs::read_to_string(journal(&file)).unwrap();
    let created = noted.matches("created").count();
    assert!(created >= 40, "{created}");
    twochat.switch_on(Fault::EmptyLists);
    let last = summary(&twochat, &file, &[], 0);
    assert_eq!(last["there"].as_u64().unwrap(), created as u64);
}

#[tokio::test]
async fn two_at_once_and_one_of_another_key_are_refused() {
    let twochat = twochat_with(0).await;
    let file = file("twice", "people.csv", people(500));
    let child = begun(&twochat, &file);
    hang_after(&twochat, 2);
    let second = sync(&twochat, &file, &["--yes"]);
    assert!(second.message(2).contains("another call is writing to it"), "{second:?}");
    killed(child);
    let before = fs::read(journal(&file)).unwrap();
    let base = twochat.base_url();
    let another = [("TWOCHAT_BASE_URL", base.as_str()), ("TWOCHAT_API_KEY", "another-key")];
    let words = ["sync", file.to_str().unwrap(), "--yes"];
    let other = crate::support::shell::run(&words, &another);
    assert!(other.message(2).contains("it is of another key or server"), "{other:?}");
    assert_eq!(fs::read(journal(&file)).unwrap(), before);
}
