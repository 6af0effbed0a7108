//! What are the base URL and the key? Reads them from the environment.
//!
//! Asks anew at each call, so that a changed setting counts at once.

use crate::{contract::generated::wasi::cli::environment, error::Result, twochat::Settings};

pub(crate) fn read() -> Result<Settings> {
    Settings::from_variables(environment::get_environment())
}
