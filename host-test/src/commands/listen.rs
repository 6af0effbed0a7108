//! `twochat listen`: events as 2Chat reports them, stored, and handed on.

use std::{path::PathBuf, sync::Arc};

use host::token::Token;
use tokio::sync::Notify;

use self::door::{BODIES, BODY, BODY_TIME, Door};
use crate::{
    address::{self, Address},
    events::{
        endpoints::{self, Endpoints},
        store::{self, Store},
    },
    exit::{CommandError, EXIT_CODES},
    interrupt,
    listener::{self, Full},
    terminal,
};

mod door;

/// Receive events from 2Chat, store them, and hand them on.
///
/// Each event has a url of its own, whose last part is a token that nobody can guess:
/// whoever knows it is believed, for 2Chat signs nothing. A url is printed when it is made,
/// and never again, as the store holds only the token's SHA-256; --new-url makes another in
/// its place. What is delivered there is stored before it is acknowledged, however it looks;
/// what comes twice is counted, and handed on once. `twochat events` shows all of it.
///
/// TLS is for a proxy in front, which leads a public url to this address, with or without a
/// path before the token. Ctrl-C ends it once what came in is stored.
#[derive(clap::Args)]
#[command(after_help = format!("{}\n\n{EXIT_CODES}", bounds()))]
pub(crate) struct Arguments {
    /// Event to receive, such as whatsapp.conversation.new; may be given more than once
    ///
    /// Those of earlier runs are received as well.
    #[arg(long, value_name = "NAME", value_parser = endpoints::name)]
    event: Vec<String>,
    /// Address to listen at; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8766")]
    listen: Address,
    /// Make new urls for the events that are named; their old ones end
    #[arg(long, requires = "event")]
    new_url: bool,
    /// File in which events are kept, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

fn bounds() -> String {
    format!(
        "Bounds: {} connections, of which the most silent makes room for others; {} s for the \
         head of a request ({} KiB, {} headers), {} s for its body ({} MiB, and {} MiB of all \
         together).",
        listener::CONNECTIONS,
        listener::HEAD_TIME.as_secs(),
        listener::HEAD >> 10,
        listener::HEADERS,
        BODY_TIME.as_secs(),
        BODY >> 20,
        BODIES >> 20,
    )
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let address = arguments.listen;
    let store = Store::open(&store::named(arguments.store)?)?;
    let listener = address.bind("--listen").await?;
    let local = address::url(&listener)?;
    let made = make(&store, &arguments.event, arguments.new_url).await?;
    let known = read(&store).await?;
    if known.0.is_empty() {
        return Err(CommandError::Misuse(
            "there is nothing to receive: name an event, such as --event \
             whatsapp.conversation.new"
                .to_owned(),
        ));
    }
    for (event, token) in &made {
        // Whoever started this and went away wants no line.
        let _ = terminal::show(&format!("{event} {local}/{}", token.text()));
    }
    let names: Vec<_> = known.0.iter().map(ToString::to_string).collect();
    terminal::say(&format!("twochat: listening at {local} for {}", names.join(", ")));
    let stored = Arc::new(Notify::new());
    let door = Arc::new(Door::new(known, store.writer.clone(), stored));
    let answer = move |request| {
        let door = Arc::clone(&door);
        async move { door.answer(request).await }
    };
    listener::serve(listener, Full::MakesRoom, answer, interrupt::asks(), async {}).await;
    Ok(())
}

/// Makes the endpoints that are not there yet, and gives their tokens.
async fn make(
    store: &Store,
    events: &[String],
    anew: bool,
) -> Result<Vec<(String, Token)>, CommandError> {
    let known = read(store).await?;
    let mut made = Vec::new();
    for event in events {
        if anew || known.of_event(event, "").is_none() {
            made.push((event.clone(), endpoints::make(&store.writer, event, "").await?));
        }
    }
    Ok(made)
}

async fn read(store: &Store) -> Result<Endpoints, CommandError> {
    Endpoints::of(&store.writer).await.map_err(|why| CommandError::Host(why.to_string()))
}
