//! Durable streams of a real server: JetStream, spoken over a connection of its own.
//!
//! async-nats carries the connection and the API's messages. Pulling, ordered reading and retrying are ours: its batch
//! forgets to wake after a heartbeat, and a reading must survive whatever happens to the connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::BoxStream;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

use super::{
    Append, Appended, Consumer, ConsumerConfig, Destruction, Durable, Plan, Provisioned, Reading,
    Safety, Start, Stored, StreamConfig, TakenOver,
};
use crate::status::{Result, Status};
use crate::subject::{Filter, Subject};
use crate::transport::BoxFuture;

mod append;
mod barrier;
mod batch;
mod consumer;
mod dial;
mod direct;
mod doubt;
mod link;
mod pull;
mod reader;
mod streams;
mod subjects;
mod wire;

use barrier::Barriers;
pub use dial::{Auth, Dial};
use link::Link;

/// JetStream on a server. Nothing is connected before the first use.
#[derive(Debug)]
pub struct JetStream {
    dial: Dial,
    /// Where this was made.
    runtime: Option<Handle>,
    link: OnceCell<Arc<Link>>,
    barriers: Barriers,
    /// Streams that are expected to be there, and not made yet.
    expected: Mutex<BTreeMap<String, StreamConfig>>,
    /// Held by who makes them.
    making: AsyncMutex<()>,
}

impl JetStream {
    /// Prepares to connect.
    #[must_use]
    pub fn new(dial: Dial) -> Self {
        let (link, barriers, expected, making) = Default::default();
        Self { dial, runtime: Handle::try_current().ok(), link, barriers, expected, making }
    }

    /// Connects where this was made: the first to need it may be a handler on threads that are kept free for others.
    async fn open(&self) -> Result<Arc<Link>> {
        let Some(runtime) = &self.runtime else { return Link::open(&self.dial).await };
        let dial = self.dial.clone();
        let opened = runtime.spawn(async move { Link::open(&dial).await }).await;
        opened.map_err(|error| Status::unavailable(format!("connecting has ended: {error}")))?
    }

    async fn link(&self) -> Result<&Arc<Link>> {
        let link = self.link.get_or_try_init(|| self.open()).await?;
        if self.dial.provision {
            self.make_expected(link).await?;
        }
        Ok(link)
    }

    /// Makes what is expected. Whoever comes meanwhile waits for it, and goes on with it when this is dropped.
    async fn make_expected(&self, link: &Arc<Link>) -> Result<()> {
        let _making = self.making.lock().await;
        loop {
            // Buckets first: a stream that takes one over looks for it.
            let next = self.expected().values().max_by_key(|config| config.bucket).cloned();
            let Some(config) = next else { return Ok(()) };
            let made = streams::extend(link, &config).await;
            let mut expected = self.expected();
            if expected.get(&config.name) == Some(&config) {
                expected.remove(&config.name);
            }
            drop(expected);
            made?;
        }
    }

    fn expected(&self) -> MutexGuard<'_, BTreeMap<String, StreamConfig>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable for JetStream {
    fn append(&self, message: Append) -> BoxFuture<'_, Result<Appended>> {
        Box::pin(async move { append::append(self.link().await?, message).await })
    }

    fn append_all(&self, messages: Vec<Append>) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(async move { batch::append(self.link().await?, messages).await })
    }

    fn last<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(async move { append::last(self.link().await?, stream, subject).await })
    }

    fn last_place<'a>(&'a self, stream: &'a str, filter: &'a Filter) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { append::last_place(self.link().await?, stream, filter).await })
    }

    fn next<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        from: u64,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(async move { append::next(self.link().await?, stream, filter, from).await })
    }

    fn last_linearizable<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
        marks: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(
            async move { self.barriers.last(self.link().await?, stream, subject, marks).await },
        )
    }

    fn read<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        Box::pin(async move { reader::read(self.link().await?, stream, filter, start).await })
    }

    fn snapshot<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>> {
        Box::pin(async move { reader::snapshot(self.link().await?, stream, filter, start).await })
    }

    fn purge<'a>(&'a self, stream: &'a str, subject: &'a Subject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { subjects::purge(self.link().await?, stream, subject).await })
    }

    fn subjects<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<Vec<String>>>>> {
        Box::pin(async move { Ok(subjects::read(self.link().await?, stream, filter)) })
    }

    fn consumer<'a>(
        &'a self,
        config: &'a ConsumerConfig,
    ) -> BoxFuture<'a, Result<Arc<dyn Consumer>>> {
        Box::pin(async move { consumer::join(self.link().await?, config).await })
    }

    fn plan<'a>(&'a self, config: &'a StreamConfig) -> BoxFuture<'a, Result<Plan>> {
        Box::pin(async move { streams::plan(self.link().await?, config).await })
    }

    fn migrate<'a>(
        &'a self,
        config: &'a StreamConfig,
        destruction: Destruction,
    ) -> BoxFuture<'a, Result<Provisioned>> {
        Box::pin(async move { streams::migrate(self.link().await?, config, destruction).await })
    }

    fn assume(&self, config: &StreamConfig) {
        if self.dial.provision {
            let mut expected = self.expected();
            expected
                .entry(config.name.clone())
                .and_modify(|have| have.extend(config))
                .or_insert_with(|| config.clone());
        }
    }

    fn taken_over<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<TakenOver>>> {
        Box::pin(async move { streams::taken_over(self.link().await?, stream).await })
    }

    fn heard_all<'a>(
        &'a self,
        stream: &'a str,
        source: &'a str,
    ) -> BoxFuture<'a, Result<Option<Duration>>> {
        Box::pin(async move { streams::heard_all(self.link().await?, stream, source).await })
    }

    fn safety<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<Safety>>> {
        Box::pin(async move { streams::safety(self.link().await?, stream).await })
    }

    fn clustered(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move { Ok(self.link().await?.clustered()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(link) = self.link.get() {
                link.close().await;
            }
        })
    }
}
