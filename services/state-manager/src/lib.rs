//! State of every entity in the game, with compare-and-set.
//!
//! The pure parts are [`merge`], a merge patch (RFC 7396), and [`record`], which says what a write makes of a record.
//! Around them, `entities` keeps the records. A write of a record is its event, so neither comes without the other.

use bodybroker_runtime::{Connection, Result};

pub mod merge;
pub mod record;

mod entities;
mod sequence;
mod service;

use entities::Entities;

/// The service.
#[derive(Debug)]
pub struct StateManager {
    entities: Entities,
}

impl StateManager {
    /// Starts.
    #[expect(
        clippy::unused_async,
        reason = "every service starts alike, and most have something to wait for"
    )]
    pub async fn start(connection: Connection) -> Result<Self> {
        Ok(Self { entities: Entities::open(&connection)? })
    }
}
