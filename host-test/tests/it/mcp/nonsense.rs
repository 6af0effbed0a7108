//! Whoever sends what nobody should is answered or passed over, and never left
//! waiting: the next call is served as ever.

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, hello, notification, request, twochat},
    names,
};

const INVALID_REQUEST: i32 = -32600;
const NO_METHOD: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const NO_JSON: i32 = -32700;

/// Answered with this code, and the id of a request that shows one.
fn is_refused(agent: &Agent, line: &[u8], code: i32, id: &Value) -> String {
    agent.send([line, b"\n"].concat());
    let shown = String::from_utf8_lossy(&line[..line.len().min(100)]).into_owned();
    let answer = agent.hear();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), id), "{shown}: {answer}");
    let words = answer["error"]["message"].as_str().unwrap();
    assert!(!words.is_empty() && words.len() < 1000, "{shown}: {words}");
    assert!(!words.contains(char::is_control), "{shown}: {words:?}");
    words.to_owned()
}

/// A call with arguments in arguments, so many levels deep.
fn deep(levels: usize) -> String {
    let (open, close) = ("{\"a\":".repeat(levels), "}".repeat(levels));
    format!(
        r#"{{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":{{"name":"list-contacts","arguments":{open}1{close}}}}}"#
    )
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_answered_and_the_next_one_served() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let none = Value::Null;
    let deep = deep(5000);
    for (line, code, id) in [
        (&b"nonsense"[..], NO_JSON, &none),
        (b"{", NO_JSON, &none),
        (b"\xff\xfe{}", NO_JSON, &none),
        (b"{\"a\": \"\xff\"}", INVALID_REQUEST, &none),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"a\":\"\xff\"}}",
            INVALID_REQUEST,
            &json!(7),
        ),
        (b"\xef\xbb\xbf\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1}", NO_JSON, &none),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#,
            NO_JSON,
            &none,
        ),
        (b"[]", INVALID_REQUEST, &none),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, INVALID_REQUEST, &none),
        (b"5", INVALID_REQUEST, &none),
        (b"null", INVALID_REQUEST, &none),
        (br#"{"a":1}"#, INVALID_REQUEST, &none),
        (b"{}", INVALID_REQUEST, &none),
        (br#"{"jsonrpc":"2.0","id":3}"#, INVALID_REQUEST, &json!(3)),
        (br#"{"jsonrpc":"1.0","id":"x","method":"ping"}"#, INVALID_REQUEST, &json!("x")),
        (br#"{"id":3,"method":"ping"}"#, INVALID_REQUEST, &json!(3)),
        (br#"{"jsonrpc":"2.0","id":3,"method":"ping","params":5}"#, INVALID_REQUEST, &json!(3)),
        (br#"{"jsonrpc":"2.0","id":5,"method":5}"#, INVALID_REQUEST, &json!(5)),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, INVALID_REQUEST, &none),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, INVALID_REQUEST, &none),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, INVALID_REQUEST, &none),
        (deep.as_bytes(), INVALID_REQUEST, &json!("deep")),
        // Two readers may take either of both.
        (
            br#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list-contacts","name":"create-contact"}}"#,
            INVALID_REQUEST,
            &json!(4),
        ),
        (
            br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"list-contacts","arguments":{"page-number":1,"page-number":2}}}"#,
            INVALID_REQUEST,
            &json!(5),
        ),
    ] {
        is_refused(&agent, line, code, id);
        agent.is_served();
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_message_of_more_than_4_mib_is_refused_and_one_of_less_is_read() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let of = |kib: usize| {
        let arguments = json!({ "page-number": "x".repeat(kib << 10) });
        request(1, "tools/call", json!({ "name": "list-contacts", "arguments": arguments }))
    };
    let words = is_refused(&agent, of(4096).to_string().as_bytes(), INVALID_REQUEST, &Value::Null);
    assert_eq!(words, "the message is larger than 4 MiB");
    agent.is_served();
    agent.say(&of(4000));
    assert_eq!(agent.hear()["result"]["isError"], true);
    // One that is still under way when the input ends.
    agent.send("x".repeat(5 << 20));
    let [answer] = &agent.leave()[..] else { panic!("not one answer") };
    assert_eq!(answer["error"]["code"], INVALID_REQUEST, "{answer}");
}

#[tokio::test]
async fn what_asks_for_no_answer_gets_none() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    for line in [
        "",
        "   \t",
        "\r",
        r#"{"jsonrpc":"2.0","method":"notifications/nope"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":5}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"no"}}"#,
    ] {
        agent.send(format!("{line}\n"));
        agent.is_served();
    }
    agent.send(format!("{}\r\n", request("windows", "ping", json!({}))));
    assert_eq!(agent.hear()["id"], "windows");
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test]
async fn what_there_is_not_is_told_with_what_there_is() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let long = "x".repeat(1 << 20);
    for (tool, shown) in
        [("list-contact", "`list-contact`"), ("\u{1b}[31m", "`\u{fffd}[31m`"), (&long, "`xxx")]
    {
        let call = request("t", "tools/call", json!({ "name": tool, "arguments": {} }));
        let words = is_refused(&agent, call.to_string().as_bytes(), INVALID_PARAMS, &json!("t"));
        assert!(words.starts_with(&format!("there is no tool {shown}")), "{words}");
        let known = format!("here are {}", names().join(", "));
        assert!(words.ends_with(&known), "{words}");
    }
    for method in ["nope", "logging/setLevel", "tasks/list", &long] {
        let call = request(1, method, json!({}));
        is_refused(&agent, call.to_string().as_bytes(), NO_METHOD, &json!(1));
    }
    for params in [
        json!({ "name": "list-contacts", "arguments": [1] }),
        json!({ "name": "list-contacts", "arguments": "page 2" }),
        json!({ "name": "list-contacts", "arguments": 7 }),
        json!({ "name": 5 }),
        json!({ "arguments": {} }),
        json!({}),
    ] {
        let call = request(1, "tools/call", params);
        let words = is_refused(&agent, call.to_string().as_bytes(), INVALID_PARAMS, &json!(1));
        assert!(words.contains("`name` as text and `arguments` as an object"), "{words}");
    }
    let broken = json!({ "name": "create-contact", "arguments": "{\"first-name\": \"Ada\"," });
    let refused = agent.ask("tools/call", broken);
    assert_eq!(refused["result"]["isError"], true, "{refused}");
    let words = refused["result"]["content"][0]["text"].as_str().unwrap();
    let begin = "arguments: its text is no JSON: EOF while parsing an object at line 1 column 21\n";
    assert!(words.starts_with(begin) && words.contains("Nothing was sent."), "{words}");
    agent.is_served();
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn params_that_cannot_be_read_and_cursors_that_nobody_gave_are_refused_as_such() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let lists = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
    let (cursors, get, read) = (
        [json!({ "cursor": "x" }), json!({ "cursor": "0" })],
        [json!({}), json!({ "name": 5 }), json!({ "name": "daily-summary", "arguments": [1] })],
        [json!({}), json!({ "uri": 5 })],
    );
    let lists = lists.iter().flat_map(|list| cursors.iter().map(move |params| (*list, params)));
    let others = get.iter().map(|params| ("prompts/get", params));
    let others = others.chain(read.iter().map(|params| ("resources/read", params)));
    for (method, params) in lists.chain(others) {
        let line = request(1, method, params.clone()).to_string();
        let words = is_refused(&agent, line.as_bytes(), INVALID_PARAMS, &json!(1));
        assert!(
            words.contains("cursor") == method.ends_with("/list"),
            "{method} {params}: {words}"
        );
    }
    for none in [json!({ "cursor": "" }), json!({ "cursor": null }), json!({})] {
        let listed = agent.ask("tools/list", none);
        assert!(listed["result"]["tools"].is_array(), "{listed}");
    }
}

#[tokio::test]
async fn arguments_under_another_name_are_taken_where_there_are_none_under_theirs() {
    let twochat = twochat().await;
    let mut agent = Agent::of(&twochat.base_url());
    let two = json!({ "results-per-page": 2 });
    let mut rows = |params: Value| {
        let answer = agent.ask("tools/call", params);
        answer["result"]["structuredContent"]["contacts"].as_array().unwrap().len()
    };
    for name in ["input", "args", "parameters", "params"] {
        assert_eq!(rows(json!({ "name": "list-contacts", name: two })), 2, "{name}");
        assert_eq!(rows(json!({ "name": "list-contacts", name: two.to_string() })), 2, "{name}");
        for theirs in [json!({}), json!([])] {
            let both = json!({ "name": "list-contacts", name: two, "arguments": theirs });
            assert_eq!(rows(both), 3, "{name}");
        }
    }
    assert_eq!(rows(json!({ "name": "list-contacts", "arguments": [two] })), 2);
    // Nobody can tell which of two is meant.
    assert_eq!(rows(json!({ "name": "list-contacts", "args": two, "input": two })), 3);
    assert_eq!(rows(json!({ "name": "list-contacts", "args": 7 })), 3);
}

#[tokio::test]
async fn the_handshake_works_whatever_came_before_it_and_a_second_time() {
    let twochat = twochat().await;
    let mut agent = Agent::silent(&twochat.base_url(), &[]);
    let early = |agent: &Agent| {
        agent.say(&notification("notifications/initialized", json!({})));
        agent.say(&notification("notifications/cancelled", json!({ "requestId": 1 })));
        agent.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
    };
    early(&agent);
    is_refused(&agent, b"nonsense", NO_JSON, &Value::Null);
    early(&agent);
    agent.is_served();
    early(&agent);
    let unknown_version = json!({
        "io.modelcontextprotocol/protocolVersion": "1999-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (method, params) in [
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "list-contacts" })),
        ("server/discover", json!({})),
        ("tools/list", json!({ "_meta": unknown_version })),
    ] {
        let answer = agent.ask(method, params);
        assert!(answer["error"]["code"].is_i64(), "{method}: {answer}");
        early(&agent);
    }
    for version in ["2025-06-18", "2024-11-05"] {
        let welcome = agent.ask("initialize", hello(version));
        assert_eq!(welcome["result"]["protocolVersion"], version, "{welcome}");
        early(&agent);
        let result = agent.call("test-api-key", json!({}));
        assert_eq!(result["structuredContent"]["verdict"], "valid", "{result}");
    }
    assert_eq!(agent.leave(), [] as [Value; 0]);
    assert_eq!(twochat.requests().len(), 2);
}

#[tokio::test]
async fn nonsense_at_the_end_of_the_input_is_answered_too() {
    let twochat = twochat().await;
    for agent in [Agent::of(&twochat.base_url()), Agent::silent(&twochat.base_url(), &[])] {
        agent.send("nonsense\n".repeat(500));
        let answers = agent.leave();
        assert!(answers.iter().all(|answer| answer["error"]["code"] == NO_JSON), "{answers:?}");
        assert_eq!(answers.len(), 500);
    }
}
