//! `GET /info`, asked to learn whether the key works.
//!
//! Documented at developers.2chat.co under "Authentication". A 200 alone
//! proves little: the account may be blocked or out of credit.

use super::Action;
use crate::{
    contract::{ErrorKind, KeyCheck, Verdict},
    error::{Failure, Result},
    json::Answer,
    records,
    text::{concat, one_line},
    twochat::Call,
};

pub(crate) struct TestApiKey;

impl Action for TestApiKey {
    type Input = ();
    type Output = KeyCheck;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Call {
        Call::get("/info")
    }

    fn read(&self, answer: &Answer<'_>) -> Result<KeyCheck> {
        let info = records::info(answer)?;
        let exhausted = info.api_requests.is_some_and(|quota| quota.left == Some(0));
        let (verdict, message) = if info.account.blocked {
            let reason = info.account.block_reason.as_deref().unwrap_or("it gives no reason");
            let message = concat(&["2Chat has blocked the account: ", &one_line(reason, 400)]);
            (Verdict::Blocked, message)
        } else if exhausted {
            (Verdict::QuotaExhausted, "The key is right, but no API request is left.".to_owned())
        } else {
            (Verdict::Valid, "The key works.".to_owned())
        };
        // The verdict stands without it.
        let account = Some(info.account).filter(|account| !account.uuid.is_empty());
        Ok(KeyCheck { verdict, message, account, warning: info.warning })
    }

    fn warning(check: &mut KeyCheck) -> &mut Option<String> {
        &mut check.warning
    }

