//! A stream as one NATS message a frame, published to the caller's inbox: no credit, no sequence, no cancel.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;

use super::{Cell, Flavor, Shape};
use crate::load::{Caller, Pool};
use crate::message::{self, FRAMES, InferStreamRequest, InferStreamResponse};
use crate::role;

const SUBJECT: &str = "bench.raw-stream";

pub(super) const CELL: Cell = Cell {
    name: "raw-stream",
    about: "one message a frame, async-nats to an inbox",
    shape: Shape::Stream,
    beside: Some("ours-stream"),
    broker: true,
    flavor: Flavor::MultiThread,
    serve: Some(|url| serve(url).boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

async fn serve(url: String) -> anyhow::Result<()> {
    let client = async_nats::connect(url).await?;
    let mut requests = client.queue_subscribe(SUBJECT, "bench".into()).await?;
    client.flush().await?;
    role::ready("")?;
    while let Some(request) = requests.next().await {
        let client = client.clone();
        tokio::spawn(async move {
            let reply = request.reply.context("no reply subject")?;
            for frame in message::frames(&InferStreamRequest::decode(request.payload)?) {
                client.publish(reply.clone(), frame.encode_to_vec().into()).await?;
            }
            client.publish(reply, Bytes::new()).await?;
            anyhow::Ok(())
        });
    }
    Ok(())
}

async fn drive(url: String) -> anyhow::Result<()> {
    // The default capacity of a subscription loses frames without a word when a thousand calls' worth arrive at once.
    let options = async_nats::ConnectOptions::new().subscription_capacity(1 << 20);
    let client = options.connect(url).await?;
    role::follow(Pool::new(async || Ok(RawStream { client: client.clone() }))).await
}

struct RawStream {
    client: async_nats::Client,
}

impl Caller for RawStream {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let started = Instant::now();
        let inbox = self.client.new_inbox();
        let mut frames = self.client.subscribe(inbox.clone()).await?;
        let request = message::stream_request().encode_to_vec();
        self.client.publish_with_reply(SUBJECT, inbox, request.into()).await?;
        let mut first = None;
        let mut count = 0;
        while let Some(frame) = frames.next().await.filter(|frame| !frame.payload.is_empty()) {
            let frame = InferStreamResponse::decode(frame.payload)?;
            anyhow::ensure!(frame.index == count, "frame {} came as number {count}", frame.index);
            count += 1;
            first.get_or_insert_with(|| started.elapsed());
        }
        anyhow::ensure!(count == FRAMES, "{count} frames came");
        Ok(first)
    }
}
