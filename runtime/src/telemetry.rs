//! What a process tells of itself: logs and metrics.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Config, LogFormat};
use crate::status::{Result, Status};

mod histogram;
mod metric;
pub(crate) mod recorder;
pub(crate) mod times;
pub(crate) mod watched;

pub use metric::{Kind, METRICS, Metric};
pub use recorder::record_times;

/// Starts logging to standard error as the configuration says. Does nothing when logging has been started already.
///
/// # Errors
/// `INVALID_ARGUMENT` when the filter in `BB_LOG` can't be read.
pub fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        Status::invalid_argument(format!(
            "BB_LOG is `{}`; write a filter such as `info,bodybroker_runtime=debug`: {error}",
            config.log
        ))
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    // An error says that somebody else, such as a test, has started it.
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}
