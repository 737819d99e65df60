//! Weather of every region, driven by game time.
//!
//! The pure parts are [`chain`], which finds the sky of any step, [`feel`], which tells what it feels like, and
//! [`region`], which says whose weather is asked. Around them, `regions` keeps those that are followed, and `worlds`
//! asks for game time.

use bodybroker_runtime::{Connection, Result};

pub mod chain;
pub mod draw;
pub mod feel;
pub mod place;
pub mod region;

mod convert;
mod regions;
mod service;
mod settings;
mod worlds;

pub use settings::Settings;

use regions::Regions;
use worlds::Worlds;

/// The service.
#[derive(Debug)]
pub struct WeatherManager {
    regions: Regions,
    worlds: Worlds,
    settings: Settings,
}

impl WeatherManager {
    /// Starts with the settings of the environment.
    #[expect(
        clippy::unused_async,
        reason = "every service starts alike, and most have something to wait for"
    )]
    pub async fn start(connection: Connection) -> Result<Self> {
        Self::start_with(&connection, Settings::from_env()?)
    }

    /// Starts with settings.
    pub fn start_with(connection: &Connection, settings: Settings) -> Result<Self> {
        Ok(Self { regions: Regions::open(connection)?, worlds: Worlds::new(connection), settings })
    }
}
