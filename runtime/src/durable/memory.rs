//! Durable streams of the in-process bus: the same promises as JetStream's, kept for as long as the process lives.
//!
//! Time is tokio's, so that a test may pause it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{
    Append, Appended, Consumer, ConsumerConfig, Destruction, Durable, Plan, Provisioned, Reading,
    Start, Stored, StreamConfig, batch, missing,
};
use crate::status::Result;
use crate::subject::{Filter, Subject};
use crate::transport::BoxFuture;

mod consumer;
mod log;
mod reader;

use consumer::Member;
use log::Log;

/// Durable streams in memory. Clones share them.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    logs: Mutex<BTreeMap<String, Log>>,
    /// Counts the appends, so that readers wake.
    appended: tokio::sync::watch::Sender<u64>,
    clock: Clock,
}

/// Tokio's clock, told as the time of day.
#[derive(Debug, Clone, Copy)]
struct Clock {
    began: Instant,
    epoch: SystemTime,
}

impl Clock {
    fn time(&self) -> SystemTime {
        self.epoch + self.began.elapsed()
    }
}

impl Memory {
    /// Makes a set of streams without any stream.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            logs: Mutex::default(),
            appended: tokio::sync::watch::Sender::new(0),
            clock: Clock { began: Instant::now(), epoch: SystemTime::now() },
        }))
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<String, Log>> {
        self.0.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on one stream, after letting go of what has become too old.
    fn with<T>(&self, stream: &str, run: impl FnOnce(&mut Log) -> T) -> Result<T> {
        let mut logs = self.logs();
        let log = logs.get_mut(stream).ok_or_else(|| missing::stream(stream))?;
        log.expire(self.0.clock.time());
        Ok(run(log))
    }

    fn append_now(&self, append: Append) -> Result<Appended> {
        let now = self.0.clock.time();
        let mut logs = self.logs();
        let log = logs.get_mut(&append.stream).ok_or_else(|| missing::stream(&append.stream))?;
        log.expire(now);
        let stream = append.stream.clone();
        let appended = log.append(append, now)?;
        if !appended.duplicate {
            relay(&mut logs, &stream, appended.sequence, now);
        }
        drop(logs);
        self.wake();
        Ok(appended)
    }

    fn append_all_now(&self, appends: Vec<Append>) -> Result<Vec<u64>> {
        batch::check(&appends)?;
        let Some(first) = appends.first() else { return Ok(Vec::new()) };
        let now = self.0.clock.time();
        let stream = first.stream.clone();
        let mut logs = self.logs();
        let log = logs.get_mut(&stream).ok_or_else(|| missing::stream(&stream))?;
        log.expire(now);
        let sequences = log.append_all(appends, now)?;
        for &sequence in &sequences {
            relay(&mut logs, &stream, sequence, now);
        }
        drop(logs);
        self.wake();
        Ok(sequences)
    }

    fn compare(&self, config: &StreamConfig) -> Plan {
        self.logs().get(&config.name).map_or(Plan::Create, |log| log.compare(config))
    }

    fn set_up(&self, config: &StreamConfig, destruction: Destruction) -> Result<Provisioned> {
        let plan = self.compare(config);
        plan.permit(&config.name, destruction)?;
        let mut logs = self.logs();
        match logs.get_mut(&config.name) {
            None => drop(logs.insert(config.name.clone(), Log::new(config.clone()))),
            Some(log) => log.reconfigure(config),
        }
        drop(logs);
        self.take_over(config);
        Ok(plan.done())
    }

    /// Catches up with the buckets that have become sources.
    fn take_over(&self, config: &StreamConfig) {
        let now = self.0.clock.time();
        let mut logs = self.logs();
        for source in &config.sources {
            catch_up(&mut logs, &config.name, &source.bucket, now);
        }
        drop(logs);
        self.wake();
    }

    fn wake(&self) {
        self.0.appended.send_modify(|count| *count += 1);
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Durable for Memory {
    fn append(&self, message: Append) -> BoxFuture<'_, Result<Appended>> {
        Box::pin(async move { self.append_now(message) })
    }

    fn append_all(&self, messages: Vec<Append>) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(async move { self.append_all_now(messages) })
    }

    fn last<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(async move { self.with(stream, |log| log.last(subject.as_str())) })
    }

    fn last_place<'a>(&'a self, stream: &'a str, filter: &'a Filter) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { self.with(stream, |log| log.last_place(filter)) })
    }

    fn next<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        from: u64,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(async move { self.with(stream, |log| log.first(filter, from)) })
    }

    fn last_linearizable<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
        _marks: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        // There is one copy, so nobody can have an old one.
        self.last(stream, subject)
    }

    fn read<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        Box::pin(async move { self.reading(stream, filter, start) })
    }

    fn snapshot<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>> {
        Box::pin(async move { self.with(stream, |log| log.matching(filter, start)) })
    }

    fn purge<'a>(&'a self, stream: &'a str, subject: &'a Subject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.with(stream, |log| log.purge(subject.as_str())) })
    }

    fn subjects<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<Vec<String>>>>> {
        Box::pin(async move {
            let all = self.with(stream, |log| log.subjects(filter))?;
            Ok(futures::stream::iter([Ok(all)]).boxed())
        })
    }

    fn consumer<'a>(
        &'a self,
        config: &'a ConsumerConfig,
    ) -> BoxFuture<'a, Result<Arc<dyn Consumer>>> {
        Box::pin(async move {
            self.with(&config.stream, |log| log.join(config))?;
            let member: Arc<dyn Consumer> = Arc::new(Member::new(self.clone(), config));
            Ok(member)
        })
    }

    fn plan<'a>(&'a self, config: &'a StreamConfig) -> BoxFuture<'a, Result<Plan>> {
        Box::pin(async move { Ok(self.compare(config)) })
    }

    fn migrate<'a>(
        &'a self,
        config: &'a StreamConfig,
        destruction: Destruction,
    ) -> BoxFuture<'a, Result<Provisioned>> {
        Box::pin(async move { self.set_up(config, destruction) })
    }

    fn assume(&self, config: &StreamConfig) {
        let mut logs = self.logs();
        match logs.get_mut(&config.name) {
            Some(log) if log.covers(config) => return,
            Some(log) => log.extend(config),
            None => {
                logs.insert(config.name.clone(), Log::new(config.clone()));
            }
        }
        drop(logs);
        self.take_over(config);
    }

    fn clustered(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Memory {
    fn reading(&self, stream: &str, filter: &Filter, start: Start) -> Result<Reading> {
        let (found, next) = self.with(stream, |log| (log.matching(filter, start), log.next()))?;
        let pending = found.len() as u64;
        let tail = reader::tail(self.clone(), stream.to_owned(), filter.clone(), next);
        let messages: BoxStream<'static, Result<Stored>> =
            futures::stream::iter(found.into_iter().map(Ok)).chain(tail).boxed();
        let (_, flows) = watch::channel(true);
        Ok(Reading { pending, messages, flows })
    }
}

/// Hands a message on to the streams that take it over: in the same step, so that both have it or neither.
fn relay(logs: &mut BTreeMap<String, Log>, stream: &str, sequence: u64, now: SystemTime) {
    let Some(message) = logs.get(stream).and_then(|log| log.at(sequence)) else { return };
    for log in logs.values_mut() {
        log.take_over(stream, &message, now);
    }
}

/// Lets a stream take over what a bucket held before it became a source.
fn catch_up(logs: &mut BTreeMap<String, Log>, stream: &str, bucket: &str, now: SystemTime) {
    let source = super::config::bucket_stream(bucket);
    let held = logs.get(&source).map(|log| log.matching(&Filter::literal(">"), Start::All));
    let Some(log) = logs.get_mut(stream) else { return };
    for message in held.unwrap_or_default() {
        log.take_over(&source, &message, now);
    }
}

/// A moment that never comes, for timers that aren't set.
const FAR: Duration = Duration::from_hours(365 * 24);
