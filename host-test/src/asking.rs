//! How is whoever runs a command asked? At the terminal, by a line that ends in [y/N].

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use host::asking::{Answer, Answering, Ask, Question};
use rustix::termios::{QueueSelector, tcflush};
use tokio::sync::Mutex;

use crate::{input, terminal};

/// What is said where nobody can be asked.
const NOBODY: &str = "there is no terminal for it. Run this at one, or whoever writes the policy \
                      moves the action from `ask` to `actions`";
const PROMPT: &str = "Make this call? [y/N] ";

/// Asks at the terminal.
pub(crate) struct Terminal {
    /// What was answered, where that holds for all pages of a call.
    of_all: Option<Mutex<Option<Answer>>>,
    is_asking: AtomicBool,
}

impl Terminal {
    /// Asks about each call.
    pub(crate) fn once() -> Self {
        Self { of_all: None, is_asking: AtomicBool::new(false) }
    }

    /// Asks about the first page, for all of them.
    pub(crate) fn for_all_pages() -> Self {
        Self { of_all: Some(Mutex::default()), is_asking: AtomicBool::new(false) }
    }

    /// Whether it waits for an answer, or was given up while it did.
    pub(crate) fn is_asking(&self) -> &AtomicBool {
        &self.is_asking
    }

    async fn answer(&self, question: Question<'_>) -> Answer {
        let Some(of_all) = &self.of_all else { return self.asked(&question.words()).await };
        let mut answer = of_all.lock().await;
        if let Some(answer) = *answer {
            return answer;
        }
        let words = format!("{}\nand the same for all further pages", question.words());
        *answer.insert(self.asked(&words).await)
    }

    async fn asked(&self, words: &str) -> Answer {
        self.is_asking.store(true, Relaxed);
        let answer = asked(words).await;
        self.is_asking.store(false, Relaxed);
        answer
    }
}

impl Ask for Terminal {
    fn by(&self) -> &'static str {
        "terminal"
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> Answering<'a> {
        Box::pin(self.answer(question))
    }
}

async fn asked(words: &str) -> Answer {
    if !terminal::is_typed() || !terminal::is_heard() {
        return Answer::Nobody(NOBODY);
    }
    terminal::say(words);
    // What was typed before the question is no answer to it.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    terminal::prompt(PROMPT);
    let read = input::aside(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    match read.await {
        Ok(line) if line.is_empty() => Answer::Cancelled,
        Ok(line) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => Answer::Yes,
        Ok(_) => Answer::No,
        Err(_) => Answer::Gone,
    }
}
