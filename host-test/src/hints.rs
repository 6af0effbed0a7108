//! What does this command know of a failed call that the component cannot? Where the key came
//! from, and which events there are.

use host::{access::Access, suggest, tools::Tool};
use mock::EVENTS;
use serde_json::Value;

use crate::{authority, exit::CommandError};

const SUBSCRIBE: &str = "subscribe";
const EVENT: &str = "event-name";

/// What is known of a call before it is made.
pub(crate) struct Hints {
    /// Of the key, where the environment has it.
    key: Option<String>,
    /// Of the event, where none of the name is known.
    event: Option<String>,
}

impl Hints {
    /// Of a call of this tool with these arguments, made by whoever the access is for.
    pub(crate) fn of(tool: &Tool, arguments: &Value, access: &Access) -> Self {
        let setting = match access {
            Access::Owner(_) => authority::key_setting().ok(),
            Access::Persona(_) => None,
        };
        let key = setting.map(|setting| format!("The key is that of {setting}."));
        let event = arguments.get(EVENT).and_then(Value::as_str);
        let event = event.filter(|name| tool.name == SUBSCRIBE && !EVENTS.contains(name));
        let event = event.map(|name| {
            format!("Perhaps {}.", suggest::unknown("event", name, &EVENTS, "2Chat has"))
        });
        Self { key, event }
    }

    /// The error with what is known of its cause behind its words.
    pub(crate) fn add(self, error: CommandError) -> CommandError {
        let CommandError::Action(mut error) = error else { return error };
        let known = match error.get("kind").and_then(Value::as_str) {
            Some("unauthorized") => self.key,
            Some("not-found") => self.event,
            _ => None,
        };
        if let (Some(known), Some(Value::String(message))) = (known, error.get_mut("message")) {
            *message += " ";
            *message += &known;
        }
        CommandError::Action(error)
    }

    /// What is known of a key that a result says is none.
    pub(crate) fn of_result(self, result: &Value) -> Option<String> {
        let verdict = result.get("verdict").and_then(Value::as_str);
        self.key.filter(|_| verdict == Some("invalid"))
    }
}
