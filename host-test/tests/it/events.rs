//! The toolset `events`, through the built file: what is read, subscribed for and ended.

mod standing;
mod toolset;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use http::Response;
use http_body_util::{BodyExt, Full};
use mock::{EVENTS, Fault, Mock, sample};
use serde_json::{Value, json};
use wasmtime_wasi_http::Error;

use crate::support::{
    Caller, hook::Hook, known::CHANNEL, mock, names, policy, schemas::EVENT_TOOLS, shell::run,
};

const URL: &str = "https://hooks.example.com/2chat?token=t";

fn wanted(channel: &str) -> Value {
    let mut wanted = json!({"event-name": "whatsapp.message.received", "hook-url": URL});
    let name = if channel.starts_with('+') { "on-number" } else { "channel-uuid" };
    wanted[name] = channel.into();
    wanted
}

async fn subscribe(twochat: &Mock, wanted: Value) -> Value {
    Caller::of(twochat).call("subscribe", wanted).await.unwrap()
}

/// A status and a body, or why there are none.
type Replied = Result<(u16, Value), fn() -> Error>;

/// A host that answers these in turn, the last one again and again.
fn replying(replies: Vec<Replied>) -> Hook {
    let next = AtomicUsize::new(0);
    Hook::answering(move || {
        let turn = next.fetch_add(1, Relaxed).min(replies.len() - 1);
        let (status, body) = match &replies[turn] {
            Ok((status, body)) => (*status, body.to_string()),
            Err(error) => return Err(error()),
        };
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        Ok(Response::builder().status(status).body(body).unwrap())
    })
}

fn nothing_listed() -> (u16, Value) {
    (200, json!({"success": true, "webhooks": []}))
}

#[tokio::test]
async fn every_sample_of_the_mock_is_read_under_its_name_and_typed() {
    let (twochat, mut read) = (mock().await, 0);
    for event in EVENTS {
        let Some(body) = sample(event) else { continue };
        let arguments = json!({"body": body, "event-name": event});
        let found = Caller::of(&twochat).call("read-event", arguments).await.unwrap();
        assert_eq!((&found["name"], found.get("told-name")), (&json!(event), None), "{found}");
        assert!(
            found["content"].get("other").is_none() && found.get("unread").is_none(),
            "{found}"
        );
        assert!(
            found.get("key").is_some() || event.contains(".group.") || event.contains("status")
        );
        assert!(found["channel-phone-number"].as_str().unwrap().starts_with('+'), "{found}");
        read += 1;
    }
    assert!(read > 15 && twochat.requests().is_empty(), "{read}");
}

