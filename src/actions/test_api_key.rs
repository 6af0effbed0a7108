//! `GET /info`, asked to learn whether the key works.
//!
//! Documented at developers.2chat.co under "Authentication". A 200 alone
//! proves little: the account may be blocked or out of credit.

use super::Action;
use crate::{
    contract::{ErrorKind, KeyCheck, Verdict},
    error::{Failure, Result},
    json, records,
    text::one_line,
    twochat::Call,
};

pub(crate) struct TestApiKey;

impl Action for TestApiKey {
    type Input = ();
    type Output = KeyCheck;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Result<Call> {
        Ok(Call::get("/info"))
    }

    fn read(self, body: &str) -> Result<KeyCheck> {
        let info = json::read(body, records::info)?;
        let exhausted = info.api_requests.is_some_and(|quota| quota.left == 0);
        let (verdict, message) = match info.account.block_reason.as_deref() {
            _ if !info.account.blocked && exhausted => (
                Verdict::QuotaExhausted,
                "The key is right, but no API request is left.".to_owned(),
            ),
            _ if !info.account.blocked => (Verdict::Valid, "The key works.".to_owned()),
            None => (Verdict::Blocked, "2Chat has blocked the account.".to_owned()),
            Some(reason) => (
                Verdict::Blocked,
                ["2Chat has blocked the account: ", &one_line(reason, 400)].concat(),
            ),
        };
        Ok(KeyCheck { verdict, message, account: Some(info.account) })
    }

    fn refused(refusal: Box<Failure>) -> Result<KeyCheck> {
        let verdict = match refusal.kind {
            ErrorKind::Unauthorized => Verdict::Invalid,
            ErrorKind::QuotaExhausted => Verdict::QuotaExhausted,
            _ => return Err(refusal),
        };
        Ok(KeyCheck { verdict, message: refusal.message, account: None })
    }
}
