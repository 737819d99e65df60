//! Gives the first answer to an idempotency key again, instead of having its effect twice.
//!
//! The first call with a key writes a record, runs the handler to its end even if its caller leaves, and writes the
//! answer into the record, for as long as it takes to. Whoever comes later with the key gets that answer, or waits for it.
//! Should the instance die in between, the record stays without an answer; once the time that its call had is over, the
//! next call with the key runs the handler again. So an effect happens once, except that a handler whose process died
//! after the effect and before the answer was stored may run a second time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use self::answers::{Answers, Claim};
use super::{Handling, Response};
use crate::connection::Connection;
use crate::spec::{MethodSpec, Replay};
use crate::status::{Executed, Result, Status};
use crate::transport::BoxFuture;

mod answers;
mod record;
mod sightings;

/// Adds [`Replaying`].
#[derive(Debug, Clone)]
pub(super) struct IdempotencyLayer(Arc<Answers>);

impl IdempotencyLayer {
    pub(super) fn new(
        method: &'static MethodSpec,
        replay: &Replay,
        connection: &Connection,
    ) -> Self {
        Self(Arc::new(Answers::new(method, replay, connection)))
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

    fn call(&mut self, mut handling: Handling) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let Some(key) = key(&handling) else { return Box::pin(inner.call(handling)) };
        let (connection, held) = (handling.connection().clone(), handling.held.take());
        let (caller, told) = oneshot::channel();
        let call = run(inner, Arc::clone(&self.answers), key, handling, caller);
        // A caller who leaves must cut neither a claim nor an effect in two: both go on, and are in flight until they end.
        let call = async move {
            let cut = async {
                match &held {
                    Some(held) => held.cut().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = call => {}
                () = cut => {}
            }
        };
        connection.spawn_to_end(call.instrument(Span::current()));
        Box::pin(async move { told.await.unwrap_or_else(|_| Err(stopped())) })
    }
}

/// Claims the key, runs the handler to its end and keeps its answer; or finds the answer.
async fn run<S>(
    mut inner: S,
    answers: Arc<Answers>,
    key: String,
    handling: Handling,
    mut caller: oneshot::Sender<Result<Response>>,
) where
    S: Service<Handling, Response = Response, Error = Status>,
{
    let method = handling.method();
    let request = Bytes::copy_from_slice(blake3::hash(&handling.body).as_bytes());
    let deadline = handling.context().deadline();
    let deadline = answers.bound(deadline.unwrap_or_else(|| Instant::now() + method.timeout));
    let place = match answers.claim(key, request, deadline, &mut caller).await {
        Ok(Claim::Won(place)) => place,
        Ok(Claim::Answered(answer)) => {
            metrics::counter!("bb_answers_replayed_total", "method" => method.subject).increment(1);
            return drop(caller.send(answer.replay()));
        }
        Err(status) => return drop(caller.send(Err(status))),
    };
    if caller.is_closed() || deadline <= Instant::now() {
        // Nobody waits for an effect that hasn't begun, and the next call mustn't wait for this one.
        let left = Err(Status::cancelled("the caller left").with_executed(Executed::No));
        return answers.settle(&place, &left, || ()).await;
    }
    let handled = AssertUnwindSafe(async { inner.call(handling).await }).catch_unwind();
    let result = match tokio::time::timeout_at(deadline, handled).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Status::internal("the handler panicked")),
        Err(_) => {
            // Nobody knows what it has done so far: the record stays as it is until its time is over.
            let late = Status::deadline_exceeded("the handler ran out of time");
            return drop(caller.send(Err(late.with_executed(Executed::Unknown))));
        }
    };
    let mut caller = Some(caller);
    let mut tell = || drop(caller.take().map(|caller| caller.send(result.clone())));
    // While the answer can't be kept, its caller needn't wait.
    answers.settle(&place, &result, &mut tell).await;
    tell();
}

/// The process ends, and the handler before its time.
fn stopped() -> Status {
    Status::unavailable("the instance stopped before the handler ended")
        .with_executed(Executed::Unknown)
}

/// Who calls what, for which effect: keys of one caller say nothing of another's.
fn key(handling: &Handling) -> Option<String> {
    let context = handling.context();
    let key = context.idempotency_key()?;
    Some(format!("{} {} {key}", handling.method().name, context.origin()?))
}