#[tokio::test]
async fn an_event_is_read_without_a_setting_a_key_or_a_request() {
    let hook =
        Hook::failing(|| Error::HttpRequestDenied).with_variable("TWOCHAT_BASE_URL", "no url");
    let body = sample("whatsapp.order.received").unwrap();
    let found = hook.call("read-event", json!({ "body": body })).await.unwrap();
    assert_eq!(found["message"]["order"]["products"][0]["price"], "210.5");
    assert!(hook.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_event_is_refused_with_its_place_and_costs_nothing() {
    let hook = Hook::failing(|| Error::HttpRequestDenied);
    for (body, place) in [
        ("", "$"),
        ("no JSON", "$"),
        (r#"{"message":{"text":"#, "$.message.text"),
        ("[]", "$"),
        (r#"[{"uuid":"a"},{"uuid":"b"}]"#, "$"),
        ("{}", "$"),
        ("7", "$"),
    ] {
        let error = hook.call("read-event", json!({ "body": body })).await.unwrap_err();
        assert_eq!(policy(&error), ("invalid-input", "no", "after-correcting"), "{body}: {error}");
        assert_eq!(error["field"], place, "{body}: {error}");
    }
    let large = json!({ "body": format!("{{\"a\":\"{}\"}}", "a".repeat(2 << 20)) });
    assert_eq!(hook.call("read-event", large).await.unwrap_err()["field"], "body");
    let name = json!({"body": "{}", "event-name": "Not a name"});
    assert_eq!(hook.call("read-event", name).await.unwrap_err()["field"], "event-name");
}

#[tokio::test]
async fn what_is_told_to_be_a_message_has_its_key_and_no_id_of_whatsapp_is_a_number() {
    let hook = Hook::failing(|| Error::HttpRequestDenied);
    let read = async |members: Value| {
        let mut body = json!({ "uuid": "MSG1", "event": "whatsapp.message.received" });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        hook.call("read-event", json!({ "body": body.to_string() })).await.unwrap()
    };
    let sticker = read(json!({ "message": { "sticker": { "a": 1 } } })).await;
    assert_eq!((&sticker["content"], &sticker["key"]), (&json!("message"), &json!("MSG1")));
    assert_eq!(sticker["message"], json!({ "uuid": "MSG1" }));
    assert_eq!(sticker["unread"], json!({ "count": 1, "places": ["$.message.sticker"] }));
    let order =
        read(json!({ "message": { "order": { "total": "$25", "currency": "USD" } } })).await;
    assert_eq!(order["message"]["order"], json!({ "currency": "USD", "products": [] }));
    let group = json!({
        "session_key": format!("WW-{CHANNEL}-98765432109876@g.us"),
        "remote_phone_number": "+98765432109876", "message": { "text": "Hi" },
    });
    let group = read(group).await;
    assert_eq!(
        (group.get("phone-number"), &group["chat-id"]),
        (None, &json!("98765432109876@g.us"))
    );
}

#[tokio::test]
async fn the_largest_body_and_the_deepest_are_read_within_the_bounds_of_a_call() {
    let hook = Hook::failing(|| Error::HttpRequestDenied);
    let most = |item: &str, around: (&str, &str)| {
        let count = ((2 << 20) - around.0.len() - around.1.len()) / item.len();
        let items = item.repeat(count);
        [around.0, items.trim_end_matches(','), around.1].concat()
    };
    for body in [
        most(r#"{"id":1},"#, (r#"{"type":"join","participants":["#, "]}")),
        most(r#"{"id":1},"#, (r#"{"message":{"order":{"products":["#, "]}}}")),
    ] {
        let found = hook.call("read-event", json!({ "body": body })).await.unwrap();
        assert!(found["unread"]["count"].as_u64().unwrap() > 200_000);
    }
    let people: String = (0..2000).map(|it| format!("{},", 20_000_000_000_u64 + it)).collect();
    let ids = (10_000_000..10_120_000).map(|id| format!(r#""{id}@lid","#)).collect::<String>();
    let body = format!(r#"{{"type":"join","participants":[{people}1],"ids":[{ids}1]}}"#);
    let found = hook.call("read-event", json!({ "body": body })).await.unwrap();
    assert_eq!(found["content"]["group-change"]["participants"].as_array().unwrap().len(), 2000);
    let deep =
        format!("{{\"event\":\"new\",\"a\":{}{}}}", "[".repeat(1 << 19), "]".repeat(1 << 19));
    let found = hook.call("read-event", json!({ "body": deep })).await.unwrap();
    assert_eq!(found["content"]["other"], deep);
}

#[tokio::test]
async fn what_stands_is_found_by_event_url_and_channel_instead_of_made_again() {
    let twochat = mock().await;
    let first = subscribe(&twochat, wanted(CHANNEL)).await;
    assert_eq!(
        (&first["existing"], &first["subscription"]["channel-uuid"]),
        (&json!(false), &json!(CHANNEL))
    );
    assert_eq!((&first["subscription"]["hook-url"], first.get("warning")), (&json!(URL), None));
    let upper = format!("WPN{}", CHANNEL[3..].to_uppercase());
    let in_capitals = subscribe(&twochat, wanted(&upper)).await;
    assert_eq!(in_capitals["existing"], true);
    let second = subscribe(&twochat, wanted(CHANNEL)).await;
    assert_eq!(second["existing"], true);
    assert_eq!(second["subscription"]["uuid"], first["subscription"]["uuid"]);
    let asked: Vec<_> = twochat.requests().into_iter().map(|it| (it.method, it.path)).collect();
    let list = || ("GET".to_owned(), "/open/webhooks".to_owned());
    let made = ("POST".to_owned(), "/open/webhooks/subscribe/whatsapp.message.received".to_owned());
    assert_eq!(asked, [list(), made, list(), list()]);

    let other = [
        json!({"event-name": "whatsapp.message.sent"}),
        json!({"hook-url": "https://hooks.example.com/other"}),
        json!({"channel-uuid": CHANNEL.replace("WPN", "WAN")}),
        json!({"event-name": "whatsapp.conversation.new", "time-period": "day"}),
        json!({"event-name": "whatsapp.conversation.new", "time-period": "week"}),
    ];
    for changes in other {
        let mut wanted = wanted(CHANNEL);
        for (name, value) in changes.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let made = subscribe(&twochat, wanted).await;
        assert_eq!((&made["existing"], made.get("warning")), (&json!(false), None), "{changes}");
    }
}

#[tokio::test]
async fn by_a_number_what_stands_is_found_by_its_channel() {
    let twochat = mock().await;
    let first = subscribe(&twochat, wanted("+14155550100")).await;
    assert_eq!((&first["existing"], first.get("warning")), (&json!(false), None));
    let again = subscribe(&twochat, wanted("+14155550100")).await;
    assert_eq!((&again["existing"], again.get("warning")), (&json!(true), None));
    assert_eq!(again["subscription"]["uuid"], first["subscription"]["uuid"]);
    let paths: Vec<_> = twochat.requests().into_iter().map(|it| it.path).collect();
    let [list, made, second, numbers] = &paths[..] else { panic!("{paths:?}") };
    assert!((list, second) == (second, list) && made.contains("subscribe"), "{paths:?}");
    // They are asked only where one may be of the number.
    assert_eq!(numbers, "/open/whatsapp/get-numbers");

    // Another number is another channel.
    let other = subscribe(&twochat, wanted("+14155550101")).await;
    assert_eq!((&other["existing"], other.get("warning")), (&json!(false), None));
    assert_ne!(other["subscription"]["uuid"], first["subscription"]["uuid"]);
    for number in ["+14155550100", "+14155550101"] {
        assert_eq!(subscribe(&twochat, wanted(number)).await["existing"], true, "{number}");
    }
    // A number and its channel are one.
    let channel = first["subscription"]["channel-uuid"].as_str().unwrap();
    let by_channel = subscribe(&twochat, wanted(channel)).await;
    assert_eq!(by_channel["subscription"]["uuid"], first["subscription"]["uuid"]);
}

/// Of the subscription that is wanted, of this channel.
fn row(channel: &str) -> Value {
    json!({
        "uuid": "WHK1", "event_name": "whatsapp.message.received", "channel_uuid": channel,
        "hook_url": URL, "hook_params": {},
    })
}

#[tokio::test]
async fn the_channel_of_a_number_is_looked_for_on_every_page_however_it_is_written() {
    let listed = || Ok((200, json!({"success": true, "webhooks": [row("WPN1")]})));
    let made = || Ok((200, json!({"success": true, "data": row("WPN2")})));
    let number = |uuid: &str, number: Value| json!({"uuid": uuid, "phone_number": number});
    let page = |rows: Vec<Value>| Ok((200, json!({"success": true, "numbers": rows})));
    let ours = |uuid: &str| number(uuid, json!("+1 415-555-0100"));
    let other = || number("WPN1", json!("+14155550199"));
    for (pages, existing, warns) in [
        (vec![page(vec![other(), ours("WPN2")])], false, false),
        (vec![page(vec![number("WPN1", json!(14_155_550_100_u64))])], true, false),
        (vec![page(vec![other()]), page(vec![ours("WPN1")])], true, false),
        (vec![page(vec![ours("WPN1"), ours("WPN1")])], true, false),
        (vec![Ok((200, json!([ours("WPN1")])))], true, false),
        // Two channels of one number, one of another kind, none, and lists that tell nothing.
        (vec![page(vec![ours("WAN1")])], false, true),
        (vec![page(vec![ours("WPN1"), ours("WPN2")])], false, true),
        (vec![page(vec![other()]), page(vec![])], false, true),
        (vec![page(vec![])], false, true),
        (vec![page(vec![number("WPN1", Value::Null)]), page(vec![])], false, true),
        (vec![Ok((404, json!({"error": "no"})))], false, true),
        (vec![Ok((403, json!({"error": "no"})))], false, true),
        (vec![Ok((200, json!({"success": false, "error_message": "no"})))], false, true),
        (vec![Ok((200, json!({"data": 7})))], false, true),
    ] {
        let shown = format!("{:?}", pages.iter().flatten().collect::<Vec<_>>());
        let mut replies: Vec<Replied> = vec![listed()];
        replies.extend(pages);
        let asked = replies.len();
        replies.push(made());
        let hook = replying(replies);
        let subscribed = hook.call("subscribe", wanted("+14155550100")).await.unwrap();
        assert_eq!(subscribed["existing"], existing, "{shown}");
        let warning = subscribed.get("warning").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(warning.contains("WHK1 reports this event"), warns, "{shown}: {warning}");
        let sent = hook.seen();
        assert_eq!(sent.len(), asked + usize::from(!existing), "{shown}");
        let turns = sent.iter().skip(1).take(asked - 1).enumerate();
        for (turn, request) in turns {
            let path = format!("/open/whatsapp/get-numbers?page_number={turn}&status=all");
            assert!(request.url.ends_with(&path), "{}", request.url);
        }
    }
}

#[tokio::test]
async fn a_list_of_numbers_without_an_end_is_left_and_one_that_fails_for_now_ends_the_call() {
    let listed = || Ok((200, json!({"success": true, "webhooks": [row("WPN1")]})));
    let other = json!({"uuid": "WPN1", "phone_number": "+14155550199"});
    let endless = replying(vec![listed(), Ok((200, json!({"success": true, "numbers": [other]})))]);
    // The last of them answers the making too, which is no answer to that.
    endless.call("subscribe", wanted("+14155550100")).await.unwrap_err();
    assert_eq!(endless.seen().len(), 7);
    for (reply, kind, retry) in [
        (Ok((503, json!({}))), "busy", "after-waiting"),
        (Ok((429, json!({}))), "rate-limited", "after-waiting"),
        (Err((|| Error::ConnectionTimeout) as fn() -> Error), "interrupted", "now"),
    ] {
        let hook = replying(vec![listed(), reply, Ok((200, json!({})))]);
        let error = hook.call("subscribe", wanted("+14155550100")).await.unwrap_err();
        assert_eq!(policy(&error), (kind, "no", retry), "{error}");
        assert_eq!(hook.seen().len(), 2);
    }
}

#[tokio::test]
async fn what_is_subscribed_for_is_sent_in_the_words_of_2chat() {
    let row = json!({"uuid": "WHK1", "event_name": "e", "hook_url": "h", "hook_params": {}});
    let hook =
        replying(vec![Ok(nothing_listed()), Ok((200, json!({"success": true, "data": row})))]);
    let wanted = json!({
        "event-name": "whatsapp.conversation.new", "hook-url": URL, "on-number": "+14155550100",
        "to-group-uuid": "WAG66037eca-9ad1-4c96-9eff-526a90a48c77", "time-period": "all-time",
    });
    hook.call("subscribe", wanted).await.unwrap();
    let [list, made] = &hook.seen()[..] else { panic!("{:?}", hook.seen()) };
    assert_eq!((&*list.method, &*list.body), ("GET", ""));
    let sent: Value = made.body.parse().unwrap();
    let expected = json!({
        "hook_url": URL, "on_number": "+14155550100", "time_period": "all-time",
        "to_group_uuid": "WAG66037eca-9ad1-4c96-9eff-526a90a48c77",
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn what_cannot_be_subscribed_for_is_refused_before_anything_is_sent() {
    let hook = Hook::failing(|| Error::HttpRequestDenied);
    for (name, value, field) in [
        ("event-name", json!("whatsapp message"), "event-name"),
        ("hook-url", json!("hooks.example.com"), "hook-url"),
        ("hook-url", json!("https://user:password@hooks.example.com"), "hook-url"),
        ("on-number", json!("+14155550100"), "channel-uuid"),
        ("on-number", json!("415"), "on-number"),
        ("channel-uuid", json!("WPN1"), "channel-uuid"),
        ("channel-uuid", Value::Null, "channel-uuid"),
        ("to-group-uuid", json!("120363027885165765@g.us"), "to-group-uuid"),
        ("time-period", json!("day"), "time-period"),
    ] {
        let mut wanted = wanted(CHANNEL);
        wanted[name] = value;
        let error = hook.call("subscribe", wanted).await.unwrap_err();
        assert_eq!(policy(&error), ("invalid-input", "no", "after-correcting"), "{error}");
        assert_eq!(error["field"], field, "{error}");
    }
    let (mut both, mut neither) = (wanted(CHANNEL), wanted(CHANNEL));
    both["on-number"] = json!("+14155550100");
    neither["channel-uuid"] = Value::Null;
    for (wanted, why) in [(both, "there are both"), (neither, "there is neither")] {
        let error = hook.call("subscribe", wanted).await.unwrap_err();
        assert!(error["message"].as_str().unwrap().contains(why), "{error}");
    }
    let error = hook.call("unsubscribe", json!({"uuid": "MSG1"})).await.unwrap_err();
    assert_eq!((policy(&error).0, &error["field"]), ("invalid-input", &json!("uuid")));
    assert!(hook.seen().is_empty());
}

#[tokio::test]
async fn where_the_list_fails_nothing_was_carried_out_and_none_is_made() {
    for (reply, kind) in [
        (Ok((504, json!({}))), "interrupted"),
        (Ok((429, json!({}))), "rate-limited"),
        (Ok((200, json!({"success": false, "error_message": "no"}))), "rejected"),
        (Ok((200, json!(7))), "unexpected-reply"),
        (Err((|| Error::ConnectionTimeout) as fn() -> Error), "interrupted"),
    ] {
        let hook = replying(vec![reply, Ok((200, json!({})))]);
        let error = hook.call("subscribe", wanted(CHANNEL)).await.unwrap_err();
        assert_eq!(policy(&error).0, kind, "{error}");
        assert_eq!(policy(&error).1, "no", "{error}");
        assert_ne!(policy(&error).2, "after-looking", "{error}");
        assert_eq!(hook.only().method, "GET");
    }
}

#[tokio::test]
async fn where_the_making_fails_it_may_have_been_carried_out() {
    for reply in [
        Ok((504, json!({}))),
        Ok((200, json!({"success": true}))),
        Err((|| Error::ConnectionTimeout) as fn() -> Error),
    ] {
        let hook = replying(vec![Ok(nothing_listed()), reply]);
        let error = hook.call("subscribe", wanted(CHANNEL)).await.unwrap_err();
        assert_eq!((policy(&error).1, policy(&error).2), ("perhaps", "after-looking"), "{error}");
        assert_eq!(hook.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_subscription_ends_once() {
    let twochat = mock().await;
    let made = subscribe(&twochat, wanted(CHANNEL)).await;
    let uuid = json!({"uuid": made["subscription"]["uuid"]});
    let caller = Caller::of(&twochat);
    let ended = caller.call("unsubscribe", uuid.clone()).await.unwrap();
    assert_eq!(ended, uuid);
    let sent = twochat.requests().pop().unwrap();
    let path = format!("/open/webhooks/{}", uuid["uuid"].as_str().unwrap());
    assert_eq!((&*sent.method, sent.path), ("DELETE", path));
    let error = caller.call("unsubscribe", uuid).await.unwrap_err();
    assert_eq!(policy(&error), ("not-found", "no", "never"), "{error}");
}

#[tokio::test]
async fn an_end_that_was_cut_may_be_asked_for_again() {
    let uuid = json!({"uuid": "WHK66037eca-9ad1-4c96-9eff-526a90a48c77"});
    let hook = Hook::failing(|| Error::ConnectionTimeout);
    let error = hook.call("unsubscribe", uuid.clone()).await.unwrap_err();
    assert_eq!(policy(&error), ("interrupted", "perhaps", "now"), "{error}");
    let hook = Hook::replying(200, r#"{"success":true}"#);
    assert!(hook.call("unsubscribe", uuid.clone()).await.is_ok());
    // Some say by the status alone that all went well.
    for (status, body) in [(204, ""), (200, ""), (202, " \n")] {
        assert!(Hook::replying(status, body).call("unsubscribe", uuid.clone()).await.is_ok());
    }
    let gone = Hook::replying(404, "").call("unsubscribe", uuid.clone()).await.unwrap_err();
    assert_eq!(policy(&gone), ("not-found", "no", "never"), "{gone}");
    for body in [r#"{"success":false}"#, "<html></html>", "[7]", "{}"] {
        assert!(
            Hook::replying(200, body).call("unsubscribe", uuid.clone()).await.is_err(),
            "{body}"
        );
    }
}

#[tokio::test]
async fn only_subscribe_sends_several_requests_and_only_the_last_changes_anything() {
    let mut calls = crate::support::every_action();
    calls.extend([
        ("read-event", json!({"body": sample("whatsapp.message.received").unwrap()})),
        ("subscribe", wanted(CHANNEL)),
        ("subscribe", wanted("+14155550100")),
        ("unsubscribe", json!({"uuid": "WHK66037eca-9ad1-4c96-9eff-526a90a48c77"})),
    ]);
    let known: Vec<_> =
        names().into_iter().chain(EVENT_TOOLS.iter().map(|it| it.name.clone())).collect();
    assert!(known.iter().all(|name| calls.iter().any(|(call, _)| call == name)), "{known:?}");
    for (action, arguments) in calls {
        let twochat = mock().await;
        for faults in
            [&[][..], &[Fault::Status(504)], &[Fault::Status(409)], &[Fault::SuccessFalse]]
        {
            twochat.clear();
            faults.iter().for_each(|fault| twochat.switch_on(*fault));
            let before = twochat.requests().len();
            let _ = Caller::of(&twochat).call(action, arguments.clone()).await;
            let sent: Vec<_> =
                twochat.requests().split_off(before).into_iter().map(|it| it.method).collect();
            let most = if action == "subscribe" { 3 } else { 1 };
            assert!(sent.len() <= most, "{action}: {sent:?}");
            let before = sent.iter().rev().skip(1);
            assert!(before.into_iter().all(|method| method == "GET"), "{action}: {sent:?}");
        }
    }
}

#[test]
fn the_command_reads_an_event_without_a_key_and_calls_nothing_else_without_one() {
    let body = sample("whatsapp.message.received").unwrap();
    let read = run(&["call", "read-event", "--body", &body], &[]);
    assert_eq!(read.result()["direction"], "incoming");
    let empty = run(&["call", "read-event", "--body", ""], &[]);
    assert_eq!(empty.error()["message"], "$: it is empty, or ends too early");
    let refused =
        run(&["call", "unsubscribe", "--uuid", "WHK66037eca-9ad1-4c96-9eff-526a90a48c77"], &[]);
    assert!(refused.message(2).contains("there is no key and no policy"), "{refused:?}");
}

#[tokio::test]
async fn what_the_mock_delivers_comes_to_who_subscribed_for_it_on_this_machine_alone() {
    let (twochat, receiver) = (mock().await, mock().await);
    let url = format!("{}/hook?token=t", receiver.base_url());
    let event = "whatsapp.order.received";
    for hook_url in [&*url, "https://hooks.example.com/2chat"] {
        subscribe(
            &twochat,
            json!({"event-name": event, "hook-url": hook_url, "channel-uuid": CHANNEL}),
        )
        .await;
    }
    let body = sample(event).unwrap();
    let delivered = twochat.deliver(event, &body).await;
    // The receiver is another mock, which wants a key.
    assert_eq!(delivered[0].outcome, Ok(403));
    assert!(delivered[1].outcome.as_ref().unwrap_err().contains("this machine"), "{delivered:?}");
    let came = receiver.requests().pop().unwrap();
    assert_eq!((&*came.method, &*came.path, &came.body), ("POST", "/open/hook", &body));
    assert_eq!(came.header("content-type"), Some("application/json"));
    let found = json!({"body": came.body, "event-name": event});
    let found = Caller::of(&twochat).call("read-event", found).await.unwrap();
    assert_eq!(found["message"]["order"]["products"][0]["name"], "Example cap");
    assert!(twochat.deliver("whatsapp.message.edited", "{}").await.is_empty());
}
