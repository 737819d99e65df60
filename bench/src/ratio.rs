//! Paired ratios: each round of one cell against the rounds of the other that stand next to it in time.

use serde::Serialize;

use crate::conduct::Round;

/// What pairs of rounds say about two cells.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ratio {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many pairs there were.
    pub pairs: usize,
}

/// Divides a figure of one cell by that of another at the same concurrency.
///
/// `None` when either has no round, or no figure.
#[must_use]
pub fn paired(
    rounds: &[Round],
    concurrency: usize,
    of: &str,
    to: &str,
    figure: impl Fn(&Round) -> Option<f64>,
) -> Option<Ratio> {
    let at = |name: &str| {
        let name = name.to_owned();
        rounds.iter().filter(move |round| round.cell == name && round.concurrency == concurrency)
    };
    let mut ratios = Vec::new();
    for round in at(of) {
        let nearest = at(to).map(|other| other.order.abs_diff(round.order)).min()?;
        let neighbours: Vec<f64> = at(to)
            .filter(|other| other.order.abs_diff(round.order) == nearest)
            .filter_map(&figure)
            .collect();
        if let Some((own, other)) =
            figure(round).zip(mean(&neighbours)).filter(|(_, other)| *other > 0.0)
        {
            ratios.push(own / other);
        }
    }
    ratios.sort_by(f64::total_cmp);
    Some(Ratio {
        median: median(&ratios)?,
        min: *ratios.first()?,
        max: *ratios.last()?,
        pairs: ratios.len(),
    })
}

/// The middle value, or the mean of the two in the middle.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted.get(half).copied()
    } else {
        mean(sorted.get(half.checked_sub(1)?..=half)?)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few rounds")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn round(order: usize, cell: &'static str, calls: u64) -> Round {
        let sample = Sample { calls, seconds: 1.0, ..Sample::default() };
        Round { order, cell, concurrency: 1, sample, client_s: 0.0, server_s: 0.0, broker_s: 0.0 }
    }

    #[test]
    fn a_round_is_divided_by_both_of_its_neighbours() {
        let rounds = [
            round(0, "base", 100),
            round(1, "ours", 300),
            round(2, "base", 200),
            round(3, "other", 1),
            round(4, "base", 1_000),
            round(5, "ours", 4_000),
            round(6, "base", 1_000),
        ];
        let ratio = paired(&rounds, 1, "ours", "base", |round| Some(round.sample.rate())).unwrap();
        assert!((ratio.min - 2.0).abs() < 1e-9 && (ratio.max - 4.0).abs() < 1e-9, "{ratio:?}");
        assert!((ratio.median - 3.0).abs() < 1e-9 && ratio.pairs == 2, "{ratio:?}");
    }

    #[test]
    fn a_cell_without_rounds_has_no_ratio() {
        assert!(paired(&[round(0, "base", 1)], 1, "ours", "base", |_| Some(1.0)).is_none());
        assert_eq!(median(&[]), None);
    }
}
