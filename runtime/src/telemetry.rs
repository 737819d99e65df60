//! What a process tells of itself: logs, metrics and traces.

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Config, LogFormat};
use crate::status::{Result, Status};

mod histogram;
mod metric;
#[cfg(feature = "otlp")]
mod otlp;
pub(crate) mod recorder;
pub(crate) mod times;
pub(crate) mod trace;
pub(crate) mod watched;

pub use metric::{Kind, METRICS, Metric};
pub use recorder::record_times;

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Starts logging to standard error as the configuration says, and sending spans where it says so. Does nothing when
/// logging has been started already.
///
/// # Errors
/// `INVALID_ARGUMENT` when the filter in `BB_LOG` can't be read, or spans can't be sent where
/// `OTEL_EXPORTER_OTLP_ENDPOINT` leads.
pub fn start(config: &Config) -> Result<()> {
    let layers = vec![lines(config)?];
    export(config, layers)
}

#[cfg(feature = "otlp")]
fn export(config: &Config, mut layers: Layers) -> Result<()> {
    let Some(config) = &config.otlp else {
        install(layers);
        return Ok(());
    };
    let (provider, spans) = otlp::layer(config)?;
    layers.push(spans);
    if install(layers) {
        otlp::start(provider);
    }
    Ok(())
}

#[cfg(not(feature = "otlp"))]
#[expect(clippy::unnecessary_wraps, reason = "the other shape of the program fails")]
fn export(config: &Config, layers: Layers) -> Result<()> {
    if install(layers) && config.otlp.is_some() {
        tracing::warn!("spans are not sent: the program is built without the feature `otlp`");
    }
    Ok(())
}

/// `false` when somebody else, such as a test, has done so before.
fn install(layers: Layers) -> bool {
    tracing_subscriber::registry().with(layers).try_init().is_ok()
}

/// Log lines.
fn lines(config: &Config) -> Result<Box<dyn Layer<Registry> + Send + Sync>> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        Status::invalid_argument(format!(
            "BB_LOG is `{}`; write a filter such as `info,bodybroker_runtime=debug`: {error}",
            config.log
        ))
    })?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    Ok(match config.log_format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    })
}

/// Sends the spans that have ended; [`Host`](crate::host::Host) does so at its end.
#[cfg_attr(
    not(feature = "otlp"),
    expect(clippy::unused_async, reason = "there is nothing to wait for")
)]
pub async fn flush() {
    #[cfg(feature = "otlp")]
    if trace::is_on() {
        let _ = tokio::task::spawn_blocking(otlp::flush).await;
    }
}
