//! The targets, and whether they are met. A target is a figure to steer by: nothing fails when it is missed.

use serde::Serialize;

use crate::conduct::Round;
use crate::ratio::{Ratio, paired};

/// A target and what was measured.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// What is compared.
    pub what: String,
    /// Calls outstanding.
    pub concurrency: usize,
    /// Limit of the median ratio.
    pub limit: Limit,
    /// The ratio.
    pub ratio: Ratio,
    /// Whether the median keeps to the limit.
    pub met: bool,
}

/// A bound of a ratio.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Not less than this.
    AtLeast(f64),
    /// Not more than this.
    AtMost(f64),
}

struct Target {
    what: &'static str,
    of: &'static str,
    to: &'static str,
    figure: fn(&Round) -> Option<f64>,
    concurrency: &'static [usize],
    limit: Limit,
}

const TARGETS: &[Target] = &[
    Target {
        what: "throughput of ours to raw async-nats with prost",
        of: "ours",
        to: "prost",
        figure: rate,
        concurrency: &[16, 64, 256],
        limit: Limit::AtLeast(1.2),
    },
    Target {
        what: "processor time of ours to raw async-nats with prost",
        of: "ours",
        to: "prost",
        figure: Round::cpu_100k,
        concurrency: &[16, 64, 256],
        limit: Limit::AtMost(0.8),
    },
    Target {
        what: "p50 latency of ours to raw async-nats with prost",
        of: "ours",
        to: "prost",
        figure: p50,
        concurrency: &[1],
        limit: Limit::AtMost(1.0),
    },
    Target {
        what: "throughput of ours, a current-thread runtime a core, to raw async-nats with prost",
        of: "ours-cores",
        to: "prost",
        figure: rate,
        concurrency: &[16, 64, 256],
        limit: Limit::AtLeast(1.5),
    },
    Target {
        what: "throughput of ours to tonic",
        of: "ours",
        to: "tonic",
        figure: rate,
        concurrency: &[64],
        limit: Limit::AtLeast(2.5),
    },
    Target {
        what: "throughput of ours to FastAPI",
        of: "ours",
        to: "fastapi",
        figure: rate,
        concurrency: &[64],
        limit: Limit::AtLeast(10.0),
    },
    Target {
        what: "throughput with metadata to without",
        of: "ours-meta",
        to: "ours",
        figure: rate,
        concurrency: &[1, 16, 64, 256],
        limit: Limit::AtLeast(0.85),
    },
    Target {
        what: "throughput with layers to without",
        of: "ours-layers",
        to: "ours",
        figure: rate,
        concurrency: &[1, 16, 64, 256],
        limit: Limit::AtLeast(0.9),
    },
    Target {
        what: "frames of ours to tonic's",
        of: "ours-stream",
        to: "tonic-stream",
        figure: rate,
        concurrency: &[1, 16, 64],
        limit: Limit::AtLeast(1.0),
    },
    Target {
        what: "first frame p50 of ours to publishing it raw",
        of: "ours-stream",
        to: "raw-stream",
        figure: first,
        concurrency: &[1, 16, 64],
        limit: Limit::AtMost(1.0),
    },
];

/// Judges every target that was measured.
pub(super) fn judge(rounds: &[Round]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for target in TARGETS {
        for &concurrency in target.concurrency {
            let ratio = paired(rounds, concurrency, target.of, target.to, target.figure);
            verdicts.extend(ratio.map(|ratio| Verdict {
                what: target.what.to_owned(),
                concurrency,
                limit: target.limit,
                ratio,
                met: match target.limit {
                    Limit::AtLeast(limit) => ratio.median >= limit,
                    Limit::AtMost(limit) => ratio.median <= limit,
                },
            }));
        }
    }
    verdicts
}

#[expect(clippy::unnecessary_wraps, reason = "figures share a type, and some are missing")]
fn rate(round: &Round) -> Option<f64> {
    Some(round.sample.rate())
}

#[expect(clippy::unnecessary_wraps, reason = "figures share a type, and some are missing")]
fn p50(round: &Round) -> Option<f64> {
    Some(round.sample.p50_us)
}

fn first(round: &Round) -> Option<f64> {
    round.sample.first_p50_us
}
