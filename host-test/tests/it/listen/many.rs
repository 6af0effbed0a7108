//! How many deliveries are taken in a second, and what that takes.
//!
//! A thousand in a second, which `cargo test -p twochat-cli --test it -- --ignored
//! deliveries` holds, on a machine that does nothing else. Beside other tests, a build for
//! debugging is held to a part of it.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::support::receiver::{Receiver, Sender, number};

/// So many deliver at the same time.
const SENDERS: usize = 64;

/// Delivers so many, each once, and gives how long that took.
fn deliver(receiver: &Receiver, path: &str, from: usize, count: usize) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                let mut one = Sender::to(receiver.address, path);
                for number in (from + sender..from + count).step_by(SENDERS) {
                    let body =
                        format!("{{\"uuid\":\"MSG-{number}\",\"message\":{{\"text\":\"x\"}}}}");
                    assert_eq!(one.post(&body), Some(200));
                }
            });
        }
    });
    begun.elapsed()
}

/// Bytes of memory that a process has now.
fn memory(receiver: &Receiver) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{}/status", receiver.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<usize>().ok()? << 10)
}

fn stored(receiver: &Receiver) -> usize {
    number(&receiver.store, "SELECT count(*) FROM events").try_into().unwrap()
}

#[test]
fn some_thousand_deliveries_are_acknowledged_in_seconds_and_none_is_lost() {
    let (receiver, path) = Receiver::of("many", &[]);
    deliver(&receiver, &path, 0, 500);
    let before = memory(&receiver);
    let took = deliver(&receiver, &path, 500, 4000);
    eprintln!("4000 deliveries in {took:?}");
    assert!(took < Duration::from_secs(40), "{took:?}");
    assert_eq!(stored(&receiver), 4500);
    if let (Some(before), Some(after)) = (before, memory(&receiver)) {
        assert!(after < before + (32 << 20), "{before} {after}");
    }
}

#[test]
#[ignore = "takes a minute, on a machine that does nothing else"]
fn a_thousand_deliveries_are_acknowledged_in_a_second_and_the_memory_stays_as_it_is() {
    let (receiver, path) = Receiver::of("crowd", &[]);
    deliver(&receiver, &path, 0, 10_000);
    let before = memory(&receiver);
    let took = deliver(&receiver, &path, 10_000, 100_000);
    let rate = 100_000.0 / took.as_secs_f64();
    eprintln!("{rate:.0} deliveries a second; memory {before:?}, {:?}", memory(&receiver));
    assert_eq!(stored(&receiver), 110_000);
    assert!(rate >= 1000.0, "{rate}");
    if let (Some(before), Some(after)) = (before, memory(&receiver)) {
        assert!(after < before + (32 << 20), "{before} {after}");
    }
}