    fn refused(refusal: Box<Failure>, beside: &mut Option<KeyCheck>) -> Result<()> {
        // The account itself tells it best.
        if beside.as_ref().is_some_and(|check| check.verdict != Verdict::Valid) {
            return Ok(());
        }
        let verdict = match (refusal.verdict, refusal.kind) {
            (Some(told), _) => told,
            (None, ErrorKind::Unauthorized) => Verdict::Invalid,
            (None, ErrorKind::QuotaExhausted) => Verdict::QuotaExhausted,
            _ => return Err(refusal),
        };
        let message = concat(&[&refusal.message, " ", refusal.advice]);
        *beside = Some(KeyCheck { verdict, message, account: None, warning: None });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::actions;
    use crate::json::answer;
    use crate::twochat::{Reply, Settings};

    /// The shape of the documentation's answer; `block_reason` is in live ones.
    const ANSWER: &str = r#"{"success":true,"account":{"name":"Example Ltd",
        "uuid":"ACC91be87af-5a29-4034-b599-342f2aeb5d52","on_trial":true,"blocked":false,
        "block_reason":null,"created_at":"2022-04-21T21:55:37Z",
        "expires_at":"2024-08-31T19:11:08Z"},"limits":{"requests_per_minute":80},
        "usage":{"api_request_count":77112,"max_api_request_count":500000,
            "number_check_count":430542,"max_number_check_count":500000}}"#;

    /// What the action makes of a reply.
    fn check(status: u16, body: &str) -> Result<KeyCheck> {
        let reply = Reply { status, retry_after: None, date: None, body: Ok(body.to_owned()) };
        let settings = Settings::from_variables([])?;
        actions::result_of(TestApiKey, reply, &settings)
    }

    /// A finding about an account.
    fn of_account(members: &str, usage: &str) -> KeyCheck {
        let account = [r#""account":{"uuid":"ACC1""#, members, "}"].concat();
        check(200, &["{", &account, usage, "}"].concat()).unwrap()
    }

    const EXHAUSTED: &str = r#","usage":{"api_request_count":100,"max_api_request_count":100}"#;

    #[test]
    fn asks_for_the_info_and_nothing_else() {
        let call = TestApiKey::build(()).ok().unwrap().call();
        assert_eq!(call, Call::get("/info"));
    }

    #[test]
    fn a_documented_answer_shows_a_valid_key_and_its_account() {
        let check = check(200, ANSWER).unwrap();
        assert_eq!((check.verdict, &*check.message), (Verdict::Valid, "The key works."));
        let account = check.account.unwrap();
        assert_eq!(account.uuid, "ACC91be87af-5a29-4034-b599-342f2aeb5d52");
        assert!(account.on_trial && !account.blocked);
        // Long past, and not for the component to judge.
        assert_eq!(account.expires_at.as_deref(), Some("2024-08-31T19:11:08Z"));
    }

    #[test]
    fn a_key_is_valid_unless_something_speaks_against_it() {
        for (members, usage) in [
            ("", ""),
            (r#","blocked":null"#, r#","usage":null"#),
            (r#","block_reason":"Unpaid once""#, r#","usage":{}"#),
            (r#","blocked":false"#, r#","usage":{"max_api_request_count":0}"#),
            ("", r#","usage":{"api_request_count":99,"max_api_request_count":100}"#),
            ("", r#","usage":{"number_check_count":100,"max_number_check_count":100}"#),
            // What the verdict does not need may be as odd as it likes.
            ("", r#","limits":{"requests_per_minute":-1},"usage":[]"#),
            ("", r#","limits":7,"usage":{"api_request_count":"many","max_api_request_count":9}"#),
            ("", r#","usage":{"api_request_count":1e300,"max_api_request_count":100}"#),
            // Without a limit nothing is ever used up.
            ("", r#","usage":{"api_request_count":7,"max_api_request_count":-1}"#),
            ("", r#","usage":{"api_request_count":7,"max_api_request_count":null}"#),
            ("", r#","usage":{"api_request_count":7,"max_api_request_count":"Unlimited"}"#),
            (r#","on_trial":"perhaps","name":{},"created_at":[]"#, ""),
            (r#","blocked":0"#, ""),
            (r#","blocked":"False""#, ""),
        ] {
            assert_eq!(of_account(members, usage).verdict, Verdict::Valid, "{members}{usage}");
        }
    }

    #[test]
    fn a_verdict_stands_without_the_uuid_of_the_account() {
        for (members, verdict) in
            [(r#""name":"Example""#, Verdict::Valid), (r#""blocked":"1""#, Verdict::Blocked)]
        {
            for uuid in ["", r#","uuid":null"#, r#","uuid":" ""#, r#","uuid":{}"#] {
                let body = [r#"{"success":true,"account":{"#, members, uuid, "}}"].concat();
                let check = check(200, &body).unwrap();
                assert_eq!((check.verdict, check.account.is_none()), (verdict, true), "{body}");
            }
        }
    }

    #[test]
    fn usage_at_its_maximum_or_beyond_means_exhausted() {
        for used in [100, 101, u64::MAX] {
            let usage = EXHAUSTED.replacen("100", &format!("\"{used}\""), 1);
            let check = of_account("", &usage);
            assert_eq!(check.verdict, Verdict::QuotaExhausted, "{used}");
            assert_eq!(check.account.unwrap().uuid, "ACC1");
        }
    }

    #[test]
    fn a_blocked_account_is_blocked_whatever_else_is_wrong() {
        for usage in ["", EXHAUSTED] {
            let check = of_account(r#","blocked":true"#, usage);
            assert_eq!(check.verdict, Verdict::Blocked, "{usage}");
            assert_eq!(check.message, "2Chat has blocked the account: it gives no reason");
            assert!(check.account.unwrap().blocked);
        }
    }

    #[test]
    fn the_reason_of_a_block_is_told_on_one_bounded_line() {
        let check = of_account(r#","blocked":true,"block_reason":"Unpaid\r\ninvoice""#, EXHAUSTED);
        assert_eq!(check.message, "2Chat has blocked the account: Unpaid  invoice");

        let members = [r#","blocked":true,"block_reason":""#, &"é".repeat(5_000), "\""].concat();
        let check = of_account(&members, "");
        assert!(check.message.len() < 500 && check.message.ends_with('…'), "{}", check.message);
    }

    #[test]
    fn a_refused_key_is_a_finding_in_the_words_of_2chat() {
        for (status, body, verdict, words) in [
            // Both seen on the wire.
            (401, r#"{"detail":"Invalid API Key"}"#, Verdict::Invalid, "Invalid API Key"),
            (403, r#"{"detail":"Not authenticated"}"#, Verdict::Invalid, "Not authenticated"),
            (401, "", Verdict::Invalid, "HTTP 401"),
            // The application's shape, as the skill files have it.
            (
                402,
                r#"{"success":false,"error":true,"error_message":"Trial expired"}"#,
                Verdict::QuotaExhausted,
                "Trial expired",
            ),
            (402, "<html></html>", Verdict::QuotaExhausted, "HTTP 402"),
        ] {
            let check = check(status, body).unwrap();
            assert_eq!(check.verdict, verdict, "{status} {body}");
            assert!(check.message.contains(words), "{}", check.message);
            assert!(check.account.is_none(), "{status} {body}");
        }
    }

    #[test]
    fn what_decides_nothing_is_an_error() {
        for (status, body, kind) in [
            (403, r#"{"detail":"Private flow"}"#, ErrorKind::Forbidden),
            (403, "", ErrorKind::Forbidden),
            (404, r#"{"detail":"Not Found"}"#, ErrorKind::NotFound),
            // It has no arguments that could be wrong.
            (422, "{}", ErrorKind::Rejected),
            (400, "{}", ErrorKind::Rejected),
            (429, "{}", ErrorKind::RateLimited),
            (409, "{}", ErrorKind::Busy),
            (503, "{}", ErrorKind::Busy),
            (500, "<html></html>", ErrorKind::Interrupted),
            (504, "", ErrorKind::Interrupted),
            (302, "", ErrorKind::UnexpectedReply),
            (418, "{}", ErrorKind::Rejected),
            (200, r#"{"success":false,"error_message":"It is offline"}"#, ErrorKind::Rejected),
            (200, r#"{"success":true,"error":true,"account":{"uuid":"A"}}"#, ErrorKind::Rejected),
            (200, "{}", ErrorKind::UnexpectedReply),
            (200, r#"{"success":true,"account":null}"#, ErrorKind::UnexpectedReply),
            (200, r#"{"success":true,"account":{}}"#, ErrorKind::UnexpectedReply),
            (200, r#"{"success":true,"account":[7]}"#, ErrorKind::UnexpectedReply),
            (200, r#"{"success":"false","account":{"uuid":"A"}}"#, ErrorKind::Rejected),
            (407, "", ErrorKind::DeniedByHost),
            (511, "<html></html>", ErrorKind::DeniedByHost),
            (200, "<html></html>", ErrorKind::UnexpectedReply),
            (200, "", ErrorKind::UnexpectedReply),
        ] {
            assert_eq!(check(status, body).unwrap_err().kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn a_request_that_got_nowhere_decides_nothing() {
        for kind in [
            ErrorKind::Unreachable,
            ErrorKind::Interrupted,
            ErrorKind::DeniedByHost,
            ErrorKind::Misconfigured,
        ] {
            let failure = Failure::new(kind, "It got nowhere.".to_owned(), "Try again.");
            assert_eq!(TestApiKey::refused(failure.clone(), &mut None).unwrap_err(), failure);
        }
    }

    proptest! {
        #[test]
        fn any_reply_is_a_finding_or_a_failure(
            status in 0u16..700,
            text in "(?s).{0,60}",
            at in 0..ANSWER.len(),
        ) {
            let (before, after) = ANSWER.split_at(at);
            for body in [&text, &[before, &text].concat(), &[before, &text, after].concat()] {
                let _ = check(200, body);
                let _ = check(status, body);
                let _ = TestApiKey.read(&answer(body));
            }
        }
    }
}
