//! Streams with something between them and who uses them.

use std::sync::Arc;

use bodybroker_runtime::Result;
use bodybroker_runtime::durable::{
    Append, Appended, Consumer, ConsumerConfig, Destruction, Durable, Plan, Provisioned, Reading,
    Start, Stored, StreamConfig,
};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::transport::BoxFuture;
use futures::stream::BoxStream;

/// What stands between: every operation passes through unless it says otherwise.
pub(crate) trait Between: Send + Sync + 'static {
    fn append<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        message: Append,
    ) -> BoxFuture<'a, Result<Appended>> {
        below.append(message)
    }

    fn last<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        below.last(stream, subject)
    }

    fn read<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        below.read(stream, filter, start)
    }

    fn snapshot<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>> {
        below.snapshot(stream, filter, start)
    }

    fn purge<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<()>> {
        below.purge(stream, subject)
    }
}

/// The streams as they are seen from behind it.
pub(crate) struct Behind<B> {
    pub(crate) below: Arc<dyn Durable>,
    pub(crate) between: Arc<B>,
}

impl<B: Between> Durable for Behind<B> {
    fn append(&self, message: Append) -> BoxFuture<'_, Result<Appended>> {
        self.between.append(&self.below, message)
    }

    fn append_all(&self, messages: Vec<Append>) -> BoxFuture<'_, Result<Vec<u64>>> {
        self.below.append_all(messages)
    }

    fn last<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        self.between.last(&self.below, stream, subject)
    }

    fn last_place<'a>(&'a self, stream: &'a str, filter: &'a Filter) -> BoxFuture<'a, Result<u64>> {
        self.below.last_place(stream, filter)
    }

    fn next<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        from: u64,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        self.below.next(stream, filter, from)
    }

    fn last_linearizable<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
        marks: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        self.below.last_linearizable(stream, subject, marks)
    }

    fn read<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        self.between.read(&self.below, stream, filter, start)
    }

    fn snapshot<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>> {
        self.between.snapshot(&self.below, stream, filter, start)
    }

    fn purge<'a>(&'a self, stream: &'a str, subject: &'a Subject) -> BoxFuture<'a, Result<()>> {
        self.between.purge(&self.below, stream, subject)
    }

    fn subjects<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<Vec<String>>>>> {
        self.below.subjects(stream, filter)
    }

    fn consumer<'a>(
        &'a self,
        config: &'a ConsumerConfig,
    ) -> BoxFuture<'a, Result<Arc<dyn Consumer>>> {
        self.below.consumer(config)
    }

    fn plan<'a>(&'a self, config: &'a StreamConfig) -> BoxFuture<'a, Result<Plan>> {
        self.below.plan(config)
    }

    fn migrate<'a>(
        &'a self,
        config: &'a StreamConfig,
        destruction: Destruction,
    ) -> BoxFuture<'a, Result<Provisioned>> {
        self.below.migrate(config, destruction)
    }

    fn assume(&self, config: &StreamConfig) {
        self.below.assume(config);
    }

    fn clustered(&self) -> BoxFuture<'_, Result<bool>> {
        self.below.clustered()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
