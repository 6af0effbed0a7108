//! Door in: a function of the contract becomes an action, its outcome the
//! function's result.
//!
//! Knows the life of a call and nothing of what any action does.

use crate::{
    actions::{self, Action, Steps, UnderWay},
    contract::{
        self, Error,
        events::{Delivery, Event},
    },
    effect::{self, Promise},
    error::{self, Failure},
    events, settings, transport,
    twochat::{self, Settings},
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
    let action = A::build(input).map_err(|failure| refused(failure, A::PROMISE))?;
    let mut action = UnderWay::new(action);
    carry_out(&mut action)?;
    action.output().ok_or_else(|| actions::nothing().report(A::PROMISE))
}

/// The error of an input that cannot be taken; settings that cannot come first.
fn refused(failure: Box<Failure>, promise: Promise) -> Error {
    let failure = match settings::read() {
        Ok(settings) => failure.hiding(settings.key()),
        Err(unusable) => unusable,
    };
    failure.report(promise)
}

/// The life of a call.
fn carry_out(action: &mut dyn Steps) -> Result<(), Error> {
    let mut promise = action.promise();
    let outcome = settings::read().and_then(|settings| {
        let outcome = exchanges(action, &settings, &mut promise);
        outcome.map_err(|failure| failure.hiding(settings.key()))
    });
    outcome.map_err(|failure| failure.report(promise))
}

/// A failure is one of what was under way, which `promise` tells.
fn exchanges(
    action: &mut dyn Steps,
    settings: &Settings,
    promise: &mut Promise,
) -> error::Result<()> {
    let is_there = action.before(&mut |looks| {
        *promise = looks.promise();
        exchange(looks, settings)
    })?;
    *promise = action.promise();
    if is_there { Ok(()) } else { exchange(action, settings) }
}

fn exchange(action: &mut dyn Steps, settings: &Settings) -> error::Result<()> {
    let reply = transport::send(twochat::sign(action.call(), settings))?;
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
