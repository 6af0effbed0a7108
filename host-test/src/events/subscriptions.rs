//! How do events come to be delivered here? Each endpoint is subscribed once, below a public
//! url, and what was subscribed is ended when it is not wanted any more.
//!
//! The endpoint is stored before it is subscribed. Where that is cut off between, the next
//! run finds the subscription by the token in its url, if the caller may see urls.

use host::{
    calls::{Call, Calls},
    engine::Limits,
    retry::{Patience, TRIES},
    suggest,
};
use mock::EVENTS;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::{
    endpoints::{self, Endpoint, Endpoints},
    writer::{Unwritten, Writer},
};
use crate::exit::CommandError;

const LIST: &str = "list-webhook-subscriptions";
const SUBSCRIBE: &str = "subscribe";
const UNSUBSCRIBE: &str = "unsubscribe";

/// The url at which others reach this receiver.
#[derive(Clone, Debug)]
pub(crate) struct PublicUrl(String);

impl std::str::FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a url such as https://hooks.example.com/2chat, without a query";
        let url = Url::parse(text).map_err(|_| expected)?;
        let is_plain = url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        if !["http", "https"].contains(&url.scheme()) || !is_plain || !is_anonymous {
            return Err(expected);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl PublicUrl {
    /// Why nothing may come to it, or what comes be seen by others, where this is where the
    /// receiver listens.
    pub(crate) fn doubt(&self, local: &str) -> Option<String> {
        let (url, port) = (Url::parse(&self.0).ok()?, Url::parse(local).ok()?.port());
        let (is_own, is_inside) = match url.host()? {
            Host::Domain(name) => (name == "localhost", false),
            Host::Ipv4(it) => (it.is_loopback(), it.is_private() || it.is_link_local()),
            Host::Ipv6(it) => {
                (it.is_loopback(), it.is_unique_local() || it.is_unicast_link_local())
            }
        };
        let why = match url.scheme() {
            _ if is_own && url.port_or_known_default() != port => {
                "it is of this machine, at another port than is listened at: does anything lead \
                 from there to here?"
            }
            _ if is_inside => "it is of your own network, where 2Chat reaches nobody",
            "http" if !is_own => {
                "without https, whoever is on the way sees the token that proves a delivery"
            }
            _ => return None,
        };
        Some(format!("--public-url {}: {why}", self.0))
    }
}

/// Who subscribes, and where to.
pub(crate) struct Subscriptions<'a> {
    pub(crate) calls: &'a Calls,
    pub(crate) writer: &'a Writer,
}

/// What stands at the vendor.
struct Standing {
    uuid: String,
    event: String,
    url: String,
}

impl Subscriptions<'_> {
    /// Subscribes the endpoints of these events and places, each where it is not yet, and
    /// gives the names of those that it made.
    pub(crate) async fn stand(
        &self,
        wanted: &[(String, String)],
        base: &PublicUrl,
    ) -> Result<Vec<(String, String)>, CommandError> {
        let standing = self.standing().await?;
        let known = self.known().await?;
        let mut made = Vec::new();
        for (event, place) in wanted {
            let endpoint = known.of_event(event, place);
            if let Some(endpoint) = endpoint {
                if is_standing(endpoint, base, &standing) {
                    continue;
                }
                if let Some(found) = standing.iter().find(|one| is_of(endpoint, base, one, &known))
                {
                    self.note(endpoint.id, base, &found.uuid).await?;
                    continue;
                }
                // It leads to where nobody listens any more.
                self.end(endpoint).await?;
            }
            self.subscribe(event, place, base).await?;
            made.push((event.clone(), place.clone()));
        }
        Ok(made)
    }

    /// Ends the subscriptions of these endpoints, and forgets them.
    pub(crate) async fn remove(&self, endpoints: &[&Endpoint]) -> Result<(), CommandError> {
        for endpoint in endpoints {
            self.end(endpoint).await?;
            endpoints::forget(self.writer, endpoint.id).await.map_err(unwritten)?;
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        event: &str,
        place: &str,
        base: &PublicUrl,
    ) -> Result<(), CommandError> {
        let token = endpoints::make(self.writer, event, place).await?;
        let url = format!("{}/{}", base.0, token.text());
        let mut arguments = json!({ "event-name": event, "hook-url": url });
        let field = if place.starts_with('+') { "on-number" } else { "channel-uuid" };
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert(field.to_owned(), place.into());
        }
        let made = self.call(SUBSCRIBE, &arguments).await;
        if made.as_ref().is_err_and(is_surely_not_made)
            && let Some(endpoint) = self.known().await?.of_event(event, place)
        {
            // Nobody delivers there.
            endpoints::forget(self.writer, endpoint.id).await.map_err(unwritten)?;
        }
        let made = made.map_err(|error| match error {
            CommandError::Action(error) => {
                let error = without(&error, token.text());
                let what = format!("{event} of {place} could not be subscribed");
                let known =
                    if is_not_found(&error) { unknown(event, place) } else { String::new() };
                CommandError::Unfinished(told(&what, &error) + &known)
            }
            error => error,
        })?;
        let uuid = made.pointer("/subscription/uuid").and_then(Value::as_str);
        let uuid = uuid
            .ok_or_else(|| CommandError::Host(format!("`{SUBSCRIBE}` did not say what it made")))?;
        match self.known().await?.of_event(event, place) {
            Some(endpoint) => self.note(endpoint.id, base, uuid).await,
            None => Ok(()),
        }
    }

    async fn known(&self) -> Result<Endpoints, CommandError> {
        Endpoints::of(self.writer).await.map_err(unwritten)
    }

    async fn note(&self, id: i64, base: &PublicUrl, uuid: &str) -> Result<(), CommandError> {
        endpoints::subscribed(self.writer, id, &base.0, uuid).await.map_err(unwritten)
    }

    async fn end(&self, endpoint: &Endpoint) -> Result<(), CommandError> {
        let Some(uuid) = &endpoint.subscription else { return Ok(()) };
        match self.call(UNSUBSCRIBE, &json!({ "uuid": uuid })).await {
            // Somebody else ended it.
            Err(CommandError::Action(error)) if is_not_found(&error) => Ok(()),
            Err(CommandError::Action(error)) => {
                let what = format!("the subscription of {endpoint} could not be ended");
                Err(CommandError::Unfinished(told(&what, &error)))
            }
            ended => ended.map(|_| ()),
        }
    }

    async fn standing(&self) -> Result<Vec<Standing>, CommandError> {
        let listed = self.call(LIST, &Value::Object(Map::new())).await;
        let listed = listed.map_err(|error| match error {
            CommandError::Action(error) => {
                let what = "what is subscribed already could not be seen";
                CommandError::Unfinished(told(what, &error))
            }
            error => error,
        })?;
        let rows = listed.get("subscriptions").and_then(Value::as_array);
        let standing = rows.into_iter().flatten().filter_map(|row| {
            let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
            let url = text("hook-url").unwrap_or_default();
            Some(Standing { uuid: text("uuid")?, event: text("event-name")?, url })
        });
        Ok(standing.collect())
    }

    async fn call(&self, action: &str, arguments: &Value) -> Result<Value, CommandError> {
        let patience = Patience::new(TRIES, Limits::default().time);
        let outcome = self.calls.make(Call::new(action, arguments), patience, |_, _| {}).await?;
        outcome.result.map_err(CommandError::Action)
    }
}

