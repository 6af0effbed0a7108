//! What does the mock remember from one request to the next?

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Options;
use super::contacts::Directory;
use super::exchange::{Exchange, Reply};
use super::faults::Faults;
use super::webhooks::Webhooks;

/// How many exchanges are remembered, so that a mock can run for days.
const REMEMBERED: usize = 10_000;

/// Everything that outlives a request.
pub(super) struct Memory {
    pub(super) key: String,
    pub(super) account: Account,
    pub(super) contacts: Directory,
    pub(super) webhooks: Webhooks,
    pub(super) faults: Faults,
    pub(super) script: Option<Reply>,
    exchanges: VecDeque<Exchange>,
}

impl Memory {
    pub(super) fn new(options: Options) -> Self {
        let mut faults = Faults::default();
        options.faults.iter().for_each(|fault| faults.switch_on(*fault));
        Self {
            key: options.key,
            account: Account {
                requests_per_minute: options.requests_per_minute,
                api_requests: options.api_requests_used,
                max_api_requests: options.max_api_requests,
                recent: VecDeque::new(),
            },
            contacts: Directory::new(options.contacts),
            webhooks: Webhooks::from_the_start(),
            faults,
            script: None,
            exchanges: VecDeque::new(),
        }
    }

    pub(super) fn remember(&mut self, exchange: Exchange) {
        if self.exchanges.len() == REMEMBERED {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.iter().cloned().collect()
    }
}

/// The account behind the key, with what it may do and has done.
pub(super) struct Account {
    pub(super) requests_per_minute: u32,
    pub(super) api_requests: u64,
    pub(super) max_api_requests: u64,
    /// When the calls of the last minute came in, oldest first.
    recent: VecDeque<Instant>,
}

impl Account {
    /// One call's worth of rate and credit. What is refused costs no credit.
    pub(super) fn charge(&mut self, now: Instant) -> Result<(), Reply> {
        let over = |call: &Instant| now.duration_since(*call) >= MINUTE;
        while self.recent.front().is_some_and(over) {
            self.recent.pop_front();
        }
        let limit = usize::try_from(self.requests_per_minute).unwrap_or(usize::MAX);
        if self.recent.len() >= limit {
            return Err(Reply::refusal(429));
        }
        self.recent.push_back(now);
        if self.api_requests >= self.max_api_requests {
            return Err(Reply::refusal(402));
        }
        self.api_requests += 1;
        Ok(())
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn account(requests_per_minute: u32, max_api_requests: u64) -> Account {
        Account { requests_per_minute, api_requests: 0, max_api_requests, recent: VecDeque::new() }
    }

    fn status(outcome: Result<(), Reply>) -> u16 {
        outcome.err().map_or(200, |reply| reply.status)
    }

    #[test]
    fn a_minute_after_a_call_its_place_is_free_again() {
        let mut account = account(2, 100);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);

        let statuses = [0, 30, 59, 60, 61, 90].map(|second| status(account.charge(at(second))));

        assert_eq!(statuses, [200, 200, 429, 200, 429, 200]);
    }

    #[test]
    fn a_call_that_is_refused_costs_no_credit() {
        let mut account = account(2, 1);
        let now = Instant::now();

        let statuses = [(); 3].map(|()| status(account.charge(now)));

        assert_eq!((statuses, account.api_requests), ([200, 402, 429], 1));
    }
}
