//! How does the server introduce itself? As this command, with what the file says of itself.

use base64::{Engine, prelude::BASE64_STANDARD};
use host::imports::Outline;
use rmcp::model::{Icon, Implementation};

use crate::paint::visible;

/// A picture of a bubble.
const ICON: &str = include_str!("icon.svg");

/// What is told of a component of these bytes.
pub(super) fn of(component: &[u8]) -> Implementation {
    let Outline { name, metadata, .. } = Outline::named(component);
    let of = |title| metadata.get(title).map(|text| visible(text));
    let src = format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(ICON.trim()));
    let icon = Icon::new(src).with_mime_type("image/svg+xml").with_sizes(vec!["any".to_owned()]);
    let mut own = Implementation::new("twochat", env!("CARGO_PKG_VERSION"));
    own.title = name.map(|name| visible(&name));
    own.description = of("description");
    // A client may make it a link.
    own.website_url = of("homepage").filter(|url| url.starts_with("https://"));
    own.icons = Some(vec![icon]);
    own
}
