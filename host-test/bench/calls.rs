//! What does a call through the sandbox cost, beside the same call without it?
//!
//! The ways to list contacts take turns, so that whatever else the machine does
//! meets them all alike; each time is the median of all rounds, and each ratio the
//! median of the ratios within a round. The mock runs in a process of its own, so
//! this one's CPU time is the caller's alone.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is unexpected here ends the measurement"
)]

mod command;
mod events;
mod fuel;
#[allow(dead_code, reason = "the page alone is needed")]
#[path = "../tests/it/support/known.rs"]
mod known;
mod measure;
mod native;
mod page;
#[path = "../tests/it/support/twochat.rs"]
mod twochat;
mod typed;
mod vendor;
mod ways;

use std::{env, process::Command, time::Duration};

use futures_util::future::join_all;
use host::{
    cache::Cache,
    engine::Host,
    hiding::Hiding,
    log::{Asked, Ended, Log},
    secret::Secret,
};
use serde_json::{Value, json};
use tokio::{runtime, time::sleep};

use self::{
    measure::{Cost, cost, median, resident},
    twochat::{CONNECTOR, host_of_any_route},
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
/// Calls of which instructions are counted, after so many others.
const COUNTED: usize = 64;
const BEFORE: usize = 16;

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["vendor", mode] => runtime.block_on(vendor::serve(mode)),
        ["fuel", file, ..] => runtime.block_on(fuel::report(file)),
        ["events", ..] => runtime.block_on(events(&host_of_any_route())),
        ["profile", ..] => runtime.block_on(calls(Way::Generic, 100 * CALLS)),
        ["calls", way, count] => {
            runtime.block_on(calls(WAYS[way.parse::<usize>().unwrap()], count.parse().unwrap()));
        }
        ["instructions", ..] => instructions(),
        ["write", ..] => page::write(),
        ["memory", way] => println!("{}", runtime.block_on(memory(way.parse().unwrap()))),
        ["times", ..] | [] | ["--bench"] => runtime.block_on(report()),
        _ => panic!("there is no such measurement: {arguments:?}"),
    }
}

async fn report() {
    let host = host_of_any_route();
    let vendor = Vendor::start("50");
    println!("{}", page::subject(Setup::new(&host, vendor.base_url()).fuel().await));
    for contacts in [0, 50, 100] {
        let vendor = Vendor::start(&contacts.to_string());
        let setup = Setup::new(&host, vendor.base_url());
        for at_once in [1, 32] {
            println!("\n| {contacts} contacts, {at_once} at once | CPU | to native | wall |");
            println!("| --- | ---: | ---: | ---: |");
            let rounds = compare(&setup, at_once, contacts).await;
            for (index, way) in WAYS.iter().enumerate() {
                println!("| {way} | {} |", cells(&rounds, index).join(" | "));
            }
        }
    }
    println!("\n| besides | CPU | wall |\n| --- | ---: | ---: |");
    for (name, costs) in besides(&host).await {
        let cpu = time(median(costs.iter().map(|cost| cost.cpu)));
        let wall = time(median(costs.iter().map(|cost| cost.wall)));
        println!("| {name} | {cpu} | {wall} |");
    }
    events(&host).await;
    println!("\n| {WAITING} calls wait | memory of each |\n| --- | ---: |");
    for way in [Way::Native, Way::Typed, Way::Generic] {
        let child = again(&["memory", &place(way).to_string()]).output().unwrap();
        println!("| {way} | {} KiB |", String::from_utf8_lossy(&child.stdout).trim());
    }
    println!("\n| the command | it | beside | ratio |\n| --- | ---: | ---: | ---: |");
    let [call, curl, ratio] = command::cold(50);
    println!("| cold call, wall, beside curl | {call:.1} ms | {curl:.1} ms | {ratio:.2} × |");
    let [all, native] = command::all().await;
    let ratio = all / native;
    println!(
        "| `--all`, CPU for each contact, beside native | {all:.1} µs | {native:.1} µs | \
         {ratio:.2} × |"
    );
}

async fn events(host: &Host) {
    println!("\n| an event is read | CPU | in a second |\n| --- | ---: | ---: |");
    for (way, seconds) in events::read(host).await {
        println!("| {way} | {} | {:.0} |", time(seconds), 1.0 / seconds);
    }
}

/// Instructions of one call of each way, as `valgrind` counts them.
fn instructions() {
    println!("| 50 contacts, one at a time | instructions | to native |\n| --- | ---: | ---: |");
    let mut native = 0.0;
    for (index, way) in WAYS.iter().enumerate() {
        let [before, all] = [BEFORE, BEFORE + COUNTED].map(|calls| {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
            let it = valgrind.arg(env::current_exe().unwrap());
            let ran = it.args(["calls", &index.to_string(), &calls.to_string()]).output();
            let told = ran.expect("valgrind is needed for this").stderr;
            let told = String::from_utf8_lossy(&told);
            let count = told.lines().find_map(|line| line.split_once("Collected :"));
            count.unwrap_or_else(|| panic!("{told}")).1.trim().parse::<f64>().unwrap()
        });
        let each = (all - before) / COUNTED as f64;
        native = if index == 0 { each } else { native };
        println!("| {way} | {:.0} k | {:.2} × |", each / 1000.0, each / native);
    }
}

