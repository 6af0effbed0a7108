//! How is a program told of an event? As JSON on its standard input; it is content if it
//! ends well.

use std::{path::PathBuf, time::Duration};

use host::program::Program;

use super::outbox::{Entry, Outcome};

/// A program, and where it runs.
pub(crate) struct Running {
    pub(crate) program: Program,
    pub(crate) folder: PathBuf,
    pub(crate) time: Duration,
}

impl Running {
    pub(crate) fn would(&self) -> String {
        format!("run {}", self.program)
    }

    pub(crate) async fn hand_on(&self, entry: &Entry, store: &str) -> Outcome {
        let message = format!("{}\n", entry.message(store));
        match self.program.feed(&self.folder, message.as_bytes(), self.time).await {
            Ok(()) => Outcome::Done,
            Err(why) => Outcome::Again(why, None),
        }
    }
}
