//! The recorder of metrics: what `/metrics` shows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::histogram::Histograms;
use super::metric;

/// The recorder of metrics of this process.
#[derive(Debug)]
pub(crate) struct Recorder {
    others: PrometheusHandle,
    histograms: Arc<Histograms>,
}

static RECORDER: OnceLock<Option<Recorder>> = OnceLock::new();
/// Whether somebody takes what is recorded.
static ON: AtomicBool = AtomicBool::new(false);

/// Whether somebody takes what is recorded, so that it is worth reading the clock for.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Says that the program has set a recorder of its own, which is to be given the times of calls, too. Without it, and
/// without `BB_HTTP_ADDR`, they aren't taken.
pub fn record_times() {
    metric::describe();
    ON.store(true, Ordering::Relaxed);
}

impl Recorder {
    /// Makes it the process's, once; `None` when the program has a recorder of its own.
    pub(crate) fn install() -> Option<&'static Self> {
        let recorder = RECORDER.get_or_init(Self::make).as_ref();
        record_times();
        recorder
    }

    fn make() -> Option<Self> {
        let others = PrometheusBuilder::new().build_recorder();
        let handle = others.handle();
        let histograms = Arc::<Histograms>::default();
        let both = Both { others, histograms: Arc::clone(&histograms) };
        metrics::set_global_recorder(both).ok()?;
        Some(Self { others: handle, histograms })
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        let mut text = self.others.render();
        self.histograms.render(&mut text);
        text
    }
}

/// Keeps histograms itself, and leaves the rest to another.
struct Both {
    others: PrometheusRecorder,
    histograms: Arc<Histograms>,
}

impl metrics::Recorder for Both {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.others.describe_counter(name, unit, help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.others.describe_gauge(name, unit, help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.histograms.describe(name.as_str(), &help);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.others.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.others.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.histograms.get(key)
    }
}
