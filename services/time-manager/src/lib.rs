//! Game time of every world: how fast it runs, and what happens when.
//!
//! The pure parts are [`clock`], [`calendar`] and [`plan`]. Around them, `worlds` keeps the clocks, `schedules` the
//! plans, and `leader` ticks each world on one instance at a time.

use bodybroker_runtime::{Connection, Result};

pub mod calendar;
pub mod clock;
pub mod plan;

mod agenda;
mod convert;
mod leader;
mod schedules;
mod service;
mod settings;
mod worlds;

pub use settings::Settings;

use schedules::Schedules;
use worlds::Worlds;

/// The service.
#[derive(Debug, Clone)]
pub struct TimeManager {
    worlds: Worlds,
    schedules: Schedules,
}

impl TimeManager {
    /// Starts with the settings of the environment.
    pub async fn start(connection: Connection) -> Result<Self> {
        Self::start_with(&connection, Settings::from_env()?).await
    }

    /// Begins the worlds that the settings list, and contends for leading every world there is.
    pub async fn start_with(connection: &Connection, settings: Settings) -> Result<Self> {
        let manager =
            Self { worlds: Worlds::open(connection)?, schedules: Schedules::open(connection)? };
        for world in &settings.worlds {
            manager.worlds.begin(world).await?;
        }
        let leader = leader::Leader::new(connection, manager.clone(), settings);
        connection.spawn("leader", leader.run());
        Ok(manager)
    }
}
