//! The calling side: what stands between a unary call and the wire.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt as _, service_fn};

use super::attempts::Attempts;
use super::breaker::Breaker;
use super::budget::Budget;
use super::cache::{Cache, Guard, Local, SharedStore};
use super::chains::Chains;
use super::per_method::PerMethod;
use super::{CallService, LayerService, Request, Response};
use crate::connection::Connection;
use crate::spec::MethodSpec;
use crate::status::Result;
use crate::transport::BoxFuture;

/// What stands between a connection's calls and the wire.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    budget: Arc<Budget>,
    /// Ours.
    chains: PerMethod<Chain>,
    /// Those of methods that were called.
    breakers: Mutex<Vec<Weak<Breaker>>>,
    /// Answers that are kept, once a method has some.
    answers: OnceLock<Local>,
    /// Bytes that they may take, unless it's the default.
    answers_bytes_max: OnceLock<u64>,
    /// Where processes share them.
    shared: OnceLock<Arc<Guard>>,
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

    /// Bounds the answers that are kept; to be said before the first call.
    pub(crate) fn keep_at_most(&self, bytes: u64) {
        // Said once, where the connection is made.
        let _ = self.answers_bytes_max.set(bytes);
    }

    /// Shares answers through a store, of methods that are called for the first time from now on. `false` when there is
    /// one already.
    pub(crate) fn share(&self, store: Arc<dyn SharedStore>) -> bool {
        self.shared.set(Arc::new(Guard::new(store))).is_ok()
    }

    /// How many answers are kept, and their bytes.
    pub(crate) fn kept(&self) -> (u64, u64) {
        self.answers.get().map_or((0, 0), Local::size)
    }

    /// What makes the calls of a method that nothing else stands around, neither kept answers nor a user's layers.
    pub(crate) fn attempts(
        &self,
        method: &'static MethodSpec,
        connection: &Connection,
    ) -> Option<Arc<Attempts>> {
        if method.policy.cache.is_some() || self.any() {
            return None;
        }
        match self.chain(method, connection) {
            Chain::Attempts(attempts) => Some(attempts),
            Chain::Cache(_) => None,
        }
    }

    /// Methods whose calls are held back.
    pub(crate) fn held_back(&self) -> Vec<&'static str> {
        let now = Instant::now();
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        breakers.iter().filter_map(Weak::upgrade).filter_map(|one| one.holds_back(now)).collect()
    }

    /// Sends a call that begins now through the chain of its method.
    pub(crate) fn call(
        &self,
        request: Request,
        now: Instant,
    ) -> BoxFuture<'static, Result<Response>> {
        let method = request.method();
        let chain = || self.chain(method, &request.connection);
        if !self.any() {
            return chain().call(request, now);
        }
        let ours = || {
            let chain = chain();
            BoxCloneSyncService::new(service_fn(move |request| {
                chain.clone().call(request, Instant::now())
            }))
        };
        let around = self.around.of(method, ours);
        Box::pin(around.oneshot(request))
    }

    fn chain(&self, method: &'static MethodSpec, connection: &Connection) -> Chain {
        self.chains.of(method, || self.build(method, connection))
    }

    fn build(&self, method: &'static MethodSpec, connection: &Connection) -> Chain {
        let attempts = Attempts::new(method, &self.budget);
        if let Some(breaker) = attempts.breaker() {
            let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
            breakers.retain(|breaker| breaker.strong_count() > 0);
            breakers.push(Arc::downgrade(breaker));
        }
        let Some(policy) = &method.policy.cache else { return Chain::Attempts(attempts) };
        let bytes_max = || self.answers_bytes_max.get().copied().unwrap_or(ANSWERS_BYTES_MAX);
        let answers = self.answers.get_or_init(|| Local::new(bytes_max()));
        Chain::Cache(Cache::new(policy, &attempts, connection, answers, self.shared.get()))
    }
}

/// Bytes that kept answers may take where nobody says.
pub(crate) const ANSWERS_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Our own layers around the calls of one method. The cache is the outermost: what it answers is no call to the others.
#[derive(Debug, Clone)]
enum Chain {
    Cache(Arc<Cache>),
    Attempts(Arc<Attempts>),
}

impl Chain {
    fn call(self, request: Request, now: Instant) -> BoxFuture<'static, Result<Response>> {
        match self {
            Self::Cache(cache) => cache.call(request, now),
            Self::Attempts(attempts) => attempts.call(request, now),
        }
    }
}
