//! Which failure is it, may the call have been carried out, may it be repeated?
//!
//! Every room fails with a [`Failure`], which says what happened and what would
//! help. On the way out it becomes the contract's one error, where the table of
//! kinds is applied in a single place: advice to repeat a call that may have
//! been carried out gives way there to what its action's promise allows.

use crate::{
    contract::{CarriedOut, Error, ErrorKind, Retry, Verdict},
    effect::{Effect, Promise},
    text::{concat, one_line},
    values::ApiKey,
};

/// Boxed, because a failure is rare and every `?` on the way would copy it.
pub(crate) type Result<T> = core::result::Result<T, Box<Failure>>;

/// A failure as the room that met it knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// What happened.
    pub(crate) message: String,
    /// What to do about it, for a call that was not carried out.
    pub(crate) advice: &'static str,
    pub(crate) field: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) wait_seconds: Option<u32>,
    /// What 2Chat's words tell of the key.
    pub(crate) verdict: Option<Verdict>,
    /// Whether the refusal tells that it was done all the same, or brings the result.
    pub(crate) claims_done: bool,
}

/// Longest message, in bytes, as the contract promises.
const MESSAGE_LIMIT: usize = 1000;
/// What is kept free for advice, so that a long message does not lose it.
const LONGEST_ADVICE: usize = 200;
/// The advice for a call that may have been carried out.
const LOOK_FIRST: &str = "It may have been carried out all the same: wait a moment, look whether \
                          it was, and call again only if it was not.";
/// The same, where a second call does no more than the first.
const NO_HARM: &str = "It may have been carried out all the same, but repeating it does no harm.";
/// Longest name of a field, in bytes.
pub(crate) const FIELD_LIMIT: usize = 100;

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: String, advice: &'static str) -> Box<Self> {
        Box::new(Self {
            kind,
            message,
            advice,
            field: None,
            status: None,
            wait_seconds: None,
            verdict: None,
            claims_done: false,
        })
    }

    /// An argument that was refused before anything was sent.
    pub(crate) fn invalid(field: &str, why: &str) -> Box<Self> {
        let mut failure = Self::new(ErrorKind::InvalidInput, concat(&[field, ": ", why]), "");
        failure.field = Some(field.to_owned());
        failure
    }

    pub(crate) fn with_status(mut self: Box<Self>, status: u16) -> Box<Self> {
        self.status = Some(status);
        self
    }

    /// Notes how the reply came: with its status, maybe with seconds to wait, and maybe
    /// with what was asked for, which may be done then, whatever the status.
    #[inline(never)]
    pub(crate) fn came(&mut self, status: u16, wait: Option<u32>, brings_result: bool) {
        self.status = Some(status);
        self.wait_seconds = wait.or(self.wait_seconds);
        self.claims_done |= brings_result;
    }

    /// The failure with the key hidden, wherever its words come from.
    pub(crate) fn hiding(mut self: Box<Self>, key: Option<&ApiKey>) -> Box<Self> {
        if let Some(key) = key {
            self.message = key.mask(self.message);
            self.field = self.field.map(|field| key.mask(field));
        }
        self
    }

    /// Whether the same call may go well at another time.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(retry(self.kind, false), Retry::Now | Retry::AfterWaiting)
    }

    /// The contract's error for a call that promises this.
    #[inline(never)]
    #[expect(clippy::boxed_local, reason = "to take it out of its box is code at each call")]
    pub(crate) fn report(self: Box<Self>, promise: Promise) -> Error {
        let carried_out = match promise.effect {
            Effect::Creates | Effect::Changes | Effect::Deletes if self.leaves_open() => {
                CarriedOut::Perhaps
            }
            Effect::Reads | Effect::Creates | Effect::Changes | Effect::Deletes => CarriedOut::No,
        };
        // Not at once, where 2Chat asked to be left alone for a while.
        let waits = self.wait_seconds.is_some_and(|seconds| seconds > 0);
        let first = retry(self.kind, waits);
        let (retry, advice) = match (carried_out, first) {
            (CarriedOut::No, retry) => (retry, self.advice),
            (CarriedOut::Perhaps, retry @ (Retry::Now | Retry::AfterWaiting))
                if promise.repeatable =>
            {
                (retry, NO_HARM)
            }
            (CarriedOut::Perhaps, _) => (Retry::AfterLooking, LOOK_FIRST),
        };
        let happened = one_line(&self.message, MESSAGE_LIMIT - LONGEST_ADVICE);
        let message = if advice.is_empty() { happened } else { concat(&[&happened, " ", advice]) };
        let waits = matches!(retry, Retry::AfterWaiting | Retry::AfterLooking);
        Error {
            kind: self.kind,
            message: one_line(&message, MESSAGE_LIMIT),
            field: self.field.map(|field| one_line(&field, FIELD_LIMIT)),
            status: self.status,
            carried_out,
            retry,
            wait_seconds: self.wait_seconds.filter(|_| waits),
        }
    }

    /// Whether 2Chat may have acted: no usable answer came, or one that claims
    /// success, or one that tells of trouble on 2Chat's own
    /// side. What a network on the way refused has not reached 2Chat.
    fn leaves_open(&self) -> bool {
        match self.kind {
            ErrorKind::Interrupted | ErrorKind::UnexpectedReply => true,
            ErrorKind::DeniedByHost => false,
            _ if self.claims_done => true,
            // The last two are told by servers on the way, of a client that did not wait.
            _ => matches!(self.status, Some(200..=299 | 500..=599 | 460 | 499)),
        }
    }
}

