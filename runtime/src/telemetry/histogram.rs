//! Histograms whose observations are counted where they fall: those of metrics-exporter-prometheus keep each observation
//! with its time until it is gathered, for some two hundred instructions.

use std::collections::{BTreeMap, btree_map::Entry};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{HistogramFn, Key};

/// Bounds in seconds: from 100 us, below which a call is as good as none, in steps of 2 to 2.5.
const BOUNDS: [f64; 18] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0,
];

/// Observations of seconds.
#[derive(Debug, Default)]
struct Histogram {
    /// How many fell between two bounds; the last place is for those above all.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl HistogramFn for Histogram {
    fn record(&self, seconds: f64) {
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates"
        )]
        self.nanoseconds.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }
}

/// Every histogram by its name and labels.
#[derive(Debug, Default)]
pub(super) struct Histograms {
    all: RwLock<BTreeMap<Key, Arc<Histogram>>>,
    help: RwLock<BTreeMap<String, String>>,
}

impl Histograms {
    pub(super) fn describe(&self, name: &str, help: &str) {
        let mut known = self.help.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), help.to_owned());
    }

    pub(super) fn get(&self, key: &Key) -> metrics::Histogram {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(key) {
            return metrics::Histogram::from_arc(Arc::clone(known));
        }
        drop(all);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let histogram = match all.entry(key.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Arc::default()),
        };
        metrics::Histogram::from_arc(Arc::clone(histogram))
    }

    /// Appends all of them in the text format of Prometheus.
    pub(super) fn render(&self, out: &mut String) {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let help = self.help.read().unwrap_or_else(PoisonError::into_inner);
        let mut last = "";
        for (key, histogram) in &*all {
            let name = key.name();
            if name != last {
                if let Some(help) = help.get(name) {
                    let _ = writeln!(out, "# HELP {name} {help}");
                }
                let _ = writeln!(out, "# TYPE {name} histogram");
                last = name;
            }
            histogram.render(name, &labels(key), out);
        }
    }
}

impl Histogram {
    fn render(&self, name: &str, labels: &str, out: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut sum = 0;
        let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (count, bound) in self.counts.iter().zip(bounds) {
            sum += count.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {sum}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a sum of times is no more exact than that")]
        let seconds = self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9;
        let of = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{of} {seconds}\n{name}_count{of} {sum}");
    }
}

fn labels(key: &Key) -> String {
    let escape =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<_> = key
        .labels()
        .map(|label| format!("{}=\"{}\"", label.key(), escape(label.value())))
        .collect();
    labels.join(",")
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;

    #[test]
    fn what_is_observed_is_counted_under_every_bound_from_its_own() {
        let histograms = Histograms::default();
        histograms.describe("bb_x_seconds", "Time.");
        let label = Label::new("method", "a\"b");
        let histogram = histograms.get(&Key::from_parts("bb_x_seconds", vec![label.clone()]));
        for seconds in [0.000_1, 0.000_2, 4.0, 1_000.0] {
            histogram.record(seconds);
        }
        histograms.get(&Key::from_parts("bb_x_seconds", vec![label])).record(-1.0);
        let mut text = String::new();
        histograms.render(&mut text);
        for line in [
            "# HELP bb_x_seconds Time.",
            "# TYPE bb_x_seconds histogram",
            "bb_x_seconds_bucket{method=\"a\\\"b\",le=\"0.0001\"} 2",
            "bb_x_seconds_bucket{method=\"a\\\"b\",le=\"0.00025\"} 3",
            "bb_x_seconds_bucket{method=\"a\\\"b\",le=\"2.5\"} 3",
            "bb_x_seconds_bucket{method=\"a\\\"b\",le=\"5\"} 4",
            "bb_x_seconds_bucket{method=\"a\\\"b\",le=\"+Inf\"} 5",
            "bb_x_seconds_sum{method=\"a\\\"b\"} 1004.0003",
            "bb_x_seconds_count{method=\"a\\\"b\"} 5",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is missing in {text}");
        }
    }
}
