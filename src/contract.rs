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

#[cfg(target_family = "wasm")]
pub(crate) use generated::{export, exports::twochat::connector::actions};
pub(crate) use generated::{exports::twochat::connector::events, twochat::connector::types::*};

/// The WIT package with its docs, gzipped, for hosts that show them: the
/// component's own types carry none.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "names a section, which is a linker's matter")]
#[expect(dead_code, reason = "read from the file, not from the code")]
#[unsafe(link_section = "wit-package.gz")]
static WIT: [u8; include_bytes!(concat!(env!("OUT_DIR"), "/package.wit.gz")).len()] =
    *include_bytes!(concat!(env!("OUT_DIR"), "/package.wit.gz"));
