//! The contract as Rust types, generated from `wit/` and nothing else.
//!
//! The only room where unsafe code and undocumented items are allowed: both
//! are the generator's. The docs are in the WIT files.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated code follows the generator's style"
)]
pub(crate) mod generated {
    wit_bindgen::generate!({
        path: "wit",
        world: "integration",
        generate_all,
        pub_export_macro: true,
    });
}

pub(crate) use generated::twochat::connector::types::*;
#[cfg(target_family = "wasm")]
pub(crate) use generated::{export, exports::twochat::connector::actions::Guest};
