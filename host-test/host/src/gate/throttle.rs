//! When is it a request's turn? So many are under way at once, and so many leave
//! in a minute.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    pub(super) async fn turn(self) -> OwnedSemaphorePermit {
        let bucket = {
            let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
            rate.as_ref().map(|rate| Arc::clone(&rate.bucket))
        };
        let place = self.at_once.acquire_owned().await;
        if let Some(bucket) = bucket {
            bucket.until_ready().await;
        }
        match place {
            Ok(place) => place,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("free", &self.at_once.available_permits()).finish()
    }
}
