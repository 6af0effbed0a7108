//! What does the server remember from one request to the next, and in which
//! order is a request judged?
//!
//! Knows no socket, so a judgement is one synchronous call with the time as
//! an argument, and no path: what a call is about is for [`routes`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Options;
use super::contacts::Directory;
use super::exchange::{Exchange, KEY_HEADER, Received, Reply};
use super::faults::{Fault, Faults};
use super::routes;

/// How many exchanges are remembered, so that a mock can run for days.
const REMEMBERED: usize = 10_000;

/// Everything that outlives a request.
pub(super) struct State {
    key: String,
    pub(super) account: Account,
    pub(super) contacts: Directory,
    pub(super) faults: Faults,
    pub(super) script: Option<Reply>,
    exchanges: VecDeque<Exchange>,
}

impl State {
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
            faults,
            script: None,
            exchanges: VecDeque::new(),
        }
    }

    /// The reply, or none when the request is to be left hanging.
    pub(super) fn answer(&mut self, request: Received, now: Instant) -> Option<Reply> {
        let reply = self.judge(&request, now);
        if self.exchanges.len() == REMEMBERED {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(Exchange { request, reply: reply.clone() });
        reply
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.iter().cloned().collect()
    }

    fn judge(&mut self, request: &Received, now: Instant) -> Option<Reply> {
        if let Some(reply) = &self.script {
            return Some(reply.clone());
        }
        if self.faults.on(Fault::Hang) {
            return None;
        }
        let reply = self.admit(request, now).err();
        let reply = reply.or_else(|| self.faults.forced());
        let reply = reply.unwrap_or_else(|| routes::answer(self, request));
        Some(self.faults.dress(reply))
    }

    fn admit(&mut self, request: &Received, now: Instant) -> Result<(), Reply> {
        match request.header(KEY_HEADER) {
            // An empty header is no key to the framework that checks it.
            None | Some("") => Err(Reply::gateway(403, "Not authenticated")),
            Some(key) if key != self.key => Err(Reply::gateway(401, "Invalid API Key")),
            Some(_) => self.account.charge(now),
        }
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
    fn charge(&mut self, now: Instant) -> Result<(), Reply> {
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
