//! The in-process bus: a transport without a server, for tests, mocks and one-process systems.
//!
//! It carries the same bytes as NATS (every body is encoded), knows queue groups, wildcards, "no responders" and
//! the largest payload, and delivers to each connection in order on a task of its own. It loses, doubles, delays and
//! reorders messages and breaks connections on demand ([`Fault`]), repeatably for a seed, and takes its time
//! from tokio's clock alone, so that a test can pause it.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

mod delivery;
mod fault;
mod link;
mod random;
mod router;
#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultId};
pub use link::BusTransport;

use router::Router;

/// Largest payload that a bus carries unless told otherwise: that of a NATS server.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// A bus; clones are the same bus.
#[derive(Clone)]
pub struct Bus(Arc<Shared>);

struct Shared {
    router: Mutex<Router>,
    attached: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    max_payload: usize,
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus {
    /// Makes a bus whose choices follow seed 0.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Makes a bus; the seed decides which member of a queue group gets a message and which messages a fault hits.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::with_max_payload(seed, PAYLOAD_BYTES_MAX)
    }

    /// Makes a bus with a largest payload in bytes, headers included.
    #[must_use]
    pub fn with_max_payload(seed: u64, bytes: usize) -> Self {
        Self(Arc::new(Shared {
            router: Mutex::new(Router::new(seed)),
            attached: Mutex::default(),
            max_payload: bytes,
        }))
    }

    /// Opens a connection. Its deliveries run on a task of the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn connect(&self) -> Arc<BusTransport> {
        BusTransport::open(self)
    }

    /// Adds a fault; the earliest added that hits a message decides.
    #[expect(clippy::must_use_candidate, reason = "most tests never take a fault away")]
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.router().faults.add(fault)
    }

    /// Takes a fault away again and returns how often it hit.
    #[expect(clippy::must_use_candidate, reason = "how often it hit is a by-product")]
    pub fn remove(&self, fault: FaultId) -> u64 {
        self.router().faults.remove(fault)
    }

    /// How often a fault has hit so far.
    #[must_use]
    pub fn hits(&self, fault: FaultId) -> u64 {
        self.router().faults.hits(fault)
    }

    /// Breaks every connection for a while, as a restart of the server does.
    pub fn restart(&self, down: Duration) {
        self.router().break_all();
        let bus = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(down).await;
            bus.router().mend_all();
        });
    }

    /// What every user of this bus shares of one type, made by the first who asks; an in-process store hangs here.
    pub fn attach<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut attached = self.0.attached.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = attached.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(make()));
        Arc::clone(entry)
            .downcast()
            .unwrap_or_else(|_| unreachable!("entries are keyed by their type"))
    }

    fn router(&self) -> MutexGuard<'_, Router> {
        self.0.router.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("max_payload", &self.0.max_payload).finish_non_exhaustive()
    }
}
