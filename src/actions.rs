//! Which actions are there, and what must each be able to do?
//!
//! Check its input, put one question, and read the answer to it. Where 2Chat
//! is and with which key it is asked is kept from all of them.

use crate::{
    contract::ErrorKind,
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

/// The exchanges that an action may have before its own: of those that only read.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(&mut dyn Steps) -> Result<()>;

/// What another action's call gives, which is made first.
pub(crate) fn asked<A: Action>(ask: Ask<'_>, action: A) -> Result<A::Output> {
    let mut action = UnderWay::new(action);
    ask(&mut action)?;
    action.output().ok_or_else(nothing)
}

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
    fn call(&self) -> Call;

    /// Reads an answer that says it succeeded.
    fn read(&self, answer: &Answer<'_>) -> Result<Self::Output>;

    /// Where a result tells what 2Chat warned of.
    fn warning(output: &mut Self::Output) -> &mut Option<String>;

    /// Whether a result holds nothing, so that what stands beside it matters more.
    fn is_nothing(_output: &Self::Output) -> bool {
        false
    }

    /// Reads a refusal, for the action to which some are an answer: a result then, in
    /// the place of what was read of what came with it.
    fn refused(refusal: Box<Failure>, _beside: &mut Option<Self::Output>) -> Result<()> {
        Err(refusal)
    }
}

/// An action whose call is under way, and its result, as soon as there is one.
pub(crate) struct UnderWay<A: Action> {
    action: A,
    output: Option<A::Output>,
}

impl<A: Action> UnderWay<A> {
    pub(crate) fn new(action: A) -> Self {
        Self { action, output: None }
    }

    /// The result, which a call that went well has.
    pub(crate) fn output(self) -> Option<A::Output> {
        self.output
    }
}

/// The failure that there is no result.
#[cold]
pub(crate) fn nothing() -> Box<Failure> {
    Failure::new(ErrorKind::UnexpectedReply, "There is no result.".to_owned(), "")
}

/// What the life of a call needs of an action, whatever goes in and comes out: so it is
/// there once, and not for each of them.
pub(crate) trait Steps {
    fn promise(&self) -> Promise;
    fn arguments(&self) -> &'static Arguments;
    /// Whether what it would make is there already.
    fn before(&mut self, ask: Ask<'_>) -> Result<bool>;
    fn call(&self) -> Call;
    fn read(&mut self, answer: &Answer<'_>) -> Result<Brings<'_>>;
    fn refused(&mut self, refusal: Box<Failure>) -> Result<()>;
}

impl<A: Action> Steps for UnderWay<A> {
    fn promise(&self) -> Promise {
        A::PROMISE
    }

    fn arguments(&self) -> &'static Arguments {
        &A::ARGUMENTS
    }

    fn before(&mut self, ask: Ask<'_>) -> Result<bool> {
        self.output = self.action.before(ask)?;
        Ok(self.output.is_some())
    }

    fn call(&self) -> Call {
        self.action.call()
    }

    fn read(&mut self, answer: &Answer<'_>) -> Result<Brings<'_>> {
        let output = self.output.insert(self.action.read(answer)?);
        let is_nothing = A::is_nothing(output);
        let warning = A::warning(output);
        Ok(match A::PROMISE.effect {
            _ if is_nothing => Brings::Nothing(warning),
            Effect::Reads => Brings::Result(warning),
            _ => Brings::Made(warning),
        })
    }

    fn refused(&mut self, refusal: Box<Failure>) -> Result<()> {
        A::refused(refusal, &mut self.output)
    }
}

/// What the action makes of a reply.
pub(crate) fn outcome(action: &mut dyn Steps, reply: Reply, settings: &Settings) -> Result<()> {
    let (status, wait) = (reply.status, reply.wait_seconds());
    let arguments = action.arguments();
    let (answer, refusal) = twochat::accept(reply, settings, arguments)?;
    let mut unread = None;
    let brings = match action.read(&answer) {
        Ok(brings) => brings,
        Err(failure) => Brings::Unread(unread.insert(failure)),
    };
    let refusal = refusal.or_else(|| twochat::judge(&answer, brings, status, arguments));
    let is_read = unread.is_none();
    let Some(mut failure) = refusal.or(unread) else { return Ok(()) };
    failure.came(status, wait, is_read);
    // A refusal is for the action to judge.
    action.refused(failure)
}

/// What comes of a reply.
#[cfg(test)]
pub(crate) fn result_of<A: Action>(
    action: A,
    reply: Reply,
    settings: &Settings,
) -> Result<A::Output> {
    let mut action = UnderWay::new(action);
    outcome(&mut action, reply, settings)?;
    action.output().ok_or_else(nothing)
}

#[cfg(test)]
mod tests;
