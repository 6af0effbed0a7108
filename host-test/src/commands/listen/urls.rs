//! At which urls is received? One for each event and place, subscribed by itself below a
//! public url, or shown for somebody to subscribe.

use std::path::Path;

use host::{calls::Calls, suggest};
use mock::EVENTS;

use crate::{
    events::{
        endpoints::{self, Endpoint, Endpoints},
        store::{self, Store},
        subscriptions::{PublicUrl, Subscriptions},
    },
    exit::CommandError,
    terminal,
};

/// Which urls, as flags say it.
#[derive(clap::Args)]
pub(crate) struct UrlArguments {
    /// Event to receive, such as whatsapp.conversation.new; may be given more than once
    ///
    /// Those of earlier runs are received as well.
    #[arg(long, value_name = "NAME", value_parser = endpoints::name)]
    event: Vec<String>,
    /// Number of yours whose events are meant, such as +14155550123; may be given more than
    /// once
    #[arg(long, value_name = "NUMBER", requires = "event", value_parser = number, allow_hyphen_values = true)]
    number: Vec<String>,
    /// Channel of yours whose events are meant, by its uuid; may be given more than once
    #[arg(long, value_name = "UUID", requires = "event", value_parser = channel)]
    channel: Vec<String>,
    /// Subscribe below this url, at which the proxy in front is reached, and call 2Chat for
    /// it as `call` does
    ///
    /// What stands already is left as it is; what stood below another url ends. Without
    /// --event, that is looked for of all that earlier runs subscribed. It costs a credit to
    /// list, and up to two for each event that is subscribed.
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// At the end, end the subscriptions that this run made
    #[arg(long, requires = "public_url")]
    temporary: bool,
    /// End the subscriptions that earlier runs made, of --event or of all, forget their urls,
    /// and receive nothing
    #[arg(long, conflicts_with_all = ["public_url", "new_url", "number", "channel"])]
    remove: bool,
    /// Make new urls for the events that are named; their old ones end
    #[arg(long, requires = "event", conflicts_with = "public_url")]
    new_url: bool,
}

fn number(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("expected `+` and 8 to 15 digits, for example +14155550123");
    }
    Ok(text.to_owned())
}

fn channel(text: &str) -> Result<String, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(is_plain) {
        return Err("expected the uuid of a channel, for example WPN and a uuid");
    }
    Ok(text.to_owned())
}

impl UrlArguments {
    /// Whether calls have to be made for it.
    pub(super) fn calls(&self) -> bool {
        self.changing().is_some()
    }

