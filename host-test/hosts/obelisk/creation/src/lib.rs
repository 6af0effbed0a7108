//! The creation as an activity: made once, whatever becomes of it.

wit_bindgen::generate!({ path: ["../wit", "../adapters.wit"], world: "twochat:durable/creating", generate_all });

use exports::twochat::durable::creation::{Failure, Guest};
use twochat::connector::actions;
use twochat::connector::types::{Contact, NewContact};

struct Creation;
export!(Creation);

impl Guest for Creation {
    fn create_contact(contact: NewContact) -> Result<Contact, Failure> {
        actions::create_contact(&contact).map_err(Failure::Permanent)
    }
}
