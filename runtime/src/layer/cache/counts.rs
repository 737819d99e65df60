//! What the cache of a method counts, with handles that are looked up once.

use std::sync::OnceLock;

use metrics::Counter;

use crate::telemetry::recorder;

/// What the cache of a method counts.
#[derive(Debug)]
pub(super) struct Counts {
    method: &'static str,
    local: OnceLock<Counter>,
    stale: OnceLock<Counter>,
    negative: OnceLock<Counter>,
    shared: OnceLock<Counter>,
    missed: OnceLock<Counter>,
    joined: OnceLock<Counter>,
    ended: OnceLock<Counter>,
}

impl Counts {
    pub(super) fn new(method: &'static str) -> Self {
        let (local, stale, negative, shared, missed, joined, ended) = Default::default();
        Self { method, local, stale, negative, shared, missed, joined, ended }
    }

    /// An answer of this process.
    pub(super) fn local(&self) {
        self.hit(&self.local, "local");
    }

    /// One that is past its time, while the next is fetched.
    pub(super) fn stale(&self) {
        self.hit(&self.stale, "stale");
    }

    /// A `NOT_FOUND`.
    pub(super) fn negative(&self) {
        self.hit(&self.negative, "negative");
    }

    /// An answer that another process was given.
    pub(super) fn shared(&self) {
        self.hit(&self.shared, "shared");
    }

    fn hit(&self, counter: &OnceLock<Counter>, tier: &'static str) {
        let method = self.method;
        count(
            counter,
            || metrics::counter!("bb_cache_hits_total", "method" => method, "tier" => tier),
        );
    }

    /// A call that had to be made.
    pub(super) fn missed(&self) {
        let method = self.method;
        count(&self.missed, || metrics::counter!("bb_cache_misses_total", "method" => method));
    }

    /// A call that waited for another's answer.
    pub(super) fn joined(&self) {
        let method = self.method;
        count(&self.joined, || metrics::counter!("bb_cache_joined_total", "method" => method));
    }

    /// An event that ended answers.
    pub(super) fn ended(&self) {
        let method = self.method;
        count(
            &self.ended,
            || metrics::counter!("bb_cache_invalidations_total", "method" => method),
        );
    }
}

/// A handle that is looked up before there is a recorder would count for nobody ever after.
fn count(counter: &OnceLock<Counter>, make: impl FnOnce() -> Counter) {
    if recorder::is_on() {
        counter.get_or_init(make).increment(1);
    }
}
