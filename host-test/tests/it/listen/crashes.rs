//! A receiver that is killed loses nothing that it acknowledged.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use crate::support::receiver::{EVENT, Receiver, Sender, looked_into, number};

/// So often it is killed.
const TIMES: u64 = 10;
/// So many deliver at the same time.
const SENDERS: usize = 8;

#[test]
fn what_was_acknowledged_is_there_once_however_often_it_is_killed() {
    let (receiver, path) = Receiver::of("killed", &[]);
    let store = receiver.store.clone();
    let mut receiver = Some(receiver);
    let (next, mut acknowledged) = (AtomicUsize::new(0), BTreeSet::new());
    for time in 0..TIMES {
        let running = receiver.take().unwrap_or_else(|| Receiver::with(&store, &[], &[]));
        let (address, is_over) = (running.address, AtomicBool::new(false));
        let stored = thread::scope(|scope| {
            let deliver = || {
                let mut stored = Vec::new();
                let mut sender = Sender::to(address, &path);
                while !is_over.load(Relaxed) {
                    let body = format!("{{\"n\":{}}}", next.fetch_add(1, Relaxed));
                    match sender.post(&body) {
                        Some(200) => stored.push(body),
                        Some(other) => panic!("{other}"),
                        None => break,
                    }
                }
                stored
            };
            let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(deliver)).collect();
            thread::sleep(Duration::from_millis(100 + 37 * time));
            running.kill();
            is_over.store(true, Relaxed);
            senders.into_iter().flat_map(|it| it.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(!stored.is_empty());
        acknowledged.extend(stored);
    }
    let opened = looked_into(&store);
    let mut all = opened.prepare("SELECT CAST(body AS TEXT) FROM events").unwrap();
    let there: Vec<String> =
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let known: BTreeSet<_> = there.iter().cloned().collect();
    assert_eq!(known.len(), there.len());
    assert!(acknowledged.is_subset(&known), "{:?}", acknowledged.difference(&known));
    // What may have been lost on its way is no more than what was on it.
    assert!(there.len() - acknowledged.len() <= SENDERS * usize::try_from(TIMES).unwrap());
    // Sent again, it is known.
    let again = Receiver::with(&store, &["--event", EVENT], &[]);
    let mut sender = Sender::to(again.address, &path);
    for body in acknowledged.iter().take(50) {
        assert_eq!(sender.post(body), Some(200));
    }
    let count = i64::try_from(there.len()).unwrap();
    assert_eq!(number(&store, "SELECT count(*) FROM events"), count);
    assert_eq!(number(&store, "SELECT count(*) FROM events WHERE seen = 2"), 50);
}
