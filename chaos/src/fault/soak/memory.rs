//! Whether a process keeps more and more.

use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// What the second half of the time after the warm-up may need beyond the first: an allocator never gives back quite
/// what it was given. At a thousand calls a second for ten minutes that is 30 bytes a call.
const GROWTH_MAX_KIB: usize = 8 * 1024;
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// What the process needs over time.
#[derive(Debug)]
pub(super) struct Memory {
    /// When it has all that it'll need: after a third of the time.
    warm: Instant,
    /// KiB that are resident.
    seen: Vec<usize>,
}

impl Memory {
    pub(super) fn new(began: Instant, time: Duration) -> Self {
        Self { warm: began + time / 3, seen: Vec::new() }
    }

    /// Looks until a moment.
    pub(super) async fn watch(&mut self, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            if Instant::now() > self.warm {
                self.seen.extend(resident_kib());
            }
        }
    }

    /// Compares the two halves of the time, each by its median.
    pub(super) fn judge(self, outcome: &mut Outcome) {
        let (early, late) = self.seen.split_at(self.seen.len() / 2);
        let (early, late) = (median(early), median(late));
        outcome.note(format!("resident: {early} KiB after the warm-up, {late} KiB at the end"));
        outcome.must(early > 0, "nobody knows what is resident");
        outcome.must(
            late < early + GROWTH_MAX_KIB,
            format!("resident memory grew from {early} to {late} KiB"),
        );
    }
}

fn median(of: &[usize]) -> usize {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn resident_kib() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
