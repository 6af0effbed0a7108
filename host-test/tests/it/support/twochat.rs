//! The connector under test, what it states of its vendor, and a host for it.

use std::sync::Arc;

use host::{docs::Docs, engine::Host, vendor::Vendor};

/// The connector, built from the sources of this repository, or the file that
/// `TWOCHAT_COMPONENT` named.
pub(crate) const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));

/// 2Chat, as a host must know it.
pub(crate) fn twochat() -> Arc<Vendor> {
    Arc::new(Vendor::stated(&Docs::of(CONNECTOR)).unwrap())
}

/// A host that also loads what was built by a route that brings a standard library along.
pub(crate) fn host_of_any_route() -> Host {
    let packages = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:random"];
    Host::new().unwrap().allowing(packages.map(str::to_owned).to_vec())
}
