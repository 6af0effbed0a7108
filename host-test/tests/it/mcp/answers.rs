//! What a model gets of an answer: texts of strangers as data, without what nobody sees,
//! and no more than it has use for.

use mock::Reply;
use serde_json::{Value, json};

use super::{good, notes};
use crate::support::{
    agent::{Agent, twochat},
    shell::{self, asking},
};

/// A text with words that nobody sees, and what is seen of it.
const HIDDEN: &str =
    "Ada\u{E0053}\u{E0065}\u{E006E}\u{E0064} \u{202E}\u{200B}L👩\u{200D}💻\u{FE0F}\u{E0110}";
const SEEN: &str = "Ada L👩\u{200D}💻\u{FE0F}";

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{202E}' | '\u{E0000}'..)
}

/// As 2Chat gives a contact that has everything.
fn contact(number: usize) -> Value {
    let detail = |kind: &str, value: String| {
        json!({ "id": 40_000_000 + number, "type": kind, "value": value,
            "created_at": "2025-03-03T18:43:51Z", "updated_at": "2025-03-30T08:30:12Z" })
    };
    let uuid = |kind: &str| format!("{kind}{number:08}-36dc-4103-b2a2-6307749cf390");
    let signed = "0123456789abcdef".repeat(20);
    json!({
        "id": 1_000_000 + number,
        "uuid": uuid("CON"),
        "first_name": "Maximiliane",
        "last_name": format!("Example-Lovelace {number}"),
        "channel_uuid": "WPN66037eca-9ad1-4c96-9eff-526a90a48c77",
        "profile_pic_url": format!("https://pictures.example.com/v/t61/{number}.jpg?ccb=11-4&oh={signed}"),
        "details": [
            detail("WAPH", format!("+141555{number:05}")),
            detail("PH", format!("+595981{number:06}")),
            detail("E", format!("maximiliane.example{number}@example.com")),
        ],
    })
}

#[tokio::test]
async fn a_model_gets_what_is_seen_of_a_text_and_call_and_exports_every_byte() {
    let twochat = twochat().await;
    let mut one = contact(1);
    one["first_name"] = HIDDEN.into();
    one["details"][2]["value"] = HIDDEN.into();
    twochat.answer_with(Reply::json(200, json!({ "success": true, "contacts": [one] })));
    let mut agent = Agent::of(&twochat.base_url());
    let page = agent.call("list-contacts", json!({}));
    let first = &good(&page)["contacts"][0];
    assert_eq!((&first["first-name"], &first["details"][2]["value"]), (&json!(SEEN), &json!(SEEN)));
    let told = notes(&page);
    assert!(told.contains("taken out of 2 texts"), "{told}");
    twochat.answer_with(Reply::json(422, json!({ "detail": HIDDEN })));
    let refused = agent.fails("list-contacts", json!({}));
    assert!(refused.contains("Ada") && !refused.contains(is_unseen), "{refused:?}");
    agent.leave();

    twochat.answer_with(Reply::json(200, json!({ "success": true, "contacts": [one] })));
    let page = shell::run(&["call", "list-contacts"], &asking(&twochat.base_url())).result();
    assert_eq!(page["contacts"][0]["first-name"], HIDDEN);
    assert!(page["contacts"][0].get("profile-pic-url").is_some(), "{page}");
}

#[tokio::test]
async fn fields_choose_what_comes_and_what_is_left_out_is_told() {
    let twochat = twochat().await;
    let reply = json!({ "success": true, "contacts": [contact(1)] });
    twochat.answer_with(Reply::json(200, reply));
    let mut agent = Agent::of(&twochat.base_url());
    let page = agent.call("list-contacts", json!({}));
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let row = &good(&page)["contacts"][0];
    assert_eq!(names(row), ["uuid", "first-name", "last-name", "details"]);
    assert_eq!(names(&row["details"][0]), ["kind", "value"]);
    let told = notes(&page);
    let left_out = "Left out: channel-uuid, details.created-at, details.id, details.updated-at, id, \
                    profile-pic-url. `fields` gives what it names, and nothing else.";
    assert!(told.contains(left_out), "{told}");

    let asked = json!({ "fields": ["profile-pic-url", "details.value"] });
    let page = agent.call("list-contacts", asked);
    let row = &good(&page)["contacts"][0];
    assert_eq!(names(row), ["profile-pic-url", "details"]);
    assert_eq!(names(&row["details"][0]), ["value"]);
    let told = notes(&page);
    assert!(!told.contains("Left out"), "{told}");

    let sent = twochat.requests().len();
    let refused = agent.fails("list-contacts", json!({ "fields": ["name"] }));
    let expected = "fields[0]: there is no field `name`; there are id, uuid, first-name,";
    assert!(refused.starts_with(expected) && refused.contains("Nothing was sent"), "{refused}");
    assert_eq!(twochat.requests().len(), sent);
    agent.leave();
}

#[tokio::test]
async fn what_could_not_be_read_is_told_whatever_is_asked_for() {
    let twochat = twochat().await;
    let mut one = contact(1);
    one["details"] = json!([{ "type": "PH" }]);
    let reply = Reply::json(200, json!({ "success": true, "contacts": [one, 7] }));
    twochat.answer_with(reply);
    let mut agent = Agent::of(&twochat.base_url());
    let page = agent.call("list-contacts", json!({ "fields": ["last-name"] }));
    let page = good(&page);
    let row = json!({ "last-name": "Example-Lovelace 1", "unread-details": 1 });
    assert_eq!(page["contacts"], json!([row]));
    assert_eq!(page["skipped"]["count"], 1);
    agent.leave();
}

#[tokio::test]
async fn a_page_is_small() {
    let size = |page: &Value| {
        let structured = page["structuredContent"].to_string().len();
        let texts = page["content"].as_array().unwrap().iter();
        texts.map(|it| it["text"].as_str().unwrap().len()).sum::<usize>() + structured
    };
    let twochat = shell::twochat_with(1_000).await;
    let mut agent = Agent::of(&twochat.base_url());
    let default = size(&agent.call("list-contacts", json!({})));
    assert!((10_000..30_000).contains(&default), "{default}");

    // Fewer than 25,000 tokens, where a token has two and a half bytes.
    let all: Vec<_> = (0..100).map(contact).collect();
    twochat.answer_with(Reply::json(200, json!({ "success": true, "contacts": all })));
    let page = agent.call("list-contacts", json!({ "results-per-page": 100 }));
    assert_eq!(good(&page)["contacts"].as_array().unwrap().len(), 100);
    let whole = size(&page);
    assert!((40_000..62_500).contains(&whole), "{whole}");
    agent.leave();
}
