//! `GET /webhooks`: the subscriptions that are set up and enabled.
//!
//! Documented at developers.2chat.co under "Webhooks" as an object with
//! `webhooks`; one official client reads a bare list, so both are taken. Live
//! answers add `id` and `account_id`.

use super::Action;
use crate::{
    contract::WebhookSubscriptions,
    error::Result,
    json::Answer,
    records::{listed, subscription},
    twochat::Call,
};

pub(crate) struct ListWebhookSubscriptions;

impl Action for ListWebhookSubscriptions {
    type Input = ();
    type Output = WebhookSubscriptions;

    fn build((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn call(&self) -> Call {
        Call::get("/webhooks")
    }

    fn read(&self, answer: &Answer<'_>) -> Result<WebhookSubscriptions> {
        let mut subscriptions = Vec::new();
        let all = listed(answer, "webhooks", &mut |value| {
            let Some(row) = subscription(value)? else { return Ok(false) };
            subscriptions.push(row);
            Ok(true)
        })?;
        Ok(WebhookSubscriptions { subscriptions, skipped: all.skipped, warning: all.beside })
    }

    fn warning(listed: &mut WebhookSubscriptions) -> &mut Option<String> {
        &mut listed.warning
    }

    fn is_nothing(listed: &WebhookSubscriptions) -> bool {
        listed.subscriptions.is_empty() && listed.skipped.is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        contract::WebhookSubscription,
        json::{answer, assert_named},
    };

    /// The shape of the documentation's answer, its second row with what live
    /// answers add.
    const ANSWER: &str = r#"{"success":true,"webhooks":[
        {"uuid":"WHKdc78c87e-5b18-47c7-9183-5bf527fd6c69","event_name":"whatsapp.message.received",
         "channel_uuid":"WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
         "hook_url":"https://hooks.example.com/2chat?token=t",
         "hook_params":{"waweb_uuid":"WPN66037eca-9ad1-4c96-9eff-526a90a48c77"},
         "created_at":"2023-04-17T18:50:50Z"},
        {"id":12,"account_id":34,"uuid":"WHK1","event_name":"call.status.update",
         "channel_uuid":null,"hook_url":"https://hooks.example.com/calls","hook_params":{},
         "created_at":"2023-04-17 18:50:50"}]}"#;

    const ROW: &str = r#""uuid":"WHK1","event_name":"e","hook_url":"https://example.com""#;

    fn read(body: &str) -> Result<Vec<WebhookSubscription>> {
        ListWebhookSubscriptions.read(&answer(body)).map(|read| read.subscriptions)
    }

