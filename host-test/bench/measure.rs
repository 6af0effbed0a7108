//! How much time, CPU time and memory does something take?

use std::{fs, ops::Sub, time::Instant};

use rustix::time::{ClockId, clock_gettime};

/// Seconds that one call takes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { cpu: self.cpu - other.cpu, wall: self.wall - other.wall }
    }
}

/// What each of so many calls takes of this process, all its threads together.
#[expect(clippy::cast_precision_loss, reason = "they are few")]
pub(crate) async fn cost(calls: usize, work: impl Future<Output = ()>) -> Cost {
    let (cpu, wall) = (cpu_time(), Instant::now());
    work.await;
    let calls = calls as f64;
    Cost { cpu: (cpu_time() - cpu) / calls, wall: wall.elapsed().as_secs_f64() / calls }
}

#[expect(clippy::cast_precision_loss, reason = "no process takes that long")]
fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// KiB of this process that are in memory; Linux alone tells.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}
