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

    fn call(&mut self, handling: Handling) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let Some(key) = key(&handling) else { return Box::pin(inner.call(handling)) };
        let (answers, method) = (Arc::clone(&self.answers), handling.method().subject);
        Box::pin(async move {
            let request = Bytes::copy_from_slice(blake3::hash(&handling.body).as_bytes());
            let deadline = handling.context().deadline();
            let deadline = deadline.unwrap_or_else(|| Instant::now() + handling.method().timeout);
            let place = match answers.claim(key, request, deadline).await? {
                Claim::Answered(answer) => {
                    metrics::counter!("bb_answers_replayed_total", "method" => method).increment(1);
                    return answer.replay();
                }
                Claim::Won(place) => place,
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
                let mut tell = Some(tell);
                let mut tell = || tell.take().map(|tell| tell.send(result.clone()));
                // While the answer can't be kept, its caller needn't wait.
                answers.settle(&place, &result, || drop(tell())).await;
                drop(tell());
            };
            connection.spawn_to_end(running.instrument(Span::current()));
            told.await.unwrap_or_else(|_| {
                Err(Status::deadline_exceeded("the handler ran out of time")
                    .with_executed(Executed::Unknown))
            })
        })
    }
}

/// Who calls what, for which effect: keys of one caller say nothing of another's.
fn key(handling: &Handling) -> Option<String> {
    let context = handling.context();
    let key = context.idempotency_key()?;
    Some(format!("{} {} {key}", handling.method().name, context.origin()?))
}
