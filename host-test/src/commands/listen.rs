//! `twochat listen`: events as 2Chat reports them, stored, and handed on.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use host::{calls::Calls, engine::Connector, policy::Policy, suggest};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};

use self::{
    door::{BODIES, BODY, BODY_TIME, Door},
    urls::UrlArguments,
};
use crate::{
    address::{self, Address},
    caller::{CallerArguments, client},
    component::ComponentArguments,
    events::{
        endpoints::Endpoints,
        handing_on::{HandingOn, Target},
        outbox,
        reading::{READ, Reading},
        store::{self, Store},
        targets::{Makings, TargetArguments},
    },
    exit::{CommandError, EXIT_CODES},
    interrupt,
    listener::{self, Full},
    terminal,
};

mod door;
mod urls;

/// So many calls run at the same time.
const AT_ONCE: usize = 8;

/// Receive events from 2Chat, store them, and hand them on.
///
/// Each event has a url of its own, whose last part is a token that nobody can guess:
/// whoever knows it is believed, for 2Chat signs nothing. A url is printed when it is made,
/// and never again, as the store holds only the token's SHA-256; --new-url makes another in
/// its place. What is delivered there is stored before it is acknowledged, however it looks;
/// what comes twice is counted, and handed on once. `twochat events` shows all of it.
///
/// Without --public-url, you subscribe the urls that are printed; with it, they are
/// subscribed by themselves, and stay so from one run to the next.
///
/// Who hears of events is named by flags, or by the rules of the policy: a url that they are
/// forwarded to, a program, or a persona that calls an action. What cannot be handed on is
/// tried again, then parked; `twochat events replay` has it tried anew.
///
/// TLS is for a proxy in front, which leads a public url to this address, with or without a
/// path before the token. Ctrl-C ends it once what came in is stored.
#[derive(clap::Args)]
#[command(after_help = format!("{}\n\n{EXIT_CODES}", bounds()))]
pub(crate) struct Arguments {
    #[command(flatten)]
    urls: UrlArguments,
    /// Address to listen at; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8766")]
    listen: Address,
    /// Tell what rules would do, and do nothing: what is received meanwhile is handed on
    /// only where `twochat events replay` asks for it
    #[arg(long)]
    dry_run: bool,
    /// Try to hand an event on so often before it is parked, waiting longer each time: 1 s,
    /// 3 s, 9 s, up to 6 hours
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
    /// File in which events are kept, instead of the one in your data folder
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    targets: TargetArguments,
    #[command(flatten)]
    component: ComponentArguments,
    #[command(flatten)]
    caller: CallerArguments,
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
    let Arguments { urls, listen, dry_run, tries, store, targets, component, caller } = arguments;
    let connector = component.load_for_calls(AT_ONCE)?;
    if !connector.actions().iter().any(|action| action.name == READ) {
        let why = "the component reads no events: it has no function `read-event`";
        return Err(CommandError::Host(why.to_owned()));
    }
    let client = client()?;
    let policy = caller.policy_file().map(|file| Policy::read(&file)).transpose();
    let policy = policy.map_err(CommandError::Misuse)?;
    let asks = policy.is_some() || urls.calls();
    let access = asks.then(|| caller.access(&connector)).transpose()?;
    let calls = access.clone().map(|it| Calls::new(connector.clone(), client.clone(), it));
    let store = store::named(store)?;
    if let (true, Some(calls)) = (urls.only_removes(), &calls) {
        return urls.remove(&Store::open(&store)?, calls).await;
    }
    let mut all = targets.targets(&client).await?;
    let policy = policy.as_ref().zip(access.as_ref());
    let makings = Makings { connector: &connector, client: &client, policy };
    all.extend(makings.targets(&urls.names(&store)?).await?);
    let store = Store::open(&store)?;
    let listener = listen.bind("--listen").await?;
    let local = address::url(&listener)?;
    let made = urls.stand(&store, calls.as_ref(), &local).await?;
    let known = urls::known(&store).await?;
    if known.0.is_empty() {
        return Err(CommandError::Misuse(
            "there is nothing to receive: name an event, such as --event \
             whatsapp.conversation.new"
                .to_owned(),
        ));
    }
    warn_of_rules(&all, &known);
    let names = |harmed: bool| {
        let names = all.iter().filter(|it| !harmed || it.is_harmed_by_a_second());
        names.map(|target| target.name.clone()).collect::<Vec<_>>()
    };
    let begun = outbox::after_a_crash(&store.writer, names(false), names(true)).await;
    begun.map_err(|why| CommandError::Host(why.to_string()))?;
    let events: Vec<_> = known.0.iter().map(ToString::to_string).collect();
    let to = if all.is_empty() { "nobody".to_owned() } else { names(false).join(", ") };
    terminal::say(&format!(
        "twochat: listening at {local} for {}; handed on to {to}",
        events.join(", ")
    ));
    serve(listener, &store, known, all, connector, tries, dry_run).await;
    match calls {
        Some(calls) if !made.is_empty() => urls::end(&store, &calls, &made).await,
        _ => Ok(()),
    }
}

/// Receives, reads and hands on until it is told to end.
async fn serve(
    listener: TcpListener,
    store: &Store,
    known: Endpoints,
    targets: Vec<Target>,
    connector: Connector,
    tries: u32,
    is_dry: bool,
) {
    let (stored, waits) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (writer, targets) = (store.writer.clone(), Arc::new(targets));
    let door = Arc::new(Door::new(known, writer.clone(), Arc::clone(&stored)));
    let reading = Reading {
        connector,
        writer: writer.clone(),
        targets: Arc::clone(&targets),
        stored,
        waits: Arc::clone(&waits),
        is_dry,
    };
    let (id, is_ending) = (store.id.clone(), AtomicBool::new(false));
    let handing_on = Arc::new(HandingOn { writer, store: id, targets, waits, tries, is_ending });
    let reading = tokio::spawn(reading.go_on());
    let work = if is_dry { JoinSet::new() } else { handing_on.begin() };
    let answer = move |request| {
        let door = Arc::clone(&door);
        async move { door.answer(request).await }
    };
    listener::serve(listener, Full::MakesRoom, answer, interrupt::asks(), async {}).await;
    reading.abort();
    handing_on.end(work).await;
}

/// Says which rules wait for what does not come.
fn warn_of_rules(targets: &[Target], known: &Endpoints) {
    let events: Vec<_> = known.0.iter().map(|endpoint| endpoint.event.as_str()).collect();
    for target in targets {
        for name in target.filter.names() {
            if !events.contains(&name.as_str()) {
                let why = suggest::unknown("url for", name, &events, "there are those for");
                terminal::say(&format!("twochat: rules.{}.on: {why}", target.name));
            }
        }
    }
}
