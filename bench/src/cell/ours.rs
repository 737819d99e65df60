//! Our generated client and server, with the whole contract in place.

use std::time::Duration;

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::{Connection, Context, Outbound, Result, Server};
use futures::FutureExt as _;

use super::{Cell, Flavor, Shape};
use crate::cores::{self, Cores};
use crate::generated::bench::v1::{BenchClient, BenchService};
use crate::load::{Caller, Driver, Pool};
use crate::message::{self, InferRequest, InferResponse, InferStreamRequest, InferStreamResponse};
use crate::role;

pub(super) const CELL: Cell = Cell {
    name: "ours",
    about: "our generated client and server",
    shape: Shape::Unary,
    beside: None,
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

pub(super) const CORES: Cell = Cell {
    name: "ours-cores",
    about: "the same, a current-thread runtime a core",
    flavor: Flavor::CurrentThread,
    serve: Some(|url| cores::serve(async move || start(url.clone()).await).boxed_local()),
    drive: |url| {
        role::follow(Cores::start(async move || driver(url.clone(), NONE).await)).boxed_local()
    },
    ..CELL
};

pub(super) const HEADER: Cell = Cell {
    name: "ours-header",
    about: "ours with a header on the request",
    drive: |url| drive(url, Metadata { header: true, ..NONE }).boxed_local(),
    beside: Some(CELL.name),
    ..CELL
};

pub(super) const DEADLINE: Cell = Cell {
    name: "ours-deadline",
    about: "ours with another time-out than the schema's",
    drive: |url| drive(url, Metadata { deadline: true, ..NONE }).boxed_local(),
    beside: Some(CELL.name),
    ..CELL
};

pub(super) const METADATA: Cell = Cell {
    name: "ours-meta",
    about: "ours with both",
    drive: |url| drive(url, Metadata { header: true, deadline: true, ..NONE }).boxed_local(),
    beside: Some(CELL.name),
    ..CELL
};

pub(super) const LAYERS: Cell = Cell {
    name: "ours-layers",
    about: "ours with retries, a hedge and a breaker",
    drive: |url| drive(url, Metadata { layers: true, ..NONE }).boxed_local(),
    beside: Some(CELL.name),
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
    let _server = start(url).await?;
    role::ready("")?;
    std::future::pending().await
}

async fn start(url: String) -> anyhow::Result<Server> {
    let connection = Connection::connect(Options::new(url, "bench-server")).await?;
    Ok(connection.serve(Bench.into_server()).await?)
}

async fn drive(url: String, metadata: Metadata) -> anyhow::Result<()> {
    role::follow(driver(url, metadata).await?).await
}

async fn driver(url: String, metadata: Metadata) -> anyhow::Result<impl Driver> {
    let connection = Connection::connect(Options::new(url, "bench-client")).await?;
    let client = BenchClient::new(&connection);
    Ok(Pool::new(async move || {
        Ok(Ours { client: client.clone(), request: message::request(), metadata })
    }))
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
