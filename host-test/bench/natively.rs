//! How fast does the component's own code read an event where no sandbox is around it?
//!
//! A part of the component's tests, as its code is to be had nowhere else; the benchmark
//! runs it, built as a host would be.

use std::{env, hint::black_box, time::Instant};

use crate::{contract::events::Delivery, events::read_event};

const EVENTS: u32 = 20_000;
const ROUNDS: usize = 11;

#[test]
#[ignore = "a measurement: the benchmark runs it"]
fn an_event_is_read_natively() {
    let [name, body] = ["TWOCHAT_EVENT", "TWOCHAT_EVENT_BODY"].map(|it| env::var(it).unwrap());
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| round(&name, &body)).collect();
    rounds.sort_by(f64::total_cmp);
    println!("seconds: {}", rounds[ROUNDS / 2]);
}

/// Seconds that one takes.
fn round(name: &str, body: &str) -> f64 {
    let begun = Instant::now();
    for _ in 0..EVENTS {
        let delivery = Delivery { body: body.to_owned(), event_name: Some(name.to_owned()) };
        assert!(black_box(read_event(black_box(delivery))).is_ok());
    }
    begun.elapsed().as_secs_f64() / f64::from(EVENTS)
}
