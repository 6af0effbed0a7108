//! Does a person say yes to this very call, and may it be made then?

use super::{Call, Calls, NoOutcome, Source, no_outcome, record::Record};
use crate::{
    access::Permit,
    asking::{self, Answer, Question},
};

impl Calls {
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
