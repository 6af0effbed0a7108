//! Who says yes to a call that is not made without it, and what came of asking?
//!
//! How a person is asked is the business of whoever hosts: a window, a terminal, a
//! message. Here is what is asked, for how long, and which answers there are.

use std::{fmt, pin::Pin, time::Duration};

use serde_json::Value;
use tokio::time::timeout;

use crate::{calls::Source, hiding::Hiding, seen::is_unseen};

/// A person may think for so long.
pub const THINKING: Duration = Duration::from_secs(5 * 60);
/// Arguments may have so many bytes where a person is to read them.
const READABLE: usize = 16 << 10;

/// What a person is asked: may this very call be made?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The action.
    pub action: &'a str,
    /// The arguments. These are sent on a yes, and no others.
    pub arguments: &'a Value,
    /// On whose behalf, and where it goes.
    pub source: &'a Source,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A person said yes.
    Yes,
    /// A person said no.
    No,
    /// What was answered is neither yes nor no.
    Unclear,
    /// The question was put away without an answer.
    Cancelled,
    /// Nobody answered in time.
    TimedOut,
    /// Whoever was asked has left.
    Gone,
    /// The question is put, and the answer comes with the same call, made again.
    Awaited,
    /// There is nobody to ask; what to do about it.
    Nobody(&'static str),
}

/// An answer that is still to come.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Puts a question to a person.
pub trait Ask: Send + Sync {
    /// How it asks, in one word for the log.
    fn by(&self) -> &'static str;

    /// Asks, and waits for the answer. It is dropped when the time is over.
    fn ask<'a>(&'a self, question: Question<'a>) -> Answering<'a>;

    /// How long it waits.
    fn thinking(&self) -> Duration {
        THINKING
    }
}

impl fmt::Debug for dyn Ask + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ask").field(&self.by()).finish()
    }
}

impl Question<'_> {
    /// The question in words, with all that is sent; nothing in it steers a terminal or
    /// cannot be seen.
    #[must_use]
    pub fn words(&self) -> String {
        let on_behalf = &self.source.on_behalf;
        let mut arguments = self.arguments.clone();
        Hiding::of(self.source.key.as_ref(), &[]).hide(&mut arguments);
        let of = |what: &str, name: &Option<String>| {
            name.as_ref().map_or_else(String::new, |name| format!("\n{what}: {name}"))
        };
        let words = format!(
            "May `{}` be called, with exactly these arguments?{}{}{}\narguments: {arguments:#}",
            self.action,
            of("persona", &on_behalf.persona),
            of("connection", &on_behalf.connection),
            of("server", &on_behalf.server),
        );
        seen(&words)
    }
}

impl Answer {
    /// In one word, for the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unclear => "unclear",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Gone => "gone",
            Self::Awaited => "awaited",
            Self::Nobody(_) => "nobody",
        }
    }

    /// Why the call of the action is not made after it; `None` if it is.
    #[must_use]
    pub fn refusal(self, action: &str) -> Option<String> {
        let why = match self {
            Self::Yes => return None,
            Self::No => "and a person said no".to_owned(),
            Self::Unclear => "and what was answered is neither yes nor no".to_owned(),
            Self::Cancelled => "and the question was put away without an answer".to_owned(),
            Self::TimedOut => "and nobody answered in time".to_owned(),
            Self::Gone => "and whoever was asked has left".to_owned(),
            Self::Awaited => "which was asked for: answer with the same call again".to_owned(),
            Self::Nobody(instead) => format!("and nobody can be asked here: {instead}"),
        };
        Some(format!("`{action}` is called only when a person says yes to it, {why}"))
    }
}

/// Asks, for as long as there is time; tells how, and what came of it.
pub(crate) async fn ask(asker: Option<&dyn Ask>, question: Question<'_>) -> (&'static str, Answer) {
    let Some(asker) = asker else {
        return ("nobody", Answer::Nobody("make the call where a person can answer"));
    };
    if question.arguments.to_string().len() > READABLE {
        let instead = "the arguments are more than 16 KiB, which no person reads";
        return (asker.by(), Answer::Nobody(instead));
    }
    let answer = timeout(asker.thinking(), asker.ask(question)).await;
    (asker.by(), answer.unwrap_or(Answer::TimedOut))
}

/// The text with each letter that cannot be seen, or that moves others, as its number.
fn seen(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        // A blank of another width looks like another.
        let is_blank = letter.is_whitespace() && !matches!(letter, ' ' | '\n');
        match is_blank || is_unseen(letter) {
            true => {
                let mut units = [0; 2];
                let units = letter.encode_utf16(&mut units);
                units.iter().for_each(|unit| seen.push_str(&format!("\\u{unit:04x}")));
            }
            false => seen.push(letter),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{access::OnBehalf, secret::Secret};

    #[test]
    fn a_question_shows_all_that_is_sent_and_hides_and_steers_nothing() {
        let on_behalf = OnBehalf {
            persona: Some("clerk".to_owned()),
            connection: Some("work".to_owned()),
            server: Some("https://api.example.com/v1".to_owned()),
        };
        let source = Source { on_behalf, key: None };
        let odd = "a\u{200b}b\u{1b}[2Jc\u{202e}d\u{e0041}\u{a0}e\u{e000}f\u{378}g\nMay it?";
        let arguments = json!({ "name": odd, "kind": "phone" });
        let words = Question { action: "add", arguments: &arguments, source: &source }.words();
        let head = "May `add` be called, with exactly these arguments?\npersona: clerk\n\
                    connection: work\nserver: https://api.example.com/v1\narguments: {\n";
        assert!(words.starts_with(head), "{words}");
        let shown = r#"a\u200bb\u001b[2Jc\u202ed\udb40\udc41\u00a0e\ue000f\u0378g\nMay it?"#;
        assert!(words.contains(shown), "{words}");
        // Whoever reads it back has what is sent.
        let (_, json) = words.split_once("arguments: ").unwrap();
        assert_eq!(json.parse::<Value>().unwrap(), arguments);
        // But for the key, which is nobody's to see.
        let source = Source { key: Some(Secret::new("canary-0123").unwrap()), ..source };
        let arguments = json!({ "name": "a canary-0123" });
        let words = Question { action: "add", arguments: &arguments, source: &source }.words();
        assert!(words.contains("\"a [key]\"") && !words.contains("canary"), "{words}");
    }
}
