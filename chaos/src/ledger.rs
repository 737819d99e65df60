//! What everybody asked for, and what they were told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bodybroker_runtime::status::Executed;
use bodybroker_runtime::{Code, Status};

/// An operation that has ended.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it was about.
    pub kind: Kind,
    /// Who asked.
    pub client: usize,
    /// Names its effect; no other operation has the same.
    pub id: u64,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// What was told.
    pub told: Told,
}

/// What an operation was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An event appended to a stream.
    Note,
    /// A value replaced by another, if nobody else was faster.
    Swap,
    /// A call with an effect.
    Act,
    /// A call without one.
    Look,
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It has happened.
    Acknowledged,
    /// It has not, for a reason of its own.
    Refused(Code),
    /// It has not, and may be tried again.
    Failed(Code),
    /// Nobody knows.
    Unknown(Code),
}

impl Told {
    /// What a result tells.
    pub fn of<T>(result: &Result<T, Status>) -> Self {
        let Err(status) = result else { return Self::Acknowledged };
        let code = status.code();
        match (code, status.executed()) {
            (Code::Aborted | Code::AlreadyExists | Code::ResourceExhausted, _) => {
                Self::Refused(code)
            }
            (_, Executed::No) => Self::Failed(code),
            (_, Executed::Yes | Executed::Unknown) => Self::Unknown(code),
        }
    }
}

/// The operations of everybody. Cheap to clone; the clones are one ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

impl Ledger {
    /// Notes an operation that has ended.
    pub fn note(&self, entry: Entry) {
        self.lock().push(entry);
    }

    /// Everything so far, in the order of ending.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// How long after a moment the first operation succeeded that began no earlier; `None` while none has.
    #[must_use]
    pub fn recovery(&self, since: Instant, about: impl Fn(&Entry) -> bool) -> Option<Duration> {
        let entries = self.lock();
        let good = entries.iter().filter(|entry| {
            entry.began >= since && entry.told == Told::Acknowledged && about(entry)
        });
        good.map(|entry| entry.ended - since).min()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
