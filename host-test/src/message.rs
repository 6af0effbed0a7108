//! What does a message of the Model Context Protocol say, and what is answered to one that
//! cannot be read?

use host::{doubles::doubled, meant::object};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        ClientRequest, ConstString, GetMeta, InitializeResultMethod, JsonRpcMessage,
        ProtocolVersion, RequestId,
    },
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
};
use serde::{Deserialize, Serialize, Serializer, de::IgnoredAny};
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    in_flight::{is_too_heavy, weight},
    output::BYTE_ORDER_MARK,
    paint::visible,
};

/// A message may have so many bytes: many times what an action takes.
pub(crate) const LIMIT: usize = 4 << 20;
/// A message of more bytes is large.
pub(crate) const LARGE: usize = 64 << 10;

/// What others call the arguments of a call.
const ARGUMENTS: [&str; 4] = ["args", "input", "parameters", "params"];
/// So many letters of an id are repeated.
const REPEATED: usize = 60;

type Members = Map<String, Value>;

pub(crate) type Incoming = RxJsonRpcMessage<RoleServer>;
pub(crate) type Outgoing = TxJsonRpcMessage<RoleServer>;

/// The answer to a message that was not read to its end.
pub(crate) fn too_large() -> Outgoing {
    let why = format!("the message is larger than {} MiB", LIMIT >> 20);
    JsonRpcMessage::error(ErrorData::invalid_request(why, None), None)
}

/// The answer to a request whose id another one has. It is addressed to nobody: the id
/// stands for the other one.
pub(crate) fn taken(id: &RequestId) -> Outgoing {
    let id: String = id.to_string().chars().take(REPEATED).collect();
    let why = format!("a request with the id `{}` is still under way", visible(&id));
    JsonRpcMessage::error(ErrorData::invalid_request(why, None), None)
}

/// The answer to a message of a batch that was refused with this status of HTTP.
pub(crate) fn not_taken(id: Option<RequestId>, status: u16) -> Outgoing {
    let why = format!("the message was not taken, for the reason of HTTP status {status}");
    JsonRpcMessage::error(ErrorData::invalid_request(why, None), id)
}

/// So many messages may come as a batch.
const BATCH: usize = 100;

/// What somebody sent.
pub(crate) enum Sent {
    /// A message, or the answer to one that cannot be read.
    One(Box<Result<Taken, Outgoing>>),
    /// Several as a batch, which one version of the protocol has.
    Batch(Vec<Result<Taken, Outgoing>>),
}

/// A message that was read.
pub(crate) struct Taken {
    pub(crate) message: Incoming,
    /// Its text, where that is not what came.
    pub(crate) text: Option<Vec<u8>>,
}

/// The answer to a batch in a version of the protocol that has none.
pub(crate) fn no_batches() -> Outgoing {
    let why = "this version of the protocol has no batches: send one message, a JSON object";
    JsonRpcMessage::error(ErrorData::invalid_request(why, None), None)
}

/// What a text says; `None` if there is nothing to answer.
pub(crate) fn read(text: &[u8]) -> Option<Sent> {
    // Some programs put it before each line that they write.
    let text = text.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(text);
    let refused = |why: String| {
        let error = ErrorData::invalid_request(why, None);
        Some(Sent::One(Box::new(Err(JsonRpcMessage::error(error, None)))))
    };
    if text.trim_ascii().is_empty() {
        return None;
    }
    if is_too_heavy(weight(text)) {
        return refused("the message has too many parts: more than any action takes".to_owned());
    }
    if text.trim_ascii_start().starts_with(b"[")
        && let Ok(parts) = serde_json::from_slice::<Vec<&RawValue>>(text)
    {
        return match parts.len() {
            0 => refused("the batch is empty".to_owned()),
            1..=BATCH => {
                let read = |part: &&RawValue| {
                    let text = part.get().as_bytes();
                    let part = one(text)?;
                    Some(part.map(|taken| Taken {
                        text: taken.text.or_else(|| Some(text.to_vec())),
                        ..taken
                    }))
                };
                Some(Sent::Batch(parts.iter().filter_map(read).collect()))
            }
            _ => refused(format!("the batch has more than {BATCH} messages")),
        };
    }
    one(text).map(|read| Sent::One(Box::new(read)))
}

