//! Who is let in with what, and that others are served meanwhile.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use crate::support::{
    receiver::{EVENT, Receiver, Sender, number},
    remote::Reply,
    shell::{folder, program, run},
};

#[test]
fn whatever_is_posted_to_a_url_is_stored_before_it_is_acknowledged() {
    let (receiver, path) = Receiver::of("odd", &[]);
    let odd: [&[u8]; 7] =
        [b"{}", b"[]", b"", b"null", b"no JSON", b"\xff\x00", b"{\"event\":\"odd.one\"}"];
    for (stored, body) in odd.iter().enumerate() {
        let reply = receiver.told("POST", &path, "content-type: image/png\r\n", body);
        assert_eq!((reply.status, reply.body.as_str()), (200, "stored\n"));
        let count = number(&receiver.store, "SELECT count(*) FROM events");
        assert_eq!(count, i64::try_from(stored).unwrap() + 1);
    }
    assert_eq!(receiver.post(&path, "{}").status, 200);
    assert_eq!(receiver.post(&format!("/any/prefix/of/a/proxy{path}"), "{}").status, 200);
    let seen = "SELECT seen FROM events WHERE body = CAST('{}' AS BLOB)";
    assert_eq!(number(&receiver.store, seen), 3);
    assert_eq!(number(&receiver.store, "SELECT count(*) FROM events"), 7);
    let (status, said) = receiver.ended();
    assert!(status.success() && said.contains("double"), "{said}");
    let token = path.trim_start_matches('/');
    assert!(token.len() > 64 && !said.contains(token) && !said.contains("no JSON"), "{said}");
}

#[test]
fn a_wrong_token_is_answered_as_any_unknown_path_and_only_post_is_taken() {
    let (receiver, path) = Receiver::of("wrong", &[]);
    let close = format!("{}{}", &path[..path.len() - 1], if path.ends_with('0') { 1 } else { 0 });
    let wrong = ["/", "/x", "/hook_", &close, &path.to_uppercase(), &format!("{path}/")];
    let answers: Vec<_> = wrong.iter().map(|path| receiver.post(path, "{}")).collect();
    let plain = |reply: &Reply| {
        let head = reply.head.lines().filter(|line| !line.starts_with("date: "));
        (reply.status, head.collect::<Vec<_>>().join("\n"), reply.body.clone())
    };
    assert!(answers.iter().all(|reply| reply.status == 404), "{answers:?}");
    assert!(answers.iter().all(|reply| plain(reply) == plain(&answers[0])), "{answers:?}");
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let replies = [&path, "/x"].map(|path| receiver.told(method, path, "", ""));
        assert!(replies.iter().all(|it| (it.status, it.header("allow")) == (405, Some("post"))));
    }
    assert_eq!(number(&receiver.store, "SELECT count(*) FROM events"), 0);
}

#[test]
fn a_head_is_taken_up_to_its_bound_and_whoever_sends_a_larger_one_hears_of_it() {
    let (receiver, path) = Receiver::of("heads", &[]);
    for (length, status) in
        [(32_000, 200), (33_000, 431), (40_000, 431), (60_000, 431), (300_000, 431)]
    {
        let header = format!("x: {}\r\n", "a".repeat(length));
        assert_eq!(receiver.told("POST", &path, &header, "{}").status, status, "{length}");
    }
}

#[test]
fn a_url_is_shown_once_and_another_takes_its_place_when_that_is_asked_for() {
    let (receiver, path) = Receiver::of("shown", &[]);
    let store = receiver.store.clone();
    receiver.kill();
    let again = Receiver::with(&store, &[], &[]);
    assert_eq!(again.post(&path, "{}").status, 200);
    again.says(EVENT);
    drop(again);
    let renewed = Receiver::with(&store, &["--event", EVENT, "--new-url"], &[]);
    let new = renewed.path(EVENT);
    assert_eq!((renewed.post(&path, "{}").status, renewed.post(&new, "{}").status), (404, 200));
    let second =
        run(&["listen", "--listen", "127.0.0.1:0", "--store", store.to_str().unwrap()], &[]);
    assert!(second.message(3).contains("one `twochat listen` at a time"), "{second:?}");
    let nothing = folder("listen-nothing").join("events.sqlite");
    let nothing = run(&["listen", "--store", nothing.to_str().unwrap()], &[]);
    assert!(nothing.message(2).contains("name an event"), "{nothing:?}");
}