    fn params_of(json: &str) -> Vec<(String, String)> {
        let body = [r#"{"webhooks":[{"#, ROW, r#","hook_params":"#, json, "}]}"].concat();
        let params = read(&body).unwrap().remove(0).hook_params;
        params.into_iter().map(|param| (param.name, param.value)).collect()
    }

    #[test]
    fn asks_for_all_subscriptions_at_once() {
        let action = ListWebhookSubscriptions::build(()).ok().unwrap();
        assert_eq!(action.call(), Call::get("/webhooks"));
    }

    #[test]
    fn the_subscriptions_are_read_from_the_documented_answer() {
        let rows = read(ANSWER).unwrap();
        let [message, call] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(message.uuid, "WHKdc78c87e-5b18-47c7-9183-5bf527fd6c69");
        assert_eq!(message.event_name, "whatsapp.message.received");
        let channel = "WPN66037eca-9ad1-4c96-9eff-526a90a48c77";
        assert_eq!(message.channel_uuid.as_deref(), Some(channel));
        assert_eq!(message.hook_url, "https://hooks.example.com/2chat?token=t");
        let param = &message.hook_params[0];
        assert_eq!((&*param.name, &*param.value), ("waweb_uuid", channel));
        assert_eq!(message.created_at.as_deref(), Some("2023-04-17T18:50:50Z"));
        assert_eq!((message.id, message.account_id), (None, None));

        assert_eq!((call.id, call.account_id), (Some(12), Some(34)));
        assert_eq!((&*call.event_name, &call.channel_uuid), ("call.status.update", &None));
        assert!(call.hook_params.is_empty());
        assert_eq!(call.created_at.as_deref(), Some("2023-04-17T18:50:50Z"));
    }

    #[test]
    fn a_bare_list_is_read_like_one_in_an_object() {
        // One official client expects it so.
        let list = ANSWER.split_once(r#""webhooks":"#).unwrap().1.strip_suffix('}').unwrap();
        let (bare, wrapped) = (read(list).unwrap(), read(ANSWER).unwrap());
        assert_eq!(format!("{bare:?}"), format!("{wrapped:?}"));
    }

    #[test]
    fn no_subscription_is_an_empty_list() {
        for body in [
            "[]",
            r#"{"success":true,"webhooks":[]}"#,
            r#"{"webhooks": [ ] }"#,
            r#"{"webhooks":{}}"#,
            r#"{"webhooks":null}"#,
            r#"{"success":true}"#,
            r#"{"success":"true","error":false,"error_message":null}"#,
        ] {
            assert!(read(body).unwrap().is_empty(), "{body}");
        }
    }

    #[test]
    fn what_may_be_missing_is_absent() {
        for members in [
            "",
            r#","channel_uuid":null,"hook_params":null,"created_at":null,"id":null"#,
            r#","account_id":null,"enabled":true,"channel":{"uuid":"WPN1"},"created_at":0"#,
        ] {
            let rows = read(&["[{", ROW, members, "}]"].concat()).unwrap();
            assert_eq!((&rows[0].channel_uuid, &rows[0].created_at), (&None, &None), "{members}");
            assert_eq!((rows[0].id, rows[0].account_id), (None, None), "{members}");
            assert!(rows[0].hook_params.is_empty(), "{members}");
        }
    }

    #[test]
    fn a_parameter_is_its_text_or_the_json_of_anything_else() {
        for (json, value) in [
            (r#""plain""#, "plain"),
            (r#""""#, ""),
            (r#""7""#, "7"),
            (r#""a \"quoted\" \u00fc\n""#, "a \"quoted\" ü\n"),
            ("7", "7"),
            ("-1.50e+3", "-1.50e+3"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("true", "true"),
            ("null", "null"),
            ("[]", "[]"),
            (r#"[1, "two", null]"#, r#"[1, "two", null]"#),
            (r#"{"a": {"b": ["\u0063"]}}"#, r#"{"a": {"b": ["\u0063"]}}"#),
        ] {
            let params = params_of(&format!(r#"{{"name" : {json} }}"#));
            assert_eq!(params, [("name".to_owned(), value.to_owned())], "{json}");
        }
    }

    #[test]
    fn a_subscription_needs_no_more_than_a_uuid_and_one_without_is_told() {
        let body = r#"{"webhooks":[{"uuid":"WHK1","id":"12","account_id":-1,"event_name":null,
            "hook_url":false,"channel_uuid":{}},{"event_name":"e"},7,{"uuid":8}]}"#;
        let listed = ListWebhookSubscriptions.read(&answer(body)).unwrap();
        let [odd, number] = &listed.subscriptions[..] else { panic!("{listed:?}") };
        assert_eq!((&*odd.uuid, odd.id, odd.account_id), ("WHK1", Some(12), None));
        assert_eq!((&*odd.event_name, &*odd.hook_url, &odd.channel_uuid), ("", "", &None));
        assert_eq!(number.uuid, "8");
        let skipped = listed.skipped.unwrap();
        assert_eq!(
            (skipped.count, &*skipped.places),
            (2, &["$.webhooks[1]", "$.webhooks[2]"].map(str::to_owned)[..])
        );
    }

    #[test]
    fn parameters_that_are_no_object_are_kept() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for nothing in ["{}", "[]", "null", "false", r#""""#] {
            assert_eq!(params_of(nothing), [], "{nothing}");
        }
        assert_eq!(params_of("7"), [pair("hook_params", "7")]);
        assert_eq!(params_of(r#""a=b""#), [pair("hook_params", "a=b")]);
        assert_eq!(params_of(r#"["a",[1]]"#), [pair("0", "a"), pair("1", "[1]")]);
    }

    #[test]
    fn parameters_keep_their_order_and_any_name() {
        let params = params_of(r#"{"z":"1","a":"2","":"3","\u00fc \"x\"":"4"}"#);
        let names: Vec<_> = params.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["z", "a", "", "ü \"x\""]);
    }

    #[test]
    fn a_parameter_of_any_depth_is_given_as_it_came() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = [&open.repeat(100_000), "1", &close.repeat(100_000)].concat();
            let params = params_of(&format!(r#"{{"deep":{deep}}}"#));
            assert!(params == [("deep".to_owned(), deep)]);
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_named_by_its_path() {
        assert_named(
            read,
            &[
                ("{}", "$.webhooks"),
                (r#"{"webhooks":7}"#, "$.webhooks"),
                (r#"{"foo":1}"#, "$.webhooks"),
                (r#"{"success":true,"foo":[]}"#, "$.webhooks"),
                ("[7]", "$"),
                (r#"[{"foo":1}]"#, "$"),
                ("7", "$"),
                ("[7}", "$"),
                ("", "$"),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_a_failure(text in "(?s).{0,60}", at in 0..ANSWER.len()) {
            let (before, after) = ANSWER.split_at(at);
            for body in [&text, &[before, &text].concat(), &[before, &text, after].concat()] {
                let _ = read(body);
            }
        }

        #[test]
        fn any_parameter_is_read_back_as_it_was_written(name in "(?s).{0,9}", value in "(?s).{0,20}") {
            let params = params_of(&serde_json::json!({ &name: &value }).to_string());
            prop_assert_eq!(params, [(name, value)]);
        }
    }
}
