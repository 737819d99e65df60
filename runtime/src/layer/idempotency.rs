//! Gives the first answer to an idempotency key again, instead of having its effect twice.
//!
//! The first call with a key writes a record, runs the handler to its end even if its caller leaves, and writes the
//! answer into the record. Whoever comes later with the key gets that answer, or waits for it. Should the instance die
//! in between, the record stays without an answer; once the time that its call had is over, the next call with the
//! key runs the handler again. So an effect happens once, except that a handler whose process died after the effect
//! and before the answer was stored may run a second time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use self::record::{Answer, Record, SEALED};
use super::{Handling, Response};
use crate::connection::Connection;
use crate::durable::{Bucket, Start};
use crate::seal::{Guard, Purpose};
use crate::spec::{MethodSpec, Replay};
use crate::status::{Code, Executed, Result, Status};
use crate::transport::BoxFuture;

mod record;

/// How much longer than a call had its record is left alone: for the answer that is being written.
const GRACE: Duration = Duration::from_secs(1);

/// Adds [`Replaying`].
#[derive(Debug, Clone)]
pub(super) struct IdempotencyLayer(Arc<Answers>);

/// Where answers are kept.
#[derive(Debug)]
struct Answers {
    bucket: Bucket,
    ttl: Duration,
    /// Seals records, where the method has sensitive fields: an answer may hold them, and a hash tells which of a few requests it
    /// was.
    guard: Option<Guard>,
}

impl IdempotencyLayer {
    pub(super) fn new(
        method: &'static MethodSpec,
        replay: &Replay,
        connection: &Connection,
    ) -> Self {
        let bucket = Bucket::new(Arc::clone(connection.durable()), replay.bucket);
        let guard = || connection.protection().guard(SEALED, Purpose::Kept(method));
        let guard = method.sealed.any().then(guard);
        Self(Arc::new(Answers { bucket, ttl: replay.ttl, guard }))
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = Replaying<S>;

    fn layer(&self, inner: S) -> Replaying<S> {
        Replaying { inner, answers: Arc::clone(&self.0) }
    }
}

/// Gives the first answer to an idempotency key again.
#[derive(Debug, Clone)]
pub(super) struct Replaying<S> {
    inner: S,
    answers: Arc<Answers>,
}

impl<S> Service<Handling> for Replaying<S>
where
    S: Service<Handling, Response = Response, Error = Status, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, handling: Handling) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let Some(key) = key(&handling) else { return Box::pin(inner.call(handling)) };
        let (answers, method) = (Arc::clone(&self.answers), handling.method().subject);
        Box::pin(async move {
            let request = Bytes::copy_from_slice(blake3::hash(&handling.body).as_bytes());
            let deadline = handling.context().deadline();
            let deadline = deadline.unwrap_or_else(|| Instant::now() + handling.method().timeout);
            let revision = match answers.claim(&key, &request, deadline).await? {
                Claim::Answered(answer) => {
                    metrics::counter!("bb_answers_replayed_total", "method" => method).increment(1);
                    return answer.replay();
                }
                Claim::Won(revision) => revision,
            };
            // Its effect must not be cut in two by a caller who leaves: the handler runs on, and its answer is kept.
            let (tell, told) = tokio::sync::oneshot::channel();
            let connection = handling.connection().clone();
            let running = async move {
                let handled = AssertUnwindSafe(async { inner.call(handling).await }).catch_unwind();
                let result = match tokio::time::timeout_at(deadline, handled).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(Status::internal("the handler panicked")),
                    // Nobody knows what it has done so far: the record stays as it is until its time is over.
                    Err(_) => return,
                };
                if let Err(status) = answers.settle(&key, request, revision, &result).await {
                    metrics::counter!("bb_answers_unkept_total", "method" => method).increment(1);
                    tracing::warn!(method, %status, "the answer to an idempotency key was not kept");
                }
                let _ = tell.send(result);
            };
            connection.spawn_to_end(running.instrument(Span::current()));
            told.await.unwrap_or_else(|_| {
                Err(Status::deadline_exceeded("the handler ran out of time")
                    .with_executed(Executed::Unknown))
            })
        })
    }
}

