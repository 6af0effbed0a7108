//! That what cannot be kept is not acknowledged, whatever the reason, and goes on to be taken
//! once it can.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    receiver::{EVENT, Receiver, Sender, number},
    shell::{command, folder},
};

#[test]
fn a_store_that_is_moved_away_takes_nothing_until_it_is_back() {
    let (receiver, path) = Receiver::of("moved", &[]);
    let (store, away) = (receiver.store.clone(), receiver.store.with_file_name("away"));
    assert_eq!(receiver.post(&path, "{}").status, 200);
    fs::rename(&store, &away).unwrap();
    let refused = receiver.post(&path, "{\"n\": 1}");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    receiver.says("was moved or deleted");
    (0..20).for_each(|n| assert_eq!(receiver.post(&path, format!("[{n}]")).status, 503));
    let told = receiver.said().matches("not stored: ").count();
    assert_eq!(told, 1, "what lasts is told once: {}", receiver.said());
    fs::rename(&away, &store).unwrap();
    assert_eq!(receiver.post(&path, "{\"n\": 2}").status, 200);
    assert_eq!(number(&store, "SELECT count(*) FROM events"), 2);
    fs::remove_file(&store).unwrap();
    assert_eq!(receiver.post(&path, "{\"n\": 3}").status, 503);
    fs::write(&store, "").unwrap();
    assert_eq!(receiver.post(&path, "{\"n\": 4}").status, 503, "it is another file");
}

/// One whose files may have so many blocks of 512 bytes, started by a shell.
fn bounded(store: &Path, blocks: usize) -> Command {
    let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store"];
    let plain = command(&[&words[..], &[store.to_str().unwrap()]].concat(), &[]);
    let mut bounded = Command::new("/bin/sh");
    bounded.args(["-c", &format!("ulimit -f {blocks}; exec \"$@\"")]).arg("sh");
    bounded.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => bounded.env(name, value),
            None => bounded.env_remove(name),
        };
    }
    bounded
}

#[test]
fn a_file_that_may_not_grow_is_as_a_full_disk_and_ends_nothing() {
    let store = folder("listen-bounded").join("events.sqlite");
    let mut child =
        bounded(&store, 4096).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, path) = line.split_once("http://").unwrap().1.trim().split_once('/').unwrap();
    let mut sender = Sender::to(address.parse().unwrap(), &format!("/{path}"));
    let statuses: Vec<_> = (0..12)
        .map(|number| sender.post(&format!("{number}{}", "x".repeat(500_000))).unwrap())
        .collect();
    assert!(statuses.contains(&200) && statuses.ends_with(&[503]), "{statuses:?}");
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_start_on_a_full_disk_leaves_nothing_that_holds_up_the_next() {
    let folder = folder("listen-no-room");
    let store = folder.join("events.sqlite");
    for blocks in [0, 4, 8, 32] {
        let start = bounded(&store, blocks).output().unwrap();
        let said = String::from_utf8_lossy(&start.stderr);
        assert_eq!(start.status.code(), Some(3), "{blocks}: {said}");
        assert!(!store.exists() && !folder.join("events.sqlite.new").exists(), "{blocks}");
    }
    let receiver = Receiver::with(&store, &["--event", EVENT], &[]);
    assert_eq!(receiver.post(&receiver.path(EVENT), "{}").status, 200);
}

#[test]
fn what_is_ended_leaves_one_file_that_has_it_all() {
    let (receiver, path) = Receiver::of("whole", &[]);
    let store = receiver.store.clone();
    (0..50).for_each(|number| drop(receiver.post(&path, format!("{{\"n\":{number}}}"))));
    let (status, said) = receiver.ended();
    assert!(status.success(), "{said}");
    let copy = store.with_file_name("copy");
    fs::copy(&store, &copy).unwrap();
    assert_eq!(number(&copy, "SELECT count(*) FROM events"), 50);
}