/// When a call that was not carried out may be repeated.
fn retry(kind: ErrorKind, waits: bool) -> Retry {
    match kind {
        ErrorKind::Interrupted if waits => Retry::AfterWaiting,
        ErrorKind::InvalidInput => Retry::AfterCorrecting,
        ErrorKind::RateLimited | ErrorKind::Busy => Retry::AfterWaiting,
        ErrorKind::Unreachable | ErrorKind::Interrupted => Retry::Now,
        ErrorKind::Misconfigured
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::QuotaExhausted
        | ErrorKind::NotFound
        | ErrorKind::Rejected
        | ErrorKind::DeniedByHost
        | ErrorKind::UnexpectedReply => Retry::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READS: Promise = Promise { effect: Effect::Reads, repeatable: true };
    const CREATES: Promise = Promise { effect: Effect::Creates, repeatable: false };
    const WRITES: [Effect; 3] = [Effect::Creates, Effect::Changes, Effect::Deletes];

    /// Failures after which 2Chat may have acted.
    const OPEN: [(ErrorKind, Option<u16>); 6] = [
        (ErrorKind::Interrupted, None),
        (ErrorKind::Interrupted, Some(504)),
        (ErrorKind::UnexpectedReply, Some(201)),
        (ErrorKind::UnexpectedReply, Some(302)),
        (ErrorKind::Busy, Some(503)),
        (ErrorKind::Rejected, Some(200)),
    ];

    fn failure(kind: ErrorKind, status: Option<u16>) -> Box<Failure> {
        let mut failure = Failure::new(kind, "It broke.".to_owned(), "Try again.");
        failure.status = status;
        failure
    }

    fn report(kind: ErrorKind, status: Option<u16>, promise: Promise) -> (CarriedOut, Retry) {
        let error = failure(kind, status).report(promise);
        (error.carried_out, error.retry)
    }

    #[test]
    fn what_may_have_happened_and_is_not_safe_to_repeat_is_to_be_looked_for() {
        for effect in WRITES {
            for (kind, status) in OPEN {
                let reported = report(kind, status, Promise { effect, repeatable: false });
                let expected = (CarriedOut::Perhaps, Retry::AfterLooking);
                assert_eq!(reported, expected, "{effect:?} {kind:?} {status:?}");
            }
        }
    }

    #[test]
    fn what_may_have_happened_and_is_safe_to_repeat_is_repeated_as_its_kind_says() {
        for effect in WRITES {
            for (kind, status) in OPEN {
                let reported = report(kind, status, Promise { effect, repeatable: true });
                let expected = match kind {
                    ErrorKind::Interrupted => Retry::Now,
                    ErrorKind::Busy => Retry::AfterWaiting,
                    // The same answer would come again, and tells nothing.
                    _ => Retry::AfterLooking,
                };
                assert_eq!(reported, (CarriedOut::Perhaps, expected), "{kind:?} {status:?}");
            }
        }
    }

    #[test]
    fn advice_to_try_again_gives_way_where_it_would_do_harm() {
        let message = |promise| failure(ErrorKind::Interrupted, None).report(promise).message;
        assert_eq!(message(READS), "It broke. Try again.");
        assert!(!message(CREATES).contains("Try again"));
        assert!(
            message(CREATES).contains("look whether it was, and call again only if it was not")
        );
        let deletes = Promise { effect: Effect::Deletes, repeatable: true };
        assert!(message(deletes).contains("may have been carried out"));
        assert!(message(deletes).contains("does no harm"));
    }

    #[test]
    fn a_long_message_keeps_its_advice() {
        let long = || Failure::new(ErrorKind::Interrupted, "x".repeat(5000), "Try again.");
        let message = long().report(READS).message;
        assert!(message.len() <= MESSAGE_LIMIT && message.ends_with("… Try again."), "{message}");
        let message = long().report(CREATES).message;
        assert!(message.len() <= MESSAGE_LIMIT && message.ends_with(LOOK_FIRST), "{message}");
    }

    #[test]
    fn a_refused_call_says_that_it_did_not_happen() {
        for effect in WRITES {
            for (kind, status, expected) in [
                (ErrorKind::InvalidInput, Some(422), Retry::AfterCorrecting),
                (ErrorKind::RateLimited, Some(429), Retry::AfterWaiting),
                (ErrorKind::RateLimited, None, Retry::AfterWaiting),
                (ErrorKind::Busy, Some(409), Retry::AfterWaiting),
                (ErrorKind::Unreachable, None, Retry::Now),
                (ErrorKind::Rejected, Some(405), Retry::Never),
                (ErrorKind::DeniedByHost, Some(511), Retry::Never),
            ] {
                for repeatable in [true, false] {
                    let reported = report(kind, status, Promise { effect, repeatable });
                    assert_eq!(reported, (CarriedOut::No, expected), "{kind:?} {status:?}");
                }
            }
        }
    }

    #[test]
    fn a_reading_call_is_never_left_open() {
        for (kind, status, expected) in [
            (ErrorKind::Interrupted, None, Retry::Now),
            (ErrorKind::UnexpectedReply, Some(200), Retry::Never),
            (ErrorKind::Busy, Some(503), Retry::AfterWaiting),
            (ErrorKind::Rejected, Some(200), Retry::Never),
        ] {
            assert_eq!(report(kind, status, READS), (CarriedOut::No, expected));
        }
    }

    #[test]
    fn what_may_be_repeated_at_once_waits_where_2chat_asks_for_it() {
        for (seconds, expected) in
            [(None, Retry::Now), (Some(0), Retry::Now), (Some(7), Retry::AfterWaiting)]
        {
            let mut failure = failure(ErrorKind::Interrupted, Some(502));
            failure.wait_seconds = seconds;
            let error = failure.report(READS);
            assert_eq!((error.carried_out, error.retry), (CarriedOut::No, expected));
        }
    }

    #[test]
    fn the_seconds_to_wait_are_given_only_where_waiting_helps() {
        let seconds = |kind, status, promise| {
            let mut failure = failure(kind, Some(status));
            failure.wait_seconds = Some(7);
            failure.report(promise).wait_seconds
        };
        assert_eq!(seconds(ErrorKind::RateLimited, 429, READS), Some(7));
        assert_eq!(seconds(ErrorKind::Busy, 503, READS), Some(7));
        // So long it may take until there is something to be seen.
        assert_eq!(seconds(ErrorKind::Busy, 503, CREATES), Some(7));
        assert_eq!(seconds(ErrorKind::Interrupted, 500, READS), Some(7));
        assert_eq!(seconds(ErrorKind::Interrupted, 500, CREATES), Some(7));
        assert_eq!(seconds(ErrorKind::InvalidInput, 422, CREATES), None);
    }
}
