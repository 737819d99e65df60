//! The chain, put together once for each method of a connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, ServiceExt as _};

use super::breaker::BreakerLayer;
use super::budget::Budget;
use super::hedge::HedgeLayer;
use super::retry::RetryLayer;
use super::wire::Wire;
use super::{CallService, Request, Response};
use crate::spec::MethodSpec;
use crate::status::Result;
use crate::transport::BoxFuture;

type Wrap = Arc<dyn Fn(CallService) -> CallService + Send + Sync>;

/// What stands between a connection's calls and the wire.
#[derive(Default)]
pub(crate) struct Layers {
    /// Whether a user has added something.
    any: AtomicBool,
    budget: Arc<Budget>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// What users have added, the outermost last.
    added: Vec<Wrap>,
    /// By the address of the method's static.
    chains: HashMap<usize, CallService>,
}

impl Layers {
    /// Whether a user has added something.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Adds a layer around those there are.
    pub(crate) fn add<L>(&self, layer: L)
    where
        L: Layer<CallService> + Send + Sync + 'static,
        L::Service: tower::Service<Request, Response = Response, Error = crate::Status, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.added.push(Arc::new(move |inner| BoxCloneSyncService::new(layer.layer(inner))));
        state.chains.clear();
        self.any.store(true, Ordering::Relaxed);
    }

    /// Sends a call through the chain of its method.
    pub(crate) fn call(&self, request: Request) -> BoxFuture<'static, Result<Response>> {
        Box::pin(self.chain(request.method()).oneshot(request))
    }

    fn chain(&self, method: &'static MethodSpec) -> CallService {
        let key = std::ptr::from_ref(method).addr();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(chain) = state.chains.get(&key) {
            return chain.clone();
        }
        drop(state);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State { added, chains } = &mut *state;
        let chain = chains
            .entry(key)
            .or_insert_with(|| added.iter().fold(self.build(method), |inner, wrap| wrap(inner)));
        chain.clone()
    }

    /// Our own layers, the outermost first.
    fn build(&self, method: &'static MethodSpec) -> CallService {
        let budget = &self.budget;
        let breaker = method.policy.breaker.map(|it| BreakerLayer::new(it, method.subject));
        let retry = method.policy.retry;
        let retry = retry.map(|policy| RetryLayer { policy, budget: Arc::clone(budget) });
        let hedge = method.policy.hedge;
        let hedge = hedge.map(|policy| HedgeLayer { policy, budget: Arc::clone(budget) });
        let chain = ServiceBuilder::new()
            .option_layer(breaker)
            .option_layer(retry)
            .option_layer(hedge)
            .service(Wire);
        BoxCloneSyncService::new(chain)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").field("any", &self.any()).finish_non_exhaustive()
    }
}
