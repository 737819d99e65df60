//! tonic's server streaming, without a broker.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use super::{Cell, Flavor, Shape, tonic as unary};
use crate::load::{Caller, Pool};
use crate::message::{self, FRAMES, InferStreamRequest, InferStreamResponse};
use crate::role;

pub(super) const CELL: Cell = Cell {
    name: "tonic-stream",
    about: "tonic server streaming, no broker",
    shape: Shape::Stream,
    beside: None,
    broker: false,
    flavor: Flavor::MultiThread,
    serve: Some(|_| unary::serve().boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

async fn drive(url: String) -> anyhow::Result<()> {
    let client = unary::connect(&url).await?;
    role::follow(Pool::new(async || Ok(TonicStream { client: client.clone() }))).await
}

struct TonicStream {
    client: Grpc<Channel>,
}

impl Caller for TonicStream {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let started = Instant::now();
        self.client.ready().await?;
        let codec = ProstCodec::<InferStreamRequest, InferStreamResponse>::default();
        let path = PathAndQuery::from_static(unary::STREAM);
        let request = Request::new(message::stream_request());
        let mut frames = self.client.server_streaming(request, path, codec).await?.into_inner();
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
