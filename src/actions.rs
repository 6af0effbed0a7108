//! Which actions are there, and what must each be able to do?
//!
//! Check its input, put one question, and read the answer to it. Where 2Chat
//! is and with which key it is asked is kept from all of them.

use crate::{
    contract::WebhookSubscriptions,
    effect::{Effect, Promise},
    error::{Failure, Result},
    json::Answer,
    twochat::{self, Arguments, Brings, Call, Reply, Settings},
};

/// Every action: the contract's function and the action that it becomes.
///
/// A module, an import and an exported function are made from each line. A
/// function takes one value or none: what belongs together is a record.
macro_rules! every_action {
    ($make:ident $($before:tt)*) => {
        $make! {
            $($before)*
            create_contact(contact) => CreateContact;
            get_api_usage_info() => GetApiUsageInfo;
            list_contacts(query) => ListContacts;
            list_webhook_subscriptions() => ListWebhookSubscriptions;
            test_api_key() => TestApiKey;
        }
    };
}
#[cfg(target_family = "wasm")]
pub(crate) use every_action;

/// The modules and imports, and each action's promise by its function's name.
macro_rules! actions {
    ($($function:ident($($argument:ident)?) => $action:ident;)*) => {
        $(
            mod $function;
            pub(crate) use self::$function::$action;

            impl $crate::actions::Promised for $action {
                const PROMISE: $crate::effect::Promise = $crate::effect::of::$function();
            }
        )*
    };
}
every_action!(actions);

/// What the contract's docs say that a call does.
pub(crate) trait Promised {
    const PROMISE: Promise;
}

/// The one exchange that an action may have before its own.
pub(crate) type Ask<'a> =
    &'a mut dyn FnMut(ListWebhookSubscriptions) -> Result<WebhookSubscriptions>;

pub(crate) trait Action: Promised + Sized {
    /// What the contract's function takes.
    type Input;
    /// What the contract's function gives.
    type Output;

    /// What 2Chat may complain about.
    const ARGUMENTS: Arguments = Arguments::NONE;

    /// Checks the input: what can be refused is refused before anything is sent.
    fn build(input: Self::Input) -> Result<Self>;

    /// Looks whether what it would make is there already: by asking for what stands,
    /// which changes nothing.
    fn before(&mut self, _ask: Ask<'_>) -> Result<Option<Self::Output>> {
        Ok(None)
    }

    /// The question to 2Chat.
    fn call(&self) -> Result<Call>;

    /// Reads an answer that says it succeeded.
    fn read(self, answer: &Answer<'_>) -> Result<Self::Output>;

    /// Where a result tells what 2Chat warned of.
    fn warning(output: &mut Self::Output) -> &mut Option<String>;

    /// Whether a result holds nothing, so that what stands beside it matters more.
    fn is_nothing(_output: &Self::Output) -> bool {
        false
    }

    /// Reads a refusal, and what was read of what came with it, for the action to
    /// which some are an answer.
    fn refused(refusal: Box<Failure>, _beside: Option<Self::Output>) -> Result<Self::Output> {
        Err(refusal)
    }
}

/// What the action makes of a reply.
pub(crate) fn outcome<A: Action>(
    action: A,
    reply: Reply,
    settings: &Settings,
) -> Result<A::Output> {
    let (status, wait) = (reply.status, reply.wait_seconds());
    let (answer, refusal) = twochat::accept(reply, settings, &A::ARGUMENTS)?;
    let mut read = action.read(&answer);
    let refusal = refusal.or_else(|| {
        let brings = match &mut read {
            Ok(output) if A::is_nothing(output) => Brings::Nothing(A::warning(output)),
            Ok(output) if A::PROMISE.effect != Effect::Reads => Brings::Made(A::warning(output)),
            Ok(output) => Brings::Result(A::warning(output)),
            Err(failure) => Brings::Unread(failure),
        };
        twochat::judge(&answer, brings, status, &A::ARGUMENTS)
    });
    let (mut failure, beside) = match (refusal, read) {
        (Some(failure), read) => (failure, read.ok()),
        (None, Err(failure)) => (failure, None),
        (None, read) => return read,
    };
    failure.came(status, wait, beside.is_some());
    // A refusal is for the action to judge.
    A::refused(failure, beside)
}

#[cfg(test)]
mod tests;
