//! A workflow through all contacts. Where its server dies, another goes on from the last
//! page that was answered.

wit_bindgen::generate!({ path: ["../wit", "../adapters.wit"], world: "twochat:durable/workflow", generate_all });

use std::collections::BTreeSet;

use exports::twochat::durable::everyone::Guest;
use twochat::connector::types::ContactQuery;
use twochat::durable::reads;

struct Everyone;
export!(Everyone);

impl Guest for Everyone {
    fn every_contact(page_size: u32) -> Result<Vec<String>, String> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next = Some(0);
        while next.is_some() {
            let query = ContactQuery {
                channel_uuid: None,
                page_number: next,
                results_per_page: Some(page_size),
            };
            let page = reads::list_contacts(&query).map_err(|failure| format!("{failure:?}"))?;
            let uuids = page.contacts.into_iter().map(|contact| contact.uuid);
            found.extend(uuids.filter(|uuid| seen.insert(uuid.clone())));
            next = page.next_page;
        }
        Ok(found)
    }
}
