//! How is a call written down? Without the key, and without what is not to be
//! written down.

use std::{io, path::Path};

use host_test::{
    access::{Caller, Decision},
    audit::{Asked, Ended, Log, Open},
    masks::{MASK, hidden, hide, mask, masked},
};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::session::{Ask, Session};
use crate::Failure;

/// A call that is being written down, where calls are.
pub(crate) struct Record {
    open: Option<Open>,
    redacted: Vec<String>,
    sensitive: Vec<String>,
    /// What stood in redacted fields of the arguments.
    texts: Vec<String>,
    /// Whether anybody knows what stands where in the arguments.
    known: bool,
}

impl Record {
    /// Writes down that a call begins.
    pub(crate) fn begin(
        session: &Session,
        ask: &Ask<'_>,
        decision: &Decision,
    ) -> Result<Self, Failure> {
        let Decision { caller, log, redacted, key, .. } = decision;
        let known =
            redacted.is_empty() || session.connector.check(ask.action, ask.arguments).is_ok();
        let texts = masked(ask.arguments, redacted);
        let (redacted, sensitive) = (redacted.clone(), session.offer.sensitive.clone());
        let mut record = Self { open: None, redacted, sensitive, texts, known };
        let Some(log) = log else { return Ok(record) };

        let mut arguments = if known { ask.arguments.clone() } else { MASK.into() };
        mask(&mut arguments, &record.redacted);
        hide(&mut arguments, &record.texts);
        let mut prompt = ask.prompt.as_ref().map(|prompt| hidden(prompt, &record.texts));
        if let Some(key) = key {
            key.scrub_value(&mut arguments);
            prompt = prompt.map(|prompt| key.scrub(&prompt));
        }
        let Caller { persona, connection, server } = caller.clone();
        let user = rustix::process::getuid().as_raw().to_string();
        let action = ask.action.to_owned();
        let asked = Asked { user, persona, connection, server, action, arguments, prompt };
        record.open = block_in_place(|| {
            open(log)?.start(asked).map(Some).map_err(|error| {
                let log = log.display();
                Failure::NotMade(format!("the log {log} cannot be written to: {error}"))
            })
        })?;
        Ok(record)
    }

    /// Writes down that the policy refused it.
    pub(crate) fn refused(self, why: String) -> Failure {
        let error = Some(json!({ "kind": "refused", "message": why }));
        match self.end(Ended { error, ..Ended::default() }) {
            Ok(()) => Failure::Refused(why),
            Err(error) => {
                Failure::Refused(format!("{why}; and that cannot be written down: {error}"))
            }
        }
    }

    /// Writes down how it ended.
    pub(crate) fn end(self, mut ended: Ended) -> io::Result<()> {
        let Some(open) = self.open else { return Ok(()) };
        let mut texts = self.texts;
        if let Some(result) = &mut ended.result {
            texts.extend(masked(result, &self.redacted));
            mask(result, &self.redacted);
            mask(result, &self.sensitive);
            hide(result, &texts);
        }
        if let Some(error) = &mut ended.error {
            mask(error, &self.redacted);
            hide(error, &texts);
            if let (false, Some(Value::String(text))) = (self.known, error.get_mut("message")) {
                // Its place, a colon, and what was found there.
                let place = text.split(':').next().unwrap_or_default();
                *text = format!("{place}: {MASK}");
            }
        }
        block_in_place(|| open.finish(ended))
    }
}

/// Opens a log, such as to see that calls can be written down.
pub(crate) fn open(path: &Path) -> Result<Log, Failure> {
    Log::open(path).map_err(|error| {
        Failure::NotMade(format!("the log {} cannot be used: {error}", path.display()))
    })
}
