//! The library: how a host loads a stranger's connector, and what it lets it do.
//!
#![doc = include_str!("../embedding.md")]

pub mod access;
pub mod addresses;
pub mod asking;
pub mod cache;
pub mod calls;
pub mod client;
pub mod compiler_process;
pub mod docs;
pub mod doubles;
pub mod engine;
pub mod fields;
pub mod files;
#[cfg(test)]
#[path = "../../fuzz/library.rs"]
mod fuzz;
pub mod gate;
pub mod hex;
pub mod hiding;
pub mod imports;
pub mod json;
pub mod log;
pub mod meant;
pub mod policy;
mod possible;
pub mod post;
pub mod program;
pub mod proxy;
pub mod reference;
pub mod retry;
mod schema;
pub mod secret;
pub mod seen;
pub mod suggest;
pub mod token;
pub mod tools;
pub mod vault;
pub mod vendor;
