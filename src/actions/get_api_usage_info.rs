//! `GET /info`: the account, its limits and its usage.
//!
//! Documented at developers.2chat.co under "Billing". `usage` and `limits` are
//! missing in some live answers.

use super::Action;
use crate::{contract::UsageInfo, error::Result, json::Answer, records, twochat::Call};

pub(crate) struct GetApiUsageInfo;

impl Action for GetApiUsageInfo {
    type Input = ();
    type Output = UsageInfo;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Call {
        Call::get("/info")
    }

    fn read(&self, answer: &Answer<'_>) -> Result<UsageInfo> {
        let info = records::info(answer)?;
        if info.account.uuid.is_empty() {
            return Err(answer.missing("account.uuid"));
        }
        Ok(info)
    }

    fn warning(info: &mut UsageInfo) -> &mut Option<String> {
        &mut info.warning
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{answer, assert_named};

    /// The shape of the documentation's answer.
    const ANSWER: &str = r#"{"success":true,"account":{
        "name":"Example Ltd (ACC91be87af-5a29-4034-b599-342f2aeb5d52)",
        "uuid":"ACC91be87af-5a29-4034-b599-342f2aeb5d52","on_trial":false,"blocked":false,
        "created_at":"2022-04-21T21:55:37Z","expires_at":"2024-08-31T19:11:08Z"},
        "limits":{"requests_per_minute":80},
        "usage":{"api_request_count":77112,"max_api_request_count":500000,
            "number_check_count":430542,"max_number_check_count":500000}}"#;

    fn read(body: &str) -> Result<UsageInfo> {
        GetApiUsageInfo.read(&answer(body))
    }

    /// The answer with these members beside an account.
    fn beside_account(members: &str) -> UsageInfo {
        read(&[r#"{"account":{"uuid":"ACC1"}"#, members, "}"].concat()).unwrap()
    }

    #[test]
    fn asks_for_the_info_and_nothing_else() {
        let call = GetApiUsageInfo::build(()).unwrap_or_else(|_| panic!()).call();
        assert_eq!(call, Call::get("/info"));
    }

    #[test]
    fn everything_is_read_from_the_documented_answer() {
        let info = read(ANSWER).unwrap();
        assert_eq!(info.account.uuid, "ACC91be87af-5a29-4034-b599-342f2aeb5d52");
        assert_eq!(info.account.name, "Example Ltd (ACC91be87af-5a29-4034-b599-342f2aeb5d52)");
        assert!(!info.account.on_trial && !info.account.blocked);
        assert_eq!(info.account.block_reason, None);
        assert_eq!(info.account.created_at.as_deref(), Some("2022-04-21T21:55:37Z"));
        assert_eq!(info.account.expires_at.as_deref(), Some("2024-08-31T19:11:08Z"));
        assert_eq!(info.requests_per_minute, Some(80));
        let quota = info.api_requests.unwrap();
        assert_eq!(
            (quota.used, quota.limit, quota.left),
            (Some(77_112), Some(500_000), Some(422_888))
        );
        let quota = info.number_checks.unwrap();
        assert_eq!(
            (quota.used, quota.limit, quota.left),
            (Some(430_542), Some(500_000), Some(69_458))
        );
    }

    #[test]
    fn a_blocked_account_on_trial_is_shown_as_one() {
        // `block_reason` is in live answers, not in the documentation.
        let info = read(
            r#"{"account":{"uuid":"ACC1","name":"Example","on_trial":true,"blocked":true,
                "block_reason":"Unpaid","expires_at":null}}"#,
        )
        .unwrap();
        assert!(info.account.on_trial && info.account.blocked);
        assert_eq!(info.account.block_reason.as_deref(), Some("Unpaid"));
        assert_eq!((info.account.created_at, info.account.expires_at), (None, None));
    }

    #[test]
    fn what_2chat_does_not_say_is_absent() {
        for members in [
            "",
            r#","limits":null,"usage":null"#,
            r#","limits":{},"usage":{}"#,
            r#","limits":{"requests_per_minute":null},"usage":{"api_request_count":null}"#,
            r#","usage":{"api_request_count":7,"number_check_count":7}"#,
        ] {
            let info = beside_account(members);
            assert_eq!(info.requests_per_minute, None, "{members}");
            assert!(info.api_requests.is_none() && info.number_checks.is_none(), "{members}");
        }
    }

    #[test]
    fn each_quota_stands_for_itself() {
        let info = beside_account(
            r#","usage":{"number_check_count":1,"max_number_check_count":3,"new_count":9}"#,
        );
        assert!(info.api_requests.is_none());
        assert_eq!(info.number_checks.unwrap().left, Some(2));
    }

    #[test]
    fn what_is_left_is_never_below_0() {
        for (used, limit, left) in
            [(5, 5, 0), (6, 5, 0), (u64::MAX, 0, 0), (0, u64::MAX - 1, u64::MAX - 1), (0, 0, 0)]
        {
            let usage = format!(
                r#","usage":{{"api_request_count":{used},"max_api_request_count":{limit}}}"#
            );
            let quota = beside_account(&usage).api_requests.unwrap();
            let found = (quota.used, quota.limit, quota.left);
            assert_eq!(found, (Some(used), Some(limit), Some(left)));
        }
    }

    /// Used, limit and left of a quota with these members.
    fn quota(used: &str, limit: &str) -> Option<(Option<u64>, Option<u64>, Option<u64>)> {
        let usage =
            format!(r#","usage":{{"api_request_count":{used},"max_api_request_count":{limit}}}"#);
        let quota = beside_account(&usage).api_requests;
        quota.map(|quota| (quota.used, quota.limit, quota.left))
    }

    #[test]
    fn a_quota_without_a_limit_has_none_and_nothing_left_to_count() {
        for none in [
            "-1",
            "-1.0",
            "\"-1\"",
            "null",
            "1e300",
            "18446744073709551615",
            "18446744073709551616",
            "\"unlimited\"",
            "\"Infinite\"",
            "\" no limit \"",
        ] {
            assert_eq!(quota("7", none), Some((Some(7), None, None)), "{none}");
        }
    }

    #[test]
    fn a_quota_is_read_from_numbers_in_any_form_and_kept_without_what_is_used() {
        assert_eq!(quota("\"7\"", "10.0"), Some((Some(7), Some(10), Some(3))));
        assert_eq!(quota("1e1", "\"10\""), Some((Some(10), Some(10), Some(0))));
        for used in ["-1", "1e300", "18446744073709551616", "null", "{}", "\"many\""] {
            assert_eq!(quota(used, "10"), Some((None, Some(10), None)), "{used}");
        }
        // No limit that could be read is not the same as none.
        for limit in ["{}", "[]", "true", "false", "1.5", "\"\"", "\"much\""] {
            assert_eq!(quota("7", limit), None, "{limit}");
        }
    }

    #[test]
    fn a_number_may_have_something_between_its_thousands() {
        for ten_thousand in ["10,000", "10 000", "10_000", "10'000", "10\u{202f}000", "010,000"] {
            let text = format!("\"{ten_thousand}\"");
            assert_eq!(quota("1", &text), Some((Some(1), Some(10_000), Some(9_999))), "{text}");
            assert_eq!(quota(&text, "10000").unwrap().2, Some(0), "{text}");
        }
        for other in ["1,5", "10,00", "1,0000", "10000,", "10,,000", "1, 000", "10,000 a day"] {
            assert_eq!(quota("1", &format!("\"{other}\"")), None, "{other}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_read_is_named() {
        let warning = |members: &str| beside_account(members).warning;
        for (members, named) in [
            (r#","usage":{"max_api_request_count":"plenty"}"#, "max_api_request_count"),
            (
                r#","usage":{"number_check_count":-3,"max_number_check_count":9}"#,
                "number_check_count",
            ),
            (r#","limits":{"requests_per_minute":"80/min"}"#, "requests_per_minute"),
            (r#","usage":{"max_api_request_count":"-"}"#, "max_api_request_count"),
            (
                r#","usage":{"api_request_count":2.5,"max_api_request_count":[9]}"#,
                "api_request_count, max_api_request_count",
            ),
            (r#","usage":"none""#, "usage"),
            (
                r#","limits":80,"usage":{"max_api_request_count":"-"}"#,
                "limits, max_api_request_count",
            ),
        ] {
            let expected = ["It could not be read: ", named].concat();
            assert_eq!(warning(members).as_deref(), Some(&*expected), "{members}");
        }
        for members in [
            r#","usage":{"api_request_count":null,"max_api_request_count":"","number_check_count":false}"#,
            r#","usage":{"max_api_request_count":{},"max_api_request_count":5}"#,
            r#","limits":{"requests_per_minute":-1},"usage":{"max_api_request_count":"none"}"#,
            r#","limits":null,"usage":[]"#,
        ] {
            assert_eq!(warning(members), None, "{members}");
        }
    }

    #[test]
    fn an_odd_member_is_read_as_what_it_means_or_is_absent() {
        let info = read(
            r#"{"success":1,"account":{"uuid":91,"name":7,"on_trial":"TRUE","blocked":0,
                "block_reason":false,"created_at":true,"expires_at":"soon"},
                "limits":{"requests_per_minute":"80"},"usage":"none"}"#,
        )
        .unwrap();
        assert_eq!((&*info.account.uuid, &*info.account.name), ("91", "7"));
        assert!(info.account.on_trial && !info.account.blocked);
        assert_eq!((&info.account.block_reason, &info.account.created_at), (&None, &None));
        assert_eq!((info.account.expires_at, info.requests_per_minute), (None, Some(80)));
        assert!(info.api_requests.is_none() && info.number_checks.is_none());
        for limit in ["-1", "4294967296", "null", "{}", "[80]"] {
            let info = beside_account(&format!(r#","limits":{{"requests_per_minute":{limit}}}"#));
            assert_eq!(info.requests_per_minute, None, "{limit}");
        }
        assert_eq!(beside_account(r#","limits":[],"usage":[]"#).requests_per_minute, None);
    }

    #[test]
    fn an_answer_of_another_shape_is_named_by_its_path() {
        assert_named(
            read,
            &[
                ("{}", "$.account"),
                (r#"{"account":null}"#, "$.account"),
                (r#"{"account":{"name":"Example"}}"#, "$.account.uuid"),
                (r#"{"account":{"uuid":null}}"#, "$.account.uuid"),
                ("[]", "$"),
                ("<html></html>", "$"),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_an_info_or_a_failure(text in "(?s).{0,60}", at in 0..ANSWER.len()) {
            let (before, after) = ANSWER.split_at(at);
            for body in [&text, &[before, &text].concat(), &[before, &text, after].concat()] {
                let _ = read(body);
            }
        }
    }
}
