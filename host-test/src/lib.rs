//! A small reference host for connectors, to be read in an afternoon and
//! lifted into a product.
//!
//! | room | question |
//! | --- | --- |
//! | [`engine`] | how is a connector loaded, and one call of it carried out? |
//! | [`egress`] | which requests may leave, and with what added? |
//! | [`client`] | how does an allowed request get to its server and back? |
//! | [`addresses`] | which addresses may a connection reach? |
//! | [`cache`] | how is a component compiled only once? |
//! | [`access`] | may this call be made, over which connection, and who sees what? |
//! | [`masks`] | what is not to be seen? |
//! | [`policy`] | who may do what, over which connection? |
//! | [`vault`] | where is a secret kept, and how is it read? |
//! | [`retry`] | may a failed call be repeated, and when? |
//! | [`audit`] | what was done, by whom, and how did it end? |
//! | [`json`] | how is a component value written as JSON, and JSON read as one? |
//! | [`docs`] | what does a component say of itself? |
//! | [`tools`] | how does an action present itself to a model? |
//! | [`mock`] | what would 2Chat answer? |
//!
//! Data flows one way: `engine` reads the arguments with `json` and runs the
//! guest, whose requests pass `egress`, which sends them with `client`.

pub mod access;
pub mod addresses;
pub mod audit;
pub mod cache;
pub mod client;
pub mod docs;
pub mod egress;
pub mod engine;
mod files;
pub mod json;
pub mod masks;
pub mod mock;
pub mod policy;
pub mod retry;
mod schema;
pub mod tools;
pub mod vault;

/// The connector of this repository, built from the sources beside this crate.
pub const CONNECTOR: &[u8] = include_bytes!(env!("TWOCHAT_COMPONENT"));
