//! The calls that wait for a task of their own or run on it, so that they can be cancelled.

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
    /// Lists a call; one that nobody waits for isn't listed.
    pub(super) fn enter(&self, context: &Context) {
        if context.reply().is_some() {
            self.lock().replace(ByReply(context.clone()));
        }
    }

    /// Takes a call off the list. Once it is answered, another may have its reply subject: that one stays.
    pub(super) fn leave(&self, context: &Context) {
        let Some(reply) = context.reply() else { return };
        let mut listed = self.lock();
        if let Some(found) = listed.take(reply.as_str())
            && !found.0.is(context)
        {
            listed.insert(found);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::MethodSpec;
    use crate::subject::Subject;

    fn call(reply: &str) -> Context {
        static METHOD: MethodSpec = MethodSpec::EMPTY;
        let reply = Subject::parse(reply).expect("it is a subject");
        Context::of_call(&METHOD, None, None, reply, false)
    }

    #[test]
    fn the_next_call_with_a_reply_subject_stays_when_the_last_one_leaves() {
        let running = Running::default();
        let (last, next) = (call("_INBOX.a.1"), call("_INBOX.a.1"));
        running.enter(&last);
        running.enter(&next);
        running.leave(&last);
        assert!(running.find("_INBOX.a.1").is_some_and(|found| found.is(&next)));
        running.leave(&next);
        assert!(running.all().is_empty());
    }
}
