//! Where the answers to idempotency keys are kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use prost::Message as _;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::record::{Answer, Record, SEALED};
use super::sightings::Sightings;
use crate::connection::Connection;
use crate::durable::{Bucket, Seen, Start, Write};
use crate::layer::Response;
use crate::seal::{Guard, Purpose};
use crate::spec::{BucketSpec, MethodSpec, Replay};
use crate::status::{Code, Executed, Result, Status};

/// Pause between the attempts to keep an answer, at first and at most. Each attempt is patient by itself.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Where the answers of a method are kept.
#[derive(Debug)]
pub(super) struct Answers {
    /// Subject of the method.
    method: &'static str,
    bucket: Bucket,
    /// How long the bucket keeps records, claims among them.
    kept: Option<Duration>,
    /// How long an answer counts.
    ttl: Duration,
    /// The same, where the bucket would keep it for longer.
    expires_in: Option<Duration>,
    /// Seals records, where the method has sensitive fields: an answer may hold them, and a hash tells which of a few requests it
    /// was.
    guard: Option<Guard>,
    sightings: Sightings,
}

/// What a call finds under its key.
pub(super) enum Claim {
    /// Nothing that counts: the call is the first.
    Won(Place),
    /// The answer of an earlier call.
    Answered(Answer),
}

/// Where the answer of a call goes.
pub(super) struct Place {
    key: String,
    /// Hash of the request.
    request: Bytes,
    /// Revision of the claim.
    revision: u64,
}

impl Answers {
    pub(super) fn new(
        method: &'static MethodSpec,
        replay: &Replay,
        connection: &Connection,
    ) -> Self {
        let bucket = Bucket::new(Arc::clone(connection.durable()), replay.bucket);
        let guard = || connection.protection().guard(SEALED, Purpose::Kept(method));
        let guard = method.sealed.any().then(guard);
        let Replay { bucket: BucketSpec { ttl: kept, .. }, ttl } = *replay;
        let expires_in = Some(ttl).filter(|ttl| kept.is_none_or(|kept| *ttl < kept));
        let (method, sightings) = (method.subject, Sightings::default());
        Self { method, bucket, kept: *kept, ttl, expires_in, guard, sightings }
    }

    /// When a call must be over that claims a key now, before its claim is forgotten.
    pub(super) fn bound(&self, deadline: Instant) -> Instant {
        self.kept.map_or(deadline, |kept| deadline.min(Instant::now() + kept))
    }

    /// Claims a key for a call, or waits for the answer of the call that has, for as long as its caller does. Must be
    /// polled to its end: a claim that nobody works on keeps others waiting.
    pub(super) async fn claim<T>(
        &self,
        key: String,
        request: Bytes,
        deadline: Instant,
        caller: &mut oneshot::Sender<T>,
    ) -> Result<Claim> {
        let left = deadline.saturating_duration_since(Instant::now());
        let claim = self.bytes(&Record::claim(request.clone(), left))?;
        let mut write = Write::create(key, claim);
        loop {
            let written = self.asked(self.bucket.write(write.clone())).await;
            let key = &write.key;
            match written {
                Ok(revision) => {
                    return Ok(Claim::Won(Place { key: write.key, request, revision }));
                }
                // Somebody else has it.
                Err(status) if matches!(status.code(), Code::AlreadyExists | Code::Aborted) => {}
                Err(status) => return Err(unreachable(&status)),
            }
            let revision = loop {
                let last = self.asked(self.bucket.last(key)).await;
                let last = last.map_err(|status| unreachable(&status))?;
                // What expires leaves nothing.
                let revision = last.as_ref().map_or(0, |record| record.revision);
                let Some(kept) = last.and_then(|record| record.value) else { break revision };
                let kept = self.record(kept)?;
                if kept.request != request {
                    return Err(Status::failed_precondition(
                        "the idempotency key was used for another request; use a new one",
                    )
                    .with_executed(Executed::No));
                }
                if let Some(answer) = kept.answer {
                    return Ok(Claim::Answered(answer));
                }
                // Nobody tells of the end of a call that died.
                let until = self.sightings.until(revision, kept.left());
                if until <= Instant::now() {
                    break revision;
                }
                tokio::select! {
                    news = self.news(key, revision, until.min(deadline)) => news?,
                    () = caller.closed() => {}
                }
                if caller.is_closed() || deadline <= Instant::now() {
                    return Err(busy());
                }
            };
            write = Write::update(write.key, write.value.unwrap_or_default(), revision);
        }
    }

