//! async-nats's own `service` module with prost.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::service::ServiceExt as _;
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;

use super::{Cell, Flavor, Shape};
use crate::load::{Caller, Pool};
use crate::message::{self, InferRequest, InferResponse};
use crate::role;

const SUBJECT: &str = "bench.micro";

pub(super) const CELL: Cell = Cell {
    name: "micro",
    about: "async-nats service with prost",
    shape: Shape::Unary,
    beside: None,
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| serve(url).boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

async fn serve(url: String) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let service = client
        .service_builder()
        .start("bench", "1.0.0")
        .await
        .map_err(anyhow::Error::from_boxed)?;
    let mut requests = service.endpoint(SUBJECT).await.map_err(anyhow::Error::from_boxed)?;
    client.flush().await?;
    role::ready("")?;
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let response =
                message::respond(&InferRequest::decode(request.message.payload.clone())?);
            request.respond(Ok(response.encode_to_vec().into())).await?;
        }
        drop(service);
        Ok(())
    })
    .await?
}

async fn drive(url: String) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await.context("no broker")?;
    role::follow(Pool::new(async || {
        Ok(Micro { client: client.clone(), request: message::request() })
    }))
    .await
}

struct Micro {
    client: async_nats::Client,
    request: InferRequest,
}

impl Caller for Micro {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let request = self.request.clone();
        let response = self.client.request(SUBJECT, request.encode_to_vec().into()).await?;
        anyhow::ensure!(response.status.is_none(), "a refusal: {:?}", response.status);
        message::check(&InferResponse::decode(response.payload)?)?;
        Ok(None)
    }
}
