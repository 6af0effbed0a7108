//! The connector under test, and what a host must know of its vendor.

use std::sync::Arc;

use host::vendor::Vendor;

/// The connector, built from the sources of this repository.
pub(crate) const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));

/// 2Chat, as a host must know it.
pub(crate) fn twochat() -> Arc<Vendor> {
    Arc::new(Vendor {
        base_url: "https://api.p.2chat.io/open".to_owned(),
        base_url_setting: "TWOCHAT_BASE_URL".to_owned(),
        key_header: "x-user-api-key".parse().unwrap(),
    })
}