#[test]
fn a_body_of_2_mib_is_taken_and_a_larger_one_is_not() {
    let (receiver, path) = Receiver::of("large", &[]);
    assert_eq!(receiver.post(&path, "x".repeat(2 << 20)).status, 200);
    assert_eq!(receiver.post(&path, "x".repeat((2 << 20) + 1)).status, 413);
    // Also where nobody says how much comes.
    let mut stream = receiver.connected();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let piece = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    for _ in 0..3 {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    assert_eq!(number(&receiver.store, "SELECT count(*) FROM events"), 1);
}

#[test]
fn a_body_that_is_said_to_be_too_large_is_refused_at_once() {
    let (receiver, path) = Receiver::of("announced", &[]);
    for expect in ["", "expect: 100-continue\r\n"] {
        let mut stream = receiver.connected();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{expect}content-length: 9000000000\r\n\r\n"
        );
        let begun = Instant::now();
        stream.write_all(head.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "{expect}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[test]
fn those_who_are_silent_or_slow_keep_nobody_else_out() {
    let (receiver, path) = Receiver::of("silent", &[]);
    let mut slow = receiver.connected();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n");
    slow.write_all(head.as_bytes()).unwrap();
    let _silent: Vec<_> = (0..1000).map(|_| receiver.connected()).collect();
    let begun = Instant::now();
    let mut others: Vec<_> = (0..8).map(|_| Sender::to(receiver.address, &path)).collect();
    for (number, other) in others.iter_mut().enumerate() {
        assert_eq!(other.post(&format!("{{\"n\":{number}}}")), Some(200));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // A byte a second, until it is given up.
    let begun = Instant::now();
    while !receiver.said().contains(SLOW) && begun.elapsed() < Duration::from_secs(30) {
        let _ = slow.write_all(b" ");
        std::thread::sleep(Duration::from_secs(1));
    }
    receiver.says(SLOW);
    assert_eq!(others[0].post("{}"), Some(200));
}

const SLOW: &str = "the body did not come in time";

/// A receiver that keeps its store on a disk of 1 MiB, where the system lends one.
fn on_a_small_disk() -> Option<std::process::Child> {
    if !program("unshare", &[]).args(["-m", "true"]).status().is_ok_and(|it| it.success()) {
        eprintln!("not seen: only root on Linux may mount a small disk");
        return None;
    }
    let disk = folder("listen-full");
    let mounted = "mount -t tmpfs -o size=1m,mode=700 none \"$0\" && exec twochat listen --listen \
                   127.0.0.1:0 --event any --store \"$0/events.sqlite\"";
    let mut command = program("unshare", &[]);
    command.args(["-m", "sh", "-c", mounted]).arg(&disk);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    Some(command.spawn().unwrap())
}

#[test]
fn a_full_disk_is_told_and_nothing_that_is_acknowledged_is_lost() {
    let Some(mut child) = on_a_small_disk() else { return };
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let url = line.trim().split_once("http://").unwrap().1;
    let (address, token) = url.split_once('/').unwrap();
    let mut sender = Sender::to(address.parse().unwrap(), &format!("/{token}"));
    let answers: Vec<_> = (0..40)
        .map(|number| sender.post(&format!("{number} {}", "x".repeat(50_000))).unwrap())
        .collect();
    let stored = answers.iter().filter(|status| **status == 200).count();
    assert!(answers.contains(&503) && stored > 2, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 503].contains(status)), "{answers:?}");
    let seen = Path::new("/proc").join(child.id().to_string()).join("root");
    let disk = seen.join(folder_of_the_full_disk().strip_prefix("/").unwrap());
    let copy = folder("listen-full-copy");
    // With its last process, the disk is gone.
    for name in ["events.sqlite", "events.sqlite-wal"] {
        fs::copy(disk.join(name), copy.join(name)).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let count = number(&copy.join("events.sqlite"), "SELECT count(*) FROM events");
    assert_eq!(count, i64::try_from(stored).unwrap());
}

fn folder_of_the_full_disk() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("listen-full")
}
