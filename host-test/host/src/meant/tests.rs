//! What is taken as it was meant, and what is left as it is.

use serde_json::json;

use super::*;

fn schema() -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "properties": {
            "first-name": { "type": "string" },
            "last-name": { "type": "string", "description": "Family name." },
            "page-number": { "type": "integer", "minimum": 0 },
            "size": { "type": "integer", "minimum": 1, "maximum": 100 },
            "share": { "type": "number" },
            "active": { "type": "boolean" },
            "ways": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "kind": { "type": "string", "enum": ["email", "whatsapp-phone"] },
                    "value": { "type": "string" },
                    "note": { "type": "string" },
                },
                "required": ["kind", "value"],
            } },
            "tags": { "type": "array", "items": { "type": "string" } },
            "place": { "type": "object", "properties": { "zip-code": { "type": "string" } } },
        },
        "required": ["first-name", "ways"],
    });
    schema.as_object().unwrap().clone()
}

fn result() -> Map<String, Value> {
    let schema = json!({ "properties": { "next-page": { "type": "integer" } } });
    schema.as_object().unwrap().clone()
}

fn taken(given: Value) -> Value {
    let Meant { arguments, left_out } = meant(given, &schema(), &result()).unwrap();
    assert_eq!(left_out, [] as [&str; 0]);
    arguments
}

#[test]
fn what_fits_stays_as_it_is() {
    let given = json!({
        "first-name": "  Ada ", "last-name": "null", "size": 7, "share": 0.5, "active": false,
        "ways": [{ "kind": "email", "value": "[1]" }], "tags": ["{}", ""], "place": {},
    });
    assert_eq!(taken(given.clone()), given);
}

#[test]
fn what_can_mean_one_thing_only_is_taken_as_that() {
    let way = json!({ "kind": "whatsapp-phone", "value": "+14155550123" });
    for (given, meant) in [
        (json!({ "ways": json!([way]).to_string() }), json!({ "ways": [way] })),
        (json!({ "ways": format!(" {way}\n") }), json!({ "ways": [way] })),
        (json!({ "ways": way }), json!({ "ways": [way] })),
        (json!({ "ways": [way.to_string()] }), json!({ "ways": [way] })),
        (
            json!({ "ways": [{ "Kind": "WHATSAPP_PHONE", "value": 14_155_550_123_u64, "note": "" }] }),
            json!({ "ways": [{ "kind": "whatsapp-phone", "value": "14155550123" }] }),
        ),
        (json!({ "tags": "one" }), json!({ "tags": ["one"] })),
        (json!({ "tags": "[\"a\",7]" }), json!({ "tags": ["a", "7"] })),
        (json!({ "place": "{\"zip_code\":7}" }), json!({ "place": { "zip-code": "7" } })),
        (json!({ "page_number": "3" }), json!({ "page-number": 3 })),
        (json!({ "pageNumber": 3.0 }), json!({ "page-number": 3 })),
        (json!({ "page-number": " 3.0 " }), json!({ "page-number": 3 })),
        (json!({ "share": "0.25" }), json!({ "share": 0.25 })),
        (json!({ "active": "False" }), json!({ "active": false })),
        (json!({ "last-name": "", "page-number": null, "active": " " }), json!({})),
        (json!({ "first-name": "", "last-name": null }), json!({ "first-name": "" })),
        (json!(null), json!({})),
        (json!([]), json!({})),
        (json!("{\"first_name\":\"Ada\"}"), json!({ "first-name": "Ada" })),
        (json!({ "arguments": { "page_number": 2 } }), json!({ "page-number": 2 })),
        (json!({ "kwargs": "{\"size\":7}", "_id": 1 }), json!({ "size": 7 })),
    ] {
        assert_eq!(taken(given.clone()), meant, "{given}");
    }
}

