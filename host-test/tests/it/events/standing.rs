//! Which subscription that stands is the one that is wanted, whatever of it is told?

use super::*;

const GROUP: &str = "WAG66037eca-9ad1-4c96-9eff-526a90a48c77";
const GROUP_B: &str = "WAG66037eca-9ad1-4c96-9eff-526a90a40000";

/// What becomes of a subscription beside one row, and the warning.
async fn beside(row: Value, wanted: Value) -> (bool, String) {
    let listed = Ok((200, json!({"success": true, "webhooks": [row]})));
    let made = json!({"success": true, "data": {"uuid": "WHK2"}});
    let hook = replying(vec![listed, Ok((200, made))]);
    let subscribed = hook.call("subscribe", wanted).await.unwrap();
    let warning = subscribed.get("warning").and_then(Value::as_str).unwrap_or_default();
    (subscribed["existing"] == true, warning.to_owned())
}

fn with(mut row: Value, members: &Value) -> Value {
    row.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    row
}

#[tokio::test]
async fn one_of_a_single_group_or_a_shorter_time_is_not_the_one_of_all() {
    let conversation = |period: Value| {
        let event = json!({"event-name": "whatsapp.conversation.new", "time-period": period});
        with(wanted(CHANNEL), &event)
    };
    let of_group = |group: &str| with(wanted(CHANNEL), &json!({"to-group-uuid": group}));
    let event = json!({"event_name": "whatsapp.conversation.new"});
    let params = |params: Value| with(row(CHANNEL), &json!({"hook_params": params}));
    let period = |period: Value| with(params(json!({"time_period": period})), &event);
    let group = |group: &str| params(json!({"to_group_uuid": group}));
    for (row, wanted, existing, warns) in [
        (group(GROUP_B), wanted(CHANNEL), false, false),
        (group(GROUP_B), of_group(GROUP_B), true, false),
        (group(&GROUP_B.to_uppercase()), of_group(GROUP_B), true, false),
        (group(GROUP_B), of_group(GROUP), false, false),
        (row(CHANNEL), of_group(GROUP), true, true),
        (params(json!({"to_group_uuid": null})), wanted(CHANNEL), true, false),
        (period(json!("day")), conversation(Value::Null), false, false),
        (period(json!("day")), conversation(json!("all-time")), false, false),
        (period(json!("day")), conversation(json!("day")), true, false),
        (period(json!("all_time")), conversation(Value::Null), true, false),
        (period(Value::Null), conversation(json!("all-time")), true, false),
        (period(json!("ALL-TIME")), conversation(json!("day")), false, false),
        (with(row(CHANNEL), &event), conversation(json!("day")), true, true),
    ] {
        let shown = format!("{row} {wanted}");
        let (is_there, warning) = beside(row, wanted).await;
        assert_eq!(is_there, existing, "{shown}: {warning}");
        assert_eq!(
            warning.contains("it may be of another"),
            warns && existing,
            "{shown}: {warning}"
        );
    }
}

#[tokio::test]
async fn a_url_is_the_same_however_it_is_written() {
    for (there, url, same) in [
        ("HTTPS://Hooks.Example.com/2chat", "https://hooks.example.com/2chat", true),
        ("https://hooks.example.com:443/2chat", "https://hooks.example.com/2chat", true),
        ("http://hooks.example.com:80/2chat", "http://hooks.example.com/2chat", true),
        ("https://hooks.example.com", "https://hooks.example.com/", true),
        ("https://hooks.example.com?a=1", "https://hooks.example.com/?a=1", true),
        ("https://hooks.example.com/2chat#a", "https://hooks.example.com/2chat", true),
        ("https://hooks.example.com/%c3%a4", "https://hooks.example.com/%C3%A4", true),
        (" https://hooks.example.com/2chat\n", "https://hooks.example.com/2chat", true),
        ("https://hooks.example.com/2chat/", "https://hooks.example.com/2chat", false),
        ("https://hooks.example.com/2Chat", "https://hooks.example.com/2chat", false),
        ("http://hooks.example.com/2chat", "https://hooks.example.com/2chat", false),
        ("https://hooks.example.com:80/2chat", "https://hooks.example.com/2chat", false),
        ("https://hooks.example.com/a?b=1&c=2", "https://hooks.example.com/a?c=2&b=1", false),
        ("https://u:p@hooks.example.com/2chat", "https://hooks.example.com/2chat", false),
        ("https://hooks.example.com/ab%C3", "https://hooks.example.com/AB%c3", false),
    ] {
        let row = with(row(CHANNEL), &json!({"hook_url": there}));
        let wanted = with(wanted(CHANNEL), &json!({"hook-url": url}));
        assert_eq!(beside(row, wanted).await, (same, String::new()), "{there} {url}");
    }
}

#[tokio::test]
async fn what_a_row_does_not_tell_is_told() {
    for (members, by, existing, words) in [
        (json!({"channel_uuid": null}), CHANNEL, true, "which channel it is of"),
        (json!({"channel_uuid": null}), "+14155550100", true, "which channel it is of"),
        (json!({"channel_uuid": null, "hook_params": {"waweb_uuid": CHANNEL}}), CHANNEL, true, ""),
        (json!({"channel_uuid": null, "hook_params": {"waweb_uuid": "WPN2"}}), CHANNEL, false, ""),
        (json!({"hook_params": {"on_number": "+1 415-555-0100"}}), "+14155550100", true, ""),
        (json!({"hook_url": null}), CHANNEL, false, "cannot be read"),
        (json!({"event_name": null}), CHANNEL, false, "cannot be read"),
        (json!({"uuid": null}), CHANNEL, false, "cannot be read"),
        (json!({"hook_url": null, "event_name": "other"}), CHANNEL, false, ""),
    ] {
        let (is_there, warning) = beside(with(row(CHANNEL), &members), wanted(by)).await;
        assert_eq!(is_there, existing, "{members} {by}: {warning}");
        assert_eq!(warning.is_empty(), words.is_empty(), "{members} {by}: {warning}");
        assert!(warning.contains(words), "{members} {by}: {warning}");
    }
    // One that is surely meant comes before one that may be.
    let rows = json!([with(row("WPN1"), &json!({"channel_uuid": null})), row(CHANNEL)]);
    let hook = replying(vec![Ok((200, json!({"success": true, "webhooks": rows})))]);
    let found = hook.call("subscribe", wanted(CHANNEL)).await.unwrap();
    assert_eq!(
        (&found["subscription"]["channel-uuid"], found.get("warning")),
        (&json!(CHANNEL), None)
    );
}

#[tokio::test]
async fn an_answer_about_something_else_is_told() {
    for (data, words) in [
        (json!({"uuid": "WHK2", "event_name": "other"}), "another event or url"),
        (json!({"uuid": "WHK2", "hook_url": "https://other.example.com"}), "another event or url"),
        (json!({"uuid": "WHK2", "hook_url": URL.replace("https", "HTTPS")}), ""),
        (json!({"uuid": "WHK2"}), ""),
    ] {
        let made = Ok((201, json!({"success": true, "data": data})));
        let hook = replying(vec![Ok(nothing_listed()), made]);
        let made = hook.call("subscribe", wanted(CHANNEL)).await.unwrap();
        let warning = made.get("warning").and_then(Value::as_str).unwrap_or_default();
        assert!(warning.contains(words) && warning.is_empty() == words.is_empty(), "{made}");
    }
}
