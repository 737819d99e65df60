//! What processors the machine has, and who uses them.

use std::time::Duration;

use anyhow::Context as _;

/// Processor time since the machine was started, of all processors together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Machine {
    /// Time in which something ran.
    pub(super) busy: Duration,
    /// Time in which nothing did.
    pub(super) idle: Duration,
}

/// The kernel counts in hundredths of a second for user space, whatever it does for itself (`proc(5)`).
const TICK: Duration = Duration::from_millis(10);

impl Machine {
    /// Reads it off `/proc/stat`.
    pub(super) fn read() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string("/proc/stat").context("/proc/stat can't be read")?;
        Self::parse(&text).context("/proc/stat has no line of all processors")
    }

    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields = line.split_whitespace().map(str::parse);
        let fields: Vec<u32> = fields.collect::<Result<_, _>>().ok()?;
        // user nice system idle iowait irq softirq steal; guests are counted among users already.
        let [user, nice, system, idle, iowait, irq, softirq, steal, ..] = fields[..] else {
            return None;
        };
        let busy = [user, nice, system, irq, softirq, steal].into_iter().sum::<u32>();
        Some(Self { busy: TICK * busy, idle: TICK * (idle + iowait) })
    }

    /// What has passed since an earlier reading.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(earlier.busy),
            idle: self.idle.saturating_sub(earlier.idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stolen_is_busy_and_what_waits_for_disks_is_idle() {
        let text = "cpu  100 1 20 500 7 3 4 5 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        let machine = Machine::parse(text).unwrap();
        assert_eq!(machine.busy, Duration::from_millis(1_330));
        assert_eq!(machine.idle, Duration::from_millis(5_070));
    }
}