fn is_standing(endpoint: &Endpoint, base: &PublicUrl, standing: &[Standing]) -> bool {
    let has = |uuid: &String| standing.iter().any(|one| one.uuid == *uuid);
    endpoint.base.as_ref() == Some(&base.0) && endpoint.subscription.as_ref().is_some_and(has)
}

/// Whether a subscription leads to this endpoint.
fn is_of(endpoint: &Endpoint, base: &PublicUrl, one: &Standing, known: &Endpoints) -> bool {
    let token = one.url.strip_prefix(&base.0).and_then(|rest| rest.strip_prefix('/'));
    let led = token.and_then(|token| known.with_token(token));
    one.event == endpoint.event && led.is_some_and(|led| led.id == endpoint.id)
}

fn is_surely_not_made(error: &CommandError) -> bool {
    match error {
        CommandError::Action(error) => {
            error.get("carried-out").and_then(Value::as_str) == Some("no")
        }
        CommandError::Refused(_) | CommandError::Misuse(_) | CommandError::NotMade(_) => true,
        _ => false,
    }
}

fn is_not_found(error: &Value) -> bool {
    error.get("kind").and_then(Value::as_str) == Some("not-found")
}

/// What failed, and the words of the error.
fn told(what: &str, error: &Value) -> String {
    let message = error.get("message").and_then(Value::as_str);
    format!("{what}: {}", message.map_or_else(|| error.to_string(), str::to_owned))
}

/// What 2Chat may not know of an event and its place, and how to see what there is.
fn unknown(event: &str, place: &str) -> String {
    let place = if place.starts_with('+') { "number" } else { "channel" };
    if EVENTS.contains(&event) {
        format!(
            " There is such an event, so it is the {place}: those of the account stand in 2Chat \
             under its channels, and `twochat call {LIST}` shows the channels that report already."
        )
    } else {
        format!(" Perhaps {}", suggest::unknown("event", event, &EVENTS, "2Chat has"))
    }
}

/// An error, which may quote a url, without the token in it.
fn without(error: &Value, token: &str) -> Value {
    let text = error.to_string().replace(token, "…");
    text.parse().unwrap_or_default()
}

fn unwritten(why: Unwritten) -> CommandError {
    CommandError::Host(format!("it could not be noted what was subscribed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_public_url_it_is_told_why_nothing_may_come_to_it() {
        let local = "http://127.0.0.1:8766";
        for (url, told) in [
            ("https://hooks.example.com/2chat", ""),
            ("http://127.0.0.1:8766", ""),
            ("http://localhost:8766/a", ""),
            ("http://127.0.0.1:8771", "another port"),
            ("https://localhost/x", "another port"),
            ("http://[::1]", "another port"),
            ("https://10.0.0.1", "your own network"),
            ("https://192.168.1.5/x", "your own network"),
            ("https://[fd00::1]", "your own network"),
            ("http://example.com", "without https"),
        ] {
            let doubt = url.parse::<PublicUrl>().unwrap().doubt(local).unwrap_or_default();
            assert!(doubt.contains(told) && doubt.is_empty() == told.is_empty(), "{url}: {doubt}");
        }
    }

    #[test]
    fn an_error_that_quotes_a_url_does_not_show_its_token() {
        let error = json!({ "message": "no: https://a/hook_0123", "carried-out": "no" });
        let expected = json!({ "message": "no: https://a/…", "carried-out": "no" });
        assert_eq!(without(&error, "hook_0123"), expected);
    }

    #[test]
    fn a_public_url_is_one_that_a_token_can_follow() {
        for (text, base) in [
            ("https://hooks.example.com", "https://hooks.example.com"),
            ("https://hooks.example.com/a/b/", "https://hooks.example.com/a/b"),
            ("http://127.0.0.1:8766", "http://127.0.0.1:8766"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().0, base);
        }
        for text in
            ["hooks.example.com", "https://a/?b", "https://a/#b", "https://a:b@c", "ftp://a"]
        {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