/// The message in a text, or the answer to one that cannot be read; `None` if there is
/// nothing to answer.
fn one(text: &[u8]) -> Option<Result<Taken, Outgoing>> {
    let refuse = |error, id| Some(Err(JsonRpcMessage::error(error, id)));
    let error = match serde_json::from_slice(text) {
        Ok(JsonRpcMessage::Notification(_)) if shows_null(text) => {
            let why = "the id of a request is a text or a whole number, not null";
            return refuse(ErrorData::invalid_request(why, None), None);
        }
        // What this server asks has a number as its id.
        Ok(JsonRpcMessage::Response(answer)) if matches!(answer.id, RequestId::String(_)) => {
            return None;
        }
        Ok(message) => match doubled(text) {
            None => {
                return Some(Ok(match with_arguments(&message, text) {
                    Some(taken) => taken,
                    None => greeted(message),
                }));
            }
            Some(name) => {
                let name: String = name.chars().take(REPEATED).collect();
                let why = format!("`{}` stands twice in one object", visible(&name));
                let JsonRpcMessage::Request(request) = message else { return None };
                return refuse(ErrorData::invalid_request(why, None), Some(request.id));
            }
        },
        Err(error) => error,
    };
    // This reading passes over the rest without a limit on its depth.
    match serde_json::from_slice::<Head>(text) {
        Ok(Head { method: Some(_), .. }) if let Some(text) = with_objects(text) => {
            match one(&text)? {
                Ok(taken) => Some(Ok(Taken { text: taken.text.or(Some(text)), ..taken })),
                refused @ Err(_) => Some(refused),
            }
        }
        Ok(Head { id: None, method: Some(_) }) if !shows_null(text) => None,
        Ok(Head { id, .. }) => {
            let why = format!("the message cannot be read: {error}");
            refuse(ErrorData::invalid_request(why, None), id)
        }
        Err(_) if let Ok(members) = serde_json::from_slice::<Map<String, Value>>(text) => {
            let id = members.get("id").and_then(|id| RequestId::deserialize(id).ok());
            let id = id.filter(|_| doubled(text).is_none());
            let why = "expected `method` as text, and `id` as text or a whole number".to_owned();
            refuse(ErrorData::invalid_request(why, None), id)
        }
        Err(_) if serde_json::from_slice::<IgnoredAny>(text).is_ok() => {
            let why = "expected one message, a JSON object".to_owned();
            refuse(ErrorData::invalid_request(why, None), None)
        }
        Err(error) => {
            refuse(ErrorData::parse_error(format!("the message is not JSON: {error}"), None), None)
        }
    }
}

/// A greeting that does not say who greets, or what it can do, is one all the same.
fn greeted(message: Incoming) -> Taken {
    let as_it_came = |message| Taken { message, text: None };
    let JsonRpcMessage::Request(request) = &message else { return as_it_came(message) };
    let ClientRequest::CustomRequest(greeting) = &request.request else {
        return as_it_came(message);
    };
    let none = Members::new();
    let params = match &greeting.params {
        None | Some(Value::Null) => &none,
        Some(Value::Object(params)) => params,
        Some(_) => return as_it_came(message),
    };
    // A version that has no greeting stands in each request, and this is none of its methods.
    let has_no_greetings = request.request.get_meta().protocol_version().is_some();
    if greeting.method != InitializeResultMethod::VALUE || has_no_greetings {
        return as_it_came(message);
    }
    let read = |params: Members| {
        let method = InitializeResultMethod::VALUE;
        let whole =
            json!({ "jsonrpc": "2.0", "id": request.id, "method": method, "params": params });
        let text = whole.to_string().into_bytes();
        let message: Incoming = serde_json::from_slice(&text).ok()?;
        let is_greeting = matches!(&message, JsonRpcMessage::Request(request)
            if matches!(request.request, ClientRequest::InitializeRequest(_)));
        is_greeting.then_some(Taken { message, text: Some(text) })
    };
    let taken = read(introduced(params, false)).or_else(|| read(introduced(params, true)));
    taken.unwrap_or_else(|| as_it_came(message))
}

