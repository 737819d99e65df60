//! Our generated client and server, streaming: credit, sequence, heartbeat and cancel in place.

use std::time::{Duration, Instant};

use bodybroker_runtime::Connection;
use bodybroker_runtime::connection::Options;
use futures::FutureExt as _;

use super::{Cell, Flavor, Shape, ours};
use crate::generated::bench::v1::BenchClient;
use crate::load::{Caller, Pool};
use crate::message::{self, FRAMES};
use crate::role;

pub(super) const CELL: Cell = Cell {
    name: "ours-stream",
    about: "our generated client and server",
    shape: Shape::Stream,
    beside: None,
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| ours::serve(url).boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

async fn drive(url: String) -> anyhow::Result<()> {
    let connection = Connection::connect(Options::new(url, "bench-client")).await?;
    let client = BenchClient::new(&connection);
    role::follow(Pool::new(async || Ok(OursStream { client: client.clone() }))).await
}

struct OursStream {
    client: BenchClient,
}

impl Caller for OursStream {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let started = Instant::now();
        let mut frames = self.client.infer_stream(message::stream_request()).await?;
        let mut first = None;
        let mut count = 0;
        while let Some(frame) = frames.message().await? {
            anyhow::ensure!(frame.index == count, "frame {} came as number {count}", frame.index);
            count += 1;
            first.get_or_insert_with(|| started.elapsed());
        }
        anyhow::ensure!(count == FRAMES, "{count} frames came");
        Ok(first)
    }
}
