//! `GET /info`: the account, its limits and its usage.
//!
//! Documented at developers.2chat.co under "Billing". `usage` and `limits` are
//! missing in some live answers.

use super::Action;
use crate::{contract::UsageInfo, error::Result, json, records, twochat::Call};

pub(crate) struct GetApiUsageInfo;

impl Action for GetApiUsageInfo {
    type Input = ();
    type Output = UsageInfo;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Result<Call> {
        Ok(Call::get("/info"))
    }

    fn read(self, body: &str) -> Result<UsageInfo> {
        json::read(body, records::info)
    }
}
