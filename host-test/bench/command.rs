//! What the command costs as a whole: an export of all pages, and one cold call.

use std::{
    fs,
    io::sink,
    process::{Command, Stdio},
    time::Instant,
};

use mock::DEFAULT_KEY;

use crate::{
    measure::{cost, median},
    native::Native,
    vendor::{ALL, Vendor},
};

const TWOCHAT: &str = env!("CARGO_BIN_EXE_twochat");
const EXPORTED: usize = 100_000;
const EXPORTS: usize = 3;
const COLD_CALLS: usize = 41;
/// Clock ticks of a second, in which Linux tells the time of processes.
const TICKS: f64 = 100.0;

/// Microseconds of CPU for each contact of an export: the command's, and those of a
/// native client that asks the same pages and writes the same columns.
pub(crate) async fn all() -> [f64; 2] {
    let vendor = Vendor::start(&format!("{ALL}{EXPORTED}"));
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let each = |seconds: f64| seconds * 1e6 / EXPORTED as f64;
    let (mut command, mut native) = (Vec::new(), Vec::new());
    for round in 0..EXPORTS {
        let file = folder.path().join(format!("{round}.csv"));
        let before = cpu_of_children();
        let mut export = twochat(&home, vendor.base_url(), &["--all", "--to"]);
        assert!(export.arg(&file).status().unwrap().success());
        command.push(each(cpu_of_children() - before));
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), EXPORTED + 1);
        let client = Native::new(vendor.base_url());
        let export = async { assert_eq!(client.all(sink()).await, EXPORTED) };
        native.push(each(cost(1, export).await.cpu));
    }
    [median(command.into_iter()), median(native.into_iter())]
}

/// Milliseconds from the start of the command to its end, those of `curl` for the same
/// page, and the ratio, pair by pair. The component was compiled before.
pub(crate) fn cold(contacts: usize) -> [f64; 3] {
    let vendor = Vendor::start(&contacts.to_string());
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let timed = |command: &mut Command| {
        let begun = Instant::now();
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
        begun.elapsed().as_secs_f64() * 1000.0
    };
    let query = ["--results-per-page", "100"];
    let call = || timed(&mut twochat(&home, vendor.base_url(), &query));
    let url = format!("{}/contacts?page_number=0&results_per_page=100", vendor.base_url());
    let key = format!("x-user-api-key: {DEFAULT_KEY}");
    let curl = || timed(Command::new("curl").args(["-sS", "--fail", "-H", &key, &url]));
    call();
    curl();
    let pairs: Vec<_> = (0..COLD_CALLS).map(|_| (call(), curl())).collect();
    let of = |of: fn(&(f64, f64)) -> f64| median(pairs.iter().map(of));
    [of(|(call, _)| *call), of(|(_, curl)| *curl), of(|(call, curl)| call / curl)]
}

/// A call to list contacts, by somebody who has no policy.
fn twochat(home: &str, base_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(TWOCHAT);
    command.args(["call", "list-contacts"]).args(arguments).env_clear();
    command.env("HOME", home).env("TWOCHAT_API_KEY", DEFAULT_KEY);
    command.env("TWOCHAT_BASE_URL", base_url).stderr(Stdio::null());
    command
}

/// Seconds of CPU of all processes that this one has waited for; Linux alone tells.
fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // User and system time, the 16th and 17th of the line.
    let ticks = fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}
