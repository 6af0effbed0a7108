//! Was a phone call missed? As all that was reported of it says.

use jiff::Timestamp;

/// What was heard of a call.
#[derive(Debug, Default)]
pub(crate) struct Call {
    is_outgoing: bool,
    rang: bool,
    was_answered: bool,
    was_missed: bool,
    has_ended: bool,
    /// When it began, as far as is known: it is of that day, however late it ended.
    pub(crate) began: Option<Timestamp>,
}

/// How it ended for whoever was called.
#[derive(Debug, PartialEq)]
pub(crate) enum Ending {
    Missed,
    /// Nothing says whether it was answered.
    Unclear,
    /// It was answered, or did not come in.
    Other,
}

const ANSWERED: [&str; 4] = ["answered", "in-progress", "connected", "talking"];
const MISSED: [&str; 10] = [
    "missed",
    "no-answer",
    "noanswer",
    "unanswered",
    "busy",
    "cancelled",
    "canceled",
    "rejected",
    "declined",
    "failed",
];
const ENDED: [&str; 5] = ["ended", "completed", "hangup", "finished", "terminated"];

impl Call {
    /// Hears of something of it that happened then.
    pub(crate) fn happens(&mut self, at: Timestamp) {
        self.began = Some(self.began.map_or(at, |began| began.min(at)));
    }

    /// Hears what an event of this name says of it.
    pub(crate) fn hears(&mut self, event: &str, status: Option<&str>, direction: Option<&str>) {
        self.is_outgoing |= direction == Some("outgoing");
        let status = status.unwrap_or_default().to_lowercase().replace([' ', '_'], "-");
        let is = |words: &[&str]| words.contains(&status.as_str());
        self.rang |= status == "ringing";
        self.was_answered |= is(&ANSWERED);
        self.was_missed |= is(&MISSED);
        self.has_ended |= is(&ENDED) || event.ends_with(".completed");
    }

    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self { is_outgoing: true, .. } | Self { was_answered: true, .. } => Ending::Other,
            Self { was_missed: true, .. } => Ending::Missed,
            // Where it was reported to ring, that it was answered would have been, too.
            Self { rang: true, has_ended: true, .. } => Ending::Missed,
            _ => Ending::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_missed_if_it_says_so_or_if_it_rang_and_ended_without_an_answer() {
        let ending = |heard: &[&str], direction| {
            let mut call = Call::default();
            heard.iter().for_each(|it| call.hears("call.status.update", Some(it), direction));
            call.ending()
        };
        let incoming = Some("incoming");
        assert_eq!(ending(&["ringing", "ended"], incoming), Ending::Missed);
        assert_eq!(ending(&["ended", "ringing"], None), Ending::Missed);
        assert_eq!(ending(&["NO_ANSWER"], incoming), Ending::Missed);
        assert_eq!(ending(&["ringing", "answered", "ended"], incoming), Ending::Other);
        assert_eq!(ending(&["ringing", "ended"], Some("outgoing")), Ending::Other);
        assert_eq!(ending(&["ended"], incoming), Ending::Unclear);
        assert_eq!(ending(&["ringing"], incoming), Ending::Unclear);
        let mut call = Call::default();
        call.hears("call.incoming.completed", None, incoming);
        assert_eq!(call.ending(), Ending::Unclear);
    }
}
