//! When is it a request's turn? So many are under way at once, and so many leave
//! in a minute.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use governor::{DefaultDirectRateLimiter, Quota, clock::Clock};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Shared by all calls over a connection.
#[derive(Clone)]
pub(super) struct Throttle {
    at_once: Arc<Semaphore>,
    rate: Arc<Mutex<Option<Rate>>>,
}

/// So many in a minute, as a bucket of so many tokens that fills steadily.
struct Rate {
    per_minute: u32,
    bucket: Arc<DefaultDirectRateLimiter>,
}

/// Why a request's turn did not come in time.
pub(super) struct Held {
    pub(super) why: String,
    /// So long it would have had to wait still, at least.
    pub(super) seconds: u32,
}

impl Throttle {
    pub(super) fn new(at_once: usize) -> Self {
        let at_once = at_once.min(Semaphore::MAX_PERMITS);
        Self { at_once: Arc::new(Semaphore::new(at_once)), rate: Arc::default() }
    }

    /// A rate that stays the same keeps its bucket as full as it is.
    pub(super) fn set_rate(&self, per_minute: u32) {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        if rate.as_ref().is_none_or(|rate| rate.per_minute != per_minute) {
            // An account that may send none would never hear otherwise.
            let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
            let bucket = DefaultDirectRateLimiter::direct(quota);
            // For the request whose reply told it; a new bucket has a token.
            let _ = bucket.check();
            *rate = Some(Rate { per_minute, bucket: Arc::new(bucket) });
        }
    }

    /// Waits for a place and a token; the place is given back by dropping it.
    pub(super) async fn turn(self, until: Instant) -> Result<OwnedSemaphorePermit, Held> {
        let rate = {
            let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
            rate.as_ref().map(|rate| (rate.per_minute, Arc::clone(&rate.bucket)))
        };
        // The semaphore is never closed.
        let Ok(Ok(place)) = timeout_at(until, self.at_once.acquire_owned()).await else {
            // One may come free at any time.
            let why = "as many requests are under way as it takes at once".to_owned();
            return Err(Held { why, seconds: 1 });
        };
        if let Some((per_minute, bucket)) = rate
            && timeout_at(until, bucket.until_ready()).await.is_err()
        {
            let wait = bucket.check().err().map(|not| not.wait_time_from(bucket.clock().now()));
            let seconds = wait.unwrap_or_default().as_millis().div_ceil(1000).max(1);
            let why = format!("it takes {per_minute} requests a minute, and they are used up");
            return Err(Held { why, seconds: seconds.try_into().unwrap_or(u32::MAX) });
        }
        Ok(place)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("free", &self.at_once.available_permits()).finish()
    }
}
