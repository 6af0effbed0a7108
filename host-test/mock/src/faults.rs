//! Which ways to misbehave are there, and what are they called?
//!
//! Knows the replies that are forced whatever was asked. Faults that bend the
//! answer of one route are only named here: the route asks whether they are on.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::exchange::Reply;

/// A way to misbehave, to be switched on and off. Its text form is the name a
/// command line knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Every call that passes the key, the rate limit and the credits is
    /// answered with this status, and nothing is done. 400 to 599 have names.
    Status(u16),
    /// As [`Fault::Status`] with 504, but the body is a page of HTML.
    Html504,
    /// Every call is answered 200 with a body that says it failed.
    SuccessFalse,
    /// Answers that ask for patience say for how long: 7 seconds.
    RetryAfter,
    /// The usage info leaves out the usage.
    UsageMissing,
    /// The account's flag says that it is blocked. Calls go through.
    AccountBlocked,
    /// The usage info says that all credits are spent. Calls go through.
    QuotaUsedUp,
    /// Webhook rows carry `id` and `account_id`.
    WebhookIds,
    /// The webhooks come as an array without the object around it.
    BareWebhooks,
    /// Listed contacts have no names.
    NullNames,
    /// Lists are empty.
    EmptyLists,
    /// `count` of a contact page is the number of all contacts that match.
    CountIsTotal,
    /// Contacts are listed newest first, so that pages shift when one is added.
    NewestFirst,
    /// Each page of contacts is followed by the deletion of its first one, so
    /// that pages shift the other way.
    Deletions,
    /// What creates something does so, and is answered 504 all the same.
    AnswerLost,
    /// What creates something does nothing, and is answered 504.
    CreationLost,
    /// No request is answered.
    Hang,
}

const ALL: &[(Fault, &str)] = &[
    (Fault::Status(400), "answer 400: the request is not understood"),
    (Fault::Status(402), "answer 402: trial over or credits spent"),
    (Fault::Status(404), "answer 404: no such thing"),
    (Fault::Status(406), "answer 406: not possible on this resource"),
    (Fault::Status(409), "answer 409: the number is starting"),
    (Fault::Status(410), "answer 410: the number is connecting or disconnecting"),
    (Fault::Status(422), "answer 422: a value is refused"),
    (Fault::Status(429), "answer 429: too many requests"),
    (Fault::Status(486), "answer 486: the number is busy"),
    (Fault::Status(500), "answer 500: the server failed"),
    (Fault::Status(503), "answer 503: a service is away"),
    (Fault::Status(504), "answer 504: a service did not answer in time"),
    (Fault::Html504, "answer 504 with a page of HTML"),
    (Fault::SuccessFalse, "answer 200 with a body that says the call failed"),
    (Fault::RetryAfter, "add `retry-after: 7` to answers 409, 410, 429, 486 and 503"),
    (Fault::UsageMissing, "leave the usage out of the usage info"),
    (Fault::AccountBlocked, "call the account blocked, and say why"),
    (Fault::QuotaUsedUp, "show all credits as spent, without refusing calls"),
    (Fault::WebhookIds, "add id and account_id to webhook rows"),
    (Fault::BareWebhooks, "list webhooks as a bare array"),
    (Fault::NullNames, "list contacts without names"),
    (Fault::EmptyLists, "list no contacts, webhooks and numbers"),
    (Fault::CountIsTotal, "count all contacts, not those of the page"),
    (Fault::NewestFirst, "list the newest contact first"),
    (Fault::Deletions, "delete the first contact of each page once it was listed"),
    (Fault::AnswerLost, "carry out what creates something, and answer 504 all the same"),
    (Fault::CreationLost, "answer 504 to what creates something, and do nothing"),
    (Fault::Hang, "never answer"),
];

impl Fault {
    /// Every switch, with one line on what it does.
    pub fn all() -> &'static [(Fault, &'static str)] {
        ALL
    }

    fn forced(self) -> Option<Reply> {
        match self {
            Fault::Status(status) => Some(Reply::refusal(status)),
            Fault::Html504 => {
                Some(Reply::new(504, HTML_504).with_header("content-type", "text/html"))
            }
            Fault::SuccessFalse => {
                Some(Reply::envelope(200, "The operation could not be completed"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Status(status) => return write!(f, "status-{status}"),
            Fault::Html504 => "html-504",
            Fault::SuccessFalse => "success-false",
            Fault::RetryAfter => "retry-after",
            Fault::UsageMissing => "usage-missing",
            Fault::AccountBlocked => "account-blocked",
            Fault::QuotaUsedUp => "quota-used-up",
            Fault::WebhookIds => "webhook-ids",
            Fault::BareWebhooks => "bare-webhooks",
            Fault::NullNames => "null-names",
            Fault::EmptyLists => "empty-lists",
            Fault::CountIsTotal => "count-is-total",
            Fault::NewestFirst => "newest-first",
            Fault::Deletions => "deletions",
            Fault::AnswerLost => "answer-lost",
            Fault::CreationLost => "creation-lost",
            Fault::Hang => "hang",
        })
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let failure = |status: &u16| (400..=599).contains(status);
        let status = name.strip_prefix("status-").and_then(|code| code.parse().ok());
        let named = || ALL.iter().map(|(fault, _)| *fault).find(|fault| fault.to_string() == name);
        status
            .filter(failure)
            .map(Fault::Status)
            .or_else(named)
            .ok_or_else(|| UnknownFault { name: name.to_owned() })
    }
}

/// A name that no fault has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFault {
    name: String,
}

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no fault is called {:?}; there are status-400 to status-599", self.name)?;
        let mut others = ALL.iter().filter(|(fault, _)| !matches!(fault, Fault::Status(_)));
        others.try_for_each(|(fault, _)| write!(f, ", {fault}"))
    }
}

impl Error for UnknownFault {}

/// The faults that are on, in the order they were switched on.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn switch_on(&mut self, fault: Fault) {
        self.switch_off(fault);
        self.0.push(fault);
    }

    pub(super) fn switch_off(&mut self, fault: Fault) {
        self.0.retain(|on| *on != fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn on(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// The reply that stands in for whatever the route would say.
    pub(super) fn forced(&self) -> Option<Reply> {
        self.0.iter().rev().find_map(|fault| fault.forced())
    }

    /// The reply as it leaves, with the header that a fault adds to it.
    pub(super) fn dress(&self, reply: Reply) -> Reply {
        let patience = matches!(reply.status, 409 | 410 | 429 | 486 | 503);
        if patience && self.on(Fault::RetryAfter) {
            return reply.with_header("retry-after", "7");
        }
        reply
    }
}

const HTML_504: &str = "<!DOCTYPE html>\n<html>\n<head><title>504 Gateway Time-out</title></head>\n\
    <body><h1>504 Gateway Time-out</h1></body>\n</html>\n";
