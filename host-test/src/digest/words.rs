//! What does a summary say in words? The same in every form that people read.

use super::{
    Digest,
    asked::Credits,
    counted,
    figures::{Chat, Conversations, Figures, KeptBack, Orders, Sum},
};

impl Digest {
    /// The span, by the clocks of its zone.
    pub(crate) fn span(&self) -> String {
        // With seconds and the offset it would be for programs.
        let clock = |time: &str| time.chars().take(16).collect::<String>().replace('T', " ");
        format!("{} to {}, {}", clock(&self.since), clock(&self.until), self.time_zone)
    }

    /// The figures that matter most, each with its name.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = self.events.as_ref().map(of_events).unwrap_or_default();
        if let Some(added) = &self.contacts {
            let names = added.names.join(", ");
            let more = added.added.saturating_sub(added.names.len() as u64);
            let names = match (names.is_empty(), more) {
                (true, _) => String::new(),
                (false, 0) => format!(": {names}"),
                (false, more) => format!(": {names} and {more} more"),
            };
            rows.push(("Contacts added", format!("{}{names}", added.added)));
        }
        if let Some(credits) = &self.credits {
            rows.push(("Credits left", credits.left_in_words()));
            rows.extend(credits.used.map(|used| ("Credits used", used.to_string())));
        }
        rows
    }

    /// What there is besides, each with its name.
    pub(crate) fn besides(&self) -> Vec<(&'static str, String)> {
        let mut rows = self.events.as_ref().map(rare).unwrap_or_default();
        if self.credits_spent > 0 {
            rows.push(("Spent for this summary", counted(self.credits_spent, "credit", "credits")));
        }
        rows
    }

    /// What is behind the figures and was not read or not handed on, a sentence each.
    pub(crate) fn kept_back(&self) -> Vec<String> {
        let events = self.events.as_ref().map(|figures| of_kept_back(&figures.kept_back));
        let mut sentences = events.unwrap_or_default();
        let mut say = |count: u64, what: &str| {
            if count > 0 {
                sentences.push(format!("{} {what}", counted(count, "contact", "contacts")));
            }
        };
        if let Some(added) = &self.contacts {
            say(added.unread, "could not be read.");
            say(added.without_time, "that do not say when they were added: not counted.");
        }
        sentences
    }
}

impl Credits {
    /// What is left, where 2Chat sets a limit.
    pub(crate) fn left_in_words(&self) -> String {
        match (self.left, self.limit) {
            (Some(left), _) => left.to_string(),
            (None, Some(_)) => "unknown".to_owned(),
            (None, None) => "unlimited".to_owned(),
        }
    }
}

fn of_events(figures: &Figures) -> Vec<(&'static str, String)> {
    let Figures { conversations, messages, orders, calls, .. } = figures;
    let begun = |it: &Conversations| match it.first_ever {
        0 => it.begun.to_string(),
        count => format!("{}, {count} of them the first ever", it.begun),
    };
    let text = |count: Option<u64>| count.map(|count| count.to_string());
    let rows = [
        ("Conversations begun", conversations.as_ref().map(begun)),
        ("Messages in", text(messages.incoming)),
        ("Messages out", text(messages.outgoing)),
        ("Chats", text(messages.chats)),
        ("Orders", orders.as_ref().map(|it| format!("{}{}", it.count, sums(it)))),
        ("Missed calls", text(calls.as_ref().map(|it| it.missed))),
    ];
    rows.into_iter().filter_map(|(name, told)| Some((name, told?))).collect()
}

fn rare(figures: &Figures) -> Vec<(&'static str, String)> {
    let unclear = figures.calls.as_ref().map(|calls| calls.unclear);
    let all = [
        ("Messages that do not tell which way they went", Some(figures.messages.either_way)),
        ("Messages that were not sent", figures.not_sent),
        ("Calls of which nothing says whether they were answered", unclear),
        ("Group changes", figures.group_changes),
        ("Changes of a number's state", figures.number_changes),
        ("Other events", Some(figures.others)),
    ];
    let told = all.into_iter().filter_map(|(name, count)| Some((name, count?)));
    told.filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.to_string())).collect()
}

impl Chat {
    /// Who it is with, where its number does not tell.
    pub(crate) fn who(&self) -> &str {
        let known = self.name.as_deref().or(self.chat_id.as_deref());
        known.unwrap_or(match (self.is_group, &self.number) {
            (true, _) => "a group",
            (false, Some(_)) => "",
            (false, None) => "unknown",
        })
    }
}

/// A count in a table, whose cell is empty where it is not known.
pub(crate) fn known(count: Option<u64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

/// The sums of orders, each with its currency.
pub(crate) fn sums(orders: &Orders) -> String {
    let sum = |it: &Sum| match &it.currency {
        Some(currency) => format!("{} {currency}", it.sum),
        None => format!("{} of no currency", it.sum),
    };
    let mut sums: Vec<_> = orders.sums.iter().map(sum).collect();
    if orders.without_sum > 0 {
        sums.push(format!("{} without a known sum", orders.without_sum));
    }
    if sums.is_empty() { String::new() } else { format!(": {}", sums.join(", ")) }
}

fn of_kept_back(kept_back: &KeptBack) -> Vec<String> {
    let KeptBack { unread, unread_parts, late, ahead, not_yet_read, waiting, parked } = *kept_back;
    let all = [
        (unread, "event that came could not be read.", "events that came could not be read."),
        (unread_parts, "part of an event could not be read.", "parts of events could not be read."),
        (
            late,
            "event came late, and is counted when it happened, before this.",
            "events came late, and are counted when they happened, before this.",
        ),
        (
            ahead,
            "event says that it happened after it came, and is counted when it came.",
            "events say that they happened after they came, and are counted when they came.",
        ),
        (not_yet_read, "event still waits to be read.", "events still wait to be read."),
        (waiting, "event still waits to be handed on.", "events still wait to be handed on."),
        (
            parked,
            "event could not be handed on: `twochat events --state parked` shows why.",
            "events could not be handed on: `twochat events --state parked` shows why.",
        ),
    ];
    let told = all.into_iter().filter(|(count, ..)| *count > 0);
    told.map(|(count, one, several)| counted(count, one, several)).collect()
}
