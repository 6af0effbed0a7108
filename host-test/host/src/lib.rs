#![doc = include_str!("../embedding.md")]

pub mod access;
pub mod addresses;
pub mod apart;
pub mod cache;
pub mod calls;
pub mod client;
pub mod docs;
pub mod engine;
mod files;
pub mod gate;
pub mod hiding;
pub mod imports;
pub mod json;
pub mod log;
pub mod policy;
pub mod proxy;
pub mod retry;
mod schema;
pub mod secret;
pub mod tools;
pub mod vault;
pub mod vendor;
