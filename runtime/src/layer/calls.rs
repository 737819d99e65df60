//! The calling side: what stands between a unary call and the wire.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt as _, service_fn};

use super::breaker::Breaker;
use super::budget::Budget;
use super::chains::Chains;
use super::per_method::PerMethod;
use super::{CallService, LayerService, Request, Response, hedge, retry};
use crate::spec::MethodSpec;
use crate::status::Result;
use crate::transport::BoxFuture;

/// What stands between a connection's calls and the wire.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    budget: Arc<Budget>,
    /// Ours.
    chains: PerMethod<Arc<Chain>>,
    /// Users'.
    around: Chains<CallService>,
}

impl Calls {
    /// Whether a user has added something.
    pub(crate) fn any(&self) -> bool {
        self.around.any()
    }

    /// Adds a layer around those there are.
    pub(crate) fn add<L>(&self, layer: L)
    where
        L: Layer<CallService, Service: LayerService<Request>> + Send + Sync + 'static,
    {
        self.around.add(move |inner| BoxCloneSyncService::new(layer.layer(inner)));
    }

    /// Sends a call that begins now through the chain of its method.
    pub(crate) fn call(
        &self,
        request: Request,
        now: Instant,
    ) -> BoxFuture<'static, Result<Response>> {
        let method = request.method();
        let chain = || self.chains.of(method, || Chain::new(method, &self.budget));
        if !self.around.any() {
            return chain().call(request, now);
        }
        let ours = || {
            let chain = chain();
            BoxCloneSyncService::new(service_fn(move |request| {
                Arc::clone(&chain).call(request, Instant::now())
            }))
        };
        Box::pin(self.around.of(method, ours).oneshot(request))
    }
}

/// Our own layers around the calls of one method.
#[derive(Debug)]
struct Chain {
    method: &'static MethodSpec,
    breaker: Option<Breaker>,
    budget: Arc<Budget>,
}

impl Chain {
    fn new(method: &'static MethodSpec, budget: &Arc<Budget>) -> Arc<Self> {
        let breaker = method.policy.breaker.map(|policy| Breaker::new(policy, method.subject));
        Arc::new(Self { method, breaker, budget: Arc::clone(budget) })
    }

    /// Makes a call: the breaker sees all of it, a repetition all that hedges come to.
    fn call(
        self: Arc<Self>,
        request: Request,
        now: Instant,
    ) -> BoxFuture<'static, Result<Response>> {
        Box::pin(async move {
            let Self { method, breaker, budget } = &*self;
            budget.called();
            let attempt =
                |trial| hedge::call(method.policy.hedge.as_ref(), budget, &request, trial);
            // By reference, because a future that is handed on is in both hands for as long as it lives.
            let call =
                pin!(retry::call(method.policy.retry.as_ref(), budget, &request, now, attempt));
            match breaker {
                Some(breaker) => breaker.call(now, call).await,
                None => call.await,
            }
        })
    }
}
