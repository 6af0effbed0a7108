//! The person behind an agent is asked by its client, in each version of the protocol.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{NEW, Policy, end, new};
use crate::support::{
    agent::{Agent, notification, request},
    remote::Served,
    shell::{run, twochat_with},
};

/// An agent of the persona, whose client has this for asking.
fn agent(policy: &Policy, elicitation: Option<Value>) -> Agent {
    let mut agent = Agent::silent("http://127.0.0.1:9/open", &["--policy", policy.path()]);
    let capabilities = elicitation.map_or(json!({}), |modes| json!({ "elicitation": modes }));
    let welcome = agent.ask("initialize", hello(&capabilities));
    assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25", "{welcome}");
    agent.say(&notification("notifications/initialized", json!({})));
    agent
}

fn hello(capabilities: &Value) -> Value {
    json!({
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": { "name": "test", "version": "1" },
    })
}

fn create(id: &str) -> Value {
    request(id, "tools/call", json!({ "name": "create-contact", "arguments": new() }))
}

/// The question that comes, which shows what is sent.
fn question(agent: &Agent) -> Value {
    let question = agent.hear();
    is_question(&question);
    question["id"].clone()
}

fn is_question(question: &Value) {
    assert_eq!(question["method"], "elicitation/create", "{question}");
    let params = &question["params"];
    assert_eq!(params["mode"], "form", "{question}");
    let message = params["message"].as_str().unwrap();
    assert!(message.starts_with("May `create-contact` be called, with exactly"), "{message}");
    let (_, shown) = message.split_once("arguments: ").unwrap();
    assert_eq!(shown.parse::<Value>().unwrap(), new(), "{message}");
    let schema = &params["requestedSchema"];
    assert_eq!(schema["properties"]["allow"]["type"], "boolean", "{schema}");
    assert_eq!(schema["required"], json!(["allow"]), "{schema}");
}