/// So many calls of one way and nothing else.
async fn calls(way: Way, count: usize) {
    let vendor = Vendor::start("50");
    let setup = Setup::new(&host_of_any_route(), vendor.base_url());
    let mut caller = setup.callers(way, 1).remove(0);
    for _ in 0..count {
        caller.list(50).await;
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
            caller.list(contacts).await;
        }
    });
    join_all(work).await;
}

/// The CPU time of a way, its ratios to the native ways, and its wall time.
fn cells(rounds: &[[Cost; WAYS.len()]], way: usize) -> [String; 3] {
    let of = |cost: fn(&Cost) -> f64| time(median(rounds.iter().map(|costs| cost(&costs[way]))));
    let to = |other: Way| {
        let other = place(other);
        median(rounds.iter().map(|costs| costs[way].cpu / costs[other].cpu))
    };
    let ratios = match WAYS[way] {
        Way::Native | Way::NativeJson | Way::Typed | Way::TypedKept => {
            format!("{:.2} ×", to(Way::Native))
        }
        _ => format!("{:.2} ×; {:.2} × JSON", to(Way::Native), to(Way::NativeJson)),
    };
    [of(|cost| cost.cpu), ratios, of(|cost| cost.wall)]
}

fn place(way: Way) -> usize {
    WAYS.iter().position(|known| *known == way).unwrap()
}

/// What is paid once for a component, for a call without a request, and beside a call.
async fn besides(host: &Host) -> Vec<(&'static str, Vec<Cost>)> {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    host.load_cached(CONNECTOR, &cache).unwrap();
    let vendor = Vendor::start("50");
    let setup = Setup::new(host, vendor.base_url());
    let [mut fresh, mut kept] =
        [Way::Generic, Way::GenericKept].map(|way| setup.callers(way, 1).remove(0));
    kept.refused().await;
    let page: Value = fresh.call(json!({ "results-per-page": 100 })).await.unwrap();
    let key = Secret::new("a key that stands nowhere").unwrap();
    let log = Log::open(&folder.path().join("log")).unwrap();

    let [mut compiled, mut cached, mut made, mut reused, mut hidden, mut masked, mut logged] =
        [const { Vec::new() }; 7];
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
        for (names, costs) in [(&[][..], &mut hidden), (&["value".to_owned()][..], &mut masked)] {
            let mut pages = vec![page.clone(); CALLS];
            let hide = async {
                for page in &mut pages {
                    Hiding::of(Some(&key), names).hide(page);
                }
            };
            costs.push(cost(CALLS, hide).await);
        }
        logged.push(cost(1, async { write_down(&log, page.clone()) }).await);
    }
    let instance = made.iter().zip(&reused).map(|(made, reused)| *made - *reused).collect();
    vec![
        ("compiling", compiled),
        ("loading what was compiled before", cached),
        ("a call that sends nothing, on a fresh instance", made),
        ("the same on a kept instance", reused),
        ("the difference: an instance", instance),
        ("hiding the key in a page of 50", hidden),
        ("the same, and masking a field", masked),
        ("two lines of the log with a page of 50, synced", logged),
    ]
}

fn write_down(log: &Log, page: Value) {
    let asked = Asked {
        user: "1000".to_owned(),
        persona: None,
        connection: None,
        server: None,
        action: "list-contacts".to_owned(),
        arguments: json!({}),
        prompt: None,
    };
    let mut open = log.start(asked).unwrap();
    open.finish(&mut Ended { result: Some(page), ..Ended::default() }).unwrap();
}

/// KiB for each of many calls that wait for an answer.
async fn memory(way: usize) -> u64 {
    let mut vendor = Vendor::start(HANGING);
    let setup = Setup::new(&host_of_any_route(), vendor.base_url());
    let mut callers = setup.callers(WAYS[way], WAITING);
    let before = resident();
    let calls = join_all(callers.iter_mut().map(|caller| caller.list(0)));
    let all_wait = async {
        while vendor.requests() < WAITING {
            sleep(Duration::from_millis(100)).await;
        }
        // Here, while they wait: whatever is done with the outcome finds them given up, and
        // their memory cleaned, which touches all of it.
        resident()
    };
    tokio::select! {
        _ = calls => panic!("a call was answered"),
        after = all_wait => (after - before) / WAITING as u64,
    }
}

/// This program with other arguments.
fn again(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(arguments);
    command
}

fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros if micros < 1000.0 => format!("{micros:.0} µs"),
        micros => format!("{:.2} ms", micros / 1000.0),
    }
}