/// What a call finds under its key.
enum Claim {
    /// Nothing that counts: the call is the first, at this revision of the record.
    Won(u64),
    /// The answer of an earlier call.
    Answered(Answer),
}

impl Answers {
    /// Claims a key for a call, or waits for the answer of the call that has.
    async fn claim(&self, key: &str, request: &Bytes, deadline: Instant) -> Result<Claim> {
        let left = deadline.saturating_duration_since(Instant::now());
        let claim = self.bytes(&Record::claim(request.clone(), left + GRACE))?;
        match self.bucket.create(key, claim.clone()).await {
            Ok(revision) => return Ok(Claim::Won(revision)),
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => return Err(unreachable(&status)),
        }
        let watching = self.bucket.watch(Some(key), Start::LastPerSubject).await;
        let (_, mut records) = watching.map_err(|status| unreachable(&status))?;
        // The last record without an answer, and when its call is out of time.
        let mut seen: Option<(u64, Instant)> = None;
        loop {
            if let Some((revision, until)) = seen
                && until <= Instant::now()
            {
                match self.bucket.update(key, claim.clone(), revision).await {
                    Ok(revision) => return Ok(Claim::Won(revision)),
                    // Somebody else has; the watch will tell.
                    Err(status) if status.code() == Code::Aborted => seen = None,
                    Err(status) => return Err(unreachable(&status)),
                }
            }
            let until = seen.map_or(deadline, |(_, until)| until.min(deadline));
            let record = match tokio::time::timeout_at(until, records.next()).await {
                Ok(Some(record)) => record.map_err(|status| unreachable(&status))?,
                Ok(None) => return Err(busy()),
                Err(_) if Instant::now() >= deadline => return Err(busy()),
                Err(_) => continue,
            };
            let age = SystemTime::now().duration_since(record.time).unwrap_or_default();
            let kept = record.value.filter(|_| age < self.ttl);
            let Some(kept) = kept.map(|bytes| self.record(bytes)).transpose()? else {
                // Given up by its call, or too old.
                seen = Some((record.revision, Instant::now()));
                continue;
            };
            if kept.request != *request {
                return Err(Status::failed_precondition(
                    "the idempotency key was used for another request; use a new one",
                )
                .with_executed(Executed::No));
            }
            match kept.answer {
                Some(answer) => return Ok(Claim::Answered(answer)),
                // Nobody tells of the end of a call that died: its time is counted from here, by our own clock.
                None => seen = Some((record.revision, Instant::now() + kept.left())),
            }
        }
    }

    /// Keeps an answer, or gives the key free when the call may be tried again.
    async fn settle(
        &self,
        key: &str,
        request: Bytes,
        revision: u64,
        result: &Result<Response>,
    ) -> Result<u64> {
        match result {
            Err(status) if may_try_again(status) => self.bucket.delete(key, Some(revision)).await,
            result => {
                let kept = Record::answered(request, Answer::of(result));
                self.bucket.update(key, self.bytes(&kept)?, revision).await
            }
        }
    }

    /// A record as it is stored.
    fn bytes(&self, record: &Record) -> Result<Bytes> {
        Guard::seal_with(self.guard.as_ref(), record.encode_to_vec().into())
    }

    fn record(&self, bytes: Bytes) -> Result<Record> {
        Record::read(&Guard::open_with(self.guard.as_ref(), bytes)?)
    }
}

/// Who calls what, for which effect: keys of one caller say nothing of another's.
fn key(handling: &Handling) -> Option<String> {
    let context = handling.context();
    let key = context.idempotency_key()?;
    Some(format!("{} {} {key}", handling.method().name, context.origin()?))
}

/// Whether a failure says that the effect has not happened and may be asked for again.
fn may_try_again(status: &Status) -> bool {
    status.executed() == Executed::No
        || matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
}

/// Without the store nobody can promise one effect, so there is none.
fn unreachable(status: &Status) -> Status {
    Status::unavailable(format!("answers to idempotency keys can't be reached: {status}"))
        .with_executed(Executed::No)
}

fn busy() -> Status {
    Status::unavailable("an earlier call with this idempotency key is still running")
        .with_executed(Executed::No)
}
