//! How is a call written down? Without the key, and without what is not to be
//! written down.

use std::path::Path;

use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::{Call, NoOutcome};
use crate::{
    access::{Decision, OnBehalf},
    hiding::{Hiding, MASK, Redaction, is_about, redact, texts_in},
    log::{Asked, Ended, Log, Open},
};

/// A call that is being written down, where calls are.
pub(super) struct Record {
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
    pub(super) fn begin(
        call: &Call<'_>,
        decision: &Decision,
        sensitive: &[String],
        known: bool,
    ) -> Result<Self, NoOutcome> {
        let Decision { on_behalf, log, redacted, key, .. } = decision;
        let texts = texts_in(call.arguments, redacted);
        let (redacted, sensitive) = (redacted.clone(), sensitive.to_vec());
        let mut record = Self { open: None, redacted, sensitive, texts, known };
        let Some(log) = log else { return Ok(record) };

        let mut arguments = if known { call.arguments.clone() } else { MASK.into() };
        redact(&mut arguments, &record.redacted);
        let texts = Redaction::of(&record.texts);
        texts.redact(&mut arguments);
        Hiding::of(key.as_ref(), &[]).hide(&mut arguments);
        let prompt = call.prompt.map(|prompt| texts.redacted(prompt));
        let prompt = prompt.map(|prompt| match key {
            Some(key) => key.hide_in(&prompt),
            None => prompt,
        });
        let OnBehalf { persona, connection, server } = on_behalf.clone();
        let user = rustix::process::getuid().as_raw().to_string();
        let action = call.action.to_owned();
        let asked = Asked { user, persona, connection, server, action, arguments, prompt };
        record.open = Some(block_in_place(|| start(log, asked)).map_err(NoOutcome::NotWritten)?);
        Ok(record)
    }

    /// Writes down that the policy refused it.
    pub(super) fn refused(self, why: String) -> NoOutcome {
        let error = Some(told_in_log("refused", &why));
        match self.end(|| Ended { error, ..Ended::default() }) {
            Ok(()) => NoOutcome::Refused(why),
            Err(error) => {
                NoOutcome::Refused(format!("{why}; and that cannot be written down: {error}"))
            }
        }
    }

    /// Writes down how it ended, which is told only where calls are.
    pub(super) fn ended(self, ended: impl FnOnce() -> Ended) -> Result<(), NoOutcome> {
        self.end(ended).map_err(|error| {
            NoOutcome::Stopped(format!(
                "the call was made, but the log cannot be written to: {error}. Make room for it; \
                 what it gave is not shown."
            ))
        })
    }

    fn end(self, ended: impl FnOnce() -> Ended) -> std::io::Result<()> {
        let Some(open) = self.open else { return Ok(()) };
        let mut ended = ended();
        let mut texts = self.texts;
        if let Some(result) = &mut ended.result {
            texts.extend(texts_in(result, &self.redacted));
            redact(result, &self.redacted);
            redact(result, &self.sensitive);
            Redaction::of(&texts).redact(result);
        }
        if let Some(error) = &mut ended.error {
            if is_about(error, &self.redacted)
                && let Some(message) = error.get_mut("message")
            {
                *message = MASK.into();
            }
            redact(error, &self.redacted);
            Redaction::of(&texts).redact(error);
            if let (false, Some(Value::String(text))) = (self.known, error.get_mut("message")) {
                // Its place, a colon, and what was found there.
                let place = text.split(':').next().unwrap_or_default();
                *text = format!("{place}: {MASK}");
            }
        }
        block_in_place(|| open.finish(ended))
    }
}

/// What the host says itself of a call that was not made.
pub(super) fn told_in_log(kind: &str, why: &str) -> Value {
    json!({ "kind": kind, "message": why })
}

fn start(path: &Path, asked: Asked) -> Result<Open, String> {
    let log =
        Log::open(path).map_err(|why| format!("the log {} cannot be used: {why}", path.display()));
    log?.start(asked)
        .map_err(|why| format!("the log {} cannot be written to: {why}", path.display()))
}