    /// The flag by which something is changed at 2Chat, if it is there.
    pub(super) fn changing(&self) -> Option<&'static str> {
        let public_url = self.public_url.as_ref().map(|_| "--public-url");
        public_url.or(self.remove.then_some("--remove"))
    }

    /// Whether that is all that is to be done.
    pub(super) fn only_removes(&self) -> bool {
        self.remove
    }

    /// The events and places that are named.
    fn named(&self) -> Vec<(String, String)> {
        let mut places = [&self.number[..], &self.channel[..]].concat();
        if places.is_empty() {
            places.push(String::new());
        }
        let of = |event: &String| {
            let pair = |place: &String| (event.clone(), place.clone());
            places.iter().map(pair).collect::<Vec<_>>()
        };
        self.event.iter().flat_map(of).collect()
    }

    /// The names of all events that are received: those named now, and those of earlier runs.
    pub(super) fn names(&self, store: &Path) -> Result<Vec<String>, CommandError> {
        let mut names = self.event.clone();
        // One that there is not yet is not made for that, nor is one locked that is used.
        if let Some(store) = store::beside_if_begun(store)? {
            let known = endpoints::all(&store);
            let known = known.map_err(|error| CommandError::Host(error.to_string()))?;
            names.extend(known.into_iter().map(|endpoint| endpoint.event));
        }
        Ok(names)
    }

    /// Says of names that no event of 2Chat is known by what may be meant, where nobody is
    /// asked who knows for sure, and of a public url why nothing may come to it.
    pub(super) fn warn_of(&self, local: &str) {
        if let Some(url) = &self.public_url {
            url.doubt(local).iter().for_each(|why| terminal::say(&format!("twochat: {why}")));
            return;
        }
        for name in self.event.iter().filter(|name| !EVENTS.contains(&name.as_str())) {
            let why = suggest::unknown("event", name, &EVENTS, "2Chat has");
            terminal::say(&format!("twochat: --event {name}: as far as is known, {why}"));
        }
    }

    /// Makes and subscribes what is not there yet, and gives what is to be ended in the end.
    pub(super) async fn stand(
        &self,
        store: &Store,
        calls: Option<&Calls>,
        local: &str,
    ) -> Result<Vec<(String, String)>, CommandError> {
        let named = self.named();
        if let (Some(base), Some(calls)) = (&self.public_url, calls) {
            let named = if named.is_empty() { earlier(&known(store).await?) } else { named };
            if named.is_empty() {
                return Ok(Vec::new());
            }
            if named.iter().any(|(_, place)| place.is_empty()) {
                return Err(CommandError::Misuse(
                    "whose events? Name a number of yours with --number, or a channel with \
                     --channel"
                        .to_owned(),
                ));
            }
            let subscriptions = Subscriptions { calls, writer: &store.writer };
            let made = subscriptions.stand(&named, base).await?;
            return Ok(if self.temporary { made } else { Vec::new() });
        }
        let known = known(store).await?;
        for (event, place) in &named {
            if !self.new_url && known.of_event(event, place).is_some() {
                continue;
            }
            let token = endpoints::make(&store.writer, event, place).await?;
            let shown = if place.is_empty() { String::new() } else { format!(" {place}") };
            let line = format!("{event}{shown} {local}/{}", token.text());
            if let Err(error) = terminal::show(&line) {
                // Nobody will ever know it.
                if let Some(made) = self::known(store).await?.of_event(event, place) {
                    let forgotten = endpoints::forget(&store.writer, made.id).await;
                    forgotten.map_err(|why| CommandError::Host(why.to_string()))?;
                }
                return Err(CommandError::Host(format!(
                    "the url of {event}{shown} could not be shown, so there is none: {error}"
                )));
            }
        }
        Ok(Vec::new())
    }

    /// Ends what earlier runs subscribed.
    pub(super) async fn remove(&self, store: &Store, calls: &Calls) -> Result<(), CommandError> {
        let known = known(store).await?;
        let is_meant = |one: &&Endpoint| self.event.is_empty() || self.event.contains(&one.event);
        let have: Vec<_> = known.0.iter().map(|one| one.event.as_str()).collect();
        if let Some(event) = self.event.iter().find(|event| !have.contains(&event.as_str())) {
            let why = suggest::unknown("url for", event, &have, "there are those for");
            return Err(CommandError::Misuse(format!("--event: {why}")));
        }
        let meant: Vec<_> = known.0.iter().filter(is_meant).collect();
        Subscriptions { calls, writer: &store.writer }.remove(&meant).await?;
        let (ended, forgotten): (Vec<_>, Vec<_>) =
            meant.into_iter().partition(|one| one.subscription.is_some());
        let names = |of: &[&Endpoint]| {
            let names: Vec<_> = of.iter().map(ToString::to_string).collect();
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
        };
        terminal::say(&format!("twochat: ended: {}", names(&ended)));
        if !forgotten.is_empty() {
            let forgotten = names(&forgotten);
            terminal::say(&format!(
                "twochat: not subscribed from here, and now forgotten: {forgotten}"
            ));
        }
        Ok(())
    }
}

/// Ends what this run subscribed.
pub(super) async fn end(
    store: &Store,
    calls: &Calls,
    made: &[(String, String)],
) -> Result<(), CommandError> {
    let known = known(store).await?;
    let made: Vec<_> =
        made.iter().filter_map(|(event, place)| known.of_event(event, place)).collect();
    Subscriptions { calls, writer: &store.writer }.remove(&made).await
}

/// What earlier runs subscribed.
fn earlier(known: &Endpoints) -> Vec<(String, String)> {
    let subscribed = known.0.iter().filter(|one| one.subscription.is_some());
    subscribed.map(|one| (one.event.clone(), one.place.clone())).collect()
}

pub(super) async fn known(store: &Store) -> Result<Endpoints, CommandError> {
    Endpoints::of(&store.writer).await.map_err(|why| CommandError::Host(why.to_string()))
}
