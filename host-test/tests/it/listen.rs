//! `twochat listen`, as whoever delivers to it sees it, and whoever runs it.

mod begun;
mod changed;
mod clocks;
mod crashes;
mod cut;
mod doors;
mod doubles;
mod handed;
mod kept;
mod listed;
mod looked;
mod many;
mod once;
mod passed;
mod pruned;
mod replayed;
mod rules;
mod subscribed;
mod unfit;
mod unread;
