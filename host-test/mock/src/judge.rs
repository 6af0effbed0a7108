//! In which order is a request judged: script, faults, key, limit, credit, route?
//!
//! Knows no socket, so a judgement is one synchronous call with the time as an
//! argument, and no path: what a call is about is for [`routes`].

use std::time::Instant;

use super::exchange::{Exchange, KEY_HEADER, Received, Reply};
use super::faults::Fault;
use super::memory::Memory;
use super::routes;

/// The reply, or none when the request is to be left hanging.
pub(super) fn answer(memory: &mut Memory, request: Received, now: Instant) -> Option<Reply> {
    let reply = judge(memory, &request, now);
    memory.remember(Exchange { request, reply: reply.clone() });
    reply
}

fn judge(memory: &mut Memory, request: &Received, now: Instant) -> Option<Reply> {
    if let Some(reply) = &memory.script {
        return Some(reply.clone());
    }
    if memory.faults.on(Fault::Hang) {
        return None;
    }
    let reply = admit(memory, request, now).err();
    let reply = reply.or_else(|| memory.faults.forced());
    let reply = reply.unwrap_or_else(|| routes::answer(memory, request));
    Some(memory.faults.dress(reply))
}

fn admit(memory: &mut Memory, request: &Received, now: Instant) -> Result<(), Reply> {
    let_in(memory, request)?;
    memory.account.charge(now)
}

/// Whether the right key came along.
pub(super) fn let_in(memory: &Memory, request: &Received) -> Result<(), Reply> {
    match request.header(KEY_HEADER) {
        // An empty header is no key to the framework that checks it.
        None | Some("") => Err(Reply::gateway(403, "Not authenticated")),
        Some(key) if key != memory.key => Err(Reply::gateway(401, "Invalid API Key")),
        Some(_) => Ok(()),
    }
}
