//! Door in: a function of the contract becomes an action, its outcome the
//! function's result.
//!
//! Knows the life of a call and nothing of what any action does.

use crate::{
    actions::{self, Action},
    contract::{self, Error},
    effect, error, events, settings, transport,
    twochat::{self, Settings},
};

struct Connector;

macro_rules! exported {
    ($($function:ident($($argument:ident)?) => $action:ident;)*) => {
        impl contract::actions::Guest for Connector {
            $(
                fn $function(
                    $($argument: <actions::$action as Action>::Input)?
                ) -> Result<<actions::$action as Action>::Output, Error> {
                    run::<actions::$action>(($($argument)?))
                }
            )*
        }
    };
}
actions::every_action!(exported);

impl contract::events::Guest for Connector {
    fn read_event(delivery: contract::events::Delivery) -> Result<contract::events::Event, Error> {
        events::read_event(delivery).map_err(|failure| failure.report(effect::of::read_event()))
    }
}

/// A call from its input to its outcome, in the contract's terms.
fn run<A: Action>(input: A::Input) -> Result<A::Output, Error> {
    let settings = settings::read().map_err(|failure| failure.report(A::PROMISE))?;
    let outcome = carry_out::<A>(input, &settings);
    outcome.map_err(|failure| failure.hiding(settings.key()).report(A::PROMISE))
}

/// The life of a call.
fn carry_out<A: Action>(input: A::Input, settings: &Settings) -> error::Result<A::Output> {
    let action = A::build(input)?;
    let request = twochat::sign(action.call()?, settings);
    let reply = transport::send(request)?;
    actions::outcome(action, reply, settings)
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
