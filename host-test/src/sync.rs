//! How do people come from another tool into 2Chat? A room for each step of the way.

pub(crate) mod columns;
pub(crate) mod csv;
pub(crate) mod encoding;
pub(crate) mod ends;
mod headers;
pub(crate) mod journal;
pub(crate) mod json;
pub(crate) mod making;
pub(crate) mod numbers;
mod overlooked;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod singer;
pub(crate) mod source;
pub(crate) mod there;
pub(crate) mod vcard;