#[test]
fn what_cannot_be_taken_otherwise_stays_for_the_action_to_refuse() {
    for given in [
        json!({ "ways": ["x"] }),
        json!({ "ways": [7] }),
        json!({ "ways": null }),
        json!({ "ways": "" }),
        json!({ "active": "yes" }),
        json!({ "first-name": true }),
        json!({ "first-name": 1.5 }),
        json!({ "ways": [{ "kind": "fax", "value": "1", "extra": 1 }] }),
        json!("Ada"),
        json!([1]),
    ] {
        assert_eq!(taken(given.clone()), given);
    }
    assert_eq!(taken(json!({ "ways": "[1" })), json!({ "ways": ["[1"] }));
}

#[test]
fn the_first_of_two_spellings_is_not_lost_to_the_second() {
    let both = json!({ "first_name": "Eva", "first-name": "Ada" });
    let why = meant(both, &schema(), &result()).unwrap_err();
    assert_eq!(why, "first-name: it is given twice, as first-name and as first_name");
}

#[test]
fn a_clients_own_member_is_left_out_and_one_that_is_misspelt_is_refused() {
    for own in ["wait_for_previous", "toolCallId", "random_string", "tool_call_description", "x"] {
        let given = json!({ "first-name": "Ada", own: { "a": 1 } });
        let Meant { arguments, left_out } = meant(given, &schema(), &result()).unwrap();
        assert_eq!((arguments, left_out), (json!({ "first-name": "Ada" }), vec![own.to_owned()]));
    }
    assert_eq!(taken(json!({ "_meta": {}, "_sessionID": "a" })), json!({}));
    for (misspelt, own) in
        [("firstname", None), ("fist-name", Some("first-name")), ("pagenumbr", Some("page-number"))]
    {
        let found = meant(json!({ misspelt: "1" }), &schema(), &result());
        match own {
            None => assert!(found.is_ok(), "{misspelt}"),
            Some(own) => {
                let why = format!("{misspelt}: there is no such field; did you mean {own}?");
                assert_eq!(found.unwrap_err(), why);
            }
        }
    }
}

#[test]
fn what_stands_for_a_field_under_another_name_is_refused_and_not_lost() {
    for (given, like) in [
        ("other-ways", "did you mean ways?"),
        ("name", "did you mean first-name?"),
        ("family_name", "did you mean last-name?"),
        ("Number", "did you mean page-number?"),
        ("email", "email is one of the words for kind"),
        ("WhatsappPhone", "whatsapp-phone is one of the words for kind"),
        (
            "nextPage",
            "it is one of the answer; there are first-name, last-name, page-number, size, \
                      share, active, ways, tags, place",
        ),
    ] {
        let why = meant(json!({ given: {} }), &schema(), &result()).unwrap_err();
        assert_eq!(why, format!("{given}: there is no such field; {like}"));
    }
}

#[test]
fn a_number_out_of_bounds_is_told_with_those_of_the_schema() {
    for (given, why) in [
        (json!({ "size": 300 }), "size: 300 cannot be used; expected a whole number from 1 to 100"),
        (
            json!({ "size": "-1" }),
            "size: \"-1\" cannot be used; expected a whole number from 1 to 100",
        ),
        (
            json!({ "page-number": -1 }),
            "page-number: -1 cannot be used; expected a whole number of at least 0",
        ),
        (json!({ "size": 1.5 }), "size: 1.5 cannot be used; expected a whole number from 1 to 100"),
        (
            json!({ "size": "many" }),
            "size: \"many\" cannot be used; expected a whole number from 1 to 100",
        ),
        (
            json!({ "size": "1.000" }),
            "size: \"1.000\" cannot be used; expected a whole number from 1 to 100",
        ),
        (json!({ "share": true }), "share: true cannot be used; expected a number"),
    ] {
        assert_eq!(meant(given, &schema(), &result()).unwrap_err(), why);
    }
}

#[test]
fn a_text_of_more_parts_than_any_action_takes_stays_a_text() {
    let many = format!("[{}{{}}]", "{},".repeat(20_000));
    assert_eq!(taken(json!({ "ways": many })), json!({ "ways": [many] }));
}
