//! `twochat listen`: events as 2Chat reports them, stored, and handed on.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use host::calls::Calls;
use tokio::sync::{Notify, oneshot};

use self::{
    door::{BODIES, BODY, BODY_TIME, Door},
    urls::UrlArguments,
};
use crate::{
    address::{self, Address},
    caller::{CallerArguments, client},
    commands::connections::RULE,
    component::ComponentArguments,
    digest::span::age,
    events::{
        following::{Following, Stamp},
        handing_on::Target,
        hearing, outbox, pruning,
        reading::READ,
        store::{self, Store},
        targets::{Makings, TargetArguments},
        writer::Unwritten,
    },
    exit::{CommandError, EXIT_CODES},
    interrupt, listener, terminal,
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
/// When the policy's file changes, its rules are read again. While they cannot be followed,
/// which is told, what comes is stored, and handed on once the file is right.
///
/// TLS is for a proxy in front, which leads a public url to this address, with or without a
/// path before the token. Ctrl-C ends it once what came in is stored.
#[derive(clap::Args)]
#[command(after_help = format!("{RULE}\n\n{}\n\n{EXIT_CODES}", bounds()))]
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
    /// Forget by itself what events said once they are so old, such as 90d; without it, all
    /// is kept
    ///
    /// It is what `twochat events prune` does when it is asked to. What is still to be read
    /// or handed on stays, and so does what is parked, and what tells doubles. The file is
    /// written anew then, and what comes in waits for that.
    #[arg(long, value_name = "AGE", value_parser = age)]
    keep: Option<String>,
    /// File in which events are kept, instead of the one in your data folder
    ///
    /// While it is written to, its newest pages lie beside it, in FILE-wal and FILE-shm: copy
    /// it by `sqlite3 FILE '.backup COPY'`, or once this has ended. It must not be moved
    /// before; while it is away, nothing is acknowledged.
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
    let Arguments { urls, listen, dry_run, tries, keep, store, targets, component, caller } =
        arguments;
    let connector = component.load_for_calls(AT_ONCE)?;
    if !connector.actions().iter().any(|action| action.name == READ) {
        let why = "the component reads no events: it has no function `read-event`";
        return Err(CommandError::Host(why.to_owned()));
    }
    let client = client()?;
    if let (true, Some(flag)) = (caller.read_only, urls.changing().or_else(|| targets.posting())) {
        return Err(CommandError::Refused(format!(
            "{flag} has no place beside --read-only, by which nothing but GET leaves"
        )));
    }
    let file = caller.policy_file();
    let stamp = file.as_deref().map_or(Stamp::none(), Stamp::of);
    let asks = file.is_some() || urls.calls();
    let access = asks.then(|| caller.access(&connector)).transpose()?;
    let calls = access.clone().map(|it| Calls::new(connector.clone(), client.clone(), it));
    let store = store::named(store)?;
    if let (true, Some(calls)) = (urls.only_removes(), &calls) {
        return urls.remove(&Store::open(&store)?, calls).await;
    }
    let flags = shared(targets.targets(&client).await?);
    let received = urls.names(&store)?;
    let makings = file.zip(access).map(|(file, access)| {
        let (connector, client) = (connector.clone(), client.clone());
        Makings { connector, client, file, access, received }
    });
    let rules = match &makings {
        Some(makings) => shared(makings.targets().await?),
        None => Vec::new(),
    };
    let all = || flags.iter().chain(&rules);
    let names: Vec<_> = all().map(|target| target.name.clone()).collect();
    let mut met = HashSet::new();
    if let Some(name) = names.iter().find(|name| !met.insert(name.as_str())) {
        return Err(CommandError::Misuse(format!(
            "two targets are called {name}: give each a name of its own"
        )));
    }
    let file = store;
    let store = Store::open(&file)?;
    let listener = listen.bind("--listen").await?;
    let local = address::url(&listener)?;
    urls.warn_of(&local);
    let made = urls.stand(&store, calls.as_ref(), &local).await?;
    let known = urls::known(&store).await?;
    if known.0.is_empty() {
        return Err(CommandError::Misuse(
            "there is nothing to receive: name an event, such as --event \
             whatsapp.conversation.new"
                .to_owned(),
        ));
    }
    makings.iter().for_each(|makings| makings.warn_of(&rules));
    let unwritten = |why: Unwritten| CommandError::Host(why.to_string());
    outbox::after_an_end(&store.writer).await.map_err(unwritten)?;
    let to = hearing::settled(&store.writer, names).await.map_err(unwritten)?;
    let events: Vec<_> = known.0.iter().map(ToString::to_string).collect();
    terminal::say(&format!(
        "twochat: listening at {local} for {}; handed on to {to}",
        events.join(", ")
    ));
    terminal::never_wait();
    let stored = Arc::new(Notify::new());
    let door = Arc::new(Door::new(known, store.writer.clone(), Arc::clone(&stored)));
    let (writer, is_dry) = (store.writer.clone(), dry_run);
    let following = Following {
        connector,
        writer,
        store: store.id.clone(),
        flags,
        makings,
        stored,
        tries,
        is_dry,
    };
    let forgetting = keep.filter(|_| !is_dry).map(|age| tokio::spawn(pruning::go_on(file, age)));
    let (end, ends) = oneshot::channel();
    let following = tokio::spawn(following.go_on(rules, stamp, ends));
    let answer = move |request| {
        let door = Arc::clone(&door);
        async move { door.answer(request).await }
    };
    listener::serve(listener, answer, interrupt::asks(), async {}).await;
    // Whoever is told may have ended by itself.
    let _ = end.send(());
    let _ = following.await;
    // Where that cannot be written now, the next start does it.
    let _ = outbox::after_an_end(&store.writer).await;
    forgetting.inspect(|forgetting| forgetting.abort());
    let ended = match calls {
        Some(calls) if !made.is_empty() => urls::end(&store, &calls, &made).await,
        _ => Ok(()),
    };
    store.end();
    ended
}

fn shared(targets: Vec<Target>) -> Vec<Arc<Target>> {
    targets.into_iter().map(Arc::new).collect()
}
