//! What the host must know of 2Chat, and how this command is called.

use std::sync::{Arc, LazyLock};

use host::vendor::Vendor;

/// The name of the folders of this command, for what it keeps.
pub(crate) const APPLICATION: &str = "twochat";
/// Where 2Chat is.
pub(crate) const BASE_URL: &str = "https://api.p.2chat.io/open";
/// The variable that says where it is instead; the component looks there too.
pub(crate) const BASE_URL_SETTING: &str = "TWOCHAT_BASE_URL";
/// The variable that holds the key.
pub(crate) const KEY_SETTING: &str = "TWOCHAT_API_KEY";

/// Where the owner of an account finds it.
pub(crate) const KEY_PLACE: &str = "https://app.2chat.io/developers?tab=api-access";

/// 2Chat, as the host must know it.
pub(crate) static TWOCHAT: LazyLock<Arc<Vendor>> = LazyLock::new(|| {
    Arc::new(Vendor {
        base_url: BASE_URL.to_owned(),
        base_url_setting: BASE_URL_SETTING.to_owned(),
        key_header: http::HeaderName::from_static("x-user-api-key"),
    })
});
