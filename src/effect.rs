//! What does a call do at 2Chat, and does a second one do more? As the
//! contract's docs say, and nowhere else.
//!
//! The docs are read when the component is built: an action whose docs do not
//! say it, or say it in other words, does not build.

/// What a call does at 2Chat when it is carried out.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(dead_code, reason = "complete, whichever of them the actions of today are")]
pub(crate) enum Effect {
    /// Nothing changes.
    Reads,
    /// Something new exists afterwards.
    Creates,
    /// Something is another than before.
    Changes,
    /// Something is gone afterwards.
    Deletes,
}

/// What the docs of a function promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Promise {
    pub(crate) effect: Effect,
    /// Whether a repeated call does no more than the first one.
    pub(crate) repeatable: bool,
}

/// The promise of each function, under its name.
pub(crate) mod of {
    use super::{Effect, Promise};

    include!(concat!(env!("OUT_DIR"), "/effects.rs"));
}

#[cfg(test)]
mod docs;
