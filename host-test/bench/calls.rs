//! What does a call through the sandbox cost, beside the same call without it?
//!
//! The ways to list contacts take turns, so that whatever else the machine does
//! meets them all alike; each time is the median of all rounds, and each ratio the
//! median of the ratios within a round. The mock runs in a process of its own, so
//! this one's CPU time is the caller's alone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is unexpected here ends the measurement"
)]

mod fuel;
#[allow(dead_code, reason = "the page alone is needed")]
#[path = "../tests/it/support/known.rs"]
mod known;
mod measure;
#[path = "../tests/it/support/twochat.rs"]
mod twochat;
mod vendor;
mod ways;

use std::{env, process::Command, time::Duration};

use futures_util::future::join_all;
use host::{cache::Cache, engine::Host};
use tokio::{runtime, time::sleep};

use self::{
    measure::{Cost, Kind, cost, median, resident},
    twochat::CONNECTOR,
    vendor::{HANGING, Vendor},
    ways::{Caller, Setup, WAYS, Way},
};

const ROUNDS: usize = 41;
/// Calls of each way in a round.
const CALLS: usize = 64;
/// Compiling is slow enough to be measured less often.
const COMPILED: usize = 5;
/// Calls that wait for an answer while their memory is measured.
const WAITING: usize = 500;

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["vendor", mode] => runtime.block_on(vendor::serve(mode)),
        ["fuel", file, ..] => runtime.block_on(fuel::report(file)),
        ["profile", ..] => runtime.block_on(profile()),
        ["memory", way] => println!("{}", runtime.block_on(memory(way.parse().unwrap()))),
        _ => runtime.block_on(report()),
    }
}

async fn report() {
    let host = Host::new().unwrap();
    let ways = WAYS.map(|way| way.to_string()).join(" | ");
    println!("| contacts | at once | time | {ways} |\n| ---: | ---: | --- | ---: | ---: | ---: |");
    for contacts in [0, 50, 100] {
        let vendor = Vendor::start(&contacts.to_string());
        let setup = Setup::new(&host, vendor.base_url());
        for at_once in [1, 32] {
            let rounds = compare(&setup, at_once, contacts).await;
            for (name, of) in Cost::KINDS {
                println!(
                    "| {contacts} | {at_once} | {name} | {} |",
                    cells(&rounds, of).join(" | ")
                );
            }
        }
    }
    println!("\n| besides | CPU | wall |\n| --- | ---: | ---: |");
    for (name, costs) in besides(&host).await {
        let [cpu, wall] = Cost::KINDS.map(|(_, of)| time(median(costs.iter().map(of))));
        println!("| {name} | {cpu} | {wall} |");
    }
    println!("\n| {WAITING} calls wait | memory of each |\n| --- | ---: |");
    for way in [Way::Native, Way::Fresh] {
        let index = WAYS.iter().position(|known| *known == way).unwrap_or_default();
        let child = Command::new(env::current_exe().unwrap())
            .args(["memory", &index.to_string()])
            .output()
            .unwrap();
        println!("| {way} | {} KiB |", String::from_utf8_lossy(&child.stdout).trim());
    }
}

/// Fresh calls for 50 contacts and nothing else, to be looked at with `perf`.
async fn profile() {
    let vendor = Vendor::start("50");
    let setup = Setup::new(&Host::new().unwrap(), vendor.base_url());
    let mut callers = setup.callers(Way::Fresh, 1);
    for _ in 0..100 {
        list(&mut callers, 50).await;
    }
}

/// The cost of a call for each way, round by round.
async fn compare(setup: &Setup, at_once: usize, contacts: usize) -> Vec<[Cost; WAYS.len()]> {
    let mut callers = WAYS.map(|way| setup.callers(way, at_once));
    for callers in &mut callers {
        list(callers, contacts).await;
    }
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut costs = [Cost::default(); WAYS.len()];
        for turn in 0..WAYS.len() {
            let way = (turn + round) % WAYS.len();
            costs[way] = cost(CALLS, list(&mut callers[way], contacts)).await;
        }
        rounds.push(costs);
    }
    rounds
}

/// So many calls, of all callers at once and of each one after another.
async fn list(callers: &mut [Caller<'_>], contacts: usize) {
    let each = CALLS / callers.len();
    let work = callers.iter_mut().map(|caller| async move {
        for _ in 0..each {
            assert_eq!(caller.list().await, contacts);
        }
    });
    join_all(work).await;
}

/// The time of each way, and its ratio to the first.
fn cells(rounds: &[[Cost; WAYS.len()]], of: Kind) -> Vec<String> {
    let cell = |way| {
        let taken = time(median(rounds.iter().map(|costs| of(&costs[way]))));
        let ratio = median(rounds.iter().map(|costs| of(&costs[way]) / of(&costs[0])));
        if way == 0 { taken } else { format!("{taken}, {ratio:.2} ×") }
    };
    (0..WAYS.len()).map(cell).collect()
}

/// What is paid once for a component, and for a call without a request.
async fn besides(host: &Host) -> Vec<(&'static str, Vec<Cost>)> {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    host.load_cached(CONNECTOR, &cache).unwrap();
    let setup = Setup::new(host, "http://127.0.0.1:9/open");
    let [mut fresh, mut kept] = [Way::Fresh, Way::Kept].map(|way| setup.callers(way, 1).remove(0));
    kept.refused().await;

    let [mut compiled, mut cached, mut made, mut reused] = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        if round < COMPILED {
            compiled.push(cost(1, async { drop(host.load(CONNECTOR).unwrap()) }).await);
        }
        let mut loaded = None;
        let load = async { loaded = host.load_cached(CONNECTOR, &cache).ok() };
        cached.push(cost(1, load).await);
        assert!(loaded.is_some());
        for (caller, costs) in [(&mut fresh, &mut made), (&mut kept, &mut reused)] {
            let refused = async {
                for _ in 0..CALLS {
                    caller.refused().await;
                }
            };
            costs.push(cost(CALLS, refused).await);
        }
    }
    let instance = made.iter().zip(&reused).map(|(made, reused)| *made - *reused).collect();
    vec![
        ("compiling", compiled),
        ("loading what was compiled before", cached),
        ("a call that sends nothing, on a fresh instance", made),
        ("the same on a kept instance", reused),
        ("the difference: an instance", instance),
    ]
}

/// KiB for each of many calls that wait for an answer.
async fn memory(way: usize) -> u64 {
    let mut vendor = Vendor::start(HANGING);
    let setup = Setup::new(&Host::new().unwrap(), vendor.base_url());
    let mut callers = setup.callers(WAYS[way], WAITING);
    let before = resident();
    let calls = join_all(callers.iter_mut().map(Caller::list));
    let all_wait = async {
        while vendor.requests() < WAITING {
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = calls => panic!("a call was answered"),
        () = all_wait => (resident() - before) / WAITING as u64,
    }
}

fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros if micros < 1000.0 => format!("{micros:.0} µs"),
        micros => format!("{:.2} ms", micros / 1000.0),
    }
}
