//! `GET /contacts`: one page of the directory.
//!
//! Documented at developers.2chat.co under "List contacts". Pages count from
//! 0. 2Chat gives no link to the next page, and sources disagree whether its
//! `count` is of the page or of all, so a full page is what promises another.

use std::collections::BTreeSet;

use super::Action;
use crate::{
    contract::{Contact, ContactPage, ContactQuery},
    error::{Failure, Result},
    json::{self, Value},
    records,
    twochat::Call,
    values::ChannelUuid,
};

pub(crate) struct ListContacts {
    channel_uuid: Option<ChannelUuid>,
    page_number: u32,
    /// Always sent: 2Chat documents no default for contacts.
    results_per_page: u32,
}

const DEFAULT_RESULTS_PER_PAGE: u32 = 50;

impl Action for ListContacts {
    type Input = ContactQuery;
    type Output = ContactPage;

    fn build(query: ContactQuery) -> Result<Self> {
        let results_per_page = query.results_per_page.unwrap_or(DEFAULT_RESULTS_PER_PAGE);
        if !(1..=100).contains(&results_per_page) {
            let given = results_per_page.to_string();
            let why = [&given, " cannot be used; expected 1 to 100, for example 50"].concat();
            return Err(Failure::invalid("results-per-page", &why));
        }
        let channel_uuid = query
            .channel_uuid
            .map(ChannelUuid::parse)
            .transpose()
            .map_err(|why| Failure::invalid("channel-uuid", &why))?;
        Ok(Self { channel_uuid, page_number: query.page_number.unwrap_or(0), results_per_page })
    }

    fn call(&self) -> Result<Call> {
        let mut query = vec![
            ("page_number", self.page_number.to_string()),
            ("results_per_page", self.results_per_page.to_string()),
        ];
        if let Some(uuid) = &self.channel_uuid {
            query.push(("channel_uuid", uuid.as_str().to_owned()));
        }
        Ok(Call { query, ..Call::get("/contacts") })
    }

    fn read(self, body: &str) -> Result<ContactPage> {
        let (rows, reported_count) = json::read(body, answer)?;
        let is_full = rows.len() >= self.results_per_page as usize;
        Ok(ContactPage {
            contacts: unique(rows),
            page_number: self.page_number,
            next_page: self.page_number.checked_add(1).filter(|_| is_full),
            reported_count,
        })
    }
}

fn answer(value: Value<'_, '_>) -> Result<(Vec<Contact>, Option<u64>)> {
    let place = value.place;
    let (mut rows, mut count) = (None, None);
    value.object(&mut |key, value| {
        match key {
            "contacts" => rows = Some(value.items(records::contact)?),
            "count" => count = value.optional(Value::whole)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((place.required("contacts", rows)?, count))
}

/// Each contact once, where it came first.
fn unique(rows: Vec<Contact>) -> Vec<Contact> {
    let mut seen = BTreeSet::new();
    let first: Vec<bool> = rows.iter().map(|row| seen.insert(row.uuid.as_str())).collect();
    rows.into_iter().zip(first).filter(|(_, first)| *first).map(|(row, _)| row).collect()
}
