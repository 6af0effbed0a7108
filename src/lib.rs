//! The component: the actions of 2Chat, each between an exported function and wasi:http.
//!
#![doc = include_str!("../README.md")]
//!
//! # The crate, room by room
//!
//! A call enters through `guest`, which builds one of the `actions` from
//! the contract's input, has `twochat` sign the request, hands it to
//! `transport`, and gives the reply back to the action to read. Everything
//! between the two doors is pure and builds natively, tests included; the
//! doors themselves exist only on wasm.

#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "the doors, which use it all, exist only on wasm")
)]

#[macro_use]
mod values;

#[macro_use]
mod actions;
mod allocator;
mod contract;
mod effect;
mod error;
mod events;
mod json;
mod records;
mod text;
mod time;
mod twochat;
mod unique;

#[cfg(test)]
#[path = "../host-test/fuzz/component.rs"]
mod fuzz;

#[cfg(target_family = "wasm")]
mod guest;
#[cfg(target_family = "wasm")]
mod settings;
#[cfg(target_family = "wasm")]
mod transport;
