//! What 2Chat reports to webhooks: which functions are there for it?
//!
//! Those that ask 2Chat are actions like all others, in a list of their own. To read
//! what came takes no exchange.

/// Every function that asks 2Chat, as the list of the actions has them.
macro_rules! every_event {
    ($make:ident $($before:tt)*) => {
        $make! {
            $($before)*
            subscribe(wanted) => Subscribe;
            unsubscribe(subscription) => Unsubscribe;
        }
    };
}
#[cfg(target_family = "wasm")]
pub(crate) use every_event;

every_event!(actions);

mod ids;
mod members;
mod names;
mod numbers;
mod read_event;
mod slots;

#[cfg(any(test, target_family = "wasm"))]
pub(crate) use self::read_event::read_event;

value! {
    /// The name of an event, as 2Chat lists them.
    EventName: |text: &str| {
        text.len() <= 100
            && text.split(&['.', '_', '-'][..]).all(|word| {
                !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
    },
    expected "the name of an event, for example whatsapp.message.received"
}

#[cfg(test)]
mod tests;
