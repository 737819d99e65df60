//! Makes another call beside one that dawdles, and takes the first answer.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tower::{Layer, Service, ServiceExt as _};

use super::budget::Budget;
use super::{Request, Response};
use crate::spec::Hedge;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// Adds [`Hedging`].
#[derive(Debug, Clone)]
pub(super) struct HedgeLayer {
    pub(super) policy: Hedge,
    pub(super) budget: Arc<Budget>,
}

impl<S> Layer<S> for HedgeLayer {
    type Service = Hedging<S>;

    fn layer(&self, inner: S) -> Hedging<S> {
        Hedging { inner, layer: self.clone() }
    }
}

/// Makes another call beside one that dawdles. What is beaten is dropped, and so cancelled.
#[derive(Debug, Clone)]
pub(super) struct Hedging<S> {
    inner: S,
    layer: HedgeLayer,
}

impl<S> Service<Request> for Hedging<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let HedgeLayer { policy, budget } = self.layer.clone();
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let method = request.method().subject;
            budget.called();
            let mut trials = FuturesUnordered::new();
            trials.push(inner.call(request.clone()));
            let mut made = 1;
            loop {
                let more = !request.once && made < policy.max_attempts;
                let ended = tokio::select! {
                    biased;
                    ended = trials.next() => ended,
                    () = tokio::time::sleep(policy.delay), if more => None,
                };
                match ended {
                    Some(Ok(response)) => return Ok(response),
                    // The others may still make it.
                    Some(Err(status)) if trials.is_empty() => return Err(status),
                    Some(Err(_)) => {}
                    None if budget.take() => {
                        metrics::counter!("bb_hedges_total", "method" => method).increment(1);
                        let trial = inner.ready().await?.call(request.clone());
                        trials.push(trial);
                        made += 1;
                    }
                    None => made = policy.max_attempts,
                }
            }
        })
    }
}
