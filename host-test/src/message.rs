//! What does a message of the Model Context Protocol say, and what is answered to one that
//! cannot be read?

use rmcp::{
    ErrorData, RoleServer,
    model::{JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    in_flight::{is_too_heavy, weight},
    output::BYTE_ORDER_MARK,
    paint::visible,
};

/// A message may have so many bytes: many times what an action takes.
pub(crate) const LIMIT: usize = 4 << 20;
/// A message of more bytes is large.
pub(crate) const LARGE: usize = 64 << 10;

/// So many letters of an id are repeated.
const REPEATED: usize = 60;

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

/// The message in a line, or the answer to one that cannot be read; `None` if
/// there is nothing to answer.
pub(crate) fn read(line: &[u8]) -> Option<Result<Incoming, Outgoing>> {
    let refuse = |error, id| Some(Err(JsonRpcMessage::error(error, id)));
    // Some programs put it before each line that they write.
    let line = line.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return None;
    }
    if is_too_heavy(weight(line)) {
        let why = "the message has too many parts: more than any action takes".to_owned();
        return refuse(ErrorData::invalid_request(why, None), None);
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return Some(Ok(message)),
        Err(error) => error,
    };
    // This reading passes over the rest without a limit on its depth.
    match serde_json::from_slice::<Head>(line) {
        Ok(Head { id: None, method: Some(_) }) => None,
        Ok(Head { id, .. }) => {
            let why = format!("the message cannot be read: {error}");
            refuse(ErrorData::invalid_request(why, None), id)
        }
        Err(_) if serde_json::from_slice::<IgnoredAny>(line).is_ok() => {
            let why = "expected one message, a JSON object".to_owned();
            refuse(ErrorData::invalid_request(why, None), None)
        }
        Err(error) => {
            refuse(ErrorData::parse_error(format!("the message is not JSON: {error}"), None), None)
        }
    }
}

/// The answer to a line that is no message.
#[cfg(test)]
pub(crate) fn answer_to(line: &[u8]) -> Option<Outgoing> {
    read(line).and_then(Result::err)
}

/// What tells whom to answer.
#[derive(Deserialize)]
struct Head {
    id: Option<RequestId>,
    method: Option<String>,
}
