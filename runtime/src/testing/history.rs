//! A log of what clients asked of a register and what they were told, and whether one register could have told all that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

mod check;

pub use check::{Violation, check};

/// What is asked of a register. Its values are numbers that nobody writes twice: a value then stands for a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// What is there?
    Read,
    /// Replace what is there, if it is still `expect`; `None` for nothing.
    Swap {
        /// What must be there.
        expect: Option<u64>,
        /// What shall be there.
        to: u64,
    },
}

/// What somebody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This is there.
    Value(Option<u64>),
    /// It is replaced.
    Swapped,
    /// Something else was there.
    Refused,
    /// It has not happened, and won't.
    Failed,
    /// It may have happened, and may still happen.
    Unknown,
}

/// One operation, from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The register.
    pub key: String,
    /// Who asked.
    pub client: u64,
    /// What was asked.
    pub ask: Ask,
    /// What came of it.
    pub answer: Answer,
    /// When it began, since the beginning of the history.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
}

/// A history being written, by any number of clients at once. Cheap to clone; the clones are one history.
#[derive(Debug, Clone)]
pub struct History(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    operations: Mutex<Vec<Operation>>,
}

/// An operation under way. One that is dropped has no known end.
#[derive(Debug)]
pub struct Running {
    history: History,
    index: usize,
}

impl History {
    /// Begins an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { began: Instant::now(), operations: Mutex::default() }))
    }

    /// Notes that an operation begins: before anything is sent.
    #[must_use]
    pub fn begin(&self, key: &str, client: u64, ask: Ask) -> Running {
        let now = self.0.began.elapsed();
        let operation = Operation {
            key: key.to_owned(),
            client,
            ask,
            answer: Answer::Unknown,
            began: now,
            ended: Duration::MAX,
        };
        let mut operations = self.lock();
        operations.push(operation);
        Running { history: self.clone(), index: operations.len() - 1 }
    }

    /// Everything noted so far, in the order of beginning.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Operation>> {
        self.0.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl Running {
    /// Notes how the operation ended: after everything has been heard.
    pub fn end(self, answer: Answer) {
        let now = self.history.0.began.elapsed();
        let mut operations = self.history.lock();
        let operation = &mut operations[self.index];
        operation.answer = answer;
        operation.ended = now;
    }
}
