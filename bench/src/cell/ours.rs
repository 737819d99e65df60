//! Our generated client and server, with the whole contract in place.

use std::time::Duration;

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::{Connection, Context, Outbound, Result};
use futures::FutureExt as _;

use super::{Cell, Flavor, Shape};
use crate::generated::bench::v1::{BenchClient, BenchService};
use crate::load::{Caller, Pool};
use crate::message::{self, InferRequest, InferResponse, InferStreamRequest, InferStreamResponse};
use crate::role;

pub(super) const CELL: Cell = Cell {
    name: "ours",
    about: "our generated client and server",
    shape: Shape::Unary,
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| serve(url).boxed_local()),
    drive: |url| drive(url, NONE).boxed_local(),
};

pub(super) const CURRENT_THREAD: Cell = Cell {
    name: "ours-ct",
    about: "the same on current-thread runtimes",
    flavor: Flavor::CurrentThread,
    ..CELL
};

pub(super) const HEADER: Cell = Cell {
    name: "ours-header",
    about: "ours with a header on the request",
    drive: |url| drive(url, Metadata { header: true, ..NONE }).boxed_local(),
    ..CELL
};

pub(super) const DEADLINE: Cell = Cell {
    name: "ours-deadline",
    about: "ours with another time-out than the schema's",
    drive: |url| drive(url, Metadata { deadline: true, ..NONE }).boxed_local(),
    ..CELL
};

pub(super) const METADATA: Cell = Cell {
    name: "ours-meta",
    about: "ours with both",
    drive: |url| drive(url, Metadata { header: true, deadline: true, ..NONE }).boxed_local(),
    ..CELL
};

pub(super) const LAYERS: Cell = Cell {
    name: "ours-layers",
    about: "ours with retries, a hedge and a breaker",
    drive: |url| drive(url, Metadata { layers: true, ..NONE }).boxed_local(),
    ..CELL
};

/// What a call has beyond its request.
#[derive(Clone, Copy)]
struct Metadata {
    header: bool,
    deadline: bool,
    layers: bool,
}

const NONE: Metadata = Metadata { header: false, deadline: false, layers: false };

/// What a service's author writes.
struct Bench;

impl BenchService for Bench {
    async fn infer(&self, _: &Context, request: InferRequest) -> Result<InferResponse> {
        Ok(message::respond(&request))
    }

    async fn infer_layered(&self, _: &Context, request: InferRequest) -> Result<InferResponse> {
        Ok(message::respond(&request))
    }

    async fn infer_stream(
        &self,
        _: &Context,
        request: InferStreamRequest,
    ) -> Result<Outbound<InferStreamResponse>> {
        Ok(Outbound::iter(message::frames(&request)))
    }
}

/// Serves both methods.
pub(super) async fn serve(url: String) -> anyhow::Result<()> {
    let connection = Connection::connect(Options::new(url, "bench-server")).await?;
    let _server = connection.serve(Bench.into_server()).await?;
    role::ready("")?;
    std::future::pending().await
}

async fn drive(url: String, metadata: Metadata) -> anyhow::Result<()> {
    let connection = Connection::connect(Options::new(url, "bench-client")).await?;
    let client = BenchClient::new(&connection);
    role::follow(Pool::new(async || {
        Ok(Ours { client: client.clone(), request: message::request(), metadata })
    }))
    .await
}

struct Ours {
    client: BenchClient,
    request: InferRequest,
    metadata: Metadata,
}

impl Caller for Ours {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let request = self.request.clone();
        let mut call = if self.metadata.layers {
            self.client.infer_layered(request)
        } else {
            self.client.infer(request)
        };
        if self.metadata.header {
            call = call.header("Bb-Caller", "bench-client");
        }
        if self.metadata.deadline {
            call = call.timeout(Duration::from_secs(5));
        }
        message::check(&call.await?)?;
        Ok(None)
    }
}
