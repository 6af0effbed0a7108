//! What is made of events that are reported: each is kept, read once, and handed on to
//! whoever is to hear of it.
//!
//! Data flows one way: `deliveries` in, `reading`, `outbox`, and out by what
//! `handing_on` does for each target.

pub(crate) mod calling;
pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod filter;
pub(crate) mod fit;
pub(crate) mod following;
pub(crate) mod forward;
pub(crate) mod handing_on;
pub(crate) mod hearing;
pub(crate) mod lines;
pub(crate) mod listing;
pub(crate) mod outbox;
pub(crate) mod past;
pub(crate) mod place;
pub(crate) mod pruning;
pub(crate) mod reading;
pub(crate) mod running;
pub(crate) mod store;
pub(crate) mod subscriptions;
pub(crate) mod targets;
pub(crate) mod writer;
