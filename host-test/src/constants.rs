//! How is this command called, and where does its user find a key?

/// The name of the folders of this command, for what it keeps.
pub(crate) const APPLICATION: &str = "twochat";

/// The actions by which people come from elsewhere: one creates somebody, one lists all
/// who are there, one tells how fast that may go.
pub(crate) const CREATE: &str = "create-contact";
pub(crate) const LIST: &str = "list-contacts";
pub(crate) const USAGE: &str = "get-api-usage-info";

/// Where the owner of an account finds it.
pub(crate) const KEY_PLACE: &str = "https://app.2chat.io/developers?tab=api-access";
