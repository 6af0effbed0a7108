//! Whatever stands in a line of the Model Context Protocol: it is a message, is answered,
//! or is a notification, and nobody is left waiting.

mod mutation;

use serde_json::Value;

use self::mutation::{fuzz, mutated};
use crate::message::answer_to;

const LINES: &[&[u8]] = &[
    br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list-contacts","arguments":{"results-per-page":3},"_meta":{"prompt":"x"}}}"#,
    br#"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
    br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"x"}}"#,
    br#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#,
    b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
    b"hello",
];

#[test]
fn whoever_asks_is_answered() {
    fuzz("lines", |u| {
        let line = mutated(u, LINES)?;
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let read = serde_json::from_slice::<Value>(text);
        // Of a member that stands there twice, nobody knows which is meant.
        let once = |name: &[u8]| text.windows(name.len()).filter(|part| *part == name).count() == 1;
        let asks = once(b"\"id\"")
            && once(b"\"method\"")
            && read.as_ref().is_ok_and(|it| {
                it["method"].is_string() && (it["id"].is_string() || it["id"].is_u64())
            });
        match answer_to(&line) {
            Some(answer) => {
                let answer = serde_json::to_value(answer).unwrap();
                assert!(answer["error"]["message"].is_string(), "{answer}");
                let id = read.map(|it| it["id"].clone()).unwrap_or_default();
                assert!(!asks || answer["id"] == id, "{}", String::from_utf8_lossy(&line));
            }
            // The SDK's to answer, or of the form of a notification.
            None => {
                let asked = text.windows(16).any(|part| part == br#""id":7,"method":"#);
                let is_read = read.is_ok() || str::from_utf8(text).is_err();
                assert!(!asked || is_read, "{}", String::from_utf8_lossy(&line));
            }
        }
        Ok(())
    });
}
