//! The recorder of metrics: what `/metrics` shows.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Bounds of histograms in seconds: from 100 us, below which a call is as good as none, in steps of 2 to 2.5.
const BOUNDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0,
];

/// How often what was recorded is gathered: in between, each observation takes some bytes.
const UPKEEP: Duration = Duration::from_secs(1);

/// The recorder of metrics of this process.
#[derive(Debug)]
pub(crate) struct Recorder(PrometheusHandle);

static RECORDER: OnceLock<Option<Recorder>> = OnceLock::new();

impl Recorder {
    /// Makes it the process's, once; `None` when the program has a recorder of its own.
    pub(crate) fn install() -> Option<&'static Self> {
        RECORDER.get_or_init(Self::make).as_ref()
    }

    fn make() -> Option<Self> {
        let builder = PrometheusBuilder::new().set_buckets(BOUNDS).ok()?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        Some(Self(handle))
    }

    /// Gathers what was recorded, again and again.
    pub(crate) async fn keep(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        self.0.render()
    }
}
