//! What a message takes there and back over the same broker, in the same seconds, without anything of ours.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::StreamExt as _;

use crate::cell::Flavor;
use crate::role;

/// Time between two messages.
const PACE: Duration = Duration::from_millis(5);

/// A thread that sends messages to itself.
pub(super) struct Echo {
    thread: JoinHandle<anyhow::Result<Vec<Crossing>>>,
    /// It ends when this is gone.
    wanted: Sender<()>,
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    /// When it should have been sent, since the beginning.
    pub(super) at: Duration,
    /// From then until it was back.
    pub(super) took: Duration,
}

impl Echo {
    /// Starts it.
    pub(super) fn start(url: &str, began: Instant) -> Self {
        let (wanted, unwanted) = mpsc::channel();
        let url = url.to_owned();
        Self { thread: thread::spawn(move || echo(&url, began, &unwanted)), wanted }
    }

    /// Ends it.
    pub(super) fn end(self) -> anyhow::Result<Vec<Crossing>> {
        drop(self.wanted);
        self.thread.join().ok().context("the echo panicked")?
    }
}

fn echo(url: &str, began: Instant, unwanted: &Receiver<()>) -> anyhow::Result<Vec<Crossing>> {
    let runtime = role::runtime(Flavor::CurrentThread)?;
    let (client, mut messages) = runtime.block_on(async {
        let client = async_nats::connect(url).await?;
        let messages = client.subscribe("bench.echo").await?;
        client.flush().await?;
        anyhow::Ok((client, messages))
    })?;
    let (mut crossings, mut at) = (Vec::new(), began.elapsed());
    loop {
        at += PACE;
        match unwanted.recv_timeout((began + at).saturating_duration_since(Instant::now())) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(crossings),
        }
        runtime.block_on(async {
            client.publish("bench.echo", Bytes::new()).await?;
            messages.next().await.context("the broker ended")
        })?;
        crossings.push(Crossing { at, took: began.elapsed().saturating_sub(at) });
    }
}
