//! A client that appends events, one after the other.

use std::time::{Duration, Instant};

use bodybroker_runtime::Connection;
use bodybroker_runtime::event::Publication;
use tokio_util::sync::CancellationToken;

use crate::api::chaos::v1::Noted;
use crate::ledger::{Entry, Kind, Ledger, Told};

/// A client that appends events, one after the other.
#[derive(Debug)]
pub(super) struct Notes {
    client: usize,
    first: u64,
    connection: Connection,
    ledger: Ledger,
}

/// Pause between two appends of one lane.
const PAUSE: Duration = Duration::from_millis(20);

impl Notes {
    pub(super) fn new(client: usize, lane: usize, connection: &Connection, ledger: Ledger) -> Self {
        let first = super::first_id(client, lane);
        Self { client, first, connection: connection.clone(), ledger }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        let Self { client, first, connection, ledger } = self;
        for id in (first..).take_while(|_| !stop.is_cancelled()) {
            let began = Instant::now();
            let noted = Noted { by: format!("client-{client}"), id };
            let how = Publication::new().id(format!("note-{id}"));
            let published = connection.publish_as(&noted, how).await;
            let told = Told::of(&published);
            let (kind, ended) = (Kind::Note, Instant::now());
            ledger.note(Entry { kind, client, id, began, ended, told });
            tokio::time::sleep(PAUSE).await;
        }
    }
}
