//! Game time, asked of whoever keeps it.

use std::time::Duration;

use bodybroker_runtime::{Code, Connection, Result, Status};
use bodybroker_time_manager::v1::{GetTimeRequest, TimeClient};

/// Game time of all worlds.
#[derive(Debug)]
pub(crate) struct Worlds(TimeClient);

impl Worlds {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self(TimeClient::new(connection))
    }

    /// Game time of a world now.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` for a world that hasn't begun.
    pub(crate) async fn game_time(&self, world_id: &str) -> Result<Duration> {
        let request = GetTimeRequest { world_id: world_id.to_owned() };
        let told = match self.0.get_time(request).await {
            Err(status) if status.code() == Code::NotFound => {
                return Err(Status::failed_precondition(format!(
                    "world `{world_id}` hasn't begun, so its time is not known; begin it with TimeService"
                )));
            }
            told => told?,
        };
        let game_time = told.time.and_then(|time| time.game_time);
        Ok(game_time.and_then(|time| time.try_into().ok()).unwrap_or_default())
    }
}
