//! The built component, driven through the host.
//!
//! One binary, so that it is linked once. Each file is named after what it
//! proves; `support` holds the two ways to answer a request: a socket, where
//! only a socket shows the matter, and the host's own hook, where exact
//! requests are to be seen.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what is unexpected here is a failed test"
)]

mod support;

mod actions {
    //! A file for each action, found by the build; `all` gathers what they tell.
    include!(concat!(env!("OUT_DIR"), "/tests_of_actions.rs"));
}
mod advice;
mod artefact;
mod asking;
mod audit;
mod authority;
mod bounds;
mod cache;
mod command;
mod compiles;
mod connects;
mod digest;
mod endings;
mod events;
mod exports;
mod failures;
mod flags;
mod gate;
mod generic;
mod guests;
mod hints;
mod hostile;
mod hosts;
mod inspects;
mod interrupts;
mod isolation;
mod largest;
mod limits;
mod listen;
mod load;
mod log;
mod manifests;
mod mcp;
mod mcp_http;
mod network;
mod odd_replies;
mod pages;
mod policy;
mod reading;
mod readme;
mod reference;
mod results;
mod retries;
mod rooms;
mod secrets;
mod streams;
mod sync;
mod tables;
mod throttle;
mod tidy;
mod tls;
mod tools;
mod vault;
