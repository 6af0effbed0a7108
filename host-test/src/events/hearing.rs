//! Who hears of events from now on, in words: whom they are handed on to, who has ended, and
//! what is parked because nobody of its name hears any more.

use super::{
    outbox,
    writer::{Unwritten, Writer},
};
use crate::terminal;

/// Parks what waits for nobody, and gives in words to whom all else is handed on. What
/// somebody may not expect is told.
pub(crate) async fn settled(writer: &Writer, names: Vec<String>) -> Result<String, Unwritten> {
    for (target, count) in outbox::without_target(writer, names.clone()).await? {
        let waited = if count == 1 { "1 event" } else { &format!("{count} events") };
        let is = if count == 1 { "is" } else { "are" };
        terminal::say(&format!(
            "twochat: {waited} for {target} {is} parked, since there is no such target; once \
             there is, `twochat events replay --target \"{target}\"` has that handed on"
        ));
    }
    let ended = outbox::ended(writer, names.clone()).await?;
    for (target, why) in &ended {
        terminal::say(&format!(
            "twochat: {target} has ended: {why}. It gets nothing until `twochat events replay \
             --target \"{target}\"` begins anew"
        ));
    }
    let goes_on = |name: &&String| !ended.iter().any(|(target, _)| target == *name);
    let names: Vec<_> = names.iter().filter(goes_on).map(String::as_str).collect();
    Ok(if names.is_empty() { "nobody".to_owned() } else { names.join(", ") })
}
