//! Telling that everything is served.

use std::fs;
use std::path::PathBuf;

use crate::config::Config;
use crate::status::{Result, Status};

/// The ready file; gone once this is dropped.
#[derive(Debug)]
pub(super) struct Ready(Option<PathBuf>);

/// Logs that the services are ready, and writes the file that says so. Its first line is the NATS URL, and each of
/// the others names a service.
pub(super) fn announce(config: &Config, services: &[String]) -> Result<Ready> {
    tracing::info!(url = config.url, services = services.join(","), "ready");
    let Some(path) = config.ready_file.clone() else { return Ok(Ready(None)) };
    let text = format!("{}\n{}\n", config.url, services.join("\n"));
    // Whoever waits for the file must not see half of it.
    let half = path.with_extension("part");
    fs::write(&half, text).and_then(|()| fs::rename(&half, &path)).map_err(|error| {
        Status::failed_precondition(format!(
            "BB_READY_FILE is `{}`, which can't be written: {error}",
            path.display()
        ))
    })?;
    Ok(Ready(Some(path)))
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
