//! What must the host know of a vendor before it lets requests out?

use http::HeaderName;

/// A vendor's API: where it is, and how it takes the key.
#[derive(Clone, Debug)]
pub struct Vendor {
    /// Where the API is, path included, unless a connection says otherwise.
    pub base_url: String,
    /// The environment variable in which its connector looks for the base url.
    pub base_url_setting: String,
    /// The header in which it expects the key.
    pub key_header: HeaderName,
}
