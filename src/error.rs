//! Which failure is it, may the call have been carried out, may it be repeated?
//!
//! Every room fails with a [`Failure`], which says what happened and what would
//! help. On the way out it becomes the contract's one error, where the table of
//! kinds is applied in a single place: advice to repeat a call that may have
//! been carried out gives way to a warning there.

use crate::{
    contract::{CarriedOut, Error, ErrorKind, Retry},
    text::one_line,
    values::ApiKey,
};

/// What a call does at 2Chat when it is carried out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Nothing changes: a repeated call does no harm.
    Reads,
    /// Something new exists afterwards: a repeated call makes a second one.
    Creates,
}

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
}

/// Longest message, in bytes, as the contract promises.
const MESSAGE_LIMIT: usize = 1000;
/// What is kept free for advice, so that a long message does not lose it.
const LONGEST_ADVICE: usize = 200;
/// The advice for a call that may have been carried out.
const LOOK_FIRST: &str = "It may have been carried out all the same: look whether it was, and do \
                          not just repeat it.";
/// Longest name of a field, in bytes.
pub(crate) const FIELD_LIMIT: usize = 100;

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: String, advice: &'static str) -> Box<Self> {
        Box::new(Self { kind, message, advice, field: None, status: None, wait_seconds: None })
    }

    /// An argument that was refused before anything was sent.
    pub(crate) fn invalid(field: &str, why: &str) -> Box<Self> {
        let mut failure = Self::new(ErrorKind::InvalidInput, [field, ": ", why].concat(), "");
        failure.field = Some(field.to_owned());
        failure
    }

    pub(crate) fn with_status(mut self: Box<Self>, status: u16) -> Box<Self> {
        self.status = Some(status);
        self
    }

    /// The failure with the key hidden, wherever its words come from.
    pub(crate) fn hiding(mut self: Box<Self>, key: Option<&ApiKey>) -> Box<Self> {
        if let Some(key) = key {
            self.message = key.mask(self.message);
            self.field = self.field.map(|field| key.mask(field));
        }
        self
    }

    /// The contract's error for a call with this effect.
    pub(crate) fn report(self, effect: Effect) -> Error {
        let carried_out = match effect {
            Effect::Creates if self.leaves_open() => CarriedOut::Perhaps,
            _ => CarriedOut::No,
        };
        let retry = match carried_out {
            CarriedOut::Perhaps => Retry::Never,
            CarriedOut::No => retry(self.kind),
        };
        let advice = match carried_out {
            CarriedOut::Perhaps => LOOK_FIRST,
            CarriedOut::No => self.advice,
        };
        let happened = one_line(&self.message, MESSAGE_LIMIT - LONGEST_ADVICE);
        let message = if advice.is_empty() { happened } else { [&happened, " ", advice].concat() };
        Error {
            kind: self.kind,
            message: one_line(&message, MESSAGE_LIMIT),
            field: self.field.map(|field| one_line(&field, FIELD_LIMIT)),
            status: self.status,
            carried_out,
            retry,
            wait_seconds: self.wait_seconds.filter(|_| retry == Retry::AfterWaiting),
        }
    }

    /// Whether 2Chat may have acted: no usable answer came, or one that claims
    /// success, or one that tells of trouble on 2Chat's own side.
    fn leaves_open(&self) -> bool {
        matches!(self.kind, ErrorKind::Interrupted | ErrorKind::UnexpectedReply)
            || matches!(self.status, Some(200..=299 | 500..=599))
    }
}

/// When a call that was not carried out may be repeated.
fn retry(kind: ErrorKind) -> Retry {
    match kind {
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

    fn report(kind: ErrorKind, status: Option<u16>, effect: Effect) -> (CarriedOut, Retry) {
        let mut failure = Failure::new(kind, String::new(), "Try again.");
        failure.status = status;
        let error = failure.report(effect);
        (error.carried_out, error.retry)
    }

    #[test]
    fn a_creation_that_may_have_happened_is_never_to_be_repeated() {
        for (kind, status) in [
            (ErrorKind::Interrupted, None),
            (ErrorKind::Interrupted, Some(500)),
            (ErrorKind::UnexpectedReply, Some(201)),
            (ErrorKind::UnexpectedReply, Some(302)),
            (ErrorKind::Busy, Some(503)),
            (ErrorKind::Rejected, Some(200)),
        ] {
            let expected = (CarriedOut::Perhaps, Retry::Never);
            assert_eq!(report(kind, status, Effect::Creates), expected, "{kind:?} {status:?}");
        }
    }

    #[test]
    fn advice_to_try_again_gives_way_to_a_warning_where_it_would_do_harm() {
        let message = |effect| {
            Failure::new(ErrorKind::Interrupted, "It broke.".to_owned(), "Try again.")
                .report(effect)
                .message
        };
        assert_eq!(message(Effect::Reads), "It broke. Try again.");
        assert!(!message(Effect::Creates).contains("Try again"));
        assert!(message(Effect::Creates).contains("may have been carried out"));
    }

    #[test]
    fn a_long_message_keeps_its_advice() {
        let long = Failure::new(ErrorKind::Rejected, "x".repeat(5000), "Try again.");
        let message = long.report(Effect::Reads).message;
        assert!(message.len() <= MESSAGE_LIMIT && message.ends_with("… Try again."), "{message}");
    }

    #[test]
    fn a_refused_creation_says_that_it_did_not_happen() {
        for (kind, status, expected) in [
            (ErrorKind::InvalidInput, Some(422), Retry::AfterCorrecting),
            (ErrorKind::RateLimited, Some(429), Retry::AfterWaiting),
            (ErrorKind::Busy, Some(409), Retry::AfterWaiting),
            (ErrorKind::Unreachable, None, Retry::Now),
            (ErrorKind::Rejected, Some(405), Retry::Never),
        ] {
            let expected = (CarriedOut::No, expected);
            assert_eq!(report(kind, status, Effect::Creates), expected, "{kind:?} {status:?}");
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
            assert_eq!(report(kind, status, Effect::Reads), (CarriedOut::No, expected));
        }
    }

    #[test]
    fn the_seconds_to_wait_are_given_only_where_waiting_helps() {
        let waiting = |kind, status| {
            let mut failure = Failure::new(kind, String::new(), "Try again.").with_status(status);
            failure.wait_seconds = Some(7);
            failure
        };
        let seconds = |failure: Box<Failure>, effect| failure.report(effect).wait_seconds;
        assert_eq!(seconds(waiting(ErrorKind::RateLimited, 429), Effect::Reads), Some(7));
        assert_eq!(seconds(waiting(ErrorKind::Busy, 503), Effect::Reads), Some(7));
        assert_eq!(seconds(waiting(ErrorKind::Busy, 503), Effect::Creates), None);
        assert_eq!(seconds(waiting(ErrorKind::Interrupted, 500), Effect::Reads), None);
    }
}
