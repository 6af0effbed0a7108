//! HTTP in, JSON out: `POST /list-contacts` with `{"results-per-page": 100}`.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wstd::http::{Body, Error, Request, Response};

wit_bindgen::generate!({
    path: "wit",
    inline: "package twochat:front; world front { import twochat:connector/actions@0.1.0; }",
    generate_all,
    additional_derives: [serde::Serialize, serde::Deserialize],
    additional_type_attributes: {
        "twochat:connector/types@0.1.0/carried-out": [#[serde(rename_all = "kebab-case")]],
        "twochat:connector/types@0.1.0/detail-kind": [#[serde(rename_all = "kebab-case")]],
        "twochat:connector/types@0.1.0/error-kind": [#[serde(rename_all = "kebab-case")]],
        "twochat:connector/types@0.1.0/retry": [#[serde(rename_all = "kebab-case")]],
        "twochat:connector/types@0.1.0/verdict": [#[serde(rename_all = "kebab-case")]],
    },
});

use twochat::connector::{actions, types};

#[wstd::http_server]
async fn main(mut request: Request<Body>) -> Result<Response<Body>, Error> {
    let sent = request.body_mut().contents().await?;
    let arguments = if sent.is_empty() { Ok(json!({})) } else { serde_json::from_slice(sent) };
    let outcome = match arguments {
        Ok(arguments) => answer(request.uri().path(), arguments),
        Err(error) => Err(json!({ "kind": "invalid-input", "message": error.to_string() })),
    };
    let (status, body) = outcome.map_or_else(|error| (502, error), |result| (200, result));
    let reply = Response::builder().status(status).header("content-type", "application/json");
    Ok(reply.body(renamed(body, '_', '-').to_string().into())?)
}

fn answer(path: &str, arguments: Value) -> Result<Value, Value> {
    match path {
        "/create-contact" => told(actions::create_contact(&read(arguments)?)),
        "/get-api-usage-info" => told(actions::get_api_usage_info()),
        "/list-contacts" => told(actions::list_contacts(&read(arguments)?)),
        "/list-webhook-subscriptions" => told(actions::list_webhook_subscriptions()),
        "/test-api-key" => told(actions::test_api_key()),
        _ => Err(json!({ "kind": "not-found", "message": "there is no such action" })),
    }
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, Value> {
    serde_json::from_value(renamed(arguments, '-', '_'))
        .map_err(|error| json!({ "kind": "invalid-input", "message": error.to_string() }))
}

fn told(outcome: Result<impl Serialize, types::Error>) -> Result<Value, Value> {
    outcome.map(|result| json!(result)).map_err(|error| json!(error))
}

/// The same with hyphens in the names of members, as in the contract, or without; what is
/// absent is left out.
fn renamed(value: Value, from: char, to: char) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.replace(from, &to.to_string()), renamed(value, from, to)))
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| renamed(item, from, to)).collect(),
        other => other,
    }
}
