//! What the figures say: tables for people, JSON for programs, and a verdict on each target.

use std::fmt;

use serde::Serialize;

use crate::cell::{CELLS, Cell, Shape};
use crate::conduct::{Counts, Outcome, Round};
use crate::message::FRAMES;
use crate::plan::{Plan, base};
use crate::ratio::{Ratio, median, paired};

pub use verdict::Verdict;

mod table;
mod verdict;

/// A finished measurement.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Processors of the machine, shared by client, server and broker.
    pub processors: usize,
    /// Rounds of each cell at each concurrency.
    pub rounds_each: usize,
    /// Length of a round in seconds.
    pub round_s: f64,
    /// One line for each cell and concurrency.
    pub lines: Vec<Line>,
    /// One for each target.
    pub verdicts: Vec<Verdict>,
    /// Everything else: each round, the counts, what is absent.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Figures of a cell at a concurrency: medians of its rounds.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Name of the cell.
    pub cell: &'static str,
    /// What is called.
    #[serde(skip)]
    pub shape: Shape,
    /// Calls outstanding.
    pub concurrency: usize,
    /// Calls per second.
    pub calls_per_s: f64,
    /// Frames per second; streams only.
    pub frames_per_s: Option<f64>,
    /// Throughput against the base.
    pub ratio: Option<Ratio>,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile in microseconds.
    pub p99_us: f64,
    /// Median time to the first frame in microseconds; streams only.
    pub first_p50_us: Option<f64>,
    /// Processor seconds of client, server and broker for 100 000 calls.
    pub cpu_100k_s: f64,
    /// Processor time against the base.
    pub cpu_ratio: Option<Ratio>,
    /// Calls that failed.
    pub failures: u64,
    /// Words of the first failure.
    pub failure: Option<String>,
}

impl Report {
    /// Evaluates.
    #[must_use]
    pub fn new(plan: &Plan, outcome: Outcome) -> Self {
        let mut lines = Vec::new();
        for shape in [Shape::Unary, Shape::Stream] {
            for &concurrency in plan.concurrency(shape) {
                let cells = CELLS.iter().filter(|cell| cell.shape == shape);
                lines
                    .extend(cells.filter_map(|cell| Line::new(&outcome.rounds, cell, concurrency)));
            }
        }
        Self {
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            rounds_each: plan.rounds,
            round_s: plan.round.as_secs_f64(),
            lines,
            verdicts: verdict::judge(&outcome.rounds),
            outcome,
        }
    }

    fn counts(&self) -> &[Counts] {
        &self.outcome.counts
    }
}

impl Line {
    fn new(rounds: &[Round], cell: &Cell, concurrency: usize) -> Option<Self> {
        let own: Vec<&Round> = rounds
            .iter()
            .filter(|round| round.cell == cell.name && round.concurrency == concurrency)
            .collect();
        let middle = |figure: &dyn Fn(&Round) -> Option<f64>| {
            median(&own.iter().filter_map(|round| figure(round)).collect::<Vec<_>>())
        };
        let base = base(cell.shape);
        let against = |figure: &dyn Fn(&Round) -> Option<f64>| {
            if cell.name == base {
                None
            } else {
                paired(rounds, concurrency, cell.name, base, figure)
            }
        };
        let rate = middle(&|round| Some(round.sample.rate()))?;
        Some(Self {
            cell: cell.name,
            shape: cell.shape,
            concurrency,
            calls_per_s: rate,
            frames_per_s: (cell.shape == Shape::Stream).then(|| rate * f64::from(FRAMES)),
            ratio: against(&|round| Some(round.sample.rate())),
            p50_us: middle(&|round| Some(round.sample.p50_us))?,
            p99_us: middle(&|round| Some(round.sample.p99_us))?,
            first_p50_us: middle(&|round| round.sample.first_p50_us),
            cpu_100k_s: middle(&Round::cpu_100k).unwrap_or_default(),
            cpu_ratio: against(&Round::cpu_100k),
            failures: own.iter().map(|round| round.sample.failures).sum(),
            failure: own.iter().find_map(|round| round.sample.failure.clone()),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, rounds_each, round_s, .. } = self;
        writeln!(
            f,
            "{rounds_each} interleaved rounds of {round_s} s for each cell, each with fresh processes, {processors} processors for client, server and broker.\n\
             Ratios are medians over pairs of neighbouring rounds [smallest..largest]."
        )?;
        table::write(self, f)
    }
}
