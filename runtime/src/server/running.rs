//! The calls whose handler outlived its first poll, so that they can be cancelled.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use crate::context::Context;

/// Calls by their reply subject.
#[derive(Default)]
pub(super) struct Running(Mutex<HashSet<ByReply, RandomState>>);

impl Running {
    /// Lists a call until the entry is dropped; one that nobody waits for isn't listed.
    pub(super) fn enter<'a>(&'a self, context: &'a Context) -> Entry<'a> {
        if context.reply().is_some() {
            self.lock().replace(ByReply(context.clone()));
        }
        Entry { running: self, context }
    }

    /// The call with this reply subject.
    pub(super) fn find(&self, reply: &str) -> Option<Context> {
        self.lock().get(reply).map(|found| found.0.clone())
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Context> {
        self.lock().iter().map(|listed| listed.0.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<ByReply, RandomState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in the list.
pub(super) struct Entry<'a> {
    running: &'a Running,
    context: &'a Context,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(reply) = self.context.reply() {
            self.running.lock().remove(reply.as_str());
        }
    }
}

/// A context that is known by its reply subject.
struct ByReply(Context);

impl ByReply {
    fn reply(&self) -> &str {
        self.0.reply().map_or("", |reply| reply.as_str())
    }
}

impl Borrow<str> for ByReply {
    fn borrow(&self) -> &str {
        self.reply()
    }
}

impl Hash for ByReply {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reply().hash(state);
    }
}

impl PartialEq for ByReply {
    fn eq(&self, other: &Self) -> bool {
        self.reply() == other.reply()
    }
}

impl Eq for ByReply {}
