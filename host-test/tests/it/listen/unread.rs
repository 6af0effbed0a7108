//! What it says stands in nobody's way, whoever reads it or does not.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::Stdio,
};

use crate::support::{
    receiver::{EVENT, Sender},
    shell::{command, folder},
};

#[test]
fn a_log_that_nobody_reads_holds_up_no_acknowledgement_and_tells_what_is_missing() {
    let store = folder("listen-unread").join("events.sqlite");
    let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store"];
    let mut command = command(&[&words[..], &[store.to_str().unwrap()]].concat(), &[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, path) = line.split_once("http://").unwrap().1.trim().split_once('/').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let mut sender = Sender::to(address, &format!("/{path}"));
    for number in 0..3000 {
        assert_eq!(sender.post(&format!("no JSON {number}")), Some(200), "{number}");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains("lines of this log are missing here"), "{}", &said[said.len() - 500..]);
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let store = folder("listen-full-log").join("events.sqlite");
    let words = ["listen", "--listen", "127.0.0.1:0", "--event", EVENT, "--store"];
    let mut command = command(&[&words[..], &[store.to_str().unwrap()]].concat(), &[]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, path) = line.split_once("http://").unwrap().1.trim().split_once('/').unwrap();
    let mut sender = Sender::to(address.parse().unwrap(), &format!("/{path}"));
    assert_eq!(sender.post("no JSON"), Some(200));
    child.kill().unwrap();
    child.wait().unwrap();
}
