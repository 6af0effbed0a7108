//! Puts what is measured now in place of what stands on the page of costs, so that no
//! figure is copied by hand.

use std::{fs, process::Stdio};

use crate::{again, twochat::CONNECTOR};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/COST.md");
const BEGIN: &str = "<!-- What stands from here on is written by the benchmark. -->\n";
const END: &str = "<!-- So far. -->\n";

/// Measures all, and writes it down.
pub(crate) fn write() {
    let before = fs::read_to_string(PAGE).unwrap();
    let (head, rest) = before.split_once(BEGIN).expect("the page has a place for it");
    let (_, tail) = rest.split_once(END).expect("the place ends");
    let [times, counts] = ["times", "instructions"].map(told);
    let page = [head, BEGIN, &times, "\n", &counts, "\n", END, tail].concat();
    fs::write(PAGE, page).unwrap();
}

/// What this program tells in that mode.
fn told(mode: &str) -> String {
    let child = again(&[mode]).stderr(Stdio::inherit()).output().unwrap();
    assert!(child.status.success(), "{mode}");
    String::from_utf8(child.stdout).unwrap()
}

/// Which file it is that is measured.
pub(crate) fn subject(fuel: u64) -> String {
    let bytes = grouped(CONNECTOR.len() as u64);
    let fuel = grouped(fuel);
    format!("A component of {bytes} bytes, which takes {fuel} units of fuel for 50 contacts:")
}

/// The number with a comma before each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let group = |(index, digit): (usize, char)| {
        let begins = index > 0 && (digits.len() - index).is_multiple_of(3);
        begins.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(group).collect()
}
