//! Door in: a function of the contract becomes an action, its outcome the
//! function's result.
//!
//! Knows the life of a call and nothing of what any action does.

use crate::{
    actions::{self, Action, ListWebhookSubscriptions, Promised},
    contract::{
        self, Error,
        events::{Delivery, Event},
    },
    effect::{self, Promise},
    error, events, settings, transport,
    twochat::{self, Call, Reply, Settings},
};

struct Connector;

macro_rules! exported {
    ($list:ident: $($function:ident($($argument:ident)?) => $action:ident;)*) => {
        $(
            fn $function(
                $($argument: <$list::$action as Action>::Input)?
            ) -> Result<<$list::$action as Action>::Output, Error> {
                run::<$list::$action>(($($argument)?))
            }
        )*
    };
}

impl contract::actions::Guest for Connector {
    actions::every_action!(exported actions:);
}

impl contract::events::Guest for Connector {
    events::every_event!(exported events:);

    /// Without an exchange, and so without settings.
    fn read_event(delivery: Delivery) -> Result<Event, Error> {
        events::read_event(delivery).map_err(|failure| failure.report(effect::of::read_event()))
    }
}

/// A call from its input to its outcome, in the contract's terms.
fn run<A: Action>(input: A::Input) -> Result<A::Output, Error> {
    let mut promise = A::PROMISE;
    let settings = settings::read().map_err(|failure| failure.report(promise))?;
    let outcome = carry_out::<A>(input, &settings, &mut promise);
    outcome.map_err(|failure| failure.hiding(settings.key()).report(promise))
}

/// The life of a call. A failure is one of what was under way, which `promise` tells.
fn carry_out<A: Action>(
    input: A::Input,
    settings: &Settings,
    promise: &mut Promise,
) -> error::Result<A::Output> {
    let mut action = A::build(input)?;
    let found = action.before(&mut |looks| {
        *promise = ListWebhookSubscriptions::PROMISE;
        exchange(looks, settings)
    })?;
    *promise = A::PROMISE;
    match found {
        Some(found) => Ok(found),
        None => exchange(action, settings),
    }
}

fn exchange<A: Action>(action: A, settings: &Settings) -> error::Result<A::Output> {
    let reply = reply(action.call()?, settings)?;
    actions::outcome(action, reply, settings)
}

#[inline(never)]
fn reply(call: Call, settings: &Settings) -> error::Result<Reply> {
    transport::send(twochat::sign(call, settings))
}

#[expect(
    unreachable_pub,
    unsafe_code,
    reason = "the generated exports are public functions of the C kind"
)]
mod exports {
    use super::Connector;

    crate::contract::export!(Connector with_types_in crate::contract::generated);
}
