//! What do words tell: of the key, or of the account behind it, of trouble, and of
//! what was done?
//!
//! Servers say it in their own words, so they are known by parts of English ones.
//! What could mean something else is no verdict.

use crate::{contract::Verdict, text::find};

/// Whether any of these, which bars part, is so.
pub(super) fn any(names: &str, is_so: &dyn Fn(&str) -> bool) -> bool {
    let mut rest = names;
    loop {
        let end = rest.bytes().position(|byte| byte == b'|').unwrap_or(rest.len());
        let (name, more) = rest.split_at_checked(end).unwrap_or_default();
        if is_so(name) {
            return true;
        }
        rest = match more.get(1..) {
            Some(more) => more,
            None => return false,
        };
    }
}

/// Whether the text has one of these, which bars part.
pub(super) fn has(text: &str, sought: &str) -> bool {
    any(sought, &|sought| find(text, sought).is_some())
}

/// What the words tell of the key or of the account behind it. Nothing, where
/// they are about the way on which the request came, or about trouble that passes.
pub(super) fn verdict_in(text: &str) -> Option<Verdict> {
    const WAY: &str = " ip | ips | waf | bot |country|region|firewall|cloudflare|captcha| agent |\
                       browser|csrf|proxy|site";
    const PASSES: &str = "time out|timed out|timeout|unavailable|maintenance|overload|again in|\
                          later|too many|per minute| rate |database|upstream|connection|response|\
                          failed to|could not|temporar|internal|not block|not suspen";
    const OFF: &str = "block|suspend|disabl|deactivat|banned|locked|frozen|terminat|closed|\
                       inactive|not active|on hold|pause|cancel|deleted";
    const USED_UP: &str = "expire|ended| over|exhaust|insufficient|no |out of|used |exceed|\
                           reached|not enough|required|lapse|finish|is up | 0 ";
    const WRONG: &str = "invalid|missing|wrong|unknown|revoke|expire|require|not found|t valid|\
                         incorrect|delete|malformed|t exist|not auth|unauth|t match|\
                         recogni|fail|reject|no api|no key|without|provide|bad |longer valid|\
                         mismatch|rotat|belong";
    if has(text, WAY) || has(text, PASSES) {
        return None;
    }
    let of_key = has(text, "key|token|credential|authenticat");
    let of_account =
        has(text, "account|workspace|organi|company|customer") || (!of_key && has(text, "user"));
    if of_account && has(text, OFF) {
        Some(Verdict::Blocked)
    } else if has(text, "trial|credit|quota|balance|subscription|plan ") && has(text, USED_UP) {
        Some(Verdict::QuotaExhausted)
    } else {
        let wrong = of_key && (has(text, WRONG) || has(text, OFF));
        (wrong && !has(text, "permission|scope|privilege|allow")).then_some(Verdict::Invalid)
    }
}

/// The status that words stand for which ask to come again.
pub(super) fn passing(text: &str) -> Option<u16> {
    if has(text, "too many request|too many attempt|rate limit|ratelimit|slow down|throttl") {
        Some(429)
    } else if has(text, "maintenance|overload|temporarily un|service un|try again later") {
        Some(503)
    } else {
        None
    }
}

/// Whether words beside a result tell of trouble.
pub(super) fn is_trouble(text: &str) -> bool {
    const TROUBLE: &str = " not | but |fail|warn|error|unable|could|cannot|partial|skip|invalid|\
                           reject|ignor|pending|unavail|truncat|temporar|incomplete|missing";
    has(text, TROUBLE)
}

/// What tells that something was stored, or soon will be.
pub(super) const STORED: &str =
    " created | saved | stored | added | inserted | persisted | queued ";
/// The same of words that came with a status that says no more than "not now".
pub(super) const DONE: &str = " imported | registered | processed | accepted | affected | synced |\
                               updated | completed | in the directory ";

/// Whether words tell of one of these: "it was saved, but", and not "it could not be
/// saved".
pub(super) fn tells_of(doing: &str, text: &str) -> bool {
    const NOT: &str = " not | no | be | t | never | nothing | fail | failed | un";
    any(doing, &|done| {
        // What stands right before it denies it.
        let before = find(text, done).and_then(|at| text.get(at.saturating_sub(16)..at + 1));
        before.is_some_and(|before| !has(before, NOT))
    })
}
