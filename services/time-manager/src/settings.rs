//! What the environment tells the service.

use std::time::Duration;

use bodybroker_runtime::config::setting;
use bodybroker_runtime::{Result, Status};

/// What the environment tells the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `TIME_WORLDS`: worlds that begin with the service, separated by commas. Default: `overworld`.
    pub worlds: Vec<String>,
    /// `TIME_TICK_MS`: real milliseconds between two ticks of a world. Default: 1000.
    pub tick: Duration,
    /// `TIME_LEASE_MS`: how long a leader may be silent before another takes over. Default: 5000.
    pub lease: Duration,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the variable that can't be read.
    pub fn from_env() -> Result<Self> {
        let worlds: String = setting("TIME_WORLDS", "overworld".to_owned())?;
        Ok(Self {
            worlds: worlds
                .split(',')
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect(),
            tick: milliseconds("TIME_TICK_MS", 1_000)?,
            lease: milliseconds("TIME_LEASE_MS", 5_000)?,
        })
    }
}

fn milliseconds(name: &str, default: u64) -> Result<Duration> {
    match setting(name, default)? {
        0 => Err(Status::invalid_argument(format!(
            "{name} is 0; write a number of milliseconds above 0"
        ))),
        given => Ok(Duration::from_millis(given)),
    }
}
