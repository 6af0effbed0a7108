//! The routes: what each answers to what is asked, and the list of them.
//!
//! Knows no key, limit or credit: who comes here has been let in.

use serde_json::{Value, json};

use super::exchange::{Received, Reply};
use super::faults::Fault;
use super::memory::Memory;
use super::new_contact::{self, Complaint};
use super::webhooks;

/// The reply of the route that was asked for.
pub(super) fn answer(memory: &mut Memory, request: &Received) -> Reply {
    let of = |folder: &str| request.path.strip_prefix(folder).filter(|id| !id.contains('/'));
    if let ("POST", Some(event)) = (&*request.method, of("/open/webhooks/subscribe/")) {
        return subscribe(memory, event, request);
    }
    if let ("DELETE", Some(uuid)) = (&*request.method, of("/open/webhooks/")) {
        return unsubscribe(memory, uuid);
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/open/info") => info(memory),
        ("GET", "/open/contacts") => list_contacts(memory, request),
        ("POST", "/open/contacts") => create_contact(memory, request),
        ("GET", "/open/webhooks") => list_webhooks(memory),
        ("GET", "/open/whatsapp/get-numbers") => list_numbers(memory, request),
        (method, path) => {
            // Somebody asks for what 2Chat is not known to have: that must
            // not pass for an ordinary refusal.
            eprintln!("mock 2Chat: NO SUCH ROUTE: {method} {path}");
            Reply::gateway(404, "Not Found")
        }
    }
}

fn info(memory: &Memory) -> Reply {
    let (account, faults) = (&memory.account, &memory.faults);
    let blocked = faults.on(Fault::AccountBlocked);
    let spent = faults.on(Fault::QuotaUsedUp);
    let used = if spent { account.max_api_requests } else { account.api_requests };
    let mut about = json!({
        "name": format!("Example Ltd ({ACCOUNT})"),
        "uuid": ACCOUNT,
        "on_trial": false,
        "blocked": blocked,
        "created_at": "2024-01-15T09:30:00Z",
        "expires_at": "2034-01-15T09:30:00Z",
    });
    if blocked {
        add(&mut about, "block_reason", json!("The last invoice is unpaid"));
    }
    let limits = json!({"requests_per_minute": account.requests_per_minute});
    let mut body = json!({"success": true, "account": about, "limits": limits});
    if !faults.on(Fault::UsageMissing) {
        let usage = json!({
            "api_request_count": used,
            "max_api_request_count": account.max_api_requests,
            "number_check_count": 250,
            "max_number_check_count": 5000,
        });
        add(&mut body, "usage", usage);
    }
    Reply::json(200, body)
}

fn list_contacts(memory: &mut Memory, request: &Received) -> Reply {
    let mut complaints = Vec::new();
    let page = whole_number(request, "page_number", 0, usize::MAX, &mut complaints);
    let size = whole_number(request, "results_per_page", 1, 100, &mut complaints);
    if !complaints.is_empty() {
        return Complaint::reply(complaints);
    }
    let (page, size) = (page.unwrap_or(0), size.unwrap_or(DEFAULT_PAGE_SIZE));
    let channel = request.query_value("channel_uuid");

    let empty = memory.faults.on(Fault::EmptyLists);
    let size = if empty { 0 } else { size };
    let newest_first = memory.faults.on(Fault::NewestFirst);
    let mut contacts = memory.contacts.page(channel, page, size, newest_first);
    if memory.faults.on(Fault::NullNames) {
        contacts.iter_mut().for_each(|contact| contact.names = (None, None));
    }
    let rows: Vec<Value> = contacts.iter().map(|contact| contact.as_listed()).collect();
    let total = !empty && memory.faults.on(Fault::CountIsTotal);
    let count = if total { memory.contacts.matching(channel).count() } else { rows.len() };
    if memory.faults.on(Fault::Deletions)
        && let Some(first) = contacts.first()
    {
        memory.contacts.delete(&first.uuid());
    }
    Reply::json(200, json!({"success": true, "page": page, "count": count, "contacts": rows}))
}

fn create_contact(memory: &mut Memory, request: &Received) -> Reply {
    match new_contact::read(&request.body) {
        Ok(new) => {
            let contact = memory.contacts.add(new).as_created();
            Reply::json(201, json!({"success": true, "contact": contact}))
        }
        Err(refusal) => refusal,
    }
}

fn list_webhooks(memory: &Memory) -> Reply {
    let faults = &memory.faults;
    let with_ids = faults.on(Fault::WebhookIds);
    let rows = memory.webhooks.all().iter().filter(|_| !faults.on(Fault::EmptyLists));
    let rows: Vec<Value> = rows.map(|webhook| webhook.as_row(with_ids)).collect();
    if faults.on(Fault::BareWebhooks) {
        return Reply::json(200, Value::Array(rows));
    }
    Reply::json(200, json!({"success": true, "webhooks": rows}))
}

fn list_numbers(memory: &Memory, request: &Received) -> Reply {
    let mut complaints = Vec::new();
    let page = whole_number(request, "page_number", 0, usize::MAX, &mut complaints);
    let size = whole_number(request, "results_per_page", 1, 100, &mut complaints);
    if !complaints.is_empty() {
        return Complaint::reply(complaints);
    }
    let page = page.unwrap_or(0);
    let size = if memory.faults.on(Fault::EmptyLists) { 0 } else { size.unwrap_or(NUMBERS_PAGE) };
    let rows = webhooks::numbers().into_iter().skip(page.saturating_mul(size)).take(size);
    let rows: Vec<Value> = rows.collect();
    Reply::json(200, json!({"success": true, "count": rows.len(), "page": page, "numbers": rows}))
}

fn subscribe(memory: &mut Memory, event: &str, request: &Received) -> Reply {
    let made = memory.webhooks.subscribe(event, &request.body);
    made.map_or_else(
        |refusal| refusal,
        |webhook| Reply::json(200, json!({"success": true, "data": webhook.as_row(false)})),
    )
}

fn unsubscribe(memory: &mut Memory, uuid: &str) -> Reply {
    match memory.webhooks.unsubscribe(uuid) {
        true => Reply::json(200, json!({"success": true})),
        false => Reply::refusal(404),
    }
}

fn add(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// A whole number from the query, if it is there and in range; a complaint in
/// the framework's words if it is there and not.
fn whole_number(
    request: &Received,
    name: &str,
    least: usize,
    most: usize,
    complaints: &mut Vec<Complaint>,
) -> Option<usize> {
    let text = request.query_value(name)?;
    let place = [json!("query"), json!(name)];
    let (kind, message) = match text.parse::<i64>().map(usize::try_from) {
        Ok(Ok(number)) if (least..=most).contains(&number) => return Some(number),
        Ok(Ok(number)) if number > most => {
            ("less_than_equal", format!("Input should be less than or equal to {most}"))
        }
        Ok(_) => {
            ("greater_than_equal", format!("Input should be greater than or equal to {least}"))
        }
        Err(_) => ("int_parsing", "Input should be a valid integer".to_owned()),
    };
    complaints.push(Complaint::new(&place, kind, message));
    None
}

const ACCOUNT: &str = "ACC00000007-2b5a-4034-b599-342f2aeb0000";

/// What 2Chat takes when nothing is said is not documented.
const DEFAULT_PAGE_SIZE: usize = 30;

/// For numbers it is.
const NUMBERS_PAGE: usize = 50;
