//! async-nats with bytes: `request` on one side, `publish` in the receiving loop on the other.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;

use super::{Cell, Flavor, Shape};
use crate::load::{Caller, Pool};
use crate::{message, role};

const SUBJECT: &str = "bench.raw";

pub(super) const CELL: Cell = Cell {
    name: "raw",
    about: "async-nats request, bytes, handler inline",
    shape: Shape::Unary,
    beside: None,
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| serve(url).boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

async fn serve(url: String) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let mut requests = client.queue_subscribe(SUBJECT, "bench".into()).await?;
    client.flush().await?;
    let response = Bytes::from(message::respond(&message::request()).encode_to_vec());
    role::ready("")?;
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            client.publish(request.reply.context("no reply subject")?, response.clone()).await?;
        }
        Ok(())
    })
    .await?
}

async fn drive(url: String) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let request = Bytes::from(message::request().encode_to_vec());
    role::follow(Pool::new(async || Ok(Raw { client: client.clone(), request: request.clone() })))
        .await
}

struct Raw {
    client: async_nats::Client,
    request: Bytes,
}

impl Caller for Raw {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let response = self.client.request(SUBJECT, self.request.clone()).await?;
        anyhow::ensure!(response.payload.len() > 400, "a wrong answer");
        Ok(None)
    }
}