    /// Keeps how a call ended, or gives the key free when the call may be tried again. Goes on trying for as long as an
    /// answer counts, because the next call runs the handler again where there is none; `failed` hears when the first
    /// attempt fails.
    pub(super) async fn settle(
        &self,
        place: &Place,
        result: &Result<Response>,
        failed: impl FnOnce(),
    ) {
        let method = self.method;
        let ending = match result {
            Err(status) if may_try_again(status) => None,
            result => Some(Answer::of(result)),
        };
        let Err(status) = self.end(place, ending.clone(), self.expires_in).await else { return };
        tracing::warn!(method, %status, "the answer to an idempotency key isn't kept yet");
        failed();
        let trying = self.insist(place, ending, result, status);
        let why = match timeout(self.ttl, trying).await {
            Ok(None) => return,
            Ok(Some(why)) => why,
            Err(_) => Status::deadline_exceeded("the storage was away for too long"),
        };
        tracing::warn!(method, status = %why, "the answer to an idempotency key was not kept");
        metrics::counter!("bb_answers_unkept_total", "method" => method).increment(1);
    }

    /// Tries to keep how a call ended until it is, after an attempt that failed. Tells why the answer is not.
    async fn insist(
        &self,
        place: &Place,
        mut ending: Option<Answer>,
        result: &Result<Response>,
        mut status: Status,
    ) -> Option<Status> {
        let (mut doubtful, mut unkept, mut pause) = (false, None, PAUSE.0);
        let mut expires_in = self.expires_in;
        loop {
            match status.code() {
                // Somebody has written since: an attempt of ours that nobody answered, or who took the claim over.
                Code::Aborted if doubtful => return unkept,
                Code::Aborted => return Some(status),
                Code::UnknownOutcome => doubtful = true,
                Code::Unavailable => {}
                // The bucket is older than messages that say how long they are kept.
                Code::FailedPrecondition if expires_in.is_some() => {
                    expires_in = None;
                    pause = Duration::ZERO;
                }
                _ if ending.is_some() && unkept.is_none() => {
                    ending = Some(Answer::of(&Err(lost(result, &status))));
                    unkept = Some(status);
                    pause = Duration::ZERO;
                }
                _ => {}
            }
            sleep(pause).await;
            pause = PAUSE.1.min(pause * 2).max(PAUSE.0);
            match self.end(place, ending.clone(), expires_in).await {
                Ok(_) => return unkept,
                Err(another) => status = another,
            }
        }
    }

    /// Replaces a claim by an answer, or gives its key free.
    async fn end(
        &self,
        place: &Place,
        answer: Option<Answer>,
        expires_in: Option<Duration>,
    ) -> Result<u64> {
        let Place { key, request, revision } = place;
        let Some(answer) = answer else { return self.bucket.delete(key, Some(*revision)).await };
        let bytes = self.bytes(&Record::answered(request.clone(), answer))?;
        let write = Write::update(key, bytes, *revision);
        self.bucket.write(Write { expires_in, ..write }).await
    }

    /// Completes when a key has another record than that of the revision, or at the time given.
    async fn news(&self, key: &str, revision: u64, until: Instant) -> Result<()> {
        let news = async {
            let mut seen = self.bucket.watch(Some(key), Start::Sequence(revision + 1)).await?;
            while let Some(Seen::Current) = seen.next().await.transpose()? {}
            Ok(())
        };
        let news = timeout_at(until, news).await.unwrap_or(Ok(()));
        news.map_err(|status| unreachable(&status))
    }

    /// Asks the storage for something, and notes how it takes that.
    async fn asked<T>(&self, asking: impl Future<Output = Result<T>>) -> Result<T> {
        let asked = Instant::now();
        let answer = asking.await;
        self.sightings.asked(asked.elapsed(), answer.as_ref().err());
        answer
    }

    /// A record as it is stored.
    fn bytes(&self, record: &Record) -> Result<Bytes> {
        Guard::seal_with(self.guard.as_ref(), record.encode_to_vec().into())
    }

    fn record(&self, bytes: Bytes) -> Result<Record> {
        Record::read(&Guard::open_with(self.guard.as_ref(), bytes)?)
    }
}

/// Whether a failure says that the effect has not happened and may be asked for again.
fn may_try_again(status: &Status) -> bool {
    status.executed() == Executed::No
        || matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
}

/// What is kept instead of an answer that can't be: the call is over, and isn't made again.
fn lost(result: &Result<Response>, why: &Status) -> Status {
    let ended = match result {
        Ok(_) => "succeeded".to_owned(),
        Err(status) => format!("failed with {}", status.code()),
    };
    Status::data_loss(format!(
        "the first call with this idempotency key {ended}, and its answer could not be kept: {}",
        why.message()
    ))
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
