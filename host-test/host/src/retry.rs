//! May a failed call be repeated, and when? Only its error decides.
//!
//! Its word `retry` decides: `now` and `after-waiting` say that another try may end
//! otherwise and does no harm, also where the first may have been carried out. Any
//! other word, and none, means that nobody repeats it unasked. A wait that the vendor
//! asks for is kept; else each wait is longer than the one before, and a little
//! different for everybody.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde_json::Value;
use tokio::time::Instant;

/// So often a call is repeated, where its error says that it may be, unless somebody
/// has more patience.
pub const TRIES: usize = 3;
/// The first wait, where a call may be repeated at once.
const FIRST: Duration = Duration::from_millis(250);
/// So many times longer it is, where time is to pass.
const PASSING: u32 = 8;
/// The longest wait that nobody asked for.
const LONGEST: Duration = Duration::from_secs(60);

/// The further tries that one call has, and the time that they have together.
#[derive(Debug)]
pub struct Patience {
    waits: ExponentialBackoff,
    until: Instant,
}

impl Patience {
    /// So many further tries, all of them within `time` from now.
    #[must_use]
    pub fn new(tries: usize, time: Duration) -> Self {
        let waits = ExponentialBuilder::default().with_min_delay(FIRST).with_max_delay(LONGEST);
        let waits = waits.with_jitter().with_max_times(tries).build();
        Self { waits, until: Instant::now() + time }
    }

    /// No further try.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0, LONGEST)
    }

    /// Waits for longer by so much: for time that passed while nobody worked.
    pub fn prolong(&mut self, time: Duration) {
        self.until += time;
    }

    /// The time that is left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// How long to wait before the next try; `None` if there is to be none.
    pub fn wait_after(&mut self, error: &Value) -> Option<Duration> {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        // What does not say whether it was carried out is no error of this form.
        text("carried-out")?;
        let times = match text("retry")? {
            "now" => 1,
            "after-waiting" => PASSING,
            _ => return None,
        };
        let own = (self.waits.next()? * times).min(LONGEST);
        let asked = error.get("wait-seconds").and_then(Value::as_u64).map(Duration::from_secs);
        let wait = asked.map_or(own, |asked| asked.max(own));
        (wait < self.left()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patience() -> Patience {
        Patience::new(3, Duration::from_secs(60))
    }

    fn error(carried_out: &str, retry: &str, seconds: Option<u64>) -> Value {
        json!({ "carried-out": carried_out, "retry": retry, "wait-seconds": seconds })
    }

    #[test]
    fn only_what_says_that_a_repetition_is_safe_and_may_help_is_repeated() {
        for carried_out in ["no", "perhaps"] {
            for retry in ["now", "after-waiting"] {
                let wait = patience().wait_after(&error(carried_out, retry, None));
                assert!(wait.is_some(), "{carried_out} {retry}");
            }
            for retry in ["never", "after-looking", "after-correcting", "NOW", "soon", ""] {
                let wait = patience().wait_after(&error(carried_out, retry, None));
                assert_eq!(wait, None, "{carried_out} {retry}");
            }
        }
        for unknown in [
            json!(null),
            json!("now"),
            json!([]),
            json!({ "retry": "now" }),
            json!({ "carried-out": "no" }),
            json!({ "carried-out": "no", "retry": true }),
        ] {
            assert_eq!(patience().wait_after(&unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_and_one_that_takes_too_long_is_none() {
        let waits = |seconds| patience().wait_after(&error("no", "after-waiting", Some(seconds)));
        assert_eq!(waits(7), Some(Duration::from_secs(7)));
        // Where nothing is asked for, nobody hammers all the same.
        assert!(waits(0).unwrap() >= Duration::from_secs(2));
        assert_eq!(waits(61), None);
        assert_eq!(waits(u64::MAX), None);
    }

    #[test]
    fn waits_grow_and_end_with_the_tries() {
        for (retry, first) in [("now", 250), ("after-waiting", 2000)] {
            let mut patience = Patience::new(5, Duration::from_secs(1000));
            let error = error("no", retry, None);
            let waits: Vec<_> = std::iter::from_fn(|| patience.wait_after(&error)).collect();
            assert_eq!(waits.len(), 5);
            for (n, wait) in waits.iter().enumerate() {
                // Up to as much again, so that not all come back at the same time.
                let least = Duration::from_millis(first << n);
                assert!((least.min(LONGEST)..=2 * least).contains(wait), "{waits:?}");
            }
        }
    }
}
