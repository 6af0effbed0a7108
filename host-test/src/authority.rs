//! What does a connector get? What the built-in one states of itself holds for all, until
//! somebody connects another: a stranger's file has no say in where a key goes.

use std::{fmt::Display, sync::Arc};

use host::{
    docs::Docs,
    engine::Connector,
    vendor::{Setting, Vendor},
};

use crate::{component, exit::CommandError};

/// The vendor of the built-in component.
pub(crate) fn built_in() -> Result<Arc<Vendor>, CommandError> {
    component::stated_by_built_in().clone().map_err(unusable)
}

/// What the component states, where that is more or other than what the built-in one does.
pub(crate) fn of_its_own(docs: &Docs) -> Result<Option<Vendor>, CommandError> {
    let built_in = built_in()?;
    let has_more = |stated: &Vendor| {
        stated.base_url != built_in.base_url
            || stated.key_header != built_in.key_header
            || stated.methods.iter().any(|method| !built_in.methods.contains(method))
    };
    match Vendor::stated(docs) {
        Ok(stated) => Ok(Some(stated).filter(has_more)),
        Err(_) if !Vendor::is_stated(docs) => Ok(None),
        // Of whom it is, nobody can say.
        Err(why) => Err(CommandError::Refused(format!("the component cannot be used: {why}"))),
    }
}

/// What a connection has without a word of the policy. The component is told of its
/// server under the name that it looks for.
pub(crate) fn without_a_word(connector: &Connector) -> Result<Arc<Vendor>, CommandError> {
    let mut vendor = built_in()?;
    if let Ok(stated) = Vendor::stated(connector.docs())
        && stated.base_url_setting != vendor.base_url_setting
    {
        Arc::make_mut(&mut vendor).base_url_setting = stated.base_url_setting;
    }
    Ok(vendor)
}

/// The variable that holds the key.
pub(crate) fn key_setting() -> Result<&'static str, CommandError> {
    setting(|vendor| vendor.key_setting.as_ref())
}

/// The variable that says where the vendor is instead; the component looks there too.
pub(crate) fn base_url_setting() -> Result<&'static str, CommandError> {
    setting(|vendor| vendor.base_url_setting.as_ref())
}

fn setting(of: fn(&Vendor) -> Option<&Setting>) -> Result<&'static str, CommandError> {
    let vendor = component::stated_by_built_in().as_ref().map_err(unusable)?;
    of(vendor)
        .map(|setting| setting.name.as_str())
        .ok_or_else(|| unusable("it has no such setting"))
}

fn unusable(why: impl Display) -> CommandError {
    CommandError::Host(format!("the built-in component cannot be used: {why}"))
}
