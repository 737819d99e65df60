//! How long a fault is inflicted, and what decides on chance.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a fault is inflicted, and what decides on chance.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides on whatever is left to chance.
    pub seed: u64,
    /// Most rounds of a fault that comes in rounds.
    pub rounds_max: usize,
    /// No round begins later than this after the first; what has no rounds goes on for so long.
    pub time_max: Duration,
    /// How long a state of things lasts, such as a partition, where nothing else says so.
    pub hold: Duration,
    /// The program that plays a worker as a process of its own.
    pub program: PathBuf,
}

impl Plan {
    /// As long as the fault deserves.
    #[must_use]
    pub fn whole(seed: u64, program: PathBuf) -> Self {
        Self {
            seed,
            rounds_max: 20,
            time_max: Duration::from_mins(10),
            hold: Duration::from_secs(20),
            program,
        }
    }

    /// One round, and states that don't last: for tests.
    #[must_use]
    pub fn brief(seed: u64, program: PathBuf) -> Self {
        let hold = Duration::from_secs(4);
        Self { rounds_max: 1, time_max: 2 * hold, hold, ..Self::whole(seed, program) }
    }

    /// The rounds, for as long as there is time.
    pub fn rounds(&self) -> impl Iterator<Item = usize> + use<> {
        let (began, time_max) = (Instant::now(), self.time_max);
        (0..self.rounds_max).take_while(move |round| *round == 0 || began.elapsed() < time_max)
    }
}
