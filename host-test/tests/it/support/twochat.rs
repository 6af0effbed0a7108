//! The connector under test, and what it states of its vendor.

use std::sync::Arc;

use host::{docs::Docs, vendor::Vendor};

/// The connector, built from the sources of this repository.
pub(crate) const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));

/// 2Chat, as a host must know it.
pub(crate) fn twochat() -> Arc<Vendor> {
    Arc::new(Vendor::stated(&Docs::of(CONNECTOR)).unwrap())
}
