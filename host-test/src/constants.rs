//! How is this command called, and where does its user find a key?

/// The name of the folders of this command, for what it keeps.
pub(crate) const APPLICATION: &str = "twochat";

/// Where the owner of an account finds it.
pub(crate) const KEY_PLACE: &str = "https://app.2chat.io/developers?tab=api-access";
