//! How are lines of a log written so that nobody waits for whoever reads them? A thread of
//! its own writes them, from a queue that has an end: what has no room there is counted.

use std::{
    collections::VecDeque,
    mem,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

/// So many texts wait to be written.
const WAITING: usize = 1024;
/// So long the last of them may take, at the end.
const LAST: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<&'static Queue> = OnceLock::new();

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// So many had no room.
    dropped: u64,
    is_writing: bool,
}

/// From here on nobody who says something waits for it to be written so. Where the machine
/// gives no thread for it, all stays as it is.
pub(crate) fn never_wait(to: fn(&str)) {
    let queue: &'static Queue =
        Box::leak(Box::new(Queue { state: Mutex::default(), changed: Condvar::new() }));
    if thread::Builder::new().name("log".to_owned()).spawn(move || queue.write(to)).is_ok() {
        let _ = QUEUE.set(queue);
    }
}

/// Whether somebody else writes what is said.
pub(crate) fn is_on() -> bool {
    QUEUE.get().is_some()
}

/// Takes a text over, or gives it back where whoever says it writes it.
pub(crate) fn take(text: String) -> Option<String> {
    let Some(queue) = QUEUE.get() else { return Some(text) };
    queue.add(text);
    None
}

/// Waits until all is written, but not for ever.
pub(crate) fn end() {
    if let Some(queue) = QUEUE.get() {
        queue.end(LAST);
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, text: String) {
        let mut state = self.state();
        if state.waiting.len() < WAITING {
            state.waiting.push_back(text);
        } else {
            state.dropped += 1;
        }
        self.changed.notify_all();
    }

    /// Writes for as long as the process runs. What had no room came after what had.
    fn write(&self, mut to: impl FnMut(&str)) {
        loop {
            let is_idle = |state: &mut State| state.waiting.is_empty() && state.dropped == 0;
            let state = self.changed.wait_while(self.state(), is_idle);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            state.is_writing = true;
            let (some, dropped) = (mem::take(&mut state.waiting), mem::take(&mut state.dropped));
            drop(state);
            some.iter().for_each(|text| to(text));
            if dropped > 0 {
                to(&format!(
                    "twochat: {dropped} lines of this log are missing here, as nobody read it\n"
                ));
            }
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }

    fn end(&self, most: Duration) {
        let is_busy =
            |state: &mut State| state.is_writing || !state.waiting.is_empty() || state.dropped > 0;
        drop(self.changed.wait_timeout_while(self.state(), most, is_busy));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn nobody_waits_for_a_reader_and_what_he_did_not_get_is_counted_at_its_place() {
        let queue: &'static Queue =
            Box::leak(Box::new(Queue { state: Mutex::default(), changed: Condvar::new() }));
        let (written, read) = mpsc::sync_channel(0);
        thread::spawn(move || queue.write(|text| drop(written.send(text.to_owned()))));
        queue.add("first".to_owned());
        while !queue.state().is_writing {
            thread::yield_now();
        }
        (0..WAITING + 7).for_each(|number| queue.add(number.to_string()));
        queue.end(Duration::from_millis(10));
        let lines: Vec<_> = read.iter().take(WAITING + 2).collect();
        assert_eq!((lines[0].as_str(), lines[1].as_str()), ("first", "0"));
        assert!(lines[WAITING + 1].contains(" 7 lines"), "{}", lines[WAITING + 1]);
        queue.end(Duration::from_secs(60));
        assert!(!queue.state().is_writing);
    }
}