/// A greeting with what it lacks; where it `is_odd`, with nothing that need not be there.
fn introduced(given: &Members, is_odd: bool) -> Members {
    let mut params = given.clone();
    let who = given.get("clientInfo");
    let text = |name: &str| match who.and_then(|who| who.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "unknown".to_owned(),
    };
    let mut known = who.and_then(Value::as_object).filter(|_| !is_odd).cloned().unwrap_or_default();
    known.extend(["name", "version"].map(|name| (name.to_owned(), text(name).into())));
    params.insert("clientInfo".to_owned(), known.into());
    let can = given.get("capabilities").filter(|can| can.is_object() && !is_odd);
    params.insert("capabilities".to_owned(), can.cloned().unwrap_or_else(|| json!({})));
    if given.get("protocolVersion").is_none_or(|version| !version.is_string()) {
        params.insert("protocolVersion".to_owned(), json!(ProtocolVersion::V_2025_11_25));
    }
    params
}

/// A message in which some languages wrote an empty list for an empty object, if it is one.
fn with_objects(text: &[u8]) -> Option<Vec<u8>> {
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let mut message: Value = serde_json::from_slice(text).ok()?;
    let params = message.get_mut("params")?;
    if is_empty(params) {
        *params = json!({});
    } else {
        let meta = params.get_mut("_meta").filter(|meta| is_empty(meta))?;
        *meta = json!({});
    }
    Some(message.to_string().into_bytes())
}

/// A call whose arguments stand under a name that others use, where none stand under theirs.
fn with_arguments(message: &Incoming, text: &[u8]) -> Option<Taken> {
    let JsonRpcMessage::Request(request) = message else { return None };
    let ClientRequest::CallToolRequest(_) = &request.request else { return None };
    let mut message: Value = serde_json::from_slice(text).ok()?;
    let params = message.get_mut("params")?.as_object_mut()?;
    if params.contains_key("arguments") {
        return None;
    }
    let under = |name: &&'static str| Some((*name, object(params.get(*name)?.clone())));
    let given: Vec<_> = ARGUMENTS.iter().filter_map(under).collect();
    let [(name, arguments @ Value::Object(_))] = given.as_slice() else { return None };
    params.shift_remove(*name);
    params.insert("arguments".to_owned(), arguments.clone());
    let text = message.to_string().into_bytes();
    Some(Taken { message: serde_json::from_slice(&text).ok()?, text: Some(text) })
}

/// What is written, which shows an id, though it be none.
pub(crate) struct Told<'a>(pub(crate) &'a Outgoing);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            JsonRpcMessage::Error(error) if error.id.is_none() => {
                let (id, error) = (Value::Null, &error.error);
                json!({ "jsonrpc": "2.0", "id": id, "error": error }).serialize(serializer)
            }
            message => message.serialize(serializer),
        }
    }
}

/// The answer to a line that is no message.
#[cfg(test)]
pub(crate) fn answer_to(line: &[u8]) -> Option<Outgoing> {
    match read(line)? {
        Sent::One(read) => read.err(),
        Sent::Batch(_) => Some(no_batches()),
    }
}

/// What tells whom to answer.
#[derive(Deserialize)]
struct Head {
    id: Option<RequestId>,
    method: Option<String>,
}

/// Whether the id is there, and null.
fn shows_null(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Shown<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    serde_json::from_slice::<Shown>(text).is_ok_and(|shown| shown.id.get() == "null")
}
