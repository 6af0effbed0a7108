//! stub
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used, dead_code, reason = "stub")]
#[path = "it/load.rs"]
mod load;
#[path = "it/command.rs"]
mod command;
#[path = "it/gate.rs"]
mod gate;
#[path = "it/support/mod.rs"]
mod support;