fn answer(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn yes() -> Value {
    json!({ "action": "accept", "content": { "allow": true } })
}

/// The text of an answer that says that nothing was sent.
fn refused(answer: &Value) -> &str {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("Nothing was sent"), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_asked_and_only_a_ticked_box_is_a_yes() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("agent", &twochat);
    let mut agent = agent(&policy, Some(json!({ "form": {} })));
    let listed = agent.ask("tools/list", json!({}));
    assert!(listed.to_string().contains("create-contact"), "it is not offered: {listed}");
    for (said, word) in [
        (json!({ "action": "decline" }), "no"),
        (json!({ "action": "cancel" }), "cancelled"),
        (json!({ "action": "accept" }), "unclear"),
        (json!({ "action": "accept", "content": { "allow": false } }), "no"),
        (json!({ "action": "accept", "content": { "allow": "true" } }), "unclear"),
        (json!({ "action": "decline", "content": { "allow": true } }), "no"),
    ] {
        agent.say(&create("call"));
        let id = question(&agent);
        agent.is_served();
        agent.say(&answer(&id, &said));
        let told = agent.hear();
        assert!(refused(&told).contains("only when a person says yes"), "{told}");
        assert!(refused(&told).ends_with("unless the user asks for it."), "{told}");
        assert_eq!(policy.ends().pop(), Some(end("elicitation", word, Some("refused"))), "{said}");
    }
    assert_eq!(twochat.requests(), []);

    agent.say(&create("call"));
    let id = question(&agent);
    agent.say(&answer(&id, &yes()));
    let made = agent.hear();
    assert_eq!(made["result"]["structuredContent"]["first-name"], "Ada", "{made}");
    assert_eq!(policy.ends().pop(), Some(end("elicitation", "yes", None)));
    assert_eq!(twochat.requests().len(), 1);
    // The id of a question is a number, and a text of its digits is another one.
    agent.say(&create("call"));
    let id = question(&agent);
    agent.say(&answer(&json!(id.to_string()), &yes()));
    agent.is_served();
    assert_eq!(twochat.requests().len(), 1);
    agent.say(&answer(&id, &json!({ "action": "decline" })));
    refused(&agent.hear());
    // One that is answered is not answered again.
    agent.say(&answer(&id, &yes()));
    agent.is_served();
    assert_eq!(twochat.requests().len(), 1);
    assert_eq!(agent.leave(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cannot_ask_is_told_what_to_do() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("mute", &twochat);
    for modes in [None, Some(json!({ "url": {} }))] {
        let mut agent = agent(&policy, modes);
        let why = agent.fails("create-contact", new());
        assert!(why.contains("nobody can be asked here: the client offers no form"), "{why}");
        assert_eq!(policy.ends().pop(), Some(end("elicitation", "nobody", Some("refused"))));
    }
    // One that says no more than that it can has forms.
    let agent = agent(&policy, Some(json!({})));
    agent.say(&create("call"));
    let id = question(&agent);
    let error = json!({ "code": -32601, "message": "no" });
    agent.say(&json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    assert!(refused(&agent.hear()).contains("answered that it cannot ask"));
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_while_somebody_thinks_takes_its_question_back() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("cancelled", &twochat);
    let mut agent = agent(&policy, Some(json!({})));
    agent.say(&create("call"));
    let id = question(&agent);
    agent.say(&notification("notifications/cancelled", json!({ "requestId": "call" })));
    let taken_back = agent.hear();
    assert_eq!(taken_back["method"], "notifications/cancelled", "{taken_back}");
    assert_eq!(taken_back["params"]["requestId"], id, "{taken_back}");
    agent.say(&answer(&id, &yes()));
    agent.is_served();
    assert_eq!(policy.ends(), [end("elicitation", "cancelled", Some("refused"))]);
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_while_somebody_thinks_has_said_no() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("left", &twochat);
    let agent = agent(&policy, Some(json!({})));
    agent.say(&create("call"));
    question(&agent);
    // It ends at once, and well, not when the person might have answered.
    assert_eq!(agent.ended(Duration::from_secs(10)), Some(0));
    assert_eq!(policy.ends(), [end("elicitation", "gone", Some("refused"))]);
    assert_eq!(twochat.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_wait_hold_up_no_other_call() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("many", &twochat);
    let mut agent = agent(&policy, Some(json!({})));
    // More than there are turns.
    for number in 0..40 {
        agent.say(&create(&format!("call-{number}")));
    }
    let ids: Vec<_> = (0..40).map(|_| question(&agent)).collect();
    let result = agent.call("list-contacts", json!({}));
    assert_eq!(result["isError"], false, "{result}");
    for id in &ids {
        agent.say(&answer(id, &yes()));
    }
    for _ in &ids {
        let made = agent.hear();
        assert_eq!(made["result"]["isError"], false, "{made}");
    }
    assert_eq!(twochat.requests().len(), 41);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_the_question_comes_in_the_answer_of_its_call() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("http", &twochat);
    let served = Served::with(&["--policy", policy.path(), "--persona", "clerk"], &[]);
    let capabilities = json!({ "elicitation": { "form": {} } });
    let hello = request(0, "initialize", hello(&capabilities)).to_string();
    let session = served.asked(&[], &hello).header("mcp-session-id").unwrap().to_owned();
    let headers = [("mcp-session-id", session.as_str())];
    let told = |message: &Value| served.asked(&headers, &message.to_string());
    assert_eq!(told(&notification("notifications/initialized", json!({}))).status, 202);

    for (said, is_made) in [(json!({ "action": "decline" }), false), (yes(), true)] {
        let reply = thread::scope(|scope| {
            let call = scope.spawn(|| told(&create("call")));
            // The ids of questions are counted.
            let id = json!(i32::from(is_made));
            while policy.ends().len() < usize::from(is_made) + 1 && !call.is_finished() {
                thread::sleep(Duration::from_millis(300));
                told(&answer(&id, &said));
            }
            call.join().unwrap()
        });
        let [question, result] = &reply.messages()[..] else { panic!("{reply:?}") };
        is_question(question);
        assert_eq!(result["result"]["isError"], !is_made, "{result}");
    }
    assert_eq!(twochat.requests().len(), 1);

    // Who takes no events would never see the question.
    let headers = [("mcp-session-id", session.as_str()), ("accept", "application/json")];
    let reply = served.asked(&headers, &create("alone").to_string());
    assert!(reply.body.contains("the client accepts no events"), "{reply:?}");
    assert_eq!(twochat.requests().len(), 1);
}

/// A request of the version without a handshake.
fn stateless(params: &Value) -> Value {
    let mut params = params.clone();
    params["name"] = json!("create-contact");
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
    });
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sessions_the_same_call_comes_again_with_the_answer_once() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("rounds", &twochat);
    let mut agent = Agent::silent("http://127.0.0.1:9/open", &["--policy", policy.path()]);
    let mut ask = |params: Value| agent.ask("tools/call", stateless(&params))["result"].take();
    let put = |result: &Value| {
        assert_eq!(result["resultType"], "input_required", "{result}");
        is_question(&result["inputRequests"]["consent"]);
        result["requestState"].clone()
    };
    let again = |state: &Value, said: Value, arguments: Value| {
        let responses = json!({ "consent": said });
        json!({ "arguments": arguments, "requestState": state, "inputResponses": responses })
    };

    let first = put(&ask(json!({ "arguments": new() })));
    assert_eq!(policy.ends(), [end("elicitation", "awaited", Some("refused"))]);
    let declined = ask(again(&first, json!({ "action": "decline" }), new()));
    assert_eq!(declined["isError"], true, "{declined}");
    // A question that was answered, one that was never put, and another call: asked anew.
    put(&ask(again(&first, yes(), new())));
    put(&ask(again(&json!("0123456789abcdef"), yes(), new())));
    let state = put(&ask(json!({ "arguments": new() })));
    let mut other = new();
    other["first-name"] = json!("Eve");
    let asked = ask(again(&state, yes(), other));
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    assert_eq!(twochat.requests(), []);

    let state = put(&ask(json!({ "arguments": new() })));
    let made = ask(again(&state, yes(), new()));
    assert_eq!(made["structuredContent"]["first-name"], "Ada", "{made}");
    put(&ask(again(&state, yes(), new())));
    assert_eq!(twochat.requests().len(), 1);
    assert!(policy.ends().contains(&end("elicitation", "yes", None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_questions_than_wait_the_oldest_gives_way() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("oldest", &twochat);
    let mut agent = Agent::silent("http://127.0.0.1:9/open", &["--policy", policy.path()]);
    let mut ask = |params: Value| agent.ask("tools/call", stateless(&params))["result"].take();
    let mut put = |_| ask(json!({ "arguments": new() }))["requestState"].take();
    let states: Vec<_> = (0..65).map(&mut put).collect();
    let mut yes_to = |state: &Value| {
        let responses = json!({ "consent": yes() });
        ask(json!({ "arguments": new(), "requestState": state, "inputResponses": responses }))
    };
    // It is asked anew, for which the second gives way.
    let asked = yes_to(&states[0]);
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    for state in &states[2..] {
        let made = yes_to(state);
        assert_eq!(made["structuredContent"]["first-name"], "Ada", "{made}");
    }
    assert_eq!(yes_to(&states[1])["resultType"], "input_required");
    assert_eq!(twochat.requests().len(), 63);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_asked_stands_in_the_log_as_it_is_shown() {
    let twochat = twochat_with(1).await;
    let policy = Policy::of("shown", &twochat);
    assert_eq!(policy.call(&["create-contact", NEW]).code, Some(2));
    let shown = run(&["audit", "--policy", policy.path(), "--output", "jsonl"], &[]);
    let call: Value = shown.output().parse().unwrap();
    assert_eq!(call["consent"], json!({ "by": "terminal", "answer": "nobody" }), "{call}");
}
