//! `twochat mcp`: the actions as tools of an agent, over the Model Context
//! Protocol, on standard input and output or over HTTP.

use std::{sync::Arc, time::Duration};

use host::{
    access::Access,
    calls::Calls,
    client::Client,
    engine::{Connector, Limits},
    retry::TRIES,
    tools::Tool,
};
use rmcp::{model::Implementation, serve_server};
use tokio::sync::Semaphore;

use self::server::Server;
use crate::{
    address::Address,
    caller::{CallerArguments, client},
    component::ComponentArguments,
    exit::{CommandError, EXIT_CODES},
    names::Name,
    stdio::Lines,
    terminal,
    toolsets::{ToolsetArguments, usual},
};

mod asking;
mod http;
mod identity;
mod leaving;
mod offered;
mod prompts;
mod refusal;
mod resources;
mod served;
mod server;
mod turns;
mod words;

/// Serve the actions as tools to agents (MCP over standard input and output, or HTTP).
///
/// An agent starts this command itself, such as Claude Code after `claude mcp add
/// twochat --env TWOCHAT_API_KEY=... -- twochat mcp`. The key is read from there, or
/// as the policy says, and added to requests by the host; neither the agent nor the
/// component sees it. Without a key it serves as well, and each call says what is missing.
/// What a request's `_meta` has as `prompt` is written down with
/// the call. Where the policy says that a person must say yes to a call (`ask`), the client
/// shows them the form that it is asked for (elicitation); without one it is refused. It
/// ends when its input does.
///
/// Beside the tools there are prompts for what they are used for, and the contract as
/// resources, twochat://contract and twochat://contract/NAME.
///
/// With --http, agents connect to http://ADDR/mcp. With a policy, each shows the token of
/// its persona (`twochat token NAME` makes one) as `Authorization: Bearer TOKEN`. Without
/// one, or for the persona that --persona names, whoever reaches it is served, so ADDR must
/// be a loopback address. TLS is for a proxy in front of it. Ctrl-C ends it once the calls
/// under way have ended.
#[derive(clap::Args)]
#[command(after_help = format!("{}\n\n{EXIT_CODES}", http::bounds()))]
pub(crate) struct Arguments {
    #[command(flatten)]
    component: ComponentArguments,
    /// Try each call once, also where its error says that it may be repeated
    #[arg(long)]
    no_retry: bool,
    /// Serve over HTTP at this address, such as 127.0.0.1:8765; port 0 takes any free one
    #[arg(long, value_name = "ADDR")]
    http: Option<Address>,
    /// Take requests to this host name, and from its own pages, as well as to localhost, each
    /// with a persona's token; may be given more than once
    #[arg(long, value_name = "NAME", requires = "http")]
    allow_host: Vec<Name>,
    #[command(flatten)]
    toolsets: ToolsetArguments,
    #[command(flatten)]
    caller: CallerArguments,
}

/// So many calls run at the same time; more wait for their turn.
pub(crate) const AT_ONCE: usize = 32;
/// So long after the last call has to end its answer may be on its way.
const LAST: Duration = Duration::from_secs(2);

/// What all servers are made of.
struct Make {
    connector: Connector,
    client: Client,
    identity: Implementation,
    /// The toolsets that were asked for.
    toolsets: Option<Vec<String>>,
    tries: usize,
    /// The turns of all of them.
    all: Arc<Semaphore>,
}

impl Make {
    fn server(&self, access: Access, turns: Vec<Arc<Semaphore>>) -> Server {
        let toolsets = self.toolsets.clone().or_else(|| match access {
            Access::Owner(_) => Some(usual()),
            // A policy tells by itself which its personas see.
            Access::Persona(_) => None,
        });
        let calls = Calls::new(self.connector.clone(), self.client.clone(), access);
        let calls = calls.offering(toolsets);
        Server::new(calls, self.identity.clone(), self.tries, turns)
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let Arguments { component, no_retry, http, allow_host, toolsets, caller } = arguments;
    let (connector, bytes) = component.load_with_bytes(AT_ONCE)?;
    let identity = identity::of(&bytes);
    let toolsets = toolsets.asked(&Tool::all_of(&connector))?;
    let tries = if no_retry { 0 } else { TRIES };
    let all = Arc::new(Semaphore::new(AT_ONCE));
    if let Some(address) = http {
        let callers = caller.callers(&connector)?;
        let client = client()?;
        let make = Make { connector, client, identity, toolsets, tries, all };
        return http::serve(address, allow_host, callers, make).await;
    }
    let access = caller.access_of_server(&connector)?;
    let turns = vec![Arc::clone(&all)];
    let make = Make { connector, client: client()?, identity, toolsets, tries, all };
    let server = make.server(access, turns);
    // What is wrong now is better heard by whoever starts this than by the agent.
    server.can_serve()?;
    if terminal::is_typed() {
        terminal::say(
            "twochat: waiting for an agent, which starts this command itself; Ctrl-D or Ctrl-C ends it",
        );
    }
    let failed =
        |error: String| CommandError::Host(format!("the agent's connection failed: {error}"));
    let time = Limits::default().time + LAST;
    let lines = Lines::open(time).map_err(|error| failed(error.to_string()))?;
    match serve_server(Arc::new(server), lines).await {
        Ok(running) => {
            running.waiting().await.map(|_| ()).map_err(|error| failed(error.to_string()))
        }
        // An agent that leaves before it said anything is no failure.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(failed(error.to_string())),
    }
}
