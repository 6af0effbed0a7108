//! How is a call written down? Without the key, and without what is not to be
//! written down.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::{
    task::block_in_place,
    time::{Instant, sleep},
};

use super::{Call, NoOutcome};
use crate::{
    access::{Decision, OnBehalf},
    hiding::{Hiding, MASK, Redaction, is_about, redact, texts_in},
    log::{Asked, Ended, Log, Open},
    secret::Secret,
};

/// So long it is until what could not be written is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// A call that is being written down, where calls are.
pub(super) struct Record {
    open: Option<Open>,
    key: Option<Secret>,
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
        // What is sensitive in what comes back is so in what is sent.
        let unwritten = [redacted, sensitive].concat();
        let texts = texts_in(call.arguments, &unwritten);
        let (redacted, sensitive) = (redacted.clone(), sensitive.to_vec());
        let mut record = Self { open: None, key: key.clone(), redacted, sensitive, texts, known };
        let Some(log) = log else { return Ok(record) };

        let mut arguments = if known { call.arguments.clone() } else { MASK.into() };
        redact(&mut arguments, &unwritten);
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
        let action = record.without_key(call.action.to_owned());
        let asked = Asked { user, persona, connection, server, action, arguments, prompt };
        record.open = Some(block_in_place(|| start(log, asked)).map_err(NoOutcome::NotWritten)?);
        Ok(record)
    }

    /// Writes down why it is not made.
    pub(super) fn turned_down(mut self, why: NoOutcome) -> NoOutcome {
        let why = match why {
            NoOutcome::Misfit(why) => NoOutcome::Misfit(self.without_key(why)),
            NoOutcome::Refused(why) => NoOutcome::Refused(self.without_key(why)),
            why => why,
        };
        let kind = if matches!(why, NoOutcome::Misfit(_)) { "not-called" } else { "refused" };
        let error = Some(told_in_log(kind, &why.to_string()));
        let mut ended = self.without_what_is_hidden(Ended { error, ..Ended::default() });
        match self.finish(&mut ended) {
            Ok(()) => why,
            Err(error) => {
                NoOutcome::Refused(format!("{why}; and that cannot be written down: {error}"))
            }
        }
    }

    /// Writes down how it ended, which is told only where calls are. What was made is not lost for a disk that is full for a
    /// while: for so long it is tried again, of which `waits` hears.
    pub(super) async fn ended(
        mut self,
        ended: impl FnOnce() -> Ended,
        time: Duration,
        mut waits: impl FnMut(&Value, Duration),
    ) -> Result<(), NoOutcome> {
        if self.open.is_none() {
            return Ok(());
        }
        let until = Instant::now() + time;
        let mut ended = self.without_what_is_hidden(ended());
        let mut has_waited = false;
        while let Err(error) = self.finish(&mut ended) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoOutcome::Stopped(format!(
                    "the call was made, but the log cannot be written to: {error}. Make room \
                     for it; what it gave is not shown."
                )));
            }
            if !has_waited {
                waits(&told_in_log("the log cannot be written to", &error.to_string()), left);
                has_waited = true;
            }
            sleep(left.min(AGAIN)).await;
        }
        Ok(())
    }

    fn without_key(&self, text: String) -> String {
        match &self.key {
            Some(key) => key.hide_in(&text),
            None => text,
        }
    }

    fn finish(&mut self, ended: &mut Ended) -> std::io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        block_in_place(|| open.finish(ended))
    }

    fn without_what_is_hidden(&mut self, mut ended: Ended) -> Ended {
        let mut texts = std::mem::take(&mut self.texts);
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
        ended
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
