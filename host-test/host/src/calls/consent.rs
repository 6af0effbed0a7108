//! Does a person say yes to this very call, and may it be made then? Nobody is asked about
//! what would not be sent.

use std::{sync::Arc, time::Duration};

use super::{Call, Calls, NoOutcome, Source, Tries, no_outcome, record::Record};
use crate::{
    access::Permit,
    asking::{self, Answer, Question},
    json::Form,
};

impl Calls {
    /// How the call ends, if the component refuses it without asking for a request. It is
    /// run where none leaves.
    pub(super) async fn refused_unsent<T: Form>(
        &self,
        call: &Call<'_>,
        permit: &Permit,
        time: Duration,
    ) -> Option<Tries<T>> {
        let connection = (*permit.connection).clone().closed("a person is asked first");
        let (connection, masked) = (Arc::new(connection), permit.masked.clone());
        let permit = Permit { connection, masked, asks: permit.asks };
        let traffic = Arc::default();
        let last = self.send_once(call, &permit, time, &traffic).await;
        let is_error = last.as_ref().is_ok_and(|outcome| outcome.result.is_err());
        (is_error && traffic.reason().is_none()).then(|| Tries::begun(last, permit, traffic))
    }

    /// The permit once a person has said yes, as it is then.
    pub(super) async fn consent(
        &self,
        call: &Call<'_>,
        source: &Source,
        record: &mut Record,
    ) -> Result<Permit, NoOutcome> {
        // Nobody is asked about what cannot be sent.
        self.connector
            .check(call.action, call.arguments)
            .map_err(|error| no_outcome(&error, source.key.as_ref()))?;
        let question = Question { action: call.action, arguments: call.arguments, source };
        let (by, answer) = asking::ask(call.asker, question).await;
        record.was_asked(by, answer);
        if let Some(why) = answer.refusal(call.action) {
            return Err(match answer {
                Answer::Nobody(_) => NoOutcome::Refused(why),
                _ => NoOutcome::Declined(why),
            });
        }
        // What was revoked or changed while somebody thought is not sent.
        self.decide(call).await?.permit.map_err(NoOutcome::Refused)
    }
}
