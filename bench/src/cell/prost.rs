//! async-nats with prost, the handler in the receiving loop: what one writes by hand, and what all is compared with.

use std::time::Duration;

use anyhow::Context as _;
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;
use tokio::task::JoinHandle;

use super::{Cell, Flavor, Shape};
use crate::cores::{self, Cores};
use crate::load::{Caller, Driver, Pool};
use crate::message::{self, InferRequest, InferResponse};
use crate::role;

const SUBJECT: &str = "bench.prost";

pub(super) const CELL: Cell = Cell {
    name: "prost",
    about: "async-nats request with prost, handler inline",
    shape: Shape::Unary,
    beside: None,
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| serve(url, SUBJECT).boxed_local()),
    drive: |url| drive(url, SUBJECT).boxed_local(),
};

pub(super) const CURRENT_THREAD: Cell = Cell {
    name: "prost-ct",
    about: "the same on current-thread runtimes",
    flavor: Flavor::CurrentThread,
    serve: Some(|url| serve(url, "bench.prost-ct").boxed_local()),
    drive: |url| drive(url, "bench.prost-ct").boxed_local(),
    ..CELL
};

pub(super) const CORES: Cell = Cell {
    name: "prost-cores",
    about: "the same, a current-thread runtime a core",
    flavor: Flavor::CurrentThread,
    serve: Some(|url| {
        cores::serve(async move || start(&url, "bench.prost-cores").await).boxed_local()
    }),
    drive: |url| {
        role::follow(Cores::start(async move || driver(&url, "bench.prost-cores").await))
            .boxed_local()
    },
    ..CELL
};

async fn serve(url: String, subject: &'static str) -> anyhow::Result<()> {
    let serving = start(&url, subject).await?;
    role::ready("")?;
    serving.await?
}

async fn start(url: &str, subject: &'static str) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let client = async_nats::connect(url).await?;
    let mut requests = client.queue_subscribe(subject, "bench".into()).await?;
    client.flush().await?;
    // In a task of its own: the thread that blocks on a runtime isn't one of its workers.
    Ok(tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let response = message::respond(&InferRequest::decode(request.payload)?);
            let reply = request.reply.context("no reply subject")?;
            client.publish(reply, response.encode_to_vec().into()).await?;
        }
        Ok(())
    }))
}

async fn drive(url: String, subject: &'static str) -> anyhow::Result<()> {
    role::follow(driver(&url, subject).await?).await
}

async fn driver(url: &str, subject: &'static str) -> anyhow::Result<impl Driver + use<>> {
    let client = async_nats::connect(url).await?;
    Ok(Pool::new(async move || {
        Ok(Prost { client: client.clone(), subject, request: message::request() })
    }))
}

struct Prost {
    client: async_nats::Client,
    subject: &'static str,
    request: InferRequest,
}

impl Caller for Prost {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let request = self.request.clone();
        let response = self.client.request(self.subject, request.encode_to_vec().into()).await?;
        anyhow::ensure!(response.status.is_none(), "a refusal: {:?}", response.status);
        message::check(&InferResponse::decode(response.payload)?)?;
        Ok(None)
    }
}
