//! What is made of events that are reported: each is kept, read once, and handed on to
//! whoever is to hear of it.
//!
//! Data flows one way: `deliveries` in, `reading`, `outbox`, and out by what
//! `handing_on` does for each target.

pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod lines;
pub(crate) mod store;
pub(crate) mod writer;
